"""A redline as Markdown with marker characters in it, and those as elements once it is HTML.

The markers are private-use characters that pass through Markdown untouched, so a changed list stays a list and a
changed table a table, and there is one renderer. The markup is that of the new text (of a block that only the old one
has, its own); what was taken out stands in it as words. What Markdown would not show as words (front matter, code,
rules, where a link leads) is shown as it is written, and what no words show is said in a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise, zip_longest

from markupsafe import Markup, escape

from generator.redline.blocks import Block, is_dashes
from generator.redline.diff import BlockChange, Op, Span
from generator.redline.reports import Note, Told, is_row, rows, side
from generator.redline.spans import cells
from generator.redline.visible import mask_of

MARKERS = "".join(map(chr, range(0xE000, 0xE007)))
_OPEN = {"-": "\ue000", "+": "\ue001", "moved-": "\ue002", "moved+": "\ue003"}
_KEYS = {marker: key for key, marker in _OPEN.items()}
_CLOSE, _NOTE, _NOTE_END = "\ue004", "\ue005", "\ue006"
_BLOCK = re.compile(r"</?(?:p|li|[ou]l|blockquote|hr|pre|div|table|t[rhd]|thead|tbody)\b")
_DEFINITION = re.compile(r"\[[^\]]+\]:[ \t]*\S")  # of a link's target, which no reader sees
_CUT = re.compile(rf"<([^<>\s]*[{MARKERS}][^<>\s]*)>|!(?=\[[^\]]*[{MARKERS}])")  # a link or image that changed within


@dataclass(slots=True)
class Notes:
    """What is said beside the text of one page: each note stands in the Markdown as its number between two markers.

    A page that shows its changes twice names the ends of moves `beside` each other once more, but for headings, which
    it shows once; a fragment of a page leads to them at the page's address.
    """

    words: Mapping[str, str]
    prefix: str = ""
    beside: str = ""
    address: str = ""
    said: list[Markup] = field(default_factory=list)

    @property
    def place(self) -> tuple[str, str, str]:
        """What the ids and links of its notes depend on."""
        return self.prefix, self.beside, self.address

    def afresh(self) -> Notes:
        """The same, with nothing said yet."""
        return replace(self, said=[])

    def put(self, said: Markup) -> str:
        self.said.append(said)
        return f"{_NOTE}{len(self.said) - 1}{_NOTE_END}"

    def before(self, notes: Iterable[Note]) -> str:
        return "".join(self.put(self._moved(note)) for note in notes if note.move)

    def after(self, notes: Iterable[Note]) -> str:
        return "".join(self.put(self._note(note)) for note in notes if not note.move)

    def _note(self, note: Note) -> Markup:
        pair = Markup(" ").join(self.mark(op, escape(text)) for op, text in (("-", note.old), ("+", note.new)) if text)
        return Markup(' <span class="note">{}</span>').format(Markup(" ").join([self.words[note.key], pair]).strip())

    def _moved(self, note: Note) -> Markup:
        here, there = ("from", "to") if note.key == "note_moved_to" else ("to", "from")
        ends = (f"{self.prefix}{self.beside}", here), (f"{self.prefix}{'' if note.heads else self.beside}", there)
        own, other = (f"{prefix}move-{note.move}-{end}" for prefix, end in ends)
        name = Markup("") if self.address else Markup(' id="{}"').format(own)
        link = Markup('<a class="note"{} href="{}#{}">{}</a> ')
        return link.format(name, self.address, other, note.say(self.words))

    def mark(self, key: str, inner: Markup) -> Markup:
        """A stretch that is not in both texts, and the words that say so (A13); a move is said in its note."""
        if key in ("-", "+"):
            tag, word = ("del", "mark_removed") if key == "-" else ("ins", "mark_added")
            said = Markup('<span class="mark">{} </span>').format(self.words[word])
            return Markup("<{0}>{1}{2}</{0}>").format(Markup(tag), said, inner)
        return Markup('<span class="moved-{}">{}</span>').format("from" if key == "moved-" else "to", inner)

    def written(self, spans: Iterable[Span]) -> Markup:
        """Text as it is written, whatever Markdown would make of it."""
        return Markup('<pre class="written">{}</pre>').format(Markup("").join(map(self._as_written, spans)))

    def _as_written(self, span: Span) -> Markup:
        text = clean(span.text)
        words = text.strip() or text
        if span.op == "=":
            return escape(text)
        before, _, after = text.partition(words)
        return escape(before) + self.mark(_key(span), escape(words)) + escape(after)


def one_side(blocks: Iterable[Told], op: Op) -> Iterator[Told]:
    """What the old (-) or the new (+) text has of each block, for the two to stand side by side. What happened to a
    block is said beside the new one, if there is one."""
    for told in blocks:
        change = told.change
        ours = change.old if op == "-" else change.new
        if ours:
            spans = tuple(span for span in change.spans if span.op in ("=", op))
            old, new = (ours, ()) if op == "-" else ((), ours)
            notes = told.notes if op == "+" or not change.new else ()
            yield Told(replace(change, old=old, new=new, spans=spans), notes)


def blocks_of(blocks: Iterable[Told], notes: Notes) -> Iterator[Block]:
    """Blocks of Markdown with markers in them; rows that belong together are one table."""
    for row, run in groupby((told for told in blocks if told.change.block.kind != "blank"), is_row):
        told = list(run)
        if row:
            yield from (_table(table, notes) for table in _tables(told))
            continue
        for this, below in zip_longest(told, told[1:]):
            block = _block(this, notes)
            yield replace(block, suffix=_gap(this.change, below.change)) if below else block


def _gap(before: BlockChange, after: BlockChange) -> str:
    """What stands between two blocks of which perhaps no text has both: they are no lines of one paragraph, and items
    of one list, whatever blank line the last item of the old list had."""
    if before.block.kind == after.block.kind == "item":
        return before.block.suffix if before.new else "\n"
    return before.block.suffix if (before.old and after.old) or (before.new and after.new) else "\n\n"


def _block(told: Told, notes: Notes) -> Block:
    change, block = told.change, told.change.block
    defines = _DEFINITION.match(block.text)
    unread = defines or block.kind in ("code", "rule", "front")
    if told.kept and unread:
        return block
    moved = notes.before(told.notes)
    if unread:
        source = change.new[0].text if defines and change.new else ""
        shown = notes.put(notes.written(span for span in change.spans if span.role != "tail"))
        text = "\n\n".join(filter(None, (source, moved, shown + notes.after(told.notes))))
        return Block("paragraph", "", text, "\n\n")
    text = moved + inline(told.words, notes, side(change))
    if block.kind == "heading":  # one that is gone or new while the text below it stayed
        text = f"**{text}**"
    text += notes.after(told.notes)
    return Block("item" if block.kind == "item" else "paragraph", told.form.replace("#", ""), text, block.suffix)


def _key(span: Span) -> str:
    return f"moved{span.op}" if span.move else span.op


def clean(text: str) -> str:
    """Without characters that mean something here; nobody can read them."""
    return re.sub(f"{_NOTE}\\d+{_NOTE_END}|[{MARKERS}]", "", text)


def inline(spans: Sequence[Span], notes: Notes, only: Op | None) -> str:
    """Words of a block with markers around what changed, in the markup of the new text, or of the only one."""
    spans = [replace(span, text=clean(span.text)) for span in spans]
    if all(span.op == "=" for span in spans):
        return "".join(span.text for span in spans)
    masks = {op: mask_of("".join(span.text for span in spans if span.op in ("=", op))) for op in ("-", "+")}
    skeleton: Op = only or "+"
    out = held = before = ""  # what falls into the target of a link is held until it ends
    for index, span in enumerate(spans):
        text, own = span.text, span.op in ("=", skeleton)
        mask = masks[skeleton if own else span.op][: len(text)]
        masks = {op: mask[len(text) :] if span.op in ("=", op) else mask for op, mask in masks.items()}
        if own and before == "t":
            end = len(mask) - len(mask.lstrip("t"))
            out += text[:end]
            out, held = (out + held, "") if end < len(text) else (out, held)
            text, mask = text[end:], mask[end:]
        if span.op == "=":
            shown = text
        elif text.strip() or span.move:
            shown = _wrapped(_key(span), text, mask, own=own)
        else:
            beside = (spans[at] for at in (index - 1, index + 1) if 0 <= at < len(spans))
            replaced = any(other.op not in ("=", span.op) and not other.text.strip() for other in beside)
            shown = _space(span.op, text, "b" in mask, replaced, notes, own=own)
        if own:
            out, before = out + shown, (before + mask)[-1:]
        elif before == "t" and masks[skeleton][:1] == "t":
            held += shown
        else:
            out += shown
    return _CUT.sub(lambda cut: cut[1] or "", out + held)


def _wrapped(key: str, text: str, mask: str, *, own: bool) -> str:
    """A stretch between markers, from its first word to its last. Marks and targets come along only in the text's own
    markup; white space stays outside, so that Markdown still sees the edges of words."""
    if not own:
        pairs = zip(text, mask, strict=True)
        text = "".join(char if kind == "w" else " " if char.isspace() else "" for char, kind in pairs)
        mask = "w" * len(text)
    shown = [at for at, char in enumerate(text) if mask[at] == "w" and not char.isspace()]
    if not shown:
        return text
    start, end = shown[0], shown[-1] + 1
    return text[:start] + _OPEN[key] + text[start:end] + _CLOSE + text[end:]


def _space(op: Op, text: str, breaks: bool, replaced: bool, notes: Notes, *, own: bool) -> str:
    """White space that changed: a paragraph's end is shown, and a space where there was none."""
    sign = "¶" if breaks else "" if replaced else "␣"
    shown = notes.put(notes.mark(op, Markup(sign))) if sign else ""
    return shown + (text if own else " " if breaks and not replaced else "")


