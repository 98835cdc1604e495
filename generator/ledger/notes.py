"""Checkpoints as others keep them: C2SP signed notes (c2sp.org/signed-note, c2sp.org/tlog-checkpoint), with Ed25519.

A ledger cannot show by itself that its tail was cut off or that it was written anew: whoever controls the database can
make one that holds. So the newest checkpoint is also kept outside, and what is kept there never goes back (R08, R09).
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from generator.errors import LedgerError, Problem, Where
from generator.ledger import log
from generator.ledger.records import b64
from generator.ledger.store import Store

_ED25519 = b"\x01"
_PRIVATE = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class Key:
    """A signer (`secret` is its 32 bytes) or only its verifier."""

    name: str
    public: bytes
    secret: bytes | None = None

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        """The verifier, which is for publishing: name+id+key."""
        return f"{self.name}+{self.id.hex()}+{b64(_ED25519 + self.public)}"

    @property
    def private(self) -> str:
        return f"{_PRIVATE}{self.name}+{self.id.hex()}+{b64(_ED25519 + (self.secret or b''))}"


def new_key(name: str) -> Key:
    return _signer(name, os.urandom(32))


def _signer(name: str, secret: bytes) -> Key:
    return Key(name, _ed25519().Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw(), secret)


def read_key(text: str, path: str) -> Key:
    """A signer or a verifier, as C2SP writes them."""
    signs = text.startswith(_PRIVATE)
    name, _, rest = text.strip().removeprefix(_PRIVATE).partition("+")
    digest, _, encoded = rest.partition("+")
    key = None
    with suppress(binascii.Error, ValueError):
        data = base64.b64decode(encoded, validate=True)
        if data[:1] == _ED25519 and len(data) == 33:
            key = _signer(name, data[1:]) if signs else Key(name, data[1:])
    if key is None or key.id.hex() != digest:
        raise LedgerError.at(
            "key.wrong", path, "this is not an Ed25519 key of a signed note", "policy ledger key makes one"
        )
    return key


def _ed25519() -> Any:
    try:
        return import_module("cryptography.hazmat.primitives.asymmetric.ed25519")
    except ImportError:
        hint = "pip install 'policy-publisher[sign]'"
        raise LedgerError.at(
            "key.library", "cryptography", "signing needs a library that is not installed", hint
        ) from None


def note(checkpoint: log.Checkpoint, key: Key | None) -> str:
    """With its signature, or the text alone: evidence only against copies that others keep."""
    if key is None or key.secret is None:
        return str(checkpoint)
    signature = _ed25519().Ed25519PrivateKey.from_private_bytes(key.secret).sign(str(checkpoint).encode())
    return f"{checkpoint}\n— {key.name} {b64(key.id + signature)}\n"


def read_note(text: str, path: str, key: Key | None = None) -> log.Checkpoint:
    """The checkpoint in a note; with a key, only if that key has signed it."""
    body, blank, signatures = text.partition("\n\n")
    body += "\n" if blank else ""
    checkpoint = None
    with suppress(binascii.Error, ValueError):
        origin, size, root, _ = body.split("\n")
        checkpoint = log.Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
    if checkpoint is None or str(checkpoint) != body or len(checkpoint.root) != log.HASH_BYTES:
        raise LedgerError.at("checkpoint.wrong", path, "this is not a checkpoint: origin, size and root, a line each")
    if key and not any(_signed(body, line, key) for line in signatures.splitlines()):
        raise LedgerError.at(
            "checkpoint.unsigned", path, f"the key {key.name}+{key.id.hex()} has not signed this checkpoint"
        )
    return checkpoint


def _signed(body: str, line: str, key: Key) -> bool:
    dash, name, encoded = (*line.split(" "), "", "")[:3]
    ed25519, wrong = _ed25519(), import_module("cryptography.exceptions").InvalidSignature
    try:
        data = base64.b64decode(encoded, validate=True)
        if (dash, name, data[:4]) != ("—", key.name, key.id):
            return False
        ed25519.Ed25519PublicKey.from_public_bytes(key.public).verify(data[4:], body.encode())
    except (ValueError, wrong):
        return False
    return True


def consistent(store: Store, older: Sequence[log.Checkpoint]) -> log.Checkpoint:
    """The checkpoint of now. LedgerError unless the log has grown from each of the older ones: nothing else may be
    signed, or kept in their place.
    """
    with store.snapshot():
        head = store.head()
        for problem in departures(store, head, older):
            raise LedgerError(replace(problem, hint=_RESTORED))
        return log.Checkpoint(store.origin, head.size, head.root)


def departures(store: Store, head: log.Head, kept: Iterable[log.Checkpoint]) -> Iterator[Problem]:
    """The checkpoints that this head did not grow from."""
    proofs = log.Proofs(log.stored_node(store.nodes))
    for checkpoint in kept:
        size, where = checkpoint.size, Where(f"checkpoint {checkpoint.size}")
        if checkpoint.origin != store.origin:
            message = f"it is of {checkpoint.origin}, and this log of {store.origin}"
            yield Problem("checkpoint.foreign", where, message)
        elif size > head.size:
            message = f"the log had {size} records and has {head.size}: {size - head.size} are gone"
            yield Problem("log.cut", where, message)
        elif proofs.root(size) != checkpoint.root:
            yield Problem("log.rewritten", where, f"the first {size} records are not those of the checkpoint")


_RESTORED = "if a backup was restored, verify the ledger, then put the kept checkpoint aside by hand"


@dataclass(slots=True)
class Keeper:
    """The newest checkpoint in a file outside the database: better on another disk, best on another machine."""

    path: Path | None
    key: Key | None = None
    _last: log.Checkpoint | None = None
    _written: str = ""

    def kept(self) -> log.Checkpoint | None:
        if self.path is None or not self.path.exists():
            return None
        return read_note(self.path.read_text(encoding="utf-8"), str(self.path), self.key)

    def keep(self, store: Store) -> str:
        """The checkpoint of now as a note, and into the file. A crash in between leaves the older one, which holds."""
        text = self.take(store)
        self.write(text)
        return text

    def take(self, store: Store) -> str:
        older = self._last or self.kept()
        self._last = consistent(store, [older] if older else [])
        return note(self._last, self.key)

    def write(self, text: str) -> None:
        """Touches no store, so no choice waits for this fsync."""
        if self.path and text != self._written:
            try:
                write_durably(self.path, text.encode())
            except OSError as error:
                reason = f"the checkpoint cannot be written: {error.strerror}"
                raise LedgerError.at("checkpoint.not-kept", str(self.path), reason) from None
            self._written = text


def write_durably(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Under the name of this process until it is whole: others may write to the same path."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
