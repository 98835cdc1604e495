"""The register of releases: their order and hashes, which one is in force, and what may be released.

A released text never changes. The register beside it (`releases.yaml`) holds the SHA-256 of each and of the one
before, so a build that finds a changed text stops instead of rewriting history (V01). The notice has a register too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import total_ordering
from typing import Literal

from generator import typedyaml
from generator.errors import FrozenTextChanged, Problem, SourceError, Where

Kind = Literal["material", "editorial"]
Status = Literal["in-force", "superseded", "upcoming", "draft"]


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """MAJOR.MINOR: a material change raises MAJOR, an editorial one MINOR."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Version:
        match = re.fullmatch(r"([1-9]\d*)\.(0|[1-9]\d*)", text)
        if not match:
            raise ValueError(f"wants a version like 1.0, and holds {text!r}")
        return cls(int(match[1]), int(match[2]))

    def next(self, kind: Kind) -> Version:
        return Version(self.major + 1, 0) if kind == "material" else Version(self.major, self.minor + 1)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    def __lt__(self, other: Version) -> bool:
        return (self.major, self.minor) < (other.major, other.minor)


@dataclass(frozen=True, slots=True)
class Translated:
    """What a release holds in another language, and its sections that are behind the authoritative text (V10)."""

    sha256: str
    behind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """A row of the register. Dates are days of the publisher's calendar (V02)."""

    version: Version
    published: date
    effective: date
    kind: Kind
    summary: str
    sha256: str  # of the frozen text, byte for byte
    previous: str | None = None  # sha256 of the release before
    note: str = ""  # what a reader must know about the dates
    translations: Mapping[str, Translated] = field(default_factory=dict)  # by language

    def __post_init__(self) -> None:
        if not self.summary.strip():
            raise ValueError("'summary' is empty: say what changed in a sentence")
        hashes = (self.sha256, *(translated.sha256 for translated in self.translations.values()))
        if not all(re.fullmatch(r"[0-9a-f]{64}", sha256) for sha256 in hashes):
            raise ValueError("'sha256' wants 64 hexadecimal digits")

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its texts: 1.1, and in another language 1.1.ur."""
        return (str(self.version), *(f"{self.version}.{language}" for language in self.translations))


@dataclass(frozen=True, slots=True)
class _Rows:
    releases: tuple[Release, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """All releases of one policy, oldest first."""

    path: str
    releases: tuple[Release, ...] = ()

    def __post_init__(self) -> None:
        problems = [p for pair in zip((None, *self.releases), self.releases, strict=False) for p in self._check(*pair)]
        if problems:
            raise SourceError(problems)

    def _check(self, before: Release | None, release: Release) -> list[Problem]:
        """What is wrong between a release and the one before it."""
        found = []
        if before and release.version not in (before.version.next("material"), before.version.next("editorial")):
            found.append(("register.version", f"{release.version} cannot follow {before.version}"))
        elif before and release.version != before.version.next(release.kind):
            found.append(("register.kind", f"{release.version} after {before.version} is not {release.kind}"))
        if before and release.effective < before.effective:
            found.append(("register.order", f"{release.version} takes effect before {before.version}"))
        if release.previous != (before.sha256 if before else None):
            found.append(("register.chain", f"'previous' of {release.version} is not the sha256 of the release before"))
        hint = f"a register only grows: bring it back with git checkout -- {self.path}"
        return [Problem(code, Where(self.path), message, hint) for code, message in found]

    @property
    def latest(self) -> Release | None:
        return self.releases[-1] if self.releases else None

    def get(self, version: str) -> Release | None:
        return next((release for release in self.releases if str(release.version) == version), None)

    def before(self, release: Release) -> Release | None:
        index = self.releases.index(release)
        return self.releases[index - 1] if index else None

    def in_force(self, today: date) -> Release | None:
        """The newest release whose day has come."""
        return next((release for release in reversed(self.releases) if release.effective <= today), None)

    def upcoming(self, today: date) -> Release | None:
        """What will be in force next, if anything is announced: of two with one day, the newer."""
        days = [release.effective for release in self.releases if release.effective > today]
        return self.in_force(min(days)) if days else None

    def superseded_on(self, release: Release) -> date | None:
        """The day a later release took, or takes, effect."""
        later = self.releases[self.releases.index(release) + 1 :]
        return later[0].effective if later else None

    def status(self, release: Release, today: date) -> Status:
        if release.effective > today:
            return "upcoming"
        return "in-force" if release == self.in_force(today) else "superseded"


def load(text: str, path: str) -> Register:
    """Read releases.yaml; SourceError names what does not hold."""
    return Register(path, typedyaml.load(text, _Rows, path).releases)


def digest(content: bytes) -> str:
    """SHA-256 of a frozen text, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def check_frozen(register: Register, release: Release, content: bytes | None, path: str) -> None:
    """Stop if a frozen text is missing or is not the one that was released (V01)."""
    if content is None:
        raise FrozenTextChanged(
            Problem(
                "release.missing",
                Where(path),
                f"release {release.version} is in {register.path}, its text is not",
                "bring the file back from the repository's history",
            )
        )
    found = digest(content)
    if found != release.sha256:
        raise FrozenTextChanged(
            Problem(
                "release.changed",
                Where(path),
                f"a released text has changed: {register.path} says sha256 {release.sha256}, the file has {found}",
                f"restore it (git checkout -- {path}) and put the change into the working text",
            )
        )


