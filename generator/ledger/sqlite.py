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
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from generator.errors import LedgerError
from generator.ledger import log
from generator.ledger.records import SUBJECT_BYTES, SUBJECT_FROM_END, Entry, Record, Row, kept, read

APPLICATION_ID = 0x504C4347  # "PLCG", so that another program's database is never taken for a ledger
SCHEMA_VERSION = 2
BUSY_SECONDS = 5.0

# The log (ledger, batches, nodes) only grows; records are what may be erased. `subjects` is an index over the body
# itself: see records.SUBJECT_FROM_END.
_SCHEMA = f"""
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY CHECK (id = 1), origin TEXT NOT NULL, size INTEGER NOT NULL, peaks BLOB NOT NULL) STRICT;
CREATE TABLE batches (first INTEGER PRIMARY KEY, leaves BLOB NOT NULL) STRICT;
CREATE TABLE nodes (level INTEGER, idx INTEGER, hash BLOB NOT NULL, PRIMARY KEY (level, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE records (
    idx INTEGER PRIMARY KEY, event_id BLOB NOT NULL UNIQUE, nonce BLOB NOT NULL, body BLOB NOT NULL) STRICT;
CREATE INDEX subjects ON records (substr(body, -{SUBJECT_FROM_END}, {SUBJECT_BYTES}))
    WHERE substr(body, -{SUBJECT_FROM_END}, 7) = x'{b"sha256:".hex()}';
CREATE TABLE holds (name TEXT, first INTEGER, last INTEGER, PRIMARY KEY (name, first, last)) STRICT, WITHOUT ROWID;
"""
_LAST = 2**63 - 1
_FAILURES = (sqlite3.Error, UnicodeDecodeError)  # the second: SQLite's message quotes a damaged schema
_COLUMNS = "idx, event_id, nonce, body"
_SIZE = (
    "(SELECT first + length(leaves) / 32 FROM batches WHERE first <= records.idx ORDER BY first DESC LIMIT 1) AS size"
)
_AT = f"substr(body, -{SUBJECT_FROM_END}"
_OF_SUBJECT = f"{_AT}, 7) = x'{b'sha256:'.hex()}' AND {_AT}, {SUBJECT_BYTES}) = ?"


