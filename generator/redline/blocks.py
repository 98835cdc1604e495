"""Any text cut into blocks that keep every byte: joined again they are the text.

It reads what people write, not only what this program would: unknown front matter, headings without order, bare
numbers, CRLF. Nothing is refused here; `documents` decides what a policy may be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise, zip_longest
from typing import Literal

BlockKind = Literal["paragraph", "item", "table", "code", "rule", "blank", "heading", "row", "front", "section"]

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # str.splitlines would also cut at U+2028 and form feeds
_END = r"(?:\r\n|\r|\n)"
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r"^([ \t]*(?:[-*+]|\d+[.)])[ \t]+)")
_RULE = re.compile(r"^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$")
_FRONT = re.compile(rf"\ufeff?(---|\+\+\+)[ \t]*{_END}(?:.*?{_END})?\1[ \t]*(?:{_END}|\Z)", re.DOTALL)
_MARKED = re.compile(r"#{1,6}[ \t]")
_START = re.compile(r"(?:#{1,6}[ \t]+)?[ ]*")
_CLOSED = re.compile(r"(?<=[ \t])#+$")
_TITLE = re.compile(r" {0,3}(?![ \t>|<\ufeff]|[-*+][ \t])(?=[^\r\n]*[^\W_])")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*(?:[\r\n]|\Z)")
_BLANK = re.compile(rf"(?:[ \t]*+{_END})*+")
_SLACK = 20  # characters of a line that an editor may leave empty after a later change
# What a person numbers by hand: "4.", "4.1", "(a)", "iv)". A year ends a sentence more often than it counts one, and a
# measure counts no paragraphs.
_COUNT = r"\(?(?:\d{1,3}(?:\.\d+)*|[A-Za-z]|[ivxIVX]+)[.)]|\d+(?:\.\d+)+"
_MEASURED = r"[ \t]*(?:[%‰°€$£¥₹]|(?:million|billion|thousand|per ?cent|times|hours|days|months|years|Mio|Mrd)\b)"
_ORDINAL = r"第[\d〇一二三四五六七八九十百]+[条章節款](?=[ \t\u3000（(]|$)"
_NUMBER = re.compile(rf"(?:\*\*|__)?(?:(?:{_COUNT})(?=[ \t\r\n]|$)(?!{_MEASURED})|{_ORDINAL})[ \t]*(?:#+[ \t]+)?")
_NAMED = re.compile(
    rf"(?:§|(?:Art(?:icle|ikel|\.)?|Section|Clause|Part|Chapter|Annex|Schedule|Appendix|Abschnitt)\b)"
    rf"[ \t]*(?:{_COUNT}|\d+|[A-Z]\b)[.:)]?[ \t]*"
)


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list item, table, piece of code or rule; for a comparison also a heading, a row, a line of front
    matter. `prefix` is its form (indentation, quote, list mark), `text` its words, `suffix` the line ends and blank
    lines up to the next block.
    """

    kind: BlockKind
    prefix: str
    text: str
    suffix: str

    @property
    def source(self) -> str:
        return self.prefix + self.text + self.suffix


def split_blocks(source: str) -> Iterator[Block]:
    """Cut a section's source into blocks that keep every byte."""
    lines = LINE.findall(source)
    start = _text_starts(lines, 0)
    if start:
        yield Block("blank", "", "", "".join(lines[:start]))
    while start < len(lines):
        end = _block_end(lines, start)
        after = _text_starts(lines, end)
        words, ended = _ended("".join(lines[start:end]))
        kind, prefix = _form(words)
        yield Block(kind, prefix, words[len(prefix) :], ended + "".join(lines[end:after]))
        start = after


def front_matter(text: str) -> str:
    """The front matter that a file starts with, its fences and line ends included; or ''."""
    front = _FRONT.match(text)
    return front[0] if front else ""


def split_sections(text: str, *, underlined: bool = False) -> list[str]:
    """A whole file cut before each of its headings; what stands before the first comes first, and may be empty. Lines
    that are `underlined` are no headings in a policy."""
    at = len(front_matter(text)) or int(text.startswith("\ufeff"))
    lines = LINE.findall(text, at)
    starts, fence, blank = [], "", underlined
    for line, below in zip_longest(lines, lines[1:], fillvalue=""):
        fence = fence_after(line, fence)
        if not fence and (_MARKED.match(line) or (blank and _UNDERLINE.match(below) and _TITLE.match(line))):
            starts.append(at)
        blank = underlined and line.isspace()
        at += len(line)
    return [text[start:end] for start, end in pairwise([0, *starts, len(text)])]


def heading_of(section: str) -> Block:
    """The heading of what `split_sections` cut: its marks and number, its words, and what stands behind and below."""
    start, end = next(_START.finditer(section)).end(), _line_end(section, 0)
    words = section[start:end].rstrip()
    if words.endswith("}"):
        words = words[: words.rfind("{")].rstrip()
    if section.startswith("#"):
        words = _CLOSED.sub("", words).rstrip()
    else:
        end = _line_end(section, end)
    end = next(_BLANK.finditer(section, end)).end()
    return _numbered("heading", section[:start], words, section[start + len(words) : end])


