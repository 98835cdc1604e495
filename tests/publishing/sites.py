"""A site before and after a publishing, and a visitor who looks at what a server shows of them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from urllib.error import HTTPError
from urllib.request import urlopen

from generator import build
from generator.errors import PolicyError
from generator.publishing import publish
from generator.publishing.publish import Host, Plan
from generator.verify import MANIFEST
from tests.trees import CONSENT, SITE, TERMS, TODAY, Frozen, built, make_sources, policy_files

Files = Mapping[str, bytes]
_PARTS = re.compile(rb'(?:href|src)="(/(?:static/|preferences)[^"#?]*)"')
_LISTINGS = ("sitemap.xml", "terms/feed.xml", "terms/feed.json", "terms/index.json", "terms/compare/index.json")
_LISTED = re.compile(rb'(?:https://www\.example\.com|")(/[^"<>\s#\\]*)')
_LINKS = re.compile(rb'href="(/[^"#?]*)"')
_HASHED = re.compile(r"\.([0-9a-f]{10})\.(?:css|js)$")


def _notice(site: str) -> str:
    draft = build.load(make_sources(site), today=TODAY, drafts=True).notices.draft
    assert draft is not None
    return draft.content.decode()


@cache
def old() -> Files:
    """One release, one notice, and /demo/."""
    site = f"{SITE}demo: true\n{CONSENT}"
    content = {**policy_files("terms", [Frozen(TERMS)]), **policy_files("notice", [Frozen(_notice(site))])}
    return built(make_sources(site, content)).files


@cache
def new() -> Files:
    """A release more, a notice more, another style, and no /demo/: something of every kind changes, comes and goes."""
    was, site = f"{SITE}demo: true\n{CONSENT}", (SITE + CONSENT).replace("Counts visits.", "Counts visits, and pages.")
    content = {
        **policy_files("terms", [Frozen(TERMS), Frozen(TERMS.replace("everybody", "all"))]),
        **policy_files("notice", [Frozen(_notice(was)), Frozen(_notice(site), kind="material")]),
    }
    sources = make_sources(site, content)
    static = {**sources.static, "style.css": sources.static["style.css"] + b"\n/* changed */\n"}
    return built(dataclasses.replace(sources, static=static)).files


def old_again() -> Files:
    """The old pages once more, after the new ones. What was released stays: in the manifest, and for the receiver."""
    kept = {
        path: content
        for path, content in new().items()
        if path.startswith("notices") or path.endswith(("1.1.md", ".yaml"))
    }
    files = {**old(), **kept}
    registers = json.loads(new()[MANIFEST])["registers"]
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in files.items() if path != MANIFEST}
    return {**files, MANIFEST: json.dumps({"registers": registers, "files": digests}).encode()}


def send(files: Files, host: Host) -> Plan:
    todo = publish.plan(files, host, "there")
    for _ in publish.publish(files, todo, host):
        pass
    return todo


def tried(files: Files, open_host: Callable[[], Host]) -> bool:
    """Whether it came to its end; any failure of the other side is one that the command would tell."""
    try:
        host = open_host()
    except Exception as error:
        assert not isinstance(error, (AssertionError, TypeError, ValueError, KeyError)), error
        return False
    try:
        send(files, host)
    except Exception as error:
        assert isinstance(error, (*host.errors, PolicyError)), error
        return False
    finally:
        host.close()
    return True


def _file(address: str) -> str:
    name = address.lstrip("/")
    return name + ("index.html" if name.endswith("/") or not name else "")


@dataclasses.dataclass(frozen=True)
class Visitor:
    """Knows a site only by its addresses. `index` is what the server needs to be told to show a folder's page."""

    base: str
    index: str = ""

    def get(self, path: str) -> bytes | None:
        address = path.removesuffix("index.html") + self.index if path.endswith("index.html") else path
        try:
            with urlopen(f"{self.base}/{address}", timeout=10) as answer:
                content: bytes = answer.read()
                return content
        except HTTPError as error:
            error.close()
            assert error.code == 404, (path, error.code)
            return None

    def looks_around(self, before: Files, after: Files) -> None:
        """Each page is the old or the new one, whole; what it is made of is there; and from pages that both sites have,
        and from what lists pages for programs, every link leads somewhere, and from there on. (Nothing else leads to a
        page that comes or goes.)
        """
        pages = sorted(page for page in before.keys() | after.keys() if page.endswith(".html"))
        found = {path: self.opens(path, before, after) or b"" for path in pages}
        waiting, seen = [path for path in pages if path in before and path in after], set[str]()
        for listing in (path for path in _LISTINGS if path in before and path in after):
            waiting += [_file(target.decode()) for target in _LISTED.findall(self.get(listing) or b"")]
        while waiting:
            seen.add(path := waiting.pop())
            content = found[path] if path in found else self.get(path)
            assert content, path
            files = {_file(target.decode()) for target in _LINKS.findall(content) if path.endswith(".html")}
            waiting += files - seen - set(waiting)

    def opens(self, path: str, before: Files, after: Files) -> bytes | None:
        """One page with its parts, as a browser loads it."""
        page = self.get(path)
        assert page in (before.get(path), after.get(path)), path
        for part in {found.decode().lstrip("/") for found in _PARTS.findall(page or b"")}:
            content = self.get(part)
            assert content is not None, f"{path} has lost {part}"
            assert content in (before.get(part), after.get(part)), part
            if hashed := _HASHED.search(part):
                assert hashlib.sha256(content).hexdigest().startswith(hashed[1])
            if part.startswith("preferences."):
                self._notice_is_known(content)
        return page

    def _notice_is_known(self, script: bytes) -> None:
        """The receiver reads notices.json: a choice under a notice it does not know would be refused."""
        listed = json.loads(self.get("notices.json") or b"{}")["notices"]
        assert any(digest.encode() in script for digest in listed)

    def sees(self, files: Files) -> bool:
        return all(self.get(path) == content for path, content in files.items())


@dataclasses.dataclass(frozen=True)
class Reader(Visitor):
    """One who looks into a dictionary."""

    files: Files = dataclasses.field(default_factory=dict)

    def get(self, path: str) -> bytes | None:
        return self.files.get(path)
