"""The log against RFC 6962: an independent recursive reading of its section 2.1, and published vectors."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import LedgerError
from generator.ledger import log

from .holder import verify_inclusion

# Read straight off RFC 6962 section 2.1, slow and without sharing a line with the code under test.


def mth(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = half(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def half(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = half(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


class Rows:
    """What a store keeps: leaves, and every eighth level."""

    def __init__(self) -> None:
        self.head = log.Head()
        self.rows: dict[tuple[int, int], bytes] = {}

    def append(self, leaves: list[bytes]) -> log.Growth:
        growth = log.append(self.head, leaves)
        self.rows.update({(0, self.head.size + at): leaf for at, leaf in enumerate(leaves)})
        for level, index, node in growth.rows:
            assert (level, index) not in self.rows, "a node is written once"
            self.rows[level, index] = node
        self.head = growth.head
        return growth

    def fetch(self, level: int, start: int, stop: int) -> list[tuple[int, bytes]]:
        assert level % log.STRIDE == 0
        return [(at, self.rows[level, at]) for at in range(start, stop) if (level, at) in self.rows]

    def proofs(self) -> log.Proofs:
        return log.Proofs(log.stored_node(self.fetch))


DATA = [b"leaf %d" % at for at in range(601)]
LEAVES = [log.leaf_hash(data) for data in DATA]


def grown(size: int, step: int = 7) -> Rows:
    rows = Rows()
    for start in range(0, size, step):
        rows.append(LEAVES[start : min(start + step, size)])
    return rows


def test_every_root_from_0_to_600_is_the_root_of_rfc_6962() -> None:
    rows = Rows()
    for size in range(601):
        expected = mth(DATA[:size])
        assert rows.head.root == expected
        assert rows.proofs().root(size) == expected
        rows.append(LEAVES[size : size + 1])


# The test tree of the Certificate Transparency implementations: eight leaves and the roots of its prefixes.
VECTOR_LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
VECTOR_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_vectors(size: int) -> None:
    head = log.append(log.Head(), [log.leaf_hash(data) for data in VECTOR_LEAVES[:size]]).head
    assert head.root.hex() == VECTOR_ROOTS[size]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_inclusion_paths_are_those_of_rfc_6962_and_verify(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 600))
    index = data.draw(st.integers(0, size - 1))
    rows = grown(data.draw(st.integers(size, 600)))
    proof = rows.proofs().inclusion(index, size)
    assert list(proof) == path(index, DATA[:size])
    assert verify_inclusion(LEAVES[index], index, size, proof, mth(DATA[:size]))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 560), st.integers(1, 40))
def test_a_batch_is_proved_from_its_own_growth_without_reading_the_log(before: int, batch: int) -> None:
    rows = grown(before)
    proofs = log.Proofs(rows.append(LEAVES[before : before + batch]).node)
    size = before + batch
    assert proofs.root(size) == rows.head.root
    for index in range(before, size):
        assert list(proofs.inclusion(index, size)) == path(index, DATA[:size])


def test_a_leaf_is_not_proved_at_another_index_size_or_root() -> None:
    proof = grown(9).proofs().inclusion(3, 9)
    assert verify_inclusion(LEAVES[3], 3, 9, proof, mth(DATA[:9]))
    assert not verify_inclusion(LEAVES[3], 2, 9, proof, mth(DATA[:9]))
    assert not verify_inclusion(LEAVES[3], 3, 17, proof, mth(DATA[:9]))
    assert not verify_inclusion(LEAVES[3], 3, 9, proof, mth(DATA[:8]))
    assert not verify_inclusion(LEAVES[3], 9, 9, proof, mth(DATA[:9]))
    assert not verify_inclusion(LEAVES[3], -1, 9, proof, mth(DATA[:9]))


def test_a_missing_node_is_an_error_and_not_a_wrong_proof() -> None:
    rows = grown(300)
    del rows.rows[8, 0]
    with pytest.raises(LedgerError, match=r"nodes \[0, 1\) of level 8 are not all there"):
        rows.proofs().inclusion(299, 300)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_proof_of_a_leaf_outside_the_log_is_refused(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="is not in a log"):
        grown(3).proofs().inclusion(index, size)


def test_a_head_whose_peaks_do_not_fit_its_size_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="does not have 1 peaks"):
        log.Head(3, (b"x" * 32,))


def test_rows_are_kept_for_every_eighth_level_and_for_no_other() -> None:
    rows = grown(600, step=600)
    assert {name for name in rows.rows if name[0]} == {(8, 0), (8, 1)}


def test_a_checkpoint_is_origin_size_and_root_each_line_ended() -> None:
    empty = log.Checkpoint("www.itsths.com/choices", 0, log.Head().root)
    assert str(empty) == "www.itsths.com/choices\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
