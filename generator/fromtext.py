"""Plain text as Markdown: a title, numbered or underlined headings, lists, and paragraphs put together from lines.

The rules look at shape alone. A short numbered line is a heading where its number continues the ones before and other
text stands between them; where its neighbours follow at once it is an item of a list. Short lines between the title
and the first sentence were links of the page that the text was copied from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from generator.marked import Marked, Notes, escaped, heading, quoted

_MARK = re.compile(
    r"(?P<bullet>[-*+•·‣▪●○◦–—])\s+(?=\S)|(?P<decimals>\d+(?:\.\d+)+)[.)]?\s+(?=\S)|(?P<number>\d{1,3})[.)]\s+(?=\S)"
    r"|(?P<letter>\(?[a-z][.)])\s+(?=\S)|(?P<capital>\(?[A-Z][.)])\s+(?=\S)"
    r"|(?P<roman>\(?(?:[ivx]{2,}|[IVX]{2,})[.)])\s+(?=\S)"
)
_UNDERLINE = re.compile(r"^\s*([=\-~_*])\1{2,}\s*$")
_SENTENCE = re.compile(r"[.!?;:,…。؟]$")
_FOOTER = re.compile(r"©|\(c\) \d{4}|all rights reserved", re.IGNORECASE)
_ROMAN = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv", "xvi")
_HEADING_LENGTH, _LINK_WORDS = 100, 4
_WRAPPED_WIDTH = range(50, 121)  # columns; a text with longer lines was not wrapped by hand, one with shorter hardly


@dataclass(frozen=True, slots=True)
class _Line:
    """A line, or several that were one paragraph."""

    index: int
    text: str  # without its mark
    mark: str = ""
    kind: str = ""  # that of the mark
    indent: int = 0
    apart: bool = True  # a blank line stands before it
    level: int = 0  # of a heading

    @property
    def said(self) -> str:
        return f"{self.mark} {self.text}" if self.mark and self.kind != "bullet" else self.text

    @property
    def short(self) -> bool:
        """Whether it may be a heading: few words that are no sentence."""
        return len(self.text) <= _HEADING_LENGTH and not _SENTENCE.search(self.text) and not self.text[0].islower()


def read(text: str, path: str) -> Marked:
    """Plain text as Markdown with the headings' numbers in place."""
    notes = Notes(path)
    lines = _title(_underlined(list(_joined(text.split("\n")))))
    lines = _headings(lines, notes)
    lines = _without_navigation(lines, notes)
    written: list[str] = []
    origin: list[int | None] = []
    for before, said in _markdown(lines, notes):
        origin += [before.index + 1] * (said.count("\n") + 1)
        written.append(said)
    return Marked("\n".join(written), tuple(origin), tuple(notes.found))


def _joined(raw: Sequence[str]) -> Iterator[_Line]:
    """Lines as paragraphs: a line goes on with the one above if its first word would not have fitted there."""
    width = max(map(len, raw), default=0)
    width = width if width in _WRAPPED_WIDTH else 10**9
    line: _Line | None = None
    last = ""
    for index, text in enumerate(raw):
        goes_on = line and last.strip() and text.strip() and not _UNDERLINE.match(text) and not _UNDERLINE.match(last)
        fresh = _line(index, text, apart=not last.strip())
        hangs = line and line.mark and not fresh.mark and fresh.indent > line.indent
        if line and goes_on and not fresh.mark and (hangs or len(last) + 1 + len(text.split()[0]) > width):
            line = replace(line, text=f"{line.text} {text.strip()}")
        elif text.strip():
            if line:
                yield line
            line = fresh
        last = text
    if line:
        yield line


def _line(index: int, text: str, *, apart: bool) -> _Line:
    said = text.strip()
    match = _MARK.match(said)
    indent = len(text.expandtabs(4)) - len(text.expandtabs(4).lstrip())
    if not match:
        return _Line(index, said, indent=indent, apart=apart)
    return _Line(index, said[match.end() :], match[0].strip(), match.lastgroup or "", indent, apart)


