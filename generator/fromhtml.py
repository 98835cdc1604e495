"""A web page or a piece of one as Markdown: its words and their structure; what belongs to the site around it is left.

Every piece that is left out is noted with its line and its first words. The tree comes from lxml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree, html

from generator.errors import Problem, SourceError, Where
from generator.marked import Marked, Meta, Notes, escaped_words, guarded, heading, quoted

_STRIPPED = {
    **dict.fromkeys(("script", "noscript", "template"), "script"),
    **dict.fromkeys(("style", "link", "meta", "base"), "style"),
    **dict.fromkeys(("nav", "aside", "menu"), "navigation"),
    **dict.fromkeys(("iframe", "object", "embed", "video", "audio", "canvas", "svg", "map"), "embed"),
    **dict.fromkeys(("form", "input", "button", "select", "textarea", "dialog"), "form"),
}
_ROLES = {
    **dict.fromkeys(("navigation", "banner", "contentinfo", "search", "complementary", "menu"), "navigation"),
    **dict.fromkeys(("dialog", "alertdialog"), "form"),
}
_BANNER = re.compile(r"cookie|consent|gdpr|onetrust|cmp\b", re.IGNORECASE)
_AROUND = frozenset(
    (
        "breadcrumb",
        "breadcrumbs",
        "skip-link",
        "skip-nav",
        "skip-to-content",
        "sr-only",
        "visually-hidden",
        "social-links",
    )
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = re.compile(
    r"h[1-6]|address|article|blockquote|body|caption|center|d[dlt]|details|dir|div|fieldset|fig(?:caption|ure)|footer"
    r"|header|hgroup|hr|html|legend|li|main|[ou]l|p|pre|search|section|summary|table|t(?:body|d|foot|h|head|r)"
)
# Marks stand as single characters until a line is whole, for what touches has to be joined or told apart.
_STRONG, _EMPHASIS = ("\x0e", "\x0f"), ("\x10", "\x11")
_BREAK = "\x1f"
_MARKS = {**dict.fromkeys(("strong", "b"), _STRONG), **dict.fromkeys(("em", "i", "cite", "dfn"), _EMPHASIS)}
_WRITTEN = str.maketrans({"\x0e": "**", "\x0f": "**", "\x10": "*", "\x11": "*"})
_DEEPEST = 150  # elements within each other; a page of people's making has some thirty
_ROMAN = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv"]
_LABELS = {"a": list("abcdefghijklmnopqrstuvwxyz"), "i": _ROMAN}


@dataclass(frozen=True, slots=True)
class _Block:
    """A piece of Markdown and the line of the page where it starts."""

    text: str
    line: int | None
    item: int = 0  # 1 starts a list, 2 goes on with it: stands close to what is before


def read(content: bytes, path: str, *, numbered_lines: bool = True) -> Marked:
    """UTF-8 HTML as Markdown. SourceError where it is no page. Without `numbered_lines` places are told by words."""
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True, remove_pis=True)
    try:
        tree = html.document_fromstring(content, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        raise SourceError(Problem("import.empty", Where(path), "there is no text in it")) from None
    if _depth(tree) > _DEEPEST:
        message = f"its elements lie more than {_DEEPEST} deep in each other"
        raise SourceError(Problem("import.depth", Where(path), message, "save the text alone, and import that"))
    reader = _Reader(path, numbered_lines)
    reader.targets = {href[1:] for href in tree.xpath("//a/@href") if href.startswith("#")}
    root = reader.root(tree)
    reader.fake_headings = not any(len(root.findall(f".//h{level}")) for level in range(2, 7))
    blocks = list(reader.blocks(root))
    reader.tell()
    title = " ".join((tree.findtext(".//title") or "").split())
    said = re.split(r"\s+[|·–—]\s+|\s-\s", title)[0]  # "Privacy Policy | Example": the site's name follows
    meta = Meta(said, tree.get("lang") or "", "".join(tree.xpath("//meta[@name='description']/@content")[:1]))
    return _joined(blocks, reader.notes.found, meta)


def _depth(tree: Any) -> int:
    deepest = depth = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest


def _joined(blocks: Iterable[_Block], notes: list[Problem], meta: Meta) -> Marked:
    lines: list[int | None] = []
    text: list[str] = []
    before: _Block | None = None
    for block in blocks:
        gap = [] if before is None or (block.item == 2 and before.item) else [""]
        added = [*gap, *block.text.split("\n")]
        text += added
        lines += [block.line] * len(added)
        before = block
    return Marked("\n".join(text), tuple(lines), tuple(notes), meta)


class _Reader:
    """Walks a tree once; `left_out` and `notes` gather what is told of it."""

    def __init__(self, path: str, numbered_lines: bool) -> None:
        self.notes = Notes(path)
        self.numbered_lines = numbered_lines
        self.targets: set[str] = set()  # ids that links of the page lead to
        self.fake_headings = False  # whether bold paragraphs stand for headings
        self.most = 0.0  # half of the page's words
        self.left_out: dict[str, list[tuple[int | None, str]]] = {}

    def line(self, element: Any) -> int | None:
        return element.sourceline if self.numbered_lines else None

    def note(self, code: str, element: Any, message: str) -> None:
        line = self.line(element)
        self.notes.add(code, None if line is None else line - 1, message)

    def root(self, tree: Any) -> Any:
        """The page's main part, if it names one that holds most of its words."""
        body = tree.find("body") if tree.find("body") is not None else tree
        self.most = len(_words(body)) / 2
        candidates = body.xpath(".//main | .//*[@role='main']") or body.xpath(".//article")
        if len(candidates) != 1 or len(_words(candidates[0])) * 2 < len(_words(body)):
            return body
        kept = {candidates[0], *candidates[0].iterancestors()}
        for element in [e for a in candidates[0].iterancestors() if a in body.iter() for e in a if e not in kept]:
            self.leave_out(element, self.unwanted(element) or "outside")
        return candidates[0]

    def leave_out(self, element: Any, what: str) -> None:
        words = "" if what in ("script", "style") else " ".join(_words(element))
        self.left_out.setdefault(what, []).append((self.line(element), words))

    def tell(self) -> None:
        """One note for each kind without words, one for each piece with words."""
        for what, pieces in self.left_out.items():
            silent = [line for line, words in pieces if not words]
            if silent:
                self.notes.add(f"stripped.{what}", (silent[0] or 1) - 1, f"{len(silent)} × {what} without words")
            for line, words in pieces:
                if words:
                    message = f"{len(words.split())} words: {quoted(words, 200)}"
                    self.notes.add(f"stripped.{what}", None if line is None else line - 1, message)

    def unwanted(self, element: Any) -> str:
        """Why an element is not part of the text, or ''. What holds most of the page is, whatever it is called."""
        if not isinstance(element.tag, str):
            return "comment"
        why = _STRIPPED.get(element.tag, "") or self.around(element)
        return "" if why not in ("", "script", "style") and len(_words(element)) > self.most else why

    def around(self, element: Any) -> str:
        """Why an element belongs to the site around the text, by its names, its role and its place; or ''."""
        names = f"{element.get('id', '')} {element.get('class', '')}"
        role = element.get("role", "").lower()
        inside = any(a.tag in ("main", "article") for a in element.iterancestors())
        if _BANNER.search(names) and element.find(".//button") is not None:
            return "cookie-banner"
        if element.tag in ("header", "footer") and not inside and element.find(".//h1") is None:
            return "navigation"
        hidden = element.get("hidden") is not None or _HIDDEN.search(element.get("style", ""))
        if hidden or element.get("aria-hidden") == "true":
            return "hidden"
        return (
            "navigation" if _AROUND & {*names.split()} else "" if inside and role == "banner" else _ROLES.get(role, "")
        )

    # Blocks

    def blocks(self, element: Any) -> Iterator[_Block]:
        """What stands within an element, cut into blocks; text between blocks is a paragraph."""
        run: list[str] = [_words_in(element.text or "")]
        line = self.line(element)
        for child in element:
            what = self.unwanted(child)
            if what:
                self.leave_out(child, what)
            elif _BLOCKS.fullmatch(child.tag) or _holds_block(child):
                yield from self.paragraph("".join(run), line, element)
                run = []
                yield from self.block(child)
            else:
                run.append(self.inline(child))
            if not run:
                line = self.line(child)
            run.append(_words_in(child.tail or ""))
        yield from self.paragraph("".join(run), line, element)

    def block(self, element: Any) -> Iterator[_Block]:
        tag = element.tag
        anchor = self.anchor(element)
        if tag in _HEADINGS:
            said = _one_line(self.content(element))
            if said:
                yield _Block(heading(_HEADINGS[tag], said) + anchor, self.line(element))
            return
        if anchor:
            yield _Block(anchor, self.line(element))
        if tag in ("ul", "ol", "dir") and not _loose(element) and _is_list(element):
            yield from self.items(element)
        elif tag == "table" and self.is_grid(element):
            yield from self.table(element)
        elif tag == "pre":
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", element.text_content())), default=0))
            yield _Block(f"{fence}\n{element.text_content().strip()}\n{fence}", self.line(element))
        elif tag == "hr":
            yield _Block("---", self.line(element))
        elif tag == "blockquote" and not _holds(element, *_HEADINGS, "table", "pre"):
            for block in self.blocks(element):
                yield _Block(re.sub("^", "> ", block.text, flags=re.MULTILINE), block.line, block.item)
        elif tag in ("dt", "summary", "legend", "caption") and (said := _one_line(self.content(element))):
            yield _Block(said if "**" in said else f"**{said}**", self.line(element))
        else:
            yield from self.blocks(element)

    def paragraph(self, run: str, line: int | None, element: Any) -> Iterator[_Block]:
        said = _tidy(run)
        if not said:
            return
        bold = re.fullmatch(r"\*\*([^*]{1,100}?)(?<![.;:,!?])\*\*", said)
        if self.fake_headings and bold and element.tag in ("p", "div", "section", "article", "main", "body"):
            at = None if line is None else line - 1
            self.notes.add("unsure.heading", at, f"{quoted(bold[1])} is taken for a heading")
            said = heading(2, _one_line(bold[1]))
        yield _Block(said, line)

    def items(self, element: Any) -> Iterator[_Block]:
        """Items with what belongs to them four spaces further in; an item that holds a heading is a section."""
        labels, place = self.labels(element), 1
        for child in element:
            if what := self.unwanted(child):
                self.leave_out(child, what)
            elif child.tag != "li":
                yield from self.nested(list(self.block(child)))
            elif _holds(child, *_HEADINGS):
                yield from self.section(child, next(labels))
            else:
                yield from self.item(child, next(labels), place)
                place = 2

    def section(self, item: Any, label: str) -> Iterator[_Block]:
        for number, block in enumerate(self.blocks(item)):
            numbered = re.sub(r"^(#+ )", rf"\g<1>{label} ", block.text) if label != "-" and not number else block.text
            yield _Block(numbered, block.line)

    def item(self, item: Any, label: str, place: int) -> Iterator[_Block]:
        blocks = list(self.blocks(item)) or [_Block("", self.line(item))]
        first = blocks[0] if not blocks[0].item else _Block("", self.line(item))
        if not first.text.startswith(("```", "|", ">")):
            blocks = blocks[1:] if first is blocks[0] else blocks
        else:
            first = _Block("", self.line(item))
        yield _Block(f"{label} {first.text}".replace("\n", "\n    "), first.line, place)
        yield from self.nested(blocks)

    def nested(self, blocks: Iterable[_Block]) -> Iterator[_Block]:
        """Blocks of an item; code and tables stand at the margin only, and end the list."""
        for block in blocks:
            margin = "" if block.text.startswith(("```", "|")) else "    "
            yield _Block(re.sub(r"^(?=.)", margin, block.text, flags=re.MULTILINE), block.line, block.item and 2)

    def labels(self, element: Any) -> Iterator[str]:
        """Marks of the items. Letters stay as words beside a bullet, for references name them."""
        if element.tag != "ol":
            while True:
                yield "-"
        style = element.get("type", "1")
        start = int(element.get("start", "1")) if re.fullmatch(r"\d{1,6}", element.get("start", "1")) else 1
        names = _LABELS.get(style.lower(), [])
        if names:
            self.note(
                "unsure.list", element, f"a list counts {style}, which Markdown cannot: its items say it themselves"
            )
        for number in range(start, 10**6):
            name = names[number - 1] if number <= len(names) else str(number)
            yield f"- {name.upper() if style.isupper() else name}." if names else f"{number}."

    def is_grid(self, table: Any) -> bool:
        """Whether a table has cells in rows and columns, and does not lay out a page."""
        rows = _rows(table)
        wide = max((len(row) for row in rows), default=0) > 1
        layout = _holds(table, *_HEADINGS, "table", "pre") or table.get("role") in ("presentation", "none")
        if wide and layout:
            self.note("unsure.table", table, "a table that lays out the page is read cell by cell")
        return wide and not layout and not any(map(_loose, (table, *table.iter("thead", "tbody", "tfoot", "tr"))))

    def table(self, element: Any) -> Iterator[_Block]:
        """A table as lines of cells, its caption as a paragraph."""
        for caption in element.findall("caption"):
            yield from self.block(caption)
        rows = _rows(element)
        if rows[0].find("th") is None:
            self.note("unsure.table", element, "a table names no header; its first row is taken for it")
        lines = ["| " + " | ".join(cells) + " |" for cells in self.grid(element, rows)]
        rule = "|" + " --- |" * (len(re.findall(r"(?<!\\)\|", lines[0])) - 1)
        yield _Block("\n".join([lines[0], rule, *lines[1:]]), self.line(element))

    def grid(self, element: Any, rows: list[Any]) -> list[list[str]]:
        """The cells by row and column; a merged one stands in its first place, and the others are empty."""
        taken: dict[tuple[int, int], str] = {}
        merged = 0
        for y, row in enumerate(rows):
            x = 0
            for cell in row:
                if cell.tag not in ("td", "th"):
                    continue
                while (y, x) in taken:
                    x += 1
                wide, high = (min(_span(cell.get(name)), 100) for name in ("colspan", "rowspan"))
                high = min(high, len(rows) - y)
                merged += wide > 1 or high > 1
                taken |= {(y + dy, x + dx): "" for dy in range(high) for dx in range(wide)}
                taken[y, x] = self.cell(cell)
        if merged:
            message = f"{merged} merged cells: the text stands in the first, the others are empty"
            self.note("unsure.table", element, message)
        width = 1 + max(x for _, x in taken)
        return [[taken.get((y, x), "") for x in range(width)] for y in range(len(rows))]

    def cell(self, cell: Any) -> str:
        blocks = [_one_line(re.sub(r"^\s*(?:[-#>]|\d+\.) ", "", block.text)) for block in self.blocks(cell)]
        return " ".join(filter(None, blocks)).replace("|", "\\|")

    # Text within a line

    def inline(self, element: Any) -> str:
        what = self.unwanted(element)
        if what:
            self.leave_out(element, what)
            return ""
        tag, anchor = element.tag, self.anchor(element)
        if tag == "br":
            return anchor + _BREAK
        if tag == "img":
            said = element.get("alt", "").strip()
            self.note(
                "stripped.image", element, f"an image, {quoted(said)}" if said else "an image without a description"
            )
            return anchor
        if tag in ("del", "s", "strike"):
            self.note("unsure.struck", element, f"struck out, kept as words: {quoted(element.text_content())}")
        said = self.content(element)
        if _BLOCKS.fullmatch(tag):  # within a heading or a line
            return f" {anchor}{said} "
        if tag == "q":
            return f"{anchor}“{said}”"
        if tag in ("code", "kbd", "samp") and said.strip() and "`" not in element.text_content():
            return f"{anchor}`{_one_line(element.text_content())}`"
        if tag == "a" and element.get("href") and said.strip():
            return anchor + self.link(element, said)
        return anchor + (_marked(said, _MARKS[tag]) if tag in _MARKS else said)

    def link(self, element: Any, said: str) -> str:
        if "](" in said:  # a link within a link cannot be
            return said
        to = re.sub(r"[\s<>()]", lambda match: f"%{ord(match[0]):02X}", element.get("href").strip())
        start, words, end = _edges(said)
        return f"{start}[{words}]({to}){end}"

    def content(self, element: Any) -> str:
        """What is said within an element, as one line of Markdown."""
        parts = [_words_in(element.text or "")]
        for child in element:
            parts += [self.inline(child), _words_in(child.tail or "")]
        return "".join(parts)

    def anchor(self, element: Any) -> str:
        """A mark of what links lead to; it is gone once they lead to sections."""
        names = [element.get("id"), element.get("name") if element.tag == "a" else None]
        return "".join(f'<a name="{name}"></a>' for name in names if name in self.targets)


