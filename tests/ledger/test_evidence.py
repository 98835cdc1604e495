"""Verification finds every single change; numbers and exports say what is there."""

from __future__ import annotations

import base64
import csv
import io
import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow.parquet
import pytest

from generator.errors import LedgerError
from generator.ledger import exports, log, records, statistics, store, verify
from generator.ledger.choices import parse
from generator.ledger.records import accept, leaf

from .conftest import ORIGIN
from .servers import Postgres
from .world import NOTICE, NOW, OLD_NOTICE, OLD_POLICY, POLICY, body, notices, record

BATCHES = [1, 1, 3, 250, 1, 30, 300, 14]
SIZE = sum(BATCHES) + 1  # an erasure of five of them comes last


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "choices.db"
    store.create(f"sqlite:///{path}", ORIGIN)
    opened = store.open_store(f"sqlite:///{path}")
    for batch in BATCHES:
        opened.append(opened.head(), [record() for _ in range(batch)])
    marker = records.erasure(ORIGIN, [(20, 24)], "operator", NOW, b"n" * 32)
    opened.append(opened.head(), [marker], [(20, 24)])
    opened.close()
    return path


@pytest.fixture
def copy(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(filled, tmp_path / "choices.db"))


def verified(path: Path, *kept: log.Checkpoint, since: log.Checkpoint | None = None) -> verify.Verification:
    opened = store.open_store(f"sqlite:///{path}")
    try:
        return verify.verify(opened, kept, since)
    finally:
        opened.close()


def found(path: Path) -> set[tuple[str, str]]:
    return {(problem.code, problem.where.path) for problem in verified(path).problems}


def test_a_ledger_that_nobody_touched_holds(filled: Path) -> None:
    opened = store.open_store(f"sqlite:///{filled}")
    head = opened.head()
    opened.close()
    assert verified(filled) == verify.Verification(0, SIZE - 5, 5, SIZE, head.root, ())
    assert verified(filled).holds


def test_an_empty_ledger_holds(url: str) -> None:
    opened = store.open_store(url)
    assert verify.verify(opened).holds
    opened.close()


HEAD = ("head.changed", "head")
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
        "UPDATE batches SET leaves = flip(leaves) WHERE first = 286",
        {("record.changed", "record 286"), ("node.changed", "record 256"), HEAD},
    ),
    "a body, nonce and leaf replaced together": (
        "UPDATE records SET body = (SELECT body FROM records WHERE idx = 4), nonce = (SELECT nonce FROM records "
        "WHERE idx = 4) WHERE idx = 3; UPDATE batches SET leaves = CAST(substr(leaves, 1, 32) || "
        "substr(leaves, 65, 32) || substr(leaves, 65, 32) AS BLOB) WHERE first = 2",
        {("key.changed", "record 3"), ("node.changed", "record 0"), HEAD},
    ),
    "a key": ("UPDATE records SET event_id = flip(event_id) WHERE idx = 8", {("key.changed", "record 8")}),
    "a node": ("UPDATE nodes SET hash = flip(hash) WHERE idx = 1", {("node.changed", "record 256")}),
    "the peaks of the head": ("UPDATE ledger SET peaks = flip(peaks)", {HEAD}),
    "the size of the head": ("UPDATE ledger SET size = size + 1", {HEAD}),
    "a record gone": ("DELETE FROM records WHERE idx = 100", {("record.missing", "record 100")}),
    "the last record gone": (
        "DELETE FROM records WHERE idx = 600",
        {("record.missing", "record 20"), ("record.missing", "record 600")},
    ),
    "two records in each other's place": (
        "UPDATE records SET idx = -1 WHERE idx = 2; UPDATE records SET idx = 2 WHERE idx = 3;"
        "UPDATE records SET idx = 3 WHERE idx = -1",
        {("record.changed", "record 2"), ("record.changed", "record 3")},
    ),
    "a record added at the end": (
        "INSERT INTO records SELECT 601, x'00', nonce, body FROM records WHERE idx = 599",
        {("record.added", "record 601")},
    ),
    "a record added before the first": (
        "INSERT INTO records SELECT -1, x'00', nonce, body FROM records WHERE idx = 0",
        {("record.added", "record -1")},
    ),
    "a record added far away": (
        "INSERT INTO records SELECT 9223372036854775807, x'00', nonce, body FROM records WHERE idx = 0",
        {("record.added", "record 9223372036854775807")},
    ),
    "a record put back that was erased": (
        "INSERT INTO records SELECT 20, x'00', nonce, body FROM records WHERE idx = 19",
        {("record.changed", "record 20"), ("key.changed", "record 20"), ("record.kept", "record 20")},
    ),
    "a node gone": ("DELETE FROM nodes WHERE idx = 0", {("node.changed", "record 0")}),
    "a node added": ("INSERT INTO nodes VALUES (8, 2, zeroblob(32))", {("node.added", "record 512")}),
    "a node added on a level that is not kept": (
        "INSERT INTO nodes VALUES (3, 0, zeroblob(32))",
        {("node.added", "record 0")},
    ),
    "leaves gone": (
        "DELETE FROM batches WHERE first = 5",
        {("leaves.missing", "record 5"), ("node.changed", "record 0"), ("record.kept", "record 20"), HEAD}
        | {("record.added", f"record {index}") for index in range(5, 255) if not 20 <= index <= 24},
    ),
    "leaves added": (
        "INSERT INTO batches VALUES (601, zeroblob(32))",
        {("record.missing", "record 601"), HEAD},
    ),
    "leaves added far away": (
        "INSERT INTO batches VALUES (9000000000, zeroblob(32))",
        {
            ("leaves.missing", "record 601"),
            ("record.missing", "record 9000000000"),
            ("node.changed", "record 512"),
            ("node.changed", "record 768"),
            HEAD,
        },
    ),
    "leaves added within a batch": ("INSERT INTO batches VALUES (3, zeroblob(32))", {("leaves.added", "record 3")}),
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
    db.execute("UPDATE records SET event_id = CAST(idx AS BLOB)")
    db.close()
    seen = verified(copy)
    assert [problem.where.path for problem in seen.problems[:4]] == ["record 0", "record 0", "record 1", "record 1"]
    assert (len(seen.problems), seen.more) == (verify.LISTED, 2 * (SIZE - 5) - verify.LISTED)


