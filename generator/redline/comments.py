"""A redline as Markdown for a comment on GitHub or GitLab: what fits, and a link to the rest.

Nothing in a policy may act in a comment: its marks are escaped and shown as they are written, nobody is mentioned, no
issue is linked, no command is given. Only <del>, <ins>, <details> and the like, which both hosts let through, are ours.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from generator.redline.diff import Redline, Span
from generator.redline.reports import Note, Part, Told, label, parts, rows, stretches
from generator.redline.visible import settled

_TAGS = {"-": "del", "+": "ins", "moved": "var"}
# An empty element keeps a sign apart from what it would call: a person, an issue, an address, a formula.
_CALLS = re.compile(r"((?<!\w)@(?=\w)|[#!&%~](?=\w)|\bGH-(?=\d)|:(?=//)|\bwww(?=\.)|\$)")
_APART = "<span></span>"
_ACTIVE = re.compile(r"[\\`*_\[\]|~^]")
_AT_START = re.compile(r"^(?:[-+#=/]|\d{1,9}(?=[.)]))")  # a list, a heading, a rule, a command of GitLab
_FOOT = 300  # characters kept free for each sentence on what did not fit


def markdown(redline: Redline, names: tuple[str, str], words: Mapping[str, str], *, limit: int, link: str = "") -> str:
    """The redline in at most `limit` characters: a summary, the changed sections, and each of them to unfold."""
    form = _Form(words)
    head = [f"**{inline(names[0])} → {inline(names[1])}**: {inline(words[label(redline)])}"]
    if redline.stale:
        said = f"{words['redline_date_unchanged']} {', '.join(redline.stale)}"
        head.append(f"**Warning** `policy.date-unchanged`: {inline(said)}")
    found = parts(redline)
    listed = _fitting([form.line(part) for part in found], limit // 3 - _FOOT, 1)
    if found:
        head.append("\n".join([*listed, *_more(len(found) - len(listed), "sections", link)]))
    unfold = map(form.part, found)
    fit = _fitting(unfold, limit - sum(len(part) + 2 for part in head) - _FOOT - len(link), 2)
    return "\n\n".join([*head, *fit, *_more(len(found) - len(fit), "sections in full", link)]) + "\n"


def _fitting(texts: Iterable[str], room: int, gap: int) -> list[str]:
    """As many texts from the first on as there is room for."""
    fitting = []
    for text in texts:
        room -= len(text) + gap
        if room < 0:
            break
        fitting.append(text)
    return fitting


def _more(count: int, what: str, link: str) -> list[str]:
    where = f": <{link}>" if link else ""
    return [f"- …and {count} more {what}, for which there is no room here{where}"] if count else []


def _plain(text: str) -> str:
    """Text of a policy within HTML, with nothing in it that a host would make a link or a mention of."""
    pieces = (html.escape(piece, quote=False) for piece in _CALLS.split(settled(text)))
    return "".join(f"{_APART}{piece}{_APART}" if at % 2 else piece for at, piece in enumerate(pieces))


def inline(text: str) -> str:
    """Text of a policy within Markdown, on one line; white space at its edges is kept as a space."""
    words = re.sub(r"\s*(?:\r\n|\r|\n)[ \t]*(?:\r\n|\r|\n)\s*", " ¶ ", text)
    return _ACTIVE.sub(r"\\\g<0>", _plain(re.sub(r"\s+", " ", words)))


def _line(text: str) -> str:
    return _AT_START.sub(lambda start: start[0] + "\\" if start[0].isdigit() else "\\" + start[0], text.strip())


@dataclass(frozen=True, slots=True)
class _Form:
    """The words of what is not in the text."""

    words: Mapping[str, str]

    def line(self, part: Part) -> str:
        tally = f"words removed: {part.change.count('-')}, added: {part.change.count('+')}"
        return f"- {inline(part.title(self.words))}: {part.change.status}, {tally}"

    def part(self, part: Part) -> str:
        said = "; ".join([part.change.status, *(note.say(self.words) for note in part.notes)])
        renamed = any(span.op != "=" for span in part.heading)
        heading = [f"<b>{self.spans(part.heading)}</b>"] if renamed else []
        summary = f"<details>\n<summary>{_plain(f'{part.title(self.words)} ({said})')}</summary>"
        return "\n\n".join([summary, *heading, *self.blocks(part.blocks), "</details>"])

    def blocks(self, blocks: Sequence[Told]) -> Iterator[str]:
        """Items in one list, rows in one table; longer stretches that were kept are counted."""
        for folded, run in stretches(blocks):
            if folded:
                yield _unchanged(len(run))
                continue
            for kind, group in groupby(run, lambda told: told.change.block.kind):
                if kind == "row":
                    yield self._table(list(group))
                elif kind == "item":
                    yield "\n".join(self._items(group))
                else:
                    yield from map(self._block, group)

    def _items(self, items: Iterable[Told]) -> Iterator[str]:
        depths: list[int] = []  # indentations of the items that this one is below
        for item in items:
            indent = len(item.form) - len(item.form.lstrip())
            while depths and depths[-1] >= indent:
                depths.pop()
            yield f"{'  ' * len(depths)}- {self._block(item)}"
            depths.append(indent)

    def _block(self, told: Told) -> str:
        form = told.form.strip()
        quote = "> " if form.startswith(">") else ""
        mark = inline(form.lstrip("># \t")) if form not in ("-", "*", "+") else ""
        return quote + _line(f"{mark} {self.spans(told.words)}{self._notes(told.notes)}")

    def _notes(self, notes: Sequence[Note]) -> str:
        said = "; ".join(note.say(self.words) for note in notes)
        return f" <i>({inline(said)})</i>" if said else ""

    def _table(self, table: Sequence[Told]) -> str:
        """The first row is the head, whatever it was: without one there is no table."""
        head, *rest = rows(table)
        lines = [self._cells(head)]
        for kept, run in groupby(rest, lambda told: told.kept):
            cells = list(map(self._cells, run))
            lines += [[_unchanged(len(cells))]] if kept and len(cells) > 2 else cells
        width = max(map(len, lines))
        drawn = [f"| {' | '.join(cells + [''] * (width - len(cells)))} |" for cells in lines]
        return "\n".join([drawn[0], "|---" * width + "|", *drawn[1:]])

    def _cells(self, row: Told) -> list[str]:
        *cells, last = [self.spans(cell).strip() for _, cell in row.change.cells] or [""]
        return [*cells, last + self._notes(row.notes)]

    def spans(self, spans: Sequence[Span]) -> str:
        return "".join(_marked(span) for span in spans)


def _unchanged(count: int) -> str:
    return f"<i>… {count} unchanged</i>"


def _marked(span: Span) -> str:
    """White space at the edges stays outside of the marks; where there is nothing else, it is the change."""
    text = inline(span.text)
    if span.op == "=":
        return text
    words = text.strip()
    start, end = (" " if text[:1] == " " else "", " " if text[-1:] == " " else "") if words else ("", "")
    tag = _TAGS["moved" if span.move else span.op]
    return f"{start}<{tag}>{words or '␣'}</{tag}>{end}"
