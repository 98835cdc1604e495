"""What may be released: the working text frozen as it stands; a change of substance is never called editorial."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, timedelta

import pytest

from generator import build, history, releases
from generator.errors import FrozenTextChanged, SourceError
from generator.history import Kind
from generator.library import Library
from generator.releases import Prepared
from generator.sources import Sources
from tests.trees import CONSENT, SITE, TERMS, TODAY, Frozen, make_sources, notice_files, policy_files, with_banner


def site(draft: str, *released: str, text: str = SITE) -> Sources:
    return make_sources(text, policy_files("terms", [Frozen(text) for text in released], draft))


def prepared(
    made: Sources, kind: Kind = "editorial", *, name: str = "terms", effective: date | None = None, today: date = TODAY
) -> Prepared:
    loaded = build.load(made, today=today)
    return releases.prepare(loaded, made, name, kind, summary="Says more plainly.", effective=effective)


def after(made: Sources, done: Prepared, *, today: date = TODAY) -> tuple[Sources, Library]:
    """The sources with the release's files written, and what they load as."""
    changed = dataclasses.replace(made, content={**made.content, **done.files})
    return changed, build.load(changed, today=today)


def codes(made: Sources, kind: Kind = "editorial", *, name: str = "terms") -> list[str]:
    with pytest.raises(SourceError) as caught:
        prepared(made, kind, name=name)
    return [problem.code for problem in caught.value.problems]


def test_the_first_release_freezes_the_draft_as_1_0() -> None:
    made = make_sources(content={"content/terms/policy.md": TERMS.encode()})
    done = prepared(made)
    assert list(done.files) == [
        "content/terms/releases/1.0.md",
        "content/terms/releases.yaml",
        "content/terms/policy.md",
    ]
    assert done.files["content/terms/releases/1.0.md"] == TERMS.encode()
    _, library = after(made, done)
    (text,) = library.policies[0].releases
    assert (text.label, text.release and text.release.sha256) == ("1.0", history.digest(TERMS.encode()))
    assert not library.policies[0].draft_is_new


def test_what_is_released_next_is_chained_to_what_was_released_before() -> None:
    made, library = site(TERMS.replace("plain", "clear"), TERMS), None
    made, library = after(made, prepared(made))
    assert [text.label for text in library.policies[0].releases] == ["1.0", "1.1"]
    one, two = library.policies[0].register.releases
    assert (two.previous, two.published) == (one.row_hash, TODAY)


def test_variables_are_frozen_so_that_a_later_site_yaml_cannot_rewrite_history() -> None:
    made = site(TERMS.replace("plain", "{{ company.name }}’s"), TERMS)
    made, _ = after(made, prepared(made))
    later = dataclasses.replace(made, site=SITE.replace("Example Ltd", "Other Ltd"))
    assert "We write Example Ltd’s terms." in later.text("content/terms/releases/1.1.md")
    newest = build.load(later, today=TODAY).policies[0].releases[-1]
    assert "Example Ltd’s" in newest.document.sections[0].source
    assert "{{ company.name }}" in later.text("content/terms/policy.md")


def test_the_mark_of_what_a_draft_awaits_is_taken_away_with_its_release() -> None:
    draft = TERMS.replace("title: Terms", "title: Terms\nawaiting: our lawyer")
    made = site(draft.replace("plain", "clear"), TERMS)
    done = prepared(made)
    assert done.awaited == "our lawyer"
    assert all(b"awaiting" not in content for content in done.files.values())
    assert not after(made, done)[1].policies[0].draft_is_new


def test_the_mark_is_no_change_of_the_release() -> None:
    draft = TERMS.replace("title: Terms", "title: Terms\nawaiting: approval\n  by all").replace("10", "12")
    redline = prepared(site(draft, TERMS), "material").redline
    assert redline is not None
    assert [block.kept for block in redline.front] == [True] * len(redline.front)
    assert [change.title and change.title.words[0].text for change in redline.changed] == ["Price"]
    with pytest.raises(SourceError, match=r"policy\.md:13: release\.material-section"):  # the line of the draft
        prepared(site(draft, TERMS))


