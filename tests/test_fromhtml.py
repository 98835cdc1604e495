"""Web pages: the text comes in, the site around it stays out, and both are told."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from generator import importer
from generator.documents import parse
from generator.errors import SourceError
from tests.reading import headings, shown, words


def read(page: str) -> tuple[str, list[str]]:
    made = importer.read(page.encode(), "x.html")
    return made.text, [str(note) for note in made.notes]


def body(fragment: str) -> str:
    return read(f"<h2>H</h2>{fragment}")[0].split("{#h}\n")[1].strip()


PAGE = """\
<!doctype html>
<html lang="en-GB"><head><title>Privacy | Acme</title><meta name="description" content="What we do.">
<style>p { color: red }</style><script>track()</script></head><body>
<header><a href="/">Acme</a></header>
<nav><a href="/a">Products</a></nav>
<div id="cookie-banner">We use cookies <button>OK</button></div>
<main><h1>Privacy Policy</h1>
<p>Hello <b>bold</b> and <em>it</em>, see <a href="#s2">section 2</a>.<br>Next line.<!-- later --></p>
<h2 id="s1">1. Scope</h2><p>Text <img src="a.png" alt="a pen"> goes on.</p>
<h2 id="s2">2. Data</h2><p hidden>secret</p><p>End.</p>
</main><footer>© Acme</footer></body></html>
"""


def test_a_saved_page() -> None:
    made, notes = read(PAGE)
    assert (
        made
        == """\
---
title: Privacy Policy
language: en-GB
description: >-
  What we do.
---

