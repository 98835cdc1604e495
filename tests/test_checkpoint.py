"""`policy build --checkpoint`: what a site publishes of its ledger is signed, its own, and never goes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from generator.commands.site import build_site
from generator.errors import LedgerError
from generator.ledger import log, notes
from tests.trees import with_banner

KEY = notes.new_key("www.example.com/choices")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795305600")  # 2026-11-22
    made = with_banner()
    for name, content in {**made.content, "site.yaml": made.site.encode()}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def checkpoint(site: Path, size: int, *, origin: str = KEY.name, key: notes.Key | None = KEY, other: int = 0) -> Path:
    leaves = [(number + other).to_bytes(32, "big") for number in range(size)]
    path = site / "newest.note"
    path.write_text(notes.note(log.Checkpoint(origin, size, log.append(log.Head(), leaves).head.root), key), "utf-8")
    return path


def published(site: Path) -> log.Checkpoint:
    return notes.read_note((site / "dist/checkpoint.txt").read_text("utf-8"), "checkpoint.txt", KEY)


def test_a_signed_checkpoint_is_published_and_stays_until_a_newer_one_comes(site: Path) -> None:
    for size in (3, 3, 8):
        given = checkpoint(site, size)
        build_site(site, site / "dist", drafts=False, checkpoint=given)
        assert (site / "dist/checkpoint.txt").read_bytes() == given.read_bytes()
        assert published(site).size == size
    build_site(site, site / "dist", drafts=False)
    assert published(site).size == 8
    assert '"checkpoint.txt"' in (site / "dist/manifest.json").read_text()


def test_one_that_is_foreign_unsigned_or_older_is_refused_and_changes_nothing(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build_site(site, site / "dist", drafts=False, checkpoint=checkpoint(site, 8))
    wrong: dict[str, Callable[[], Path]] = {
        "checkpoint.foreign": lambda: checkpoint(site, 9, origin="other.example.com/choices"),
        "checkpoint.unsigned": lambda: checkpoint(site, 9, key=None),
        "checkpoint.older": lambda: checkpoint(site, 7),
        "at size 8 it does not follow": lambda: checkpoint(site, 8, other=1),
    }
    for code, made in wrong.items():
        with pytest.raises(SystemExit):
            build_site(site, site / "dist", drafts=False, checkpoint=made())
        assert code in capsys.readouterr().err
        assert published(site).size == 8
    (site / "newest.note").write_text("8\n", "utf-8")
    with pytest.raises(LedgerError, match=r"checkpoint\.wrong"):
        build_site(site, site / "dist", drafts=False, checkpoint=site / "newest.note")
