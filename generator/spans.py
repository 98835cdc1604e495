"""Spans: a text as the stretches that both texts have, that only the old one or only the new one has.

Words, the form of a block (indentation, mark, number), and the cells of a row are compared apart, so that a number is
never a word and a cell never runs into the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from generator.blocks import Block
from generator.tokens import TOKEN, Match, Op, compute

Role = Literal["form", "words", "bar", "tail"]

_FORM = re.compile(r"([ \t]*)([>#]*)([ \t]*)(.*)$", re.DOTALL)
_BAR = re.compile(r"((?<!\\)(?:\\\\)*)\|")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text that both (=), only the old (-) or only the new (+) text has.

    `role` tells what it is of its block: its form (indentation, mark, number), words, the bar of a table, or the line
    ends after it. A moved text carries the number of its `move` at both ends, `-` and `+`. `renum` is nothing but a
    number or list mark, which is no change.
    """

    op: Op
    text: str
    role: Role = "words"
    move: int = 0
    renum: bool = False

    @property
    def changed(self) -> bool:
        return self.op != "=" and not self.renum


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans that say the same of one role are one; empty ones are none."""
    result = []
    for key, run in groupby((s for s in spans if s.text), key=lambda s: (s.op, s.role, s.move, s.renum)):
        result.append(Span(key[0], "".join(span.text for span in run), *key[1:]))
    return result


def plain(block: Block) -> Iterator[Span]:
    yield Span("=", block.prefix, "form")
    yield from whole("=", block)
    yield Span("=", block.suffix, "tail")


def whole(op: Op, block: Block) -> Iterator[Span]:
    """The words of a block, the cells of a row apart."""
    if block.kind != "row":
        yield Span(op, block.text)
        return
    for index, cell in enumerate(cells(block.text)):
        if index:
            yield Span(op, "|", "bar")
        yield Span(op, cell)


def either(old: str, new: str, role: Role, *, renum: bool = False) -> Iterator[Span]:
    if old == new:
        yield Span("=", old, role)
    else:
        yield Span("-", old, role, renum=renum and bool(old.strip()))
        yield Span("+", new, role, renum=renum and bool(new.strip()))


def form_spans(old: str, new: str) -> Iterator[Span]:
    """Indentation, heading marks or quotes, and the number or list mark, each by itself."""
    ours, theirs = (match.groups() for match in (_FORM.match(old), _FORM.match(new)) if match)
    for index, (x, y) in enumerate(zip(ours, theirs, strict=True)):
        same = min(len(x), len(y)) if index == 1 and x.strip("#") == y.strip("#") == "" else 0
        yield Span("=", x[:same], "form")
        yield from either(x[same:], y[same:], "form", renum=index == 3)


def word_spans(old: str, new: str) -> Iterator[Span]:
    """The fewest tokens taken out and put in; white space at the edges of a change that both have is kept."""
    (before, ours), (after, theirs) = _split(old), _split(new)
    i = j = 0
    for match in [*compute([t for t, _ in ours], [t for t, _ in theirs]), Match(len(ours), len(theirs), 0)]:
        before += "".join(map("".join, ours[i : match.old]))
        after += "".join(map("".join, theirs[j : match.new]))
        yield from _trimmed(before, after)
        i, j = match.old + match.length, match.new + match.length
        for (word, ended), (_, ends) in zip(ours[match.old : i - 1], theirs[match.new : j - 1], strict=True):
            yield Span("=", word)
            yield from _trimmed(ended, ends)
        if match.length:
            yield Span("=", ours[i - 1][0])
            before, after = ours[i - 1][1], theirs[j - 1][1]


def _split(text: str) -> tuple[str, list[tuple[str, str]]]:
    """White space, and then each token with the white space after it."""
    words = text.lstrip()
    return text[: len(text) - len(words)], TOKEN.findall(words)


def _trimmed(old: str, new: str) -> Iterator[Span]:
    if old == new:
        yield Span("=", old)
        return
    start = _white(old, new)
    old, new, first = old[start:], new[start:], old[:start]
    end = _white(old[::-1], new[::-1])
    yield Span("=", first)
    yield Span("-", old[: len(old) - end])
    yield Span("+", new[: len(new) - end])
    yield Span("=", old[len(old) - end :])


def _white(old: str, new: str) -> int:
    """How much white space two texts start with in common."""
    count = 0
    for x, y in zip(old, new, strict=False):
        if x != y or not x.isspace():
            break
        count += 1
    return count


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: which cell of an old and of a new row it is, from 0 before the first bar."""

    old: int | None
    new: int | None


def cells(row: str) -> list[str]:
    parts = _BAR.split(row)  # text, what escapes nothing, text, …
    return ["".join(parts[index : index + 2]) for index in range(0, len(parts), 2)]


def columns(old: str, new: str, before: list[Column]) -> list[Column]:
    """How the cells of two rows belong together: as those of the row above do, else by their words."""
    ours, theirs = ([cell.split() for cell in cells(row)] for row in (old, new))
    if len(before) and _counts(before) == (len(ours), len(theirs)):
        return before
    if len(ours) == len(theirs):
        return [Column(index, index) for index in range(len(ours))]
    columns, i, j = [], 0, 0
    for match in [*compute([tuple(x) for x in ours], [tuple(x) for x in theirs]), Match(len(ours), len(theirs), 0)]:
        pairs = min(match.old - i, match.new - j)
        columns += [Column(i + k, j + k) for k in range(pairs)]
        columns += [Column(k, None) for k in range(i + pairs, match.old)]
        columns += [Column(None, k) for k in range(j + pairs, match.new)]
        columns += [Column(match.old + k, match.new + k) for k in range(match.length)]
        i, j = match.old + match.length, match.new + match.length
    return columns


def _counts(columns: list[Column]) -> tuple[int, int]:
    return sum(c.old is not None for c in columns), sum(c.new is not None for c in columns)


def row_spans(rows: tuple[Block, Block], columns: Sequence[Column]) -> Iterator[Span]:
    """Cell by cell, each with the bar before it; a column that one row lacks is taken out or put in with its bar."""
    ours, theirs = (cells(row.text) for row in rows)
    for column in columns:
        if column.old is not None and column.new is not None:
            yield from [Span("=", "|", "bar")] if column.old and column.new else _lone_bars(column)
            yield from word_spans(ours[column.old], theirs[column.new])
        else:
            op: Op = "-" if column.new is None else "+"
            index = column.old or column.new or 0
            yield from [Span(op, "|", "bar")] if index else []
            yield Span(op, (ours if op == "-" else theirs)[index])


def _lone_bars(column: Column) -> Iterator[Span]:
    """One of two rows has something before its first bar."""
    if column.old:
        yield Span("-", "|", "bar")
    if column.new:
        yield Span("+", "|", "bar")


def shown(spans: Iterable[Span]) -> int:
    """How many tokens are shown as taken out or put in."""
    return sum(size(span) for span in spans if span.changed and not span.move)


def size(span: Span) -> int:
    return len(TOKEN.findall(span.text)) if span.text.strip() else 0
