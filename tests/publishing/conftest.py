"""Servers that the tests of this folder share. Each starts when it is first asked for."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.publishing import servers
from tests.publishing.servers import Shell, Wire


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory where that can be: every kind of host waits for the disk, and hundreds of files each time."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with servers.sshd(tmp_path_factory.mktemp("ssh") / "sshd") as running:
        yield running


@pytest.fixture(scope="session")
def s3_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with servers.s3(tmp_path_factory.mktemp("s3") / "server") as port:
        yield port


@pytest.fixture
def agent(shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    """The only key is in the agent, and the user's own folder knows no host."""
    monkeypatch.setenv("SSH_AUTH_SOCK", str(shell.agent))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return shell


@pytest.fixture
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    """To sshd, or to what a test names by `indirect`."""
    port = request.getfixturevalue("agent").port if not hasattr(request, "param") else request.param
    made = Wire(port)
    yield made
    made.close()
