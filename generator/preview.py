"""The preview: the built site, rebuilt and reloaded as its sources change, and a receiver on an embedded database.

The site's own server passes /choices on to the receiver, as a web server in front of it does in production, so the
browser sees one origin (X05). Both run in one event loop and stop together.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livereload.handlers import LiveReloadHandler, LiveReloadJSHandler, StaticFileHandler
from livereload.watcher import get_watcher_class
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from generator.ledger.limits import Settings
from generator.ledger.receiver import Receiver
from generator.ledger.server import following, listen, load_notices, now, uvicorn_server
from generator.ledger.store import open_store

_PASSED_ON = ("Content-Type", "Host", "Origin", "Sec-Fetch-Site", "Sec-GPC", "Cookie")
_RECEIVER_PATHS = r"/(?:choices(?:/.*)?|checkpoint|healthz)"


@dataclass(frozen=True, slots=True)
class Preview:
    """What to serve and where. `store_url` and its ledger exist already; None where the site asks for no choices."""

    folder: Path
    host: str
    port: int
    receiver_port: int
    store_url: str | None
    watched: Iterable[Path]
    rebuild: Callable[[], None]  # called when a watched file has changed; says itself what went wrong
    on_ready: Callable[[], None]


def serve(preview: Preview) -> None:
    """Serve until SIGINT or SIGTERM. LedgerError if an address is taken or the store cannot be used."""
    logging.getLogger("tornado.access").setLevel(logging.ERROR)  # a 404 while writing is no news
    if preview.store_url is None:
        asyncio.run(_run(preview, None))
        return
    notices = load_notices(preview.folder / "notices.json")
    origins = [f"http://{name}:{preview.port}" for name in (preview.host, "localhost")]
    with closing(open_store(preview.store_url)) as store:
        asyncio.run(_run(preview, Receiver(store, notices, now, Settings(tuple(origins)))))


async def _run(preview: Preview, app: Receiver | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_, stop.set)
    async with AsyncExitStack() as running:
        if app:
            await _receive(preview, app, running)
            await running.enter_async_context(following(preview.folder / "notices.json", app))
        await _show(preview, running)
        _watch(preview)
        preview.on_ready()
        await stop.wait()


async def _receive(preview: Preview, app: Receiver, running: AsyncExitStack) -> None:
    listening = running.enter_context(closing(listen(preview.host, preview.receiver_port)))
    server = uvicorn_server(app, preview.host, preview.receiver_port)
    task = asyncio.create_task(server.serve([listening]))

    async def stop() -> None:
        server.should_exit = True
        await task

    running.push_async_callback(stop)


async def _show(preview: Preview, running: AsyncExitStack) -> None:
    listening = running.enter_context(closing(listen(preview.host, preview.port)))
    listening.setblocking(False)
    site = HTTPServer(_application(preview))
    site.add_socket(listening)
    running.push_async_callback(site.close_all_connections)
    running.callback(site.stop)


def _watch(preview: Preview) -> None:
    watcher = get_watcher_class()()
    for path in preview.watched:
        watcher.watch(str(path), preview.rebuild)
    LiveReloadHandler.watcher = watcher
    LiveReloadHandler.DEFAULT_RELOAD_TIME = 0  # two saves within three seconds are two reloads
    logging.getLogger("livereload").setLevel(logging.WARNING)
    LiveReloadHandler.start_tasks()


def _application(preview: Preview) -> Application:
    receiver_url = f"http://{preview.host}:{preview.receiver_port}"
    return Application(
        [
            (r"/livereload", LiveReloadHandler),
            (r"/livereload\.js", LiveReloadJSHandler),
            (_RECEIVER_PATHS, _PassOn, {"receiver_url": receiver_url}),
            (r"/(.*)", _Pages, {"path": str(preview.folder), "default_filename": "index.html"}),
        ]
    )


class _Pages(StaticFileHandler):  # type: ignore[misc]  # livereload has no types
    """The built files. A page gets the script that reloads it on its way out; the file on disk does not."""

    @classmethod
    def get_content(cls, abspath: str, start: int | None = None, end: int | None = None) -> Any:
        if not abspath.endswith(".html"):
            return super().get_content(abspath, start, end)
        return _with_reload(Path(abspath).read_bytes())[start:end]

    def get_content_size(self) -> int:
        path = Path(self.absolute_path)
        return len(_with_reload(path.read_bytes())) if path.suffix == ".html" else path.stat().st_size

    def set_extra_headers(self, path: str) -> None:
        self.set_header("Cache-Control", "no-store")
        if self.absolute_path.endswith((".md", ".txt")):
            self.set_header("Content-Type", "text/plain; charset=utf-8")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        page = Path(self.root, "404.html")
        if status_code == 404 and page.is_file():
            self.finish(_with_reload(page.read_bytes()))
        else:
            super().write_error(status_code, **kwargs)


def _with_reload(page: bytes) -> bytes:
    return page.replace(b"</head>", b'<script src="/livereload.js" defer></script></head>', 1)


class _PassOn(RequestHandler):
    """To the receiver and back, as nginx does in production."""

    def initialize(self, receiver_url: str) -> None:
        self.receiver_url = receiver_url

    async def _pass_on(self) -> None:
        headers = {name: self.request.headers[name] for name in _PASSED_ON if name in self.request.headers}
        answer = await AsyncHTTPClient().fetch(
            self.receiver_url + self.request.path,
            method=self.request.method or "GET",
            headers=headers,
            body=self.request.body or None,
            allow_nonstandard_methods=True,
            raise_error=False,
            follow_redirects=False,  # that is for the browser
        )
        self.set_status(answer.code, answer.reason)
        for name, value in answer.headers.get_all():
            if name not in ("Content-Length", "Transfer-Encoding", "Connection"):
                self.set_header(name, value)
        self.finish(answer.body or None)  # 204 has no body, not an empty one

    get = post = put = delete = options = head = patch = _pass_on
