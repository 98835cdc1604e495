"""The files of a site and of the program itself, by path below a folder: names and what the system says of each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent
# In the wheel the look travels inside the package; in a checkout it is the top level's templates/ and static/.
THEME = PACKAGE / "theme" if (PACKAGE / "theme").is_dir() else PACKAGE.parent


def walk(folder: Path) -> list[tuple[str, os.stat_result]]:
    """Every file below a folder, hidden ones apart, in a fixed order."""
    found = [(name, entry.stat()) for name, entry in _entries(str(folder), "")] if folder.is_dir() else []
    return sorted(found, key=lambda pair: pair[0].split("/"))


def _entries(folder: str, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(entry.path, f"{prefix}{entry.name}/")
            elif entry.is_file():
                yield prefix + entry.name, entry
