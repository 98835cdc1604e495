"""Markdown from elsewhere becomes a policy: form mended, words kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import foreign, marked
from generator.documents import parse
from generator.errors import SourceError
from generator.marked import Marked, Meta
from tests.reading import codes, outline, shown, words


def convert(text: str, *, restructure: bool = False, title: str = "") -> str:
    return foreign.convert(Marked(text), "x.md", given=Meta(title), restructure=restructure)[0]


def notes(text: str, *, restructure: bool = False) -> list[str]:
    return [str(note) for note in foreign.convert(Marked(text), "x.md", restructure=restructure)[1]]


def headings(text: str, *, restructure: bool = False) -> list[tuple[int, str, str]]:
    return outline(parse(convert(text, restructure=restructure), "x.md"))


MINIMAL = {
    "a title is the front matter's": (
        "# Terms\n\nText.\n\n## One\n",
        "---\ntitle: Terms\nnumbering: none\n---\n\nText.\n\n## One\n",
    ),
    "other keys go": (
        "---\ntitle: Terms\nlayout: sheet\n---\n\n## One\n\nText.\n",
        "---\ntitle: Terms\nnumbering: none\n---\n\n## One\n\nText.\n",
    ),
    "levels start with two and skip none": (
        "---\ntitle: T\n---\n#### A\n\n###### B\n\n### C\n",
        "---\ntitle: T\nnumbering: none\n---\n\n## A\n\n### B\n\n## C\n",
    ),
    "ids are there but once": (
        "---\ntitle: T\n---\n## A\n\n## A\n\n## B {#a}\n",
        "---\ntitle: T\nnumbering: none\n---\n\n## A\n\n## A {#a-2}\n\n## B {#a-3}\n",
    ),
    "numbers stay as they were written": (
        "# T\n\n## 3. A\n\nText.\n",
        "---\ntitle: T\nnumbering: none\n---\n\n## 3. A\n\nText.\n",
    ),
    "underlined headings get their signs": (
        "T\n=\n\nA\n---\n\nText.\n",
        "---\ntitle: T\nnumbering: none\n---\n\n## A\n\nText.\n",
    ),
    "anchors become ids, and links follow": (
        '# T\n\n## <a name="x"></a>A\n\nSee [A](#x), [B](#b--c), [lost](#nowhere).\n\n## B & C\n',
        "---\ntitle: T\nnumbering: none\n---\n\n## A {#x}\n\nSee [A](#x), [B](#b-c), lost.\n\n## B & C\n",
    ),
    "anchors alone in a line go with it": (
        "# T\n\n## A\n\n- <a name='x'></a>\n  b\n- c\n\n<a name='y'></a>\nd\n",
        "---\ntitle: T\nnumbering: none\n---\n\n## A\n\n- b\n- c\n\nd\n",
    ),
    "attribute lists of other programs": (
        '# T\n\nMay 2020\n{: datetime="2020-05" }\n\n## A {: #own }\n',
        "---\ntitle: T\nnumbering: none\n---\n\nMay 2020\n\n\n## A {#own}\n",
    ),
    "words in braces stay words": (
        "# T\n\n## A {b}\n",
        "---\ntitle: T\nnumbering: none\n---\n\n## A {b} {#a-b}\n",
    ),
    "references are written out": (
        "# T\n\n## A\n\nSee [the site][1] and [2].\n\n[1]: https://example.com/\n",
        "---\ntitle: T\nnumbering: none\n---\n\n## A\n\nSee [the site](https://example.com/) and [2].\n",
    ),
    "variables are words": (
        "# T\n\n## A\n\nUse {{ name }}.\n",
        "---\ntitle: T\nnumbering: none\n---\n\n## A\n\nUse {\\{ name }}.\n",
    ),
    "code is left alone": (
        "# T\n\n## A\n\n```\n# no heading <b> {{ x }}\n```\n\nSay `<b>`.\n",
        "---\ntitle: T\nnumbering: none\n---\n\n## A\n\n```\n# no heading <b> {{ x }}\n```\n\nSay `<b>`.\n",
    ),
    "images of others are links": (
        "# T\n\n## A\n\n![Logo](https://example.com/a.png) ![b](c.png)\n",
        "---\ntitle: T\nnumbering: none\n---\n\n## A\n\n[Logo](https://example.com/a.png) b\n",
    ),
    "addresses that a policy may not hold": (
        "# T\n\n## A\n\n[a](page.md) [b](//example.com) [c](javascript:x)\n",
        "---\ntitle: T\nnumbering: none\n---\n\n## A\n\n[a](./page.md) [b](https://example.com) c\n",
    ),
    "addresses that another program would put in place": (
        "# T\n\n## A\n\n[a]({{ b }}) {{ c }}\n",
        "---\ntitle: T\nnumbering: none\n---\n\n## A\n\na {\\{ c }}\n",
    ),
    "several first-level headings are sections": (
        "---\ntitle: T\n---\n# A\n\nText.\n\n# B\n\n## C\n",
        "---\ntitle: T\nnumbering: none\n---\n\n## A\n\nText.\n\n## B\n\n### C\n",
    ),
    "a heading without its space": (
        "#Terms\n\n##Scope\n\nA #hashtag stays.\n",
        "---\ntitle: Terms\nnumbering: none\n---\n\n## Scope\n\nA #hashtag stays.\n",
    ),
}


@pytest.mark.parametrize(("source", "expected"), MINIMAL.values(), ids=MINIMAL.keys())
def test_only_the_form_is_mended(source: str, expected: str) -> None:
    assert convert(source).replace("\n\n\n", "\n\n") == expected.replace("\n\n\n", "\n\n")
    assert convert(source.replace("\n", "\r\n")) == convert(source).replace("\n", "\r\n")


def test_what_documents_reads_is_what_it_was() -> None:
    text = "---\ntitle: T\nlanguage: en\nnumbering: none\n---\n\nText.\n\n## A {#a .material}\n\n- x\n    - y\n"
    assert convert(text) == text


def test_a_comment_is_left_out_and_told_at_its_line() -> None:
    text = "# T\n\n<!-- draft,\n  not yet -->\n\n## A\n"
    assert "draft" not in convert(text)
    assert notes(text) == ["x.md:3: stripped.comment: a comment that no reader saw: “draft, not yet”"]


def test_code_that_never_ends_ends_with_the_text() -> None:
    assert convert("# T\n\n## A\n\n```\ncode\n").endswith("```\ncode\n\n```\n")


def test_a_file_without_a_title_says_so() -> None:
    text, found = foreign.convert(Marked("## A\n\nText.\n"), "x.md", fallback="Cookie policy")
    assert parse(text, "x.md").meta.title == "Cookie policy"
    assert codes(found) == ["unsure.title"]


def test_a_title_that_is_replaced_is_told() -> None:
    _, found = foreign.convert(Marked("# Old\n\n## A\n"), "x.md", given=Meta("New"))
    assert [str(note) for note in found] == [
        "x.md:1: mended.title: the title above the text was “Old”; it is “New” now",
    ]


@pytest.mark.parametrize("text", ["", "\n \n", "---\ntitle: T\n---\n", "<!-- x -->\n"])
def test_nothing_is_no_policy(text: str) -> None:
    with pytest.raises(SourceError, match="there is no text in it"):
        convert(text)


def test_numbers_that_can_be_computed_leave_the_headings() -> None:
    text = "# T\n## 1. A\n### a. B\n### b. C\n## 2) D\n### 2.1 E\n### 2.2. F\n#### 2.2.1 G\n"
    made = convert(text, restructure=True)
    assert "## A {#a numbering=letters}" in made
    assert [number for _, number, _ in outline(parse(made, "x"))] == ["1.", "a.", "b.", "2.", "2.1", "2.2", "2.2.1"]
    assert notes(text, restructure=True) == ["x.md: stripped.numbers: the numbers of 7 headings: they are computed now"]


def test_headings_without_numbers_get_none() -> None:
    assert "numbering: none" in convert("# T\n\n## A\n\n## B\n", restructure=True)
    made = convert("# T\n\n## 1. A\n\n### B\n\n### C\n\n## 2. D\n", restructure=True)
    assert [number for _, number, _ in outline(parse(made, "x"))] == ["1.", "", "", "2."]


@pytest.mark.parametrize(
    ("labels", "odd"), [(["1.", "3."], "3."), (["Intro:", "1."], "1."), (["1.", "2.", "2."], "2."), (["I.", "II."], "")]
)
def test_numbers_that_would_come_out_otherwise_stay(labels: list[str], odd: str) -> None:
    text = "# T\n\n" + "\n\n".join(f"## {label} Words" for label in labels)
    assert [heading for _, _, heading in headings(text, restructure=True)] == [f"{label} Words" for label in labels]
    told = [note for note in notes(text, restructure=True) if "unsure.number" in note]
    assert bool(told) == bool(odd)
    assert all(f"“{odd} Words”" in note for note in told)


def test_ids_are_the_headings_words() -> None:
    made = convert("# T\n\n## 1. **Who** [we](https://example.com) are\n\n## 2. Äöü\n", restructure=True)
    assert "## **Who** [we](https://example.com) are {#who-we-are}" in made
    assert "## Äöü {#äöü}" in made


PIECES = st.sampled_from(
    """# T;## A;## A;### 1. B;#### c;- x;  - y;1. z;2. w;3. v;;a *b* c;<b>bold</b>;[l](#a);[m](x.md);![n](o.png);```;~~~
---;===;{: #p };## q {#r};## s {t};<!-- u -->;{{ v }};> w;    code;a_b;<a name='y'></a>;[z]: https://e.com;[z][z]
""".replace("\n", ";").split(";")
)


@given(st.lists(PIECES, min_size=1), st.booleans(), st.sampled_from(["\n", "\n\n", "\r\n"]))
def test_whatever_comes_is_a_policy_or_empty(lines: list[str], restructure: bool, newline: str) -> None:
    try:
        made = convert(newline.join(lines), restructure=restructure)
    except SourceError as error:
        assert codes(error.problems) == ["import.empty"]
    else:
        plain_words = {word for line in lines if not set("<[{") & set(line) for word in words(line)}
        assert plain_words <= {*words(shown(made))}


@given(st.text(alphabet="abcX 12.*_`[](){}<>#+-=~|!&;:\\\"'\n", min_size=1))
def test_plain_text_says_itself(text: str) -> None:
    source = "\n\n".join(" ".join(line.split()) for line in text.split("\n") if line.strip())
    if source:
        made = f"---\ntitle: T\nnumbering: none\n---\n\n{marked.escaped(source)}\n"
        assert "".join(words(shown(made))[1:]) == "".join(words(source))
