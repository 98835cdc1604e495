"""A published site is downloaded again, and what is not as it was built is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from generator import output
from generator.cli import main
from generator.config import load
from generator.errors import PolicyError
from generator.publishing import webserver
from generator.publishing.published import verify_published
from generator.publishing.webserver import Machine
from generator.verify import MANIFEST
from tests.publishing import servers
from tests.publishing.sites import new, old
from tests.trees import CONSENT, SITE


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    folder, port = tmp_path / "site", servers.free_port()
    output.write(new(), folder)
    url = f"http://localhost:{port}"
    described = load(SITE.replace("https://www.example.com", url) + CONSENT)
    config = webserver.configuration("nginx", described, Machine(str(folder), "127.0.0.1:9"))
    with servers.nginx(tmp_path / "nginx", config, port):
        yield url, folder


def test_a_site_as_it_was_built_has_no_problem(site: tuple[str, Path]) -> None:
    url, _ = site
    assert verify_published(url).problems == ()
    assert verify_published(f"{url}/", built=new()[MANIFEST]).problems == ()


def test_what_was_changed_or_lost_is_named(site: tuple[str, Path]) -> None:
    url, folder = site
    (folder / "terms/1.0.md").write_text("Something else.")
    (folder / "terms/history/index.html").unlink()
    found = {str(problem.where): problem for problem in verify_published(url).problems}
    assert found.keys() == {f"{url}/terms/1.0.md", f"{url}/terms/history/index.html"}
    assert found[f"{url}/terms/history/index.html"].code == "file.missing"


def test_a_manifest_that_was_changed_with_its_file_does_not_hide_a_release(site: tuple[str, Path]) -> None:
    """Whoever changes a released text and its hash among the files must also rewrite what was released."""
    url, folder = site
    (folder / "terms/1.0.md").write_text("Something else.")
    told = json.loads((folder / MANIFEST).read_text())
    told["files"]["terms/1.0.md"] = "e8ed8ba9b60a1a3fd6f8c2cd2a2a1d3b2e1bfac2ea5d13a2e7d2f7bd8c0be0f4"
    (folder / MANIFEST).write_text(json.dumps(told))
    assert f"{url}/terms/1.0.md" in {str(problem.where) for problem in verify_published(url).problems}


def test_another_site_than_the_expected_is_named(site: tuple[str, Path]) -> None:
    url, _ = site
    assert [problem.code for problem in verify_published(url, built=old()[MANIFEST]).problems] == ["verify.other"]


def test_no_manifest_and_no_server_are_told_apart(site: tuple[str, Path]) -> None:
    url, folder = site
    (folder / MANIFEST).unlink()
    assert [problem.code for problem in verify_published(url).problems] == ["manifest.missing"]
    with pytest.raises(PolicyError, match=r"verify\.unreachable"):
        verify_published(f"http://127.0.0.1:{servers.free_port()}")


def test_policy_verify_takes_an_address(site: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = site
    holds = CliRunner().invoke(main, ["-C", str(tmp_path), "verify", url])
    assert (holds.exit_code, "all hold" in holds.output) == (0, True), holds.output
    (folder / "terms/1.0.md").write_text("Something else.")
    told = json.loads(CliRunner().invoke(main, ["-C", str(tmp_path), "verify", "--json", url]).output)
    assert {problem["where"]["path"] for problem in told["problems"]} >= {f"{url}/terms/1.0.md"}
