"""Where records are kept, whatever the database. The verbs are few, and nothing in them is of one database.

Creating a store and opening one are different verbs, and neither does the other's work: where a ledger is missing,
the caller decides whether that is the first start or an accident, and says so aloud.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from generator.errors import LedgerError, Problem, Where
from generator.ledger import log, sqlite
from generator.ledger.records import Entry, Record

PREFIX = "sqlite:///"


class Store(Protocol):
    """A ledger, open. One thread at a time; every verb raises LedgerError if the store cannot be read or written."""

    @property
    def origin(self) -> str:
        """The name of the log in its checkpoints."""
        ...

    def head(self) -> log.Head: ...

    def append(self, expected: log.Head, records: Sequence[Record]) -> log.Growth | None:
        """All of `records` after `expected`, durably, or nothing: None if the head is another one by now."""
        ...

    def by_event_id(self, event_ids: Sequence[str]) -> dict[str, Entry]: ...

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """Entries with start <= index < stop, in order of index; gaps are not filled."""
        ...

    def nodes(self, level: int, start: int, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """(index, hash) as a log.Fetch gives them; level 0 is the leaves."""
        ...

    def roots(self) -> Iterator[tuple[int, bytes]]:
        """(size, root) after each batch, in order of size."""
        ...

    def faults(self) -> Iterator[str]:
        """What the database itself finds wrong in its files, in its own words."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Within it, reads see one moment, whatever is appended meanwhile."""
        ...

    def close(self) -> None: ...


def create(url: str, origin: str) -> None:
    """A new, empty ledger whose log has this origin; LedgerError if there is something at the URL already."""
    sqlite.create(_path(url), origin)


def exists(url: str) -> bool:
    """Whether something is at this URL; `open_store` says whether it is a ledger."""
    return _path(url).exists()


def open_store(url: str) -> Store:
    """The ledger at this URL; LedgerError if there is none, or if what is there is not a ledger of this version."""
    return sqlite.SQLiteStore(_path(url))


def _path(url: str) -> Path:
    if not url.startswith(PREFIX) or url == PREFIX:
        message = "not a store: sqlite:///relative.db and sqlite:////absolute.db are supported"
        raise LedgerError(Problem("store.url", Where(url), message))
    return Path(url.removeprefix(PREFIX))
