"""What a text on its way in is made of: pieces of Markdown, each with its place in the source, and what is told of it.

Links are kept apart from words by control characters until it is known where they may lead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from typing import Literal

from generator.errors import Problem, Where
from generator.redline.marking import MARKERS

# No text has these: controls, of which some are marks on the way in, and the marks of redlines.
NO_TEXT = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 133), *range(134, 160)))
NO_TEXT |= dict.fromkeys((0xFEFF, 0xFFFE, 0xFFFF, *map(ord, MARKERS)))
LINK = re.compile("\x13([^\x13]*?)\x14([^\x12]*)\x12")  # its words, its target
# What counts or points at an item or a heading, at the start of a line; strong words may begin before it.
MARK = re.compile(
    r"(?P<strong>\*{0,2})(?P<mark>[-*+•·‣▪●○◦–—]|\d{1,9}(?:\.\d{1,9})+[.)]?|\d{1,3}[.)]|\(\d{1,3}\)"
    r"|\(?(?:[a-zA-Z]|[ivx]{2,}|[IVX]{2,})[.)])\s+(?=\S)"
)
_ESCAPED = re.compile(
    "(\x14[^\x12]*\x12|\x15[^\x16]*\x16)"  # a target, code
    r"|\\(?=[\\`*_{}\[\]()>#+.!-])|\*|(?<!\w)_|_(?!\w)|\[(?=[^\]]*\][(\[:])|(?<=\{)\{|<(?=[\w/!?])|&(?=#?\w+;)|`"
)
_ENTITIES = {"<": "&lt;", "&": "&amp;", "`": "&#96;"}
_ROMAN = ((100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass(frozen=True, slots=True)
class Meta:
    """What a policy says above its text; '' where nobody has said it."""

    title: str = ""
    language: str = ""
    description: str = ""
    numbering: str = ""

    def over(self, other: Meta) -> Meta:
        """This, and where it says nothing, the other."""
        return Meta(*(mine or theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph, a heading, an item, a table or code."""

    text: str  # Markdown, without its mark and margin
    line: int | None = None
    level: int = 0  # of a heading
    mark: str = ""  # of an item, as readers saw it: "-", "2.", "(a)"
    depth: int = 0  # how many items it lies in, itself among them
    form: Literal["", "quote", "verbatim"] = ""  # what is verbatim (a table, code) stands at the margin
    anchors: tuple[str, ...] = ()  # names in it that links lead to
    attributes: tuple[str, ...] = ()  # of a heading: "#id", ".material"
    indent: int = 0  # columns
    apart: bool = True  # a blank line stands before it

    @property
    def words(self) -> str:
        """Without marks and targets."""
        text = LINK.sub(r"\1", self.text).replace("&lt;", "<").replace("&amp;", "&").replace("&#96;", "`")
        return re.sub(r"\\([^\w\s])|[*`]|(?<!\w)_|_(?!\w)", r"\1", text).strip()

    @property
    def said(self) -> str:
        return f"{self.mark} {self.text}" if self.mark else self.text

    @property
    def short(self) -> bool:
        """Whether it may be a heading: few words that are no sentence, but perhaps a question."""
        words = self.words
        return 0 < len(words) <= 100 and words[-1] not in ".!;:,…。" and not words[0].islower() and not self.form


@dataclass(frozen=True, slots=True)
class Intake:
    """A source in pieces; `rough` is one in which nothing but shape tells headings and lists."""

    pieces: Sequence[Piece]
    meta: Meta = Meta()
    rough: bool = False


@dataclass(slots=True)
class Notes:
    """Gathers what is worth telling, at the lines of the source."""

    path: str
    found: list[Problem] = field(default_factory=list)

    def add(self, code: str, line: int | None, message: str) -> None:
        self.found.append(Problem(code, Where(self.path, line), message, severity="warning"))


def quoted(text: str, limit: int = 60) -> str:
    """The start of a text, for a message about it."""
    said = " ".join(text.translate(NO_TEXT).split())
    return f"“{said if len(said) <= limit else said[: limit - 1] + '…'}”"


def escaped(text: str) -> str:
    """Plain words as Markdown that says just that, wherever in a line they stand."""
    return _ESCAPED.sub(lambda match: match[1] or _ENTITIES.get(match[0], f"\\{match[0]}"), text)


def guarded(text: str) -> str:
    """Lines none of which starts a list, a quotation, a heading or code."""
    text = re.sub(r"(?m)^([ \t]*)([-+=](?=\s|$|[-=])|#+(?=\s)|>)", r"\1\\\2", text)
    return re.sub(r"(?m)^([ \t]*\d+)([.)])(?=\s)", r"\1\\\2", re.sub(r"(?m)^([ \t]*)~~~", r"\1&#126;~~", text))


def label(number: int, form: str) -> str:
    """A number as lists count it: 1, a (after z come aa and bb, as in Word), A, i or I; figures beyond all lists."""
    said = str(number)
    if form in ("a", "A") and number in range(1, 703):
        said = chr(97 + (number - 1) % 26) * (1 + (number - 1) // 26)
    elif form in ("i", "I") and number in range(1, 400):
        said = ""
        for value, letters in _ROMAN:
            said, number = said + letters * (number // value), number % value
    return said.upper() if form in ("A", "I") else said
