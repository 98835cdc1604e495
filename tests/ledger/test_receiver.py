"""The receiver over HTTP: a real process, real sockets."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from generator.ledger import log, store
from generator.ledger.limits import Settings, networks
from generator.ledger.receiver import Receiver as Application
from generator.ledger.records import leaf
from generator.ledger.verify import verify

from .conftest import ORIGIN, Receiver, Start
from .holder import read_checkpoint, verify_inclusion
from .test_faults import in_process
from .test_faults import opened as opened  # a fixture
from .world import NOW, OLD_POLICY, SITE, choice, notices, refusal


def problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found.keys() == {"type", "title", "status", "detail"}
    assert found["status"] == answer.status_code
    return found


def check(receipt: dict[str, Any]) -> log.Checkpoint:
    """What a holder of a receipt can check without asking anybody."""
    body = json.dumps(receipt["event"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    place, kept = receipt["log"], leaf(base64.b64decode(receipt["nonce"]), body)
    checkpoint = read_checkpoint(place["checkpoint"])
    path = [base64.b64decode(node) for node in place["inclusion"]]
    assert verify_inclusion(kept, place["index"], checkpoint.size, path, checkpoint.root)
    return checkpoint


def test_a_choice_is_answered_with_a_receipt_that_can_be_checked(receiver: Receiver) -> None:
    sent = choice()
    answer = receiver.post(sent)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["receipt_id"] == answer.json()["event"]["event_id"] == sent["event_id"]
    assert check(answer.json()).origin == ORIGIN


def test_a_replayed_key_gives_the_same_receipt_and_one_row(start: Start, url: str) -> None:
    one, sent = start(url), choice()
    first = one.post(sent)
    one.post(choice())
    second = one.post(json.dumps(sent, indent=2).encode())
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.content == second.content
    one.stop()
    again = start(url)
    third = again.post(sent)
    assert (third.status_code, third.content) == (200, first.content)
    again.stop()
    opened = store.open_store(url)
    assert verify(opened).records == 2
    opened.close()


def test_a_key_of_another_choice_is_a_conflict_and_keeps_the_first(receiver: Receiver) -> None:
    sent = choice()
    first = receiver.post(sent)
    answer = receiver.post(sent | {"event_type": "changed"})
    assert (answer.status_code, problem(answer)["title"]) == (409, "Conflict")
    assert receiver.post(sent).content == first.content


def test_withdrawing_adds_a_record_and_leaves_the_grant(receiver: Receiver) -> None:
    grant = choice()
    first = receiver.post(grant)
    nothing = {"analytics": False, "marketing": False}
    withdrawal = receiver.post(choice(event_type="withdrawn", purposes=nothing, prev_event_id=grant["event_id"]))
    assert withdrawal.status_code == 201
    assert withdrawal.json()["event"]["prev_event_id"] == grant["event_id"]
    assert receiver.post(grant).content == first.content


def test_a_refusal_is_kept_without_a_subject(receiver: Receiver) -> None:
    kept = receiver.post(refusal()).json()["event"]
    assert (kept["subject_ref"], kept["prev_event_id"], kept["event_type"]) == (None, None, "refused")


def test_a_late_record_under_an_older_release_is_taken(receiver: Receiver) -> None:
    kept = receiver.post(choice(policy={"sha256": OLD_POLICY})).json()["event"]
    assert kept["policy"]["version"] == "1.0"


def test_a_record_holds_nothing_that_the_connection_says_of_the_visitor(receiver: Receiver) -> None:
    answer = receiver.post(
        choice(),
        **{
            "user-agent": "Marker/1.0",
            "referer": "https://www.itsths.com/marker",
            "x-forwarded-for": "203.0.113.9",
            "cookie": "marker=1",
        },
    )
    assert answer.status_code == 201
    for trace in ("Marker", "marker", "203.0.113.9", "127.0.0.1"):
        assert trace not in answer.text


Ask = Callable[[Receiver], httpx.Response]


def asked(method: str, path: str, **headers: str) -> Ask:
    return lambda receiver: receiver.http.request(method, path, headers=headers)


def posted(data: dict[str, Any] | bytes | None = None) -> Ask:
    return lambda receiver: receiver.post(choice() if data is None else data)


def posted_with(**headers: str) -> Ask:
    """A good choice, and headers written with _ for -."""
    return lambda receiver: receiver.post(choice(), **{name.replace("_", "-"): headers[name] for name in headers})


REFUSED: dict[str, tuple[int, Ask]] = {
    "not json": (400, posted(b"{")),
    "a key twice": (400, posted(json.dumps(choice()).encode()[:-1] + b', "signals": {"gpc": true}}')),
    "from another site that does not say which": (403, posted_with(sec_fetch_site="cross-site")),
    "from another site": (403, posted_with(sec_fetch_site="cross-site", origin="https://evil.example")),
    "from another site that hides": (403, posted_with(sec_fetch_site="cross-site", origin="null")),
    "from an unlisted origin": (403, posted_with(origin="https://evil.example")),
    "from an origin that starts like ours": (403, posted_with(origin=f"{SITE}.evil.example")),
    "from our origin on another port": (403, posted_with(origin=f"{SITE}:8443")),
    "from our origin without encryption": (403, posted_with(origin="http://www.itsths.com")),
    "from a null origin": (403, posted_with(origin="null")),
    "from a star": (403, posted_with(origin="*")),
    "elsewhere": (404, asked("POST", "/choices/")),
    "a list of choices": (405, asked("GET", "/choices")),
    "a change of a choice": (405, asked("PUT", "/choices")),
    "an erasure without its secret": (405, asked("DELETE", "/choices")),
    "a post to the checkpoint": (405, asked("POST", "/checkpoint")),
    "a form": (415, posted_with(content_type="application/x-www-form-urlencoded")),
    "plain text": (415, posted_with(content_type="text/plain")),
    "a json of another kind": (415, posted_with(content_type="application/json-patch+json")),
    "another charset": (415, posted_with(content_type="application/json; charset=latin-1")),
    "no type": (415, lambda receiver: receiver.http.post("/choices", content=b"{}")),
    "a compressed body": (415, posted_with(content_encoding="gzip")),
    "too large": (413, posted(b" " * 8193)),
    "not offered": (422, posted(choice(purposes={"analytics": True}))),
    "another shape": (422, posted(b"[]")),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_is_a_problem_with_its_status(receiver: Receiver, what: str) -> None:
    status, ask = REFUSED[what]
    before = receiver.http.get("/checkpoint").text
    assert problem(ask(receiver))["status"] == status
    assert receiver.http.get("/checkpoint").text == before


@pytest.mark.parametrize(
    ("path", "allow"), [("/choices", "POST, OPTIONS"), ("/checkpoint", "GET, HEAD"), ("/healthz", "GET, HEAD")]
)
def test_a_wrong_method_is_told_the_right_ones(receiver: Receiver, path: str, allow: str) -> None:
    answer = receiver.http.patch(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)


def test_a_body_of_exactly_the_limit_is_read_and_one_byte_more_is_not(receiver: Receiver) -> None:
    data = json.dumps(choice()).encode()
    assert receiver.post(data.ljust(8192)).status_code == 201
    assert receiver.post(data.ljust(8193)).status_code == 413


@pytest.mark.parametrize("type_", ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'])
def test_json_that_names_its_charset_is_json(receiver: Receiver, type_: str) -> None:
    assert receiver.post(choice(), **{"content-type": type_}).status_code == 201


@pytest.mark.parametrize("origin", [SITE, "https://itsths.com", "http://localhost:8000"])
def test_a_listed_origin_is_answered_by_its_own_name_and_no_star(receiver: Receiver, origin: str) -> None:
    answer = receiver.post(choice(), origin=origin, **{"sec-fetch-site": "same-site"})
    assert answer.status_code == 201
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers


def test_a_listed_site_of_another_registrable_domain_is_not_kept_out(receiver: Receiver) -> None:
    headers = {"origin": "http://localhost:8000", "sec-fetch-site": "cross-site"}
    asks = headers | {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    assert receiver.http.options("/choices", headers=asks).status_code == 204
    answer = receiver.post(choice(), **headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (201, "http://localhost:8000")


def test_a_page_may_read_why_its_choice_was_refused(receiver: Receiver) -> None:
    answer = receiver.post(b"{", origin=SITE)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (400, SITE)


def test_an_unlisted_origin_is_given_no_leave_to_read(receiver: Receiver) -> None:
    for ask in (posted_with(origin="https://evil.example"), asked("OPTIONS", "/choices", origin="null")):
        answer = ask(receiver)
        assert answer.status_code == 403
        assert answer.headers["vary"] == "Origin"
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_preflight_of_a_listed_origin_is_granted_post_and_json_only(receiver: Receiver) -> None:
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    answer = receiver.http.options("/choices", headers={"origin": SITE, **asks})
    assert (answer.status_code, answer.content) == (204, b"")
    granted = {name: value for name, value in answer.headers.items() if name.startswith("access-control")}
    assert granted == {
        "access-control-allow-origin": SITE,
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "content-type",
        "access-control-max-age": "600",
    }


def test_a_program_without_origin_is_not_kept_out(receiver: Receiver) -> None:
    assert receiver.post(choice()).status_code == 201
    assert receiver.post(choice(), **{"sec-fetch-site": "same-origin"}).status_code == 201


@pytest.mark.parametrize("ask", [posted(), posted(b"{"), asked("GET", "/checkpoint"), asked("GET", "/nothing")])
def test_every_answer_has_the_security_headers(receiver: Receiver, ask: Ask) -> None:
    headers = ask(receiver).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


def test_the_checkpoint_is_the_head_of_the_log_and_covers_each_receipt(receiver: Receiver) -> None:
    receipt = receiver.post(choice()).json()
    answer = receiver.http.get("/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert read_checkpoint(answer.text) == check(receipt)
    assert receiver.http.head("/checkpoint").content == b""


def test_health_says_nothing_but_that_it_is_well(receiver: Receiver) -> None:
    answer = receiver.http.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_lone_choice_does_not_wait_for_company_or_for_an_acknowledgement(receiver: Receiver) -> None:
    """Nagle's algorithm with delayed acknowledgements would add 40 ms to each."""
    times = []
    for _ in range(30):
        sent = choice()
        began = time.perf_counter()
        receiver.post(sent)
        times.append(time.perf_counter() - began)
    assert sorted(times)[5] < 0.03


