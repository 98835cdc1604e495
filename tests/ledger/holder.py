"""What the holder of a receipt can check without asking anybody. The product only makes proofs, so this lives here."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from generator.ledger import log


def read_checkpoint(text: str) -> log.Checkpoint:
    origin, size, root, _ = text.split("\n")
    checkpoint = log.Checkpoint(origin, int(size), base64.b64decode(root))
    assert str(checkpoint) == text
    return checkpoint


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162 section 2.1.3.2. `leaf` is the leaf's hash."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for node in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = log.node_hash(node, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = log.node_hash(found, node)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old: int, size: int, old_root: bytes, root: bytes, path: Sequence[bytes]) -> bool:
    """RFC 9162 section 2.1.4.2."""
    if old == size:
        return not path and old_root == root
    nodes = list(path)
    if old & (old - 1) == 0:
        nodes.insert(0, old_root)
    if not nodes:
        return False
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    found_old = found = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            found_old, found = log.node_hash(node, found_old), log.node_hash(node, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = log.node_hash(found, node)
        at, last = at >> 1, last >> 1
    return last == 0 and found_old == old_root and found == root
