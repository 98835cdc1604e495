"""`policy import --git`, on repositories that git itself makes here."""

from __future__ import annotations

import os
import subprocess
from datetime import date
from pathlib import Path

import pytest

from generator import history
from generator.documents import parse
from generator.errors import SourceError
from generator.importing import githistory
from tests.reading import shown, words
from tests.test_cli import run
from tests.trees import SITE

OWN = "---\ntitle: Terms\n---\n\n## Scope {#scope}\n\nThese terms apply to everybody who uses the site.\n"
FOREIGN = "# Terms\n\n### Scope\n\nThese terms apply to everybody who uses the site.\n\n### Price\n\nTen euros.\n"


class Repository:
    """A repository whose commits have the days they are told to have."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, day: str = "2020-01-01", committed: str = "") -> str:
        days = {"GIT_AUTHOR_DATE": day, "GIT_COMMITTER_DATE": committed or day}
        clock = {name: day if day.startswith("@") else f"{day}T12:00:00+00:00" for name, day in days.items()}
        names = {f"GIT_{who}_{what}": "x@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env={**os.environ, **clock, **names, "GIT_CONFIG_GLOBAL": os.devnull},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(
        self, text: str | bytes | None, day: str, *, name: str = "terms.md", subject: str = "", committed: str = ""
    ) -> str:
        """Write the file (None: take it away) and commit everything; the commit's id."""
        path = self.folder / name
        if text is None:
            path.unlink()
        else:
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.git("add", "--all")
        self.git(
            "commit", "--quiet", "--allow-empty", "--allow-empty-message", "-m", subject, day=day, committed=committed
        )
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def read(repository: Repository, name: str = "terms.md", *material: str) -> githistory.History:
    made = githistory.read(Path(name), "terms", repo=repository.folder, material=material)
    register = made.files["content/terms/releases.yaml"].decode()
    assert history.load(register, "releases.yaml").releases == made.releases
    return made


def told(made: githistory.History) -> list[str]:
    return [f"{note.code}: {note.message}" for note in made.notes]


def test_texts_that_can_be_read_are_released_byte_for_byte(repository: Repository) -> None:
    texts = [OWN, OWN.replace("everybody", "all"), OWN.replace("\n", "\r\n"), "\ufeff" + OWN]
    ids = [repository.commit(text, f"2020-01-0{n}", subject=f"Change {n}") for n, text in enumerate(texts, 1)]
    made = read(repository)
    assert [str(r.version) for r in made.releases] == ["1.0", "1.1", "1.2", "1.3"]
    assert [made.files[f"content/terms/releases/1.{n}.md"].decode() for n in range(4)] == texts
    assert made.files["content/terms/policy.md"].decode() == texts[-1]
    assert [r.summary for r in made.releases] == [f"Change {n}" for n in range(1, 5)]
    assert all(sha in r.note and "Nobody has classified" in r.note for sha, r in zip(ids, made.releases, strict=True))
    assert made.notes == ()


def test_other_texts_are_mended_and_keep_their_words(repository: Repository) -> None:
    sha = repository.commit(FOREIGN, "2020-01-01", subject="First")
    made = read(repository)
    text = made.files["content/terms/releases/1.0.md"].decode()
    assert words(shown(text)) == words(FOREIGN)
    assert "numbering: none" in text and parse(text, "x").meta.title == "Terms"
    assert "its words are those of the commit" in made.releases[0].note
    assert str(made.notes[0]).startswith(
        f"terms.md@{sha[:10]}: mended.form: written anew: the file has no front matter"
    )


def test_a_branch_counts_once_when_it_is_merged(repository: Repository) -> None:
    repository.commit(OWN, "2020-01-01", subject="First")
    repository.git("checkout", "--quiet", "-b", "branch")
    repository.commit(OWN + "\nA draft.\n", "2020-01-02", subject="Draft")
    repository.commit(OWN + "\nA better draft.\n", "2020-01-03", subject="Better")
    repository.git("checkout", "--quiet", "main")
    repository.commit("x", "2020-01-04", name="other.md", subject="Other")
    repository.git("merge", "--quiet", "--no-ff", "-m", "Merge the draft", "branch", day="2020-01-05")
    made = read(repository)
    assert [(r.summary, r.published.day) for r in made.releases] == [("First", 1), ("Merge the draft", 5)]


def test_a_renamed_file_keeps_its_history(repository: Repository) -> None:
    repository.commit(OWN, "2020-01-01", name="old name.md", subject="First")
    repository.git("mv", "old name.md", "terms.md")
    repository.commit(OWN, "2020-01-02", subject="Rename")
    repository.commit(OWN + "\nMore.\n", "2020-01-03", subject="More")
    made = read(repository)
    assert [r.summary for r in made.releases] == ["First", "More"]
    assert told(made) == ["skipped.same: readers saw the text of the release before"]


