"""Where a site goes, as site.yaml names it. It never holds a secret: those come from an agent or the environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["folder", "sftp", "rsync", "s3", "git"]

# What each kind must be told, and what it may be told besides.
_KEYS: dict[str, tuple[set[str], set[str]]] = {
    "folder": ({"folder"}, {"keep"}),
    "sftp": ({"host", "folder"}, {"user", "port", "host_key"}),
    "rsync": ({"host", "folder"}, {"user", "port", "host_key", "keep"}),
    "s3": ({"bucket"}, {"endpoint", "region", "prefix"}),
    "git": ({"repository", "branch"}, set()),
}
# A word that a program reads as an option, or a shell as something else, is no name of a host, a user, or a branch.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./:@-]*")


@dataclass(frozen=True, slots=True)
class Target:
    """One place that a site is published to. Which keys it takes depends on `kind`."""

    kind: Kind
    folder: str = ""  # where the site lies: of kind folder and rsync, releases and the link `current` are in it
    keep: int = 5  # how many releases stay, to go back to
    host: str = ""
    user: str = ""  # the user who runs the program, unless named
    port: int = 22
    host_key: str = ""  # the server's public key, such as `ssh-ed25519 AAAA…`; else ~/.ssh/known_hosts must have it
    bucket: str = ""
    endpoint: str = ""  # of S3-compatible storage that is not Amazon's
    region: str = "us-east-1"
    prefix: str = ""  # keys of the bucket begin with it
    repository: str = ""  # anything that git pushes to
    branch: str = ""

    def __post_init__(self) -> None:
        wanted, allowed = _KEYS[self.kind]
        for key in sorted(wanted):
            if not getattr(self, key):
                raise ValueError(f"a target of kind {self.kind} wants the key {key!r}")
        for key, field in self.__dataclass_fields__.items():
            if key not in {"kind", *wanted, *allowed} and getattr(self, key) != field.default:
                raise ValueError(f"{key!r} says nothing to a target of kind {self.kind}")
        for key in ("host", "user", "bucket", "branch", "folder"):
            value = getattr(self, key)
            if value.startswith("-") or (key != "folder" and value and not _NAME.fullmatch(value)):
                raise ValueError(f"{key!r} cannot be {value!r}")
        if self.keep < 1:
            raise ValueError(f"'keep' wants a number of releases, one at least, and holds {self.keep}")
        if self.host_key and len(self.host_key.split()) < 2:
            raise ValueError("'host_key' wants the server's public key, as `ssh-keyscan` prints it after the host")

    @property
    def known_hosts(self) -> str:
        """The line of a known_hosts file that holds `host_key`."""
        return f"{self.host if self.port == 22 else f'[{self.host}]:{self.port}'} {self.host_key}\n"
