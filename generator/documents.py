"""A policy's text as a value: front matter and Markdown in, sections of blocks out, with stable ids.

The section is the unit of address, comparison and cache; numbers are computed and never written, so an inserted
section renumbers the page without changing the others. Blocks keep every byte: `prefix + text + suffix` of all
blocks of a section, joined, is the section's source again.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import PurePath
from typing import Literal

from generator import typedyaml
from generator.errors import Problem, SourceError, Where
from generator.redline.blocks import (
    LINE,
    Block,
    fence_after,
    front_matter,
    heading_of,
    lines_of,
    split_blocks,
    split_sections,
)

Numbering = Literal["decimal", "letters", "none"]

_HEADING = re.compile(r"(#{1,6})[ \t]+(.*)")
_ATTRIBUTES = re.compile(r"\{([^{}]*)\}$")
_VARIABLE = re.compile(r"\{\{[ \t]*(.*?)[ \t]*\}\}")
# The key with its value: what is indented below it, and blank lines between that.
_AWAITING = re.compile(r"\nawaiting[ \t]*:[^\n]*(?:(?:\n[ \t]*\r?)*\n[ \t]+[^\s][^\n]*)*")
_SAID = re.compile(r"^(title|lang|language)[ \t]*[:=](.*)", re.MULTILINE)  # of anybody's front matter
_NUMBERINGS: Mapping[str, Numbering] = {"decimal": "decimal", "letters": "letters", "none": "none"}


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a policy says about itself above its text."""

    title: str
    language: str = ""
    description: str = ""
    awaiting: str = ""  # what a working text waits for, such as somebody's approval; a release does not carry it
    numbering: Numbering = "decimal"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text below it up to the next heading; the text before the first heading has id ''."""

    id: str
    level: int
    number: str  # "4.", "a.", "19.1", or "" where the policy has no numbers
    heading: str
    material: bool  # a change here cannot be released as editorial (V03)
    source: str
    line: int

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(split_blocks(self.source))


@dataclass(frozen=True)
class Document:
    """One text of a policy: a release or the draft."""

    path: str
    meta: FrontMatter
    sections: tuple[Section, ...]
    source: str = field(default="", repr=False)  # the whole file
    foreign: bool = False  # whether it is somebody else's Markdown, which may have raw HTML
    lines: tuple[int, ...] = ()  # of a working text: the line of the file that each line of the text came from

    def line(self, number: int) -> int:
        """The line of the file for a line of the text, which variables may have made longer."""
        return _origin(self.lines, number)

    def full_number(self, section: Section) -> str:
        """The number of a section where its neighbours are not in sight: `4.e.` for the letter e below 4."""
        if not section.number[:1].isalpha():
            return section.number
        before = self.sections[: self.sections.index(section)]
        above = (other.number for other in reversed(before) if other.level < section.level)
        return f"{next(above, '')}{section.number}"

    @cached_property
    def fingerprint(self) -> str:
        """The same for two documents of which the same pages are made."""
        told = repr((self.meta, self.foreign, self.sections, self.source))
        return hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()

    def section(self, section_id: str) -> Section | None:
        return next((section for section in self.sections if section.id == section_id), None)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A working text with its variables in place, and for each of its lines the line of the file it came from."""

    text: str
    lines: tuple[int, ...]


def parse(source: str | Resolved, path: str, *, language: str = "en") -> Document:
    """Read a policy; `language` holds where its front matter names none. SourceError with every problem and line."""
    if isinstance(source, Resolved):
        return _parse_resolved(source, path, language)
    text = source.removeprefix("\ufeff")
    header, body, first_line = _split_front_matter(text, path)
    meta = _front_matter(header) or typedyaml.load(header, FrontMatter, path, first_line=2)
    sections, problems = _read_sections(body, path, first_line)
    if problems:
        raise SourceError(problems)
    meta = replace(meta, language=meta.language or language)
    return Document(path, meta, tuple(_numbered(sections, meta.numbering)), source)


@lru_cache  # most versions of a policy have the same
def _front_matter(header: str) -> FrontMatter | None:
    """None where something is wrong with it, which its file and lines are to be named for."""
    try:
        return typedyaml.load(header, FrontMatter, "")
    except SourceError:
        return None


