"""Plain text as pieces: paragraphs put together from lines, and the headings that are underlined."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from generator.pieces import MARK, Intake, Piece, escaped

_UNDERLINE = re.compile(r"^\s*([=\-~_*])\1{2,}\s*$")
_WRAPPED_WIDTH = range(50, 121)  # columns; a text with longer lines was not wrapped by hand, one with shorter hardly


def read(text: str) -> Intake:
    """The first line is the title if it is short and no part of a list; underlined ones below it are sections."""
    first, *rest = _underlined(list(_joined(text.split("\n"))))
    if first.short and not first.mark:
        first, rest = replace(first, level=1), [replace(piece, level=piece.level and piece.level + 1) for piece in rest]
    return Intake([replace(piece, text=escaped(piece.text)) for piece in (first, *rest)], rough=True)


def _joined(raw: Sequence[str]) -> Iterator[Piece]:
    """Lines as paragraphs: a line goes on with the one above if its first word would not have fitted there."""
    width = max(map(len, raw))
    width = width if width in _WRAPPED_WIDTH else 10**9
    piece: Piece | None = None
    last = ""
    for number, line in enumerate(raw, 1):
        fresh = _piece(number, line, apart=not last.strip())
        goes_on = piece and last.strip() and line.strip() and not any(map(_UNDERLINE.match, (line, last)))
        hangs = piece and piece.mark and fresh.indent > piece.indent
        if piece and goes_on and not fresh.mark and (hangs or len(last) + 1 + len(line.split()[0]) > width):
            piece = replace(piece, text=f"{piece.text} {line.strip()}")
        elif line.strip():
            yield from [piece] if piece else []
            piece = fresh
        last = line
    yield from [piece] if piece else []


def _piece(number: int, line: str, *, apart: bool) -> Piece:
    said = line.strip()
    match = MARK.match(said)
    indent = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
    mark, said = (match["mark"], said[match.end() :]) if match else ("", said)
    return Piece(said, number, mark=mark, indent=indent, apart=apart)


def _underlined(pieces: list[Piece]) -> list[Piece]:
    """Headings that are underlined; level 1 for the first kind of line used, 2 for the next."""
    kinds: list[str] = []
    done: list[Piece] = []
    for piece in pieces:
        match = _UNDERLINE.match(piece.said)
        if match and done and done[-1].short and not piece.apart:
            kinds += [] if match[1] in kinds else [match[1]]
            done[-1] = replace(done[-1], level=kinds.index(match[1]) + 1)
        elif not match:  # a rule says nothing
            done.append(piece)
    return done
