"""What a page of another site needs to show this site's banner and texts: tags with their integrity, and what its
Content Security Policy must allow. Made from the built files, so a tag names bytes that are published.

A tag that is pinned loads what it was printed with and nothing else (X20), and goes on asking under that notice: it is
to be changed with each release of the notice. One that follows has no integrity of its own, only its parts have.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlsplit

from generator.config import Site
from generator.publishing.publish import is_immutable

FOLLOWING = "preferences.js"
# Said before any tag of the page can speak, whichever loads first; the banner's script says it again, and what was
# chosen. Everything is denied (S08, S11); Meta's pixel has no default, it is not loaded before a grant (S12).
_DENIED = {
    "google": "window.dataLayer=window.dataLayer||[];function gtag(){dataLayer.push(arguments)}"
    "gtag('consent','default',{ad_storage:'denied',ad_user_data:'denied',ad_personalization:'denied',"
    "analytics_storage:'denied',functionality_storage:'denied',personalization_storage:'denied',"
    "security_storage:'granted',wait_for_update:500});",
    "uet": "window.uetq=window.uetq||[];uetq.push('consent','default',{ad_storage:'denied'});",
    "clarity": "window.clarity=window.clarity||function(){(clarity.q=clarity.q||[]).push(arguments)};"
    "clarity('consentv2',{ad_Storage:'denied',analytics_Storage:'denied'});",
}


@dataclass(frozen=True, slots=True)
class Embedding:
    """Lines of HTML for another site; those of the banner are empty where this site asks for nothing."""

    origin: str
    default: str  # goes before every other script
    pinned: str
    following: str  # instead of `pinned`
    settings: str  # the way back to the choice, on every page (W01)
    texts: Mapping[str, str]  # of each policy that is in force
    include: Mapping[str, str]  # instead of those: the lines for a web server that puts the text in
    script: str  # which puts `texts` in
    csp: Mapping[str, tuple[str, ...]]  # the sources to add to each directive
    receives: tuple[str, ...]  # the origins that the receiver takes choices from


def embedding(site: Site, files: Mapping[str, bytes], notice: Mapping[str, Any] | None, settings: str) -> Embedding:
    """For a built site; `notice` is the one in force, `settings` what the link to the settings layer says."""
    url, banner = site.url.rstrip("/"), files.get(FOLLOWING)
    default = "".join(_defaults(notice)) if banner and notice else ""
    receiver = urlsplit((site.consent and site.consent.receiver) or "")
    (script,) = (path for path in files if re.fullmatch(r"static/text\.\w+\.js", path))
    in_force = [name for name in site.policies if f"{name}/fragment.html" in files]
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    elsewhere = (f"{receiver.scheme}://{receiver.netloc}",) if banner and receiver.netloc else ()
    return Embedding(
        origin=origin,
        default=f"<script>{default}</script>" if default else "",
        pinned=_tag(url, _hashed(files, banner), files, "async") if banner else "",
        following=f'<script src="{escape(url)}/{FOLLOWING}" async></script>' if banner else "",
        settings=f'<a href="{escape(url)}/cookies/" data-preferences-open>{escape(settings)}</a>' if banner else "",
        texts={name: _text(url, name, files) for name in in_force},
        include={name: f'<!--#include virtual="/{name}/fragment.html" -->' for name in in_force},
        script=_tag(url, script, files, "defer"),
        csp={
            "script-src": (origin, *([f"'{integrity(default.encode())}'"] if default else [])),
            "connect-src": (origin, *elsewhere),
            **({"trusted-types": ("preferences",)} if banner else {}),
        },
        receives=tuple(dict.fromkeys([origin, *site.consent.origins])) if banner and site.consent else (),
    )


def integrity(content: bytes) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode('ascii')}"


def _defaults(notice: Mapping[str, Any]) -> Iterator[str]:
    named = {signal.split(".")[0] for purpose in notice["purposes"] for signal in purpose["signals"]}
    return (said for signal, said in _DENIED.items() if signal in named)


def _hashed(files: Mapping[str, bytes], content: bytes) -> str:
    return next(path for path, held in files.items() if held == content and is_immutable(path))


def _tag(url: str, path: str, files: Mapping[str, bytes], when: str) -> str:
    proof = integrity(files[path])
    return f'<script src="{escape(url)}/{path}" integrity="{proof}" crossorigin="anonymous" {when}></script>'


def _text(url: str, name: str, files: Mapping[str, bytes]) -> str:
    title = re.search(rb"<h1>(.*?)</h1>", files[f"{name}/index.html"])
    return f'<div data-policy-text><a href="{escape(url)}/{name}/">{title[1].decode() if title else name}</a></div>'
