"""A policy's text as sections and blocks: every byte kept, numbers computed, mistakes named at their lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.documents import Document, parse, read, resolve, slug, without_awaiting
from generator.errors import SourceError
from generator.redline.blocks import Block, split_blocks
from tests.hostile import SOURCES
from tests.trees import document


def problems(text: str) -> list[str]:
    with pytest.raises(SourceError) as caught:
        parse(text, "policy.md")
    return [str(problem) for problem in caught.value.problems]


def kinds(source: str) -> list[tuple[str, str, str]]:
    return [(block.kind, block.prefix, block.text) for block in split_blocks(source)]


def numbers(made: Document) -> list[str]:
    return [section.number for section in made.sections]


# Blocks


@given(SOURCES)
def test_blocks_keep_every_byte(source: str) -> None:
    assert "".join(block.source for block in split_blocks(source)) == source


@given(SOURCES)
def test_only_the_first_block_may_be_blank_and_no_other_lacks_words_or_form(source: str) -> None:
    blocks = list(split_blocks(source))
    assert all(block.kind != "blank" for block in blocks[1:])
    assert all(block.prefix or block.text for block in blocks if block.kind != "blank")


@given(st.lists(SOURCES.filter(lambda text: "#" not in text and "`" not in text and "~" not in text), max_size=4))
def test_sections_keep_the_whole_body(bodies: list[str]) -> None:
    headings = [f"## Part {index}\n" for index in range(len(bodies))]
    body = "".join(heading + text + "\n" for heading, text in zip(headings, bodies, strict=True))
    sections = document(body).sections
    assert "".join(heading + section.source for heading, section in zip(headings, sections, strict=True)) == body


def test_each_kind_of_block_is_told_apart() -> None:
    source = "Words\n\n- item\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\n# code\n\nmore\n```\n\n***\n"
    assert [kind for kind, _, _ in kinds(source)] == ["paragraph", "item", "table", "code", "rule"]


def test_a_list_after_a_paragraph_without_a_blank_line_is_a_list() -> None:
    assert kinds("We use:\n- one\n- two\n  more of two\n") == [
        ("paragraph", "", "We use:"),
        ("item", "- ", "one"),
        ("item", "- ", "two\n  more of two"),
    ]


def test_a_year_at_the_start_of_a_wrapped_line_makes_no_list() -> None:
    assert kinds("This holds since\n2026. It is new\n") == [("paragraph", "", "This holds since\n2026. It is new")]
    assert [text for _, _, text in kinds("We do:\n1. this\n2. that\n")] == ["We do:", "this", "that"]


def test_an_item_of_one_list_may_follow_that_of_another() -> None:
    assert kinds("- one\n1. two\n7. three\n") == [
        ("item", "- ", "one"),
        ("item", "1. ", "two"),
        ("item", "7. ", "three"),
    ]


def test_code_is_one_block_whatever_stands_in_it() -> None:
    code = "```text\n- no item\n\n| no | table |\n~~~\n    ```\n```"
    assert kinds(code + "\nafter\n") == [("code", "", code), ("paragraph", "", "after")]


def test_windows_line_ends_do_not_get_into_the_words() -> None:
    assert list(split_blocks("One\r\n\r\n- two\r\n")) == [
        Block("paragraph", "", "One", "\r\n\r\n"),
        Block("item", "- ", "two", "\r\n"),
    ]


# Sections


def test_code_may_hold_a_number_sign_without_starting_a_section() -> None:
    made = document("## One {#one}\n```sh\n# not a section\n## nor this\n```\n## Two {#two}\n")
    assert [section.id for section in made.sections] == ["one", "two"]


def test_code_that_never_ends_is_named_instead_of_swallowing_the_sections_below() -> None:
    text = "---\ntitle: T\n---\n## One\n\n```\ncode\n\n## Two\n"
    assert problems(text) == ["policy.md:6: policy.open-code: the code that starts with ``` never ends"]


def test_white_space_within_a_heading_takes_no_time() -> None:
    made = document(f"## a{' ' * 100_000}b {{#x}}\t \n\n## c {{d}} e\n\n## f }} {{#g}}\n")
    assert [(s.id, s.heading[-7:]) for s in made.sections] == [("x", "      b"), ("c-d-e", "c {d} e"), ("g", "f }")]
    read(f"---\ntitle: a{' ' * 100_000}b\n---\n", "a.md")


def test_what_looks_like_a_heading_but_is_none_stays_text() -> None:
    made = document("#hashtag\n\nTitle\n=====\n\n####### seven\n\n    ## indented\n")
    assert len(made.sections) == 1
    assert made.sections[0].id == ""


def test_a_byte_order_mark_and_windows_line_ends_change_nothing() -> None:
    plain = "---\ntitle: T\n---\nIntro\n\n## One {#one .material}\n\nText\n"
    marked = parse("\ufeff" + plain.replace("\n", "\r\n"), "policy.md")
    assert marked.meta == parse(plain, "policy.md").meta
    assert [(s.id, s.heading, s.material, s.line) for s in marked.sections] == [
        ("", "", False, 4),
        ("one", "One", True, 6),
    ]


def test_a_line_separator_within_a_line_starts_no_section_and_moves_no_line() -> None:
    made = document("a\u2028## b\x0c\n\n## One\n")
    assert [(section.id, section.line) for section in made.sections] == [("", 4), ("one", 6)]


def test_sections_are_numbered_as_lawyers_count() -> None:
    body = "## A\n### A1\n### A2\n#### A21\n## B {numbering=letters}\n### B1\n### B2\n## C\n### C1\n"
    assert numbers(document(body)) == ["1.", "1.1", "1.2", "1.2.1", "2.", "a.", "b.", "3.", "3.1"]


def test_letters_go_on_after_z() -> None:
    body = "## A {numbering=letters}\n" + "".join(f"### B{index}\n" for index in range(28))
    assert numbers(document(body))[-4:] == ["y.", "z.", "aa.", "ab."]


def test_a_policy_may_go_without_numbers_or_with_letters() -> None:
    assert numbers(document("## A\n### B\n", front="title: T\nnumbering: none\n")) == ["", ""]
    assert numbers(document("## A\n## B\n", front="title: T\nnumbering: letters\n")) == ["a.", "b."]


def test_an_inserted_section_renumbers_without_touching_the_others() -> None:
    before, after = document("## A\nx\n## B\ny\n"), document("## A\nx\n## New\n## B\ny\n")
    assert numbers(after) == ["1.", "2.", "3."]
    old, new = before.section("b"), after.section("b")
    assert old and new and (old.source, old.heading) == (new.source, new.heading)


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("Cookies & Tracking", "cookies-tracking"),
        ("  ", "section"),
        ("ملفات الارتباط", "ملفات-الارتباط"),
        ("A_b", "a-b"),
    ],
)
def test_an_id_is_made_from_the_words_of_any_script(heading: str, expected: str) -> None:
    assert slug(heading) == expected


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("## A\n## A\n", "policy.md:5: policy.duplicate-id: the id 'a' is also that of the section in line 4"),
        ("## A\n#### B\n", "policy.md:5: policy.heading-level: a level-4 heading follows a level-2 one"),
        ("### A\n", "policy.md:4: policy.heading-level: a level-3 heading follows a level-1 one"),
        ("Intro\n\n### A\n", "policy.md:6: policy.heading-level: a level-3 heading follows a level-1 one"),
        ("## A {.meterial}\n", "policy.md:4: policy.heading-attribute: a heading cannot say '.meterial'"),
        ("## A {numbering=roman}\n", "policy.md:4: policy.heading-attribute: a heading cannot say 'numbering=roman'"),
    ],
)
def test_a_mistake_in_a_heading_is_named_with_its_line(body: str, found: str) -> None:
    assert problems("---\ntitle: T\n---\n" + body) == [found]


def test_the_title_stands_in_the_front_matter_alone() -> None:
    (found,) = problems("---\ntitle: T\n---\n# T\n")
    assert found.startswith("policy.md:4: policy.second-title: a heading with one # is the policy's title")


# Front matter, variables, the mark of what a draft awaits


@pytest.mark.parametrize("text", ["", "Text\n", "---\ntitle: T\n", "\n---\ntitle: T\n---\n"])
def test_a_text_without_front_matter_is_refused(text: str) -> None:
    assert problems(text) == ["policy.md:1: policy.front-matter: the file has no front matter"]


def test_a_mistake_in_the_front_matter_is_named_with_its_line_in_the_file() -> None:
    assert problems("---\ntitle: T\nlang: en\n---\n") == ["policy.md:3: yaml.unknown-key: there is no key 'lang'"]


def test_the_language_of_the_site_holds_where_the_text_names_none() -> None:
    assert parse("---\ntitle: T\n---\n", "x", language="ar").meta.language == "ar"
    assert parse("---\ntitle: T\nlanguage: en\n---\n", "x", language="ar").meta.language == "en"


def test_variables_are_put_in_place_and_an_unknown_one_is_named() -> None:
    assert resolve("a {{ b }} {{c.d}} {b}", {"b": "1", "c.d": "{{ b }}"}, "x").text == "a 1 {{ b }} {b}"
    with pytest.raises(SourceError) as caught:
        resolve("a\n{{ e }} {{ b }} {{ company name }}", {"b": "1"}, "x.md")
    assert [str(problem) for problem in caught.value.problems] == [
        "x.md:2: policy.unknown-variable: there is no variable 'e'",
        "x.md:2: policy.unknown-variable: there is no variable 'company name'",
    ]


def test_a_problem_below_a_long_variable_is_named_at_the_line_of_the_file() -> None:
    source = "---\ntitle: T\n---\n{{ table }}\n\n## A\n## A\n"
    resolved = resolve(source, {"table": "one\ntwo\nthree"}, "policy.md")
    assert resolved.lines == (1, 2, 3, 4, 4, 4, 5, 6, 7)
    with pytest.raises(SourceError, match=r"policy.md:7: policy.duplicate-id"):
        parse(resolved, "policy.md")
    made = parse(resolve(source[:-5], {"table": "one\ntwo\nthree"}, "policy.md"), "policy.md")
    assert made.line(made.sections[1].line) == 6


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "mark",
    ["awaiting: approval", "awaiting: >-\n  approval\n\n  of all\n", "awaiting : 'approval\n  of all'", "awaiting:"],
)
@pytest.mark.parametrize("before", ["title: T\n", ""])
def test_a_release_does_not_carry_what_its_draft_awaited(before: str, mark: str, end: str) -> None:
    after = "" if before else "\ntitle: T"
    source = f"---\n{before}{mark}{after}\n---\nText\nawaiting: stays\n\n---\n".replace("\n", end)
    released = without_awaiting(source)
    meta = parse(released, "x").meta
    assert (meta.title, meta.awaiting) == ("T", "")
    assert released.endswith(f"---{end}Text{end}awaiting: stays{end}{end}---{end}")


def test_a_text_that_awaits_nothing_is_released_as_it_is() -> None:
    source = "---\ntitle: T\ndescription: awaiting nothing\n---\nText\n"
    assert without_awaiting(source) == source


# Texts of others


@given(SOURCES)
def test_any_text_can_be_read_and_its_sections_told_apart(source: str) -> None:
    made = read(source, "a.md")
    ids = [section.id for section in made.sections]
    assert made.source == source
    assert len(set(ids)) == len(ids) and "" not in ids[1:]


def test_a_foreign_text_has_its_own_title_language_and_ids() -> None:
    made = read("---\ntitle: 'Terms'\nlang: de\nlayout: x\n---\n# A {#b .x}\n\n### B\n## B\n## B 2\nx\n", "a.md")
    assert (made.meta.title, made.meta.language, made.foreign) == ("Terms", "de", True)
    assert [(s.id, s.level, s.heading, s.line) for s in made.sections] == [
        ("b", 1, "A", 6),
        ("b-2", 3, "B", 8),
        ("b-3", 2, "B", 9),
        ("b-2-2", 2, "B 2", 10),
    ]
    assert [read(text, "x/a.md").meta.title for text in ("# Terms\n", "## Scope\n", "")] == ["Terms", "a.md", "a.md"]
