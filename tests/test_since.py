"""What changed since a visitor chose: for every release that a stored choice may name, small, and true."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from generator import build
from generator.since import ROOM, fact_changes
from tests.markup import read
from tests.trees import ROOT, TODAY, Frozen, make_sources, policy_files, withdrawn

NOTICE = json.loads((ROOT / "content/notice/releases/1.0.json").read_text())


def changed(change: Any) -> list[tuple[str, str, str]]:
    other = json.loads(json.dumps(NOTICE))
    change(other)
    return [(found.of, found.name, found.what) for found in fact_changes(NOTICE, other, "en")]


def storage(notice: Any) -> Any:
    return notice["purposes"][1]["services"][0]["storage"]


def test_the_same_notice_has_no_changes() -> None:
    assert changed(lambda notice: None) == []


def test_a_longer_lifetime_is_said_of_the_item_and_nothing_else() -> None:
    assert changed(lambda notice: storage(notice)[0]["lifetime"].update(en="24 months")) == [
        ("usage_id", "storage", "reworded")
    ]


def test_a_new_service_is_said_with_what_it_stores_and_who_else_has_access() -> None:
    service = {
        "id": "ads",
        "name": {"en": "Advertisements"},
        "provider": "Ads Ltd",
        "third_party": True,
        "storage": [{"kind": "cookie", "name": "ad", "lifetime": {"en": "1 day"}, "purpose": {"en": "Counts"}}],
    }
    assert changed(lambda notice: notice["purposes"][1]["services"].append(service)) == [
        ("Website usage", "service", "added"),
        ("Advertisements", "third_party", "added"),
        ("ad", "storage", "added"),
    ]


def test_a_purpose_that_is_gone_is_said_with_all_it_stored() -> None:
    found = changed(lambda notice: notice["purposes"].pop(1))
    assert {what for _, _, what in found} == {"removed"}
    assert ("Website usage", "purpose", "removed") in found


def files(*texts: str) -> dict[str, bytes]:
    releases = [Frozen(text, date(2026, 1, 1 + at), "material") for at, text in enumerate(texts)]
    return dict(build.build(make_sources(content=policy_files("terms", releases)), today=TODAY).files)


START = "---\ntitle: Terms\n---\n\nHello.\n\n## A {#a}\n\nWe keep it.\n\n## B {#b .material}\n\nTen euros.\n"


def test_every_release_before_the_one_in_force_has_a_fragment_and_that_has_none() -> None:
    made = files(START, START.replace("Ten", "Nine"), START.replace("Ten", "Eight"))
    assert sorted(path for path in made if "/since/" in path) == ["terms/since/1.0.html", "terms/since/2.0.html"]


def test_a_fragment_shows_material_sections_first_and_only_what_changed() -> None:
    made = files(START, START.replace("Ten", "Nine").replace("keep", "lose"))
    html = made["terms/since/1.0.html"].decode()
    assert html.index("Nine") < html.index("lose")
    assert "Hello" not in html
    assert 'href="/terms/changes/1.0...2.0/#b"' in html
    assert "<script" not in html


def test_a_fragment_stays_small_and_still_names_what_it_leaves_out() -> None:
    long = START + "".join(f"\n## C{at} {{#c{at}}}\n\n{'word ' * 300}{at}\n" for at in range(9))
    html = files(long, long.replace("word", "term"))["terms/since/1.0.html"]
    assert len(html) < 2 * ROOM
    assert all(f"#c{at}" in html.decode() for at in range(9))


def test_who_chose_under_a_withdrawn_release_is_told_why_and_what_holds_instead() -> None:
    releases = [
        Frozen(text, date(2026, at, 1), "material", summary=f"Number {at}.")
        for at, text in enumerate((START, START.replace("Ten", "Nine"), START.replace("Ten", "Eight")), 1)
    ]
    content = withdrawn(policy_files("terms", releases), "2.0", date(2026, 2, 9), reason="Nine was wrong.")
    before = build.build(make_sources(content=content), today=date(2026, 2, 10)).files["terms/since/2.0.html"].decode()
    assert "Version 2.0 was withdrawn: Nine was wrong." in before
    assert "Number" not in before
    assert 'href="/terms/changes/2.0...1.0/#b"' in before
    after = build.build(make_sources(content=content), today=TODAY).files
    assert "Version 3.0: Number 3." in after["terms/since/1.0.html"].decode()
    assert "Version 2.0: Number 2." in after["terms/since/1.0.html"].decode()  # 3.0 was made from it
    assert "Nine was wrong" not in after["terms/since/1.0.html"].decode()


def test_a_fragment_stands_in_any_page_without_ids_and_leads_to_the_redline_for_the_other_end_of_a_move() -> None:
    moved = "You may object to all of this at any time, and that is free of charge.\n\n"
    old = START + moved
    html = files(old, START.replace("We keep it.\n\n", f"{moved}We keep it.\n\n"))["terms/since/1.0.html"]
    page = read(html)
    assert page.values("id") == page.values("style") == page.values("src") == []
    assert 'href="/terms/changes/1.0...2.0/#move-1-' in html.decode()
    assert page.tags[0].name == "section"
    assert page.tags[0].attributes.keys() >= {"lang", "dir", "data-from", "data-to"}


def test_after_editorial_releases_alone_there_is_a_fragment_that_tells_each_of_them() -> None:
    texts = [START, START.replace("Hello", "Welcome"), START.replace("Hello", "Good day")]
    releases = [Frozen(text, date(2026, 1, 1 + at), summary=f"Step {at}.") for at, text in enumerate(texts)]
    made = build.build(make_sources(content=policy_files("terms", releases)), today=TODAY).files
    first, second = (read(made[f"terms/since/1.{minor}.html"]).text("section") for minor in (0, 1))
    assert "Step 1." in first and "Step 2." in first and "Hello" in first
    assert "Step 1." not in second and "Step 2." in second and "Welcome" in second
