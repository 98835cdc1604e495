"""What became of each block: an alignment with its words compared, and what happened named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from generator.align import Aligned, Alignment, Unit
from generator.blocks import Block, is_dashes
from generator.spans import (
    Column,
    Span,
    cells,
    columns,
    form_spans,
    merged,
    plain,
    row_spans,
    tail_spans,
    word_spans,
)
from generator.tokens import Op
from generator.visible import LINK, same_text

Kind = Literal[
    "added",
    "removed",
    "moved",
    "reworded",
    "renumbered",
    "nested",
    "flattened",
    "split",
    "joined",
    "column",
    "alignment",
    "link",
    "formatting",
    "anchor",
    "spacing",
]
SILENT: frozenset[Kind] = frozenset({"renumbered", "spacing"})  # what no reader needs to be shown


@dataclass(frozen=True, slots=True)
class BlockChange:
    """What became of a block: `old` or `new` is empty where only the other text has it, and holds several blocks where
    a paragraph was split, joined or cut elsewhere. `spans` are everything: form, words, and the line ends after it."""

    old: tuple[Block, ...]
    new: tuple[Block, ...]
    spans: tuple[Span, ...]
    move: int = 0  # both ends of a moved block carry the same number
    kinds: frozenset[Kind] = frozenset()

    @property
    def block(self) -> Block:
        """The block as readers find it: the new one where there is one."""
        return (self.new or self.old)[0]

    @property
    def kept(self) -> bool:
        """Whether there is nothing to show."""
        return self.kinds <= SILENT

    @property
    def words(self) -> tuple[Span, ...]:
        return tuple(span for span in self.spans if span.role in ("words", "bar"))

    @property
    def cells(self) -> list[tuple[Op, list[Span]]]:
        """Of a row each cell, and whether its column is in both texts, which the bar before it tells."""
        first, *cells = self._cut()
        outer = [] if not "".join(span.text for span in first[1]).strip() else [first]
        return [*outer, *(cells if cells and cells[-1][1] else cells[:-1])]

    def _cut(self) -> list[tuple[Op, list[Span]]]:
        cells: list[tuple[Op, list[Span]]] = [("=", [])]
        for span in self.words:
            if span.role == "bar":
                cells.append((span.op, []))
            else:
                cells[-1][1].append(span)
        return cells


def changes_of(alignment: Alignment) -> Iterator[BlockChange]:
    numbers = _move_numbers(alignment.changes)
    table: list[Column] = []
    for place in alignment.changes:
        olds, news = [alignment.old[i] for i in place.old], [alignment.new[j] for j in place.new]
        if place.end is not None:
            here, there = place.old or place.new, (place.end,)
            ends = (here, there) if place.old else (there, here)
            yield _moved(alignment.old[ends[0][0]], alignment.new[ends[1][0]], "-" if place.old else "+", numbers[ends])
        elif olds and news:
            if _is_row(olds, news):
                table = columns(olds[0].block.text, news[0].block.text, table)
            yield paired(tuple(unit.block for unit in olds), tuple(unit.block for unit in news), tuple(table))
        else:
            yield _single([unit.block for unit in olds], [unit.block for unit in news])


def _move_numbers(changes: Sequence[Aligned]) -> dict[tuple[tuple[int, ...], tuple[int, ...]], int]:
    """A number for each move in the order of the new text; neighbours that moved together share one."""
    numbers: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
    count = 0
    for end, new in ((change.end, change.new[0]) for change in changes if change.end is not None and change.new):
        assert end is not None
        before = numbers.get(((end - 1,), (new - 1,)))
        count += before is None
        numbers[(end,), (new,)] = before or count
    return numbers


def _single(olds: list[Block], news: list[Block]) -> BlockChange:
    op: Op = "-" if olds else "+"
    (block,) = olds or news
    kinds: frozenset[Kind] = frozenset({"removed" if olds else "added"})
    if block.kind == "blank":
        kinds = frozenset({"spacing"})
    return BlockChange(tuple(olds), tuple(news), plain(block, op), 0, kinds)


def _moved(old: Unit, new: Unit, op: Op, number: int) -> BlockChange:
    """One end of a moved block: what stayed the same carries the number, what was edited on the way does not."""
    table = columns(old.block.text, new.block.text, []) if _is_row([old], [new]) else []
    change = paired((old.block,), (new.block,), tuple(table))
    spans = merged(
        replace(span, op=op, move=number) if span.op == "=" or (span.role == "tail" and span.text.isspace()) else span
        for span in change.spans
        if span.op in ("=", op)
    )
    ours, theirs = (change.old, ()) if op == "-" else ((), change.new)
    return BlockChange(ours, theirs, tuple(spans), number, change.kinds - SILENT | {"moved"})


@lru_cache(maxsize=1 << 14)
def paired(old: tuple[Block, ...], new: tuple[Block, ...], table: tuple[Column, ...]) -> BlockChange:
    """Once for each distinct pair of blocks, however many versions share them."""
    if old == new:
        return BlockChange(old, new, plain(new[0]))
    first, last = (old[0], new[0]), (old[-1], new[-1])
    words = row_spans(first, table) if table and first[1].kind == "row" else word_spans(_text(old), _text(new))
    tail = tail_spans(last[0].suffix, last[1].suffix)
    spans = tuple(merged([*form_spans(first[0].prefix, first[1].prefix), *words, *tail]))
    return BlockChange(old, new, spans, 0, _kinds(old, new, spans))


def _text(blocks: Sequence[Block]) -> str:
    between = (before.suffix + after.prefix + after.text for before, after in pairwise(blocks))
    return blocks[0].text + "".join(between)


def targets(blocks: Sequence[Block]) -> list[str]:
    """Where the links of a text lead, in order."""
    return [target.strip("()<>] ") for target in LINK.findall(_text(blocks))]


def _is_row(olds: list[Unit], news: list[Unit]) -> bool:
    return olds[0].block.kind == news[0].block.kind == "row"


def _kinds(old: tuple[Block, ...], new: tuple[Block, ...], spans: tuple[Span, ...]) -> frozenset[Kind]:
    """What happened to a block that both texts have."""
    return frozenset({*_form_kinds(old[0], new[0], spans), *_word_kinds(old, new, spans)})


def _form_kinds(old: Block, new: Block, spans: tuple[Span, ...]) -> Iterator[Kind]:
    if any(span.renum for span in spans):
        yield "renumbered"
    deeper = _indent(new) - _indent(old)
    if old.kind == new.kind == "item" and deeper:
        yield "nested" if deeper > 0 else "flattened"
    elif old.kind != new.kind or any(span.changed and span.text.strip() for span in spans if span.role == "form"):
        yield "formatting"
    elif any(span.changed for span in spans if span.role != "words" and not span.text.strip()):
        yield "spacing"
    if any(span.changed and span.text.strip("-= \t\r\n") for span in spans if span.role == "tail"):
        yield "anchor"


def _indent(block: Block) -> int:
    return len(block.prefix.expandtabs(4)) - len(block.prefix.expandtabs(4).lstrip(" "))


def _word_kinds(old: tuple[Block, ...], new: tuple[Block, ...], spans: tuple[Span, ...]) -> Iterator[Kind]:
    if len(old) != len(new):
        yield "split" if len(old) < len(new) else "joined"
    if any(span.op != "=" for span in spans if span.role == "bar"):
        yield "column"
    before, after = _text(old), _text(new)
    if before == after:
        return
    if new[0].kind == "row" and is_dashes(before) and is_dashes(after):
        fewer, more = sorted(([_aligned(cell) for cell in cells(row)] for row in (before, after)), key=len)
        rest = iter(more)  # a column that came or went changes the alignment of no other
        if not all(cell in rest for cell in fewer):
            yield "alignment"
        yield "spacing"
    elif before.split() == after.split():
        yield "spacing"
    else:
        if LINK.findall(before) != LINK.findall(after):
            yield "link"
        if not same_text(before, after):
            if not _only_columns(spans):
                yield "reworded"
        elif _unlinked(before) != _unlinked(after):
            yield "formatting"


def _unlinked(text: str) -> list[str]:
    return LINK.sub("]", text).replace("[", "").replace("]", "").split()


def _only_columns(spans: Iterable[Span]) -> bool:
    """Whether all that changed are cells whose bar came or went with them."""
    bar = "="
    for span in spans:
        bar = span.op if span.role == "bar" else bar
        if bar == "=" and span.op != "=" and span.role == "words":
            return False
    return bar != "=" or any(span.role == "bar" and span.op != "=" for span in spans)


def _aligned(cell: str) -> tuple[bool, bool]:
    return cell.strip().startswith(":"), cell.strip().endswith(":")
