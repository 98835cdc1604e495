"""A redline made readable: without confetti, and no salad of two texts that have hardly anything in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from generator.changes import BlockChange
from generator.spans import Span, merged, shown, size

_SMALL = 20  # tokens: a change of no more is shown as it is
_ISLAND = 2  # kept tokens between two changes that are no more than confetti
_REWRITTEN = 6  # a block of which less than this part is kept is shown as old and new


def simplify(changes: Sequence[BlockChange]) -> list[BlockChange]:
    """Without confetti: one or two kept tokens between two changes are shown with them, and a block of which hardly
    anything is kept is shown as old and new. A change of few tokens stays as it is, but for marks within an address."""
    flat = [(span, place) for place, change in enumerate(changes) for span in change.spans]
    small = shown(span for span, _ in flat) <= _SMALL
    while islands := [run for run in _islands(flat, small) if not _is_whole(changes, flat[run.start : run.stop])]:
        for run in reversed(islands):
            flat[run.start : run.stop] = [part for pair in flat[run.start : run.stop] for part in _given_up(*pair)]
    spans: list[list[Span]] = [[] for _ in changes]
    for span, place in flat:
        spans[place].append(span)
    return [_rewritten(_with(change, found)) for change, found in zip(changes, spans, strict=True)]


def _islands(flat: Sequence[tuple[Span, int]], small: bool) -> Iterator[range]:
    """The runs of kept spans that are no more than an island between two changes of words."""
    runs, at = [], 0
    for equal, run in groupby(flat, key=lambda pair: pair[0].op == "="):
        pairs = list(run)
        runs.append((equal, range(at, at + len(pairs)), pairs))
        at += len(pairs)
    for (_, _, before), (equal, where, kept), (_, _, after) in zip(runs, runs[1:], runs[2:], strict=False):
        if equal and not before[-1][0].renum and not after[0][0].renum and _is_island(before, kept, after, small):
            yield where


def _is_island(
    before: list[tuple[Span, int]], kept: list[tuple[Span, int]], after: list[tuple[Span, int]], small: bool
) -> bool:
    if sum(len(span.text) for span, _ in kept) > 80 or any(span.role == "bar" for span, _ in kept):
        return False
    held, left, right = (sum(size(span) for span, _ in run) for run in (kept, before, after))
    if not (1 <= held <= _ISLAND and left and right):
        return False
    return not small or (held == 1 and left + right >= 8)


def _is_whole(changes: Sequence[BlockChange], run: list[tuple[Span, int]]) -> bool:
    """Whether a run holds all of a block: a list item that was kept is no confetti."""
    counts = Counter(place for _, place in run)
    return any(count == len(changes[place].spans) for place, count in counts.items())


def _given_up(span: Span, place: int) -> list[tuple[Span, int]]:
    if not span.text.strip():
        return [(span, place)]
    return [(replace(span, op="-"), place), (replace(span, op="+"), place)]


def _with(change: BlockChange, spans: list[Span]) -> BlockChange:
    """The change with other spans; where several follow each other, what is gone stands before what came."""
    if tuple(spans) == change.spans:
        return change
    ordered: list[Span] = []
    for (_, _), run in groupby(spans, key=lambda span: (span.op == "=", span.role)):
        ordered += sorted(run, key=lambda span: "=-+".index(span.op))
    return replace(change, spans=tuple(merged(ordered)))


def _rewritten(change: BlockChange) -> BlockChange:
    """As old and new, where most of the words are."""
    if not (change.old and change.new and "reworded" in change.kinds) or change.block.kind == "row":
        return change
    kept = sum(size(span) for span in change.words if span.op == "=")
    least = max(sum(size(span) for span in change.words if span.op in ("=", op)) for op in ("-", "+"))
    if not kept or _REWRITTEN * kept >= least:
        return change
    form, tail = ([span for span in change.spans if span.role == role] for role in ("form", "tail"))
    old, new = ("".join(span.text for span in change.words if span.op in ("=", op)) for op in ("-", "+"))
    return replace(change, spans=(*form, Span("-", old), Span("+", new), *tail))
