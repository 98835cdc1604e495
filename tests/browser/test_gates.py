"""What waits for consent runs in order when it is given, and is taken back when it is withdrawn (G, W03)."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from collections.abc import Callable

from playwright.sync_api import expect

from .conftest import Visit
from .notice_page import NoticePage
from .pages import furnish, gated, note
from .sample import ANALYTICS, banner, by_us, stored
from .serving import STRICT, Site

Open = Callable[..., Visit]


def test_gated_scripts_run_in_order_and_a_failing_one_does_not_stop_the_next(visit: Open, site: Site) -> None:
    broken = '<script type="text/plain" data-purpose="analytics" src="/%s"></script>'
    furnish(
        site,
        gated("a") + broken % "throws.js" + gated("b") + broken % "missing.js" + gated("c") + gated("a"),
    )
    site.put_script("/throws.js", "ran.push('t'); throw new Error('of the page')")
    notice = NoticePage(visit().page).open(site.url())
    notice.accept()
    notice.page.wait_for_function("() => window.ran?.length === 5")
    assert notice.ran() == ["a", "t", "b", "c", "a"]


def test_inline_code_with_a_hash_keeps_its_place_between_external_scripts(visit: Open, site: Site) -> None:
    inline = note("inline")
    furnish(site, gated("a") + f'<script type="text/plain" data-purpose="analytics">{inline}</script>' + gated("b"))
    site.csp = STRICT.replace("script-src 'self'", f"script-src 'self' '{_hash(inline)}'")
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    notice.accept()
    there.page.wait_for_function("() => window.ran?.length === 3")
    assert (notice.ran(), there.seen.trouble()) == (["a", "inline", "b"], [])


def test_inline_code_with_a_nonce_runs_under_a_policy_of_nonces(visit: Open, site: Site) -> None:
    inline = f'<script type="text/plain" data-purpose="analytics" nonce="n1">{note("inline")}</script>'
    furnish(site, inline + gated("b"))
    site.csp = STRICT.replace("script-src 'self'", "script-src 'self' 'nonce-n1'")
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    notice.accept()
    there.page.wait_for_function("() => window.ran?.length === 2")
    assert (notice.ran(), there.seen.trouble()) == (["inline", "b"], [])


def test_inline_code_without_a_hash_is_stopped_by_the_policy_and_stops_nothing(visit: Open, site: Site) -> None:
    inline = f'<script type="text/plain" data-purpose="analytics">{note("inline")}</script>'
    furnish(site, inline + gated("b"))
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    notice.accept()
    there.page.wait_for_function("() => window.ran?.includes('b')")
    assert notice.ran() == ["b"]
    assert [violation.split()[:2] for violation in there.seen.violations] == [["script-src-elem", "inline"]]


def test_a_handler_that_trusted_types_forbid_stops_only_its_own_script(visit: Open, site: Site) -> None:
    handler = '<script type="text/plain" data-purpose="analytics" src="/note-a.js" onload="x()"></script>'
    furnish(site, handler + gated("b"))
    notice = NoticePage(visit().page).open(site.url())
    notice.accept()
    notice.page.wait_for_function("() => window.ran?.includes('b')")
    assert notice.notice.count() == 0


def test_inline_code_whose_turn_has_not_come_runs_once_though_a_second_choice_is_made(visit: Open, site: Site) -> None:
    inline = note("inline")
    furnish(site, gated("a") + f'<script type="text/plain" data-purpose="analytics">{inline}</script>')
    site.csp = STRICT.replace("script-src 'self'", f"script-src 'self' '{_hash(inline)}'")
    notice = NoticePage(visit().page).open(site.url())
    notice.page.evaluate(
        """() => {
          document.querySelector('[data-choice=accept]').click();
          preferences.withdraw('marketing');
        }"""
    )
    notice.page.wait_for_function("() => window.ran?.includes('inline')")
    notice.page.wait_for_timeout(50)
    assert notice.ran() == ["a", "inline"]


def test_a_template_is_put_in_its_place_and_its_scripts_run_in_order(visit: Open, site: Site) -> None:
    inside = '<p id="shown">Shown</p><script src="/note-a.js"></script><script src="/note-b.js"></script>'
    furnish(site, f'<div id="here"><template data-purpose="analytics">{inside}</template></div>' + gated("c"))
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    assert there.page.locator("#shown").count() == 0
    notice.accept()
    there.page.wait_for_function("() => window.ran?.length === 3")
    assert notice.ran() == ["a", "b", "c"]
    expect(there.page.locator("#here > #shown")).to_be_visible()
    assert there.seen.trouble() == []


def test_a_gate_inside_a_gate_waits_for_its_own_purpose_and_stops_no_other_code(visit: Open, site: Site) -> None:
    inline = note("inline")
    furnish(
        site,
        f'<template data-purpose="analytics">{gated("b", "marketing")}{gated("a").replace("text/plain", "")}</template>'
        f'<script type="text/plain" data-purpose="analytics">{inline}</script>',
    )
    site.csp = STRICT.replace("script-src 'self'", f"script-src 'self' '{_hash(inline)}'")
    notice = NoticePage(visit().page).open(site.url())
    notice.open_settings()
    notice.save(analytics=True)
    notice.page.wait_for_function("() => window.ran?.includes('inline')")
    assert notice.ran() == ["a", "inline"]
    notice.page.reload()
    notice.open_settings()
    notice.save(marketing=True)
    notice.page.wait_for_function("() => window.ran?.includes('b')")
    notice.page.reload()
    notice.page.wait_for_function("() => window.ran?.includes('b')")


def test_only_the_granted_purpose_opens(visit: Open, site: Site) -> None:
    furnish(site, gated("a") + gated("b", "marketing") + gated("c", "unheard-of") + gated("c", "constructor"))
    notice = NoticePage(visit().page).open(site.url())
    notice.open_settings()
    notice.save(marketing=True)
    notice.page.wait_for_function("() => window.ran?.length")
    notice.page.wait_for_timeout(100)
    assert notice.ran() == ["b"]


def test_a_stored_grant_opens_at_once_and_only_once(visit: Open, site: Site) -> None:
    furnish(site, gated("a"))
    notice = NoticePage(visit().page).open(site.url())
    notice.accept()
    notice.page.reload()
    notice.page.wait_for_function("() => window.ran?.length")
    notice.open_settings()
    notice.save(marketing=False)  # another choice, analytics granted as before
    notice.page.wait_for_timeout(100)
    assert notice.ran() == ["a"]


STORES = """
document.cookie = 'usage_id=1;path=/';
document.cookie = 'usage_here=1;path=/deep/er';
document.cookie = 'usage_parent=1;path=/;domain=example.test';
document.cookie = 'usage_necessary=1;path=/';
document.cookie = 'ad_id=1;path=/';
document.cookie = 'other=1;path=/';
localStorage.usage_count = localStorage.other = sessionStorage.usage_session = '1';
indexedDB.open('usage_base');
(window.ran ??= []).push('stores');
"""
LEFT = """async () => ({
  cookies: document.cookie.split('; ').map((pair) => pair.split('=')[0]).sort(),
  local: Object.keys(localStorage).filter((key) => !key.startsWith('preferences.')),
  session: Object.keys(sessionStorage),
  databases: (await indexedDB.databases()).map((found) => found.name),
})"""


def test_withdrawal_erases_what_was_declared_and_nothing_else_and_reloads(visit: Open, site: Site) -> None:
    furnish(site, '<script type="text/plain" data-purpose="analytics" src="/stores.js"></script>')
    site.put_script("/stores.js", STORES)
    site.put("/deep/er/", site.files["/"][1])
    deep = site.url("/deep/er/").replace("127.0.0.1", "shop.example.test")
    notice = NoticePage(visit().page).open(deep)
    notice.accept()
    notice.page.wait_for_function("() => window.ran?.length")
    before = notice.page.evaluate(LEFT)
    assert before["cookies"] == [
        "ad_id", "other", "preferences", "usage_here", "usage_id", "usage_necessary", "usage_parent"
    ]  # fmt: skip
    notice.open_settings()
    with notice.page.expect_navigation():
        notice.save(analytics=False)
    notice.page.wait_for_function("() => window.preferences")
    assert notice.page.evaluate(LEFT) == {
        "cookies": ["ad_id", "other", "preferences", "usage_necessary"],
        "local": ["other"],
        "session": [],
        "databases": [],
    }
    assert notice.purposes() == {"analytics": False, "marketing": True}
    assert (notice.ran(), notice.notice.count()) == ([], 0)


def test_a_neighbouring_host_without_a_choice_takes_nothing_back(visit: Open, site: Site) -> None:
    furnish(site)
    there = visit()
    notice = NoticePage(there.page).open(site.url().replace("127.0.0.1", "www.example.test"))
    notice.accept()
    there.page.evaluate("() => { document.cookie = 'usage_id=1;path=/;domain=example.test' }")
    notice.open(site.url().replace("127.0.0.1", "example.test"))
    expect(notice.notice).to_be_visible()
    assert notice.stored()["cookies"] == "usage_id=1"


def test_before_a_choice_no_storage_is_even_looked_at(visit: Open, site: Site) -> None:
    furnish(site)
    there = visit()
    there.context.add_init_script(
        """window.looked = [];
        for (const door of ['localStorage', 'sessionStorage', 'indexedDB'])
          Object.defineProperty(window, door, {get() { looked.push(door) }})"""
    )
    notice = NoticePage(there.page).open(site.url())
    notice.open_settings()
    assert there.page.evaluate("() => looked") == []


def test_what_a_choice_allowed_that_no_longer_counts_is_erased(visit: Open, site: Site) -> None:
    furnish(site)
    there = visit()
    held = {"preferences": "1.unreadable", "usage_id": "1"}
    there.context.add_cookies([{"name": name, "value": value, "url": site.origin} for name, value in held.items()])
    notice = NoticePage(there.page).open(site.url())
    expect(notice.notice).to_be_visible()
    assert notice.stored()["cookies"] == "preferences=1.unreadable"


def test_what_a_dying_page_stores_again_is_erased_on_the_next(visit: Open, site: Site) -> None:
    furnish(site, '<script type="text/plain" data-purpose="analytics" src="/again.js"></script>')
    site.put_script("/again.js", "ran = ['again']; onpagehide = () => { document.cookie = 'usage_late=1;path=/' }")
    notice = NoticePage(visit().page).open(site.url())
    notice.accept()
    notice.page.wait_for_function("() => window.ran")
    notice.open_settings()
    with notice.page.expect_navigation():
        notice.button("reject", notice.settings).click()
    notice.page.wait_for_function("() => window.preferences")
    assert "usage_late" not in notice.stored()["cookies"]


def test_a_withdrawal_takes_no_more_clicks_than_the_grant_took_in_the_same_layer(visit: Open, site: Site) -> None:
    furnish(site)
    notice = NoticePage(visit().page).open(site.url())
    for choice in ("accept", "reject"):
        notice.open_settings()
        button = notice.button(choice, notice.settings)
        button.click()
        expect(notice.settings).to_have_count(0)
    assert notice.purposes() == {"analytics": False, "marketing": False}


def test_withdrawal_without_code_that_ran_does_not_reload(visit: Open, site: Site) -> None:
    furnish(site)
    notice = NoticePage(visit().page).open(site.url())
    notice.accept()
    notice.page.evaluate("() => { window.same = true }")
    notice.open_settings()
    notice.button("reject", notice.settings).click()
    notice.page.wait_for_timeout(700)
    assert notice.page.evaluate("() => window.same") is True


def test_a_broad_pattern_never_erases_the_choice_itself(visit: Open, site: Site) -> None:
    furnish(site)
    broad = dataclasses.replace(ANALYTICS, services=(by_us("usage", stored("pre*")),))
    site.put_banner(banner(broad))
    notice = NoticePage(visit().page).open(site.url())
    notice.reject()
    notice.page.reload()
    notice.page.wait_for_function("() => preferences.get().chosen")
    assert "preferences=" in notice.stored()["cookies"]


def _hash(code: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