def test_a_draft_that_only_awaits_something_is_nothing_new() -> None:
    assert codes(site(TERMS.replace("title: Terms", "title: Terms\nawaiting: x"), TERMS)) == ["release.nothing-new"]


def test_nothing_new_is_not_released() -> None:
    assert codes(site(TERMS, TERMS)) == ["release.nothing-new"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: Terms", "title: Our Terms"),
        ("title: Terms", "title: Terms\ndescription: What we promise."),
        ("{#scope}", "{#reach}"),
        ("{#scope}", "{#scope .material}"),
        ("## Scope", "### Scope"),
    ],
)
def test_a_new_title_id_or_mark_is_something_new(old: str, new: str) -> None:
    first = "## First\n\nx\n\n## Scope"
    text = TERMS.replace("## Scope", first)
    assert str(prepared(site(text.replace(old, new), text)).release.version) == "1.1"


# All languages of a version together (V10)

ARABIC = "---\ntitle: شروط\nawaiting: مترجم\n---\n\nنكتب شروطًا واضحة.\n\n## النطاق {#scope}\n\nعلى الجميع.\n"
FOLLOWED = "# Terms {#page-intro}\n\nWe write plain terms.\n\n## Scope {#scope}\n\nThese terms apply to nobody.\n"


def with_arabic(made: Sources, text: str = ARABIC, followed: str = FOLLOWED) -> Sources:
    beside = {"content/terms/policy.ar.md": text.encode(), "content/terms/policy.ar.source.md": followed.encode()}
    return dataclasses.replace(made, content={**made.content, **beside})


def test_a_release_freezes_every_language_and_names_what_is_behind() -> None:
    made = with_arabic(make_sources(content={"content/terms/policy.md": TERMS.encode()}))
    done = prepared(made)
    paths = list(done.files)
    assert paths.index("content/terms/releases/1.0.ar.md") < paths.index("content/terms/releases.yaml")
    frozen = done.files["content/terms/releases/1.0.ar.md"]
    assert frozen == done.files["content/terms/policy.ar.md"] == ARABIC.replace("awaiting: مترجم\n", "").encode()
    made, library = after(made, done)
    (text,) = library.policies[0].releases
    assert text.release
    assert text.release.translations == {"ar": history.Translated(history.digest(frozen), ("scope", "price"))}
    assert dict(text.translations["ar"].to_do) == {"scope": "behind", "price": "missing"}
    assert codes(made) == ["release.nothing-new"]


def test_a_better_translation_is_an_editorial_release_of_the_same_text() -> None:
    made = with_arabic(make_sources(content={"content/terms/policy.md": TERMS.encode()}))
    made, _ = after(made, prepared(made))
    made = with_arabic(made, followed=FOLLOWED.replace("nobody", "everybody"))
    made, library = after(made, prepared(made))
    one, two = library.policies[0].register.releases
    assert (str(two.version), two.sha256) == ("1.1", one.sha256)
    assert (one.translations["ar"].behind, two.translations["ar"].behind) == (("scope", "price"), ("price",))
    assert codes(made) == ["release.nothing-new"]


def test_a_frozen_translation_that_is_gone_or_was_never_released_stops_the_build() -> None:
    made = with_arabic(make_sources(content={"content/terms/policy.md": TERMS.encode()}))
    made, _ = after(made, prepared(made))
    path = "content/terms/releases/1.0.ar.md"
    gone = {name: content for name, content in made.content.items() if name != path}
    with pytest.raises(FrozenTextChanged):
        build.load(dataclasses.replace(made, content=gone), today=TODAY)
    stray = {**made.content, path.replace("ar", "ur"): b""}
    with pytest.raises(SourceError, match=r"release\.unregistered"):
        build.load(dataclasses.replace(made, content=stray), today=TODAY)


