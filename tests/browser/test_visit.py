"""The whole way, nothing simulated: the site as `policy serve` shows it, a real browser, a real ledger."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Visit
from .notice_page import NoticePage
from .preview import Preview, copy_site, start

PAGES = (
    "/",
    "/privacy-policy/",
    "/privacy-policy/1.0/",
    "/privacy-policy/1.1/",
    "/privacy-policy/draft/",
    "/privacy-policy/history/",
    "/privacy-policy/changes/1.0...1.1/",
    "/privacy-policy/changes/1.1...draft/",
    "/cookies/",
    "/demo/",
    "/no-such-page",
)
NewVisit = Callable[..., Visit]


@pytest.fixture(scope="module")
def preview(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preview]:
    running = start(copy_site(tmp_path_factory.mktemp("site")), "--drafts")
    yield running
    running.stop()


@pytest.fixture
def counted(preview: Preview) -> Callable[[], list[dict[str, Any]]]:
    """The records that came since the test began."""
    before = len(preview.records())
    return lambda: preview.records()[before:]


def _posted(visit: Visit, act: Callable[[], None]) -> None:
    """Make the choice that `act` makes, and wait until the receiver has kept it."""
    with visit.page.expect_response(lambda response: response.url.endswith("/choices")) as waiting:
        act()
    assert waiting.value.status == 201


def _receipt(visit: Visit, page: NoticePage) -> Any:
    """The receipt of a grant, as the browser keeps it: the body of a keepalive request is often not to be read."""
    _posted(visit, page.accept)
    visit.page.wait_for_function("() => JSON.parse(localStorage['preferences.receipt'] ?? 'null')?.receipt")
    return (page.receipt() or {})["receipt"]


def test_an_accepted_choice_runs_the_gated_script_and_is_a_verified_record(
    preview: Preview, visit: NewVisit, counted: Callable[[], list[dict[str, Any]]]
) -> None:
    visitor = visit()
    page = NoticePage(visitor.page).open(preview.url("/demo/"))
    demo = visitor.page.locator("#demo-state")
    assert demo.inner_text() == "not running"
    assert page.stored()["cookies"] == ""
    assert not any("demo-usage" in url or "/choices" in url for url in visitor.seen.requests)

    receipt = _receipt(visitor, page)

    assert demo.inner_text() == "running"
    assert "usage_id=" in page.stored()["cookies"]
    (record,) = counted()
    assert record["event_type"] == "given"
    assert record["purposes"] == [{"id": "analytics", "decision": "granted", "basis": "consent"}]
    assert receipt["event"] == record
    assert preview.verify()["holds"]
    assert visitor.seen.trouble() == []


def test_every_digest_a_record_names_is_the_digest_of_a_published_file(
    preview: Preview, visit: NewVisit, counted: Callable[[], list[dict[str, Any]]]
) -> None:
    visitor = visit()
    _posted(visitor, NoticePage(visitor.page).open(preview.url("/privacy-policy/")).accept)
    (record,) = counted()
    policy, notice = record["policy"], record["notice"]
    texts = {
        policy["sha256"]: f"/{policy['id']}/{policy['version']}.md",
        notice["sha256"]: f"/notices/{notice['sha256']}.json",
    }
    for digest, path in texts.items():
        published = visitor.page.request.get(preview.url(path)).body()
        assert hashlib.sha256(published).hexdigest() == digest


def test_the_receipt_holds_what_is_needed_to_check_it_without_us(preview: Preview, visit: NewVisit) -> None:
    visitor = visit()
    receipt = _receipt(visitor, NoticePage(visitor.page).open(preview.url()))
    body = json.dumps(receipt["event"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    commitment = hashlib.sha256(base64.b64decode(receipt["nonce"]) + body).digest()
    node, index = hashlib.sha256(b"\0" + commitment).digest(), receipt["log"]["index"]
    origin, size, root = receipt["log"]["checkpoint"].splitlines()
    last = int(size) - 1
    for sibling in map(base64.b64decode, receipt["log"]["inclusion"]):  # RFC 9162, 2.1.3.2
        if index % 2 or index == last:
            node = hashlib.sha256(b"\1" + sibling + node).digest()
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            node = hashlib.sha256(b"\1" + node + sibling).digest()
        index, last = index // 2, last // 2
    assert origin == "www.itsths.com/choices"
    assert base64.b64encode(node).decode() == root


def test_a_refusal_is_recorded_without_identifier_and_leaves_none(
    preview: Preview, visit: NewVisit, counted: Callable[[], list[dict[str, Any]]]
) -> None:
    visitor = visit()
    page = NoticePage(visitor.page).open(preview.url("/demo/"))
    _posted(visitor, page.reject)
    (record,) = counted()
    assert (record["event_type"], record["subject_ref"], record["prev_event_id"]) == ("refused", None, None)
    assert page.stored()["local"] == {}
    assert re.fullmatch(r"preferences=[\w.-]+", page.stored()["cookies"])
    assert visitor.page.locator("#demo-state").inner_text() == "not running"


def test_a_withdrawal_erases_stops_and_is_linked_to_the_consent(
    preview: Preview, visit: NewVisit, counted: Callable[[], list[dict[str, Any]]]
) -> None:
    visitor = visit()
    page = NoticePage(visitor.page).open(preview.url("/demo/"))
    _posted(visitor, page.accept)
    page.open_settings()
    _posted(visitor, lambda: page.save(analytics=False))
    visitor.page.wait_for_function("document.getElementById('demo-state')?.textContent === 'not running'")
    given, withdrawn = counted()
    assert withdrawn["event_type"] == "withdrawn"
    assert withdrawn["prev_event_id"] == given["event_id"]
    assert withdrawn["subject_ref"] == given["subject_ref"] is not None
    assert "usage_id" not in page.stored()["cookies"]
    assert preview.verify()["holds"]


def test_another_website_may_post_only_if_its_address_is_listed(preview: Preview, visit: NewVisit) -> None:
    """The preview passes the browser's question before the post (preflight) on, and its empty answer back."""
    ask = visit().page.request.fetch
    listed = f"http://localhost:{preview.port}"
    for origin, status, allowed in (("https://else.example", 403, None), (listed, 204, listed)):
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answer = ask(preview.url("/choices"), method="OPTIONS", headers=headers)
        assert (answer.status, answer.headers.get("access-control-allow-origin")) == (status, allowed)