def read(source: str, path: str, *, underlined: bool = True) -> Document:
    """Any text as a document, whoever wrote it: nothing is refused, and every byte is kept. Ids are unique, numbers are
    as written; the title is that of the front matter, else the first heading with one #, else the file's name.
    `underlined`: whether lines of = and - make headings, as they do not in a policy."""
    first, *rest = split_sections(source, underlined=underlined)
    front = front_matter(first)
    opening = Section("", 2, "", "", False, first[len(front) :].lstrip("\ufeff"), 1 + len(LINE.findall(front)))
    sections, line, taken = [opening] if opening.source.strip() else [], 1 + len(LINE.findall(first)), Counter[str]()
    for part in rest:
        sections.append(_any_section(part, line, taken))
        line += len(LINE.findall(part))
    said = {key: value.strip() for key, value in _SAID.findall(front)}
    headed = next((section.heading for section in sections if section.level == 1), "")
    title = said.get("title", "").strip("\"'") or headed or PurePath(path).name
    return Document(path, FrontMatter(title, said.get("language", said.get("lang", ""))), tuple(sections), source, True)


def _any_section(part: str, line: int, taken: Counter[str]) -> Section:
    title = heading_of(part)
    words = title.prefix + title.text
    marks = len(words) - len(words.lstrip("#")) or 1 + ("=" not in title.suffix)  # one underlined with = is a title
    words = words.lstrip("#").strip()
    named = re.search(r"#([^\s{}]+)[^{}]*\}", title.suffix)
    name = named[1] if named else slug(words)
    taken[name] += 1
    while taken[name] > 1:  # a heading may itself end in a number
        name = f"{name}-{taken[name]}"
        taken[name] += 1
    return Section(name, marks, "", words, False, part[len(title.source) :], line)


def _parse_resolved(source: Resolved, path: str, language: str) -> Document:
    """Problems are named at the lines of the file, which is what a person can open."""
    try:
        return replace(parse(source.text, path, language=language), lines=source.lines)
    except SourceError as error:
        raise SourceError(
            replace(found, where=Where(found.where.path, _origin(source.lines, found.where.line or 1)))
            for found in error.problems
        ) from None


def _origin(lines: tuple[int, ...], number: int) -> int:
    return lines[number - 1] if 0 < number <= len(lines) else number


def written(section: Section) -> str:
    """A section as it stands in a file, with its id."""
    heading = f"{'#' * section.level} {section.heading} {{#{section.id}}}\n\n" if section.id else ""
    return heading + section.source.strip("\r\n") + "\n"


def resolve(source: str, variables: Mapping[str, str], path: str) -> Resolved:
    """Put the values of `{{ name }}` in place; SourceError names each unknown one and its line."""
    problems: list[Problem] = []
    resolved: list[tuple[int, str]] = []
    known = f"known: {', '.join(sorted(variables))}"
    for number, line in enumerate(LINE.findall(source), 1):
        unknown = (f"there is no variable {name!r}" for name in _VARIABLE.findall(line) if name not in variables)
        problems += [Problem("policy.unknown-variable", Where(path, number), said, known) for said in unknown]
        said = _VARIABLE.sub(lambda match: variables.get(match[1], ""), line)
        resolved += [(number, part) for part in LINE.findall(said)]
    if problems:
        raise SourceError(problems)
    return Resolved("".join(part for _, part in resolved), tuple(number for number, _ in resolved))


def without_awaiting(source: str) -> str:
    """The text as it is released: the mark of what the draft waited for is gone."""
    header, mark, rest = source.partition("\n---")
    return _AWAITING.sub("", header, count=1) + mark + rest


def _split_front_matter(text: str, path: str) -> tuple[str, str, int]:
    """Front matter, body, and the line on which the body starts."""
    lines = lines_of(text)
    fences = [index for index, line in enumerate(lines) if line.rstrip() == "---"][:2]
    if len(fences) < 2 or fences[0] != 0:
        hint = "start the file with ---, a line 'title: …', and ---"
        raise SourceError(Problem("policy.front-matter", Where(path, 1), "the file has no front matter", hint))
    return "".join(lines[1 : fences[1]]), "".join(lines[fences[1] + 1 :]), fences[1] + 2


