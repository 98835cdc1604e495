"""The store on SQLite, from the standard library.

What a crash means: an append is one transaction. Before COMMIT returns, nothing of it counts; afterwards all of it
is on the disk (WAL with synchronous=FULL, R07). NORMAL would lose the last commits with the power.
One thread at a time uses a store; processes may share the file.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from generator.errors import LedgerError, Problem, Where
from generator.ledger import log
from generator.ledger.records import Entry, Record

APPLICATION_ID = 0x504C4347  # "PLCG", so that another program's database is never taken for a ledger
SCHEMA_VERSION = 1
BUSY_SECONDS = 5.0

_SCHEMA = """
CREATE TABLE batches (size INTEGER PRIMARY KEY, root BLOB NOT NULL) STRICT;
CREATE TABLE records (
    idx INTEGER PRIMARY KEY, size INTEGER NOT NULL REFERENCES batches (size), event_id TEXT NOT NULL UNIQUE,
    leaf BLOB NOT NULL, nonce BLOB NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE nodes (level INTEGER, idx INTEGER, hash BLOB NOT NULL, PRIMARY KEY (level, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY CHECK (id = 1), origin TEXT NOT NULL, size INTEGER NOT NULL, peaks BLOB NOT NULL) STRICT;
"""
_LAST = 2**63 - 1
_FAILURES = (sqlite3.Error, UnicodeDecodeError)  # the second: SQLite's message quotes a damaged schema
_COLUMNS = "idx, size, event_id, leaf, nonce, body"


def create(path: Path, origin: str) -> None:
    """It is made under another name and linked into place, so there is never half a ledger under the real one."""
    if not log.valid_origin(origin):
        raise _error("origin", path, "the origin of a log has no white space and no '+'", "use HOST/choices")
    try:
        handle, unfinished = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600 (X15)
        os.close(handle)
        try:
            _fill(unfinished, origin)
            os.link(unfinished, path)
        finally:
            Path(unfinished).unlink()
        _sync_folder(path.parent)
    except FileExistsError:
        raise _error("store.exists", path, "a ledger must not be made anew over this file", "open it") from None
    except (OSError, sqlite3.Error) as error:
        raise _error("store.not-made", path, f"cannot create the ledger: {_reason(error)}") from None


def _fill(path: str, origin: str) -> None:
    with _connected(path) as db:
        db.executescript(_SCHEMA)
        db.execute("INSERT INTO ledger VALUES (1, ?, 0, x'')", (origin,))
        db.execute(f"PRAGMA application_id={APPLICATION_ID}")
        db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        db.execute("PRAGMA journal_mode=WAL")


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _close_to_others(path: Path) -> None:
    """A restored backup may have come back readable by all (X15). -wal and -shm take the mode of the database."""
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        if file.exists() and file.stat().st_mode & 0o077:
            file.chmod(0o600)


class SQLiteStore:
    """A `store.Store`; opening never creates."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.is_file():
            raise _error("store.missing", path, "there is no ledger here", "check the path, or create one first")
        try:
            self._open()
        except (OSError, *_FAILURES) as error:
            raise _error("store.not-opened", path, f"cannot open the ledger: {_reason(error)}") from None

    def _open(self) -> None:
        _close_to_others(self._path)
        uri = f"{self._path.absolute().as_uri()}?mode=rw"  # rw: a file that vanishes just now is not made anew
        self._db = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        # A flipped byte in a text column must reach `verify`, which names it, and not stop the reading.
        self._db.text_factory = lambda data: data.decode("utf-8", "replace")
        try:
            self._identify()
            self._harden()
            self._origin = str(self._ledger("origin")[0])
        except BaseException:
            self._db.close()
            raise

    def _identify(self) -> None:
        if self._pragma("application_id") != APPLICATION_ID:
            raise _error("store.foreign", self._path, "this database is not a ledger", "check the path")
        if (version := self._pragma("user_version")) != SCHEMA_VERSION:
            message = f"this ledger has schema version {version}, this program knows {SCHEMA_VERSION}"
            raise _error("store.version", self._path, message, "use the version of the program that wrote it")

    def _harden(self) -> None:
        """Each setting is read back: SQLite ignores a pragma that it cannot follow, without a word (R07)."""
        for name, value in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("fullfsync", 1)):
            self._db.execute(f"PRAGMA {name}={value}")
            if (found := self._pragma(name)) != value:
                raise _error("store.unsafe", self._path, f"{name} is {found} and not {value}", "use a local disk")

    def _pragma(self, name: str) -> object:
        return self._db.execute(f"PRAGMA {name}").fetchone()[0]

    def _ledger(self, columns: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._db.execute(f"SELECT {columns} FROM ledger WHERE id = 1").fetchone()  # noqa: S608
        if row is None:
            raise _error("head.broken", self._path, "the row that holds the head is gone", "restore a backup")
        return row

    @property
    def origin(self) -> str:
        return self._origin

    def head(self) -> log.Head:
        with self._failing("read"):
            return self._head()

    def _head(self) -> log.Head:
        size, peaks = self._ledger("size, peaks")
        width = log.HASH_BYTES
        try:
            return log.Head(size, tuple(peaks[at : at + width] for at in range(0, len(peaks), width)))
        except ValueError as error:
            raise _error("head.broken", self._path, f"the head does not hold: {error}", _VERIFY) from None

    def append(self, expected: log.Head, records: Sequence[Record]) -> log.Growth | None:
        growth = log.append(expected, [record.leaf for record in records])
        with self._failing("written"):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                if self._head() != expected:
                    self._db.execute("ROLLBACK")
                    return None
                self._insert(expected.size, growth, records)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        return growth

    def _insert(self, start: int, growth: log.Growth, records: Sequence[Record]) -> None:
        head, db = growth.head, self._db
        db.execute("INSERT INTO batches VALUES (?, ?)", (head.size, head.root))
        db.executemany(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)",
            [(at, head.size, r.event_id, r.leaf, r.nonce, r.body) for at, r in enumerate(records, start)],
        )
        if growth.rows:
            db.executemany("INSERT INTO nodes VALUES (?, ?, ?)", growth.rows)
        db.execute("UPDATE ledger SET size = ?, peaks = ? WHERE id = 1", (head.size, b"".join(head.peaks)))

    def by_event_id(self, event_ids: Sequence[str]) -> dict[str, Entry]:
        marks = ",".join("?" * len(event_ids))
        query = f"SELECT {_COLUMNS} FROM records WHERE event_id IN ({marks})"  # noqa: S608  only question marks
        return {entry.record.event_id: entry for entry in self._entries(query, tuple(event_ids))}

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        query = f"SELECT {_COLUMNS} FROM records WHERE idx >= ?1 AND idx <= coalesce(?2 - 1, {_LAST}) ORDER BY idx"  # noqa: S608
        return self._entries(query, (start, stop))

    def _entries(self, query: str, arguments: tuple[object, ...]) -> Iterator[Entry]:
        for index, size, event_id, leaf, nonce, body in self._rows(query, arguments):
            yield Entry(index, size, Record(event_id, leaf, nonce, body))

    def nodes(self, level: int, start: int, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        table = "records WHERE ?1 = 0" if level == 0 else "nodes WHERE level = ?1"
        value = "leaf" if level == 0 else "hash"
        within = f"idx >= ?2 AND idx <= coalesce(?3 - 1, {_LAST})"
        query = f"SELECT idx, {value} FROM {table} AND {within} ORDER BY idx"  # noqa: S608  no input in the text
        return self._rows(query, (level, start, stop))

    def roots(self) -> Iterator[tuple[int, bytes]]:
        return self._rows("SELECT size, root FROM batches ORDER BY size", ())

    def faults(self) -> Iterator[str]:
        for (found,) in self._rows("PRAGMA integrity_check", ()):
            if found != "ok":
                yield found
        for table, row, *_ in self._rows("PRAGMA foreign_key_check", ()):
            yield f"row {row} of {table} names a batch that is not there"

    def _rows(self, query: str, arguments: tuple[object, ...]) -> Iterator[tuple[Any, ...]]:
        with self._failing("read"):
            yield from self._db.execute(query, arguments)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self._failing("read"):
            self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("ROLLBACK")

    @contextmanager
    def _failing(self, verb: str) -> Iterator[None]:
        try:
            yield
        except _FAILURES as error:
            raise _error("store.failed", self._path, f"the ledger cannot be {verb}: {_reason(error)}") from error

    def close(self) -> None:
        self._db.close()


_VERIFY = "run: policy ledger verify"


@contextmanager
def _connected(path: str) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(path, isolation_level=None)
    try:
        yield db
    finally:
        db.close()


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "its schema is damaged"
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)


def _error(code: str, path: Path, message: str, hint: str = "") -> LedgerError:
    return LedgerError(Problem(code, Where(str(path)), message, hint))
