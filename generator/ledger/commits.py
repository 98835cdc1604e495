"""Group commit: what arrives together shares one transaction, one fsync and one new head; each gets its own receipt.

One thread owns the store. A batch closes when a turn of the event loop brings nothing new, so a lone request does not
wait for company and no timer is set; while the disk works, the next batch gathers. An answer that says "kept" is made
only after the commit has returned (R07). If the commit fails, nobody of the batch is told so.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from generator.errors import LedgerError
from generator.ledger import log
from generator.ledger.choices import Choice
from generator.ledger.notices import Notices
from generator.ledger.records import Entry, Record, receipt, says
from generator.ledger.store import Store

BATCH = 512
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stored:
    """The record is on the disk; `new` tells the first answer from a replay's (R06)."""

    new: bool
    receipt: bytes


class Conflict(Exception):
    """The event_id belongs to a record of another choice."""


@dataclass(slots=True)
class _Waiting:
    choice: Choice
    record: Record
    notices: Notices
    answer: asyncio.Future[Stored] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Commits:
    """`keep()` from one event loop; everything that touches the store runs in the one writer thread."""

    def __init__(self, store: Store, committed: Callable[[float, int], None] = lambda seconds, records: None) -> None:
        self._store, self._committed = store, committed
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None
        # The writer thread's: the head after its last commit, and the same where nobody else is known to write.
        self._last: log.Head | None = None
        self._head: log.Head | None = None

    async def keep(self, choice: Choice, record: Record, notices: Notices) -> Stored:
        """After the commit: Stored, or Conflict. LedgerError if nothing of this is known to be on the disk."""
        waiting = _Waiting(choice, record, notices)
        self._waiting.append(waiting)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return await waiting.answer

    async def receipts(self, subject_ref: str, notices: Notices) -> list[bytes]:
        """The receipts of all records of one subject."""

        def made() -> list[bytes]:
            proofs = log.Proofs(log.stored_node(self._store.nodes))
            return [self._receipt(entry, notices, proofs) for entry in self._store.by_subject(subject_ref)]

        return await self.run(made)

    async def run(self, work: Callable[[], T]) -> T:
        """Anything else that needs the store, between two commits."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    async def close(self) -> None:
        """What was taken is finished first."""
        while self._writer is not None:
            await self._writer
        self._thread.shutdown()

    async def _write(self) -> None:
        try:
            while self._waiting:
                await self._nothing_new()
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                await self._answer(batch)
        finally:
            self._writer = None

    async def _nothing_new(self) -> None:
        seen = 0
        while seen < len(self._waiting) < BATCH:
            seen = len(self._waiting)
            await asyncio.sleep(0)

    async def _answer(self, batch: list[_Waiting]) -> None:
        began = time.perf_counter()
        try:
            results = await self.run(lambda: self._commit(batch))
            self._committed(time.perf_counter() - began, sum(isinstance(one, Stored) and one.new for one in results))
        except Exception as error:  # whatever it is, each of the batch hears of it and none of a success
            results = [error] * len(batch)
        for waiting, result in zip(batch, results, strict=True):
            if waiting.answer.done():  # its client has gone
                continue
            if isinstance(result, Exception):
                waiting.answer.set_exception(result)
            else:
                waiting.answer.set_result(result)

    # From here on: the writer thread.

    def _commit(self, batch: Sequence[_Waiting]) -> list[Stored | Exception]:
        """First as if nobody else wrote and no key came again, which is one statement; else with the head locked."""
        head, self._head = self._head, None
        fresh = _first_of_each(batch, {})
        known: dict[str, Entry] = {}
        growth = self._append(head, fresh) if head else None
        if head is None or growth is None:
            with self._store.exclusively():
                head = self._store.head()
                known = self._store.by_event_id(list(fresh))
                fresh = _first_of_each(batch, known)
                growth = self._append(head, fresh) if fresh else None
        # While other receivers write to the same log, the guess would be wrong each time.
        alone, self._last = head == self._last or self._last is None, growth.head if growth else head
        self._head = self._last if alone else None
        return self._receipts(batch, known | _entries(fresh, head, growth), fresh, growth)

    def _append(self, head: log.Head, fresh: dict[str, _Waiting]) -> log.Growth | None:
        return self._store.append(head, [waiting.record for waiting in fresh.values()])

    def _receipts(
        self,
        batch: Sequence[_Waiting],
        entries: dict[str, Entry],
        fresh: dict[str, _Waiting],
        growth: log.Growth | None,
    ) -> list[Stored | Exception]:
        new = log.Proofs(growth.node) if growth else None
        old = log.Proofs(log.stored_node(self._store.nodes))
        results: list[Stored | Exception] = []
        for waiting in batch:
            entry, first = entries[waiting.record.event_id], fresh.get(waiting.record.event_id)
            proofs = new if new and first else old
            try:
                if first is not waiting and not says(entry.record.body, waiting.choice):
                    raise Conflict
                results.append(Stored(first is waiting, self._receipt(entry, waiting.notices, proofs)))
            except (Conflict, LedgerError) as error:
                results.append(error)
        return results

    def _receipt(self, entry: Entry, notices: Notices, proofs: log.Proofs) -> bytes:
        checkpoint = log.Checkpoint(self._store.origin, entry.size, proofs.root(entry.size))
        inclusion = proofs.inclusion(entry.index, entry.size)
        return receipt(entry.record, notices, entry.index, str(checkpoint), inclusion)


def _first_of_each(batch: Sequence[_Waiting], known: dict[str, Entry]) -> dict[str, _Waiting]:
    """A key that comes twice in one batch is one record: the second is a replay of the first."""
    fresh: dict[str, _Waiting] = {}
    for waiting in batch:
        if waiting.record.event_id not in known:
            fresh.setdefault(waiting.record.event_id, waiting)
    return fresh


def _entries(fresh: dict[str, _Waiting], before: log.Head, growth: log.Growth | None) -> dict[str, Entry]:
    if growth is None:
        return {}
    return {
        key: Entry(index, growth.head.size, waiting.record)
        for index, (key, waiting) in enumerate(fresh.items(), before.size)
    }
