"""A folder of releases (releases.py) on a machine that has a shell: rsync brings the files, ssh switches the link."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from generator import output
from generator.errors import PolicyError, Problem, Where
from generator.publishing.hosts import releases
from generator.publishing.targets import Target
from generator.verify import MANIFEST

_NO_SUCH_FILE = 44
_READ = f'test -e current/"$1" || exit {_NO_SUCH_FILE}; cat current/"$1"'
# What is not changed is linked, not copied. A part becomes the next release in one step, or a cut would leave half.
_BEGIN = """
test -d releases/"$1" && exit
rm -rf releases/.part
mkdir -p releases
if test -e current; then cp -al current/. releases/.part; else mkdir releases/.part; fi
mv releases/.part releases/"$1"
"""
# After a power cut the link must not lead to files that never reached the disk. What is linked to once is new.
_KEEP = 'find releases/"$1" -type f -links 1 -exec sync {} + || sync;'
_SHOW = """
rm -f .current; ln -s releases/"$1" .current; mv -Tf .current current; shift
for old; do rm -rf releases/"$old"; done
"""


class Rsync:
    """The programs ssh and rsync know a user's keys, agents and jump hosts, so nothing of that is done here."""

    errors: tuple[type[Exception], ...] = (subprocess.SubprocessError, OSError)
    switches = True

    def __init__(self, target: Target) -> None:
        self._target = target
        self._scratch = tempfile.TemporaryDirectory()
        self._where = f"{target.user}@{target.host}" if target.user else target.host
        # Never a question, and never a host that is not known.
        options = ["BatchMode=yes", "StrictHostKeyChecking=yes", "ConnectTimeout=20", "ServerAliveInterval=15"]
        if target.host_key:
            known = Path(self._scratch.name) / "known_hosts"
            known.write_text(target.known_hosts)
            options += [f"UserKnownHostsFile={known}", "GlobalKnownHostsFile=/dev/null"]
        shared = ["-S", f"{self._scratch.name}/shared"]
        self._ssh = ["ssh", *shared, "-p", str(target.port), *(part for option in options for part in ("-o", option))]
        self._connect()

    def _connect(self) -> None:
        """One connection that all commands share; it lasts until its input is closed."""
        command = [self._ssh[0], "-M", *self._ssh[1:], self._where, "--", "echo; cat"]
        self._shared = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self._shared.stdout and self._shared.stderr
        if not self._shared.stdout.readline():
            said = self._shared.stderr.read()
            self.close()
            raise subprocess.CalledProcessError(255, "ssh", stderr=said)

    def read(self, path: str) -> bytes | None:
        try:
            return self._run(_READ, path)
        except subprocess.CalledProcessError as error:
            if error.returncode == _NO_SUCH_FILE:
                return None
            raise

    def prepare(self, files: Mapping[str, bytes]) -> Iterator[int]:
        self._manifest = files[MANIFEST]
        self._next = f".next-{releases.making(self._manifest)}"
        self._run(_BEGIN, self._next)
        source = Path(self._scratch.name) / "changed"
        for path, content in files.items():
            output.put(source / path, content)
        there = f"{self._where}:{self._target.folder}/releases/{self._next}/"
        # --checksum: what a publishing that was cut brought up is not sent again, whatever its time.
        sent = ["rsync", "-rsz", "--checksum", "--out-format=%l", "-e", shlex.join(self._ssh), f"{source}/", there]
        yield from _sizes(sent)

    def put(self, files: Mapping[str, bytes]) -> Iterator[int]:
        return iter(())

    def delete(self, paths: Iterable[str]) -> None:
        named = "\0".join(paths).encode()
        self._run('cd releases/"$1"; xargs -0 rm -f --; find . -type d -empty -delete', self._next, given=named)

    def switch(self) -> None:
        names = self._names()
        name = releases.next_name(names, self._manifest)
        old = releases.surplus({*names, name} - {self._next}, name, self._target.keep)
        self._run(f'{_KEEP} mv releases/"$1" releases/"$2"; shift; {_SHOW}', self._next, name, *old)

    def back(self) -> str:
        names, current = self._names(), self._run("readlink current").decode().strip()
        name = releases.before(names, Path(current).name, self._target.host)
        self._run(_SHOW, name, *releases.surplus(names, name, self._target.keep))
        return name

    def close(self) -> None:
        self._shared.communicate()
        self._scratch.cleanup()

    def _names(self) -> list[str]:
        return self._run("ls -A releases 2>/dev/null || true").decode().split()

    def _run(self, script: str, *arguments: str, given: bytes = b"") -> bytes:
        """A script in the target's folder. Its arguments are quoted: nothing in them is read as shell."""
        folder = shlex.quote(self._target.folder)
        make = f"mkdir -p -- {folder}; " if script == _BEGIN else ""
        enter = f"set -e; {make}cd -- {folder} 2>/dev/null || exit {_NO_SUCH_FILE}; "
        remote = shlex.join(["sh", "-c", enter + script, "sh", *arguments])
        command = [*self._ssh, self._where, "--", remote]
        return subprocess.run(command, input=given, capture_output=True, check=True).stdout


def _sizes(command: list[str]) -> Iterator[int]:
    """Runs rsync, and yields the length of each file that it sent."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        yield from map(int, process.stdout)
        said = process.stderr.read()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, "rsync", stderr=said)


def open_host(target: Target, root: Path, beside: Mapping[str, bytes]) -> Rsync:
    try:
        subprocess.run(["rsync", "--version"], capture_output=True, check=True)
    except FileNotFoundError:
        problem = Problem("publish.program", Where("rsync"), "the program rsync is not installed", "install it")
        raise PolicyError(problem) from None
    return Rsync(target)