def create(path: Path, origin: str) -> None:
    """It is made under another name and linked into place, so there is never half a ledger under the real one."""
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
        raise LedgerError.at("store.exists", path, "a ledger must not be made anew over this file", "open it") from None
    except (OSError, sqlite3.Error) as error:
        raise LedgerError.at("store.not-made", path, f"cannot create the ledger: {_reason(error)}") from None


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
            raise LedgerError.at(
                "store.missing", path, "there is no ledger here", "check the path, or make one: policy ledger create"
            )
        try:
            self._open()
        except (OSError, *_FAILURES) as error:
            raise LedgerError.at("store.not-opened", path, f"cannot open the ledger: {_reason(error)}") from None

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
            raise LedgerError.at("store.foreign", self._path, "this database is not a ledger", "check the path")
        if self._pragma("user_version") == 1:
            self._migrate()
        if (version := self._pragma("user_version")) != SCHEMA_VERSION:
            message = f"this ledger has schema version {version}, this program knows {SCHEMA_VERSION}"
            raise LedgerError.at("store.version", self._path, message, "use the version of the program that wrote it")

    def _migrate(self) -> None:
        """From version 1, which kept a leaf beside each record, so that none could be erased. All of it or nothing."""
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        if self._pragma("user_version") == 1:  # or another process was first
            old = ("batches", "records")
            for table in old:
                db.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
            for statement in _SCHEMA.split(";"):
                if "TABLE ledger" not in statement and "TABLE nodes" not in statement:
                    db.execute(statement)
            first = 0
            for (size,) in db.execute("SELECT size FROM old_batches ORDER BY size").fetchall():
                leaves = db.execute(
                    "SELECT leaf FROM old_records WHERE idx >= ? AND idx < ? ORDER BY idx", (first, size)
                )
                db.execute("INSERT INTO batches VALUES (?, ?)", (first, b"".join(leaf for (leaf,) in leaves)))
                first = size
            db.create_function("packed", 1, lambda key: bytes.fromhex(key.replace("-", "")))
            db.execute("INSERT INTO records SELECT idx, packed(event_id), nonce, body FROM old_records ORDER BY idx")
            for table in reversed(old):
                db.execute(f"DROP TABLE old_{table}")
            db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        db.execute("COMMIT")

    def _harden(self) -> None:
        """Each setting is read back: SQLite ignores a pragma that it cannot follow, without a word (R07)."""
        for name, value in (("journal_mode", "wal"), ("synchronous", 2), ("fullfsync", 1)):
            self._db.execute(f"PRAGMA {name}={value}")
            if (found := self._pragma(name)) != value:
                raise LedgerError.at(
                    "store.unsafe", self._path, f"{name} is {found} and not {value}", "use a local disk"
                )

    def _pragma(self, name: str) -> Any:
        return self._db.execute(f"PRAGMA {name}").fetchone()[0]

    def _ledger(self, columns: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._db.execute(f"SELECT {columns} FROM ledger WHERE id = 1").fetchone()  # noqa: S608
        if row is None:
            raise LedgerError.at("head.broken", self._path, "the row that holds the head is gone", "restore a backup")
        return row

    @property
    def origin(self) -> str:
        return self._origin

    def head(self) -> log.Head:
        with self._failing("read"):
            return self._head()

    def _head(self) -> log.Head:
        size, peaks = self._ledger("size, peaks")
        try:
            return log.Head(size, tuple(log.split(peaks)))
        except ValueError as error:
            raise LedgerError.at("head.broken", self._path, f"the head does not hold: {error}", _VERIFY) from None

    def append(self, expected: log.Head, records: Sequence[Record], erase: log.Ranges = ()) -> log.Growth | None:
        growth = log.append(expected, [record.leaf for record in records])
        nested = self._db.in_transaction
        with nullcontext() if nested else self.exclusively():
            if self._head() != expected:
                return None
            with self._failing("written"):
                try:
                    self._insert(expected.size, growth, records)
                    self._db.executemany("DELETE FROM records WHERE idx BETWEEN ? AND ?", erase)
                except sqlite3.IntegrityError:  # a key that is there; nothing else can collide under the same head
                    if nested:
                        raise
                    self._db.execute("ROLLBACK")
                    return None
        return growth

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        with self._failing("written"):
            self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            with self._failing("written"):
                if self._db.in_transaction:
                    self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:  # what COMMIT did not do
                with suppress(*_FAILURES):
                    self._db.execute("ROLLBACK")

    def _insert(self, start: int, growth: log.Growth, records: Sequence[Record]) -> None:
        head, db = growth.head, self._db
        rows = [
            (at, bytes.fromhex(r.event_id.replace("-", "")), r.nonce, r.body) for at, r in enumerate(records, start)
        ]
        db.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", [row for row in rows if row[3]])
        db.execute("INSERT INTO batches VALUES (?, ?)", (start, b"".join([record.leaf for record in records])))
        if growth.rows:
            db.executemany("INSERT INTO nodes VALUES (?, ?, ?)", growth.rows)
        db.execute("UPDATE ledger SET size = ?, peaks = ? WHERE id = 1", (head.size, b"".join(head.peaks)))

    def by_event_id(self, event_ids: Sequence[str]) -> dict[str, Entry]:
        marks = ",".join("?" * len(event_ids))
        keys = tuple(bytes.fromhex(event_id.replace("-", "")) for event_id in event_ids)
        return {entry.record.event_id: entry for entry in self._entries(f"event_id IN ({marks})", keys)}

    def by_subject(self, subject_ref: str) -> list[Entry]:
        return self._entries(_OF_SUBJECT, (subject_ref.encode(),))

    def _entries(self, where: str, arguments: tuple[object, ...]) -> list[Entry]:
        query = f"SELECT {_SIZE}, {_COLUMNS} FROM records WHERE {where} ORDER BY idx"  # noqa: S608  ours, and marks
        return [Entry(index, size, kept(*row)) for size, index, *row in self._rows(query, arguments)]

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[Row]:
        query = f"SELECT {_COLUMNS} FROM records WHERE idx >= ?1 AND idx <= coalesce(?2 - 1, {_LAST}) ORDER BY idx"  # noqa: S608
        return self._rows(query, (start, stop))

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, Record]]:
        return read(self.rows(start, stop))

    def nodes(self, level: int, start: int, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        if level == 0:
            return log.leaves_between(self.batches(start), start, stop)
        within = f"idx >= ?2 AND idx <= coalesce(?3 - 1, {_LAST})"
        query = f"SELECT idx, hash FROM nodes WHERE level = ?1 AND {within} ORDER BY idx"  # noqa: S608
        return self._rows(query, (level, start, stop))

    def batches(self, start: int = 0) -> Iterator[tuple[int, list[bytes]]]:
        reaching = "coalesce((SELECT max(first) FROM batches WHERE first <= ?1), ?1)"
        query = f"SELECT first, leaves FROM batches WHERE first >= {reaching} ORDER BY first"  # noqa: S608
        return ((first, log.split(leaves)) for first, leaves in self._rows(query, (start,)))

    def faults(self) -> Iterator[str]:
        with self._failing("read"), _connected(str(self._path)) as beside:
            beside.text_factory = self._db.text_factory
            yield from (found for (found,) in beside.execute("PRAGMA integrity_check") if found != "ok")

    def hold(self, name: str, first: int, last: int) -> None:
        with self._failing("written"):
            self._db.execute("INSERT OR IGNORE INTO holds VALUES (?, ?, ?)", (name, first, last))

    def lift(self, name: str) -> int:
        with self._failing("written"):
            return self._db.execute("DELETE FROM holds WHERE name = ?", (name,)).rowcount

    def holds(self) -> list[tuple[str, int, int]]:
        return list(self._rows("SELECT name, first, last FROM holds ORDER BY first, name", ()))

    def bytes(self) -> int:
        with self._failing("read"):
            used = [self._pragma(name) for name in ("page_count", "freelist_count", "page_size")]
        return int((used[0] - used[1]) * used[2])

    def _rows(self, query: str, arguments: tuple[object, ...]) -> Iterator[tuple[Any, ...]]:
        with self._failing("read"):
            rows = self._db.execute(query, arguments)
            yield from (row for row in rows)  # `yield from rows` would end in closing them, maybe after the store

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
            full = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL
            code = "store.full" if full else "store.failed"
            raise LedgerError.at(code, self._path, f"the ledger cannot be {verb}: {_reason(error)}") from error

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
