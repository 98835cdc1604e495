"""Plain text as pieces: paragraphs put together from lines, and the headings that are underlined."""

from __future__ import annotations

import re
from dataclasses import replace

from generator.importing.pieces import MARK, Intake, Notes, Piece, escaped

_UNDERLINE = re.compile(r"\s*([=\-~_*])\1{2,}\s*")
_WRAPPED_WIDTH = range(50, 121)  # columns; a text with longer lines was not wrapped by hand, one with shorter hardly


def read(text: str, notes: Notes) -> Intake:
    """The first line is the title if it is short and no part of a list; underlined ones below it are sections."""
    first, *rest = _pieces(text.split("\n")) or [Piece("")]
    if first.short and not first.mark:
        first, rest = replace(first, level=1), [replace(piece, level=piece.level and piece.level + 1) for piece in rest]
    return Intake([replace(piece, text=escaped(piece.text)) for piece in (first, *rest)], rough=True)


def _pieces(raw: list[str]) -> list[Piece]:
    """Lines as paragraphs: a line goes on with the one above if its first word would not have fitted there."""
    width = max(map(len, raw))
    width = width if width in _WRAPPED_WIDTH else 10**9
    done: list[Piece] = []
    underlines: list[str] = []  # the first kind is that of level 1, the next that of level 2
    for number, (above, line) in enumerate(zip(["", *raw], raw, strict=False), 1):
        said, close = line.strip(), bool(done and above.strip())
        if not said:
            continue
        indent = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
        fits = len(above) + len(said.split()[0]) < width and not (close and done[-1].mark and indent > done[-1].indent)
        if underline := _UNDERLINE.fullmatch(line):
            if close and done[-1].short:  # else it is a rule, which says nothing
                underlines += [] if underline[1] in underlines else [underline[1]]
                done[-1] = replace(done[-1], level=underlines.index(underline[1]) + 1)
        elif match := MARK.match(said):
            done.append(Piece(said[match.end() :], number, mark=match["mark"], indent=indent, apart=not close))
        elif close and not fits and not _UNDERLINE.fullmatch(above):
            done[-1] = replace(done[-1], text=f"{done[-1].text} {said}")
        else:
            done.append(Piece(said, number, indent=indent, apart=not close))
    return done
