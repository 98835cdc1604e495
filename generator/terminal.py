"""A redline for the terminal: coloured for a person, plain marks where it is piped."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from generator.diff import BlockChange, Redline, RowChange, SectionChange, Span

_COLOURS = {"-": "\x1b[31;9m", "+": "\x1b[32;4m"}
_MARKS = {"-": ("[-", "-]"), "+": ("{+", "+}")}
_RESET = "\x1b[0m"


def lines(redline: Redline, *, colour: bool) -> Iterator[str]:
    """The redline, changed sections only, unchanged stretches folded to a count."""
    changed = redline.changed
    if not changed:
        yield "no section was changed"
        return
    for change in changed:
        yield from _section(change, colour)
    kept = len(redline.sections) - len(changed)
    yield f"{len(changed)} changed, {kept} unchanged sections"


def stat(redline: Redline) -> Iterator[str]:
    """One line for each changed section: what happened to it, and words taken out and put in."""
    for change in redline.changed:
        yield f"{change.status:9} -{change.words('-'):<5} +{change.words('+'):<5} {_title(change)}"


def _title(change: SectionChange) -> str:
    section = change.section
    return f"{section.number} {section.heading}".strip() or "(text before the first section)"


def _section(change: SectionChange, colour: bool) -> Iterator[str]:
    heading = _spans(change.heading, colour) or "(text before the first section)"
    title = f"{change.section.number} {heading}".strip()
    yield f"\x1b[1m{title}{_RESET} ({change.status})" if colour else f"## {title} ({change.status})"
    for kept, group in groupby(change.blocks, key=lambda block: block.kept):
        run = [block for block in group if block.old is None or block.old.kind != "blank"]
        if kept and len(run) > 1:
            yield f"  … {len(run)} unchanged"
        else:
            yield from (line for block in run for line in _block(block, colour))
    yield ""


def _block(block: BlockChange, colour: bool) -> Iterator[str]:
    if block.rows:
        yield from (f"  {_row(row, colour)}" for row in block.rows)
        return
    source = block.new or block.old
    yield f"  {source.prefix if source else ''}{_spans(block.spans, colour)}"


def _row(row: RowChange, colour: bool) -> str:
    return "| " + " | ".join(_spans(cell, colour) for cell in row.cells) + " |"


def _spans(spans: tuple[Span, ...], colour: bool) -> str:
    return "".join(span.text if span.op == "=" else _marked(span, colour) for span in spans)


def _marked(span: Span, colour: bool) -> str:
    if colour:
        return f"{_COLOURS[span.op]}{span.text}{_RESET}"
    before, after = _MARKS[span.op]
    return f"{before}{span.text}{after}"
