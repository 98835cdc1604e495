"""The program as a publisher runs it: exit codes, messages, no traceback, and the way from an edit to a release."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trees import CONSENT, ROOT, SITE, TERMS

PROGRAM = Path(sys.executable).with_name("policy")
DAY = "1795564800"  # 2026-11-25


def run(*args: str | Path, cwd: Path, epoch: str | None = DAY) -> subprocess.CompletedProcess[str]:
    """Run the installed program; whatever it says, it must never be a traceback."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", **({} if epoch is None else {"SOURCE_DATE_EPOCH": epoch})}
    done = subprocess.run(
        [PROGRAM, *args], cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A copy of this repository's own site, without what is built from it."""
    folder = tmp_path / "site"
    shutil.copytree(ROOT / "content", folder / "content")
    shutil.copy(ROOT / "site.yaml", folder / "site.yaml")
    return folder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "content/terms").mkdir(parents=True)
    (tmp_path / "content/terms/policy.md").write_text(TERMS)
    (tmp_path / "site.yaml").write_text(SITE)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_from_an_edit_to_a_published_release(site: Path) -> None:
    draft = site / "content/privacy-policy/policy.md"
    shutil.copy(site / "content/privacy-policy/releases/1.1.md", draft)
    edit(draft, "We do not sell personal data.", "We do not sell personal data, ever.")

    done = run("check", cwd=site)
    assert done.returncode == 0

    done = run("diff", "privacy-policy", "1.1", "draft", cwd=site)
    assert (done.returncode, done.stderr) == (1, "")
    assert "We do not sell personal data{+, ever+}." in done.stdout
    assert "\n1 changed, " in done.stdout

    done = run(
        "release", "privacy-policy", "--editorial", "--summary", "Says plainly that data is never sold, ever.", cwd=site
    )
    assert done.returncode == 1
    assert "release.material-section: the section 'Data Sharing and Disclosure' is marked material" in done.stderr
    assert not (site / "content/privacy-policy/releases/1.2.md").exists()

    done = run(
        "release", "privacy-policy", "--material", "--summary", "Says plainly that data is never sold, ever.", cwd=site
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "released privacy-policy 2.0 (material), in force from 2026-12-25" in done.stdout
    frozen = site / "content/privacy-policy/releases/2.0.md"
    assert "ever." in frozen.read_text(encoding="utf-8")

    done = run("build", cwd=site)
    assert done.returncode == 0
    assert "privacy-policy: 1.1 in force, 2.0 from 2026-12-25, releases: 3" in done.stdout
    current = (site / "dist/privacy-policy/index.html").read_text(encoding="utf-8")
    assert "Version 2.0 takes effect on" in current
    assert "ever." not in current.partition("<article")[2]

    later = "1798156800"  # 2026-12-25
    done = run("build", cwd=site, epoch=later)
    assert "privacy-policy: 2.0 in force, releases: 3" in done.stdout
    assert "ever." in (site / "dist/privacy-policy/index.html").read_text(encoding="utf-8")

    edit(frozen, "ever.", "never.")
    for command in ("build", "check"):
        done = run(command, cwd=site, epoch=later)
        assert done.returncode == 1
        assert "content/privacy-policy/releases/2.0.md: release.changed: " in done.stderr
    assert "ever." in (site / "dist/privacy-policy/index.html").read_text(encoding="utf-8")


def test_a_site_is_released_from_nothing(small: Path) -> None:
    assert "terms: none in force, releases: 0" in run("build", cwd=small).stdout
    done = run("release", "terms", "--material", "--summary", "The first.", cwd=small)
    assert "released terms 1.0 (material), in force from 2026-11-25" in done.stdout
    assert "terms: 1.0 in force, releases: 1" in run("build", cwd=small).stdout
    assert run("release", "terms", "--editorial", "--summary", "Again.", cwd=small).returncode == 1


def test_a_second_build_writes_nothing_and_a_check_writes_nothing_at_all(small: Path) -> None:
    assert run("build", "--check", cwd=small).stdout.startswith("would build ")
    assert not (small / "dist").exists()
    assert "0 unchanged, 0 removed" in run("build", cwd=small).stdout
    assert "(0 written, " in run("build", cwd=small).stdout


def test_the_same_day_gives_the_same_bytes_in_another_folder(site: Path, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        assert run("-C", site, "build", "--drafts", "--out", tmp_path / folder, cwd=tmp_path).returncode == 0
    one, two = (
        {p.relative_to(d): p.read_bytes() for p in d.rglob("*") if p.is_file()}
        for d in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two
    assert one


def test_another_folder_is_named_with_dash_c(small: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert run("-C", small, "check", cwd=elsewhere).stdout == "no problems found\n"
    assert run("-C", small, "build", cwd=elsewhere).returncode == 0
    assert (small / "dist/index.html").exists()
    done = run("check", cwd=elsewhere)
    assert done.returncode == 1
    assert "site.yaml: source.no-site: there is no site.yaml in" in done.stderr


# Exit codes: 0 fine, 1 problems found, 2 wrong use


@pytest.mark.parametrize(
    "args",
    [
        ["nothing"],
        ["diff", "1.0"],
        ["diff"],
        ["release", "terms", "--summary", "x"],
        ["release", "terms", "--material"],
        ["release", "terms", "--material", "--summary", "x", "--effective", "tomorrow"],
        ["release", "terms", "--material", "--editorial", "--summary", "x"],
        ["diff", "terms", "1.0", "draft"],
        ["serve", "--port", "99999"],
        ["build", "--colour"],
        ["receive"],
    ],
)
def test_wrong_use_exits_with_2_and_says_what_is_right(args: list[str], small: Path) -> None:
    done = run(*args, cwd=small)
    assert done.returncode == 2
    assert "Usage: policy" in done.stderr


@pytest.mark.parametrize(
    "command",
    [[], ["check"], ["build"], ["diff"], ["release"], ["serve"], ["receive"], ["ledger"], ["ledger", "verify"]],
)
def test_every_command_explains_itself(command: list[str], tmp_path: Path) -> None:
    done = run(*command, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) > 3


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["diff", "privacy", "1.0", "draft"], "site.yaml: policy.unknown: there is no policy 'privacy'"),
        (["release", "privacy", "--material", "--summary", "x"], "site.yaml: policy.unknown: there is no policy"),
        (
            ["release", "notice", "--material", "--summary", "x"],
            "site.yaml: notice.none: site.yaml declares no consent",
        ),
        (
            ["release", "terms", "--material", "--summary", " "],
            "content/terms/releases.yaml: release.summary: ' ' does not say what changed",
        ),
        (["ledger", "verify", "--store", "sqlite:///missing.db"], "missing.db"),
    ],
)
def test_a_mistake_exits_with_1_and_prints_a_line(args: list[str], said: str, small: Path) -> None:
    done = run(*args, cwd=small)
    assert done.returncode == 1
    assert said in done.stderr


@pytest.mark.parametrize("epoch", ["soon", "", "-1", "²", "9" * 20])
def test_a_day_that_is_none_is_a_problem_and_not_a_traceback(epoch: str, small: Path) -> None:
    done = run("check", cwd=small, epoch=epoch)
    assert done.returncode == 1
    assert "SOURCE_DATE_EPOCH: environment: wants seconds since 1970" in done.stderr


def test_without_an_epoch_the_clock_is_read(small: Path) -> None:
    assert run("check", cwd=small, epoch=None).returncode == 0


def test_warnings_fail_only_a_strict_check(small: Path) -> None:
    (small / "content/terms/policy.md").write_text(TERMS + "\nContinued use means that you accept.\n")
    done = run("check", cwd=small)
    assert (done.returncode, "warning: wording.use-as-consent" in done.stderr) == (0, True)
    assert run("check", "--strict", cwd=small).returncode == 1


def test_problems_can_be_read_by_a_program(small: Path) -> None:
    (small / "site.yaml").write_text(SITE + "demo: maybe\n")
    done = run("check", "--json", cwd=small)
    (problem,) = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert problem["where"] == {"path": "site.yaml", "line": 9}
    assert (problem["code"], problem["severity"]) == ("yaml.wrong-value", "error")


def test_a_good_check_for_a_program_is_an_empty_list(small: Path) -> None:
    assert json.loads(run("check", "--json", cwd=small).stdout) == []


# Redlines in the terminal


def test_texts_without_a_difference_exit_with_0(site: Path) -> None:
    done = run("diff", "1.0", "1.0", cwd=site)
    assert (done.returncode, done.stdout) == (0, "No section was changed.\n")


def test_two_files_can_be_compared(small: Path) -> None:
    (small / "a.md").write_text(TERMS)
    (small / "b.md").write_text(TERMS.replace("10 euros", "12 euros"))
    done = run("diff", "a.md", "b.md", cwd=small)
    assert done.returncode == 1
    assert "The price is [-10-]{+12+} euros." in done.stdout


def test_a_file_that_is_not_utf_8_is_a_problem_and_not_a_traceback(small: Path) -> None:
    (small / "a.md").write_text(TERMS)
    (small / "b.md").write_bytes(TERMS.replace("euros", "€").encode("cp1252"))
    done = run("diff", "a.md", "b.md", cwd=small)
    assert done.returncode == 1
    assert "b.md" in done.stderr


def test_a_page_is_compared_as_an_import_reads_it(small: Path) -> None:
    page = "<html><title>Terms</title><body><h1>Terms</h1><h2 id=price>Price</h2><p>{}</p></body></html>"
    (small / "a.html").write_text(page.format("It costs <b>ten</b> euros, and that is all."))
    (small / "b.md").write_text(
        "---\ntitle: Terms\nnumbering: none\n---\n\n## Price {#price}\n\nIt costs **nine** euros, and that is all.\n"
    )
    done = run("diff", "a.html", "b.md", cwd=small)
    assert done.returncode == 1
    assert "It costs **[-ten-]{+nine+}** euros" in done.stdout
    assert "a.html is compared as policy import reads it: 1 sections" in done.stderr
    (small / "c.docx").write_bytes(b"no Word file")
    done = run("diff", "c.docx", "b.md", cwd=small)
    assert (done.returncode, "c.docx" in done.stderr, "Traceback" in done.stderr) == (1, True, False)


def test_a_redline_can_be_counted_by_section(site: Path) -> None:
    lines = run("diff", "--stat", "1.0", "1.1", cwd=site).stdout.splitlines()
    assert len(lines) == 5
    assert all(line.startswith("reworded ") for line in lines)
    assert lines[-1].endswith("19.7 Complaints")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (
            ["privacy-policy", "1.0"],
            "'privacy-policy' is a policy; name two of its versions, as in privacy-policy 1.0 draft",
        ),
        (["privacy-policy", "v1.0", "1.1"], "privacy-policy has no version 'v1.0'; it has 1.0, 1.1, draft"),
        (["privacy-policy", "1.0", "latest"], "privacy-policy has no version 'latest'; it has 1.0, 1.1, draft"),
        (["v1.0", "1.1"], "'v1.0' is no file; a version is written 1.0, the working text 'draft'"),
    ],
)
def test_what_is_no_version_is_told_with_what_would_do(args: list[str], said: str, site: Path) -> None:
    done = run("diff", *args, cwd=site)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_the_number_of_a_section_is_whole_in_every_form(site: Path) -> None:
    for form in (["--stat"], ["--format", "markdown"], ["--format", "json"], []):
        said = run("diff", *form, "1.0", "1.1", cwd=site).stdout
        assert re.search(r'4\.e\. (.*\bJob|Job)|"4\.e\."', said), form
    assert run("diff", "--stat", "1.1", "1.1", cwd=site).stdout == "No section was changed.\n"