def _words_in(text: str) -> str:
    """Words on one line; what means something only at a line's start is seen to with the whole paragraph."""
    return escaped_words(re.sub(r"[ \t\r\n\f]+", " ", text))


def _holds(element: Any, *tags: str) -> bool:
    return any(inner is not element for inner in element.iter(*tags))


def _loose(element: Any) -> bool:
    """Whether words stand between the items of a list or the rows of a table, where none should be."""
    return bool((element.text or "").strip() or any((child.tail or "").strip() for child in element))


def _is_list(element: Any) -> bool:
    """Whether it holds items, the first of them before any list within it."""
    tags = [child.tag for child in element if isinstance(child.tag, str)]
    return tags[:1] == ["li"] and {"li", "ul", "ol"}.issuperset(tags)


def _rows(table: Any) -> list[Any]:
    return [row for row in table.iter("tr") if next(row.iterancestors("table"), None) is table]


def _holds_block(element: Any) -> bool:
    return any(isinstance(inner.tag, str) and _BLOCKS.fullmatch(inner.tag) for inner in element.iterdescendants())


def _words(element: Any) -> list[str]:
    if not isinstance(element.tag, str):
        return (element.text or "").split()
    return " ".join(element.xpath(".//text()[not(parent::script) and not(parent::style)]")).split()


