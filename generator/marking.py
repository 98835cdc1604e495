"""A redline as Markdown with marker characters in it, and those as elements once it is HTML.

The markers are private-use characters that pass through Markdown untouched, so a changed list stays a list and a
changed table a table, and there is one renderer. The markup is that of the new text (of a block that is gone, its
own); what was taken out stands in it as words. What no mark within the text can show is said in a note.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, zip_longest

from markupsafe import Markup

from generator.blocks import Block, is_dashes
from generator.diff import BlockChange, Kind, Op, Span

MARKERS = "\ue000\ue001\ue002\ue003\ue004\ue005\ue006\ue007\ue008\ue009"
_WRAP = {
    "-": ("\ue000", "\ue001"),
    "+": ("\ue002", "\ue003"),
    "moved-": ("\ue006", "\ue007"),
    "moved+": ("\ue008", "\ue009"),
}
_NOTE = ("\ue004", "\ue005")
_TAG = {
    "\ue000": ("del", ""),
    "\ue002": ("ins", ""),
    "\ue006": ("span", ' class="moved-from"'),
    "\ue008": ("span", ' class="moved-to"'),
}
_BLOCK = re.compile(r"</?(?:p|li|[ou]l|blockquote|hr|pre|div|table|t[rhd]|thead|tbody)\b")
_IMAGE = r"!\[[^\]\[]*\]\([^)]*\)"
_DEFINITION = re.compile(r"\[[^\]]+\]:[ \t]*\S")
_BREAK = r"\s*\n\s*(?:[-*+]|\d+[.)])[ \t]+|[ \t]*(?:\r\n|\r|\n)[ \t]*(?:\r\n|\r|\n)\s*"
_PIECE = re.compile(rf"(\\.|{_IMAGE}|\]\(|\*\*|__|[*`\[\]()]|(?<!\w)_|_(?!\w)|{_BREAK})", re.DOTALL)
_PARAGRAPH = re.compile(_BREAK)
_MARKS = frozenset({"**", "__", "*", "_", "`", "[", "]", "]("})
# Kinds that are said in a note at the end of the block they happened to.
_NOTED = ("nested", "flattened", "formatting", "alignment", "anchor", "column")


@dataclass(slots=True)
class Notes:
    """What is said beside the text: each note stands in the Markdown as its number between two markers."""

    words: Mapping[str, str]
    prefix: str = ""  # of the ids of moves: a page that shows its changes twice must not name an id twice
    said: list[Markup] = field(default_factory=list)
    moves: set[tuple[int, str]] = field(default_factory=set)  # ends of moves that are named already
    sides: Notes | None = None

    def beside(self) -> Notes:
        """The notes of the same page side by side."""
        self.sides = self.sides or Notes(self.words, "beside-")
        return self.sides

    def put(self, note: Markup) -> str:
        self.said.append(note)
        return f"{_NOTE[0]}{len(self.said) - 1}{_NOTE[1]}"

    def name(self, key: str) -> str:
        return self.put(Markup(' <span class="note">{}</span> ').format(self.words[key]))

    def change(self, op: str, text: str) -> Markup:
        """A change that stands in a note."""
        tag, word = ("del", "mark_removed") if op == "-" else ("ins", "mark_added")
        mark = Markup('<span class="mark">{} </span>').format(self.words[word])
        return Markup("<{0}>{1}{2}</{0}>").format(Markup(tag), mark, text)

    def link(self, old: str, new: str) -> str:
        changes = Markup(" ").join(self.change(op, text) for op, text in (("-", old), ("+", new)) if text)
        return self.put(Markup(' <span class="note">{} {}</span>').format(self.words["note_link"], changes))

    def moved(self, change: BlockChange) -> str:
        """Said once for all blocks that moved together, with a link to the other end."""
        op, other = ("-", "to") if change.old else ("+", "from")
        if not change.move or (change.move, op) in self.moves:
            return ""
        self.moves.add((change.move, op))
        here = "from" if op == "-" else "to"
        text = self.words["note_moved_to" if op == "-" else "note_moved_from"]
        return self.put(
            Markup('<a class="note" id="{0}move-{1}-{2}" href="#{0}move-{1}-{3}">{4}</a> ').format(
                self.prefix, change.move, here, other, text
            )
        )


def one_side(changes: Iterable[BlockChange], op: Op) -> Iterator[BlockChange]:
    """What the old (-) or the new (+) text has of each change, for the two to stand side by side."""
    for change in changes:
        blocks = change.old if op == "-" else change.new
        if blocks:
            spans = tuple(span for span in change.spans if span.op in ("=", op))
            kinds = change.kinds if op == "+" or change.move else frozenset[Kind]()
            old, new = (blocks, ()) if op == "-" else ((), blocks)
            yield BlockChange(old, new, spans, change.move, kinds)


def blocks_of(changes: Iterable[BlockChange], notes: Notes) -> Iterator[Block]:
    """Changes as blocks of Markdown with markers in them; rows that belong together are one table."""
    for is_row, run in groupby(changes, key=lambda change: change.block.kind == "row"):
        if is_row:
            yield from (_table(rows, notes) for rows in _tables(list(run)))
        else:
            yield from (_block(change, notes) for change in run if change.block.kind != "blank")


def _block(change: BlockChange, notes: Notes) -> Block:
    block = change.block
    if block.kind == "rule":
        said = notes.change("-" if not change.new else "+", notes.words["note_rule"])
        return block if change.kept or change.move else Block("paragraph", "", notes.put(said), block.suffix)
    if block.kind == "code":
        return block if change.kept else Block("paragraph", "", _code(change), block.suffix)
    if _DEFINITION.match(block.text) and not change.kept:  # of a link's target, which no reader sees
        old, new = ("".join(other.text for other in side) for side in (change.old, change.new))
        return Block("paragraph", "", f"{new}\n\n{notes.link(clean(old), clean(new))}", block.suffix)
    form = re.match(r"[ \t>]*", block.prefix) if block.kind != "item" else None
    prefix = form[0] if form else block.prefix
    number = block.prefix[len(prefix) :]  # written by hand, and so a part of the text
    words = (
        [Span(change.words[0].op if change.words else "=", number), *change.words]
        if number.strip("# ")
        else change.words
    )
    before = len(notes.said)
    text = notes.moved(change) + inline(words, notes, lone=not (change.old and change.new))
    text += _notes(change, notes, shown=any("¶" in note for note in notes.said[before:]))
    if block.kind == "heading":  # one that is gone or new while the text below it stayed
        return Block("paragraph", "", f"**{text}**", block.suffix)
    # The last item of the old list may stand amid the new one, where its blank line would set all items apart.
    return Block(block.kind, prefix, text, block.suffix if change.new else "\n")


def _notes(change: BlockChange, notes: Notes, *, shown: bool) -> str:
    """What happened to the block itself; a paragraph's break may be `shown` within its words already."""
    named = [kind for kind in _NOTED if kind in change.kinds]
    named += [kind for kind in ("split", "joined") if kind in change.kinds and not shown]
    return "".join(notes.name(f"note_{kind}") for kind in named)


