"""Spans: a text as the stretches that both texts have, that only the old one or only the new one has.

Words, the form of a block (indentation, mark, number), and the cells of a row are compared apart, so that a number is
never a word and a cell never runs into the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby, zip_longest
from typing import Literal

from generator.redline.blocks import Block
from generator.redline.tokens import TOKEN, Match, Op, common, compute, joined

Role = Literal["form", "words", "bar", "tail"]

_FORM = re.compile(r"([ \t>]*)(#*)([ \t]*)((?:\*\*|__)?(?:§|[^\W\d_]+\.?(?=[ \t]+\S))?[ \t]*)(.*)$", re.DOTALL)
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
    result: list[Span] = []
    for key, run in groupby((s for s in spans if s.text), key=lambda s: (s.op, s.role, s.move, s.renum)):
        first, *more = run
        result.append(Span(key[0], first.text + "".join(s.text for s in more), *key[1:]) if more else first)
    return result


def plain(block: Block, op: Op = "=", move: int = 0) -> tuple[Span, ...]:
    """A block as it stands, the cells of a row apart."""
    words = [Span(op, block.text, "words", move)]
    if block.kind == "row":
        bar = Span(op, "|", "bar", move)
        words = [span for cell in cells(block.text) for span in (bar, Span(op, cell, "words", move))][1:]
    spans = (Span(op, block.prefix, "form", move), *words, Span(op, block.suffix, "tail", move))
    return tuple(span for span in spans if span.text)


def form_spans(old: str, new: str) -> Iterator[Span]:
    """Indentation, heading marks or quotes, and the number or list mark, each by itself."""
    (*ours, mark), (*theirs, other) = _FORM.findall(old)[0], _FORM.findall(new)[0]
    for x, y in zip(ours, theirs, strict=True):
        yield from word_spans(x, y)
    if mark == other:
        yield Span("=", mark)
    else:
        yield Span("-", mark, renum=bool(mark.strip()))
        yield Span("+", other, renum=bool(other.strip()))


Word = tuple[str, str]  # a token, and the white space after it


def word_spans(old: str, new: str) -> Iterator[Span]:
    """The fewest tokens taken out and put in; white space at the edges of a change that both have is kept."""
    if old == new:
        yield Span("=", old)
        return
    before, after = (text[: len(text) - len(text.lstrip())] for text in (old, new))
    ours, theirs = TOKEN.findall(old), TOKEN.findall(new)
    matches = slid(compute([token for token, _ in ours], [token for token, _ in theirs]), ours, theirs)
    i = j = 0
    for match in [*matches, Match(len(ours), len(theirs), 0)]:
        yield from _trimmed(before + _text(ours[i : match.old]), after + _text(theirs[j : match.new]))
        i, j = match.old + match.length, match.new + match.length
        if match.length:
            (last, before), (_, after) = ours[i - 1], theirs[j - 1]
            yield from _kept(ours[match.old : i - 1], theirs[match.new : j - 1])
            yield Span("=", last)


def _text(words: Sequence[Word]) -> str:
    return "".join(map("".join, words))


def _kept(ours: list[Word], theirs: list[Word]) -> Iterator[Span]:
    """The same tokens, the white space between them as it may be."""
    if ours == theirs:
        yield Span("=", _text(ours))
        return
    for (token, ended), (_, ends) in zip(ours, theirs, strict=True):
        yield Span("=", token)
        yield from _trimmed(ended, ends)


def slid(matches: list[Match], ours: list[Word], theirs: list[Word]) -> list[Match]:
    """Text that only one side has can often be read as starting a little earlier or later. It starts where a sentence
    does, else a clause, or where it meets another change."""
    result = [Match(0, 0, 0), *matches, Match(len(ours), len(theirs), 0)]
    for at in range(1, len(result)):
        left, right = result[at - 1], result[at]
        i, j = left.old + left.length, left.new + left.length
        side, start, end = (theirs, j, right.new) if i == right.old else (ours, i, right.old)
        if (i == right.old) == (j == right.new) or not any(token[0].isalnum() for token, _ in side[start:end]):
            continue
        back = forth = 0
        while back < left.length and side[start - back - 1] == side[end - back - 1]:
            back += 1
        while forth < right.length and side[start + forth] == side[end + forth]:
            forth += 1
        meets = {-left.length: left.old or left.new, right.length: at < len(result) - 2}
        edges = {by: 4 if by and meets.get(by) else _edge(side, start + by) for by in range(-back, forth + 1)}
        by = max(edges, key=lambda by: (edges[by], -abs(by), by))
        result[at - 1] = Match(left.old, left.new, left.length + by)
        result[at] = Match(right.old + by, right.new + by, right.length - by)
    return joined(result)


def _edge(words: list[Word], at: int) -> int:
    """How good a place this is for a change to start."""
    token, space = words[at - 1] if at else (".", " ")
    if (token in ".!?۔؟" and space) or token in "。！？" or "\n" in space:
        return 3
    return 2 if token in ",;:،؛、，；：" else 0


def _trimmed(old: str, new: str) -> Iterator[Span]:
    start = len(old) if old == new else _white(old, new)
    yield Span("=", old[:start])
    old, new = old[start:], new[start:]
    end = _white(old[::-1], new[::-1])
    yield Span("-", old[: len(old) - end])
    yield Span("+", new[: len(new) - end])
    yield Span("=", old[len(old) - end :])


def _white(old: str, new: str) -> int:
    """How much white space two texts start with in common."""
    return common((x, y if x.isspace() else "") for x, y in zip(old, new, strict=False))


# Which cell of an old and of a new row a column is, from 0 before the first bar.
Column = tuple[int | None, int | None]


def cells(row: str) -> list[str]:
    parts = _BAR.split(row)  # text, what escapes nothing, text, …
    return ["".join(parts[index : index + 2]) for index in range(0, len(parts), 2)]


def columns(old: str, new: str, before: Sequence[Column]) -> tuple[Column, ...]:
    """How the cells of two rows belong together: as those of the row above do, else by their words."""
    ours, theirs = ([tuple(cell.split()) for cell in cells(row)] for row in (old, new))
    counts = tuple(sum(place is not None for place in side) for side in zip(*before, strict=True))
    if counts == (len(ours), len(theirs)):
        return tuple(before)
    if len(ours) == len(theirs):
        return tuple((index, index) for index in range(len(ours)))
    found: list[Column] = []
    i = j = 0
    for match in [*compute(ours, theirs), Match(len(ours), len(theirs), 0)]:
        found += zip_longest(range(i, match.old), range(j, match.new))
        i, j = match.old + match.length, match.new + match.length
        found += zip(range(match.old, i), range(match.new, j), strict=True)
    return tuple(found)


def row_spans(old: str, new: str, columns: Sequence[Column]) -> Iterator[Span]:
    """Cell by cell, each with the bar before it; a column that one row lacks is taken out or put in with its bar."""
    ours, theirs = cells(old), cells(new)
    for i, j in columns:
        yield from (replace(span, role="bar") for span in word_spans("|" * bool(i), "|" * bool(j)))
        yield from word_spans("" if i is None else ours[i], "" if j is None else theirs[j])


def shown(spans: Iterable[Span]) -> int:
    """How many tokens are shown as taken out or put in."""
    return sum(size(span.text) for span in spans if span.changed and not span.move)


@lru_cache(maxsize=1 << 16)
def size(text: str) -> int:
    return len(TOKEN.findall(text))
