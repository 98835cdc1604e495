"""HTML as pieces: the words of a text and their structure; what belongs to the site around it is left out, and told.

Web pages, what mammoth makes of Word documents, and what markdown-it makes of Markdown come this way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import unquote

from lxml import etree, html

from generator.errors import Problem, SourceError, Where
from generator.pieces import Intake, Meta, Notes, Piece, escaped, label, quoted

LINE = "data-line"  # where another format has been made into HTML: the line of the source
Kind = Literal["page", "word", "markdown"]

_LEFT_OUT = {
    **dict.fromkeys("script noscript template".split(), "script"),
    **dict.fromkeys("style link meta base".split(), "style"),
    **dict.fromkeys("nav aside menu".split(), "navigation"),
    **dict.fromkeys("iframe object embed video audio canvas svg map".split(), "embed"),
    **dict.fromkeys("form input button select textarea dialog".split(), "form"),
}
_ROLES = {
    **dict.fromkeys("navigation banner contentinfo search complementary menu".split(), "navigation"),
    **dict.fromkeys("dialog alertdialog".split(), "form"),
}
_BANNER = re.compile(r"cookie|consent|gdpr|onetrust|cmp\b", re.IGNORECASE)
_BUTTON = ".//button | .//*[@role='button'] | .//a[contains(@class, 'btn')]"
_AROUND = re.compile(
    r"(?:(?:site|page|main)[-_])?(?:footer|nav|navbar|navigation|menu|sidebar|breadcrumbs?|masthead|colophon)"
    r"|skip-(?:link|nav|to-content)|sr-only|screen-reader-text|visually-hidden|social-links|sharedaddy",
    re.IGNORECASE,
)
_TITLES = ".//p[contains(@class, 'MsoTitle') or @class='title' or starts-with(@class, 'title ') or contains(@class, ' title')]"
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_HIDDEN_WORDS = 8  # what is hidden and longer is a fold of the text more often than a remark to programs
_BLOCKS = (
    "h1 h2 h3 h4 h5 h6 address article blockquote body caption center dd dl dt details dir div fieldset figcaption"
    " figure footer header hgroup hr html legend li main ol ul p pre search section summary table tbody td tfoot th"
    " thead tr"
).split()
_HEADINGS = _BLOCKS[:6]
# Marks stand as single characters until a line is whole, for what touches has to be joined or told apart.
_MARKS = {**dict.fromkeys(("strong", "b"), "\x0e\x0f"), **dict.fromkeys(("em", "i", "cite", "dfn"), "\x10\x11")}
_WRITTEN = str.maketrans({"\x0e": "**", "\x0f": "**", "\x10": "*", "\x11": "*", "\x15": "`", "\x16": "`"})
_BREAK = "\x1f"
_SPACE = f" \t\r\n{_BREAK}"
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_STYLED = {"lower-alpha": "a", "lower-latin": "a", "upper-alpha": "A", "lower-roman": "i", "upper-roman": "I"}
_DEEPEST = 150  # elements within each other; a page of people's making has some thirty


def read(page: str, path: str, *, kind: Kind = "page") -> Intake:
    """SourceError where there are no words, or elements lie too deep in each other."""
    try:
        tree = html.document_fromstring(page.encode(), html.HTMLParser(encoding="utf-8", huge_tree=True))
    except (etree.ParserError, etree.XMLSyntaxError):
        raise SourceError(Problem("import.empty", Where(path), "there is no text in it")) from None
    if any(sum(1 for _ in leaf.iterancestors()) > _DEEPEST for leaf in tree.iter("*") if not len(leaf)):
        message = f"its elements lie more than {_DEEPEST} deep in each other"
        raise SourceError(Problem("import.depth", Where(path), message, "save the text alone, and import that"))
    reader = _Reader(path, kind)
    root = reader.root(tree)
    reader.clean(root)
    for why, lines in reader.silent.items():
        reader.notes.add(f"stripped.{why}", lines[0], f"{len(lines)} × {why} without words")
    pieces = list(reader.text_of(root))
    title = re.split(r"\s+[|·–—]\s+|\s-\s", _said(tree.find(".//title")))[0]  # "Privacy | Example": the site follows
    description = "".join(tree.xpath("//meta[@name='description']/@content")[:1])
    return Intake(pieces, reader.notes.found, Meta(title, tree.get("lang") or "", description))


def _said(element: Any) -> str:
    """All words of an element, if there is one."""
    return "" if element is None else " ".join(" ".join(element.xpath(".//text()")).split())


class _Reader:
    """Walks a tree once."""

    def __init__(self, path: str, kind: Kind) -> None:
        self.notes = Notes(path)
        self.kind = kind
        self.silent: dict[str, list[int | None]] = {}  # what is left out without words, at its lines
        self.most = 0  # half of the page's characters
        self.targets: set[str] = set()  # ids that links of the page lead to
        self.anchors: list[str] = []  # those met since the last piece
        self.blocks: set[Any] = set()  # elements that are or hold blocks

    def note(self, code: str, element: Any, message: str) -> None:
        self.notes.add(code, self.line(element), message)

    def line(self, element: Any) -> int | None:
        """Its line in the source, as far as that is known."""
        if self.kind == "page":
            return int(element.sourceline)
        near = element.get(LINE) or element.xpath(f"string((ancestor::*|preceding::*)[@{LINE}][last()]/@{LINE})")
        return int(near) if near else None

    # What is left out

    def root(self, tree: Any) -> Any:
        """The page's main part if it holds most words, else all of it from its one first heading on."""
        body = tree.find("body") if tree.find("body") is not None else tree
        self.most = len(_said(body)) // 2
        if self.kind != "page":
            return body
        parts = body.xpath(".//main | .//*[@role='main']") or body.xpath(".//article")
        titles = body.xpath(_TITLES) or body.findall(".//h1")
        if len(parts) == 1 and len(_said(parts[0])) > self.most:
            self.leave_around(parts[0], body, before=False)
            return parts[0]
        if len(titles) == 1:
            self.leave_around(titles[0], body, before=True)
        return body

    def leave_around(self, element: Any, body: Any, *, before: bool) -> None:
        """Leave out what stands beside an element and all that it lies in, or only what stands `before` it."""
        while element is not body:
            after = [] if before else [*element.itersiblings()]
            for beside in [*element.itersiblings(preceding=True)][::-1] + after:
                if len(_said(beside)) <= self.most:
                    self.leave_out(beside, self.unwanted(beside, within=False) or "outside")
            element = element.getparent()

    def clean(self, element: Any, within: bool = False) -> None:
        """Take out what is no part of the text; `within` the page's main part less is taken for something else."""
        within = within or element.tag in ("main", "article")
        for child in [*element]:
            why = self.unwanted(child, within)
            if why == "hidden" and len(_said(child).split()) >= _HIDDEN_WORDS:
                self.note("unsure.hidden", child, f"hidden at first, and kept: {quoted(_said(child))}")
                why = ""
            if why in ("script", "style") or (why and (why == "comment" or len(_said(child)) <= self.most)):
                self.leave_out(child, why)
            else:
                self.clean(child, within)

    def leave_out(self, element: Any, why: str) -> None:
        said = "" if why in ("script", "style") else " ".join(_text_of_any(element).split())
        if said and not said.startswith("["):  # "[if IE]": a remark to a program
            self.note(f"stripped.{why}", element, f"{len(said.split())} words: {quoted(said, 200)}")
        elif why != "comment":
            self.silent.setdefault(why, []).append(self.line(element))
        element.drop_tree()

    def unwanted(self, element: Any, within: bool) -> str:
        """Why an element is not part of the text, or ''."""
        if not isinstance(element.tag, str):
            return "comment"
        names = f"{element.get('id', '')} {element.get('class', '')}"
        if element.tag in _LEFT_OUT or self.kind == "word":
            return _LEFT_OUT.get(element.tag, "")
        if names != " " and _BANNER.search(names) and element.xpath(_BUTTON):
            return "cookie-banner"
        if element.tag in ("header", "footer") and not within and element.find(".//h1") is None:
            return "navigation"
        link = element.find("a")
        if link is not None and link.get("href", "").startswith("#cmnt" if element.tag == "sup" else "#cmnt_ref"):
            return "comment"  # of Google Docs
        if any(map(_AROUND.fullmatch, names.split())):
            return "navigation"
        if "hidden" in element.attrib or element.get("aria-hidden") == "true" or _HIDDEN.search(element.get("style", "")):
            return "hidden"
        role = element.get("role", "")
        return "" if within and role == "banner" else _ROLES.get(role, "")

    # Blocks

    def text_of(self, root: Any) -> Iterator[Piece]:
        self.targets = {href[1:] for href in root.xpath(".//a/@href") if href.startswith("#")}
        for block in root.iter(*_BLOCKS):
            while block is not None and block not in self.blocks:
                self.blocks.add(block)
                block = block.getparent()
        titled = False  # by a style, as Word and Google Docs have it: then their first headings are sections
        for piece in self.pieces(root):
            titled = titled or piece.level < 0
            yield replace(piece, level=abs(piece.level) + (titled and piece.level > 0))

    def pieces(self, element: Any, depth: int = 0) -> Iterator[Piece]:
        """What stands within an element; text between blocks is a paragraph."""
        run, line = self.words(element.text), element
        for child in element:
            if child in self.blocks:
                yield from self.paragraph(run, line, depth)
                yield from self.block(child, depth)
                run, line = "", child
            else:
                run += self.inline(child)
            run += self.words(child.tail)
        yield from self.paragraph(run, line, depth)

    def block(self, element: Any, depth: int) -> Iterator[Piece]:
        self.meet(element)
        tag, said = element.tag, element.text_content().strip()
        if tag in _HEADINGS or (tag == "p" and {"MsoTitle", "title"} & {*element.get("class", "").split()}):
            level = int(tag[1]) if tag != "p" else -1
            yield from self.paragraph(_one_line(self.content(element)), element, 0, level=level)
        elif tag in ("ul", "ol", "dir"):
            yield from self.items(element, depth)
        elif tag == "table" and self.is_grid(element):
            yield from self.table(element)
        elif tag == "pre" and said:
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", said)), default=0))
            yield self.piece(f"{fence}\n{said.replace('{{', '{ {')}\n{fence}", element, form="verbatim")
        elif tag == "hr":
            yield self.piece("---", element, form="verbatim")
        elif tag in ("dt", "summary", "legend", "caption"):
            yield from self.paragraph(_marked(_one_line(self.content(element)), "\x0e\x0f"), element, depth)
        else:
            found = list(self.pieces(element, depth))
            quote = tag == "blockquote" and not depth and not any(p.level or p.mark or p.form for p in found)
            yield from (replace(piece, form="quote") for piece in found) if quote else found

    def paragraph(self, run: str, element: Any, depth: int, level: int = 0) -> Iterator[Piece]:
        parts = ("\n".join(" ".join(line.split()) for line in part.strip().split("\n")) for part in run.split(_BREAK))
        if said := _written(escaped("  \n".join(filter(None, parts)))):
            yield self.piece(said, element, depth=depth, level=level)

    def piece(self, said: str, element: Any, **more: Any) -> Piece:
        met, self.anchors = self.anchors, []
        return Piece(said, self.line(element), anchors=tuple(met), **more)

    def meet(self, element: Any) -> None:
        """Note the names by which links lead to an element."""
        names = (element.get("id"), element.get("name"))
        self.anchors += [name for name in names if name in self.targets]

    def items(self, element: Any, depth: int) -> Iterator[Piece]:
        """Items, and what is in them one deeper; an item that holds a heading is a section."""
        flat = re.search(r"\blst-kix_\w+-(\d+)", element.get("class", ""))  # Google Docs nests no lists
        depth = int(flat[1]) if flat else depth
        yield from self.paragraph(self.words(element.text), element, depth)
        number = int(element.get("start", "1")) if element.get("start", "1").isdecimal() else 1
        for child in element:
            if child.tag != "li":
                yield from self.block(child, depth + 1) if child in self.blocks else self.paragraph(
                    self.inline(child), child, depth
                )
            else:
                number = int(child.get("value")) if (child.get("value") or "").isdecimal() else number
                written = self.kind == "word" and not child.get("id")  # Word's own are in the text, but for notes
                mark = "-" if written else _mark(element, number)
                yield from self.item(child, mark, depth + 1)
                number += 1
            yield from self.paragraph(self.words(child.tail), child, depth)

    def item(self, item: Any, mark: str, depth: int) -> Iterator[Piece]:
        self.meet(item)
        first, *rest = list(self.pieces(item, depth)) or [Piece("", self.line(item), depth=depth)]
        if any(piece.level for piece in (first, *rest)):
            yield replace(first, text=f"{mark} {first.text}" if mark != "-" and first.level else first.text, depth=0)
            yield from (replace(piece, depth=max(piece.depth - depth, 0)) for piece in rest)
        elif first.mark or first.form:
            yield from (Piece("", first.line, mark=mark, depth=depth), first, *rest)
        else:
            yield from (replace(first, mark=mark), *rest)

    def is_grid(self, table: Any) -> bool:
        """Whether a table has cells in rows and columns, and does not lay out a page."""
        wide = any(len(row) > 1 for row in _rows(table))
        inner = next((e for e in table.iter(*_HEADINGS, "table", "pre") if e is not table), None)
        layout = inner is not None or table.get("role") in ("presentation", "none")
        if wide and layout:
            self.note("unsure.table", table, "a table that lays out the page is read cell by cell")
        return wide and not layout and not any(map(_loose, (table, *table.iter("thead", "tbody", "tfoot", "tr"))))

    def table(self, table: Any) -> Iterator[Piece]:
        """A table as lines of cells, its caption as a paragraph; a merged cell stands in its first place."""
        for caption in table.findall("caption"):
            yield from self.block(caption, 0)
        rows, taken, merged = _rows(table), dict[tuple[int, int], str](), 0
        for y, row in enumerate(rows):
            x = 0
            for cell in row.iterchildren("td", "th"):
                while (y, x) in taken:
                    x += 1
                wide, high = _span(cell.get("colspan"), 100), _span(cell.get("rowspan"), len(rows) - y)
                merged += wide > 1 or high > 1
                taken |= {(y + dy, x + dx): "" for dy in range(high) for dx in range(wide)}
                taken[y, x] = self.cell(cell)
        width = 1 + max(x for _, x in taken)
        cells = [" | ".join(taken.get((y, x), "") for x in range(width)) for y in range(len(rows))]
        lines = [f"| {cells[0]} |", "|" + " --- |" * width, *(f"| {row} |" for row in cells[1:])]
        if rows[0].find("th") is None:
            self.note("unsure.table", table, "a table names no header; its first row is taken for it")
        if merged:
            message = f"{merged} merged cells: the text stands in the first, the others are empty"
            self.note("unsure.table", table, message)
        yield self.piece("\n".join(lines), table, form="verbatim")

    def cell(self, cell: Any) -> str:
        self.meet(cell)
        anchors = self.anchors
        found = [replace(p, mark="•" if p.mark == "-" else p.mark).said for p in self.pieces(cell)]
        self.anchors = anchors
        return " ".join(" ".join(found).split()).replace("|", "\\|")

    # Text within a line

    def words(self, text: str | None) -> str:
        """Words without markup; the lines of Markdown are kept."""
        wrapped = self.kind == "markdown"
        return (text or "") if wrapped else (text or "").replace("\n", " ")

    def content(self, element: Any) -> str:
        return self.words(element.text) + "".join(self.inline(child) + self.words(child.tail) for child in element)

    def inline(self, element: Any) -> str:
        self.meet(element)
        tag, said = element.tag, self.content(element)
        if tag == "br":
            return _BREAK
        if tag == "img":
            said = quoted(element.get("alt", "")) if element.get("alt") else "without a description"
            self.note("stripped.image", element, f"an image, {said}")
        if tag in ("del", "s", "strike"):
            self.note("unsure.struck", element, f"struck out, kept as words: {quoted(element.text_content())}")
        if tag == "q":
            return f"“{said}”"
        if tag == "sup" and said.isdecimal():
            return said.translate(_RAISED)
        if tag in ("code", "kbd", "samp") and said.strip() and "`" not in element.text_content():
            return f"\x15{' '.join(element.text_content().split()).replace('{{', '{ {')}\x16"
        if tag == "a" and element.get("href") and said.strip():
            return _link(element.get("href").strip(), said)
        return f" {said} " if tag in _BLOCKS else _marked(said, _MARKS[tag]) if tag in _MARKS else said


