"""Markdown becomes HTML that cannot run anything, and a redline is well formed and says its changes."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.redline.diff import compare
from generator.redline.marking import MARKERS, Notes
from generator.redline.reports import Part, all_parts
from generator.render import plain
from tests.edits import bodies, edited, visible
from tests.trees import document, renderer

RENDERER = renderer()
PIECES = [*'ab \n-*_`|[]()<>#&\\.1!"=~:/', "](", "**", "\n- ", "\n> ", "http://a", "<p>", "</b>"]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


def html(source: str) -> str:
    return str(RENDERER.section(source))


def redline(old: str, new: str) -> str:
    notes = Notes(RENDERER.words)
    return "".join(str(RENDERER.changes(part.blocks, notes)) for part in told(old, new))


def told(old: str, new: str) -> list[Part]:
    return all_parts(compare(document(old), document(new)))


def tags(markup: str) -> list[str]:
    return [element.tag for element in ET.fromstring(f"<div>{markup}</div>").iter()][1:]


# What may stand in a page (X22)


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<div>\n\n- a\n\n</div>",
        "<!-- hidden -->",
        "<p onclick='x'>a</p>",
    ],
)
def test_raw_html_is_text(source: str) -> None:
    assert not {"script", "img", "div"} & set(tags(html(source)))
    assert plain(html(source)).split()[0] in source
    assert "&lt;" in html(source)


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java&#115;cript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//evil.example/x",
        "file:///etc/passwd",
        "page.html",
    ],
)
@pytest.mark.parametrize("written", ["[a]({})", "[a](<{}>)", "[a][1]\n\n[1]: {}", "![a]({})"])
def test_a_link_that_could_run_code_or_leave_unseen_is_no_link(written: str, target: str) -> None:
    assert "href" not in html(written.format(target))
    assert "src" not in html(written.format(target))


@pytest.mark.parametrize(
    "target", ["https://example.com/a?b=c&d", "/cookies/", "#scope", "../1.0/", "tel:+44", "mailto:a@b.c"]
)
def test_a_link_that_leads_somewhere_is_kept(target: str) -> None:
    assert ET.fromstring(html(f"[a]({target})")).find("a").get("href") == target  # type: ignore[union-attr]


def test_an_address_in_angle_brackets_is_a_link() -> None:
    assert 'href="https://example.com"' in html("<https://example.com>")
    assert "info@example.com" in plain(html("<info@example.com>"))


@pytest.mark.parametrize("source", ["https://example.com/a.png", "http://a/b", "//a/b", "data:image/png;base64,AA"])
def test_an_image_of_another_host_is_not_fetched(source: str) -> None:
    assert "src" not in html(f"![a]({source})")
    assert 'src="/static/a.png"' in html("![a](/static/a.png)")


@given(HOSTILE)
def test_whatever_is_written_the_html_is_well_formed_and_runs_nothing(source: str) -> None:
    root = ET.fromstring(f"<div>{html(source)}</div>")
    allowed = {"div", "p", "ul", "ol", "li", "em", "strong", "code", "pre", "a", "blockquote", "hr", "br", "img"}
    for element in root.iter():
        assert element.tag in allowed | {"table", "thead", "tbody", "tr", "th", "td"}
        assert not {"style", "onclick", "onerror"} & element.attrib.keys()


def test_columns_are_aligned_without_an_inline_style_that_the_csp_forbids() -> None:
    assert "style" not in html("| a | b |\n|:-:|--:|\n| 1 | 2 |\n")
    assert html("| a | b |\n|:-:|--:|\n| 1 | 2 |\n").count('align="right"') == 2


def test_a_table_scrolls_in_a_region_that_has_a_name() -> None:
    root = ET.fromstring(html("| a |\n|---|\n| 1 |\n"))
    assert (root.get("role"), root.get("tabindex"), root.get("aria-label")) == ("group", "0", "Table")


@pytest.mark.parametrize("source", ["text\n#hashtag", "Title\n=====\nx", "a\n---\nb", "# Title", "###### x"])
def test_text_makes_no_heading_of_its_own(source: str) -> None:
    assert not {f"h{level}" for level in range(1, 7)} & set(tags(html(source)))


@pytest.mark.parametrize("fence", ["```", "~~~"])
def test_code_stays_as_it_was_written(fence: str) -> None:
    root = ET.fromstring(html(f"{fence}\n# <b> & *c*\n\n- d\n{fence}\n"))
    assert (root.tag, "".join(root.itertext())) == ("pre", "# <b> & *c*\n\n- d\n")


# Lists


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("We use:\n- a\n- b\n", "p ul li li"),
        ("- a\n  - b\n    - c\n- d\n", "ul li ul li ul li li"),
        ("1. a\n   - b\n   - c\n2. d\n", "ol li ul li li li"),
        ("- a\n1. b\n", "ul li ol li"),
        ("  - a\n1. b\n", "ul li ol li"),
        ("1) a\n2) b\n", "ol li li"),
        ("- a\n\n  more of a\n\n- b\n", "ul li p p li p"),
        ("- a\nlazy\n- b\n", "ul li li"),
        ("* a\n\ntext\n\n* b\n", "ul li p ul li"),
        ("- a\r\n- b\r\n  - c\r\n", "ul li li ul li"),
        ("  - a\n  - b\n", "ul li li"),
        ("The year\n2026. It was new\n", "p"),
    ],
)
def test_a_list_is_the_list_that_its_writer_meant(source: str, expected: str) -> None:
    assert " ".join(tags(html(source))) == expected


def test_the_same_text_is_rendered_once() -> None:
    assert RENDERER.section("same").__html__() is RENDERER.section("same").__html__() or html("same") == html("same")
    assert RENDERER._done["same"] is RENDERER._blocks("same")


# Headings


@pytest.mark.parametrize(
    "heading", ["1. Scope", "- Scope", "> Scope", "# Scope", "    Scope", "19.1 Scope", "[Draft]: x"]
)
def test_a_heading_is_one_line_whatever_it_begins_with(heading: str) -> None:
    assert tags(RENDERER.inline(heading)) == []
    assert RENDERER.text(heading).split() == heading.split()


def test_the_text_of_a_heading_has_no_marks() -> None:
    assert RENDERER.text("Our **role** & [rights](/a) in `code`") == "Our role & rights in code"


# Redlines


def test_changes_are_said_in_words_and_not_by_looks_alone() -> None:
    found = redline("We keep data for 30 days.", "We keep data for 90 days.")
    assert found == (
        '<p>We keep data for <del><span class="mark">Removed: </span>30</del>'
        '<ins><span class="mark">Added: </span>90</ins> days.</p>'
    )


def test_a_changed_list_stays_a_list_and_a_changed_table_a_table() -> None:
    assert tags(redline("- a b c\n- d\n", "- a b x\n- d\n- e\n"))[:3] == ["ul", "li", "del"]
    table = "| a | b |\n|---|---|\n| 1 | 2 |\n"
    found = redline(table, table.replace("2", "3"))
    assert '<td><del><span class="mark">Removed: </span>2</del><ins>' in found


def test_a_removed_block_over_several_lines_is_removed_in_each_of_its_parts() -> None:
    found = redline("text\n> quoted\n\nkept", "kept")
    assert visible(found, without="del") == "kept"
    assert visible(found) == "textquotedkept"


def test_a_link_whose_target_changed_stands_once_and_says_both_targets() -> None:
    found = redline('see [the law](/old "old title") now', 'see [the law](/new "new title") now')
    assert [e.get("href") for e in ET.fromstring(f"<div>{found}</div>").iter("a")] == ["/new"]
    assert 'Removed: </span>/old "old title"' in found.replace("&#34;", '"')
    assert 'Added: </span>/new "new title"' in found.replace("&#34;", '"')
    assert not set(MARKERS) & set(found)


def test_a_change_that_cannot_be_marked_never_breaks_an_attribute() -> None:
    found = redline("[a][1] b\n\n[1]: http://old.example/x", "[a][1] b\n\n[1]: http://new.example/x")
    ET.fromstring(f"<div>{found}</div>")


def test_removed_and_added_code_is_shown() -> None:
    found = redline("```\na = 1\nb = 2\n```\n", "```\na = 1\nb = 3\n```\n")
    assert "Removed:" in found
    assert "Added:" in found
    assert visible(found, without="del").endswith("b=3```")


def test_a_changed_heading_shows_its_change() -> None:
    (part,) = told("## Our old cookies {#a}\n", "## Our new cookies {#a}\n")
    heading = RENDERER.heading(part, Notes(RENDERER.words))
    assert visible(heading) == "Ouroldnewcookies"
    assert "Removed: </span>old</del>" in heading


@given(edited())
def test_without_what_was_added_a_redline_shows_the_old_text_and_without_what_was_removed_the_new(
    pair: tuple[str, str],
) -> None:
    old, new = pair
    found = redline(old, new)
    assert visible(found, without="ins") == visible(html(old))
    assert visible(found, without="del") == visible(html(new))


@given(bodies())
def test_an_unchanged_text_looks_in_a_redline_as_on_its_page(body: str) -> None:
    assert redline(body, body) == html(body)


@given(HOSTILE, HOSTILE)
def test_a_redline_is_well_formed_whatever_was_written(old: str, new: str) -> None:
    found = redline(*(text.replace("```", "").replace("~~~", "").replace("#", "") for text in (old, new)))
    ET.fromstring(f"<div>{found}</div>")
    assert not set(MARKERS) & set(found)
