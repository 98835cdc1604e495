"""An existing policy as the working text of a site: txt, Markdown, HTML or docx in, structured Markdown out."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from generator import documents
from generator.documents import Document
from generator.errors import PolicyError, Problem, SourceError, Where
from generator.importing import outline
from generator.importing.pieces import NO_TEXT, Meta, Notes, quoted
from generator.redline.marking import MARKERS

_LARGEST = 20 * 2**20  # bytes; the longest policies have less than one MiB
_DECLARED = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
# The encodings that pages may declare (WHATWG Encoding, 4.2), and those that mean a larger one.
_WEB = re.compile(
    r"utf-?8|(?:us-)?ascii|iso-8859-(?:[2-8]|1[03-6])|windows-125[0-8]|cp(?:125[0-8]|874|932|949)|ibm866|koi8-[ru]"
    r"|macintosh|gb18030|big5|euc-jp|iso-2022-jp"
)
_LARGER = {"iso-8859-1": "cp1252", "latin1": "cp1252", "iso-8859-9": "cp1254", "windows-874": "cp874"} | {
    "gb2312": "gb18030", "gbk": "gb18030", "euc-kr": "cp949", "shift_jis": "cp932"
}  # fmt: skip
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_BINARY = (b"%PDF", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_KINDS = {".txt": "text", ".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html", ".docx": "docx"}


@dataclass(frozen=True, slots=True)
class Imported:
    """A policy's text, and what was left out, mended or guessed on the way (all of them warnings)."""

    text: str
    notes: tuple[Problem, ...]

    def summary(self) -> str:
        """How much came in, and how much wants a look."""
        sections = sum(bool(section.id) for section in documents.parse(self.text, "").sections)
        kinds = {"left out": "stripped", "mended": "mended", "to look at": "unsure"}
        counts = (f"{said}: {sum(n.code.startswith(kind) for n in self.notes)}" for said, kind in kinds.items())
        return f"{sections} sections; {', '.join(counts)}"


def read(
    content: bytes,
    path: str,
    given: Meta = Meta(),  # noqa: B008  it is frozen
    *,
    place: str = "",
    known: Document | None = None,
    archive: bool = False,
) -> Imported:
    """What a file holds; SourceError where it cannot be read as a policy.

    `place` is what problems name instead of its path. See outline.text for `given`, `known` and `archive`.
    """
    notes = Notes(place or path)
    where, kind = Where(notes.path), _KINDS.get(Path(path).suffix.lower(), "markdown" if archive else "")
    if not kind:
        message = f"files like {Path(path).name!r} cannot be read"
        raise SourceError(Problem("import.kind", where, message, f"known: {', '.join(_KINDS)}"))
    if len(content) > _LARGEST:
        message = f"it is larger than {_LARGEST // 2**20} MiB"
        raise SourceError(Problem("import.size", where, message, "is it the policy? take images out first"))
    said = "" if kind == "docx" else decoded(content, notes, page=kind == "html")
    source = content if kind == "docx" else re.sub("\r\n?", "\n", said).translate(NO_TEXT)
    if not source.strip():
        raise SourceError(Problem("import.empty", where, "the file is empty"))
    if kind == "markdown" and (archive or given == Meta()):
        if not (why := _why_not_a_policy(said, archive)):
            return Imported(said, tuple(notes.found))
        notes.add("mended.form", None, f"written anew: {why}")
    try:
        reader = import_module(f"generator.importing.from{kind}")
    except ImportError as error:
        message = f"reading this needs {error.name}, which is not installed"
        raise SourceError(Problem("import.library", where, message, "pip install 'policy-publisher[import]'")) from None
    intake = reader.read(source, notes)
    title = re.sub(r"[-_]+", " ", Path(path).stem).strip().capitalize()
    text = outline.text(intake, notes, given, fallback=title, known=known, archive=archive)
    return Imported(text, tuple(sorted(notes.found, key=lambda note: note.where.line or 10**9)))


def _why_not_a_policy(text: str, archive: bool) -> str:
    """Why a Markdown text cannot come in byte for byte; '' if it can. Ids have to be written, but for an archive."""
    try:
        sections = documents.parse(text, "").sections
    except PolicyError as error:
        return str(error.problems[0].message)
    if set(MARKERS).intersection(text):
        return "it holds characters that mark redlines"
    missing = [section.heading for section in sections if section.id and f"{{#{section.id}" not in text]
    return "it has no text" if not sections else f"{quoted(missing[0])} has no id" if missing and not archive else ""


def policy_name(text: str) -> str:
    """A name for the policy's folder and address."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "policy"


def decoded(content: bytes, notes: Notes, *, page: bool = False) -> str:
    """Text by its byte order mark, else by what a page declares, else UTF-8, else as Windows writes it, which is told.

    SourceError where it is no text.
    """
    marked = next((name for mark, name in _BOMS.items() if content.startswith(mark)), "")
    if (b"\0" in content and not marked) or content.startswith(_BINARY):
        hint = "save it as docx, html or UTF-8 text"
        raise SourceError(Problem("import.binary", Where(notes.path), "this is no text", hint))
    declared = _DECLARED.search(content[:4096]) if page and not marked else None
    stated = declared[1].decode().lower() if declared else marked or "utf-8"
    stated = _LARGER.get(stated, stated)
    line, known = None, marked or _WEB.fullmatch(stated)
    for encoding in (stated, "utf-8", "cp1252") if known else ("utf-8", "cp1252"):
        try:
            text = content.decode(encoding, "replace" if encoding == "cp1252" else "strict")
            break
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
    if (encoding, stated) != ("utf-8", "utf-8"):
        why = f", for it is not {stated}" if encoding != stated else ""
        notes.add("mended.encoding", line, f"the text is read as {encoding}{why}")
    return text
