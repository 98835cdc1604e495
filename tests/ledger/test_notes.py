"""Checkpoints as signed notes: the vectors of others, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import LedgerError
from generator.ledger import log, notes, store

from .conftest import ORIGIN
from .holder import verify_consistency
from .world import record

# The example of Go's golang.org/x/mod/sumdb/note, which C2SP's signed-note describes.
VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)


def test_the_published_note_is_read_as_signed_and_no_other() -> None:
    key = notes.read_key(VERIFIER, "key")
    assert str(key) == VERIFIER
    signed = vars(notes)["_signed"]
    assert signed(TEXT, SIGNATURE, key)
    assert not signed(TEXT + " ", SIGNATURE, key)
    for line in (SIGNATURE.replace("—", "-"), SIGNATURE.replace("Peter", "Paul"), SIGNATURE[:-9], "", "— x"):
        assert not signed(TEXT, line, key)


def test_a_checkpoint_is_signed_and_read_back_by_the_public_half() -> None:
    key = notes.new_key(ORIGIN)
    again = notes.read_key(key.private, "key")
    assert again == key
    checkpoint = log.Checkpoint(ORIGIN, 7, b"r" * 32)
    text = notes.note(checkpoint, again)
    assert notes.read_note(text, "note", notes.read_key(str(key), "key")) == checkpoint
    assert notes.read_note(text, "note") == checkpoint
    for wrong in (text.replace("\n7\n", "\n8\n"), str(checkpoint), text.replace(ORIGIN, "else")):
        with pytest.raises(LedgerError, match=r"checkpoint\.unsigned"):
            notes.read_note(wrong, "note", key)
    with pytest.raises(LedgerError, match=r"checkpoint\.unsigned"):
        notes.read_note(text, "note", notes.new_key(ORIGIN))


@pytest.mark.parametrize("text", ["", "a\n", "a\n1\n", "a\nx\nAAAA\n", "a\n1\nAAAA\n", "a\n01\n" + "A" * 43 + "=\n"])
def test_what_is_no_checkpoint_is_said_to_be_none(text: str) -> None:
    with pytest.raises(LedgerError, match=r"checkpoint\.wrong"):
        notes.read_note(text, "note")


@pytest.mark.parametrize("text", ["", "a+b", VERIFIER[:-4], VERIFIER.replace("c74f", "c74e"), "PRIVATE+KEY+a+b+c"])
def test_what_is_no_key_is_said_to_be_none(text: str) -> None:
    with pytest.raises(LedgerError, match=r"key\.wrong"):
        notes.read_key(text, "key")


def test_the_kept_checkpoint_follows_the_log_and_never_goes_back(url: str, tmp_path: Path) -> None:
    opened, path = store.open_store(url), tmp_path / "kept"
    keeper = notes.Keeper(path)
    opened.append(opened.head(), [record(), record()])
    first = keeper.keep(opened)
    assert path.read_text() == first
    opened.append(opened.head(), [record()])
    assert keeper.keep(opened) == path.read_text() != first
    cut = tmp_path / "cut.db"
    store.create(f"sqlite:///{cut}", ORIGIN)
    shorter = store.open_store(f"sqlite:///{cut}")
    for held, code in ((0, r"log\.cut"), (3, r"log\.rewritten")):
        if held:
            shorter.append(shorter.head(), [record() for _ in range(held)])
        with pytest.raises(LedgerError, match=code):
            notes.Keeper(path).keep(shorter)
    assert path.read_text() == keeper.keep(opened)
    with pytest.raises(LedgerError, match=r"checkpoint\.not-kept"):  # which the receiver says, and goes on
        notes.Keeper(tmp_path / "missing" / "kept").keep(opened)
    shorter.close()
    opened.close()


def test_growth_is_proved_to_somebody_who_has_only_two_roots(url: str) -> None:
    opened = store.open_store(url)
    for size in (1, 6, 293, 300):
        opened.append(opened.head(), [record() for _ in range(size)])
    proofs = log.Proofs(log.stored_node(opened.nodes))
    for old in (1, 2, 3, 7, 8, 255, 256, 299, 512, 599, 600):
        proof = proofs.consistency(old, 600)
        assert verify_consistency(old, 600, proofs.root(old), proofs.root(600), proof)
        assert not verify_consistency(old, 600, proofs.root(old - 1), proofs.root(600), proof)
        assert not verify_consistency(old, 600, proofs.root(old), proofs.root(599), proof)
    opened.close()
