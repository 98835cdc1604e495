"""What changed between two texts of a policy: Document x Document -> Redline.

Blocks are aligned first (`align`), then the words of those that belong together (`tokens`). The redline is lossless:
the spans of all its blocks, `=` and `-` joined, are the old file byte for byte, `=` and `+` the new one. Exact first,
then made readable: `compare(…, minimal=True)` leaves out the second step.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Literal

from generator.align import Aligned, Alignment, Unit, align
from generator.blocks import Block, is_dashes, scan
from generator.documents import Document, Section
from generator.tokens import TOKEN, Match, Op, compute
from generator.visible import Visible, difference

Role = Literal["form", "words", "bar", "tail"]
Status = Literal["unchanged", "added", "removed", "moved", "reworded", "renamed", "reformatted"]
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

_FORM = re.compile(r"([ \t]*)([>#]*)([ \t]*)(.*)$", re.DOTALL)
_BAR = re.compile(r"((?<!\\)(?:\\\\)*)\|")
_TARGET = re.compile(
    r"\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*[^()]*\)|<?\bhttps?://[^\s<>\]]+|^\[[^\]]+\]:.*$", re.MULTILINE
)
_SMALL = 20  # tokens: a change of no more is shown as it is
_ISLAND = 2  # kept tokens between two changes that are no more than confetti
_REWRITTEN = 6  # a block of which less than this part is kept is shown as old and new


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
    def cells(self) -> list[list[Span]]:
        """Of a row the spans of each cell; the last of them, the bar, tells whether the column is old or new."""
        cells: list[list[Span]] = [[]]
        for span in self.words:
            cells[-1].append(span)
            if span.role == "bar":
                cells.append([])
        return [cell for cell in cells[1:] if cell]


@dataclass(frozen=True, slots=True)
class SectionChange:
    """A section of either text, or the same section in both. One that moved stands at both of its places."""

    old: Section | None
    new: Section | None
    title: BlockChange | None  # None for the text before the first heading
    blocks: tuple[BlockChange, ...]

    @property
    def section(self) -> Section:
        """The section as readers find it: the new one where there is one."""
        found = self.new or self.old
        assert found is not None
        return found

    @property
    def heading(self) -> tuple[Span, ...]:
        return self.title.words if self.title else ()

    @property
    def move(self) -> int:
        return self.title.move if self.title else 0

    @property
    def all(self) -> tuple[BlockChange, ...]:
        return (self.title, *self.blocks) if self.title else self.blocks

    @property
    def kinds(self) -> frozenset[Kind]:
        return frozenset().union(*(block.kinds for block in self.all))

    @property
    def status(self) -> Status:
        if self.move:
            return "moved"
        if self.old is None or self.new is None:
            return "added" if self.old is None else "removed"
        if all(block.kept for block in self.all):
            return "unchanged"
        if all(block.kept for block in self.blocks):
            return "renamed" if self.old.heading != self.new.heading else "reformatted"
        return "reworded" if self.kinds & {"added", "removed", "moved", "reworded"} else "reformatted"

    def count(self, op: Op) -> int:
        """How many words are only in the old (-) or only in the new (+) text, moved ones apart."""
        spans = (span for block in self.all for span in block.words)
        return sum(len(re.findall(r"\w+", span.text)) for span in spans if span.op == op and not span.move)


@dataclass(frozen=True, slots=True)
class Redline:
    """The sections of both texts in reading order. `visible` is what a reader who sees no marks would notice: proven,
    not judged."""

    old: Document
    new: Document
    sections: tuple[SectionChange, ...]
    visible: Visible
    minimal: bool = False

    @property
    def changed(self) -> tuple[SectionChange, ...]:
        return tuple(section for section in self.sections if section.status != "unchanged")

    @property
    def blocks(self) -> Iterator[BlockChange]:
        return (block for section in self.sections for block in section.all)

    @property
    def ops(self) -> list[Span]:
        """All spans in reading order, those that say the same joined; of a minimal redline the fewest tokens that any
        comparison could show, even where they follow no block."""
        aligned = merged(replace(span, role="words") for block in self.blocks for span in block.spans)
        if not self.minimal:
            return aligned
        return min(aligned, merged(_word_spans(self.old.source, self.new.source)), key=_shown)


def compare(old: Document, new: Document, *, minimal: bool = False) -> Redline:
    """The redline from `old` to `new`; `minimal` leaves it exact, without serving readers."""
    alignment = align(old.source, new.source)
    changes = list(_changes(alignment))
    if not minimal:
        changes = simplify(changes)
    visible = difference(old.source, new.source, foreign=old.foreign and new.foreign)
    return Redline(old, new, tuple(_sections(old, new, alignment, changes)), visible, minimal)


def same_words(old: Section | None, new: Section | None) -> bool:
    """Whether two sections differ in no word, number or link: white space, punctuation and marks at most."""
    if old is None or new is None:
        return False
    return _said(old) == _said(new)


def _said(section: Section) -> list[str]:
    return re.findall(r"\S+", _UNSAID.sub(" ", f"{section.heading} {section.source}"))


# Letters with their vowel signs, digits, currencies, measures and signs are what a reader would say aloud.
_UNSAID = re.compile(r"(?:(?![-+−]\d)[^\w\u0300-\u036f\u0610-\u06ed\u0900-\u0dff%‰§≤≥≠±$¢£¤¥€₨₩₪₫₱₹₺₽؋﷼]|_)+")


def words(old: str, new: str) -> tuple[Span, ...]:
    """The readable redline of two texts that are no files, such as two labels."""
    sides = [(Block("paragraph", "", text, ""),) if text else () for text in (old, new)]
    change = _paired(*sides, ()) if all(sides) else BlockChange(*sides, tuple(merged(_either(old, new, "words"))))
    return simplify([change])[0].spans


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans that say the same of one role are one; empty ones are none."""
    result = []
    for key, run in groupby((s for s in spans if s.text), key=lambda s: (s.op, s.role, s.move, s.renum)):
        result.append(Span(key[0], "".join(span.text for span in run), *key[1:]))
    return result


