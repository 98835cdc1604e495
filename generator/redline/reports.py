"""What is told of a redline, whatever the form: its label, its parts in reading order, and in each of them the blocks
with what happened to them. Pages, files to mail, the terminal, comments and JSON all print this one list.

docs/redlines.md describes the forms, docs/redline.schema.json the JSON.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest
from typing import Any

from generator.documents import Document
from generator.redline.blocks import is_dashes
from generator.redline.changes import targets
from generator.redline.diff import BlockChange, Op, Redline, SectionChange, Span
from generator.redline.visible import dates, text_of

# What happened to a block that its words do not show.
_NOTED = ("nested", "flattened", "split", "joined", "column", "alignment", "formatting")
_LABELS = {"nothing": "redline_words_unchanged", "figures": "redline_only_marks", "words": "redline_words"}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two texts: how it was asked for, and its encoding; of a release also the one before it, and the
    address of the redline that leads from there."""

    name: str
    document: Document
    encoding: str = "utf-8"
    before: str = ""
    page: str = ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.document.source.encode(self.encoding)).hexdigest()


@dataclass(frozen=True, slots=True)
class Note:
    """Something to say beside the words. `key` is among the words of the pages; old and new are what it is said of. A
    `place` is the section at the other end of a move, or a key of the words where it is none, and `heads` tells whether
    its heading is that end."""

    key: str
    old: str = ""
    new: str = ""
    move: int = 0
    place: str = ""
    heads: bool = False

    def say(self, words: Mapping[str, str]) -> str:
        said = words[self.key].format(place=words.get(self.place, self.place))
        pair = " → ".join(text or words["note_none"] for text in (self.old, self.new))
        return f"{said} {pair}" if self.old or self.new else said


