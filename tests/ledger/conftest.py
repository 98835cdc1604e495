from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from generator.ledger import store

from .servers import Postgres
from .world import NOTICES_JSON

ORIGIN = "www.itsths.com/choices"


@dataclass
class Receiver:
    """A receiver in a process of its own, and a client that speaks to it."""

    process: subprocess.Popen[str]
    port: int
    http: httpx.Client
    url: str

    def post(self, choice: dict[str, Any] | bytes, **headers: str) -> httpx.Response:
        data = choice if isinstance(choice, bytes) else json.dumps(choice).encode()
        return self.http.post("/choices", content=data, headers={"content-type": "application/json"} | headers)

    def bodies(self) -> list[dict[str, Any]]:
        """What its ledger holds."""
        with closing(store.open_store(self.url)) as opened:
            return [json.loads(record.body) for _, record in opened.read()]

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        self.http.close()
        self.process.send_signal(by)
        code = self.process.wait(timeout=15)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


Start = Callable[..., Receiver]


@pytest.fixture(scope="session")
def notices_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("site") / "notices.json"
    path.write_text(json.dumps(NOTICES_JSON))
    return path


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A new, empty ledger on SQLite."""
    made = f"sqlite:///{tmp_path / 'choices.db'}"
    store.create(made, ORIGIN)
    return made


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    server.start()
    yield server
    server.remove()


_databases = itertools.count(1)


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """A new, empty ledger on PostgreSQL, in a database of its own."""
    name = f"ledger{next(_databases)}"
    postgres.sql(f"CREATE DATABASE {name}")
    made = postgres.url(name)
    store.create(made, ORIGIN)
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def each_url(request: pytest.FixtureRequest) -> str:
    """A new, empty ledger on each kind of store."""
    return str(request.getfixturevalue("url" if request.param == "sqlite" else "postgres_url"))


def launch(url: str, notices_path: Path, *origins: str, errors: IO[str] | None = None) -> Receiver:
    command = [sys.executable, str(Path(__file__).with_name("launch.py")), url, str(notices_path), *origins]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline())
    return Receiver(process, port, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20, verify=False), url)


@pytest.fixture
def start(notices_path: Path) -> Iterator[Start]:
    running: list[Receiver] = []

    def start(url: str, *, notices: Path = notices_path, errors: IO[str] | None = None) -> Receiver:
        running.append(launch(url, notices, errors=errors))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.stop()


@pytest.fixture(scope="session")
def receiver(tmp_path_factory: pytest.TempPathFactory, notices_path: Path) -> Iterator[Receiver]:
    """One receiver for all tests that only ask and answer."""
    url = f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'choices.db'}"
    store.create(url, ORIGIN)
    one = launch(url, notices_path, "http://localhost:8000")
    yield one
    assert one.stop() == 0