def plan(
    register: Register,
    kind: Kind,
    *,
    content: bytes,
    summary: str,
    today: date,
    effective: date | None,
    notice_days: int,
    translations: Mapping[str, Translated] | None = None,
) -> Release:
    """The row that releasing `content` today would add; SourceError if it may not be released.

    A material release takes effect `notice_days` after its announcement unless a later day is asked for (V04); the
    first release of a policy changes nothing for anybody and may take effect at once.
    """
    if not summary.strip():
        raise SourceError(Problem("release.summary", Where(register.path), "the summary is empty", "say what changed"))
    latest = register.latest
    kind = kind if latest else "material"
    earliest = today + timedelta(days=notice_days if latest and kind == "material" else 0)
    release = Release(
        version=latest.version.next(kind) if latest else Version(1, 0),
        published=today,
        effective=effective or max(earliest, latest.effective if latest else today),
        kind=kind,
        summary=summary,
        sha256=digest(content),
        previous=latest.sha256 if latest else None,
        translations=translations or {},
    )
    if latest and release.effective < earliest:
        raise SourceError(_too_early(register, release, earliest, notice_days))
    if latest and (release.sha256, release.translations) == (latest.sha256, latest.translations):
        raise SourceError(Problem("release.nothing-new", Where(register.path), f"the text is that of {latest.version}"))
    Register(register.path, (*register.releases, release))  # its checks hold for the new row too
    return release


def _too_early(register: Register, release: Release, earliest: date, notice_days: int) -> Problem:
    """Nothing takes effect before it could be read; the first release alone may say since when it has held."""
    where, hint = Where(register.path), f"use --effective {earliest} or later"
    if release.kind == "editorial" or not notice_days:
        return Problem("release.backdated", where, f"{release.effective} has passed, and nobody could read it", hint)
    message = f"a material release needs {notice_days} days' notice: {release.effective} is before {earliest}"
    return Problem("release.notice-too-short", where, message, f"{hint}, or change advance_notice_days in site.yaml")


def row(release: Release) -> str:
    """The release as a row of releases.yaml."""
    quoted = {"summary": release.summary, **({"note": release.note} if release.note else {})}
    lines = [
        f"  - version: {release.version}",
        f"    published: {release.published}",
        f"    effective: {release.effective}",
        f"    kind: {release.kind}",
        *(f"    {key}: {_quote(value)}" for key, value in quoted.items()),
        f"    sha256: {release.sha256}",
        f"    previous: {release.previous or 'null'}",
        *(["    translations:"] if release.translations else []),
    ]
    for language, translated in release.translations.items():
        behind = ", ".join(map(_quote, translated.behind))
        lines.append(f"      {language}: {{sha256: {translated.sha256}, behind: [{behind}]}}")
    return "\n".join(lines) + "\n"


def with_row(text: str, release: Release) -> str:
    """releases.yaml with one more row at its end; nothing else of it is touched."""
    empty = re.fullmatch(r"\s*(?:releases:\s*(?:\[\s*\])?\s*)?", text)
    start = "releases:\n" if empty else text
    return start.rstrip("\n") + "\n" + row(release)


def _quote(text: str) -> str:
    return "'" + " ".join(text.split()).replace("'", "''") + "'"
