"""Any two releases: each pair has a page of its own, or every part that it is put together from."""

from __future__ import annotations

import json
from datetime import date
from itertools import combinations
from typing import Any

from generator import build
from generator.build import Built
from generator.compare import digest
from generator.diff import compare_sections
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


def needed(releases: Any, old: str, new: str) -> set[str]:
    before, after = ({s["id"]: s["text"] for s in releases[label]["sections"]} for label in (old, new))
    pairs = {(before.get(name, "0"), after.get(name, "0")) for name in before | after}
    return {f"terms/compare/{a}...{b}.html" for a, b in pairs if a != b}


def test_every_pair_has_a_page_or_all_of_its_parts_and_no_part_is_made_for_nothing() -> None:
    built = site()
    told = index(built)
    parts = set()
    for old, new in combinations(told["releases"], 2):
        page = told["pages"].get(f"{old}...{new}")
        if page:
            assert page.lstrip("/") + "index.html" in built.files
        else:
            assert needed(told["releases"], old, new) <= built.files.keys()
            parts |= needed(told["releases"], old, new)
    assert parts == {path for path in built.files if path.startswith("terms/compare/") and "..." in path}
    assert parts


def test_releases_stand_in_order_and_name_their_sections() -> None:
    releases = index(site())["releases"]
    assert list(releases) == ["1.0", "1.1", "1.2", "1.3", "1.4"]
    assert [(s["id"], s["number"], s["heading"]) for s in releases["1.2"]["sections"]] == [
        ("", "", ""),
        ("n", "1.", "New"),
        ("a", "2.", "A"),
        ("b", "3.", "B"),
    ]


def test_a_part_says_what_changed_in_its_section() -> None:
    built = site()
    releases = index(built)["releases"]
    (part,) = needed(releases, "1.0", "1.2") - {path for path in built.files if path.split("/")[-1].startswith("0...")}
    html = built.files[part].decode()
    assert 'data-status="reworded"' in html
    assert "Added: </span>and a half" in html


def test_a_number_is_no_part_of_what_is_compared() -> None:
    first, second = (document(text).sections for text in ("## A\nx\n", "## Z\nz\n## A\nx\n"))
    assert first[0].number != second[1].number
    assert digest(first[0]) == digest(second[1])


def test_one_section_compared_by_itself_is_what_it_is_in_a_redline() -> None:
    old, new = (document(text).sections[0] for text in ("## A {#a}\n\nOne.\n", "## A {#a}\n\nOne more.\n"))
    change = compare_sections(old, new)
    assert (change.old, change.new, change.status) == (old, new, "reworded")
    assert compare_sections(None, new).status == "added"
    assert compare_sections(old, None).status == "removed"
    assert compare_sections(old, old).status == "unchanged"


def test_a_policy_with_one_release_has_nothing_to_compare() -> None:
    built = build.build(make_sources(), today=TODAY)
    assert not [path for path in built.files if "/compare/" in path]
