"""What a built site can show for itself: each file is what its manifest says, each register is an unbroken chain, and
each released text is the one in its register (V01). It takes nothing but the files, so whoever has a copy can ask."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from generator import history
from generator.errors import PolicyError, Problem, Where
from generator.history import Register
from generator.library import NOTICE

MANIFEST = "manifest.json"
Read = Callable[[str], bytes | None]  # a file of the site by its path, if it is there


@dataclass(frozen=True, slots=True)
class Verified:
    """What was checked, and what does not hold."""

    files: int
    registers: Mapping[str, Register]
    problems: tuple[Problem, ...] = ()


def site(read: Read, found: Iterable[str] = ()) -> Verified:
    """Everything that the manifest names; `found` are the files that are there, where they can be listed."""
    try:
        manifest = json.loads(read(MANIFEST) or b"")
        files, rows = dict(manifest["files"]), dict(manifest["registers"])
    except (ValueError, KeyError, TypeError):
        message = "there is no manifest that could say what this site holds"
        return Verified(0, {}, (Problem("manifest.missing", Where(MANIFEST), message, "policy build writes one"),))
    problems = list(_files(files, read))
    problems += [
        Problem("file.extra", Where(path), "the manifest does not name this file", "see who put it there", "warning")
        for path in sorted({*found} - files.keys() - {MANIFEST})
    ]
    registers = {}
    for name in rows:
        try:
            registers[name] = _register(name, list(rows[name]), read)
        except PolicyError as error:
            problems += error.problems
    return Verified(len(files), registers, tuple(problems))


def _files(files: Mapping[str, Any], read: Read) -> Iterator[Problem]:
    hint = "publish the site again: policy build"
    for path, digest in files.items():
        content = read(path)
        if content is None:
            yield Problem("file.missing", Where(path), "the manifest names this file, and it is not there", hint)
        elif (changed := history.digest(content)) != digest:
            message = f"the file has changed: the manifest says sha256 {digest}, the file has {changed}"
            yield Problem("file.changed", Where(path), message, hint)


def _register(name: str, rows: list[str], read: Read) -> Register:
    """The register as it is published, held against the texts; SourceError or FrozenTextChanged if one is not right."""
    path = "notices/releases.yaml" if name == NOTICE else f"{name}/releases.yaml"
    register = history.load((read(path) or b"").decode(errors="replace"), path) if rows else Register(path)
    if [row.row_hash for row in register.rows] != rows:
        raise PolicyError(Problem("register.rows", Where(path), f"the rows are not those that {MANIFEST} names"))
    for release in register.releases:
        text = f"notices/{release.sha256}.json" if name == NOTICE else f"{name}/{release.version}.md"
        history.check_frozen(register, release, read(text), text)
        for language, held in release.translations.items():
            text = f"{name}/{release.version}/{language}.md"
            history.check_frozen(register, replace(release, sha256=held.sha256), read(text), text)
    return register
