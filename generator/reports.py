"""What is told of a redline in every form that no page needs: labels, what happened to a block, and all of it as JSON.

docs/redlines.md describes the forms, docs/redline.schema.json the JSON.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from generator.blocks import Block, is_dashes
from generator.changes import targets
from generator.diff import BlockChange, Redline, SectionChange, Span
from generator.documents import Document
from generator.visible import dates

# What happened to a block that its words may not show.
_NOTES = {
    "nested": "moved in one level",
    "flattened": "moved out one level",
    "split": "paragraph split",
    "joined": "paragraphs joined",
    "column": "columns changed",
    "alignment": "alignment of columns changed",
    "formatting": "formatting changed",
}
_VISIBLE = {
    "nothing": "no visible word changed",
    "figures": "only punctuation, numbers or dates changed",
    "words": "words changed",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two texts: how it was asked for, and its encoding; of a release also the one before it, and the
    address of the redline that leads from there."""

    name: str
    document: Document
    encoding: str = "utf-8"
    before: str = ""
    page: str = ""


def different(redline: Redline) -> bool:
    """Whether the two texts differ at all, be it in white space alone."""
    return redline.old.source != redline.new.source


def label(redline: Redline) -> str:
    """In words how much a reader would notice; proven, not judged."""
    if not different(redline):
        return "no section was changed"
    if not redline.changed and all(change.kept for change in redline.front):
        return "no section was changed: only white space, line ends or numbers that count differ"
    return _VISIBLE[redline.visible]


def stale(redline: Redline) -> str:
    """A warning where words changed under an unchanged date, or ''."""
    if not redline.date_unchanged:
        return ""
    return f"words changed, but the date that the text gives itself did not: {', '.join(dates(redline.new.source))}"


def title(change: SectionChange) -> str:
    section = change.section
    if section is None or not section.id:
        return "(text before the first section)"
    return f"{section.number} {section.heading}".strip()


def is_rule(row: BlockChange) -> bool:
    """The row of dashes, where it says nothing to a reader."""
    return row.block.kind == "row" and is_dashes(row.block.text) and "alignment" not in row.kinds


Ends = dict[tuple[int, str], str]


def ends(redline: Redline) -> Ends:
    """For each move, and each of its ends (- and +), the section that it left or came to."""
    found: Ends = {}
    for section in redline.sections:
        for change in section.all:
            if change.move:
                found.setdefault((change.move, "-" if change.old else "+"), title(section))
    return found


def notes(change: BlockChange, ends: Ends) -> Iterator[str]:
    """What happened to a block, in words: nothing that its words do not show goes unsaid."""
    if change.move:
        way, op = ("to", "+") if change.old else ("from", "-")
        yield f"moved {way} {ends.get((change.move, op), 'elsewhere')}, ~{change.move}"
    yield from (text for kind, text in _NOTES.items() if kind in change.kinds)
    if "link" in change.kinds:
        yield from (f"link {old or 'none'} → {new or 'none'}" for old, new in links(change) or [("…", "…")])
    if "anchor" in change.kinds:
        old, new = (_anchor(blocks) for blocks in (change.old, change.new))
        yield f"id {old} → {new}"


def links(change: BlockChange) -> list[tuple[str, str]]:
    """The targets that only the old or only the new text has, in pairs."""
    if "link" not in change.kinds or not (change.old and change.new):
        return []
    old, new = (Counter(targets(blocks)) for blocks in (change.old, change.new))
    return list(zip_longest((old - new).elements(), (new - old).elements(), fillvalue=""))


def _anchor(blocks: Sequence[Block]) -> str:
    """What stands behind a heading; the other end of a move is not known here."""
    return (blocks[-1].suffix.strip() or "none") if blocks else "…"


def as_object(redline: Redline, old: Side, new: Side, seconds: float) -> dict[str, Any]:
    """The whole redline for programs. Joined in order, the texts of `=` and `-` are the old file, of `=` and `+` the
    new one, byte for byte in their encodings."""
    return {
        "old": _named(old),
        "new": _named(new),
        "different": different(redline),
        "visible": redline.visible,
        "label": label(redline),
        "dates": {
            "old": dates(redline.old.source),
            "new": dates(redline.new.source),
            "unchanged_though_words_changed": redline.date_unchanged,
        },
        "statistics": _statistics(redline),
        "sections": [_section(change) for change in redline.changed],
        "ops": [_op(span) for span in redline.ops],
        "seconds": round(seconds, 6),
    }


def _named(side: Side) -> dict[str, str]:
    document = side.document
    digest = hashlib.sha256(document.source.encode(side.encoding)).hexdigest()
    told = {"name": side.name, "title": document.meta.title, "path": document.path}
    return {**told, "encoding": side.encoding, "sha256": digest}


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


def _section(change: SectionChange) -> dict[str, Any]:
    section = change.section
    return {
        "id": section.id if section else "",
        "number": section.number if section else "",
        "heading": section.heading if section else "",
        "status": change.status,
        **({"move": change.move} if change.move else {}),
        "kinds": sorted(change.kinds),
        "removed": change.count("-"),
        "added": change.count("+"),
        "blocks": [_block(block) for block in change.all if not block.kept],
    }


def _block(change: BlockChange) -> dict[str, Any]:
    return {
        "block": change.block.kind,
        "kinds": sorted(change.kinds),
        **({"move": change.move} if change.move else {}),
        **({"links": [{"old": old, "new": new} for old, new in links(change)]} if links(change) else {}),
        "ops": [_op(span) for span in change.spans],
    }


def _op(span: Span) -> dict[str, Any]:
    said: dict[str, Any] = {"op": span.op, "t": span.text}
    if span.move:
        said["move"] = span.move
    if span.renum:
        said["renum"] = True
    return said
