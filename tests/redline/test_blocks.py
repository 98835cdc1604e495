"""Any text as blocks that keep every byte, whoever wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given

from generator.redline.blocks import Block, scan, split_sections
from tests.hostile import SOURCES


def blocks(text: str) -> list[Block]:
    sections = split_sections(text, underlined=True)
    return [block for number, section in enumerate(sections) for block in scan(section, headed=number > 0)]


def told(text: str) -> list[tuple[str, str, str]]:
    return [(block.kind, block.prefix, block.text) for block in blocks(text)]


@given(SOURCES)
def test_every_byte_is_in_one_block(source: str) -> None:
    assert "".join(split_sections(source)) == source
    assert "".join(block.source for block in blocks(source)) == source


@given(SOURCES)
def test_front_matter_and_byte_order_mark_keep_their_bytes(source: str) -> None:
    text = f"\ufeff---\r\ntitle: A\r\n# no heading\r\n---\r\n{source}"
    assert "".join(block.source for block in blocks(text)) == text


def test_each_line_of_front_matter_stands_alone_and_its_comments_are_no_headings() -> None:
    assert told("---\ntitle: A\n# b\n---\n## C\n") == [
        ("front", "", "---"),
        ("front", "", "title: A"),
        ("front", "", "# b"),
        ("front", "", "---"),
        ("heading", "## ", "C"),
    ]


def test_code_holds_no_headings() -> None:
    assert told("```\n# code\n```\n# Heading\n") == [("code", "", "```\n# code\n```"), ("heading", "# ", "Heading")]


@pytest.mark.parametrize(
    ("line", "prefix", "text"),
    [
        ("## 4. Cookies", "## 4. ", "Cookies"),
        ("## 4.1 Cookies", "## 4.1 ", "Cookies"),
        ("(a) first", "(a) ", "first"),
        ("iv) fourth", "iv) ", "fourth"),
        ("10. #### Disclaimer", "10. ", "#### Disclaimer"),
        ("- (b) second", "- (b) ", "second"),
        ("第3条 目的", "第3条 ", "目的"),
        ("**4. Cookies**", "**4. ", "Cookies**"),
        ("## Article 4: Cookies", "## Article 4: ", "Cookies"),
        ("## § 4 Cookies", "## § 4 ", "Cookies"),
        ("4.1 you must", "4.1 ", "you must"),
        ("Section 4 holds", "", "Section 4 holds"),
        ("3.5 % of all", "", "3.5 % of all"),
        ("1.5 million people", "", "1.5 million people"),
        ("I agree", "", "I agree"),
    ],
)
def test_a_number_written_by_hand_is_form(line: str, prefix: str, text: str) -> None:
    ((_, found, words),) = told(line)
    assert (found, words) == (prefix, text)


def test_attributes_of_a_heading_are_no_words_of_it() -> None:
    (heading, _) = blocks("## Cookies {#c .material}\n\ntext\n")
    assert (heading.prefix, heading.text, heading.suffix) == ("## ", "Cookies", " {#c .material}\n\n")


def test_rows_of_a_table_stand_alone() -> None:
    assert [kind for kind, _, _ in told("| a | b |\n|---|---|\n| c | d |\n")] == ["row"] * 3


def test_lines_of_their_own_stand_alone_and_a_wrapped_paragraph_does_not() -> None:
    long = "This sentence is long enough to fill the line of an editor once."
    assert told(f"Title\n{long * 3}\n") == [("paragraph", "", "Title"), ("paragraph", "", long * 3)]
    assert [text for _, _, text in told(f"{long}\n{long}\n{long}\nend\n")] == [f"{long}\n{long}\n{long}\nend"]


def test_a_rule_below_a_paragraph_is_no_part_of_it() -> None:
    assert [text for _, _, text in told(f"a\n{'word ' * 12}\n-----\n")] == ["a", "word " * 12, "-----"]


def test_an_underlined_line_is_a_heading_where_somebody_else_wrote_it() -> None:
    text = "One\n===\n\n2. Two {#two}\n---\ntext\n\n| a |\n---\n\n- b\n---\n"
    assert [(kind, prefix, words) for kind, prefix, words in told(text) if kind == "heading"] == [
        ("heading", "", "One"),
        ("heading", "2. ", "Two"),
    ]
    assert split_sections(text) == [text]
