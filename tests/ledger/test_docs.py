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

from generator.ledger import receiver, web
from generator.ledger.dossier import CHECK

from .conftest import Receiver, Start
from .world import NOTICES_JSON, OLD_NOTICE, choice

PAGE = (Path(__file__).parents[2] / "docs" / "receiver.md").read_text()


def block(language: str, containing: str) -> str:
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if containing in text]
    return str(found)


def checked(receipt: Path) -> subprocess.CompletedProcess[str]:
    program = receipt.with_name("check.py")
    program.write_bytes(CHECK())
    assert program.read_text().endswith(block("python", "hashlib"))
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


def test_a_ledger_is_made_by_its_own_verb_in_the_folder_of_the_site_and_by_no_other(tmp_path: Path) -> None:
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    site.mkdir()
    elsewhere.mkdir()
    (site / "notices.json").write_text(json.dumps(NOTICES_JSON))
    policy = [sys.executable, "-c", "from generator.cli import main; main()", "-C", str(site)]
    where = ["--store", "sqlite:///choices.db"]
    create = [*policy, "ledger", "create", *where, "--notices", "notices.json"]
    receive = [*policy, "receive", "--port", "0", *where, "--notices", "notices.json"]
    for missing in ([*policy, "ledger", "verify", *where], receive):
        done = subprocess.run(missing, cwd=elsewhere, capture_output=True, text=True)
        assert (done.returncode, (site / "choices.db").exists()) == (1, False)
        assert "store.missing: there is no ledger here" in done.stderr
        assert "policy ledger create" in done.stderr
    assert [subprocess.run(create, cwd=elsewhere, capture_output=True).returncode for _ in range(2)] == [0, 1]
    with subprocess.Popen(
        receive, cwd=elsewhere, env={**os.environ, "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("receiving choices at http://127.0.0.1:")
        process.terminate()
    assert [path.name for path in elsewhere.iterdir()] == []
    assert (site / "choices.db.checkpoint").read_text().startswith("www.itsths.com/choices\n0\n")


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
    source = Path(receiver.__file__).read_text() + Path(web.__file__).read_text()
    names = {"BAD_REQUEST": 400, "FORBIDDEN": 403, "NOT_FOUND": 404, "METHOD_NOT_ALLOWED": 405, "CONFLICT": 409}
    names |= {
        "REQUEST_TIMEOUT": 408,
        "REQUEST_ENTITY_TOO_LARGE": 413,
        "UNSUPPORTED_MEDIA_TYPE": 415,
        "UNPROCESSABLE_ENTITY": 422,
        "TOO_MANY_REQUESTS": 429,
        "INSUFFICIENT_STORAGE": 507,
    }
    names |= {"INTERNAL_SERVER_ERROR": 500, "SERVICE_UNAVAILABLE": 503, "OK": 200, "CREATED": 201, "NO_CONTENT": 204}
    names |= {"SEE_OTHER": 303}
    assert set(re.findall(r"HTTPStatus\.([A-Z_]+)", source)) == set(names)
    table = PAGE[PAGE.index("| Status |") :]
    for status in set(names.values()) - {204}:
        assert str(status) in table
