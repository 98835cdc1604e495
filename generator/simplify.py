"""A redline made readable: without confetti, and no salad of two texts that have hardly anything in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from generator.changes import BlockChange
from generator.spans import Span, merged, shown, size

_SMALL = 20  # tokens: a change of no more is shown as it is
_ADDRESS = 8  # tokens of two changes between which one is given up even so
_ISLAND = 2  # kept tokens between two changes that are no more than confetti
_REWRITTEN = 6  # a block of which less than this part is kept is shown as old and new


def simplify(changes: Sequence[BlockChange]) -> list[BlockChange]:
    """Without confetti: one or two kept tokens between two changes are shown with them, and a block of which hardly
    anything is kept is shown as old and new. A change of few tokens stays as it is, but for marks within an address."""
    runs = _runs((span, place) for place, change in enumerate(changes) for span in change.spans)
    small = sum(shown(span for span, _ in run.pairs) for run in runs if not run.kept) <= _SMALL
    wholes = [len(change.spans) for change in changes]
    while islands := {
        at
        for at, (before, run, after) in enumerate(zip(runs, runs[1:], runs[2:], strict=False), 1)
        if _is_island(before, run, after, wholes, small)
    }:
        runs = _runs(
            pair for at, run in enumerate(runs) for pair in (_given_up(run.pairs) if at in islands else run.pairs)
        )
    spans: list[list[Span]] = [[] for _ in changes]
    for run in runs:
        for span, place in run.pairs:
            spans[place].append(span)
    return [_rewritten(_with(change, found)) for change, found in zip(changes, spans, strict=True)]


@dataclass(frozen=True, slots=True)
class _Run:
    """Spans that follow each other, each with the place of its block, and their tokens."""

    kept: bool
    pairs: list[tuple[Span, int]]
    size: int


def _runs(pairs: Iterable[tuple[Span, int]]) -> list[_Run]:
    return [
        _Run(kept, run := list(group), sum(size(span) for span, _ in run))
        for kept, group in groupby(pairs, key=lambda pair: pair[0].op == "=")
    ]


def _is_island(before: _Run, run: _Run, after: _Run, wholes: list[int], small: bool) -> bool:
    """Whether a run is no more than an island between two changes of words. Cells stay apart, and a list item that was
    kept is no confetti."""
    if not (run.kept and 1 <= run.size <= _ISLAND and before.size and after.size):
        return False
    if before.pairs[-1][0].renum or after.pairs[0][0].renum or any(span.role == "bar" for span, _ in run.pairs):
        return False
    if any(count == wholes[place] for place, count in Counter(place for _, place in run.pairs).items()):
        return False
    return not small or (run.size == 1 and before.size + after.size >= _ADDRESS)


def _given_up(pairs: Iterable[tuple[Span, int]]) -> Iterator[tuple[Span, int]]:
    for span, place in pairs:
        if span.text.strip():
            yield replace(span, op="-"), place
            yield replace(span, op="+"), place
        else:
            yield span, place


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
