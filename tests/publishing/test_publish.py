"""The plan, what is asked of a site before it goes up, and the commands."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from generator import build
from generator.cli import main
from generator.errors import PolicyError
from generator.publishing import publish
from generator.publishing.publish import Manifest, compare
from generator.publishing.targets import Target
from generator.verify import MANIFEST
from tests.browser.preview import POLICY, copy_site
from tests.publishing.sites import Files, Reader, new, old, old_again, send
from tests.trees import built, with_banner

names = st.sampled_from(["a.html", "b.html", "n/notes.json", "s.0123456789.css", "s.9876543210.js", "t.md"])
manifests = st.builds(Manifest, st.just({}), st.dictionaries(names, st.sampled_from("123")))


def begun(todo: publish.Plan, now: Manifest) -> Manifest:
    return Manifest(
        {}, {path: now.files.get(path, "") for path in (*todo.changed, *todo.deletions) if path != MANIFEST}
    )


@given(st.lists(st.tuples(manifests, st.integers(0, 12)), min_size=1, max_size=5), manifests)
def test_whatever_was_interrupted_the_next_publishing_ends_in_the_whole_site(
    cut: list[tuple[Manifest, int]], last: Manifest
) -> None:
    """A host as a dictionary: several publishings are stopped after some of their steps, each of another site."""
    host: dict[str, str] = {}
    told, doubtful = publish.NOTHING, publish.NOTHING
    for now, stop in [*cut, (last, 99)]:
        todo = compare(now, told, doubtful)
        if todo.puts:
            doubtful = begun(todo, now)
        for step, path in enumerate((*todo.changed, *todo.deletions, "end")):
            if step == stop:
                break
            if path == "end":
                doubtful = publish.NOTHING
            elif path == MANIFEST:
                told = now
            elif path in todo.deletions:
                host.pop(path, None)
            else:
                host[path] = now.files[path]
    assert {path: digest for path, digest in host.items() if path in last.files} == last.files
    assert all(publish.is_immutable(path) for path in host.keys() - last.files.keys())


def test_parts_go_before_pages_and_the_manifest_last() -> None:
    before, now = (publish.read_manifest(files[MANIFEST], "") for files in (old(), new()))
    todo = compare(now, before, publish.NOTHING)
    assert list(todo.puts) == ["immutable", "notices", "new", "parts", "pages", "feeds", "manifest"]
    assert {"terms/1.1/index.html", "terms/1.1.json", "terms/since/1.0.html"} <= {*todo.puts["new"]}
    assert {"preferences.js", "terms/index.json"} <= {*todo.puts["parts"]}  # both lead to what is new
    assert {*todo.puts["feeds"]} == {"terms/feed.xml", "terms/feed.json", "sitemap.xml"}
    assert {path.split("/")[0] for path in todo.deletions} == {"demo"}  # the old style stays: pages in caches name it
    assert compare(now, now, publish.NOTHING).puts == {}


class Shelf:
    """A host that replaces file by file, as a dictionary; somebody looks after every step."""

    errors: tuple[type[Exception], ...] = ()
    switches = False

    def __init__(self, look: Callable[[Files], None], *, backwards: bool) -> None:
        self.files: dict[str, bytes] = {}
        self._look, self._backwards = look, backwards

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def prepare(self, files: Files) -> Iterator[int]:
        return iter(())

    def put(self, files: Files) -> Iterator[int]:
        for path in sorted(files, reverse=self._backwards):  # the order within a step is left to the host
            self.files[path] = files[path]
            self._look(self.files)
            yield len(files[path])

    def delete(self, paths: Iterable[str]) -> None:
        for path in paths:
            self.files.pop(path, None)
            self._look(self.files)

    def switch(self) -> None:
        self.delete([publish.BEGUN])

    def back(self) -> str:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("backwards", [False, True])
def test_after_every_single_file_a_visitor_gets_whole_pages(backwards: bool) -> None:
    """Old or new, with their parts, and no link from a page of both sites leads nowhere."""
    steps = 0

    def look(files: Files) -> None:
        nonlocal steps
        steps += 1
        if before:
            Reader("", files=files).looks_around(before, after)

    host, before = Shelf(look, backwards=backwards), dict[str, bytes]()
    for site in (old(), new(), old_again()):
        after = dict(site)
        send(after, host)
        assert {path: host.files[path] for path in after} == after
        before = after
    assert steps > 100


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b'{"registers": {}, "files": []}', b'{"registers": 1, "files": {}}']
    + [json.dumps({"registers": {}, "files": {path: ""}}).encode() for path in ("", "/etc/x", "../x", "a/../../x")],
)
def test_a_manifest_that_makes_no_sense_is_not_taken_for_an_empty_host(data: bytes) -> None:
    with pytest.raises(PolicyError, match="not a manifest of ours"):
        publish.read_manifest(data, "there/manifest.json")


def faults(change: dict[str, bytes]) -> list[str]:
    made = built(with_banner())
    files = {**made.files, **change}
    return [f"{problem.code} {problem.where}" for problem in publish.faults(files, build.csp(made.library.site))]


def test_a_site_as_it_is_built_has_no_fault() -> None:
    assert faults({}) == []


def page(inside: str) -> dict[str, bytes]:
    shown = built(with_banner()).files["index.html"].replace(b"</main>", inside.encode() + b"</main>")
    return {"index.html": shown}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"terms/1.0.md": b"Something else."}, "file.changed terms/1.0.md"),
        (page('<a href="/nowhere/">x</a>'), "publish.link index.html"),
        (page('<a href="/terms/#nothing">x</a>'), "publish.link index.html"),
        (page('<img src="/static/none.png">'), "publish.link index.html"),
        (page("<script>alert(1)</script>"), "publish.csp index.html"),
        (page('<p style="color: red">x</p>'), "publish.csp index.html"),
        (page('<p onclick="x()">x</p>'), "publish.csp index.html"),
        (page("<style>p {}</style>"), "publish.csp index.html"),
        (page('<script src="https://elsewhere.example/x.js"></script>'), "publish.csp index.html"),
        ({"index.html": b"<!doctype html><p>x"}, "publish.csp index.html"),
        ({"static/icon.svg": b""}, "publish.size static/icon.svg"),
        ({"preferences.js": b"x" * 300_000}, "publish.size preferences.js"),
    ],
)
def test_what_keeps_a_site_at_home(change: dict[str, bytes], code: str) -> None:
    assert code in faults(change)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"kind": "folder"}, "wants the key 'folder'"),
        ({"kind": "s3", "bucket": "b", "host": "h"}, "'host' says nothing to a target of kind s3"),
        ({"kind": "sftp", "host": "-oProxyCommand=x", "folder": "f"}, "'host' cannot be"),
        ({"kind": "sftp", "host": "h", "user": "a b", "folder": "f"}, "'user' cannot be"),
        ({"kind": "rsync", "host": "h", "folder": "-f"}, "'folder' cannot be"),
        ({"kind": "folder", "folder": "f", "keep": 0}, "'keep' wants"),
        ({"kind": "sftp", "host": "h", "folder": "f", "host_key": "AAAA"}, "'host_key' wants"),
    ],
)
def test_a_target_that_makes_no_sense_is_refused(told: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Target(**told)  # type: ignore[arg-type]


# The commands, on a copy of this repository's own site.


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = copy_site(tmp_path / "site")
    with (root / "site.yaml").open("a") as file:
        file.write("publish:\n  live: {kind: folder, folder: ../web}\n")
    return root


def run(root: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["-C", str(root), *words])


def test_publish_shows_its_plan_carries_it_out_and_has_nothing_left_to_do(site: Path) -> None:
    web = site.parent / "web"
    planned = run(site, "publish", "--dry-run")
    assert planned.exit_code == 0, planned.output
    assert "  pages: " not in planned.output  # all are new
    assert "  new: index.html\n" in planned.output
    assert not web.exists()
    assert not (site / "dist").exists()
    done = run(site, "publish", "live")
    assert done.exit_code == 0, done.output
    assert "compare it with: policy verify https://www.itsths.com" in done.output
    built = {path.relative_to(site / "dist") for path in (site / "dist").rglob("*")}
    assert {path.relative_to(web / "current") for path in (web / "current").rglob("*")} == built
    assert "live: nothing to do" in run(site, "publish").output


def test_publish_goes_back_where_there_is_something_to_go_back_to(site: Path) -> None:
    run(site, "publish")
    refused = run(site, "publish", "--rollback")
    assert (refused.exit_code, "no earlier site is kept here" in refused.output) == (1, True)
    text = (site / "site.yaml").read_text()
    (site / "site.yaml").write_text(text.replace("title: ITSTHS policies", "title: Policies of ITSTHS"))
    assert run(site, "publish").exit_code == 0
    index = site.parent / "web/current/index.html"
    assert "Policies of ITSTHS" in index.read_text()
    assert "live shows 0001-" in run(site, "publish", "--rollback").output
    assert "Policies of ITSTHS" not in index.read_text()


def test_publish_refuses_another_history(site: Path) -> None:
    run(site, "publish")
    manifest = site.parent / "web/current/manifest.json"
    told = json.loads(manifest.read_text())
    told["registers"]["privacy-policy"]["0" * 64] = "1.0"
    manifest.write_text(json.dumps(told))
    refused = run(site, "publish")
    assert refused.exit_code == 1
    assert "publish.rewrites-history: privacy-policy 1.0 is published as row 0000" in refused.output


def test_publish_names_the_targets_there_are(site: Path) -> None:
    assert "there are: live" in run(site, "publish", "elsewhere").output
    with (site / "site.yaml").open("a") as file:
        file.write("  test: {kind: folder, folder: ../test}\n")
    asked = run(site, "publish")
    assert (asked.exit_code, "one of: live, test" in asked.output) == (2, True)


def test_publish_says_in_a_sentence_what_failed(site: Path) -> None:
    (site.parent / "web").write_text("a file")
    failed = run(site, "publish")
    assert failed.exit_code == 1
    assert "publish.failed" in failed.output
    assert "run the same command again" in failed.output
    assert "Traceback" not in failed.output


def test_a_site_without_targets_is_told_how_to_name_one(tmp_path: Path) -> None:
    refused = run(copy_site(tmp_path / "site"), "publish")
    assert refused.exit_code == 1
    assert "docs/publishing.md" in refused.output


@pytest.mark.parametrize("server", ["nginx", "caddy", "systemd", "headers"])
def test_config_prints_what_the_sites_own_file_says(site: Path, server: str) -> None:
    printed = run(site, "config", server, "--folder", "/srv/web/current")
    assert printed.exit_code == 0, printed.output
    assert "www.itsths.com" in printed.output or server == "headers"
    assert "/srv/web/current" in printed.output or server == "headers"


def test_what_the_daily_unit_runs_publishes_the_release_whose_day_has_come(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1796083200")  # 2026-12-01
    words = "release privacy-policy --material --effective 2027-01-15 --summary"
    release = [*words.split(), "Describes cookies."]
    for command in (release, ["publish"]):
        assert (done := run(site, *command)).exit_code == 0, done.output
    page = site.parent / "web/current/privacy-policy/index.html"
    assert "Version 2.0 takes effect on" in page.read_text()  # V04: announced ahead, on the page itself
    unit = run(site, "config", "systemd-publish").output
    (line,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1799971200")  # 2027-01-15
    subprocess.run([POLICY, *shlex.split(line)[1:]], check=True, capture_output=True)
    assert "Version 2.0 takes effect on" not in page.read_text()
    assert json.loads((page.parent / "index.json").read_text())["in_force"] == "2.0"
    assert "publish.hidden" not in (back := run(site, "publish", "--rollback")).output, back.output


def test_going_back_behind_a_release_says_that_it_is_hidden(site: Path) -> None:
    run(site, "publish")
    run(site, "release", "privacy-policy", "--material", "--summary", "Describes cookies.")
    assert run(site, "publish").exit_code == 0
    back = run(site, "publish", "--rollback")
    assert back.exit_code == 0
    assert "publish.hidden: privacy-policy 2.0 is not shown any more" in back.output


def test_who_watches_sees_how_far_it_is(site: Path) -> None:
    ours, theirs = os.openpty()
    with subprocess.Popen([POLICY, "-C", site, "publish"], stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # what is read of a terminal that was closed
            while more := os.read(ours, 4096):
                shown += more
    os.close(ours)
    assert process.returncode == 0
    assert b"sending" in shown
    assert b"100%" in shown


def test_a_secret_in_the_sites_own_file_is_refused(site: Path) -> None:
    with (site / "site.yaml").open("a") as file:
        file.write("  host: {kind: sftp, host: h, folder: f, password: secret}\n")
    refused = run(site, "publish", "host")
    assert refused.exit_code == 1
    assert "password" in refused.output
    assert "secret" not in refused.output
