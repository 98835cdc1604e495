"""A disk that is really full, and a backup that is really put back."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from generator.ledger import store

from .conftest import ORIGIN, Start
from .test_faults import kept_keys
from .world import choice

PAGE = (Path(__file__).parents[2] / "docs/operating.md").read_text("utf-8")
POLICY = [sys.executable, "-c", "from generator.cli import main; main()"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no file system may be mounted here: {made.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_disk_without_room_is_507_reads_go_on_and_nothing_answered_is_lost(start: Start, small_disk: Path) -> None:
    url = f"sqlite:///{small_disk / 'choices.db'}"
    store.create(url, ORIGIN)
    (small_disk / "ballast").write_bytes(b"x" * 400_000)
    one = start(url)
    kept: list[tuple[dict[str, Any], httpx.Response]] = []
    refused: list[tuple[dict[str, Any], httpx.Response]] = []
    while len(refused) < 3:
        sent = choice()
        answer = one.post(sent)
        assert answer.status_code in (201, 503, 507), answer.text
        (kept if answer.status_code == 201 else refused).append((sent, answer))
    assert kept
    assert {answer.status_code for _, answer in refused} == {507}
    assert all(answer.headers["retry-after"] for _, answer in refused)
    assert one.http.get("/checkpoint").text.splitlines()[1] == str(len(kept))
    assert one.post(kept[0][0]).status_code in (200, 507)  # a replay may need no room, and never gets a new record
    (small_disk / "ballast").unlink()
    assert [one.post(sent).status_code for sent, _ in refused] == [201] * 3
    assert one.stop() == 0
    assert set(kept_keys(url)) == {sent["event_id"] for sent, _ in kept + refused}


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="the command of the page is sqlite3's")
def test_a_backup_as_the_page_says_is_whole_and_cannot_pass_for_the_newer_ledger(start: Start, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'choices.db'}"
    store.create(url, ORIGIN)
    command = re.search(r"`(sqlite3 choices\.db \"\.backup copy\.db\")`", PAGE)
    verify = re.search(r"^policy (ledger verify --store) \S+ (--checkpoint) \S+$", PAGE, re.MULTILINE)
    assert command
    assert verify
    one = start(url)
    first = [one.post(choice()) for _ in range(5)]
    (tmp_path / "then.note").write_text(one.http.get("/checkpoint").text)
    subprocess.run(["bash", "-c", command[1]], cwd=tmp_path, check=True)  # while it runs
    later = choice()
    assert one.post(later).status_code == 201
    (tmp_path / "now.note").write_text(one.http.get("/checkpoint").text)
    one.stop()

    for left in ("choices.db-wal", "choices.db-shm"):
        (tmp_path / left).unlink(missing_ok=True)
    shutil.copy(tmp_path / "copy.db", tmp_path / "choices.db")
    checked = [*POLICY, *verify[1].split(), url, verify[2]]
    then, now = (
        subprocess.run([*checked, tmp_path / name], capture_output=True, text=True)
        for name in ("then.note", "now.note")
    )
    assert then.returncode == 0, then.stderr
    assert (now.returncode, "log.cut" in now.stderr, "1 are gone" in now.stderr) == (1, True, True)
    assert len(kept_keys(url)) == len(first)
    again = start(url)
    assert again.post(later).status_code == 201  # a browser that was not answered sends it once more
