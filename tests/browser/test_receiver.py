"""Banner and receiver hold to one contract (docs/receiver.md): a real browser, a real receiver, a real ledger."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from generator import feeds
from generator.ledger import cookie, store
from generator.ledger.choices import parse
from tests.ledger.conftest import Receiver, launch
from tests.ledger.world import body, refusal

from .conftest import Visit
from .notice_page import NoticePage
from .pages import furnish, gated, page
from .sample import ANALYTICS, POLICY, VIDEO, WIDGET, banner
from .sample import notice as sample_notice
from .serving import STRICT, Site

Open = Callable[..., Visit]
TUBE = '<iframe data-purpose="video" data-service="tube" data-src="/film" title="A film"></iframe>'
RECEIPT = "() => localStorage['preferences.receipt']?.includes('receipt_id')"
FORM = """<form method="post" action="/choices/form">
<input type="hidden" name="schema" value="policy-choice/1"><input type="hidden" name="method" value="page.form">
<input type="hidden" name="notice.sha256" value="{notice}"><input type="hidden" name="notice.language" value="en">
<input type="hidden" name="policy.sha256" value="{policy}">
<label><input type="radio" name="purposes.analytics" value="granted">Analytics</label>
<label><input type="radio" name="purposes.analytics" value="denied" checked>No analytics</label>
<input type="hidden" name="purposes.video" value="denied"><button>Save</button></form>
<p id="saved">Saved</p>"""


@pytest.fixture
def kept(site: Site, tmp_path: Path) -> Iterator[Receiver]:
    """The site of the tests with a real receiver behind it."""
    declared = sample_notice(ANALYTICS, VIDEO)
    site.put_banner(banner(ANALYTICS, VIDEO))
    site.csp = STRICT + "; frame-src 'self'; form-action 'self'"
    furnish(site, gated("a") + TUBE)
    site.put("/film", "<!doctype html><title>A film</title>")
    site.put("/cookies/", page(FORM.format(notice=declared.sha256, policy=POLICY.sha256)))
    terms: dict[str, Any] = {
        "schema": "policy-notices/1",
        "site": site.origin,
        "controller": "ITSTHS PVT LTD",
        "origins": [site.origin],
        "withdraw": f"{site.origin}/cookies/",
        "authority": "https://ico.org.uk/make-a-complaint/",
        "notices": {declared.sha256: feeds.accepted(declared.data)},
        "policies": {POLICY.sha256: {"id": "privacy-policy", "version": "1.1", "language": "en"}},
    }
    (tmp_path / "notices.json").write_text(json.dumps(terms))
    url = f"sqlite:///{tmp_path / 'choices.db'}"
    store.create(url, "127.0.0.1/choices")
    running = launch(url, tmp_path / "notices.json")
    site.receiver = f"http://127.0.0.1:{running.port}"
    yield running
    running.stop()


def test_an_embed_that_is_always_loaded_is_a_consent_on_record(kept: Receiver, visit: Open, site: Site) -> None:
    there = visit()
    NoticePage(there.page).open(site.url())
    with there.page.expect_response("**/choices") as waiting:
        there.page.get_by_role("group", name="A film").locator("[data-choice=always]").click()
    assert waiting.value.status == 201
    (record,) = kept.bodies()
    assert (record["event_type"], record["method"]) == ("given", "embed.always")
    assert record["services"] == [{"id": "tube", "purpose": "video", "decision": "granted"}]
    assert {purpose["decision"] for purpose in record["purposes"]} == {"denied"}
    there.page.wait_for_function(RECEIPT)
    assert there.seen.trouble() == []


def test_answers_that_say_the_same_as_their_purpose_are_taken_as_it_alone(
    kept: Receiver, visit: Open, site: Site
) -> None:
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    with notice.posted():
        there.page.get_by_role("group", name="A film").locator("[data-choice=always]").click()
    with notice.posted():
        notice.accept()  # the purpose as a whole, with the service still apart in the cookie
    with notice.posted():
        notice.page.evaluate("() => preferences.withdraw()")
    there.page.wait_for_function("() => !localStorage['preferences.queue']")
    types = [(record["event_type"], "services" in record) for record in kept.bodies()]
    assert types == [("given", True), ("changed", False), ("withdrawn", False)]


def test_erasing_from_the_settings_erases_from_the_ledger(kept: Receiver, visit: Open, site: Site) -> None:
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    with notice.posted():
        notice.accept()
    there.page.wait_for_function(RECEIPT)
    reference = kept.bodies()[0]["subject_ref"]
    notice.open_settings()
    there.page.locator("[data-erase]").click()
    with there.page.expect_response("**/choices/erase") as erasing, notice.posted():
        there.page.locator("[data-erase]").click()
    assert erasing.value.status == 200
    there.page.wait_for_function("() => !localStorage['preferences.receipt']")
    left = kept.bodies()
    assert reference is not None
    assert reference not in json.dumps(left)
    assert [one.get("event_type", one.get("reason")) for one in left] == ["subject", "withdrawn"]


def test_the_answer_keeps_the_banner_s_cookie_beyond_a_script_s_seven_days(
    kept: Receiver, visit: Open, site: Site
) -> None:
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    with there.page.expect_response("**/choices") as waiting:
        notice.accept()
    (sent,) = [each["value"] for each in waiting.value.headers_array() if each["name"].lower() == "set-cookie"]
    (found,) = there.context.cookies()
    assert sent.startswith(f"preferences={found['value']}; Max-Age=")
    assert 179 * 86400 < found["expires"] - time.time() <= 180 * 86400
    assert (found["sameSite"], found["path"], found["httpOnly"]) == ("Lax", "/", False)
    there.page.reload()
    assert (notice.notice.count(), notice.ran()) == (0, ["a"])
    assert there.seen.trouble() == []


def test_a_late_answer_to_a_grant_brings_back_nothing_that_was_withdrawn_since(
    kept: Receiver, visit: Open, site: Site
) -> None:
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    held: list[Route] = []
    there.page.route("**/choices", lambda route: held.append(route))
    notice.accept()
    granted = there.context.cookies()[0]["value"]
    there.page.wait_for_function("() => window.ran?.length")
    there.page.evaluate("() => document.addEventListener('preferences:reload', (event) => event.preventDefault())")
    there.page.evaluate("() => preferences.withdraw()")
    while len(held) < 2:
        there.page.wait_for_timeout(20)
    older = next(route for route in held if "given" in (route.request.post_data or ""))
    with there.page.expect_response(lambda answer: answer.request == older.request):
        older.fulfill(status=201, headers={"Set-Cookie": f"preferences={granted}; Max-Age=999; Path=/"}, body="{}")
    there.page.wait_for_function("() => document.cookie.includes('analytics-0')")
    withdrawn = granted.replace("analytics-1", "analytics-0").replace("video-1", "video-0")
    assert there.context.cookies()[0]["value"] == withdrawn


def test_a_form_without_scripts_is_kept_and_the_banner_knows_it(kept: Receiver, visit: Open, site: Site) -> None:
    plain = visit(java_script_enabled=False)
    plain.page.goto(site.url("/cookies/"))
    plain.page.get_by_label("Analytics", exact=True).check()
    plain.page.get_by_role("button", name="Save").click()
    expect(plain.page).to_have_url(site.url("/cookies/#saved"))
    (record,) = kept.bodies()
    assert (record["event_type"], record["method"], record["subject_ref"]) == ("given", "page.form", None)
    scripted = visit()
    scripted.context.add_cookies(plain.context.cookies())  # type: ignore[arg-type]  # what one gives, the other takes
    notice = NoticePage(scripted.page).open(site.url())
    assert (notice.notice.count(), notice.ran()) == (0, ["a"])
    assert notice.purposes() == {"analytics": True, "video": False}


def test_a_form_of_another_site_is_refused_by_what_the_browser_says(kept: Receiver, visit: Open, site: Site) -> None:
    there = visit(java_script_enabled=False)
    there.page.route(
        "http://evil.test/",
        lambda route: route.fulfill(
            content_type="text/html",
            body=site.files["/cookies/"][1].decode().replace('action="', f'action="{site.origin}'),
        ),
    )
    there.page.goto("http://evil.test/")
    with there.page.expect_response("**/choices/form") as waiting:
        there.page.get_by_role("button", name="Save").click()
    assert waiting.value.status == 403
    assert kept.bodies() == []


SAME = (
    str(cookie.made(parse(body()), "2.0", "1.13", date(2026, 11, 22))),
    str(cookie.made(parse(body(signals={"gpc": True})), "10.0", "1.1", date(1970, 1, 2))),
    str(cookie.made(parse(json.dumps(refusal()).encode()), "2.0", "1.1", date(2100, 1, 1))),
    "1.1-0.1-0.fwz.a-1.a_b-0.a-b_c-d-2",
    f"1.1-0.1-0.zzzzzz.{'a' * 32}-1",
)
NONE = (
    "",
    "2.1-0.1-0.fwz.a-1",
    "1.1-0.1-0.fwz",
    "1.1-0.1-0.fwz.a-3",
    "1.1-0.1-0.fwz.A-1",
    "1.1-0.1-0.fwz.a-1.a-0",
    "1.1-0.1-0.FWZ.a-1",
    "1.1-0.1-0.1234567.a-1",
    "1.1-0.1234567-0.fwz.a-1",
    "1.1-0.1-0.fwz.a_b_c-1",
    f"1.1-0.1-0.fwz.{'a' * 33}-1",
    "1.1-0.1-0.fwz.a-1\n",
    "1.1-0.1-0.fwz.\u0661-1",
    "1.\u0661-0.1-0.fwz.a-1",
)


def test_receiver_and_banner_read_and_write_one_grammar(visit: Open) -> None:
    """Not shared, for the vault takes nothing of the street; so each reads what the other writes."""
    there = visit()
    config = (
        "const GPC = false, CONFIG = {purposes: [], words: {}, notice: {version: '1-0'}, policy: {version: '1-0'}};"
    )
    there.page.add_script_tag(content=config + (WIDGET / "state.js").read_text("utf-8"))
    written = "(text) => { const choice = parseChoice(text); return choice && formatChoice(choice); }"
    for text in SAME:
        assert there.page.evaluate(written, text) == text
        assert str(cookie.read([f"preferences={text}"], secure=False)) == text
        facts = there.page.evaluate("(text) => parseChoice(text)", text)
        ours = cookie.read([f"preferences={text}"], secure=False)
        assert ours
        assert facts == {"notice": ours.notice, "policy": ours.policy, "day": ours.day, "answers": ours.answers}
    for text in NONE:
        assert there.page.evaluate(written, text) is None
        assert cookie.read([f"preferences={text}"], secure=False) is None
