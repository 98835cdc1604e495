"""What `policy diff` compares: versions of a policy or of the notice, the working text, revisions of git, files.

    1.0, draft           a release, or the working text, of the policy named (of the first one where none is named)
    1.0.ur, draft.ur     the same in another language
    git:REV              the policy's working text as it was at that revision
    git:REV:PATH         any file at that revision; PATH starts at the site's folder
    PATH, -              any file, standard input; a file named 1.0 is ./1.0; Word and HTML as an import reads them

A release has the values of its variables in it. So a working text gets today's where it is compared with anything but
another working text: two of those are compared as they are written.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path, PurePath

from generator import config, documents, sources
from generator.documents import Document
from generator.errors import SourceError
from generator.importing import importer
from generator.library import DRAFT, NOTICE, Library, draft_path, variables_of
from generator.library import load as load_library
from generator.redline.reports import Side
from generator.sources import Sources

_REVISION = "git:"
_READ = (".docx", ".html", ".htm")
_VERSION = rf"(?:{DRAFT}|\d+\.\d+)(?:\.[A-Za-z][A-Za-z0-9-]*)?"  # with a language: 1.0.ur


def pair(root: Path, what: Sequence[str], today: Callable[[], date]) -> tuple[Side, Side]:
    """[POLICY] A B as two texts. LookupError says what is not there; SourceError what cannot be read."""
    *policy, old, new = what
    if old == new == "-":
        raise LookupError("standard input can be one of the two texts, not both")
    texts = _Texts(root, policy[0] if policy else "", all(map(_is_working, (old, new))), today)
    return texts.side(old), texts.side(new)


def address(root: Path) -> str:
    """That of the site in this folder, or '' where there is none."""
    try:
        return config.load(sources.read(root).site).url
    except SourceError:
        return ""


def _is_working(name: str) -> bool:
    return name.partition(".")[0] == DRAFT or (name.startswith(_REVISION) and ":" not in name.removeprefix(_REVISION))


@dataclass(frozen=True)
class _Texts:
    """Where the names lead; the site is read only when one of them needs it."""

    root: Path
    named: str
    as_written: bool
    today: Callable[[], date]

    def side(self, name: str) -> Side:
        if name == "-":
            return _side(name, "standard input", sys.stdin.buffer.read())
        if name.startswith(_REVISION):
            return self._at_revision(name)
        path = Path(name)
        if re.fullmatch(_VERSION, name) or (self.named and not path.exists()):
            return self._notice(name) if self.named == NOTICE else self._version(name)
        if not path.exists() or path.is_dir():
            if self._is_policy(name):
                raise LookupError(f"{name!r} is a policy; name two of its versions, as in {name} 1.0 {DRAFT}")
            raise LookupError(f"{name!r} is no file; a version is written 1.0, the working text {DRAFT!r}")
        return _side(name, name, path.read_bytes())

    @cached_property
    def sources(self) -> Sources:
        return sources.read(self.root)

    @cached_property
    def library(self) -> Library:
        return load_library(config.load(self.sources.site), self.sources, today=self.today())

    @cached_property
    def policy(self) -> str:
        return self.named or config.load(self.sources.site).policies[0]

    def _is_policy(self, name: str) -> bool:
        try:
            return name in (NOTICE, *config.load(self.sources.site).policies)
        except SourceError:  # not in a site's folder
            return False

    def _version(self, name: str) -> Side:
        path = draft_path(self.policy, name.removeprefix(DRAFT).removeprefix("."))
        if self.as_written and _is_working(name) and path in self.sources.content:
            return _side(name, path, self.sources.content[path])
        policy = self.library.policy(self.policy)
        known = {text.label: (text, text.document) for text in (*policy.releases, policy.draft)}
        for text, _ in list(known.values()):
            known |= {
                f"{text.label}.{code}": (text, _numbered(held.document, text.document))
                for code, held in text.translations.items()
            }
        if name not in known:
            raise LookupError(f"{policy.id} has no version {name!r}; it has {', '.join(known)}")
        text, document = known[name]
        before = policy.register.before(text.release) if text.release else None
        if before is None or document is not text.document:
            return Side(name, document)
        page = f"{self.library.site.url}{policy.path}changes/{before.version}...{name}/"
        return Side(name, document, before=str(before.version), page=page)

    def _notice(self, name: str) -> Side:
        """The text that is frozen: JSON, one fact to a line."""
        notices = self.library.notices
        known = {str(version): notice for version, notice in notices.released.items()}
        notice = notices.draft if name == DRAFT else known.get(name)
        if notice is None:
            raise LookupError(f"the notice has no version {name!r}; it has {', '.join(known) or 'none'}")
        return _side(name, f"notice {name}", notice.content)

    def _at_revision(self, name: str) -> Side:
        revision, _, path = name.removeprefix(_REVISION).partition(":")
        content = _blob(self.root, revision, path or draft_path(self.policy))
        if path or self.as_written:
            return _side(name, path or name, content)
        site = self.library.site
        values = variables_of(site, self.library.notices, self.library.words)
        try:
            text = documents.resolve(sources.decoded(name, content), values, name).text
        except SourceError:  # a variable of that time, which nobody knows any more: as it is written
            return _side(name, name, content)
        return Side(name, _document(text, name))


def _numbered(document: Document, authoritative: Document) -> Document:
    """A translation with the numbers that its page has, which are those of the authoritative text."""
    numbers = {section.id: section.number for section in authoritative.sections}
    sections = (replace(section, number=numbers.get(section.id, "")) for section in document.sections)
    return replace(document, sections=tuple(sections))


def _blob(root: Path, revision: str, path: str) -> bytes:
    """A file at a revision, byte for byte."""
    if not revision or revision.startswith("-"):
        raise LookupError(f"{revision!r} is no revision; write git:HEAD~1, git:main, git:HEAD:README.md")
    command = ["git", "-C", str(root), "cat-file", "blob", f"{revision}:./{path}"]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        raise LookupError("git is not installed, so there are no revisions to compare") from None
    if done.returncode:
        raise LookupError(f"git has no {path} at {revision!r}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _side(name: str, path: str, content: bytes) -> Side:
    """A file as it is written; of Word and HTML what `policy import` makes of it, which is told."""
    if PurePath(path).suffix.lower() in _READ:
        imported = importer.read(content, path)
        print(f"{name} is compared as policy import reads it: {imported.summary()}", file=sys.stderr)
        return Side(name, _document(imported.text, path))
    text, encoding = sources.any_text(path, content)
    return Side(name, _document(text, path), encoding)


def _document(text: str, path: str) -> Document:
    """A policy where it is one, else whatever it is."""
    try:
        return documents.parse(text, path)
    except SourceError:
        return documents.read(text, path)