def test_a_language_that_the_next_release_would_not_have_is_told() -> None:
    made = with_arabic(make_sources(content={"content/terms/policy.md": TERMS.encode()}))
    made, _ = after(made, prepared(made))
    gone = {path: content for path, content in made.content.items() if not path.startswith("content/terms/policy.ar")}
    made = dataclasses.replace(made, content=gone)
    assert [problem.code for problem in build.build(made, today=TODAY).problems] == ["translation.dropped"]
    assert "ar" not in after(made, prepared(made))[1].policies[0].releases[-1].translations


def test_variables_of_a_translation_are_in_its_language() -> None:
    text = SITE + CONSENT
    made = with_arabic(with_banner(text), ARABIC + "\n## السعر {#price}\n\n{{ cookie_table }}\n")
    table = prepared(made).files["content/terms/releases/1.1.ar.md"].decode()
    assert "| الاسم | الغرض |" in table
    assert "| Counts visits" not in table
    assert "Tells browsers apart" in table  # the banner does not speak Arabic, of which a check warns
    assert "translation.banner" in [problem.code for problem in build.build(made, today=TODAY).problems]


# Material and editorial (V03)


@pytest.mark.parametrize("price", ["12 euros", "10 dollars", "not 10 euros", "10 € in euros"])
def test_other_words_in_a_material_section_are_not_editorial(price: str) -> None:
    made = site(TERMS.replace("10 euros", price), TERMS)
    with pytest.raises(SourceError) as caught:
        prepared(made)
    assert str(caught.value) == (
        "content/terms/policy.md:11: release.material-section: "
        "the section 'Price' is marked material, and its words differ from 1.0"
    )
    assert str(prepared(made, "material").release.version) == "2.0"


@pytest.mark.parametrize(
    "draft",
    [
        TERMS.replace("## Price {#price .material}\n\nThe price is 10 euros.\n", ""),
        TERMS.replace("{#price .material}", "{#price}").replace("10 euros", "12 euros"),
        TERMS + "\n## Fees {#fees .material}\n\nNone.\n",
        TERMS.replace("## Price", "## Cost"),
    ],
)
def test_a_material_section_that_is_new_gone_renamed_or_unmarked_is_not_editorial(draft: str) -> None:
    assert codes(site(draft, TERMS)) == ["release.material-section"]


def test_punctuation_in_a_material_section_may_be_mended() -> None:
    assert str(prepared(site(TERMS.replace("10 euros.", "10 euros"), TERMS)).release.version) == "1.1"


def test_words_elsewhere_are_for_the_publisher_to_judge() -> None:
    made = site(TERMS.replace("everybody", "everyone"), TERMS)
    assert (prepared(made).release.kind, prepared(made, "material").release.kind) == ("editorial", "material")


def test_a_line_below_a_long_variable_is_named_as_in_the_file() -> None:
    draft = TERMS.replace("We write plain terms.", "{{ purposes }}\n\n{{ cookie_table }}").replace(
        "10 euros", "12 euros"
    )
    made = site(draft, TERMS, text=SITE + CONSENT)
    with pytest.raises(SourceError, match=r"^content/terms/policy.md:13: release.material-section"):
        prepared(made)


# Dates


def test_a_material_release_is_announced_30_days_ahead_or_as_the_site_says() -> None:
    draft = TERMS.replace("10 euros", "12 euros")
    assert prepared(site(draft, TERMS), "material").release.effective == TODAY + timedelta(days=30)
    shorter = site(draft, TERMS, text=SITE + "advance_notice_days: 7\n")
    assert prepared(shorter, "material").release.effective == TODAY + timedelta(days=7)
    with pytest.raises(SourceError, match=r"needs 7 days' notice"):
        prepared(shorter, "material", effective=TODAY)


# What a release must be before it is frozen


