"""What publishing does, in which order, so that a visitor gets the old site or the new one, and never a page without
its parts.

What is published is told by the target's manifest. Files whose names hold their content come first and are never taken
away, since a page in a cache or an archive names them; then notices.json, since the receiver must know a notice before
a page shows it; then whatever is new, which nothing leads to yet; then the parts of pages, pages, the feeds that send
readers to them, the manifest, and deletions at the end.

A host that cannot switch a whole site at once is first told what is about to change (BEGUN). After an interruption
those paths may hold the old or the new, so they count as changed until a later publishing has come to its end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol

from generator import verify
from generator.errors import PolicyError, Problem, Where
from generator.verify import MANIFEST

BEGUN = ".publish/begun.json"
_IMMUTABLE = re.compile(r".+\.[0-9a-f]{10}\.(?:css|js)|notices/[0-9a-f]{64}\.json")
_ORDER = ("immutable", "notices", "new", "parts", "pages", "feeds")
_FEEDS = ("feed.xml", "feed.json", "sitemap.xml")
_LIMITS = {".js": 256 * 1024, ".css": 256 * 1024, "": 25 * 1024 * 1024}  # the smallest of the static hosts' limits


class Host(Protocol):
    """The verbs that every kind of target has. A number that one yields counts bytes that went up."""

    errors: tuple[type[Exception], ...]  # what its libraries raise when the other side fails
    switches: bool  # whether nothing is seen of a publishing before `switch`

    def read(self, path: str) -> bytes | None:
        """A file of the site as it is published now; None where there is none."""

    def prepare(self, files: Mapping[str, bytes]) -> Iterator[int]:
        """Bring up, where no visitor looks, what can be."""

    def put(self, files: Mapping[str, bytes]) -> Iterator[int]:
        """Let these be seen, each whole or not at all. They were given to `prepare` before."""

    def delete(self, paths: Iterable[str]) -> None: ...

    def switch(self) -> None:
        """The end: from now on visitors get what was put, and what was only needed on the way is cleared."""

    def back(self) -> str:
        """Show the site of before again, and say which one that is."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest.json, or the BEGUN of a publishing: the rows of each register by their hashes, files with theirs."""

    registers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


NOTHING = Manifest()


