"""A choice without JavaScript: a plain form, one record, a cookie that the server sets (1.1, W02; field notes 3.15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from .conftest import Visit
from .notice_page import NoticePage
from .serving import Site, serve

Open = Callable[..., Visit]
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"


@pytest.fixture
def site() -> Iterator[Site]:
    """The site of tests/sites/features, beside a receiver that answers as the contract says."""
    site = Site(csp=POLICY, asks=("analytics", "marketing", "video"))
    site.put_built("features")
    server = serve(site)
    yield site
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("button", "answer"), [("Reject all", "denied"), ("Accept all", "granted")])
def test_one_press_answers_for_everything_and_says_so(visit: Open, site: Site, button: str, answer: str) -> None:
    page = visit(java_script_enabled=False).page
    page.goto(site.url("/cookies/"))
    expect(page.locator("#saved")).to_be_hidden()
    page.get_by_role("button", name=button).click()
    (form,) = site.forms
    assert (form["schema"], form["method"], form["all"]) == ("policy-choice/1", "page.form", answer)
    assert form["notice.language"] == "en"
    assert all(len(form[name]) == 64 for name in ("notice.sha256", "policy.sha256"))
    expect(page.locator("#saved")).to_be_visible()
    expect(page.locator("#not-saved")).to_be_hidden()


def test_purposes_are_answered_one_by_one_and_nothing_is_filled_in(visit: Open, site: Site) -> None:
    there = visit(java_script_enabled=False)
    page = there.page
    page.goto(site.url("/cookies/"))
    assert page.locator("input:checked").count() == 0
    page.get_by_role("button", name="Save choices").click()
    assert site.forms == []  # an answer is missing, and the browser says so
    for name, answer in (("Analytics", "Allow"), ("Videos", "Refuse"), ("Marketing", "Refuse")):
        page.get_by_role("group", name=name).get_by_label(answer).check()
    page.get_by_role("button", name="Save choices").click()
    told = {name: value for name, value in site.forms[0].items() if name.startswith("purposes.")}
    assert told == {"purposes.analytics": "granted", "purposes.marketing": "denied", "purposes.video": "denied"}
    (cookie,) = there.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("preferences", False, "Lax")


def test_the_buttons_are_equal_and_the_form_fits_a_narrow_page(visit: Open, site: Site, axe: str) -> None:
    for width in (320, 1280):
        page = visit(java_script_enabled=False, viewport={"width": width, "height": 900}).page
        page.goto(site.url("/cookies/"))
        boxes = [button.bounding_box() for button in page.locator(".buttons button").all()]
        assert len({(round(box["width"]), round(box["height"])) for box in boxes if box}) == 1
        assert min(box["height"] for box in boxes if box) >= 44


def test_what_the_form_has_set_the_banner_reads_where_scripts_run(visit: Open, site: Site) -> None:
    without = visit(java_script_enabled=False)
    without.page.goto(site.url("/cookies/"))
    without.page.get_by_role("button", name="Reject all").click()
    scripted = visit(storage_state=without.context.storage_state())
    notice = NoticePage(scripted.page).open(site.url("/cookies/"))
    scripted.page.wait_for_function("() => preferences.get().chosen")
    assert notice.notice.count() == 0
    assert scripted.page.get_by_role("button", name="Accept all").count() == 0  # the settings layer takes its place
    scripted.page.get_by_role("main").get_by_role("button", name="Cookie settings").click()
    expect(notice.settings).to_be_visible()