def test_releasing_a_policy_tells_of_a_notice_that_is_not_released_yet(small: Path) -> None:
    (small / "site.yaml").write_text(SITE + CONSENT)
    done = run("release", "terms", "--material", "--summary", "The first.", cwd=small)
    assert "site.yaml also declares a notice that is not released yet" in done.stdout
    assert run("release", "notice", "--material", "--summary", "The first.", cwd=small).returncode == 0
    assert "notice: 1.0 (" in run("build", cwd=small).stdout


def test_a_release_that_was_built_here_is_not_taken_away_in_silence(site: Path) -> None:
    """Neither a shortened register nor a policy off the list may unpublish what was to stay for ever (V01)."""
    assert run("build", cwd=site).returncode == 0
    register = site / "content/privacy-policy/releases.yaml"
    text = register.read_text("utf-8")
    register.write_text(text[: text.index("  - version: 1.1")], "utf-8")
    said = run("build", cwd=site).stderr
    assert "release.unregistered" in said
    assert "untracked, its release was taken back: delete content/privacy-policy/releases/1.1.md; else bring" in said
    (site / "content/privacy-policy/releases/1.1.md").unlink()
    done = run("build", cwd=site)
    assert done.returncode == 1
    assert "release.lost: privacy-policy 1.1 was built here as " in done.stderr
    assert (site / "dist/privacy-policy/1.1/index.html").exists()


