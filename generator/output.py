"""A built site onto disk: only what changed, each file whole or not at all, and what is gone is taken away.

A file is deleted only if an earlier build of ours wrote it (its manifest says so), so nothing of anybody else's is
lost when the folder holds more than the site.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

from generator.cache import Made, Seen, time_of
from generator.errors import Problem, Where
from generator.history import Register
from generator.verify import MANIFEST

_IN_MEMORY = 16_000_000  # bytes of a site being made


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: numbers of files."""

    written: int
    unchanged: int
    removed: int


def write(files: Mapping[str, bytes], folder: Path, standing: Collection[str] = ()) -> Written:
    """Bring `folder` to hold exactly `files`, and what is `standing` there already, beside what others put there.

    The manifest is written last: after a crash before it, the next write still knows what is to be taken away.
    """
    gone = sorted(_known(folder) - files.keys() - {*standing})
    # Pages after what they name, and after notices.json: a choice made on a new page must be known to the receiver.
    order = sorted(files.keys() - {MANIFEST}, key=lambda path: (path.endswith(".html"), path))
    written = sum(put(folder / path, files[path]) for path in order)
    removed = sum(remove(folder, path) for path in gone)
    if MANIFEST in files:
        written += put(folder / MANIFEST, files[MANIFEST])
    return Written(written, len(files) + len(standing) - written, removed)


def seen(made: Mapping[str, Made], folder: Path) -> dict[str, Seen]:
    """The written site as a later build may find it."""
    stats = {path: (folder / path).stat() for path in made}
    return {path: [stat.st_size, time_of(stat), *made[path]] for path, stat in stats.items()}


class Folder(Mapping[str, bytes]):
    """The files of a site that is written."""

    def __init__(self, folder: Path, paths: Collection[str]) -> None:
        self._folder, self._paths = folder, paths

    def __getitem__(self, path: str) -> bytes:
        if path not in self._paths:
            raise KeyError(path)
        return (self._folder / path).read_bytes()

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


class Spool(MutableMapping[str, bytes]):
    """The files of a site that is being made: those of a large one are on disk, in a file without a name."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  close() is ours
        self._places: dict[str, tuple[int, int]] = {}

    def close(self) -> None:
        self._file.close()

    def __setitem__(self, path: str, content: bytes) -> None:
        self._places[path] = (self._file.seek(0, os.SEEK_END), len(content))
        self._file.write(content)

    def __getitem__(self, path: str) -> bytes:
        start, size = self._places[path]
        self._file.seek(start)
        return self._file.read(size)

    def __delitem__(self, path: str) -> None:
        del self._places[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def lost_rows(registers: Mapping[str, Register], folder: Path) -> list[Problem]:
    """Rows that the last build put here, and that are not in the registers any more: history stays (V01)."""
    now = {name: {row.row_hash for row in register.rows} for name, register in registers.items()}
    hint = f"bring it back from the repository's history; if it was never published, delete {folder}"
    return [
        Problem("release.lost", Where(str(folder / MANIFEST)), f"{name} {version} was built here as row {row}", hint)
        for name, rows in _manifest(folder, "registers").items()
        for row, version in rows.items()
        if row not in now.get(name, ())
    ]


def _known(folder: Path) -> set[str]:
    """The paths that the last build wrote here."""
    return {str(path) for path in _manifest(folder, "files")}


def _manifest(folder: Path, key: str) -> dict[str, Any]:
    """A part of the last build's manifest; empty where there is none, or none of ours."""
    try:
        return dict(json.loads((folder / MANIFEST).read_bytes())[key])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def put(path: Path, content: bytes, *, durable: bool = False) -> bool:
    """Whether the file had to be written. It is replaced in one step, so a reader never sees half of it.

    `durable` waits for the disk: for what a build could not make again.
    """
    try:
        if path.stat().st_size == len(content) and path.read_bytes() == content:
            return False
    except OSError:
        path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    part.replace(path)
    return True


def remove(folder: Path, path: str) -> bool:
    target = folder / path
    inside = target.resolve().is_relative_to(folder.resolve())  # or a manifest that somebody else edited
    if not inside or not target.is_file():
        return False
    target.unlink()
    for parent in target.parents:
        if parent == folder or any(parent.iterdir()):
            break
        parent.rmdir()
    return True
