"""Markdown to HTML, once per distinct text, and redlines to HTML through the same renderer.

Raw HTML in a policy is text, not markup, and a link leads only where a link may lead (X22). A redline is the merged
Markdown of both texts with marker characters in it: they pass through Markdown untouched and then become
<del> and <ins>, so a changed list stays a list and a changed table a table.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.fenced_code import FencedCodeExtension
from markdown.extensions.sane_lists import SaneListExtension
from markdown.extensions.tables import TableExtension
from markdown.treeprocessors import Treeprocessor
from markdown.util import AMP_SUBSTITUTE
from markupsafe import Markup

from generator.redline import marking
from generator.redline.blocks import Block, split_blocks
from generator.redline.reports import Part, Told, side

SAFE_LINK = re.compile(r"(?:https?:|mailto:|tel:|#|/(?![/\\])|\.\.?/)", re.IGNORECASE)
OWN_FILE = re.compile(r"/(?![/\\])|\.\.?/")  # an image of another host would tell it who reads the policy (G08)


@dataclass(slots=True)
class Renderer:
    """Renders texts in one language and remembers each distinct one. `words` are those of the pages: of them the
    renderer says the marks, the notes, and the label of a table."""

    words: Mapping[str, str]
    written: bool = False  # a redline of texts that are no Markdown, shown as they are written
    _markdown: Markdown = field(default_factory=lambda: _reader())
    _line: Markdown = field(default_factory=lambda: _line_reader())
    _done: dict[str, Markup] = field(default_factory=dict)
    _lines: dict[str, Markup] = field(default_factory=dict)
    _told: dict[object, Markup] = field(default_factory=dict)

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

    def changes(self, blocks: Iterable[Told], notes: marking.Notes) -> Markup:
        """Blocks of a redline, with <del> and <ins> and the words that say so (A13)."""
        told = tuple(blocks)
        return self._once((told, notes.place), lambda: self._changes(told, notes.afresh()))

    def heading(self, part: Part, notes: marking.Notes) -> Markup:
        """A heading of a redline, with what is said of it."""
        title, said = part.change.title, part.notes
        return self._once((title, said, notes.place), lambda: self._heading(part, notes.afresh()))

    def _once(self, key: object, make: Callable[[], Markup]) -> Markup:
        """Redlines to one text share most of what they show."""
        if key not in self._told:
            self._told[key] = make()
        return self._told[key]

    def _changes(self, blocks: tuple[Told, ...], notes: marking.Notes) -> Markup:
        if self.written:
            return notes.written(span for told in blocks for span in told.change.spans)
        return marking.elements(self._blocks(markdown_of(list(marking.blocks_of(blocks, notes)))), notes)

    def _heading(self, part: Part, notes: marking.Notes) -> Markup:
        text = marking.inline(part.heading, notes, side(part.change.title)) if part.change.title else ""
        text = re.sub(r"\s*\n\s*", " ", text)  # it may have been split from the paragraph below
        said = (notes.before(part.notes), self.inline(text), notes.after(part.notes))
        return marking.elements("".join(said), notes)

    def _blocks(self, source: str) -> Markup:
        if source not in self._done:
            rendered = self._markdown.reset().convert(source).replace("<table>", self._table_start)
            self._done[source] = Markup(rendered.replace("</table>", "</table></div>"))
        return self._done[source]

    @property
    def _table_start(self) -> str:
        """Wide tables scroll in a box that the keyboard reaches (A07); a page may have many, so none is a landmark."""
        label = html.escape(self.words["table_label"])
        return f'<div class="table" role="group" tabindex="0" aria-label="{label}"><table>'


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
        line = bool(parts) and parts[-1] == "\n" and block.kind == "paragraph" and bool(levels)
        parts.append(_line_of_item(block, levels) if line else _placed(block, levels))
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
    apart = len(re.findall(r"\r\n|\r|\n", before.suffix)) > 1
    if before.kind == block.kind == "item":
        return "\n" if not apart and not _starts_another(_level(block), levels) else "\n\n"
    # Lines of one paragraph or item, which a comparison looks at one by one.
    lines = before.kind in ("paragraph", "item") and block.kind == "paragraph" and before.suffix and not apart
    return "\n" if lines else "\n\n"


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


def _line_of_item(block: Block, levels: list[_Level]) -> str:
    return "    " * len(levels) + block.prefix.lstrip(" \t") + block.text


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


def _reader() -> Markdown:
    """Blocks and inline text. Columns are aligned by attribute: the CSP allows no inline style (X19)."""
    # By class: by name, the library would ask every installed package what it brings.
    known = (TableExtension(use_align_attribute=True), FencedCodeExtension(), SaneListExtension(), _Safe())
    return Markdown(extensions=known)


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
