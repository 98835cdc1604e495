"""Plain text: what is a heading, a list, a paragraph, and what came with it from a page."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from generator.documents import parse
from generator.importing import importer
from generator.importing.pieces import Meta
from tests.reading import headings, shown, words
from tests.trees import ROOT


def read(text: str) -> tuple[str, list[str]]:
    made = importer.read(text.encode(), "x.txt")
    return made.text.split("---\n", 2)[2].strip(), [str(note) for note in made.notes]


def body(text: str) -> str:
    return read(text)[0]


def test_lines_that_were_wrapped_are_paragraphs_again() -> None:
    text = """\
TERMS OF SERVICE
================

Last updated: 5 May 2024

These terms apply to everybody who uses the website of the company and they
are wrapped by hand, as people did.

1. DEFINITIONS

We use the website as follows:

  1. first thing, which is long enough that it has to go on in the very next
     line of the file
  2. second thing
     a) sub one
     b) sub two

2. FEES

2.1 The customer shall pay the fees that are listed in the order form within
thirty days.
2.2 Late payments bear interest.

  * bullet one
    - nested
  * bullet two

3. CONTACT

Example Ltd
1 High Street
London

© 2024 Example Ltd
"""
    made, notes = read(text)
    assert (
        made
        == """\
Last updated: 5 May 2024

These terms apply to everybody who uses the website of the company and they are wrapped by hand, as people did.

## DEFINITIONS {#definitions}

We use the website as follows:

1. first thing, which is long enough that it has to go on in the very next line of the file
2. second thing
    - a) sub one
    - b) sub two

## FEES {#fees}

2.1 The customer shall pay the fees that are listed in the order form within thirty days.

2.2 Late payments bear interest.

- bullet one
    - nested
- bullet two

## CONTACT {#contact}

Example Ltd

1 High Street

London"""
    )
    assert notes == [
        "x.txt:35: stripped.navigation: “© 2024 Example Ltd”, taken for navigation of a page",
        "x.txt: stripped.numbers: the numbers of 3 headings: they are computed now",
    ]


def test_numbered_lines_next_to_each_other_are_a_list() -> None:
    assert body("Rules\n\nWe ask that you:\n1. Be kind\n2. Be brief\n3. Be here\n\nThanks for it.") == (
        "We ask that you:\n\n1. Be kind\n2. Be brief\n3. Be here\n\nThanks for it."
    )


def test_a_list_within_a_numbered_section_does_not_take_the_next_heading() -> None:
    text = (
        "Rules\n\n1. First\nDo this:\n1. Be kind\n2. Be brief\nAnd more.\n2. Second\nText here.\n3. Third\nText there."
    )
    made = parse("---\ntitle: T\n---\n" + body(text), "x")
    assert headings(made) == [(2, "1.", "First"), (2, "2.", "Second"), (2, "3.", "Third")]
    assert "1. Be kind\n2. Be brief\n" in made.sections[0].source


def test_lettered_headings_lie_below_numbered_ones() -> None:
    text = "T\n\n1. One\na. Apples\nWe eat them.\nb. Pears\nWe eat them too.\n2. Two\na. Plums\nWe do not eat them.\n"
    made = parse("---\ntitle: T\n---\n" + body(text), "x")
    assert [number for _, number, _ in headings(made)] == ["1.", "a.", "b.", "2.", "a."]


def test_a_number_that_does_not_continue_its_list_stays_beside_a_bullet() -> None:
    made, _ = read("T\n\nWe ask that you:\n1. Be kind.\n2. Be brief.\n4. Be here.\n")
    assert made.endswith("1. Be kind.\n2. Be brief.\n\n- 4. Be here.")


def test_headings_are_guessed_only_where_nothing_else_tells_them() -> None:
    made, notes = read("Terms\n\nScope\n\nThese terms apply to all.\n\nPrice\n\nIt is ten euros.\n")
    assert "## Scope {#scope}" in made and "## Price {#price}" in made
    assert notes[:1] == ["x.txt:3: unsure.heading: “Scope” is taken for a heading"]
    made, _ = read("Terms\n\n1. Scope\n\nThese terms apply.\n\nExample Ltd\n\nThese too.\n\n2. Price\n\nTen euros.\n")
    assert "\nExample Ltd\n" in made


def test_clauses_are_no_headings() -> None:
    made = body(
        "T\n\n1. The customer shall pay the fees when they are due.\n\n2. The company shall deliver the goods.\n"
    )
    assert "##" not in made


def test_links_of_a_page_before_the_text_are_told_and_left_out() -> None:
    made, notes = read("Terms\nStart\nAbout us\nPrices\n\nThese terms apply to all people.\n\nMore text.\nStart\n")
    assert made == "These terms apply to all people.\n\nMore text."
    assert [note.split(": ")[2] for note in notes if "stripped" in note] == [
        f"“{name}”, taken for navigation of a page" for name in ("Start", "About us", "Prices", "Start")
    ]


def test_a_date_or_a_single_line_before_the_text_stays() -> None:
    made = body("Terms\nExample Ltd\nLast updated: 5 May\n\nThese terms apply to all people.")
    assert made == "Example Ltd\n\nLast updated: 5 May\n\nThese terms apply to all people."


SEED = (ROOT / "tests/fixtures/privacy-policy.seed.txt").read_text("utf-8")
FIRST = (ROOT / "content/privacy-policy/releases/1.0.md").read_text("utf-8")


def test_the_captured_policy_imports_as_release_1_0_but_for_what_people_chose() -> None:
    """The lines that differ are headings: 1.0 has shorter ids, and marks of what is material, which no text tells."""
    released = parse(FIRST, "1.0.md")
    given_meta = Meta(language="en", description=released.meta.description)
    made = importer.read(SEED.encode(), "seed.txt", given_meta)
    pairs = list(zip(made.text.splitlines(), FIRST.splitlines(), strict=True))
    differing = [(new, old) for new, old in pairs if new != old]
    assert all(new.startswith("##") and new.partition(" {#")[0] == old.partition(" {#")[0] for new, old in differing)
    assert sum(old.startswith("##") for _, old in pairs) == 34
    assert len(differing) == 30
    assert headings(parse(made.text, "x")) == headings(released)
    assert [str(note) for note in made.notes] == [
        "seed.txt:2: stripped.navigation: “Home”, taken for navigation of a page",
        "seed.txt:3: stripped.navigation: “Help Center”, taken for navigation of a page",
        "seed.txt: stripped.numbers: the numbers of 34 headings: they are computed now",
    ]


LINES = st.sampled_from(
    """T;;;;Plain words here.;a *b* _c_ `d`;[x](y) and [z];<b>bold</b> &amp; &lt;;{{ name }} {#id};- one;  - two
1. First;2. Second;3. third thing that is done.;1.1 Sub
a. letter;b. letters;(i) roman;ii. more;# hash;> quote;---;~~~;```
===;| a | b |;* star;+ plus;Short;Two words;A. Capital;x\\*y \\# z;https://example.com/a_b_c;snake_case_word;4) four
""".replace("\n", ";").split(";")
)


@given(st.lists(LINES, min_size=1))
def test_no_word_is_lost(lines: list[str]) -> None:
    text = "\n".join(["Title", "", "We begin with a sentence that is no link.", *lines, "And this is the end of it."])
    made = importer.read(text.encode(), "x.txt")
    assert not [note for note in made.notes if note.code == "stripped.navigation"]
    assert words(shown(made.text)) == words(text)
