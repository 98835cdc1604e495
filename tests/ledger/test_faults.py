"""What must survive: the power, the disk, a second process, a fault of ours."""

from __future__ import annotations

import asyncio
import json
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from generator.errors import LedgerError, Problem, Where
from generator.ledger import log, server, store, web
from generator.ledger.commits import BATCH
from generator.ledger.limits import Settings
from generator.ledger.receiver import Receiver as Application
from generator.ledger.records import Record
from generator.ledger.verify import verify

from .conftest import Receiver, Start
from .world import NOTICES_JSON, NOW, OLD_NOTICE, body, choice, notices

T = TypeVar("T")


def kept_keys(url: str) -> list[str]:
    """The event_ids of a ledger that holds."""
    opened = store.open_store(url)
    try:
        seen = verify(opened)
        assert seen.problems == ()
        keys = [record.event_id for _, record in opened.read()]
        assert len(keys) == len(set(keys)) == seen.records == seen.size
        return keys
    finally:
        opened.close()


class Load:
    """Threads that post until told to stop, and remember each answer."""

    def __init__(self, receivers: Sequence[Receiver], threads: int) -> None:
        self.answers: dict[str, httpx.Response] = {}
        self.sent: list[dict[str, Any]] = []
        self.stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._post, args=(receivers[at % len(receivers)],)) for at in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def _post(self, one: Receiver) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{one.port}", timeout=20, verify=False) as client:
            while not self.stop.is_set():
                sent = choice()
                self.sent.append(sent)
                try:
                    answer = client.post("/choices", json=sent)
                except httpx.TransportError:
                    return
                self.answers[sent["event_id"]] = answer

    def wait_for(self, count: int) -> None:
        until = time.monotonic() + 20
        while len(self.answers) < count and time.monotonic() < until:
            time.sleep(0.005)
        assert len(self.answers) >= count

    def end(self) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join()


def test_kill_9_loses_no_choice_that_was_answered_and_a_replay_doubles_none(start: Start, each_url: str) -> None:
    answered: dict[str, httpx.Response] = {}
    for _ in range(3):
        one = start(each_url)
        load = Load([one], threads=8)
        load.wait_for(60)
        one.stop(signal.SIGKILL)
        load.end()
        assert {answer.status_code for answer in load.answers.values()} == {201}
        answered |= load.answers
        assert set(answered) <= set(kept_keys(each_url))
        again = start(each_url)
        for sent in load.sent:
            replay, before = again.post(sent), answered.get(sent["event_id"])
            assert replay.status_code == 200 if before else replay.status_code in (200, 201)
            assert before is None or replay.content == before.content
            answered[sent["event_id"]] = replay
        again.stop()
        assert set(kept_keys(each_url)) == set(answered)


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_graceful_stop_answers_what_it_has_taken(start: Start, url: str, by: signal.Signals) -> None:
    one = start(url)
    load = Load([one], threads=8)
    load.wait_for(40)
    assert one.stop(by) == 0
    load.end()
    assert {answer.status_code for answer in load.answers.values()} == {201}
    assert set(kept_keys(url)) == set(load.answers)


def test_two_processes_share_one_log(start: Start, each_url: str) -> None:
    both = [start(each_url), start(each_url)]
    load = Load(both, threads=8)
    load.wait_for(300)
    load.end()
    assert {answer.status_code for answer in load.answers.values()} == {201}
    assert set(kept_keys(each_url)) == set(load.answers)
    checkpoints = [one.http.get("/checkpoint").text for one in both]
    assert checkpoints[0] == checkpoints[1]


def test_one_key_sent_to_two_processes_at_once_is_one_record(start: Start, each_url: str) -> None:
    both = [start(each_url), start(each_url)]
    for _ in range(20):
        sent = choice()
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda one, sent=sent: one.post(sent), both * 2))
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
        assert len({answer.content for answer in answers}) == 1
    assert len(kept_keys(each_url)) == 20


def test_a_full_disk_is_503_and_when_there_is_room_again_201(start: Start, url: str) -> None:
    """The system's own limit on file sizes: a write fails as on a full disk."""
    one = start(url)
    assert one.post(choice()).status_code == 201
    written = max(file.stat().st_size for file in Path(url.removeprefix("sqlite:///")).parent.iterdir())
    resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE, (written, resource.RLIM_INFINITY))
    refused = [choice() for _ in range(5)]
    for sent in refused:
        answer = one.post(sent)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "choices.db" not in answer.text
    assert one.http.get("/checkpoint").status_code == 200
    assert len(kept_keys(url)) == 1
    resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert [one.post(sent).status_code for sent in refused] == [201] * 5
    one.stop()
    assert len(kept_keys(url)) == 6


