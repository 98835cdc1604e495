"""Markdown to HTML, once per distinct text, and redlines to HTML through the same renderer.

Raw HTML in a policy is text, not markup, and a link leads only where a link may lead (X22). A redline is the merged
Markdown of both texts with four marker characters in it: they pass through Markdown untouched and then become
<del> and <ins>, so a changed list stays a list and a changed table a table.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.tables import TableExtension
from markdown.treeprocessors import Treeprocessor
from markdown.util import AMP_SUBSTITUTE
from markupsafe import Markup

from generator.diff import BlockChange, RowChange, Span
from generator.documents import Block, split_blocks

SAFE_LINK = re.compile(r"(?:https?:|mailto:|tel:|#|/(?![/\\])|\.\.?/)", re.IGNORECASE)
OWN_FILE = re.compile(r"/(?![/\\])|\.\.?/")  # an image of another host would tell it who reads the policy (G08)
MARKERS = "\ue000\ue001\ue002\ue003"  # private-use characters: <del>, </del>, <ins>, </ins>
_OPEN = {"-": "\ue000", "+": "\ue002"}
_CLOSE = {"-": "\ue001", "+": "\ue003"}
_TAGS = {"\ue000": "del", "\ue002": "ins"}
_BLOCK = re.compile(r"</?(?:p|li|[ou]l|blockquote|hr|pre|div|table|t[rhd]|thead|tbody)\b")


@dataclass(frozen=True, slots=True)
class RenderWords:
    """The few words that the renderer itself says, in the page's language."""

    removed: str
    added: str
    table: str


@dataclass(slots=True)
class Renderer:
    """Renders texts in one language and remembers each distinct one."""

    words: RenderWords
    _markdown: Markdown = field(default_factory=lambda: _reader())
    _line: Markdown = field(default_factory=lambda: _line_reader())
    _done: dict[str, Markup] = field(default_factory=dict)
    _lines: dict[str, Markup] = field(default_factory=dict)

    def section(self, source: str) -> Markup:
        """The body of a section as HTML blocks."""
        return self._blocks(markdown_of(split_blocks(source)))

    def inline(self, text: str) -> Markup:
        """A heading or a cell as HTML without a block around it."""
        if text not in self._lines:
            rendered = self._line.reset().convert(text)
            self._lines[text] = Markup(rendered.removeprefix("<p>").removesuffix("</p>"))
        return self._lines[text]

    def text(self, source: str) -> str:
        """What a reader sees of an inline text, without any markup."""
        return plain(self.inline(source))

    def changes(self, changes: Iterable[BlockChange]) -> Markup:
        """Blocks of a redline, with <del> and <ins> and the words that say so (A13)."""
        return self._marked(self._blocks(markdown_of([merged(change) for change in changes])))

    def heading(self, spans: Iterable[Span]) -> Markup:
        """A heading of a redline."""
        return self._marked(self.inline("".join(map(_marked_span, spans))))

    def _blocks(self, source: str) -> Markup:
        if source not in self._done:
            rendered = self._markdown.reset().convert(source).replace("<table>", self._table_start)
            self._done[source] = Markup(rendered.replace("</table>", "</table></div>"))
        return self._done[source]

    @property
    def _table_start(self) -> str:
        """Wide tables scroll in a region that the keyboard reaches (A07)."""
        return f'<div class="table" role="region" tabindex="0" aria-label="{html.escape(self.words.table)}"><table>'

    def _marked(self, source: str) -> Markup:
        """Markers become elements; one within a tag, such as a link's title, cannot and is dropped."""
        parts: list[str] = []
        opened = ""
        for part in re.split(f"([{MARKERS}])", _without_markers_in_tags(source)):
            if part and part in MARKERS:
                opened = part if part in _TAGS else ""
            else:
                parts.append(self._change(part, opened) if opened else part)
        return Markup("".join(parts))

    def _change(self, part: str, opened: str) -> str:
        """Marked as one where its tags pair up, else each run of text by itself: elements never overlap."""
        said = html.escape(self.words.removed if _TAGS[opened] == "del" else self.words.added)
        start, end = f'<{_TAGS[opened]}><span class="mark">{said} </span>', f"</{_TAGS[opened]}>"
        if _pairs_up(part):
            return f"{start}{part}{end}"
        runs = re.split(r"(<[^>]*>)", part)
        return "".join(run if run.startswith("<") or not run.strip() else f"{start}{run}{end}" for run in runs)


def _without_markers_in_tags(source: str) -> str:
    return re.sub(r"<[^>]*>", lambda tag: re.sub(f"[{MARKERS}]", "", tag[0]), source)


def _pairs_up(part: str) -> bool:
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


def plain(source: str) -> str:
    """The text of rendered HTML."""
    return html.unescape(re.sub(r"<[^>]+>", "", source))


def markdown_of(blocks: Iterable[Block]) -> str:
    """Blocks as the Markdown our renderer reads: lists apart from paragraphs, four spaces for each level of a list."""
    parts: list[str] = []
    levels: list[_Level] = []
    before: Block | None = None
    for block in blocks:
        if block.kind == "blank":
            continue
        if before:
            parts.append(_gap(before, block, levels))
        parts.append(_placed(block, levels))
        before = block
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class _Level:
    """An open level of a list: its indentation in characters, and whether its items are numbered."""

    indent: int
    numbered: bool


