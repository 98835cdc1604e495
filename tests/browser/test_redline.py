"""Redlines and comparisons in a real browser: reachable by keyboard, side by side without JavaScript, strict CSP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from playwright.sync_api import Locator

from generator import build
from tests.trees import TODAY, Frozen, make_sources, policy_files

from .conftest import Visit
from .serving import Site, serve

TEXT = "---\ntitle: Terms\n---\n\nHello.\n\n## A {#a}\n\nWe keep it.\n\n## B {#b}\n\nTen euros.\n"
TEXTS = [TEXT, TEXT.replace("keep", "store"), TEXT.replace("Ten", "Nine"), TEXT.replace("Hello", "Welcome"), TEXT]
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript", "json": "application/json"}
NewVisit = Callable[..., Visit]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    releases = [Frozen(text, date(2026, 1, 1 + at)) for at, text in enumerate(TEXTS)]
    made = build.build(make_sources(content=policy_files("terms", releases)), today=TODAY)
    site = Site(csp=STRICT)
    for path, content in made.files.items():
        kind = KINDS.get(path.rpartition(".")[2], "application/octet-stream")
        site.put("/" + path.removesuffix("index.html"), content, kind)
    server = serve(site)
    yield site
    server.shutdown()
    server.server_close()


def said(where: Locator) -> str:
    return " ".join((where.text_content() or "").split())


def test_every_change_is_reached_by_button_and_key_and_its_place_is_said(visit: NewVisit, site: Site) -> None:
    seen = visit()
    page = seen.page
    page.goto(site.url("/terms/changes/1.1...1.2/"))
    page.get_by_role("button", name="Next change").click()
    status = page.locator(".walk [role=status]")
    places = [status.inner_text()]
    for _ in range(2):
        page.keyboard.press("n")
        places.append(status.inner_text())
    page.keyboard.press("p")
    assert [*places, status.inner_text()] == [
        "Change 1 of 2",
        "Change 2 of 2",
        "Change 1 of 2",
        "Change 2 of 2",
    ]
    assert page.evaluate("document.activeElement.textContent") == "Removed: Ten"
    assert seen.seen.trouble() == []


def test_a_key_is_left_alone_where_a_person_chooses(visit: NewVisit, site: Site) -> None:
    page = visit().page
    page.goto(site.url("/terms/changes/1.1...1.2/"))
    page.locator("input[name=view]").first.focus()
    page.keyboard.press("n")
    assert page.locator(".walk [role=status]").inner_text() == ""


def test_side_by_side_needs_no_script_and_each_change_is_there_once(visit: NewVisit, site: Site) -> None:
    page = visit(java_script_enabled=False, viewport={"width": 1280, "height": 900}).page
    page.goto(site.url("/terms/changes/1.1...1.2/"))
    assert page.get_by_text("store", exact=False).locator("visible=true").count() == 1
    page.get_by_label("Side by side").check()
    old, new = (page.locator(f".side-{name}", has_text="it.") for name in ("old", "new"))
    assert said(old) == "Version 1.1We Removed: store it."
    assert said(new) == "Version 1.2We Added: keep it."
    assert page.locator(".as-one").first.is_hidden()


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_side_by_side_fits_the_screen(visit: NewVisit, site: Site, width: int) -> None:
    page = visit(viewport={"width": width, "height": 900}).page
    page.goto(site.url("/terms/changes/1.1...1.2/"))
    page.get_by_label("Side by side").check()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_any_two_releases_are_put_together_from_parts_and_can_be_linked(visit: NewVisit, site: Site) -> None:
    seen = visit()
    page = seen.page
    page.goto(site.url("/terms/compare/"))
    page.get_by_label("From").select_option("1.0")
    page.get_by_label("To").select_option("1.2")
    page.get_by_role("button", name="Compare").click()
    page.get_by_text("Version 1.0 to version 1.2. Changed sections: 1").wait_for()
    assert page.url.endswith("?from=1.0&to=1.2")
    assert said(page.locator("[data-sections] .as-one")) == "Removed: TenAdded: Nine euros."
    assert page.locator(".changes a").all_inner_texts() == ["2. B"]
    again = visit()
    again.page.goto(page.url)
    again.page.get_by_text("Version 1.0 to version 1.2. Changed sections: 1").wait_for()
    assert seen.seen.trouble() == again.seen.trouble() == []


def test_a_pair_that_has_a_page_is_that_page_whichever_was_named_first(visit: NewVisit, site: Site) -> None:
    page = visit().page
    page.goto(site.url("/terms/compare/"))
    page.get_by_label("From").select_option("1.2")
    page.get_by_label("To").select_option("1.1")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url("**/terms/changes/1.1...1.2/")


def test_without_javascript_the_page_of_comparisons_leads_to_every_pair_that_has_a_page(
    visit: NewVisit, site: Site
) -> None:
    page = visit(java_script_enabled=False).page
    page.goto(site.url("/terms/compare/"))
    assert not page.locator("form.compare").is_visible()
    links = page.locator(".changes a").evaluate_all("all => all.map((link) => link.getAttribute('href'))")
    assert len(links) == 7
    assert all(link in site.files for link in links)


def test_axe_finds_nothing_on_a_comparison(visit: NewVisit, site: Site, axe: str) -> None:
    page = visit(bypass_csp=True).page
    page.goto(site.url("/terms/compare/?from=1.0&to=1.2"))
    page.get_by_text("Changed sections: 1").first.wait_for()
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run()).violations")
    assert {violation["id"]: [node["html"] for node in violation["nodes"]] for violation in found} == {}
