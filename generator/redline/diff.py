"""What changed between two texts of a policy: Document x Document -> Redline.

Blocks are aligned first (`align`), then the words of those that belong together (`tokens`). The redline is lossless:
the spans of all its blocks, `=` and `-` joined, are the old file byte for byte, `=` and `+` the new one. Exact first,
then made readable: `compare(…, minimal=True)` leaves out the second step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from generator.documents import Document, FrontMatter, Section, written
from generator.redline.align import Aligned, Alignment, align
from generator.redline.blocks import Block, scan, split_sections
from generator.redline.changes import SILENT, BlockChange, Kind, changes_of, paired
from generator.redline.simplify import simplify, tidy
from generator.redline.spans import Span, merged, plain, shown, word_spans
from generator.redline.tokens import Op, fewer
from generator.redline.visible import Visible, dates, difference, figures, mask_of, text_of

__all__ = ["SILENT", "BlockChange", "Kind", "Op", "Redline", "SectionChange", "Span", "alone", "compare", "words"]

Status = Literal["unchanged", "added", "removed", "moved", "reworded", "renamed", "reformatted"]
_BLANK = Section("", 2, "", "", False, "", 1)


@dataclass(frozen=True, slots=True)
class SectionChange:
    """A section of either text, or the same section in both. One that moved stands at both of its places."""

    old: Section | None
    new: Section | None
    title: BlockChange | None  # None for the text before the first heading
    blocks: tuple[BlockChange, ...]

    @property
    def section(self) -> Section:
        """The section as readers find it: the new one where there is one; an empty one where only blank lines stand."""
        return self.new or self.old or _BLANK

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
        if all(block.kept for block in self.all):
            return "unchanged"
        if self.title and not (self.title.old and self.title.new):
            return "removed" if self.title.old else "added"
        if all(block.kept for block in self.blocks):
            return "renamed" if self.title and "reworded" in self.title.kinds else "reformatted"
        return "reworded" if self.kinds & {"added", "removed", "moved", "reworded"} else "reformatted"

    def count(self, op: Op) -> int:
        """How many words that readers see are only in the old (-) or only in the new (+) text, moved ones apart."""
        return sum(len(re.findall(r"\w+", text)) for block in self.all for text in _seen(block.words, op))


@dataclass(frozen=True, slots=True)
class Redline:
    """The sections of both texts in reading order."""

    old: Document
    new: Document
    sections: tuple[SectionChange, ...]
    front: tuple[BlockChange, ...] = ()  # lines of the front matter, which belong to no section
    minimal: bool = False

    @property
    def changed(self) -> tuple[SectionChange, ...]:
        return tuple(section for section in self.sections if section.status != "unchanged")

    @property
    def _said(self) -> tuple[str, str]:
        """Both texts without the numbers that only count on."""
        said = [span for block in self.blocks for span in block.spans if not span.renum]
        old, new = ("".join(span.text for span in said if span.op in ("=", op)) for op in "-+")
        return old, new

    @property
    def visible(self) -> Visible:
        """What a reader who sees no marks, and no numbers that only count on, would notice: proven, not judged."""
        old, new = self._said
        return difference(old, new, foreign=self.old.foreign and self.new.foreign)

    @property
    def figures_changed(self) -> bool:
        """Whether a number or a date that a reader sees is another one."""
        foreign = self.old.foreign and self.new.foreign
        old, new = (figures(text_of(said, foreign=foreign)) for said in self._said)
        return old != new

    @property
    def stale(self) -> list[str]:
        """The dates that the text gives itself, where words changed and they did not."""
        stated = dates(self.new.source)
        return stated if stated and stated == dates(self.old.source) and self.visible == "words" else []

    @property
    def blocks(self) -> Iterator[BlockChange]:
        return (block for part in (self.front, *(section.all for section in self.sections)) for block in part)

    @property
    def ops(self) -> list[Span]:
        """All spans in reading order, those that say the same joined; of a minimal redline the fewest tokens that any
        comparison could show, even where they follow no block."""
        aligned = merged(Span(s.op, s.text, "words", s.move, s.renum) for block in self.blocks for s in block.spans)
        if self.minimal and fewer(self.old.source, self.new.source, shown(aligned)):
            return merged(word_spans(self.old.source, self.new.source))
        return aligned


def compare(old: Document, new: Document, *, minimal: bool = False, apart: bool = False) -> Redline:
    """The redline from `old` to `new`; `minimal` leaves it exact, without serving readers; `apart` are sections whose
    neighbours are not in sight."""
    alignment = align(*(split_sections(side.source, underlined=side.foreign) for side in (old, new)))
    changes = list(changes_of(alignment, tuple if minimal else tidy, apart=apart))
    pairs = zip(alignment.changes, changes if minimal else simplify(changes), strict=True)
    # Two that moved are two, however equal: one of them is the first of its move.
    cut = ((place, (_blocks_of.__wrapped__ if change.move else _blocks_of)(change)) for place, change in pairs)
    placed = [(place, block) for place, blocks in cut for block in blocks]
    front = tuple(change for _, change in placed if change.block.kind == "front")
    rest = [pair for pair in placed if pair[1].block.kind != "front"]
    return Redline(old, new, tuple(_sections(old, new, alignment, rest)), front, minimal)


def alone(section: Section | None) -> Document:
    """One section as a text by itself, for whoever puts redlines together: what moved between two is gone and new."""
    return Document("", FrontMatter(""), (section,), written(section)) if section else Document("", FrontMatter(""), ())


def same_words(old: Section | None, new: Section | None) -> bool:
    """Whether two sections differ in no word, number or link: white space, punctuation and marks at most."""
    said = [_UNSAID.sub(" ", f"{side.heading} {side.source}").split() for side in (old, new) if side]
    return len(said) == 2 and said[0] == said[1]


# Letters with their vowel signs, digits, currencies, measures and signs are what a reader would say aloud.
_UNSAID = re.compile(r"(?:(?![-+−]\d)[^\w\u0300-\u036f\u0610-\u06ed\u0900-\u0dff%‰§≤≥≠±$¢£¤¥€₨₩₪₫₱₹₺₽؋﷼]|_)+")


def words(old: str, new: str) -> tuple[Span, ...]:
    """The readable redline of two texts that are no files, such as two labels."""
    pair = ((Block("paragraph", "", text, ""),) for text in (old, new))
    return simplify([paired(*pair, ())])[0].spans


def _seen(spans: Sequence[Span], op: Op) -> Iterator[str]:
    """What only one text has of a block, without marks and without where links lead."""
    side = [span for span in spans if span.op in ("=", op)]
    if any(span.op == op for span in side):
        kinds = iter(mask_of("".join(span.text for span in side)))
        for span in side:
            seen = [char for char, kind in zip(span.text, kinds, strict=False) if kind in "wb"]
            if span.op == op and not span.move:
                yield "".join(seen)


def _sections(
    old: Document, new: Document, alignment: Alignment, changes: Sequence[tuple[Aligned, BlockChange]]
) -> Iterator[SectionChange]:
    """Changes grouped by the section they stand in. A heading that is gone while its text stayed is part of the section
    that the text is in now."""
    groups: list[tuple[int | None, int | None, list[BlockChange]]] = [(0, 0, [])]
    for place, change in changes:
        theirs = alignment.new[place.new[0]].section if place.new else None
        if change.block.kind == "heading":
            headed = change.old and change.old[0].kind == "heading"
            groups.append((alignment.old[place.old[0]].section if headed else None, theirs, []))
        while theirs is not None and groups[-1][1] != theirs:
            *_, gone = groups.pop()
            groups[-1][2].extend(gone)
        groups[-1][2].append(change)
    for ours, theirs, blocks in groups:
        if blocks:
            title, *rest = blocks if blocks[0].block.kind == "heading" else (None, *blocks)
            yield SectionChange(_of(old, ours), _of(new, theirs), title, tuple(filter(None, rest)))


def _of(document: Document, place: int | None) -> Section | None:
    """The section at a place of the file; the text before the first heading is one only if there is any."""
    opening = bool(document.sections) and not document.sections[0].id
    return document.sections[place - (not opening)] if place or (place == 0 and opening) else None


@lru_cache(maxsize=1 << 12)
def _blocks_of(change: BlockChange) -> tuple[BlockChange, ...]:
    """A whole section that was kept or moved as the blocks it is made of."""
    if change.block.kind != "section":
        return (change,)
    op, move = change.spans[0].op, change.move
    return tuple(
        replace(change, old=(block,) * len(change.old), new=(block,) * len(change.new), spans=plain(block, op, move))
        for block in scan(change.block.text)
    )