def test_a_policy_with_releases_that_is_not_listed_is_named(site: Path) -> None:
    shutil.copytree(site / "content/privacy-policy", site / "content/terms")
    done = run("build", cwd=site)
    assert done.returncode == 1
    assert "content/terms/releases/1.0.md: release.unlisted" in done.stderr


def test_the_sites_own_folder_is_not_built_over(site: Path) -> None:
    done = run("build", "--out", ".", cwd=site)
    assert done.returncode == 1
    assert "build.folder" in done.stderr


def test_a_link_to_a_page_of_ours_that_is_not_there_is_named(site: Path) -> None:
    edit(
        site / "content/privacy-policy/policy.md",
        "## Severability",
        "See [old](/privacy-policy/9.9/).\n\n## Severability",
    )
    assert "link.no-page: the link /privacy-policy/9.9/" in run("check", cwd=site).stderr


def test_evidence_stays_published_when_the_site_no_longer_asks(site: Path) -> None:
    run("build", cwd=site)
    config = site / "site.yaml"
    text = config.read_text("utf-8")
    config.write_text(text[: text.index("# The one declaration")], "utf-8")
    (site / "content/privacy-policy/policy.md").write_bytes(
        (site / "content/privacy-policy/releases/1.1.md").read_bytes()
    )
    assert run("build", cwd=site).returncode == 0
    assert len(list((site / "dist/notices").glob("*.json"))) == 2
    assert not (site / "dist/preferences.js").exists()