def test_rows_that_no_record_asks_for_are_counted_to_the_last(copy: Path) -> None:
    db = sqlite3.connect(copy)
    db.executemany("INSERT INTO nodes VALUES (3, ?, zeroblob(32))", [(index,) for index in range(1500)])
    db.commit()
    db.close()
    seen = verified(copy)
    assert (len(seen.problems), seen.more) == (verify.LISTED, 1500 - verify.LISTED)


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
            if name in ("read", "nodes", "batches", "faults"):
                writer.append(writer.head(), [record() for _ in range(9)])
            return getattr(reader, name)

    seen = verify.verify(Growing())  # type: ignore[arg-type]
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
    assert statistics.count(mixed) == statistics.Statistics(
        records=3,
        groups={
            "event types": {"given": 2, "withdrawn": 1},
            "methods": {"settings.save": 3},
            "releases": {"privacy-policy 1.0": 1, "privacy-policy 1.1": 2},
            "notices": {"1.0": 1, "2.0": 2},
            "purpose analytics": {"denied": 1, "granted": 2},
            "purpose marketing": {"denied": 2},
            "days": {"2026-11-22": 3},
        },
    )


def test_services_answered_apart_are_counted_and_exported_beside_their_purpose(url: str) -> None:
    none = {"analytics": False, "marketing": False}
    with closing(store.open_store(url)) as opened:
        always = record(method="embed.always", event_type="changed", purposes=none, services={"tube": True})
        opened.append(opened.head(), [always, record(services={"reel": True, "tube": True, "usage": False})])
        groups = statistics.count(opened).groups
        rows = [dict(zip(exports.COLUMNS, row, strict=True)) for row in exports.table(opened)]
        linked = [json.loads(line) for line in exports.json_ld(opened, notices())]
        assert verify.verify(opened).holds
    assert (groups["service tube apart"], groups["service usage apart"]) == ({"granted": 2}, {"denied": 1})
    assert [(row["services_granted"], row["services_denied"]) for row in rows] == [("tube", ""), ("reel tube", "usage")]
    assert linked[0]["dpv:hasConsentStatus"] == "dpv:ConsentGiven"
    assert linked[0]["dpv:hasProcess"][-1] == {
        "dpv:hasPurpose": "marketing",
        "dpv:hasService": "tube",
        "dpv:hasLegalBasis": "gdpr:A6-1-a",
        "dpv:hasConsentStatus": "dpv:ConsentGiven",
    }