def _code(change: BlockChange) -> str:
    marked = ""
    for span in change.words:
        lines = [
            line for line in span.text.splitlines() if line.strip() and not line.lstrip().startswith(("```", "~~~"))
        ]
        marked += "".join(_wrapped(_key(span), f"`{clean(line)}`") + "\n" for line in lines)
    return marked


def _key(span: Span) -> str:
    return "=" if span.op == "=" else f"moved{span.op}" if span.move else span.op


def clean(text: str) -> str:
    """Without characters that mean something here; nobody can read them."""
    return re.sub(f"[{MARKERS}]", "", text)


def _wrapped(key: str, text: str) -> str:
    """Markers stand inside the white space, so that Markdown still sees the edges of words."""
    words = text.strip()
    if key == "=" or not words:
        return text
    start = len(text) - len(text.lstrip())
    return text[:start] + _WRAP[key][0] + words + _WRAP[key][1] + text[start + len(words) :]


@dataclass(slots=True)
class _Side:
    """Where the reading of one of the texts is: within a link's target or not."""

    inside: bool = False
    depth: int = 0
    target: str = ""

    def read(self, piece: str) -> bool:
        """Whether this piece is part of a target; its end closes it."""
        if not self.inside:
            self.inside, self.depth, self.target = piece == "](", 0, ""
            return self.inside
        self.depth += (piece == "(") - (piece == ")")
        if self.depth < 0:
            self.inside = False
        else:
            self.target += piece
        return True


