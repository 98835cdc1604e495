"""The store on PostgreSQL: any number of receivers, on any machines, share one database and one log for each site.

An append is one statement, so one round trip and one commit. Its first part moves the head of the site from the
expected value; that row's lock is what puts appends in order, and if the head is another by now, nothing is written.
The site is the shard key and part of every key; records carry the month too, so that both may partition them. There
are no sequences and no advisory locks, which the distributed engines of this protocol lack or slow down.

What a crash means: before the server says that it has committed, nothing counts. A connection cut just then leaves
the answer open: the caller hears of a failure, and the same keys sent again find what was stored, or store it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

import psycopg
from psycopg import errors

from generator.errors import LedgerError
from generator.ledger import log
from generator.ledger.records import SUBJECT_BYTES, SUBJECT_FROM_END, Entry, Record, Row, event_month, kept, read

SCHEMA_VERSION = 1
WAIT_SECONDS = 5  # for a connection, and for a lock
ROWS_AT_ONCE = 2000

# To partition: PARTITION BY LIST (site) or HASH (site) on any of them; policy_records also BY RANGE (month) below it.
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS policy_logs (
    site integer PRIMARY KEY, origin text NOT NULL, version integer NOT NULL,
    size bigint NOT NULL, peaks bytea NOT NULL);
CREATE TABLE IF NOT EXISTS policy_batches (
    site integer, first bigint, leaves bytea NOT NULL, PRIMARY KEY (site, first));
CREATE TABLE IF NOT EXISTS policy_nodes (
    site integer, level integer, idx bigint, hash bytea NOT NULL, PRIMARY KEY (site, level, idx));
CREATE TABLE IF NOT EXISTS policy_keys (
    site integer, event_id uuid, idx bigint NOT NULL, month integer NOT NULL, PRIMARY KEY (site, event_id));
CREATE TABLE IF NOT EXISTS policy_records (
    site integer, idx bigint, month integer, event_id uuid NOT NULL, nonce bytea NOT NULL, body bytea NOT NULL,
    PRIMARY KEY (site, idx, month));
CREATE INDEX IF NOT EXISTS policy_subjects ON policy_records
    (site, substr(body, length(body) - {SUBJECT_FROM_END - 1}, {SUBJECT_BYTES}))
    WHERE substr(body, length(body) - {SUBJECT_FROM_END - 1}, 7) = '\\x{b"sha256:".hex()}';
CREATE TABLE IF NOT EXISTS policy_holds (
    site integer, name text, first bigint, last bigint, PRIMARY KEY (site, name, first, last))
"""
_OF_SUBJECT = (
    f"substr(body, length(body) - {SUBJECT_FROM_END - 1}, 7) = '\\x{b'sha256:'.hex()}'"
    f" AND substr(body, length(body) - {SUBJECT_FROM_END - 1}, {SUBJECT_BYTES}) = %s"
)
_APPEND = """
WITH head AS (
    UPDATE policy_logs SET size = %(size)s, peaks = %(peaks)s
    WHERE site = %(site)s AND size = %(old_size)s AND peaks = %(old_peaks)s RETURNING site
), batch AS (
    INSERT INTO policy_batches (site, first, leaves) SELECT site, %(old_size)s, %(leaves)s FROM head
), inner_nodes AS (
    INSERT INTO policy_nodes (site, level, idx, hash)
    SELECT site, n.* FROM head, unnest(%(levels)s::integer[], %(node_idx)s::bigint[], %(hashes)s::bytea[]) AS n
), keys AS (
    INSERT INTO policy_keys (site, event_id, idx, month)
    SELECT site, k.* FROM head, unnest(%(keys)s::uuid[], %(idx)s::bigint[], %(months)s::integer[]) AS k
), rows AS (
    INSERT INTO policy_records (site, event_id, idx, month, nonce, body)
    SELECT site, r.* FROM head, unnest(
        %(keys)s::uuid[], %(idx)s::bigint[], %(months)s::integer[], %(nonces)s::bytea[], %(bodies)s::bytea[]) AS r
) SELECT count(*) FROM head
"""
_ERASE = """
WITH gone AS (
    DELETE FROM policy_records WHERE site = %(site)s AND idx BETWEEN %(first)s AND %(last)s RETURNING event_id
) DELETE FROM policy_keys WHERE site = %(site)s AND event_id IN (SELECT event_id FROM gone)
"""
_SIZE = (
    "(SELECT first + length(leaves) / 32 FROM policy_batches b WHERE b.site = policy_records.site"
    " AND first <= policy_records.idx ORDER BY first DESC LIMIT 1) AS size"
)
# A key without its record would refuse a choice that was never kept; a record without its key would be kept twice.
_MISFILED = """
SELECT idx, 'has no key of its own' FROM policy_records r WHERE site = %(site)s AND NOT EXISTS (
    SELECT 1 FROM policy_keys k WHERE (k.site, k.event_id, k.idx, k.month) = (r.site, r.event_id, r.idx, r.month))
UNION ALL
SELECT idx, 'has a key and is not there' FROM policy_keys k WHERE site = %(site)s AND NOT EXISTS (
    SELECT 1 FROM policy_records r WHERE (k.site, k.event_id, k.idx, k.month) = (r.site, r.event_id, r.idx, r.month))
ORDER BY 1 LIMIT 1000
"""


