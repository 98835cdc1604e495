"""A PostgreSQL server of the tests' own: Debian's, run by an ordinary user, reached through a socket in its folder."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

_BINARIES = Path("/usr/lib/postgresql")


def binaries() -> Path:
    """The newest that Debian has installed (scripts/system installs one)."""
    found = sorted(_BINARIES.glob("*/bin"), key=lambda path: int(path.parent.name))
    assert found, "no PostgreSQL under /usr/lib/postgresql: run scripts/system"
    return found[-1]


def _as_ordinary_user() -> list[str]:
    """PostgreSQL refuses to run as root, rightly. `nobody` is on every system and owns nothing."""
    if os.getuid() != 0:
        return []
    user = pwd.getpwnam("nobody")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--no-new-privs"]


class Postgres:
    """One cluster. `standby_of` makes it a copy that follows, and acknowledges each commit once both have it."""

    def __init__(self, standby_of: Postgres | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="policy-pg-"))
        if os.getuid() == 0:
            user = pwd.getpwnam("nobody")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.data = self.folder / "data"
        self.server: subprocess.Popen[bytes] | None = None
        if standby_of is None:
            self._run(
                "initdb",
                "--no-sync",
                "--auth=trust",
                "--username=policy",
                "--encoding=UTF8",
                "--locale=C",
                "-D",
                str(self.data),
            )
        else:
            self._run(
                "pg_basebackup",
                "-h",
                str(standby_of.folder),
                "-U",
                "policy",
                "-D",
                str(self.data),
                "-R",
                "-X",
                "stream",
                "--checkpoint=fast",
                "--no-sync",
            )

    def _run(self, name: str, *arguments: str) -> None:
        command = [*_as_ordinary_user(), str(binaries() / name), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd="/", env={"PATH": os.environ["PATH"], "LC_ALL": "C"}
        )
        assert done.returncode == 0, done.stderr

    def start(self, **settings: str) -> None:
        given = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "shared_buffers": "16MB",
        } | settings
        options = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        command = [*_as_ordinary_user(), str(binaries() / "postgres"), "-D", str(self.data), *options]
        with (self.folder / "log").open("ab") as log:
            self.server = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        ready = [str(binaries() / "pg_isready"), "-q", "-h", str(self.folder), "-t", "20"]
        for _ in range(200):
            if subprocess.run(ready).returncode == 0:
                return
            assert self.server.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def promote(self) -> None:
        self._run("pg_ctl", "promote", "-D", str(self.data))

    def sql(self, statement: str, database: str = "postgres") -> str:
        command = ["psql", "-XAtq", "-h", str(self.folder), "-U", "policy", "-d", database, "-c", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def url(self, database: str = "postgres", *others: Postgres) -> str:
        hosts = ",".join(str(one.folder) for one in (self, *others))
        return f"postgresql://policy@/{database}?host={hosts}&target_session_attrs=read-write"

    def stop(self, by: signal.Signals = signal.SIGINT) -> None:
        """SIGINT is PostgreSQL's fast shutdown; SIGQUIT is what a crash of all its processes looks like."""
        if self.server is not None:
            self.server.send_signal(by)
            self.server.wait(timeout=20)
            self.server = None

    def kill(self) -> None:
        """kill -9, of all its processes at once: as when the machine goes."""
        assert self.server is not None
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text().split()
        for pid in (self.server.pid, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.server.wait(timeout=20)
        self.server = None

    def remove(self) -> None:
        self.stop(signal.SIGQUIT)  # without a last checkpoint of what is about to be deleted
        shutil.rmtree(self.folder)