Hello **bold** and *it*, see [section 2](#data).\x20\x20
Next line.

## Scope {#scope}

Text goes on.

## Data {#data}

End.
"""
    )
    assert sorted(notes) == sorted([
        "x.html:4: stripped.navigation: 1 words: “Acme”",
        "x.html:5: stripped.navigation: 1 words: “Products”",
        "x.html:6: stripped.cookie-banner: 4 words: “We use cookies OK”",
        "x.html:8: stripped.comment: 1 words: “later”",
        "x.html:9: stripped.image: an image, “a pen”",
        "x.html:10: stripped.hidden: 1 words: “secret”",
        "x.html:11: stripped.navigation: 2 words: “© Acme”",
        "x.html: stripped.numbers: the numbers of 2 headings: they are computed now",
    ])  # fmt: skip


def test_without_a_main_part_scripts_and_styles_are_counted() -> None:
    _, notes = read("<body><h2>A</h2><script>1</script>\n<p>Text.</p><style>b</style><script>2</script></body>")
    assert "x.html: stripped.script: 2 × script without words" in notes
    assert "x.html: stripped.style: 1 × style without words" in notes


BLOCKS = {
    "nested lists": ("<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n    - b\n- c"),
    "numbered lists": ('<ol start="3"><li>a<ol><li>b</ol><li>c</ol>', "3. a\n    1. b\n4. c"),
    "letters stay": ("<ol type=a><li>x<li>y</ol>", "- a. x\n- b. y"),
    "paragraphs of an item": ("<ul><li><p>a</p><p>b</p></li></ul>", "- a\n\n    b"),
    "two lists": ("<ul><li>a</ul><ol><li>b</ol>", "- a\n\n1. b"),
    "a table": (
        "<table><tr><th>A<th>B|b<tr><td>1<br>2<td><p>3</p></table>",
        "| A | B\\|b |\n| --- | --- |\n| 1 2 | 3 |",
    ),
    "merged cells": (
        "<table><tr><th colspan=2>A<tr><td rowspan=2>1<td>2<tr><td>3</table>",
        "| A |  |\n| --- | --- |\n| 1 | 2 |\n|  | 3 |",
    ),
    "a table of one column is text": ("<table><tr><td>a<tr><td>b</table>", "a\n\nb"),
    "definitions": ("<dl><dt>a<dd>b</dl>", "**a**\n\nb"),
    "quotations": ("<blockquote>a<p>b</blockquote>", "> a\n\n> b"),
    "code": ("<pre>a  *b*</pre><p>say <code>c_d</code></p>", "```\na  *b*\n```\n\nsay `c_d`"),
    "words that look like marks": ("<p># a *b* &lt;i> # c</p><p>1. d</p>", "\\# a \\*b\\* &lt;i> # c\n\n1\\. d"),
    "white space": ("<p> a\n  b <b> c </b>d</p>", "a b **c** d"),
    "links": ('<a href="/a (b)">x <i>y</i></a> <a href="javascript:z()">z</a>', "[x *y*](/a%20%28b%29) z"),
    "loose text between blocks": ("a<p>b</p>c<div>d</div>", "a\n\nb\n\nc\n\nd"),
    "a variable": ("<p>{{ name }}</p>", "{\\{ name }}"),
}


@pytest.mark.parametrize(("fragment", "expected"), BLOCKS.values(), ids=BLOCKS.keys())
def test_blocks(fragment: str, expected: str) -> None:
    assert body(fragment) == expected


def test_sections_in_a_numbered_list_keep_their_numbers() -> None:
    made, _ = read("<ol><li><h3>A</h3><p>x</p></li><li><h3>B</h3><p>y</p></li></ol>")
    assert headings(parse(made, "x")) == [(2, "1.", "A"), (2, "2.", "B")]


def test_bold_lines_are_headings_only_where_there_are_no_others() -> None:
    made, notes = read("<h1>T</h1><p><b>A</b></p><p>x.</p><p><b>B</b></p><p>y <b>z</b>.</p>")
    assert headings(parse(made, "x")) == [(2, "", "A"), (2, "", "B")]
    assert "x.html:1: unsure.heading: “A” is taken for a heading" in notes
    assert body("<p><b>Bold</b></p>") == "**Bold**"


def test_a_section_about_cookies_is_no_banner() -> None:
    assert "We set cookies." in body('<section class="cookie-consent"><p>We set cookies.</p></section>')


@pytest.mark.parametrize("around", ["form", "div hidden", "div class='gdpr'", "div role=dialog"])
def test_what_holds_most_of_the_page_is_the_text(around: str) -> None:
    made, _ = read(
        f"<nav>A b</nav><{around}><h2>A</h2><p>We write a few words.<button>More</button></p></{around.split()[0]}>"
    )
    assert "We write a few words." in made


def test_a_section_may_be_called_as_parts_of_pages_are() -> None:
    made, _ = read(
        "<p>Long words before it go on and on.</p><section id='how-we-share'><h2>A</h2><p>We share.</p></section>"
    )
    assert "We share." in made


def test_struck_text_is_told() -> None:
    _, notes = read("<h2>A</h2><p><s>old</s></p>")
    assert [note.split(": ")[1] for note in notes] == ["unsure.struck", "unsure.title"]


@pytest.mark.parametrize(
    ("page", "message"), [("<!-- x -->", "there is no text"), ("<div>" * 1500 + "deep", "lie too deep")]
)
def test_what_is_no_page_of_text(page: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read(page)


TAGS = st.sampled_from(
    re.findall(r"\w+", "p div ul ol li h2 h3 b i em a span table tr td th blockquote pre code br q dl dt dd s sup")
)
NODES = st.recursive(
    st.sampled_from(
        ["word", "two words", " ", "*", "_", "a_b", "1. ", "- ", "#", "&lt;b&gt;", "[x](y)", "{a}", "|", "`", "\n"]
    ),
    lambda inner: st.tuples(TAGS, st.lists(inner, max_size=4)).map(lambda n: f"<{n[0]}>{''.join(n[1])}</{n[0]}>"),
    max_leaves=20,
)


@given(st.lists(NODES, min_size=1))
def test_no_word_is_lost(nodes: list[str]) -> None:
    page = f"<h1>Title</h1><p>Start.</p>{''.join(nodes)}<p>End.</p>"
    tree = html.document_fromstring(page)
    made, _ = read(page)
    assert "".join(words(shown(made))) == "".join(words(tree.text_content()))
