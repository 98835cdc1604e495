"""Where records are kept, whatever the database. The verbs are few, and nothing in them is of one database.

Creating a store and opening one are different verbs, and neither does the other's work: a ledger that is missing was
lost, or the address is wrong, and somebody must hear of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Protocol

from generator.errors import LedgerError
from generator.ledger import log, sqlite
from generator.ledger.records import Entry, Record, Row, erased, kept

PREFIX = "sqlite:///"
COPIED_AT_ONCE = 500  # batches in one transaction


class Store(Protocol):
    """A ledger, open. One thread at a time; every verb raises LedgerError if the store cannot be read or written."""

    @property
    def origin(self) -> str:
        """The name of the log in its checkpoints."""
        ...

    def head(self) -> log.Head: ...

    def append(self, expected: log.Head, records: Sequence[Record], erase: log.Ranges = ()) -> log.Growth | None:
        """All of `records` after `expected`, and all of `erase` gone but their leaves, durably; or nothing of it: None
        if the head is another one by now, or one of the keys is there already.
        """
        ...

    def exclusively(self) -> AbstractContextManager[None]:
        """Within it, nobody else appends, and what is appended takes effect at its end, or at an exception not."""
        ...

    def by_event_id(self, event_ids: Sequence[str]) -> dict[str, Entry]: ...

    def by_subject(self, subject_ref: str) -> list[Entry]:
        """All records of one subject, in order of index."""
        ...

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[Row]:
        """The records with start <= index < stop, in order of index, as they are kept."""
        ...

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, Record]]:
        """The same as (index, record). Leaves are those that body and nonce give."""
        ...

    def nodes(self, level: int, start: int, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """(index, hash) as a log.Fetch gives them; level 0 is the leaves, as they were appended."""
        ...

    def batches(self, start: int = 0) -> Iterator[tuple[int, list[bytes]]]:
        """(index of the first leaf, leaves) of each append that reaches beyond `start`, in order."""
        ...

    def faults(self) -> Iterator[str]:
        """What the database itself finds wrong in its files, in its own words. On a connection of its own: it may run
        in another thread than the rest.
        """
        ...

    def hold(self, name: str, first: int, last: int) -> None:
        """A legal hold: these records are not erased until it is lifted."""
        ...

    def lift(self, name: str) -> int:
        """How many ranges were held under this name."""
        ...

    def holds(self) -> list[tuple[str, int, int]]: ...

    def bytes(self) -> int:
        """How much of the disk the ledger takes."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Within it, reads see one moment, whatever is appended meanwhile."""
        ...

    def close(self) -> None: ...


def create(url: str, origin: str) -> None:
    """A new, empty ledger whose log has this origin; LedgerError if there is something at the URL already."""
    if not log.valid_origin(origin):
        message = "the origin of a log has no white space and no '+'"
        raise LedgerError.at("origin", origin, message, "use HOST/choices")
    if is_postgres(url):
        _postgres().create(url, origin)
    else:
        sqlite.create(sqlite_path(url), origin)


def open_store(url: str) -> Store:
    """The ledger at this URL; LedgerError if there is none, or if what is there is not a ledger of this version."""
    store: Store = _postgres().PostgresStore(url) if is_postgres(url) else sqlite.SQLiteStore(sqlite_path(url))
    return store


def is_postgres(url: str) -> bool:
    return url.startswith(("postgresql://", "postgres://"))


def sqlite_path(url: str) -> Path:
    if not url.startswith(PREFIX) or url == PREFIX:
        message = (
            "not a store: sqlite:///relative.db, sqlite:////absolute.db and postgresql://host/database are supported"
        )
        raise LedgerError.at("store.url", url, message)
    return Path(url.removeprefix(PREFIX))


def _postgres() -> ModuleType:
    """Loaded when it is used: a ledger on SQLite needs no driver."""
    try:
        return import_module("generator.ledger.postgres")
    except ImportError as error:
        hint = "pip install 'policy-publisher[postgresql]'"
        message = f"the driver is not installed: {error.name}"
        raise LedgerError.at("store.driver", "postgresql", message, hint) from None


def copy(source: Store, target: Store) -> log.Head:
    """All of `source` into `target`, which is empty or holds the start of it: batch by batch, so that receipts stay
    the same. Run again after an interruption, it goes on.
    """
    with source.snapshot():
        head, whole = target.head(), source.head()
        if head.size > whole.size or log.Proofs(log.stored_node(source.nodes)).head(head.size) != head:
            raise LedgerError.at("copy.foreign", "target", "the target holds other records than the source")
        rows = source.rows(head.size)
        ahead = next(rows, None)
        batches = source.batches(head.size)
        while some := list(islice(batches, COPIED_AT_ONCE)):
            with target.exclusively():
                for first, leaves in some:
                    records = []
                    for index, leaf in enumerate(leaves, first):
                        here = ahead is not None and ahead[0] == index
                        records.append(kept(*ahead[1:]) if ahead and here else erased(leaf))
                        ahead = next(rows, None) if here else ahead
                    growth = target.append(head, records)
                    if growth is None:
                        raise LedgerError.at("copy.foreign", "target", "somebody else writes to the target")
                    head = growth.head
        for name, first, last in source.holds():
            target.hold(name, first, last)
    return head