SECRET = base64.b64encode(b"s" * 32).decode()
REFERENCE = "sha256:" + hashlib.sha256(SECRET.encode()).hexdigest()


def shown(one: Receiver, what: str, secret: str = SECRET) -> httpx.Response:
    return one.http.post(f"/choices/{what}", json={"schema": "policy-secret/1", "secret": secret})


def test_a_browser_sees_its_records_by_its_secret_and_erases_them(start: Start, each_url: str) -> None:
    one = start(each_url)
    receipts = [one.post(choice(subject_ref=REFERENCE)).json() for _ in range(3)]
    other = one.post(choice()).json()
    assert shown(one, "lookup").json() == {"schema": "policy-records/1", "records": receipts}
    assert shown(one, "lookup", "x" * 30).json()["records"] == []
    assert shown(one, "erase").json() == {"schema": "policy-erased/1", "erased": 3, "held": 0}
    assert shown(one, "erase").json()["erased"] == 0
    assert shown(one, "lookup").json()["records"] == []
    assert one.post(choice()).status_code == 201
    one.stop()
    with closing(store.open_store(each_url)) as opened:
        seen = verify(opened)
        assert (seen.holds, seen.records, seen.erased) == (True, 3, 3)
        assert other["receipt_id"] in {record.event_id for _, record in opened.read()}