def test_a_small_count_is_not_told_and_cannot_be_reckoned_from_the_others() -> None:
    counted = statistics.Statistics(
        0, {"a": {"x": 4, "y": 5, "z": 60}, "b": {"x": 5}, "c": {"x": 1}, "d": {"x": 1, "y": 2, "z": 9}}
    )
    assert statistics.told(counted) == {
        "a": {"x": None, "y": None, "z": 60},
        "b": {"x": 5},
        "c": {"x": None},
        "d": {"x": None, "y": None, "z": 9},
    }
    assert statistics.told(counted, 1)["c"] == {"x": 1}


def test_the_page_of_numbers_repeats_nothing_unescaped_and_tells_each_chart_as_a_table() -> None:
    page = statistics.page("x.example/<choices>", statistics.Statistics(9, {"<days>": {"<b>": 9, "c": 3, "d": 2}}))
    assert "<choices>" not in page
    assert "<b>" not in page
    assert '<tr><th scope="row">&lt;b&gt;</th><td>9</td></tr>' in page
    assert page.count("<rect ") == 3
    assert 'role="img" aria-label=' in page


def test_an_export_has_every_record_byte_for_byte(mixed: store.Store) -> None:
    lines = list(exports.jsonl(mixed))
    for line, (index, kept) in zip(lines, mixed.read(), strict=True):
        members = json.loads(line)
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        body = json.dumps(members["body"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert body == kept.body
        assert base64.b64encode(leaf(base64.b64decode(members["nonce"]), body)).decode() == members["leaf"]
        assert members["index"] == index


def test_a_table_for_spreadsheets_has_a_row_for_each_choice_and_no_formula(url: str) -> None:
    opened = store.open_store(url)
    nasty = notices(controller='=HYPERLINK("https://evil.example")\n, Ltd')
    opened.append(opened.head(), [accept(parse(body()), nasty, NOW, b"n" * 32)])
    opened.append(opened.head(), [records.erasure(ORIGIN, [], "operator", NOW, b"n" * 32)])
    text = b"".join(exports.comma_separated(opened)).decode()
    head, row = csv.reader(io.StringIO(text, newline=""))
    told = dict(zip(head, row, strict=True))
    assert told["controller"] == '\'=HYPERLINK("https://evil.example")\n, Ltd'
    assert (told["granted"], told["denied"], told["index"], told["gpc"]) == ("analytics", "marketing", "0", "0")
    opened.close()


def test_a_table_for_programs_is_the_same_table(mixed: store.Store, tmp_path: Path) -> None:
    assert exports.parquet(mixed, tmp_path / "choices.parquet") == 3
    rows = pyarrow.parquet.read_table(tmp_path / "choices.parquet").to_pylist()
    assert [tuple(row.values()) for row in rows] == list(exports.table(mixed))
    assert list(rows[0]) == list(exports.COLUMNS)


def test_the_terms_of_27560_say_who_what_when_how_long_and_under_which_texts(mixed: store.Store) -> None:
    first, withdrawn, _ = (json.loads(line) for line in exports.json_ld(mixed, notices()))
    assert first["dpv:hasConsentStatus"] == "dpv:ConsentGiven"
    assert withdrawn["dpv:hasConsentStatus"] == "dpv:ConsentWithdrawn"
    assert first["dpv:hasDuration"]["@value"] == "P180D"
    assert {process["dpv:hasPurpose"]: process["dpv:hasConsentStatus"] for process in first["dpv:hasProcess"]} == {
        "analytics": "dpv:ConsentGiven",
        "marketing": "dpv:ConsentRefused",
    }
    assert [notice["@id"] for notice in first["dpv:hasNotice"]] == [f"urn:sha256:{NOTICE}", f"urn:sha256:{POLICY}"]


def test_an_unreadable_body_stops_numbers_and_exports_with_its_place(copy: Path) -> None:
    db = sqlite3.connect(copy, isolation_level=None)
    db.execute("UPDATE records SET body = x'7b' WHERE idx = 3")
    db.close()
    opened = store.open_store(f"sqlite:///{copy}")
    for read in (statistics.count, lambda one: list(exports.jsonl(one)), lambda one: list(exports.table(one))):
        with pytest.raises(LedgerError, match=r"record 3: body\.unreadable"):
            read(opened)
    opened.close()


def checkpoint_at(path: Path, size: int) -> log.Checkpoint:
    opened = store.open_store(f"sqlite:///{path}")
    root = log.Proofs(log.stored_node(opened.nodes)).root(size)
    opened.close()
    return log.Checkpoint(ORIGIN, size, root)


def cut(path: Path, size: int) -> None:
    """As if nothing had come after `size`: by somebody who knows how the log is made, and leaves no trace in it."""
    opened = store.open_store(f"sqlite:///{path}")
    head = log.Proofs(log.stored_node(opened.nodes)).head(size)
    opened.close()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("DELETE FROM records WHERE idx >= ?", (size,))
    db.execute("DELETE FROM batches WHERE first >= ?", (size,))
    db.execute("DELETE FROM nodes WHERE (idx + 1) << level > ?", (size,))
    db.execute("UPDATE ledger SET size = ?, peaks = ?", (size, b"".join(head.peaks)))
    db.close()


def test_a_tail_that_was_cut_off_is_found_by_a_checkpoint_from_outside_and_by_nothing_else(
    filled: Path, copy: Path
) -> None:
    kept, older = checkpoint_at(copy, SIZE), checkpoint_at(copy, 5)
    cut(copy, 5)
    assert verified(copy).holds
    assert verified(copy, older).holds
    assert [problem.code for problem in verified(copy, older, kept).problems] == ["log.cut"]
    assert [problem.code for problem in verified(copy, since=kept).problems] == ["log.cut"]


def test_a_log_that_was_written_anew_is_found_by_a_checkpoint_from_outside(copy: Path) -> None:
    kept = checkpoint_at(copy, SIZE)
    cut(copy, 5)
    opened = store.open_store(f"sqlite:///{copy}")
    opened.append(opened.head(), [record() for _ in range(SIZE)])
    opened.close()
    assert verified(copy).holds
    assert [problem.code for problem in verified(copy, kept).problems] == ["log.rewritten"]
    assert [problem.code for problem in verified(copy, since=kept).problems] == ["log.rewritten"]


@pytest.mark.parametrize("size", [0, 1, 255, 256, 300, 512, SIZE])
def test_verifying_since_a_checkpoint_reads_only_what_came_after(copy: Path, size: int) -> None:
    since = checkpoint_at(copy, size)
    seen = verified(copy, since=since)
    assert (seen.holds, seen.start, seen.size) == (True, size // 256 * 256, SIZE)
    db = sqlite3.connect(copy, isolation_level=None)
    db.execute("UPDATE records SET nonce = zeroblob(32) WHERE idx = 599")
    db.execute("UPDATE records SET nonce = zeroblob(32) WHERE idx = 0")
    db.close()
    places = {one.where.path for one in verified(copy, since=since).problems}
    assert places == ({"record 0", "record 599"} if seen.start == 0 else {"record 599"})


def test_each_step_of_a_verification_is_one_that_another_can_start_from(copy: Path) -> None:
    opened = store.open_store(f"sqlite:///{copy}")
    steps: list[tuple[log.Head, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify, "TOLD_EVERY", 1)
        verify.verify(opened, progress=lambda head, size: steps.append((head, size)))
    assert [(head.size, size) for head, size in steps] == [(256, SIZE), (512, SIZE)]
    for head, _ in steps:
        seen = verify.verify(opened, since=log.Checkpoint(ORIGIN, head.size, head.root))
        assert (seen.holds, seen.start) == (True, head.size)
    opened.close()


PG_TAMPERED = {
    "UPDATE policy_records SET body = set_byte(body, 30, 0) WHERE idx = 7": {
        ("record.changed", "record 7"),
        ("body.unreadable", "record 7"),
    },
    "DELETE FROM policy_records WHERE idx = 7": {("record.missing", "record 7"), ("database", "database")},
    "DELETE FROM policy_keys WHERE idx = 7": {("database", "database")},
    "UPDATE policy_records SET month = 202501 WHERE idx = 7": {("database", "database")},
    "UPDATE policy_batches SET leaves = set_byte(leaves, 0, get_byte(leaves, 0) # 1) WHERE first = 0": {
        ("record.changed", "record 0"),
        ("node.changed", "record 0"),
        HEAD,
    },
    "UPDATE policy_nodes SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1)": {("node.changed", "record 0")},
    "UPDATE policy_logs SET size = 299": {HEAD},
}


@pytest.mark.parametrize("statement", PG_TAMPERED)
def test_a_change_in_postgresql_is_found_and_named(postgres_url: str, postgres: Postgres, statement: str) -> None:
    opened = store.open_store(postgres_url)
    opened.append(opened.head(), [record() for _ in range(300)])
    postgres.sql(statement, postgres_url.split("@/")[1].split("?")[0])
    assert {(problem.code, problem.where.path) for problem in verify.verify(opened).problems} == PG_TAMPERED[statement]
    opened.close()