def _underlined(lines: list[_Line]) -> list[_Line]:
    """Headings that are underlined; level 1 for the first kind of line used, 2 for the next."""
    kinds: list[str] = []
    done: list[_Line] = []
    for line in lines:
        match = _UNDERLINE.match(line.said)
        if match and done and done[-1].short and not line.apart:
            kinds += [] if match[1] in kinds else [match[1]]
            done[-1] = replace(done[-1], level=kinds.index(match[1]) + 1)
        elif not match:  # a rule says nothing
            done.append(line)
    return done


def _title(lines: list[_Line]) -> list[_Line]:
    """The first line is the title if it is short and no part of a list; underlined ones below it are sections."""
    if not lines or not lines[0].short or lines[0].mark:
        return lines
    return [replace(lines[0], level=1), *(replace(line, level=line.level and line.level + 1) for line in lines[1:])]


def _headings(lines: list[_Line], notes: Notes) -> list[_Line]:
    """The lines of those chains of numbers that are headings; else of short lines in capitals that stand apart."""
    done = list(lines)
    chains = [chain for chain in _chains(lines) if _is_outline(chain, lines)]
    stack: list[str] = []
    for i in sorted(i for chain in chains for i in chain):
        kind = f"{lines[i].kind}{lines[i].mark.rstrip('.)').count('.')}"
        stack = stack[: stack.index(kind)] if kind in stack else stack
        stack.append(kind)
        done[i] = replace(lines[i], level=len(stack) + 1)
    alone = [chain[0] for chain in chains if len(chain) == 1]
    for i in alone:
        notes.add("unsure.heading", lines[i].index, f"{quoted(lines[i].said)} is taken for a heading")
    return done if chains or any(line.level > 1 for line in lines) else _guessed(done, notes)


def _guessed(lines: list[_Line], notes: Notes) -> list[_Line]:
    """Where nothing else tells headings: short lines with blank ones around them and text below."""
    done = list(lines)
    for i, (line, below) in enumerate(pairwise(lines)):
        alone = line.apart and below.apart and not line.level and not line.mark
        if alone and line.short and len(line.text.split()) < 12 and (below.mark or not below.short):
            done[i] = replace(line, level=2)
            notes.add("unsure.heading", line.index, f"{quoted(line.text)} is taken for a heading")
    return done


def _chains(lines: list[_Line]) -> list[list[int]]:
    """Lines whose marks count up. A number that fits two chains goes on with its neighbour, else with the outer one."""
    chains: list[list[int]] = []
    for i, line in enumerate(lines):
        if line.kind in ("", "bullet"):
            continue
        fitting = [chain for chain in chains if _follows(lines[chain[-1]], line)]
        if line.kind not in ("number", "decimals"):  # letters start again below each heading
            fitting = fitting[-1:]
        next_door = [chain for chain in fitting if chain[-1] == i - 1]
        if fitting:
            (next_door or fitting)[0].append(i)
        else:
            chains.append([i])
    return chains


def _follows(before: _Line, line: _Line) -> bool:
    old, new = _readings(before), _readings(line)
    same = (old[kind] == (*new[kind][:-1], new[kind][-1] - 1) for kind in old.keys() & new.keys())
    return before.mark[0].isalnum() == line.mark[0].isalnum() and any(same)


def _readings(line: _Line) -> Mapping[str, tuple[int, ...]]:
    """What a mark may count: "i." is a letter or a Roman number."""
    said = line.mark.strip("().")
    if line.kind in ("number", "decimals"):
        return {line.kind: tuple(map(int, said.split(".")))}
    roman = {f"roman {said.islower()}": (_ROMAN.index(said.lower()),)} if said.lower() in _ROMAN else {}
    return roman | ({line.kind: (ord(said),)} if len(said) == 1 else {})


