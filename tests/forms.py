"""What each form of a redline says, read back from it: the texts that it marks, in order, and the notes beside them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import get_args

from generator import words
from generator.redline import comments, letter, reports, terminal
from generator.redline.diff import Redline, Status
from generator.redline.reports import Side
from tests.markup import Html, Tag, read
from tests.trees import shipped

ENGLISH = words.load(shipped().templates, "en").texts
TARGET = re.compile(r"(?<=\])\((?:[^()]|\([^()]*\))*\)|^ *\[[^\]]+\]:.*$", re.MULTILINE)
MARKS = re.compile(r"[\s*_`\[\]\\<>#|¶␣!]")
STATUSES = set(get_args(Status))
_PLAIN = re.compile(r"\[-(.*?)-\]|\{\+(.*?)\+\}|\{~(.*?)~\}", re.DOTALL)
_TAGGED = re.compile(r"<(del|ins|var)>(.*?)</\1>", re.DOTALL)
_OPS = {"del": "-", "ins": "+", "var": "m"}

Piece = tuple[str, str]  # op: = - + or m, and text


@dataclass(frozen=True)
class Said:
    """The marked texts without white space and marks of Markdown, neighbours of one kind joined; and the notes."""

    texts: list[Piece]
    notes: list[str]


def all_forms(redline: Redline) -> dict[str, Said]:
    sides = Side("old", redline.old), Side("new", redline.new)
    told = json.loads(json.dumps(reports.as_object(redline, *sides, ENGLISH, 0)))
    look = shipped()
    return {
        "json": from_json(told),
        "terminal": from_terminal("\n".join(terminal.lines(redline, ENGLISH, colour=False))),
        "markdown": from_markdown(comments.markdown(redline, ("old", "new"), ENGLISH, limit=10**9)),
        "html": from_html(letter.html(redline, *sides, look.templates, look.static, "").encode()),
    }


def texts(pieces: Iterable[Piece]) -> list[Piece]:
    """Where a link leads is told in the notes, so it is left out here, in the old as in the new text."""
    items = [(op, re.sub(r"(\n\s*)(?:[-*+]|\d+[.)])(?=\s)", r"\1", text)) for op, text in pieces]
    marked = [(op, char) for op, text in items for char in text]
    hidden = {at for side in "-+" for at in _targets(marked, {"-": "+", "+": "-"}[side])}
    shown = [pair for at, pair in enumerate(marked) if at not in hidden and pair[0] != "=" and not MARKS.match(pair[1])]
    return [(op, "".join(char for _, char in run)) for op, run in groupby(shown, key=lambda pair: pair[0])]


def _targets(marked: list[Piece], without: str) -> Iterator[int]:
    kept = [(at, char) for at, (op, char) in enumerate(marked) if op != without]
    for match in TARGET.finditer("".join(char for _, char in kept)):
        yield from (at for at, _ in kept[match.start() : match.end()])


def from_json(told: Mapping[str, object]) -> Said:
    blocks = [*told["front"], *(block for section in told["sections"] for block in section["blocks"])]  # type: ignore
    pieces: list[Piece] = []
    for block in blocks:
        if block["block"] == "row" and not "".join(op["t"] for op in block["ops"]).strip("|-: \n"):
            continue
        alone = len({op["op"] for op in block["ops"]}) == 1 and block["block"] != "item"
        roles = ("words", "bar", "form") if alone else ("words", "bar")  # a number written by hand is one of the words
        spans = [op for op in block["ops"] if op["role"] in roles]
        pieces += [("m" if "move" in op else op["op"], op["t"]) for op in spans if not op.get("renum")]
        pieces.append(("=", "\n"))
    return Said(texts(pieces), [note["said"] for block in blocks for note in block["notes"]])


def from_terminal(shown: str) -> Said:
    ends = re.compile(r"^(.*)  \((.+)\)$", re.MULTILINE)
    notes = [note for _, line in ends.findall(shown) for note in line.split("; ")]
    plain = ends.sub(r"\1", shown)
    pieces: list[Piece] = []
    at = 0
    for match in _PLAIN.finditer(plain):
        pieces += [("=", plain[at : match.start()]), ("-+m"[(match.lastindex or 0) - 1], match[match.lastindex or 0])]
        at = match.end()
    return Said(texts([*pieces, ("=", plain[at:])]), [note for note in notes if note not in STATUSES])


def from_markdown(source: str) -> Said:
    notes = [
        note
        for line in re.findall(r"(?:<i>|<summary>[^<]*)\((.+?)\)</(?:i|summary)>", source)
        for note in _words(line).split("; ")
    ]
    body = re.sub(r"<i>.*?</i>|<summary>.*?</summary>", "", source)
    pieces: list[Piece] = []
    at = 0
    for match in _TAGGED.finditer(body):
        pieces += [("=", _words(body[at : match.start()])), (_OPS[match[1]], _words(match[2]))]
        at = match.end()
    return Said(texts([*pieces, ("=", _words(body[at:]))]), [note for note in notes if note not in STATUSES])


def _words(source: str) -> str:
    return html.unescape(re.sub(r"\\([^a-zA-Z0-9\s])", r"\1", re.sub(r"</?\w+>", "", source)))


def from_html(content: bytes) -> Said:
    page = read(content)
    shown = [(around, text) for around, text in page.texts if _in_one_text(around)]
    pieces = [(_op(around), text) for around, text in shown if not _within(around, "note")]
    return Said(texts(pieces), list(_html_notes(page)))


def _in_one_text(around: tuple[Tag, ...]) -> bool:
    apart = ("as-two", "mark", "legend", "tools", "steps", "number", "opening", "changes")
    return _within(around, "redline") and not any(_within(around, name) for name in apart)


def _within(around: tuple[Tag, ...], name: str) -> bool:
    return any(name in tag.attributes.get("class", "").split() for tag in around)


def _op(around: tuple[Tag, ...]) -> str:
    if _within(around, "moved-from") or _within(around, "moved-to"):
        return "m"
    return next((_OPS[tag.name] for tag in around if tag.name in ("del", "ins")), "=")


def _html_notes(page: Html) -> Iterator[str]:
    """The pieces of each note stand beside each other in the page: what is said, then the old and the new."""
    texts = [(around, text) for around, text in page.texts if _in_one_text(around) and _within(around, "note")]
    for note, run in groupby(texts, key=lambda pair: id(_note(pair[0]))):
        pieces = [(_op(around), text) for around, text in run]
        said = "".join(text for op, text in pieces if op == "=").strip()
        pair = [next((text for op, text in pieces if op == side), ENGLISH["note_none"]) for side in "-+"]
        yield f"{said} {' → '.join(pair)}" if any(op != "=" for op, _ in pieces) else said
        assert note


def _note(around: tuple[Tag, ...]) -> Tag:
    return next(tag for tag in around if "note" in tag.attributes.get("class", "").split())