def test_a_locked_database_is_503_and_not_a_receipt(start: Start, url: str) -> None:
    one = start(url)
    db = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    sent = choice()
    assert one.post(sent).status_code == 503
    db.execute("ROLLBACK")
    db.close()
    assert one.post(sent).status_code == 201


class Failing:
    """A store whose next append fails: before it is written, or just after."""

    def __init__(self, inner: store.Store, persisted: bool) -> None:
        self._inner, self._persisted, self.failures, self._within = inner, persisted, 1, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def _fail(self, now: bool) -> None:
        if self.failures and now:
            self.failures -= 1
            raise LedgerError(Problem("store.failed", Where("/secret/path.db"), "SQL of ours"))

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        self._within = True
        try:
            with self._inner.exclusively():
                yield
        finally:
            self._within = False
        self._fail(self._persisted)

    def append(self, expected: log.Head, records: Sequence[Record], erase: log.Ranges = ()) -> log.Growth | None:
        self._fail(not self._persisted)
        growth = self._inner.append(expected, records, erase)
        self._fail(self._persisted and not self._within)
        return growth


def in_process(app: Any, work: Callable[[httpx.AsyncClient], Any]) -> Any:
    async def run() -> Any:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await work(client)

    return asyncio.run(run())


def while_serving(app: Application, work: Callable[[int], Awaitable[T]]) -> T:
    """What `work` gives for the port of the app, which runs on real sockets in the same loop."""

    async def run() -> T:
        one = server.uvicorn_server(app, "127.0.0.1", 0)
        serving = asyncio.create_task(one.serve())
        while not one.started:
            await asyncio.sleep(0.01)
        try:
            return await work(one.servers[0].sockets[0].getsockname()[1])
        finally:
            one.should_exit = True
            await serving

    return asyncio.run(run())


def post(client: httpx.AsyncClient, data: bytes) -> Any:
    return client.post("/choices", content=data, headers={"content-type": "application/json"})


@pytest.fixture
def opened(url: str) -> Iterator[store.Store]:
    one = store.open_store(url)
    yield one
    one.close()


@pytest.mark.parametrize("persisted", [False, True])
@pytest.mark.parametrize("before", [0, 1])  # the first commit of a receiver locks the head, later ones compare it
def test_a_failed_commit_is_503_for_each_of_the_batch_and_a_retry_is_one_record(
    opened: store.Store, persisted: bool, before: int
) -> None:
    bodies = [body() for _ in range(10)]

    async def work(client: httpx.AsyncClient) -> tuple[list[httpx.Response], list[httpx.Response]]:
        for _ in range(before):
            failing.failures = 0
            await post(client, body())
            failing.failures = 1
        first = await asyncio.gather(*(post(client, data) for data in bodies))
        return first, await asyncio.gather(*(post(client, data) for data in bodies))

    failing = Failing(opened, persisted)
    first, second = in_process(Application(failing, notices(), lambda: NOW), work)
    assert {answer.status_code for answer in first} == {503}
    assert not [answer for answer in first if "secret" in answer.text or "SQL" in answer.text]
    assert {answer.status_code for answer in second} == {200 if persisted else 201}
    seen = verify(opened)
    assert (seen.records, seen.problems) == (10 + before, ())


def test_choices_that_arrive_together_share_a_commit_and_a_lone_one_has_its_own(opened: store.Store) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        await post(client, body())
        await asyncio.gather(*(post(client, body()) for _ in range(100)))
        await post(client, body())

    in_process(Application(opened, notices(), lambda: NOW), work)
    sizes = [first + len(leaves) for first, leaves in opened.batches()]
    assert (sizes[0], sizes[-2], sizes[-1]) == (1, 101, 102)
    assert len(sizes) <= 5


def test_more_choices_than_a_batch_takes_are_all_kept(opened: store.Store) -> None:
    async def work(client: httpx.AsyncClient) -> list[int]:
        answers = await asyncio.gather(*(post(client, body()) for _ in range(BATCH + 100)))
        return [answer.status_code for answer in answers]

    assert in_process(Application(opened, notices(), lambda: NOW), work) == [201] * (BATCH + 100)
    assert verify(opened).holds


def test_one_key_twice_in_one_batch_is_one_record_and_another_choice_a_conflict(opened: store.Store) -> None:
    sent = choice()
    same, other = json.dumps(sent).encode(), json.dumps(sent | {"event_type": "changed"}).encode()

    async def work(client: httpx.AsyncClient) -> list[httpx.Response]:
        return list(await asyncio.gather(*(post(client, data) for data in (same, other, same, body()))))

    answers = in_process(Application(opened, notices(), lambda: NOW), work)
    assert [answer.status_code for answer in answers] == [201, 409, 200, 201]
    assert answers[0].content == answers[2].content
    assert verify(opened).records == 2


