"""The receiver: a small ASGI application that takes choices and answers with receipts. Anybody may reach it, so each
request is checked from the outside in: method, where it comes from, what it says it is, its size, its form, its
meaning. A refusal is problem+json (RFC 9457) and repeats nothing of what was sent (X11).
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec

from generator.errors import LedgerError
from generator.ledger import cookie, erasure, form
from generator.ledger.choices import Choice, Malformed, Refused, parse, parse_secret
from generator.ledger.commits import Commits, Conflict, Stored
from generator.ledger.limits import Limits, Settings, client, network
from generator.ledger.metrics import Metrics
from generator.ledger.notes import Keeper
from generator.ledger.notices import Notices, NoticeTerms, is_origin
from generator.ledger.openapi import document
from generator.ledger.records import NONCE_BYTES, accept
from generator.ledger.store import Store
from generator.ledger.web import (
    Answer,
    Gone,
    Headers,
    Receive,
    Request,
    Scope,
    Send,
    Wrong,
    body_in_time,
    check_type,
    problem,
    same_host,
    send_answer,
)

PREFLIGHT_SECONDS = 600
FORM = "/choices/form"
MET_BY_PEOPLE = {201, 422, 429, 500, 503, 507}  # who submit the form; the rest is for programs
REFUSALS_UP_TO = 0.9  # of the quota; the rest is for choices that there is a duty to prove (X17, GDPR 7(1))

Clock = Callable[[], datetime]
Handler = Callable[[Request], Awaitable[Answer]]
logger = logging.getLogger("policy.receiver")


class Receiver:
    """The ASGI application. `clock` gives aware UTC times.

    It owns the commits; the store is the caller's to close, after the application has shut down.
    """

    def __init__(
        self,
        store: Store,
        notices: Notices,
        clock: Clock,
        settings: Settings = Settings(),  # noqa: B008  frozen
        keeper: Keeper | None = None,
    ) -> None:
        for origin in settings.origins:
            if not is_origin(origin):  # X05: neither * nor null
                message = "an origin is http(s)://host[:port], without a path"
                raise LedgerError.at("origin.wrong", origin, message)
        self._store, self._clock, self._settings = store, clock, settings
        self._keeper = keeper or Keeper(None)
        self.metrics = Metrics()
        self._commits = Commits(store, self.metrics.committed)
        self._limits = Limits(settings.rate, settings.total_rate)
        self._used = 0
        self._description = document()
        self._routes = self._all_routes()
        self.adopt(notices)

    def adopt(self, notices: Notices) -> None:
        """Other notices from now on: after a rebuild of the site, without losing a request."""
        self._notices, self._origins = notices, {*self._settings.origins, *notices.origins}

    async def look(self) -> None:
        """Once in a while: how full the ledger is, and its newest checkpoint, kept outside it."""
        self._used = await self._commits.run(self._store.bytes)
        head = await self._commits.run(self._store.head)
        self.metrics.gauges |= {"ledger_bytes": self._used, "log_size": head.size}
        text = await self._commits.run(partial(self._keeper.take, self._store))
        await asyncio.to_thread(self._keeper.write, text)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            peer = scope["client"][0] if scope.get("client") else ""
            request = Request(scope["method"], scope["path"], scope["headers"], peer, receive)
            try:
                answer = await self._answer(request)
                self.metrics.answers[request.path if request.path in self._routes else "other", int(answer.status)] += 1
                await send_answer(self._back(request, answer) if request.path == FORM else answer, send)
            except Gone:
                return

    async def _live(self, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await self._commits.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, request: Request) -> Answer:
        try:
            answer = await self._route(request)
        except Wrong as wrong:
            answer = problem(wrong.status, wrong.detail, wrong.headers)
        except Malformed as error:
            answer = problem(HTTPStatus.BAD_REQUEST, str(error), [])
        except Refused as error:
            answer = problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), [])
        except Conflict:
            answer = problem(HTTPStatus.CONFLICT, "This event_id belongs to another choice.", [])
        except LedgerError as error:
            codes = [problem.code for problem in error.problems]
            logger.error("the ledger failed", extra={"codes": codes})
            status = HTTPStatus.INSUFFICIENT_STORAGE if "store.full" in codes else HTTPStatus.SERVICE_UNAVAILABLE
            detail = "The ledger cannot take or give this now. Nothing is lost by sending the same body again."
            answer = problem(status, detail, [(b"retry-after", b"5")])
        except Gone:
            raise
        except Exception as error:  # X18: keep serving; X12: the message could quote the request, the place cannot
            logger.error("a fault of ours", extra={"type": type(error).__name__, "place": _place(error)})
            answer = problem(HTTPStatus.INTERNAL_SERVER_ERROR, "This is a fault of the receiver.", [])
        answer.headers.extend(self._cors(request))
        return answer

    def _all_routes(self) -> dict[str, dict[str, Handler]]:
        posts = {"/choices": self._choices, "/choices/lookup": self._lookup, "/choices/erase": self._erase}
        gets = {
            "/checkpoint": self._checkpoint,
            "/healthz": self._health,
            "/metrics": self._metrics,
            "/openapi.json": self._openapi,
        }
        routes: dict[str, dict[str, Handler]] = {
            path: {"POST": partial(self._posted, take), "OPTIONS": self._preflight} for path, take in posts.items()
        }
        routes[FORM] = {"POST": self._form}
        return routes | {path: {"GET": give, "HEAD": give} for path, give in gets.items()}

    async def _route(self, request: Request) -> Answer:
        methods = self._routes.get(request.path)
        if methods is None:
            raise Wrong(HTTPStatus.NOT_FOUND, "There is nothing here.")
        if request.method not in methods:
            allow = (b"allow", ", ".join(methods).encode())
            raise Wrong(HTTPStatus.METHOD_NOT_ALLOWED, "The Allow header lists what this address takes.", allow)
        return await methods[request.method](request)

    async def _posted(self, take: Callable[[Request, bytes], Awaitable[Answer]], request: Request) -> Answer:
        self._check_origin(request)
        self._check_rate(request)
        check_type(request)
        return await take(request, await body_in_time(request))

    async def _choices(self, request: Request, data: bytes) -> Answer:
        notices, choice = self._notices, parse(data)
        stored = await self._keep(choice, notices)
        headers = self._cookie_again(request, choice, notices) if request.all(b"cookie") else []
        return Answer(HTTPStatus.CREATED if stored.new else HTTPStatus.OK, stored.receipt, headers=headers)

    async def _keep(self, choice: Choice, notices: Notices) -> Stored:
        self._check_quota(choice)
        record = accept(choice, notices, self._clock(), os.urandom(NONCE_BYTES))
        return await self._commits.keep(choice, record, notices)

    def _cookie_again(self, request: Request, choice: Choice, notices: Notices) -> Headers:
        """As it came, for longer than a script's lives: only to a page of this host, and only if it says the choice."""
        if not same_host(request):
            return []
        secure, terms = request.all(b"origin")[0].startswith("https:"), notices.notices[choice.notice.sha256]
        state = cookie.read(request.all(b"cookie"), secure)
        if state is None or not state.says(choice, terms):
            return []
        return _set(state, terms, self._clock(), secure)

    async def _form(self, request: Request) -> Answer:
        secure = self._check_own_page(request)
        self._check_rate(request)
        check_type(request, form.TYPES)
        notices, now = self._notices, self._clock()
        before, gpc = cookie.read(request.all(b"cookie"), secure), "1" in request.all(b"sec-gpc")  # S01
        choice = form.parse(await body_in_time(request), notices, str(uuid4()), gpc, before)
        await self._keep(choice, notices)
        terms, policy = notices.notices[choice.notice.sha256], notices.policies[choice.policy.sha256]
        state = cookie.made(choice, terms.version, policy.version, now.date())
        return Answer(HTTPStatus.CREATED, headers=_set(state, terms, now, secure))

    def _back(self, request: Request, answer: Answer) -> Answer:
        """To the page that the site names, on the origin that asked, which is a listed one: no address is taken from
        the request, so nobody is led elsewhere. What only a program meets is told as to a program.
        """
        if answer.status not in MET_BY_PEOPLE:
            return answer
        origin = next((sent for sent in request.all(b"origin") if sent in self._origins), "")
        place = "saved" if answer.status == HTTPStatus.CREATED else "not-saved"
        location = f"{origin}{urlsplit(self._notices.withdraw).path}#{place}"
        return Answer(HTTPStatus.SEE_OTHER, headers=[*answer.headers, (b"location", location.encode())])

    async def _lookup(self, request: Request, data: bytes) -> Answer:
        receipts = await self._commits.receipts(parse_secret(data).subject_ref, self._notices)
        records = [msgspec.Raw(receipt) for receipt in receipts]
        return Answer(HTTPStatus.OK, msgspec.json.encode({"schema": "policy-records/1", "records": records}))

    async def _erase(self, request: Request, data: bytes) -> Answer:
        """Once only, whoever asks again: the second time nothing is there."""
        reference = parse_secret(data).subject_ref
        done = await self._commits.run(lambda: erasure.subject(self._store, reference, self._clock()))
        return Answer(HTTPStatus.OK, msgspec.json.encode({"schema": "policy-erased/1", **asdict(done)}))

    async def _preflight(self, request: Request) -> Answer:
        self._check_origin(request)
        headers = [(b"allow", b"POST, OPTIONS")]
        if request.all(b"origin"):
            headers += [
                (b"access-control-allow-methods", b"POST"),
                (b"access-control-allow-headers", b"content-type"),
                (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
            ]
        return Answer(HTTPStatus.NO_CONTENT, headers=headers)

    async def _checkpoint(self, request: Request) -> Answer:
        self._check_rate(request)
        text = await self._commits.run(partial(self._keeper.take, self._store))
        return Answer(HTTPStatus.OK, text.encode(), "text/plain; charset=utf-8")

    async def _health(self, request: Request) -> Answer:
        await self._commits.run(self._store.head)
        return Answer(HTTPStatus.OK, b'{"status":"ok"}')

    async def _metrics(self, request: Request) -> Answer:
        self.metrics.gauges["waiting"] = self._commits.waiting
        return Answer(HTTPStatus.OK, str(self.metrics).encode(), "text/plain; version=0.0.4; charset=utf-8")

    async def _openapi(self, request: Request) -> Answer:
        return Answer(HTTPStatus.OK, self._description)

    def _check_rate(self, request: Request) -> None:
        """X07: before the body, which a flood would have us read."""
        address = client(request.peer, request.all(b"x-forwarded-for"), self._settings.proxies)
        if wait := self._limits.wait(network(address), time.monotonic()):
            detail = "Too many at once from this network or in all. This was not kept: send it again after a while."
            raise Wrong(HTTPStatus.TOO_MANY_REQUESTS, detail, (b"retry-after", str(wait).encode()))

    def _check_quota(self, choice: Choice) -> None:
        """X17: refusals are the first to be dropped, since nobody has to prove them; reads go on."""
        share = REFUSALS_UP_TO if choice.event_type == "refused" else 1.0
        if self._settings.quota is not None and self._used >= share * self._settings.quota:
            detail = "The ledger has no room left. This was not kept: send it again later."
            raise Wrong(HTTPStatus.INSUFFICIENT_STORAGE, detail, (b"retry-after", b"300"))

    def _check_origin(self, request: Request) -> None:
        """X05, X06. A listed Origin is one of ours even where Sec-Fetch-Site says cross-site: our sites may be of
        several registrable domains. Nothing ambient counts: a cookie is only given back, JSON needs a preflight, and
        the origin is compared exactly. Both headers absent is a program, which could forge either: refusing it would
        keep nobody out.
        """
        sent = request.all(b"origin")
        nameless = not sent and "cross-site" in request.all(b"sec-fetch-site")
        if nameless or not self._origins.issuperset(sent):
            raise Wrong(HTTPStatus.FORBIDDEN, "Choices are taken from this site's own pages only.")

    def _check_own_page(self, request: Request) -> bool:
        """X06 for a form, which needs no preflight: its page must be shown to be of this host. Origin says so, or where
        a strict referrer policy makes it null or drops it, Sec-Fetch-Site; scripts set neither. Whether it is https.
        """
        origins, sites = request.all(b"origin"), request.all(b"sec-fetch-site")
        if len(origins) == 1 and origins[0] in self._origins and same_host(request) and "cross-site" not in sites:
            return origins[0].startswith("https:")
        if origins in ([], ["null"]) and sites == ["same-origin"]:
            return self._notices.site.startswith("https:")
        raise Wrong(HTTPStatus.FORBIDDEN, "The form is taken from this site's own page only.")

    def _cors(self, request: Request) -> Headers:
        """X05: the exact origin or none, never * or null, no credentials; Vary always, for caches in between."""
        if not request.path.startswith("/choices"):
            return []
        headers, sent = [(b"vary", b"Origin")], request.all(b"origin")
        if len(sent) == 1 and sent[0] in self._origins:
            headers.append((b"access-control-allow-origin", sent[0].encode("latin-1")))
        return headers


def _set(state: cookie.State, terms: NoticeTerms, now: datetime, secure: bool) -> Headers:
    header = state.header(terms, now.date(), secure)
    return [header] if header else []


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else "nowhere"
