"""What a ledger can show for itself: whether it holds, what is in it in numbers, and all of it for others to check.

`verify` trusts nothing that it can compute. What it cannot see: a ledger that was replaced as a whole, or cut back and
regrown consistently. For that, compare its checkpoint with one kept elsewhere (R09).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import msgspec

from generator.errors import LedgerError, Problem, Where
from generator.ledger import log
from generator.ledger.records import Entry, Event, b64, event, leaf
from generator.ledger.store import Store

LISTED = 1000  # problems kept in memory and named one by one; more are counted
LEVELS = 64
STAND_INS = 4096
_BELOW_ALL = -(2**63)  # an index that a store may hold by a forger's hand, never by ours


@dataclass(frozen=True, slots=True)
class Verification:
    """`problems` are in the order in which they were met, the first LISTED of them; `more` counts the others."""

    records: int
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


def verify(store: Store) -> Verification:
    """Walks the whole ledger as it is at one moment, appends going on; memory does not grow with it."""
    found = _Findings()
    walk = _Walk(store, found)
    try:
        with store.snapshot():
            for fault in store.faults():
                found.add("database", "database", fault)
            walk.run()
    except LedgerError as error:
        found.add("unreadable", f"record {walk.next}", f"reading stopped here: {error.problems[0].message}")
    return Verification(walk.records, walk.head.size, walk.head.root, tuple(found.problems), found.more)


class _Rows:
    """Stored (key, hash) rows in order of key, met one by one; `unasked` is told the key of each other row."""

    def __init__(self, rows: Iterator[tuple[int, bytes]], unasked: Callable[[int], None]) -> None:
        self._rows, self._unasked = rows, unasked
        self._ahead: tuple[int, bytes] | None = None

    def peek(self) -> tuple[int, bytes] | None:
        self._ahead = self._ahead or next(self._rows, None)
        return self._ahead

    def meet(self, key: int) -> bytes | None:
        while (row := self.peek()) and row[0] < key:
            self._pass(row)
        if row is None or row[0] != key:
            return None
        self._ahead = None
        return row[1]

    def pass_rest(self) -> None:
        while row := self.peek():
            self._pass(row)

    def _pass(self, row: tuple[int, bytes]) -> None:
        self._ahead = None
        self._unasked(row[0])


class _Walk:
    """One pass over the entries, growing the log again beside them; stored roots and nodes are met on the way."""

    def __init__(self, store: Store, found: _Findings) -> None:
        self.store, self.found = store, found
        self.records = 0
        self.next = 0  # the index that comes next
        self.head = log.Head()
        self._leaves: list[bytes] = []  # between head.size and next
        self._roots = _Rows(store.roots(), self._added_root)
        self._nodes = {
            level: _Rows(store.nodes(level, _BELOW_ALL), partial(self._added_node, level)) for level in range(1, LEVELS)
        }
        self._root_held = True

    def run(self) -> None:
        claimed = self._claimed()
        for entry in self.store.read(_BELOW_ALL):
            self.records += 1
            if entry.index < self.next or (claimed and entry.index >= claimed.size):
                self.found.add("record.added", f"record {entry.index}", "the head does not count this record")
            else:
                self._fill(entry.index)
                self._check(entry)
                self._grow(entry.record.leaf)
        self._flush()
        self._end(claimed)

    def _claimed(self) -> log.Head | None:
        try:
            return self.store.head()
        except LedgerError as error:
            self.found.add("head.changed", "head", error.problems[0].message)
            return None

    def _fill(self, index: int) -> None:
        """Stand-ins keep the later leaves in their places, so that what holds is not blamed with what does not."""
        if index > self.next:
            last = f" to {index - 1}" if index - 1 > self.next else ""
            self.found.add("record.missing", f"record {self.next}", f"record {self.next}{last} is not there")
        while self.next < index <= self.next + STAND_INS:
            self._grow(bytes(log.HASH_BYTES))
        self.next = index

    def _check(self, entry: Entry) -> None:
        """One row by itself: its commitment, its body, its key, its batch."""
        place, record, batch = f"record {entry.index}", entry.record, self._roots.peek()
        if leaf(record.nonce, record.body) != record.leaf:
            self.found.add("record.changed", place, "nonce and body do not give the leaf")
        if batch is None or entry.size != batch[0]:
            self.found.add("batch.changed", place, f"no batch with this record ends at size {entry.size}")
        try:
            if event(record.body).event_id != record.event_id:
                self.found.add("key.changed", place, "the event_id beside the body is not the one within")
        except LedgerError as error:
            self.found.add("body.unreadable", place, error.problems[0].message)

    def _grow(self, leaf: bytes) -> None:
        self._leaves.append(leaf)
        self.next += 1
        batch = self._roots.peek()
        if batch and batch[0] <= self.next:
            self._flush()
            self._meet_root(self._roots.meet(self.next))
        elif len(self._leaves) >= STAND_INS:
            self._flush()

    def _flush(self) -> None:
        growth = log.append(self.head, self._leaves)
        self.head, self._leaves = growth.head, []
        for level, index, node in growth.rows:
            if self._nodes[level].meet(index) != node:
                first, last = index << level, ((index + 1) << level) - 1
                message = f"the node over records {first} to {last} is not what they give"
                self.found.add("node.changed", f"record {first}", message)

    def _meet_root(self, root: bytes | None) -> None:
        """A changed leaf is in every later root: only the first of a run is named."""
        held, self._root_held = self._root_held, root == self.head.root
        if held and not self._root_held:
            place = f"record {self.next - 1}"
            self.found.add("root.changed", place, "the leaves up to here do not give the root of this batch")

    def _end(self, claimed: log.Head | None) -> None:
        if claimed and claimed != self.head:
            what = "root" if claimed.size == self.head.size else f"size {claimed.size}"
            self.found.add("head.changed", "head", f"{self.head.size} records do not give the {what} of the head")
        for rows in (self._roots, *self._nodes.values()):
            rows.pass_rest()

    def _added_root(self, size: int) -> None:
        self.found.add("root.added", f"record {size - 1}", f"no batch ends at size {size}, and there is its root")

    def _added_node(self, level: int, index: int) -> None:
        self.found.add("node.added", f"record {index << level}", f"node {index} of level {level} is too many")


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts over all records. Purposes count twice: granted, denied. Days are those of the server's clock, in UTC."""

    records: int
    event_types: dict[str, int]
    granted: dict[str, int]
    denied: dict[str, int]
    policies: dict[str, int]
    notices: dict[str, int]
    days: dict[str, int]


