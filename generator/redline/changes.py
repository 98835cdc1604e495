"""What became of each block: an alignment with its words compared, and what happened named."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise
from typing import Literal

from generator.redline.align import Aligned, Alignment, Unit
from generator.redline.blocks import LINE, Block, BlockKind, heading_of, is_dashes
from generator.redline.spans import Column, Span, cells, columns, form_spans, merged, plain, row_spans, word_spans
from generator.redline.tokens import Op
from generator.redline.visible import DATE, LINK, text_of

_Shape = Literal["nested", "flattened", "split", "joined", "column", "alignment"]
Kind = Literal["added", "removed", "moved", "reworded", "renumbered", "link", "formatting", "anchor", "spacing", _Shape]
SILENT: frozenset[Kind] = frozenset({"renumbered", "spacing"})  # what no reader needs to be shown
_FORM = re.compile(r"[ \t>]*(?:[-*+][ \t]+)*(?:#+[ \t]*)?")
_NUMBER = re.compile(r"[^\W_]+(?:\.\d+)*(?=[\W_]*$)")  # of what stands before the words of a block
_ONES = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
_ROMAN = dict(pairwise(tens + ones for tens in ("", "x", "xx", "xxx") for ones in _ONES))


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
        cells: list[tuple[Op, list[Span]]] = [("=", [])]
        for span in self.words:
            if span.role == "bar":
                cells.append((span.op, []))
            else:
                cells[-1][1].append(span)
        start = 0 if any(span.text.strip() for span in cells[0][1]) else 1  # before the first bar most have none
        return cells[start : len(cells) if cells[-1][1] else -1]


Tidy = Callable[[tuple[Span, ...]], tuple[Span, ...]]


def changes_of(alignment: Alignment, tidy: Tidy = tuple, *, apart: bool = False) -> Iterator[BlockChange]:
    """What became of each block; `tidy` is done to one that moved before it is shown at both of its ends. Of sections
    that stand `apart` from their neighbours no heading tells whether its number counts, so it does."""
    numbers = _move_numbers(alignment.changes)
    table: tuple[Column, ...] = ()
    counting = cache(lambda: [set(_counting(units, apart)) for units in (alignment.old, alignment.new)])
    for place in alignment.changes:
        end = () if place.end is None else (place.end,)
        ours, theirs = place.old or end, place.new or end
        old = tuple(alignment.old[i].block for i in ours)
        new = tuple(alignment.new[j].block for j in theirs)
        marked = old and new and old[0].prefix != new[0].prefix
        if marked and ours[0] not in counting()[0] and theirs[0] not in counting()[1]:
            old, new = _with_figures(old, new)
        if place.end is not None:
            yield _moved(old[0], new[0], "-" if place.old else "+", numbers[ours[0], theirs[0]], tidy)
        elif old and new:
            if old[0].kind == new[0].kind == "row":
                table = columns(old[0].text, new[0].text, table)
            yield paired(old, new, table)
        else:
            kind: Kind = "spacing" if (old + new)[0].kind == "blank" else "removed" if old else "added"
            yield BlockChange(old, new, plain((old + new)[0], "-" if old else "+"), 0, frozenset({kind}))


def _with_figures(old: tuple[Block, ...], new: tuple[Block, ...]) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    """Two blocks with the figures before their words among them, where those changed; another sort of mark is form."""
    (ours, form), (theirs, other) = ((_number(side[0]), next(_FORM.finditer(side[0].prefix))[0]) for side in (old, new))
    if ours == theirs or not (form == other or (ours and theirs)):
        return old, new
    return (_worded(old[0], form), *old[1:]), (_worded(new[0], other), *new[1:])


def _worded(block: Block, form: str) -> Block:
    kind: BlockKind = "paragraph" if block.kind == "item" and not form.strip(" \t>") else block.kind
    return Block(kind, form, block.prefix[len(form) :] + block.text, block.suffix)


def _number(block: Block) -> str:
    found = _NUMBER.search(block.prefix)
    return re.sub(r"\d+", lambda digits: str(int(digits[0][-9:])), found[0]) if found else ""


def _counting(units: Sequence[Unit], apart: bool) -> Iterator[int]:
    """The blocks with a number that goes on from that of another in their section, of headings in any, or that another
    one goes on from. Any other may be a date, a measure or an initial."""
    sorts: dict[tuple[object, ...], dict[int, str]] = defaultdict(dict)
    for at, unit in enumerate(units):
        block = heading_of(unit.block.text) if unit.block.kind == "section" else unit.block
        if number := _number(block):
            before, _, after = _NUMBER.sub("\0", block.prefix).partition("\0")
            if not DATE.match(block.prefix[len(before) :] + block.text):
                sorts[block.kind, block.kind != "heading" and unit.section, before.strip(), after.strip()][at] = number
            if number[0] == "第" or (apart and block.kind == "heading"):
                yield at
    for numbers in sorts.values():
        following = {number: _following(number) for number in numbers.values()}
        follow = set().union(*following.values())
        yield from (at for at, number in numbers.items() if number in follow or following[number] & following.keys())


def _following(number: str) -> set[str]:
    """What counts on from a number or letter; "i" may be either."""
    head, dot, last = number.rpartition(".")
    if last.isdecimal():
        return {f"{head}{dot}{int(last) + 1}"}
    letter, roman = chr(ord(last) + 1) if len(last) == 1 else "", _ROMAN.get(last.lower(), "")
    return {letter, roman.upper() if last.isupper() else roman} - {""}


def _move_numbers(changes: Iterable[Aligned]) -> dict[tuple[int, int], int]:
    """A number for each move in the order of the new text; neighbours that moved together share one."""
    numbers: dict[tuple[int, int], int] = {}
    count = 0
    for old, new in ((change.end, change.new[0]) for change in changes if change.end is not None and change.new):
        together = numbers.get((old - 1, new - 1))
        count += together is None
        numbers[old, new] = together or count
    return numbers


def _moved(old: Block, new: Block, op: Op, number: int, tidy: Tidy) -> BlockChange:
    """One end of a moved block: what stayed the same carries the number, what was edited on the way does not."""
    change = paired((old,), (new,), columns(old.text, new.text, ()) if old.kind == "row" else ())
    spans = merged(
        replace(span, op=op, move=number) if span.op == "=" or (span.role == "tail" and span.text.isspace()) else span
        for span in tidy(change.spans)
        if span.op in ("=", op)
    )
    ours, theirs = (change.old, ()) if op == "-" else ((), change.new)
    return BlockChange(ours, theirs, tuple(spans), number, change.kinds - SILENT | {"moved"})


@lru_cache(maxsize=1 << 14)
def paired(old: tuple[Block, ...], new: tuple[Block, ...], table: tuple[Column, ...]) -> BlockChange:
    """Once for each distinct pair of blocks, however many versions share them."""
    if old == new:
        return BlockChange(old, new, plain(new[0]))
    before, after = _text(old), _text(new)
    words = row_spans(before, after, table) if old[0].kind == new[0].kind == "row" else word_spans(before, after)
    form = (replace(span, role="form") for span in form_spans(old[0].prefix, new[0].prefix))
    tail = (replace(span, role="tail") for span in word_spans(old[-1].suffix, new[-1].suffix))
    spans = tuple(merged([*form, *words, *tail]))
    kinds: set[Kind] = {*_form_kinds(old[0], new[0], spans), *_word_kinds(old, new, spans)}
    return BlockChange(old, new, spans, 0, frozenset(kinds))


def _text(blocks: Sequence[Block]) -> str:
    between = (before.suffix + after.prefix + after.text for before, after in pairwise(blocks))
    return blocks[0].text + "".join(between)


def targets(blocks: Sequence[Block]) -> list[str]:
    """Where the links of a text lead, in order."""
    found = ((link, link.removeprefix("](")) for link in LINK.findall(_text(blocks)))
    # Brackets around a bare one are the sentence's.
    return [(bare[:-1] if link != bare else bare.rstrip(")" * ("(" not in bare))).strip("<> ") for link, bare in found]


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
    count, counts = _paragraphs(old), _paragraphs(new)
    if count < counts or count == counts > 1:
        yield "split"
    if count > counts or count == counts > 1:
        yield "joined"
    if any(span.op != "=" for span in spans if span.role == "bar"):
        yield "column"
    before, after = _text(old), _text(new)
    if before == after:
        return
    if new[0].kind == "row" and is_dashes(before) and is_dashes(after):
        shapes = ([re.sub("-+", "-", cell.strip()) for cell in cells(row)] for row in (before, after))
        fewer, more = sorted(shapes, key=len)
        rest = iter(more)  # a column that came or went changes the alignment of no other
        if not all(cell in rest for cell in fewer):
            yield "alignment"
        yield "spacing"
    elif before.split() == after.split():
        yield "spacing"
    else:
        if LINK.findall(before) != LINK.findall(after):
            yield "link"
        if text_of(before, mark="") != text_of(after, mark=""):  # however it is marked
            if _is_reworded(spans):
                yield "reworded"
        elif _unlinked(before) != _unlinked(after):
            yield "formatting"


def _paragraphs(blocks: Sequence[Block]) -> int:
    """How many paragraphs or items they are: lines that only follow each other are one."""
    return 1 + sum(after.kind == "item" or len(LINE.findall(before.suffix)) > 1 for before, after in pairwise(blocks))


def _unlinked(text: str) -> list[str]:
    return LINK.sub("]", text).replace("[", "").replace("]", "").split()


def _is_reworded(spans: Iterable[Span]) -> bool:
    """Whether words changed, and not only in columns that came or went."""
    bar = "="
    for span in spans:
        bar = span.op if span.role == "bar" else bar
        if bar == "=" and span.op != "=" and span.role == "words":
            return True
    return False
