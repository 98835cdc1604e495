"""A redline is exact: both texts come back from it; and what only moved or was renumbered is no change."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator import documents
from generator.documents import Section
from generator.redline.blocks import Block
from generator.redline.changes import targets
from generator.redline.diff import (
    SILENT,
    BlockChange,
    Op,
    Redline,
    SectionChange,
    Span,
    alone,
    compare,
    same_words,
    words,
)
from generator.redline.tokens import TOKEN
from tests.edits import bodies, edited
from tests.hostile import SOURCES
from tests.trees import document

OPS: tuple[Op, ...] = ("-", "+")
HOSTILE = st.text(st.sampled_from("ab \n-*_`|[]()<>#&\\.1é\u200f\u00a0\t"), max_size=60)
LONG = "We keep what you tell us for thirty days and no longer."
OTHER = "You may object at any time, and that is free of charge."
# Parts that recur, so that what is equal, moved, split or renumbered by chance is met often.
PARTS = st.lists(
    st.one_of(
        st.sampled_from(
            ["## A\n\n", "## 2. B {#b}\n\n", "- one\n", "  - one\n", "1. two\n", "(a) two\n\n", "\n", "---\n"]
        ),
        st.sampled_from(
            ["| x | y |\n", "|---|:-|\n", "| x | y | z |\n", "```\ncode\n```\n", "[law](/a) ", "title: T\n"]
        ),
        st.sampled_from([f"{LONG}\n\n", f"{OTHER}\n", f"{LONG} {OTHER}\n\n", f"**{LONG}**\r\n\r\n"]),
        st.sampled_from(["個人情報を守る。\n\n", "👩\u200d👩\u200d👧 🇵🇰\n\n", "نحن لا نبيع\n\n", "\ufeff"]),
    ),
    max_size=12,
).map("".join)


def redline(old: str, new: str) -> Redline:
    return compare(document(old), document(new))


def raw(old: str, new: str, *, minimal: bool = False) -> Redline:
    return compare(documents.read(old, "old.md"), documents.read(new, "new.md"), minimal=minimal)


def section(old: str, new: str) -> SectionChange:
    """The one section of two bodies without headings."""
    (change,) = redline(old, new).sections
    return change


def blocks(old: str, new: str) -> list[BlockChange]:
    return [block for block in section(old, new).blocks if block.block.kind not in ("front", "blank")]


def spans(old: str, new: str) -> list[tuple[str, str]]:
    (block,) = blocks(old, new)
    return [(span.op, span.text) for span in block.words]


def told(spans: tuple[Span, ...] | list[Span], op: str) -> str:
    return "".join(span.text for span in spans if span.op in ("=", op))


def holds(found: Redline) -> None:
    """Both files come back; each section of both stands once, in order; moves are the same text at both ends; and
    nothing but numbers and list marks is called renumbered."""
    ops = found.ops
    assert (told(ops, "-"), told(ops, "+")) == (found.old.source, found.new.source)
    assert [c.new for c in found.sections if c.new] == list(found.new.sections)
    olds = [c.old.line for c in found.sections if c.old]  # one whose text went to another is not named any more
    assert len(set(olds)) == len(olds)
    moved: dict[int, dict[str, str]] = defaultdict(lambda: {"-": "", "+": ""})
    for span in ops:
        assert span.text
        if span.move:
            moved[span.move][span.op] += "".join(span.text.split())
        if span.renum:
            assert re.fullmatch(r"\s*(?:[-*+]|[(\w.)]{1,12}|第\d+条)[\s#]*", span.text), span.text
    assert all(ends["-"] == ends["+"] for ends in moved.values()), dict(moved)


@given(edited())
def test_both_texts_come_back_from_the_redline_of_an_edit(pair: tuple[str, str]) -> None:
    holds(redline(*pair))


@given(HOSTILE, HOSTILE)
def test_both_texts_come_back_whatever_is_written_in_them(old: str, new: str) -> None:
    holds(raw(old, new))


@given(SOURCES, SOURCES)
def test_both_texts_come_back_whatever_lines_they_are_made_of(old: str, new: str) -> None:
    holds(raw(old, new))
    holds(raw(new, old))


@settings(max_examples=300)
@given(PARTS, PARTS)
def test_both_texts_come_back_in_whatever_order_the_same_parts_stand(old: str, new: str) -> None:
    holds(raw(old, new))
    holds(raw(new, old))


@given(PARTS, PARTS)
def test_the_same_texts_give_the_same_redline(old: str, new: str) -> None:
    assert raw(old, new).ops == raw(old, new).ops


@given(st.one_of(PARTS, SOURCES, HOSTILE))
def test_any_text_compared_with_itself_has_no_change(text: str) -> None:
    found = raw(text, text)
    assert (found.changed, found.visible, found.stale) == ((), "nothing", [])
    assert [(span.op, span.text) for span in found.ops] == ([("=", text)] if text else [])


def only(found: Redline) -> int:
    return sum(len(TOKEN.findall(s.text)) for s in found.ops if s.changed and not s.move)


@given(st.one_of(st.tuples(PARTS, PARTS), edited()))
def test_a_minimal_redline_is_exact_and_shows_no_more(pair: tuple[str, str]) -> None:
    least = raw(*pair, minimal=True)
    assert (told(least.ops, "-"), told(least.ops, "+")) == pair
    assert only(least) <= only(raw(*pair))


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
    assert not any(change.count(op) for change in found.sections for op in OPS)


def states(changes: tuple[SectionChange, ...]) -> list[tuple[str, str]]:
    return [(change.section.id, change.status) for change in changes if change.section]


def test_renumbering_and_an_inserted_section_are_no_change_of_the_others() -> None:
    found = redline("## A\nx\n## B\ny\n", "## New\nz\n## A\nx\n## B\ny\n")
    assert states(found.changed) == [("new", "added")]


def test_a_removed_section_stands_where_it_stood() -> None:
    found = redline("## A\n## B\n## C\n", "## A\n## C\n")
    assert states(found.sections) == [
        ("a", "unchanged"),
        ("b", "removed"),
        ("c", "unchanged"),
    ]


def test_sections_removed_at_the_start_come_first() -> None:
    found = redline("## A\n## B\n## C\n", "## C\n")
    assert states(found.sections) == [("a", "removed"), ("b", "removed"), ("c", "unchanged")]


def test_a_renamed_section_is_told_from_a_reworded_one() -> None:
    found = redline("## Our cookies {#c}\nx\n## D\ny\n", "## Our cookies and more {#c}\nx\n## D\nz\n")
    assert [change.status for change in found.changed] == ["renamed", "reworded"]
    assert [(span.op, span.text) for span in found.changed[0].all[0].words] == [
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


def test_a_missing_space_is_put_in_and_nothing_else() -> None:
    assert spans("Under laws,if any, you may:", "Under laws, if any, you may:") == [
        ("=", "Under laws,"),
        ("+", " "),
        ("=", "if any, you may:"),
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
    found = blocks("We use cookies to keep you signed in.", "Nothing is stored unless somebody agrees.")
    assert [(sorted(block.kinds), len(block.words)) for block in found] == [(["removed"], 1), (["added"], 1)]


def test_one_or_two_kept_words_amid_a_long_change_are_no_confetti() -> None:
    old = f"{LONG} Nobody else may ever see your name, the address or any picture of those that you sent. {OTHER}"
    new = f"{LONG} Partners could sometimes use a number, the telephone or even letters for whatever they want. {OTHER}"
    assert [op for op, _ in spans(old, new)] == ["=", "-", "+", "="]


def test_a_small_change_is_shown_as_small_as_it_is() -> None:
    assert spans("kept for 30 days, then 60 hours", "kept for 90 days, then 10 hours") == [
        ("=", "kept for "),
        ("-", "30"),
        ("+", "90"),
        ("=", " days, then "),
        ("-", "60"),
        ("+", "10"),
        ("=", " hours"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        ("see **the law** here", "see **the law here**", {"formatting"}),
        ("see [the law](/a) here now", "see [the law](/b) here now", {"link"}),
        ("see [the law](/a) here now", "see [the laws](/a) here now", {"reworded"}),
        ("see [the law](/a) here now", "see [the laws](/b) here now", {"link", "reworded"}),
        ("say `a` now", "say a now", {"formatting"}),
        ("one two three", "one  two three", {"spacing"}),
        ("1. one two", "2. one two", {"reworded"}),
        ("a. z\n\na. one two", "b. z\n\nb. one two", {"reworded"}),
        ("xx. z\n\nxx. one two", "xx. z\n\nxxv. one two", {"reworded"}),
        ("1. z\n1. one two", "1. z\n2. one two", {"renumbered"}),
        ("xx. z\n\nxx. one two", "xx. z\n\nxxi. one two", {"renumbered"}),
        ("4.1 z\n\n4.9 one two", "4.1 z\n\n4.2 one two", {"renumbered"}),
        ("第三条 one two", "第四条 one two", {"renumbered"}),
        ("1.5 one two", "one two", {"reworded"}),
        ("- one two", "1. one two", {"renumbered"}),
        ("> one two", "one two", {"formatting"}),
        (f"{LONG} {OTHER}", f"{LONG}\n\n{OTHER}", {"split"}),
        (f"{LONG}\n\n{OTHER}", f"{LONG} {OTHER}", {"joined"}),
        (f"{LONG}\n\n{OTHER}", f"{OTHER}\n\n{LONG}", {"moved"}),
        ("a\n\nb", "a\r\n\r\n\r\nb", {"spacing"}),
    ],
)
def test_what_happened_is_named(old: str, new: str, kinds: set[str]) -> None:
    found = section(f"x\n\n{old}\n\ny\n", f"x\n\n{new}\n\ny\n")
    assert found.kinds | {"spacing"} == kinds | {"spacing"}
    assert (found.status == "unchanged") == (kinds <= SILENT)


def test_numbers_that_only_count_on_are_nothing_visible_and_others_are_figures() -> None:
    assert redline("1. a\n2. b\n", "1. a\n1. b\n").visible == "nothing"
    assert redline("## 4. b\n\n## 5. c\n", "## 5. b\n\n## 6. c\n").visible == "nothing"
    assert redline("## 4. b\n", "## 5. b\n").visible == "figures"
    assert redline("iv) a\n", "v) a\n").visible == "words"


def test_the_number_of_a_heading_whose_neighbours_are_not_in_sight_is_no_change() -> None:
    pair = [alone(document(f"## {n}. Fees {{#fees}}\n\nNone.\n").sections[0]) for n in (4, 5)]
    assert not compare(*pair, apart=True).changed


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("[a](https://e.com/wiki/Foo_(bar))", "https://e.com/wiki/Foo_(bar)"),
        ("[a](<https://e.com/a>)", "https://e.com/a"),
        ("see <https://e.com/a>", "https://e.com/a"),
        ("(see https://e.com/a)", "https://e.com/a"),
        ("see https://e.com/a_(b)", "https://e.com/a_(b)"),
        ('[a](/b "The law")', '/b "The law"'),
    ],
)
def test_a_target_is_told_as_it_is_without_its_brackets(text: str, target: str) -> None:
    assert targets([Block("paragraph", "", text, "")]) == [target]


def test_an_item_that_went_a_level_down_or_up_is_named() -> None:
    flat, deep = "- one\n- two\n", "- one\n  - two\n"
    assert [*section(flat, deep).kinds, *section(deep, flat).kinds] == ["nested", "flattened"]


def test_an_item_put_into_a_list_changes_no_other_item() -> None:
    changes = blocks("- one\n- two\n- three\n", "- one\n- new\n- two\n- three\n")
    assert [(block.kept, bool(block.old), bool(block.new)) for block in changes] == [
        (True, True, True),
        (False, False, True),
        (True, True, True),
        (True, True, True),
    ]


def test_a_paragraph_that_became_an_item_keeps_its_words() -> None:
    (change,) = blocks("same words", "- same words")
    assert (change.old[0].kind, change.new[0].kind, change.kept) == ("paragraph", "item", False)
    assert [(span.op, span.text) for span in change.words] == [("=", "same words")]


def test_a_moved_and_edited_paragraph_shows_its_edit_alone() -> None:
    first, last = [b for b in blocks(f"{LONG}\n\n{OTHER}\n\nz", f"{OTHER}\n\n{LONG[:-1]} than that.\n\nz") if b.move]
    assert first.move == last.move == 1
    plain = [
        (span.op, span.text) for block in (first, last) for span in block.words if span.op != "=" and not span.move
    ]
    assert plain == [("+", " than that")] or plain == [("+", "than that")]


def test_a_section_that_moved_stands_at_both_of_its_places() -> None:
    found = redline(f"## A\n{LONG}\n## B\n{OTHER}\n## C\nx\n", f"## B\n{OTHER}\n## C\nx\n## A\n{LONG}\n")
    assert [(c.status, c.move, bool(c.old), bool(c.new)) for c in found.changed] == [
        ("moved", 1, True, False),
        ("moved", 1, False, True),
    ]


def test_another_title_is_shown_and_belongs_to_no_section() -> None:
    old, new = document("x\n"), document("x\n", front="title: General Terms\n")
    found = compare(old, new)
    assert [(span.op, span.text) for span in found.ops if span.op != "="] == [("+", "General ")]
    assert found.visible == "nothing"


def test_words_changed_under_the_same_date_are_told() -> None:
    old, new = "Last updated: May 7, 2020\n\nWe sell.\n", "Last updated: May 7, 2020\n\nWe never sell.\n"
    assert redline(old, new).stale
    assert not redline(old, new.replace("7", "8")).stale
    assert not redline(old, old.replace("We sell", "**We** sell")).stale
    assert not redline("We sell.\n", "We never sell.\n").stale


TABLE = "| Name | For |\n|---|---|\n| session | login |\n| usage_id | counting |\n"


def rows(old: str, new: str) -> list[list[list[str]]]:
    """The cells of every row, without the row of dashes."""
    found = [block for block in blocks(old, new) if "---" not in block.block.text]
    return [[_cell(cell) for _, cell in row.cells] for row in found]


def _cell(spans: list[Span]) -> list[str]:
    return [span.op + span.text.strip() for span in spans if span.role == "words" and span.text.strip()]


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


def test_a_column_put_in_or_taken_out_leaves_the_others_alone() -> None:
    wider = "| Name | Kept | For |\n|---|---|---|\n| session | 1 day | login |\n| usage_id | 1 year | counting |\n"
    assert rows(TABLE, wider)[1:] == [
        [["=session"], ["+1 day"], ["=login"]],
        [["=usage_id"], ["+1 year"], ["=counting"]],
    ]
    assert section(TABLE, wider).kinds - SILENT == section(wider, TABLE).kinds - SILENT == {"column"}


def test_another_alignment_is_named() -> None:
    assert section(TABLE, TABLE.replace("---|---", "---|--:")).kinds - SILENT == {"alignment"}
    assert section(TABLE, TABLE.replace("---|---", "----|-----")).status == "unchanged"


def test_an_escaped_bar_ends_no_cell() -> None:
    table = "| a | b |\n|---|---|\n| {} | c |\n"
    assert rows(table.format(r"x \| y"), table.format(r"x \| z"))[1:] == [[[r"=x \|", "-y", "+z"], ["=c"]]]


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
    assert (change.count("-"), change.count("+")) == (1, 4)


LINKED = [("See below.", "See [below](#our-contact)."), ("See [below](/a).", "See [below](/c).")]
LINKED += [("It is kept.", "It is **kept**."), ("[1]: https://a.example/", "[1]: https://b.example/")]


@pytest.mark.parametrize("pair", LINKED)
def test_targets_and_marks_are_no_words_and_shown_the_same_beside_any_change(pair: tuple[str, str]) -> None:
    alone, other = (
        compare(document(f"## A\n\n{old}\n\n## B\n\n{before}\n"), document(f"## A\n\n{new}\n\n## B\n\n{after}\n"))
        for (old, new), (before, after) in ((pair, ("", "")), (pair, (LONG * 2, "")))
    )
    changes = [
        next(change for change in redline.sections if change.new and change.new.id == "a") for redline in (alone, other)
    ]
    assert [(change.count("-"), change.count("+")) for change in changes] == [(0, 0), (0, 0)]
    assert changes[0].blocks[0].spans == changes[1].blocks[0].spans


def test_moved_words_count_as_neither_gone_nor_new() -> None:
    change = section(f"{LONG}\n\n{OTHER}\n", f"{OTHER}\n\n{LONG}\n")
    assert (change.count("-"), change.count("+")) == (0, 0)


def test_two_labels_are_compared_word_by_word() -> None:
    assert [(s.op, s.text) for s in words("Counts visits", "Counts all visits")] == [
        ("=", "Counts "),
        ("+", "all "),
        ("=", "visits"),
    ]
    assert [(s.op, s.text) for s in words("", "Counts")] == [("+", "Counts")]
