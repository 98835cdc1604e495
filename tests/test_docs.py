"""What the papers say is true: every command in them is run, every path in them is there."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.browser.preview import POLICY, REPOSITORY, copy_site, start

PAPERS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
# The outcome of a comparison is in its exit code: the two texts differ.
_DIFFERENT = 1


def commands(paper: Path) -> list[list[str]]:
    blocks = re.findall(r"^```sh\n(.*?)^```", paper.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def run(words: list[str], root: Path) -> subprocess.CompletedProcess[str]:
    assert words[0] == ".venv/bin/policy"
    return subprocess.run([POLICY, *words[1:]], cwd=root, capture_output=True, text=True, timeout=60)


def test_the_readmes_commands_do_what_it_says(tmp_path: Path) -> None:
    """But for `make test`, which is what runs this, and `make serve`, which has a test of its own below."""
    root = copy_site(tmp_path)
    start(root).stop()  # leaves the ledger that the first commands ask
    said = {}
    for words in commands(REPOSITORY / "README.md"):
        if words[0] == "make":
            continue
        if words[1] == "serve":
            start(root, *words[2:]).stop()
            continue
        done = run(words, root)
        said[words[1]] = done.stdout
        assert done.returncode == (_DIFFERENT if words[1] == "diff" else 0), (words, done.stderr)
    assert "{+" in said["diff"]
    assert "released privacy-policy 2.0 (material)" in said["release"]
    assert "1.1 in force, 2.0 from" in said["build"]


def test_make_serve_previews_the_repositorys_own_site() -> None:
    with subprocess.Popen(
        ["make", "serve", "PORT=18650"], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as served:
        assert served.stdout is not None
        printed = []
        for line in served.stdout:
            printed.append(line)
            if "Ctrl-C" in line:
                served.terminate()
    assert any("built" in line and "dist" in line for line in printed), printed
    assert "  http://127.0.0.1:18650/privacy-policy/\n" in printed
    assert not any("Traceback" in line for line in printed)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(REPOSITORY)))
def test_every_link_to_a_file_leads_to_one(paper: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", paper.read_text("utf-8"))
    assert [target for target in targets if not (paper.parent / target).exists()] == []


def test_the_floor_plan_names_every_module() -> None:
    plan = (REPOSITORY / "docs/architecture.md").read_text("utf-8")
    modules = [path.name for path in (REPOSITORY / "generator").rglob("*.py") if not path.name.startswith("__")]
    assert [name for name in modules if not re.search(rf"\b{re.escape(name)}\b", plan)] == []
