"""What is embedded waits behind a placeholder, and is loaded once or always for its service alone (G05); tags of others
hear what was chosen, and nothing before (S08, S09, S11, S12)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .conftest import Visit
from .notice_page import NoticePage
from .pages import furnish, gated
from .sample import ANALYTICS, MARKETING, VIDEO, banner
from .serving import STRICT, Site

Open = Callable[..., Visit]
FRAME = (
    '<iframe data-purpose="video" data-service="{0}" data-src="/film" title="A film" width="400" height="225"></iframe>'
)


@pytest.fixture
def there(visit: Open, site: Site) -> Visit:
    """A page with an embed of each of two services of one purpose."""
    site.csp = STRICT + "; frame-src 'self'"
    site.put_banner(banner(ANALYTICS, VIDEO))
    site.put("/film", "<p>film</p>")
    furnish(site, FRAME.format("tube") + FRAME.format("reel"))
    visitor = visit()
    NoticePage(visitor.page).open(site.url())
    return visitor


def _asked_for_film(there: Visit) -> int:
    return sum(url.endswith("/film") for url in there.seen.requests)


def test_an_embed_waits_behind_a_placeholder_of_its_size_that_names_it_and_its_provider(there: Visit) -> None:
    held = there.page.locator("[data-preferences=held]")
    expect(held).to_have_count(2)
    expect(held.first).to_contain_text("“A film” would be loaded from Tube Inc")
    box = held.first.bounding_box()
    assert box
    assert box["width"] == pytest.approx(404, abs=1)  # with the border of two pixels that frames have
    assert box["height"] == pytest.approx(229, abs=1)
    assert (_asked_for_film(there), there.seen.trouble()) == (0, [])


def test_loaded_once_it_is_loaded_here_and_nothing_is_chosen(there: Visit, site: Site) -> None:
    there.page.locator("[data-choice=once]").first.click()
    expect(there.page.locator("iframe[src]")).to_have_count(1)
    there.page.reload()
    expect(there.page.locator("[data-preferences=held]")).to_have_count(2)
    notice = NoticePage(there.page)
    assert (notice.stored()["cookies"], site.posts) == ("", [])
    assert _asked_for_film(there) == 1


def test_loaded_always_it_is_a_consent_for_this_service_and_is_recorded_as_such(there: Visit, site: Site) -> None:
    notice = NoticePage(there.page)
    with notice.posted():
        there.page.locator("[data-choice=always]").first.click()
    expect(there.page.locator("iframe[src]")).to_have_count(1)
    expect(notice.notice).to_be_visible()  # nobody has answered for the purposes yet
    (event,) = site.events
    assert (event["method"], event["event_type"]) == ("embed.always", "given")
    assert event["purposes"] == {"analytics": False, "video": False}
    assert event["services"] == {"tube": True}
    there.page.reload()
    expect(there.page.locator("[data-preferences=held]")).to_have_count(1)
    expect(there.page.locator("iframe[src]")).to_have_count(1)
    notice.reject()
    there.page.wait_for_function("() => preferences.get().chosen")


def test_no_script_of_the_page_can_press_a_placeholder(there: Visit) -> None:
    there.page.locator("[data-choice=always]").first.wait_for()
    there.page.evaluate("() => document.querySelectorAll('[data-preferences=held] button').forEach((b) => b.click())")
    expect(there.page.locator("[data-preferences=held]")).to_have_count(2)
    assert NoticePage(there.page).stored()["cookies"] == ""


def test_a_purpose_speaks_for_its_services_until_one_is_set_apart(there: Visit, site: Site) -> None:
    notice = NoticePage(there.page)
    notice.open_settings()
    tube, reel = (notice.settings.locator(f"[data-service={name}]") for name in ("tube", "reel"))
    whole = notice.settings.locator("[data-purpose=video]:not([data-service])")
    whole.check()
    assert (tube.is_checked(), reel.is_checked()) == (True, True)
    reel.uncheck()
    assert (whole.is_checked(), whole.evaluate("(input) => input.indeterminate")) == (False, True)
    with notice.posted():
        notice.button("save", notice.settings).click()
    expect(there.page.locator("iframe[src]")).to_have_count(1)
    assert site.events[0]["services"] == {"tube": True}
    notice.open_settings()
    assert (tube.is_checked(), reel.is_checked(), whole.is_checked()) == (True, False, False)


def test_a_gate_that_comes_later_opens_too(visit: Open, site: Site) -> None:
    furnish(site)
    site.csp = STRICT.partition("; require-trusted-types-for")[0]
    notice = NoticePage(visit().page).open(site.url())
    notice.accept()
    notice.page.evaluate(
        """() => {
          const late = Object.assign(document.createElement('script'), {type: 'text/plain', src: '/note-a.js'});
          late.dataset.purpose = 'analytics';
          document.body.append(document.createElement('div'));
          document.body.lastChild.append(late);
        }"""
    )
    notice.page.wait_for_function("() => window.ran?.includes('a')")


def test_a_page_that_swaps_its_body_keeps_the_notice(page: Page, site: Site) -> None:
    furnish(site)
    notice = NoticePage(page).open(site.url())
    page.evaluate("() => { document.body = document.createElement('body') }")
    expect(notice.notice).to_be_visible()


TAGS = dataclasses.replace(
    MARKETING, signals=("gpc", "google.ad_storage", "uet.ad_storage", "clarity.ad_storage", "meta")
)
SAID = "() => (window.dataLayer ?? []).map((said) => [...said].slice(1))"


def test_google_hears_a_default_first_and_one_update_for_each_choice(visit: Open, site: Site) -> None:
    site.put_banner(banner(ANALYTICS, TAGS))
    furnish(site, gated("a", "marketing"))
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    ((kind, default),) = there.page.evaluate(SAID)
    assert (kind, default.pop("wait_for_update"), default.pop("security_storage")) == ("default", 500, "granted")
    assert set(default.values()) == {"denied"}
    assert len(default) == 6
    notice.accept()
    notice.page.wait_for_function("() => window.ran?.length")
    _, (kind, update) = there.page.evaluate(SAID)
    assert (kind, update["ad_storage"], update["analytics_storage"]) == ("update", "granted", "denied")
    assert there.page.evaluate("() => uetq") == [
        *("consent", "default", {"ad_storage": "denied"}), *("consent", "update", {"ad_storage": "granted"})
    ]  # fmt: skip
    assert there.page.evaluate("() => clarity.q.at(-1)[1]") == {"ad_Storage": "granted", "analytics_Storage": "denied"}
    there.page.evaluate("() => { window.fbq = (...said) => (window.told ??= []).push(said) }")
    there.page.evaluate("() => addEventListener('preferences:reload', (e) => e.preventDefault(), true)")
    there.page.evaluate("() => preferences.withdraw('marketing')")
    there.page.wait_for_function("() => window.told?.length")
    assert there.page.evaluate("() => told").pop() == ["consent", "revoke"]
    assert there.page.evaluate(SAID)[-1][1]["ad_storage"] == "denied"
    assert not any("google" in url or "clarity" in url for url in there.seen.requests)