@pytest.fixture
def bilingual(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "tests/sites/translated", tmp_path / "site")
    return tmp_path / "site"


def test_a_translator_sees_what_changed_translates_it_and_says_so(bilingual: Path) -> None:
    done = run("translations", "privacy", "ar", cwd=bilingual)
    assert done.returncode == 1
    assert done.stdout.startswith("privacy ar: 5 of 7 sections up to date\n")
    assert "policy.ar.md:21: translation.behind: the section 'sharing'" in done.stdout
    assert "Nobody but us and our [-accountant-]{+accountants+}." in done.stdout
    assert "[-at any time-]" in done.stdout

    assert "[-at any time-]" not in run("translations", "privacy", "ar", "sharing", cwd=bilingual).stdout
    assert run("translations", "privacy", "ar", "sharing", "--done", cwd=bilingual).returncode == 0
    done = run("translations", "privacy", "ar", "--json", cwd=bilingual)
    (told,) = json.loads(done.stdout)["translations"]
    assert {name for name, state in told["sections"].items() if state != "current"} == {"rights"}
    assert [section["id"] for section in told["redline"]["sections"]] == ["rights"]

    assert run("translations", "privacy", "ar", "--done", cwd=bilingual).returncode == 0
    done = run("translations", cwd=bilingual)
    assert (done.returncode, done.stdout) == (0, "privacy ar: 7 of 7 sections up to date\n")
    assert "translation." not in run("check", cwd=bilingual).stderr


