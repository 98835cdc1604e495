"""`policy build --checkpoint`: what a site publishes of its ledger is signed, its own, and never goes back."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest

from generator.ledger import log, notes
from tests.test_cli import run
from tests.trees import ROOT

KEY = notes.new_key("www.itsths.com/choices")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "content", tmp_path / "content")
    shutil.copy(ROOT / "site.yaml", tmp_path)
    return tmp_path


def checkpoint(site: Path, size: int, *, origin: str = KEY.name, key: notes.Key | None = KEY) -> Path:
    leaves = [number.to_bytes(32, "big") for number in range(size)]
    path = site / "newest.note"
    path.write_text(notes.note(log.Checkpoint(origin, size, log.append(log.Head(), leaves).head.root), key), "utf-8")
    return path


def test_a_signed_checkpoint_is_published_and_stays_until_a_newer_one_comes(site: Path) -> None:
    for size in (3, 3, 8):
        given = checkpoint(site, size)
        assert run("build", "--checkpoint", given, cwd=site).returncode == 0
        published = (site / "dist/checkpoint.txt").read_text("utf-8")
        assert published == given.read_text("utf-8")
        assert notes.read_note(published, "checkpoint.txt", KEY).size == size
        assert '"checkpoint.txt"' in (site / "dist/manifest.json").read_text()
    assert run("build", cwd=site).returncode == 0
    assert notes.read_note((site / "dist/checkpoint.txt").read_text("utf-8"), "", KEY).size == 8
    assert run("verify", "dist", cwd=site).returncode == 0


def test_one_that_is_foreign_unsigned_or_older_is_refused_and_changes_nothing(site: Path) -> None:
    assert run("build", "--checkpoint", checkpoint(site, 8), cwd=site).returncode == 0
    before = (site / "dist/checkpoint.txt").read_bytes()
    rewritten = checkpoint(site, 8).read_text("utf-8").splitlines()
    for given, code in (
        (partial(checkpoint, site, 9, origin="other.example.com/choices"), "checkpoint.foreign"),
        (partial(checkpoint, site, 9, key=None), "checkpoint.unsigned"),
        (partial(checkpoint, site, 7), "checkpoint.older"),
    ):
        done = run("build", "--checkpoint", given(), cwd=site)
        assert (done.returncode, code in done.stderr) == (1, True), done.stderr
        assert (site / "dist/checkpoint.txt").read_bytes() == before
    rewritten[2] = checkpoint(site, 7).read_text("utf-8").splitlines()[2]
    (site / "other.note").write_text("\n".join([*rewritten, ""]), "utf-8")
    assert "checkpoint.older" in run("build", "--checkpoint", site / "other.note", cwd=site).stderr
    (site / "other.note").write_text("8\n", "utf-8")
    assert "checkpoint.wrong" in run("build", "--checkpoint", site / "other.note", cwd=site).stderr
