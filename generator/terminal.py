"""A redline for the terminal: coloured for a person, plain marks where it is piped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest

from generator.diff import BlockChange, Redline, SectionChange, Span
from generator.reports import Ends, ends, is_rule, label, notes, stale, title

_COLOURS = {"-": "\x1b[31;9m", "+": "\x1b[32;4m", "moved": "\x1b[36m", "bold": "\x1b[1m", "dim": "\x1b[2m"}
_MARKS = {"-": ("[-", "-]"), "+": ("{+", "+}"), "moved": ("{~", "~}"), "bold": ("## ", ""), "dim": ("", "")}
_WIDEST = 40  # columns that a cell is filled up to
_RESET = "\x1b[0m"
# A text must not be able to steer the terminal that shows it.
_CONTROLS = {code: chr(0x2400 + code) for code in (*range(9), *range(11, 32))} | dict.fromkeys(range(127, 160), "␦")


def lines(redline: Redline, *, colour: bool) -> Iterator[str]:
    """The changed sections, their unchanged stretches folded to a count; more than one are listed first."""
    form = _Form(colour, ends(redline))
    changed = redline.changed
    if stale(redline):
        yield f"warning: policy.date-unchanged: {stale(redline)}"
    if len(changed) > 1:
        yield from (*stat(redline), "")
    front = [change for change in redline.front if not change.kept]
    if front:
        yield from (form.marked("bold", "front matter"), *form.blocks(front), "")
    for change in changed:
        yield from (form.heading(change), *form.blocks(change.blocks), "")
    told = label(redline)
    kept = len(redline.sections) - len(changed)
    yield f"{len(changed)} changed, {kept} unchanged sections; {told}" if changed else told


def stat(redline: Redline) -> Iterator[str]:
    """One line for each changed section: what happened to it, and words taken out and put in."""
    for change in redline.changed:
        yield _clean(f"{change.status:11} -{change.count('-'):<5} +{change.count('+'):<5} {title(change)}")


@dataclass(frozen=True, slots=True)
class _Form:
    """How marks look, and where moves lead."""

    colour: bool
    ends: Ends

    def heading(self, change: SectionChange) -> str:
        number = change.section.number if change.section else ""
        name = self.spans(change.heading) or title(change)
        told = [change.status, *(notes(change.title, self.ends) if change.title else ())]
        return self.marked("bold", f"{number} {name}".strip()) + self.marked("dim", _clean(f" ({'; '.join(told)})"))

    def blocks(self, changes: Iterable[BlockChange]) -> Iterator[str]:
        shown = (change for change in changes if change.block.kind != "blank")
        for is_row, run in groupby(shown, key=lambda change: change.block.kind == "row"):
            changes = list(run)
            yield from self._folded(changes, self._table(changes) if is_row else [self._block(c) for c in changes])

    def _folded(self, changes: Sequence[BlockChange], rendered: Sequence[str]) -> Iterator[str]:
        pairs = zip(changes, rendered, strict=True)
        for kept, group in groupby(pairs, key=lambda pair: pair[0].kept):
            run = [line for _, line in group if line]
            yield from [self.marked("dim", f"  … {len(run)} unchanged")] if kept and len(run) > 1 else run

    def _block(self, change: BlockChange) -> str:
        op = "-" if not change.new else "+"  # the form as it is now; a change of it is said in a note
        form = "".join(span.text for span in change.spans if span.role == "form" and span.op in ("=", op))
        return "  " + (form + self.spans(change.words)).replace("\n", "\n  ") + self._notes(change)

    def _notes(self, change: BlockChange) -> str:
        told = list(notes(change, self.ends))
        return self.marked("dim", _clean(f"  ({'; '.join(told)})")) if told else ""

    def _table(self, rows: Sequence[BlockChange]) -> list[str]:
        """Rows with their cells below each other, up to a width that a screen may still have."""
        shown = [row for row in rows if not is_rule(row)]
        table = {id(row): [self.spans(cell).strip() for cell in _without_bars(row)] for row in shown}
        widths = [min(_WIDEST, max(map(_width, column))) for column in zip_longest(*table.values(), fillvalue="")]
        return [self._row(table[id(row)], widths) + self._notes(row) if id(row) in table else "" for row in rows]

    def _row(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=False))
        return f"  | {' | '.join(padded)} |"

    def spans(self, spans: Sequence[Span]) -> str:
        return "".join(
            _clean(span.text) if span.op == "=" else self.marked("moved" if span.move else span.op, _clean(span.text))
            for span in spans
        )

    def marked(self, key: str, text: str) -> str:
        """White space at the edges stays outside of the marks; where there is nothing else, it is the change."""
        inner = text.strip() or _seen(text)
        start = text[: len(text) - len(text.lstrip())] if text.strip() else ""
        end = text[len(text.rstrip()) :] if text.strip() else text.lstrip(" ")
        if self.colour:  # line by line, for pagers that forget colours at the end of one
            return start + re.sub(r"[^\n]+", lambda line: _COLOURS[key] + line[0] + _RESET, inner) + end
        before, after = _MARKS[key]
        return f"{start}{before}{inner}{after}{end}"


def _seen(space: str) -> str:
    return "¶" if "\n" in space else space


def _without_bars(row: BlockChange) -> list[list[Span]]:
    return [[span for span in cell if span.role != "bar"] for cell in row.cells]


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").translate(_CONTROLS)


def _width(text: str) -> int:
    """How many columns of a terminal a text takes: two for wide characters, none for marks on others."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    return sum(
        0 if unicodedata.combining(c) or c == "\u200d" else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in plain
    )
