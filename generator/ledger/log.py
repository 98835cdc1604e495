"""The log: an append-only Merkle tree over the leaves of all records, as RFC 6962 section 2.1 hashes it (R08).

Nothing here reads or writes. A node is named (level, index): level 0 holds the leaves, and the node covers the
leaves [index << level, (index + 1) << level). Only complete nodes have a name; the ragged right edge of the tree
is folded when it is needed. Stores keep the leaves and every eighth level (STRIDE), so that a record costs one row
and a proof reads a few short ranges, never the whole log.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from generator.errors import LedgerError

STRIDE = 8
HASH_BYTES = 32

NodeName = tuple[int, int]
Node = Callable[[int, int], bytes]
"""(level, index) -> the hash of that complete node."""
Ranges = Sequence[tuple[int, int]]
"""(first, last) of runs of indexes, both included."""
Fetch = Callable[[int, int, int], Iterable[tuple[int, bytes]]]
"""(level, start, stop) -> (index, hash) of the stored nodes of that level, in order; level is a multiple of STRIDE."""


def leaf_hash(data: bytes) -> bytes:
    """The prefix keeps a leaf from passing for an inner node: RFC 6962 section 2.1, second preimages."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Head:
    """What an append needs of all that came before: the size and the largest complete nodes, left to right."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise ValueError(f"a log of {self.size} leaves does not have {len(self.peaks)} peaks")

    @property
    def root(self) -> bytes:
        """RFC 6962's MTH; of the empty log, the hash of nothing."""
        if not self.peaks:
            return sha256(b"").digest()
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


@dataclass(frozen=True, slots=True)
class Growth:
    """An append, done: the new head, the nodes that proofs for the new leaves touch, and the rows to store."""

    head: Head
    nodes: dict[NodeName, bytes]
    rows: tuple[tuple[int, int, bytes], ...]

    def node(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]


def append(head: Head, leaves: Sequence[bytes]) -> Growth:
    """`leaves` are leaf hashes. Of the old log only its peaks are used: proofs of the new leaves need no more."""
    peaks = list(head.peaks)
    nodes = dict(zip(_peak_names(head.size), peaks, strict=True))
    rows: list[tuple[int, int, bytes]] = []
    for index, leaf in enumerate(leaves, head.size):
        level, node = 0, leaf
        nodes[0, index] = leaf
        while index >> level & 1:
            node = node_hash(peaks.pop(), node)
            level += 1
            nodes[level, index >> level] = node
            if level % STRIDE == 0:
                rows.append((level, index >> level, node))
        peaks.append(node)
    return Growth(Head(head.size + len(leaves), tuple(peaks)), nodes, tuple(rows))


def _peak_names(size: int) -> list[NodeName]:
    levels = [level for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]
    return [(level, (size >> level) - 1) for level in levels]


def stored_node(fetch: Fetch) -> Node:
    """Nodes from a store: a level that is not kept is folded from the kept level below, at most 128 hashes."""

    def node(level: int, index: int) -> bytes:
        above = level % STRIDE
        start, stop = index << above, (index + 1) << above
        rows = list(fetch(level - above, start, stop))
        if [at for at, _ in rows] != list(range(start, stop)):
            raise LedgerError.at("log", "log", f"nodes [{start}, {stop}) of level {level - above} are not all there")
        return fold([found for _, found in rows])

    return node


def split(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def leaves_between(
    batches: Iterable[tuple[int, list[bytes]]], start: int, stop: int | None
) -> Iterator[tuple[int, bytes]]:
    """Level 0 as a Fetch gives it, from a store's batches."""
    for first, leaves in batches:
        for index, leaf in enumerate(leaves, first):
            if stop is not None and index >= stop:
                return
            if index >= start:
                yield index, leaf


def fold(hashes: list[bytes]) -> bytes:
    """The node over a power of two of hashes."""
    while len(hashes) > 1:
        pairs = iter(hashes)
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return hashes[0]


class Proofs:
    """Roots and proofs of one log, from its nodes. Folded edges are remembered: a batch of proofs shares them."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._folded: dict[NodeName, bytes] = {}

    def root(self, size: int) -> bytes:
        return self._span(0, size) if size else Head().root

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """PATH(index, D[size]) of RFC 6962 section 2.1.1, from the leaf upwards."""
        if not 0 <= index < size:
            raise ValueError(f"leaf {index} is not in a log of {size}")
        path: list[bytes] = []
        start, stop = 0, size
        while stop - start > 1:
            split = start + _split(stop - start)
            if index < split:
                path.append(self._span(split, stop))
                stop = split
            else:
                path.append(self._span(start, split))
                start = split
        return tuple(reversed(path))

    def consistency(self, old: int, size: int) -> tuple[bytes, ...]:
        """PROOF(old, D[size]) of RFC 6962 section 2.1.2: the log of `old` leaves is the start of that of `size`."""
        if not 0 < old <= size:
            raise ValueError(f"a log of {size} did not grow from one of {old}")
        path: list[bytes] = []
        start, stop, whole = 0, size, True  # whole: [start, old) is a tree that the reader knows the root of
        while start + 1 < stop and old < stop:
            split = start + _split(stop - start)
            if old <= split:
                path.append(self._span(split, stop))
                stop = split
            else:
                path.append(self._span(start, split))
                start, whole = split, False
        if not whole:
            path.append(self._span(start, stop))
        return tuple(reversed(path))

    def head(self, size: int) -> Head:
        """The head of the log when it had `size` leaves."""
        return Head(size, tuple(self._node(level, index) for level, index in _peak_names(size)))

    def _span(self, start: int, stop: int) -> bytes:
        width = stop - start
        if width & (width - 1) == 0:
            level = width.bit_length() - 1
            return self._node(level, start >> level)
        known = self._folded.get((start, stop))
        if known is None:
            split = start + _split(width)
            known = self._folded[start, stop] = node_hash(self._span(start, split), self._span(split, stop))
        return known


def _split(width: int) -> int:
    """The largest power of two below `width` (RFC 6962: k < n <= 2k)."""
    return 1 << ((width - 1).bit_length() - 1)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log, in words others can keep: C2SP tlog-checkpoint, without extension lines (R08)."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def valid_origin(origin: str) -> bool:
    """C2SP signed-note: a key name, which the origin also is, is not empty and has neither white space nor '+'."""
    return bool(origin) and "+" not in origin and origin.isprintable() and not any(map(str.isspace, origin))