def test_a_fault_of_ours_is_500_without_its_story_and_the_next_choice_is_kept(
    opened: store.Store, caplog: pytest.LogCaptureFixture
) -> None:
    sent, faults = choice(), [1]

    def clock() -> datetime:
        if faults.pop() if faults else 0:
            raise RuntimeError(f"SECRET {sent}")
        return NOW

    async def work(client: httpx.AsyncClient) -> list[httpx.Response]:
        data = json.dumps(sent).encode()
        return [await post(client, data), await post(client, data)]

    answers = in_process(Application(opened, notices(), clock), work)
    assert [answer.status_code for answer in answers] == [500, 201]
    assert answers[0].headers["content-type"] == "application/problem+json"
    for text in (answers[0].text, caplog.text):
        assert "SECRET" not in text
        assert sent["event_id"] not in text
    assert (caplog.records[0].type, caplog.records[0].place.split(":")[0]) == ("RuntimeError", "clock")  # type: ignore[attr-defined]


def test_a_damaged_record_fails_its_own_replay_and_no_other_choice(opened: store.Store, url: str) -> None:
    sent = choice()

    async def first(client: httpx.AsyncClient) -> int:
        return int((await post(client, json.dumps(sent).encode())).status_code)

    async def second(client: httpx.AsyncClient) -> list[int]:
        answers = await asyncio.gather(*(post(client, data) for data in (json.dumps(sent).encode(), body())))
        return [answer.status_code for answer in answers]

    assert in_process(Application(opened, notices(), lambda: NOW), first) == 201
    db = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    db.execute("UPDATE records SET body = x'00'")
    db.close()
    assert in_process(Application(opened, notices(), lambda: NOW), second) == [503, 201]


def test_other_notices_are_taken_up_between_two_choices(opened: store.Store) -> None:
    app = Application(opened, notices(notices={}), lambda: NOW)

    async def work(client: httpx.AsyncClient) -> list[int]:
        before = await post(client, body())
        app.adopt(notices())
        return [before.status_code, (await post(client, body())).status_code]

    assert in_process(app, work) == [422, 201]


def test_a_release_made_while_the_receiver_runs_is_taken_and_a_broken_file_changes_nothing(
    start: Start, url: str, tmp_path: Path
) -> None:
    path = tmp_path / "notices.json"
    older = {"notices": {OLD_NOTICE: NOTICES_JSON["notices"][OLD_NOTICE]}}
    path.write_text(json.dumps(NOTICES_JSON | older))
    with (tmp_path / "errors").open("w") as errors:
        one = start(url, notices=path, errors=errors)
    assert one.post(choice()).status_code == 422
    path.write_text(json.dumps(NOTICES_JSON))
    until(lambda: one.post(choice()).status_code == 201)

    def said() -> list[str]:
        return (tmp_path / "errors").read_text().splitlines()

    path.write_text("{")
    until(lambda: len(said()) == 1)
    path.unlink()
    until(lambda: len(said()) == 2)
    time.sleep(2.5 * server.FOLLOW_SECONDS)
    assert [json.loads(line)["wrong"].split(": ")[1] for line in said()] == ["notices.wrong", "notices.missing"]
    assert one.post(choice()).status_code == 201
    path.write_text(json.dumps(NOTICES_JSON | older))
    until(lambda: one.post(choice()).status_code == 422)
    assert one.stop() == 0
    assert len(said()) == 2


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("origin", ["*", "null", "https://x.example/", "x.example"])
def test_an_added_origin_is_an_origin_and_no_pattern(opened: store.Store, origin: str) -> None:
    with pytest.raises(LedgerError, match=r"origin\.wrong"):
        Application(opened, notices(), lambda: NOW, Settings(origins=(origin,)))


def test_a_missing_notices_file_is_named_with_what_would_do(tmp_path: Path, url: str) -> None:
    with pytest.raises(LedgerError) as error:
        server.serve(host="127.0.0.1", port=0, store_url=url, notices_path=tmp_path / "notices.json")
    (problem,) = error.value.problems
    assert (problem.code, problem.where.path) == ("notices.missing", str(tmp_path / "notices.json"))
    assert "policy build" in problem.hint


def test_a_taken_port_is_an_error_and_no_traceback(start: Start, url: str, notices_path: Path) -> None:
    port = start(url).port
    with pytest.raises(LedgerError, match="cannot listen here: Address already in use"):
        server.serve(host="127.0.0.1", port=port, store_url=url, notices_path=notices_path)