# A section that has no number yet, and how those below it are numbered.
_Unnumbered = tuple[Section, Numbering]


def _read_sections(body: str, path: str, first_line: int) -> tuple[list[_Unnumbered], list[Problem]]:
    problems: list[Problem] = []
    found: list[tuple[_Unnumbered, list[str]]] = [((Section("", 2, "", "", False, "", first_line), "decimal"), [])]
    fence, opened = "", first_line
    for number, line in enumerate(lines_of(body), first_line):
        if fence or "`" in line or "~" in line:
            before, fence = fence, fence_after(line, fence)
            opened = opened if before else number
        match = _HEADING.match(line.rstrip("\r\n")) if line[0] == "#" and not fence else None
        if match:
            found.append((_read_heading(match, Where(path, number), problems), []))
        else:
            found[-1][1].append(line)
    if fence:  # or every section below it would be taken for code
        message = f"the code that starts with {fence} never ends"
        problems.append(Problem("policy.open-code", Where(path, opened), message))
    sections = [(replace(section, source="".join(lines)), numbering) for (section, numbering), lines in found]
    _check_headings([section for section, _ in sections], path, problems)
    return [pair for pair in sections if pair[0].id or pair[0].source.strip()], problems


def _read_heading(match: re.Match[str], where: Where, problems: list[Problem]) -> _Unnumbered:
    section_id, material, numbering = "", False, "decimal"
    text = match[2].rstrip(" \t")
    said = _ATTRIBUTES.search(text)
    text = text[: said.start()].rstrip(" \t") if said else text
    for word in said[1].split() if said else ():
        if word.startswith("#"):
            section_id = word[1:]
        elif word == ".material":
            material = True
        elif word.startswith("numbering=") and word[10:] in _NUMBERINGS:
            numbering = word[10:]
        else:
            hint = "known: #an-id, .material, numbering=decimal|letters|none"
            problems.append(Problem("policy.heading-attribute", where, f"a heading cannot say {word!r}", hint))
    level = len(match[1])
    if level == 1:
        message = "a heading with one # is the policy's title, which the front matter holds"
        problems.append(Problem("policy.second-title", where, message, "start sections with ##"))
    section = Section(section_id or slug(text), level, "", text, material, "", where.line or 0)
    return section, _NUMBERINGS[numbering]


def _check_headings(headings: list[Section], path: str, problems: list[Problem]) -> None:
    seen: dict[str, int] = {}
    level = 1  # that of the title; the text before the first heading counts for nothing
    for heading in headings[1:]:
        where = Where(path, heading.line)
        if heading.id in seen:
            message = f"the id {heading.id!r} is also that of the section in line {seen[heading.id]}"
            problems.append(Problem("policy.duplicate-id", where, message, "give one of them {#another-id}"))
        if heading.level > level + 1:
            message = f"a level-{heading.level} heading follows a level-{level} one"
            problems.append(Problem("policy.heading-level", where, message, f"use {'#' * (level + 1)}"))
        seen[heading.id] = heading.line
        level = heading.level


def slug(heading: str) -> str:
    """An id made from a heading's words, in any script."""
    return re.sub(r"[\W_]+", "-", heading.lower()).strip("-") or "section"


def _numbered(sections: list[_Unnumbered], numbering: Numbering) -> Iterator[Section]:
    counts: list[int] = []  # one count for each level, from level 2
    styles: list[Numbering] = [numbering]  # how the sections of each level are numbered
    for section, below in sections:
        depth = section.level - 2
        if section.id:
            counts = [*counts[:depth], (counts[depth] if depth < len(counts) else 0) + 1]
            styles = [*styles[: depth + 1], "none" if numbering == "none" else below]
        yield replace(section, number=_number(counts, styles[depth])) if section.id else section


def _number(counts: list[int], style: Numbering) -> str:
    if style == "none":
        return ""
    if style == "letters":
        return f"{_letters(counts[-1])}."
    return f"{counts[0]}." if len(counts) == 1 else ".".join(map(str, counts))


def _letters(count: int) -> str:
    """1 is a, 26 is z, 27 is aa."""
    letters = ""
    while count:
        count, rest = divmod(count - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters
