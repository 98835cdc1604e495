"""How fast the receiver is, in ratios of one interleaved run: the server on one core, the load on another.

    .venv/bin/python benchmarks/receiver.py                      # SQLite, and PostgreSQL if Debian's is there
    .venv/bin/python benchmarks/receiver.py --records 1000000    # verification and export at that many records
    .venv/bin/python benchmarks/receiver.py --records 10000000 --grow   # throughput again with those present

Contenders take turns, round after round, so that what else the machine does falls on all of them alike. `nothing` is
the same front end, which validates a choice, makes its record and answers with 201, and stores nothing. `single` is
the same store with a commit for each request.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics as stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

from generator.ledger import commits, exports, log, server, store, verify
from generator.ledger.receiver import Receiver
from generator.ledger.records import Record, leaf

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.ledger.servers import Postgres
from tests.ledger.world import NOTICES_JSON, choice, notices, record

ORIGIN = "www.itsths.com/choices"


class Nothing:
    """A store that keeps nothing, durably."""

    origin = ORIGIN

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def head(self) -> log.Head:
        return log.Head()

    def bytes(self) -> int:
        return 0


class Storeless(Receiver):
    """The ceiling: all of the front end and of the validation, no log, no receipt, no store."""

    def __init__(self) -> None:
        super().__init__(Nothing(), notices(), server.now)

        async def keep(choice: Any, record: Record, notices: Any) -> commits.Stored:
            return commits.Stored(True, record.body)

        self._commits.keep = keep  # type: ignore[method-assign]


def serve(kind: str, url: str, port: int, core: int | None) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})
    if kind == "single":
        commits.BATCH = 1
    app = Storeless() if kind == "nothing" else Receiver(store.open_store(url), notices(), server.now)
    asyncio.run(server.uvicorn_server(app, "127.0.0.1", port).serve())


def requests() -> Iterator[bytes]:
    head = "POST /choices HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    first = json.dumps(choice(event_id="KEY")).encode()
    start = (head % (len(first) + 33)).encode() + first
    while True:
        digits = os.urandom(16).hex()
        key = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"
        yield start.replace(b"KEY", key.encode())


class Client(asyncio.Protocol):
    """One connection, one request at a time: as light as it gets, so that the receiver is what is measured."""

    def __init__(self, ready: Iterator[bytes], end: float, times: list[float]) -> None:
        self._ready, self._end, self._times = ready, end, times
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def _next(self) -> None:
        self._came, self._began = b"", time.perf_counter()
        if self._began > self._end:
            self._transport.close()
            self.done.set_result(None)
        else:
            self._transport.write(next(self._ready))

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, end, body = self._came.partition(b"\r\n\r\n")
        length = int(head.rpartition(b"content-length: ")[2].partition(b"\r\n")[0]) if end else 0
        if end and len(body) >= length:
            assert head.startswith(b"HTTP/1.1 20"), head
            self._times.append(time.perf_counter() - self._began)
            self._next()


async def load(port: int, connections: int, seconds: float) -> tuple[float, list[float]]:
    """Answers a second and the times of each; anything but a success stops the run."""
    times: list[float] = []
    began, ready, loop = time.perf_counter(), requests(), asyncio.get_running_loop()
    made = [
        loop.create_connection(lambda: Client(ready, began + seconds, times), "127.0.0.1", port)
        for _ in range(connections)
    ]
    for _, client in await asyncio.gather(*made):
        await client.done
    return len(times) / (time.perf_counter() - began), times


class Contender:
    def __init__(self, name: str, kind: str, url: str, port: int, core: int) -> None:
        self.name, self.port = name, port
        self.process = multiprocessing.get_context("spawn").Process(target=serve, args=(kind, url, port, core))
        self.process.start()
        self.rates: dict[int, list[float]] = {}
        self.times: dict[int, list[float]] = {}
        self.busy: dict[int, float] = {}

    def ready(self) -> None:
        for _ in range(200):
            try:
                asyncio.run(load(self.port, 1, 0.05))
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"{self.name} does not answer")

    def run(self, connections: int, seconds: float) -> None:
        before = self.cpu()
        rate, times = asyncio.run(load(self.port, connections, seconds))
        self.busy[connections] = self.busy.get(connections, 0.0) + self.cpu() - before
        self.rates.setdefault(connections, []).append(rate)
        self.times.setdefault(connections, []).extend(times)

    def cpu(self) -> float:
        """Seconds of the core; unlike the rate, hardly touched by what else the machine does."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cost(self, connections: int) -> float:
        return self.busy[connections] / len(self.times[connections])

    def memory(self) -> int:
        fields = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(fields.partition("VmRSS:")[2].split()[0]) // 1024

    def tell(self, connections: int, ceiling: Contender) -> str:
        rate, base = stat.median(self.rates[connections]), stat.median(ceiling.rates[connections])
        cost = self.cost(connections)
        cuts, most = stat.quantiles(self.times[connections], n=100), stat.quantiles(ceiling.times[connections], n=100)
        return (
            f"{self.name:28} {connections:4} {rate:8.0f}/s  ratio {rate / base:5.2f}"
            f"  p50 {cuts[49] * 1000:6.2f} ms"
            f"  p99 {cuts[98] * 1000:6.2f} ms ({cuts[98] / most[98]:.2f} of the ceiling's)"
            f"  {cost * 1e6:4.0f} µs of a core, ratio {ceiling.cost(connections) / cost:.2f}"
            f"  {self.memory()} MB"
        )


def compare(folder: Path, server_: Postgres | None, rounds: int, seconds: float, sizes: list[int], filled: str) -> None:
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    urls = {"sqlite": f"sqlite:///{folder}/many.db", "single": f"sqlite:///{folder}/single.db"}
    contenders = [Contender("nothing stored", "nothing", "", 18101, cores[0])]
    for port, (kind, url) in enumerate(urls.items(), 18102):
        store.create(url, ORIGIN)
        name = {"sqlite": "SQLite", "single": "SQLite, a commit each"}[kind]
        contenders.append(Contender(name, kind, url, port, cores[0]))
    if filled:
        contenders.append(Contender("SQLite, filled", "sqlite", filled, 18106, cores[0]))
    if server_:
        store.create(server_.url(), ORIGIN)
        contenders.append(Contender("PostgreSQL", "postgresql", server_.url(), 18104, cores[0]))
    for one in contenders:
        one.ready()
    for _ in range(rounds):
        for connections in sizes:
            for one in contenders:
                one.run(connections, seconds)
    for connections in sizes:
        print("\n".join(one.tell(connections, contenders[0]) for one in contenders))
    if server_:
        two(server_, contenders, cores, rounds, seconds)
    for one in contenders:
        one.run(1, seconds)
    fsync = fsync_seconds(folder)
    lone = {one.name: stat.median(one.times[1]) for one in contenders}
    print(f"a lone request; one fsync of a page here takes {fsync * 1000:.2f} ms")
    for name, took in lone.items():
        print(
            f"{name:28} {took * 1000:6.2f} ms, {(took - lone['nothing stored']) / fsync:.2f} fsyncs above the ceiling"
        )
    for one in contenders:
        one.process.terminate()
        one.process.join()
    opened = store.open_store(urls["sqlite"])
    print(f"the ledger of this run holds: {verify.verify(opened).holds}")


def two(server_: Postgres, contenders: list[Contender], cores: list[int], rounds: int, seconds: float) -> None:
    """A second receiver on the same log, on the same core."""
    one, other = contenders[-1], Contender("PostgreSQL, second", "postgresql", server_.url(), 18105, cores[0])
    other.ready()

    async def both() -> float:
        return sum(rate for rate, _ in await asyncio.gather(*(load(c.port, 32, seconds) for c in (one, other))))

    alone, together = [], []
    for _ in range(rounds):
        alone.append(asyncio.run(load(one.port, 64, seconds))[0])
        together.append(asyncio.run(both()))
    print(f"two receivers, one log: {stat.median(together) / stat.median(alone):.2f} of one, on one shared core")
    opened = store.open_store(server_.url())
    print(f"the chain holds: {verify.verify(opened).holds}")
    opened.close()
    other.process.terminate()
    other.process.join()


def fsync_seconds(folder: Path) -> float:
    times = []
    with (folder / "fsync").open("wb") as file:
        for _ in range(50):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    return stat.median(times)


def fill(url: str, count: int) -> None:
    """Distinct bodies made from one, since making a million by the front door is another benchmark."""
    store.create(url, ORIGIN)
    with closing(store.open_store(url)) as opened:
        first = record()
        for _ in range(0, count, 2000):
            with opened.exclusively():
                for _ in range(20):
                    batch = [distinct(first) for _ in range(100)]
                    opened.append(opened.head(), batch)


def distinct(first: Record) -> Record:
    digits = os.urandom(16).hex()
    key = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"
    body = first.body.replace(first.event_id.encode(), key.encode()).replace(b"ab" * 32, os.urandom(32).hex().encode())
    nonce = os.urandom(32)
    return Record(key, leaf(nonce, body), nonce, body)


def timed(name: str, records: int, work: Callable[[], object]) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    work()
    took, busy = time.perf_counter() - began, time.process_time() - cpu
    print(f"{name:28} {records / took:10.0f} records/s  ({records / busy:.0f} a second of one core)")


def scan(url: str, records: int) -> None:
    with closing(store.open_store(url)) as opened:
        timed("verify, the database's check", records, lambda: list(opened.faults()))
        timed("verify", records, lambda: verify.verify(opened).holds or print("IT DOES NOT HOLD"))
        timed("export, jsonl", records, lambda: sum(map(len, exports.jsonl(opened))))
        timed("export, csv", records, lambda: sum(map(len, exports.comma_separated(opened))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--connections", type=int, nargs="*", default=[32, 64, 256])
    parser.add_argument("--records", type=int, default=0)
    parser.add_argument("--grow", action="store_true")
    parser.add_argument("--no-postgresql", action="store_true")
    given = parser.parse_args()
    assert NOTICES_JSON
    with tempfile.TemporaryDirectory(prefix="policy-bench-") as name:
        filled = f"sqlite:///{name}/filled.db" if given.records else ""
        if filled:
            timed("filling", given.records, lambda: fill(filled, given.records))
            scan(filled, given.records)
            size = Path(f"{name}/filled.db").stat().st_size
            print(f"{size / given.records:.0f} bytes a record")
        if given.records and not given.grow:
            return
        server_ = None if given.no_postgresql else Postgres()
        try:
            if server_:
                server_.start(max_connections="20", shared_buffers="64MB")
            compare(Path(name), server_, given.rounds, given.seconds, given.connections, filled)
        finally:
            if server_:
                server_.remove()


if __name__ == "__main__":
    main()
