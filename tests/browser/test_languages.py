"""A policy in two languages in a real browser: each runs its own way, and the banner speaks the page's (A11, B11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from .conftest import Visit
from .notice_page import NoticePage
from .serving import STRICT, Site, serve

NewVisit = Callable[..., Visit]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Site(csp=STRICT)
    site.put_built("translated")
    server = serve(site)
    yield site
    server.shutdown()
    server.server_close()


def test_a_reader_goes_from_language_to_language_without_javascript(visit: NewVisit, site: Site) -> None:
    page = visit(java_script_enabled=False).page
    page.goto(site.url("/privacy/"))
    page.get_by_role("navigation", name="Languages").get_by_role("link", name="العربية").click()
    assert page.url == site.url("/privacy/ar/")
    assert page.locator("html").get_attribute("dir") == "rtl"
    behind = page.locator(".section", has=page.locator("#rights")).locator(".slip")
    assert behind.locator("a").inner_text() == "English"
    behind.locator("a").click()
    assert page.url == site.url("/privacy/#rights")


def test_each_text_runs_in_its_own_direction(visit: NewVisit, site: Site) -> None:
    page = visit().page
    page.goto(site.url("/privacy/1.1/ar/"))
    direction = "(found) => getComputedStyle(found).direction"
    found = {name: page.locator(name).first.evaluate(direction) for name in ("h1", "#rights", "#complaints", "code")}
    assert found == {"h1": "rtl", "#rights": "rtl", "#complaints": "ltr", "code": "ltr"}
    assert page.locator(".section", has=page.locator("#complaints")).locator(".slip").evaluate(direction) == "rtl"


def test_the_banner_speaks_the_language_of_the_page_and_leads_to_the_policy_in_it(visit: NewVisit, site: Site) -> None:
    seen = visit()
    notice = NoticePage(seen.page).open(site.url("/privacy/1.1/ar/"))
    assert notice.notice.get_attribute("lang") == "ar"
    assert notice.notice.locator("a").get_attribute("href") == site.url("/privacy/ar/")
    notice.open(site.url("/privacy/1.1/"))
    assert notice.notice.get_attribute("lang") == "en"
    assert notice.notice.locator("a").get_attribute("href") == site.url("/privacy/")
    assert seen.seen.trouble() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_and_nothing_overflows(
    visit: NewVisit, site: Site, axe: str, width: int, scheme: str
) -> None:
    page = visit(bypass_csp=True, viewport={"width": width, "height": 900}, color_scheme=scheme).page
    for path in ("/privacy/", "/privacy/ar/", "/privacy/1.1/ar/", "/privacy/history/"):
        page.goto(site.url(path))
        page.evaluate(axe)
        found = page.evaluate("async () => (await axe.run()).violations")
        assert {rule["id"]: [node["html"] for node in rule["nodes"]] for rule in found} == {}, path
        assert page.evaluate("document.documentElement.scrollWidth") <= width
