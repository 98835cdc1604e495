"""A branch whose files are the site, as GitHub Pages and its like publish it: a push is one step for every visitor."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from generator.publishing.hosts import nothing_before
from generator.publishing.targets import Target

_WHO = ("policy publish", "policy-publish@localhost")
_SITE = "refs/heads/site"


class Branch:
    """Works in a repository of its own, which holds no more than the branch's newest commits."""

    errors: tuple[type[Exception], ...] = (subprocess.SubprocessError, OSError)
    switches = True

    def __init__(self, repository: str, branch: str, beside: Mapping[str, bytes]) -> None:
        self._repository, self._branch = repository, f"refs/heads/{branch}"
        self._beside = beside
        self._scratch = tempfile.TemporaryDirectory()
        self._import: subprocess.Popen[bytes] | None = None
        try:
            self._git("init", "--quiet", "--bare")
            self._there = bool(self._git("ls-remote", repository, self._branch))
            if self._there:
                self._git("fetch", "--quiet", "--depth=2", repository, f"{self._branch}:{_SITE}")
        except BaseException:
            self.close()
            raise

    def read(self, path: str) -> bytes | None:
        if not self._there or not self._git("ls-tree", _SITE, path):
            return None
        return self._git("cat-file", "blob", f"{_SITE}:{path}")

    def prepare(self, files: Mapping[str, bytes]) -> Iterator[int]:
        """One commit, told to git as a stream."""
        command = [*self._command, "fast-import", "--quiet", "--date-format=now"]
        self._import = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        who, message = f"{_WHO[0]} <{_WHO[1]}> now", "publish: the site as built"
        self._tell(f"commit {_SITE}\ncommitter {who}\ndata {len(message)}\n{message}\n".encode())
        if self._there:
            self._tell(f"from {_SITE}^0\n".encode())
        for path, content in {**self._beside, **files}.items():
            self._tell(b"M 100644 inline %s\ndata %d\n%s\n" % (_quoted(path), len(content), content))
            yield len(content)

    def put(self, files: Mapping[str, bytes]) -> Iterator[int]:
        return iter(())

    def delete(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._tell(b"D %s\n" % _quoted(path))

    def switch(self) -> None:
        assert self._import
        _, said = self._import.communicate()
        if self._import.returncode:
            raise subprocess.CalledProcessError(self._import.returncode, "git fast-import", stderr=said)
        self._push()

    def back(self) -> str:
        """A commit more, with the files of the one before: a branch that forbids rewriting allows it."""
        try:
            found = self._git("rev-parse", "--verify", "--short", f"{_SITE}^1").decode().strip()
        except subprocess.CalledProcessError:
            raise nothing_before(self._branch) from None
        identity = ("-c", f"user.name={_WHO[0]}", "-c", f"user.email={_WHO[1]}")
        message = f"publish: back to {found}"
        made = self._git(*identity, "commit-tree", "-p", _SITE, "-m", message, f"{found}^{{tree}}").decode().strip()
        self._git("update-ref", _SITE, made)
        self._push()
        return found

    def close(self) -> None:
        if self._import and self._import.poll() is None:
            self._import.kill()
            self._import.communicate()
        self._scratch.cleanup()

    def _push(self) -> None:
        """Without force: where somebody else pushed meanwhile, it is refused, and nothing is lost."""
        self._git("push", "--quiet", self._repository, f"{_SITE}:{self._branch}")

    def _tell(self, words: bytes) -> None:
        assert self._import and self._import.stdin
        pipe: IO[bytes] = self._import.stdin
        pipe.write(words)

    @property
    def _command(self) -> list[str]:
        return ["git", "-C", self._scratch.name]

    def _git(self, *arguments: str) -> bytes:
        return subprocess.run([*self._command, *arguments], capture_output=True, check=True).stdout


def _quoted(path: str) -> bytes:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'.encode()


def open_host(target: Target, root: Path, beside: Mapping[str, bytes]) -> Branch:
    """A repository that is a path is relative to the site's folder; `origin` and the like are its remotes' names."""
    here = ["git", "-C", str(root), "remote", "get-url", target.repository]
    known = subprocess.run(here, capture_output=True, text=True, check=False)
    repository = known.stdout.strip() if known.returncode == 0 else target.repository
    if "://" not in repository and ":" not in repository:
        repository = str((root / repository).resolve())
    return Branch(repository, target.branch, beside)
