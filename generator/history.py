"""The register of releases: their order and hashes, which one is in force on which day, and what may come next.

A register (`releases.yaml`) only grows, and a released text never changes (V01). Each row holds the SHA-256 of its text
(`sha256`), of its own lines as they stand in the file (`row`), and of the row before (`previous`), so a build that
finds a text, a date or a summary edited stops instead of rewriting history. A release that was a mistake is withdrawn
by one more row; its own stays. The notice has a register too. docs/releases.md shows how to check one by hand.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cached_property
from heapq import heappop, heappush
from itertools import groupby, zip_longest
from typing import Literal, get_args

from generator import typedyaml
from generator.errors import FrozenTextChanged, Problem, SourceError, Where

Kind = Literal["material", "editorial"]
Status = Literal["in-force", "superseded", "upcoming", "withdrawn", "draft"]
_HEAD = "schema: policy-register/1\nreleases:\n"


@dataclass(frozen=True, order=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Translated:
    """What a release holds in another language, and its sections that are behind the authoritative text (V10)."""

    sha256: str
    behind: tuple[str, ...] = ()


@dataclass(frozen=True)
class Release:
    """A row of the register: a release or, of the kind `withdrawal`, the end of the one that it names again, with the
    reason as its summary. Dates are days of the publisher's calendar (V02)."""

    version: Version
    published: date
    effective: date
    kind: Literal["material", "editorial", "withdrawal"]
    summary: str
    sha256: str  # of the frozen text, byte for byte
    previous: str | None = None  # hash of the row before
    note: str = ""  # what a reader must know about the dates
    translations: Mapping[str, Translated] = field(default_factory=dict)  # by language

    def __post_init__(self) -> None:
        if not self.summary.strip():
            raise ValueError("'summary' is empty: say what changed in a sentence")
        if match := re.search(r"(?!\s)[\0-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", self.summary):  # YAML 1.2, 5.1
            message = f"{self.summary!r} holds {match[0]!r}, which no register can hold"
            raise SourceError(Problem("release.summary", Where("summary"), message, "leave that character out"))
        hashes = (self.sha256, *(translated.sha256 for translated in self.translations.values()))
        if not all(re.fullmatch(r"[0-9a-f]{64}", sha256) for sha256 in hashes):
            raise ValueError("'sha256' wants 64 hexadecimal digits")

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its texts: 1.1, and in another language 1.1.ur."""
        return (str(self.version), *(f"{self.version}.{language}" for language in self.translations))

    @property
    def lines(self) -> str:
        """The row as it is written, but for its last line, which is the hash of these."""
        told = [f"{name}: {getattr(self, name)}" for name in ("version", "published", "effective", "kind")]
        told += [f"{name}: {_quote(text)}" for name in ("summary", "note") if (text := getattr(self, name))]
        told += [f"sha256: {self.sha256}", *(["translations:"] if self.translations else [])]
        for language, text in sorted(self.translations.items()):
            told.append(f"  {language}: {{sha256: {text.sha256}, behind: [{', '.join(map(_quote, text.behind))}]}}")
        return "  - " + "\n    ".join([*told, f"previous: {self.previous or 'null'}"]) + "\n"

    @cached_property
    def row_hash(self) -> str:
        return digest(self.lines.encode())


@dataclass(frozen=True)
class _Row(Release):
    """A row as it is read, with the hash that it says it has."""

    row: str = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class _File:
    schema: Literal["policy-register/1"]
    releases: tuple[_Row, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """The days on which a release is in force: from the first up to, but without, the day on which that ended."""

    release: Release | None  # none before the first release, or after all have been withdrawn
    first: date
    until: date | None


@dataclass(frozen=True)
class Register:
    """All rows of one policy, oldest first."""

    path: str
    rows: tuple[Release, ...] = ()

    def __post_init__(self) -> None:
        hint = f"a register only grows: bring it back with git checkout -- {self.path}"
        if problems := [Problem(code, Where(self.path), message, hint) for code, message in self._broken()]:
            raise SourceError(problems)

    def _broken(self) -> Iterator[tuple[str, str]]:
        """What is wrong between a row and those before it."""
        known: dict[Version, Release] = {}  # by version the last row that names it
        minors: dict[int, int] = {}  # by MAJOR the highest MINOR
        for before, row in zip((None, *self.rows), self.rows, strict=False):
            if row.previous != (before.row_hash if before else None):
                yield "register.chain", f"'previous' of {row.version} is not the hash of the row before: one was edited"
            if row.kind == "withdrawal":
                yield from _broken_withdrawal(row, known.get(row.version))
            else:
                yield from _broken_release(row, self.before(row), minors)
                minors[row.version.major] = row.version.minor
            known[row.version] = row

    @cached_property
    def _before(self) -> Mapping[Version, Release | None]:
        """For each release the newest that stood when it was made."""
        found: dict[Version, Release | None] = {}
        standing: list[Release] = []
        for row in self.rows:
            if row.kind == "withdrawal":
                standing = [release for release in standing if release.version != row.version]
            else:
                found[row.version] = standing[-1] if standing else None
                standing.append(row)
        return found

    @cached_property
    def releases(self) -> tuple[Release, ...]:
        """Every release, those withdrawn among them."""
        return tuple(row for row in self.rows if row.kind != "withdrawal")

    @cached_property
    def withdrawals(self) -> Mapping[Version, Release]:
        return {row.version: row for row in self.rows if row.kind == "withdrawal"}

    def before(self, release: Release) -> Release | None:
        """The release that this one changes."""
        return self._before[release.version]

    def lineage(self, release: Release | None) -> list[Release]:
        """A release, the one before it, and so on."""
        found = []
        while release:
            found.append(release)
            release = self.before(release)
        return found

    @property
    def head(self) -> str | None:
        """The hash of the newest row, which stands for all before it."""
        return self.rows[-1].row_hash if self.rows else None

    @property
    def latest(self) -> Release | None:
        """The newest release that is not withdrawn: what the next one changes."""
        return next((release for release in reversed(self.releases) if release.version not in self.withdrawals), None)

    def next(self, kind: Kind) -> Version:
        """The version of the next release."""
        return _next(self.latest, {version.major: version.minor for version in self._before}, kind)

    def get(self, version: str) -> Release | None:
        return next((release for release in self.releases if str(release.version) == version), None)

    def withdrawn(self, release: Release, day: date = date.max) -> Release | None:
        """The withdrawal of a release, if it has been withdrawn by that day."""
        row = self.withdrawals.get(release.version)
        return row if row and row.effective <= day else None

    def in_force(self, day: date) -> Release | None:
        """The newest release whose day had come, and that was not withdrawn by then. Rows only ever speak of their own
        day or later ones, so what this says of a day that has passed never changes."""
        at = bisect_right(self.periods, day, key=lambda period: period.first)
        return self.periods[at - 1].release if at else None

    @cached_property
    def periods(self) -> tuple[Period, ...]:
        """All days from the first release on, as far as the rows tell."""
        starts = [next(group) for _, group in groupby(self._days(), key=lambda pair: pair[1])]
        pairs = zip_longest(starts, starts[1:])
        return tuple(Period(release, first, after and after[0]) for (first, release), after in pairs)

    def _days(self) -> Iterator[tuple[date, Release | None]]:
        """Each day on which anything happens, with what is in force then."""
        come: list[tuple[int, Release]] = []  # the newest on top
        happens = sorted(enumerate(self.rows), key=lambda pair: pair[1].effective)
        for day, rows in groupby(happens, key=lambda pair: pair[1].effective):
            for at, row in rows:
                if row.kind != "withdrawal":
                    heappush(come, (-at, row))
            while come and self.withdrawn(come[0][1], day):
                heappop(come)
            yield day, come[0][1] if come else None

    def periods_of(self, release: Release) -> list[Period]:
        """When a release is in force: again where its successor was withdrawn, never where it was withdrawn in time."""
        return self._held.get(release.version, [])

    @cached_property
    def _held(self) -> Mapping[Version, list[Period]]:
        found: dict[Version, list[Period]] = {}
        for period in self.periods:
            if period.release:
                found.setdefault(period.release.version, []).append(period)
        return found

    def upcoming(self, today: date) -> Release | None:
        """What will be in force next, if anything is announced: of two with one day, the newer."""
        at = bisect_right(self.periods, today, key=lambda period: period.first)
        return self.periods[at].release if at < len(self.periods) else None

    def superseded_on(self, release: Release) -> date | None:
        """The day a later release took, or takes, effect; a withdrawal after that day does not change it."""
        if end := self.withdrawn(release):
            until = Register(self.path, self.rows[: self.rows.index(end)]).superseded_on(release)
            return until if until and until <= end.effective else None
        periods = self.periods_of(release)
        return periods[-1].until if periods else release.effective

    def status(self, release: Release, today: date) -> Status:
        if self.withdrawn(release, today):
            return "withdrawn"
        if release.effective > today:
            return "upcoming"
        return "in-force" if release == self.in_force(today) else "superseded"

    def add(self, row: Release) -> Register:
        return Register(self.path, (*self.rows, row))

    @property
    def text(self) -> str:
        """The whole as it is written."""
        return _HEAD + "".join(map(written, self.rows))


def _next(base: Release | None, minors: Mapping[int, int], kind: Kind) -> Version:
    """No number is used twice, not even that of a release that was withdrawn."""
    if base is None or kind == "material":
        return Version(max(minors, default=0) + 1, 0)
    return Version(base.version.major, minors.get(base.version.major, -1) + 1)


def _broken_release(row: Release, base: Release | None, minors: Mapping[int, int]) -> Iterator[tuple[str, str]]:
    expected = {kind: _next(base, minors, kind) for kind in get_args(Kind)} if minors else {"material": row.version}
    before = f"after {base.version}" if base else "with nothing before it that stands"
    if row.version not in expected.values():
        yield "register.version", f"{row.version} cannot be next {before}"
    elif row.version != expected.get(row.kind):
        yield "register.kind", f"{row.version} {before} is not {row.kind}"
    if base and row.effective < base.effective:
        yield "register.order", f"{row.version} takes effect before {base.version}"


def _broken_withdrawal(row: Release, named: Release | None) -> Iterator[tuple[str, str]]:
    """A withdrawal holds from the day on which it is made: it can neither undo days that have passed nor be a plan."""
    if named is None or named.kind == "withdrawal":
        yield "register.withdrawal", f"{row.version} is withdrawn, but is no release that stands"
    elif row.sha256 != named.sha256 or not named.published <= row.published == row.effective:
        yield "register.withdrawal", f"the withdrawal of {row.version} has the hash or the days of something else"


def load(text: str, path: str) -> Register:
    """Read releases.yaml; SourceError names what does not hold."""
    rows = typedyaml.load(text, _File, path).releases
    releases = tuple(Release(*(getattr(row, name.name) for name in fields(Release))) for row in rows)
    hint = f"a row never changes: bring it back with git checkout -- {path}, and say what is new in a row of its own"
    if edited := [
        f"the row of {row.version} ({row.kind}) has been edited: its lines have the hash {found}, not {row.row}"
        for row, release in zip(rows, releases, strict=True)
        if row.row != (found := release.row_hash)
    ]:
        raise SourceError(Problem("register.row", Where(path), message, hint) for message in edited)
    return Register(path, releases)


def digest(content: bytes) -> str:
    """SHA-256 of a frozen text, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def check_frozen(register: Register, release: Release, content: bytes | None, path: str) -> None:
    """Stop if a frozen text is missing or is not the one that was released (V01)."""
    if content is None:
        message = f"release {release.version} is in {register.path}, its text is not"
        hint = "bring the file back from the repository's history"
        raise FrozenTextChanged(Problem("release.missing", Where(path), message, hint))
    if (found := digest(content)) != release.sha256:
        message = f"a released text has changed: {register.path} says sha256 {release.sha256}, the file has {found}"
        hint = f"restore it (git checkout -- {path}) and put the change into the working text"
        raise FrozenTextChanged(Problem("release.changed", Where(path), message, hint))


def written(row: Release) -> str:
    """A row of releases.yaml."""
    return f"{row.lines}    row: {row.row_hash}\n"


def with_row(text: str, row: Release) -> str:
    """releases.yaml with one more row at its end; nothing else of it is touched."""
    start = text if "version:" in text else _HEAD
    return start.rstrip("\n") + "\n" + written(row)


def _quote(text: str) -> str:
    return "'" + " ".join(text.split()).replace("'", "''") + "'"
