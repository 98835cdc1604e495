"""A Word document as Markdown, by way of HTML: mammoth reads it, and what it would pass over in silence is seen here.

Word computes the numbers of headings and lists. Markdown can only count 1, 2, 3: any other number is written into the
text first, where foreign.py may recognise it, and so is what a reader of the document saw.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import mammoth
from lxml import etree

from generator import fromhtml
from generator.errors import Problem, SourceError, Where
from generator.marked import Marked, Meta, Notes

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STYLES = """\
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='List Bullet 2'] => ul|ol > li > ul > li:fresh
p[style-name='List Bullet 3'] => ul|ol > li > ul|ol > li > ul > li:fresh
p[style-name='List Number 2'] => ul|ol > li > ol > li:fresh
p[style-name='List Number 3'] => ul|ol > li > ul|ol > li > ol > li:fresh
strike => s
""" + "\n".join(f"p[style-name='heading {level}'] => h{level + 1}:fresh" for level in range(1, 6))
_FOOTNOTE = re.compile(r' ?<a href="#(?:foot|end)note-[^>]*>(?:↑|(\[\d+\]))</a>')
_UNPACKED = 200 * 2**20  # bytes; a zip may claim a thousandfold of its own size
_ROMAN = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a level of a list counts."""

    form: str  # decimal, lowerLetter, bullet …
    text: str  # such as "%1.%2."
    start: int

    def plain(self, level: int) -> bool:
        """Whether Markdown can say it: bullets, and 1, 2, 3."""
        return self.form in ("bullet", "none") or (self.form == "decimal" and self.text.rstrip(".)") == f"%{level + 1}")


def read(content: bytes, path: str) -> Marked:
    """A docx as Markdown. SourceError where it is none, is broken, encrypted, or unpacks to too much."""
    files = _unpacked(content, path)
    notes = Notes(path)
    document = _xml(files, "word/document.xml", path)
    _tell_what_goes(document, files, notes)
    _write_numbers(document, files, path)
    files["word/document.xml"] = etree.tostring(document)
    try:
        made = mammoth.convert_to_html(
            _packed(files), style_map=_STYLES, convert_image=mammoth.images.img_element(lambda image: {"src": ""})
        )
    except (KeyError, ValueError, AttributeError, TypeError, IndexError) as error:
        raise _broken(path, f"mammoth cannot read it ({error})") from None
    page, footnotes = _FOOTNOTE.subn(r"\1", made.value)
    if footnotes:
        notes.add(
            "unsure.footnotes", None, f"{footnotes // 2} footnotes are a list at the end, and named by their numbers"
        )
    marked = fromhtml.read(page.encode() or b"<p></p>", path, numbered_lines=False)
    for message, number in Counter(m.message for m in made.messages if "Comment" not in m.message).items():
        notes.add("unsure.style", None, f"{message}{f' ({number} ×)' if number > 1 else ''}")
    meta = Meta(language=_language(document, files, path))
    if meta.language:
        notes.add(
            "unsure.language", None, f"Word checks the text as {meta.language}, so that is taken for its language"
        )
    return replace(marked, notes=(*notes.found, *marked.notes), meta=meta)


def _broken(path: str, message: str) -> SourceError:
    return SourceError(Problem("import.docx", Where(path), message, "open it in Word, save it as .docx, try again"))


def _unpacked(content: bytes, path: str) -> dict[str, bytes]:
    if content.startswith(b"\xd0\xcf\x11\xe0"):  # an OLE container: what Word wraps around a password, or Word 97
        raise _broken(path, "it is encrypted, or in the old .doc format")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(info.file_size for info in archive.infolist()) > _UNPACKED:
                raise _broken(path, f"it unpacks to more than {_UNPACKED // 2**20} MiB")
            files = {info.filename: archive.read(info) for info in archive.infolist()}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise _broken(path, f"it is no zip that can be read ({error})") from None
    if "word/document.xml" not in files:
        raise _broken(path, "it is a zip, but no Word document")
    return files


