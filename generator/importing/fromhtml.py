"""HTML as pieces: the words of a text and their structure; what belongs to the site around it is left out, and told.

Web pages, what mammoth makes of Word documents, and what markdown-it makes of Markdown come this way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import unquote

from lxml import etree, html

from generator.errors import Problem, SourceError, Where
from generator.importing.pieces import NO_TEXT, Intake, Meta, Notes, Piece, escaped, label, quoted

LINE = "data-line"  # where another format has been made into HTML: the line of the source
Kind = Literal["page", "word", "markdown"]

# What is no part of a text, by its tag, its role, or a word of its id and class.
_LEFT_OUT = re.compile(
    r"(?P<script><(?:script|noscript|template))|(?P<style><(?:style|link|meta|base))"
    r"|(?P<navigation><(?:nav|aside|menu)|role=(?:navigation|banner|contentinfo|search|complementary|menu)"
    r"|(?:(?:site|page|main)[-_])?(?:footer|nav|navbar|navigation|menu|sidebar|breadcrumbs?|masthead|colophon)"
    r"|skip-(?:link|nav|to-content)|sr-only|screen-reader-text|visually-hidden|social-links|sharedaddy)"
    r"|(?P<embed><(?:iframe|object|embed|video|audio|canvas|svg|map))"
    r"|(?P<form><(?:form|input|button|select|textarea|dialog)|role=(?:alert)?dialog)",
    re.IGNORECASE,
)
_BANNER = re.compile(r"cookie|consent|gdpr|onetrust|cmp\b", re.IGNORECASE)
_BUTTON = ".//button | .//*[@role='button'] | .//a[contains(@class, 'btn')]"
_OPENS = "@aria-expanded or @aria-controls or contains(@class, 'accordion') or parent::summary"  # a fold of the text
_HIDDEN = "@hidden or @aria-hidden='true' or contains(translate(@style, ' ', ''), 'display:none')"
_HIDDEN_WORDS = 8  # what is hidden and longer is a fold of the text more often than a remark to programs
_TITLE = "self::p[contains(concat(' ', @class, ' '), ' title ') or @class='MsoTitle']"  # of Google Docs, of Word
_BLOCKS = re.findall(
    r"\w+",
    "h1 h2 h3 h4 h5 h6 address article blockquote body caption center dd dl dt details dir div fieldset figcaption"
    " figure footer header hgroup hr html legend li main ol p pre section summary table tbody td tfoot th thead tr ul",
)
# Marks stand as single characters until a line is whole, for what touches has to be joined or told apart.
_MARKS = {**dict.fromkeys(("strong", "b"), "\x0e\x0f"), **dict.fromkeys(("em", "i", "cite", "dfn"), "\x10\x11")}
_WRITTEN = str.maketrans({"\x0e": "**", "\x0f": "**", "\x10": "*", "\x11": "*", "\x15": "`", "\x16": "`"})
_BREAK = "\x1f"
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_STYLED = {"lower-alpha": "a", "lower-latin": "a", "upper-alpha": "A", "lower-roman": "i", "upper-roman": "I"}


def read(page: str, notes: Notes, *, kind: Kind = "page") -> Intake:
    """SourceError where there are no words, or elements lie too deep in each other."""
    try:
        tree = html.document_fromstring(page.encode(), html.HTMLParser(encoding="utf-8", huge_tree=True))
        for element in tree.iter():  # what was written as entities is characters by now
            element.text, element.tail = (said and said.translate(NO_TEXT) for said in (element.text, element.tail))
        reader = _Reader(notes, kind, tree)
        pieces = list(reader.read())
    except (etree.ParserError, etree.XMLSyntaxError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        message = "its elements lie too deep in each other" if deep else "there is no text in it"
        raise SourceError(Problem("import.empty", Where(notes.path), message)) from None
    title = re.split(r"\s+[|·–—-]\s+", " ".join(tree.findtext(".//title", "").split()))[0]  # the site's name follows
    description = "".join(tree.xpath("//meta[@name='description']/@content")[:1])
    return Intake(pieces, Meta(title, tree.get("lang", ""), description))


def _said(element: Any) -> str:
    """All words of an element or a comment."""
    texts = element.xpath(".//text()") if isinstance(element.tag, str) else [element.text or ""]
    return " ".join(" ".join(texts).split())


class _Reader:
    """Walks a tree once to leave out, once to read."""

    def __init__(self, notes: Notes, kind: Kind, tree: Any) -> None:
        self.notes, self.kind = notes, kind
        self.body = tree.find("body") if tree.find("body") is not None else tree
        self.most = len(_said(self.body)) // 2  # what is longer is the text, whatever it is called
        self.targets = {href[1:] for href in self.body.xpath(".//a/@href") if href.startswith("#")}
        self.silent = Counter[str]()  # what is left out without words
        self.anchors: list[str] = []  # of them those met since the last piece
        self.blocks: set[Any] = set()  # elements that are or hold blocks

    def read(self) -> Iterator[Piece]:
        root = self.main() if self.kind == "page" else self.body
        self.clean(root, within=False)
        for why, number in self.silent.items():
            self.notes.add(f"stripped.{why}", None, f"{number} × {why} without words")
        for block in root.iter(*_BLOCKS):
            while block is not None and block not in self.blocks:
                self.blocks.add(block)
                block = block.getparent()
        titled = False  # by a style: then the first headings are sections
        for piece in self.pieces(root):
            titled = titled or piece.level < 0
            yield replace(piece, level=abs(piece.level) + (titled and piece.level > 0))

    def note(self, code: str, element: Any, message: str) -> None:
        self.notes.add(code, self.line(element), message)

    def line(self, element: Any) -> int | None:
        """Its line in the source, as far as that is known."""
        if self.kind == "page":
            return int(element.sourceline)
        near = element.get(LINE) or element.xpath(f"string((ancestor::*|preceding::*)[@{LINE}][last()]/@{LINE})")
        return int(near) if near else None

    # What is left out

    def main(self) -> Any:
        """The page's main part if it holds most words, else all of it from its one title on."""
        parts = self.body.xpath(".//main | .//*[@role='main']") or self.body.xpath(".//article")
        titles = self.body.xpath(f".//*[{_TITLE}]")[:1] or self.body.findall(".//h1")
        whole = len(parts) == 1 and len(_said(parts[0])) > self.most
        element = parts[0] if whole else titles[0] if len(titles) == 1 else self.body
        while element is not self.body:
            beside = [*element.itersiblings(preceding=True)][::-1] + [*element.itersiblings()] * whole
            for outside in beside:
                if len(_said(outside)) <= self.most:
                    self.leave_out(outside, self.unwanted(outside, within=False) or "outside")
            element = element.getparent()
        return parts[0] if whole else self.body

    def clean(self, element: Any, *, within: bool) -> None:
        """Take out what is no part of the text; `within` the page's main part less is taken for something else."""
        within = within or element.tag in ("main", "article")
        for child in [*element]:
            why = self.unwanted(child, within=within)
            if why == "hidden" and len(_said(child).split()) >= _HIDDEN_WORDS:
                self.note("unsure.hidden", child, f"hidden at first, and kept: {quoted(_said(child))}")
            elif why in ("script", "style", "comment") or (why and len(_said(child)) <= self.most):
                self.leave_out(child, why)
                continue
            self.clean(child, within=within)

    def leave_out(self, element: Any, why: str) -> None:
        said = "" if why in ("script", "style") else _said(element)
        if said and not re.match(r"\[(?:if|endif)", said):  # a remark to a program
            self.note(f"stripped.{why}", element, f"{len(said.split())} words: {quoted(said, 200)}")
        elif why != "comment":
            self.silent[why] += 1
        element.drop_tree()

    def unwanted(self, element: Any, *, within: bool) -> str:
        """Why an element is not part of the text, or ''."""
        if not isinstance(element.tag, str):
            return "comment"
        names = f"{element.get('id', '')} {element.get('class', '')}".split() if self.kind == "page" else []
        link = element.find("a")
        if element.tag == "button" and element.xpath(_OPENS):
            return ""
        if link is not None and link.get("href", "").startswith("#cmnt" if element.tag == "sup" else "#cmnt_ref"):
            return "comment"  # of Google Docs
        if any(map(_BANNER.search, names)) and element.xpath(_BUTTON):
            return "cookie-banner"
        if element.tag in ("header", "footer") and not within and element.find(".//h1") is None:
            return "navigation"
        if element.keys() and element.xpath(_HIDDEN):
            return "hidden"
        signs = (f"<{element.tag}", f"role={element.get('role')}", *names)
        return next((str(match.lastgroup) for sign in signs if (match := _LEFT_OUT.fullmatch(sign))), "")

    # Blocks

    def pieces(self, element: Any, depth: int = 0) -> Iterator[Piece]:
        """What stands within an element; text between blocks is a paragraph."""
        run, start = self.words(element.text), element
        for child in element:
            if child in self.blocks:
                yield from self.paragraph(run, start, depth)
                yield from self.block(child, depth)
                run, start = "", child
            else:
                run += self.inline(child)
            run += self.words(child.tail)
        yield from self.paragraph(run, start, depth)

    def block(self, element: Any, depth: int) -> Iterator[Piece]:
        self.meet(element)
        tag, said = element.tag, element.text_content().strip()
        level = int(tag[1]) if re.fullmatch("h[1-6]", tag) else -bool(tag == "p" and element.xpath(_TITLE))
        if level:
            yield from self.paragraph(_one_line(self.content(element)), element, 0, level)
        elif tag in ("ul", "ol", "dir"):
            yield from self.items(element, depth)
        elif tag == "table" and self.is_grid(element):
            yield from self.table(element)
        elif tag == "hr" or (tag == "pre" and said):
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", said)), default=0))
            text = f"{fence}\n{said.replace('{{', '{ {')}\n{fence}" if said else "---"
            yield self.piece(text, element, form="verbatim")
        elif tag in ("dt", "summary", "legend", "caption"):
            yield from self.paragraph(_marked(_one_line(self.content(element)), "\x0e\x0f"), element, depth)
        else:
            found = list(self.pieces(element, depth))
            quote = tag == "blockquote" and not depth and not any(p.level or p.mark or p.form for p in found)
            yield from (replace(piece, form="quote") for piece in found) if quote else found

    def paragraph(self, run: str, element: Any, depth: int, level: int = 0) -> Iterator[Piece]:
        for text in re.split(f"{_BREAK}\\s*{_BREAK}", run):
            lines = ("\n".join(map(_one_line, part.strip().split("\n"))) for part in text.split(_BREAK))
            if said := _written(escaped("  \n".join(filter(None, lines)))):
                yield self.piece(said, element, depth=depth, level=level)

    def piece(self, said: str, element: Any, **more: Any) -> Piece:
        met, self.anchors = self.anchors, []
        return Piece(said, self.line(element), anchors=tuple(met), **more)

    def meet(self, element: Any) -> None:
        """Note the names by which links lead to an element."""
        self.anchors += [name for name in (element.get("id"), element.get("name")) if name in self.targets]

    def items(self, list_: Any, depth: int) -> Iterator[Piece]:
        """Items, and what is in them one deeper; an item that holds a heading is a section."""
        flat = re.search(r"\blst-kix_\w+-(\d)", list_.get("class", ""))  # Google Docs nests no lists
        depth = int(flat[1]) if flat else depth
        number = _number(list_.get("start"))
        yield from self.paragraph(self.words(list_.text), list_, depth)
        for child in list_:
            if child.tag == "li":
                number = _number(child.get("value"), number)
                ours = self.kind != "word" or child.get("id")  # Word's own are in the text, but for those of notes
                yield from self.item(child, _mark(list_, number) if ours else "-", depth + 1)
                number += 1
            else:  # a list right in a list, most often
                yield from self.block(child, depth + 1)
            yield from self.paragraph(self.words(child.tail), child, depth)

    def item(self, item: Any, mark: str, depth: int) -> Iterator[Piece]:
        self.meet(item)
        first, *rest = list(self.pieces(item, depth)) or [Piece("", self.line(item), depth=depth)]
        if any(piece.level for piece in (first, *rest)):
            yield replace(first, text=f"{mark} {first.text}" if mark != "-" and first.level else first.text, depth=0)
            yield from (replace(piece, depth=max(piece.depth - depth, 0)) for piece in rest)
        elif first.mark or first.form:  # an item within an item that says nothing needs no bullet of its own
            yield from (first, *rest) if mark == "-" else (Piece("", first.line, mark=mark, depth=depth), first, *rest)
        else:
            yield from (replace(first, mark=mark), *rest)

    def is_grid(self, table: Any) -> bool:
        """Whether a table has cells in rows and columns, and does not lay out a page."""
        wide = any(len(row) > 1 for row in table.iter("tr"))
        inner = table.xpath(".//h1|.//h2|.//h3|.//h4|.//h5|.//h6|.//table|.//pre|.//tr/text()[normalize-space()]")
        layout = bool(inner) or table.get("role") in ("presentation", "none")
        if wide and layout:
            self.note("unsure.table", table, "a table that lays out the page is read cell by cell")
        return wide and not layout

    def table(self, table: Any) -> Iterator[Piece]:
        """A table as lines of cells, its caption as a paragraph; a merged cell stands in its first place."""
        rows, taken, merged = table.findall(".//tr"), dict[tuple[int, int], str](), 0
        for y, row in enumerate(rows):
            x = 0
            for cell in row.iterchildren("td", "th"):
                while (y, x) in taken:
                    x += 1
                most = {"colspan": 100, "rowspan": len(rows) - y}
                wide, high = (min(_number(cell.get(name)) or 1, limit) for name, limit in most.items())
                merged += wide > 1 or high > 1
                taken |= {(y + dy, x + dx): "" for dy in range(high) for dx in range(wide)}
                taken[y, x] = self.cell(cell)
        width = 1 + max(x for _, x in taken)
        lines = [f"| {' | '.join(taken.get((y, x), '') for x in range(width))} |" for y in range(len(rows))]
        if merged:
            self.note("unsure.table", table, f"{merged} merged cells: the text stands in the first, others are empty")
        if rows[0].find("th") is None:
            self.note("unsure.table", table, "a table names no header; its first row is taken for it")
        for caption in table.findall("caption"):
            yield from self.block(caption, 0)
        yield self.piece("\n".join([lines[0], "|" + " --- |" * width, *lines[1:]]), table, form="verbatim")

    def cell(self, cell: Any) -> str:
        found = [replace(p, mark="•" if p.mark == "-" else p.mark).said for p in self.pieces(cell)]
        return " ".join(" ".join(found).split()).replace("|", "\\|")

    # Text within a line

    def words(self, text: str | None) -> str:
        """Words as they are; the lines of Markdown are kept."""
        return (text or "") if self.kind == "markdown" else (text or "").replace("\n", " ")

    def content(self, element: Any) -> str:
        return self.words(element.text) + "".join(self.inline(child) + self.words(child.tail) for child in element)

    def inline(self, element: Any) -> str:
        self.meet(element)
        tag, said = element.tag, self.content(element)
        if tag == "br":
            return _BREAK
        if tag == "img":
            alt = element.get("alt", "").strip()
            self.note("stripped.image", element, f"an image, {quoted(alt) if alt else 'without a description'}")
        if tag in ("del", "s", "strike"):
            self.note("unsure.struck", element, f"struck out, kept as words: {quoted(_said(element))}")
        if tag == "sup" and said.isdecimal():
            return said.translate(_RAISED)
        if tag == "code" and said.strip() and "`" not in said:
            return f"\x15{_one_line(element.text_content()).replace('{{', '{ {')}\x16"
        if tag == "a" and element.get("href") and said.strip():
            return _link(element.get("href").strip(), said)
        said = f"“{said}”" if tag == "q" else said
        return f" {said} " if tag in _BLOCKS else _marked(said, _MARKS[tag]) if tag in _MARKS else said


