"""One record per choice, whatever the receiver does (W04, W05, M03, M04, M06)."""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import Visit
from .notice_page import NoticePage
from .pages import furnish, gated
from .sample import ANALYTICS, MARKETING, POLICY, banner
from .sample import notice as sample_notice
from .serving import Site, Temper

Open = Callable[..., Visit]
DELIVERED = "() => !localStorage['preferences.queue']"
STORED_RECEIPT = "() => localStorage['preferences.receipt']?.includes('receipt_id')"


@pytest.fixture
def notice(page: Page, site: Site) -> NoticePage:
    furnish(site, gated("a"))
    return NoticePage(page).open(site.url())


def test_a_grant_is_posted_once_as_the_contract_says(notice: NoticePage, site: Site) -> None:
    notice.accept()
    notice.page.wait_for_function(STORED_RECEIPT)
    (post,) = site.posts
    kept = notice.receipt()
    assert kept
    event = dict(post.body)
    assert uuid.UUID(event.pop("event_id")).version == 4
    assert event.pop("client_time").endswith("Z")
    digest = event["notice"].pop("sha256")
    assert digest == sample_notice(ANALYTICS, MARKETING).sha256
    assert "=1.1-0.1-1." in notice.stored()["cookies"]
    assert event == {
        "schema": "policy-choice/1",
        "prev_event_id": None,
        "subject_ref": kept["ref"],
        "event_type": "given",
        "method": "banner.accept",
        "purposes": {"analytics": True, "marketing": True},
        "notice": {"language": "en", "layout": "wide"},
        "policy": {"sha256": POLICY.sha256},
        "signals": {"gpc": False},
    }
    headers = {name.lower(): value for name, value in post.headers.items()}
    assert (headers["content-type"], headers["origin"]) == ("application/json", site.origin)
    assert "referer" not in headers


def test_the_secret_has_256_bits_and_only_its_hash_leaves(notice: NoticePage, site: Site) -> None:
    notice.accept()
    notice.page.wait_for_function(STORED_RECEIPT)
    kept = notice.receipt()
    assert kept
    secret = kept["secret"]
    assert len(base64.urlsafe_b64decode(secret + "=")) == 32
    assert site.events[0]["subject_ref"] == "sha256:" + hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in str(site.posts)


def test_records_of_one_browser_are_a_chain(notice: NoticePage, site: Site) -> None:
    steps = [(True, False), (True, False), (True, True), (False, False), (False, False), (False, True)]
    for step in steps:
        notice.open_settings()
        with notice.posted():
            notice.save(analytics=step[0], marketing=step[1])
        notice.page.reload()
    types = [event["event_type"] for event in site.events]
    assert types == ["given", "renewed", "changed", "withdrawn", "refused", "given"]
    ids = [event["event_id"] for event in site.events]
    # The refusal is anonymous: it stands outside the chain.
    assert [e["prev_event_id"] for e in site.events] == [None, ids[0], ids[1], ids[2], None, ids[3]]
    refs = [event["subject_ref"] for event in site.events]
    assert refs[4] is None
    assert len(set(refs)) == 2


def test_a_grant_after_expiry_is_a_renewal(page: Page, site: Site) -> None:
    furnish(site)
    page.clock.install()
    notice = NoticePage(page).open(site.url())
    notice.accept()
    page.wait_for_function(STORED_RECEIPT)
    page.context.clear_cookies()  # what Max-Age does
    page.clock.fast_forward(200 * 86_400_000)
    page.reload()
    with notice.posted():
        notice.accept()
    assert [e["event_type"] for e in site.events] == ["given", "renewed"]
    assert site.events[1]["prev_event_id"] == site.events[0]["event_id"]


# Two choices in one task: no answer, and no digest, comes between them.
_ACCEPT_THEN = """(purpose) => {
  document.querySelector('#preferences-notice [data-choice=accept]').click();
  preferences.withdraw(purpose);
}"""