def stats(store: Store) -> Statistics:
    """LedgerError if a body cannot be read; `verify` then names it."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in Statistics.__dataclass_fields__ if name != "records"}
    records = 0
    with store.snapshot():
        for entry in store.read():
            records += 1
            _count(counts, entry)
    return Statistics(records, **{name: dict(sorted(counter.items())) for name, counter in counts.items()})


def _count(counts: dict[str, Counter[str]], entry: Entry) -> None:
    kept = _event(entry)
    counts["event_types"][kept.event_type] += 1
    counts["policies"][f"{kept.policy.id} {kept.policy.version}"] += 1
    counts["notices"][kept.notice.version] += 1
    counts["days"][kept.event_time[:10]] += 1
    for purpose in kept.purposes:
        counts[purpose.decision][purpose.id] += 1


def export(store: Store) -> Iterator[bytes]:
    """Each record as a line of JSON: index, leaf and nonce in base64, and the body byte for byte as it is hashed."""
    with store.snapshot():
        for entry in store.read():
            _event(entry)  # a body that is not JSON would make a line that is not JSON
            yield _line(entry)


def _event(entry: Entry) -> Event:
    try:
        return event(entry.record.body)
    except LedgerError as error:
        message, hint = error.problems[0].message, "run: policy ledger verify"
        raise LedgerError(Problem("body.unreadable", Where(f"record {entry.index}"), message, hint)) from None


def _line(entry: Entry) -> bytes:
    record = entry.record
    members = {
        "index": entry.index,
        "leaf": b64(record.leaf),
        "nonce": b64(record.nonce),
        "body": msgspec.Raw(record.body),
    }
    return msgspec.json.encode(members) + b"\n"
