"""What the papers say is true: every command in them is run, every path in them is there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import docx
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


def check_by_hand(register: Path) -> subprocess.CompletedProcess[str]:
    """The paper's own program, with nothing but what Python brings along."""
    paper = (REPOSITORY / "docs/releases.md").read_text("utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", paper, re.DOTALL | re.MULTILINE)
    command = [sys.executable, "-I", "-S", "-c", program, register]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_what_the_paper_on_releases_says_is_done_and_can_be_checked_by_hand(tmp_path: Path) -> None:
    root, said = copy_site(tmp_path), []
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1795564800"}  # 2026-11-25
    for step in ("init -q", "add -A", "-c user.name=a -c user.email=a@b.c commit -qm first"):
        subprocess.run(["git", "-C", root, *step.split()], check=True)
    paper = (REPOSITORY / "docs/releases.md").read_text("utf-8")
    make, take_back, *rest = re.findall(r"^```sh\n(.*?)^```", paper, re.DOTALL | re.MULTILINE)
    for block in (make, take_back, make, *rest):
        command = ["bash", "-ec", block.replace(".venv/bin/policy", shlex.quote(str(POLICY)))]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (block, done.stderr)
        said.append(done.stdout)
    _, _, released, _, withdrawn, listed, verified, hashed = said
    assert "released privacy-policy 2.0 (material), in force from 2026-12-25" in released
    assert (root / "message.txt").read_text("utf-8").startswith("Privacy Policy: version 2.0 takes effect on")
    assert (root / "message.html").read_text("utf-8").startswith("<!doctype html>")
    assert "withdrew privacy-policy 2.0; in force today: 1.1" in withdrawn
    assert "withdrawn 2026-11-25" in listed
    assert verified.count(": all hold\n") == 2
    found, row = hashed.splitlines()
    assert found.split()[0] == row.split()[1]

    registers = sorted(root.rglob("releases.yaml"))
    assert len(registers) == 4
    for register in registers:
        done = check_by_hand(register)
        assert done.stdout.startswith("holds; the newest row is "), done.stderr


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("releases.yaml", "published: 2026-11-22", "published: 2026-11-21", "the row of 1.0 was edited"),
        ("releases/1.1.md", "personal", "Personal", "the text of 1.1 was changed"),
    ],
)
def test_the_check_by_hand_finds_an_edit(file: str, old: str, new: str, expected: str, tmp_path: Path) -> None:
    edited = copy_site(tmp_path) / "content/privacy-policy" / file
    edited.write_text(edited.read_text("utf-8").replace(old, new, 1), "utf-8")
    assert expected in check_by_hand(tmp_path / "content/privacy-policy/releases.yaml").stderr


def test_every_command_on_redlines_shows_one(tmp_path: Path) -> None:
    root = copy_site(tmp_path)
    (root / "README.md").write_text("# Before\n")
    for step in ("init -q", "add -A", "-c user.name=a -c user.email=a@b.c commit -qm first"):
        subprocess.run(["git", "-C", root, *step.split()], check=True)
    (root / "README.md").write_text("# After\n")
    draft = root / "content/privacy-policy/policy.md"
    draft.write_text(draft.read_text("utf-8") + "\nOne more sentence.\n", "utf-8")
    declared = (root / "site.yaml").read_text("utf-8")
    (root / "site.yaml").write_text(declared.replace("description: ", "description: Here it is. "), "utf-8")
    said = {}
    for words in commands(REPOSITORY / "docs/redlines.md"):
        *command, _, target = words if ">" in words else (*words, "", "")
        done = run(command, root)
        said[" ".join(command[2:])] = done.stdout
        assert done.returncode == _DIFFERENT, (words, done.stderr)
        assert not target or done.stdout.startswith("<!doctype html>")
    assert "{+One more sentence.+}" in said["git:HEAD draft"]
    assert "## [-Before-]  (removed)" in said["git:HEAD:README.md README.md"]


def test_the_commands_that_bring_a_policy_in_do_so(tmp_path: Path) -> None:
    root = tmp_path / "site"
    root.mkdir()
    document = docx.Document()
    document.add_heading("Scope", 1)
    document.save(str(root / "terms.docx"))
    text = tmp_path / "website/legal/privacy.md"
    text.parent.mkdir(parents=True)
    text.write_text("# Privacy\n\n## Scope\n\nAll.\n")
    for step in ("init -q", "add -A", "-c user.name=a -c user.email=a@b.c commit -qm first"):
        subprocess.run(["git", "-C", text.parent, *step.split()], check=True)
    for words in commands(REPOSITORY / "docs/writing.md"):
        assert words[1] == "import"
        done = run(words, root)
        assert done.returncode == 0, (words, done.stderr)
    made = {path.relative_to(root / "content").as_posix() for path in root.rglob("content/**/*.*")}
    assert made == {"terms/policy.md", "privacy/policy.md", "privacy/releases.yaml", "privacy/releases/1.0.md"}


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
