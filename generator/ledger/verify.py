"""Whether a ledger holds. Nothing is trusted that can be computed: every leaf from its record, every node and the head
from the leaves, every gap from the erasures on record.

What a ledger alone cannot show is that it was replaced as a whole, or cut back and regrown. For that, the checkpoints
that were kept outside it are compared (R09).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import chain, islice

from generator.errors import LedgerError, Problem, Where
from generator.ledger import log
from generator.ledger.notes import departures
from generator.ledger.records import Erasure, Row, event, kept
from generator.ledger.store import Store

LISTED = 1000  # problems kept in memory and named one by one; more are counted
LEVELS = 64
BLOCK = 1 << log.STRIDE
TOLD_EVERY = 64  # blocks
_BELOW_ALL = -(2**63)  # an index that a store may hold by a forger's hand, never by ours

Progress = Callable[[log.Head, int], None]
"""What holds so far, and the size that it goes up to."""


@dataclass(frozen=True, slots=True)
class Verification:
    """`problems` are in the order in which they were met, the first LISTED of them; `more` counts the others."""

    start: int
    records: int
    erased: int
    size: int
    root: bytes
    problems: tuple[Problem, ...]
    more: int = 0

    @property
    def holds(self) -> bool:
        return not self.problems


@dataclass(slots=True)
class _Findings:
    problems: list[Problem] = field(default_factory=list)
    more: int = 0

    def add(self, code: str, place: str, message: str) -> None:
        if len(self.problems) < LISTED:
            self.problems.append(Problem(code, Where(place), message))
        else:
            self.more += 1


def verify(
    store: Store,
    kept: Sequence[log.Checkpoint] = (),
    since: log.Checkpoint | None = None,
    progress: Progress = lambda head, size: None,
) -> Verification:
    """Walks the ledger as it is at one moment, appends going on; memory does not grow with it. `kept` are checkpoints
    from outside; with `since`, what came before that one is held against its root and not read again.
    """
    found = _Findings()
    walk = _Walk(store, found, progress)
    try:
        with ThreadPoolExecutor(1) as beside, store.snapshot():
            faults = beside.submit(lambda: list(store.faults()))  # in C, and of another core if there is one
            walk.run(since)
            for fault in faults.result():
                found.add("database", "database", fault)
            for problem in departures(store, walk.head, [*kept, *([since] if since else [])]):
                found.add(problem.code, str(problem.where), problem.message)
    except LedgerError as error:
        found.add("unreadable", f"record {walk.next}", f"reading stopped here: {error.problems[0].message}")
    head = walk.head
    return Verification(walk.start, walk.records, walk.erased, head.size, head.root, tuple(found.problems), found.more)


class _Rows:
    """Stored (key, hash) rows in order of key, met one by one; `unasked` is told the key of each other row."""

    def __init__(self, rows: Iterator[tuple[int, bytes]], unasked: Callable[[int], None]) -> None:
        self._rows, self._unasked = rows, unasked
        self._ahead: tuple[int, bytes] | None = None

    def meet(self, key: int) -> bytes | None:
        while (row := self._peek()) and row[0] < key:
            self._pass(row)
        if row is None or row[0] != key:
            return None
        self._ahead = None
        return row[1]

    def pass_rest(self) -> None:
        while row := self._peek():
            self._pass(row)

    def _peek(self) -> tuple[int, bytes] | None:
        self._ahead = self._ahead or next(self._rows, None)
        return self._ahead

    def _pass(self, row: tuple[int, bytes]) -> None:
        self._ahead = None
        self._unasked(row[0])


class _Walk:
    """One pass over leaves and records side by side, growing the log again block by block beside them."""

    def __init__(self, store: Store, found: _Findings, progress: Progress) -> None:
        self.store, self.found, self.progress = store, found, progress
        self.start = self.next = 0  # the index that comes next
        self.records = self.erased = 0
        self.head = log.Head()
        self._blocks = log.Head()  # over whole blocks: the same tree, counted in blocks
        self._leaves: list[bytes] = []  # after the last whole block
        self._gaps: list[tuple[int, int]] = []
        self._erased: list[tuple[int, int]] = []  # as the records say

    def run(self, since: log.Checkpoint | None) -> None:
        claimed = self._claimed()
        size = claimed.size if claimed else 0
        if since and since.size <= size:
            self._skip(since.size // BLOCK)
        first = self.start if self.start else _BELOW_ALL
        self._nodes = {
            level: _Rows(self.store.nodes(level, first >> level), partial(self._added_node, level))
            for level in range(1, LEVELS)
        }
        self._read(self.store.rows(first), size)
        self.head = log.append(log.Head(self._blocks.size * BLOCK, self._blocks.peaks), self._leaves).head
        self._end(claimed)

    def _claimed(self) -> log.Head | None:
        try:
            return self.store.head()
        except LedgerError as error:
            self.found.add("head.changed", "head", error.problems[0].message)
            return None

    def _skip(self, blocks: int) -> None:
        """What a checkpoint vouches for; `departures` holds it to that."""
        head = log.Proofs(log.stored_node(self.store.nodes)).head(blocks * BLOCK)
        self._blocks = log.Head(blocks, head.peaks)
        self.start = self.next = head.size

    def _read(self, rows: Iterator[Row], size: int) -> None:
        self._rows, self._ahead = rows, list[Row]()
        told = 0
        for first, leaves in _together(self.store.batches(self.start)):
            self._in_place(first, first + len(leaves))
            leaves = leaves[self.next - first :] if first < self.next else leaves
            self._meet(leaves)
            self._leaves += leaves
            self.next += len(leaves)
            self._fold()
            if self._blocks.size >= told + TOLD_EVERY:
                told = self._blocks.size
                self.progress(log.Head(told * BLOCK, self._blocks.peaks), size)
        for index, *_ in chain(self._ahead, self._rows):
            self._added(index)

    def _in_place(self, first: int, stop: int) -> None:
        """A batch begins where the one before ended; only the first that is read may reach back beyond the start."""
        if first > self.next:
            self.found.add("leaves.missing", f"record {self.next}", f"leaves {self.next} to {first - 1} are not there")
            while self.next < first and len(self._leaves) < 2 * BLOCK:  # stand-ins, for what is left of this block
                self._leaves.append(bytes(log.HASH_BYTES))
                self.next += 1
            self.next = first
        elif first < self.next and (self.next != self.start or stop <= self.next):
            self.found.add("leaves.added", f"record {first}", "two batches hold leaves of the same place")

    def _meet(self, leaves: Sequence[bytes]) -> None:
        """Each leaf with its record. What is as it should be is seen of many at once, which decides how long a
        verification takes; else each is looked at by itself.
        """
        rows = [*self._ahead, *islice(self._rows, max(0, len(leaves) - len(self._ahead)))]
        if _all_fit(rows, leaves, self.next):
            self.records += len(rows)
            self._ahead = []
            return
        while early := [row for row in rows if row[0] < self.next]:
            for row in early:
                self._added(row[0])
            rows = [*rows[len(early) :], *islice(self._rows, len(early))]
        stop, here = self.next + len(leaves), dict[int, Row]()
        for row in rows:
            if row[0] in here:
                self._added(row[0])
            elif row[0] < stop:
                here[row[0]] = row
                self.records += 1
        self._ahead = [row for row in rows if row[0] >= stop]
        for index, leaf in enumerate(leaves, self.next):
            if index not in here:
                self._gap(index)
            elif not _all_fit([here[index]], [leaf], index):
                self._look(here[index], leaf)

    def _added(self, index: int) -> None:
        self.records += 1
        self.found.add("record.added", f"record {index}", "the log does not count this record")

    def _look(self, row: Row, leaf: bytes) -> None:
        place = f"record {row[0]}"
        if not all(isinstance(value, bytes) for value in row[1:]):
            self.found.add("record.changed", place, "key, nonce and body are not all bytes")
            return
        record = kept(*row[1:])
        if record.leaf != leaf:
            self.found.add("record.changed", place, "nonce and body do not give the leaf")
        try:
            said = event(record.body)
        except LedgerError as error:
            self.found.add("body.unreadable", place, error.problems[0].message)
            return
        if said.event_id != record.event_id:
            self.found.add("key.changed", place, "the event_id beside the body is not the one within")
        if isinstance(said, Erasure):
            self._erased += said.records

    def _gap(self, index: int) -> None:
        if self._gaps and self._gaps[-1][1] == index - 1:
            self._gaps[-1] = (self._gaps[-1][0], index)
        else:
            self._gaps.append((index, index))

    def _fold(self) -> None:
        while len(self._leaves) >= BLOCK:
            block, self._leaves = log.fold(self._leaves[:BLOCK]), self._leaves[BLOCK:]
            growth = log.append(self._blocks, [block])
            for level, index, node in ((0, self._blocks.size, block), *growth.rows):
                if self._nodes[level + log.STRIDE].meet(index) != node:
                    first, last = index << level + log.STRIDE, ((index + 1) << level + log.STRIDE) - 1
                    message = f"the node over records {first} to {last} is not what they give"
                    self.found.add("node.changed", f"record {first}", message)
            self._blocks = growth.head

    def _end(self, claimed: log.Head | None) -> None:
        if claimed and claimed != self.head:
            what = "root" if claimed.size == self.head.size else f"size {claimed.size}"
            self.found.add("head.changed", "head", f"{self.head.size} leaves do not give the {what} of the head")
        for rows in self._nodes.values():
            rows.pass_rest()
        for first, last in uncovered(self._gaps, self._erased):
            more = f" to {last}" if last > first else ""
            message = f"record {first}{more} is not there, and no erasure on record says so"
            self.found.add("record.missing", f"record {first}", message)
        for first, last in uncovered(_within(self._erased, self.start, self.next), self._gaps):
            more = f" to {last}" if last > first else ""
            self.found.add("record.kept", f"record {first}", f"record {first}{more} was erased, and is there")
        self.erased = sum(last - first + 1 for first, last in self._gaps)

    def _added_node(self, level: int, index: int) -> None:
        self.found.add("node.added", f"record {index << level}", f"node {index} of level {level} is too many")


def _together(batches: Iterator[tuple[int, list[bytes]]]) -> Iterator[tuple[int, list[bytes]]]:
    """Batches that follow each other, as one: those of a quiet receiver have one leaf each."""
    start, leaves = 0, list[bytes]()
    for first, more in batches:
        if leaves and (first != start + len(leaves) or len(leaves) >= BLOCK):
            yield start, leaves
            leaves = []
        start, leaves = start if leaves else first, leaves + more
    if leaves:
        yield start, leaves


def _all_fit(rows: Sequence[Row], leaves: Sequence[bytes], first: int) -> bool:
    """Whether these rows are the records of these leaves, from `first` on, and of choices; whatever is in them."""
    try:
        return (
            [row[0] for row in rows] == list(range(first, first + len(leaves)))
            and [sha256(b"\0" + sha256(nonce + body).digest()).digest() for _, _, nonce, body in rows] == leaves
            and {body[: len(_EVENT)] for _, _, _, body in rows} == {_EVENT}
            and b"".join([key for _, key, _, _ in rows]) == _keys([body for _, _, _, body in rows])
        )
    except (TypeError, AttributeError, ValueError):  # a damaged row, of which a column may be anything
        return False


_EVENT = b'{"client_time_claim":'  # how a choice begins in canonical order, and an erasure does not
_KEY = b'"event_id":"'


def _keys(bodies: Iterable[bytes]) -> bytes:
    texts = [body[(at := body.find(_KEY) + len(_KEY)) : at + 36] for body in bodies]
    return bytes.fromhex(b"".join(texts).replace(b"-", b"").decode())


def _within(ranges: log.Ranges, start: int, stop: int) -> list[tuple[int, int]]:
    """In order and apart, and only what has been read."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        first, last = max(first, start, found[-1][1] + 1 if found else start), min(last, stop - 1)
        if first <= last:
            found.append((first, last))
    return found


def uncovered(ranges: log.Ranges, by: log.Ranges) -> list[tuple[int, int]]:
    """What of `ranges`, which are in order and apart, none of `by` covers."""
    left: list[tuple[int, int]] = []
    covers = sorted(by)
    at = 0
    for first, last in ranges:
        while at and covers[at - 1][1] >= first:  # one that reached into the range before may reach into this one
            at -= 1
        while at < len(covers) and covers[at][0] <= last and first <= last:
            if covers[at][1] >= first:
                if covers[at][0] > first:
                    left.append((first, covers[at][0] - 1))
                first = covers[at][1] + 1
            at += 1
        if first <= last:
            left.append((first, last))
    return left
