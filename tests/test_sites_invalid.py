"""Wrong sites, each with exactly what `policy check` says of it.

A case in tests/sites_invalid holds only what differs from _base. If a new message is meant:
POLICY_UPDATE_EXPECTED=1 pytest tests/test_sites_invalid.py, then read the diff.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from generator import cli
from tests.trees import ROOT

CASES = ROOT / "tests/sites_invalid"
NAMES = sorted(path.name for path in CASES.iterdir() if path.name != "_base")


def checked(folder: Path) -> tuple[int, str]:
    result = CliRunner(env={"SOURCE_DATE_EPOCH": "1795305600"}).invoke(cli.main, ["-C", str(folder), "check"])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_site_is_told_exactly_what_is_wrong(name: str, tmp_path: Path) -> None:
    shutil.copytree(CASES / "_base", tmp_path / "site")
    shutil.copytree(CASES / name, tmp_path / "site", dirs_exist_ok=True)
    code, said = checked(tmp_path / "site")
    expected = CASES / name / "expected.txt"
    if os.environ.get("POLICY_UPDATE_EXPECTED"):
        expected.write_text(said, encoding="utf-8")
    assert said == expected.read_text(encoding="utf-8")
    assert code == (0 if "warning: " in said else 1)


def test_the_base_of_the_wrong_sites_is_right() -> None:
    assert checked(CASES / "_base") == (0, "no problems found\n")