def test_what_is_under_a_legal_hold_is_not_erased_and_that_is_said(start: Start, url: str) -> None:
    one = start(url)
    for _ in range(2):
        one.post(choice(subject_ref=REFERENCE))
    with closing(store.open_store(url)) as opened:
        opened.hold("case 7", 0, 0)
    assert shown(one, "erase").json() == {"schema": "policy-erased/1", "erased": 1, "held": 1}
    assert len(shown(one, "lookup").json()["records"]) == 1


@pytest.mark.parametrize("data", [b"{}", b'{"schema":"policy-secret/1","secret":"short"}', b'{"secret":1}', b"[1]"])
@pytest.mark.parametrize("what", ["lookup", "erase"])
def test_what_is_no_secret_is_refused(receiver: Receiver, what: str, data: bytes) -> None:
    answer = receiver.http.post(f"/choices/{what}", content=data, headers={"content-type": "application/json"})
    assert problem(answer)["status"] == 422
    assert receiver.http.get(f"/choices/{what}?secret={SECRET}").status_code == 405


def test_metrics_count_answers_and_commits_and_name_nobody(start: Start, url: str) -> None:
    one = start(url)
    sent = choice()
    one.post(sent)
    one.post(sent)
    one.post(b"{")
    text = one.http.get("/metrics").text
    assert 'policy_answers_total{path="/choices",status="201"} 1\n' in text
    assert 'policy_answers_total{path="/choices",status="200"} 1\n' in text
    assert 'policy_answers_total{path="/choices",status="400"} 1\n' in text
    assert "policy_records_total 1\n" in text
    assert "policy_commit_seconds_count 2\n" in text
    assert sent["event_id"] not in text