def _is_outline(chain: list[int], lines: list[_Line]) -> bool:
    """Whether numbered lines are headings: most are short, and most have other text before the next."""
    short = sum(lines[i].short for i in chain)
    spaced = sum(i + 1 < len(lines) and i + 1 not in chain and bool(lines[i + 1].text) for i in chain)
    starts = len(chain) > 1 or lines[chain[0]].mark in ("1.", "1)", "a.")
    return (
        starts and short * 3 >= len(chain) * 2 and spaced * 2 > len(chain) and not lines[chain[0]].mark.startswith("(")
    )


def _without_navigation(lines: list[_Line], notes: Notes) -> list[_Line]:
    """Without the short lines before the first sentence or section, what repeats them at the end, and the footer."""
    start = 1 if lines and lines[0].level == 1 else 0
    end = next((i for i in range(start, len(lines)) if not _is_link(lines[i])), len(lines))
    links = lines[start:end] if 2 <= end - start < len(lines) - start else []
    names = {line.text.casefold() for line in links}
    last = len(lines)
    while last > end and (lines[last - 1].text.casefold() in names or _FOOTER.search(lines[last - 1].text)):
        last -= 1
    headings = {line.text.casefold() for line in lines if line.level}
    for line in (*links, *lines[last:]):
        what = "the contents list" if line.text.casefold() in headings else "navigation of a page"
        notes.add("stripped.navigation", line.index, f"{quoted(line.text)}, taken for {what}")
    return [*lines[:start], *lines[start + len(links) : last]]


def _is_link(line: _Line) -> bool:
    """A few words that say nothing by themselves; a date, an address or "Label: value" does."""
    few = len(line.text.split()) <= _LINK_WORDS and line.short
    return few and not line.level and not line.mark and not re.search(r"[\d:@/]", line.text)


@dataclass(frozen=True, slots=True)
class _Item:
    """An open item of a list."""

    indent: int
    kind: str
    number: int = 0


def _markdown(lines: list[_Line], notes: Notes) -> Iterator[tuple[_Line, str]]:
    """Blocks as Markdown, with the blank lines between them. Letters stay beside a bullet: references name them."""
    counted = {i for chain in _chains(lines) if len(chain) > 1 for i in chain}
    items: list[_Item] = []
    for i, line in enumerate(lines):
        bullet = line.kind == "bullet" or (i in counted and line.kind in ("letter", "capital", "roman"))
        below = bool(items)
        items = [] if line.level else _opened(items, line) if bullet else _numbered(items, line, i in counted)
        gap = "" if not i or (items and below) else "\n"
        yield line, gap + _block(line, len(items))
        if not items and line.kind == "number" and not line.level:
            notes.add(
                "unsure.number", line.index, f"{quoted(line.said)} does not continue a list; it is a paragraph now"
            )


def _opened(items: list[_Item], line: _Line) -> list[_Item]:
    """The open items with this one at the end: below its sort, or below what it is indented from."""
    kind = line.kind if line.kind in ("bullet", "number") else "label"
    above = [item for item in items if item.indent <= line.indent]
    known = next((i for i, item in enumerate(above) if (item.indent, item.kind) == (line.indent, kind)), len(above))
    return [*above[:known], _Item(line.indent, kind, int(line.mark[:-1]) if kind == "number" else 0)]


def _numbered(items: list[_Item], line: _Line, counted: bool) -> list[_Item]:
    """As `_opened` for "2. …", which is an item only where Markdown would give it the same number."""
    if line.kind != "number" or not counted:
        return []
    opened = _opened(items, line)
    before = items[len(opened) - 1].number if len(opened) <= len(items) else opened[-1].number - 1
    return opened if opened[-1].number == before + 1 else []


def _block(line: _Line, depth: int) -> str:
    if line.level:
        return heading(line.level, f"{line.mark} {escaped(line.text)}".strip())
    if not depth:
        return escaped(line.said)
    mark = f"{line.mark[:-1]}." if line.kind == "number" else "-" if line.kind == "bullet" else f"- {line.mark}"
    return f"{'    ' * (depth - 1)}{mark} {escaped(line.text)}"
