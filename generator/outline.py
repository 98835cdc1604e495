"""Pieces -> a policy's text: its title, the levels, numbers and ids of its sections, where its links lead.

A text to go on with is restructured: numbers that can be computed leave the headings. That of an archive keeps the
numbers it was published with.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count, pairwise
from urllib.parse import unquote

import yaml

from generator import documents, shape
from generator.documents import Document, Section
from generator.errors import Problem, SourceError, Where
from generator.pieces import LINK, Intake, Meta, Notes, Piece, guarded, plain, quoted
from generator.render import SAFE_LINK

_LABEL = re.compile(r"^(\**)(?:([0-9]+(?:\.[0-9]+)*)[.):]*|([a-z])[.)])\s+(?=\S)")


def text(
    intake: Intake, path: str, given: Meta, *, fallback: str, known: Document | None = None, archive: bool = False
) -> tuple[str, tuple[Problem, ...]]:
    """The text as a policy, and what was left out, mended or guessed.

    What is `given` wins over what the text says; `known` is the working text in its place, whose sections lend it what
    no text tells; `fallback` is its title if nobody says one. SourceError if there is no text in it.
    """
    notes = Notes(path, [*intake.notes])
    if not intake.pieces:
        raise SourceError(Problem("import.empty", Where(path), "there is no text in it", "is this the right file?"))
    pieces = shape.read(intake, notes, archive=archive)
    written, pieces = _without_title(pieces, intake.meta.title)
    meta = _meta(given, written, intake.meta, known, fallback, notes)
    if not any(piece.level for piece in pieces):
        notes.add("unsure.heading", None, "no heading was found, so the policy has no sections")
    pieces = _levelled(pieces, notes)
    names = {documents.slug(piece.words): i for i, piece in reversed([*enumerate(pieces)]) if piece.level}
    if not archive and not meta.numbering:
        pieces, numbering = _without_numbers(pieces, notes)
        meta = replace(meta, numbering=numbering)
    pieces = _with_ids(pieces, {s.heading.casefold(): s for s in known.sections} if known else {}, notes)
    if known and (gone := {s.id for s in known.sections if s.id} - {_id(piece) for piece in pieces}):
        notes.add("unsure.section", None, f"sections of the working text that are not in this one: {', '.join(gone)}")
    body = "".join(_markdown(_linked(pieces, names, notes)))
    result = f"{_front_matter(replace(meta, numbering=meta.numbering or 'none'))}\n{body.strip(chr(10))}\n"
    documents.parse(result, path)
    return result, tuple(notes.found)


def _meta(given: Meta, written: str, said: Meta, known: Document | None, fallback: str, notes: Notes) -> Meta:
    meta = given.over(Meta(written))
    if known:
        meta = meta.over(Meta("", known.meta.language, known.meta.description))
    meta = meta.over(said)
    was = written or said.title
    if given.title and was and was.casefold() != given.title.casefold():
        notes.add("mended.title", 1, f"the title was {quoted(was)}; it is {quoted(given.title)} now")
    if not meta.title:
        notes.add("unsure.title", None, f"the text has no title; the file's name gives {quoted(fallback)}")
    return meta.over(Meta(fallback))


def _front_matter(meta: Meta) -> str:
    """The description is folded, so that any text can stand in it."""
    scalars = {"title": meta.title} | ({"language": meta.language} if meta.language else {})
    lines = yaml.safe_dump(scalars, allow_unicode=True, sort_keys=False, width=10**9)
    lines += f"description: >-\n  {' '.join(meta.description.split())}\n" if meta.description else ""
    lines += f"numbering: {meta.numbering}\n" if meta.numbering != "decimal" else ""
    return f"---\n{lines}---\n"


def _without_title(pieces: list[Piece], known: str) -> tuple[str, list[Piece]]:
    """The title, if the first heading is it, and the pieces without it."""
    first = next((i for i, piece in enumerate(pieces) if piece.level), None)
    if first is None or not _is_title(pieces, first, known):
        return "", pieces
    return pieces[first].words, [*pieces[:first], *pieces[first + 1 :]]


def _is_title(pieces: Sequence[Piece], at: int, known: str) -> bool:
    """Whether the first heading stands above all others; one of several of its level is only if that shows."""
    first, *others = (piece for piece in pieces if piece.level)
    peers = [piece for piece in others if piece.level <= first.level]
    if not peers:
        return first.level == 1 or (bool(others) and not known and at == 0)
    numbered = not _LABEL.match(first.text) and bool(_LABEL.match(peers[0].text))
    return first.level == 1 and (first.words.casefold() == known.casefold() or (not known and numbered))


def _levelled(pieces: Sequence[Piece], notes: Notes) -> list[Piece]:
    """Sections start with ##, and none is more than one level below the one before."""
    done: list[Piece] = []
    above: list[int] = []
    for piece in pieces:
        if piece.level:
            above = [*(level for level in above if level < piece.level), piece.level]
        done.append(replace(piece, level=min(len(above) + 1, 6) if piece.level else 0))
    changed = [new for new, old in zip(done, pieces, strict=True) if new.level != old.level]
    if len({new.level - old.level for new, old in zip(done, pieces, strict=True) if old.level}) > 1:
        message = f"{len(changed)} headings have another level now, so that sections start with ## and skip none"
        notes.add("mended.level", changed[0].line, message)
    return done


# Numbers


