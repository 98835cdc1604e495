"""The history of a file in git as releases: what readers saw after each change, oldest first, each with its commit.

History is that of the first parents, so that a branch counts once, when it was merged. A text that documents.py reads
is released byte for byte; another is converted as little as will do, and the commit's id in its row leads to the
original. Git runs twice, however long the history: once for the list, once for all texts.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from generator import documents, foreign, history, importer, library
from generator.errors import PolicyError, Problem, SourceError, Where
from generator.history import Kind, Register, Release, Version
from generator.marked import NOTHING, Marked, Meta

_GIT = ("git", "--literal-pathspecs", "-c", "core.quotePath=false", "-c", "log.showSignature=false")
_COMMIT = "%x01%H%x00%aI%x00%cI%x00%s%x00"
_ENTRY = re.compile(rb":\d+ (\d+) [0-9a-f]+ ([0-9a-f]+) ([A-Z])\d*\0([^\0]+)")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that changed the file: `blob` is its text's id, '' where the commit took the file away."""

    id: str
    author_date: datetime
    commit_date: datetime
    subject: str
    blob: str
    copy_of: str = ""  # the file that this one began as a copy of

    @property
    def day(self) -> date:
        """The author's day in UTC; a clock ahead of the one that made the commit is not believed."""
        believed = self.author_date <= self.commit_date + timedelta(days=1)
        return (self.author_date if believed else self.commit_date).astimezone(UTC).date()


@dataclass(frozen=True, slots=True)
class History:
    """The files to write, by path relative to the site, the releases among them, and what there is to tell."""

    files: Mapping[str, bytes]
    releases: tuple[Release, ...]
    notes: tuple[Problem, ...]


def read(
    path: Path, name: str, *, repo: Path | None = None, material: Sequence[str] = (), given: Meta = NOTHING
) -> History:
    """The releases of the policy `name` from the file's history; SourceError where there is none.

    `path` is relative to `repo` where that is given. `material` holds ids of commits (or their starts) whose release is
    material; nobody has classified the others, which is noted with each.
    """
    notes: list[Problem] = []
    folder, file = (repo, str(path)) if repo else (path.parent, path.name)
    commits = _commits(folder, file, str(path), notes)
    chosen = [_named(commits, prefix, str(path)) for prefix in material]
    texts = list(_distinct(commits, _texts(folder, commits), str(path), given, notes))
    if not texts:
        raise SourceError(Problem("git.no-text", Where(str(path)), "no commit of it holds a text that can be released"))
    if lost := [sha for sha in chosen if sha not in {commit.id for commit, *_ in texts}]:
        message = f"the commit {lost[0]} changed nothing for readers, so it is no release"
        raise SourceError(Problem("git.material", Where(str(path)), message, "take it off --material"))
    register = _register(texts, frozenset(chosen))
    releases = register.releases
    files = {library.frozen_path(name, r.version): content for r, (_, content, _) in zip(releases, texts, strict=True)}
    files |= {library.register_path(name): register.text.encode(), library.draft_path(name): texts[-1][1]}
    return History(files, releases, tuple(notes))