def test_a_text_with_a_mistake_in_it_is_not_frozen() -> None:
    """Afterwards nobody could mend it."""
    assert codes(site(TERMS.replace("plain", "[plain](#nowhere)"), TERMS)) == ["link.no-section"]
    dated = TERMS.replace("We write", "Last updated 1 May 2026. We write")
    files = policy_files("terms", [Frozen(dated)], dated.replace("plain", "clear"))
    assert codes(make_sources(content=files)) == ["policy.date-unchanged"]


def test_a_mistake_in_another_policy_holds_nothing_up() -> None:
    content = policy_files("terms", [Frozen(TERMS)], TERMS.replace("plain", "clear"))
    content |= policy_files("other", [], TERMS.replace("plain", "[plain](#nowhere)"))
    made = make_sources(SITE + "  - other\n", content)
    assert str(prepared(made).release.version) == "1.1"


def test_all_that_keeps_a_text_from_being_released_is_told_at_once() -> None:
    made = site(TERMS.replace("10 euros", "12 [euros](#nowhere)"), TERMS)
    with pytest.raises(SourceError) as caught:
        releases.prepare(build.load(made, today=TODAY), made, "terms", "editorial", summary="wip", effective=None)
    assert [problem.code for problem in caught.value.problems] == [
        "link.no-section",
        "release.summary",
        "release.material-section",
    ]


def test_a_summary_that_may_be_wrong_is_warned_of_and_what_changed_is_told() -> None:
    done = prepared(site(TERMS.replace("everybody", "all"), TERMS))
    assert [(problem.code, problem.hint) for problem in done.warnings] == [
        ("release.summary", "changed: 1 Scope (reworded)")
    ]
    assert done.redline is not None
    assert [change.status for change in done.redline.changed] == ["reworded"]


def test_an_editorial_release_that_changes_a_number_is_warned_of() -> None:
    aged = TERMS.replace("everybody", "everybody over 18")
    made = site(aged.replace("18", "13"), aged)
    (warning,) = (problem for problem in prepared(made).warnings if problem.code == "release.numbers")
    assert warning.message == "numbers changed: 18 -> 13 in 1 Scope"
    assert "release.numbers" not in {problem.code for problem in prepared(made, "material").warnings}


def test_a_notice_needs_a_summary_too() -> None:
    made = make_sources(SITE + CONSENT)
    with pytest.raises(SourceError, match=r"release\.summary: 'update' does not say what changed"):
        releases.prepare(build.load(made, today=TODAY), made, "notice", "material", summary="update", effective=None)


# Withdrawing


def taken_back(made: Sources, version: str, *, name: str = "terms", today: date = TODAY) -> tuple[Sources, Library]:
    loaded = build.load(made, today=today)
    done = releases.withdraw(loaded, made, name, version, reason="Nobody approved it.")
    assert list(done.files) == [f"content/{name}/releases.yaml"]
    return after(made, done, today=today)


def test_a_withdrawal_adds_a_row_and_touches_nothing_else() -> None:
    made = site(TERMS, TERMS, TERMS.replace("plain", "clear"))
    changed, library = taken_back(made, "1.1")
    path = "content/terms/releases.yaml"
    assert changed.text(path).startswith(made.text(path))
    assert {name: made.content[name] for name in made.content if name != path} == {
        name: changed.content[name] for name in changed.content if name != path
    }
    row = library.policies[0].register.rows[-1]
    assert (str(row.version), row.kind, row.published, row.summary) == (
        "1.1",
        "withdrawal",
        TODAY,
        "Nobody approved it.",
    )


def test_what_comes_after_a_withdrawal_changes_the_text_that_is_in_force_again() -> None:
    made, library = taken_back(site(TERMS, TERMS, TERMS.replace("10", "12")), "1.1")
    assert not library.policies[0].draft_is_new
    again = dataclasses.replace(
        made, content={**made.content, "content/terms/policy.md": TERMS.replace("10", "12").encode()}
    )
    assert codes(again) == ["release.material-section"]
    done = prepared(again, "material")
    assert (str(done.release.version), done.release.effective) == ("2.0", TODAY + timedelta(days=30))
    assert done.redline is not None
    assert done.redline.old.path == "content/terms/releases/1.0.md"


