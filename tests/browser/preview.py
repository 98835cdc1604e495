"""`policy serve` as a person runs it: a process of its own, on a copy of the site in the repository."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

REPOSITORY = Path(__file__).parents[2]
POLICY = Path(sys.executable).with_name("policy")
_READY_SECONDS = 30


@dataclass
class Preview:
    """A running preview, its folder, and everything it has printed once it has stopped."""

    root: Path
    port: int
    process: subprocess.Popen[str]
    printed: str = ""

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def store(self) -> str:
        return f"sqlite:///{self.root}/.preview/choices.db"

    def records(self) -> list[dict[str, Any]]:
        """The bodies of all records, by the program's own export."""
        lines = self.policy("ledger", "export", "--store", self.store).stdout.splitlines()
        return [json.loads(line)["body"] for line in lines]

    def verify(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.policy("ledger", "verify", "--json", "--store", self.store).stdout)
        return told

    def policy(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [POLICY, "-C", self.root, *arguments], check=True, capture_output=True, text=True, timeout=60
        )

    def stop(self) -> int:
        """Ctrl-C, as the terminal sends it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.printed, _ = self.process.communicate(timeout=20)
        return self.process.returncode


def copy_site(root: Path) -> Path:
    """The repository's site without its built pages."""
    shutil.copytree(REPOSITORY / "content", root / "content")
    shutil.copy(REPOSITORY / "site.yaml", root)
    return root


def start(root: Path, *arguments: str) -> Preview:
    """Run `policy serve` and wait until it answers."""
    port = _free_port()
    process = subprocess.Popen(
        [POLICY, "-C", root, "serve", "--port", str(port), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    preview = Preview(root, port, process)
    deadline = time.monotonic() + _READY_SECONDS
    while not _answers(preview.url()):
        if process.poll() is not None or time.monotonic() > deadline:
            preview.stop()
            raise AssertionError(f"the preview does not answer:\n{preview.printed}")
        time.sleep(0.05)
    return preview


def _free_port() -> int:
    """A port that is free together with the one after it, which the receiver takes."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=1):
            return True
    except OSError:
        return False