def _text_of_any(element: Any) -> str:
    return _said(element) if isinstance(element.tag, str) else element.text or ""


def _mark(list_: Any, number: int) -> str:
    """What an item says before its words."""
    style = re.search(r"list-style(?:-type)?\s*:\s*([\w-]+)", list_.get("style", ""))
    form = list_.get("type") or (_STYLED.get(style[1], "1") if style else "1")
    return f"{label(number, form if form in ('a', 'A', 'i', 'I') else '1')}." if list_.tag == "ol" else "-"


def _loose(element: Any) -> bool:
    """Whether words stand between the rows of a table, where none should be."""
    return bool((element.text or "").strip() or any((child.tail or "").strip() for child in element))


def _rows(table: Any) -> list[Any]:
    return [row for row in table.iter("tr") if next(row.iterancestors("table"), None) is table]


def _span(value: str | None, most: int) -> int:
    return min(int(value), most) if value and re.fullmatch(r"[1-9]\d{0,3}", value) else 1


def _link(to: str, said: str) -> str:
    """A link, of which outline.py decides where it leads. What leads to a footnote or back is words."""
    if to.startswith("#") and re.fullmatch(r"\s*(?:\[?\d{1,3}\]?|\[[a-z]\]|[↑↩︎]+)\s*", said):
        return said.translate({ord(arrow): None for arrow in "↑↩︎"})
    if redirect := re.match(r"https://www\.google\.com/url\?q=([^&]+)", to):  # of Google Docs
        to = unquote(redirect[1])
    to = re.sub(r"[\s<>()]", lambda match: f"%{ord(match[0]):02X}", to)
    words = said.strip(_SPACE)
    before, _, after = said.partition(words)
    return said if "\x13" in said else f"{before}\x13{words}\x14{to}\x12{after}"


def _marked(said: str, mark: str) -> str:
    """Marks stand close to words."""
    words = said.strip(_SPACE)
    before, _, after = said.partition(words) if words else (said, "", "")
    return f"{before}{mark[0]}{words}{mark[1]}{after}" if words and mark[0] not in words else said


def _one_line(said: str) -> str:
    return " ".join(said.replace(_BREAK, " ").split())


def _written(text: str) -> str:
    """Marks as Markdown: those of one kind that touch are one; an emphasis that touches strong words is given up."""
    text = text.replace("\x0f\x0e", "").replace("\x11\x10", "")
    text = re.sub("\x0f\x10([^\x10\x11]*)\x11", "\x0f\\1", text)
    return re.sub("\x10([^\x10\x11]*)\x11\x0e", "\\1\x0e", text).translate(_WRITTEN)