def _without_numbers(pieces: list[Piece], notes: Notes) -> tuple[list[Piece], str]:
    """Headings without the numbers that come out the same when computed, and how the top level is numbered."""
    done, top, stripped = list(pieces), "none", 0
    numbers: dict[int | None, tuple[int, ...]] = {None: ()}  # place of each section among its siblings, by index
    for parent, group in _siblings(pieces):
        found = [_LABEL.match(pieces[i].text) for i in group]
        labels = [match and (match[2] or match[3]) for match in found]
        numbers |= {i: (*numbers[parent], place) for place, i in enumerate(group, 1)}
        style = _style(labels, [numbers[i] for i in group]) if parent is None or top != "none" else "none"
        if parent is None:
            top = style
        elif style != "decimal" and top != "none":
            done[parent] = replace(done[parent], attributes=(*done[parent].attributes, f"numbering={style}"))
        if style != "none":
            stripped += len(group)
            for i in group:
                done[i] = replace(done[i], text=_LABEL.sub(r"\1", done[i].text))
        elif odd := _odd(labels):
            piece = pieces[group[odd]]
            message = f"the number of {quoted(piece.words)} does not continue those before it"
            notes.add("unsure.number", piece.line, f"{message}: here numbers stay as they are written")
    if stripped:
        notes.add("stripped.numbers", None, f"the numbers of {stripped} headings: they are computed now")
    return done, top


def _siblings(pieces: Sequence[Piece]) -> list[tuple[int | None, list[int]]]:
    """Sections of one level below one parent, parents first."""
    groups: dict[int | None, list[int]] = {}
    path: list[int] = []
    for i, piece in enumerate(pieces):
        if piece.level:
            del path[piece.level - 2 :]
            groups.setdefault(path[-1] if path else None, []).append(i)
            path.append(i)
    return sorted(groups.items(), key=lambda pair: -1 if pair[0] is None else pair[0])


def _style(labels: list[str | None], numbers: list[tuple[int, ...]]) -> str:
    if labels == [".".join(map(str, number)) for number in numbers]:
        return "decimal"
    return "letters" if labels == [chr(96 + number[-1]) for number in numbers] else "none"


def _odd(labels: list[str | None]) -> int | None:
    """The first of numbered siblings that has no number, or not the one after that of the one before."""
    values = [int(label.rpartition(".")[2]) if label and label[-1].isdigit() else label for label in labels]
    after = [i for i, (a, b) in enumerate(pairwise(values), 1) if not (isinstance(a, int) and b == a + 1)]
    return next((i for i in after if any(labels)), 0 if any(labels) and len(labels) == 1 else None)


# Ids and links


def _with_ids(pieces: Sequence[Piece], known: Mapping[str, Section], notes: Notes) -> list[Piece]:
    """Every heading with an id that is there but once: its own, that of the working text, or one of its words."""
    done, seen = [], set[str]()
    for piece in pieces:
        if piece.level:
            section = known.get(piece.words.casefold())
            own = next((word[1:] for word in piece.attributes if word[0] == "#"), section.id if section else "")
            wanted = own or documents.slug(_LABEL.sub("", piece.words))  # numbers change
            free = next(i for n in count(1) if (i := wanted if n == 1 else f"{wanted}-{n}") not in seen)
            seen.add(free)
            if own and free != wanted:
                notes.add("mended.id", piece.line, f"the id {wanted!r} is taken; this section has {free!r}")
            more = [word for word in piece.attributes if word[0] != "#"]
            more[:0] = [".material"] if section and section.material and ".material" not in more else []
            piece = replace(piece, attributes=(f"#{free}", *more))
        done.append(piece)
    return done


def _id(piece: Piece) -> str:
    return piece.attributes[0][1:] if piece.level else ""


def _linked(pieces: Sequence[Piece], names: Mapping[str, int], notes: Notes) -> Iterator[Piece]:
    """Links lead somewhere that a policy may name, and are Markdown now; of others the words are kept."""
    ids = {_id(piece) for piece in pieces if piece.level}
    targets = {name: _id(pieces[i]) for name, i in names.items()}
    section = ""
    for piece in pieces:
        section = _id(piece) or section
        targets |= dict.fromkeys(piece.anchors, section)
    lost: Counter[str] = Counter()

    def target(to: str) -> str:
        """Where a link may lead instead; '' if nowhere."""
        if to.startswith("#"):
            slug = documents.slug(to[1:])
            found = to[1:] if to[1:] in ids else targets.get(to[1:]) or (slug if slug in ids else targets.get(slug))
            return f"#{found}" if found else ""
        if re.match(r"\{[{%]", unquote(to)):  # another program would have put an address here
            return ""
        if to.startswith("//"):
            return f"https:{to}"
        return to if SAFE_LINK.match(to) else "" if re.match(r"[a-zA-Z][\w+.-]*:", to) or not to else f"./{to}"

    def written(match: re.Match[str]) -> str:
        lost[match[2]] += not target(match[2])
        return f"[{match[1]}]({target(match[2])})" if target(match[2]) else match[1]

    for piece in pieces:
        yield replace(piece, text=LINK.sub(written, piece.text))
    for to, number in (+lost).items():
        times = f" ({number} ×)" if number > 1 else ""
        notes.add("stripped.target", None, f"link to {to}{times}: only its words are kept")


# Markdown


def _markdown(pieces: Iterator[Piece]) -> Iterator[str]:
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
            said = re.sub("^", "> ", said, flags=re.MULTILINE)
        yield f"{gap}{margin}{said.replace(chr(10), chr(10) + margin)}\n"
        item = bool(piece.mark)


def _counted(mark: str, before: int) -> tuple[int, str]:
    """The number of an item as Markdown counts it, 0 if it cannot, and what the item starts with."""
    number = int(mark[:-1]) if re.fullmatch(r"[0-9]{1,9}[.)]", mark) else 0
    if number and (not before or number == before + 1):
        return number, f"{number}."
    return 0, f"- {mark}" if any(map(str.isalnum, mark)) else "-"