def _changes(alignment: Alignment) -> Iterator[BlockChange]:
    numbers = _move_numbers(alignment.changes)
    columns: list[Column] = []
    for place in alignment.changes:
        olds, news = [alignment.old[i] for i in place.old], [alignment.new[j] for j in place.new]
        if place.end is not None:
            here, there = place.old or place.new, (place.end,)
            ends = (here, there) if place.old else (there, here)
            yield _moved(alignment.old[ends[0][0]], alignment.new[ends[1][0]], "-" if place.old else "+", numbers[ends])
        elif olds and news:
            if _is_row(olds, news):
                columns = _columns(olds[0].block.text, news[0].block.text, columns)
            yield _paired(tuple(unit.block for unit in olds), tuple(unit.block for unit in news), tuple(columns))
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
    spans = (Span(op, block.prefix, "form"), *_whole(op, block), Span(op, block.suffix, "tail"))
    return BlockChange(tuple(olds), tuple(news), tuple(merged(spans)), 0, kinds)


def _whole(op: Op, block: Block) -> Iterator[Span]:
    """The words of a block, the cells of a row apart."""
    if block.kind != "row":
        yield Span(op, block.text)
        return
    for index, cell in enumerate(_cells(block.text)):
        if index:
            yield Span(op, "|", "bar")
        yield Span(op, cell)


def _moved(old: Unit, new: Unit, op: Op, number: int) -> BlockChange:
    """One end of a moved block: what stayed the same carries the number, what was edited on the way does not."""
    change = _paired((old.block,), (new.block,), ())
    spans = [
        replace(span, op=op, move=number) if span.op == "=" else span for span in change.spans if span.op in ("=", op)
    ]
    tail = Span(op, (old if op == "-" else new).block.suffix, "tail", number)
    kept = [span for span in spans if span.role != "tail"]
    spans = merged([*kept, tail])
    ours, theirs = (change.old, ()) if op == "-" else ((), change.new)
    return BlockChange(ours, theirs, tuple(spans), number, change.kinds - SILENT | {"moved"})