def _tables(run: list[Told]) -> Iterator[list[Told]]:
    """A table starts with the row above a row of dashes."""
    starts = [at - 1 for at, told in enumerate(run) if at > 1 and _dashes(told) and not _dashes(run[at - 1])]
    for start, end in pairwise([0, *starts, len(run)]):
        yield run[start:end]


def _dashes(told: Told) -> bool:
    return is_dashes(told.change.block.text)


def _table(table: list[Told], notes: Notes) -> Block:
    """Rows of both texts in one table; a column that came or went is in every row."""
    dashes = next((told.change.block.text for told in table if _dashes(told)), None)
    told = [row for row in rows(table) if not _dashes(row)]
    if not told or dashes is None:  # no table in Markdown
        lines = [" | ".join(_cells(row, [], notes)) for row in told]
        return Block("paragraph", "", "  \n".join(lines), table[-1].change.block.suffix)
    shape = [op for op, _ in told[0].change.cells]
    head, *body = [f"| {' | '.join(_cells(row, shape, notes))} |" for row in told]
    rule = [cell.strip() or "---" for cell in cells(dashes.strip().strip("|"))]
    rule += ["---"] * (len(shape) - len(rule))
    return Block("table", "", "\n".join([head, f"| {' | '.join(rule[: len(shape)])} |", *body]), "\n\n")


