"""The configurations that are printed, in the servers they are for."""

from __future__ import annotations

import gzip
import http.client
import http.server
import json
import re
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import pytest

from generator import build, output
from generator.config import Site, load
from generator.errors import PolicyError
from generator.ledger import store
from generator.publishing import webserver
from generator.publishing.webserver import Machine
from tests.ledger import launch
from tests.publishing import servers
from tests.publishing.sites import new
from tests.trees import CONSENT, SITE

SERVERS = ("nginx", "caddy")
MARK = "Mozilla/5.0 (someone who must not be written down)"


def until(holds: Callable[[], bool]) -> None:
    """A server may write of a request after it has answered it."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def site_at(origin: str) -> Site:
    return load(SITE.replace("https://www.example.com", origin) + CONSENT)


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Running:
    """A web server with its site, and the receiver behind it."""

    port: int
    folder: Path
    secure: bool

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        if self.secure:
            trusting = ssl._create_unverified_context()  # the certificate is made below, for nobody else
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                "localhost", self.port, timeout=10, context=trusting
            )
        else:
            connection = http.client.HTTPConnection("localhost", self.port, timeout=10)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"User-Agent": MARK, **named})
        answer = connection.getresponse()
        found = Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        connection.close()
        return found

    def written(self) -> str:
        """Everything that the server wrote, wherever."""
        return "".join(path.read_text(errors="replace") for path in self.folder.rglob("*.log"))


@contextmanager
def receiving(folder: Path, notices: Path) -> Iterator[int]:
    url = f"sqlite:///{folder}/choices.db"
    store.create(url, "www.example.com/choices")
    command = [sys.executable, launch.__file__, url, str(notices)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def serving(kind: str, folder: Path, *, secure: bool = False, receiver_port: int | None = None) -> Iterator[Running]:
    site, port = folder / "site", servers.free_port()
    output.write(new(), site)
    (site / ".publish").mkdir()
    (site / ".publish/begun.json").write_text("{}")
    made = {}
    if secure:
        made = {"certificate": str(folder / "certificate.pem"), "key": str(folder / "key.pem")}
        command = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        command += ["-addext", "subjectAltName=DNS:localhost", "-out", made["certificate"], "-keyout", made["key"]]
        subprocess.run(command, check=True, capture_output=True)
    origin = f"http{'s' if secure else ''}://localhost:{port}"
    receiver = f"127.0.0.1:{receiver_port or servers.free_port()}"
    config = webserver.configuration(kind, site_at(origin), Machine(str(site), receiver, **made))
    start = servers.nginx if kind == "nginx" else servers.caddy
    with start(folder / "server", config, port) as logs:
        yield Running(port, logs, secure)


@pytest.fixture(params=SERVERS, scope="module")
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp(request.param)
    output.write(new(), folder / "site")
    with (
        receiving(folder, folder / "site/notices.json") as port,
        serving(request.param, folder, receiver_port=port) as found,
    ):
        yield found


def test_every_file_is_served_as_it_was_built(running: Running) -> None:
    for path, content in new().items():
        answer = running.ask("GET", f"/{path.removesuffix('index.html')}")
        assert (answer.status, answer.body) == (200, content), path
        assert answer.headers["content-type"].lower() == webserver.content_type(path), path


def test_a_name_that_holds_the_hash_is_kept_for_ever_and_all_else_asked_about(running: Running) -> None:
    for path in new():
        answer = running.ask("GET", f"/{path.removesuffix('index.html')}")
        assert answer.headers["cache-control"] == webserver.caching(path), path
    again = running.ask("GET", "/terms/", If_None_Match=running.ask("GET", "/terms/").headers["etag"])
    assert (again.status, again.body) == (304, b"")


def test_every_answer_carries_the_security_headers(running: Running) -> None:
    """ASVS 3.4; the policy is the one that the pages carry, and that nobody may frame them."""
    site = site_at(f"http://localhost:{running.port}")
    wanted = {name.lower(): value for name, value in webserver.headers(site).items()}
    assert build.csp(site) in wanted["content-security-policy"]
    for path, status in (("/", 200), ("/terms/1.0.md", 200), ("/nowhere", 404), ("/preferences.js", 200)):
        answer = running.ask("GET", path)
        assert answer.status == status
        assert {name: answer.headers.get(name) for name in wanted} == wanted, path


def test_what_is_not_there_gets_the_sites_own_page(running: Running) -> None:
    for path in ("/nowhere", "/terms/9.9/", "/static/", "/.publish/begun.json", "/.git/config"):
        answer = running.ask("GET", path)
        assert (answer.status, answer.body) == (404, new()["404.html"]), path
        assert "immutable" not in answer.headers.get("cache-control", ""), path


def test_text_is_compressed(running: Running) -> None:
    for path in ("/terms/", "/terms/1.0.json", "/preferences.js", "/notices.json", "/terms/feed.xml"):
        answer = running.ask("GET", path, Accept_Encoding="gzip")
        assert answer.headers["content-encoding"] == "gzip", path
        assert "accept-encoding" in answer.headers["vary"].lower()
        assert gzip.decompress(answer.body) == running.ask("GET", path).body


def test_a_folder_without_its_slash_leads_to_the_page(running: Running) -> None:
    answer = running.ask("GET", "/terms")
    assert answer.status in (301, 302, 308)
    assert answer.headers["location"].removeprefix(f"http://localhost:{running.port}") in ("/terms/", "terms/")


def test_the_site_is_only_read(running: Running) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert running.ask(method, "/terms/", b"x").status == 405
    assert running.ask("HEAD", "/terms/").status == 200


def choice() -> bytes:
    listed = json.loads(new()["notices.json"])
    notice = list(listed["notices"])[-1]
    return json.dumps(
        {
            "schema": "policy-choice/1",
            "event_id": "6f1c3b1e-9a55-4c0b-8a53-3b9d2f0c7e11",
            "prev_event_id": None,
            "subject_ref": None,
            "event_type": "given",
            "method": "banner.accept",
            "purposes": {"analytics": True},
            "notice": {"sha256": notice, "language": "en", "layout": "wide"},
            "policy": {"sha256": list(listed["policies"])[-1]},
            "signals": {"gpc": False},
            "client_time": None,
        }
    ).encode()


def test_choices_reach_the_receiver_and_their_receipts_come_back(running: Running) -> None:
    answer = running.ask("POST", "/choices", choice(), Content_Type="application/json")
    assert answer.status in (200, 201), answer.body
    assert json.loads(answer.body)["schema"] == "policy-consent-receipt/1"
    # The receiver's own headers, not the site's beside them (X13).
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["cache-control"] == "no-store"
    assert running.ask("GET", "/checkpoint").status == 200
    for path in ("/healthz", "/metrics"):  # are for the machine itself, or are not there
        assert running.ask("GET", path).status == 404


def test_a_body_beyond_the_limit_gets_no_further(running: Running) -> None:
    answer = running.ask("POST", "/choices", b"x" * 9000, Content_Type="application/json")
    assert answer.status == 413


def test_nothing_of_a_visitor_who_chooses_is_written(running: Running) -> None:
    """M01, M08."""
    for body in (choice(), b"{", b"x" * 9000):
        running.ask("POST", "/choices", body, Content_Type="application/json")
    running.ask("GET", "/checkpoint")
    if (log := running.folder / "access.log").exists():  # nginx's; what stands in it later would stand in it now
        running.ask("GET", "/terms/")
        until(lambda: "GET /terms/" in log.read_text())
    assert "/choices" not in running.written()
    assert "/checkpoint" not in running.written()


@pytest.mark.parametrize("kind", SERVERS)
def test_nothing_is_written_where_the_receiver_fails_either(kind: str, tmp_path: Path) -> None:
    with serving(kind, tmp_path) as without:
        for _ in range(30):
            answer = without.ask("POST", "/choices", choice(), Content_Type="application/json")
            assert answer.status in (429, 502)
        assert MARK not in without.written()
        assert "/choices" not in without.written()
        assert without.ask("GET", "/terms/").status == 200


@pytest.mark.parametrize("kind", SERVERS)
def test_the_receiver_is_told_an_address_that_nobody_can_make_up_and_nothing_else_of_a_visitor(
    kind: str, tmp_path: Path
) -> None:
    """M01: the address is for its limits. What decides whether a choice may be taken, and the cookie, go through."""
    told: list[Message] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(self.headers)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        threading.Thread(target=receiver.serve_forever, args=(0.02,), daemon=True).start()
        with serving(kind, tmp_path, receiver_port=receiver.server_port) as found:
            sent = {"Origin": "https://www.example.com", "Sec_GPC": "1", "Cookie": "a=b"}
            answer = found.ask("POST", "/choices/form", b"x=y", X_Forwarded_For="192.0.2.1", Referer="/terms/", **sent)
        receiver.shutdown()
    assert answer.status == 204
    assert told[0].get_all("X-Forwarded-For") == ["127.0.0.1"]
    assert told[0]["User-Agent"] in (None, "Go-http-client/1.1")  # Caddy says its own
    assert told[0]["Referer"] is None
    assert [told[0][name.replace("_", "-")] for name in sent] == list(sent.values())


def test_nginx_lets_nobody_flood_the_receiver(tmp_path: Path) -> None:
    with serving("nginx", tmp_path) as found:
        statuses = [found.ask("POST", "/choices", b"{}").status for _ in range(60)]
    assert statuses[0] != 429
    assert 429 in statuses


def test_a_log_that_is_added_to_caddy_leaves_the_receiver_out(tmp_path: Path) -> None:
    original = servers.caddy

    @contextmanager
    def logging(folder: Path, config: str, port: int) -> Iterator[Path]:
        log = f"\tlog {{\n\t\toutput file {folder}/access.log\n\t}}\n"
        with original(folder, config.replace("\tencode", f"{log}\tencode"), port) as found:
            yield found

    servers.caddy = logging
    try:
        with serving("caddy", tmp_path) as found:
            found.ask("POST", "/choices", choice(), Content_Type="application/json")
            found.ask("GET", "/terms/")
            log = found.folder / "access.log"
            until(lambda: log.exists() and "/terms/" in log.read_text())
            assert "/choices" not in (found.folder / "access.log").read_text()
    finally:
        servers.caddy = original


@pytest.mark.parametrize("kind", SERVERS)
def test_a_site_with_https_is_served_so(kind: str, tmp_path: Path) -> None:
    with serving(kind, tmp_path, secure=True) as found:
        answer = found.ask("GET", "/terms/")
        assert (answer.status, answer.body) == (200, new()["terms/index.html"])
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_a_receiver_elsewhere_is_not_behind_this_server(tmp_path: Path) -> None:
    site = load(SITE + CONSENT.replace("/choices", "https://choices.example.com/choices"))
    for kind in SERVERS:
        machine = Machine(str(tmp_path), "127.0.0.1:1", certificate="a", key="b")
        made = webserver.configuration(kind, site, machine)
        assert "127.0.0.1:1" not in made
        assert "connect-src 'self' https://choices.example.com" in made


@pytest.mark.parametrize("sign", [*'"\\${}%;', "\n"])
def test_nothing_breaks_out_of_its_place(sign: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be written into a configuration"):
        Machine(str(tmp_path / sign), "127.0.0.1:1")


@pytest.mark.parametrize(("kind", "threshold"), [("systemd", 20), ("systemd-publish", 60), ("systemd-timer", None)])
def test_systemd_takes_the_units_and_finds_them_hardened(kind: str, threshold: int | None, tmp_path: Path) -> None:
    """2.0 of 10 for what the world talks to; what publishes reads keys in a home, and may go where the host is."""
    program = tmp_path / "policy"
    program.symlink_to(shutil.which("true") or "/bin/true")
    machine = Machine(str(tmp_path), "127.0.0.1:8001", str(program), root=str(tmp_path), user="root", target="live")
    for each, name in webserver.FILES.items():
        (tmp_path / name).write_text(webserver.configuration(each, site_at("http://localhost"), machine))
    analyze, unit = servers.program("systemd-analyze"), tmp_path / webserver.FILES[kind]
    verified = subprocess.run([analyze, "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert [line for line in verified.stderr.splitlines() if "policy-" in line] == []
    if threshold:
        command = [analyze, "security", "--offline=true", f"--threshold={threshold}", str(unit)]
        judged = subprocess.run(command, capture_output=True, text=True, check=False)
        assert judged.returncode == 0, judged.stdout


def test_the_timer_begins_with_the_day_of_a_release() -> None:
    """A release takes effect by its date in UTC: a build of the day before would show the old one."""
    made = webserver.configuration("systemd-timer", site_at("http://localhost"), Machine("", ""))
    (when,) = re.findall(r"^OnCalendar=(.*)$", made, re.MULTILINE)
    command = [servers.program("systemd-analyze"), "calendar", "--base-time=2026-11-22 23:59:59 UTC", when]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env={"TZ": "Asia/Karachi"}).stdout
    assert "2026-11-23 00:00:05 UTC" in told or "2026-11-23 05:00:05 PKT" in told, told


def test_headers_for_static_hosts_name_what_never_changes() -> None:
    site = site_at("https://www.example.com")
    rules: dict[str, list[str]] = {}
    for line in webserver.static_headers(site, new()).splitlines():
        if line.startswith("/"):
            rules[line] = []
        else:
            rules[list(rules)[-1]].append(line.strip())
    assert rules.pop("/*") == [f"{name}: {value}" for name, value in webserver.headers(site).items()]
    assert set(rules) == {f"/{path}" for path in new() if webserver.caching(path) == webserver.FOR_EVER}
    assert set(map(tuple, rules.values())) == {(f"Cache-Control: {webserver.FOR_EVER}",)}