def test_the_description_names_each_address_and_what_each_answers(receiver: Receiver) -> None:
    described = receiver.http.get("/openapi.json").json()
    assert set(described["paths"]) == {
        "/choices",
        "/choices/form",
        "/choices/lookup",
        "/choices/erase",
        "/checkpoint",
        "/healthz",
        "/metrics",
        "/openapi.json",
    }
    assert set(described["components"]["schemas"]["Choice"]["required"]) == set(choice())
    statuses = {int(status) for status in described["paths"]["/choices"]["post"]["responses"]}
    assert {status for status, _ in REFUSED.values()} - {404} <= statuses


def test_a_network_over_its_rate_is_told_when_to_come_again_and_its_change_is_kept_then(opened: store.Store) -> None:
    app = Application(opened, notices(), lambda: NOW, Settings(proxies=networks(["127.0.0.1/32"]), rate=0.5))

    async def work(client: httpx.AsyncClient) -> list[httpx.Response]:
        headers = {"content-type": "application/json", "x-forwarded-for": "8.8.8.8"}
        answers = [await client.post("/choices", json=choice(), headers=headers) for _ in range(16)]
        elsewhere = headers | {"x-forwarded-for": "1.1.1.1"}
        return [*answers, await client.post("/choices", json=choice(), headers=elsewhere)]

    *taken, over, other = in_process(app, work)
    assert [answer.status_code for answer in taken] == [201] * 15
    assert (problem(over)["status"], int(over.headers["retry-after"])) == (429, 2)
    assert other.status_code == 201
    assert opened.head().size == 16


def test_a_quota_drops_refusals_first_then_choices_and_never_reads(opened: store.Store) -> None:
    async def work(client: httpx.AsyncClient) -> list[int]:
        statuses = []
        for share in (0.8, 0.95, 1.0):
            app._used = int(1_000_000 * share)
            sent = (refusal(), choice())
            statuses += [(await client.post("/choices", json=one)).status_code for one in sent]
        return [*statuses, (await client.get("/checkpoint")).status_code, (await client.get("/healthz")).status_code]

    app = Application(opened, notices(), lambda: NOW, Settings(quota=1_000_000))
    assert in_process(app, work) == [201, 201, 507, 201, 507, 507, 200, 200]


