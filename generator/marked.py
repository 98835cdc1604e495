"""A text on its way in: Markdown with the lines it came from, what it says of itself, and what is worth telling."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from generator.errors import Problem, Where


@dataclass(frozen=True, slots=True)
class Meta:
    """What a policy says above its text; '' where nobody has said it."""

    title: str = ""
    language: str = ""
    description: str = ""

    def over(self, other: Meta) -> Meta:
        """This, and where it says nothing, the other."""
        return Meta(*(mine or theirs for mine, theirs in zip(_values(self), _values(other), strict=True)))


NOTHING = Meta()


def _values(meta: Meta) -> tuple[str, str, str]:
    return meta.title, meta.language, meta.description


@dataclass(frozen=True, slots=True)
class Marked:
    """A source as Markdown; `lines` holds for each line the one of the source (None: unknown; empty: the same)."""

    text: str
    lines: tuple[int | None, ...] = ()
    notes: tuple[Problem, ...] = ()
    meta: Meta = NOTHING


@dataclass(slots=True)
class Notes:
    """Gathers what is worth telling, at the lines of the source."""

    path: str
    lines: Sequence[int | None] = ()
    found: list[Problem] = field(default_factory=list)

    def add(self, code: str, index: int | None, message: str) -> None:
        """`index` counts the lines of the Markdown from 0; None for what stands nowhere in particular."""
        line = None if index is None else index + 1 if index >= len(self.lines) else self.lines[index]
        self.found.append(Problem(code, Where(self.path, line), message, severity="warning"))


def quoted(text: str, limit: int = 60) -> str:
    """The start of a text, for a message about it."""
    said = " ".join(text.split())
    return f"“{said if len(said) <= limit else said[: limit - 1] + '…'}”"


def escaped(text: str) -> str:
    """Plain text as Markdown that says just that."""
    return guarded(escaped_words(text))


def escaped_words(text: str) -> str:
    """As `escaped`, for a piece from within a line."""
    text = re.sub(r"\\(?=[\\`*_{}\[\]()>#+.!-])|\*|(?<!\w)_|_(?!\w)|\[(?=[^\]]*\][(\[:])|(?<=\{)\{", r"\\\g<0>", text)
    return re.sub(r"<(?=[\w/!?])", "&lt;", re.sub(r"&(?=#?\w+;)", "&amp;", text)).replace("`", "&#96;")


def guarded(text: str) -> str:
    """Lines none of which starts a list, a quotation, a heading or code."""
    text = re.sub(r"^([ \t]*)([-+=](?=\s|$|[-=])|#+(?=\s)|>)", r"\1\\\2", text, flags=re.MULTILINE)
    text = re.sub(r"^([ \t]*)~~~", r"\1&#126;~~", text, flags=re.MULTILINE)
    return re.sub(r"^([ \t]*\d+)([.)])(?=\s)", r"\1\\\2", text, flags=re.MULTILINE)


def heading(level: int, said: str) -> str:
    """A heading in Markdown; braces at its end are words here, and no attributes."""
    return f"{'#' * level} " + re.sub(r"(?<!\\)\{(?=[^{}]*\}$)", r"\{", said)
