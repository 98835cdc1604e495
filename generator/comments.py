"""A redline as Markdown for a comment on GitHub or GitLab: what fits, and a link to the rest.

Nothing in a policy may act in a comment: its marks are escaped and shown as they are written, nobody is mentioned, no
issue is linked, no command is given. Only <del>, <ins>, <details> and the like, which both hosts let through, are ours.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest

from generator.diff import BlockChange, Redline, SectionChange, Span
from generator.reports import Ends, ends, is_rule, label, notes, stale, title

_TAGS = {"-": "del", "+": "ins"}
# An empty element keeps a sign apart from what it would call: a person, an issue, an address, a formula.
_CALLS = re.compile(r"(?<!\w)@(?=\w)|[#!&%~](?=\w)|\bGH-(?=\d)|:(?=//)|\bwww(?=\.)|\$")
_APART = "<span></span>"
_ACTIVE = re.compile(r"[\\`*_\[\]|~^]")
_AT_START = re.compile(r"^(?:[-+#=/]|\d{1,9}(?=[.)]))")  # a list, a heading, a rule, a command of GitLab
_FOOT = 300  # characters kept free for each sentence on what did not fit


def markdown(redline: Redline, names: tuple[str, str], *, limit: int, link: str = "") -> str:
    """The redline in at most `limit` characters: a summary, the changed sections, and each of them to unfold."""
    form = _Form(ends(redline))
    head = [f"**{inline(names[0])} → {inline(names[1])}**: {inline(label(redline))}"]
    if stale(redline):
        head.append(f"**Warning** `policy.date-unchanged`: {inline(stale(redline))}")
    front = [change for change in redline.front if not change.kept]
    listed = [f"- {inline(title(change))}: {change.status}, {_tally(change)}" for change in redline.changed]
    shown = _fitting(listed, limit // 3 - _FOOT, 1)
    if listed:
        head.append("\n".join([*shown, *_more(len(listed) - len(shown), "sections", link)]))
    parts = [_details("front matter", form.blocks(front))] if front else []
    parts += [form.section(change) for change in redline.changed]
    fit = _fitting(parts, limit - sum(len(part) + 2 for part in head) - _FOOT - len(link), 2)
    return "\n\n".join([*head, *fit, *_more(len(parts) - len(fit), "sections in full", link)]) + "\n"


def _fitting(parts: Sequence[str], room: int, gap: int) -> list[str]:
    """As many parts from the first on as there is room for."""
    fitting = []
    for part in parts:
        room -= len(part) + gap
        if room < 0:
            break
        fitting.append(part)
    return fitting


def _more(count: int, what: str, link: str) -> list[str]:
    where = f": <{link}>" if link else ""
    return [f"- …and {count} more {what}, for which there is no room here{where}"] if count else []


def _tally(change: SectionChange) -> str:
    return f"words removed: {change.count('-')}, added: {change.count('+')}"


def _plain(text: str) -> str:
    """Text of a policy within HTML, with nothing in it that a host would make a link or a mention of."""
    parts = _CALLS.split(text)
    signs = [_APART + html.escape(sign, quote=False) + _APART for sign in _CALLS.findall(text)]
    return "".join(html.escape(part, quote=False) + sign for part, sign in zip_longest(parts, signs, fillvalue=""))


def inline(text: str) -> str:
    """Text of a policy within Markdown, on one line; white space at its edges is kept as a space."""
    words = re.sub(r"\s*(?:\r\n|\r|\n)[ \t]*(?:\r\n|\r|\n)\s*", " ¶ ", text)
    return _ACTIVE.sub(r"\\\g<0>", _plain(re.sub(r"\s+", " ", words)))


def _line(text: str) -> str:
    return _AT_START.sub(lambda start: start[0] + "\\" if start[0].isdigit() else "\\" + start[0], text.strip())


def _details(summary: str, blocks: Iterable[str]) -> str:
    return "\n\n".join([f"<details>\n<summary>{summary}</summary>", *blocks, "</details>"])


@dataclass(frozen=True, slots=True)
class _Form:
    """Where moves lead."""

    ends: Ends

    def section(self, change: SectionChange) -> str:
        told = [change.status, *(notes(change.title, self.ends) if change.title else ())]
        renamed = any(span.op != "=" for span in change.heading)
        heading = [f"<b>{self.spans(change.heading)}</b>"] if renamed else []
        return _details(_plain(f"{title(change)} ({'; '.join(told)})"), [*heading, *self.blocks(change.blocks)])

    def blocks(self, changes: Iterable[BlockChange]) -> Iterator[str]:
        """Items in one list, rows in one table; longer stretches that were kept are counted."""
        shown = (change for change in changes if change.block.kind != "blank")
        for kind, run in groupby(shown, key=_together):
            group = list(run)
            if len(group) > 1 and all(change.kept for change in group):
                yield f"<i>… {len(group)} unchanged</i>"
            elif kind == "row":
                yield self._table(group)
            else:
                yield ("\n" if kind == "item" else "\n\n").join(map(self._block, group))

    def _block(self, change: BlockChange) -> str:
        op = "-" if not change.new else "+"  # the form as it is now; a change of it is said in a note
        form = "".join(span.text for span in change.spans if span.role == "form" and span.op in ("=", op)).strip()
        quote = "> " if form.startswith(">") else ""
        mark = inline(form.lstrip("># \t")) if form not in ("-", "*", "+") else ""
        text = _line(f"{mark} {self.spans(change.words)}{self._notes(change)}")
        return f"- {text}" if change.block.kind == "item" else quote + text

    def _notes(self, change: BlockChange) -> str:
        told = "; ".join(notes(change, self.ends))
        return f" <i>({inline(told)})</i>" if told else ""

    def _table(self, rows: Sequence[BlockChange]) -> str:
        """The first row is the head, whatever it was: without one there is no table."""
        lines: list[list[str]] = []
        for kept, run in groupby(rows, key=lambda row: row.kept and row is not rows[0]):
            group = [row for row in run if not is_rule(row)]
            lines += [[f"<i>… {len(group)} unchanged</i>"]] if kept and len(group) > 1 else map(self._cells, group)
        width = max(map(len, lines))
        table = [f"| {' | '.join(cells + [''] * (width - len(cells)))} |" for cells in lines]
        return "\n".join([table[0], "|---" * width + "|", *table[1:]])

    def _cells(self, row: BlockChange) -> list[str]:
        cells = [self.spans([span for span in cell if span.role != "bar"]).strip() for cell in row.cells]
        return [*cells[:-1], "".join(cells[-1:]) + self._notes(row)]

    def spans(self, spans: Sequence[Span]) -> str:
        return "".join(_marked(span) for span in spans)


def _together(change: BlockChange) -> str:
    """Rows are one table; what else was kept is counted in one stretch, and items are one list."""
    kind = change.block.kind
    return kind if kind == "row" else "kept" if change.kept else "item" if kind == "item" else "text"


def _marked(span: Span) -> str:
    """White space at the edges stays outside of the marks; where there is nothing else, it is the change."""
    text = inline(span.text)
    if span.op == "=" or span.move:
        return text
    words = text.strip()
    start, end = (" " if text[:1] == " " else "", " " if text[-1:] == " " else "") if words else ("", "")
    return f"{start}<{_TAGS[span.op]}>{words or '␣'}</{_TAGS[span.op]}>{end}"