def _line_end(text: str, start: int) -> int:
    return next(LINE.finditer(text, start)).end()


def scan(section: str, *, headed: bool = True) -> Iterator[Block]:
    """What `split_sections` cut, as the blocks of a comparison: number and heading marks are form, rows stand alone.
    All but the first of a file are `headed`."""
    front = LINE.findall(front_matter(section).removeprefix("\ufeff"))
    first = [heading_of(section)] if headed else [Block("front", "", *_ended(line)) for line in front]
    if section.startswith("\ufeff"):
        yield Block("blank", "", "", "\ufeff")
        section = section[1:]
    yield from first
    for block in split_blocks(section[sum(len(block.source) for block in first) :]):
        lines = LINE.findall(block.prefix + block.text)
        if block.kind == "table" or (block.kind in ("paragraph", "item") and not _is_wrapped(lines)):
            yield from _each_line(block, lines)
        elif block.kind in ("paragraph", "item"):
            yield _numbered(block.kind, block.prefix, block.text, block.suffix)
        else:
            yield block


def _each_line(block: Block, lines: list[str]) -> Iterator[Block]:
    kind: BlockKind = "row" if block.kind == "table" else block.kind
    for at, line in enumerate(lines, 1):
        lead = line[: len(line) - len(line.lstrip(" \t>"))] or block.prefix * (at == 1)
        words, end = _ended(line)
        yield _numbered(kind, lead, words[len(lead) :], end + block.suffix * (at == len(lines)))
        kind = "row" if kind == "row" else "paragraph"


def _ended(line: str) -> tuple[str, str]:
    words = line.rstrip("\r\n")
    return words, line[len(words) :]


def _numbered(kind: BlockKind, prefix: str, words: str, suffix: str) -> Block:
    number = kind != "row" and (_NUMBER.match(words) or (kind == "heading" and _NAMED.match(words)))
    cut = number.end() if number else 0
    return Block(kind, prefix + words[:cut], words[cut:], suffix)


def _is_wrapped(lines: list[str]) -> bool:
    """Whether an editor broke the lines of one paragraph, or somebody wrote several on lines of their own: in the first
    case hardly a line had room for the word that follows."""
    if len(lines) < 2 or (_ITEM.match(lines[0]) and all(line[0].isspace() for line in lines[1:])):
        return True
    if not lines[-1].strip("-= ") or any(_ITEM.match(line.lstrip(" \t>")) for line in lines[1:]):
        return False
    width = max((len(line) for line in lines if " " in line.strip()), default=0)
    room = (width - len(line) - len(below.split()[0]) for line, below in pairwise(lines))
    return 40 < width <= 120 and max(room) <= _SLACK


def lines_of(text: str) -> list[str]:
    """The lines of a text with their ends; nearly every text has but one sort of them, which is quick."""
    return LINE.findall(text) if "\r" in text else list(StringIO(text, newline="\n"))


def fence_after(line: str, fence: str) -> str:
    """The code fence that is open after this line: '#' starts no heading inside of one."""
    match = _FENCE.match(line) if "```" in line or "~~~" in line else None
    if not match:
        return fence
    if not fence:
        return match[1]
    return "" if match[1].startswith(fence) else fence


def _text_starts(lines: list[str], start: int) -> int:
    """The first line at or after `start` that is not blank."""
    return next((index for index in range(start, len(lines)) if lines[index].strip()), len(lines))


def _block_end(lines: list[str], start: int) -> int:
    first = lines[start]
    if match := _FENCE.match(first):
        closing = (i for i in range(start + 1, len(lines)) if not fence_after(lines[i], match[1]))
        return next(closing, len(lines) - 1) + 1
    if _RULE.match(first.rstrip()):
        return start + 1
    end = start + 1
    while end < len(lines) and lines[end].strip() and not _interrupts(lines[end], first):
        end += 1
    return end


def _interrupts(line: str, first: str) -> bool:
    """Whether a line ends the block that `first` began. "2026. It was …" in a paragraph is no list (CommonMark 5.2)."""
    item = _ITEM.match(line)
    counts = item and (_ITEM.match(first) or not item[1].strip()[:-1].isdigit() or item[1].strip()[:-1] == "1")
    return bool(counts or _FENCE.match(line))


def _form(words: str) -> tuple[BlockKind, str]:
    if _FENCE.match(words):
        return "code", ""
    if _RULE.match(words):
        return "rule", ""
    if item := _ITEM.match(words):
        return "item", item[1]
    lines = LINE.findall(words)
    if len(lines) > 1 and "|" in lines[0] and is_dashes(lines[1]):
        return "table", ""
    return "paragraph", words[: len(words) - len(words.lstrip(" \t>"))]


def is_dashes(line: str) -> bool:
    """The line below the head of a table, which aligns its columns."""
    return "-" in line and not line.strip(" \t\r\n|:-")
