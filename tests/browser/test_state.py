"""When a stored choice counts, when it is asked for again, and that nothing else opens a gate (G02, V05, W07)."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import Visit
from .notice_page import NoticePage
from .pages import furnish, gated
from .sample import ANALYTICS, MARKETING, banner, sources
from .sample import notice as sample_notice
from .serving import Site, day36

Open = Callable[..., Visit]
GRANT = f"1.1-0.1-1.{day36()}.analytics-1.marketing-1"


def with_cookie(visit: Open, site: Site, value: str) -> tuple[NoticePage, Visit]:
    furnish(site, gated("a"))
    there = visit()
    there.context.add_cookies([{"name": "preferences", "value": value, "url": site.origin}])
    return NoticePage(there.page).open(site.url()), there


def test_the_grant_that_the_table_below_spoils_is_good(visit: Open, site: Site) -> None:
    notice, _ = with_cookie(visit, site, GRANT)
    notice.page.wait_for_function("() => window.ran?.length")
    assert notice.notice.count() == 0


SPOILT = {
    "empty": "",
    "a word": "yes",
    "another schema": GRANT.replace("1.", "2.", 1),
    "no purposes": GRANT.partition(".analytics")[0],
    "a purpose missing": GRANT.removesuffix(".marketing-1"),
    "one purpose twice": GRANT + ".analytics-1",
    "an answer that is none": GRANT.replace("marketing-1", "marketing-3"),
    "a purpose without an answer": GRANT.replace("marketing-1", "marketing"),
    "trailing text": GRANT + "x",
    "trailing dot": GRANT + ".",
    "percent signs": "%E0%A4%A",
    "json": '{"analytics":true}',
    "upper case": GRANT.upper(),
    "not a version": GRANT.replace(".1-0.", ".1.", 1),
    "a service of no purpose": GRANT + "._ads-1",
    "a service of a service": GRANT + ".marketing_ads_us-1",
    "the day after tomorrow": GRANT.replace(day36(), day36(2)),
    "a day in the far future": GRANT.replace(day36(), "zzzzzz"),
    "a day before days": GRANT.replace(day36(), "0"),
    "a day that is no number": GRANT.replace(day36(), "--"),
    "a notice of the next major version": GRANT.replace(".1-0.", ".2-0.", 1),
    "a policy of the next major version": GRANT.replace(".1-1.", ".2-0.", 1),
    "a policy of the major version before": GRANT.replace(".1-1.", ".0-9.", 1),
    "expired": GRANT.replace(day36(), day36(-180)),
    "a prototype": GRANT + ".constructor-1.__proto__-1",
    "very long": GRANT + ".a-1" * 900,
}


# What the rules make of a cookie's value: null, or the answers that count today.
_RULES = """([code, config, values]) => {
  const answers = new Function('CONFIG', 'GPC', 'values', `${code}
    const today = Math.floor(Date.now() / 86400000);
    const counts = (choice) => (choice && !unanswered(choice, today).length ? choice.answers : null);
    return values.map((value) => counts(parseChoice(value)))`);
  return answers(config, false, values);
}"""


def counted(page: Page, values: list[str]) -> list[dict[str, int] | None]:
    """Ask the real rules, in the real browser, about many values at once."""
    config = {
        "notice": {"version": "1-0"},
        "policy": {"version": "1-1"},
        "consentDays": 180,
        "refusalDays": 365,
        "purposes": [{"id": "analytics"}, {"id": "marketing"}],
    }
    found: list[dict[str, int] | None] = page.evaluate(_RULES, [sources()["state.js"], config, values])
    return found


def test_what_is_not_understood_is_no_choice(page: Page) -> None:
    assert counted(page, [GRANT]) == [{"analytics": 1, "marketing": 1}]
    found = dict(zip(SPOILT, counted(page, list(SPOILT.values())), strict=True))
    assert {name: answers for name, answers in found.items() if answers} == {}


def test_no_single_changed_character_turns_a_refusal_into_a_grant(page: Page) -> None:
    refusal = GRANT.replace("-1.marketing-1", "-0.marketing-0")
    spoilt = [
        refusal[:at] + other + refusal[at + len(taken) :]
        for at in range(len(refusal))
        for taken in ("", refusal[at])
        for other in ("", "0", "3", "z", ".", "-", "_", "\u0661", "\n", "%", "A")
    ]
    grants = [
        value for value, found in zip(spoilt, counted(page, spoilt), strict=True) if found and any(found.values())
    ]
    assert len(spoilt) > 800
    assert grants == []


@pytest.mark.parametrize("name", ["json", "percent signs", "a prototype", "expired"])
def test_what_is_not_understood_is_denied_and_asked_for(visit: Open, site: Site, name: str) -> None:
    notice, there = with_cookie(visit, site, SPOILT[name])
    expect(notice.notice).to_be_visible()
    assert notice.purposes() == {"analytics": False, "marketing": False}
    assert (notice.ran(), there.seen.trouble(), site.posts) == ([], [], [])


@pytest.mark.parametrize(
    ("notice_version", "policy_version", "asks"),
    [("1.0", "1.1", False), ("1.4", "1.9", False), ("2.0", "1.1", True), ("1.0", "2.0", True)],
)
def test_only_a_material_change_asks_again(
    visit: Open, site: Site, notice_version: str, policy_version: str, asks: bool
) -> None:
    before = (sample_notice(ANALYTICS, MARKETING),) if notice_version != "1.0" else ()
    site.put_banner(banner(version=notice_version, policy_version=policy_version, before=before))
    notice, _ = with_cookie(visit, site, GRANT)
    notice.page.wait_for_function("() => window.preferences")
    assert notice.notice.count() == int(asks)
    assert notice.purposes() == {"analytics": not asks, "marketing": not asks}


def test_a_page_with_the_script_of_before_an_editorial_notice_asks_nobody_again(visit: Open, site: Site) -> None:
    notice, _ = with_cookie(visit, site, GRANT.replace(".1-0.1-1.", ".1-4.1-9."))
    notice.page.wait_for_function("() => window.ran?.length")
    assert notice.notice.count() == 0


@pytest.mark.parametrize(("choice", "days"), [("accept", 180), ("reject", 365)])
def test_a_choice_ends_on_its_day_and_not_before(page: Page, site: Site, choice: str, days: int) -> None:
    furnish(site, gated("a"))
    start = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
    page.clock.install(time=start)
    notice = NoticePage(page).open(site.url())
    (notice.accept if choice == "accept" else notice.reject)()
    for passed, asks in ((days - 1, False), (days, True)):
        page.clock.set_system_time(start + datetime.timedelta(days=passed))
        page.reload()
        page.wait_for_function("() => window.preferences")
        assert notice.notice.count() == int(asks), passed
    assert notice.purposes() == {"analytics": False, "marketing": False}


@pytest.mark.parametrize(("choice", "days"), [("accept", 180), ("reject", 365)])
def test_the_cookie_lives_as_long_as_the_choice(page: Page, site: Site, choice: str, days: int) -> None:
    furnish(site)
    notice = NoticePage(page).open(site.url())
    (notice.accept if choice == "accept" else notice.reject)()
    (cookie,) = page.context.cookies()
    left = cookie["expires"] - datetime.datetime.now().timestamp()
    assert left / 86400 == pytest.approx(days, abs=0.01)
    assert (cookie["sameSite"], cookie["path"], cookie["name"]) == ("Lax", "/", "preferences")


def test_on_https_the_cookie_is_bound_to_the_host(visit: Open, site: Site) -> None:
    furnish(site)
    there = visit()
    secure = "https://shop.example.test"

    def answer(route: object, request: object) -> None:
        path = request.url.removeprefix(secure)  # type: ignore[attr-defined]
        kind, body = site.files.get(path, ("text/plain", b""))
        route.fulfill(body=body, content_type=kind)  # type: ignore[attr-defined]

    there.page.route("**/*", answer)
    notice = NoticePage(there.page).open(secure + "/")
    notice.accept()
    (cookie,) = there.context.cookies()
    assert (cookie["name"], cookie["secure"], cookie["domain"]) == (
        "__Host-preferences",
        True,
        "shop.example.test",
    )
    there.page.reload()
    there.page.wait_for_function("() => preferences.get().chosen")


def test_gpc_denies_what_it_names_and_says_so(visit: Open, site: Site) -> None:
    furnish(site, gated("a", "marketing") + gated("b"))
    notice = _with_gpc(visit)
    notice.open(site.url())
    expect(notice.notice).to_contain_text("Global Privacy Control signal. We honour it. It keeps off: Marketing.")
    with notice.posted():
        notice.accept()
    notice.page.wait_for_function("() => window.ran?.includes('b')")
    assert notice.purposes() == {"analytics": True, "marketing": False}
    assert notice.ran() == ["b"]
    assert site.events[0]["signals"] == {"gpc": True}
    assert site.events[0]["purposes"] == {"analytics": True, "marketing": False}
    notice.open_settings()
    assert (notice.control("marketing").is_disabled(), notice.control("marketing").is_checked()) == (True, False)


def test_gpc_overrides_an_earlier_grant_once_and_records_it(visit: Open, site: Site) -> None:
    furnish(site, gated("a", "marketing"))
    notice = _with_gpc(visit)
    notice.page.context.add_cookies([{"name": "preferences", "value": GRANT, "url": site.origin}])
    with notice.posted():
        notice.open(site.url())
    for _ in range(2):
        notice.page.reload()
        notice.page.wait_for_timeout(100)
        assert notice.purposes() == {"analytics": True, "marketing": False}
        assert (notice.ran(), notice.notice.count()) == ([], 0)
    assert [(e["method"], e["event_type"]) for e in site.events] == [("signal.gpc", "changed")]


def _with_gpc(visit: Open) -> NoticePage:
    there = visit()
    there.context.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    return NoticePage(there.page)


def test_a_page_without_local_storage_works_all_the_same(visit: Open, site: Site) -> None:
    furnish(site, gated("a"))
    there = visit()
    there.context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('', 'SecurityError') }})"
    )
    notice = NoticePage(there.page).open(site.url())
    with there.page.expect_response("**/choices"):
        notice.accept()
    there.page.wait_for_function("() => window.ran?.length")
    notice.open_settings()
    expect(notice.settings.locator("[data-record]")).to_contain_text(site.events[0]["event_id"])
    there.page.reload()
    there.page.wait_for_function("() => window.ran?.length")
    assert (there.seen.trouble(), len(site.posts)) == ([], 1)


def test_a_page_without_cookies_stays_closed_without_a_throw(visit: Open, site: Site) -> None:
    furnish(site, gated("a"))
    there = visit()
    there.context.add_init_script(
        "const shut = () => { throw new DOMException('', 'SecurityError') };"
        "Object.defineProperty(Document.prototype, 'cookie', {get: shut, set: shut})"
    )
    notice = NoticePage(there.page).open(site.url())
    notice.reject()
    there.page.reload()
    expect(notice.notice).to_be_visible()
    assert (there.seen.trouble(), notice.ran()) == ([], [])


def test_loaded_twice_is_loaded_once(visit: Open, site: Site) -> None:
    tag = '<script src="/preferences.js" defer></script>'
    furnish(site, gated("a"), scripts=tag + tag.replace("defer", "async"))
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    there.page.wait_for_load_state("load")
    assert notice.notice.count() == 1
    notice.accept()
    there.page.wait_for_function("() => localStorage['preferences.receipt']?.includes('receipt_id')")
    assert (notice.ran(), len(site.posts), there.seen.trouble()) == (["a"], 1, [])


def test_a_page_from_the_back_forward_cache_reads_the_state_again(
    visit: Open, site: Site, remembering_chromium: Browser
) -> None:
    furnish(site, gated("a"))
    site.put("/next", site.files["/"][1])
    page = visit(browser=remembering_chromium).page
    notice = NoticePage(page).open(site.url())
    expect(notice.notice).to_be_visible()
    page.evaluate("() => addEventListener('pageshow', (e) => { window.restored = e.persisted })")
    notice.open(site.url("/next"))
    notice.accept()
    page.evaluate("() => { setTimeout(() => history.back()) }")
    page.wait_for_function("() => window.restored === true && window.ran?.length")
    assert notice.notice.count() == 0
