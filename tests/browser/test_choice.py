"""What a choice is, and what is none (requirements B, P, W, G02)."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .conftest import Visit
from .notice_page import NoticePage
from .pages import furnish, gated, page
from .sample import ANALYTICS, MARKETING, renamed_banner
from .sample import notice as sample_notice
from .serving import Site

Open = Callable[..., Visit]


@pytest.fixture
def notice(page: Page, site: Site) -> NoticePage:
    furnish(site, gated("a"))
    return NoticePage(page).open(site.url())


def test_nothing_is_stored_or_requested_before_a_choice(visit: Open, site: Site) -> None:
    furnish(site, gated("a") + '<template data-purpose="analytics"><img src="/pixel.png" alt=""></template>')
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    notice.notice.wait_for()
    there.page.wait_for_timeout(150)
    assert notice.stored() == {"cookies": "", "local": {}, "session": {}}
    asked = {url.removeprefix(site.origin) for url in there.seen.requests if not url.startswith("data:")}
    assert asked <= {"/", "/icon.svg", "/style.css", "/preferences.js"}
    assert there.seen.trouble() == []


def test_a_refusal_leaves_nothing_unique(visit: Open, site: Site) -> None:
    furnish(site)
    left = []
    for _ in range(2):
        notice = NoticePage(visit().page).open(site.url())
        with notice.posted():
            notice.reject()
        expect(notice.notice).to_have_count(0)
        left.append(notice.stored())
    assert left[0] == left[1]
    assert "analytics-0.marketing-0" in left[0]["cookies"]
    assert [e["subject_ref"] for e in site.events] == [None, None]
    assert [e["prev_event_id"] for e in site.events] == [None, None]


def test_a_refusal_is_not_asked_again(notice: NoticePage) -> None:
    notice.reject()
    for _ in range(3):
        notice.page.reload()
        notice.page.wait_for_function("() => window.preferences")
        assert notice.notice.count() == 0
    assert notice.ran() == []


@pytest.mark.parametrize("act", ["escape", "close", "scroll", "outside"])
def test_what_is_no_choice_stores_nothing(notice: NoticePage, site: Site, act: str) -> None:
    notice.open_settings()
    notice.control("analytics").check()
    if act == "escape":
        notice.page.keyboard.press("Escape")
    elif act == "close":
        notice.settings.locator("[data-close]").click()
    else:
        notice.page.mouse.click(2, 2) if act == "outside" else notice.page.mouse.wheel(0, 900)
        notice.page.reload()
    expect(notice.settings).to_have_count(0)
    expect(notice.notice).to_be_visible()
    assert notice.stored() == {"cookies": "", "local": {}, "session": {}}
    assert (site.posts, notice.ran()) == ([], [])


def test_every_purpose_starts_off(notice: NoticePage) -> None:
    notice.open_settings()
    assert [notice.control(id_).is_checked() for id_ in ("analytics", "marketing")] == [False, False]
    assert notice.settings.locator("input").count() == 2  # the necessary purpose has no control


@pytest.mark.parametrize("answers", [(True, False), (False, True), (True, True), (False, False)])
def test_settings_reopen_with_what_was_saved(notice: NoticePage, answers: tuple[bool, bool]) -> None:
    notice.open_settings()
    notice.save(analytics=answers[0], marketing=answers[1])
    for _ in range(2):
        notice.open_settings()
        shown = tuple(notice.control(id_).is_checked() for id_ in ("analytics", "marketing"))
        assert shown == answers
        notice.page.reload()


def test_settings_say_who_stores_what_and_for_how_long(notice: NoticePage) -> None:
    notice.open_settings()
    text = notice.settings.text_content() or ""
    declared = ["usage_id", "usage_*", "ad_id", "session", "__Host-preferences", "preferences.receipt"]
    for word in [*declared, "180 days if you accept", "Example Ads Ltd, a third party with access", "Always on"]:
        assert word in text, word
    assert "{" not in text


def test_settings_list_all_that_is_declared_and_nothing_else(notice: NoticePage) -> None:
    """P02: the layer against the notice that the record names."""
    notice.open_settings()
    declared = [
        (purpose["id"], service["name"]["en"], service["provider"], item["name"], item["lifetime"]["en"])
        for purpose in sample_notice(ANALYTICS, MARKETING).data["purposes"]
        for service in purpose["services"]
        for item in service["storage"]
    ]
    assert notice.settings.locator("code").all_text_contents() == [name for _, _, _, name, _ in declared]
    shown = notice.settings.locator("details > div").all_text_contents()
    for _, service, provider, name, lifetime in declared:
        assert any(all(word in text for word in (service, provider, name, lifetime)) for text in shown), name


def test_who_has_cleared_the_browser_is_told_that_all_is_off_and_may_refuse(notice: NoticePage) -> None:
    """W06: an empty state is denied, and the text says so."""
    notice.accept()
    notice.page.context.clear_cookies()
    notice.page.evaluate("() => localStorage.clear()")
    notice.page.reload()
    assert notice.purposes() == {"analytics": False, "marketing": False}
    notice.open_settings()
    expect(notice.settings).to_contain_text("your browser no longer holds your choice. Everything optional is off")
    notice.button("reject", notice.settings).click()
    notice.page.wait_for_function("() => preferences.get().chosen")


def test_the_notice_names_everything_before_the_buttons(notice: NoticePage) -> None:
    text = notice.notice.inner_text()
    before = text[: text.index("Reject all")]
    for word in ("ITSTHS PVT LTD", "Analytics", "Marketing", "Example Ads Ltd", "withdraw", "Cookie settings"):
        assert word in before, word
    link = notice.notice.locator("a")
    assert link.get_attribute("href") == notice.page.url + "privacy-policy/"


def test_the_settings_show_the_record_and_give_the_receipt(notice: NoticePage) -> None:
    notice.accept()
    notice.page.wait_for_function("() => localStorage['preferences.receipt']?.includes('receipt_id')")
    kept = notice.receipt()
    assert kept
    notice.open_settings()
    record = notice.settings.locator("[data-record]")
    expect(record).to_contain_text(kept["last"])
    expect(record).to_contain_text("January 1, 2099")
    expect(record).to_contain_text("notice 1.0, policy 1.1")
    with notice.page.expect_download() as download:
        record.get_by_text("Download receipt").click()
    assert json.loads(download.value.path().read_text("utf-8")) == kept["receipt"]
    assert kept["secret"] not in json.dumps(kept["receipt"])


def test_a_withdrawal_that_waits_is_not_shown_as_the_grant_before_it(notice: NoticePage, site: Site) -> None:
    with notice.posted():
        notice.accept()
    site.temper = "fails"
    notice.open_settings()
    with notice.page.expect_navigation():
        notice.button("reject", notice.settings).click()
    notice.open_settings()
    record = notice.settings.locator("[data-record]")
    expect(record).to_contain_text("not confirmed yet")
    expect(record).not_to_contain_text(site.events[0]["event_id"])
    expect(record).not_to_contain_text("2099")  # the grant's last day
    expect(record.locator("[data-download]")).to_have_count(0)


def test_a_withdrawal_that_never_arrived_is_not_shown_as_the_grant_before_it(notice: NoticePage, site: Site) -> None:
    with notice.posted():
        notice.accept()
    site.temper = "conflicts"
    notice.open_settings()
    with notice.posted(), notice.page.expect_navigation():
        notice.button("reject", notice.settings).click()
    notice.open_settings()
    record = notice.settings.locator("[data-record]")
    expect(record).to_contain_text("notice 1.0, policy 1.1")
    expect(record).not_to_contain_text(site.events[0]["event_id"])
    expect(record.locator("[data-download]")).to_have_count(0)


def test_the_receipt_of_a_refusal_is_shown_until_the_page_goes(notice: NoticePage, site: Site) -> None:
    with notice.posted():
        notice.reject()
    notice.open_settings()
    expect(notice.settings).to_contain_text(site.events[0]["event_id"])
    notice.page.reload()
    notice.open_settings()
    expect(notice.settings).not_to_contain_text(site.events[0]["event_id"])


def test_the_banner_speaks_the_pages_language_or_its_own(page: Page, site: Site) -> None:
    furnish(site)
    notice = NoticePage(page).open(site.url("/ar"))
    assert notice.notice.get_attribute("dir") == "rtl"
    expect(notice.button("reject")).to_have_text("رفض الكل")
    site.put("/fr", _page_in("fr"))
    notice.open(site.url("/fr"))
    assert notice.notice.get_attribute("lang") == "en"


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("ar-SA", "ar-SA"), ("AR-sa", "ar-SA"), ("ar", "yi"), ("yi-US", "yi"), ("", "yi")],
)
def test_a_language_with_a_region_is_spoken_where_it_is_asked_for(
    page: Page, site: Site, asked: str, spoken: str
) -> None:
    furnish(site, language=asked)
    site.put_banner(renamed_banner(ar="ar-SA", en="yi"))
    notice = NoticePage(page).open(site.url())
    assert notice.notice.get_attribute("lang") == spoken
    assert notice.notice.get_attribute("dir") == "rtl"


def _page_in(language: str) -> str:
    return page(language=language)


def test_page_scripts_learn_of_a_choice_after_it_is_saved(notice: NoticePage) -> None:
    notice.page.evaluate(
        """() => {
          window.heard = [];
          preferences.onChange(() => { throw new Error('a listener of the page') });
          const stop = preferences.onChange(() => heard.push('stopped'));
          stop();
          preferences.onChange((state) => heard.push([state.chosen, {...state.purposes}, document.cookie !== '']));
          document.addEventListener('preferences:change', (e) => heard.push({...e.detail.purposes}));
        }"""
    )
    notice.accept()
    granted = {"analytics": True, "marketing": True}
    assert notice.page.evaluate("() => heard") == [[True, granted, True], granted]
    assert notice.purposes() == granted


def test_the_interface_cannot_be_changed_by_a_page(notice: NoticePage) -> None:
    tried = """() => {
      'use strict';
      const failed = [];
      for (const act of [() => { preferences.get = null }, () => { window.preferences = null },
                         () => { preferences.get().purposes.analytics = true }])
        try { act() } catch { failed.push(1) }
      return failed.length;
    }"""
    assert notice.page.evaluate(tried) == 3
    assert notice.purposes() == {"analytics": False, "marketing": False}
    assert notice.page.evaluate("() => [typeof __tcfapi, typeof __gpp, typeof __uspapi]") == ["undefined"] * 3


def test_an_element_that_takes_our_names_changes_nothing(visit: Open, site: Site) -> None:
    furnish(site, '<a id="preferences"></a><img name="currentScript" src="http://elsewhere.test/x.png" alt="">')
    notice = NoticePage(visit().page).open(site.url())
    notice.accept()
    notice.page.wait_for_function("() => localStorage['preferences.receipt']?.includes('receipt_id')")
    assert len(site.posts) == 1
