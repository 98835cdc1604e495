"""A redline for the terminal: coloured for a person, plain marks where it is piped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from unicodedata import category, east_asian_width

from generator.redline.diff import Redline, Span
from generator.redline.reports import Note, Part, Told, is_row, label, parts, rows, stretches
from generator.redline.visible import settled

_COLOURS = {"-": "\x1b[31;9m", "+": "\x1b[32;4m", "moved": "\x1b[36m", "bold": "\x1b[1m", "dim": "\x1b[2m"}
_MARKS = {"-": ("[-", "-]"), "+": ("{+", "+}"), "moved": ("{~", "~}"), "bold": ("## ", ""), "dim": ("", "")}
_WIDEST = 40  # columns that a cell is filled up to
_RESET = "\x1b[0m"
# A text must not be able to steer the terminal that shows it.
_CONTROLS = {code: chr(0x2400 + code) for code in (*range(9), *range(11, 32))} | dict.fromkeys(range(127, 160), "␦")


def lines(redline: Redline, words: Mapping[str, str], *, colour: bool) -> Iterator[str]:
    """The changed sections, their unchanged stretches folded to a count; more than one are listed first."""
    form = _Form(words, colour)
    found = parts(redline)
    if redline.stale:
        yield f"warning: policy.date-unchanged: {words['redline_date_unchanged']} {', '.join(redline.stale)}"
    if len(found) > 1:
        yield from (*stat(redline, words), "")
    for part in found:
        yield from (form.heading(part), *form.blocks(part), "")
    yield words[label(redline)]
    if found:
        changed = len(redline.changed)
        yield f"{changed} changed, {len(redline.sections) - changed} unchanged sections"


def stat(redline: Redline, words: Mapping[str, str]) -> Iterator[str]:
    """One line for each changed section: what happened to it, and words taken out and put in."""
    for part in parts(redline):
        change = part.change
        yield _clean(f"{change.status:11} -{change.count('-'):<5} +{change.count('+'):<5} {part.title(words)}")


@dataclass(frozen=True, slots=True)
class _Form:
    """How marks look, and the words of what is not in the text."""

    words: Mapping[str, str]
    colour: bool

    def heading(self, part: Part) -> str:
        heading = self.spans(part.heading)
        name = f"{part.number} {heading}".strip() if heading else part.title(self.words)
        return self.marked("bold", name) + self._told(part.notes, part.change.status)

    def blocks(self, part: Part) -> Iterator[str]:
        for folded, run in stretches(part.blocks):
            if folded:
                yield self._unchanged(len(run))
                continue
            for row, group in groupby(run, is_row):
                told = list(group)
                yield from self._table(told) if row else map(self._block, told)

    def _unchanged(self, count: int) -> str:
        return self.marked("dim", f"  … {count} unchanged")

    def _block(self, told: Told) -> str:
        return "  " + (told.form + self.spans(told.words)).replace("\n", "\n  ") + self._told(told.notes)

    def _told(self, notes: Sequence[Note], *more: str) -> str:
        said = "; ".join([*more, *(note.say(self.words) for note in notes)])
        return self.marked("dim", _clean(f"  ({said})")) if said else ""

    def _table(self, table: Sequence[Told]) -> Iterator[str]:
        """Rows with their cells below each other, up to a width that a screen may still have."""
        shown = [(told, [self.spans(cell).strip() for _, cell in told.change.cells]) for told in rows(table)]
        columns = zip_longest(*(cells for _, cells in shown), fillvalue="")
        widths = [min(_WIDEST, max(map(_width, column))) for column in columns]
        for kept, run in groupby(shown, lambda pair: pair[0].kept):
            lines = [self._row(cells, widths) + self._told(told.notes) for told, cells in run]
            yield from [self._unchanged(len(lines))] if kept and len(lines) > 2 else lines

    def _row(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=False))
        return f"  | {' | '.join(padded)} |"

    def spans(self, spans: Sequence[Span]) -> str:
        cleaned = ((span, _clean(span.text)) for span in spans)
        return "".join(t if s.op == "=" else self.marked("moved" if s.move else s.op, t) for s, t in cleaned)

    def marked(self, key: str, text: str) -> str:
        """White space at the edges stays outside of the marks; where there is nothing else, it is the change."""
        inner = text.strip() or ("¶" if "\n" in text else text)
        start = text[: len(text) - len(text.lstrip())] if text.strip() else ""
        end = text[len(text.rstrip()) :] if text.strip() else text.lstrip(" ")
        if self.colour:  # line by line, for pagers that forget colours at the end of one
            return start + re.sub(r"[^\n]+", lambda line: _COLOURS[key] + line[0] + _RESET, inner) + end
        before, after = _MARKS[key]
        return f"{start}{before}{inner}{after}{end}"


def _clean(text: str) -> str:
    return settled(text.replace("\r\n", "\n").translate(_CONTROLS))


def _width(text: str) -> int:
    """How many columns of a terminal a text takes: two for wide characters, none for marks on others."""
    plain = [char for char in re.sub(r"\x1b\[[\d;]*m", "", text) if category(char) not in ("Mn", "Me", "Cf")]
    return len(plain) + sum(east_asian_width(char) in "WF" for char in plain)