def test_a_tool_that_tries_whatever_the_description_allows_finds_nothing_undescribed(
    receiver: Receiver, tmp_path: Path
) -> None:
    """schemathesis: statuses, types and bodies are those of /openapi.json, and nothing is a 500."""
    command = [str(Path(sys.executable).with_name("schemathesis")), "run"]
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    options = ["--checks", checks, "--max-examples", "15", "--no-color", "--generation-database", "none"]
    address = f"http://127.0.0.1:{receiver.port}"
    done = subprocess.run(
        [*command, f"{address}/openapi.json", *options], capture_output=True, text=True, timeout=240, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout[-4000:]


# Below httpx: framing, byte by byte (X03, X10).


def exchange(receiver: Receiver, *pieces: bytes, pause: float = 0.0) -> bytes:
    """All that comes back until the receiver hangs up or is silent for half a second."""
    with socket.create_connection(("127.0.0.1", receiver.port)) as client:
        client.settimeout(0.5)
        for piece in pieces:
            try:
                client.sendall(piece)
            except OSError:
                break
            time.sleep(pause)
        came = b""
        try:
            while piece := client.recv(65536):
                came += piece
        except OSError:
            pass
        return came


def head(*lines: str) -> bytes:
    fixed = ("POST /choices HTTP/1.1", "Host: x", "Content-Type: application/json")
    return "\r\n".join([*fixed, *lines, "", ""]).encode()


def status(came: bytes) -> int:
    return int(came.split(b" ", 2)[1])


def test_a_body_in_small_pieces_is_one_body(receiver: Receiver) -> None:
    data = json.dumps(choice()).encode()
    request = head(f"Content-Length: {len(data)}", "Connection: close") + data
    pieces = [request[at : at + 40] for at in range(0, len(request), 40)]
    assert status(exchange(receiver, *pieces, pause=0.002)) == 201


def test_a_chunked_body_over_the_limit_is_stopped_where_it_crosses_it(receiver: Receiver) -> None:
    chunk = b"400\r\n" + b" " * 1024 + b"\r\n"
    came = exchange(receiver, head("Transfer-Encoding: chunked"), *[chunk] * 9, pause=0.01)
    assert status(came) == 413
    assert b"connection: close" in came.lower()


def test_a_length_that_lies_does_not_let_a_second_request_in(receiver: Receiver) -> None:
    before = receiver.http.get("/checkpoint").text
    data = json.dumps(choice()).encode()
    hidden = head(f"Content-Length: {len(data)}") + data
    for framing in (
        ["Content-Length: 4", "Transfer-Encoding: chunked"],
        ["Content-Length: 4", "Content-Length: 5"],
        ["Content-Length: -1"],
        ["Content-Length: 4x"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: x"],
        ["Content-Length : 4"],
    ):
        came = exchange(receiver, head(*framing) + b"0\r\n\r\n" + hidden)
        assert status(came) in (400, 501)
        assert came.count(b"HTTP/1.1") == 1
    assert receiver.http.get("/checkpoint").text == before


def test_a_refused_upload_does_not_turn_its_rest_into_a_request(receiver: Receiver) -> None:
    before = receiver.http.get("/checkpoint").text
    data = json.dumps(choice()).encode()
    hidden = head(f"Content-Length: {len(data)}") + data
    came = exchange(receiver, head("Content-Length: 20000"), b" " * 9000, hidden, pause=0.05)
    assert status(came) == 413
    assert receiver.http.get("/checkpoint").text == before


MALFORMED = {
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "lines that end in LF alone": b"GET /healthz HTTP/1.1\nHost: x\n\n",
    "a CR within a value": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n",
    "a folded value": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    "a NUL in a value": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
    "a name that is no token": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX{}: a\r\n\r\n",
    "a chunk of no length": head("Transfer-Encoding: chunked") + b"\r\n{}\r\n0\r\n\r\n",
    "a chunk longer than it says": head("Transfer-Encoding: chunked") + b"1\r\n{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("what", MALFORMED)
def test_what_two_servers_could_read_differently_is_no_request(receiver: Receiver, what: str) -> None:
    came = exchange(receiver, MALFORMED[what])
    assert status(came) == 400
    assert came.count(b"HTTP/1.1") == 1


def test_trailers_add_nothing_to_a_head(receiver: Receiver) -> None:
    data = json.dumps(choice()).encode()
    chunks = b"%x\r\n" % len(data) + data + b"\r\n0\r\nOrigin: https://www.itsths.com\r\n\r\n"
    came = exchange(receiver, head("Transfer-Encoding: chunked", "Connection: close") + chunks)
    assert status(came) == 201
    assert b"access-control-allow-origin" not in came


def test_endless_headers_are_cut_off(receiver: Receiver) -> None:
    came = exchange(receiver, b"POST /choices HTTP/1.1\r\n", *[b"X: " + b"y" * 4000 + b"\r\n"] * 6)
    assert came == b"" or status(came) in (400, 431)
    assert receiver.http.get("/healthz").status_code == 200


def test_a_client_that_hangs_up_half_way_leaves_no_record(receiver: Receiver) -> None:
    before = receiver.http.get("/checkpoint").text
    with socket.create_connection(("127.0.0.1", receiver.port)) as client:
        client.sendall(head("Content-Length: 500") + json.dumps(choice()).encode()[:300])
    time.sleep(0.1)
    assert receiver.http.get("/checkpoint").text == before