@pytest.mark.parametrize("version", ["9.9", "draft", ""])
def test_what_is_no_release_cannot_be_withdrawn(version: str) -> None:
    with pytest.raises(SourceError) as caught:
        taken_back(site(TERMS, TERMS), version)
    assert [(problem.code, problem.hint) for problem in caught.value.problems] == [("withdraw.unknown", "known: 1.0")]


def test_nothing_is_withdrawn_twice_or_without_a_reason() -> None:
    made, _ = taken_back(site(TERMS, TERMS, TERMS.replace("plain", "clear")), "1.1")
    with pytest.raises(SourceError, match=r"withdraw\.again: 1.1 is already withdrawn, since 2026-11-25"):
        taken_back(made, "1.1")
    for reason in ("", "wip"):
        with pytest.raises(SourceError, match=rf"withdraw\.reason: the reason '{reason}' does not say why"):
            releases.withdraw(build.load(made, today=TODAY), made, "terms", "1.0", reason=reason)


def test_withdrawing_what_no_longer_applies_is_warned_of() -> None:
    made = site(TERMS, TERMS, TERMS.replace("plain", "clear"))  # both are of one day
    loaded = build.load(made, today=TODAY)
    (warning,) = releases.withdraw(loaded, made, "terms", "1.0", reason="Nobody approved it.").warnings
    assert (warning.code, warning.severity) == ("withdraw.superseded", "warning")
    assert "1.0 no longer applies, since 2026-01-01" in warning.message
    assert releases.withdraw(loaded, made, "terms", "1.1", reason="Nobody approved it.").warnings == ()


def test_a_withdrawn_notice_gives_way_to_the_one_before_and_stays_known_to_the_receiver() -> None:
    """Whoever chose under it has its digest on record (E02), and is asked again: it has another MAJOR."""
    held = with_banner()
    more = dataclasses.replace(held, site=held.site.replace("12 months", "2 years"))
    made, library = after(more, prepared(more, "material", name="notice"))
    mistaken = library.notice
    assert mistaken
    assert mistaken.data["version"] == "2.0"
    made, library = taken_back(made, "2.0", name="notice")
    assert library.notice
    assert library.notice.data["version"] == "1.0"
    files = build.build(made, today=TODAY).files
    assert f"notices/{mistaken.sha256}.json" in files
    assert mistaken.sha256 in json.loads(files["notices.json"])["notices"]
    assert library.notice.sha256.encode() in files["preferences.js"]
    assert "cookies/since/2.0.en.html" in files


def test_a_record_made_under_a_withdrawn_policy_still_resolves() -> None:
    made, library = taken_back(with_banner(content=site(TERMS, TERMS, TERMS.replace("plain", "clear")).content), "1.1")
    digest = library.policies[0].releases[1].release
    assert digest
    files = build.build(made, today=TODAY).files
    assert json.loads(files["notices.json"])["policies"][digest.sha256]["version"] == "1.1"
    assert history.digest(files["terms/1.1.md"]) == digest.sha256
    assert history.digest(files["terms/1.0.md"]).encode() in files["preferences.js"]


# A history that was tampered with


def test_a_changed_frozen_text_stops_everything_and_both_hashes_are_told() -> None:
    made = site(TERMS, TERMS)
    changed = TERMS.replace("10 euros", "11 euros").encode()
    with pytest.raises(FrozenTextChanged) as caught:
        build.load(
            dataclasses.replace(made, content={**made.content, "content/terms/releases/1.0.md": changed}), today=TODAY
        )
    (problem,) = caught.value.problems
    assert (problem.code, problem.where.path) == ("release.changed", "content/terms/releases/1.0.md")
    assert history.digest(TERMS.encode()) in problem.message
    assert history.digest(changed) in problem.message


