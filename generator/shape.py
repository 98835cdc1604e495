"""What the shape of a text tells where nothing is marked: headings, lists, and what came along from a page.

A short numbered line is a heading where its number continues the ones before and other text stands between them; where
its neighbours follow at once it is an item of a list. Without numbers, strong lines are headings, else short ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from generator.pieces import LINK, MARK, Intake, Notes, Piece, label, quoted

_STRONG = re.compile(r"\*\*([^*]+)\*\*")
_SAYS_ITSELF = re.compile(r"[:@/]|\b(?:19|20)\d\d\b")  # a date, an address, "Label: value": neither heading nor link
_CONTENTS = re.compile(r"(?i)(?:table of )?contents?|on this page|inhalt(?:sverzeichnis)?|sommaire|المحتويات|فہرست")
_FOOTER = re.compile(r"©|\(c\) \d{4}|all rights reserved", re.IGNORECASE)
_ROMAN = {label(number, "i"): number for number in range(1, 40)}


def read(intake: Intake, notes: Notes, *, archive: bool) -> list[Piece]:
    """The pieces with their headings and lists; an `archive` keeps its contents list and its marks as they are."""
    pieces = list(intake.pieces) if archive else [_with_mark(piece) for piece in intake.pieces]
    if not any(piece.level for piece in pieces[1:]):
        pieces = _headings(_titled(pieces, intake), notes, rough=intake.rough)
    pieces = _without_navigation(pieces, notes) if intake.rough else pieces
    pieces = pieces if archive else _without_contents(pieces, notes)
    return list(_listed(pieces, notes))


def _with_mark(piece: Piece) -> Piece:
    """The mark of an item that was written as words: in a paragraph, or beside a bullet."""
    match = MARK.match(piece.text)
    if not match or piece.level or piece.form or piece.mark not in ("", "-") or (piece.depth and not piece.mark):
        return piece
    return replace(piece, mark=match["mark"], text=match["strong"] + piece.text[match.end() :])


def _titled(pieces: list[Piece], intake: Intake) -> list[Piece]:
    """The first piece is the title if it looks like one."""
    first = pieces[0]
    said = first.words.casefold()
    likely = said == intake.meta.title.casefold() or _STRONG.fullmatch(first.text)
    if first.level or first.mark or not first.short or not likely:
        return pieces
    return [replace(first, level=1, text=_bare(first.text)), *pieces[1:]]


def _bare(text: str) -> str:
    return _STRONG.sub(r"\1", text) if _STRONG.fullmatch(text) else text


# Headings


def _headings(pieces: list[Piece], notes: Notes, *, rough: bool) -> list[Piece]:
    """Chains of numbers that are headings, and strong lines below them; else lines in capitals, of rough text any."""
    levels: dict[int, int] = {}
    stack: list[str] = []
    for i in sorted(i for chain in _chains(pieces) if _is_outline(chain, pieces) for i in chain):
        kind = f"{_kind(pieces[i].mark)}{pieces[i].mark.rstrip('.)').count('.')}"
        stack = [*(stack[: stack.index(kind)] if kind in stack else stack), kind]
        levels[i] = len(stack) + 1
    numbered, level = set(levels), 1
    strong = {i for i, piece in enumerate(pieces) if _STRONG.fullmatch(piece.text)}
    for i, piece in enumerate(pieces):
        level = levels.get(i, level)
        if i not in numbered and i in strong and _heads(i, pieces):
            levels[i] = level + 1
    if not levels:
        levels = {i: 2 for i, p in enumerate(pieces) if (rough or p.words.isupper()) and _stands_alone(i, pieces)}
    for i in levels.keys() - (numbered if len(numbered) > 1 else set()):
        notes.add("unsure.heading", pieces[i].line, f"{quoted(pieces[i].words)} is taken for a heading")
    return [_raised(piece, levels[i]) if i in levels else piece for i, piece in enumerate(pieces)]


def _raised(piece: Piece, level: int) -> Piece:
    return replace(piece, level=level, text=f"{piece.mark} {_bare(piece.text)}".strip(), mark="", depth=0)


def _heads(i: int, pieces: Sequence[Piece]) -> bool:
    """Whether a line can be a heading, and text stands below it."""
    piece, below = pieces[i], pieces[i + 1] if i + 1 < len(pieces) else None
    free = not (piece.level or piece.mark or piece.depth or _SAYS_ITSELF.search(piece.text))
    upper = piece.words.isupper()
    return free and piece.short and below is not None and (upper or bool(below.mark) or not below.short)


def _stands_alone(i: int, pieces: Sequence[Piece]) -> bool:
    return _heads(i, pieces) and pieces[i].apart and pieces[i + 1].apart and len(pieces[i].words.split()) < 12


def _chains(pieces: Sequence[Piece]) -> list[list[int]]:
    """Pieces whose marks count up. A number that fits two chains goes on with its neighbour, else with the outer one."""
    chains: list[list[int]] = []
    for i, piece in enumerate(pieces):
        if piece.level or _kind(piece.mark) in ("", "bullet"):
            continue
        fitting = [chain for chain in chains if _follows(pieces[chain[-1]], piece)]
        if _kind(piece.mark) not in ("number", "decimals"):  # letters start again below each heading
            fitting = fitting[-1:]
        next_door = [chain for chain in fitting if chain[-1] == i - 1]
        if fitting:
            (next_door or fitting)[0].append(i)
        else:
            chains.append([i])
    return chains


def _kind(mark: str) -> str:
    said = mark.strip("().")
    if not said.isalnum():
        return "decimals" if "." in said else "bullet" if said or mark else ""
    if said.isdecimal():
        return "number"
    return "roman" if len(said) > 1 else "letter" if said.islower() else "capital"


def _follows(before: Piece, piece: Piece) -> bool:
    old, new = _readings(before.mark), _readings(piece.mark)
    same = (old[kind] == (*new[kind][:-1], new[kind][-1] - 1) for kind in old.keys() & new.keys())
    alike = before.mark[0].isalnum() == piece.mark[0].isalnum() and before.depth == piece.depth
    return alike and any(same)


def _readings(mark: str) -> Mapping[str, tuple[int, ...]]:
    """What a mark may count: "i." is a letter or a Roman number."""
    said = mark.strip("().")
    if _kind(mark) in ("number", "decimals"):
        return {_kind(mark): tuple(map(int, said.split(".")))}
    roman = {f"roman {said.islower()}": (_ROMAN[said.lower()],)} if said.lower() in _ROMAN else {}
    return roman | ({_kind(mark): (ord(said),)} if len(said) == 1 else {})


def _is_outline(chain: list[int], pieces: Sequence[Piece]) -> bool:
    """Whether numbered lines are headings: most are short, and most have other text before the next."""
    first = pieces[chain[0]].mark
    short = sum(pieces[i].short for i in chain)
    spaced = sum(i + 1 < len(pieces) and i + 1 not in chain for i in chain)
    starts = len(chain) > 1 or first in ("1.", "1)", "a.")
    return starts and short * 3 >= len(chain) * 2 and spaced * 2 > len(chain) and first[0] != "("


# What came along


def _without_navigation(pieces: list[Piece], notes: Notes) -> list[Piece]:
    """Without the short lines before the first sentence or section, what repeats them at the end, and the footer."""
    start = 1 if pieces[0].level == 1 else 0
    end = next((i for i in range(start, len(pieces)) if not _is_link(pieces[i])), len(pieces))
    links = pieces[start:end] if 2 <= end - start < len(pieces) - start else []
    names = {piece.words.casefold() for piece in links}
    last = len(pieces)
    while last > end and (pieces[last - 1].words.casefold() in names or _FOOTER.search(pieces[last - 1].text)):
        last -= 1
    headings = {MARK.sub("", piece.words).casefold() for piece in pieces if piece.level}
    for piece in (*links, *pieces[last:]):
        what = "the contents list" if piece.words.casefold() in headings else "navigation of a page"
        notes.add("stripped.navigation", piece.line, f"{quoted(piece.words)}, taken for {what}")
    return [*pieces[:start], *pieces[start + len(links) : last]]


def _is_link(piece: Piece) -> bool:
    """A few words that say nothing by themselves."""
    few = len(piece.text.split()) <= 4 and piece.short
    return few and not piece.level and not piece.mark and not re.search(r"\d|[:@/]", piece.text)


def _without_contents(pieces: list[Piece], notes: Notes) -> list[Piece]:
    """Without links to the text's own sections one below the other, for the pages make such a list themselves."""
    kept: list[Piece] = []
    for is_link, run in groupby(pieces, _leads_within):
        group = list(run)
        if not is_link or len(group) < 3:
            kept += group
            continue
        if len(kept) > 1 and _CONTENTS.fullmatch(kept[-1].words.rstrip(":")):
            group.insert(0, kept.pop())
        said = f"{len(group)} lines, a contents list such as pages make themselves: {quoted(group[0].words)}"
        notes.add("stripped.contents", group[0].line, said)
    return kept


