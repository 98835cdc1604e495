"""A Word document as pieces, by way of HTML: mammoth reads it, and what it would pass over in silence is seen here.

Word computes the numbers of headings and lists, and mammoth knows only whether there are any: they are written into
the text first, as a reader of the document saw them.
"""

from __future__ import annotations

import html
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
from generator.pieces import Intake, Meta, Notes, label, plain, quoted

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
_UNPACKED = 200 * 2**20  # bytes; a zip may claim a thousandfold of its own size
_FORMS = {"lowerLetter": "a", "upperLetter": "A", "lowerRoman": "i", "upperRoman": "I"}


def read(content: bytes, path: str) -> Intake:
    """A docx in pieces. SourceError where it is none, is broken, encrypted, or unpacks to too much."""
    notes = Notes(path)
    files = _unpacked(content, path)
    parts = {name: _xml(files[name], name, path) for name in files if re.fullmatch(r"word/\w+\.xml", name)}
    empty = etree.Element("none")
    document, styles, numbering = (parts.get(f"word/{name}.xml", empty) for name in ("document", "styles", "numbering"))
    _write_numbers(document, {style.get(f"{_W}styleId"): style for style in styles.iter(f"{_W}style")}, numbering)
    try:
        page = mammoth.convert_to_html(
            _packed(files | {f"word/{n}.xml": etree.tostring(x) for n, x in _changed(document, numbering)}),
            style_map=_STYLES,
            convert_image=mammoth.images.img_element(lambda image: {"src": ""}),
        )
    except (KeyError, ValueError, AttributeError, TypeError, IndexError) as error:
        raise _broken(path, f"mammoth cannot read it ({error})") from None
    intake = fromhtml.read(page.value or "<p></p>", path, kind="word")
    _tell_what_went(parts, intake, notes)
    for message, number in Counter(m.message for m in page.messages if "Comment" not in m.message).items():
        notes.add("unsure.style", None, f"{message}{f' ({number} ×)' if number > 1 else ''}")
    language = _language(document, styles)
    if language:
        notes.add("unsure.language", None, f"Word checks the text as {language}, so that is taken for its language")
    return replace(intake, notes=(*notes.found, *intake.notes), meta=Meta(language=language))


def _changed(document: Any, numbering: Any) -> Iterator[tuple[str, Any]]:
    yield "document", document
    if len(numbering):
        yield "numbering", numbering


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


def _xml(content: bytes, name: str, path: str) -> Any:
    """A part of the document; entities are not expanded, and nothing is fetched."""
    try:
        return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise _broken(path, f"{name} is no XML ({error})") from None


def _language(document: Any, styles: Any) -> str:
    """The language Word checks the text in: that of its right-to-left text where most paragraphs run so."""
    found = styles.find(f".//{_W}docDefaults//{_W}lang")
    mostly_rtl = len(document.findall(f".//{_W}pPr/{_W}bidi")) * 2 > len(document.findall(f".//{_W}p"))
    return "" if found is None else str(found.get(f"{_W}bidi" if mostly_rtl else f"{_W}val", ""))


def _tell_what_went(parts: dict[str, Any], intake: Intake, notes: Notes) -> None:
    """Tracked changes are accepted, as mammoth does; of each part, the paragraphs that are not in the text."""
    document = parts["word/document.xml"]
    if authors := {e.get(f"{_W}author", "?") for e in document.iter(f"{_W}ins", f"{_W}del", f"{_W}moveFrom")}:
        added, gone = (quoted(_words(document, kind, 200)) for kind in (f"{_W}ins//{_W}t", f"{_W}delText"))
        said = f"tracked changes of {', '.join(sorted(authors))} are accepted: put in {added}, taken out {gone}"
        notes.add("stripped.changes", None, said)
    kept = _letters(" ".join(html.unescape(plain(piece.text)) for piece in intake.pieces))
    for name, part in sorted(parts.items()):
        kind = name.removeprefix("word/").rstrip("0123456789.xml").removesuffix("s")
        for paragraph in part.iter(f"{_W}p"):
            runs = (t.text or "" for t in paragraph.iter(f"{_W}t") if next(t.iterancestors(f"{_W}p")) is paragraph)
            said = "".join(runs)
            if _letters(said) not in kept:
                notes.add(f"stripped.{kind}", None, f"{len(said.split())} words: {quoted(said, 200)}")
    if notes_of := len(intake.pieces) and document.findall(f".//{_W}footnoteReference"):
        notes.add("unsure.footnotes", None, f"{len(notes_of)} footnotes are a list at the end, and named by numbers")


