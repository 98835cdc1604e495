"""What bit other banners (field notes 5): each test is named for what must not happen."""

from __future__ import annotations

import dataclasses
import datetime
import random
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .conftest import Visit
from .notice_page import NoticePage
from .pages import furnish, gated, page
from .sample import ANALYTICS, MARKETING, VIDEO, banner
from .serving import STRICT, Site
from .test_state import GRANT, SPOILT

Open = Callable[..., Visit]

# What Rocket Loader does: scripts lie in the page under another type, and are run after it has loaded, some twice, from
# elements of its own; document.currentScript is answered by it.
ROCKET = """addEventListener('load', () => {
  Object.defineProperty(document, 'currentScript', {get: () => null});
  for (const waiting of document.querySelectorAll('script[type$="-text/javascript"]'))
    for (let run = 0; run < 2; run++)
      document.body.append(Object.assign(document.createElement('script'), {src: waiting.src}));
})"""
WAYS = {
    "async": '<script src="/preferences.js" async></script>',
    "defer": '<script src="/preferences.js" defer></script>',
    "at once": '<script src="/preferences.js"></script>',
    "module": '<script type="module" src="/preferences.js"></script>',
    "beside AMD": '<script src="/amd.js"></script><script src="/preferences.js"></script>',
    "by Rocket Loader": '<script type="x-text/javascript" src="/preferences.js"></script><script src="/r.js"></script>',
    "by a script": '<script src="/late.js" defer></script>',
}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_of_loading_it_breaks_it_or_asks_twice(visit: Open, site: Site, way: str) -> None:
    furnish(site, gated("a"), scripts=WAYS[way])
    site.put_script(
        "/amd.js", "window.define = () => { throw new Error('not ours') }; define.amd = {}; var exports = 0"
    )
    site.put_script("/r.js", ROCKET)
    site.put_script(
        "/late.js", "document.head.append(Object.assign(document.createElement('script'), {src: '/preferences.js'}))"
    )
    if way in ("by Rocket Loader", "by a script"):
        site.csp = STRICT.partition("; require-trusted-types-for")[0]  # these loaders know nothing of it
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    expect(notice.notice).to_have_count(1)
    notice.open_settings()
    with notice.posted():
        notice.save(analytics=True)
    there.page.wait_for_function("() => window.ran?.length")
    assert (notice.ran(), len(site.posts), there.seen.trouble()) == (["a"], 1, [])


def test_a_public_suffix_of_two_labels_neither_keeps_nor_loses_anything(visit: Open, site: Site) -> None:
    """`.com.pk`: a domain made from the last two labels would be the suffix, where no cookie can be."""
    furnish(site, '<script type="text/plain" data-purpose="analytics" src="/stores.js"></script>')
    site.put_script(
        "/stores.js",
        "document.cookie = 'usage_id=1;path=/;domain=shop.com.pk'; document.cookie = 'usage_www=1;path=/';"
        "document.cookie = 'other=1;path=/;domain=shop.com.pk'; window.ran = ['stores']",
    )
    notice = NoticePage(visit().page).open(site.url().replace("127.0.0.1", "www.shop.com.pk"))
    notice.accept()
    notice.page.wait_for_function("() => window.ran")
    assert {"usage_id", "usage_www"} <= _cookies(notice)
    notice.open_settings()
    with notice.page.expect_navigation():
        notice.button("reject", notice.settings).click()
    notice.page.wait_for_function("() => preferences.get().chosen")
    assert _cookies(notice) == {"other", "preferences"}


def _cookies(notice: NoticePage) -> set[str]:
    return {pair.split("=")[0] for pair in notice.stored()["cookies"].split("; ")}


def test_a_clock_that_is_set_back_grants_nothing_and_loses_no_record(visit: Open, site: Site) -> None:
    furnish(site, gated("a"))
    there = visit()
    now = datetime.datetime.now(datetime.UTC)
    there.page.clock.install(time=now)
    site.temper = "fails"
    notice = NoticePage(there.page).open(site.url())
    with there.page.expect_response("**/choices"):
        notice.accept()
    there.page.clock.set_system_time(now - datetime.timedelta(days=400))
    there.page.reload()
    expect(notice.notice).to_be_visible()  # a choice of the future is none
    assert notice.purposes() == {"analytics": False, "marketing": False}
    there.page.clock.set_system_time(now)
    site.temper = "stores"
    there.page.reload()
    there.page.wait_for_function("() => window.ran?.length")
    assert notice.notice.count() == 0


