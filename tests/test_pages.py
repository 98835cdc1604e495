"""Pages: which there are and where, and what each template is told."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from functools import cache

import pytest

from generator import build, history, pages, words
from generator.library import Library
from generator.pages import Page, redline_pairs
from generator.redline import redlines
from generator.redline.diff import compare
from generator.redline.marking import Notes
from generator.redline.reports import parts
from generator.views import ReleaseView, sections_of
from tests.trees import (
    SITE,
    TERMS,
    TODAY,
    Frozen,
    document,
    make_sources,
    on_disk,
    policy_files,
    renderer,
    shipped,
    withdrawn,
)

RENDERER = renderer()


@cache
def library(drafts: bool = False, today: date = TODAY) -> Library:
    return build.load(on_disk("small"), today=today, drafts=drafts)


def made(loaded: Library) -> dict[str, Page]:
    return {page.path: whole(page) for page in pages.make(loaded, lambda _: RENDERER)}


def whole(page: Page) -> Page:
    """A page with all that its template is given."""
    given = page.rendered.result(lambda _: RENDERER) if page.rendered else {}
    return replace(page, context={**page.context, **given})


def release(page: Page) -> ReleaseView:
    found = page.context["release"]
    assert isinstance(found, ReleaseView)
    return found


def test_every_address_of_a_policy_is_there_and_no_other() -> None:
    assert set(made(library())) == {
        "/",
        "/privacy/",
        "/privacy/fragment.html",
        "/privacy/1.0/",
        "/privacy/1.1/",
        "/privacy/2.0/",
        "/privacy/history/",
        "/privacy/changes/1.0...1.1/",
        "/privacy/changes/1.1...2.0/",
        "/terms/",
        "/terms/history/",
        "/cookies/",
        "/404.html",
    }


def test_no_page_has_an_address_that_block_lists_hide() -> None:
    """Asset and page names must pass the public lists: nothing under /cookie-policy/, no consent-banner."""
    blocked = ("cookie-consent", "consent-banner", "cookie-policy", "cookieconsent", "privacy-policy.js")
    for path in build.build(shipped(), today=TODAY, drafts=True).files:
        assert not any(word in path for word in blocked), path


def labels(loaded: Library) -> list[tuple[str, str]]:
    return [(old.label, new.label) for old, new in redline_pairs(loaded, loaded.policies[0])]


def test_neighbours_are_compared_and_every_release_with_the_one_in_force() -> None:
    assert labels(library()) == [("1.0", "1.1"), ("1.1", "2.0")]
    assert labels(library(today=date(2027, 1, 15))) == [("1.0", "1.1"), ("1.1", "2.0"), ("1.0", "2.0")]


def test_with_drafts_the_newest_release_is_compared_with_the_draft() -> None:
    assert labels(library(drafts=True))[-1] == ("2.0", "draft")


def test_a_draft_that_says_nothing_new_has_no_page() -> None:
    loaded = build.load(make_sources(), today=TODAY, drafts=True)
    assert not any("draft" in path for path in made(loaded))


def test_a_page_knows_its_file_and_direction() -> None:
    page = Page("/terms/", "policy.html", "Terms", "ar", {})
    assert (page.file, page.dir, page.kind, page.robots) == ("terms/index.html", "rtl", "policy", "")
    assert Page("/404.html", "404.html", "x", "en", {}, indexed=False).file == "404.html"


def test_the_dates_and_states_of_releases_are_told() -> None:
    found = {path: release(page) for path, page in made(library()).items() if page.kind == "policy"}
    told = [
        (view.status, view.published, view.effective, view.superseded, view.kind)
        for view in (found[f"/privacy/{version}/"] for version in ("1.0", "1.1", "2.0"))
    ]
    assert told == [
        ("superseded", "2026-01-01", "2026-01-01", "2026-03-01", None),
        ("in-force", "2026-03-01", "2026-03-01", "2027-01-15", "editorial"),
        ("upcoming", "2026-11-22", "2027-01-15", None, "material"),
    ]
    assert found["/privacy/"] == found["/privacy/1.1/"]


def test_the_next_release_is_announced_on_the_current_page_only() -> None:
    found = {path: page.context["next_release"] for path, page in made(library()).items() if page.kind == "policy"}
    assert {path for path, announced in found.items() if announced} == {"/privacy/"}
    assert found["/privacy/"].version == "2.0"


def test_a_policy_without_a_version_in_force_has_its_history_at_its_address() -> None:
    page = made(library())["/terms/"]
    assert (page.kind, page.canonical) == ("history", "/terms/history/")


def test_the_cards_of_the_index_lead_to_what_there_is() -> None:
    privacy, terms = made(library())["/"].context["cards"]
    assert (privacy["path"], privacy["version"], privacy["next"].version) == ("/privacy/", "1.1", "2.0")
    assert (terms["path"], terms["version"], terms["next"], terms["draft_path"]) == (
        "/terms/history/",
        None,
        None,
        None,
    )
    assert made(library(drafts=True))["/"].context["cards"][1]["draft_path"] == "/terms/draft/"


def test_a_history_is_told_from_the_newest_to_the_first() -> None:
    history = made(library(drafts=True))["/privacy/history/"].context["releases"]
    assert [view.version for view in history] == ["draft", "2.0", "1.1", "1.0"]
    assert history[0].awaiting == "Our lawyer has not read this yet."
    assert [view.redline_from for view in history] == ["2.0", "1.1", "1.0", None]


def test_sections_become_a_tree_and_the_text_before_them_stands_apart() -> None:
    intro, sections = sections_of(document("Intro\n\n## A\n### A1\n### A2\n## B\n"), RENDERER)
    assert intro == "<p>Intro</p>"
    assert [(s.id, [below.id for below in s.sections]) for s in sections] == [("a", ["a1", "a2"]), ("b", [])]


def test_a_text_without_sections_has_a_page_too() -> None:
    files = policy_files("terms", [Frozen("---\ntitle: T\n---\nOnly this.\n")])
    page = build.build(make_sources(content=files), today=TODAY).files["terms/index.html"]
    assert b"<p>Only this.</p>" in page


# Redlines


def redline(old: str, new: str) -> Page:
    files = policy_files("terms", [Frozen(f"---\ntitle: T\n---\n{text}") for text in (old, new)])
    return made(build.load(make_sources(content=files), today=TODAY))["/terms/changes/1.0...1.1/"]


def test_changed_sections_are_listed_with_full_numbers_and_counted_words() -> None:
    page = redline("## A {numbering=letters}\n### B\nold words\n", "## A {numbering=letters}\n### B\nnew words here\n")
    (change,) = page.context["changes"]
    assert (change.id, change.number, change.name, change.status) == ("b", "1.a.", "B", "reworded")
    assert (change.removed, change.added) == (1, 2)


def test_sections_that_nobody_changed_are_folded_together() -> None:
    page = redline("## A\nx\n## B\nx\n## C\nx\n## D\nx\n", "## A\nx\n## B\nx\n## C\ny\n## D\nx\n")
    assert [(fold.kept, [part.id for part in fold.parts]) for fold in page.context["folds"]] == [
        (True, ["a", "b"]),
        (False, ["c"]),
        (True, ["d"]),
    ]


def test_a_long_stretch_of_kept_paragraphs_is_folded_and_a_single_one_stays_in_sight() -> None:
    kept = "\n\n".join(f"Kept paragraph {index}." for index in range(3))
    old, new = (document(f"{kept}\n\n{word} words\n\nOne.\n\n{word} text\n") for word in ("Old", "New"))
    (part,) = parts(compare(old, new))
    shown = redlines.view(part, RENDERER, Notes(RENDERER.words)).stretches
    assert [(stretch.kept, stretch.blocks) for stretch in shown] == [(True, 3), (False, 1), (False, 1), (False, 1)]


@pytest.mark.parametrize(
    ("new", "label"),
    [
        ("We keep data.", "redline_none"),
        ("We keep\tdata.", "redline_space"),
        ("We **keep** data.", "redline_words_unchanged"),
        ("We keep data!", "redline_only_marks"),
        ("We keep data for 20 days.", "redline_words"),
        ("We sell data.", "redline_words"),
    ],
)
def test_a_redline_says_how_much_a_reader_would_notice(new: str, label: str) -> None:
    assert redline("## A\nWe keep data.\n", f"## A\n{new}\n").context["label"] == label


@pytest.mark.parametrize(
    ("old", "new", "label"),
    [
        ("for 20 days", "for 90 days", "redline_figures"),
        ("on May 7, 2020", "on June 7, 2020", "redline_figures"),
        ("for €10", "for $10", "redline_figures"),
        ("for 1.000 euros", "for 1,000 euros", "redline_figures"),
        ("for 20 days, then", "for 20 days; then", "redline_only_marks"),
        ("for 20 - 30 days", "for 20 – 30 days", "redline_only_marks"),
    ],
)
def test_a_changed_number_is_never_called_form(old: str, new: str, label: str) -> None:
    assert redline(f"## A\nKept {old}.\n", f"## A\nKept {new}.\n").context["label"] == label


# Withdrawn releases

TAKEN = withdrawn(
    policy_files(
        "terms",
        [
            Frozen(TERMS, date(2026, 1, 1)),
            Frozen(TERMS.replace("10", "12"), date(2026, 2, 1), "material"),
            Frozen(TERMS.replace("10", "13"), date(2026, 3, 1), "material", published=date(2026, 2, 1)),
        ],
    ),
    "2.0",
    date(2026, 2, 9),
)


@cache
def taken_back(today: date) -> dict[str, Page]:
    return made(build.load(make_sources(content=TAKEN), today=today))


def test_a_withdrawn_release_stays_at_its_address_and_says_since_when_and_why() -> None:
    view = release(taken_back(TODAY)["/terms/2.0/"])
    assert (view.status, view.withdrawn, view.reason) == ("withdrawn", "2026-02-09", "Not approved.")
    page = build.build(make_sources(content=TAKEN), today=TODAY).files["terms/2.0/index.html"].decode()
    slip = page[page.index('<div class="slip" id="page-withdrawn">') : page.index("<h1>")]
    assert "was withdrawn on <time datetime" in slip
    assert "It had been in force before." in slip
    assert "Reason: Not approved." in slip
    assert '<a href="/terms/">Read the version in force</a>' in slip
    assert "12 euros" in page


@pytest.mark.parametrize(
    ("version", "day", "said"),
    [
        ("1.0", date(2026, 2, 9), "It was in force for less than a day."),  # 1.1 is of the same day
        ("1.1", date(2026, 2, 1), "It was in force for less than a day."),
        ("1.1", date(2026, 1, 9), "It never took effect."),
    ],
)
def test_a_release_that_was_in_force_on_no_whole_day_is_not_said_to_have_never_been(
    version: str, day: date, said: str
) -> None:
    first = date(2026, 1, 1)
    effective = first if version == "1.0" else date(2026, 2, 1)
    second = Frozen(TERMS.replace("plain", "clear"), effective, published=first)
    files = withdrawn(policy_files("terms", [Frozen(TERMS), second]), version, day)
    page = build.build(make_sources(content=files), today=TODAY).files[f"terms/{version}/index.html"].decode()
    assert said in page


def test_the_release_before_a_withdrawn_one_is_in_force_again_and_tells_each_of_its_days() -> None:
    made = taken_back(date(2026, 2, 10))
    view = release(made["/terms/"])
    assert (view.version, view.status, view.superseded) == ("1.0", "in-force", "2026-03-01")
    assert view.held == ({"from": "2026-01-01", "until": "2026-02-01"}, {"from": "2026-02-09", "until": "2026-03-01"})
    assert made["/"].context["cards"][0]["effective"] == "2026-02-09"
    page = build.build(make_sources(content=TAKEN), today=date(2026, 2, 10)).files["terms/index.html"].decode()
    assert "In force again from" in page


def test_a_release_withdrawn_in_time_was_never_in_force_and_says_when_it_should_have_been() -> None:
    content = withdrawn(TAKEN, "3.0", date(2026, 2, 20), reason="A mistake.")
    made = build.build(make_sources(content=content), today=TODAY)
    page = made.files["terms/3.0/index.html"].decode()
    assert "It never took effect." in page
    assert "Was to take effect on" in page
    assert "In force from" not in page
    assert made.files["terms/index.html"] and made.library.policies[0].upcoming(date(2026, 2, 21)) is None


def test_the_history_marks_what_was_withdrawn_with_the_reason() -> None:
    page = build.build(make_sources(content=TAKEN), today=TODAY).files["terms/history/index.html"].decode()
    assert (
        page.count("Reason: Not approved.") == page.count('<span class="status status-withdrawn">Withdrawn</span>') == 1
    )


def test_search_engines_are_led_from_a_withdrawn_text_to_the_one_in_force() -> None:
    assert taken_back(TODAY)["/terms/2.0/"].canonical == "/terms/"


def test_each_release_that_has_ended_can_be_compared_with_the_one_in_force() -> None:
    """One that was withdrawn is newer than the one that readers are led back to."""
    loaded = build.load(make_sources(content=TAKEN), today=date(2026, 2, 10))
    pairs = {(old.label, new.label) for old, new in redline_pairs(loaded, loaded.policies[0])}
    assert pairs == {("1.0", "2.0"), ("2.0", "1.0"), ("2.0", "3.0")}


def test_where_all_is_withdrawn_the_history_stands_at_the_address_of_the_policy() -> None:
    content = withdrawn(policy_files("terms", [Frozen(TERMS)]), "1.0", TODAY)
    page = made(build.load(make_sources(content=content), today=TODAY))
    assert page["/terms/"].kind == "history"
    assert page["/terms/1.0/"].canonical == "/terms/1.0/"


def test_the_title_of_a_policy_is_that_of_its_newest_release() -> None:
    renamed = TERMS.replace("title: Terms", "title: Our Terms")
    files = policy_files("terms", [Frozen(TERMS), Frozen(renamed)], TERMS.replace("title: Terms", "title: Draft Terms"))
    loaded = build.load(make_sources(SITE, files), today=TODAY)
    assert loaded.policies[0].title == "Our Terms"
    assert release(made(loaded)["/terms/1.0/"]).policy_title == "Terms"


# Languages


@cache
def bilingual(drafts: bool = False) -> build.Built:
    return build.build(on_disk("translated"), today=TODAY, drafts=drafts)


def page_of(path: str, *, drafts: bool = False) -> str:
    return bilingual(drafts).files[f"{path.strip('/')}/index.html"].decode()


def test_every_release_has_its_translation_below_it_with_copies_beside_that() -> None:
    files = {path for path in bilingual(drafts=True).files if re.match(r"privacy/(?:.*/)?ar[/.]", path)}
    assert files == {
        "privacy/ar/index.html",
        "privacy/ar/fragment.html",
        "privacy/draft/ar/index.html",
        *(f"privacy/1.{minor}/ar{end}" for minor in range(3) for end in ("/index.html", ".md", ".txt", ".json")),
    }


def test_a_translation_says_so_and_each_of_its_sections_that_is_not_up_to_date_does() -> None:
    say = words.load(shipped().templates, "ar").texts
    behind, missing, extra = (say[f"translation_{state}"].split("{")[0] for state in ("behind", "missing", "extra"))
    counted = {path: page_of(path) for path in ("/privacy/1.0/ar/", "/privacy/1.1/ar/", "/privacy/ar/", "/privacy/")}
    notes = [(page.count(behind), page.count(missing), page.count(extra)) for page in counted.values()]
    assert notes == [(0, 0, 0), (1, 1, 0), (1, 0, 0), (0, 0, 0)]
    note = say["translation_note"].split("{")[0]
    assert [page.count(note) for page in counted.values()] == [1, 1, 1, 0]
    assert '<a href="/privacy/1.1/#rights" hreflang="en" lang="en" dir="ltr">English</a>' in counted["/privacy/1.1/ar/"]


def test_what_is_not_translated_is_read_in_the_authoritative_language_and_marked_as_that() -> None:
    page = page_of("/privacy/1.1/ar/")
    assert '<html lang="ar" dir="rtl">' in page
    assert re.search(
        r'<section class="section" lang="en" dir="ltr">\s*<div class="heading">\s*<h2 id="complaints">', page
    )
    assert re.search(r'<section class="section" lang="ar" dir="rtl">\s*<div class="heading">\s*<h2 id="rights">', page)


def test_the_languages_of_a_text_are_linked_from_each_of_its_pages_and_for_programs() -> None:
    for path in ("/privacy/", "/privacy/ar/"):
        page = page_of(path)
        found = re.findall(r'<link rel="alternate" hreflang="([^"]+)" href="https://policies.example.ae([^"]+)">', page)
        assert found == [("en", "/privacy/"), ("x-default", "/privacy/"), ("ar", "/privacy/ar/")]
        assert '<a href="/privacy/ar/" hreflang="ar" lang="ar" dir="rtl"' in page
        assert re.search(r'<a href="/privacy/" hreflang="en" lang="en" dir="ltr"', page)
    assert 'href="https://policies.example.ae/privacy/ar/"' in page_of("/privacy/1.2/ar/")  # canonical
    assert page_of("/privacy/history/").count('hreflang="ar"') == 3


def test_around_a_translation_the_sites_own_words_are_marked_and_its_policy_is_linked_in_the_same_language() -> None:
    page = page_of("/privacy/ar/")
    assert '<a href="/" lang="en" dir="ltr">Bilingual site</a>' in page
    assert '<p class="summary" lang="en" dir="ltr">' in page
    footer = page[page.index("<footer") :]
    assert '<a href="/privacy/ar/" aria-current="page">سياسة الخصوصية</a>' in footer
    assert '<a href="/privacy/">Privacy Policy</a>' in page_of("/privacy/history/")
    assert 'lang="en"' in page_of("/privacy/1.1/ar/")
    assert 'href="/privacy/ar/">' in page_of("/privacy/1.1/ar/")  # the version in force, in the same language


def test_the_copies_of_a_translation_say_what_its_page_says() -> None:
    files = bilingual().files
    text = files["privacy/1.1/ar.txt"].decode()
    assert "\n4. Complaints\n\n[لم يُترجم هذا القسم بعد" in text
    assert text.count("[") == 3
    told = json.loads(files["privacy/1.1/ar.json"])
    assert (told["language"], told["authoritative"], told["address"]) == (
        "ar",
        "en",
        "https://policies.example.ae/privacy/1.1/ar/",
    )
    assert told["sha256"] == history.digest(files["privacy/1.1/ar.md"])
    assert {section["id"]: section["state"] for section in told["sections"] if section["state"] != "current"} == {
        "rights": "behind",
        "complaints": "missing",
    }
    authoritative = json.loads(files["privacy/1.1.json"])
    assert authoritative["translations"] == {
        "ar": {
            "address": "https://policies.example.ae/privacy/1.1/ar/",
            "to_do": {"rights": "behind", "complaints": "missing"},
        }
    }


def test_a_record_names_the_authoritative_text_whatever_language_was_read() -> None:
    files = bilingual().files
    known = json.loads(files["notices.json"])["policies"]
    assert history.digest(files["privacy/1.2.md"]) in known
    assert history.digest(files["privacy/1.2/ar.md"]) not in known
    assert b'path:"/privacy/ar/"' in files["preferences.ar.js"]
    assert b'path:"/privacy/"' in files["preferences.js"]


def test_the_table_of_cookies_of_a_translation_is_in_its_language() -> None:
    assert "يميّز متصفحًا من آخر" in page_of("/privacy/ar/")
    assert "Tells browsers apart" not in page_of("/privacy/ar/")