def test_a_withdrawal_in_the_same_breath_names_the_grant(page: Page, site: Site) -> None:
    furnish(site)
    notice = NoticePage(page).open(site.url())
    site.temper = "fails"
    page.evaluate(_ACCEPT_THEN, None)
    _until(page, lambda: len(site.posts) == 2)
    given, withdrawn = sorted(site.events, key=lambda event: event["event_type"])
    assert (given["event_type"], withdrawn["event_type"]) == ("given", "withdrawn")
    assert withdrawn["prev_event_id"] == given["event_id"]
    assert withdrawn["subject_ref"] == given["subject_ref"] is not None
    page.wait_for_function("() => JSON.parse(localStorage['preferences.queue']).every((item) => item.due)")
    assert notice.waiting() == [given, withdrawn]


def test_a_choice_that_could_not_be_entered_does_not_hold_up_the_next(visit: Open, site: Site) -> None:
    furnish(site)
    there = visit()
    there.context.add_init_script("crypto.subtle.digest = () => Promise.reject(new Error('of the test'))")
    notice = NoticePage(there.page).open(site.url())
    notice.accept()
    notice.open_settings()
    with notice.posted():
        notice.button("reject", notice.settings).click()
    assert [event["event_type"] for event in site.events] == ["withdrawn"]
    assert there.seen.errors == ["of the test"]


def test_an_older_post_that_fails_takes_nothing_from_a_newer_one(page: Page, site: Site) -> None:
    furnish(site)
    notice = NoticePage(page).open(site.url())
    held: list[Route] = []
    page.route("**/choices", lambda route: held.append(route))
    page.evaluate(_ACCEPT_THEN, "marketing")
    _until(page, lambda: len(held) == 2)
    newer, older = sorted(held, key=lambda route: "given" in (route.request.post_data or ""))
    with page.expect_response(lambda answer: answer.request == older.request):
        older.fulfill(status=500)
    with page.expect_response("**/choices"):
        newer.continue_()
    page.wait_for_function(STORED_RECEIPT)
    kept, (changed,) = notice.receipt(), site.events
    assert kept
    assert changed["event_type"] == "changed"
    assert kept["last"] == kept["receipt"]["receipt_id"] == changed["event_id"]


@pytest.mark.parametrize("temper", ["conflicts", "is no receiver"])
def test_a_record_that_was_refused_for_good_is_not_named_by_the_next(
    notice: NoticePage, site: Site, temper: Temper
) -> None:
    site.temper = temper
    with notice.posted():
        notice.accept()
    site.temper = "stores"
    notice.open_settings()
    with notice.posted():
        notice.save(marketing=False)
    assert [event["prev_event_id"] for event in site.events] == [None, None]


def test_a_choice_made_while_the_page_goes_is_posted_by_the_next(notice: NoticePage, site: Site) -> None:
    notice.page.evaluate(
        "() => addEventListener('pagehide', () => document.querySelector('[data-choice=reject]').click())"
    )
    notice.open(site.url("/ar"))
    _until(notice.page, lambda: len(site.posts) > 0)
    assert site.events[0]["event_type"] == "refused"
    assert site.events[0]["notice"]["language"] == "en"  # what was shown then, not what is shown now
    assert {event["event_id"] for event in site.events} == {site.events[0]["event_id"]}


def _until(page: Page, holds: Callable[[], bool]) -> None:
    """Let the page go on until it holds, or five seconds have passed."""
    for _ in range(250):
        if holds():
            return
        page.wait_for_timeout(20)
    raise AssertionError("it never came to hold")


