"""Web pages: the text comes in, the site around it stays out, and both are told."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from generator.documents import parse
from generator.errors import SourceError
from generator.importing import importer
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
    "numbers no list has": (
        "<ol start=99999999999 type=a><li>a</ol><ol start=999999999 type=i><li>b</ol>"
        f"<ol start={'9' * 5000}><li value=0>c<li value=702>d</ol><ol start=394 type=I><li>e</ol>",
        "- a. a\n\n999999999. b\n\n- 0. c\n\n702. d\n\n- CCCXCIV. e",
    ),
    "letters stay": ("<ol type=a><li>x<li>y</ol>", "- a. x\n- b. y"),
    "letters by their style": ("<ol style='list-style-type: upper-roman'><li>x<li>y</ol>", "- I. x\n- II. y"),
    "numbers of items": ("<ol><li>x<li value=5>y<li>z</ol>", "1. x\n\n- 5. y\n\n6. z"),
    "a list in a cell": (
        "<table><tr><th>A<th>B<tr><td>1<td><ul><li>x<li>y</ul></table>",
        "| A | B |\n| --- | --- |\n| 1 | • x • y |",
    ),
    "raised numbers": ("<p>word<sup>1</sup> 2<sup>nd</sup></p>", "word¹ 2nd"),
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


GOOGLE = """\
<html><body class="doc-content"><p class="c0 title" id="h.t"><span>Terms of Service</span></p>
<p>See our <a href="https://www.google.com/url?q=https://acme.example/p?a%3D1&amp;sa=D&amp;ust=17">policy</a>.</p>
<h1 id="h.a"><span>1. Use</span></h1><p>You must:</p>
<ul class="c1 lst-kix_a-0 start"><li>be 18</li></ul><ul class="c1 lst-kix_a-1 start"><li>or ask a parent</li></ul>
<ul class="c1 lst-kix_a-0"><li>be true<sup><a href="#cmnt1" id="cmnt_ref1">[a]</a></sup></li></ul>
<h1 id="h.b"><span>2. Fees</span></h1>
<p>As <a href="#h.a">above</a><sup><a href="#ftnt1" id="ftnt_ref1">[1]</a></sup>.</p>
<hr><div><p><a href="#ftnt_ref1" id="ftnt1">[1]</a><span>&nbsp;Amended.</span></p></div>
<div><p><a href="#cmnt_ref1" id="cmnt1">[a]</a><span>Keep this?</span></p></div></body></html>"""


def test_a_document_saved_from_google() -> None:
    made, notes = read(GOOGLE)
    assert (
        made
        == """\
---
title: Terms of Service
---

See our [policy](https://acme.example/p?a=1).

## Use {#use}

You must:

- be 18
    - or ask a parent
- be true

## Fees {#fees}

As [above](#use)[1].

---

[1] Amended.
"""
    )
    assert [note for note in notes if "comment" in note] == [
        "x.html:5: stripped.comment: 1 words: “[a]”",
        "x.html:9: stripped.comment: 3 words: “[a] Keep this?”",
    ]


WORD = """\
<html><head><title>Policy</title><!--[if gte mso 9]><xml></xml><![endif]--></head>
<body><p class=MsoTitle>Policy<o:p></o:p></p>
<h1>Definitions</h1>
<p class=MsoListParagraph><![if !supportLists]><span>1.<span>&nbsp; </span></span><![endif]>We means us.</p>
<p class=MsoListParagraph><![if !supportLists]><span>2.<span>&nbsp; </span></span><![endif]>You means you.</p>
</body></html>"""


def test_a_document_saved_from_word() -> None:
    made, notes = read(WORD)
    assert made == (
        "---\ntitle: Policy\nnumbering: none\n---\n\n## Definitions {#definitions}\n\n"
        "1. We means us.\n2. You means you.\n"
    )
    assert notes == []


def test_what_stands_around_the_text_is_left_out() -> None:
    around = (
        "<div class=top>Free shipping</div><ul class=navbar><li><a href=/>Home</a></ul><h1>Terms</h1><h2>A</h2>"
        "<p>These are the terms.</p><div class=sharedaddy>Share this</div><div id=footer>© Acme</div>"
        "<div class=cc-consent>We use cookies <a role=button>OK</a></div>"
    )
    made, notes = read(around)
    assert made.endswith("---\n\n## A {#a}\n\nThese are the terms.\n")
    assert [note.split(": ", 1)[1] for note in notes] == [
        "stripped.outside: 2 words: “Free shipping”",
        "stripped.navigation: 1 words: “Home”",
        "stripped.navigation: 2 words: “Share this”",
        "stripped.navigation: 2 words: “© Acme”",
        "stripped.cookie-banner: 4 words: “We use cookies OK”",
    ]


@pytest.mark.parametrize("how", ["hidden", "aria-hidden=true", "style='display: none'"])
def test_a_fold_of_the_text_is_kept_and_told(how: str) -> None:
    made, notes = read(
        f"<h2>A</h2><p {how}>Short remark</p><div {how}><p>This part is opened by a click on A.</p></div>"
    )
    assert made.endswith("## A {#a}\n\nThis part is opened by a click on A.\n")
    assert [note.split(": ", 1)[1] for note in notes][:2] == [
        "stripped.hidden: 2 words: “Short remark”",
        "unsure.hidden: hidden at first, and kept: “This part is opened by a click on A.”",
    ]


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


ACCORDION = (
    "<h1>T</h1><div class=accordion><h2><button aria-expanded=false>What we collect</button></h2>"
    "<div hidden><p>We collect the names of all who write to us.</p></div>"
    "<h2><button class=accordion-button>Why</button></h2><div hidden>To answer.</div></div><button>Print</button>"
)


def test_folds_open_by_buttons_that_are_headings() -> None:
    made, notes = read(ACCORDION)
    assert headings(parse(made, "x")) == [(2, "", "What we collect"), (2, "", "Why")]
    assert "We collect the names" in made
    assert "x.html:1: stripped.form: 1 words: “Print”" in notes
    assert "x.html:1: stripped.hidden: 2 words: “To answer.”" in notes


def test_two_line_breaks_part_paragraphs() -> None:
    made, _ = read("<h1>T</h1><b>1. Scope</b><br><br>We write.<br>\n And more.<br><br><b>2. Law</b><br><br>Ours.")
    assert made.endswith("## Scope {#scope}\n\nWe write.  \nAnd more.\n\n## Law {#law}\n\nOurs.\n")


@given(st.lists(NODES, min_size=1))
def test_no_word_is_lost(nodes: list[str]) -> None:
    page = f"<h1>Title</h1><p>Start.</p>{''.join(nodes)}<p>End.</p>"
    tree = html.document_fromstring(page)
    made, _ = read(page)
    assert "".join(words(shown(made))) == "".join(words(tree.text_content()))