def test_a_body_that_drips_is_cut_off_in_time_and_gives_its_connection_back(
    opened: store.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "BODY_SECONDS", 0.3)
    monkeypatch.setattr(server, "CONNECTIONS", 8)

    async def drip(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /choices HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
        )
        answer = asyncio.create_task(reader.read())  # to the end: until the receiver hangs up
        for _ in range(60):
            if not answer.done():
                writer.write(b" ")
                await asyncio.sleep(0.05)
        assert answer.done(), "still open after ten deadlines"
        writer.close()
        return await answer

    async def work(port: int) -> tuple[list[bytes], int]:
        answers = await asyncio.gather(*(drip(port) for _ in range(7)))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            return answers, (await post(client, body())).status_code

    answers, after = while_serving(Application(opened, notices(), lambda: NOW), work)
    assert {answer.split(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 408 Request Timeout"}
    assert all(b"application/problem+json" in answer and b"connection: close" in answer for answer in answers)
    assert after == 201


def test_the_receiver_runs_in_a_loop_that_is_somebody_elses(opened: store.Store) -> None:
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    async def work(port: int) -> int:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            return int((await post(client, body())).status_code)

    assert while_serving(Application(opened, notices(), server.now), work) == 201
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


def test_sighup_has_new_notices_read_at_once_and_loses_no_request(start: Start, url: str, tmp_path: Path) -> None:
    path = tmp_path / "notices.json"
    path.write_text(json.dumps(NOTICES_JSON))
    one = start(url, notices=path)
    load = Load([one], threads=4)
    for _ in range(10):
        path.write_text(json.dumps(NOTICES_JSON))
        one.process.send_signal(signal.SIGHUP)
        load.wait_for(len(load.answers) + 4)
    load.end()
    assert {answer.status_code for answer in load.answers.values()} == {201}
    assert set(kept_keys(url)) == set(load.answers)


def test_a_clock_that_steps_back_breaks_nothing(opened: store.Store) -> None:
    times = iter([NOW, NOW - timedelta(days=400), NOW])

    async def work(client: httpx.AsyncClient) -> list[str]:
        return [(await post(client, body())).json()["event"]["event_time"] for _ in range(3)]

    said = in_process(Application(opened, notices(), lambda: next(times)), work)
    assert said == ["2026-11-22T09:14:22Z", "2025-10-18T09:14:22Z", "2026-11-22T09:14:22Z"]
    assert verify(opened).holds


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace makes the disk fail; scripts/system installs it")
def test_an_error_of_fsync_is_no_receipt_and_what_was_answered_before_is_there(start: Start, url: str) -> None:
    one = start(url)
    answered = [choice() for _ in range(3)]
    assert [one.post(sent).status_code for sent in answered] == [201] * 3
    failing = ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(one.process.pid), "-e", "trace=fsync,fdatasync"]
    with subprocess.Popen([*failing, "-e", "inject=fsync,fdatasync:error=EIO"]) as tracer:
        status = Path(f"/proc/{one.process.pid}/status")
        until(lambda: f"TracerPid:\t{tracer.pid}" in status.read_text())
        time.sleep(0.2)  # its other threads
        refused = [choice() for _ in range(3)]
        assert [one.post(sent).status_code for sent in refused] == [503] * 3
        assert one.http.get("/healthz").status_code == 200
        tracer.terminate()
    assert [one.post(sent).status_code in (200, 201) for sent in refused] == [True] * 3
    one.stop(signal.SIGKILL)
    assert set(kept_keys(url)) == {sent["event_id"] for sent in [*answered, *refused]}


def test_ten_thousand_connections_that_send_nothing_whole_keep_nobody_out(start: Start, url: str) -> None:
    """Headers that never end: each new connection takes the place of the one that has waited longest."""
    one, wanted = start(url), 10_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted + 200:
        pytest.skip(f"this machine allows {hard} open files, and the test wants {wanted}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted + 200, hard))
    slow: list[socket.socket] = []
    try:
        for at in range(wanted):
            slow.append(socket.create_connection(("127.0.0.1", one.port), timeout=10))
            with suppress(OSError):
                slow[-1].sendall(b"POST /choices HTTP/1.1\r\nX-Slow: ")
            if at % 2500 == 2499:
                with httpx.Client(base_url=f"http://127.0.0.1:{one.port}", verify=False, timeout=20) as client:
                    assert client.post("/choices", json=choice()).status_code == 201
    finally:
        for each in slow:
            each.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert one.post(choice()).status_code == 201
    assert len(kept_keys(url)) == 5


def test_headers_that_drip_are_cut_off_in_time(opened: store.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.3)

    async def drip(port: int) -> float:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        began, ended = time.monotonic(), asyncio.create_task(reader.read())
        while not ended.done() and time.monotonic() < began + 5:
            writer.write(b"X")
            await asyncio.sleep(0.05)
        writer.close()
        with suppress(OSError):
            await ended
        return time.monotonic() - began

    assert while_serving(Application(opened, notices(), lambda: NOW), drip) < 4
