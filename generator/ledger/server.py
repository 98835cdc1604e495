"""Runs the receiver on uvicorn: alone (`serve`), or inside a loop that is somebody else's (`uvicorn_server`)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from generator.errors import LedgerError, Problem, Where
from generator.ledger.notices import Notices, read_notices
from generator.ledger.receiver import Receiver
from generator.ledger.store import open_store

HEADER_BYTES = 16 * 1024
CONNECTIONS = 1024
DRAIN_SECONDS = 10
FOLLOW_SECONDS = 0.5
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
        raise LedgerError(Problem("notices.missing", Where(str(path)), message, hint)) from None
    return read_notices(data, str(path))


@contextlib.asynccontextmanager
async def following(path: Path, app: Receiver) -> AsyncIterator[None]:
    """Within it, `app` has the notices that `path` has: the site may be built again, and the new banner's choices name
    a notice that the receiver did not know when it started.
    """
    task = asyncio.create_task(_follow(path, app))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _follow(path: Path, app: Receiver) -> None:
    """Asks for time and size, which works on every file system. A file that is missing or wrong is said once."""
    adopted, said = None, ""
    while True:
        stamp = _stamp(path)
        if stamp is None or stamp != adopted:
            wrong = _adopt(path, app)
            adopted = None if wrong else stamp
            if wrong and wrong != said:
                logger.error("the notices of before stay in force: %s", wrong)
            said = wrong
        await asyncio.sleep(FOLLOW_SECONDS)


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

    No access log: addresses are not ours to keep (M01, M08). Forwarded addresses are not believed (X08). h11, and not
    a faster parser, because it bounds the header bytes (X09).
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http="h11",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=HEADER_BYTES,
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
    origins: Iterable[str] = (),
    on_ready: Callable[[str, int], None] | None = None,
) -> None:
    """The receiver alone, until SIGINT or SIGTERM; then requests in hand are finished. Port 0 takes any free port.
    The notices are followed: what the file says anew is in force within a second.

    `on_ready(host, port)` is called once it listens. LedgerError if store, notices or address cannot be used.
    """
    notices = load_notices(notices_path)
    store = open_store(store_url)
    with contextlib.closing(store), contextlib.closing(listen(host, port)) as listening:
        app = Receiver(store, notices, now, origins=origins)
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
    return LedgerError(Problem("address", Where(f"{host}:{port}"), f"cannot listen here: {reason}", hint))


async def _until_signalled(
    server: Server, listening: socket.socket, beside: contextlib.AbstractAsyncContextManager[None]
) -> None:
    loop = asyncio.get_running_loop()
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_, _stop, server)
    async with beside:
        await server.serve([listening])


def _stop(server: Server) -> None:
    """The first signal lets requests finish, a second one does not."""
    server.force_exit = server.should_exit
    server.should_exit = True
