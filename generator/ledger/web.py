"""HTTP as the receiver speaks it: what a request is, how its body is read, what an answer looks like."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping, Set
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

BODY_BYTES = 8 * 1024  # X03
BODY_SECONDS = 10  # X09
JSON_TYPES = frozenset({"application/json", "application/json;charset=utf-8"})

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

SECURITY: Headers = [  # X13
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
]
_NONE: list[str] = []
_CLOSE = (b"connection", b"close")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    type: str = "application/json"
    headers: Headers = field(default_factory=list)


class Wrong(Exception):
    """A request that is not taken: its status, one sentence for whoever sent it, and headers that belong to it."""

    def __init__(self, status: HTTPStatus, detail: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, list(headers)


class Gone(Exception):
    """The client hung up; there is nobody to answer."""


class Request:
    def __init__(self, method: str, path: str, headers: Headers, peer: str, receive: Receive) -> None:
        self.method, self.path, self.peer, self.receive = method, path, peer, receive
        self._headers: dict[bytes, list[str]] = {}
        for name, value in headers:
            self._headers.setdefault(name, []).append(value.decode("latin-1"))

    def all(self, name: bytes) -> list[str]:
        return self._headers.get(name, _NONE)


def same_host(request: Request) -> bool:
    """Whether the page is of the host that was asked, so that they share cookies; those know no ports (RFC 6265)."""
    hosts, origins = request.all(b"host"), request.all(b"origin")
    try:
        return len(hosts) == len(origins) == 1 and urlsplit(f"//{hosts[0]}").hostname == urlsplit(origins[0]).hostname
    except ValueError:
        return False


def check_type(request: Request, allowed: Set[str] = JSON_TYPES) -> None:
    """X02: what a form cannot send makes a foreign page ask first (preflight)."""
    types = ["".join(value.split()).replace('"', "").lower() for value in request.all(b"content-type")]
    if len(types) != 1 or types[0] not in allowed or request.all(b"content-encoding"):
        detail = f"The body must be {min(allowed, key=len)} in UTF-8, not encoded."
        raise Wrong(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)


async def body_in_time(request: Request) -> bytes:
    """X09: the whole body by then, however steadily it drips; unfinished ones would take up all connections."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _body(request)
    except TimeoutError:
        detail = f"The body was not complete after {BODY_SECONDS} seconds."
        raise Wrong(HTTPStatus.REQUEST_TIMEOUT, detail, _CLOSE) from None


async def _body(request: Request) -> bytes:
    """X03: counted as it comes, whatever Content-Length says. X10: one framing, not two."""
    if request.all(b"content-length") and request.all(b"transfer-encoding"):
        raise Wrong(HTTPStatus.BAD_REQUEST, "Content-Length and Transfer-Encoding exclude each other.", _CLOSE)
    data, more = b"", True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise Gone
        data += message.get("body", b"")
        more = message.get("more_body", False)
        if len(data) > BODY_BYTES:
            raise Wrong(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body has at most {BODY_BYTES} bytes.", _CLOSE)
    return data


def problem(status: HTTPStatus, detail: str, headers: Headers) -> Answer:
    """RFC 9457."""
    members = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    return Answer(status, json.dumps(members).encode(), "application/problem+json", list(headers))


async def send_answer(answer: Answer, send: Send) -> None:
    headers = [*SECURITY, *answer.headers]
    if answer.status != HTTPStatus.NO_CONTENT:
        headers += [(b"content-type", answer.type.encode()), (b"content-length", b"%d" % len(answer.body))]
    await send({"type": "http.response.start", "status": int(answer.status), "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
