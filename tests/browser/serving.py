"""A small site on a free port: pages under the strict policy, and a receiver that answers as it is told."""

from __future__ import annotations

import datetime
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import httpx

from generator import build
from generator.banner import Banner
from tests.trees import TODAY, on_disk

STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types preferences"
)
KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
Temper = Literal["stores", "fails", "hangs", "conflicts", "is busy", "is no receiver"]
_STATUS: dict[Temper, int] = {"fails": 500, "conflicts": 409, "is busy": 429, "is no receiver": 404}


@dataclass(frozen=True)
class Post:
    """What reached the receiver."""

    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Site:
    """What the server serves and has seen. A test may change `files`, `csp` and `temper` while it runs."""

    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    csp: str = STRICT
    temper: Temper = "stores"
    posts: list[Post] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    origin: str = ""
    receiver: str = ""  # of a real one, which then answers instead
    release: threading.Event = field(default_factory=threading.Event)

    def put(self, path: str, text: str | bytes, kind: str = "text/html; charset=utf-8") -> None:
        self.files[path] = (kind, text if isinstance(text, bytes) else text.encode("utf-8"))

    def put_script(self, path: str, text: str | bytes) -> None:
        self.put(path, text, "text/javascript")

    def put_banner(self, banner: Banner) -> None:
        for name, content in banner.files().items():
            self.put_script(f"/{name}", content)

    def put_built(self, name: str) -> None:
        """The pages of a site of tests/sites, as the program builds them."""
        for path, content in build.build(on_disk(name), today=TODAY).files.items():
            kind = KINDS.get(path.rpartition(".")[2], "application/octet-stream")
            self.put("/" + path.removesuffix("index.html"), content, kind)

    def url(self, path: str = "/") -> str:
        return self.origin + path

    @property
    def events(self) -> list[dict[str, Any]]:
        """The bodies posted so far."""
        return [post.body for post in self.posts]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every answer waits 40 ms for the browser's delayed acknowledgement
    wbufsize = -1
    site: Site

    def do_GET(self) -> None:
        self.site.requests.append(self.path)
        kind, body = self.site.files.get(self.path.partition("?")[0], ("", b""))
        self._answer(200 if kind else 404, kind or "text/plain", body)

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.site.receiver:
            self._pass_on(data)
            return
        body = json.loads(data)
        if self.path.endswith("/erase"):
            self._answer(200, "application/json", b"{}")
            return
        self.site.posts.append(Post(dict(self.headers), body))
        if self.site.temper == "hangs":
            self.site.release.wait(20)
            self.close_connection = True
            return
        status = _STATUS.get(self.site.temper, 201)
        answer = receipt(body) if status == 201 else {"title": "no", "status": status}
        self._answer(status, "application/json", json.dumps(answer).encode())

    def _pass_on(self, data: bytes) -> None:
        answer = httpx.post(self.site.receiver + self.path, content=data, headers=dict(self.headers), timeout=20)
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name not in ("date", "connection"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.content)

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", self.site.csp)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the test's own report says what was asked for."""


def day36(days_from_now: int = 0) -> str:
    """A day as the banner's cookie holds it: days since 1970-01-01, base 36."""
    number, text = (datetime.datetime.now(datetime.UTC).date() - datetime.date(1970, 1, 1)).days + days_from_now, ""
    while number:
        number, digit = divmod(number, 36)
        text = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + text
    return text


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up is no error of the test."""


def serve(site: Site, host: str = "127.0.0.1") -> Server:
    """Serve on a free port of this loopback address until `shutdown`; sets `site.origin`."""
    server = Server((host, 0), type("Bound", (Handler,), {"site": site}))
    site.origin = f"http://{host}:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


def receipt(event: dict[str, Any]) -> dict[str, Any]:
    """A receipt of the contract's shape for a posted choice."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    granted = [
        {"id": id_, "decision": "granted" if yes else "denied", "basis": "consent"}
        for id_, yes in event["purposes"].items()
    ]
    record = {
        "schema": "policy-consent-event/1",
        "event_id": event["event_id"],
        "event_type": event["event_type"],
        "event_time": now,
        "valid_until": "2099-01-01T00:00:00Z",
        "purposes": granted,
        "notice": {"version": "1.0", **event["notice"]},
        "policy": {"id": "privacy-policy", "version": "1.1", **event["policy"]},
    }
    return {
        "schema": "policy-consent-receipt/1",
        "receipt_id": event["event_id"],
        "created": now,
        "event": record,
        "nonce": "AA==",
        "log": {"origin": "example/choices", "index": 0, "checkpoint": "", "inclusion": []},
    }
