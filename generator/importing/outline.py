"""Pieces -> a policy's text: its title, the levels, numbers and ids of its sections, where its links lead.

A text to go on with is restructured: numbers that can be computed leave the headings. That of an archive keeps the
numbers it was published with.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import astuple, replace
from itertools import pairwise
from urllib.parse import unquote

import yaml

from generator import documents
from generator.documents import Document, Section, slug
from generator.errors import Problem, SourceError, Where
from generator.importing import shape
from generator.importing.pieces import LINK, NO_TEXT, Intake, Meta, Notes, Piece, guarded, quoted
from generator.render import SAFE_LINK

_LABEL = re.compile(r"^(\**)(?:([0-9]+(?:\.[0-9]+)*)[.):]*|([a-z])[.)])\s+(?=\S)")


def text(
    intake: Intake, notes: Notes, given: Meta, *, fallback: str, known: Document | None = None, archive: bool = False
) -> str:
    """The text as a policy; `notes` gains what was left out, mended or guessed.

    What is `given` wins over what the text says; `known` is the working text in its place, whose sections lend it what
    no text tells; `fallback` is its title if nobody says one. SourceError if there is no text in it.
    """
    if not any(piece.text for piece in intake.pieces):
        raise SourceError(Problem("import.empty", Where(notes.path), "there is no text in it", "is it the right file?"))
    pieces = shape.read(intake, notes, archive=archive)
    title = _title(pieces, intake.meta.title)
    kept = Meta("", known.meta.language, known.meta.description) if known else Meta()
    meta = Meta(title.words if title else "").over(kept).over(intake.meta)
    if given.title and meta.title and meta.title.casefold() != given.title.casefold():
        notes.add("mended.title", 1, f"the title was {quoted(meta.title)}; it is {quoted(given.title)} now")
    meta = given.over(meta)
    if not meta.title:
        notes.add("unsure.title", None, f"the text has no title; the file's name gives {quoted(fallback)}")
    pieces = _levelled([piece for piece in pieces if piece is not title], notes)
    names = {slug(piece.words): i for i, piece in reversed([*enumerate(pieces)]) if piece.level}
    if not names:
        notes.add("unsure.heading", None, "no heading was found, so the policy has no sections")
    numbering = meta.numbering or "none"
    if not archive and not meta.numbering:
        pieces, numbering = _without_numbers(pieces, notes)
    pieces = _with_ids(pieces, known, notes)
    body = "".join(_markdown(_linked(pieces, {name: _id(pieces[i]) for name, i in names.items()}, notes)))
    result = f"{_front_matter(meta.over(Meta(fallback)), numbering)}\n{body.strip(chr(10))}\n"
    documents.parse(result, notes.path)
    return result


def _front_matter(meta: Meta, numbering: str) -> str:
    """The description is folded, so that any text can stand in it."""
    meta = Meta(*(text.translate(NO_TEXT) for text in astuple(meta)))
    scalars = {"title": meta.title} | ({"language": meta.language} if meta.language else {})
    lines = yaml.safe_dump(scalars, allow_unicode=True, sort_keys=False, width=10**9)
    lines += f"description: >-\n  {' '.join(meta.description.split())}\n" if meta.description else ""
    lines += f"numbering: {numbering}\n" if numbering != "decimal" else ""
    return f"---\n{lines}---\n"


def _title(pieces: Sequence[Piece], known: str) -> Piece | None:
    """The first heading, if it stands above all others; one of several of its level is only if that shows."""
    first, *others = [piece for piece in pieces if piece.level] or [Piece("")]
    peer = next((piece for piece in others if piece.level <= first.level), None)
    if peer is None:
        stands_above = first.level == 1 or (others and not known and first is pieces[0])
    else:
        numbered = not known and not _label(first) and bool(_label(peer))
        stands_above = first.level == 1 and (first.words.casefold() == known.casefold() or numbered)
    return first if stands_above else None


def _levelled(pieces: Sequence[Piece], notes: Notes) -> list[Piece]:
    """Sections start with ##, and none is more than one level below the one before."""
    done, above, shifts = list[Piece](), list[int](), set[int]()
    for piece in pieces:
        if piece.level:
            above = [*(level for level in above if level < piece.level), piece.level]
            shifts.add(len(above) - piece.level)
        done.append(replace(piece, level=min(len(above) + 1, 6) if piece.level else 0))
    if len(shifts) > 1:
        notes.add("mended.level", None, "headings have other levels now, so that sections start with ## and skip none")
    return done


def _without_numbers(pieces: Sequence[Piece], notes: Notes) -> tuple[list[Piece], str]:
    """Headings without their numbers if all come out the same when computed, and how the top level is numbered."""
    labels = {i: _label(piece) for i, piece in enumerate(pieces) if piece.level}
    if not any(labels.values()):
        return list(pieces), "none"
    bare = [replace(p, text=_LABEL.sub(r"\1", p.text)) if p.level else p for p in pieces]
    for above, below in pairwise(labels):
        style = {"a": "letters", "": "none"}.get(labels[below], "")
        if style and pieces[below].level > pieces[above].level:
            bare[above] = replace(bare[above], attributes=(*bare[above].attributes, f"numbering={style}"))
    own = {i: " ".join(word for word in bare[i].attributes if word.startswith("numbering")) for i in labels}
    lines = "".join(f"{'#' * pieces[i].level} x {{#{i} {own[i]}}}\n" for i in labels)
    for section in documents.parse(f"---\ntitle: x\n---\n{lines}", "").sections:
        number, piece = section.number.rstrip("."), pieces[int(section.id)]
        if number != labels[int(section.id)]:
            message = f"{quoted(piece.words)} would be {number or 'without a number'}: numbers stay as they are written"
            notes.add("unsure.number", piece.line, message)
            return list(pieces), "none"
    said = f"the numbers of {sum(map(bool, labels.values()))} headings: they are computed now"
    notes.add("stripped.numbers", None, said)
    return bare, "decimal"