def create(url: str, origin: str) -> None:
    """The tables if need be, and a new, empty log in them."""
    address, named = _parts(url)
    if named not in ("", origin):
        raise _error("store.url", address, f"the address names the log {named}, and not {origin}")
    with _failing(address, "created"), _connect(address) as db:
        for statement in SCHEMA.split(";"):
            db.execute(statement)
        values = (_site(origin), origin, SCHEMA_VERSION)
        try:
            db.execute("INSERT INTO policy_logs VALUES (%s, %s, %s, 0, '')", values)
        except errors.UniqueViolation:
            message = "a ledger must not be made anew over this one"
            raise _error("store.exists", address, message, "open it") from None


def _site(origin: str) -> int:
    """The shard key: a number, so that keys are short, and made from the name, so that no sequence hands it out."""
    return int.from_bytes(sha256(origin.encode()).digest()[:4], "big", signed=True)


def _parts(url: str) -> tuple[str, str]:
    """postgresql://…/database#ORIGIN names one of several logs."""
    address, _, origin = url.partition("#")
    return address, unquote(origin)


def _connect(address: str) -> psycopg.Connection[Any]:
    """Nothing is waited for without end: a server that hangs is a failure like another."""
    return psycopg.connect(
        address,
        autocommit=True,
        connect_timeout=WAIT_SECONDS,
        tcp_user_timeout=WAIT_SECONDS * 1000,
        keepalives_idle=10,
        options=f"-c lock_timeout={WAIT_SECONDS * 1000} -c idle_in_transaction_session_timeout=60000",
        application_name="policy",
    )