def test_a_full_storage_loses_no_choice_and_no_record(visit: Open, site: Site) -> None:
    furnish(site, gated("a"))
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    there.page.evaluate(
        """() => {
          let size = 1 << 20;
          for (let n = 0; size; n++)
            try { localStorage[`full${n}`] = 'x'.repeat(size) } catch { size >>= 1 }
        }"""
    )
    with there.page.expect_response("**/choices"):
        notice.accept()
    there.page.wait_for_function("() => window.ran?.length")
    assert "preferences.queue" not in notice.stored()["local"]
    assert [event["event_type"] for event in site.events] == ["given"]
    notice.open_settings()
    expect(notice.settings.locator("[data-record]")).to_contain_text(site.events[0]["event_id"])
    with there.page.expect_response("**/choices"):
        notice.button("reject", notice.settings).click()
    assert site.events[1]["prev_event_id"] == site.events[0]["event_id"]
    assert there.seen.trouble() == []


def test_what_waits_for_something_undeclared_is_told_in_words(visit: Open, site: Site) -> None:
    strange = (
        gated("a", "analitics")
        + gated("b").replace("src", 'data-service="usages" src')
        + '<img data-purpose="analytics" data-src="/pixel.png" alt="">'
        + gated("c", "necessary")
    )
    furnish(site, strange + gated("c"))
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    notice.open_settings()
    notice.page.wait_for_timeout(50)
    told = [text for text in there.seen.console if text.startswith("preferences: it waits for ever")]
    assert len(told) == 4


def test_code_for_a_withdrawal_runs_before_the_page_goes_and_only_then(visit: Open, site: Site) -> None:
    stop = '<script type="text/plain" data-withdrawn="{0}" src="/stop-{0}.js"></script>'
    furnish(site, gated("a") + stop.format("analytics") + stop.format("marketing"))
    for name in ("analytics", "marketing"):
        site.put_script(f"/stop-{name}.js", f"(JSON.parse(sessionStorage.x ?? '[]')); sessionStorage.x = '{name}'")
    notice = NoticePage(visit().page).open(site.url())
    notice.reject()
    notice.page.wait_for_timeout(100)
    assert notice.stored()["session"] == {}  # nothing was taken back
    notice.open_settings()
    notice.save(analytics=True)
    notice.page.wait_for_function("() => window.ran?.length")
    notice.open_settings()
    with notice.page.expect_navigation():
        notice.save(analytics=False)
    notice.page.wait_for_function("() => window.preferences")
    assert notice.stored()["session"] == {"x": "analytics"}


PIXEL = """
!function(f){if(f.fbq)return;var n=f.fbq=function(){n.callMethod?n.callMethod(...arguments):n.queue.push(arguments)};
if(!f._fbq)f._fbq=n;n.push=n;n.loaded=!0;n.version='2.0';n.queue=[]}(window);
fbq('init', '1'); fbq('track', 'PageView');
"""
TOLD = "() => fbq.queue.map((said) => [...said].slice(0, 2).join(' '))"


def test_metas_pixel_is_revoked_before_it_begins(visit: Open, site: Site) -> None:
    site.put_banner(banner(dataclasses.replace(MARKETING, signals=("meta",))))
    site.put_script("/pixel.js", PIXEL)
    furnish(site, '<script type="text/plain" data-purpose="marketing" src="/pixel.js"></script>')
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    assert there.page.evaluate("() => typeof fbq") == "undefined"
    notice.accept()
    there.page.wait_for_function("() => window.fbq?.queue.length === 4")
    assert there.page.evaluate(TOLD) == ["consent revoke", "consent grant", "init 1", "track PageView"]
    there.page.evaluate("() => addEventListener('preferences:reload', (e) => e.preventDefault(), true)")
    there.page.evaluate("() => preferences.withdraw()")
    assert there.page.evaluate(TOLD)[-1] == "consent revoke"


def test_a_pixel_that_waits_for_nothing_is_revoked_all_the_same(visit: Open, site: Site) -> None:
    site.put_banner(banner(dataclasses.replace(MARKETING, signals=("meta",))))
    site.put_script("/pixel.js", PIXEL)
    tag = '<script src="/preferences.js"></script><script src="/pixel.js"></script>'
    furnish(site, scripts=tag)
    there = visit()
    NoticePage(there.page).open(site.url()).notice.wait_for()
    assert there.page.evaluate(TOLD) == ["consent revoke", "init 1", "track PageView"]


ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzAZ._-,;:= \"'{}[]%+/\\\u00e9\u0661\u202e\U0001f36a"
# Each value as cookie and in every place of ours; a message to itself makes the page read it, as another tab would.
_FUZZ = """async (values) => {
  const door = new BroadcastChannel('preferences'), granted = [];
  for (const value of values) {
    document.cookie = `preferences=${value};path=/`;
    localStorage['preferences.queue'] = localStorage['preferences.receipt'] = value;
    door.postMessage(0);
    await new Promise((resolve) => setTimeout(resolve, 4));
    if (Object.values(preferences.get().purposes).some(Boolean)) granted.push(value);
  }
  return granted;
}"""


