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
from dataclasses import replace
from typing import Any

import mammoth
from lxml import etree

from generator.errors import Problem, SourceError, Where
from generator.importing import fromhtml
from generator.importing.pieces import Intake, Meta, Notes, label, quoted

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
_BROKEN = (zipfile.BadZipFile, etree.XMLSyntaxError, EOFError, RuntimeError, ValueError, LookupError, TypeError)


def read(content: bytes, notes: Notes) -> Intake:
    """SourceError where it is no docx, is broken, encrypted, or unpacks to too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(info.file_size for info in archive.infolist()) > _UNPACKED:
                raise ValueError(f"it unpacks to more than {_UNPACKED // 2**20} MiB")
            files = {info.filename: archive.read(info) for info in archive.infolist()}
        parts = {n[5:-4]: etree.fromstring(files[n]) for n in files if re.fullmatch(r"word/\w+\.xml", n)}
        none = etree.Element("none")
        document, numbering, styles = parts["document"], parts.get("numbering", none), parts.get("styles", none)
        _write_numbers(document, numbering, {style.get(f"{_W}styleId"): style for style in styles.iter(f"{_W}style")})
        files |= {f"word/{n}.xml": etree.tostring(parts[n]) for n in ("document", "numbering") if n in parts}
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        image = mammoth.images.img_element(lambda image: {"src": ""})
        page = mammoth.convert_to_html(packed, style_map=_STYLES, convert_image=image)
    except (*_BROKEN, AttributeError) as error:
        message = f"it cannot be read as a Word document ({error})"
        hint = "is it encrypted, or an old .doc? save it as .docx in Word"
        raise SourceError(Problem("import.docx", Where(notes.path), message, hint)) from None
    intake = fromhtml.read(page.value or "<p></p>", notes, kind="word")
    _tell_what_went(parts, intake, notes)
    for message, number in Counter(m.message for m in page.messages if "Comment" not in m.message).items():
        notes.add("unsure.style", None, f"{message}{f' ({number} ×)' if number > 1 else ''}")
    return replace(intake, meta=Meta(language=_language(document, styles, notes)))


def _language(document: Any, styles: Any, notes: Notes) -> str:
    """The language Word checks the text in: that of its right-to-left text where most paragraphs run so."""
    found = styles.find(f".//{_W}docDefaults//{_W}lang")
    mostly_rtl = len(document.findall(f".//{_W}pPr/{_W}bidi")) * 2 > len(document.findall(f".//{_W}p"))
    language = "" if found is None else str(found.get(f"{_W}bidi" if mostly_rtl else f"{_W}val", ""))
    if language:
        notes.add("unsure.language", None, f"Word checks the text as {language}, so that is taken for its language")
    return language


def _tell_what_went(parts: dict[str, Any], intake: Intake, notes: Notes) -> None:
    """Tracked changes are accepted, as mammoth does; of each part, the paragraphs that are not in the text."""
    document = parts["document"]
    if authors := {e.get(f"{_W}author", "?") for e in document.iter(f"{_W}ins", f"{_W}del", f"{_W}moveFrom")}:
        added = quoted("".join(document.xpath("//w:ins//w:t/text()", namespaces={"w": _W[1:-1]})), 200)
        gone = quoted("".join(text.text or "" for text in document.iter(f"{_W}delText")), 200)
        said = f"tracked changes of {', '.join(sorted(authors))} are accepted: put in {added}, taken out {gone}"
        notes.add("stripped.changes", None, said)
    kept = _letters(html.unescape(" ".join(piece.words for piece in intake.pieces)))
    for name, part in sorted(parts.items()):
        for paragraph in part.iter(f"{_W}p"):
            texts = (text for text in paragraph.iter(f"{_W}t") if next(text.iterancestors(f"{_W}p")) is paragraph)
            said = "".join(text.text or "" for text in texts)
            if _letters(said) not in kept:
                kind = name.rstrip("0123456789").removesuffix("s")
                notes.add(f"stripped.{kind}", None, f"{len(said.split())} words: {quoted(said, 200)}")
    if number := len(document.findall(f".//{_W}footnoteReference")):
        notes.add("unsure.footnotes", None, f"{number} footnotes are a list at the end, and named by their numbers")


def _letters(text: str) -> str:
    """What a comparison of words goes by: numbers and marks may have another form."""
    return "".join(re.findall(r"[^\W\d_]", text))


def _write_numbers(document: Any, numbering: Any, styles: dict[str, Any]) -> None:
    """Put the numbers that Word computes into the text; mammoth sees bullets in their place."""
    shapes = {
        shape.get(f"{_W}abstractNumId"): {int(level.get(f"{_W}ilvl")): level for level in shape.iter(f"{_W}lvl")}
        for shape in numbering.iter(f"{_W}abstractNum")
    }
    lists = {num.get(f"{_W}numId"): num for num in numbering.iter(f"{_W}num")}
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 9)
    for paragraph in document.iter(f"{_W}p"):
        key, at = _place(paragraph, styles)
        shape = _value(lists.get(key), "abstractNumId")
        level = shapes.get(shape, {}).get(at)
        if level is None or paragraph.find(f".//{_W}t") is None:
            continue
        # Lists of one shape count on, but for those that start again.
        counted = counts[shape if lists[key].find(f"{_W}lvlOverride") is None else f"own {key}"]
        counted[at] = counted[at] + 1 if counted[at] else int(_value(level, "start") or 1)
        counted[at + 1 :] = [0] * (8 - at)
        if _value(level, "numFmt") not in ("bullet", "none"):
            run = etree.Element(f"{_W}r")
            etree.SubElement(run, f"{_W}t").text = f"{_label(shapes[shape], at, counted)} "
            paragraph.insert(0 if paragraph.find(f"{_W}pPr") is None else 1, run)
    for form in numbering.iter(f"{_W}numFmt"):
        form.set(f"{_W}val", "bullet")


def _place(paragraph: Any, styles: dict[str, Any]) -> tuple[str, int]:
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


def _label(levels: dict[int, Any], at: int, counted: list[int]) -> str:
    """A number as the level words it, such as "%1.%2."."""
    said = _value(levels[at], "lvlText")
    for above in range(at + 1):
        form = _FORMS.get(_value(levels.get(above), "numFmt"), "1")
        said = said.replace(f"%{above + 1}", label(counted[above] or 1, form))
    return said
