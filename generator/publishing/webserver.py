"""What a web server is told of a site: headers, caching, types, and the receiver behind it. Made from site.yaml, so
that the header says what the pages say, and the addresses are those of the site.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from generator import build
from generator.config import Site
from generator.errors import PolicyError, Problem, Where
from generator.publishing.publish import is_immutable

FOR_EVER = "public, max-age=31536000, immutable"  # for names that hold the content's hash (RFC 8246)
ASK = "no-cache"  # kept, but asked about each time: a page and its parts stay together
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/markdown",
    ".svg": "image/svg+xml",
    ".ts": "text/plain",  # declarations of TypeScript, which some servers take for a film
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".yaml": "application/yaml",
}
FILES = {
    "nginx": "nginx.conf",
    "caddy": "Caddyfile",
    "systemd": "policy-receiver.service",
    "systemd-publish": "policy-publish.service",
    "systemd-timer": "policy-publish.timer",
}
_TEMPLATES = Path(__file__).parent / "webservers"


def caching(path: str) -> str:
    return FOR_EVER if is_immutable(path) else ASK


def content_type(path: str) -> str:
    known = _TYPES.get(PurePosixPath(path).suffix)
    return f"{known}; charset=utf-8" if known else "application/octet-stream"


def headers(site: Site) -> dict[str, str]:
    """What every answer carries (ASVS 3.4). Texts and banner are for everybody: other sites show and check them."""
    sent = {
        "Content-Security-Policy": f"{build.csp(site)}; frame-ancestors 'none'",  # which a page cannot say of itself
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Access-Control-Allow-Origin": "*",
    }
    return {**sent, **({"Strict-Transport-Security": "max-age=31536000"} if site.url.startswith("https") else {})}


def static_headers(site: Site, paths: Iterable[str]) -> str:
    """`_headers`, as Netlify, Cloudflare Pages and others read it. They let nothing override a header of `/*`, but
    ask about every file by themselves, so only what need not be asked about is named."""
    rules = {"/*": headers(site), **{f"/{path}": {"Cache-Control": FOR_EVER} for path in sorted(paths)}}
    named = {path: rule for path, rule in rules.items() if path == "/*" or is_immutable(path[1:])}
    return "".join(
        f"{path}\n" + "".join(f"  {name}: {value}\n" for name, value in rule.items()) for path, rule in named.items()
    )


@dataclass(frozen=True, slots=True)
class Machine:
    """What a configuration names of the machine that it is for."""

    folder: str  # where the built site lies
    receiver: str  # where the receiver listens
    program: str = "policy"
    certificate: str = ""
    key: str = ""
    root: str = ""  # where the site's own folder lies
    user: str = ""  # who publishes
    target: str = ""  # where to; nowhere where the web server shows what is built

    def __post_init__(self) -> None:
        for field, value in asdict(self).items():
            if any(character in value for character in '"\\${}%\n;'):  # each a sign of its own to a server
                message = f"cannot be written into a configuration: {value!r}"
                raise PolicyError(Problem("config.value", Where(field), message))


def configuration(kind: str, site: Site, machine: Machine) -> str:
    """A server's configuration."""
    origin = urlsplit(site.url)
    behind = site.consent.receiver if site.consent and (site.consent.receiver or "").startswith("/") else None
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # what could break out of a quoted value was refused above
    )
    return environment.get_template(FILES[kind]).render(
        site=site,
        host=origin.hostname,
        port=origin.port,
        secure=origin.scheme == "https",
        headers=headers(site),
        types={ending.lstrip("."): type_ for ending, type_ in _TYPES.items()},
        caching={"for_ever": FOR_EVER, "ask": ASK},
        behind=behind,
        receiver_port=machine.receiver.rpartition(":")[2],
        job=f'publish "{machine.target}"' if machine.target else "build",
        **asdict(machine),
    )
