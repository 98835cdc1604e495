"""YAML becomes typed values or problems at their lines; nothing is guessed and nothing is skipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator import typedyaml
from generator.errors import SourceError


@dataclass(frozen=True)
class Part:
    name: str
    count: int = 1

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("'count' is below zero")


@dataclass(frozen=True)
class Whole:
    title: str
    parts: tuple[Part, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    day: date | None = None
    on: bool = False
    size: Literal["small", "large"] = "small"


def problems(text: str, *, first_line: int = 1) -> list[str]:
    with pytest.raises(SourceError) as caught:
        typedyaml.load(text, Whole, "site.yaml", first_line=first_line)
    return [str(problem) for problem in caught.value.problems]


def hints(text: str) -> list[str]:
    with pytest.raises(SourceError) as caught:
        typedyaml.load(text, Whole, "site.yaml")
    return [problem.hint for problem in caught.value.problems]


def test_every_kind_of_value_is_read_as_the_class_asks() -> None:
    text = """\
title: 1.10
parts:
  - name: NO
    count: 3
  - {name: 'yes'}
names: {a: 012, b: null}
day: 2026-11-22
on: true
size: large
"""
    assert typedyaml.load(text, Whole, "site.yaml") == Whole(
        "1.10", (Part("NO", 3), Part("yes")), {"a": "012", "b": "null"}, date(2026, 11, 22), True, "large"
    )


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_a_text_comes_out_as_it_was_written(text: str) -> None:
    dumped = yaml.safe_dump({"title": text}, allow_unicode=True)
    assert typedyaml.load(dumped, Whole, "site.yaml").title == text


def test_a_quoted_null_is_a_text_and_a_bare_one_is_none() -> None:
    @dataclass(frozen=True)
    class Maybe:
        note: str | None

    assert typedyaml.load("note: 'null'", Maybe, "x").note == "null"
    assert [typedyaml.load(f"note: {text}", Maybe, "x").note for text in ("", "~", "null")] == [None] * 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("title: [", "site.yaml:2: yaml.syntax: did not find expected node content"),
        ("", "site.yaml:1: yaml.empty: nothing is written here"),
        ("# only a comment\n", "site.yaml:1: yaml.empty: nothing is written here"),
        ("- a", "site.yaml:1: yaml.wrong-type: the file wants keys and values, and holds a list"),
        ("parts: []", "site.yaml:1: yaml.missing-key: the key 'title' is missing"),
        ("title: a\nparts: b", "site.yaml:2: yaml.wrong-type: 'parts' wants a list, and holds a single value"),
        ("title: {a: b}", "site.yaml:1: yaml.wrong-type: 'title' wants a text, and holds keys and values"),
        ("title: a\nday: soon", "site.yaml:2: yaml.wrong-value: 'day': wants a date like 2026-11-22, and holds 'soon'"),
        ("title: a\non: maybe", "site.yaml:2: yaml.wrong-value: 'on': wants true or false, and holds 'maybe'"),
        ("title: a\nsize: tiny", "site.yaml:2: yaml.wrong-value: 'size': wants one of small, large, and holds 'tiny'"),
        ("title: a\ntitle: b", "site.yaml:2: yaml.duplicate-key: the key 'title' is written twice"),
        ("title: a\n\nparts:\n  - count: 1", "site.yaml:4: yaml.missing-key: in 'parts' the key 'name' is missing"),
        (
            "title: a\nparts:\n  - name: b\n    count: -1",
            "site.yaml:4: yaml.wrong-value: in 'parts' 'count' is below zero",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, found: str) -> None:
    assert problems(text) == [found]


def test_an_unknown_key_is_named_at_its_own_line_with_the_nearest_known_one() -> None:
    text = "title: a\nprats:\n  - name: b\n"
    assert problems(text) == ["site.yaml:2: yaml.unknown-key: there is no key 'prats'"]
    assert hints(text) == ["did you mean 'parts'?"]


def test_an_unknown_key_like_none_is_answered_with_all_known_ones() -> None:
    assert hints("title: a\nxyzzy: 1\n") == ["known keys: title, parts, names, day, on, size"]


def test_all_mistakes_are_told_at_once() -> None:
    assert len(problems("titel: a\nparts: b\nday: soon\nsize: tiny\n")) == 5


def test_a_wrong_item_of_a_list_stops_its_owner_from_being_made() -> None:
    @dataclass(frozen=True)
    class Owner:
        parts: tuple[Part, ...]
        days: Mapping[str, int]

        def __post_init__(self) -> None:
            raise AssertionError(f"made with {self.parts} and {self.days}")

    with pytest.raises(SourceError, match="the key 'name' is missing"):
        typedyaml.load("parts:\n  - count: 1\ndays: {}", Owner, "x")
    with pytest.raises(SourceError, match="'a': wants a whole number, and holds 'b'"):
        typedyaml.load("parts: []\ndays: {a: b}", Owner, "x")


def test_lines_of_a_part_of_a_file_are_counted_from_where_it_starts() -> None:
    assert problems("title: a\nday: soon", first_line=10)[0].startswith("site.yaml:11: ")


def test_a_second_document_is_a_mistake_and_not_silently_dropped() -> None:
    assert problems("title: a\n---\ntitle: b\n")[0].startswith("site.yaml:")


def test_control_characters_are_a_mistake_and_not_a_traceback() -> None:
    assert problems("title: a\x07b")[0].startswith("site.yaml:1: yaml.syntax")


class OneOrMany:
    def __init__(self, value: object) -> None:
        self.value = value

    @classmethod
    def from_yaml(cls, value: str | Mapping[str, str]) -> OneOrMany:
        if not value:
            raise ValueError("is empty")
        return cls(value)


@dataclass(frozen=True)
class Holder:
    label: OneOrMany


def test_a_class_that_reads_itself_takes_a_text_or_keys_and_its_refusal_has_a_line() -> None:
    assert typedyaml.load("label: a", Holder, "x").label.value == "a"
    assert typedyaml.load("label: {en: a}", Holder, "x").label.value == {"en": "a"}
    with pytest.raises(SourceError, match=r"x:1: yaml.wrong-value: 'label': is empty"):
        typedyaml.load("label: {}", Holder, "x")
    with pytest.raises(SourceError, match=r"x:1: yaml.wrong-type: 'label' wants keys and values, and holds a list"):
        typedyaml.load("label: [a]", Holder, "x")
