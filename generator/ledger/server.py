"""Runs the receiver on uvicorn: alone (`serve`), or inside a loop that is somebody else's (`uvicorn_server`)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from generator.errors import LedgerError
from generator.ledger.limits import Settings
from generator.ledger.notes import Keeper
from generator.ledger.notices import Notices, read_notices
from generator.ledger.receiver import Receiver
from generator.ledger.store import open_store

HEADER_BYTES = 16 * 1024
CONNECTIONS = 1024
DRAIN_SECONDS = 10
HEADER_SECONDS = 10  # X09
FOLLOW_SECONDS = 0.5
LOOK_SECONDS = 1.0
logger = logging.getLogger("policy.receiver")


def now() -> datetime:
    return datetime.now(UTC)


def load_notices(path: Path) -> Notices:
    """notices.json from disk; a LedgerError says what would do."""
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"cannot read the notices: {error.strerror}"
        hint = "build the site first (policy build), then give its notices.json"
        raise LedgerError.at("notices.missing", path, message, hint) from None
    return read_notices(data, str(path))


@contextlib.asynccontextmanager
async def following(path: Path, app: Receiver) -> AsyncIterator[Callable[[], None]]:
    """Within it, `app` has the notices that `path` has: the site may be built again, and the new banner's choices name
    a notice that the receiver did not know when it started. What it gives asks for that at once.
    """
    reread = asyncio.Event()
    task = asyncio.create_task(_follow(path, app, reread))
    watch = asyncio.create_task(_look(app))
    try:
        yield reread.set
    finally:
        task.cancel()
        watch.cancel()
        await asyncio.wait([task, watch])


async def _look(app: Receiver) -> None:
    """A ledger that cannot be looked at is said once, and again when it can."""
    failing = ""
    while True:
        try:
            await app.look()
            wrong = ""
        except LedgerError as error:
            wrong = error.problems[0].code
        if wrong != failing:
            failing = wrong
            logger.log(
                logging.ERROR if wrong else logging.INFO, "the ledger was looked at", extra={"found": wrong or "ok"}
            )
        await asyncio.sleep(LOOK_SECONDS)


async def _follow(path: Path, app: Receiver, reread: asyncio.Event) -> None:
    """Asks for time and size, which works on every file system. A file that is missing or wrong is said once."""
    adopted, said = None, ""
    while True:
        if reread.is_set():
            reread.clear()
            adopted = None
        stamp = _stamp(path)
        if stamp is None or stamp != adopted:
            wrong = _adopt(path, app)
            adopted = None if wrong else stamp
            if wrong and wrong != said:
                logger.error("the notices of before stay in force", extra={"wrong": wrong})
            said = wrong
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reread.wait(), FOLLOW_SECONDS)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _adopt(path: Path, app: Receiver) -> str:
    """What is wrong with the file, or nothing."""
    try:
        app.adopt(load_notices(path))
    except LedgerError as error:
        return str(error)
    return ""


class Protocol(HttpToolsProtocol):
    """llhttp, the parser of Node.js, in its strict mode. What uvicorn leaves open beside it: a head is bounded in bytes
    and in time (X09), names its host once (RFC 9112 section 3.2), and is not added to by trailers; and when all
    connections are taken, the one that has waited longest without a whole head makes room.
    """

    _waiting: ClassVar[dict[Protocol, asyncio.TimerHandle]] = {}  # the longest first
    _head: int | None = 0  # bytes of the head that is coming, or None while there is none

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) >= CONNECTIONS and self._waiting:
            next(iter(self._waiting))._cut()
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head is None:
            self._done()
        else:
            self._head += len(data)
            self._wait()
            if self._head > HEADER_BYTES:
                self._cut()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head is not None:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head = None
        if [name for name, _ in self.headers].count(b"host") != 1 and self.parser.get_http_version() == "1.1":
            raise ValueError("a request has one Host")
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._done()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self not in self._waiting:
            self._waiting[self] = self.loop.call_later(HEADER_SECONDS, self._cut)

    def _done(self) -> None:
        if timer := self._waiting.pop(self, None):
            timer.cancel()

    def _cut(self) -> None:
        self._done()
        self.connections.discard(self)
        self.transport.abort()


class Server(uvicorn.Server):
    """uvicorn, leaving signals to its caller and saying when it listens."""

    on_ready: Callable[[], None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.on_ready is not None:
            self.on_ready()


def uvicorn_server(app: Receiver, host: str, port: int) -> Server:
    """`await server.serve()` runs it; `server.should_exit = True` ends it after the requests in hand.

    No access log: addresses are not ours to keep (M01, M08). Forwarded addresses are the receiver's to judge (X08).
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=Protocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    return Server(config)


def serve(
    *,
    host: str,
    port: int,
    store_url: str,
    notices_path: Path,
    settings: Settings = Settings(),  # noqa: B008  frozen
    keeper: Keeper | None = None,
    on_ready: Callable[[str, int], None] | None = None,
) -> None:
    """The receiver alone, until SIGINT or SIGTERM; then requests in hand are finished. Port 0 takes any free port.
    The notices are followed: what the file says anew is in force within a second.

    `on_ready(host, port)` is called once it listens. LedgerError if store, notices or address cannot be used.
    """
    notices = load_notices(notices_path)
    store = open_store(store_url)
    with contextlib.closing(store), contextlib.closing(listen(host, port)) as listening:
        if keeper:
            keeper.keep(store)  # or it is not the ledger that it was: better no receiver than one that hides it
        log_as_json()
        app = Receiver(store, notices, now, settings, keeper)
        server = uvicorn_server(app, host, port)
        if on_ready is not None:
            bound = listening.getsockname()[1]
            server.on_ready = lambda: on_ready(host, bound)
        asyncio.run(_until_signalled(server, listening, following(notices_path, app)))


def listen(host: str, port: int) -> socket.socket:
    """Not socket.create_server: its sockets do not say that they are TCP, asyncio then leaves Nagle's algorithm on,
    and each answer waits 40 ms for the client's delayed acknowledgement."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_listen(host, port, error) from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(CONNECTIONS)
    except (OSError, OverflowError) as error:
        listening.close()
        raise _cannot_listen(host, port, error) from None
    return listening


def _cannot_listen(host: str, port: int, error: Exception) -> LedgerError:
    reason = getattr(error, "strerror", None) or str(error)
    hint = "choose another port or address"
    return LedgerError.at("address", f"{host}:{port}", f"cannot listen here: {reason}", hint)


async def _until_signalled(
    server: Server, listening: socket.socket, beside: contextlib.AbstractAsyncContextManager[Callable[[], None]]
) -> None:
    loop = asyncio.get_running_loop()
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_, _stop, server)
    async with beside as reread:
        loop.add_signal_handler(signal.SIGHUP, reread)
        await server.serve([listening])


class _AsJson(logging.Formatter):
    """A line each, control characters escaped. What is logged has no id, address or body in it (X12)."""

    def format(self, record: logging.LogRecord) -> str:
        own = {key: value for key, value in vars(record).items() if key not in _USUAL}
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return json.dumps({"time": at, "level": record.levelname.lower(), "message": record.getMessage(), **own})


_USUAL = {*vars(logging.makeLogRecord({})), "message", "color_message"}


def log_as_json() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_AsJson())
    for name in ("policy.receiver", "uvicorn.error"):
        named = logging.getLogger(name)
        named.handlers, named.propagate = [handler], False
    logger.setLevel(logging.INFO)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


def _stop(server: Server) -> None:
    """The first signal lets requests finish, a second one does not."""
    server.force_exit = server.should_exit
    server.should_exit = True