@dataclass(frozen=True, slots=True)
class Told:
    """A block with what is said of it."""

    change: BlockChange
    notes: tuple[Note, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether there is nothing to show or say."""
        return self.change.kept and not self.notes

    @property
    def form(self) -> str:
        """Indentation and marks as they are now; a change of them is said in a note."""
        return self.change.block.prefix.removesuffix(self._number)

    @property
    def words(self) -> tuple[Span, ...]:
        """A number that a person wrote before a paragraph is one of its words; another one is no change."""
        number = Span(side(self.change) or "=", self._number, move=self.change.move)
        return (number, *self.change.words) if number.text else self.change.words

    @property
    def _number(self) -> str:
        block = self.change.block
        return "" if block.kind == "item" else block.prefix.lstrip("> \t#")


def side(change: BlockChange) -> Op | None:
    """Which text has the block, where only one has."""
    return None if change.old and change.new else "-" if change.old else "+"


@dataclass(frozen=True, slots=True)
class Part:
    """A section as it is told, its heading apart; or the front matter, which is in no section."""

    change: SectionChange
    blocks: tuple[Told, ...]
    notes: tuple[Note, ...] = ()
    number: str = ""  # in full: the section's neighbours may not be in sight

    @property
    def is_front(self) -> bool:
        return any(told.change.block.kind == "front" for told in self.blocks)

    @property
    def heading(self) -> tuple[Span, ...]:
        return Told(self.change.title).words if self.change.title else ()

    def title(self, words: Mapping[str, str]) -> str:
        if self.change.section.id:
            return f"{self.number} {self.change.section.heading}".strip()
        return words["redline_front" if self.is_front else "redline_intro"]


def label(redline: Redline) -> str:
    """How much a reader would notice, as a key of the pages' words; proven, not judged."""
    if redline.old.source == redline.new.source:
        return "redline_none"
    if not redline.changed and all(change.kept for change in redline.front):
        return "redline_space"
    seen = redline.visible
    return "redline_figures" if seen == "figures" and redline.figures_changed else _LABELS[seen]


def parts(redline: Redline) -> list[Part]:
    """What changed, in reading order: the front matter, then each section."""
    return [part for part in all_parts(redline) if part.change.status != "unchanged"]


def all_parts(redline: Redline) -> list[Part]:
    front = SectionChange(None, None, None, tuple(line for line in redline.front if not line.kept))
    ends: Ends = {}
    for section in (front, *redline.sections):
        for block in section.all:
            if block.move:
                ends.setdefault((block.move, "-" if block.old else "+"), (section, block))
    return [_part(change, redline, ends) for change in (front, *redline.sections) if change.blocks or change.title]


# Where each end of a move is: its section, and the first of the blocks that moved together.
Ends = dict[tuple[int, str], tuple[SectionChange, BlockChange]]


def _part(section: SectionChange, redline: Redline, ends: Ends) -> Part:
    blocks = tuple(Told(block, tuple(_notes(block, ends))) for block in section.blocks)
    number = (redline.new if section.new else redline.old).full_number(section.section)
    return Part(section, blocks, tuple(_heading_notes(section, ends)), number)


def _heading_notes(section: SectionChange, ends: Ends) -> Iterator[Note]:
    title, old, new = section.title, section.old, section.new
    if title is None:
        return
    yield from _notes(title, ends)
    if old and new and old.id != new.id and not title.kept:
        yield Note("note_anchor", f"#{old.id}", f"#{new.id}")
    elif "anchor" in title.kinds:
        before, after = (blocks[-1].suffix.strip() if blocks else "" for blocks in (title.old, title.new))
        yield Note("note_anchor", before, after)


def _notes(change: BlockChange, ends: Ends) -> Iterator[Note]:
    """What happened to a block, in words: nothing that its words do not show goes unsaid. A move is said once at each
    end, and what happened to the columns of a table in the row of dashes."""
    if change.move:
        here, there, key = ("-", "+", "note_moved_to") if change.old else ("+", "-", "note_moved_from")
        if ends[change.move, here][1] is change:
            section, first = ends[change.move, there]
            unnamed = "redline_front" if change.block.kind == "front" else "redline_intro"
            place = text_of(section.section.heading) or unnamed
            yield Note(key, "", "", change.move, place, first is section.title)
    if change.block.kind != "row" or is_dashes(change.block.text):
        yield from (Note(f"note_{kind}") for kind in _NOTED if kind in change.kinds)
    if "link" in change.kinds and change.old and change.new:
        old, new = (Counter(targets(blocks)) for blocks in (change.old, change.new))
        pairs = zip_longest((old - new).elements(), (new - old).elements(), fillvalue="")
        yield from (Note("note_link", *pair) for pair in pairs)


def stretches(blocks: Iterable[Told]) -> Iterator[tuple[bool, list[Told]]]:
    """Blocks in runs, and for each whether it may be folded: more than one block, or all there are, that nobody
    changed. A single kept one stays in sight beside its changed neighbours, and a table in one piece."""
    shown = [told for told in blocks if told.change.block.kind != "blank"]
    tables = ((row, list(run)) for row, run in groupby(shown, is_row))
    units = [unit for row, run in tables for unit in ([run] if row else [[told] for told in run])]
    runs = [(kept, list(group)) for kept, group in groupby(units, lambda run: all(told.kept for told in run))]
    foldable = [(kept and (len(runs) == 1 or sum(map(len, group)) > 1), group) for kept, group in runs]
    for folded, groups in groupby(foldable, lambda pair: pair[0]):
        yield folded, [told for _, group in groups for run in group for told in run]


def is_row(told: Told) -> bool:
    return told.change.block.kind == "row"


def rows(table: Sequence[Told]) -> Iterator[Told]:
    """The rows of a table that say something; what is said of the dashes is said of the row above them."""
    for index, (row, below) in enumerate(zip_longest(table, table[1:])):
        if below and is_dashes(below.change.block.text):
            yield replace(row, notes=row.notes + below.notes)
        elif not index or not is_dashes(row.change.block.text):
            yield row


def as_object(redline: Redline, old: Side, new: Side, words: Mapping[str, str], seconds: float) -> dict[str, Any]:
    """The whole redline for programs. Joined in order, the texts of `=` and `-` are the old file, of `=` and `+` the
    new one, byte for byte in their encodings."""
    told = parts(redline)
    return {
        "schema": "policy-redline/1",
        "old": _named(old),
        "new": _named(new),
        "different": old.document.source != new.document.source,
        "visible": redline.visible,
        "label": words[label(redline)],
        "dates": {
            "old": dates(redline.old.source),
            "new": dates(redline.new.source),
            "unchanged_though_words_changed": bool(redline.stale),
        },
        "statistics": _statistics(redline),
        "front": [_block(line, words) for part in told if part.is_front for line in part.blocks],
        "sections": [_section(part, words) for part in told if not part.is_front],
        "ops": [_op(span) for span in redline.ops],
        "seconds": round(seconds, 6),
    }


def _named(side: Side) -> dict[str, str]:
    told = {"name": side.name, "title": side.document.meta.title, "path": side.document.path}
    return {**told, "encoding": side.encoding, "sha256": side.sha256}


def _statistics(redline: Redline) -> dict[str, Any]:
    sections = redline.sections
    return {
        "sections": dict(sorted(Counter(change.status for change in sections).items())),
        "blocks": dict(sorted(Counter(kind for block in redline.blocks for kind in block.kinds).items())),
        "words": {
            "removed": sum(change.count("-") for change in sections),
            "added": sum(change.count("+") for change in sections),
        },
        "moves": max((block.move for block in redline.blocks), default=0),
    }


def _section(part: Part, words: Mapping[str, str]) -> dict[str, Any]:
    change = part.change
    blocks = (*((Told(change.title, part.notes),) if change.title else ()), *part.blocks)
    return {
        "id": change.section.id,
        "number": part.number,
        "heading": change.section.heading,
        "status": change.status,
        **({"move": change.move} if change.move else {}),
        "kinds": sorted(change.kinds),
        "removed": change.count("-"),
        "added": change.count("+"),
        "blocks": [_block(told, words) for told in blocks if not told.kept],
    }


def _block(told: Told, words: Mapping[str, str]) -> dict[str, Any]:
    change = told.change
    return {
        "block": change.block.kind,
        "kinds": sorted(change.kinds),
        **({"move": change.move} if change.move else {}),
        "notes": [_note(note, words) for note in told.notes],
        "ops": [{**_op(span), "role": span.role} for span in change.spans],
    }


def _note(note: Note, words: Mapping[str, str]) -> dict[str, str]:
    pair = {"old": note.old, "new": note.new} if note.old or note.new else {}
    return {"note": note.key.removeprefix("note_"), **pair, "said": note.say(words)}


def _op(span: Span) -> dict[str, Any]:
    move = {"move": span.move} if span.move else {}
    return {"op": span.op, "t": span.text, **move, **({"renum": True} if span.renum else {})}