def _mark(list_: Any, number: int) -> str:
    """What an item says before its words."""
    style = re.search(r"list-style(?:-type)?\s*:\s*([\w-]+)", list_.get("style", ""))
    form = list_.get("type") or _STYLED.get(style[1] if style else "", "1")
    return f"{label(number, form)}." if list_.tag == "ol" else "-"


def _number(value: str | None, otherwise: int = 1) -> int:
    return int(value) if value and re.fullmatch(r"\d{1,9}", value) else otherwise


def _link(to: str, said: str) -> str:
    """A link, of which outline.py decides where it leads. What leads to a footnote or back is words."""
    if to.startswith("#") and re.fullmatch(r"\s*(?:\[?\d{1,3}\]?|\[[a-z]\]|[↑↩︎]+)\s*", said):
        return said.translate(dict.fromkeys(map(ord, "↑↩︎")))
    if redirect := re.match(r"https://www\.google\.com/url\?q=([^&]+)", to):  # of Google Docs
        to = unquote(redirect[1])
    to = re.sub(r"[\s<>()]", lambda match: f"%{ord(match[0]):02X}", to.translate(NO_TEXT))
    return said if "\x13" in said else _marked(said, ("\x13", f"\x14{to}\x12"))


def _marked(said: str, mark: str | tuple[str, str]) -> str:
    """Marks stand close to words."""
    words = said.strip(f" \t\r\n{_BREAK}")
    before, _, after = said.partition(words) if words else (said, "", "")
    return f"{before}{mark[0]}{words}{mark[1]}{after}" if words and mark[0] not in words else said


def _one_line(said: str) -> str:
    return " ".join(said.replace(_BREAK, " ").split())


def _written(text: str) -> str:
    """Marks as Markdown: those of one kind that touch are one; an emphasis that touches strong words is given up."""
    text = text.replace("\x0f\x0e", "").replace("\x11\x10", "")
    text = re.sub("\x0f\x10([^\x10\x11]*)\x11", "\x0f\\1", text)
    return re.sub("\x10([^\x10\x11]*)\x11\x0e", "\\1\x0e", text).translate(_WRITTEN)
