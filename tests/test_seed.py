"""Release 1.0 of this repository's own policy says what the captured page said, token for token."""

from __future__ import annotations

import re

import pytest

from generator import build
from tests import markup as html
from tests.trees import ROOT, TODAY, built, shipped

SEED = (ROOT / "tests/fixtures/privacy-policy.seed.txt").read_text(encoding="utf-8")
NAVIGATION = ("Home", "Help Center")  # scraped with the text; site.yaml holds them
FILES = built(shipped()).files


def tokens(text: str) -> list[str]:
    """Words, numbers and punctuation, without the dash of a list."""
    return re.findall(r"\w+|[^\w\s]", re.sub(r"^[ ]*- ", "", text, flags=re.MULTILINE))


def seed_lines() -> list[str]:
    return [line for line in SEED.splitlines() if line not in NAVIGATION]


def article(path: str) -> str:
    return html.read(FILES[path]).text("article", "policy")


def test_the_page_of_1_0_says_the_seed_token_for_token() -> None:
    assert tokens(article("privacy-policy/1.0/index.html")) == tokens("\n".join(seed_lines()))


def test_the_plain_text_of_1_0_says_the_seed_token_for_token() -> None:
    assert tokens(FILES["privacy-policy/1.0.txt"].decode()) == tokens("\n".join(seed_lines()))


def test_the_plain_text_of_1_0_has_the_lines_of_the_seed() -> None:
    lines = [line for line in FILES["privacy-policy/1.0.txt"].decode().splitlines() if line]
    assert lines == seed_lines()


def test_the_scraped_navigation_is_the_sites_and_not_the_policys() -> None:
    assert [line for line in SEED.splitlines() if line in NAVIGATION] == list(NAVIGATION)
    site = build.load(shipped(), today=TODAY).site
    assert tuple(link.label for link in site.navigation) == NAVIGATION
    assert not any(name in article("privacy-policy/1.0/index.html") for name in NAVIGATION)


def test_numbers_and_letters_are_computed_and_come_out_as_in_the_seed() -> None:
    document = build.load(shipped(), today=TODAY).policies[0].releases[0].document
    numbers = [section.number for section in document.sections if section.id]
    expected = [*(f"{n}." for n in range(1, 5)), *(f"{letter}." for letter in "abcdef")]
    expected += [*(f"{n}." for n in range(5, 20)), *(f"19.{n}" for n in range(1, 10))]
    assert numbers == expected
    in_seed = [match[1] for line in seed_lines() if (match := re.match(r"(\d+\.\d+|\d+\.|[a-f]\.) ", line))]
    assert numbers == in_seed


def test_no_number_is_written_into_the_source_of_1_0() -> None:
    frozen = shipped().text("content/privacy-policy/releases/1.0.md")
    assert not re.findall(r"^#+ (?:\d|[a-z]\.)", frozen, flags=re.MULTILINE)


def test_1_1_mends_the_broken_text_and_nothing_else() -> None:
    old, new = (FILES[f"privacy-policy/{version}.txt"].decode() for version in ("1.0", "1.1"))
    for broken in ("itsths.com.so", "laws,if", "case of lose", "submitted either"):
        assert broken in old
        assert broken not in new
    changed = [pair for pair in zip(old.splitlines(), new.splitlines(), strict=True) if pair[0] != pair[1]]
    assert len(changed) == 5


def test_the_draft_says_what_it_awaits_and_does_not_presume_acceptance() -> None:
    draft = built(shipped(), drafts=True)
    page = html.read(draft.files["privacy-policy/draft/index.html"])
    assert "awaits approval by ITSTHS" in page.text("main")
    assert "Continued use of services indicates acceptance" in article("privacy-policy/1.1/index.html")
    assert "indicates acceptance" not in page.text("article", "policy")
    assert "privacy-policy/draft/index.html" not in FILES


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_the_markdown_copy_is_the_frozen_file_byte_for_byte(version: str) -> None:
    path = f"privacy-policy/{version}.md"
    assert FILES[path] == (ROOT / f"content/privacy-policy/releases/{version}.md").read_bytes()
