"""Markdown from elsewhere becomes a policy: form mended, words kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.documents import parse
from generator.errors import Problem, SourceError
from generator.importing import importer
from generator.importing.pieces import Meta, escaped, guarded
from tests.reading import codes, headings, shown, words


def read(text: str, *, archive: bool = True, title: str = "") -> tuple[str, tuple[Problem, ...]]:
    made = importer.read(text.encode(), "x.md", Meta(title), archive=archive)
    return made.text, made.notes


def convert(text: str, *, archive: bool = True) -> str:
    return read(text, archive=archive)[0]


def notes(text: str, *, archive: bool = True) -> list[str]:
    return [str(note) for note in read(text, archive=archive)[1] if note.code != "mended.form"]


MINIMAL = {
    "a title is the front matter's": ("# Terms\n\nText.\n\n## One\n", "Text.\n\n## One {#one}\n"),
    "other keys go": (
        "---\ntitle: Terms\nlayout: sheet\n---\n\n## One\n\nText.\n",
        "## One {#one}\n\nText.\n",
    ),
    "levels start with two and skip none": (
        "---\ntitle: Terms\n---\n#### A\n\n###### B\n\n### C\n",
        "## A {#a}\n\n### B {#b}\n\n## C {#c}\n",
    ),
    "ids are there but once": (
        "---\ntitle: Terms\n---\n## A\n\n## A\n\n## B {#a}\n",
        "## A {#a}\n\n## A {#a-2}\n\n## B {#a-3}\n",
    ),
    "numbers stay as they were written": ("# Terms\n\n## 3. A\n\nText.\n", "## 3. A {#a}\n\nText.\n"),
    "underlined headings get their signs": ("Terms\n=\n\nA\n---\n\nText.\n", "## A {#a}\n\nText.\n"),
    "links follow anchors and words": (
        '# Terms\n\n## <a name="x"></a>A\n\nSee [A](#x), [B](#b--c), [lost](#nowhere).\n\n## B & C\n',
        "## A {#a}\n\nSee [A](#a), [B](#b-c), lost.\n\n## B & C {#b-c}\n",
    ),
    "anchors alone in a line go with it": (
        "# Terms\n\n## A\n\n- <a name='x'></a>\n  b\n- c\n\n<a name='y'></a>\nd\n",
        "## A {#a}\n\n- b\n- c\n\nd\n",
    ),
    "attribute lists of other programs": (
        '# Terms\n\nMay 2020\n{: datetime="2020-05" }\n\n## A {: #own }\n\nOn [b](#b).\n\n## B\n\nText. {: #b }\n',
        "May 2020\n\n## A {#own}\n\nOn [b](#b).\n\n## B {#b}\n\nText.\n",
    ),
    "words in braces stay words": ("# Terms\n\n## A {b}\n", "## A {b} {#a-b}\n"),
    "references are written out": (
        "# Terms\n\n## A\n\nSee [the site][1] and [2].\n\n[1]: https://example.com/\n",
        "## A {#a}\n\nSee [the site](https://example.com/) and [2].\n",
    ),
    "variables are words": ("# Terms\n\n## A\n\nUse {{ name }}.\n", "## A {#a}\n\nUse {\\{ name }}.\n"),
    "code is left alone but for variables": (
        "# Terms\n\n## A\n\n```\n# no heading <b> {{ x }}\n```\n\nSay `<b>`.\n",
        "## A {#a}\n\n```\n# no heading <b> { { x }}\n```\n\nSay `<b>`.\n",
    ),
    "addresses that a policy may not hold": (
        "# Terms\n\n## A\n\n[a](page.md) [b](//example.com) [c](javascript:x)\n",
        "## A {#a}\n\n[a](./page.md) [b](https://example.com) c\n",
    ),
    "addresses that another program would put in place": (
        "# Terms\n\n## A\n\n[a]({{ b }}) {{ c }} [d]({% link e.md %})\n",
        "## A {#a}\n\na {\\{ c }} d\n",
    ),
    "several first-level headings are sections": (
        "---\ntitle: Terms\n---\n# A\n\nText.\n\n# B\n\n## C\n",
        "## A {#a}\n\nText.\n\n## B {#b}\n\n### C {#c}\n",
    ),
    "a heading without its space": (
        "#Terms\n\n##Scope\n\nA #hashtag stays.\n",
        "## Scope {#scope}\n\nA #hashtag stays.\n",
    ),
    "lists and lines as GitHub shows them": (
        "# Terms\n\n## A\nFirst line\nsecond line\n* one\n  * two\n* three\n\n1) four\n",
        "## A {#a}\n\nFirst line\nsecond line\n\n- one\n    - two\n- three\n\n1. four\n",
    ),
    "markup among the Markdown": (
        "# Terms\n\n## A\n\n<details>\n<summary>More</summary>\n\nText <b>in</b> **it**.<br>End\n\n</details>\n",
        "## A {#a}\n\n**More**\n\nText **in** **it**.  \nEnd\n",
    ),
}


@pytest.mark.parametrize(("source", "expected"), MINIMAL.values(), ids=MINIMAL.keys())
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_the_form_is_mended(source: str, expected: str, newline: str) -> None:
    assert convert(source.replace("\n", newline)) == f"---\ntitle: Terms\nnumbering: none\n---\n\n{expected}"


def test_what_documents_reads_is_what_it_was() -> None:
    text = "---\ntitle: T\nlanguage: en\nnumbering: none\n---\n\nText.\n\n## A {#a .material}\n\n- x\n    - y\n"
    assert convert(text) == text


def test_a_comment_is_left_out_and_told_at_its_line() -> None:
    text = "# T\n\n<!-- draft,\n  not yet -->\n\n## A\n"
    assert "draft" not in convert(text)
    assert notes(text) == ["x.md:3: stripped.comment: 3 words: “draft, not yet”"]


def test_code_that_never_ends_ends_with_the_text() -> None:
    assert convert("# T\n\n## A\n\n```\ncode\n").endswith("```\ncode\n```\n")


def test_a_file_without_a_title_says_so() -> None:
    made = importer.read(b"## A\n\nText.\n", "cookie-policy.md", archive=True)
    assert parse(made.text, "x.md").meta.title == "Cookie policy"
    assert codes(made.notes) == ["mended.form", "unsure.title"]


def test_a_title_that_is_replaced_is_told() -> None:
    _, found = read("# Old\n\n## A\n", title="New")
    assert [str(note) for note in found if note.code != "mended.form"] == [
        "x.md:1: mended.title: the title was “Old”; it is “New” now",
    ]


@pytest.mark.parametrize("text", ["", "\n \n", "---\ntitle: T\n---\n", "<!-- x -->\n"])
def test_nothing_is_no_policy(text: str) -> None:
    with pytest.raises(SourceError, match=r"there is no text in it|the file is empty"):
        convert(text)


def test_numbers_that_can_be_computed_leave_the_headings() -> None:
    text = "# T\n## 1. A\n### a. B\n### b. C\n## 2) D\n### 2.1 E\n### 2.2. F\n#### 2.2.1 G\n"
    made = convert(text, archive=False)
    assert "## A {#a numbering=letters}" in made
    assert [number for _, number, _ in headings(parse(made, "x"))] == ["1.", "a.", "b.", "2.", "2.1", "2.2", "2.2.1"]
    assert notes(text, archive=False) == ["x.md: stripped.numbers: the numbers of 7 headings: they are computed now"]


def test_headings_without_numbers_get_none() -> None:
    assert "numbering: none" in convert("# T\n\n## A\n\n## B\n", archive=False)
    made = convert("# T\n\n## 1. A\n\n### B\n\n### C\n\n## 2. D\n", archive=False)
    assert [number for _, number, _ in headings(parse(made, "x"))] == ["1.", "", "", "2."]


@pytest.mark.parametrize(
    ("labels", "odd"),
    [(["1.", "3."], "3."), (["Intro:", "1."], "Intro:"), (["1.", "2.", "2."], "2."), (["I.", "II."], "")],
)
def test_numbers_that_would_come_out_otherwise_stay(labels: list[str], odd: str) -> None:
    text = "# T\n\n" + "\n\n".join(f"## {label} Words" for label in labels)
    assert [heading for _, _, heading in headings(parse(convert(text, archive=False), "x"))] == [
        f"{label} Words" for label in labels
    ]
    told = [note for note in notes(text, archive=False) if "unsure.number" in note]
    assert bool(told) == bool(odd)
    assert all(f"“{odd} Words”" in note for note in told)


def test_ids_are_the_headings_words() -> None:
    made = convert("# T\n\n## 1. **Who** [we](https://example.com) are\n\n## 2. Äöü\n", archive=False)
    assert "## **Who** [we](https://example.com) are {#who-we-are}" in made
    assert "## Äöü {#äöü}" in made


PIECES = st.sampled_from(
    """# T;## A;## A;### 1. B;#### c;- x;  - y;1. z;2. w;3. v;;a *b* c;<b>bold</b>;[l](#a);[m](x.md);![n](o.png);```;~~~
---;===;{: #p };## q {#r};## s {t};<!-- u -->;{{ v }};> w;    code;a_b;<a name='y'></a>;[z]: https://e.com;[z][z]
""".replace("\n", ";").split(";")
)


@given(st.lists(PIECES, min_size=1), st.booleans(), st.sampled_from(["\n", "\n\n", "\r\n"]))
def test_whatever_comes_is_a_policy_or_empty(lines: list[str], archive: bool, newline: str) -> None:
    try:
        made = convert(newline.join(lines), archive=archive)
    except SourceError as error:
        assert codes(error.problems) == ["import.empty"]
    else:
        plain_words = {word for line in lines if not set("<[{") & set(line) for word in words(line)}
        assert plain_words <= {*words(shown(made))}


@given(st.text(alphabet="abcX 12.*_`[](){}<>#+-=~|!&;:\\\"'\n", min_size=1))
def test_plain_text_says_itself(text: str) -> None:
    source = "\n\n".join(" ".join(line.split()) for line in text.split("\n") if line.strip())
    if source:
        made = f"---\ntitle: T\nnumbering: none\n---\n\n{guarded(escaped(source))}\n"
        assert "".join(words(shown(made))[1:]) == "".join(words(source))
