"""Everybody can read, reach and refuse (requirements A, B03, B12, B13)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import Visit
from .notice_page import NoticePage
from .pages import HOSTILE, furnish
from .sample import ANALYTICS, MARKETING, VIDEO, banner, banner_in
from .serving import Site

Open = Callable[..., Visit]
WIDTHS = (320, 768, 1280)

# Everything that could make one button weigh more than another.
_COMPUTED = """(button) => {
  const style = getComputedStyle(button), box = button.getBoundingClientRect();
  const names = [...style].filter((name) => !/^(inline-size|width|perspective-origin|transform-origin)$/.test(name));
  return {style: names.map((name) => `${name}:${style.getPropertyValue(name)}`), width: box.width, height: box.height};
}"""
_AXE = """async (tags) => {
  const found = await axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']});
  return found.violations.map((rule) => [rule.id, rule.nodes.map((node) => node.html + ' ' + node.failureSummary)]);
}"""
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize("hostile", [False, True], ids=["plain site", "hostile site"])
def test_the_buttons_of_a_layer_are_equal_in_every_computed_way(visit: Open, site: Site, hostile: bool) -> None:
    furnish(site)
    if hostile:
        site.put("/style.css", HOSTILE, "text/css")
    notice = NoticePage(visit().page).open(site.url())
    for width in WIDTHS:
        notice.page.set_viewport_size({"width": width, "height": 700})
        _assert_equal(notice, notice.notice, ("reject", "accept", "settings"))
        notice.open_settings()
        notice.page.mouse.move(1, 1)
        _assert_equal(notice, notice.settings, ("reject", "accept", "save"))
        notice.page.keyboard.press("Escape")
        expect(notice.settings).to_have_count(0)
        notice.page.evaluate("() => document.activeElement.blur()")


def test_the_settings_are_dressed_for_who_has_chosen_before(visit: Open, site: Site) -> None:
    """Nobody asked them on this page, so the first layer has brought no style."""
    furnish(site)
    notice = NoticePage(visit().page).open(site.url())
    look = "(host) => { const s = getComputedStyle(host);" \
        " return [s.backgroundColor, s.borderRadius, s.color, s.fontWeight, s.minHeight] }"  # fmt: skip
    notice.open_settings()
    dressed = notice.button("reject", notice.settings).evaluate(look)
    notice.button("reject", notice.settings).click()
    expect(notice.notice).to_have_count(0)
    notice.page.reload()
    notice.open_settings()
    assert notice.button("reject", notice.settings).evaluate(look) == dressed
    _assert_equal(notice, notice.settings, ("reject", "accept", "save"))


# The width of the widest word on the button against the width that there is for it.
_FITS = """(button) => { const style = getComputedStyle(button), word = document.createElement('span');
  word.style.setProperty('white-space', 'nowrap', 'important'); button.append(word);
  const room = button.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  const widths = button.firstChild.data.split(' ').map((text) =>
    { word.textContent = text; return word.getBoundingClientRect().width });
  word.remove(); return Math.max(...widths) <= room }"""


@pytest.mark.parametrize("language", ["de", "fr"])
@pytest.mark.parametrize("width", [320, 360, 768])
def test_no_word_on_a_button_breaks(visit: Open, site: Site, width: int, language: str) -> None:
    site.put_banner(banner_in(language))
    furnish(site)
    site.put("/style.css", ':root { --preferences-font: "DejaVu Sans" }', "text/css")
    notice = NoticePage(visit(viewport={"width": width, "height": 640}).page).open(site.url())
    _assert_equal(notice, notice.notice, ("reject", "accept", "settings"))
    buttons = notice.notice.locator("button").all()
    notice.open_settings()
    for button in (*buttons, *notice.settings.locator("button[data-choice]").all()):
        assert button.evaluate(_FITS), button.inner_text()
    _assert_equal(notice, notice.settings, ("reject", "accept", "save"))


def _assert_equal(notice: NoticePage, layer: Locator, names: tuple[str, ...]) -> None:
    found = layer.locator("button[data-choice]")
    assert found.evaluate_all("(all) => all.map((button) => button.dataset.choice)") == list(names)
    first, *others = [button.evaluate(_COMPUTED) for button in found.all()]
    for other in others:
        assert other["style"] == first["style"]
        assert abs(other["width"] - first["width"]) <= 2
        assert abs(other["height"] - first["height"]) <= 2
    assert first["height"] >= 44
    assert first["width"] >= 44


def test_a_hostile_site_cannot_dress_the_notice(visit: Open, site: Site) -> None:
    furnish(site)
    notice = NoticePage(visit().page).open(site.url())
    look = "(host) => [host, ...host.querySelectorAll('*')].map((e) => { const s = getComputedStyle(e);" \
        " return [e.tagName, s.color, s.float, s.fontSize, s.padding, s.letterSpacing, s.textTransform] })"  # fmt: skip
    before = notice.notice.evaluate(look)
    site.put("/style.css", "body { font: 16px/1.5 sans-serif }" + HOSTILE, "text/css")
    notice.page.reload()
    assert notice.notice.evaluate(look) == before


_VARIANTS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "320 px": {"viewport": {"width": 320, "height": 640}},
    "400 % zoom": {"viewport": {"width": 320, "height": 256}},
    "forced colours": {"forced_colors": "active"},
    "rtl": {"path": "/ar"},
}


@pytest.mark.parametrize("options", _VARIANTS.values(), ids=_VARIANTS.keys())
def test_axe_finds_nothing_on_either_layer(visit: Open, site: Site, axe: str, options: dict[str, Any]) -> None:
    furnish(site)
    context = dict(options)
    path = context.pop("path", "/")
    there = visit(bypass_csp=True, **context)
    notice = NoticePage(there.page).open(site.url(path))
    there.page.evaluate(axe)
    assert there.page.evaluate(_AXE, _TAGS) == []
    notice.open_settings()
    there.page.evaluate("() => document.querySelectorAll('details').forEach((more) => { more.open = true })")
    assert there.page.evaluate(_AXE, _TAGS) == []
    notice.button("accept", notice.settings).click()
    expect(notice.status).not_to_be_empty()
    assert there.page.evaluate(_AXE, _TAGS) == []


def test_every_button_is_within_four_tabs_and_enter_on_the_page_chooses_nothing(page: Page, site: Site) -> None:
    furnish(site)
    notice = NoticePage(page).open(site.url())
    assert page.evaluate("() => document.activeElement.tagName") == "BODY"
    page.keyboard.press("Enter")
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("() => document.activeElement.dataset.choice ?? 'link'"))
    assert reached == ["link", "reject", "accept", "settings"]
    expect(notice.notice).to_be_visible()


def test_the_keyboard_alone_opens_sets_saves_and_comes_back(page: Page, site: Site) -> None:
    furnish(site)
    notice = NoticePage(page).open(site.url())
    notice.button("settings").focus()
    page.keyboard.press("Enter")
    notice.settings.wait_for()
    assert page.evaluate("() => document.activeElement.textContent") == "Cookie settings"
    page.keyboard.press("Escape")
    expect(notice.button("settings")).to_be_focused()
    page.keyboard.press("Enter")
    notice.settings.wait_for()
    _tab_to(page, "[data-purpose=analytics]")
    page.keyboard.press("Space")
    _tab_to(page, "[data-choice=save]")
    page.keyboard.press("Enter")
    assert notice.purposes() == {"analytics": True, "marketing": False}
    expect(page.locator("h1")).to_be_focused()


def _tab_to(page: Page, selector: str) -> None:
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached by Tab")


def test_after_a_choice_the_focus_is_somewhere_and_a_status_says_so(page: Page, site: Site) -> None:
    furnish(site)
    notice = NoticePage(page).open(site.url())
    notice.accept()
    expect(page.locator("h1")).to_be_focused()
    expect(page.get_by_role("status")).to_have_text(
        "Your choice was saved. You can change it at any time under “Cookie settings”."
    )
    page.keyboard.press("Tab")
    expect(notice.status).to_be_empty()  # it never stands over what has the focus
    notice.open_settings()
    notice.button("accept", notice.settings).click()
    expect(notice.opener).to_be_focused()


@pytest.mark.parametrize("size", [(320, 568), (1280, 720), (320, 256)])
def test_the_page_stays_readable_and_nothing_stays_behind_the_notice(
    visit: Open, site: Site, size: tuple[int, int]
) -> None:
    furnish(site)
    width, height = size
    page = visit(viewport={"width": width, "height": height}).page
    notice = NoticePage(page).open(site.url())
    notice.notice.wait_for()
    assert page.evaluate("() => getComputedStyle(document.body).overflow") == "visible"
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    covered = []
    for _ in range(45):
        page.keyboard.press("Tab")
        covered.append(page.evaluate(_COVERED))
    assert not any(covered)
    page.evaluate("() => scrollTo(0, document.documentElement.scrollHeight)")
    notice.opener.click()  # the last thing on the page
    expect(notice.settings).to_be_visible()


_COVERED = """() => {
  const focused = document.activeElement, notice = document.querySelector('#preferences-notice');
  if (notice.contains(focused) || focused === document.body) return false;
  if (getComputedStyle(notice).position !== 'fixed') return false;
  const box = focused.getBoundingClientRect();
  return box.bottom > notice.getBoundingClientRect().top + 1;
}"""


def test_at_400_percent_zoom_every_control_can_be_reached(visit: Open, site: Site) -> None:
    furnish(site)
    page = visit(viewport={"width": 320, "height": 256}).page
    notice = NoticePage(page).open(site.url())
    assert notice.notice.evaluate("(host) => getComputedStyle(host).position") == "static"
    notice.open_settings()
    notice.save(analytics=True)  # the click scrolls to it as a finger would
    assert notice.purposes() == {"analytics": True, "marketing": False}


_SPACING = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }"
# What is cut off by its own box or the layer's; what scrolls inside itself loses nothing.
_CLIPPED = """(layer) => [layer, ...layer.querySelectorAll('*')].filter((e) => {
  const s = getComputedStyle(e), box = e.getBoundingClientRect(), around = layer.getBoundingClientRect();
  const cut = s.overflowX !== 'visible' && s.overflowX !== 'auto' && e.scrollWidth > e.clientWidth + 1;
  return box.width && (cut || box.left < around.left - 1 || box.right > around.right + 1
    || (e.matches('button') && (e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight)));
}).map((e) => e.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("path", ["/", "/ar"])
def test_wider_text_spacing_loses_nothing_on_either_layer(page: Page, site: Site, path: str) -> None:
    """WCAG 1.4.12 (A08)."""
    furnish(site)
    site.put_banner(banner(ANALYTICS, MARKETING, VIDEO))
    notice = NoticePage(page).open(site.url(path))
    page.evaluate(
        "(css) => { const s = new CSSStyleSheet(); s.replaceSync(css); document.adoptedStyleSheets.unshift(s) }",
        f"@layer first {{ {_SPACING} }}",
    )
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 700})
        first = notice.button("accept")
        assert first.evaluate("(button) => getComputedStyle(button).letterSpacing") != "normal"
        assert notice.notice.evaluate(_CLIPPED) == []
        notice.open_settings()
        page.evaluate("() => document.querySelectorAll('details').forEach((more) => { more.open = true })")
        assert notice.settings.evaluate(_CLIPPED) == []
        page.keyboard.press("Escape")
        expect(notice.settings).to_have_count(0)


