"""A built site onto disk: only what changed, each file whole or not at all, and what is gone is taken away.

A file is deleted only if an earlier build of ours wrote it (its manifest says so), so nothing of anybody else's is
lost when the folder holds more than the site.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MANIFEST = "manifest.json"


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
    written = sum(put(folder / path, files[path]) for path in sorted(files.keys() - {MANIFEST}))
    removed = sum(_remove(folder, path) for path in gone)
    if MANIFEST in files:
        written += put(folder / MANIFEST, files[MANIFEST])
    return Written(written, len(files) - written, removed)


def _known(folder: Path) -> set[str]:
    """The paths that the last build wrote here."""
    try:
        return {str(path) for path in json.loads((folder / MANIFEST).read_bytes())["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def put(path: Path, content: bytes) -> bool:
    """Whether the file had to be written. It is replaced in one step, so a reader never sees half of it."""
    try:
        if path.stat().st_size == len(content) and path.read_bytes() == content:
            return False
    except OSError:
        path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
    return True


def _remove(folder: Path, path: str) -> bool:
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
