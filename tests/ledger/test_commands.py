"""policy ledger, as an operator types it."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from generator.cli import main
from generator.commands import evidence
from generator.ledger import store

from .conftest import ORIGIN
from .servers import Postgres
from .world import NOTICES_JSON, notices, record


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site of two texts, its ledger, and four choices in it."""
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "policy.md").write_text("the policy")
    (dist / "notice.json").write_text('"the notice"')
    policy, notice = (hashlib.sha256((dist / name).read_bytes()).hexdigest() for name in ("policy.md", "notice.json"))
    old = next(iter(NOTICES_JSON["policies"].values())), list(NOTICES_JSON["notices"].values())[1]
    published = NOTICES_JSON | {"policies": {policy: old[0]}, "notices": {notice: old[1]}}
    (dist / "notices.json").write_text(json.dumps(published))
    assert run(tmp_path, "create", "--notices", "dist/notices.json").exit_code == 0
    with closing(store.open_store(f"sqlite:///{tmp_path}/c.db")) as opened:
        shown = {"policy": {"sha256": policy}, "notice": {"sha256": notice, "language": "en", "layout": "wide"}}
        terms = notices(policies=published["policies"], notices=published["notices"])
        opened.append(opened.head(), [record(terms, **shown) for _ in range(4)])
    return tmp_path


def run(root: Path, verb: str, *arguments: str, store: str = "sqlite:///c.db") -> Result:
    where = [] if verb in ("copy", "key") else ["--store", store]
    return CliRunner().invoke(main, ["-C", str(root), "ledger", verb, *where, *arguments])


def ids(root: Path) -> list[str]:
    with closing(store.open_store(f"sqlite:///{root}/c.db")) as opened:
        return [one.event_id for _, one in opened.read()]


def test_a_checkpoint_is_made_signed_kept_compared_and_proved_to_have_grown(site: Path) -> None:
    key, kept = str(site / "key"), str(site / "kept")
    public = run(site, "key", key, "--origin", ORIGIN)
    (site / "public").write_text(public.output)
    assert Path(key).stat().st_mode & 0o777 == 0o600
    assert run(site, "key", key, "--origin", ORIGIN).exit_code == 2
    first = run(site, "checkpoint", "--key", key, "--keep", kept)
    assert first.output == Path(kept).read_text()
    assert f"\n\n— {ORIGIN} " in first.output
    for option in ("--checkpoint", "--since"):
        done = run(site, "verify", option, kept, "--key", str(site / "public"))
        assert (done.exit_code, "all hold" in done.output) == (0, True)
    with closing(store.open_store(f"sqlite:///{site}/c.db")) as opened:
        opened.append(opened.head(), [record()])
    proof = json.loads(run(site, "checkpoint", "--since", kept).output)
    assert (proof["old"].split("\n")[1], proof["new"].split("\n")[1], len(proof["consistency"])) == ("4", "5", 1)
    (site / "ahead").write_text(first.output.replace("\n4\n", "\n9\n"))
    cut = run(site, "verify", "--checkpoint", str(site / "ahead"))
    assert (cut.exit_code, "log.cut" in cut.stderr) == (1, True)


def test_verify_says_what_it_could_not_compare_with(site: Path) -> None:
    assert "no checkpoint from outside to compare" in run(site, "verify").output
    (site / "c.db.checkpoint").write_text(run(site, "checkpoint").output)
    assert "1 kept checkpoints compared" in run(site, "verify").output
    told = json.loads(run(site, "verify", "--json").output)
    assert (told["records"], told["holds"], told["problems"]) == (4, True, [])


