"""Verification finds every single change; numbers and exports say what is there."""

from __future__ import annotations

import base64
import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.errors import LedgerError
from generator.ledger import evidence, store
from generator.ledger.records import leaf

from .conftest import ORIGIN
from .world import OLD_NOTICE, OLD_POLICY, record

BATCHES = [1, 1, 3, 250, 1, 30, 300, 14]
SIZE = sum(BATCHES)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "choices.db"
    store.create(f"sqlite:///{path}", ORIGIN)
    opened = store.open_store(f"sqlite:///{path}")
    for batch in BATCHES:
        opened.append(opened.head(), [record() for _ in range(batch)])
    opened.close()
    return path


@pytest.fixture
def copy(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(filled, tmp_path / "choices.db"))


def verified(path: Path) -> evidence.Verification:
    opened = store.open_store(f"sqlite:///{path}")
    try:
        return evidence.verify(opened)
    finally:
        opened.close()


def found(path: Path) -> set[tuple[str, str]]:
    return {(problem.code, problem.where.path) for problem in verified(path).problems}


def test_a_ledger_that_nobody_touched_holds(filled: Path) -> None:
    opened = store.open_store(f"sqlite:///{filled}")
    head = opened.head()
    opened.close()
    assert verified(filled) == evidence.Verification(SIZE, SIZE, head.root, ())
    assert verified(filled).holds


def test_an_empty_ledger_holds(url: str) -> None:
    opened = store.open_store(url)
    assert evidence.verify(opened).holds
    opened.close()


