"""Each demonstration shows what it says, and its markup does what is printed below it (S14; the style rule that every
example is tested)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from .conftest import Visit
from .notice_page import NoticePage
from .serving import STRICT, Site, serve

Open = Callable[..., Visit]
DEMOS = ("", "embeds/", "services/", "signals/", "again/", "interface/", "single-page/")


@pytest.fixture(scope="module")
def built() -> Iterator[Site]:
    site = Site(csp=STRICT)
    site.put_built("features")
    server = serve(site)
    yield site
    server.shutdown()
    server.server_close()


@pytest.fixture
def site(built: Site) -> Site:
    built.posts.clear()
    return built


def _open(visit: Open, site: Site, name: str = "") -> tuple[NoticePage, Visit]:
    there = visit()
    return NoticePage(there.page).open(site.url(f"/demo/{name}")), there


def _accept(notice: NoticePage) -> None:
    with notice.posted():
        notice.accept()


def _shown(page: Page, name: str) -> str:
    return page.locator(f"[data-demo={name}]").inner_text()


@pytest.mark.parametrize("name", DEMOS)
def test_every_demonstration_is_listed_on_every_other_and_prints_what_is_there(
    visit: Open, site: Site, axe: str, name: str
) -> None:
    there = visit(bypass_csp=True)
    page = there.page
    page.goto(site.url(f"/demo/{name}"))
    page.locator("#preferences-notice").wait_for()
    links = page.get_by_role("navigation", name="Demonstrations").locator("a")
    assert links.evaluate_all("(all) => all.map((a) => a.pathname)") == [f"/demo/{each}" for each in DEMOS]
    assert json.loads(_shown(page, "choices"))["chosen"] is False
    page.evaluate(axe)
    assert page.evaluate("async () => (await axe.run()).violations.map((found) => found.id)") == []
    built = site.files[f"/demo/{name}"][1].decode()
    assert all(code in built for code in page.locator("pre code").all_inner_texts())  # it is printed as it stands


def test_scripts_and_templates_run_and_are_taken_back(visit: Open, site: Site) -> None:
    notice, there = _open(visit, site)
    expect(there.page.locator("#demo-state")).to_have_text("not running")
    _accept(notice)
    expect(there.page.locator("#demo-state")).to_have_text("running")
    expect(there.page.get_by_text("It is allowed.", exact=True)).to_be_visible()
    assert _shown(there.page, "stopped") == "never"
    notice.open_settings()
    with there.page.expect_navigation():
        notice.save(analytics=False)
    expect(there.page.locator("#demo-state")).to_have_text("not running")
    expect(there.page.locator("[data-demo=stopped]")).not_to_have_text("never")
    assert there.seen.trouble() == []


def test_an_embed_is_loaded_from_its_placeholder(visit: Open, site: Site) -> None:
    _, there = _open(visit, site, "embeds/")
    held = there.page.locator("[data-preferences=held]")
    expect(held).to_contain_text("“A drawing” would be loaded from Tube Inc")
    box = held.bounding_box()
    assert box
    assert (box["width"], box["height"]) == (320, 180)  # not that of the words an image without a source is shown as
    held.get_by_role("button", name="Load once").click()
    expect(there.page.get_by_role("img", name="A drawing")).to_be_visible()
    assert there.seen.trouble() == []


def test_services_open_one_by_one(visit: Open, site: Site) -> None:
    notice, there = _open(visit, site, "services/")
    notice.open_settings()
    notice.settings.locator("[data-service=reel]").check()
    with notice.posted():
        notice.button("save", notice.settings).click()
    expect(there.page.get_by_text("Reel is allowed.", exact=True)).to_be_visible()
    assert there.page.get_by_text("Tube is allowed.", exact=True).count() == 0
    assert site.events[0]["services"] == {"reel": True}
    assert there.seen.trouble() == []


def test_tags_hear_denied_first_and_then_the_choice(visit: Open, site: Site) -> None:
    notice, there = _open(visit, site, "signals/")
    _accept(notice)
    default, update = _shown(there.page, "tags").splitlines()
    assert '"consent","default",{"ad_storage":"denied"' in default
    assert '"consent","update",{"ad_storage":"granted"' in update
    assert there.seen.trouble() == []


def test_an_old_choice_is_asked_again_with_what_changed(visit: Open, site: Site) -> None:
    notice, there = _open(visit, site, "again/")
    _accept(notice)
    there.page.get_by_role("button", name="Make my choice an old one").click()
    expect(notice.notice).to_contain_text("has changed something, so we ask again")
    expect(notice.notice.locator("[data-since]")).to_contain_text("Says how little is kept")
    assert there.seen.trouble() == []


def test_a_page_reads_hears_opens_withdraws_and_waits(visit: Open, site: Site) -> None:
    notice, there = _open(visit, site, "interface/")
    page = there.page
    page.get_by_role("button", name="show()").click()
    notice.settings.wait_for()
    page.keyboard.press("Escape")
    _accept(notice)
    expect(page.locator("[data-demo=once]")).to_have_text("granted")
    assert json.loads(_shown(page, "choices"))["purposes"]["analytics"] is True
    with notice.posted():
        page.get_by_role("button", name="withdraw()").click()
    expect(page.locator("[data-demo=choices]")).to_contain_text('"analytics": false')
    heard = _shown(page, "events").split()
    assert heard == [f"preferences:{name}" for name in ("settings", "change", "change")]
    assert there.seen.trouble() == []


def test_a_single_page_app_may_insert_and_exchange(visit: Open, site: Site) -> None:
    notice, there = _open(visit, site, "single-page/")
    page = there.page
    page.get_by_role("button", name="Insert").click()
    page.get_by_role("button", name="Exchange").click()
    expect(notice.notice).to_be_visible()
    page.get_by_role("button", name="Insert").click()
    _accept(notice)
    expect(page.get_by_text("Inserted.", exact=True)).to_have_count(2)
    assert there.seen.trouble() == []
