"""Any two releases: each pair has a page of its own, or every part that it is put together from."""

from __future__ import annotations

import json
import re
from datetime import date
from itertools import combinations
from typing import Any

import pytest

import generator.compare
from generator import build, pages
from generator.build import Built
from generator.compare import units
from generator.redline.diff import alone, compare
from tests.markup import read
from tests.trees import TODAY, Frozen, document, make_sources, policy_files

INTRO = "---\ntitle: Terms\n---\n\nWe write terms.\n\n"
TEXTS = [
    INTRO + "## A {#a}\n\nOne.\n\n## B {#b}\n\nTwo.\n",
    INTRO + "## A {#a}\n\nOne and a half.\n\n## B {#b}\n\nTwo.\n",
    INTRO + "## New {#n}\n\nNew.\n\n## A {#a}\n\nOne and a half.\n\n## B {#b}\n\nTwo.\n",
    INTRO + "## New {#n}\n\nNew.\n\n## A {#a}\n\nOne.\n",
    INTRO + "## New {#n}\n\nNewer.\n\n## A {#a}\n\nOne.\n",
]


def site() -> Built:
    files = policy_files("terms", [Frozen(text, date(2026, 1, 1 + at)) for at, text in enumerate(TEXTS)])
    return build.build(make_sources(content=files), today=TODAY)


def index(built: Built) -> Any:
    return json.loads(built.files["terms/compare/index.json"])


def needed(releases: Any, old: str, new: str) -> set[tuple[str, str]]:
    """The parts of a pair: the file, and what stands in it."""
    before, after = ({unit["id"]: unit["text"] for unit in releases[label]["units"]} for label in (old, new))
    pairs = {(before.get(name, "0"), after.get(name, "0")) for name in before | after}
    return {(f"terms/compare/{b if b != '0' else a}.html", f"{a}...{b}") for a, b in pairs if a != b}


def parts(built: Built) -> set[tuple[str, str]]:
    files = {path: read(built.files[path]) for path in built.files if re.fullmatch(r"terms/compare/\w{12}\.html", path)}
    return {(path, pair) for path, page in files.items() for pair in page.values("data-pair")}


def test_every_pair_has_a_page_or_all_of_its_parts_and_no_part_is_made_for_nothing() -> None:
    built = site()
    told = index(built)
    asked = set()
    for old, new in combinations(told["releases"], 2):
        page = told["pages"].get(f"{old}...{new}")
        if page:
            assert page.lstrip("/") + "index.html" in built.files
        else:
            asked |= needed(told["releases"], old, new)
    assert asked == parts(built)
    assert asked


def test_a_section_that_changes_in_every_release_makes_a_file_for_each_and_not_for_each_pair() -> None:
    texts = [INTRO.replace("terms.", f"terms, {at} of them.") for at in range(12)]
    files = policy_files("terms", [Frozen(text, date(2026, 1, 1 + at)) for at, text in enumerate(texts)])
    built = build.build(make_sources(content=files), today=TODAY)
    assert len({path for path, _ in parts(built)}) < len(texts)
    assert len(parts(built)) == 12 * 11 // 2 - len(index(built)["pages"])


def test_releases_stand_in_order_and_name_their_sections() -> None:
    releases = index(site())["releases"]
    assert list(releases) == ["1.0", "1.1", "1.2", "1.3", "1.4"]
    assert [(unit["id"], unit["number"], unit["heading"]) for unit in releases["1.2"]["units"]] == [
        ("page-front", "", ""),
        ("page-intro", "", ""),
        ("n", "1.", "New"),
        ("a", "2.", "A"),
        ("b", "3.", "B"),
    ]


def test_a_section_that_has_another_place_is_named_for_each_two_orders() -> None:
    body = "## A {#a}\n\nOne.\n\n## B {#b}\n\nTwo.\n\n## C {#c}\n\nThree.\n"
    other = "## C {#c}\n\nThree.\n\n## A {#a}\n\nOne.\n\n## B {#b}\n\nTwo.\n"
    releases = [Frozen(INTRO + text, date(2026, 1, 1 + at)) for at, text in enumerate([body, body + "x\n", other])]
    told = index(build.build(make_sources(content=policy_files("terms", releases)), today=TODAY))
    assert [release["order"] for release in told["releases"].values()] == [0, 0, 1]
    assert told["moved"] == {"0...1": ["c"], "1...0": ["c"]}