def test_a_register_in_a_form_that_a_row_would_break_is_refused_before_anything_is_written() -> None:
    made = site(TERMS.replace("plain", "clear"), TERMS)
    rows = made.text("content/terms/releases.yaml").replace("\n    ", "\n  ").replace("\n  - ", "\n- ")
    flat = dataclasses.replace(made, content={**made.content, "content/terms/releases.yaml": rows.encode()})
    build.load(flat, today=TODAY)
    with pytest.raises(SourceError, match=r"content/terms/releases.yaml:\d+: yaml.syntax"):
        prepared(flat)


# The notice


def test_the_notice_is_released_like_a_policy_and_needs_no_announcement() -> None:
    made = make_sources(SITE + CONSENT)
    done = prepared(made, "material", name="notice")
    assert list(done.files) == ["content/notice/releases/1.0.json", "content/notice/releases.yaml"]
    _, library = after(made, done)
    assert library.notice is not None
    assert (library.notice.data["version"], done.release.effective) == ("1.0", TODAY)


def test_new_wording_of_the_notice_is_editorial_and_a_new_purpose_is_not() -> None:
    made = with_banner()
    reworded = dataclasses.replace(made, site=made.site.replace("Counts visits.", "Counts who comes."))
    assert str(prepared(reworded, name="notice").release.version) == "1.1"
    for old, new in [
        ("- name: usage_id", "- name: usage_key"),
        ("- id: analytics", "- id: statistics"),
        ("provider: Example Ltd", "provider: Other Ltd"),
        ("label: Usage", "label: Usage\n      signals: [gpc]"),
        ("provider: Example Ltd", "provider: Example Ltd\n          third_party: true"),
    ]:
        changed = dataclasses.replace(made, site=made.site.replace(old, new))
        assert codes(changed, name="notice") == ["notice.material"]
        assert str(prepared(changed, "material", name="notice").release.version) == "2.0"


def test_a_longer_lifetime_is_not_editorial() -> None:
    held = with_banner()
    longer = dataclasses.replace(held, site=held.site.replace("lifetime: 12 months", "lifetime: 10 years"))
    assert codes(longer, name="notice") == ["notice.material"]


def test_a_notice_may_follow_one_that_is_announced() -> None:
    held = with_banner()
    later = TODAY + timedelta(days=9)
    more = dataclasses.replace(held, site=held.site.replace("12 months", "2 years"))
    announced, _ = after(more, prepared(more, "material", name="notice", effective=later))
    reworded = dataclasses.replace(announced, site=announced.site.replace("Counts visits.", "Counts your visits."))
    assert prepared(reworded, name="notice").release.effective == later


def test_a_notice_that_says_nothing_new_is_not_released() -> None:
    made = with_banner()
    assert codes(made, name="notice") == ["release.nothing-new"]
    notices = build.load(made, today=TODAY).notices
    assert notices.draft == notices.released[history.Version(1, 0)]  # its version is no difference, either


def test_a_site_without_consent_has_no_notice_to_release() -> None:
    assert codes(site(TERMS, TERMS), name="notice") == ["notice.none"]


def test_a_policy_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(SourceError) as caught:
        prepared(site(TERMS, TERMS), name="privacy")
    assert [(problem.code, problem.hint) for problem in caught.value.problems] == [("policy.unknown", "known: terms")]


def test_every_notice_of_the_site_names_the_same_storage_as_the_policy_that_was_released_with_it() -> None:
    text = SITE + CONSENT
    made = make_sources(text, {**site(TERMS + "\n{{ cookie_table }}\n", text=text).content, **notice_files(text)})
    done = prepared(made, "material")
    frozen = done.files["content/terms/releases/1.0.md"].decode()
    notice = after(made, done)[1].notice
    assert notice is not None
    stored = [item for p in notice.data["purposes"] for s in p["services"] for item in s["storage"]]
    assert all(f"`{item['name']}`" in frozen for item in stored)
    assert frozen.count("\n| `") == len(stored)
