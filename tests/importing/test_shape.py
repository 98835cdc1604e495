"""Texts without headings or lists of their own: what their shape tells, whatever format they come in."""

from __future__ import annotations

import pytest

from generator.documents import parse
from generator.importing import importer
from tests.reading import codes, headings


def read(page: str) -> importer.Imported:
    return importer.read(page.encode(), "x.html")


def body(page: str) -> str:
    return read(page).text.split("---\n", 2)[2].strip()


def outline(page: str) -> list[tuple[int, str, str]]:
    return headings(parse(read(page).text, "x"))


def test_a_strong_first_line_is_the_title_and_strong_numbered_lines_are_sections() -> None:
    page = (
        "<p><b>TERMS</b></p><p><b>1. Who</b></p><p>We are Acme.</p><p><b>2. What</b></p><p>1. We sell.</p>"
        "<p>2. We send.</p><p>3. We bill.</p><p><b>3. How</b></p><p>By post.</p>"
    )
    assert parse(read(page).text, "x").meta.title == "TERMS"
    assert outline(page) == [(2, "1.", "Who"), (2, "2.", "What"), (2, "3.", "How")]
    assert "1. We sell.\n2. We send.\n3. We bill." in body(page)
    assert codes(read(page).notes) == ["stripped.numbers"]


def test_strong_lines_lie_below_numbered_ones() -> None:
    page = (
        "<p><b>Terms</b></p><p><b>1. What do we collect?</b></p><p><b>From you</b></p><p>Names.</p>"
        "<p><b>2. Why?</b></p><p>To sell.</p><p><b>Acme Ltd</b></p><p>1 High St</p>"
    )
    assert [(level, said) for level, _, said in outline(page)] == [
        (2, "What do we collect?"), (3, "From you"), (2, "Why?"),
    ]  # fmt: skip
    assert "**Acme Ltd**\n\n1 High St" in body(page)


def test_paragraphs_with_marks_are_lists() -> None:
    page = "<h1>T</h1><p>1. Scope</p><p>We take:</p><p>(a) names;</p><p>(b) ages.</p><p>2. Law</p><p>- ours</p>"
    assert body(page) == (
        "## Scope {#scope}\n\nWe take:\n\n- (a) names;\n- (b) ages.\n\n## Law {#law}\n\n- ours"
    )  # fmt: skip


@pytest.mark.parametrize("lone", ["1. May 2024 is the day.", "2016. That was the year.", "e. g. this"])
def test_a_lone_number_is_a_word(lone: str) -> None:
    made = body(f"<h2>A</h2><p>{lone}</p>")
    assert made.replace("\\", "").endswith(f"\n\n{lone}")


def test_short_lines_of_a_page_are_no_headings_but_those_in_capitals() -> None:
    page = "<h1>T</h1><p>Hello all</p><p>This is a sentence.</p><p>OUR DUTY</p><p>Last updated: 5 May</p><p>Text.</p>"
    assert outline(page) == [(2, "", "OUR DUTY")]
    assert "unsure.heading" in codes(read(page).notes)


CONTENTS = "<p>Contents</p><ul><li><a href=#a>A</a></li><li><a href=#b>B</a></li><li><a href=#c>C</a></li></ul>"
SECTIONS = "<h2 id=a>A</h2><p>x</p><h2 id=b>B</h2><p>y</p><h2 id=c>C</h2><p>z</p>"


def test_a_contents_list_is_left_out_and_told() -> None:
    made = read(f"<h1>T</h1>{CONTENTS}{SECTIONS}")
    assert "Contents" not in made.text and "](#" not in made.text
    assert [str(note) for note in made.notes] == [
        "x.html:1: stripped.contents: 4 lines, a contents list such as pages make themselves: “Contents”"
    ]
    assert "](#b)" in importer.read(f"<h1>T</h1>{CONTENTS}{SECTIONS}".encode(), "x.html", archive=True).text
    assert (
        "- [A](#a)\n- [B](#b)\n" in read(f"<h1>T</h1><ul><li><a href=#a>A</a><li><a href=#b>B</a></ul>{SECTIONS}").text
    )


def test_many_lists_take_no_longer_than_they_are_long() -> None:
    page = "".join(f"<h2>Clause</h2><p>Text {n}.</p><ol><li>a<li>b<li>c</ol>" for n in range(3000))
    made = read(page).text
    assert made.count("1. a\n2. b\n3. c\n") == 3000
    assert "{#clause-3000}" in made