def test_a_receipt_is_the_one_that_the_browser_got_and_the_evidence_checks_itself(site: Path) -> None:
    wanted = ids(site)[2]
    receipt = json.loads(run(site, "receipt", wanted, "--notices", "dist/notices.json").output)
    assert receipt["receipt_id"] == wanted
    with closing(store.open_store(f"sqlite:///{site}/c.db")) as opened:
        opened.append(opened.head(), [record()])
    made = [run(site, "evidence", wanted, "-o", str(site / f"{at}.zip")).exit_code for at in range(2)]
    assert made == [0, 0]
    assert (site / "0.zip").read_bytes() == (site / "1.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO((site / "0.zip").read_bytes())) as archive:
        archive.extractall(site / "evidence")
        names = set(archive.namelist())
    assert names >= {"README.txt", "record.json", "checkpoint.txt", "policy.md", "notice.json"}
    assert json.loads((site / "evidence/receipt.json").read_text()) == receipt
    for name, size in (("receipt.json", 4), ("proof.json", 5)):
        command = [sys.executable, "-I", "check_receipt.py", name]
        done = subprocess.run(command, cwd=site / "evidence", capture_output=True, text=True)
        assert (done.returncode, f"at size {size}" in done.stdout) == (0, True)
    (site / "dist/policy.md").write_text("another")
    missing = run(site, "evidence", wanted, "-o", str(site / "2.zip"))
    assert (missing.exit_code, "shown.missing" in missing.stderr, (site / "2.zip").exists()) == (1, True, False)


def test_erasing_and_purging_count_and_a_hold_keeps(site: Path) -> None:
    first, second, *_ = ids(site)
    assert run(site, "hold", "case 7", "--record", second).output == "case 7: records 1 to 1\n"
    assert run(site, "erase", "--record", first, "--record", second).output == (
        "1 records erased, 1 kept under a legal hold\n"
    )
    assert run(site, "erase", "--record", first).exit_code == 1
    assert run(site, "purge", "--after", "100000").output == "0 records erased\n"
    assert run(site, "hold", "case 7", "--lift").output == "lifted 1 ranges\n"
    told = run(site, "verify")
    assert (told.exit_code, "4 records, 1 erased, all hold" in told.output) == (0, True)


def test_a_purge_takes_what_is_past_its_time_and_says_before_how_much(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "_now", lambda: datetime(2028, 11, 22, tzinfo=UTC))
    assert run(site, "purge", "--after", "730").output == "0 records erased\n"
    assert run(site, "purge", "--after", "500", "--dry-run").output.startswith("4 records would be erased")
    assert run(site, "purge", "--after", "500").output == "4 records erased\n"
    assert run(site, "verify").exit_code == 0
    assert run(site, "purge", "--after", "500").output == "0 records erased\n"


@pytest.mark.parametrize("form", ["jsonl", "csv", "jsonld", "parquet"])
def test_each_export_is_written(site: Path, form: str) -> None:
    out = site / f"out.{form}"
    assert run(site, "export", "--format", form, "-o", str(out), "--notices", "dist/notices.json").exit_code == 0
    lines = {"jsonl": 4, "csv": 5, "jsonld": 4}
    assert out.read_bytes().count(b"\n") == lines[form] if form in lines else out.read_bytes()[:4] == b"PAR1"


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_statistics_do_not_tell_the_few(site: Path, form: str) -> None:
    told = run(site, "stats", "--format", form).output
    assert {"text": "given few", "json": '"given": null', "html": "<td>few</td>"}[form] in told


def test_a_ledger_is_moved_to_postgresql_and_both_are_verified(site: Path, postgres: Postgres) -> None:
    postgres.sql("CREATE DATABASE moved")
    target = postgres.url("moved")
    assert run(site, "create", "--origin", ORIGIN, store=target).exit_code == 0
    done = run(site, "copy", "sqlite:///c.db", target)
    assert (done.exit_code, done.output[:33]) == (0, "4 leaves and 4 records copied; ro")
    assert "4 records, all hold" in run(site, "verify", store=target).output


@pytest.mark.parametrize(
    "arguments",
    [
        ("create",),
        ("create", "--origin", "a", "--notices", "b"),
        ("erase",),
        ("export", "--format", "parquet"),
        ("receipt", "x"),
    ],
)
def test_wrong_use_is_said_and_does_nothing(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert run(tmp_path, *arguments).exit_code == 2
    assert list(tmp_path.iterdir()) == []