def _words(element: Any, path: str, limit: int) -> str:
    return "".join(text.text or "" for text in element.iterfind(f".//{path}"))


def _letters(text: str) -> str:
    """What a comparison of words goes by: numbers and marks may have another form."""
    return "".join(re.findall(r"[^\W\d_]", text))


# Numbers


@dataclass(frozen=True, slots=True)
class _Level:
    """How a level of a list counts."""

    form: str  # decimal, lowerLetter, bullet …
    text: str  # such as "%1.%2."
    start: int


def _write_numbers(document: Any, styles: dict[str, Any], numbering: Any) -> None:
    """Put the numbers that Word computes into the text; mammoth sees bullets in their place."""
    levels, counters = _levels(numbering)
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 9)
    for paragraph in document.iter(f"{_W}p"):
        key, at = _list(paragraph, styles)
        if at not in levels.get(key, {}) or paragraph.find(f".//{_W}t") is None:
            continue
        level, counted = levels[key][at], counts[counters[key]]
        counted[at] = counted[at] + 1 if counted[at] else level.start
        counted[at + 1 :] = [0] * (8 - at)
        if level.form not in ("bullet", "none"):
            run = etree.Element(f"{_W}r")
            etree.SubElement(run, f"{_W}t").text = f"{_label(levels[key], at, counted)} "
            paragraph.insert(0 if paragraph.find(f"{_W}pPr") is None else 1, run)
    for form in numbering.iter(f"{_W}numFmt"):
        form.set(f"{_W}val", "bullet")


def _list(paragraph: Any, styles: dict[str, Any]) -> tuple[str, int]:
    """The list that a paragraph is counted in, by itself or its style, and its level there; '' for none."""
    holder, name = paragraph, _value(paragraph.find(f"{_W}pPr"), "pStyle")
    for _ in range(10):  # a chain of styles may be a ring
        if (found := holder.find(f"{_W}pPr/{_W}numPr")) is not None:
            return _value(found, "numId"), int(_value(found, "ilvl") or 0)
        if name not in styles:
            break
        holder, name = styles[name], _value(styles[name], "basedOn")
    return "", 0


def _value(element: Any, name: str) -> str:
    found = None if element is None else element.find(f"{_W}{name}")
    return "" if found is None else str(found.get(f"{_W}val", ""))


def _label(levels: dict[int, _Level], level: int, counted: list[int]) -> str:
    said = levels[level].text
    for above in range(level + 1):
        form = levels[above].form if above in levels else "decimal"
        number = label(counted[above] or 1, _FORMS.get(form, "1"))
        said = said.replace(f"%{above + 1}", number.zfill(2) if form == "decimalZero" else number)
    return said


def _levels(numbering: Any) -> tuple[dict[str, dict[int, _Level]], dict[str, str]]:
    """How each list counts at each level, and the counter that it shares with others."""
    shapes = {
        a.get(f"{_W}abstractNumId"): {int(lvl.get(f"{_W}ilvl")): _level(lvl) for lvl in a.iter(f"{_W}lvl")}
        for a in numbering.iter(f"{_W}abstractNum")
    }
    levels, counters = {}, {}
    for num in numbering.iter(f"{_W}num"):
        key, shape = num.get(f"{_W}numId"), _value(num, "abstractNumId")
        levels[key] = shapes.get(shape, {})
        counters[key] = shape if num.find(f"{_W}lvlOverride") is None else f"own {key}"  # starts again
    return levels, counters


def _level(lvl: Any) -> _Level:
    return _Level(_value(lvl, "numFmt") or "decimal", _value(lvl, "lvlText"), int(_value(lvl, "start") or 1))
