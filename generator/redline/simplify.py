"""A redline made readable: without confetti, and no salad of two texts that have hardly anything in common."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, count, groupby

from generator.redline.changes import BlockChange
from generator.redline.spans import Span, merged, shown, size
from generator.redline.visible import mask_of

_SMALL = 20  # tokens: a change of no more is shown as it is
_ADDRESS = 8  # tokens of two changes between which one is given up even so
_ISLAND = 2  # kept tokens between two changes that are no more than confetti
_WIDEST = 80  # characters: more are not looked at, to count the tokens of changes only
_REWRITTEN = 5  # a block of which less than this part is kept is shown as old and new
# An amount with its currency, a rate, a date, a time, the number of a clause; but in an attribute nobody reads it.
_NUMBER = re.compile(
    r"""="[^"\n]*"|((?:[$€£¥₹₨]|\b[A-Za-z]{1,3})?"""
    r"(?:\d{4}-\d\d-\d\d|\d+[A-Za-z]*(?:[.,:/'’٫٬\u00a0\u202f]\d+[A-Za-z]*)*)[%‰€]?)"
)


Place = tuple[Span, int]  # a span, and which change it is part of


def simplify(changes: Sequence[BlockChange]) -> list[BlockChange]:
    """Without confetti: numbers are whole, one or two kept tokens between two changes are shown with them, and a block
    of which hardly anything is kept is shown as old and new. A change of few tokens stays as it is, but for numbers and
    marks within an address."""
    small = shown(span for change in changes for span in change.spans) <= _SMALL
    tidied = _tidied([change.spans for change in changes], small)
    return [  # the same object where nothing was given up: it is a key further on
        _rewritten(change if spans == change.spans else replace(change, spans=spans))
        for change, spans in zip(changes, tidied, strict=True)
    ]


def tidy(spans: Sequence[Span]) -> tuple[Span, ...]:
    """The same for one block that moved, which is no small change."""
    return next(_tidied([spans], small=False))


def _tidied(exact: Sequence[Sequence[Span]], small: bool) -> Iterator[tuple[Span, ...]]:
    blocks = [list(_with_whole_numbers(spans)) for spans in exact]
    flat = [(span, place) for place, spans in enumerate(blocks) for span in spans]
    while True:
        runs = [list(run) for _, run in groupby(flat, key=_is_kept)]
        triples = enumerate(zip(runs, runs[1:], runs[2:], strict=False), 1)
        islands = [at for at, triple in triples if _is_island(*triple, small) and not _is_whole(blocks, triple[1])]
        if not islands:
            break
        for at in islands:
            runs[at] = [part for pair in runs[at] for part in _given_up(*pair)]
        flat = [pair for run in runs for pair in run]
    tidied: list[list[Span]] = [[] for _ in blocks]
    for span, place in flat:
        tidied[place].append(span)
    return map(_ordered, tidied)


def _with_whole_numbers(spans: Sequence[Span]) -> Iterator[Span]:
    """A number that changed is shown as old and new, whichever of its figures stayed."""
    given_up: set[int] = set()  # of the characters that both texts have, by their place among those
    for op in ("-", "+"):
        side = [span for span in spans if span.op in ("=", op)]
        if len({span.op for span in side}) > 1:
            kept = [*accumulate((span.op == "=" for span in side for _ in span.text), initial=0)]
            words = (span.text if span.role == "words" else " " * len(span.text) for span in side)
            for number in _NUMBER.finditer("".join(words)):
                start, end = number.span(1)
                if kept[start] < kept[end] < kept[start] + end - start:
                    given_up.update(range(kept[start], kept[end]))
    place = count()
    for span in spans:
        if not given_up or span.op != "=":
            yield span
            continue
        for gone, run in groupby(span.text, key=lambda _: next(place) in given_up):
            text = "".join(run)
            yield from (replace(span, op=op, text=text) for op in ("-", "+")) if gone else [replace(span, text=text)]


def _is_kept(pair: Place) -> bool:
    return pair[0].op == "=" or not pair[0].text.strip()


def _is_island(before: list[Place], run: list[Place], after: list[Place], small: bool) -> bool:
    """Whether a run is kept between two changes that readers see, and no more than an island. Cells stay apart."""
    if not _is_kept(run[0]) or before[-1][0].renum or after[0][0].renum:
        return False
    if sum(len(span.text) for span, _ in run) > _WIDEST or any(span.role == "bar" for span, _ in run):
        return False
    held, left, right = (sum(size(span.text) for span, _ in part) for part in (run, before, after))
    if not (1 <= held <= _ISLAND and left and right):
        return False
    if small and (held > 1 or left + right < _ADDRESS):
        return False
    marks = (mask_of("".join(span.text for span, _ in part).strip()) for part in (before, after))
    # A word that a link or a mark was put on, or taken off, is kept: a note tells of that.
    return held > 1 or "w" in "".join(marks)


def _is_whole(blocks: Sequence[Sequence[Span]], run: list[Place]) -> bool:
    """Whether a run holds all of a block: a list item that was kept is no confetti."""
    counts = Counter(place for _, place in run)
    return any(count == len(blocks[place]) for place, count in counts.items())


def _given_up(span: Span, place: int) -> list[Place]:
    """White space stays as it is."""
    return [(replace(span, op=op), place) for op in ("-", "+")] if span.text.strip() else [(span, place)]


def _ordered(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Where several changes follow each other, what is gone stands before what came."""
    runs = (list(run) for _, run in groupby(spans, key=lambda span: (span.op == "=", span.role)))
    return tuple(merged(span for run in runs for span in sorted(run, key=lambda span: "=-+".index(span.op))))


def _rewritten(change: BlockChange) -> BlockChange:
    """As old and new, where most of the words are."""
    if not (change.old and change.new and "reworded" in change.kinds) or change.block.kind == "row":
        return change
    kept = sum(size(span.text) for span in change.words if span.op == "=")
    least = max(sum(size(span.text) for span in change.words if span.op in ("=", op)) for op in ("-", "+"))
    if not kept or _REWRITTEN * kept >= least:
        return change
    form, tail = ([span for span in change.spans if span.role == role] for role in ("form", "tail"))
    old, new = ("".join(span.text for span in change.words if span.op in ("=", op)) for op in ("-", "+"))
    return replace(change, spans=(*form, Span("-", old), Span("+", new), *tail))