def _level(item: Block) -> _Level:
    mark = item.prefix.lstrip()
    return _Level(len(item.prefix) - len(mark), mark[:1].isdigit())


def _gap(before: Block, block: Block, levels: list[_Level]) -> str:
    """Items of one list stay together; another list, or a wider gap, is told by a blank line."""
    both_items = before.kind == block.kind == "item"
    apart = len(re.findall(r"\r\n|\r|\n", before.suffix)) > 1
    return "\n" if both_items and not apart and not _starts_another(_level(block), levels) else "\n\n"


def _starts_another(level: _Level, levels: list[_Level]) -> bool:
    """Whether an item stands where a list of the other kind, numbered or not, is open."""
    depth = sum(above.indent < level.indent for above in levels)
    return depth < len(levels) and levels[depth].numbered != level.numbered


def _placed(block: Block, levels: list[_Level]) -> str:
    """The block at its depth; `levels` are the levels of the list that is open, and are brought up to date."""
    if block.kind == "item":
        return _placed_item(block, levels)
    indent = len(block.prefix) - len(block.prefix.lstrip(" \t"))
    while levels and levels[-1].indent >= indent:
        levels.pop()
    if not levels or block.kind != "paragraph":
        levels.clear()
        return block.prefix + block.text
    margin = "    " * len(levels)  # a paragraph of the item above
    return margin + block.prefix.lstrip(" \t") + re.sub(r"\n[ \t]*", f"\n{margin}", block.text)


def _placed_item(block: Block, levels: list[_Level]) -> str:
    level = _level(block)
    while levels and levels[-1].indent > level.indent:
        levels.pop()
    if levels and levels[-1].indent == level.indent:
        levels.pop()
    levels.append(level)
    margin = "    " * (len(levels) - 1)
    mark = re.sub(r"^(\d+)\)", r"\1.", block.prefix.lstrip())  # Markdown knows 1) as well; the library knows 1. only
    return margin + mark + re.sub(r"\n[ \t]*", f"\n{margin}    ", block.text)


def merged(change: BlockChange) -> Block:
    """Old and new block as one, with marker characters around what only one of them has."""
    block = change.new or change.old
    assert block is not None
    if change.kept or block.kind == "rule":
        return block
    if block.kind == "table":
        return Block("table", "", _merged_table(block, change.rows), block.suffix)
    if block.kind == "code":
        return Block("paragraph", "", "".join(map(_marked_code, change.spans)), block.suffix)
    # The last item of the old list may stand amid the new one, where its blank line would set all items apart.
    suffix = block.suffix if change.new else "\n"
    return Block(block.kind, block.prefix, "".join(map(_marked_span, change.spans)), suffix)


def _marked_span(span: Span) -> str:
    """Markers stand inside the white space, so that Markdown still sees the edges of words."""
    if span.op == "=":
        return span.text
    words = span.text.strip()
    start = len(span.text) - len(span.text.lstrip())
    marked = _OPEN[span.op] + words + _CLOSE[span.op] if words else ""
    return span.text[:start] + marked + span.text[start + len(words) :]


def _marked_code(span: Span) -> str:
    lines = [line for line in span.text.splitlines() if line.strip() and not line.lstrip().startswith(("```", "~~~"))]
    return "".join(_marked_span(Span(span.op, f"`{line}`")) + "\n" for line in lines)


def _merged_table(table: Block, rows: tuple[RowChange, ...]) -> str:
    lines = ["| " + " | ".join("".join(map(_marked_span, cell)) for cell in row.cells) + " |" for row in rows]
    return "\n".join([*lines[:1], table.text.splitlines()[1], *lines[1:]])


def _reader() -> Markdown:
    """Blocks and inline text. Columns are aligned by attribute: the CSP allows no inline style (X19)."""
    return Markdown(extensions=[TableExtension(use_align_attribute=True), "fenced_code", "sane_lists", _Safe()])


def _line_reader() -> Markdown:
    """Inline text alone: a heading that begins with "1." or "-" is no list."""
    reader = Markdown(extensions=[_Safe()])
    for processor in ("indent", "code", "hr", "olist", "ulist", "quote", "reference"):
        reader.parser.blockprocessors.deregister(processor)
    return reader


class _Safe(Extension):
    """Raw HTML is text, and a link that could run code or fetch data is no link."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  the library's name
        md.preprocessors.deregister("html_block")
        md.inlinePatterns.deregister("html")
        # Headings are our own (documents.py): what looks like another one is text.
        md.parser.blockprocessors.deregister("hashheader")
        md.parser.blockprocessors.deregister("setextheader")
        md.treeprocessors.register(_SafeLinks(md), "safe-links", 0)


class _SafeLinks(Treeprocessor):
    def run(self, root: Element) -> None:
        for element, attribute in _targets(root):
            allowed = OWN_FILE if attribute == "src" else SAFE_LINK
            if not allowed.match(_plain_target(element.get(attribute, ""))):
                del element.attrib[attribute]


def _plain_target(target: str) -> str:
    """Markdown writes an e-mail address as character references, to be put in place after this step."""
    return html.unescape(target.replace(AMP_SUBSTITUTE, "&"))


def _targets(root: Element) -> Iterator[tuple[Element, str]]:
    for element in root.iter():
        for attribute in ("href", "src"):
            if attribute in element.attrib:
                yield element, attribute
