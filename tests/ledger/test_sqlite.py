"""What the store on SQLite does beyond the contract of stores."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from generator.errors import LedgerError
from generator.ledger import store
from generator.ledger.verify import verify

from .conftest import ORIGIN
from .world import record


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def said(error: pytest.ExceptionInfo[LedgerError]) -> tuple[str, str]:
    (problem,) = error.value.problems
    return problem.code, f"{problem.message}; {problem.hint}"


def test_opening_a_missing_ledger_says_so_and_makes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'choices.db'}"
    with pytest.raises(LedgerError) as error:
        store.open_store(url)
    assert said(error) == (
        "store.missing",
        "there is no ledger here; check the path, or make one: policy ledger create",
    )
    assert list(tmp_path.iterdir()) == []


def test_creating_leaves_nothing_else_in_the_folder(url: str) -> None:
    with pytest.raises(LedgerError):
        store.create(url, ORIGIN)
    assert [file.name for file in path_of(url).parent.iterdir()] == ["choices.db"]


def test_creating_where_there_is_no_folder_is_an_error_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(LedgerError) as error:
        store.create(f"sqlite:///{tmp_path}/none/choices.db", ORIGIN)
    assert said(error) == ("store.not-made", "cannot create the ledger: No such file or directory; ")


@pytest.mark.parametrize("url", ["choices.db", "sqlite://choices.db", "sqlite:///", "mysql://h/d", "sqlite:/x"])
def test_another_kind_of_store_is_named_with_what_is_supported(url: str) -> None:
    with pytest.raises(LedgerError) as error:
        store.open_store(url)
    assert "sqlite:///relative.db, sqlite:////absolute.db and postgresql://" in said(error)[1]


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
    db.execute("PRAGMA user_version=9")
    db.close()
    with pytest.raises(LedgerError, match="schema version 9, this program knows 2"):
        store.open_store(url)


def test_the_settings_that_make_a_commit_durable_are_in_force(url: str) -> None:
    opened = store.open_store(url)
    db: sqlite3.Connection = vars(opened)["_db"]
    read = {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    opened.close()
    assert read == {"journal_mode": "wal", "synchronous": 2}


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


def test_a_ledger_of_version_1_is_brought_to_this_one_with_all_it_holds(url: str) -> None:
    """What version 0.1.0 of the program wrote: a leaf beside each record, a root beside each batch."""
    opened = store.open_store(url)
    for size in (1, 3, 300):
        opened.append(opened.head(), [record() for _ in range(size)])
    head, kept, batches = opened.head(), list(opened.read()), list(opened.batches())
    opened.close()
    with sqlite3.connect(path_of(url)) as db:
        db.executescript("""DROP TABLE batches; DROP TABLE records; DROP TABLE holds;
            CREATE TABLE batches (size INTEGER PRIMARY KEY, root BLOB NOT NULL) STRICT;
            CREATE TABLE records (
                idx INTEGER PRIMARY KEY, size INTEGER NOT NULL REFERENCES batches (size), event_id TEXT NOT NULL UNIQUE,
                leaf BLOB NOT NULL, nonce BLOB NOT NULL, body BLOB NOT NULL) STRICT;
            PRAGMA user_version=1""")
        for first, leaves in batches:
            db.execute("INSERT INTO batches VALUES (?, x'')", (first + len(leaves),))
        for index, one in kept:
            size = 1 if index < 1 else 4 if index < 4 else 304
            db.execute(
                "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)",
                (index, size, one.event_id, one.leaf, one.nonce, one.body),
            )
    db.close()
    for _ in range(2):
        opened = store.open_store(url)
        assert (opened.head(), list(opened.read()), list(opened.batches())) == (head, kept, batches)
        assert verify(opened).holds
        opened.close()
