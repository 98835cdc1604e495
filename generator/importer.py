"""An existing policy as the working text of a site: txt, Markdown, HTML or docx in, structured Markdown out."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from generator import config, documents, foreign, fromtext, sources
from generator.errors import PolicyError, Problem, SourceError, Where
from generator.marked import NOTHING, Marked, Meta

_LARGEST = 20 * 2**20  # bytes; the longest policies have less than one MiB
_DECLARED = re.compile(
    rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]+encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE
)
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_KINDS = {
    **dict.fromkeys((".txt", ".text"), "text"),
    **dict.fromkeys((".md", ".markdown"), "markdown"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    ".docx": "docx",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """A policy's text, and what was left out, mended or guessed on the way (all of them warnings)."""

    text: str
    notes: tuple[Problem, ...]

    def summary(self) -> str:
        """How much came in, and how much wants a look."""
        document = documents.parse(self.text, "")
        kinds = ("stripped", "mended", "unsure")
        counts = {kind: sum(note.code.startswith(kind) for note in self.notes) for kind in kinds}
        told = f"{counts['stripped']} notes of what was left out, {counts['mended']} of what was mended"
        return f"{sum(bool(s.id) for s in document.sections)} sections; {told}, {counts['unsure']} to look at"


def read(path: Path, given: Meta = NOTHING) -> Imported:
    """Read a file; SourceError where it cannot be read as a policy. `given` wins over what the file says."""
    name = str(path)
    if path.is_file() and path.stat().st_size > _LARGEST:
        message = f"it is larger than {_LARGEST // 2**20} MiB"
        raise SourceError(Problem("import.size", Where(name), message, "is it the policy? take images out first"))
    return from_bytes(path.read_bytes(), name, given)


def from_bytes(content: bytes, path: str, given: Meta = NOTHING) -> Imported:
    """As `read`, for what the file holds."""
    kind = _KINDS.get(Path(path).suffix.lower())
    if kind is None:
        hint = f"known: {', '.join(_KINDS)}"
        raise SourceError(Problem("import.kind", Where(path), f"files like {Path(path).name!r} cannot be read", hint))
    if not content.strip():
        raise SourceError(Problem("import.empty", Where(path), "the file is empty"))
    marked = _READERS[kind](content, path)
    if kind == "markdown" and given == NOTHING and _is_policy(marked.text, path):
        return Imported(marked.text, ())
    text, notes = foreign.convert(marked, path, given=given, fallback=title_of(path), restructure=True)
    return Imported(text, tuple(notes))


def _is_policy(text: str, path: str) -> bool:
    """Whether a text has been structured before: its numbers are computed, so their absence says nothing."""
    try:
        sections = documents.parse(text, path).sections
    except PolicyError:
        return False
    return all(f"{{#{section.id}" in text for section in sections if section.id)


def policy_name(text: str) -> str:
    """A name for the policy's folder and address."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "policy"


def title_of(path: str) -> str:
    return re.sub(r"[-_]+", " ", Path(path).stem).strip().capitalize()


def to_list(root: Path, name: str) -> str:
    """What to do so that the site shows the policy; '' if it does."""
    line = f"policies:\n  - {name}"
    try:
        listed = config.load((root / config.PATH).read_text(encoding="utf-8")).policies
    except FileNotFoundError:
        return f"there is no {config.PATH} in {root} yet; it has to list the policy:\n{line}"
    except (PolicyError, UnicodeDecodeError):
        return f"{config.PATH} has problems (policy check); see that it lists the policy:\n{line}"
    return "" if name in listed else f"{config.PATH} does not list the policy; add it under 'policies':\n  - {name}"


def decoded(content: bytes, path: str) -> str:
    """Text by its byte order mark, else by what an HTML page declares, else UTF-8. SourceError where that is wrong."""
    encoding = next((name for mark, name in _BOMS.items() if content.startswith(mark)), "")
    if not encoding and (b"\0" in content or content.startswith((b"%PDF", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"))):
        hint = "save it as docx, html or UTF-8 text"
        raise SourceError(Problem("import.binary", Where(path), "this is no text", hint))
    if not encoding and (match := _DECLARED.search(content[:4096])) and _KINDS[Path(path).suffix.lower()] == "html":
        encoding = (match[1] or match[2]).decode()
        # What pages call Latin-1 is windows-1252 (WHATWG Encoding, 4.2).
        encoding = "cp1252" if encoding.lower() in ("iso-8859-1", "latin1", "us-ascii") else encoding
    if encoding.lower() in ("", "utf-8", "utf8"):
        return sources.decoded(path, content)
    try:
        return content.decode(encoding)
    except LookupError:
        message = f"there is no encoding {encoding!r}"
    except UnicodeDecodeError as error:
        message = f"this is not {encoding}: {error.reason} at byte {error.start}"
    raise SourceError(Problem("source.encoding", Where(path), message, "save the file as UTF-8")) from None


def _text(content: bytes, path: str) -> Marked:
    return fromtext.read(re.sub("\r\n|\r", "\n", decoded(content, path)).replace("\ufeff", ""), path)


def _markdown(content: bytes, path: str) -> Marked:
    return Marked(decoded(content, path))


def _html(content: bytes, path: str) -> Marked:
    return _extra("fromhtml", path)(decoded(content, path).encode(), path)


def _docx(content: bytes, path: str) -> Marked:
    return _extra("fromdocx", path)(content, path)


def _extra(name: str, path: str) -> Callable[[bytes, str], Marked]:
    """The reader of a format that needs a library which not every site installs."""
    try:
        read: Callable[[bytes, str], Marked] = import_module(f"generator.{name}").read
    except ImportError as error:
        message = f"reading this needs {error.name}, which is not installed"
        hint = "pip install 'policy-publisher[import]'"
        raise SourceError(Problem("import.library", Where(path), message, hint)) from None
    return read


_READERS: dict[str, Callable[[bytes, str], Marked]] = {
    "text": _text,
    "markdown": _markdown,
    "html": _html,
    "docx": _docx,
}