class PostgresStore:
    """A `store.Store`; opening never creates. A lost connection fails the verb that met it, and the next one opens
    another: with several hosts in the address, to whichever of them takes writes by then.
    """

    def __init__(self, url: str) -> None:
        self._address, named = _parts(url)
        self._db: psycopg.Connection[Any] | None = None
        try:
            with _failing(self._address, "opened"):
                self._origin = self._find(named)
        except BaseException:
            self.close()
            raise
        self._site = _site(self._origin)

    def _find(self, named: str) -> str:
        try:
            logs = self._connected().execute("SELECT origin, version FROM policy_logs ORDER BY origin").fetchall()
        except errors.UndefinedTable:
            logs = []
        found = [log for log in logs if named in ("", log[0])]
        if not found:
            raise _error("store.missing", self._address, "there is no ledger here", "policy ledger create makes one")
        if len(found) > 1:
            names = ", ".join(origin for origin, _ in found)
            raise _error(
                "store.which", self._address, f"there are several logs here: {names}", "add #LOG to the address"
            )
        ((origin, version),) = found
        if version != SCHEMA_VERSION:
            message = f"this ledger has schema version {version}, this program knows {SCHEMA_VERSION}"
            raise _error("store.version", self._address, message, "use the version of the program that wrote it")
        return str(origin)

    def _connected(self) -> psycopg.Connection[Any]:
        if self._db is None or self._db.closed:
            self._db = _connect(self._address)
            self._harden(self._db)
        return self._db

    def _harden(self, db: psycopg.Connection[Any]) -> None:
        """R07: read back. A role may have been given another setting than the server's."""
        for name, unsafe in (
            ("fsync", ("off",)),
            ("full_page_writes", ("off",)),
            ("synchronous_commit", ("off", "local")),
        ):
            with suppress(errors.UndefinedObject):  # an engine of its own, which has no such setting
                row = db.execute("SELECT current_setting(%s)", (name,)).fetchone()
                if row and row[0] in unsafe:
                    db.close()
                    raise _error("store.unsafe", self._address, f"{name} is {row[0]}", f"set {name} to on")

    @property
    def origin(self) -> str:
        return self._origin

    def _in_transaction(self) -> bool:
        return self._db is not None and self._db.info.transaction_status != psycopg.pq.TransactionStatus.IDLE

    def head(self) -> log.Head:
        return self._head("")

    def _head(self, lock: str) -> log.Head:
        rows = self._all(f"SELECT size, peaks FROM policy_logs WHERE site = %s {lock}", (self._site,))  # noqa: S608
        if not rows:
            raise _error("head.broken", self._address, "the row that holds the head is gone", "restore a backup")
        size, peaks = rows[0]
        try:
            return log.Head(size, tuple(log.split(peaks)))
        except ValueError as error:
            message = f"the head does not hold: {error}"
            raise _error("head.broken", self._address, message, "run: policy ledger verify") from None

    def append(self, expected: log.Head, records: Sequence[Record], erase: log.Ranges = ()) -> log.Growth | None:
        growth = log.append(expected, [record.leaf for record in records])
        kept = [(at, record) for at, record in enumerate(records, expected.size) if record.body]
        values = {
            "site": self._site,
            "size": growth.head.size,
            "peaks": b"".join(growth.head.peaks),
            "old_size": expected.size,
            "old_peaks": b"".join(expected.peaks),
            "leaves": b"".join([record.leaf for record in records]),
            "levels": [level for level, _, _ in growth.rows],
            "node_idx": [index for _, index, _ in growth.rows],
            "hashes": [node for _, _, node in growth.rows],
            "keys": [record.event_id for _, record in kept],
            "idx": [at for at, _ in kept],
            "months": [event_month(record.body) for _, record in kept],
            "nonces": [record.nonce for _, record in kept],
            "bodies": [record.body for _, record in kept],
        }
        nested = self._in_transaction()
        with self.exclusively() if erase and not nested else nullcontext(), _failing(self._address, "written"):
            try:
                (moved,) = self._connected().execute(_APPEND, values).fetchone() or (0,)
            except errors.UniqueViolation:
                if nested:
                    raise
                return None
            for first, last in erase if moved else ():
                self._connected().execute(_ERASE, {"site": self._site, "first": first, "last": last})
        return growth if moved else None

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """The lock on the head's row is held to the end."""
        with _failing(self._address, "written"), self._connected().transaction():
            self._head("FOR UPDATE")
            yield

    def by_event_id(self, event_ids: Sequence[str]) -> dict[str, Entry]:
        where = "(idx, month) IN (SELECT idx, month FROM policy_keys WHERE site = %s AND event_id = ANY (%s::uuid[]))"
        return {entry.record.event_id: entry for entry in self._entries(where, (self._site, list(event_ids)))}

    def by_subject(self, subject_ref: str) -> list[Entry]:
        return self._entries(_OF_SUBJECT, (subject_ref.encode(),))

    def _entries(self, where: str, arguments: tuple[object, ...]) -> list[Entry]:
        query = f"SELECT {_SIZE}, {_COLUMNS} FROM policy_records WHERE site = %s AND {where} ORDER BY idx"  # noqa: S608
        return [Entry(index, size, kept(*row)) for size, index, *row in self._all(query, (self._site, *arguments))]

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[Row]:
        query = f"SELECT {_COLUMNS} FROM policy_records WHERE {_WITHIN} ORDER BY idx {_SOME}"  # noqa: S608
        return self._pages(query, start, stop)

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, Record]]:
        return read(self.rows(start, stop))

    def nodes(self, level: int, start: int, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        if level == 0:
            return log.leaves_between(self.batches(start), start, stop)
        query = f"SELECT idx, hash FROM policy_nodes WHERE {_WITHIN} AND level = %s ORDER BY idx {_SOME}"  # noqa: S608
        return self._pages(query, start, stop, level)

    def batches(self, start: int = 0) -> Iterator[tuple[int, list[bytes]]]:
        query = "SELECT max(first) FROM policy_batches WHERE site = %s AND first <= %s"
        ((reaching,),) = self._all(query, (self._site, start))
        query = f"SELECT first, leaves FROM policy_batches WHERE {_FROM} ORDER BY first {_SOME}"  # noqa: S608
        for first, leaves in self._pages(query, start if reaching is None else reaching, None):
            yield first, log.split(leaves)

    def _pages(self, query: str, start: int, stop: int | None, *more: object) -> Iterator[tuple[Any, ...]]:
        """Some rows at a time, so that memory does not grow and no cursor ties the reader to one connection."""
        last = _LAST if stop is None else stop - 1
        while start <= last:
            rows = self._all(query, (self._site, start, last, *more))
            yield from rows
            if len(rows) < ROWS_AT_ONCE:
                return
            start = rows[-1][0] + 1

    def _all(self, query: str, arguments: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with _failing(self._address, "read"):
            return self._connected().execute(query, arguments, binary=True).fetchall()

    def faults(self) -> Iterator[str]:
        with _failing(self._address, "read"), _connect(self._address) as beside:
            for index, what in beside.execute(_MISFILED, {"site": self._site}):
                yield f"record {index} {what}"

    def hold(self, name: str, first: int, last: int) -> None:
        self._change("INSERT INTO policy_holds VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING", name, first, last)

    def lift(self, name: str) -> int:
        return self._change("DELETE FROM policy_holds WHERE site = %s AND name = %s", name)

    def _change(self, query: str, *arguments: object) -> int:
        with _failing(self._address, "written"):
            return self._connected().execute(query, (self._site, *arguments)).rowcount

    def holds(self) -> list[tuple[str, int, int]]:
        rows = self._all(
            "SELECT name, first, last FROM policy_holds WHERE site = %s ORDER BY first, name", (self._site,)
        )
        return [(name, first, last) for name, first, last in rows]

    def bytes(self) -> int:
        tables = ("batches", "nodes", "keys", "records")
        total = " + ".join(f"pg_total_relation_size('policy_{table}')" for table in tables)
        return int(self._all(f"SELECT {total}", ())[0][0])

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with _failing(self._address, "read"), self._connected().transaction():
            self._connected().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield

    def close(self) -> None:
        if self._db is not None:
            self._db.close()


_LAST = 2**63 - 1
_WITHIN = "site = %s AND idx >= %s AND idx <= %s"
_FROM = "site = %s AND first >= %s AND first <= %s"
_SOME = f"LIMIT {ROWS_AT_ONCE}"
_COLUMNS = "idx, uuid_send(event_id), nonce, body"


@contextmanager
def _failing(address: str, verb: str) -> Iterator[None]:
    try:
        yield
    except (psycopg.Error, OSError) as error:
        code = "store.full" if isinstance(error, (errors.DiskFull, errors.OutOfMemory)) else "store.failed"
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise _error(code, address, f"the ledger cannot be {verb}: {reason[0]}") from error


def _error(code: str, address: str, message: str, hint: str = "") -> LedgerError:
    return LedgerError.at(code, _public(address), message, hint)


def _public(address: str) -> str:
    """Without user and password: this is printed and logged."""
    scheme, _, rest = address.partition("://")
    host = rest.rpartition("@")[2]
    return f"{scheme}://{host.partition('?')[0]}"