TAMPERED: dict[str, tuple[str, set[tuple[str, str]]]] = {
    "a byte of a body": (
        "UPDATE records SET body = flip(body) WHERE idx = 17",
        {("record.changed", "record 17"), ("body.unreadable", "record 17")},
    ),
    "a decision in a body": (
        "UPDATE records SET body = CAST(replace(CAST(body AS TEXT), 'denied', 'granted') AS BLOB) WHERE idx = 17",
        {("record.changed", "record 17")},
    ),
    "a byte of a nonce": (
        "UPDATE records SET nonce = flip(nonce) WHERE idx = 599",
        {("record.changed", "record 599")},
    ),
    "a byte of a leaf": (
        "UPDATE records SET leaf = flip(leaf) WHERE idx = 300",
        {
            ("record.changed", "record 300"),
            ("root.changed", "record 585"),
            ("node.changed", "record 256"),
            ("head.changed", "head"),
        },
    ),
    "a body, nonce and leaf replaced together": (
        "UPDATE records SET body = (SELECT body FROM records WHERE idx = 4), nonce = (SELECT nonce FROM records "
        "WHERE idx = 4), leaf = (SELECT leaf FROM records WHERE idx = 4) WHERE idx = 3",
        {
            ("key.changed", "record 3"),
            ("root.changed", "record 4"),
            ("node.changed", "record 0"),
            ("head.changed", "head"),
        },
    ),
    "a key": (
        "UPDATE records SET event_id = 'x' WHERE idx = 8",
        {("key.changed", "record 8")},
    ),
    "a key that is no text any more": (
        "UPDATE records SET event_id = CAST(x'ff00fe' AS TEXT) WHERE idx = 8",
        {("key.changed", "record 8")},
    ),
    "a node": ("UPDATE nodes SET hash = flip(hash) WHERE idx = 1", {("node.changed", "record 256")}),
    "a root": ("UPDATE batches SET root = flip(root) WHERE size = 5", {("root.changed", "record 4")}),
    "the peaks of the head": ("UPDATE ledger SET peaks = flip(peaks)", {("head.changed", "head")}),
    "the size of the head": ("UPDATE ledger SET size = size + 1", {("head.changed", "head")}),
    "a record's batch": (
        "UPDATE records SET size = 5 WHERE idx = 20",
        {("batch.changed", "record 20")},
    ),
    "a record gone": (
        "DELETE FROM records WHERE idx = 100",
        {
            ("record.missing", "record 100"),
            ("root.changed", "record 254"),
            ("node.changed", "record 0"),
            ("head.changed", "head"),
        },
    ),
    "the last record gone": (
        "DELETE FROM records WHERE idx = 599",
        {("head.changed", "head"), ("root.added", "record 599")},
    ),
    "two records in each other's place": (
        "UPDATE records SET idx = -1 WHERE idx = 2; UPDATE records SET idx = 2 WHERE idx = 3;"
        "UPDATE records SET idx = 3 WHERE idx = -1",
        {("root.changed", "record 4"), ("node.changed", "record 0"), ("head.changed", "head")},
    ),
    "a record added at the end": (
        "INSERT INTO records SELECT 600, size, 'x', leaf, nonce, body FROM records WHERE idx = 599",
        {("record.added", "record 600")},
    ),
    "a record added before the first": (
        "INSERT INTO records SELECT -1, size, 'x', leaf, nonce, body FROM records WHERE idx = 0",
        {("record.added", "record -1")},
    ),
    "a record added far away": (
        "INSERT INTO records SELECT 9223372036854775807, size, 'x', leaf, nonce, body FROM records WHERE idx = 0",
        {("record.added", "record 9223372036854775807")},
    ),
    "a node gone": ("DELETE FROM nodes WHERE idx = 0", {("node.changed", "record 0")}),
    "a node added": ("INSERT INTO nodes VALUES (8, 2, zeroblob(32))", {("node.added", "record 512")}),
    "a node added on a level that is not kept": (
        "INSERT INTO nodes VALUES (3, 0, zeroblob(32))",
        {("node.added", "record 0")},
    ),
    "a root gone": (
        "DELETE FROM batches WHERE size = 5",
        {("batch.changed", f"record {index}") for index in (2, 3, 4)} | {("database", "database")},
    ),
    "a root added": (
        "INSERT INTO batches VALUES (1000, zeroblob(32))",
        {("root.added", "record 999")},
    ),
    "a root added within a batch": (
        "INSERT INTO batches VALUES (3, zeroblob(32))",
        {("batch.changed", "record 2"), ("root.changed", "record 2")},
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_every_single_change_is_found_and_named(copy: Path, what: str) -> None:
    statements, expected = TAMPERED[what]
    db = sqlite3.connect(copy, isolation_level=None)
    db.create_function("flip", 1, lambda data: bytes([data[0] ^ 1]) + data[1:])
    before = db.total_changes
    for statement in statements.split(";"):
        db.execute(statement)
    assert db.total_changes > before
    db.close()
    assert found(copy) == expected


def test_a_ledger_without_its_head_is_not_opened(copy: Path) -> None:
    db = sqlite3.connect(copy, isolation_level=None)
    db.execute("DELETE FROM ledger")
    db.close()
    with pytest.raises(LedgerError, match=r"head\.broken: the row that holds the head is gone"):
        verified(copy)


def test_every_record_that_does_not_hold_is_named_and_the_rest_is_counted(copy: Path) -> None:
    db = sqlite3.connect(copy, isolation_level=None)
    db.execute("UPDATE records SET nonce = zeroblob(32)")
    db.execute("UPDATE records SET event_id = idx")
    db.close()
    seen = verified(copy)
    assert [problem.where.path for problem in seen.problems[:4]] == ["record 0", "record 0", "record 1", "record 1"]
    assert (len(seen.problems), seen.more) == (evidence.LISTED, 2 * SIZE - evidence.LISTED)


def test_rows_that_no_record_asks_for_are_counted_to_the_last(copy: Path) -> None:
    db = sqlite3.connect(copy)
    db.executemany("INSERT INTO nodes VALUES (3, ?, zeroblob(32))", [(index,) for index in range(1500)])
    db.commit()
    db.close()
    seen = verified(copy)
    assert (len(seen.problems), seen.more) == (evidence.LISTED, 1500 - evidence.LISTED)


def test_a_byte_flipped_in_the_file_of_any_table_is_found(copy: Path) -> None:
    """Below SQL: what a failing disk does."""
    data = bytearray(copy.read_bytes())
    at = data.index(b'"decision":"granted"', len(data) // 2)
    data[at + 12] ^= 1
    copy.write_bytes(data)
    assert {code for code, _ in found(copy)} == {"record.changed", "body.unreadable"}


def rows(path: Path) -> list[list[tuple[object, ...]]]:
    db = sqlite3.connect(path)
    try:
        tables = ("records", "batches", "nodes", "ledger")
        return [db.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in tables]  # noqa: S608
    finally:
        db.close()


def test_a_bit_flipped_anywhere_in_the_file_is_found_or_changes_no_row(copy: Path) -> None:
    """Below SQL: headers, schema, trees and indexes too. Nothing but LedgerError may come out of it."""
    data, before, dice, found = copy.read_bytes(), rows(copy), random.Random(2), 0
    for turn in range(120):
        at = dice.randrange(len(data) if turn % 3 else 3 * 4096)
        copy.write_bytes(data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :])
        try:
            holds = verified(copy).holds
        except LedgerError:
            holds = False
        assert not holds or rows(copy) == before, f"byte {at}"
        found += not holds
    assert found > 50


def test_a_schema_that_is_damaged_beyond_reading_is_not_opened(copy: Path) -> None:
    data = copy.read_bytes()
    copy.write_bytes(data.replace(b"CREATE TABLE batches", b"CREATE TABLE b\xd2tches", 1))
    with pytest.raises(LedgerError, match=r"store\.not-opened"):
        verified(copy)


def test_a_page_of_rubbish_is_reported_and_not_raised(copy: Path) -> None:
    data = bytearray(copy.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = bytes(range(256)) * 16
    copy.write_bytes(data)
    assert not verified(copy).holds


def test_verifying_changes_nothing(copy: Path) -> None:
    before = copy.read_bytes()
    verified(copy)
    assert copy.read_bytes() == before


def test_a_ledger_is_verified_while_it_grows(url: str) -> None:
    reader, writer = store.open_store(url), store.open_store(url)
    writer.append(writer.head(), [record() for _ in range(10)])

    class Growing:
        """Appends between any two reads."""

        def __getattr__(self, name: str) -> object:
            if name in ("read", "nodes", "roots", "faults"):
                writer.append(writer.head(), [record() for _ in range(9)])
            return getattr(reader, name)

    seen = evidence.verify(Growing())  # type: ignore[arg-type]
    assert seen.problems == ()
    assert seen.size >= 10
    reader.close()
    writer.close()


@pytest.fixture
def mixed(url: str) -> Iterator[store.Store]:
    opened = store.open_store(url)
    none = {"analytics": False, "marketing": False}
    old = {"sha256": OLD_NOTICE, "language": "en", "layout": "wide"}
    kept = [
        record(),
        record(event_type="withdrawn", purposes=none),
        record(notice=old, purposes={"analytics": True}, policy={"sha256": OLD_POLICY}),
    ]
    opened.append(opened.head(), kept)
    yield opened
    opened.close()


def test_statistics_count_grants_and_denials_per_purpose_text_and_day(mixed: store.Store) -> None:
    assert evidence.stats(mixed) == evidence.Statistics(
        records=3,
        event_types={"given": 2, "withdrawn": 1},
        granted={"analytics": 2},
        denied={"analytics": 1, "marketing": 2},
        policies={"privacy-policy 1.0": 1, "privacy-policy 1.1": 2},
        notices={"1.0": 1, "2.0": 2},
        days={"2026-11-22": 3},
    )


def test_an_export_has_every_record_byte_for_byte(mixed: store.Store) -> None:
    lines = list(evidence.export(mixed))
    for line, entry in zip(lines, mixed.read(), strict=True):
        members = json.loads(line)
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        body = json.dumps(members["body"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert body == entry.record.body
        assert base64.b64encode(leaf(base64.b64decode(members["nonce"]), body)).decode() == members["leaf"]
        assert members["index"] == entry.index


def test_an_unreadable_body_stops_numbers_and_exports_with_its_place(copy: Path) -> None:
    db = sqlite3.connect(copy, isolation_level=None)
    db.execute("UPDATE records SET body = x'7b' WHERE idx = 3")
    db.close()
    opened = store.open_store(f"sqlite:///{copy}")
    with pytest.raises(LedgerError, match=r"record 3: body\.unreadable"):
        evidence.stats(opened)
    with pytest.raises(LedgerError, match=r"record 3: body\.unreadable"):
        list(evidence.export(opened))
    opened.close()
