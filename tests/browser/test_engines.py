"""The duties that an engine can break, kept in Chromium, Firefox and WebKit alike (requirements B, W, G, S, A)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Browser

from .engines import Chromium, Engine, firefox, webkit
from .pages import furnish, gated
from .sample import banner
from .serving import Site, serve

# Runs first on every page, and is one of the site's own files, for the pages are under the strict policy.
_WATCH = """
window.trouble = [];
for (const name of ['error', 'unhandledrejection', 'securitypolicyviolation'])
  addEventListener(name, (e) => trouble.push(`${name} ${e.message ?? e.reason ?? e.violatedDirective}`), true);
addEventListener('pageshow', (e) => { window.restored = e.persisted; });
"""
_GPC = "Object.defineProperty(navigator, 'globalPrivacyControl', { value: true });"
_NOTICE = "#preferences-notice"
_SETTINGS = "#preferences-settings[open]"
_COOKIES = "document.cookie"
_LEFT = "document.cookie + Object.keys({ ...localStorage, ...sessionStorage })"
_hosts = (f"127.0.{third}.{fourth}" for third, fourth in itertools.product(range(1, 255), range(1, 255)))


@pytest.fixture(scope="module", params=["chromium", "firefox", "webkit"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "chromium":
        browser: Browser = request.getfixturevalue("remembering_chromium")
        running: Any = nullcontext(Chromium(browser))
    else:
        running = {"firefox": firefox, "webkit": webkit}[request.param]()
    with running as page:
        yield page


@pytest.fixture
def site() -> Iterator[Site]:
    """On an address of its own, where no browser has stored anything yet."""
    site = Site()
    site.put_banner(banner())
    site.put_script("/watch.js", _WATCH)
    site.put_script("/gpc.js", _GPC)
    server = serve(site, next(_hosts))
    furnish(site, gated("a"), head=_script("watch"))
    yield site
    site.release.set()
    server.shutdown()
    server.server_close()


def _script(name: str) -> str:
    return f'<script src="/{name}.js"></script>'


def _one(selector: str) -> str:
    return f"document.querySelector('{selector}')"


def _all(selector: str, value: str) -> str:
    return f"[...document.querySelectorAll('{selector}')].map((each) => {value})"


def _choose(engine: Engine, choice: str, layer: str = _NOTICE) -> None:
    engine.click(f"{layer} [data-choice={choice}]")


def _asked(engine: Engine, url: str) -> None:
    engine.open(url)
    engine.until(_one(_NOTICE) + " !== null")


def _settled(engine: Engine, url: str) -> None:
    """A page on which nobody is asked."""
    engine.open(url)
    engine.until("document.readyState === 'complete' && preferences.get().chosen")
    assert engine.evaluate(_one(_NOTICE)) is None


def _delivered(engine: Engine) -> None:
    engine.until("!localStorage['preferences.queue']")


def test_nothing_is_stored_or_sent_before_a_choice(engine: Engine, site: Site) -> None:
    _asked(engine, site.url())
    engine.until("document.readyState === 'complete'")
    assert engine.evaluate(_LEFT) == ""
    assert {*site.requests} <= {"/", "/style.css", "/icon.svg", "/watch.js", "/preferences.js", "/favicon.ico"}
    assert (site.posts, engine.evaluate("window.ran ?? null")) == ([], None)


def test_the_buttons_are_equal_and_in_reach(engine: Engine, site: Site) -> None:
    _asked(engine, site.url())
    look = (
        "(() => { const s = getComputedStyle(each), b = each.getBoundingClientRect();"
        " return [s.color, s.backgroundColor, s.font, s.border, s.borderRadius, s.boxShadow, s.padding, s.opacity,"
        " Math.round(b.height), Math.round(b.width)].join() })()"
    )
    looks = engine.evaluate(_all(f"{_NOTICE} [data-choice]", look))
    assert len(looks) == 3
    assert len(set(looks)) == 1
    inside = "each.getBoundingClientRect().top >= 0 && each.getBoundingClientRect().bottom <= innerHeight"
    assert engine.evaluate(_all(f"{_NOTICE} [data-choice]", inside)) == [True] * 3


def test_accept_runs_what_waited_posts_one_record_and_is_asked_once(engine: Engine, site: Site) -> None:
    _asked(engine, site.url())
    _choose(engine, "accept")
    engine.until("window.ran?.length")
    _delivered(engine)
    assert [event["purposes"] for event in site.events] == [{"analytics": True, "marketing": True}]
    assert site.posts[0].headers["Content-Type"] == "application/json"
    _settled(engine, site.url())
    engine.until("window.ran?.length")
    assert len(site.posts) == 1


def test_reject_keeps_everything_shut_and_is_asked_once(engine: Engine, site: Site) -> None:
    _asked(engine, site.url())
    _choose(engine, "reject")
    engine.until(f"{_one(_NOTICE)} === null")
    _delivered(engine)
    assert [(event["event_type"], event["subject_ref"]) for event in site.events] == [("refused", None)]
    _settled(engine, site.url())
    assert engine.evaluate("window.ran ?? null") is None
    assert len(site.posts) == 1


def test_a_withdrawal_erases_and_reloads(engine: Engine, site: Site) -> None:
    _asked(engine, site.url())
    _choose(engine, "accept")
    engine.until("window.ran?.length")
    _delivered(engine)
    engine.evaluate("(document.cookie = 'usage_id=1', localStorage.usage_x = 1, sessionStorage.usage_session = 1)")
    engine.evaluate("(window.before = true)")
    engine.click("[data-preferences-open]")
    engine.until(f"{_one(_SETTINGS)} !== null")
    _choose(engine, "reject", _SETTINGS)
    engine.until("!window.before && document.readyState === 'complete'")
    left = engine.evaluate(_LEFT)
    assert "usage" not in left
    assert "analytics-0" in left
    assert engine.evaluate("window.ran ?? null") is None
    _delivered(engine)
    assert [event["event_type"] for event in site.events] == ["given", "withdrawn"]


@pytest.mark.parametrize("choice", ["analytics-1.marketing-1", "analytics-0.marketing-0"])
def test_who_chose_is_asked_again_when_it_has_expired(engine: Engine, site: Site, choice: str) -> None:
    engine.open(site.url("/icon.svg"))
    today = (date.today() - date(1970, 1, 1)).days
    _store(engine, f"1.1-0.1-1.{_base36(today - 170)}.{choice}")
    _settled(engine, site.url())
    _store(engine, f"1.1-0.1-1.{_base36(today - 370)}.{choice}")
    _asked(engine, site.url())
    assert engine.evaluate("window.ran ?? null") is None


def test_a_corrupt_state_is_no_consent(engine: Engine, site: Site) -> None:
    engine.open(site.url("/icon.svg"))
    for value in ("", "1", "{}", "1.1-0.1-1.zzzzz.analytics-1", "2.1-0.1-1.fff.analytics-1", "%00.💥"):
        _store(engine, value)
        _asked(engine, site.url())
        assert engine.evaluate("[window.ran ?? 0, ...trouble]") == [0], value


def _store(engine: Engine, value: str) -> None:
    engine.evaluate(f"(document.cookie = 'preferences={value};Path=/')")


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return (_base36(number // 36) if number >= 36 else "") + digits[number % 36]


def test_global_privacy_control_is_honoured_and_said(engine: Engine, site: Site) -> None:
    own = "" if engine.send_gpc(True) else _script("gpc")
    furnish(site, gated("a", "marketing") + gated("b"), head=_script("watch") + own)
    _asked(engine, site.url())
    engine.send_gpc(False)
    assert "Global Privacy Control" in engine.evaluate(f"{_one(_NOTICE)}.textContent")
    _choose(engine, "accept")
    engine.until("window.ran?.length")
    _delivered(engine)
    assert engine.evaluate("ran.join()") == "b"
    (event,) = site.events
    assert (event["purposes"], event["signals"]) == ({"analytics": True, "marketing": False}, {"gpc": True})


def test_both_layers_work_under_the_strict_policy_with_trusted_types(engine: Engine, site: Site) -> None:
    assert "require-trusted-types-for 'script'" in site.csp
    _asked(engine, site.url())
    _choose(engine, "settings")
    engine.until(f"{_one(_SETTINGS)} !== null")
    engine.click(f"{_SETTINGS} input[data-purpose=analytics]")
    _choose(engine, "save", _SETTINGS)
    engine.until("window.ran?.length")
    engine.until(f"{_one('#preferences-status')}?.textContent")
    _delivered(engine)
    assert engine.evaluate("trouble.join()") == ""
    assert engine.evaluate(f"getComputedStyle({_one('#preferences-status')}).position") == "fixed"


def test_a_page_from_right_to_left_has_its_notice_so(engine: Engine, site: Site) -> None:
    _asked(engine, site.url("/ar"))
    assert engine.evaluate(f"getComputedStyle({_one(_NOTICE)}).direction") == "rtl"
    text, buttons = engine.evaluate(_all(f"{_NOTICE} > div", "each.getBoundingClientRect().left"))
    assert text > buttons
    assert engine.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_keyboard_reaches_every_button_in_four_steps_and_chooses(engine: Engine, site: Site) -> None:
    _asked(engine, site.url())
    reached = []
    for _ in range(4):
        engine.press("Tab")
        reached.append(engine.evaluate("document.activeElement.dataset.choice ?? document.activeElement.tagName"))
    assert reached == ["A", "reject", "accept", "settings"]
    assert engine.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    engine.press("Enter")
    engine.until(f"{_one(_SETTINGS)} !== null")


def test_the_settings_take_the_focus_and_give_it_back(engine: Engine, site: Site) -> None:
    _asked(engine, site.url())
    _choose(engine, "settings")
    engine.until("document.activeElement?.id === 'preferences-settings-title'")
    for _ in range(12):  # more than it has controls: the page behind it is never reached
        engine.press("Tab")
        focused = "document.activeElement"
        assert engine.evaluate(f"{focused} === document.body || {_one(_SETTINGS)}.contains({focused})")
    engine.press("Escape")
    engine.until(f"{_one('#preferences-settings')} === null && document.activeElement?.dataset.choice === 'settings'")
    assert (engine.evaluate(_LEFT), site.posts) == ("", [])


def test_after_a_choice_the_focus_goes_where_reading_goes_on(engine: Engine, site: Site) -> None:
    _asked(engine, site.url())
    _choose(engine, "reject")
    engine.until("document.activeElement?.tagName === 'H1'")


def test_a_page_from_the_back_forward_cache_knows_what_was_chosen_since(engine: Engine, site: Site) -> None:
    site.put("/next", site.files["/"][1])
    _asked(engine, site.url())
    engine.evaluate("(window.kept = true)")
    _asked(engine, site.url("/next"))
    _choose(engine, "accept")
    engine.until("window.ran?.length")
    _delivered(engine)
    engine.back()
    engine.until("window.kept && window.restored && window.ran?.length")
    assert engine.evaluate(_one(_NOTICE)) is None
