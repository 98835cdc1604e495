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
from markdown.treeprocessors import Treeprocessor
from markdown.util import AMP_SUBSTITUTE
from markupsafe import Markup

from generator.diff import BlockChange, RowChange, Span
from generator.documents import Block, split_blocks

SAFE_LINK = re.compile(r"(?:https?:|mailto:|tel:|#|/(?!/)|\.\.?/)", re.IGNORECASE)
MARKERS = "\ue000\ue001\ue002\ue003"  # private-use characters: <del>, </del>, <ins>, </ins>
_OPEN = {"-": "\ue000", "+": "\ue002"}
_CLOSE = {"-": "\ue001", "+": "\ue003"}


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
    _markdown: Markdown = field(default_factory=lambda: Markdown(extensions=["tables", "sane_lists", _Safe()]))
    _done: dict[str, Markup] = field(default_factory=dict)

    def section(self, source: str) -> Markup:
        """The body of a section as HTML blocks."""
        return self._blocks(markdown_of(split_blocks(source)))

    def inline(self, text: str) -> Markup:
        """A heading or a cell as HTML without a block around it."""
        return Markup(self._blocks(text).removeprefix("<p>").removesuffix("</p>"))

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
        tags = {
            "\ue000": f'<del><span class="mark">{html.escape(self.words.removed)} </span>',
            "\ue001": "</del>",
            "\ue002": f'<ins><span class="mark">{html.escape(self.words.added)} </span>',
            "\ue003": "</ins>",
        }
        return Markup(re.sub(f"[{MARKERS}]", lambda match: tags[match[0]], source))


def plain(source: str) -> str:
    """The text of rendered HTML."""
    return html.unescape(re.sub(r"<[^>]+>", "", source))


def markdown_of(blocks: Iterable[Block]) -> str:
    """Blocks as the Markdown our renderer reads: lists apart from paragraphs, four spaces for each level of a list."""
    parts: list[str] = []
    indents: list[int] = []
    before: Block | None = None
    for block in blocks:
        if block.kind == "blank":
            continue
        if before:
            parts.append(_gap(before, block))
        parts.append(_placed(block, indents))
        before = block
    return "".join(parts)


def _gap(before: Block, block: Block) -> str:
    both_items = before.kind == block.kind == "item"
    return "\n" if both_items and before.suffix.count("\n") < 2 else "\n\n"


def _placed(block: Block, indents: list[int]) -> str:
    """The block at its depth; `indents` are the indentations of the list levels that are open."""
    if block.kind != "item":
        if block.kind != "paragraph" or not block.prefix.strip(">"):
            indents.clear()
        return block.prefix + block.text
    indent = len(block.prefix) - len(block.prefix.lstrip())
    while indents and indents[-1] > indent:
        indents.pop()
    if not indents or indents[-1] < indent:
        indents.append(indent)
    margin = "    " * (len(indents) - 1)
    return margin + block.prefix.lstrip() + re.sub(r"\n[ \t]*", f"\n{margin}    ", block.text)


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
    return Block(block.kind, block.prefix, "".join(map(_marked_span, change.spans)), block.suffix)


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


class _Safe(Extension):
    """Raw HTML is text, and a link that could run code or fetch data is no link."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  the library's name
        md.preprocessors.deregister("html_block")
        md.inlinePatterns.deregister("html")
        md.treeprocessors.register(_SafeLinks(md), "safe-links", 0)


class _SafeLinks(Treeprocessor):
    def run(self, root: Element) -> None:
        for element, attribute in _targets(root):
            if not SAFE_LINK.match(_plain_target(element.get(attribute, ""))):
                del element.attrib[attribute]


def _plain_target(target: str) -> str:
    """Markdown writes an e-mail address as character references, to be put in place after this step."""
    return html.unescape(target.replace(AMP_SUBSTITUTE, "&"))


def _targets(root: Element) -> Iterator[tuple[Element, str]]:
    for element in root.iter():
        for attribute in ("href", "src"):
            if attribute in element.attrib:
                yield element, attribute