def _label(heading: Piece) -> str:
    match = _LABEL.match(heading.text)
    return (match[2] or match[3]) if match else ""


def _with_ids(pieces: Sequence[Piece], known: Document | None, notes: Notes) -> list[Piece]:
    """Every heading with an id that is there but once: its own, that of the working text, or one of its words."""
    kept: dict[str, list[Section]] = {}  # by heading, the first one last
    for section in reversed(known.sections if known else ()):
        kept.setdefault(section.heading.casefold(), []).append(section)
    done, seen = [], dict[str, int]()
    for piece in pieces:
        if piece.level:
            same = kept.get(piece.words.casefold())
            was = same.pop() if same else None
            own = next((word[1:] for word in piece.attributes if word[0] == "#"), was.id if was else "")
            wanted = own or slug(_LABEL.sub("", piece.words))  # numbers change
            free = wanted
            while free in seen:
                seen[wanted] += 1
                free = f"{wanted}-{seen[wanted]}"
            seen[free] = 1
            if own and free != wanted:
                notes.add("mended.id", piece.line, f"the id {wanted!r} is taken; this section has {free!r}")
            material = (".material",) if was and was.material else ()
            more = (word for word in (*material, *piece.attributes) if word[0] != "#")
            piece = replace(piece, attributes=(f"#{free}", *dict.fromkeys(more)))
        done.append(piece)
    if gone := [section.id for same in kept.values() for section in same if section.id]:
        said = f"sections of the working text that are gone, or have another heading: {', '.join(sorted(gone))}"
        notes.add("unsure.section", None, said)
    return done


def _id(piece: Piece) -> str:
    return piece.attributes[0][1:] if piece.level else ""


def _linked(pieces: Sequence[Piece], places: dict[str, str], notes: Notes) -> list[Piece]:
    """Links lead somewhere that a policy may name, and are Markdown now; of others the words are kept.

    `places` are the ids of sections by the names that links may use.
    """
    section = ""
    for piece in pieces:
        section = _id(piece) or section
        places |= dict.fromkeys(piece.anchors, section)
    places |= {name: name for piece in pieces if (name := _id(piece))}
    lost: Counter[str] = Counter()

    def written(match: re.Match[str]) -> str:
        said, to = match.groups()
        if to.startswith("#"):
            found = places.get(to[1:]) or places.get(slug(to[1:]))
            to = f"#{found}" if found else ""
        elif not SAFE_LINK.match(to):  # what starts with {{, another program would have put in place
            foreign = re.match(r"[a-zA-Z][\w+.-]*:|\{[{%]|$", unquote(to))
            to = f"https:{to}" if to.startswith("//") else "" if foreign else f"./{to}"
        lost[match[2]] += not to
        return f"[{said}]({to})" if to else said

    done = [replace(piece, text=LINK.sub(written, piece.text)) for piece in pieces]
    for to, number in (+lost).items():
        times = f" ({number} ×)" if number > 1 else ""
        notes.add("stripped.target", None, f"link to {to}{times}: only its words are kept")
    return done


def _markdown(pieces: Sequence[Piece]) -> Iterator[str]:
    """Blocks with the blank lines between them. What Markdown cannot count stands beside a bullet as it was written."""
    opened: dict[int, int] = {}  # depths of open items, outer ones first: the number of each, 0 for a bullet
    item = False  # whether the piece before was one
    for piece in pieces:
        said = piece.text if piece.form == "verbatim" or piece.level else guarded(piece.text)
        depth, gap = 0 if piece.level or piece.form == "verbatim" else piece.depth, "\n"
        before = opened.get(depth)
        opened = {above: number for above, number in opened.items() if above < depth + (not piece.mark)}
        margin = "    " * len(opened)
        if piece.mark:
            opened[depth], mark = _counted(piece.mark, before or 0)
            another = before is not None and bool(before) != bool(opened[depth])  # a list of the other sort
            gap = "" if item and not another else "\n"
            said = f"{mark} {said}".replace("\n", "\n    ")
        elif piece.level:
            said = f"{'#' * piece.level} {' '.join(said.split())} {{{' '.join(piece.attributes)}}}"
        elif piece.form == "quote":
            said = re.sub("(?m)^", "> ", said)
        yield f"{gap}{margin}{said.replace(chr(10), chr(10) + margin)}\n"
        item = bool(piece.mark)


def _counted(mark: str, before: int) -> tuple[int, str]:
    """The number of an item as Markdown counts it, 0 if it cannot, and what the item starts with."""
    number = int(mark[:-1]) if re.fullmatch(r"[0-9]{1,9}[.)]", mark) else 0
    if number and (not before or number == before + 1):
        return number, f"{number}."
    return 0, f"- {mark}" if any(map(str.isalnum, mark)) else "-"