def test_a_part_says_what_changed_in_its_section() -> None:
    built = site()
    (found,) = [
        (file, pair) for file, pair in needed(index(built)["releases"], "1.0", "1.2") if not pair.startswith("0...")
    ]
    html = built.files[found[0]].decode().split(f'data-pair="{found[1]}"')[1]
    assert "section-reworded" in html
    assert "Added: </span>and a half" in html


def test_a_changed_title_is_a_part_of_its_own() -> None:
    texts = [TEXTS[0], TEXTS[1], TEXTS[2].replace("title: Terms", "title: Our terms"), TEXTS[3]]
    files = policy_files("terms", [Frozen(text, date(2026, 1, 1 + at)) for at, text in enumerate(texts)])
    built = build.build(make_sources(content=files), today=TODAY)
    fronts = {label: release["units"][0]["text"] for label, release in index(built)["releases"].items()}
    html = built.files[f"terms/compare/{fronts['1.2']}.html"].decode()
    assert f'data-pair="{fronts["1.0"]}...{fronts["1.2"]}"' in html
    assert "title: <del>" in html


def test_a_number_is_no_part_of_what_is_compared() -> None:
    first, second = (document(text) for text in ("## A\nx\n", "## Z\nz\n## A\nx\n"))
    assert (units(first)[1].number, units(second)[2].number) == ("1.", "2.")
    assert units(first)[1].digest == units(second)[2].digest


@pytest.mark.parametrize(
    ("old", "new", "statuses"),
    [
        ("## A {#a}\n\nOne.\n", "## A {#a}\n\nOne more.\n", ["reworded"]),
        ("", "## A {#a}\n\nOne.\n", ["added"]),
        ("## A {#a}\n\nOne.\n", "", ["removed"]),
        ("## A {#a}\n\nOne.\n", "## A {#a}\n\nOne.\n", []),
        ("## A {#a}\n\nOne.\n", "## Zebras {#a}\n\nAltogether other words.\n", ["reworded"]),
    ],
)
def test_one_section_compared_by_itself_is_what_it_is_in_a_redline(old: str, new: str, statuses: list[str]) -> None:
    before, after = (next(iter(document(text).sections), None) for text in (old, new))
    found = compare(alone(before), alone(after))
    assert [change.status for change in found.changed] == statuses
    assert {change.old for change in found.sections} - {None} <= {before}
    assert {change.new for change in found.sections} - {None} <= {after}


def test_a_policy_with_one_release_has_nothing_to_compare() -> None:
    built = build.build(make_sources(), today=TODAY)
    assert not [path for path in built.files if "/compare/" in path]


def test_beyond_its_reach_a_release_is_compared_with_the_one_before_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the work would grow with the square of their number, and one section that changes in each is enough."""
    monkeypatch.setattr(pages, "REACH", 4)
    monkeypatch.setattr(generator.compare, "REACH", 4)
    texts = [INTRO.replace("terms.", f"terms, {at} of them.") for at in range(10)]
    files = policy_files("terms", [Frozen(text, date(2026, 1, 1 + at)) for at, text in enumerate(texts)])
    built = build.build(make_sources(content=files), today=TODAY)
    neighbours = {f"1.{at}...1.{at + 1}" for at in range(9)}
    assert index(built)["pages"].keys() == neighbours | {"1.6...1.9", "1.7...1.9"}
    assert list(index(built)["releases"]) == ["1.6", "1.7", "1.8", "1.9"]
    assert len(parts(built)) == 1  # 1.6...1.8: every other pair within reach has a page
    assert {path for path in built.files if path.startswith("terms/since/")} == {
        f"terms/since/1.{at}.html" for at in (6, 7, 8)
    }