@pytest.mark.parametrize("temper", ["fails", "is busy", "hangs"])
def test_a_receiver_that_is_down_changes_nothing_and_gets_the_same_key_later(
    notice: NoticePage, site: Site, temper: Temper
) -> None:
    site.temper = temper
    notice.accept()
    expect(notice.notice).to_have_count(0)
    notice.page.wait_for_function("() => window.ran?.length")
    _until(notice.page, lambda: len(site.posts) == 1)
    notice.open_settings()
    expect(notice.settings.locator("[data-record]")).to_contain_text("not confirmed yet")
    (waiting,) = notice.waiting()
    site.temper = "stores"
    site.release.set()
    notice.page.reload()
    notice.page.wait_for_function(DELIVERED)
    assert notice.notice.count() == 0
    assert {event["event_id"] for event in site.events} == {waiting["event_id"]}
    assert site.events[0] == site.events[-1] == waiting
    notice.page.wait_for_function(STORED_RECEIPT)
    assert (notice.receipt() or {})["receipt"]["receipt_id"] == waiting["event_id"]
    posts = len(site.posts)  # two, or three where the browser itself repeated one whose connection was closed
    notice.page.reload()
    notice.page.wait_for_timeout(100)
    assert len(site.posts) == posts <= 3


@pytest.mark.parametrize("temper", ["conflicts", "is no receiver"])
def test_a_receiver_that_says_no_for_good_is_not_asked_again(notice: NoticePage, site: Site, temper: Temper) -> None:
    site.temper = temper
    with notice.posted():
        notice.accept()
    notice.page.reload()
    notice.page.wait_for_timeout(100)
    assert (len(site.posts), notice.notice.count(), notice.ran()) == (1, 0, ["a"])


def test_a_receiver_that_cannot_be_reached_throws_nothing_into_the_page(visit: Open, site: Site) -> None:
    furnish(site)
    there = visit()
    there.page.route("**/choices", lambda route: route.abort())
    notice = NoticePage(there.page).open(site.url())
    notice.reject()
    there.page.wait_for_timeout(100)
    assert there.seen.errors == []
    assert notice.waiting()
    assert notice.purposes() == {"analytics": False, "marketing": False}


def test_an_event_is_given_up_after_a_day(page: Page, site: Site) -> None:
    furnish(site)
    page.clock.install()
    site.temper = "fails"
    notice = NoticePage(page).open(site.url())
    notice.accept()
    _until(page, lambda: "due" in notice.stored()["local"].get("preferences.queue", ""))
    posts = len(site.posts)
    page.clock.set_system_time(time.time() + 86_401)
    page.reload()
    _until(page, lambda: "preferences.queue" not in notice.stored()["local"])
    assert len(site.posts) == posts


def test_a_grant_that_was_not_delivered_before_its_withdrawal_is_recorded_all_the_same(
    notice: NoticePage, site: Site
) -> None:
    site.temper = "fails"
    with notice.page.expect_response("**/choices"):
        notice.accept()
    notice.page.wait_for_function("() => window.ran?.length")
    site.temper = "stores"
    notice.open_settings()
    with notice.page.expect_navigation():
        notice.button("reject", notice.settings).click()
    notice.page.wait_for_function(DELIVERED)
    stored = {event["event_id"]: event for event in site.events}
    given, withdrawn = stored.values()
    assert (given["event_type"], withdrawn["event_type"]) == ("given", "withdrawn")
    assert withdrawn["prev_event_id"] == given["event_id"]
    assert withdrawn["subject_ref"] == given["subject_ref"] is not None


def test_a_receiver_that_stays_away_is_asked_less_and_less_often(page: Page, site: Site) -> None:
    furnish(site)
    page.clock.install()
    site.temper = "fails"
    NoticePage(page).open(site.url()).reject()
    _until(page, lambda: len(site.posts) == 1)
    for _ in range(60):  # an hour
        page.clock.run_for(60_000)
    assert 5 <= len(site.posts) <= 16
    assert len({event["event_id"] for event in site.events}) == 1


