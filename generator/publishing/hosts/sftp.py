"""A folder that the web server shows, reached by SFTP alone, as shared hosting has it.

Everything is brought up first, under names made from its content, where no page leads; then renamed into place, which
takes a moment and replaces each file in one step. After a cut, what was brought up is not sent again.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import asyncssh
from asyncssh import SFTPError, SFTPNoSuchFile, SFTPNoSuchPath, SFTPOpUnsupported

from generator.errors import PolicyError, Problem, Where
from generator.publishing.hosts import nothing_before
from generator.publishing.publish import BEGUN
from generator.publishing.targets import Target

_AT_ONCE = 8  # files on their way together: one by one, each would wait for the other end of the world
_MISSING = (SFTPNoSuchFile, SFTPNoSuchPath)
T = TypeVar("T")


class Sftp:
    errors: tuple[type[Exception], ...] = (asyncssh.Error, OSError)
    switches = False

    def __init__(self, target: Target) -> None:
        self._folder = PurePosixPath(target.folder)
        self._host = target.host
        self._loop = asyncio.Runner()
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # a cut is told once, by the error it raises
        self._in_place: set[str] = set()
        try:
            self._connection, self._sftp = self._loop.run(_connect(target))
        except BaseException:
            self._loop.close()
            raise

    def read(self, path: str) -> bytes | None:
        return self._loop.run(self._read(path))

    async def _read(self, path: str) -> bytes | None:
        try:
            async with self._sftp.open(self._at(path), "rb") as file:
                return bytes(await file.read())  # type: ignore[arg-type]  # opened as bytes
        except _MISSING:
            return None

    def prepare(self, files: Mapping[str, bytes]) -> Iterator[int]:
        staged = self._loop.run(self._staged())
        missing = {path: content for path, content in files.items() if _name(path, content) not in staged}
        if self.read(BEGUN) == files[BEGUN]:  # all of this was brought up once; what is not here any more is in place
            self._in_place = set(missing)
            return
        yield from self._together(self._bring(path, content) for path, content in missing.items())

    async def _staged(self) -> set[str]:
        folder = self._at(BEGUN).parent
        await self._sftp.makedirs(folder, exist_ok=True)
        return {str(name) for name in await self._sftp.listdir(folder)}

    async def _bring(self, path: str, content: bytes) -> int:
        name = self._staged_at(path, content)
        part = f"{name}.part"
        async with self._sftp.open(part, "wb") as file:
            await file.write(content)
        try:
            await self._sftp.posix_rename(part, name)
        except SFTPOpUnsupported:
            message = "the server cannot replace a file in one step (posix-rename@openssh.com)"
            hint = "a visitor could meet a missing page; publish by another kind of target"
            raise PolicyError(Problem("publish.server", Where(self._host), message, hint)) from None
        return len(content)

    def put(self, files: Mapping[str, bytes]) -> Iterator[int]:
        todo = {path: content for path, content in files.items() if path not in self._in_place}
        for folder in sorted({self._at(path).parent for path in todo}):
            self._loop.run(self._sftp.makedirs(folder, exist_ok=True))
        yield from self._together(self._move(path, content) for path, content in todo.items())

    async def _move(self, path: str, content: bytes) -> int:
        await self._sftp.posix_rename(self._staged_at(path, content), self._at(path))
        return 0

    def delete(self, paths: Iterable[str]) -> None:
        for _ in self._together(self._delete(self._at(path)) for path in paths):
            pass

    async def _delete(self, path: PurePosixPath) -> None:
        try:
            await self._sftp.remove(path)
            for parent in path.parents:
                if parent == self._folder:
                    break
                await self._sftp.rmdir(parent)
        except SFTPError as error:  # already gone, or a folder that is not empty
            if not isinstance(error, (*_MISSING, asyncssh.SFTPFailure, asyncssh.SFTPDirNotEmpty)):
                raise

    def switch(self) -> None:
        """BEGUN goes last: as long as it is there, a publishing has not come to its end."""
        folder = PurePosixPath(BEGUN).parent
        names = self._loop.run(self._staged()) - {".", "..", PurePosixPath(BEGUN).name}
        self.delete(str(folder / name) for name in names)
        self.delete([BEGUN])

    def back(self) -> str:
        raise nothing_before(self._host)

    def close(self) -> None:
        self._connection.abort()
        self._loop.close()

    def _together(self, jobs: Iterable[Awaitable[T]]) -> Iterator[T]:
        waiting = iter(jobs)
        while batch := list(islice(waiting, _AT_ONCE)):
            yield from self._loop.run(_all(batch))

    def _at(self, path: str) -> PurePosixPath:
        return self._folder / path

    def _staged_at(self, path: str, content: bytes) -> PurePosixPath:
        return self._at(BEGUN).with_name(_name(path, content))


async def _connect(target: Target) -> tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient]:
    """Keys come from an agent or ~/.ssh, a password from POLICY_PUBLISH_PASSWORD. An unknown host key is refused."""
    given: dict[str, Any] = {"username": target.user} if target.user else {}
    if password := os.environ.get("POLICY_PUBLISH_PASSWORD"):
        given["password"] = password
    if target.host_key:
        given["known_hosts"] = asyncssh.import_known_hosts(target.known_hosts)
    connection = await asyncssh.connect(
        target.host, target.port, connect_timeout=20, login_timeout=20, keepalive_interval=15, **given
    )
    return connection, await connection.start_sftp_client()


async def _all(jobs: Sequence[Awaitable[T]]) -> list[T]:
    """All are waited for even where one fails: none may go on behind the caller's back."""
    done = await asyncio.gather(*jobs, return_exceptions=True)
    for one in done:
        if isinstance(one, BaseException):
            raise one
    return [one for one in done if not isinstance(one, BaseException)]


def _name(path: str, content: bytes) -> str:
    """Two files with one content are two, since each will be renamed."""
    return hashlib.sha256(path.encode() + b"\0" + content).hexdigest()


def open_host(target: Target, root: Path, beside: Mapping[str, bytes]) -> Sftp:
    return Sftp(target)