def _span(value: str | None) -> int:
    return int(value) if value and re.fullmatch(r"[1-9]\d{0,3}", value) else 1


def _edges(said: str) -> tuple[str, str, str]:
    """White space before, the words, white space after: marks stand close to words."""
    words = said.strip(f" {_BREAK}")
    start = said.index(words) if words else 0
    return said[:start], words, said[start + len(words) :]


def _marked(said: str, mark: tuple[str, str]) -> str:
    start, words, end = _edges(said)
    return f"{start}{mark[0]}{words}{mark[1]}{end}" if words and mark[0] not in words else said


def _one_line(said: str) -> str:
    return _written(" ".join(said.replace(_BREAK, " ").split()))


def _written(line: str) -> str:
    """Marks as Markdown: those of one kind that touch are one; an emphasis that touches strong words is given up."""
    line = line.replace("\x0f\x0e", "").replace("\x11\x10", "")
    line = re.sub("\x0f\x10([^\x10\x11]*)\x11", "\x0f\\1", line)
    return re.sub("\x10([^\x10\x11]*)\x11\x0e", "\\1\x0e", line).translate(_WRITTEN)


def _tidy(run: str) -> str:
    """A paragraph: breaks at their places, and no other white space twice."""
    lines = [" ".join(line.split()) for line in run.split(_BREAK)]
    return guarded(_written("  \n".join(filter(None, lines))))