def test_a_translation_of_an_older_version_can_be_noted_as_that(bilingual: Path) -> None:
    assert run("translations", "privacy", "ar", "--done", "--of", "1.0", cwd=bilingual).returncode == 0
    done = run("translations", "privacy", "ar", cwd=bilingual)
    behind = [line.split("'")[1] for line in done.stdout.splitlines() if "translation.behind" in line]
    assert behind == ["sharing", "rights"]  # 1.0 had no complaints: what was noted of them stays


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["privacy", "fr"], "privacy has no translation 'fr'; it has ar"),
        (["privacy", "ar", "no"], "privacy has no section 'no'; it has page-intro, kept, from-you"),
        (["privacy", "ar", "--done", "--of", "9.0"], "privacy has no version '9.0'; it has 1.0, 1.1, 1.2, draft"),
        (["privacy", "--done"], "--done goes with POLICY LANGUAGE"),
        (["privacy", "ar", "--of", "1.0"], "--of VERSION with --done"),
    ],
)
def test_what_no_translation_has_is_named_with_what_there_is(args: list[str], said: str, bilingual: Path) -> None:
    done = run("translations", *args, cwd=bilingual)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_section_that_is_not_there_is_not_noted_as_translated(bilingual: Path) -> None:
    edit(bilingual / "content/privacy/policy.ar.md", "## الشكاوى {#complaints}\n", "")
    done = run("translations", "privacy", "ar", "complaints", "--done", cwd=bilingual)
    assert done.returncode == 2
    assert "policy.ar.md has no section 'complaints'" in done.stderr


def test_two_versions_of_a_translation_are_compared(bilingual: Path) -> None:
    done = run("diff", "privacy", "1.1.ar", "1.2.ar", "--stat", cwd=bilingual)
    assert (done.returncode, done.stdout.split()[0], "الشكاوى" in done.stdout) == (1, "added", True)
    between = run("diff", "privacy", "1.1", "1.1.ar", "--stat", cwd=bilingual).stdout
    assert ("1.a. منك" in between, "1.1" in between) == (True, False)  # numbers are those of the page
    assert run("diff", "privacy", "1.2.ar", "draft.ar", cwd=bilingual).returncode == 0
    assert run("diff", "privacy", "1.0.ar", "1.1.ar", cwd=bilingual).returncode == 0
    assert "it has 1.0, 1.1, 1.2, draft, 1.0.ar" in run("diff", "privacy", "1.0.fr", "draft", cwd=bilingual).stderr


def test_a_release_is_looked_at_announced_withdrawn_and_verified(site: Path) -> None:
    release = ("release", "privacy-policy", "--material", "--summary", "Describes cookies as the banner treats them.")
    held = sorted(site.rglob("*"))
    done = run(*release, "--dry-run", cwd=site)
    assert done.returncode == 0
    assert "would release privacy-policy 2.0 (material), in force from 2026-12-25" in done.stdout
    assert "7. Cookies and Tracking" in done.stdout
    assert sorted(site.rglob("*")) == held

    assert run(*release, cwd=site).returncode == 0
    announced = run("announce", "privacy-policy", cwd=site)
    assert (announced.returncode, announced.stderr) == (0, "")
    assert announced.stdout.startswith("Privacy Policy: version 2.0 takes effect on 25 December 2026\n")
    assert run("announce", "privacy-policy", "--format", "html", cwd=site).stdout.startswith("<!doctype html>")
    run("build", cwd=site)

    files = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    withdraw = ("withdraw", "privacy-policy", "2.0", "--reason", "Nobody approved section 7.")
    done = run(*withdraw, "--dry-run", cwd=site)
    assert (done.returncode, done.stdout) == (0, "would withdraw privacy-policy 2.0; in force today: 1.1\n")
    assert {path: path.read_bytes() for path in site.rglob("*") if path.is_file()} == files
    done = run(*withdraw, cwd=site)
    assert (done.returncode, done.stderr) == (0, "")
    assert "withdrew privacy-policy 2.0; in force today: 1.1" in done.stdout
    assert "announce.none: no release is announced" in run("announce", "privacy-policy", cwd=site).stderr
    assert "Reason: Nobody approved section 7." in run("announce", "privacy-policy", "2.0", cwd=site).stdout
    assert "privacy-policy: 1.1 in force, releases: 3" in run("build", cwd=site).stdout

    done = run("verify", cwd=site)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(
        r"content: 5 releases in 2 registers: all hold\n.*dist: \d+ files, 5 releases in 2 registers: all hold\n",
        done.stdout,
    )


