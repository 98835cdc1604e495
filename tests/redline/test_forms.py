"""One list: page, file, terminal, Markdown and JSON carry the same changes, and nothing happens in silence."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import get_args

import jsonschema
import pytest
from hypothesis import given, settings

from generator import documents, sources
from generator.redline.comments import markdown
from generator.redline.diff import Kind, Status, compare
from generator.redline.reports import Side, as_object
from generator.redline.spans import Role
from generator.redline.terminal import lines
from generator.redline.visible import settled
from tests.edits import edited
from tests.forms import ENGLISH, all_forms
from tests.trees import ROOT, document

LONG = "We keep what you tell us for thirty days and no longer than that."
OTHER = "You may object at any time, and that is free of charge for you."
TABLE = "| Data | Why |\n|---|---|\n| name | to answer |\n| visits | to count |\n"

# What happened; the old and the new body; the notes that every form has.
PAIRS: dict[str, tuple[str, str, list[str]]] = {
    "words": ("We keep data for 30 days.\n", "We keep data for 90 days.\n", []),
    "a block that moved to another section": (
        f"## A\n\n{LONG}\n\nKept.\n\n## B\n\n{OTHER}\n",
        f"## A\n\nKept.\n\n## B\n\n{OTHER}\n\n{LONG}\n",
        ["Moved to “B”", "Moved here from “A”"],
    ),
    "a section that moved, and was edited on the way": (
        f"## A\n\nOne.\n\n## B\n\n{LONG}\n\n{OTHER}\n\n## C\n\n{LONG[::-1]}\n\n{OTHER[::-1]}\n",
        f"## B\n\n{LONG[:-1]}, ever.\n\n{OTHER}\n\n## A\n\nOne.\n\n## C\n\n{LONG[::-1]}\n\n{OTHER[::-1]}\n",
        ["Moved to “A”", "Moved here from “A”"],
    ),
    "an item nested, another flattened": (
        "- first of all\n- second of all\n  - third of all\n- fourth of all\n",
        "- first of all\n  - second of all\n- third of all\n- fourth of all\n",
        ["moved in one level", "moved out one level"],
    ),
    "a paragraph split": (f"{LONG} {OTHER}\n", f"{LONG}\n\n{OTHER}\n", ["paragraph split"]),
    "paragraphs joined": (f"{LONG}\n\n{OTHER}\n", f"{LONG} {OTHER}\n", ["paragraphs joined"]),
    "a link's target": ("Read [the law](/old).\n", "Read [the law](/new).\n", ["link: /old → /new"]),
    "a link put in": ("Read the law.\n", "Read [the law](/new).\n", ["link: none → /new"]),
    "a link taken out": ("Read [the law](/old).\n", "Read the law.\n", ["link: /old → none"]),
    "a definition of a link": (
        "Read [the law][1].\n\n[1]: https://old.example/\n",
        "Read [the law][1].\n\n[1]: https://new.example/\n",
        ["link: [1]: https://old.example/ → [1]: https://new.example/"],
    ),
    "a cell, a row, another row": (TABLE, TABLE.replace("count", "bill") + "| orders | tax |\n", []),
    "a column": (
        TABLE,
        "| Data | Why | Kept |\n|---|---|---|\n| name | to answer | a year |\n| visits | to count | a day |\n",
        ["columns changed"],
    ),
    "a table's alignment": (TABLE, TABLE.replace("|---|---|", "|---|--:|"), ["alignment of columns changed"]),
    "emphasis": ("We **never** sell it.\n", "We *never* sell it.\n", ["formatting changed"]),
    "an id": ("## A {#a}\n\nx\n", "## A {#b}\n\nx\n", ["address of the section: #a → #b"]),
    "an id taken out": ("## A {#first}\n\nx\n", "## A\n\nx\n", ["address of the section: #first → #a"]),
    "a heading that gave the id": (
        "## Our cookies\n\nx\n",
        "## Our lovely cookies\n\nx\n",
        ["address of the section: #our-cookies → #our-lovely-cookies"],
    ),
    "a section marked material": (
        "## A {#a}\n\nx\n",
        "## A {#a .material}\n\nx\n",
        ["address of the section: {#a} → {#a .material}"],
    ),
    "a rule": ("x\n\ny\n", "x\n\n---\n\ny\n", []),
    "code": ("```\na = 1\n```\n", "```\na = 2\n```\n", []),
    "a quotation": ("> We may sell it to others.\n", "We may sell it to others.\n", ["formatting changed"]),
    "an image's words": ("![Our old seal](/a.png) x\n", "![Our new seal](/a.png) x\n", []),
    "renumbered by hand": ("1. one\n2. two\n", "1. new\n2. one\n3. two\n", []),
    "Arabic": ("نحن لا نبيع بياناتك أبدًا.\n", "نحن لا نبيع معلوماتك أبدًا.\n", []),
}


@pytest.mark.parametrize("what", PAIRS)
def test_every_form_has_the_same_changes_and_notes(what: str) -> None:
    old, new, notes = PAIRS[what]
    forms = all_forms(compare(document(old), document(new)))
    assert {name: said.notes for name, said in forms.items()} == dict.fromkeys(forms, notes)
    first = forms["json"].texts
    assert {name: said.texts for name, said in forms.items()} == dict.fromkeys(forms, first)
    assert first or notes


SCHEMA = json.loads((ROOT / "docs/redline.schema.json").read_text())


@pytest.mark.parametrize("minimal", [False, True])
@pytest.mark.parametrize("what", PAIRS)
def test_the_json_is_what_its_schema_says(what: str, minimal: bool) -> None:
    old, new, _ = PAIRS[what]
    redline = compare(document(old), document(new), minimal=minimal)
    told = as_object(redline, Side("a", redline.old), Side("b", redline.new), ENGLISH, 0.1)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(told)))


def test_the_schema_is_one_and_knows_every_word_that_a_redline_may_use() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["$defs"]["kind"]["enum"]) == set(get_args(Kind))
    assert set(SCHEMA["$defs"]["status"]["enum"]) == set(get_args(Status))
    assert set(get_args(Role)) == set(SCHEMA["$defs"]["op"]["properties"]["role"]["enum"])
    said = SCHEMA["$defs"]["block"]["properties"]["notes"]["items"]["properties"]["note"]["enum"]
    assert {f"note_{name}" for name in said} == {key for key in ENGLISH if key.startswith("note_")} - {"note_none"}


def test_a_changed_title_is_a_change_in_every_form() -> None:
    forms = all_forms(compare(document("x\n"), document("x\n", front="title: Our terms\n")))
    assert all(said.texts == [("-", "Terms"), ("+", "Ourterms")] for said in forms.values())


def test_lines_of_front_matter_that_moved_are_told_in_every_form() -> None:
    title, more = "title: The terms of this shop and of all others\n", "layout: page\nnav: footer\n"
    old, new = (documents.read(f"---\n{front}---\n\nx\n", "x.md") for front in (title + more, more + title))
    forms = all_forms(compare(old, new))
    assert forms == dict.fromkeys(forms, forms["json"])
    assert forms["json"].notes == ["Moved here from “Title and details”", "Moved to “Title and details”"]


def test_code_that_moved_is_told_in_every_form() -> None:
    code, text = "```\none two three four five six\nseven eight\n```\n\n", "A paragraph that stays where it is.\n\n"
    more = "Another one, which is longer than the code is, so that it stays as well.\n\n"
    forms = all_forms(compare(document(code + text + more), document(text + more + code)))
    assert forms == dict.fromkeys(forms, forms["json"])
    assert len(forms["json"].notes) == 2


@settings(max_examples=60)
@given(edited())
def test_whatever_was_edited_every_form_has_the_same_changes(pair: tuple[str, str]) -> None:
    old, new = (document(text) for text in pair)
    forms = all_forms(compare(old, new))
    assert forms == dict.fromkeys(forms, forms["json"])


def test_a_text_that_is_no_markdown_is_shown_as_it_is_written() -> None:
    old, new = (documents.read(f'{{\n  "a": "*x*",\n  "b": {n}\n}}\n', "notice.json") for n in (1, 2))
    forms = all_forms(compare(old, new))
    assert forms["html"].texts == forms["json"].texts == [("-", "1"), ("+", "2")]


CORPUS = ROOT.parent / "shared/corpus/policies"


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the histories of real policies are not at {CORPUS}")
def test_real_updates_are_the_same_in_every_form() -> None:
    """Every twentieth of them."""
    histories = [sorted(folder.glob("*.md")) for folder in sorted(CORPUS.glob("*/*")) if folder.is_dir()]
    for pair in [pair for history in histories for pair in pairwise(history)][::20]:
        old, new = (documents.read(sources.any_text(str(path), path.read_bytes())[0], path.name) for path in pair)
        forms = all_forms(compare(old, new))
        assert forms == dict.fromkeys(forms, forms["json"]), pair


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a \u202eb\u202c c", "a ␦b\u202c c"),
        ("a \u202bb\nc", "a \u202bb\u202c\nc"),
        ("\u2067a \u202bb\u2069 c", "\u2067a \u202bb\u2069 c\u202c\u2069"),
        ("\u2067a \u202bb", "\u2067a \u202bb\u202c\u2069"),
        ("\u202c\u202aa", "\u202c\u202aa\u202c"),
        ("نحن\u200f a", "نحن\u200f a"),
    ],
)
def test_what_turns_text_around_ends_with_its_line(text: str, shown: str) -> None:
    assert settled(text) == shown


def test_no_text_turns_around_what_is_said_beside_it() -> None:
    old, new = document("We \u202ekeep it.\n\n\u2067a b\n"), document("We \u202dsell it.\n\n\u2067a c\n")
    redline = compare(old, new)
    for form in ("\n".join(lines(redline, ENGLISH, colour=False)), markdown(redline, ("1", "2"), ENGLISH, limit=9_000)):
        assert "␦" in form and not {"\u202d", "\u202e"} & {*form}
        assert form.count("\u2067") == form.count("\u2069") > 0
    told = as_object(redline, Side("1", old), Side("2", new), ENGLISH, 0)
    assert "".join(op["t"] for op in told["ops"] if op["op"] != "+") == old.source