def test_a_page_that_became_markdown_is_one_history(repository: Repository) -> None:
    words_of_it = (
        "<p>These terms apply to everybody who uses the site, at any time, from anywhere, for any purpose.</p>"
    )
    page = f"<h1>Terms</h1>\n<h2>1. Scope</h2>\n{words_of_it}\n"
    repository.commit(page, "2020-01-01", name="old terms.html", subject="A page")
    repository.git("mv", "old terms.html", "terms.md")
    repository.commit(f"# Terms\n## 1. Scope\n{words_of_it}\n", "2020-01-02", subject="Markdown")
    repository.commit(f"# Terms\n## 1. Scope\n{words_of_it}\nMore.\n", "2020-01-03", subject="More")
    made = read(repository)
    assert [r.summary for r in made.releases] == ["A page", "More"]
    assert made.files["content/terms/releases/1.0.md"].startswith(
        b"---\ntitle: Terms\nnumbering: none\n---\n\n## 1. Scope"
    )


def test_a_file_whose_folder_is_gone_still_has_its_history(repository: Repository) -> None:
    (repository.folder / "legal docs").mkdir()
    repository.commit(OWN, "2020-01-01", name="legal docs/our terms.md")
    (repository.folder / "legal docs/our terms.md").unlink()
    (repository.folder / "legal docs").rmdir()
    repository.commit("x", "2020-01-02", name="other.md")
    made = githistory.read(repository.folder / "legal docs/our terms.md", "terms")
    assert len(made.releases) == 1
    assert told(made) == ["skipped.text: the file was taken away on 2020-01-02"]


def test_a_copy_of_another_file_has_a_history_of_its_own(repository: Repository) -> None:
    repository.commit(OWN, "2020-01-01", name="other.md", subject="Other")
    repository.commit(OWN, "2020-01-02", subject="Copied")
    repository.commit(OWN + "\nMore.\n", "2020-01-03", subject="More")
    made = read(repository)
    assert [r.summary for r in made.releases] == ["Copied", "More"]
    repository.commit(OWN + "\nBefore.\n", "2020-01-04", name="other.md")
    repository.commit(OWN + "\nBefore.\n", "2020-01-05", name="third.md", subject="Third")
    assert told(read(repository, "third.md")) == [
        "skipped.copy: the file began as a copy of other.md, whose own history is left out"
    ]


def test_dates_are_the_authors_and_take_effect_in_order(repository: Repository) -> None:
    repository.commit(OWN, "2020-03-01", subject="First")
    repository.commit(OWN + "\nLate.\n", "2020-02-01", committed="2020-04-01", subject="Applied late")
    repository.commit(OWN + "\nFuture.\n", "2037-01-01", committed="2020-05-01", subject="A clock ahead")
    made = read(repository)
    assert [(r.published, r.effective) for r in made.releases] == [
        (date(2020, 3, 1), date(2020, 3, 1)),
        (date(2020, 2, 1), date(2020, 3, 1)),
        (date(2020, 5, 1), date(2020, 5, 1)),
    ]
    assert "The release before is later" in made.releases[1].note
    assert "author date 2037-01-01" in made.releases[2].note


def test_a_date_beyond_all_calendars_is_not_believed(repository: Repository) -> None:
    far, edge = "@300000000000 +0000", "@253402318799 -0100"  # 9999-12-31T23:59:59-01:00
    repository.commit(OWN, far, committed="2020-05-01", subject="First")
    repository.commit(OWN + "\nMore.\n", "2020-06-01", committed=edge, subject="More")
    lost = repository.commit(OWN + "\nLost.\n", far, committed=edge, subject="Lost")
    made = read(repository)
    assert [(r.summary, r.published) for r in made.releases] == [
        ("First", date(2020, 5, 1)),
        ("More", date(2020, 6, 1)),
    ]
    assert "author date 11476-08-15T05:20:00+00:00." in made.releases[0].note
    [note] = made.notes
    assert str(note) == (
        f"terms.md@{lost[:10]}: skipped.date: its date is none of a calendar: 11476-08-15T05:20:00+00:00"
    )


def test_control_characters_in_subjects_are_left_out(repository: Repository) -> None:
    subjects = ["a\x01b", f"c\x01{'0' * 40}", f"\x01{'1' * 40}"]
    for n, subject in enumerate(subjects, 1):
        repository.commit(f"{OWN}\nText {n}.\n", f"2020-01-0{n}", subject=subject)
    assert [r.summary for r in read(repository).releases] == ["ab", f"c{'0' * 40}", "1" * 40]