def test_no_stored_rubbish_throws_or_opens_anything(visit: Open, site: Site) -> None:
    furnish(site, gated("a") + gated("b", "marketing"))
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    notice.notice.wait_for()
    there.page.evaluate("() => addEventListener('preferences:reload', (e) => e.preventDefault(), true)")
    assert there.page.evaluate(_FUZZ, rubbish(300)) == []
    assert (notice.ran(), there.seen.trouble(), site.posts) == ([], [], [])
    there.page.evaluate(_FUZZ, [GRANT])
    there.page.wait_for_function("() => window.ran?.length === 2")  # it was read each time


def rubbish(count: int) -> list[str]:
    """Wrong choices, and refusals that were spoilt: nothing of it may count as a grant."""
    random_ = random.Random(4)
    json = ('[{"answers":{}}]', '{"last":1}', '{"last":null,"receipt":{"event":{"purposes":[null]}}}', "null", "[[]]")
    # An answer about one of two purposes counts for that one.
    made = [*(text for name, text in SPOILT.items() if name != "a purpose missing"), *json]
    refusal = GRANT.replace("-1.marketing-1", "-0.marketing-0")
    while len(made) < count:
        text = list(random_.choice((refusal, *made)))
        for _ in range(random_.randint(1, 4)):
            at = random_.randrange(len(text) + 1)
            text[at : at + random_.randint(0, 3)] = random_.choices(ALPHABET, k=random_.randint(0, 3))
        if not _may_grant("".join(text)):
            made.append("".join(text))
    return made


def _may_grant(text: str) -> bool:
    """A refusal whose answers were turned is a grant by every rule."""
    return "analytics-1" in text or "analytics-2" in text or "marketing-1" in text or "marketing-2" in text


@pytest.mark.parametrize("layer", ["first", "settings"])
def test_nothing_moves_for_who_wants_no_motion_or_for_anybody(visit: Open, site: Site, layer: str) -> None:
    furnish(site)
    notice = NoticePage(visit(reduced_motion="reduce").page).open(site.url())
    notice.notice.wait_for()
    if layer == "settings":
        notice.open_settings()
    moving = """() => [...document.querySelectorAll('[data-preferences], [data-preferences] *')].filter((e) => {
      const s = getComputedStyle(e);
      return s.animationName !== 'none' || s.transitionDuration !== '0s' || s.scrollBehavior === 'smooth';
    }).length + document.getAnimations().length"""
    assert notice.page.evaluate(moving) == 0


def test_a_single_page_app_keeps_gates_settings_and_notice(visit: Open, site: Site) -> None:
    site.put_banner(banner(ANALYTICS, VIDEO))
    site.csp = STRICT.partition("; require-trusted-types-for")[0] + "; frame-src 'self'"
    furnish(site, '<div id="app"></div>')
    site.put("/film", "<p>film</p>")
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    notice.open_settings()
    with notice.posted():
        notice.save(analytics=True)
    there.page.evaluate(
        """(html) => {
          history.pushState({}, '', '/next');
          document.querySelector('#app').innerHTML = html;
        }""",
        gated("a")
        + '<iframe data-purpose="video" data-service="tube" data-src="/film" title="A film"></iframe>'
        + '<a href="/cookies/" data-preferences-open id="late">Cookie settings</a>',
    )
    there.page.wait_for_function("() => window.ran?.length")
    expect(there.page.locator("[data-preferences=held]")).to_have_count(1)
    there.page.locator("#late").click()
    expect(notice.settings).to_be_visible()
    assert there.seen.trouble() == []


def test_a_page_in_an_old_charset_says_the_right_words(visit: Open, site: Site) -> None:
    furnish(site)
    site.put("/", page().replace('charset="utf-8"', 'charset="windows-1252"'), "text/html; charset=windows-1252")
    notice = NoticePage(visit().page).open(site.url())
    expect(notice.notice).to_contain_text("under “Cookie settings”")