def test_no_more_than_eight_choices_wait(page: Page, site: Site) -> None:
    furnish(site)
    site.temper = "fails"
    notice = NoticePage(page).open(site.url())
    for turn in range(10):
        notice.open_settings()
        notice.save(analytics=turn % 2 == 0)
        page.wait_for_timeout(20)
    page.wait_for_function("() => JSON.parse(localStorage['preferences.queue']).length === 8")


def test_a_withdrawal_is_posted_once_though_the_page_reloads(notice: NoticePage, site: Site) -> None:
    notice.accept()
    notice.page.wait_for_function(STORED_RECEIPT)
    notice.page.wait_for_function("() => window.ran?.length")
    notice.open_settings()
    with notice.page.expect_navigation():
        notice.button("reject", notice.settings).click()
    notice.page.wait_for_function("() => window.preferences")
    notice.page.wait_for_timeout(100)
    assert [event["event_type"] for event in site.events] == ["given", "withdrawn"]


def test_a_hanging_receiver_does_not_hold_up_a_withdrawal(notice: NoticePage, site: Site) -> None:
    notice.accept()
    notice.page.wait_for_function(STORED_RECEIPT)
    notice.page.wait_for_function("() => window.ran?.length")
    site.temper = "hangs"
    notice.open_settings()
    with notice.page.expect_navigation(timeout=3000):
        notice.button("reject", notice.settings).click()
    notice.page.wait_for_function("() => window.preferences")
    assert (notice.ran(), notice.notice.count()) == ([], 0)


def test_a_site_without_a_receiver_posts_and_keeps_nothing(page: Page, site: Site) -> None:
    furnish(site)
    site.put_banner(banner(receiver=None))
    notice = NoticePage(page).open(site.url())
    notice.accept()
    page.wait_for_timeout(100)
    assert site.posts == []
    assert notice.stored()["local"] == {}


def test_on_plain_http_a_grant_is_posted_without_a_reference(page: Page, site: Site) -> None:
    furnish(site)
    notice = NoticePage(page).open(site.url().replace("127.0.0.1", "plain.test"))
    assert page.evaluate("() => [isSecureContext, typeof crypto.subtle]") == [False, "undefined"]
    notice.accept()
    page.wait_for_function(STORED_RECEIPT)
    (event,) = site.events
    assert (event["event_type"], event["subject_ref"]) == ("given", None)
    assert uuid.UUID(event["event_id"]).version == 4
    assert (notice.receipt() or {})["secret"] is None


def test_a_withdrawal_after_the_storage_was_cleared_makes_no_secret(notice: NoticePage, site: Site) -> None:
    notice.accept()
    notice.page.wait_for_function(STORED_RECEIPT)
    notice.page.evaluate("() => localStorage.clear()")
    notice.open_settings()
    with notice.posted(), notice.page.expect_navigation():
        notice.button("reject", notice.settings).click()
    assert notice.stored()["local"] == {}
    withdrawn = site.events[-1]
    assert (withdrawn["event_type"], withdrawn["subject_ref"]) == ("withdrawn", None)


GARBAGE = (
    "1",
    '{"last":1}',
    '[{"at":1},null,3,{"event":{}},{"answers":{},"policy":"x"}]',
    '{"last":null,"receipt":{"event":{"purposes":3,"notice":1,"policy":1}}}',
    '{"last":null,"receipt":{"event":{"purposes":[null],"notice":1,"policy":1,"event_time":"2026-11-22","valid_until":"2026-11-23"}}}',
    "{{",
)


def test_garbage_in_local_storage_is_no_receipt(notice: NoticePage, site: Site) -> None:
    put = "(text) => { localStorage['preferences.receipt'] = localStorage['preferences.queue'] = text }"
    for garbage in GARBAGE:
        notice.page.evaluate(put, garbage)
        notice.page.context.clear_cookies()
        notice.page.reload()
        notice.open_settings()
        with notice.posted():
            notice.button("accept", notice.settings).click()
    assert len(site.posts) == len(GARBAGE)
