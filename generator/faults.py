"""What is wrong with built pages: gates that nothing opens, what is fetched from others, links to nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from generator.cache import Made
from generator.errors import Problem, Where
from generator.library import Library

_TELLING = re.compile(rb'\s(?:data-purpose|src|srcset|poster|rel)="')
_ATTRIBUTE = re.compile(r'\s(data-purpose|data-service|data-src|src|srcset|poster|href|rel|type)="([^"]*)"')
# Kinds of links that a browser follows by itself, and hints that already tell another host who is reading.
_FETCHED = {"stylesheet", "icon", "manifest", "preconnect", "prefetch", "preload", "modulepreload", "dns-prefetch"}
_IN_STYLE = re.compile(rb"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')\s]+)", re.IGNORECASE)


def signs(path: str, content: bytes) -> tuple[str, ...]:
    """What is to be remembered of a file, to tell its faults: tags that gate or name another host, and style sheets'
    addresses."""
    if path.endswith(".css"):
        return tuple(address.decode() for address in _IN_STYLE.findall(content))
    if not path.endswith(".html"):
        return ()
    return tuple(sorted(tag.decode() for tag in _tags(content) if b"data-purpose" in tag or b"//" in tag))


def links_to(policies: Collection[str]) -> Callable[[bytes], tuple[str, ...]]:
    """Where a page leads below one of the site's own policies."""
    ours = re.compile(rf'href="(/(?:{"|".join(policies)})/[^"#?]*)'.encode())
    return lambda content: tuple(sorted({found.decode() for found in ours.findall(content)}))


def found(loaded: Library, made: Mapping[str, Made]) -> Iterator[Problem]:
    for path, file in made.items():
        if path.endswith(".css"):
            for address in file.signs:
                yield from _foreign(loaded, Where(path), address)
        else:
            for told in map(_told, file.signs):
                yield from _gate(loaded, Where(path), told)
                yield from _fetched(loaded, Where(path), told)
    yield from _links(made)


def _tags(content: bytes) -> set[bytes]:
    """The tags that gate or may fetch something."""
    places = [(match.start(), match.end()) for match in _TELLING.finditer(content)]
    return {content[content.rfind(b"<", 0, start) : content.find(b">", end)] for start, end in places}


@lru_cache(1024)  # pages have most of them in common
def _told(tag: str) -> dict[str, str]:
    name = "script" if tag[:7].lower() == "<script" else ""
    return {"tag": name, **dict(_ATTRIBUTE.findall(tag))}


def _gate(loaded: Library, where: Where, told: Mapping[str, str]) -> Iterator[Problem]:
    """What waits for something that nobody is asked about would wait for ever (G03)."""
    if "data-purpose" not in told:
        return
    purpose, service = told["data-purpose"], told.get("data-service")
    asking = _asking(loaded)
    embedded = [each["id"] for services in asking.values() for each in services if each.get("embedded")]
    if purpose not in asking:
        message = f"something is gated by the purpose {purpose!r}, for which site.yaml asks no consent"
        yield Problem("gate.unknown-purpose", where, message, f"declared: {', '.join(sorted(asking))}")
    elif service and service not in (ids := [each["id"] for each in asking[purpose]]):
        message = f"something is gated by the service {service!r}, which the purpose {purpose!r} does not have"
        yield Problem("gate.unknown-service", where, message, f"declared: {', '.join(sorted(ids))}")
    elif told["tag"] and told.get("type") != "text/plain":
        message = f"a script names the purpose {purpose!r} and runs at once all the same"
        yield Problem("gate.open", where, message, 'give it type="text/plain"')
    elif "data-src" in told and not embedded:
        message = "something waits with data-src, and no service is declared as embedded"
        yield Problem("gate.not-embedded", where, message, "write 'embedded: true' at its service in site.yaml")


def _asking(loaded: Library) -> dict[str, list[Any]]:
    purposes = loaded.notice.data["purposes"] if loaded.notice else ()
    return {purpose["id"]: purpose["services"] for purpose in purposes if purpose["basis"] == "consent"}


def _fetched(loaded: Library, where: Where, told: Mapping[str, str]) -> Iterator[Problem]:
    """Nothing is fetched from others but what waits for consent (G01, G07, G08)."""
    if "data-purpose" in told:
        return
    names = ["src", "srcset", "poster", *(["href"] if _FETCHED & set(told.get("rel", "").split()) else [])]
    for name in names:
        for address in told.get(name, "").split(","):  # srcset lists several
            yield from _foreign(loaded, where, address.strip())


def _foreign(loaded: Library, where: Where, address: str) -> Iterator[Problem]:
    host = urlsplit(address).netloc
    if host and host != urlsplit(loaded.site.url).netloc:
        message = f"the page fetches {address!r} before anybody is asked, which tells {host} who reads it"
        yield Problem("page.foreign", where, message, "serve it from this site, or let it wait for a purpose")


def _links(made: Mapping[str, Made]) -> Iterator[Problem]:
    """A link below one of the site's own policies leads to a page that is built."""
    for path, file in made.items():
        for target in file.links:
            if (target + ("index.html" if target.endswith("/") else "")).lstrip("/") not in made:
                message, hint = (
                    f"the link {target} leads to no page of this site",
                    "mend it in the text the page is made from",
                )
                yield Problem("link.no-page", Where(path), message, hint, "warning")