def test_the_notice_shifts_nothing_and_moves_nothing(visit: Open, site: Site) -> None:
    furnish(site)
    there = visit(viewport={"width": 412, "height": 732})
    there.context.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((e) => { shift += e.value }))"
        ".observe({type: 'layout-shift', buffered: true})"
    )
    notice = NoticePage(there.page).open(site.url())
    notice.notice.wait_for()
    there.page.wait_for_timeout(200)
    assert there.page.evaluate("() => [shift, document.getAnimations().length]") == [0, 0]


def test_neither_layer_is_printed(page: Page, site: Site) -> None:
    furnish(site)
    notice = NoticePage(page).open(site.url())
    page.emulate_media(media="print")
    expect(notice.notice).to_be_hidden()


def test_forced_colours_keep_edges_and_show_what_is_set(visit: Open, site: Site) -> None:
    furnish(site)
    notice = NoticePage(visit(forced_colors="active").page).open(site.url())
    edge = "(e) => { const s = getComputedStyle(e); return [s.borderTopStyle, parseFloat(s.borderTopWidth) > 0] }"
    for found in (notice.notice, notice.button("reject")):
        assert found.evaluate(edge) == ["solid", True]
    notice.open_settings()
    assert notice.settings.evaluate(edge) == ["solid", True]
    control = notice.control("analytics")
    assert control.evaluate("(e) => getComputedStyle(e).appearance") == "auto"  # so the browser draws its state
    off = control.screenshot()
    control.check()
    assert control.screenshot() != off


