"""Asking again: only what changed, only whom it concerns, and with what changed in sight (V05, B08); signals that are
overridden by a visitor; other tabs; what a page may ask of the banner (S02, S14)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import Visit
from .notice_page import NoticePage
from .pages import furnish, gated
from .sample import ANALYTICS, MARKETING, banner, by_us, notice, stored
from .serving import Site, day36

Open = Callable[..., Visit]
BEFORE = notice(ANALYTICS, MARKETING)
BROADER = dataclasses.replace(MARKETING, services=(*MARKETING.services, by_us("more", stored("more_id"))))
NARROWER = dataclasses.replace(ANALYTICS, services=(by_us("usage", stored("usage_id")),))
SINCE = """<section lang="en" dir="ltr"><h2>The notice since 1.0</h2><p onclick="x()">Now <ins>more</ins></p>
<script>window.hacked = 1</script><a href="/changes/" onclick="x()">all</a><a href="javascript:x()">bad</a></section>"""


def _again(visit: Open, site: Site, cookie: str, *purposes: object) -> tuple[NoticePage, Visit]:
    site.put_banner(banner(*purposes, version="2.0", before=(BEFORE,)))  # type: ignore[arg-type]
    site.put("/cookies/since/1.0.en.html", SINCE)
    furnish(site, gated("a") + gated("b", "marketing"))
    there = visit()
    value = f"1.1-0.1-1.{day36(-9)}.{cookie}"
    there.context.add_cookies([{"name": "preferences", "value": value, "url": site.origin}])
    return NoticePage(there.page).open(site.url()), there


def test_only_the_purpose_that_changed_is_asked_about_and_what_changed_is_shown(visit: Open, site: Site) -> None:
    page, there = _again(visit, site, "analytics-1.marketing-1", ANALYTICS, BROADER)
    expect(page.notice).to_contain_text("has changed something, so we ask again about")
    expect(page.notice.locator("li b")).to_have_text(["Marketing"])
    assert page.purposes() == {"analytics": True, "marketing": False}
    there.page.wait_for_function("() => window.ran?.length")
    assert page.ran() == ["a"]  # the other answer is kept
    changes = page.notice.locator("[data-since]")
    expect(changes).to_contain_text("Now more")
    assert changes.locator("ins").count() == 1
    html = changes.evaluate("(element) => element.innerHTML")
    assert not any(word in html for word in ("onclick", "script", "hacked"))
    assert changes.locator("a").first.get_attribute("href") == site.url("/changes/")
    page.reject()
    expect(page.notice).to_have_count(0)
    assert page.purposes() == {"analytics": True, "marketing": False}
    assert f".{day36(-9)}." in page.stored()["cookies"]  # the kept consent has not become younger
    assert there.seen.errors == []


def test_who_refused_is_left_in_peace_by_what_only_narrows(visit: Open, site: Site) -> None:
    page, _ = _again(visit, site, "analytics-0.marketing-0", NARROWER, MARKETING)
    page.page.wait_for_function("() => preferences.get().chosen")
    assert page.notice.count() == 0


def test_who_granted_is_asked_about_what_narrowed(visit: Open, site: Site) -> None:
    page, _ = _again(visit, site, "analytics-1.marketing-0", NARROWER, MARKETING)
    expect(page.notice.locator("li b")).to_have_text(["Analytics"])


def test_that_what_changed_cannot_be_fetched_keeps_nobody_from_choosing(visit: Open, site: Site) -> None:
    site.put_banner(banner(ANALYTICS, BROADER, version="2.0", before=(BEFORE,)))
    furnish(site)
    there = visit()
    cookie = f"1.1-0.1-1.{day36()}.analytics-1.marketing-1"
    there.context.add_cookies([{"name": "preferences", "value": cookie, "url": site.origin}])
    there.page.route("**/since/*", lambda route: route.abort())
    page = NoticePage(there.page).open(site.url())
    page.accept()
    assert page.purposes() == {"analytics": True, "marketing": True}


def test_axe_finds_nothing_where_changes_are_shown(visit: Open, site: Site, axe: str) -> None:
    def bypassing(**options: object) -> Visit:
        return visit(bypass_csp=True, **options)

    page, there = _again(bypassing, site, "analytics-1.marketing-1", ANALYTICS, BROADER)
    page.notice.locator("[data-since]").wait_for()
    there.page.evaluate(axe)
    assert there.page.evaluate("async () => (await axe.run()).violations.map((found) => found.id)") == []


def test_a_visitor_may_override_the_signal_for_one_purpose_and_take_that_back(visit: Open, site: Site) -> None:
    furnish(site, gated("b", "marketing"))
    there = visit()
    there.context.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    page = NoticePage(there.page).open(site.url())
    page.open_settings()
    there.page.evaluate("() => document.querySelector('[data-override]').click()")
    assert page.control("marketing").is_disabled()  # only a visitor makes the exception
    page.settings.locator("[data-override=marketing]").click()
    with page.posted():
        page.save(marketing=True)
    assert "marketing-2" in page.stored()["cookies"]
    assert (site.events[0]["purposes"]["marketing"], site.events[0]["signals"]) == (True, {"gpc": True})
    there.page.reload()
    there.page.wait_for_function("() => window.ran?.length")
    page.open_settings()
    with there.page.expect_navigation():
        page.save(marketing=False)
    there.page.wait_for_function("() => window.preferences")
    assert page.purposes()["marketing"] is False
    page.open_settings()
    assert page.control("marketing").is_disabled()


def test_another_tab_stays_in_step(visit: Open, site: Site) -> None:
    furnish(site, gated("a"))
    there = visit()
    here = NoticePage(there.page).open(site.url())
    beside = NoticePage(there.context.new_page()).open(site.url())
    beside.accept()
    expect(here.notice).to_have_count(0)
    here.page.wait_for_function("() => window.ran?.length")
    beside.open_settings()
    with here.page.expect_navigation():
        beside.button("reject", beside.settings).click()
    here.page.wait_for_function("() => window.preferences")
    assert here.ran() == []


def test_a_page_may_withdraw_and_wait_but_not_grant(page: Page, site: Site) -> None:
    furnish(site)
    visitor = NoticePage(page).open(site.url())
    page.evaluate("() => { preferences.once('analytics').then(() => { window.granted = true }) }")
    assert page.evaluate("() => [Object.keys(preferences).sort().join(), Object.isFrozen(preferences)]") == [
        "get,onChange,once,show,withdraw",
        True,
    ]
    page.evaluate("() => ['analytics', 'nope', undefined].forEach(preferences.withdraw)")
    assert visitor.notice.is_visible() and visitor.stored()["cookies"] == ""  # nobody was asked yet
    with visitor.posted():
        visitor.accept()
    page.wait_for_function("() => window.granted")
    with visitor.posted():
        page.evaluate("() => preferences.withdraw('analytics')")
    assert visitor.purposes() == {"analytics": False, "marketing": True}
    assert site.events[-1]["method"] == "page.form"


@pytest.mark.parametrize("act", ["show", "settings", "open", "reload"])
def test_a_page_may_have_other_plans(page: Page, site: Site, act: str) -> None:
    furnish(site, gated("a"))
    page.add_init_script(f"document.addEventListener('preferences:{act}', (event) => event.preventDefault())")
    visitor = NoticePage(page).open(site.url())
    page.wait_for_function("() => window.preferences")
    if act == "show":
        assert visitor.notice.count() == 0
        return
    if act == "settings":
        visitor.button("settings").click()
        page.wait_for_timeout(100)
        assert visitor.settings.count() == 0
        return
    visitor.accept()
    page.wait_for_timeout(100)
    assert visitor.ran() == ([] if act == "open" else ["a"])
    page.evaluate("() => { window.same = true; preferences.withdraw() }")
    page.wait_for_timeout(700)
    assert page.evaluate("() => window.same") is True


def test_the_settings_page_is_shown_where_the_layer_cannot_be_loaded(visit: Open, site: Site) -> None:
    furnish(site)
    site.put("/cookies/", "<h1>Cookies</h1>")
    there = visit()
    visitor = NoticePage(there.page).open(site.url())
    there.page.route("**/preferences.*.js", lambda route: route.abort())
    visitor.button("settings").click()
    there.page.wait_for_url("**/cookies/")


def test_a_record_is_erased_after_a_second_press_and_the_consent_with_it(page: Page, site: Site) -> None:
    furnish(site)
    visitor = NoticePage(page).open(site.url())
    with visitor.posted():
        visitor.accept()
    secret = (visitor.receipt() or {})["secret"]
    visitor.open_settings()
    erase = visitor.settings.locator("[data-erase]")
    erase.click()
    expect(erase).to_have_text("Erase it for ever, and withdraw")
    with page.expect_request("**/choices/erase") as asked:
        erase.click()
    assert asked.value.post_data_json == {"schema": "policy-secret/1", "secret": secret}
    expect(visitor.status).to_have_text("Your consent was withdrawn, and its record was erased.")
    page.wait_for_function("() => !localStorage['preferences.queue']")
    assert "preferences.receipt" not in visitor.stored()["local"]
    assert (site.events[-1]["event_type"], site.events[-1]["subject_ref"]) == ("withdrawn", None)


def test_a_record_under_way_arrives_before_the_records_are_erased(page: Page, site: Site) -> None:
    furnish(site)
    visitor = NoticePage(page).open(site.url())
    with visitor.posted():
        visitor.accept()
    held: list[Route] = []
    page.route("**/choices", lambda route: held.append(route))
    with page.expect_request("**/choices"):
        page.evaluate("() => preferences.withdraw('analytics')")
    visitor.open_settings()
    erase = visitor.settings.locator("[data-erase]")
    erase.click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    erase.click()
    page.wait_for_timeout(200)
    assert asked == []
    with page.expect_request("**/choices/erase"):
        held[0].continue_()
        page.unroute("**/choices")
    assert [event["event_type"] for event in site.events][:2] == ["given", "changed"]
