"""Real servers on loopback, ordinary processes with their own ports, keys and folders; and a wire that can be cut."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_READY_SECONDS = 20


def program(name: str) -> str:
    """Where Debian puts it; a test that needs one that is not there fails (scripts/system installs them)."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert found, f"{name} is not installed: run scripts/system"
    return found


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextlib.contextmanager
def running(command: Sequence[str | Path], port: int, log: Path, **more: object) -> Iterator[subprocess.Popen[bytes]]:
    """A server from when it listens until the end of the block."""
    with log.open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said, **more) as process:  # type: ignore[call-overload]
        try:
            deadline = time.monotonic() + _READY_SECONDS
            while not _listens(port):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.02)
            yield process
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@dataclass(frozen=True)
class Shell:
    """An sshd for the user who runs the tests, and an agent that holds the only key it takes."""

    port: int
    host_key: str
    agent: Path


@contextlib.contextmanager
def sshd(folder: Path) -> Iterator[Shell]:
    folder.mkdir()
    for name in ("host", "user"):
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(keygen, check=True)
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # which Debian's unit makes when it starts
    port, agent = free_port(), folder / "agent"
    lines = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "user.pub",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "UseDNS": "no",
        "PasswordAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "MaxStartups": "100",
        "Subsystem": "sftp internal-sftp",
        "SetEnv": f"HOME={folder}",  # what the user's own shell does when it starts is no part of a test
    }
    config = folder / "sshd_config"
    config.write_text("".join(f"{key} {value}\n" for key, value in lines.items()))
    server = running([program("sshd"), "-D", "-e", "-f", config], port, folder / "sshd.log")
    with server, subprocess.Popen(["ssh-agent", "-D", "-a", agent], stdout=subprocess.DEVNULL) as holder:
        try:
            while not agent.exists():
                time.sleep(0.01)
            add = ["ssh-add", "-q", str(folder / "user")]
            subprocess.run(add, check=True, env={**os.environ, "SSH_AUTH_SOCK": str(agent)})
            yield Shell(port, " ".join((folder / "host.pub").read_text().split()[:2]), agent)
        finally:
            holder.terminate()


@contextlib.contextmanager
def hosting(folder: Path, password: str, *, replaces: bool = True) -> Iterator[Shell]:
    """A server that knows one password (hosting.py), and shows a folder as its root."""
    key, port = folder / "host", free_port()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "host", "-f", key], check=True)
    words = [str(port), str(key), str(folder), password, "replaces" if replaces else "refuses"]
    with running([sys.executable, "-m", "tests.publishing.hosting", *words], port, folder / "hosting.log"):
        yield Shell(port, " ".join(key.with_suffix(".pub").read_text().split()[:2]), Path("none"))


@contextlib.contextmanager
def s3(folder: Path) -> Iterator[int]:
    """moto's server: HTTP that speaks S3, with buckets in memory. Yields its port."""
    folder.mkdir()
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, port, folder / "s3.log"):
        yield port


@contextlib.contextmanager
def nginx(folder: Path, config: str, port: int) -> Iterator[Path]:
    """nginx with a configuration as `policy config nginx` prints it. Yields the folder of its logs."""
    folder.mkdir(exist_ok=True)
    (folder / "site.conf").write_text(config)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "nginx.conf"
    user = "user root;" if os.getuid() == 0 else ""
    main.write_text(
        f"{user} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log info;\n"
        f"events {{}} http {{ access_log {folder}/access.log; {temporary} include {folder}/site.conf; }}\n"
    )
    command = [program("nginx"), "-p", str(folder), "-c", str(main)]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    with running(command, port, folder / "out.log"):
        yield folder


@contextlib.contextmanager
def caddy(folder: Path, config: str, port: int) -> Iterator[Path]:
    """Caddy with a configuration as `policy config caddy` prints it, but for its address of administration."""
    folder.mkdir(exist_ok=True)
    path = folder / "Caddyfile"
    path.write_text(config.replace("{\n", f"{{\n\tadmin 127.0.0.1:{free_port()}\n", 1))
    home = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = [program("caddy"), "run", "--config", str(path), "--adapter", "caddyfile"]
    with running(command, port, folder / "caddy.log", env=home):
        yield folder


class Wire:
    """Carries bytes between a client and a server, and is cut after so many of the client's."""

    def __init__(self, to: int) -> None:
        self._to, self._open = to, set[socket.socket]()
        self._left: float = float("inf")
        self.carried = 0
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, count: float) -> None:
        """From now on; afterwards nobody gets through until this is said again."""
        with self._lock:
            self._left, self.carried = count, 0

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept
        self._listening.close()
        self._cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._open |= {client, server}
                if self._left <= 0:
                    self._cut()
                threading.Thread(target=self._join, args=(client, server), daemon=True).start()

    def _join(self, client: socket.socket, server: socket.socket) -> None:
        """Closes both when nobody uses either: the number of a closed one is at once another's."""
        pairs = ((client, server, True), (server, client, False))
        carriers = [threading.Thread(target=self._carry, args=pair, daemon=True) for pair in pairs]
        for carrier in carriers:
            carrier.start()
        for carrier in carriers:
            carrier.join()
        with self._lock:
            self._open -= {client, server}
            client.close()
            server.close()

    def _carry(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(16384):
                sink.sendall(data[: self._spend(len(data))] if counted else data)
                if self._left <= 0:
                    self._cut()
                    return
            sink.shutdown(socket.SHUT_WR)

    def _spend(self, size: int) -> int:
        with self._lock:
            allowed = int(min(size, max(self._left, 0)))
            self._left -= size
            self.carried += allowed
            return allowed

    def _cut(self) -> None:
        """A reset, and no goodbye."""
        with self._lock:
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RDWR)