def inline(spans: Sequence[Span], notes: Notes, *, lone: bool = False) -> str:
    """Words of a block with markers around what changed. `lone` is text that stands on one side only, which keeps its
    own markup."""
    out: list[tuple[str, str]] = []
    old, new = _Side(), _Side()
    gone = ""  # the target of a link that was taken out, until what follows tells whether another took its place
    for index, span in enumerate(spans):
        if span.role == "words" and span.op != "=" and not span.text.strip() and not span.move:
            out.append(("=", _space(span, _around(spans, index), notes)))
            continue
        skeleton = span.op != "-" or lone
        for piece in filter(None, _PIECE.split(clean(span.text))):
            before = (old.inside, new.inside)
            if lone:
                shown = new.read(piece) or _is_mark(piece)
            else:
                in_old = span.op != "+" and old.read(piece)
                in_new = span.op != "-" and new.read(piece)
                shown = in_new or (span.op == "-" and in_old) or _is_mark(piece)
            out.append(("=", piece if skeleton else " " if not piece.strip() else "") if shown else (_key(span), piece))
            if lone:
                continue
            if before[0] and not old.inside and span.op == "-":
                gone = old.target
            if before[1] and not new.inside:
                was = old.target if span.op == "=" and before[0] else gone
                gone = ""
                if was != new.target:
                    out.append(("=", notes.link(was, new.target)))
        if gone and not new.inside and span.op == "=":
            out.insert(len(out) - 1, ("=", notes.link(gone, "")))
            gone = ""
    if gone:
        out.append(("=", notes.link(gone, "")))
    return "".join(
        _wrapped(key, "".join(text for _, text in run)) for key, run in groupby(out, key=lambda pair: pair[0])
    )


def _is_mark(piece: str) -> bool:
    return piece in _MARKS or bool(_PARAGRAPH.fullmatch(piece))


def _around(spans: Sequence[Span], index: int) -> tuple[Span | None, Span | None]:
    before = spans[index - 1] if index else None
    return before, spans[index + 1] if index + 1 < len(spans) else None


def _space(span: Span, around: tuple[Span | None, Span | None], notes: Notes) -> str:
    """White space that changed: a paragraph's break is shown, and a space where there was none."""
    partner = next(
        (other for other in around if other and other.op not in ("=", span.op) and not other.text.strip()), None
    )
    breaks = re.search(r"(?:\r\n|\r|\n)[ \t]*(?:\r\n|\r|\n)", span.text)
    if breaks:
        return notes.put(notes.change(span.op, "¶")) + (span.text if span.op == "+" else "" if partner else " ")
    if partner:
        return span.text if span.op == "+" else ""
    return notes.put(notes.change(span.op, "␣")) + (span.text if span.op == "+" else "")


def _tables(rows: list[BlockChange]) -> Iterator[list[BlockChange]]:
    """A table starts with the row above a row of dashes."""
    table: list[BlockChange] = []
    for row, below in zip_longest(rows, rows[1:]):
        heads = below is not None and is_dashes(below.block.text) and not is_dashes(row.block.text)
        if heads and any(is_dashes(other.block.text) for other in table):
            yield table
            table = []
        table.append(row)
    yield table


