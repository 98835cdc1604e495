"""Stores: created once, opened as they are, appended to by compare and swap."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from generator.errors import LedgerError
from generator.ledger import log, store

from .conftest import ORIGIN
from .holder import verify_inclusion
from .world import record


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def said(error: pytest.ExceptionInfo[LedgerError]) -> tuple[str, str]:
    (problem,) = error.value.problems
    return problem.code, f"{problem.message}; {problem.hint}"


def test_opening_a_missing_ledger_says_so_and_makes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'choices.db'}"
    assert not store.exists(url)
    with pytest.raises(LedgerError) as error:
        store.open_store(url)
    assert said(error) == ("store.missing", "there is no ledger here; check the path, or create one first")
    assert list(tmp_path.iterdir()) == []


def test_creating_refuses_what_is_there_and_leaves_it_alone(url: str) -> None:
    before = path_of(url).read_bytes()
    with pytest.raises(LedgerError) as error:
        store.create(url, "another.example/choices")
    assert said(error)[0] == "store.exists"
    assert path_of(url).read_bytes() == before
    assert [file.name for file in path_of(url).parent.iterdir()] == ["choices.db"]


def test_creating_where_there_is_no_folder_is_an_error_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(LedgerError) as error:
        store.create(f"sqlite:///{tmp_path}/none/choices.db", ORIGIN)
    assert said(error) == ("store.not-made", "cannot create the ledger: No such file or directory; ")


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\nb"])
def test_a_log_needs_an_origin_that_a_checkpoint_can_carry(tmp_path: Path, origin: str) -> None:
    with pytest.raises(LedgerError) as error:
        store.create(f"sqlite:///{tmp_path}/choices.db", origin)
    assert said(error)[0] == "origin"


@pytest.mark.parametrize("url", ["choices.db", "sqlite://choices.db", "sqlite:///", "postgresql://h/d", "sqlite:/x"])
def test_another_kind_of_store_is_named_with_what_is_supported(url: str) -> None:
    with pytest.raises(LedgerError) as error:
        store.open_store(url)
    assert "sqlite:///relative.db and sqlite:////absolute.db" in said(error)[1]


def test_a_relative_url_is_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store.create("sqlite:///here.db", ORIGIN)
    assert (tmp_path / "here.db").is_file()
    store.open_store("sqlite:///here.db").close()


def test_what_is_not_a_ledger_of_ours_is_not_opened(tmp_path: Path) -> None:
    empty, text, foreign = (tmp_path / name for name in ("empty", "text", "foreign"))
    empty.touch()
    text.write_text("not a database, and long enough to be taken for a header of one" * 40)
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE t (x)")
    db.close()
    codes = []
    for file in (empty, text, foreign):
        before = file.read_bytes()
        with pytest.raises(LedgerError) as error:
            store.open_store(f"sqlite:///{file}")
        codes.append(said(error)[0])
        assert file.read_bytes() == before
    assert codes == ["store.foreign", "store.not-opened", "store.foreign"]


def test_a_ledger_of_another_schema_version_is_not_touched(url: str) -> None:
    db = sqlite3.connect(path_of(url))
    db.execute("PRAGMA user_version=2")
    db.close()
    with pytest.raises(LedgerError, match="schema version 2, this program knows 1"):
        store.open_store(url)


def test_the_settings_that_make_a_commit_durable_are_in_force(url: str) -> None:
    opened = store.open_store(url)
    db: sqlite3.Connection = vars(opened)["_db"]
    read = {
        name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    opened.close()
    assert read == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_the_files_are_the_owners_only(url: str) -> None:
    before = os.umask(0)
    try:
        opened = store.open_store(url)
        opened.append(opened.head(), [record()])
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path_of(url).parent.iterdir()}
        opened.close()
    finally:
        os.umask(before)
    assert modes == {"choices.db": 0o600, "choices.db-wal": 0o600, "choices.db-shm": 0o600}


def test_a_ledger_that_became_readable_by_others_is_closed_to_them(url: str) -> None:
    path_of(url).chmod(0o644)
    store.open_store(url).close()
    assert stat.S_IMODE(path_of(url).stat().st_mode) == 0o600


def test_what_was_appended_is_there_after_opening_again(url: str) -> None:
    first, second, third = record(), record(), record()
    opened = store.open_store(url)
    growth = opened.append(opened.head(), [first, second])
    assert growth is not None
    assert opened.append(growth.head, [third]) is not None
    head = opened.head()
    opened.close()
    opened = store.open_store(url)
    assert opened.origin == ORIGIN
    assert opened.head() == head == log.append(log.Head(), [r.leaf for r in (first, second, third)]).head
    entries = list(opened.read())
    assert [(entry.index, entry.size, entry.record) for entry in entries] == [
        (0, 2, first),
        (1, 2, second),
        (2, 3, third),
    ]
    assert list(opened.read(1, 2)) == entries[1:2]
    assert opened.by_event_id([second.event_id, record().event_id]) == {second.event_id: entries[1]}
    assert list(opened.nodes(0, 1, 3)) == [(1, second.leaf), (2, third.leaf)]
    assert [size for size, _ in opened.roots()] == [2, 3]
    opened.close()


def test_an_append_after_a_head_that_moved_writes_nothing(url: str) -> None:
    mine, theirs = store.open_store(url), store.open_store(url)
    stale = mine.head()
    assert theirs.append(stale, [record()]) is not None
    assert mine.append(stale, [record(), record()]) is None
    assert [entry.index for entry in mine.read()] == [0]
    assert mine.append(mine.head(), [record()]) is not None
    mine.close()
    theirs.close()


def test_a_key_is_stored_once_and_a_failed_append_leaves_nothing_behind(url: str) -> None:
    opened, twice = store.open_store(url), record()
    with pytest.raises(LedgerError, match="UNIQUE constraint failed"):
        opened.append(opened.head(), [record(), twice, twice])
    assert list(opened.read()) == []
    assert list(opened.roots()) == []
    assert opened.head() == log.Head()
    assert opened.append(opened.head(), [twice]) is not None
    opened.close()


def test_a_snapshot_does_not_see_what_is_appended_meanwhile(url: str) -> None:
    reader, writer = store.open_store(url), store.open_store(url)
    writer.append(writer.head(), [record()])
    with reader.snapshot():
        assert reader.head().size == 1
        writer.append(writer.head(), [record()])
        assert (reader.head().size, len(list(reader.read()))) == (1, 1)
    assert reader.head().size == 2
    reader.close()
    writer.close()


def test_proofs_come_from_the_rows_of_a_store(url: str) -> None:
    opened = store.open_store(url)
    for start in range(0, 600, 100):
        opened.append(opened.head(), [record() for _ in range(start, start + 100)])
    entries, proofs = list(opened.read()), log.Proofs(log.stored_node(opened.nodes))
    head = opened.head()
    for index in (0, 255, 256, 511, 599):
        proof = proofs.inclusion(index, 600)
        assert verify_inclusion(entries[index].record.leaf, index, 600, proof, head.root)
    assert [list(opened.nodes(8, 0)), list(opened.nodes(8, 1, 2))] == [
        [(0, proofs.root(256)), (1, opened_node(opened))],
        [(1, opened_node(opened))],
    ]
    opened.close()


def opened_node(opened: store.Store) -> bytes:
    return log.append(log.Head(), [entry.record.leaf for entry in opened.read(256, 512)]).head.root