def _packed(files: dict[str, bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed


def _xml(files: dict[str, bytes], name: str, path: str) -> Any:
    """A part of the document; entities are not expanded, and nothing is fetched."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        return etree.fromstring(files[name], parser) if name in files else etree.Element("none")
    except etree.XMLSyntaxError as error:
        raise _broken(path, f"{name} is no XML ({error})") from None


def _language(document: Any, files: dict[str, bytes], path: str) -> str:
    """The language Word checks the text in: that of its right-to-left text where most paragraphs run so."""
    found = _xml(files, "word/styles.xml", path).find(f".//{_W}docDefaults//{_W}lang")
    mostly_rtl = len(document.findall(f".//{_W}pPr/{_W}bidi")) * 2 > len(document.findall(f".//{_W}p"))
    return "" if found is None else str(found.get(f"{_W}bidi" if mostly_rtl else f"{_W}val", ""))


def _tell_what_goes(document: Any, files: dict[str, bytes], notes: Notes) -> None:
    """Tracked changes are accepted, as mammoth does; comments, headers and footers stay behind."""
    authors = {e.get(f"{_W}author", "?") for e in document.iter(f"{_W}ins", f"{_W}del", f"{_W}moveFrom")}
    inserted, deleted = (
        "".join(text.text or "" for text in document.iterfind(path))
        for path in (f".//{_W}ins//{_W}t", f".//{_W}del//{_W}delText")
    )
    if authors:
        told = f"tracked changes of {', '.join(sorted(authors))} are accepted"
        notes.add("stripped.changes", None, f"{told}: put in “{inserted[:200]}”, taken out “{deleted[:200]}”")
    for name in sorted(files):
        kind = name.removeprefix("word/").rstrip("0123456789.xml")
        if kind not in ("comments", "header", "footer") or not name.startswith("word/"):
            continue
        part = _xml(files, name, notes.path)
        pieces = part.findall(f"{_W}comment") if kind == "comments" else [part]
        for said in filter(None, (_said(piece) for piece in pieces)):
            notes.add(f"stripped.{kind.removesuffix('s')}", None, f"{len(said.split())} words: “{said[:200]}”")


def _said(element: Any) -> str:
    paragraphs = ("".join(t.text or "" for t in p.iter(f"{_W}t")) for p in element.iter(f"{_W}p"))
    return " ".join(" ".join(paragraphs).split())


def _write_numbers(document: Any, files: dict[str, bytes], path: str) -> None:
    """Put the numbers of headings, and those of items that count otherwise than 1, 2, 3, into the text."""
    numbering = _xml(files, "word/numbering.xml", path)
    levels, counters = _levels(numbering)
    styles = {style.get(f"{_W}styleId"): style for style in _xml(files, "word/styles.xml", path).iter(f"{_W}style")}
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 9)
    for paragraph in document.iter(f"{_W}p"):
        chain = list(_styles(paragraph, styles))
        key, level = _numbered(paragraph, chain)
        if level not in levels.get(key, {}):
            continue
        shape, counted = levels[key][level], counts[counters[key]]
        counted[level] = counted[level] + 1 if counted[level] else shape.start
        counted[level + 1 :] = [0] * (8 - level)
        heading = any(_value(style, "name").lower().startswith(("heading", "title")) for style in chain)
        if shape.form not in ("bullet", "none") and (heading or not shape.plain(level)):
            _put_before(paragraph, _label(levels[key], level, counted))
    for lvl in numbering.iter(f"{_W}lvl"):  # what says its own mark now is an item beside a bullet
        if not _shape(lvl).plain(int(lvl.get(f"{_W}ilvl"))):
            lvl.find(f"{_W}numFmt").set(f"{_W}val", "bullet")
    if len(numbering):
        files["word/numbering.xml"] = etree.tostring(numbering)


def _styles(paragraph: Any, styles: dict[str, Any]) -> Iterator[Any]:
    """The paragraph's style, and those that it is based on."""
    name = _value(paragraph.find(f"{_W}pPr"), "pStyle")
    for _ in range(10):  # a chain of styles may be a ring
        if name not in styles:
            return
        yield styles[name]
        name = _value(styles[name], "basedOn")


def _value(element: Any, name: str) -> str:
    found = None if element is None else element.find(f"{_W}{name}")
    return "" if found is None else str(found.get(f"{_W}val", ""))


def _numbered(paragraph: Any, chain: list[Any]) -> tuple[str, int]:
    """The list that a paragraph is counted in, and its level there; '' for none."""
    for holder in (paragraph, *chain):
        found = holder.find(f"{_W}pPr/{_W}numPr")
        if found is not None:
            return _value(found, "numId"), int(_value(found, "ilvl") or 0)
    return "", 0


def _put_before(paragraph: Any, said: str) -> None:
    run = etree.Element(f"{_W}r")
    etree.SubElement(run, f"{_W}t").text = f"{said} "
    paragraph.insert(0 if paragraph.find(f"{_W}pPr") is None else 1, run)


def _label(levels: dict[int, _Shape], level: int, counted: list[int]) -> str:
    said = levels[level].text
    for above in range(level + 1):
        form = levels[above].form if above in levels else "decimal"
        said = said.replace(f"%{above + 1}", _number(counted[above] or 1, form))
    return said


def _number(count: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter"):
        letters = chr(97 + (count - 1) % 26) * (1 + (count - 1) // 26)  # Word goes on with aa, bb
        return letters if form == "lowerLetter" else letters.upper()
    if form in ("lowerRoman", "upperRoman"):
        roman = ""
        for value, letters in _ROMAN:
            roman, count = roman + letters * (count // value), count % value
        return roman if form == "lowerRoman" else roman.upper()
    return f"{count:02}" if form == "decimalZero" else str(count)


def _levels(numbering: Any) -> tuple[dict[str, dict[int, _Shape]], dict[str, str]]:
    """What each list says at each level, and the counter that it shares with others."""
    shapes = {
        a.get(f"{_W}abstractNumId"): {int(lvl.get(f"{_W}ilvl")): _shape(lvl) for lvl in a.iter(f"{_W}lvl")}
        for a in numbering.iter(f"{_W}abstractNum")
    }
    keys = {num.get(f"{_W}numId"): num for num in numbering.iter(f"{_W}num")}
    levels = {key: shapes.get(_value(num, "abstractNumId"), {}) for key, num in keys.items()}
    # A list that starts again counts by itself.
    own = {key: num.find(f"{_W}lvlOverride") is not None for key, num in keys.items()}
    return levels, {key: f"own {key}" if own[key] else _value(num, "abstractNumId") for key, num in keys.items()}


def _shape(level: Any) -> _Shape:
    return _Shape(_value(level, "numFmt") or "decimal", _value(level, "lvlText"), int(_value(level, "start") or 1))
