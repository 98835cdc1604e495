"""The examples of docs/ci are run: their own lines, in a real repository, with the program, git and an agent as they
are. Stood in for are only pip, gh and curl, which would leave this machine."""

from __future__ import annotations

import functools
import http.server
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.browser.preview import POLICY, copy_site
from tests.publishing.servers import free_port
from tests.trees import ROOT

EXAMPLES = ROOT / "docs/ci"
Steps = dict[str, list[str]]
_GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]


def read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load((EXAMPLES / name).read_text("utf-8"), yaml.BaseLoader)  # 'on' is a word
    return loaded


def github() -> Steps:
    jobs = read("github.yaml")["jobs"]
    return {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs.items()}


def gitlab() -> Steps:
    told = read("gitlab.yaml")
    jobs = {name: told[name] for name in ("review", "comment", "publish")}
    before = told["default"]["before_script"]
    return {name: [*job.get("before_script", before), *job["script"]] for name, job in jobs.items()}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The site on main, and a proposal that edits one working text."""
    root = copy_site(tmp_path / "site")
    with (root / "site.yaml").open("a") as file:
        file.write("publish:\n  live: {kind: folder, folder: ../web}\n")
    for step in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        ["commit", "-qm", "first"],
        ["switch", "-qc", "proposal"],
    ):
        subprocess.run([*_GIT, *step], cwd=root, check=True)
    draft = root / "content/privacy-policy/policy.md"
    draft.write_text(draft.read_text("utf-8") + "\nOne more sentence for everybody.\n", "utf-8")
    subprocess.run([*_GIT, "commit", "-qam", "edit"], cwd=root, check=True)
    return root


@pytest.fixture
def environment(repository: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What both hosts tell a job; a key; stand-ins that note what they were asked; the published site's server."""
    stand_ins = tmp_path / "stand-ins"
    stand_ins.mkdir()
    for name in ("pip", "gh", "curl"):
        script = f'#!/bin/sh\nprintf "%s %s\\n" {name} "$*" >>{tmp_path}/asked\ncat >/dev/null\n'
        (stand_ins / name).write_text(script)
        (stand_ins / name).chmod(0o755)
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    base = subprocess.run([*_GIT, "rev-parse", "main"], cwd=repository, check=True, capture_output=True, text=True)
    serve = functools.partial(_Quiet, directory=str(tmp_path / "web/current"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), serve) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield {
            "PATH": f"{stand_ins}:{POLICY.parent}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "SITE": f"http://127.0.0.1:{server.server_port}",
            "TARGET": "live",
            "BASE": base.stdout.strip(),
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": base.stdout.strip(),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            "NUMBER": "7",
            "CI_API_V4_URL": "https://gitlab.example/api/v4",
            "CI_PROJECT_ID": "3",
            "CI_MERGE_REQUEST_IID": "7",
            "COMMENT_TOKEN": "token",
            "SSH_KEY": key.read_text(),
            "POLICY_SSH_KEY": str(key),
        }
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing is told of it."""


def run(steps: list[str], root: Path, environment: dict[str, str]) -> None:
    for step in steps:
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", step],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, (step, done.stdout, done.stderr)


@pytest.mark.parametrize("steps", [github(), gitlab()], ids=["github", "gitlab"])
def test_a_proposal_gets_its_redline_and_a_preview_and_a_merge_publishes(
    steps: Steps, repository: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    run(steps["review"], repository, environment)
    comment = (repository / "review/comment.md").read_text("utf-8")
    assert "<ins>One more sentence for everybody.</ins>" in comment
    assert "One more sentence" in (repository / "review/preview/privacy-policy/draft/index.html").read_text("utf-8")
    assert not (tmp_path / "web").exists()
    run(steps["comment"], repository, environment)
    asked = (tmp_path / "asked").read_text()
    assert re.search(r"^(gh pr comment 7|curl .*merge_requests/7/notes)", asked, re.MULTILINE)
    assert "review/comment.md" in asked
    subprocess.run([*_GIT, "switch", "-q", "main"], cwd=repository, check=True)
    run(steps["publish"], repository, environment)
    assert "<h1>Privacy Policy</h1>" in (tmp_path / "web/current/privacy-policy/index.html").read_text("utf-8")


@pytest.mark.parametrize("steps", [github(), gitlab()], ids=["github", "gitlab"])
def test_a_proposal_without_a_changed_text_gets_no_comment(
    steps: Steps, repository: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    subprocess.run([*_GIT, "switch", "-q", "main"], cwd=repository, check=True)
    run([step for step in steps["review"] if "policy diff" in step], repository, environment)
    run(steps["comment"], repository, environment)
    assert not (repository / "review/comment.md").exists()
    assert not (tmp_path / "asked").exists()


def test_what_runs_a_proposal_holds_no_secret_and_actions_are_pinned() -> None:
    told = read("github.yaml")
    assert told["permissions"] == {}
    review, comment = told["jobs"]["review"], told["jobs"]["comment"]
    assert review["permissions"] == {"contents": "read"}
    assert "secrets." not in str(review)
    assert "secrets." not in str(comment)
    assert not any("checkout" in step.get("uses", "") for step in comment["steps"])
    used = re.findall(r"uses: (\S+)( # v[\d.]+)?", (EXAMPLES / "github.yaml").read_text("utf-8"))
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) and version for action, version in used)
    assert "pull_request_target" not in told["on"]