def _git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git says; SourceError with its own words if it cannot."""
    command = [*_GIT, "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, input=given, capture_output=True, check=False)
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
        notes.append(Problem("git.shallow", Where(path), message, severity="warning"))
    options = ("--first-parent", "--diff-merges=first-parent", "--follow", "--raw", "-z", "--no-abbrev")
    said = _git(folder, "log", *options, "--encoding=UTF-8", f"--format={_COMMIT}", "--", file)
    commits = [commit for part in said.split(b"\x01")[1:] if (commit := _commit(part))]
    if not commits:
        hint = "name the file as it is now, relative to the repository's folder if you give --repo"
        raise SourceError(Problem("git.no-history", Where(path), "no commit has changed this file", hint))
    start = next((i for i, commit in enumerate(commits) if commit.copy_of), None)
    if start is not None and start + 1 < len(commits):  # git would go on with the history of the other file
        message = f"the file began as a copy of {commits[start].copy_of}, whose own history is left out"
        notes.append(Problem("skipped.copy", Where(f"{path}@{commits[start].id[:10]}"), message, severity="warning"))
        commits = commits[: start + 1]
    return commits[::-1]


def _commit(part: bytes) -> Commit | None:
    """One commit of the list; none for what is no file (a link, a module)."""
    sha, authored, committed, subject, rest = part.split(b"\0", 4)
    entry = _ENTRY.search(rest)
    if not entry or (entry[1] not in (b"100644", b"100755") and entry[3] != b"D"):
        return None
    author_date, commit_date = (datetime.fromisoformat(day.decode()) for day in (authored, committed))
    said = "".join(c for c in subject.decode(errors="replace") if c.isprintable()).strip()
    copy_of = entry[4].decode(errors="replace") if entry[3] == b"C" else ""
    blob = "" if entry[3] == b"D" else entry[2].decode()
    return Commit(sha.decode(), author_date, commit_date, said, blob, copy_of)


def _named(commits: Sequence[Commit], prefix: str, path: str) -> str:
    found = [commit.id for commit in commits if commit.id.startswith(prefix.lower())]
    if len(found) != 1 or len(prefix) < 4:
        message = f"--material {prefix} names {len(found) or 'none'} of the commits that changed this file"
        hint = f"git log --first-parent --follow -- {path} lists them"
        raise SourceError(Problem("git.material", Where(path), message, hint))
    return found[0]


def _texts(folder: Path, commits: Sequence[Commit]) -> Mapping[str, bytes]:
    """The texts by id, all asked of one process."""
    ids = list(dict.fromkeys(commit.blob for commit in commits if commit.blob))
    said = _git(folder, "cat-file", "--batch", given="".join(f"{blob}\n" for blob in ids).encode())
    texts, at = {}, 0
    for blob in ids:
        end = said.index(b"\n", at)
        kind = said[at:end].split()  # "id blob size", or "id missing" in a clone that lacks it
        size = int(kind[2]) if len(kind) == 3 else -1
        if size >= 0:
            texts[blob] = said[end + 1 : end + 1 + size]
        at = end + 2 + size
    return texts


def _distinct(
    commits: Sequence[Commit], texts: Mapping[str, bytes], path: str, given: Meta, notes: list[Problem]
) -> Iterator[tuple[Commit, bytes, bool]]:
    """Each text that readers saw for the first time after the one before, and whether it had to be mended."""
    before = b""
    for number, commit in enumerate(commits):
        place = f"{path}@{commit.id[:10]}"
        if not commit.blob:
            back = "it came back later: the gap is passed over" if number + 1 < len(commits) else "it is gone since"
            message = f"the file was taken away on {commit.day}; {back}"
            notes.append(Problem("skipped.gap", Where(place), message, severity="warning"))
            continue
        try:
            content, found = _readable(texts.get(commit.blob), place, path, given)
        except SourceError as error:
            notes += [replace(problem, code="skipped.text", severity="warning") for problem in error.problems]
            continue
        if content == before:
            message = "readers saw the text of the release before"
            notes.append(Problem("skipped.same", Where(place), message, severity="warning"))
            continue
        notes += found
        yield commit, content, bool(found)
        before = content


def _readable(content: bytes | None, place: str, path: str, given: Meta) -> tuple[bytes, list[Problem]]:
    """The text as it was committed, or mended so that it can be built."""
    if content is None:
        raise SourceError(Problem("git.missing-text", Where(place), "this clone does not hold the text"))
    text, found = _decoded(content, place)
    try:
        documents.parse(text, place)
        return text.encode(), found  # where nothing was found, the bytes of the commit
    except PolicyError:
        mended, notes = foreign.convert(Marked(text), place, given=given, fallback=importer.title_of(path))
    message = "the text is converted to a policy: title in the front matter, numbers as they are written"
    return mended.encode(), [*found, Problem("mended.form", Where(place), message, severity="warning"), *notes]


def _decoded(content: bytes, place: str) -> tuple[str, list[Problem]]:
    """The text, and a note where it was not UTF-8: nobody can save an old commit again."""
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in content and not wide:
        raise SourceError(Problem("import.binary", Where(place), "this is no text"))
    try:
        return content.decode("utf-8"), []
    except UnicodeDecodeError:
        encoding = "utf-16" if wide else "cp1252"
    said = f"the text is read as {encoding}, and is UTF-8 now"
    note = Problem("mended.encoding", Where(place), said, severity="warning")
    return content.decode(encoding, errors="replace"), [note]


def _register(texts: Sequence[tuple[Commit, bytes, bool]], material: frozenset[str]) -> Register:
    releases: list[Release] = []
    for commit, content, mended in texts:
        latest = releases[-1] if releases else None
        kind: Kind = "editorial" if latest and commit.id not in material else "material"
        effective = max(commit.day, latest.effective) if latest else commit.day
        release = Release(
            version=latest.version.next(kind) if latest else Version(1, 0),
            published=commit.day,
            effective=effective,
            kind=kind,
            summary=commit.subject or f"Commit {commit.id[:10]}, which has no subject.",
            sha256=history.digest(content),
            previous=latest.row_hash if latest else None,
            note=_note(commit, effective, mended, commit.id in material),
        )
        releases.append(release)
    return Register("", tuple(releases))


def _note(commit: Commit, effective: date, mended: bool, chosen: bool) -> str:
    said = [f"From commit {commit.id}, author date {commit.author_date.isoformat()}."]
    if effective > commit.day:
        said.append("The release before is later, so this one took effect with it.")
    if mended:
        said.append("The form of the text was mended so that it can be shown; its words are those of the commit.")
    if not chosen:
        said.append("Nobody has classified this release as material or editorial.")
    return " ".join(said)
