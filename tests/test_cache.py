"""The cache of builds is never needed: whatever is in it, a site has the bytes that a build without it makes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from generator import cache
from generator.cli import main
from tests.trees import CONSENT, SITE, TERMS

DAY, NEXT_DAY, MUCH_LATER = "1795305600", "1795392000", "1893456000"  # 2026-11-22, 2026-11-23, 2030-01-01
NOTHING = "nothing has changed"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "content/terms").mkdir(parents=True)
    (tmp_path / "content/terms/policy.md").write_text(TERMS)
    (tmp_path / "site.yaml").write_text(SITE + CONSENT)
    run(tmp_path, "release", "terms", "--material", "--summary", "The first.")
    age(tmp_path)
    return tmp_path


def run(site: Path, *args: str, day: str = DAY) -> str:
    done = CliRunner().invoke(main, ["-C", str(site), *args], env={"SOURCE_DATE_EPOCH": day}, catch_exceptions=False)
    return done.output


def age(site: Path) -> None:
    """Make the sources old enough to be believed by size and time."""
    for path in (site / "site.yaml", *(site / "content").rglob("*.*")):
        os.utime(path, (1_700_000_000, 1_700_000_000))


def built(site: Path) -> dict[str, bytes]:
    return {p.relative_to(site).as_posix(): p.read_bytes() for p in (site / "dist").rglob("*") if p.is_file()}


def record(site: Path) -> Path:
    (path,) = (site / ".cache").glob("build-*.json")
    return path


def test_a_second_build_says_the_same_again(site: Path) -> None:
    first, second = run(site, "build"), run(site, "build")
    assert ("no earlier build is known" in first, NOTHING in second) == (True, True)
    assert "notice.unreleased" in first
    *problems, last = second.split("built ")
    assert first.startswith("built ".join(problems))
    assert last.splitlines()[1:] == first.split("built ")[-1].splitlines()[1:]


def test_a_build_with_nothing_to_do_loads_nothing_to_do_it_with(site: Path) -> None:
    run(site, "build")
    program = "import sys; from generator.cli import main\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    command = [sys.executable, "-c", program, "-C", str(site), "build"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": DAY}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert NOTHING in done.stdout
    heavy = {"jinja2", "markdown", "yaml", "rapidfuzz", "livereload", "minify", "lxml", "importlib.metadata"}
    assert not heavy & set(done.stderr.split())


def test_another_day_is_built_anew(site: Path) -> None:
    run(site, "build")
    assert "it is 2026-11-23" in run(site, "build", day=NEXT_DAY)
    assert NOTHING in run(site, "build", day=NEXT_DAY)


def test_drafts_and_another_folder_are_builds_of_their_own(site: Path) -> None:
    run(site, "build")
    for options in (["--drafts"], ["--out", str(site / "elsewhere")]):
        assert "no earlier build is known" in run(site, "build", *options)


def test_a_file_that_was_touched_but_not_changed_is_the_same(site: Path) -> None:
    run(site, "build")
    (site / "content/terms/policy.md").touch()
    assert NOTHING in run(site, "build")


def test_a_change_that_leaves_size_and_time_alone_is_seen_where_it_could_be(site: Path) -> None:
    """A text that was written while it was being built may be written again within the same tick of the clock."""
    path = site / "content/terms/policy.md"
    path.touch()
    run(site, "build")
    stat = path.stat()
    path.write_text(TERMS.replace("10 euros", "20 euros"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert "content/terms/policy.md has changed" in run(site, "build")


@pytest.mark.parametrize("path", ["content/terms/policy.md", "dist/terms/1.0.md"])
def test_a_change_that_keeps_size_and_time_is_seen_long_after(
    site: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from an archive, or a copy that keeps times."""
    monkeypatch.setattr(cache, "_DOUBT", 0)
    run(site, "build")
    changed = site / path
    stat = changed.stat()
    changed.write_text(changed.read_text().replace("10 euros", "20 euros"))
    os.utime(changed, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.removeprefix("dist/") in run(site, "build").partition(" removed): ")[2]


@pytest.mark.parametrize("drafts", [[], ["--drafts"]])
def test_a_cache_that_cannot_be_written_stops_no_build(site: Path, drafts: list[str]) -> None:
    shutil.rmtree(site / ".cache", ignore_errors=True)
    (site / ".cache").write_text("")
    for _ in range(2):
        done = CliRunner().invoke(main, ["-C", str(site), "build", *drafts], env={"SOURCE_DATE_EPOCH": DAY})
        assert (done.exit_code, "built " in done.output, "system" in done.output) == (0, True, False)


def test_the_program_is_the_one_that_runs(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever works on the program while a preview runs: what that preview makes is of the program before."""
    run(site, "build")
    before = record(site).read_bytes()
    monkeypatch.setattr(cache, "PACKAGE", site)
    assert NOTHING in run(site, "build")
    assert record(site).read_bytes() == before


def test_what_came_and_what_went_are_reasons(site: Path) -> None:
    run(site, "build")
    (site / "static").mkdir()
    (site / "static/own.css").write_text("p {}")
    assert "static/own.css is new" in run(site, "build")
    (site / "static/own.css").unlink()
    assert "static/own.css is gone" in run(site, "build")


def test_a_mistake_is_told_each_time(site: Path) -> None:
    run(site, "build")
    register = site / "content/terms/releases.yaml"
    register.write_text(register.read_text().replace("The first.", "The worst."))
    assert all("register.row" in run(site, "build") for _ in range(2))


@pytest.mark.parametrize("harm", ["edited", "deleted"])
def test_a_built_file_that_is_not_as_it_was_built_is_made_again(site: Path, harm: str) -> None:
    run(site, "build")
    before = built(site)
    page = site / "dist/terms/index.html"
    if harm == "edited":
        page.write_bytes(page.read_bytes().replace(b"plain", b"muddy"))
    else:
        page.unlink()
    assert "terms/index.html in" in run(site, "build")
    assert built(site) == before


def _foreign(path: Path) -> bytes:
    """A record of another program, in good order."""
    told = json.loads(path.read_bytes().partition(b"\n")[2])
    text = json.dumps({**told, "program": "0" * 64, "outputs": {}}).encode()
    return sha256(text).hexdigest().encode() + b"\n" + text


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: b"",
        lambda path: path.read_bytes()[:-9],
        lambda path: path.read_bytes().replace(b"terms", b"norms"),
        lambda path: b"\xff\xfe\x00",
        lambda path: sha256(b"[]").hexdigest().encode() + b"\n[]",
        _foreign,
    ],
    ids=["empty", "cut", "changed", "not-text", "no-record", "foreign"],
)
def test_a_cache_that_is_not_ours_changes_no_byte(site: Path, harm: object) -> None:
    run(site, "build")
    before, path = built(site), record(site)
    assert callable(harm)
    path.write_bytes(harm(path))
    edited = site / "content/terms/policy.md"
    edited.write_text(TERMS.replace("10 euros", "30 euros"))
    assert NOTHING not in run(site, "build")
    assert built(site) == before  # a draft is no part of the site


def fresh(site: Path, day: str) -> dict[str, bytes]:
    """The same site built where there is no cache."""
    folder = site / "fresh"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("content", "templates", "static"):
        if (site / name).exists():
            shutil.copytree(site / name, folder / name)
    shutil.copy(site / "site.yaml", folder)
    run(folder, "build", "--drafts", day=day)
    return built(folder)


def test_what_stands_is_what_would_be_made(site: Path) -> None:
    """One change after another, each built upon what was there before, and at the end beside a build without that."""
    draft, config = site / "content/terms/policy.md", site / "site.yaml"
    more = TERMS.replace("## Scope {#scope}", "## First {#first}\n\nNew.\n\n## Scope {#scope}")

    def write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def first() -> None:
        write(draft, TERMS.replace("We write plain terms.", "We write the plainest terms."))

    def second() -> None:
        run(site, "release", "terms", "--editorial", "--summary", "Plainer.")
        write(draft, more)
        write(site / "content/terms/policy.ar.md", TERMS.replace("title: Terms", "title: شروط").replace("10", "20"))

    def third() -> None:
        run(site, "release", "terms", "--material", "--summary", "Another section.")
        run(site, "withdraw", "terms", "1.1", "--reason", "A mistake.")
        write(
            site / "templates/404.html",
            '{% extends "base.html" %}{% block main %}<a href="/terms/9.9/">old</a>{% endblock %}',
        )

    def fourth() -> None:
        write(config, config.read_text().replace("Example Ltd", "Sample Ltd"))
        write(site / "static/style.css", "p { color: red }")
        shutil.rmtree(site / "dist/terms/1.0")

    for change in (first, second, third, fourth):
        run(site, "build", "--drafts")
        change()
    said = run(site, "build", "--drafts")
    assert built(site) == fresh(site, DAY)
    assert "link.no-page: the link /terms/9.9/" in said
    draft.write_text(more.replace("New.", "Newest."))
    assert "link.no-page: the link /terms/9.9/" in run(site, "build", "--drafts")  # of a page that stands
    run(site, "build", "--drafts", day=MUCH_LATER)
    assert built(site) == fresh(site, MUCH_LATER)


def test_a_link_of_a_static_page_is_held_against_the_policies_of_today(site: Path) -> None:
    (site / "static").mkdir()
    (site / "static/own.html").write_text('<a href="/more/9.9/">more</a>')
    (site / "content/more").mkdir()
    (site / "content/more/policy.md").write_text(TERMS)
    config, one = site / "site.yaml", (site / "site.yaml").read_text()
    two = one.replace("- terms\n", "- terms\n  - more\n", 1)
    assert two != one
    for text in (one, two, one):
        config.write_text(text)
        assert ("link.no-page: the link /more/9.9/" in run(site, "build")) == (text == two)


def test_an_edit_makes_only_what_it_changes(site: Path) -> None:
    run(site, "build", "--drafts")
    draft = site / "content/terms/policy.md"
    draft.write_text(TERMS.replace("10 euros", "11 euros"))
    run(site, "build", "--drafts")
    times = {path: path.stat().st_mtime_ns for path in (site / "dist").rglob("*") if path.is_file()}
    draft.write_text(TERMS.replace("10 euros", "12 euros"))
    run(site, "build", "--drafts")
    changed = {
        path.relative_to(site / "dist").as_posix() for path, time in times.items() if path.stat().st_mtime_ns != time
    }
    assert changed == {"terms/draft/index.html", "terms/changes/1.0...draft/index.html", "manifest.json"}


def test_a_profile_tells_how_long_each_stage_took(site: Path) -> None:
    told = re.findall(r"^ +\d+\.\d{3} s  (.+)$", run(site, "build", "--profile"), re.MULTILINE)
    assert {"load", "check", "policy", "copies", "write"} <= set(told)
