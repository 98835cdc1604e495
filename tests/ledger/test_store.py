"""What every store does: one suite, run against each of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from generator.errors import LedgerError
from generator.ledger import log, records, store
from generator.ledger.verify import verify

from .conftest import ORIGIN
from .holder import verify_inclusion
from .world import NOW, SITE, record


@pytest.fixture
def opened(each_url: str) -> Iterator[store.Store]:
    one = store.open_store(each_url)
    yield one
    one.close()


@pytest.fixture
def other(each_url: str) -> Iterator[store.Store]:
    """The same ledger, opened a second time."""
    one = store.open_store(each_url)
    yield one
    one.close()


def code(error: pytest.ExceptionInfo[LedgerError]) -> str:
    return error.value.problems[0].code


def test_creating_refuses_what_is_there_and_leaves_it_alone(each_url: str, opened: store.Store) -> None:
    opened.append(opened.head(), [record()])
    with pytest.raises(LedgerError) as error:
        store.create(each_url, ORIGIN)
    assert code(error) == "store.exists"
    assert opened.head().size == 1


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\nb"])
def test_a_log_needs_an_origin_that_a_checkpoint_can_carry(origin: str) -> None:
    for url in ("sqlite:///none.db", "postgresql:///none"):
        with pytest.raises(LedgerError) as error:
            store.create(url, origin)
        assert code(error) == "origin"


def test_what_was_appended_is_there_after_opening_again(each_url: str, opened: store.Store) -> None:
    first, second, third = record(), record(), record()
    growth = opened.append(opened.head(), [first, second])
    assert growth is not None
    assert opened.append(growth.head, [third]) is not None
    head = opened.head()
    opened.close()
    again = store.open_store(each_url)
    assert again.origin == ORIGIN
    assert again.head() == head == log.append(log.Head(), [r.leaf for r in (first, second, third)]).head
    assert list(again.read()) == [(0, first), (1, second), (2, third)]
    assert list(again.read(1, 2)) == [(1, second)]
    assert again.by_event_id([second.event_id, record().event_id]) == {second.event_id: records.Entry(1, 2, second)}
    assert again.by_event_id([third.event_id])[third.event_id].size == 3
    assert list(again.nodes(0, 1, 3)) == [(1, second.leaf), (2, third.leaf)]
    assert [(first, len(leaves)) for first, leaves in again.batches()] == [(0, 2), (2, 1)]
    assert [first for first, _ in again.batches(1)] == [0, 2]
    assert [first for first, _ in again.batches(2)] == [2]
    assert again.bytes() > 0
    again.close()


def test_an_append_after_a_head_that_moved_writes_nothing(opened: store.Store, other: store.Store) -> None:
    stale = opened.head()
    assert other.append(stale, [record()]) is not None
    assert opened.append(stale, [record(), record()]) is None
    assert [index for index, _ in opened.read()] == [0]
    assert opened.append(opened.head(), [record()]) is not None


def test_a_head_of_the_same_size_and_other_leaves_is_another_head(opened: store.Store) -> None:
    opened.append(opened.head(), [record()])
    assert opened.append(log.append(log.Head(), [b"x" * 32]).head, [record()]) is None
    assert opened.head().size == 1


def test_a_key_is_stored_once_and_an_append_with_one_that_is_there_leaves_nothing_behind(opened: store.Store) -> None:
    twice = record()
    assert opened.append(opened.head(), [record(), twice, twice]) is None
    assert (list(opened.read()), list(opened.batches())) == ([], [])
    assert opened.head() == log.Head()
    assert opened.append(opened.head(), [twice]) is not None
    assert opened.append(opened.head(), [record(), twice]) is None
    assert opened.head().size == 1
    assert verify(opened).holds


def test_what_happens_exclusively_happens_whole_or_not_at_all(opened: store.Store) -> None:
    with opened.exclusively():
        opened.append(opened.head(), [record()])
        opened.append(opened.head(), [record()])
    with pytest.raises(RuntimeError), opened.exclusively():
        opened.append(opened.head(), [record()])
        raise RuntimeError
    assert opened.head().size == 2
    assert verify(opened).holds


def test_nobody_else_appends_while_one_does_so_exclusively(opened: store.Store, other: store.Store) -> None:
    done: list[bool] = []
    with opened.exclusively():
        head = opened.head()
        thread = threading.Thread(target=lambda: done.append(other.append(head, [record()]) is not None))
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        assert opened.append(head, [record()]) is not None
    thread.join()
    assert done == [False]
    assert opened.head().size == 1


def test_a_snapshot_does_not_see_what_is_appended_meanwhile(opened: store.Store, other: store.Store) -> None:
    other.append(other.head(), [record()])
    with opened.snapshot():
        assert opened.head().size == 1
        other.append(other.head(), [record()])
        assert (opened.head().size, len(list(opened.read()))) == (1, 1)
    assert opened.head().size == 2


def test_a_subject_is_found_by_its_reference_and_nobody_else(opened: store.Store) -> None:
    mine, theirs = "sha256:" + "11" * 32, "sha256:" + "11" * 31 + "12"
    opened.append(opened.head(), [record(subject_ref=mine), record(subject_ref=theirs), record(subject_ref=None)])
    opened.append(opened.head(), [record(subject_ref=mine)])
    assert [(entry.index, entry.size) for entry in opened.by_subject(mine)] == [(0, 3), (3, 4)]
    assert [entry.index for entry in opened.by_subject(theirs)] == [1]
    assert opened.by_subject("sha256:" + "00" * 32) == []


def test_what_is_erased_is_gone_but_for_its_leaf_and_its_key_is_free(opened: store.Store) -> None:
    kept = [record() for _ in range(5)]
    opened.append(opened.head(), kept)
    marker = records.erasure(SITE, [(1, 2), (4, 4)], "operator", NOW, b"n" * 32)
    assert opened.append(log.Head(), [marker], [(1, 2), (4, 4)]) is None
    assert opened.append(opened.head(), [marker], [(1, 2), (4, 4)]) is not None
    assert [index for index, _ in opened.read()] == [0, 3, 5]
    assert [leaf for _, leaf in opened.nodes(0, 0, 5)] == [record.leaf for record in kept]
    assert opened.by_event_id([kept[1].event_id]) == {}
    seen = verify(opened)
    assert (seen.holds, seen.records, seen.erased) == (True, 3, 3)
    assert opened.append(opened.head(), [kept[1]]) is not None


def test_holds_are_kept_until_they_are_lifted(opened: store.Store) -> None:
    opened.hold("case 7", 3, 5)
    opened.hold("case 7", 3, 5)
    opened.hold("case 8", 4, 4)
    assert opened.holds() == [("case 7", 3, 5), ("case 8", 4, 4)]
    assert (opened.lift("case 7"), opened.lift("case 7")) == (1, 0)
    assert opened.holds() == [("case 8", 4, 4)]


def test_proofs_come_from_the_rows_of_a_store(opened: store.Store) -> None:
    for _ in range(6):
        opened.append(opened.head(), [record() for _ in range(100)])
    kept, proofs = dict(opened.read()), log.Proofs(log.stored_node(opened.nodes))
    head = opened.head()
    for index in (0, 255, 256, 511, 599):
        assert verify_inclusion(kept[index].leaf, index, 600, proofs.inclusion(index, 600), head.root)
    node = log.append(log.Head(), [kept[index].leaf for index in range(256, 512)]).head.root
    assert list(opened.nodes(8, 0)) == [(0, proofs.root(256)), (1, node)]
    assert list(opened.nodes(8, 1, 2)) == [(1, node)]


def test_a_ledger_is_copied_to_another_kind_of_store_with_its_gaps_holds_and_receipts(
    url: str, postgres_url: str
) -> None:
    source, target = store.open_store(url), store.open_store(postgres_url)
    for size in (1, 300, 2, 40):
        source.append(source.head(), [record() for _ in range(size)])
    marker = records.erasure(SITE, [(5, 9)], "retention", NOW, b"n" * 32)
    source.append(source.head(), [marker], [(5, 9)])
    source.hold("case", 20, 30)
    assert store.copy(source, target) == source.head() == target.head()
    assert list(source.read()) == list(target.read())
    assert list(source.batches()) == list(target.batches())
    assert source.holds() == target.holds()
    assert verify(target).holds
    source.append(source.head(), [record()])  # a second run brings what came since
    assert store.copy(source, target) == source.head() == target.head()
    for one in (target, source):  # and it never mixes two histories
        one.append(one.head(), [record()])
        with pytest.raises(LedgerError) as error:
            store.copy(source, target)
        assert code(error) == "copy.foreign"
    source.close()
    target.close()
