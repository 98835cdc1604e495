"""The history of a file in git as releases: what readers saw after each change, oldest first, each with its commit.

History is that of the first parents, so that a branch counts once, when it was merged. A text that documents.py reads
is released byte for byte; another is converted as little as will do, and the commit's id in its row leads to the
original.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from generator import history, library
from generator.errors import Problem, SourceError, Where
from generator.history import Kind, Register, Release, Version
from generator.importing import importer
from generator.importing.pieces import Meta

_GIT = ("git", "--literal-pathspecs", "-c", "core.quotePath=false", "-c", "log.showSignature=false")
_LOG = ("--first-parent", "--diff-merges=first-parent", "--follow", "--raw", "-z", "--no-abbrev", "--encoding=UTF-8")
_FORMAT = "--format=%x01%H%x00%aI%x00%at%x00%ct%x00%s%x00"
# A commit in it: its id, three dates, its subject; the file's mode, id, change, its name before and then.
_COMMIT = re.compile(
    rb"\x01([0-9a-f]{40,64})\0([-+:\dTZ]*)\0(-?\d*)\0(-?\d*)\0([^\0]*)\0[\0\n]*"
    rb":\d+ (\d+) [0-9a-f]+ ([0-9a-f]+) ([A-Z])(?:\d+\0([^\0]+))?\0([^\0]+)"
)


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that changed the file: `blob` is its text's id, '' where the commit took the file away."""

    id: str
    authored: str  # when, as git says it
    day: date  # that, in UTC; a clock ahead of the one that made the commit, or beyond all calendars, is not believed
    subject: str
    blob: str
    path: str  # the file's name then
    copy_of: str = ""  # the file that this one began as a copy of


@dataclass(frozen=True, slots=True)
class History:
    """The files to write, by path relative to the site, the releases among them, and what there is to tell."""

    files: Mapping[str, bytes]
    releases: tuple[Release, ...]
    notes: tuple[Problem, ...]

    def summary(self) -> str:
        first, last = self.releases[0], self.releases[-1]
        span = f"{first.version} of {first.published} to {last.version} of {last.published}"
        return f"{len(self.releases)} releases, {span}; {len(self.notes)} notes"


def read(
    path: Path,
    name: str,
    *,
    repo: Path | None = None,
    material: Sequence[str] = (),
    given: Meta = Meta(),  # noqa: B008
) -> History:
    """The releases of the policy `name` from the file's history; SourceError where there is none.

    `path` is relative to `repo` where that is given. `material` holds ids of commits (or their starts) whose release is
    material; nobody has classified the others, which is noted with each.
    """
    notes: list[Problem] = []
    folder = repo or next(folder for folder in path.absolute().parents if folder.is_dir())  # it may be gone by now
    file = str(path) if repo else str(path.absolute().relative_to(folder))
    commits = _commits(folder, file, str(path), notes)
    rows, files, before, unused = list[Release](), dict[str, bytes](), b"", set(material)
    for commit in commits:
        place = f"{path}@{commit.id[:10]}"
        try:
            if not commit.blob:
                raise SourceError(Problem("git.gone", Where(place), f"the file was taken away on {commit.day}"))
            blob = _git(folder, "cat-file", "blob", commit.blob)
            made = importer.read(blob, commit.path, given, place=place, archive=True)
        except SourceError as error:
            notes += [replace(problem, code="skipped.text", severity="warning") for problem in error.problems]
            continue
        content = made.text.encode()
        if content == before:
            notes.append(_note("skipped.same", place, "readers saw the text of the release before"))
            continue
        chosen = {prefix for prefix in unused if len(prefix) > 3 and commit.id.startswith(prefix.lower())}
        release = _release(rows[-1] if rows else None, commit, content, bool(made.notes), bool(chosen))
        before, unused = content, unused - chosen
        rows.append(release)
        notes += made.notes
        files[library.frozen_path(name, release.version)] = content
    if unused:
        message = f"--material {min(unused)} names none of the commits that changed something for readers"
        hint = f"git log --first-parent --follow -- {path} lists them"
        raise SourceError(Problem("git.material", Where(str(path)), message, hint))
    if not rows:
        raise SourceError(Problem("git.no-text", Where(str(path)), "no commit of it holds a text that can be released"))
    register = Register("", tuple(rows))  # checked once, when it is whole
    files |= {library.register_path(name): register.text.encode(), library.draft_path(name): before}
    return History(files, register.releases, tuple(notes))


