"""Which block became which: every block once, in both orders, moves told apart, whatever the text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from generator.redline.align import Alignment, align
from generator.redline.blocks import split_sections
from tests.hostile import SOURCES

LONG = ["We keep your data for thirty days and no longer.", "You may object at any time, free of charge."]
PARTS = st.lists(
    st.sampled_from(["## A\n\n", "## B {#b}\n\n", "- one\n", "- two\n", "| x | y |\n", *LONG, "\n\n", "1. z\n"])
)


def told(old: str, new: str) -> list[tuple[str, str, bool]]:
    found = align(split_sections(old), split_sections(new))
    return [
        (_words(found, "old", change.old), _words(found, "new", change.new), change.end is not None)
        for change in found.changes
    ]


def _words(found: Alignment, side: str, places: tuple[int, ...]) -> str:
    units = found.old if side == "old" else found.new
    return " / ".join(units[place].block.text.strip() for place in places)


def holds(old: str, new: str) -> None:
    found = align(split_sections(old), split_sections(new))
    for units, places, text in (
        (found.old, [i for change in found.changes for i in change.old], old),
        (found.new, [j for change in found.changes for j in change.new], new),
    ):
        assert places == list(range(len(units)))
        assert "".join(unit.block.source for unit in units) == text
    out = {(change.old[0], change.end) for change in found.changes if change.end is not None and change.old}
    back = {(change.end, change.new[0]) for change in found.changes if change.end is not None and change.new}
    assert out == back


@given(SOURCES, SOURCES)
def test_every_block_of_any_two_texts_stands_once_in_both_orders(old: str, new: str) -> None:
    holds(old, new)


@given(PARTS.map("".join), PARTS.map("".join))
def test_every_block_of_texts_made_of_the_same_parts_stands_once(old: str, new: str) -> None:
    holds(old, new)


def test_a_paragraph_that_moved_is_known_at_both_ends() -> None:
    text = [f"{word} and a few more words of it.\n\n" for word in ("One", "Two", "Three", "Four")]
    moved = [change for change in told("".join(text), "".join([*text[1:], text[0]])) if change[2]]
    assert [(bool(old), bool(new)) for old, new, _ in moved] == [(True, False), (False, True)]


def test_a_few_words_that_stand_elsewhere_by_chance_did_not_move() -> None:
    assert not any(
        moved for _, _, moved in told("## A\n\nyes indeed\n\n## B\n\nb\n", "## A\n\na\n\n## B\n\nyes indeed\n")
    )


def test_another_row_of_the_same_kind_did_not_move() -> None:
    rows = "| {} | processes payments for all customers in the European Union |\n"
    old = "| a | b |\n|---|---|\n" + rows.format("Stripe") + "| x | y |\n| p | q |\n"
    new = "| a | b |\n|---|---|\n| x | y |\n| p | q |\n" + rows.format("Adyen")
    assert not any(moved for _, _, moved in told(old, new))


def test_a_paragraph_that_was_split_is_both_of_its_parts() -> None:
    assert (" ".join(LONG), " / ".join(LONG), False) in told(" ".join(LONG), "\n\n".join(LONG))
    assert (" / ".join(LONG), " ".join(LONG), False) in told("\n\n".join(LONG), " ".join(LONG))


def test_a_section_is_known_by_its_id_though_every_word_of_its_heading_is_new() -> None:
    assert ("Cookies", "Tracking", False) in told("## Cookies {#c}\n\nx\n", "## Tracking {#c}\n\nx\n")


def test_a_heading_that_is_gone_leaves_its_paragraphs_where_they_are() -> None:
    assert told(f"## A\n\n{LONG[0]}\n\n## B\n\n{LONG[1]}\n", f"## A\n\n{LONG[0]}\n\n{LONG[1]}\n")[-2:] == [
        ("B", "", False),
        (LONG[1], LONG[1], False),
    ]