def _leads_within(piece: Piece) -> bool:
    match = LINK.fullmatch(piece.text)
    return bool(match and match[2].startswith("#") and not piece.level)


# Lists


@dataclass(frozen=True, slots=True)
class _Item:
    """An open item of a list."""

    indent: int
    kind: str
    number: int


def _listed(pieces: Sequence[Piece], notes: Notes) -> Iterator[Piece]:
    """Marked lines as items, below their sort or below what they are indented from; a lone number is a word."""
    counted = {i for chain in _chains(pieces) if len(chain) > 1 for i in chain}
    items: list[_Item] = []
    for i, piece in enumerate(pieces):
        if piece.depth or piece.level or not piece.mark:
            items = []
            yield piece
            continue
        kind, was_open = _kind(piece.mark), bool(items)
        opened = _opened(items, piece)
        if kind == "number" and i in counted:
            before = items[len(opened) - 1].number if len(opened) <= len(items) else opened[-1].number - 1
            fits = opened[-1].number == before + 1
        else:
            fits = kind == "bullet" or (kind != "decimals" and i in counted)
        items = opened if fits else []
        if not fits and kind == "number" and was_open:
            message = f"{quoted(piece.said)} does not continue a list; it is a paragraph now"
            notes.add("unsure.number", piece.line, message)
        yield replace(piece, depth=len(items)) if fits else replace(piece, text=piece.said, mark="")


def _opened(items: list[_Item], piece: Piece) -> list[_Item]:
    """The open items with this one at the end."""
    kind = _kind(piece.mark) if _kind(piece.mark) in ("bullet", "number") else "label"
    above = [item for item in items if item.indent <= piece.indent]
    known = next((i for i, item in enumerate(above) if (item.indent, item.kind) == (piece.indent, kind)), len(above))
    return [*above[:known], _Item(piece.indent, kind, int(piece.mark.strip("().")) if kind == "number" else 0)]
