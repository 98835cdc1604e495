"""The receiver: a small ASGI application that takes choices and answers with receipts. Anybody may reach it, so each
request is checked from the outside in: method, where it comes from, what it says it is, its size, its form, its
meaning. A refusal is problem+json (RFC 9457) and repeats nothing of what was sent (X11).
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

from generator.errors import LedgerError, Problem, Where
from generator.ledger.choices import Malformed, Refused, parse
from generator.ledger.commits import Commits, Conflict
from generator.ledger.log import Checkpoint
from generator.ledger.notices import Notices, is_origin
from generator.ledger.records import NONCE_BYTES, accept
from generator.ledger.store import Store

BODY_BYTES = 8 * 1024  # X03
BODY_SECONDS = 10  # X09
JSON_TYPES = {"application/json", "application/json;charset=utf-8"}
PREFLIGHT_SECONDS = 600

Clock = Callable[[], datetime]
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
logger = logging.getLogger("policy.receiver")


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


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: Headers
    receive: Receive

    def all(self, name: bytes) -> list[str]:
        return [value.decode("latin-1") for key, value in self.headers if key == name]


class Receiver:
    """The ASGI application. `clock` gives aware UTC times; `origins` may post besides those that the notices list.

    It owns the commits; the store is the caller's to close, after the application has shut down.
    """

    def __init__(self, store: Store, notices: Notices, clock: Clock, *, origins: Iterable[str] = ()) -> None:
        self._more_origins = frozenset(origins)
        for origin in self._more_origins:
            if not is_origin(origin):  # X05: neither * nor null
                message = "an origin is http(s)://host[:port], without a path"
                raise LedgerError(Problem("origin.wrong", Where(origin), message))
        self._store, self._clock = store, clock
        self._commits = Commits(store)
        self.adopt(notices)

    def adopt(self, notices: Notices) -> None:
        """Other notices from now on: after a rebuild of the site, without losing a request."""
        self._notices, self._origins = notices, self._more_origins | set(notices.origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            request = Request(scope["method"], scope["path"], scope["headers"], receive)
            try:
                await _send(await self._answer(request), send)
            except Gone:
                return

    async def _live(self, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await self._commits.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, request: Request) -> Answer:
        try:
            return await self._route(request)
        except Wrong as wrong:
            answer = _problem(wrong.status, wrong.detail, wrong.headers)
        except LedgerError as error:
            logger.error("the ledger failed: %s", [problem.code for problem in error.problems])
            detail = "The ledger cannot be reached now. Nothing is lost by sending the same body again."
            answer = _problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, [(b"retry-after", b"5")])
        except Gone:
            raise
        except Exception as error:  # X18: keep serving; X12: the message could quote the request, the place cannot
            logger.error("a fault of ours: %s at %s", type(error).__name__, _place(error))
            answer = _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "This is a fault of the receiver.", [])
        answer.headers.extend(self._cors(request))
        return answer

    async def _route(self, request: Request) -> Answer:
        routes = {
            "/choices": {"POST": self._choices, "OPTIONS": self._preflight},
            "/checkpoint": {"GET": self._checkpoint, "HEAD": self._checkpoint},
            "/healthz": {"GET": self._health, "HEAD": self._health},
        }
        methods = routes.get(request.path)
        if methods is None:
            raise Wrong(HTTPStatus.NOT_FOUND, "There is nothing here.")
        if request.method not in methods:
            allow = (b"allow", ", ".join(methods).encode())
            raise Wrong(HTTPStatus.METHOD_NOT_ALLOWED, "The Allow header lists what this address takes.", allow)
        return await methods[request.method](request)

    async def _choices(self, request: Request) -> Answer:
        self._check_origin(request)
        _check_type(request)
        data = await _body_in_time(request)
        notices = self._notices
        try:
            choice = parse(data)
            record = accept(choice, notices, self._clock(), os.urandom(NONCE_BYTES))
            stored = await self._commits.keep(choice, record, notices)
        except Malformed as error:
            raise Wrong(HTTPStatus.BAD_REQUEST, str(error)) from None
        except Refused as error:
            raise Wrong(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
        except Conflict:
            raise Wrong(HTTPStatus.CONFLICT, "This event_id belongs to another choice.") from None
        answer = Answer(HTTPStatus.CREATED if stored.new else HTTPStatus.OK, stored.receipt)
        answer.headers.extend(self._cors(request))
        return answer

    async def _preflight(self, request: Request) -> Answer:
        self._check_origin(request)
        headers = [(b"allow", b"POST, OPTIONS"), *self._cors(request)]
        if request.all(b"origin"):
            headers += [
                (b"access-control-allow-methods", b"POST"),
                (b"access-control-allow-headers", b"content-type"),
                (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
            ]
        return Answer(HTTPStatus.NO_CONTENT, headers=headers)

    async def _checkpoint(self, request: Request) -> Answer:
        head = await self._commits.head()
        text = str(Checkpoint(self._store.origin, head.size, head.root))
        return Answer(HTTPStatus.OK, text.encode(), "text/plain; charset=utf-8")

    async def _health(self, request: Request) -> Answer:
        await self._commits.head()
        return Answer(HTTPStatus.OK, b'{"status":"ok"}')

    def _check_origin(self, request: Request) -> None:
        """X05, X06. A listed Origin is one of ours even where Sec-Fetch-Site says cross-site: our sites may be of
        several registrable domains. Nothing ambient rides along: no cookie is read, JSON needs a preflight, and the
        origin is compared exactly. Both headers absent is a program, which could forge either: refusing it would keep
        nobody out.
        """
        sent = request.all(b"origin")
        nameless = not sent and "cross-site" in request.all(b"sec-fetch-site")
        if nameless or not self._origins.issuperset(sent):
            raise Wrong(HTTPStatus.FORBIDDEN, "Choices are taken from this site's own pages only.")

    def _cors(self, request: Request) -> Headers:
        """X05: the exact origin or none, never * or null, no credentials; Vary always, for caches in between."""
        if request.path != "/choices":
            return []
        headers, sent = [(b"vary", b"Origin")], request.all(b"origin")
        if len(sent) == 1 and sent[0] in self._origins:
            headers.append((b"access-control-allow-origin", sent[0].encode("latin-1")))
        return headers


def _check_type(request: Request) -> None:
    """X02: what a form cannot send makes a foreign page ask first (preflight)."""
    types = ["".join(value.split()).replace('"', "").lower() for value in request.all(b"content-type")]
    if len(types) != 1 or types[0] not in JSON_TYPES or request.all(b"content-encoding"):
        raise Wrong(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body must be application/json in UTF-8, not encoded.")


async def _body_in_time(request: Request) -> bytes:
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
            raise Wrong(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A choice has at most {BODY_BYTES} bytes.", _CLOSE)
    return data


_CLOSE = (b"connection", b"close")


def _problem(status: HTTPStatus, detail: str, headers: Headers) -> Answer:
    members = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    return Answer(status, json.dumps(members).encode(), "application/problem+json", list(headers))


async def _send(answer: Answer, send: Send) -> None:
    headers = [*SECURITY, *answer.headers]
    if answer.status != HTTPStatus.NO_CONTENT:
        headers += [(b"content-type", answer.type.encode()), (b"content-length", b"%d" % len(answer.body))]
    await send({"type": "http.response.start", "status": int(answer.status), "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else "nowhere"