def _note(code: str, place: str, message: str) -> Problem:
    return Problem(code, Where(place), message, severity="warning")


def _git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git says; SourceError with its own words if it cannot."""
    try:
        done = subprocess.run([*_GIT, "-C", str(folder), *arguments], input=given, capture_output=True, check=False)
    except FileNotFoundError:
        hint = "install git, and see that it is on the PATH"
        raise SourceError(Problem("git.missing", Where(str(folder)), "there is no program git", hint)) from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        hint = "name a file in a git repository, or its repository with --repo"
        raise SourceError(Problem("git.failed", Where(str(folder)), said or "git failed", hint))
    return done.stdout


def _commits(folder: Path, file: str, path: str, notes: list[Problem]) -> list[Commit]:
    """What changed the file, oldest first."""
    if (folder / file).is_dir():
        raise SourceError(Problem("git.folder", Where(path), "this is a folder", "name the file of one policy"))
    if _git(folder, "rev-parse", "--is-shallow-repository").strip() == b"true":
        message = "this clone is shallow: releases before its first commit are missing (git fetch --unshallow)"
        notes.append(_note("git.shallow", path, message))
    said = _git(folder, "log", *_LOG, _FORMAT, "--", file)
    commits = [commit for match in _COMMIT.finditer(said) if (commit := _commit(match, path, notes))]
    if not commits:
        hint = "name the file as it is now, relative to the repository's folder if you give --repo"
        raise SourceError(Problem("git.no-history", Where(path), "no commit has changed this file", hint))
    start = next((i for i, commit in enumerate(commits, 1) if commit.copy_of), len(commits))
    if start < len(commits):  # git would go on with the history of the other file
        message = f"the file began as a copy of {commits[start - 1].copy_of}, whose own history is left out"
        notes.append(_note("skipped.copy", f"{path}@{commits[start - 1].id[:10]}", message))
    return commits[:start][::-1]


def _commit(match: re.Match[bytes], path: str, notes: list[Problem]) -> Commit | None:
    """One commit of the list; none for what is no file (a link, a module), or has no date that a register can hold."""
    texts = ((group or b"").decode(errors="replace") for group in match.groups())
    sha, said, authored, committed, subject, mode, blob, change, before, name = texts
    if mode not in ("100644", "100755") and change != "D":
        return None
    try:
        day = datetime.fromtimestamp(min(float(seconds or "inf") for seconds in (authored, committed)), UTC).date()
    except (ValueError, OverflowError):
        notes.append(_note("skipped.date", f"{path}@{sha[:10]}", f"its date is none of a calendar: {said or 'none'}"))
        return None
    subject = "".join(c for c in subject if c.isprintable()).strip()
    blob, copy_of = blob if change != "D" else "", before if change == "C" else ""
    return Commit(sha, said, day, subject, blob, name, copy_of)


def _release(latest: Release | None, commit: Commit, content: bytes, mended: bool, chosen: bool) -> Release:
    """A release of the commit's day, that takes effect no sooner than the one before."""
    kind: Kind = "material" if chosen or not latest else "editorial"
    effective = max(commit.day, latest.effective) if latest else commit.day
    said = {
        f"From commit {commit.id}, author date {commit.authored}.": True,
        "The release before is later, so this one took effect with it.": effective > commit.day,
        "The form of the text was mended so that it can be shown; its words are those of the commit.": mended,
        "Nobody has classified this release as material or editorial.": not chosen,
    }
    return Release(
        version=latest.version.next(kind) if latest else Version(1, 0),
        published=commit.day,
        effective=effective,
        kind=kind,
        summary=commit.subject or f"Commit {commit.id[:10]}, which has no subject.",
        sha256=history.digest(content),
        previous=latest.row_hash if latest else None,
        note=" ".join(sentence for sentence, holds in said.items() if holds),
    )
