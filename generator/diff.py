"""What changed between two texts of a policy: Document x Document -> Redline.

Sections are matched by id, then blocks by their text, then words inside the blocks that belong together. `compare`
is exact: the words of both texts come back from the redline. `_readable` then serves readers. Numbers are computed
from the order of sections and are no part of the text, so renumbering is never a change.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rapidfuzz.distance import Indel

from generator.documents import Block, Document, Section, split_blocks

Op = Literal["=", "-", "+"]
Status = Literal["unchanged", "added", "removed", "reworded", "renamed"]

# A word with its inner hyphens and apostrophes; a run of white space; a Markdown mark; any other single character.
_TOKEN = re.compile(r"!\[[^\]\[]*\]\([^)]*\)|\w+(?:[-’'.@]\w+)*|\s+|\]\([^)]*\)|\*\*|.", re.DOTALL)
_MARK = re.compile(r"[*_`\[\]<>|\\]|\]\(")
_WHOLE = re.compile(
    r"\[[^\]\[]*\]\([^)]*\)|\*\*[^*]+\*\*|\*[^*]+\*|`[^`]+`|<[^<>\s]+>"
)  # a link, strong, emphasis, code
# Below this likeness a paragraph is shown as old and new, not as a salad of both.
_REWRITTEN = 0.4
_LIKE = 0.3  # the least likeness of two blocks that are compared word by word at all


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text that both (=), only the old (-) or only the new (+) text has."""

    op: Op
    text: str