def read_manifest(data: bytes | None, where: str) -> Manifest:
    """PolicyError where it makes no sense: without it nobody knows which releases were published (V01)."""
    if data is None:
        return NOTHING
    try:
        told = json.loads(data)
        registers = {str(name): dict(rows.items()) for name, rows in told["registers"].items()}
        files = {str(path): str(digest) for path, digest in told["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        registers, files = {}, {"": ""}
    if not all(map(_is_inside, files)):
        hint = "mend it from a copy of the published site; delete it only if nothing of ours was ever published there"
        raise PolicyError(Problem("publish.manifest", Where(where), "this is not a manifest of ours", hint))
    return Manifest(registers, files)


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and "\\" not in path


@dataclass(frozen=True, slots=True)
class Plan:
    """What one publishing does: `puts` in their order, the files of one of them in any, then `deletions`."""

    puts: Mapping[str, tuple[str, ...]]
    deletions: tuple[str, ...]
    unchanged: int

    @property
    def changed(self) -> list[str]:
        return [path for paths in self.puts.values() for path in paths]


def plan(files: Mapping[str, bytes], host: Host, where: str) -> Plan:
    """What the host lacks; PolicyError where the site would rewrite what was published there."""
    before = read_manifest(host.read(MANIFEST), f"{where}/{MANIFEST}")
    begun = NOTHING if host.switches else read_manifest(host.read(BEGUN), f"{where}/{BEGUN}")
    now = read_manifest(files[MANIFEST], MANIFEST)
    if lost := [*_rewritten(now, before, where), *_rewritten(now, begun, where)]:
        raise PolicyError(dict.fromkeys(lost))
    return compare(now, before, begun)


def compare(now: Manifest, before: Manifest, begun: Manifest) -> Plan:
    """The least that brings a host from what its manifest says to what another says."""
    changed = [path for path, digest in now.files.items() if before.files.get(path) != digest or path in begun.files]
    gone = (before.files.keys() | begun.files.keys()) - now.files.keys()
    gone_in_order = sorted(gone, key=lambda path: (not path.endswith(".html"), path))  # a page before its parts
    puts: dict[str, list[str]] = {kind: [] for kind in _ORDER}
    for path in changed:
        puts[_kind(path, before)].append(path)
    if changed or gone or before.registers != now.registers:
        puts["manifest"] = [MANIFEST]
    deletions = tuple(path for path in gone_in_order if not is_immutable(path))
    return Plan({name: tuple(paths) for name, paths in puts.items() if paths}, deletions, len(now.files) - len(changed))


def _kind(path: str, before: Manifest) -> str:
    if is_immutable(path):
        return "immutable"
    if path == "notices.json":
        return "notices"
    if path not in before.files:
        return "new"
    return "pages" if path.endswith(".html") else "feeds" if PurePosixPath(path).name in _FEEDS else "parts"


def is_immutable(path: str) -> bool:
    """Whether the name holds the content's hash: under it, nothing else can ever be."""
    return bool(_IMMUTABLE.fullmatch(path))


def _lost(now: Manifest, published: Manifest) -> Iterator[tuple[str, str, str]]:
    """Rows of registers that are published and not in another site: policy, version, and the row's hash."""
    for name, rows in published.registers.items():
        yield from ((name, version, row) for row, version in rows.items() if row not in now.registers.get(name, ()))


def _rewritten(now: Manifest, published: Manifest, where: str) -> Iterator[Problem]:
    """History stays (V01)."""
    hint = "bring back the text that was published; what it should say now is a new release"
    for name, version, row in _lost(now, published):
        yield Problem("publish.rewrites-history", Where(where), f"{name} {version} is published as row {row}", hint)


def hidden(now: Manifest, before: Manifest, where: str) -> Iterator[Problem]:
    """What going back to an earlier site takes out of sight."""
    hint = "publish again as soon as the site is mended; a release is taken back by policy withdraw"
    for name, version, _ in _lost(now, before):
        yield Problem("publish.hidden", Where(where), f"{name} {version} is not shown any more", hint, "warning")


def publish(files: Mapping[str, bytes], todo: Plan, host: Host) -> Iterator[int]:
    """Carry it out. Stopped anywhere and started again, it ends in the same site."""
    if not todo.puts:
        return
    changed = {path: files[path] for path in todo.changed}
    begun = {} if host.switches else {BEGUN: _begun(files, todo)}
    yield from host.prepare({**changed, **begun})
    for paths in ((BEGUN,) if begun else (), *todo.puts.values()):
        yield from host.put({path: (changed | begun)[path] for path in paths})
    host.delete(todo.deletions)
    host.switch()


def _begun(files: Mapping[str, bytes], todo: Plan) -> bytes:
    new = read_manifest(files[MANIFEST], MANIFEST)
    doubtful = {path: new.files.get(path, "") for path in (*todo.changed, *todo.deletions) if path != MANIFEST}
    return json.dumps({"registers": new.registers, "files": doubtful}, sort_keys=True).encode()


# What is asked of a built site before any of it goes up.

_NAMED = re.compile(rb'(?<![\w-])(?:href|src)="(/(?!/)[^"?#]*)[^"#]*(?:#([^"]*))?"')
_ID = re.compile(rb'(?<![\w-])id="([^"]*)"')
# What the CSP of a page would stop: inline style and script, handlers, anything loaded from elsewhere.
_STOPPED = re.compile(
    rb"<style\b|<script(?![^>]*\b(?:src|type)=)|<[a-z][^>]*\s(?:on[a-z]+|style)="
    rb"|<(?:script|img|iframe|source|audio|video)\b[^>]*\ssrc=\"(?:https?:)?//|<link\b(?=[^>]*stylesheet)[^>]*href=\"[^/]"
)


def faults(files: Mapping[str, bytes], csp: str) -> Iterator[Problem]:
    """What keeps a built site at home: hashes, links, CSP, sizes."""
    yield from verify.site(files.get, files).problems
    pages = {path: content for path, content in files.items() if path.endswith(".html")}
    ids = {path: frozenset(_ID.findall(content)) for path, content in pages.items()}
    for path, content in pages.items():
        for target, fragment in sorted(set(_NAMED.findall(content))):
            yield from _link(path, target.decode(), fragment, files, ids)
        if content.lstrip()[:9].lower() == b"<!doctype":
            yield from _csp(path, content, csp)
    for path, content in files.items():
        limit = _LIMITS.get(PurePosixPath(path).suffix, _LIMITS[""])
        if not 0 < len(content) <= limit:
            yield Problem("publish.size", Where(path), f"{len(content)} bytes, and may have 1 to {limit}")


def _link(
    path: str, target: str, fragment: bytes, files: Mapping[str, bytes], ids: Mapping[str, frozenset[bytes]]
) -> Iterator[Problem]:
    named = target.lstrip("/") + ("index.html" if target.endswith("/") else "")
    if named not in files and named != "choices":
        yield Problem("publish.link", Where(path), f"{target} leads to no file of this site")
    elif fragment and fragment not in ids.get(named, {fragment}):
        yield Problem("publish.link", Where(path), f"{target} has no part #{fragment.decode()}", severity="warning")


def _csp(path: str, content: bytes, csp: str) -> Iterator[Problem]:
    if f'http-equiv="Content-Security-Policy" content="{csp}"'.encode() not in content.replace(b"&#39;", b"'"):
        yield Problem("publish.csp", Where(path), "does not carry the site's content security policy", csp)
    if stopped := _STOPPED.search(content):
        yield Problem("publish.csp", Where(path), f"the policy would stop {stopped[0].decode()!r}")
