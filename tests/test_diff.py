"""A redline is exact: both texts come back from it; and what only moved or was renumbered is no change."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator import diff
from generator.diff import BlockChange, Redline, SectionChange, Span, all_spans, cells_of, compare, same_words
from generator.documents import Block, Section
from tests.edits import bodies, edited
from tests.trees import document

OPS: tuple[diff.Op, ...] = ("-", "+")
HOSTILE = st.text(st.sampled_from("ab \n-*_`|[]()<>#&\\.1é\u200f\u00a0\t"), max_size=60)


def redline(old: str, new: str) -> Redline:
    return compare(document(old), document(new))


def section(old: str, new: str) -> SectionChange:
    """The one section of two bodies without headings."""
    (change,) = redline(old, new).sections
    return change


def spans(old: str, new: str) -> list[tuple[str, str]]:
    (block,) = section(old, new).blocks
    return [(span.op, span.text) for span in block.spans]


def told(spans: tuple[Span, ...], op: str) -> str:
    return "".join(span.text for span in spans if span.op in ("=", op))


def comes_back(change: BlockChange) -> None:
    for block, op in ((change.old, "-"), (change.new, "+")):
        if change.rows:
            rows = [[told(cell, op) for cell in row.cells] for row in change.rows]
            assert [row for row in rows if any(row)] == [row for row in _rows(block) if any(row)]
        else:
            assert told(change.spans, op) == (block.text if block else "")


def _rows(table: Block | None) -> list[list[str]]:
    lines = table.text.splitlines() if table else []
    return [cells_of(line) for line in lines[:1] + lines[2:]]


def texts(blocks: tuple[Block, ...]) -> list[str]:
    return [block.text for block in blocks if block.kind != "blank"]


def holds(found: Redline) -> None:
    """Every block and heading of both texts stands in the redline once, in order, and its words come back."""
    for side, op in ((found.old, "-"), (found.new, "+")):
        changes = [c for c in found.sections if (c.old if op == "-" else c.new)]
        if op == "+":
            assert [c.new for c in changes] == list(side.sections)
        else:
            assert sorted(c.old.id for c in changes if c.old) == sorted(s.id for s in side.sections)
        for change in changes:
            own = change.old if op == "-" else change.new
            assert own and told(change.heading, op) == own.heading
            blocks = [block.old if op == "-" else block.new for block in change.blocks]
            assert [block.text for block in blocks if block] == texts(own.blocks)
    for change in found.sections:
        for block in change.blocks:
            comes_back(block)


@given(edited())
def test_both_texts_come_back_from_the_redline_of_an_edit(pair: tuple[str, str]) -> None:
    holds(redline(*pair))


@given(HOSTILE, HOSTILE)
def test_both_texts_come_back_whatever_is_written_in_them(old: str, new: str) -> None:
    old, new = (text.replace("```", "").replace("#", "") for text in (old, new))
    holds(redline(old, new))


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from("ABCDE"), bodies()), unique_by=lambda p: p[0]), st.data())
def test_sections_come_back_in_whatever_order_they_stand(parts: list[tuple[str, str]], data: st.DataObject) -> None:
    others = data.draw(st.permutations(parts))[: data.draw(st.integers(0, len(parts)))]
    old, new = ("".join(f"## Part {name}\n\n{body}\n" for name, body in side) for side in (parts, others))
    holds(redline(old, new))


@given(bodies())
def test_a_text_compared_with_itself_has_no_change(body: str) -> None:
    found = redline(body, body)
    assert found.changed == ()
    assert not any(change.words(op) for change in found.sections for op in OPS)


def test_renumbering_and_an_inserted_section_are_no_change_of_the_others() -> None:
    found = redline("## A\nx\n## B\ny\n", "## New\nz\n## A\nx\n## B\ny\n")
    assert [(change.section.id, change.status) for change in found.changed] == [("new", "added")]


def test_a_removed_section_stands_where_it_stood() -> None:
    found = redline("## A\n## B\n## C\n", "## A\n## C\n")
    assert [(change.section.id, change.status) for change in found.sections] == [
        ("a", "unchanged"),
        ("b", "removed"),
        ("c", "unchanged"),
    ]


def test_sections_removed_at_the_start_come_first() -> None:
    found = redline("## A\n## B\n## C\n", "## C\n")
    assert [change.section.id for change in found.sections] == ["a", "b", "c"]


def test_a_renamed_section_is_told_from_a_reworded_one() -> None:
    found = redline("## Our cookies {#c}\nx\n## D\ny\n", "## Our cookies and more {#c}\nx\n## D\nz\n")
    assert [change.status for change in found.sections] == ["renamed", "reworded"]
    assert [(span.op, span.text) for span in found.sections[0].heading] == [
        ("=", "Our cookies"),
        ("+", " and more"),
    ]


def test_blank_lines_and_line_ends_are_no_change() -> None:
    assert section("a\n\nb\n", "a\r\n\r\n\r\n  \r\nb").status == "unchanged"
    assert redline("## A\n\nb\n", "## A\n   \nb\n").changed == ()


def test_one_changed_word_is_shown_alone() -> None:
    assert spans("In case of lose or any mishap.", "In case of loss or any mishap.") == [
        ("=", "In case of "),
        ("-", "lose"),
        ("+", "loss"),
        ("=", " or any mishap."),
    ]


def test_a_missing_space_is_shown_with_the_words_it_stands_between() -> None:
    assert spans("Under laws,if any, you may:", "Under laws, if any, you may:") == [
        ("=", "Under laws"),
        ("-", ",if"),
        ("+", ", if"),
        ("=", " any, you may:"),
    ]


def test_neighbouring_changed_words_are_shown_as_one_change() -> None:
    assert spans("we share some of your data today", "we share none of my data today") == [
        ("=", "we share "),
        ("-", "some"),
        ("+", "none"),
        ("=", " of "),
        ("-", "your"),
        ("+", "my"),
        ("=", " data today"),
    ]
    assert spans("we may share your data", "we never sell your data")[1:3] == [("-", "may share"), ("+", "never sell")]


def test_a_rewritten_paragraph_is_no_salad_of_both() -> None:
    found = spans("We use cookies to keep you signed in.", "Nothing is stored unless somebody agrees.")
    assert [op for op, _ in found] == ["-", "+", "="]
    assert found[-1][1] == "."


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("see **the law** here", "see **the law here**"),
        ("see [the law](/a) here now", "see [the law](/b) here now"),
        ('see [the law](/a "old title") here now', 'see [the law](/a "new title") here now'),
        ("use `a b` as it is", "use `a c d` as it is"),
        ("a ![the old](/x.png) picture here", "a ![the new](/x.png) picture here"),
    ],
)
def test_a_mark_is_never_cut_in_two(old: str, new: str) -> None:
    for op, text in spans(old, new):
        assert op == "=" or diff._balanced(Span(op, text)), (op, text)  # type: ignore[arg-type]
        assert not (op != "=" and text.strip() in ("title", "old", "new"))


def test_an_item_put_into_a_list_changes_no_other_item() -> None:
    changes = section("- one\n- two\n- three\n", "- one\n- new\n- two\n- three\n").blocks
    assert [(block.kept, bool(block.old), bool(block.new)) for block in changes] == [
        (True, True, True),
        (False, False, True),
        (True, True, True),
        (True, True, True),
    ]


def test_a_paragraph_that_became_an_item_is_shown_as_taken_out_and_put_in() -> None:
    changes = section("same words", "- same words").blocks
    assert [(block.old and block.old.kind, block.new and block.new.kind) for block in changes] == [
        ("paragraph", None),
        (None, "item"),
    ]


TABLE = "| Name | For |\n|---|---|\n| session | login |\n| usage_id | counting |\n"


def rows(old: str, new: str) -> list[list[list[str]]]:
    (block,) = section(old, new).blocks
    return [[[span.op + span.text for span in cell] for cell in row.cells] for row in block.rows]


def test_a_changed_cell_is_shown_in_its_cell() -> None:
    assert rows(TABLE, TABLE.replace("counting", "statistics")) == [
        [["=Name"], ["=For"]],
        [["=session"], ["=login"]],
        [["=usage_id"], ["-counting", "+statistics"]],
    ]


def test_a_row_put_in_or_taken_out_leaves_the_others_alone() -> None:
    more = TABLE.replace("| usage_id", "| theme | looks |\n| usage_id")
    assert rows(TABLE, more)[2:] == [[["+theme"], ["+looks"]], [["=usage_id"], ["=counting"]]]
    assert rows(more, TABLE)[2:] == [[["-theme"], ["-looks"]], [["=usage_id"], ["=counting"]]]


def test_a_table_with_another_number_of_columns_is_another_table() -> None:
    wider = "| Name | For | Kept |\n|---|---|---|\n| session | login | 1 day |\n"
    changes = section(TABLE, wider).blocks
    assert [(bool(block.old), bool(block.new)) for block in changes] == [(True, False), (False, True)]


def test_an_escaped_bar_ends_no_cell() -> None:
    assert cells_of(r"| a \| b | c |") == [r"a \| b", "c"]
    assert cells_of(r"a | b \|") == ["a", r"b \|"]


def parts(old: str, new: str) -> tuple[Section, Section]:
    return document(f"## A\n{old}").sections[0], document(f"## A\n{new}").sections[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("laws,if any", "laws, if any"),
        ("a **b** c", "a b c"),
        ("We do; you do", "We do, you do."),
        ("“data”", '"data"'),
        ("- a\n- b", "* a\n* b"),
    ],
)
def test_white_space_punctuation_and_marks_are_no_other_words(old: str, new: str) -> None:
    assert same_words(*parts(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("we sell", "we do not sell"),
        ("30 days", "90 days"),
        ("[law](/a)", "[law](/b)"),
        ("10 €", "10 $"),
        ("5 %", "5 ‰"),
        ("कि", "की"),
    ],
)
def test_another_word_number_currency_vowel_or_link_is_another_text(old: str, new: str) -> None:
    assert not same_words(*parts(old, new))


def test_a_section_that_is_new_or_gone_has_not_the_same_words() -> None:
    one, _ = parts("a", "a")
    assert not same_words(one, None)
    assert not same_words(None, one)


def test_words_are_counted_by_what_happened_to_them() -> None:
    change = section("we sell data\n\n" + TABLE, "we never sell any data\n\n" + TABLE.replace("login", "signing in"))
    assert (change.words("-"), change.words("+")) == (1, 4)
    assert {span.op for block in change.blocks for span in all_spans(block)} == {"=", "-", "+"}