def test_the_choice_holds_on_every_page_and_the_way_back_is_there(preview: Preview, visit: NewVisit) -> None:
    visitor = visit()
    page = NoticePage(visitor.page).open(preview.url())
    _posted(visitor, page.reject)
    for path in PAGES:
        page.open(preview.url(path))
        assert page.notice.count() == 0 or not page.notice.is_visible()
        visitor.page.locator("footer [data-preferences-open]").click()
        page.settings.wait_for()


@pytest.mark.parametrize("path", PAGES)
def test_no_page_breaks_its_security_policy_or_asks_anybody_else(preview: Preview, visit: NewVisit, path: str) -> None:
    visitor = visit()
    visitor.page.goto(preview.url(path), wait_until="load")
    visitor.page.locator("#preferences-notice").wait_for()
    expected = ["404"] if path == "/no-such-page" else []  # the browser's own note of the missing page
    trouble = [text for text in visitor.seen.trouble() if not any(word in text for word in expected)]
    assert trouble == []
    assert [url for url in visitor.seen.requests if not url.startswith(preview.url())] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_on_any_page(preview: Preview, visit: NewVisit, axe: str, width: int, scheme: str) -> None:
    visitor = visit(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    found: dict[str, list[str]] = {}
    for path in PAGES:
        visitor.page.goto(preview.url(path))
        visitor.page.locator("#preferences-notice").wait_for()
        visitor.page.evaluate(axe)
        violations = visitor.page.evaluate("async () => (await axe.run()).violations")
        found |= {
            f"{path} {violation['id']}": [node["html"] for node in violation["nodes"]] for violation in violations
        }
    assert found == {}


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/no-such-page"])
def test_every_page_says_what_it_has_to_say_without_javascript(preview: Preview, visit: NewVisit, path: str) -> None:
    with_script, without = visit(), visit(java_script_enabled=False)
    texts = []
    for visitor in (with_script, without):
        visitor.page.goto(preview.url(path))
        # The buttons of a script say nothing that the links beside do not; a demonstration shows what scripts do.
        scripted = visitor.page.locator("[data-walk], output[data-demo]")
        scripted.evaluate_all("tools => tools.forEach(each => each.replaceChildren())")
        texts.append(re.sub(r"<noscript>.*?</noscript>|<[^>]+>", "", visitor.page.locator("main").inner_html()))
    assert texts[0] == texts[1]
    way_back = without.page.locator("footer [data-preferences-open]")
    assert way_back.get_attribute("href") == "/cookies/"
    assert not any(url.endswith("/choices") for url in without.seen.requests)


@pytest.mark.parametrize("width", [320, 360, 768, 1280, 1920])
def test_no_page_scrolls_sideways(preview: Preview, visit: NewVisit, width: int) -> None:
    visitor = visit(viewport={"width": width, "height": 900})
    for path in PAGES:
        visitor.page.goto(preview.url(path))
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_an_edit_reaches_the_open_page_by_itself(tmp_path: Path, visit: NewVisit) -> None:
    running = start(copy_site(tmp_path), "--drafts")
    try:
        visitor = visit()
        visitor.page.goto(running.url("/privacy-policy/draft/"))
        visitor.page.wait_for_timeout(1500)  # the page has told the watcher that it listens
        draft = tmp_path / "content/privacy-policy/policy.md"
        draft.write_text(draft.read_text("utf-8").replace("## Severability", "## Severance"), "utf-8")
        visitor.page.get_by_role("heading", name="Severance").wait_for(timeout=10000)
        assert visitor.seen.trouble() == []
    finally:
        running.stop()


def test_a_broken_edit_is_told_and_the_last_good_page_stays(tmp_path: Path, visit: NewVisit) -> None:
    running = start(copy_site(tmp_path), "--drafts")
    draft = tmp_path / "content/privacy-policy/policy.md"
    draft.write_text(draft.read_text("utf-8").replace("{#severability}", "{#contact}"), "utf-8")
    visitor = visit()
    visitor.page.wait_for_timeout(2500)
    visitor.page.goto(running.url("/privacy-policy/draft/"))
    assert visitor.page.get_by_role("heading", name="Severability").count() == 1
    running.stop()
    assert "policy.duplicate-id" in running.printed
    assert "Traceback" not in running.printed


def test_ctrl_c_stops_site_and_receiver_cleanly(tmp_path: Path) -> None:
    running = start(copy_site(tmp_path))
    assert running.stop() == 0
    assert running.url("/privacy-policy/") in running.printed
    assert f"http://127.0.0.1:{running.port + 1}/choices" in running.printed
    assert running.printed.rstrip().endswith("stopped")
    assert "Traceback" not in running.printed


def test_a_choice_without_javascript_comes_back_with_its_cookie(
    preview: Preview, visit: NewVisit, counted: Callable[[], list[dict[str, Any]]]
) -> None:
    page = visit(java_script_enabled=False).page
    page.goto(preview.url("/cookies/"))
    page.get_by_role("button", name="Accept all").click()
    page.wait_for_url(preview.url("/cookies/#saved"))
    (record,) = counted()
    assert (record["event_type"], record["method"]) == ("given", "page.form")
    (cookie,) = page.context.cookies()
    assert cookie["value"].endswith(".analytics-1")