@dataclass(frozen=True, slots=True)
class BlockChange:
    """One block of either text, or a pair of them. `spans` are the words; of a table, `rows` are its rows."""

    old: Block | None
    new: Block | None
    spans: tuple[Span, ...] = ()
    rows: tuple[RowChange, ...] = ()

    @property
    def kept(self) -> bool:
        return self.old is not None and self.new is not None and self.old.text == self.new.text


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row of a table: the spans of each of its cells."""

    cells: tuple[tuple[Span, ...], ...]


@dataclass(frozen=True, slots=True)
class SectionChange:
    """A section of either text, or the same section in both."""

    old: Section | None
    new: Section | None
    heading: tuple[Span, ...]
    blocks: tuple[BlockChange, ...]

    @property
    def section(self) -> Section:
        """The section as readers find it: the new one where there is one."""
        found = self.new or self.old
        assert found is not None
        return found

    @property
    def status(self) -> Status:
        if self.old is None:
            return "added"
        if self.new is None:
            return "removed"
        if not all(block.kept for block in self.blocks):
            return "reworded"
        return "unchanged" if self.old.heading == self.new.heading else "renamed"

    def words(self, op: Op) -> int:
        """How many words are only in the old (-) or only in the new (+) text."""
        spans = [*self.heading, *(span for block in self.blocks for span in all_spans(block))]
        return sum(len(re.findall(r"\w+", span.text)) for span in spans if span.op == op)


@dataclass(frozen=True, slots=True)
class Redline:
    """The sections of both texts in reading order."""

    old: Document
    new: Document
    sections: tuple[SectionChange, ...]

    @property
    def changed(self) -> tuple[SectionChange, ...]:
        return tuple(section for section in self.sections if section.status != "unchanged")


def compare(old: Document, new: Document) -> Redline:
    """The redline from `old` to `new`."""
    return Redline(old, new, tuple(_section_change(*pair) for pair in _pair_sections(old.sections, new.sections)))


def same_words(old: Section | None, new: Section | None) -> bool:
    """Whether two sections differ in no word: white space, punctuation and marks at most."""
    if old is None or new is None:
        return False
    return _words(old) == _words(new)


def all_spans(block: BlockChange) -> Iterable[Span]:
    """The spans of a block, or of every cell of a table."""
    return [*block.spans, *(span for row in block.rows for cell in row.cells for span in cell)]


def cells_of(row: str) -> list[str]:
    """The cells of a line of a Markdown table."""
    inner = re.sub(r"(?<!\\)\|$", "", row.strip().removeprefix("|"))
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", inner)]


def _words(section: Section) -> list[str]:
    text = f"{section.heading} {section.source}"
    return "".join(character if _is_said(character) else " " for character in text).split()


def _is_said(character: str) -> bool:
    """Letters with their vowel signs, digits, currencies and measures: what a reader would say aloud."""
    said = character.isalnum() or character in "%‰§≤≥≠±"
    return said or unicodedata.category(character) in ("Mn", "Mc", "Sc")


def _pair_sections(old: Sequence[Section], new: Sequence[Section]) -> Iterator[tuple[Section | None, Section | None]]:
    """Sections of the new text in its order; one that is gone follows the section it stood after."""
    by_id = {section.id: section for section in old}
    kept = {section.id for section in new}
    gone: dict[str | None, list[Section]] = {}
    anchor: str | None = None
    for section in old:
        if section.id in kept:
            anchor = section.id
        else:
            gone.setdefault(anchor, []).append(section)
    yield from ((section, None) for section in gone.get(None, []))
    for section in new:
        yield by_id.get(section.id), section
        yield from ((lost, None) for lost in gone.get(section.id, []))


def _section_change(old: Section | None, new: Section | None) -> SectionChange:
    heading = _text_spans(old.heading if old else "", new.heading if new else "")
    blocks = _compare_blocks(old.source.strip("\r\n") if old else "", new.source.strip("\r\n") if new else "")
    return SectionChange(old, new, heading, blocks)


@lru_cache(maxsize=4096)
def _compare_blocks(old: str, new: str) -> tuple[BlockChange, ...]:
    """Once for each distinct pair of texts, however many versions share them."""
    olds, news = ([block for block in split_blocks(source) if block.kind != "blank"] for source in (old, new))
    changes: list[BlockChange] = []
    for tag, (a, b), (c, d) in _gaps([(x.kind, x.text) for x in olds], [(x.kind, x.text) for x in news]):
        if tag == "equal":
            changes += [BlockChange(x, y, _kept(y.text)) for x, y in zip(olds[a:b], news[c:d], strict=True)]
        else:
            changes += [_block_change(x, y) for x, y in _pair_blocks(olds[a:b], news[c:d])]
    return tuple(changes)


def _kept(text: str) -> tuple[Span, ...]:
    return (Span("=", text),)


def _gaps(old: Sequence[object], new: Sequence[object]) -> Iterator[tuple[str, tuple[int, int], tuple[int, int]]]:
    """Equal runs, and between them the gaps in which either side has something of its own."""
    at, to = 0, 0
    for op in Indel.opcodes(old, new):
        if op.tag == "equal":
            if (at, to) != (op.src_start, op.dest_start):
                yield "gap", (at, op.src_start), (to, op.dest_start)
            yield "equal", (op.src_start, op.src_end), (op.dest_start, op.dest_end)
            at, to = op.src_end, op.dest_end
    if (at, to) != (len(old), len(new)):
        yield "gap", (at, len(old)), (to, len(new))


def _pair_blocks(olds: list[Block], news: list[Block]) -> Iterator[tuple[Block | None, Block | None]]:
    """Which old block became which new one: the order-keeping pairs of greatest total likeness."""
    best = [[0.0] * (len(news) + 1) for _ in range(len(olds) + 1)]
    likeness = [[_likeness(x, y) for y in news] for x in olds]
    for i in reversed(range(len(olds))):
        for j in reversed(range(len(news))):
            paired = likeness[i][j] + best[i + 1][j + 1] if likeness[i][j] >= _LIKE else 0.0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    i = j = 0
    while i < len(olds) or j < len(news):
        if i < len(olds) and best[i][j] == best[i + 1][j]:
            yield olds[i], None
            i += 1
        elif j < len(news) and best[i][j] == best[i][j + 1]:
            yield None, news[j]
            j += 1
        else:
            yield olds[i], news[j]
            i, j = i + 1, j + 1


def _likeness(old: Block, new: Block) -> float:
    if old.kind != new.kind:
        return 0.0
    if old.kind == "table":
        return 1.0 if _columns(old) == _columns(new) else 0.0
    return Indel.normalized_similarity(_tokens(old.text), _tokens(new.text))


def _block_change(old: Block | None, new: Block | None) -> BlockChange:
    if any(block and block.kind == "table" for block in (old, new)):
        return BlockChange(old, new, rows=tuple(_row_changes(old, new)))
    return BlockChange(old, new, _text_spans(old.text if old else "", new.text if new else ""))


def _columns(table: Block) -> int:
    return len(cells_of(table.text.splitlines()[1]))


def _row_changes(old: Block | None, new: Block | None) -> Iterator[RowChange]:
    """Rows of the two tables in order; the line of dashes below the head is form, not text."""
    olds = [tuple(cells_of(row)) for row in _rows(old)]
    news = [tuple(cells_of(row)) for row in _rows(new)]
    for tag, (a, b), (c, d) in _gaps(olds, news):
        pairs = zip(olds[a:b], news[c:d], strict=False) if tag == "equal" or b - a == d - c else ()
        if pairs:
            yield from (_cell_changes(x, y) for x, y in pairs)
        else:
            yield from (RowChange(tuple((Span("-", cell),) for cell in row)) for row in olds[a:b])
            yield from (RowChange(tuple((Span("+", cell),) for cell in row)) for row in news[c:d])


def _rows(table: Block | None) -> list[str]:
    lines = table.text.splitlines() if table else []
    return lines[:1] + lines[2:]


def _cell_changes(old: tuple[str, ...], new: tuple[str, ...]) -> RowChange:
    width = max(len(old), len(new))
    padded = [(*row, *("",) * (width - len(row))) for row in (old, new)]
    return RowChange(tuple(_text_spans(x, y) for x, y in zip(*padded, strict=True)))


def _text_spans(old: str, new: str) -> tuple[Span, ...]:
    if old == new:
        return _kept(new) if new else ()
    before, after = _tokens(old), _tokens(new)
    if old and new and Indel.normalized_similarity(before, after) < _REWRITTEN:
        return Span("-", old), Span("+", new)
    spans = _readable(_exact_spans(before, after))
    if all(map(_balanced, spans)):
        return tuple(spans)
    return Span("-", old), Span("+", new)


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _exact_spans(old: list[str], new: list[str]) -> list[Span]:
    """The fewest tokens taken out and put in: an exact longest common subsequence."""
    spans = []
    for tag, (a, b), (c, d) in _gaps(old, new):
        if tag == "equal":
            spans.append(Span("=", "".join(new[c:d])))
        else:
            spans += [Span("-", "".join(old[a:b])), Span("+", "".join(new[c:d]))]
    return [span for span in spans if span.text]


def _readable(spans: list[Span]) -> list[Span]:
    """White space alone between two changes joins them; changed white space shows with the words it stands between."""
    result: list[Span] = []
    run: list[Span] = []  # changes with nothing but white space between them
    for index, span in enumerate(spans):
        island = bool(run) and span.text.isspace() and index + 1 < len(spans)
        if span.op != "=" or island:
            run.append(span)
            continue
        if run and all(change.text.isspace() for change in run):
            word, rest = _cut(span.text, 1)
            run, span = [*run, Span("=", word)], Span("=", rest)
            if result:
                kept, word = _cut(result.pop().text, -1)
                result, run = [*result, Span("=", kept)], [Span("=", word), *run]
        result += [*_joined(run), span]
        run = []
    return [span for span in result + _joined(run) if span.text]


def _cut(text: str, tokens: int) -> tuple[str, str]:
    """A text cut after its first tokens, or before its last (negative)."""
    parts = _tokens(text)
    return "".join(parts[:tokens]), "".join(parts[tokens:])


def _joined(run: list[Span]) -> list[Span]:
    old = "".join(span.text for span in run if span.op != "+")
    new = "".join(span.text for span in run if span.op != "-")
    return [span for span in (Span("-", old), Span("+", new)) if span.text]


def _balanced(span: Span) -> bool:
    """Whether a change can be marked where it stands: it opens no mark that it does not close."""
    if span.op == "=":
        return True
    return not _MARK.search(_WHOLE.sub("", span.text))