def test_right_to_left_mirrors_both_layers(visit: Open, site: Site) -> None:
    """A11: the same order of buttons and controls, from the other side (B03, B12)."""
    furnish(site)
    left = "(e) => e.getBoundingClientRect().left + e.getBoundingClientRect().width / 2"
    for path, sign in (("/", 1), ("/ar", -1)):
        notice = NoticePage(visit(viewport={"width": 360, "height": 740}).page).open(site.url(path))
        reject, accept = (notice.button(name).evaluate(left) for name in ("reject", "accept"))
        assert (accept - reject) * sign > 0
        notice.open_settings()
        control, heading = (notice.settings.locator(part).first.evaluate(left) for part in ("input", "h2"))
        assert (control - heading) * sign > 0
        assert notice.page.evaluate("() => document.documentElement.scrollWidth") <= 360


def test_a_theme_changes_all_buttons_alike(page: Page, site: Site) -> None:
    furnish(site)
    theme = ":root { --preferences-accent: rgb(0, 80, 40); --preferences-radius: 0px }"
    site.put(
        "/style.css",
        theme + "[data-choice=accept] { --preferences-accent: red; --accent: red; --radius: 9px }",
        "text/css",
    )
    notice = NoticePage(page).open(site.url())
    colours = notice.notice.locator("button").evaluate_all(
        "(all) => all.map((button) => getComputedStyle(button).backgroundColor)"
    )
    assert colours == ["rgb(0, 80, 40)"] * 3, json.dumps(colours)
