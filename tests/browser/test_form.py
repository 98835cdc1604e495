"""A choice without JavaScript: a plain form, one record, a cookie that the server sets (1.1, W02; field notes 3.15)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from generator.ledger import store
from tests.ledger.conftest import Receiver, launch

from .conftest import Visit
from .notice_page import NoticePage
from .serving import STRICT, Site, serve

Open = Callable[..., Visit]


@pytest.fixture
def site() -> Iterator[Site]:
    """The site of tests/sites/features, as it is built."""
    site = Site(csp=STRICT + "; form-action 'self'")
    site.put_built("features")
    server = serve(site)
    yield site
    server.shutdown()
    server.server_close()


@pytest.fixture
def kept(site: Site, tmp_path: Path) -> Iterator[Receiver]:
    """The receiver behind it; what it reads is the site's own file, with the address of this test."""
    told: dict[str, Any] = json.loads(site.files["/notices.json"][1])
    told |= {"origins": [site.origin], "withdraw": f"{site.origin}/cookies/"}
    (tmp_path / "notices.json").write_text(json.dumps(told))
    url = f"sqlite:///{tmp_path / 'choices.db'}"
    store.create(url, "127.0.0.1/choices")
    running = launch(url, tmp_path / "notices.json")
    site.receiver = f"http://127.0.0.1:{running.port}"
    yield running
    running.stop()


def _open(visit: Open, site: Site, **options: Any) -> Page:
    page = visit(java_script_enabled=False, **options).page
    page.goto(site.url("/cookies/"))
    return page


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


@pytest.mark.parametrize(("button", "answer"), [("Reject all", "denied"), ("Accept all", "granted")])
def test_one_press_answers_for_everything_and_says_so(
    kept: Receiver, visit: Open, site: Site, button: str, answer: str
) -> None:
    page = _open(visit, site)
    expect(page.locator("#saved")).to_be_hidden()
    _press(page, button)
    expect(page.locator("#saved")).to_be_visible()
    expect(page.locator("#not-saved")).to_be_hidden()
    (record,) = kept.bodies()
    assert (record["method"], record["subject_ref"]) == ("page.form", None)
    assert {purpose["id"]: purpose["decision"] for purpose in record["purposes"]} == dict.fromkeys(
        ("analytics", "marketing", "video"), answer
    )


def test_purposes_are_answered_one_by_one_and_nothing_is_filled_in(kept: Receiver, visit: Open, site: Site) -> None:
    page = _open(visit, site)
    assert page.locator("input:checked").count() == 0
    _press(page, "Save choices")
    assert kept.bodies() == []  # an answer is missing, and the browser says so
    for name, answer in (("Analytics", "Allow"), ("Videos", "Refuse"), ("Marketing", "Refuse")):
        page.get_by_role("group", name=name).get_by_label(answer).check()
    _press(page, "Save choices")
    expect(page.locator("#saved")).to_be_visible()
    told = {purpose["id"]: purpose["decision"] for purpose in kept.bodies()[0]["purposes"]}
    assert told == {"analytics": "granted", "marketing": "denied", "video": "denied"}
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("preferences", False, "Lax")


def test_a_choice_that_cannot_be_kept_is_said_to_be_none(kept: Receiver, visit: Open, site: Site) -> None:
    site.put("/cookies/", site.files["/cookies/"][1].replace(b'value="en"', b'value="xx"'))  # not that of the notice
    page = _open(visit, site)
    _press(page, "Accept all")
    expect(page.locator("#not-saved")).to_be_visible()
    expect(page.locator("#saved")).to_be_hidden()
    assert page.context.cookies() == []


@pytest.mark.parametrize("width", [320, 1280])
def test_its_buttons_are_equal_and_large_enough(visit: Open, site: Site, width: int) -> None:
    page = _open(visit, site, viewport={"width": width, "height": 900})
    boxes = [box for button in page.locator(".buttons button").all() if (box := button.bounding_box())]
    assert len({(round(box["width"]), round(box["height"])) for box in boxes}) == 1
    assert (len(boxes), boxes[0]["height"] >= 44) == (3, True)


def test_what_the_form_has_set_the_banner_reads_where_scripts_run(kept: Receiver, visit: Open, site: Site) -> None:
    page = _open(visit, site)
    _press(page, "Reject all")
    expect(page.locator("#saved")).to_be_visible()
    scripted = visit(storage_state=page.context.storage_state())
    notice = NoticePage(scripted.page).open(site.url("/cookies/"))
    scripted.page.wait_for_function("() => preferences.get().chosen")
    assert notice.notice.count() == 0
    assert scripted.page.get_by_role("button", name="Accept all").count() == 0  # the settings layer takes its place
    scripted.page.get_by_role("main").get_by_role("button", name="Cookie settings").click()
    expect(notice.settings).to_be_visible()
