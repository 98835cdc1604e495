"""A built site onto disk: only what changed, each file whole or not at all, and what is gone is taken away.

A file is deleted only if an earlier build of ours wrote it (its manifest says so), so nothing of anybody else's is
lost when the folder holds more than the site.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.errors import Problem, Where
from generator.history import Register
from generator.verify import MANIFEST


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: numbers of files."""

    written: int
    unchanged: int
    removed: int


def write(files: Mapping[str, bytes], folder: Path) -> Written:
    """Bring `folder` to hold exactly `files`, beside what others put there.

    The manifest is written last: after a crash before it, the next write still knows what is to be taken away.
    """
    gone = sorted(_known(folder) - files.keys())
    # Pages after what they name, and after notices.json: a choice made on a new page must be known to the receiver.
    order = sorted(files.keys() - {MANIFEST}, key=lambda path: (path.endswith(".html"), path))
    written = sum(put(folder / path, files[path]) for path in order)
    removed = sum(remove(folder, path) for path in gone)
    if MANIFEST in files:
        written += put(folder / MANIFEST, files[MANIFEST])
    return Written(written, len(files) - written, removed)


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
