"""The page for operators says what is true: its example is sent, its program is run, its table is complete."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generator.ledger import receiver as code

from .conftest import Receiver, Start
from .world import NOTICES_JSON, OLD_NOTICE, choice

PAGE = (Path(__file__).parents[2] / "docs" / "receiver.md").read_text()


def block(language: str, containing: str) -> str:
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if containing in text]
    return str(found)


def checked(receipt: Path) -> subprocess.CompletedProcess[str]:
    program = receipt.with_name("check.py")
    program.write_text(block("python", "hashlib"))
    return subprocess.run([sys.executable, "-I", str(program), str(receipt)], capture_output=True, text=True)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the example is for curl")
def test_the_example_gets_a_receipt_that_holds(start: Start, url: str, tmp_path: Path) -> None:
    one = start(url)
    (tmp_path / "dist").mkdir()
    only_analytics = {"notices": {OLD_NOTICE: NOTICES_JSON["notices"][OLD_NOTICE]}}
    (tmp_path / "dist" / "notices.json").write_text(json.dumps(NOTICES_JSON | only_analytics))
    script = block("sh", "curl").replace("8001", str(one.port))
    subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, check=True)
    result = checked(tmp_path / "receipt.json")
    assert (result.returncode, result.stdout) == (0, "holds under the checkpoint of www.itsths.com/choices at size 1\n")


def test_a_ledger_that_is_missing_is_made_in_the_folder_of_the_site_and_said_aloud(tmp_path: Path) -> None:
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    site.mkdir()
    elsewhere.mkdir()
    (site / "notices.json").write_text(json.dumps(NOTICES_JSON))
    policy = [sys.executable, "-c", "from generator.cli import main; main()", "-C", str(site)]
    ledger = ["--store", "sqlite:///choices.db"]
    missing = subprocess.run([*policy, "ledger", "verify", *ledger], cwd=elsewhere, capture_output=True)
    assert (missing.returncode, (site / "choices.db").exists()) == (1, False)
    receive = [*policy, "receive", "--port", "0", *ledger, "--notices", "notices.json"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(receive, cwd=elsewhere, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(2)]
        process.terminate()
    assert [path.name for path in elsewhere.iterdir()] == []
    assert (site / "choices.db").is_file()
    announced = "created a new, empty ledger: "
    assert said[0].startswith(announced)
    assert f"`{announced}" in PAGE


def test_the_program_accepts_every_true_receipt_and_no_changed_one(receiver: Receiver, tmp_path: Path) -> None:
    path = tmp_path / "receipt.json"
    for _ in range(6):
        path.write_bytes(receiver.post(choice()).content)
        assert checked(path).returncode == 0
    true = json.loads(path.read_bytes())
    event, log = true["event"], true["log"]
    for changed in (
        true | {"event": event | {"event_time": "2026-11-22T09:14:22Z"}},
        true | {"nonce": "A" + true["nonce"][1:] if true["nonce"][0] != "A" else "B" + true["nonce"][1:]},
        true | {"log": log | {"index": log["index"] - 1}},
        true | {"log": log | {"inclusion": log["inclusion"][:-1]}},
        true | {"log": log | {"checkpoint": log["checkpoint"].replace("\n", "\n1", 1)}},
    ):
        path.write_text(json.dumps(changed))
        result = checked(path)
        assert (result.returncode, result.stdout[:13]) == (1, "DOES NOT HOLD")


def test_the_receipt_on_the_page_has_the_fields_of_a_receipt(receiver: Receiver) -> None:
    shown, real = json.loads(block("json", "receipt_id")), receiver.post(choice()).json()
    assert shown.keys() == real.keys()
    assert shown["log"].keys() == real["log"].keys()
    assert shown["event"].keys() == real["event"].keys()
    assert (shown["schema"], shown["statement"]) == (real["schema"], real["statement"])


def test_every_field_of_a_choice_and_every_status_is_on_the_page() -> None:
    described = " ".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `"))
    for name in set(choice()) - {"schema"}:
        assert f"`{name}`" in described
    source = Path(code.__file__).read_text()
    names = {"BAD_REQUEST": 400, "FORBIDDEN": 403, "NOT_FOUND": 404, "METHOD_NOT_ALLOWED": 405, "CONFLICT": 409}
    names |= {
        "REQUEST_TIMEOUT": 408,
        "REQUEST_ENTITY_TOO_LARGE": 413,
        "UNSUPPORTED_MEDIA_TYPE": 415,
        "UNPROCESSABLE_ENTITY": 422,
    }
    names |= {"INTERNAL_SERVER_ERROR": 500, "SERVICE_UNAVAILABLE": 503, "OK": 200, "CREATED": 201, "NO_CONTENT": 204}
    assert set(re.findall(r"HTTPStatus\.([A-Z_]+)", source)) == set(names)
    table = PAGE[PAGE.index("| Status |") :]
    for status in set(names.values()) - {204}:
        assert str(status) in table