@lru_cache(maxsize=1 << 14)
def _paired(old: tuple[Block, ...], new: tuple[Block, ...], columns: tuple[Column, ...]) -> BlockChange:
    """Once for each distinct pair of blocks, however many versions share them."""
    if old == new:
        return BlockChange(old, new, tuple(merged(_plain(new[0]))))
    first, last = (old[0], new[0]), (old[-1], new[-1])
    words = _row_spans(first, columns) if columns and first[1].kind == "row" else _word_spans(_text(old), _text(new))
    tail = _either(last[0].suffix, last[1].suffix, "tail")
    spans = tuple(merged([*_form_spans(first[0].prefix, first[1].prefix), *words, *tail]))
    return BlockChange(old, new, spans, 0, _kinds(old, new, spans))


def _plain(block: Block) -> Iterator[Span]:
    yield Span("=", block.prefix, "form")
    yield from _whole("=", block)
    yield Span("=", block.suffix, "tail")


def _text(blocks: Sequence[Block]) -> str:
    between = (before.suffix + after.prefix + after.text for before, after in pairwise(blocks))
    return blocks[0].text + "".join(between)


def _either(old: str, new: str, role: Role, *, renum: bool = False) -> Iterator[Span]:
    if old == new:
        yield Span("=", old, role)
    else:
        yield Span("-", old, role, renum=renum and bool(old.strip()))
        yield Span("+", new, role, renum=renum and bool(new.strip()))


def _form_spans(old: str, new: str) -> Iterator[Span]:
    """Indentation, heading marks or quotes, and the number or list mark, each by itself."""
    ours, theirs = (match.groups() for match in (_FORM.match(old), _FORM.match(new)) if match)
    for index, (x, y) in enumerate(zip(ours, theirs, strict=True)):
        same = min(len(x), len(y)) if index == 1 and x.strip("#") == y.strip("#") == "" else 0
        yield Span("=", x[:same], "form")
        yield from _either(x[same:], y[same:], "form", renum=index == 3)


def _word_spans(old: str, new: str) -> Iterator[Span]:
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


def _is_row(olds: list[Unit], news: list[Unit]) -> bool:
    return olds[0].block.kind == news[0].block.kind == "row"


def _cells(row: str) -> list[str]:
    parts = _BAR.split(row)  # text, what escapes nothing, text, …
    return ["".join(parts[index : index + 2]) for index in range(0, len(parts), 2)]


def _columns(old: str, new: str, before: list[Column]) -> list[Column]:
    """How the cells of two rows belong together: as those of the row above do, else by their words."""
    ours, theirs = ([cell.split() for cell in _cells(row)] for row in (old, new))
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


def _row_spans(rows: tuple[Block, Block], columns: Sequence[Column]) -> Iterator[Span]:
    """Cell by cell, each with the bar before it; a column that one row lacks is taken out or put in with its bar."""
    ours, theirs = (_cells(row.text) for row in rows)
    for column in columns:
        if column.old is not None and column.new is not None:
            yield from [Span("=", "|", "bar")] if column.old and column.new else _lone_bars(column)
            yield from _word_spans(ours[column.old], theirs[column.new])
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
    if any(span.changed and span.text.strip() for span in spans if span.role == "tail"):
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
        if [_aligned(cell) for cell in _cells(before)] != [_aligned(cell) for cell in _cells(after)]:
            yield "alignment"
        yield "spacing"
    elif before.split() == after.split():
        yield "spacing"
    else:
        if _TARGET.findall(before) != _TARGET.findall(after):
            yield "link"
        if difference(before, after) != "nothing":
            if not _only_columns(spans):
                yield "reworded"
        elif _TARGET.sub("]", before).split() != _TARGET.sub("]", after).split():
            yield "formatting"


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


