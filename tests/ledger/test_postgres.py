"""What the store on PostgreSQL must survive: real servers, which are restarted, cut off, killed and replaced."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.errors import LedgerError
from generator.ledger import log, store
from generator.ledger.verify import verify

from .conftest import ORIGIN, Start
from .servers import Postgres
from .test_faults import Load, kept_keys, until
from .world import choice, record


def database(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


def test_a_missing_ledger_is_not_made_by_opening_it(postgres: Postgres) -> None:
    postgres.sql("CREATE DATABASE missing")
    with pytest.raises(LedgerError, match=r"store\.missing: there is no ledger here"):
        store.open_store(postgres.url("missing"))
    assert postgres.sql("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'policy%'", "missing") == "0"


def test_one_database_has_a_log_for_each_site(postgres: Postgres, postgres_url: str) -> None:
    store.create(f"{postgres_url}#other.example/choices", "other.example/choices")
    with pytest.raises(LedgerError, match=r"store\.which: .*other\.example/choices, www\.itsths\.com/choices"):
        store.open_store(postgres_url)
    ours, other = (store.open_store(f"{postgres_url}#{origin}") for origin in (ORIGIN, "other.example/choices"))
    same = record()
    assert ours.append(ours.head(), [same, record()]) is not None
    assert other.append(other.head(), [same]) is not None
    assert (ours.head().size, other.head().size, len(list(other.read()))) == (2, 1, 1)
    assert verify(ours).holds
    assert verify(other).holds
    ours.close()
    other.close()


@pytest.mark.parametrize("setting", ["synchronous_commit = off", "synchronous_commit = local"])
def test_a_server_that_would_answer_before_the_disk_is_refused(
    postgres: Postgres, postgres_url: str, setting: str
) -> None:
    postgres.sql(f"ALTER DATABASE {database(postgres_url)} SET {setting}")
    with pytest.raises(LedgerError, match=r"store\.unsafe: synchronous_commit is"):
        store.open_store(postgres_url)


def test_what_is_said_of_an_address_has_no_password_in_it() -> None:
    with pytest.raises(LedgerError) as error:
        store.open_store("postgresql://policy:SECRET@127.0.0.1:1/ledger?sslmode=disable")
    assert "SECRET" not in str(error.value)
    assert error.value.problems[0].where.path == "postgresql://127.0.0.1:1/ledger"


def test_the_tables_can_be_partitioned_by_site_and_month(postgres: Postgres, postgres_url: str) -> None:
    """The store does not notice: the site is in every key, the month in those of records."""
    name = database(postgres_url)
    postgres.sql("ALTER TABLE policy_records RENAME TO plain; DROP INDEX policy_subjects", name)
    postgres.sql("CREATE TABLE policy_records (LIKE plain INCLUDING ALL) PARTITION BY LIST (site)", name)
    site = postgres.sql("SELECT site FROM policy_logs", name)
    postgres.sql(f"CREATE TABLE r PARTITION OF policy_records FOR VALUES IN ({site}) PARTITION BY RANGE (month)", name)
    postgres.sql("CREATE TABLE r2026 PARTITION OF r FOR VALUES FROM (202601) TO (202701)", name)
    postgres.sql("ALTER TABLE policy_keys RENAME TO plain_keys", name)
    postgres.sql("CREATE TABLE policy_keys (LIKE plain_keys INCLUDING ALL) PARTITION BY HASH (site)", name)
    postgres.sql("CREATE TABLE k PARTITION OF policy_keys FOR VALUES WITH (MODULUS 1, REMAINDER 0)", name)
    opened, again = store.open_store(postgres_url), record()
    assert opened.append(opened.head(), [record(), again]) is not None
    assert opened.append(opened.head(), [again]) is None
    assert [entry.index for entry in opened.by_subject("sha256:" + "ab" * 32)] == [0, 1]
    assert verify(opened).holds
    assert postgres.sql("SELECT count(*) FROM r2026", name) == "2"
    opened.close()


def test_a_server_that_restarts_under_load_loses_nothing_and_is_found_again(start: Start) -> None:
    server = Postgres()
    server.start()
    try:
        store.create(server.url(), ORIGIN)
        one = start(server.url())
        load = Load([one], threads=6)
        load.wait_for(60)
        server.stop(signal.SIGQUIT)
        before = len(load.answers)
        until(lambda: any(answer.status_code == 503 for answer in list(load.answers.values())))
        server.start()
        until(lambda: sum(answer.status_code == 201 for answer in list(load.answers.values())[before:]) > 20)
        load.end()
        kept = {key for key, answer in load.answers.items() if answer.status_code == 201}
        assert kept <= set(kept_keys(server.url()))
        again = {sent["event_id"]: one.post(sent).status_code for sent in load.sent}
        assert set(again.values()) <= {200, 201}
        assert set(kept_keys(server.url())) == set(again)
    finally:
        server.remove()


@contextlib.contextmanager
def wire(server: Postgres, folder: Path) -> Iterator[threading.Event]:
    """A socket in `folder` that leads to the server. Once the event is set, the next append is passed on and then both
    ends are cut, so that its answer is never heard.
    """
    cut, listening = threading.Event(), socket.socket(socket.AF_UNIX)
    listening.bind(str(folder / ".s.PGSQL.5432"))
    listening.listen()

    def pass_on(from_: socket.socket, to: socket.socket, watch: bool) -> None:
        with from_, contextlib.suppress(OSError):
            while data := from_.recv(65536):
                to.sendall(data)
                if watch and cut.is_set() and b"policy_batches" in data:
                    cut.clear()
                    break
            from_.shutdown(socket.SHUT_RDWR)
            to.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, far = listening.accept()[0], socket.socket(socket.AF_UNIX)
                far.connect(str(server.folder / ".s.PGSQL.5432"))
                threading.Thread(target=pass_on, args=(near, far, True), daemon=True).start()
                threading.Thread(target=pass_on, args=(far, near, False), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield cut
    listening.close()


def test_a_connection_cut_mid_commit_is_503_and_the_key_sent_again_is_one_record(
    start: Start, postgres: Postgres, postgres_url: str, tmp_path: Path
) -> None:
    with wire(postgres, tmp_path) as cut, contextlib.closing(store.open_store(postgres_url)) as opened:
        one, sent = start(f"postgresql://policy@/{database(postgres_url)}?host={tmp_path}"), choice()
        assert one.post(choice()).status_code == 201  # from the second on, a commit is one statement
        cut.set()
        assert one.post(sent).status_code == 503
        until(lambda: opened.head().size == 2)  # and yet it was stored
        assert one.post(sent).status_code == 200
        assert one.post(choice()).status_code == 201
        one.stop()
    assert len(kept_keys(postgres_url)) == 3


def test_a_primary_killed_under_load_is_replaced_by_its_standby_and_nothing_acknowledged_is_lost(start: Start) -> None:
    with contextlib.ExitStack() as running:
        primary = Postgres()
        running.callback(primary.remove)
        primary.start(wal_level="replica", max_wal_senders="4")
        primary.sql("CREATE DATABASE ledger")
        standby = Postgres(standby_of=primary)
        running.callback(standby.remove)
        standby.start()
        primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.sql("SELECT pg_reload_conf()")
        until(lambda: primary.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1")
        url = primary.url("ledger", standby)
        store.create(url, ORIGIN)
        one = start(url)
        load = Load([one], threads=6)
        load.wait_for(100)
        primary.kill()
        standby.promote()
        before = len(load.answers)
        until(lambda: sum(answer.status_code == 201 for answer in list(load.answers.values())[before:]) > 20)
        load.end()
        kept = {key for key, answer in load.answers.items() if answer.status_code == 201}
        assert len(kept) > 100
        assert kept <= set(kept_keys(url))


def test_receivers_that_race_for_one_log_lose_no_record_and_no_head(postgres_url: str) -> None:
    """Below HTTP: four writers that compare and swap as fast as they can."""
    kept: list[int] = []

    def write() -> None:
        opened = store.open_store(postgres_url)
        for _ in range(25):
            head = log.Head()
            while opened.append(head, [record()]) is None:
                head = opened.head()
            kept.append(1)
        opened.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opened = store.open_store(postgres_url)
    seen = verify(opened)
    assert (len(kept), seen.records, seen.problems) == (100, 100, ())
    opened.close()
