"""A server as a hoster may have it, a process of its own: asyncssh's, which knows one password, and may be unable to
replace a file in one step. `python -m tests.publishing.hosting PORT KEY FOLDER PASSWORD replaces|refuses`"""

from __future__ import annotations

import asyncio
import os
import sys

import asyncssh


async def serve(port: str, key: str, folder: str, password: str, replaces: str) -> None:
    class Asked(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, given: str) -> bool:
            return given == password

    class Files(asyncssh.SFTPServer):
        def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
            if replaces == "refuses":
                raise asyncssh.SFTPOpUnsupported("no such extension")
            super().posix_rename(oldpath, newpath)

    def files(channel: asyncssh.SSHServerChannel[bytes]) -> Files:
        return Files(channel, os.fsencode(folder))

    await asyncssh.listen("127.0.0.1", int(port), server_factory=Asked, server_host_keys=[key], sftp_factory=files)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
