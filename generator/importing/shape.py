"""What the shape of a text tells where nothing is marked: headings, lists, and what came along from a page.

A short numbered line is a heading where its number continues the ones before and other text stands between them; where
its neighbours follow at once it is an item of a list. Without numbers, strong lines are headings, else short ones.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from generator.importing.pieces import MARK, Intake, Notes, Piece, label, quoted

_STRONG = re.compile(r"\A\*\*([^*]+)\*\*\Z")
_SAYS_ITSELF = re.compile(r"[:@/]|\d{4}")  # a date, an address, "Label: value": no heading
_WITHIN = re.compile("\x13[^\x13]*\x14#[^\x12]*\x12")  # nothing but a link to a place of the text
_CONTENTS = re.compile(r"(?i)(?:table of )?contents?|on this page|inhalt(?:sverzeichnis)?|sommaire|المحتويات|فہرست")
_FOOTER = re.compile(r"(?i)©|\(c\) \d{4}|all rights reserved")
_ROMAN = {label(number, "i"): number for number in range(1, 40)}


def read(intake: Intake, notes: Notes, *, archive: bool) -> list[Piece]:
    """The pieces with their headings and lists; an `archive` keeps its contents list and its marks as they are."""
    pieces = list(intake.pieces) if archive else [_with_mark(piece) for piece in intake.pieces]
    if not any(piece.level for piece in pieces[1:]):
        first = pieces[0]
        titles = _STRONG.match(first.text) or first.words.casefold() == intake.meta.title.casefold()
        if titles and first.short and not first.level and not first.mark:
            pieces[0] = replace(first, level=1, text=_STRONG.sub(r"\1", first.text))
        pieces = _headings(pieces, notes, rough=intake.rough)
    pieces = _without_navigation(pieces, notes) if intake.rough else pieces
    return list(_listed(pieces if archive else _without_contents(pieces, notes)))


def _with_mark(piece: Piece) -> Piece:
    """The mark of an item that was written as words: in a paragraph, or beside a bullet."""
    match = MARK.match(piece.text)
    if not match or piece.level or piece.form or piece.mark not in ("", "-") or (piece.depth and not piece.mark):
        return piece
    return replace(piece, mark=match["mark"], text=match["strong"] + piece.text[match.end() :])


def _headings(pieces: list[Piece], notes: Notes, *, rough: bool) -> list[Piece]:
    """Chains of numbers that are headings, and strong lines below them; else lines in capitals, of rough text any."""
    stack, level, levels = list[str](), 1, dict[int, int]()
    outline = {i for chain in _chains(pieces) if _is_outline(chain, pieces) for i in chain}
    for i, piece in enumerate(pieces):
        if i in outline:
            kind = f"{_kind(piece.mark)}{piece.mark.rstrip('.)').count('.')}"
            stack = [*(stack[: stack.index(kind)] if kind in stack else stack), kind]
            levels[i] = level = len(stack) + 1
        elif _STRONG.match(piece.text) and _heads(i, pieces):
            levels[i] = level + 1
    if not levels:
        alone = (i for i, p in enumerate(pieces) if p.apart and len(p.words.split()) < 12 and _heads(i, pieces))
        levels = {i: 2 for i in alone if pieces[i + 1].apart and (rough or pieces[i].words.isupper())}
    for i in sorted(levels.keys() - (outline if len(outline) > 1 else set())):
        notes.add("unsure.heading", pieces[i].line, f"{quoted(pieces[i].words)} is taken for a heading")
    for i, level in levels.items():
        bare = replace(pieces[i], text=_STRONG.sub(r"\1", pieces[i].text))
        pieces[i] = replace(bare, level=level, text=bare.said, mark="", depth=0)
    return pieces


def _heads(i: int, pieces: Sequence[Piece]) -> bool:
    """Whether a line can be a heading, and text stands below it."""
    piece, below = pieces[i], pieces[i + 1] if i + 1 < len(pieces) else None
    free = not (piece.level or piece.mark or piece.depth or _SAYS_ITSELF.search(piece.words))
    return free and piece.short and below is not None and (piece.words.isupper() or bool(below.mark) or not below.short)


def _chains(pieces: Sequence[Piece]) -> list[list[int]]:
    """Pieces whose marks count up. A mark that fits two chains goes on with its neighbour, else a number with the outer
    one, and a letter with the last, for letters start again below each heading."""
    chains: list[list[int]] = []
    waiting = defaultdict[object, list[tuple[int, list[int]]]](list)  # chains and their ends, by what would go on
    for i, piece in enumerate(pieces):
        readings = {} if piece.level else _readings(piece.mark)
        form = (piece.mark[:1].isalnum(), piece.depth)
        fitting: list[list[int]] = []
        for reading in readings.items():
            waiting[reading, form] = [(end, chain) for end, chain in waiting[reading, form] if chain[-1] == end]
            fitting = sorted(fitting + [chain for _, chain in waiting[reading, form]])
        if readings:
            place = 0 if piece.mark.strip("(")[0].isdecimal() else -1
            chain = next((chain for chain in fitting if chain[-1] == i - 1), fitting[place] if fitting else [])
            chains += [] if chain else [chain]
            chain.append(i)
        for kind, count in readings.items():
            waiting[(kind, (*count[:-1], count[-1] + 1)), form].append((i, chain))
    return chains


def _readings(mark: str) -> Mapping[str, tuple[int, ...]]:
    """What a mark may count, by kind: "i." is a letter or a Roman number. Nothing for a bullet."""
    said = mark.strip("().")
    if said[:1].isdecimal():
        return {"decimals" if "." in said else "number": tuple(map(int, said.split(".")))}
    case = "lower" if said.islower() else "upper"
    letter = {f"{case} letter": (ord(said),)} if len(said) == 1 and said.isalpha() else {}
    return letter | ({f"{case} roman": (_ROMAN[said.lower()],)} if said.lower() in _ROMAN else {})


def _kind(mark: str) -> str:
    return next(iter(_readings(mark)), mark and "bullet")


def _is_outline(chain: list[int], pieces: Sequence[Piece]) -> bool:
    """Whether numbered lines are headings: most are short, and most have other text before the next."""
    first = pieces[chain[0]].mark
    short = sum(pieces[i].short for i in chain)
    spaced = sum(i + 1 < len(pieces) and i + 1 not in chain for i in chain)
    starts = len(chain) > 1 or first in ("1.", "1)", "a.")
    return starts and short * 3 >= len(chain) * 2 and spaced * 2 > len(chain) and first[0] != "("


def _without_navigation(pieces: list[Piece], notes: Notes) -> list[Piece]:
    """Without the short lines between title and text, what repeats them at the end, and the footer."""
    start = 1 if pieces[0].level == 1 else 0
    end = next((i for i in range(start, len(pieces)) if not _is_link(pieces[i])), len(pieces))
    end = end if 2 <= end - start < len(pieces) - start else start
    names = {piece.words.casefold() for piece in pieces[start:end]}
    last = len(pieces)
    while last > end and (pieces[last - 1].words.casefold() in names or _FOOTER.search(pieces[last - 1].text)):
        last -= 1
    for piece in (*pieces[start:end], *pieces[last:]):
        notes.add("stripped.navigation", piece.line, f"{quoted(piece.words)}, taken for navigation of a page")
    return [*pieces[:start], *pieces[end:last]]


def _is_link(piece: Piece) -> bool:
    """A few words that say nothing by themselves."""
    few = len(piece.text.split()) <= 4 and piece.short and not re.search(r"[\d:@/]", piece.text)
    return few and not piece.level and not piece.mark


def _without_contents(pieces: list[Piece], notes: Notes) -> list[Piece]:
    """Without links to the text's own sections one below the other, for the pages make such a list themselves."""
    kept: list[Piece] = []
    for is_link, run in groupby(pieces, lambda piece: bool(_WITHIN.fullmatch(piece.text)) and not piece.level):
        group = list(run)
        if not is_link or len(group) < 3:
            kept += group
            continue
        if len(kept) > 1 and _CONTENTS.fullmatch(kept[-1].words.rstrip(":")):
            group.insert(0, kept.pop())
        said = f"{len(group)} lines, a contents list such as pages make themselves: {quoted(group[0].words)}"
        notes.add("stripped.contents", group[0].line, said)
    return kept


def _listed(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Marked lines as items, below their sort or below what they are indented from; a lone number is a word."""
    counted = {i for chain in _chains(pieces) if len(chain) > 1 for i in chain}
    opened: list[tuple[int, str]] = []  # indent and sort of each open item
    for i, piece in enumerate(pieces):
        kind = _kind(piece.mark)
        item = kind == "bullet" or (i in counted and kind != "decimals") or (kind == "number" and opened)
        if piece.depth or piece.level or not item:
            opened = []
            yield piece if piece.depth or piece.level else replace(piece, text=piece.said, mark="")
        else:
            sort = (piece.indent, kind if kind in ("bullet", "number") else "label")
            above = [item for item in opened if item[0] <= piece.indent]
            opened = [*above[: above.index(sort) if sort in above else None], sort]
            yield replace(piece, depth=len(opened))
