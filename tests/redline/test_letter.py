"""The file to mail: it holds all it needs, leads nowhere by chance, and reads in its text's direction."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generator import documents
from generator.documents import Document
from generator.redline import letter
from generator.redline.diff import compare
from generator.redline.reports import Side
from tests.browser.preview import POLICY
from tests.markup import read
from tests.trees import document, shipped


def file(old: Document, new: Document, home: str = "") -> str:
    look = shipped()
    return letter.html(compare(old, new), Side("1.0", old), Side("draft", new), look.templates, look.static, home)


def test_it_asks_for_nothing_runs_nothing_and_its_policy_names_its_own_stylesheet() -> None:
    html = file(document("![seal](/static/a.png) We keep it.\n"), document("We sell it.\n"))
    page = read(html.encode())
    assert not [tag for tag in page.tags if tag.name in ("script", "link", "iframe", "object")]
    assert not [name for name in ("style", "onclick", "srcset") if page.values(name)]
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert "url(" not in style and "@import" not in style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page.values("content")


def test_it_names_both_texts_as_they_were_asked_for_and_their_hashes() -> None:
    old, new = document("We keep it.\n"), document("We sell it.\n")
    page = read(file(old, new).encode())
    assert "What changed: 1.0 to draft" in page.text("h1")
    for text in (old, new):
        assert hashlib.sha256(text.source.encode()).hexdigest() in page.text("dl", "pair")


@pytest.mark.parametrize(("home", "hrefs"), [("", []), ("https://a.example", ["https://a.example/cookies/"])])
def test_a_link_to_the_site_itself_leads_to_it_or_nowhere(home: str, hrefs: list[str]) -> None:
    page = read(file(document("x\n"), document("[a](/cookies/) [b](../x) [c](#d)\n"), home).encode())
    found = [href for href in page.values("href") if not href.startswith("#")]
    assert sorted(set(found)) == hrefs


@pytest.mark.parametrize(
    ("front", "body", "page_language", "text"),
    [
        ("title: T\nlanguage: ar\n", "نحن لا نبيع.", ("ar", "rtl"), ("ar", "rtl")),
        ("title: T\nlanguage: fa\n", "ما نمی‌فروشیم.", ("en", "ltr"), ("fa", "rtl")),
        ("", "ہم آپ کا ڈیٹا فروخت نہیں کرتے۔", ("en", "ltr"), ("", "rtl")),
        ("", "We sell nothing (نحن).", ("en", "ltr"), ("", "ltr")),
    ],
)
def test_it_speaks_the_texts_language_where_it_can_and_always_reads_in_its_direction(
    front: str, body: str, page_language: tuple[str, str], text: tuple[str, str]
) -> None:
    head = f"---\n{front}---\n" if front else ""
    old, new = (documents.read(f"{head}{words}\n", "a.md") for words in (body, body + " 2"))
    tags = read(file(old, new).encode()).tags
    of_text = next(tag for tag in tags if "redline" in tag.attributes.get("class", "").split())
    for tag, expected in ((tags[0], page_language), (of_text, text)):
        assert (tag.attributes["lang"], tag.attributes["dir"]) == expected


LINK = "[link](https://e.com/a_(b)) "
PIECES = st.sampled_from(
    [
        f"{LINK * 3}2.1 partners and cookies (a) your\n",
        "#### cookies {#x8}\n",
        "## Who we are and what we keep of you\n\n",
        "[x](/y)\n",
        "We keep what you tell us for thirty days and no longer.\n\n",
        "- You may object at any time, and that is free of charge.\n",
        "1. You may ask for a copy of all that we hold of you.\n",
        "```\nset one two three four five six seven\n```\n\n",
        "| Name | Kept |\n|---|---|\n| session | for as long as you stay with us here |\n\n",
        "[law]: https://example.com/one/two/three/four/five/six\n\n",
    ]
)


@st.composite
def reordered(draw: st.DrawFn) -> tuple[str, str]:
    pieces = draw(st.lists(PIECES, min_size=2, max_size=9))
    return "".join(pieces), "".join(draw(st.permutations(pieces)))


@given(reordered())
@example(
    (f"{LINK * 3}2.1 of your\n#### cookies {{#x8}}\n[x](/y)", f"#### cookies {{#x8}}\n {LINK * 3}2.1 of your\n[x](/y)")
)
@settings(max_examples=50, deadline=None)
def test_a_link_within_the_file_leads_somewhere(pair: tuple[str, str]) -> None:
    tags = read(file(documents.read(pair[0], "a.md"), documents.read(pair[1], "b.md")).encode()).tags
    ids = [tag.attributes["id"] for tag in tags if "id" in tag.attributes]
    assert len(ids) == len(set(ids))
    hrefs = {tag.attributes["href"][1:] for tag in tags if tag.attributes.get("href", "").startswith("#")}
    assert hrefs <= set(ids)


def test_files_without_a_site_can_be_compared(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n\nOne.\n")
    (tmp_path / "b.md").write_text("# A\n\nTwo.\n")
    words = [str(POLICY), "diff", "a.md", "b.md", "--format", "html"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, env={**os.environ}, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    page = read(done.stdout.encode())
    assert page.text("div", "as-one") == "Removed: OneAdded: Two."


def test_a_text_of_the_same_words_says_so() -> None:
    page = read(file(document("x\n"), document("x\n")).encode())
    assert "No section was changed." in page.text("div", "opening")
    assert not page.values("data-walk")
