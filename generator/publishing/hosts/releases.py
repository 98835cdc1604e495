"""A folder of releases and the link `current`, which the web server shows: switching it is one step for every visitor.

current -> releases/0007-1f2e3d4c5b6a
releases/0006-…, releases/0007-…      numbered, and named by their manifest; what did not change is linked, not copied
releases/.next-1f2e3d4c5b6a           one in the making: started again, it goes on
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from generator import output
from generator.publishing.hosts import nothing_before
from generator.publishing.targets import Target
from generator.verify import MANIFEST

_NAME = re.compile(r"(\d{4,})-[0-9a-f]{12}")


def next_name(names: Iterable[str], manifest: bytes) -> str:
    numbers = [int(found[1]) for name in names if (found := _NAME.fullmatch(name))]
    return f"{max(numbers, default=0) + 1:04}-{making(manifest)}"


def making(manifest: bytes) -> str:
    return hashlib.sha256(manifest).hexdigest()[:12]


def in_order(names: Iterable[str]) -> list[str]:
    return sorted((name for name in names if _NAME.fullmatch(name)), key=lambda name: int(name.split("-")[0]))


def surplus(names: Iterable[str], current: str, keep: int) -> list[str]:
    """What need not stay: releases that are neither among the newest nor shown, and what began from another one."""
    begun = [name for name in names if name.startswith(".next-")]
    return begun + [name for name in in_order(names)[:-keep] if name != current]


def before(names: Iterable[str], current: str, where: str) -> str:
    """The release before `current`; PolicyError where there is none."""
    ordered = in_order(names)
    at = ordered.index(current) if current in ordered else 0
    if at == 0:
        raise nothing_before(where)
    return ordered[at - 1]


class Folder:
    """Such a folder on this machine."""

    errors: tuple[type[Exception], ...] = (OSError,)
    switches = True

    def __init__(self, folder: Path, keep: int) -> None:
        self._folder, self._keep = folder, keep
        self._releases, self._current = folder / "releases", folder / "current"

    def read(self, path: str) -> bytes | None:
        try:
            return (self._current / path).read_bytes()
        except FileNotFoundError:
            return None

    def prepare(self, files: Mapping[str, bytes]) -> Iterator[int]:
        self._manifest = files[MANIFEST]
        self._next = self._releases / f".next-{making(self._manifest)}"
        if not self._next.exists():
            part = self._releases / ".part"
            shutil.rmtree(part, ignore_errors=True)
            if self._current.exists():
                shutil.copytree(self._current, part, copy_function=os.link, symlinks=True)
            part.mkdir(parents=True, exist_ok=True)
            part.rename(self._next)
        for path, content in files.items():
            # It takes the link's place: the old release keeps its own. After a power cut it must not be an empty one.
            output.put(self._next / path, content, durable=True)
            yield len(content)

    def put(self, files: Mapping[str, bytes]) -> Iterator[int]:
        return iter(())

    def delete(self, paths: Iterable[str]) -> None:
        for path in paths:
            output.remove(self._next, path)

    def switch(self) -> None:
        name = next_name(self._names(), self._manifest)
        self._next.rename(self._releases / name)
        self._show(name)

    def back(self) -> str:
        name = before(self._names(), self._current.resolve().name, str(self._folder))
        self._show(name)
        return name

    def close(self) -> None:
        """Nothing is open."""

    def _names(self) -> list[str]:
        return [path.name for path in self._releases.iterdir()] if self._releases.is_dir() else []

    def _show(self, name: str) -> None:
        """rename(2) is atomic: there is no moment without a site."""
        link = self._folder / ".current"
        link.unlink(missing_ok=True)
        link.symlink_to(f"releases/{name}")
        link.replace(self._current)
        for old in surplus(self._names(), name, self._keep):
            shutil.rmtree(self._releases / old)


def open_host(target: Target, root: Path, beside: Mapping[str, bytes]) -> Folder:
    return Folder(root / target.folder, target.keep)