def _cells(row: Told, shape: Sequence[Op], notes: Notes) -> list[str]:
    """A row that one text alone has leaves empty what only the other has columns for."""
    only = side(row.change)
    found = [inline(cell, notes, only).strip() for _, cell in row.change.cells]
    if only and len(found) < len(shape):
        rest = iter(found)
        found = [next(rest, "") if op in ("=", only) else "" for op in shape]
    found = (found + [""] * len(shape))[: len(shape) or None] or [""]
    found[0] = notes.before(row.notes) + found[0]
    found[-1] += notes.after(row.notes)
    return found


def elements(source: str, notes: Notes) -> Markup:
    """Rendered HTML with its markers as elements; one within a tag, such as a link's title, cannot be one."""
    inner = re.sub(r"<[^>]*>", lambda tag: clean(tag[0]), source)
    alone = re.sub(f"<p>({_NOTE}\\d+{_NOTE_END})</p>", r"\1", inner)  # such as code, which is no part of a paragraph
    made = re.sub(f"([{''.join(_KEYS)}])([^{_CLOSE}]*){_CLOSE}", lambda m: _marked(_KEYS[m[1]], m[2], notes), alone)
    return Markup(clean(re.sub(f"{_NOTE}(\\d+){_NOTE_END}", lambda note: str(notes.said[int(note[1])]), made)))


def _marked(key: str, part: str, notes: Notes) -> str:
    """One element where the tags within pair up, else each run of text by itself: elements never overlap."""
    if pairs_up(part):
        return str(notes.mark(key, Markup(part)))
    runs = re.split(r"(<[^>]*>)", part)
    return "".join(run if run.startswith("<") or not run.strip() else str(notes.mark(key, Markup(run))) for run in runs)


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
