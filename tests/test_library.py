"""Sources become a library, or every problem of the whole site at once."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from generator import build, sources, words
from generator.errors import FrozenTextChanged, PolicyError, SourceError
from generator.sources import Sources
from tests.trees import CONSENT, ROOT, SITE, TERMS, TODAY, Frozen, make_sources, policy_files, shipped, with_banner


def codes(made: Sources) -> list[tuple[str, str]]:
    with pytest.raises(PolicyError) as caught:
        build.load(made, today=TODAY)
    return [(problem.code, str(problem.where)) for problem in caught.value.problems]


def test_the_problems_of_all_policies_are_told_at_once() -> None:
    bad = TERMS + "\n## Scope {#scope}\n"
    made = make_sources(
        SITE + "  - privacy\n  - more\n",
        {"content/terms/policy.md": bad.encode(), "content/privacy/policy.md": b"no front matter"},
    )
    assert codes(made) == [
        ("policy.duplicate-id", "content/terms/policy.md:15"),
        ("policy.front-matter", "content/privacy/policy.md:1"),
        ("policy.missing", "content/more/policy.md"),
    ]


def test_a_broken_notice_is_told_without_blaming_the_policy_for_its_variables() -> None:
    made = with_banner(content=policy_files("terms", [Frozen(TERMS)], TERMS + "\n{{ cookie_table }} {{ typo }}\n"))
    path = "content/notice/releases/1.0.json"
    changed = dataclasses.replace(made, content={**made.content, path: made.content[path] + b" "})
    assert codes(changed) == [("release.changed", path)]


def test_a_frozen_text_that_changed_is_told_apart_from_other_mistakes() -> None:
    made = make_sources()
    path = "content/terms/releases/1.0.md"
    with pytest.raises(FrozenTextChanged):
        build.load(dataclasses.replace(made, content={**made.content, path: b"x"}), today=TODAY)
    with pytest.raises(SourceError):
        build.load(dataclasses.replace(made, content={}), today=TODAY)


@pytest.mark.parametrize("path", ["content/terms/policy.md", "content/terms/releases.yaml"])
def test_a_text_that_is_not_utf_8_is_named_with_its_line(path: str) -> None:
    made = make_sources()
    broken = {**made.content, path: b"---\ntitle: \xe9\n---\n"}
    assert codes(dataclasses.replace(made, content=broken)) == [("source.encoding", f"{path}:2")]


def test_a_site_in_a_form_of_a_language_has_the_words_of_the_language() -> None:
    made = with_banner(SITE.replace("url:", "language: en-GB\nurl:") + CONSENT)
    built = build.build(made, today=TODAY)
    assert b'<html lang="en-GB" dir="ltr">' in built.files["cookies/index.html"]
    assert built.library.notice is not None
    assert built.library.notice.data["languages"] == ["en-GB"]


def test_a_language_without_words_is_named_with_those_there_are() -> None:
    assert codes(make_sources(SITE.replace("url:", "language: pt\nurl:"))) == [("words.missing", "site.yaml")]


@pytest.mark.parametrize(
    ("language", "first", "other"),
    [
        ("en", "1 March 2026", "22 November 2026"),
        ("ar", "1 مارس 2026", "22 نوفمبر 2026"),
        ("de", "1. März 2026", "22. November 2026"),
        ("es", "1 de marzo de 2026", "22 de noviembre de 2026"),
        ("fr", "1er mars 2026", "22 novembre 2026"),
        ("ur", "1 مارچ 2026", "22 نومبر 2026"),
    ],
)
def test_a_date_is_written_as_readers_of_the_language_write_it(language: str, first: str, other: str) -> None:
    say = words.load(shipped().templates, language)
    assert [said.replace("\u00a0", " ") for said in (say.day("2026-03-01"), say.day("2026-11-22"))] == [first, other]


def test_words_that_are_not_complete_are_named_before_a_page_lacks_them() -> None:
    english = shipped().templates["words/en.yaml"]
    portuguese = english.replace('history_title: "All versions"\n', "")
    made = make_sources(SITE.replace("url:", "language: pt\nurl:"))
    templates = {**made.templates, "words/pt.yaml": portuguese}
    with pytest.raises(
        SourceError, match=r"templates/words/pt.yaml: words.incomplete: there is no text 'history_title'"
    ):
        build.load(dataclasses.replace(made, templates=templates), today=TODAY)


@pytest.mark.parametrize(
    ("text", "expected"), [("a: [", "yaml.syntax"), ("- a", "yaml.wrong-type"), ("", "yaml.wrong")]
)
def test_words_that_are_no_yaml_are_named_and_not_a_traceback(text: str, expected: str) -> None:
    with pytest.raises(SourceError, match=expected):
        words.load({**shipped().templates, "words/pt.yaml": text}, "pt")


def test_a_word_with_an_apostrophe_is_escaped_once() -> None:
    english = shipped().templates["words/en.yaml"].replace('"All versions"', '"L\'histoire & co"')
    made = make_sources()
    templates = {**made.templates, "words/en.yaml": english}
    page = build.build(dataclasses.replace(made, templates=templates), today=TODAY).files["terms/history/index.html"]
    assert "<title>Terms: L&#39;histoire &amp; co – Example policies</title>" in page.decode()
    assert b"&amp;#39;" not in page


def test_the_banner_speaks_from_the_notice_in_force_and_with_drafts_from_the_one_declared() -> None:
    made = with_banner()
    changed = dataclasses.replace(made, site=made.site.replace("Counts visits.", "Counts."))
    published, ahead = (build.load(changed, today=TODAY, drafts=drafts).notice for drafts in (False, True))
    assert published and published.data["version"] == "1.0"
    assert ahead and ahead.data["version"] == "1.1"


# From disk


def test_a_folder_without_site_yaml_is_no_site(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"source\.no-site"):
        sources.read(tmp_path)


@pytest.mark.parametrize("path", ["site.yaml", "templates/index.html", "templates/words/en.yaml"])
def test_a_source_on_disk_that_is_not_utf_8_is_named_and_not_a_traceback(tmp_path: Path, path: str) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_bytes(b"title: a\n\xff")
    with pytest.raises(SourceError, match=f"{path}:2: source.encoding"):
        sources.read(tmp_path)


def test_a_sites_own_look_wins_file_by_file_and_hidden_files_are_not_read(tmp_path: Path) -> None:
    for path, text in {
        "site.yaml": SITE,
        "static/style.css": "own",
        "static/.DS_Store": "x",
        "static/.git/config": "x",
        "templates/404.html": "mine",
        "content/terms/policy.md": TERMS,
        "content/terms/.policy.md.swp": "x",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    read = sources.read(tmp_path)
    assert (read.static["style.css"], read.templates["404.html"]) == (b"own", "mine")
    assert read.static["icon.svg"] == (ROOT / "static/icon.svg").read_bytes()
    assert read.templates["index.html"] == shipped().templates["index.html"]
    assert list(read.content) == ["content/terms/policy.md"]
    assert not any("/." in f"/{name}" for name in read.static)
