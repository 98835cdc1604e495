"""Any text cut into blocks that keep every byte: joined again they are the text.

It reads what people write, not only what this program would: unknown front matter, headings without order, bare
numbers, CRLF. Nothing is refused here; `documents` decides what a policy may be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

BlockKind = Literal["paragraph", "item", "table", "code", "rule", "blank", "heading", "row", "front", "section"]

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # str.splitlines would also cut at U+2028 and form feeds
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r"^([ \t]*(?:[-*+]|\d+[.)])[ \t]+)")
_RULE = re.compile(r"^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$")
# What a person numbers by hand: "4.", "4.1", "(a)", "iv)". A year ends a sentence more often than it counts one.
_NUMBER = re.compile(
    r"(?:\(?(?:\d{1,3}(?:\.\d+)*|[A-Za-z]|[ivxIVX]+)[.)]|\d+(?:\.\d+)+|第\d+条)(?=[ \t\r\n]|$)[ \t]*(?:#+[ \t]+)?"
)
_SECTION = re.compile(r"(?:\A|(?<=[\r\n]))#{1,6}(?=[ \t])")
_TITLE = re.compile(r"[ \t]*(?:\{[^{}\r\n]*\})?[ \t]*(?=[\r\n]|\Z)")  # what ends a heading
_BLANK = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))*")
_FRONT = re.compile(r"\ufeff?---[ \t]*(?:\r\n|\r|\n)(?:.*?(?:\r\n|\r|\n))?---[ \t]*(?:\r\n|\r|\n|\Z)", re.DOTALL)


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
        yield _block("".join(lines[start:end]), "".join(lines[end:after]))
        start = after


def front_matter(text: str) -> str:
    """The front matter that a file starts with, its fences and line ends included; or ''."""
    front = _FRONT.match(text)
    return front[0] if front else ""


def split_sections(text: str) -> list[str]:
    """A whole file cut before each of its headings; what stands before the first comes first, and may be empty."""
    front = _FRONT.match(text)
    starts = [match.start() for match in _SECTION.finditer(text, front.end() if front else 0)]
    if "```" in text or "~~~" in text:
        starts = sorted(set(starts) & set(_outside_code(text)))
    edges = [0, *starts, len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


def _outside_code(text: str) -> Iterator[int]:
    """Where the lines start that are in no fenced code."""
    at, fence = 0, ""
    for line in LINE.findall(text):
        fence = fence_after(line, fence)
        if not fence:
            yield at
        at += len(line)


def scan(section: str) -> Iterator[Block]:
    """What `split_sections` cut, as the blocks of a comparison: number and heading marks are form, rows stand alone."""
    front = _FRONT.match(section)
    if front:
        yield from (_line(line, "front") for line in LINE.findall(front[0]))
        section = section[front.end() :]
    match = _SECTION.match(section)
    if match:
        end = _TITLE.search(section, match.end())
        assert end
        after = _BLANK.match(section, end.end())
        words = len(section[: end.start()])
        marks = match.end() + len(section[match.end() : words]) - len(section[match.end() : words].lstrip(" \t"))
        yield _numbered(
            "heading", section[:marks], section[marks:words], section[words : after.end() if after else words]
        )
        section = section[after.end() if after else words :]
    for block in split_blocks(section):
        if block.kind == "table":
            yield from _each_line(block, "row")
        elif block.kind in ("paragraph", "item") and not _is_wrapped(block):
            yield from _each_line(block, "paragraph")
        elif block.kind in ("paragraph", "item"):
            yield _numbered(block.kind, block.prefix, block.text, block.suffix)
        else:
            yield block


def _line(line: str, kind: BlockKind) -> Block:
    words = line.rstrip("\r\n")
    return Block(kind, "", words, line[len(words) :])


def _numbered(kind: BlockKind, prefix: str, words: str, suffix: str) -> Block:
    number = _NUMBER.match(words)
    cut = number.end() if number else 0
    return Block(kind, prefix + words[:cut], words[cut:], suffix)


def _each_line(block: Block, kind: BlockKind) -> Iterator[Block]:
    *lines, last = LINE.findall(block.text)
    form = (block.kind if kind == "paragraph" else kind, block.prefix)
    for line in (*lines, last):
        words = line.rstrip("\r\n")
        lead = "" if form[1] or kind == "row" else words[: len(words) - len(words.lstrip(" \t>"))]
        suffix = line[len(words) :] if line is not last else block.suffix
        yield _numbered(form[0], form[1] + lead, words[len(lead) :], suffix)
        form = (kind, "")


def _is_wrapped(block: Block) -> bool:
    """Whether an editor broke the lines of one paragraph, or somebody wrote several on lines of their own."""
    *lines, last = LINE.findall(block.text) or [""]
    if lines and not last.strip("-= "):
        return False  # a rule, or what underlines a heading
    lengths = [len(line) for line in lines]
    even = all(40 < length <= 120 for length in lengths) and max(lengths, default=0) - min(lengths, default=0) <= 40
    return even or block.kind == "item"


def fence_after(line: str, fence: str) -> str:
    """The code fence that is open after this line: '#' starts no heading inside of one."""
    match = _FENCE.match(line)
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


def _block(text: str, blank: str) -> Block:
    words = text.rstrip("\r\n")
    suffix = text[len(words) :] + blank
    kind = _kind(words)
    prefix = _prefix(words, kind)
    return Block(kind, prefix, words[len(prefix) :], suffix)


def _kind(words: str) -> BlockKind:
    if _FENCE.match(words):
        return "code"
    if _RULE.match(words):
        return "rule"
    if _ITEM.match(words):
        return "item"
    return "table" if _is_table(words) else "paragraph"


def _prefix(words: str, kind: BlockKind) -> str:
    match = _ITEM.match(words) if kind == "item" else None
    if match:
        return match[1]
    return words[: len(words) - len(words.lstrip(" \t>"))] if kind == "paragraph" else ""


def _is_table(words: str) -> bool:
    lines = LINE.findall(words)
    return len(lines) > 1 and "|" in lines[0] and is_dashes(lines[1])


def is_dashes(line: str) -> bool:
    """The line below the head of a table, which aligns its columns."""
    return "-" in line and not line.strip(" \t\r\n|:-")