def simplify(changes: Sequence[BlockChange]) -> list[BlockChange]:
    """Without confetti: one or two kept tokens between two changes are shown with them, and a block of which hardly
    anything is kept is shown as old and new. A change of few tokens stays as it is, but for marks within an address."""
    flat = [(span, place) for place, change in enumerate(changes) for span in change.spans]
    small = _shown(span for span, _ in flat) <= _SMALL
    while islands := [run for run in _islands(flat, small) if not _is_whole(changes, flat[run.start : run.stop])]:
        for run in reversed(islands):
            flat[run.start : run.stop] = [part for pair in flat[run.start : run.stop] for part in _given_up(*pair)]
    spans: list[list[Span]] = [[] for _ in changes]
    for span, place in flat:
        spans[place].append(span)
    return [_rewritten(_with(change, found)) for change, found in zip(changes, spans, strict=True)]


def _shown(spans: Iterable[Span]) -> int:
    """How many tokens are shown as taken out or put in."""
    return sum(_size(span) for span in spans if span.changed and not span.move)


def _size(span: Span) -> int:
    return len(TOKEN.findall(span.text)) if span.text.strip() else 0


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
    size, left, right = (sum(_size(span) for span, _ in run) for run in (kept, before, after))
    if not (1 <= size <= _ISLAND and left and right):
        return False
    return not small or (size == 1 and left + right >= 8)


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
    kept = sum(_size(span) for span in change.words if span.op == "=")
    least = max(sum(_size(span) for span in change.words if span.op in ("=", op)) for op in ("-", "+"))
    if not kept or _REWRITTEN * kept >= least:
        return change
    form, tail = ([span for span in change.spans if span.role == role] for role in ("form", "tail"))
    old, new = ("".join(span.text for span in change.words if span.op in ("=", op)) for op in ("-", "+"))
    return replace(change, spans=(*form, Span("-", old), Span("+", new), *tail))


def _sections(
    old: Document, new: Document, alignment: Alignment, changes: Sequence[BlockChange]
) -> Iterator[SectionChange]:
    """Changes grouped by the section they stand in. A heading that is gone while its text stayed is part of the section
    that the text is in now."""
    groups = [_Group(0, 0)]
    for place, change in zip(alignment.changes, changes, strict=True):
        ours = alignment.old[place.old[0]].section if place.old else None
        theirs = alignment.new[place.new[0]].section if place.new else None
        if change.block.kind in ("heading", "section"):
            groups.append(_Group(ours, theirs))
        else:
            while theirs is not None and groups[-1].new != theirs:
                gone = groups.pop()
                groups[-1].changes += gone.changes
        groups[-1].changes.append(change)
    for group in groups:
        yield from _section(_of(old, group.old), _of(new, group.new), group.changes)


@dataclass(slots=True)
class _Group:
    """Changes of one section, known by its place in the old and in the new file."""

    old: int | None
    new: int | None
    changes: list[BlockChange] = field(default_factory=list)


def _of(document: Document, place: int | None) -> Section | None:
    """The section at a place of the file; the text before the first heading is one only if there is any."""
    if place is None:
        return None
    first = bool(document.sections) and not document.sections[0].id
    index = place if first else place - 1
    return document.sections[index] if index >= 0 else None


def _section(old: Section | None, new: Section | None, changes: list[BlockChange]) -> Iterator[SectionChange]:
    blocks = [block for change in changes for block in _blocks_of(change)]
    title = blocks[0] if blocks and blocks[0].block.kind == "heading" else None
    if blocks:
        yield SectionChange(old, new, title, tuple(blocks[1:] if title else blocks))


@lru_cache(maxsize=1 << 12)
def _blocks_of(change: BlockChange) -> tuple[BlockChange, ...]:
    """A whole section that was kept or moved as the blocks it is made of."""
    if change.block.kind != "section":
        return (change,)
    op = change.spans[0].op
    return tuple(
        replace(
            change,
            old=(block,) if change.old else (),
            new=(block,) if change.new else (),
            spans=tuple(merged(replace(span, op=op, move=change.move) for span in _plain(block))),
        )
        for block in scan(change.block.text)
    )