def test_a_message_is_written_in_a_language_that_the_release_has(bilingual: Path) -> None:
    done = run("announce", "privacy", "1.2", "--language", "ar", cwd=bilingual)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "سياسة الخصوصية: الإصدار 1.2 سارٍ الآن")
    done = run("announce", "privacy", "1.2", "--language", "fr", cwd=bilingual)
    assert (done.returncode, "1.2 has no 'fr'; it has en, ar" in done.stderr) == (2, True)


def test_a_history_is_listed_for_people_and_for_programs(site: Path) -> None:
    listed = run("history", "privacy-policy", cwd=site)
    assert listed.returncode == 0
    assert "  1.1    editorial  published 2026-11-22  effective 2026-11-22  in-force\n" in listed.stdout
    told = json.loads(run("history", "--json", cwd=site).stdout)
    assert {name: [row["version"] for row in rows] for name, rows in told.items()} == {
        "privacy-policy": ["1.1", "1.0"],
        "notice": ["1.1", "1.0"],
    }
    assert told["privacy-policy"][0]["previous"] == told["privacy-policy"][1]["row"]


def test_what_was_in_force_on_a_day_can_be_asked(site: Path) -> None:
    on = json.loads(run("history", "privacy-policy", "--on", "2026-11-22", "--json", cwd=site).stdout)
    assert [row["version"] for row in on["privacy-policy"]] == ["1.1"]
    assert run("history", "privacy-policy", "--on", "2026-11-21", cwd=site).stdout == "privacy-policy: none\n"


def test_an_edited_register_or_text_or_page_does_not_verify(site: Path) -> None:
    run("build", cwd=site)
    (site / "dist/extra.txt").write_text("")
    done = run("verify", cwd=site)
    assert (done.returncode, done.stderr) == (
        0,
        "extra.txt: warning: file.extra: the manifest does not name this file\n    see who put it there\n",
    )
    assert run("verify", "--strict", cwd=site).returncode == 1
    (site / "dist/404.html").write_text("")
    edit(site / "content/privacy-policy/releases.yaml", "word for word", "more or less")
    done = run("verify", cwd=site)
    assert done.returncode == 1
    assert (
        "content/privacy-policy/releases.yaml: register.row: the row of 1.0 (material) has been edited" in done.stderr
    )
    assert "404.html: file.changed: " in done.stderr
    assert "content: 2 releases in 1 registers: problems: 1" in done.stdout
    told = json.loads(run("verify", "--json", cwd=site).stdout)
    assert [problem["code"] for problem in told["problems"]] == ["register.row", "file.changed", "file.extra"]
    assert told["checked"][str(Path("dist"))]["registers"].keys() == {"privacy-policy", "notice"}


def test_a_copy_of_a_site_is_verified_without_its_sources(site: Path, tmp_path: Path) -> None:
    run("build", "--out", tmp_path / "copy", cwd=site)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = run("verify", tmp_path / "copy", cwd=elsewhere)
    assert done.returncode == 0
    assert "content" not in done.stdout
    assert "4 releases in 2 registers: all hold" in done.stdout
    assert "source.no-site" in run("verify", cwd=elsewhere).stderr
    assert "manifest.missing" in run("verify", elsewhere, cwd=site).stderr
    done = run("verify", elsewhere / "none", cwd=site)
    assert (done.returncode, "none' does not exist" in done.stderr) == (2, True)


def test_a_register_that_was_shortened_after_it_was_built_does_not_verify(site: Path) -> None:
    run("build", cwd=site)
    register = site / "content/privacy-policy/releases.yaml"
    text = register.read_text("utf-8")
    register.write_text(text[: text.index("  - version: 1.1")], "utf-8")
    (site / "content/privacy-policy/releases/1.1.md").unlink()
    done = run("verify", cwd=site)
    assert done.returncode == 1
    assert "release.lost: privacy-policy 1.1 was built here as row " in done.stderr
