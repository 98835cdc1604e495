"""What an earlier build left in `.cache/` of a site: what it read, what it wrote, what it said.

Nothing needs it. What is there is believed only as far as the files themselves bear it out; what is broken, half
written, or of another program is as good as not there, and everything is made again. It loads little, for a build that
has nothing to do should take no time.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from generator.files import PACKAGE, THEME, walk

CHECKPOINT = "checkpoint.txt"  # of the ledger, which a site keeps until it is given another
FOLDERS = ("content", "templates", "static")
_DOUBT = 2_000_000_000  # ns: a file written this shortly before it was looked at may change again without a sign
Seen = list[Any]  # of a file: size, time, SHA-256; of one that was built, what Made has besides


class Made(NamedTuple):
    """What is to be remembered of a built file."""

    digest: str  # SHA-256
    key: str  # of what it was made from
    of: int  # how many files were made at once
    links: tuple[str, ...]  # where a page leads within the site's policies
    signs: tuple[str, ...]  # what its faults are told from


@dataclass(frozen=True, slots=True)
class Record:
    """One build that went well, by what it was asked."""

    program: str
    day: str
    taken: int  # when its sources were looked at, in ns
    inputs: Mapping[str, Seen]
    outputs: Mapping[str, Seen]
    said: Mapping[str, Any]  # its problems and its summary, to be said again


def place(root: Path, out: Path, *asked: object) -> Path:
    """Where the record of such a build is."""
    name = hashlib.sha256(repr((str(out.absolute()), *asked)).encode()).hexdigest()[:16]
    return root / f".cache/build-{name}.json"


def load(path: Path) -> Record | None:
    """The record, if it is whole and of this program."""
    try:
        digest, _, text = path.read_bytes().partition(b"\n")
        if digest.decode() != hashlib.sha256(text).hexdigest():
            return None
        record = Record(**json.loads(text))
    except (OSError, ValueError, TypeError):
        return None
    return record if record.program == program() else None


def content_of(record: Record) -> bytes:
    """A record as it is kept."""
    text = json.dumps(asdict(record), ensure_ascii=False, separators=(",", ":")).encode()
    return hashlib.sha256(text).hexdigest().encode() + b"\n" + text


@cache
def program() -> str:
    """What makes the pages: this package, the shipped look, Python, and the libraries by name and version.

    It is what a process began with: its own sources may change while a preview runs, and the code that runs does not.
    """
    found = [
        (name, stat.st_size, stat.st_mtime_ns)
        for folder in dict.fromkeys((PACKAGE, THEME / "templates", THEME / "static"))
        for name, stat in walk(folder)
        if not name.endswith(".pyc")
    ]
    libraries = sorted({place.name for folder in sys.path for place in Path(folder).glob("*.dist-info")})
    told = (sys.version, found, libraries)
    return hashlib.sha256(repr(told).encode()).hexdigest()


def sources(root: Path) -> dict[str, os.stat_result]:
    """The files that a build of this site reads."""
    site = root / "site.yaml"
    found = {"site.yaml": site.stat()} if site.is_file() else {}
    return found | {f"{folder}/{name}": stat for folder in FOLDERS for name, stat in walk(root / folder)}


def seen(stats: Mapping[str, os.stat_result], digests: Mapping[str, str]) -> dict[str, Seen]:
    """Files as they are remembered; one that came or went while it was looked at is not."""
    both = ((path, stat, digests[path]) for path, stat in stats.items() if path in digests)
    return {path: [stat.st_size, time_of(stat), digest] for path, stat, digest in both}


def time_of(stat: os.stat_result) -> int:
    """In ns. A text that is put in place with its old time (cp -p, tar, rsync) tells by the other of the two."""
    return max(stat.st_mtime_ns, stat.st_ctime_ns)


def standing(record: Record | None, out: Path) -> dict[str, Made]:
    """The files that are as that build left them."""
    if record is None:
        return {}
    changed = set(_changed(record.outputs, out))
    return {path: Made(*told[2:]) for path, told in record.outputs.items() if path not in changed}


def reasons(record: Record | None, root: Path, out: Path, day: str) -> list[str]:
    """Why there is something to build; nothing where the site in `out` is what a build would make."""
    if record is None:
        return ["no earlier build is known"]
    found = [f"it is {day}"] if day != record.day else []
    now = sources(root)
    found += [f"{path} is new" for path in now if path not in record.inputs]
    found += [f"{path} is gone" for path in record.inputs if path not in now]
    kept = {path: seen for path, seen in record.inputs.items() if path in now}
    found += [f"{path} has changed" for path in _changed(kept, root, record.taken - _DOUBT)]
    if CHECKPOINT not in record.outputs and (out / CHECKPOINT).is_file():
        found.append(f"{CHECKPOINT} in {out} is new")
    return found + [f"{path} in {out} is not as it was built" for path in _changed(record.outputs, out)]


def _changed(known: Mapping[str, Seen], folder: Path, sure: float = float("inf")) -> Iterator[str]:
    """The files that are not as they were: by size and time, and by content where those leave a doubt."""
    for path, (size, time, digest, *_) in known.items():
        name = f"{folder}/{path}"
        try:
            stat = os.stat(name)  # noqa: PTH116  thousands of them, and a Path takes as long as the call
            if stat.st_size == size and (time_of(stat) == time < sure or digest_of(name) == digest):
                continue
        except OSError:
            pass
        yield path


def digest_of(name: str) -> str:
    return hashlib.sha256(Path(name).read_bytes()).hexdigest()
