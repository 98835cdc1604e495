"""Translations: a section is behind exactly where the authoritative text changed in more than form (V10)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import build, documents, translations
from generator.documents import Document
from generator.translations import OPENING, Translation
from tests.edits import SENTENCES, bodies
from tests.trees import ROOT, SITE, TERMS, TODAY, Frozen, document, make_sources, policy_files

ENGLISH = """
We keep little.

## Kept {#kept}

We keep:

1. your name
2. your address

### How Long {#long}

For a year.

## Rights {#rights .material}

Write to [us](mailto:a@example.com).

| Right | How |
|---|---|
| Access | By letter |
"""
ARABIC = """
نحتفظ بالقليل.

## ما نحتفظ به {#kept}

اسمك وعنوانك.

### المدة {#long}

سنة.

## حقوقك {#rights}

اكتب إلينا.
"""


def arabic(body: str = ARABIC) -> Document:
    return documents.parse(f"---\ntitle: شروط\n---\n{body}", "policy.ar.md", language="ar")


def translated(english: Document, *, since: Document | None = None, text: Document | None = None) -> Translation:
    """A translation of the text `since`, held against the text of today."""
    text, since = text or arabic(), since or english
    unmarked = translations.working(since, text, b"", "")
    source = translations.marked(since, unmarked, unmarked.states, since)
    return translations.working(english, text, b"", source)


def states(before: str, after: str, *, front: str = "title: Terms\n") -> dict[str, str]:
    """What is to be done once the authoritative text `before` has become `after`."""
    now = document(ENGLISH.replace(before, after), front=front)
    assert not before or before in ENGLISH
    return dict(translated(now, since=document(ENGLISH)).to_do)


@pytest.mark.parametrize(
    ("before", "after", "behind"),
    [
        ("little", "nothing", OPENING),
        ("## Kept", "## What Is Kept", "kept"),
        ("2. your address\n", "2. your address\n3. your age\n", "kept"),
        ("1. your name\n2. your address", "1. your address\n2. your name", "kept"),
        ("a year", "two years", "long"),
        ("For a year.", "For a year!", "long"),
        ("mailto:a@", "mailto:b@", "rights"),
        ("By letter", "By mail", "rights"),
        ("2. your address", "   - your address", "kept"),
        ("| Right | How |\n|---|---|\n| Access | By letter |", "| Right |\n|---|\n| Access |", "rights"),
    ],
)
def test_a_section_whose_text_changed_is_behind_and_no_other_is(before: str, after: str, behind: str) -> None:
    assert states(before, after) == {behind: "behind"}


@pytest.mark.parametrize("front", ["title: Our Terms\n", "title: Terms\ndescription: What holds.\n"])
def test_title_and_description_belong_to_the_opening(front: str) -> None:
    assert states("", "", front=front) == {OPENING: "behind"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("For a year.", "For\na year."),
        ("For a year.", "For **a year**."),
        ("little.\n", "little.\n\n"),
        ("\n\n1. your", "\n\n\n1. your"),
        ("1. your name\n2.", "3. your name\n4."),
        ("|---|---|", "|:---|---:|"),
        ("{#rights .material}", "{#rights}"),
        ("### How Long {#long}", "## How Long {#long}"),
    ],
)
def test_form_alone_needs_no_translator(before: str, after: str) -> None:
    assert states(before, after) == {}


def test_a_section_that_moved_as_a_whole_is_not_behind_and_the_page_follows() -> None:
    start = ENGLISH.index("## Rights")
    moved = document(ENGLISH[:16] + "\n" + ENGLISH[start:] + "\n" + ENGLISH[16:start])
    translation = translated(moved, since=document(ENGLISH))
    assert not translation.to_do
    assert [(s.id, s.number, s.heading) for s in translation.shown.sections] == [
        ("", "", ""),
        ("rights", "1.", "حقوقك"),
        ("kept", "2.", "ما نحتفظ به"),
        ("long", "2.1", "المدة"),
    ]


def test_a_section_put_before_others_renumbers_them_in_every_language_and_is_all_that_is_missing() -> None:
    now = document(ENGLISH.replace("## Kept", "## New {#new}\n\nNew.\n\n## Kept"))
    translation = translated(now, since=document(ENGLISH))
    assert dict(translation.to_do) == {"new": "missing"}
    shown = [(section.number, section.heading) for section in translation.shown.sections if section.id]
    assert shown == [("1.", "New"), ("2.", "ما نحتفظ به"), ("2.1", "المدة"), ("3.", "حقوقك")]


def test_a_section_of_no_authoritative_one_has_no_number_and_stays_where_it_stands() -> None:
    text = ARABIC.replace("### المدة {#long}\n\nسنة.\n", "").replace("## حقوقك", "## زائد {#more}\n\nزائد.\n\n## حقوقك")
    translation = translated(document(ENGLISH), text=arabic(text))
    assert dict(translation.to_do) == {"long": "missing", "more": "extra"}
    shown = [(section.id, section.number) for section in translation.shown.sections if section.id]
    assert shown == [("kept", "1."), ("long", "1.1"), ("more", ""), ("rights", "2.")]  # not between kept and long


def test_half_of_the_work_can_be_done_and_its_redline_is_the_rest() -> None:
    was = document(ENGLISH)
    now = document(ENGLISH.replace("a year", "two years").replace("us]", "our office]"))
    translation = translated(now, since=was)
    assert translation.behind == ("long", "rights")
    source = translations.marked(now, translation, ["long"], now)
    half = translations.working(now, translation.document, b"", source)
    assert half.behind == ("rights",)
    redline = translations.redline(now, half, half.to_do)
    assert [change.section and change.section.id for change in redline.changed] == ["rights"]
    assert [span.text for span in redline.ops if span.op == "+"] == ["our office"]


def test_a_draft_that_changes_again_after_it_was_translated_is_noticed() -> None:
    drafts = [document(ENGLISH.replace("a year", f"{years} years")) for years in ("two", "three")]
    later = translated(drafts[1], since=drafts[0])
    assert later.behind == ("long",)
    words = [span.text for span in translations.redline(drafts[1], later, later.to_do).ops if span.op != "="]
    assert words == ["two", "three"]  # and not what changed before it was translated


def test_a_section_that_is_not_translated_is_shown_whole_to_who_translates_it() -> None:
    now = document(ENGLISH)
    translation = translated(now, text=arabic(ARABIC[: ARABIC.index("## حقوقك")]))
    redline = translations.redline(now, translation, translation.to_do)
    assert "".join(span.text for span in redline.ops if span.op == "+").startswith("## Rights {#rights}\n\nWrite to")
    assert not any(span.op == "-" for span in redline.ops)


def test_what_is_marked_for_a_release_is_behind_in_what_changed_since() -> None:
    released, now = document(ENGLISH), document(ENGLISH.replace("a year", "two years"))
    unmarked = translations.working(now, arabic(), b"", "")
    assert unmarked.behind == (OPENING, "kept", "long", "rights")
    source = translations.marked(now, unmarked, unmarked.states, released)
    assert translations.working(now, arabic(), b"", source).behind == ("long",)


AWKWARD = [
    "```\n# no heading\n```\n",
    "~~~\n## {#x}\n~~~\n",
    "A\n===\n",
    "B\n---\n",
    "\ufeff",
    "\r\n\r\nC\r\n",
    "---\n",
    "",
]
SECTIONS = st.tuples(SENTENCES, st.one_of(bodies(), st.sampled_from(AWKWARD)))


@given(st.one_of(bodies(), st.sampled_from(AWKWARD)), st.lists(SECTIONS, max_size=4), SENTENCES)
def test_whatever_a_text_holds_it_is_up_to_date_once_it_is_marked(
    opening: str, sections: list[tuple[str, str]], title: str
) -> None:
    """What is kept of a section comes back from its file as it was."""
    body = "".join(f"## {heading} {{#s{at}}}\n\n{body}\n" for at, (heading, body) in enumerate(sections))
    text = document(f"{opening}\n{body}", front=f"title: {json.dumps(title)}\ndescription: A {title[1:].count(' ')}\n")
    assert not translated(text, text=text).to_do


@pytest.mark.parametrize("path", sorted((ROOT / "content").rglob("*.md")), ids=lambda path: path.name)
def test_our_own_policies_are_up_to_date_once_they_are_marked(path: Path) -> None:
    text = documents.parse(path.read_bytes().decode(), "policy.md")
    assert not translated(text, text=text).to_do


# What `policy check` says


def told(english: str, other: str, source: str | None = None) -> list[tuple[str, int | None]]:
    files = policy_files("terms", [Frozen(TERMS)], english)
    files["content/terms/policy.ar.md"] = other.encode()
    if source is not None:
        files["content/terms/policy.ar.source.md"] = source.encode()
    problems = build.build(make_sources(SITE, files), today=TODAY).problems
    return [(problem.code, problem.where.line) for problem in problems]


OTHER = "---\ntitle: شروط\n---\n\nمقدمة.\n\n## النطاق {#scope}\n\n{{ company.name }}\n\n## زائد {#more}\n\nس.\n"
SOURCE = "# Terms {#page-intro}\n\nWe write plain terms.\n\n## Scope {#scope}\n\nThese terms apply to nobody.\n"


def test_each_section_is_told_at_its_line() -> None:
    assert told(TERMS, OTHER, SOURCE) == [
        ("translation.behind", 7),
        ("translation.extra", 11),
        ("translation.missing", 11),
    ]


def test_a_translation_of_nobody_knows_what_is_told_once() -> None:
    assert told(TERMS, OTHER.replace("more", "price")) == [("translation.unmarked", None)]


@pytest.mark.parametrize("link", ["#scope", "#price"])
def test_a_link_of_a_translation_may_lead_to_what_its_page_holds(link: str) -> None:
    linked = OTHER.replace("مقدمة", f"[س]({link})")
    assert "link.no-section" not in [code for code, _ in told(TERMS, linked, SOURCE)]


@pytest.mark.parametrize(
    ("code", "text"),
    [("link.no-section", "[س](#no)"), ("link.scheme", "[س](javascript:x)"), ("image.foreign", "![](https://a.b/c)")],
)
def test_a_translation_is_checked_like_any_text(code: str, text: str) -> None:
    assert (code, 5) in told(TERMS, OTHER.replace("مقدمة", text), SOURCE)
