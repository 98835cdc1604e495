"""docs/banner.md: every snippet of it on one page, under the policy that it prints."""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml
from playwright.sync_api import expect

from generator import typedyaml
from generator.consent import Purpose

from .conftest import Visit
from .notice_page import NoticePage
from .pages import furnish, note
from .preview import REPOSITORY
from .sample import ANALYTICS, MARKETING, VIDEO, banner
from .serving import Site

PAPER = (REPOSITORY / "docs/banner.md").read_text("utf-8")


def snippets(kind: str) -> list[str]:
    found = re.findall(rf"^```{kind}\n(.*?)^```", PAPER, re.DOTALL | re.MULTILINE)
    assert found, kind
    return found


def test_every_snippet_does_what_the_paper_says(visit: Callable[..., Visit], site: Site) -> None:
    tag, gates, way_back = snippets("html")
    (style,), (policy,), (code,) = snippets("css"), snippets("http"), snippets("js")
    name, _, site.csp = policy.strip().partition(": ")
    assert name == "Content-Security-Policy"
    site.put_banner(banner(ANALYTICS, MARKETING, VIDEO))
    furnish(site, gates + way_back, scripts=tag)
    site.put("/style.css", style, "text/css")
    site.put("/film.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml")
    site.put_script("/usage.js", note("usage"))
    site.put_script("/stop.js", "sessionStorage.stopped = 1")
    there = visit()
    notice = NoticePage(there.page).open(site.url())
    page = there.page

    look = notice.button("accept").evaluate(
        "(e) => { const s = getComputedStyle(e); return [s.backgroundColor, s.color] }"
    )
    assert look == ["rgb(10, 92, 54)", "rgb(255, 255, 255)"]
    assert "Georgia" in notice.notice.evaluate("(e) => getComputedStyle(e).fontFamily")
    expect(page.locator("[data-preferences=held]")).to_contain_text("“A film” would be loaded from Tube Inc")

    with notice.posted():
        notice.accept()
    page.wait_for_function("() => window.ran?.includes('usage')")
    expect(page.get_by_text("Only with consent.")).to_be_visible()
    expect(page.get_by_role("img", name="A film")).to_be_visible()

    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    with page.expect_navigation():  # it withdraws what has run
        page.evaluate("() => {" + code + "}")
    assert said == ["false", "allowed", "this service is"]
    page.wait_for_function("() => preferences.get().chosen")
    assert notice.stored()["session"] == {"stopped": "1"}
    assert notice.purposes() == {"analytics": False, "marketing": True, "video": True}
    page.get_by_role("link", name="Cookie settings").click()
    expect(notice.settings).to_be_visible()
    assert there.seen.trouble() == []


def test_the_declaration_in_the_paper_can_be_read() -> None:
    (declared,) = snippets("yaml")
    purpose = typedyaml.load(yaml.safe_dump(yaml.safe_load(declared)[0]), Purpose, "site.yaml")
    assert purpose.signals[0] == "gpc"


def test_every_event_and_attribute_in_the_scripts_is_in_the_paper() -> None:
    types = (REPOSITORY / "generator/widget/preferences.d.ts").read_text("utf-8")
    told = re.findall(r"'(preferences:\w+)'", types)
    attributes = ["data-purpose", "data-service", "data-src", "data-withdrawn", "data-preferences-open"]
    themes = re.findall(r"var\((--preferences-[\w-]+)", (REPOSITORY / "generator/widget/widget.css").read_text("utf-8"))
    assert (len(told), len(themes)) > (4, 6)
    assert [name for name in (*told, *attributes, *themes) if name not in PAPER] == []
