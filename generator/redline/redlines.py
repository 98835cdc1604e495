"""What templates are told of a redline: its parts as HTML, in one text and side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from markupsafe import Markup

from generator.redline import reports
from generator.redline.blocks import LINE
from generator.redline.diff import Redline
from generator.redline.marking import Notes, one_side
from generator.redline.reports import Part, Told
from generator.render import Renderer


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring blocks: those that nobody changed may be folded away."""

    kept: bool
    html: Markup
    blocks: int
    sides: tuple[Markup, Markup]  # the same as the old and as the new text has it


@dataclass(frozen=True, slots=True)
class PartView:
    """A section of a redline, or the front matter, which has no heading."""

    id: str
    level: int
    number: str
    heading: Markup
    name: str  # the heading as it is now, without marks
    status: str
    removed: int
    added: int
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """Neighbouring sections: a run of those that nobody changed may be folded away."""

    kept: bool
    parts: tuple[PartView, ...]


def context(redline: Redline, renderer: Renderer) -> dict[str, Any]:
    """All that a template is told of a redline itself."""
    notes = Notes(renderer.words)
    views = [view(part, renderer, notes) for part in reports.all_parts(redline)]
    return {
        "label": reports.label(redline),
        "stale": ", ".join(redline.stale),
        "changes": [made for made in views if made.status != "unchanged"],
        "folds": [Fold(kept, tuple(run)) for kept, run in groupby(views, lambda made: made.status == "unchanged")],
    }


def view(part: Part, renderer: Renderer, notes: Notes) -> PartView:
    change, section = part.change, part.change.section
    return PartView(
        anchor(part),
        section.level,
        part.number,
        renderer.heading(part, notes),
        renderer.text(section.heading),
        change.status,
        change.count("-"),
        change.count("+"),
        tuple(_stretches(part.blocks, renderer, notes)),
    )


def anchor(part: Part) -> str:
    """The id of a section of a redline; where one moved, its former place has another."""
    change, section_id = part.change, part.change.section.id
    if not section_id:
        return "page-front" if part.is_front else "page-intro"
    return f"{section_id}-before" if change.move and not change.new else section_id


def _stretches(blocks: Sequence[Told], renderer: Renderer, notes: Notes) -> Iterator[Stretch]:
    """Where something changed, a paragraph, a list or a table at a time, for both sides to stand level."""
    beside = Notes(renderer.words, notes.prefix, "beside-")
    for folded, run in reports.stretches(blocks):
        for unit in [run] if folded else _units(run):
            sides = one_side([] if folded else unit, "-"), one_side([] if folded else unit, "+")
            old, new = (renderer.changes(side, beside) for side in sides)
            yield Stretch(folded, renderer.changes(unit, notes), len(unit), (old, new))


def _units(run: Sequence[Told]) -> Iterator[list[Told]]:
    """Items of a list and rows of a table belong together."""
    unit: list[Told] = []
    for lines in whole(run):
        before, block = unit[-1].change.block if unit else None, lines[0].change.block
        if before and not (before.kind == block.kind in ("item", "row") or block.prefix[:1].isspace()):
            yield unit
            unit = []
        unit += lines
    yield unit


def whole(run: Sequence[Told]) -> Iterator[list[Told]]:
    """Each block with the lines of its paragraph or item that were compared by themselves."""
    blocks = [told.change.block for told in run]
    pairs = enumerate(pairwise(blocks), 1)
    starts = [at for at, (before, block) in pairs if block.kind != "paragraph" or len(LINE.findall(before.suffix)) > 1]
    return ([*run[start:end]] for start, end in pairwise([0, *starts, len(run)]))