def _table(rows: list[BlockChange], notes: Notes) -> Block:
    """Rows of one table, those of both texts side by side; a column that came or went is in every row."""
    head = next((index for index, row in enumerate(rows) if is_dashes(row.block.text)), None)
    shape = _shape(rows[head - 1] if head else rows[0])
    lines = [_row(row, shape, notes) for row in rows if not is_dashes(row.block.text)]
    if head is None:  # rows without a head are no table in Markdown
        return Block("paragraph", "", "  \n".join(lines), rows[-1].block.suffix)
    dashes = [cell.strip() or "---" for cell in re.split(r"(?<!\\)\|", rows[head].block.text.strip().strip("|"))]
    dashes += ["---"] * (len(shape) - len(dashes))
    said = notes.name("note_alignment") if "alignment" in rows[head].kinds else ""
    first, *rest = lines
    return Block(
        "table", "", "\n".join([f"{first[:-1]}{said}|", f"| {' | '.join(dashes[: len(shape)])} |", *rest]), "\n\n"
    )


def _shape(row: BlockChange) -> list[str]:
    """For each column of the table whether both texts (=), only the old (-) or only the new (+) have it."""
    if not (row.old and row.new):
        return ["="] * len(row.cells)
    return [cell[-1].op if cell[-1].role == "bar" else "=" for cell in row.cells]


def _row(row: BlockChange, shape: Sequence[str], notes: Notes) -> str:
    lone = not (row.old and row.new)
    cells = [inline([span for span in cell if span.role != "bar"], notes, lone=lone).strip() for cell in row.cells]
    if lone and len(cells) < len(shape):
        side = "-" if row.old else "+"
        found = iter(cells)
        cells = [next(found, "") if op in ("=", side) else "" for op in shape]
    cells = (cells + [""] * len(shape))[: len(shape)] or [""]
    cells[0] = notes.moved(row) + cells[0]
    return f"| {' | '.join(cells)} |"


def elements(source: str, notes: Notes) -> Markup:
    """Rendered HTML with its markers as elements; one within a tag, such as a link's title, cannot be one."""
    parts: list[str] = []
    opened = ""
    inner = re.sub(r"<[^>]*>", lambda tag: re.sub(f"[{MARKERS}]", "", tag[0]), source)
    for part in re.split(f"(\ue004\\d+\ue005|[{MARKERS}])", inner):
        if part[:1] == _NOTE[0] and part[1:-1].isdigit():
            parts.append(str(notes.said[int(part[1:-1])]))
        elif part and part in MARKERS:
            opened = part if part in _TAG else ""
        else:
            parts.append(_element(part, opened, notes) if opened else part)
    return Markup("".join(parts))


def _element(part: str, opened: str, notes: Notes) -> str:
    """Marked as one where its tags pair up, else each run of text by itself: elements never overlap."""
    tag, attributes = _TAG[opened]
    said = {"del": "mark_removed", "ins": "mark_added"}.get(tag)
    mark = f'<span class="mark">{html.escape(notes.words[said])} </span>' if said else ""
    start, end = f"<{tag}{attributes}>{mark}", f"</{tag}>"
    if pairs_up(part):
        return f"{start}{part}{end}"
    runs = re.split(r"(<[^>]*>)", part)
    return "".join(run if run.startswith("<") or not run.strip() else f"{start}{run}{end}" for run in runs)


def pairs_up(part: str) -> bool:
    """Whether a stretch of HTML closes what it opens, and holds no block."""
    if _BLOCK.search(part):
        return False
    opened: list[str] = []
    for close, name in re.findall(r"<(/?)(\w+)[^>]*?(?<!/)>", part):
        if not close:
            opened.append(name)
        elif not opened or opened.pop() != name:
            return False
    return not opened