def test_gaps_empty_and_binary_texts_are_passed_over_and_told(repository: Repository) -> None:
    repository.commit(OWN, "2020-01-01", subject="First")
    repository.commit(None, "2020-01-02", subject="Away")
    repository.commit(OWN, "2020-01-03", subject="Back")
    repository.commit("\n", "2020-01-04", subject="Empty")
    repository.commit(b"a\0b", "2020-01-05", subject="Binary")
    repository.commit(OWN + "\nMore.\n", "2020-01-06")
    made = read(repository)
    assert [r.published.day for r in made.releases] == [1, 6]
    assert made.releases[1].summary.endswith(", which has no subject.")
    assert told(made) == [
        "skipped.text: the file was taken away on 2020-01-02",
        "skipped.same: readers saw the text of the release before",
        "skipped.text: the file is empty",
        "skipped.text: this is no text",
    ]


def test_a_text_in_another_encoding_becomes_utf8(repository: Repository) -> None:
    repository.commit(OWN.replace("everybody", "Größe").encode("cp1252"), "2020-01-01")
    repository.commit(OWN.replace("everybody", "Größen").encode("utf-16"), "2020-01-02")
    made = read(repository)
    assert "Größe " in made.files["content/terms/releases/1.0.md"].decode()
    assert "Größen" in made.files["content/terms/releases/1.1.md"].decode()
    assert told(made) == [
        "mended.encoding: the text is read as cp1252, for it is not utf-8",
        "mended.encoding: the text is read as utf-16",
    ]


def test_commits_can_be_named_material(repository: Repository) -> None:
    ids = [repository.commit(f"{OWN}\nText {n}.\n", f"2020-01-0{n}", subject="x") for n in range(1, 5)]
    made = read(repository, "terms.md", ids[2][:8])
    assert [(str(r.version), r.kind) for r in made.releases] == [
        ("1.0", "material"), ("1.1", "editorial"), ("2.0", "material"), ("2.1", "editorial"),
    ]  # fmt: skip
    assert "Nobody has classified" not in made.releases[2].note
    with pytest.raises(SourceError, match="--material 0000 names none of the commits"):
        read(repository, "terms.md", "0000")
    same = repository.commit(f"{OWN}\nText 4.\n", "2020-01-05", name="copy.md", subject="unrelated")
    with pytest.raises(SourceError, match="names none"):
        read(repository, "terms.md", same[:10])


def test_a_commit_that_changed_nothing_for_readers_is_not_material(repository: Repository) -> None:
    repository.commit(FOREIGN, "2020-01-01")
    sha = repository.commit(f"<!-- a note -->\n{FOREIGN}", "2020-01-02")
    assert len(read(repository).releases) == 1
    with pytest.raises(
        SourceError, match=f"--material {sha} names none of the commits that changed something for readers"
    ):
        read(repository, "terms.md", sha)


def test_a_shallow_clone_warns(repository: Repository, tmp_path: Path) -> None:
    repository.commit(OWN, "2020-01-01")
    repository.commit(OWN + "\nMore.\n", "2020-01-02")
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.folder}", str(tmp_path / "shallow"))
    made = githistory.read(tmp_path / "shallow/terms.md", "terms")
    assert len(made.releases) == 1
    assert told(made)[0].startswith("git.shallow: this clone is shallow")


def test_what_has_no_history(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit(OWN, "2020-01-01")
    with pytest.raises(SourceError, match=r"none\.md: git\.no-history: no commit has changed this file"):
        read(repository, "none.md")
    with pytest.raises(SourceError, match="this is a folder"):
        read(repository, ".")
    with pytest.raises(SourceError, match=r"git\.failed: fatal: not a git repository"):
        githistory.read(tmp_path / "terms.md", "terms")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match=r"git\.missing: there is no program git"):
        read(repository)


def test_a_site_is_built_from_a_history(repository: Repository, tmp_path: Path) -> None:
    for n, text in enumerate([FOREIGN, FOREIGN.replace("Ten", "Twelve"), FOREIGN + "\nThe end.\n"], 1):
        repository.commit(text, f"2020-01-0{n}", subject=f"It's change {n}: “more”")
    site = tmp_path / "site"
    site.mkdir()
    (site / "site.yaml").write_text(SITE)
    done = run("import", "--git", repository.folder / "terms.md", cwd=site)
    assert (done.returncode, done.stdout) == (0, "")
    last = done.stderr.splitlines()[-1]
    assert last == "content/terms: 3 releases, 1.0 of 2020-01-01 to 1.2 of 2020-01-03; 3 notes"
    assert run("build", cwd=site).returncode == 0
    redline = (site / "dist/terms/changes/1.0...1.1/index.html").read_text()
    assert "<del>" in redline and "Twelve" in redline
    again = run("import", "--git", repository.folder / "terms.md", "--force", cwd=site)
    assert (again.returncode, "import.released: this policy has releases already" in again.stderr) == (1, True)
