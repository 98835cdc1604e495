"""A redline for the terminal: coloured for a person, plain marks where it is piped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from generator.diff import BlockChange, Redline, SectionChange, Span

_COLOURS = {"-": "\x1b[31;9m", "+": "\x1b[32;4m", "moved": "\x1b[36m"}
_MARKS = {"-": ("[-", "-]"), "+": ("{+", "+}"), "moved": ("{~", "~}")}
_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
# What happened to a block that its words do not show.
NOTES = {
    "nested": "moved in one level",
    "flattened": "moved out one level",
    "split": "paragraph split",
    "joined": "paragraphs joined",
    "column": "columns changed",
    "alignment": "alignment of columns changed",
    "link": "link target changed",
    "formatting": "formatting changed",
    "anchor": "id of the section changed",
}
VISIBLE = {
    "nothing": "no visible word changed",
    "figures": "no word changed: only punctuation, marks, numbers or dates",
    "words": "words changed",
}


def lines(redline: Redline, *, colour: bool) -> Iterator[str]:
    """The redline, changed sections only, unchanged stretches folded to a count."""
    changed = redline.changed
    front = [block for block in redline.front if not block.kept]
    yield from (line for block in front for line in _block(block, colour))
    if not changed and not front:
        yield "no section was changed" if redline.old.source == redline.new.source else SILENT
        return
    for change in changed:
        yield from _section(change, colour)
    kept = len(redline.sections) - len(changed)
    yield f"{len(changed)} changed, {kept} unchanged sections; {VISIBLE[redline.visible]}"


SILENT = "no section was changed: only white space or numbers are different"


def stat(redline: Redline) -> Iterator[str]:
    """One line for each changed section: what happened to it, and words taken out and put in."""
    for change in redline.changed:
        yield f"{change.status:11} -{change.count('-'):<5} +{change.count('+'):<5} {title(change)}"


def title(change: SectionChange) -> str:
    section = change.section
    return (
        f"{section.number} {section.heading}".strip() if section and section.id else "(text before the first section)"
    )


def _section(change: SectionChange, colour: bool) -> Iterator[str]:
    heading = _spans(change.heading, colour) or title(change)
    name = f"{change.section.number if change.section else ''} {heading}".strip()
    status = f"{change.status}{_end(change.title) if change.title else ''}"
    yield f"{_BOLD}{name}{_RESET} ({status})" if colour else f"## {name} ({status})"
    for kept, group in groupby(change.blocks, key=lambda block: block.kept):
        run = [block for block in group if block.block.kind != "blank"]
        if kept and len(run) > 1:
            yield _dim(f"  … {len(run)} unchanged", colour)
        else:
            yield from (line for block in run for line in _block(block, colour))
    yield ""


def _end(change: BlockChange) -> str:
    return f", {'to' if change.old else 'from'} ~{change.move}" if change.move else ""


def _block(change: BlockChange, colour: bool) -> Iterator[str]:
    notes = [text for kind, text in NOTES.items() if kind in change.kinds]
    if change.move:
        notes.insert(0, f"moved{_end(change).removeprefix(',')}")
    words = "".join(span.text for span in _either_form(change)) + _spans(change.words, colour)
    yield "  " + words.replace("\n", "\n  ") + _dim(f"  ({'; '.join(notes)})", colour) * bool(notes)


def _either_form(change: BlockChange) -> list[Span]:
    """The form of the block as it is now; a change of it is said in a note."""
    op = "-" if not change.new else "+"
    return [span for span in change.spans if span.role == "form" and span.op in ("=", op)]


def _spans(spans: Sequence[Span], colour: bool) -> str:
    return "".join(span.text if span.op == "=" else _marked(span, colour) for span in spans)


def _marked(span: Span, colour: bool) -> str:
    key = "moved" if span.move else span.op
    if colour:
        return f"{_COLOURS[key]}{span.text}{_RESET}"
    before, after = _MARKS[key]
    return f"{before}{span.text}{after}"


def _dim(text: str, colour: bool) -> str:
    return f"{_DIM}{text}{_RESET}" if colour else text
