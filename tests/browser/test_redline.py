"""Redlines and comparisons in a real browser: reachable by keyboard, side by side without JavaScript, strict CSP."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from generator import build, documents
from generator.redline import letter
from generator.redline.diff import compare
from generator.redline.reports import Side
from tests.trees import TODAY, Frozen, make_sources, policy_files, shipped

from .conftest import Visit
from .serving import Site, serve

TEXT = "---\ntitle: Terms\n---\n\nHello.\n\n## A {#a}\n\nWe keep it.\n\n## B {#b}\n\nTen euros.\n"
TEXTS = [TEXT, TEXT.replace("keep", "store"), TEXT.replace("Ten", "Nine"), TEXT.replace("Hello", "Welcome"), TEXT]
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript", "json": "application/json"}
NewVisit = Callable[..., Visit]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    releases = [Frozen(text, date(2026, 1, 1 + at)) for at, text in enumerate(TEXTS)]
    yield from served(build.build(make_sources(content=policy_files("terms", releases)), today=TODAY))


def served(made: build.Built) -> Iterator[Site]:
    site = Site(csp=STRICT)
    for path, content in made.files.items():
        kind = KINDS.get(path.rpartition(".")[2], "application/octet-stream")
        site.put("/" + path.removesuffix("index.html"), content, kind)
    server = serve(site)
    yield site
    server.shutdown()
    server.server_close()


def said(where: Locator) -> str:
    return " ".join((where.text_content() or "").split())


def test_every_change_is_reached_by_button_and_key_and_its_place_is_said(visit: NewVisit, site: Site) -> None:
    seen = visit()
    page = seen.page
    page.goto(site.url("/terms/changes/1.1...1.2/"))
    page.get_by_role("button", name="Next change").click()
    status = page.locator(".walk [role=status]")
    places = [status.inner_text()]
    for _ in range(2):
        page.keyboard.press("n")
        places.append(status.inner_text())
    page.keyboard.press("p")
    assert [*places, status.inner_text()] == [
        "Change 1 of 2",
        "Change 2 of 2",
        "Change 1 of 2",
        "Change 2 of 2",
    ]
    assert page.evaluate("document.activeElement.textContent") == "Removed: Ten"
    assert seen.seen.trouble() == []


def test_a_key_is_left_alone_where_a_person_chooses(visit: NewVisit, site: Site) -> None:
    page = visit().page
    page.goto(site.url("/terms/changes/1.1...1.2/"))
    page.locator("input[name=view]").first.focus()
    page.keyboard.press("n")
    assert page.locator(".walk [role=status]").inner_text() == ""


def test_side_by_side_needs_no_script_and_each_change_is_there_once(visit: NewVisit, site: Site) -> None:
    page = visit(java_script_enabled=False, viewport={"width": 1280, "height": 900}).page
    page.goto(site.url("/terms/changes/1.1...1.2/"))
    assert page.get_by_text("store", exact=False).locator("visible=true").count() == 1
    page.get_by_label("Side by side").check()
    old, new = (page.locator(f".side-{name}", has_text="it.") for name in ("old", "new"))
    assert said(old) == "Version 1.1We Removed: store it."
    assert said(new) == "Version 1.2We Added: keep it."
    assert page.locator(".as-one").first.is_hidden()


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_side_by_side_fits_the_screen(visit: NewVisit, site: Site, width: int) -> None:
    page = visit(viewport={"width": width, "height": 900}).page
    page.goto(site.url("/terms/changes/1.1...1.2/"))
    page.get_by_label("Side by side").check()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_any_two_releases_are_put_together_from_parts_and_can_be_linked(visit: NewVisit, site: Site) -> None:
    seen = visit()
    page = seen.page
    page.goto(site.url("/terms/compare/"))
    page.get_by_label("From").select_option("1.0")
    page.get_by_label("To").select_option("1.2")
    page.get_by_role("button", name="Compare").click()
    page.get_by_text("Version 1.0 to version 1.2. Changed sections: 1").wait_for()
    assert page.url.endswith("?from=1.0&to=1.2")
    assert said(page.locator("[data-sections] .as-one")) == "Removed: TenAdded: Nine euros."
    assert page.locator(".changes a").all_inner_texts() == ["2. B"]
    again = visit()
    again.page.goto(page.url)
    again.page.get_by_text("Version 1.0 to version 1.2. Changed sections: 1").wait_for()
    assert seen.seen.trouble() == again.seen.trouble() == []


def test_a_pair_that_has_a_page_is_that_page_whichever_was_named_first(visit: NewVisit, site: Site) -> None:
    page = visit().page
    page.goto(site.url("/terms/compare/"))
    page.get_by_label("From").select_option("1.2")
    page.get_by_label("To").select_option("1.1")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url("**/terms/changes/1.1...1.2/")


def test_that_the_older_version_was_put_first_is_said(visit: NewVisit, site: Site) -> None:
    page = visit().page
    page.goto(site.url("/terms/compare/?from=1.2&to=1.0"))
    page.get_by_text("Version 1.0 to version 1.2. Changed sections: 1 The older version stands first.").wait_for()


def test_a_version_beside_itself_is_said_to_be_the_same_and_has_nothing_to_walk_through(
    visit: NewVisit, site: Site
) -> None:
    page = visit().page
    page.goto(site.url("/terms/compare/?from=1.1&to=1.1"))
    page.get_by_text("No section was changed.").wait_for()
    walk = page.get_by_role("button", name="Next change")
    assert [
        page.get_by_label("Side by side").is_visible(),
        walk.is_visible(),
        page.locator(".legend").first.is_visible(),
    ] == [False] * 3
    page.get_by_label("To").select_option("1.3")
    page.get_by_role("button", name="Compare").click()
    walk.wait_for()


def test_without_javascript_the_page_of_comparisons_leads_to_every_pair_that_has_a_page(
    visit: NewVisit, site: Site
) -> None:
    page = visit(java_script_enabled=False).page
    page.goto(site.url("/terms/compare/"))
    assert not page.locator("form.compare").is_visible()
    links = page.locator(".changes a").evaluate_all("all => all.map((link) => link.getAttribute('href'))")
    assert len(links) == 7
    assert all(link in site.files for link in links)


def test_axe_finds_nothing_on_a_comparison(visit: NewVisit, site: Site, axe: str) -> None:
    page = visit(bypass_csp=True).page
    page.goto(site.url("/terms/compare/?from=1.0&to=1.2"))
    page.get_by_text("Changed sections: 1").first.wait_for()
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run()).violations")
    assert {violation["id"]: [node["html"] for node in violation["nodes"]] for violation in found} == {}


SECTIONS = (
    "## A {#a}\n\nWe keep it for a year.\n\n- one thing\n- another thing\n\n"
    "## B {#b}\n\nTen euros.\n\n## C {#c}\n\nSee [us](/x).\n"
)
RICH = [
    f"---\ntitle: Terms\n---\n\nHello.\n\n{SECTIONS}",
    f"---\ntitle: Terms\n---\n\nHello you.\n\n{SECTIONS.replace('a year', 'two years')}",
    "---\ntitle: Our terms\n---\n\nHello you.\n\n"
    + SECTIONS.replace("a year", "two years").replace("- another thing", "  - another thing\n- a third thing")
    + "\n## D {#d}\n\nNew here.\n",
    f"---\ntitle: Our terms\n---\n\nHello you.\n\n{SECTIONS.replace('(/x)', '(/y)')}\n## D {{#d}}\n\nNew here.\n",
]
# What the page of a pair and the same pair put together have in common: each changed section, without its links.
CHANGES = """() => [...document.querySelectorAll('.redline section:has(.steps)')].map((section) => {
  const copy = section.cloneNode(true);
  copy.querySelectorAll('.steps a, .side-name').forEach((gone) => gone.remove());
  return copy.textContent.replace(/\\s+/g, ' ').trim();
})"""


def test_a_pair_that_is_put_together_says_what_its_page_would_say(visit: NewVisit) -> None:
    def built(texts: list[str]) -> Iterator[Site]:
        releases = [Frozen(text, date(2026, 1, 1 + at)) for at, text in enumerate(texts)]
        return served(build.build(make_sources(content=policy_files("terms", releases)), today=TODAY))

    page = visit().page
    said = []
    for texts, path in ((RICH, "/terms/compare/?from=1.0&to=1.2"), ([RICH[0], RICH[2]], "/terms/changes/1.0...1.1/")):
        for site in built(texts):
            page.goto(site.url(path))
            page.locator(".redline section .steps").first.wait_for()
            said.append(page.evaluate(CHANGES))
    assert said[0] == said[1]
    assert len(said[0]) == 4  # title, opening text, A, D


def test_back_leads_to_the_comparison_before(visit: NewVisit, site: Site) -> None:
    page = visit().page
    page.goto(site.url("/terms/compare/?from=1.0&to=1.2"))
    page.get_by_text("Version 1.0 to version 1.2. Changed sections: 1").wait_for()
    page.get_by_label("To").select_option("1.0")
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("status").first.filter(has_text="No section was changed.").wait_for()
    page.go_back()
    page.get_by_text("Version 1.0 to version 1.2. Changed sections: 1").wait_for()
    assert page.get_by_label("To").input_value() == "1.2"


def test_what_cannot_be_loaded_is_said_and_can_be_tried_again(visit: NewVisit, site: Site) -> None:
    page = visit().page
    page.route("**/index.json", lambda route: route.abort())
    page.goto(site.url("/terms/compare/?from=1.0&to=1.2"))
    page.get_by_text("This comparison could not be loaded.").wait_for()
    page.unroute("**/index.json")
    page.get_by_role("button", name="Compare").click()
    page.get_by_text("Version 1.0 to version 1.2. Changed sections: 1").wait_for()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_link_into_a_fold_opens_it(visit: NewVisit, site: Site, scripts: bool) -> None:
    page = visit(java_script_enabled=scripts).page
    page.goto(site.url("/terms/changes/1.0...1.1/"))
    assert not page.locator("#b").is_visible()
    page.goto(site.url("/terms/changes/1.0...1.1/#b"))
    page.locator("#b").wait_for(state="visible")


def test_on_paper_every_change_is_told_apart_without_colour(visit: NewVisit, site: Site) -> None:
    page = visit(color_scheme="dark").page
    page.goto(site.url("/terms/changes/1.1...1.2/"))
    page.emulate_media(media="print")
    looks = "(mark) => { const s = getComputedStyle(mark); return [s.textDecorationLine, s.color, s.backgroundColor]; }"
    black, none = "rgb(0, 0, 0)", "rgba(0, 0, 0, 0)"
    assert page.locator(".as-one del").first.evaluate(looks) == ["line-through", black, none]
    assert page.locator(".as-one ins").first.evaluate(looks) == ["underline", black, none]
    assert page.locator(".as-one .mark").first.is_visible()
    assert not page.locator(".tools").is_visible()


def test_in_forced_colours_changes_keep_their_lines(visit: NewVisit, site: Site) -> None:
    page = visit(forced_colors="active", reduced_motion="reduce").page
    page.goto(site.url("/terms/changes/1.1...1.2/"))
    for mark, line in (("del", "line-through"), ("ins", "underline")):
        assert page.locator(f".as-one {mark}").first.evaluate("(m) => getComputedStyle(m).textDecorationLine") == line


LONG = "We tell you what we do with it. " * 3
MOVED = f"## A\n\n{LONG}\n\nKept.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n## B\n\nOther words.\n"


@pytest.fixture(scope="module")
def mailed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to mail of two texts with a move, a table and a fold."""
    first, *rest = MOVED.split("\n\n")
    moved = "\n\n".join([first, *rest[1:]]).replace("| 1 |", "| 3 |") + f"\n{rest[0]}\n"
    old, new = (documents.read(text, f"{name}.md") for name, text in (("old", MOVED), ("new", moved)))
    look = shipped()
    html = letter.html(compare(old, new), Side("old.md", old), Side("new.md", new), look.templates, look.static, "")
    path = tmp_path_factory.mktemp("mail") / "redline.html"
    path.write_text(html, "utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_file_to_mail_works_offline_and_axe_finds_nothing_in_it(
    visit: NewVisit, mailed: Path, axe: str, width: int, scheme: str
) -> None:
    seen = visit(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True, bypass_csp=True)
    page = seen.page
    page.goto(mailed.as_uri())
    assert page.evaluate("getComputedStyle(document.querySelector('del')).textDecorationLine") == "line-through"
    page.get_by_label("Side by side").check()
    assert page.locator(".as-two").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run()).violations")
    assert {violation["id"]: [node["html"] for node in violation["nodes"]] for violation in found} == {}
    assert seen.seen.requests == [mailed.as_uri()]


def test_the_file_to_mail_has_a_policy_that_lets_its_style_in_and_keeps_all_else_out(
    visit: NewVisit, mailed: Path
) -> None:
    seen = visit(java_script_enabled=False)
    seen.page.goto(mailed.as_uri())
    assert seen.page.locator("del").first.is_visible()
    assert seen.seen.trouble() == []


def test_both_ends_of_a_move_lead_to_each_other_by_keyboard(visit: NewVisit, mailed: Path) -> None:
    page = visit().page
    page.goto(mailed.as_uri())
    away = page.locator(".as-one a.note").first
    away.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == away.get_attribute("href")
    there = page.locator(f".as-one {away.get_attribute('href')}")
    assert (there.is_visible(), there.get_attribute("href")) == (True, f"#{away.get_attribute('id')}")


READ = """async (png) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
  canvas.drawImage(image, 0, 0);
  const { data, width, height } = canvas.getImageData(0, 0, image.width, image.height);
  return Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => data[4 * (y * width + x)]));
}"""


def drawn(visit: NewVisit, where: Locator) -> list[list[int]]:
    """How bright (0 to 255) each row of an element is, pixel by pixel."""
    png = b64encode(where.screenshot()).decode()
    rows: list[list[int]] = visit().page.evaluate(READ, png)
    return rows


def styled(visit: NewVisit, body: str, **options: object) -> Page:
    page: Page = visit(**options).page
    page.set_content(f"<!doctype html><style>{shipped().static['style.css'].decode()}</style>{body}")
    return page


@pytest.mark.parametrize("zoom", [1, 2])
@pytest.mark.parametrize("name", ["<code>____</code>", "____"])
def test_the_underscores_of_a_name_that_was_added_are_apart_from_the_line_below(
    visit: NewVisit, name: str, zoom: int
) -> None:
    for place in (f"<p>{name}</p>", f"<table><tr><td>{name}</td></tr></table>"):
        body = f"<div class=policy>{place.replace(name, f'<ins>{name}</ins>')}</div>"
        page = styled(visit, body, color_scheme="light", device_scale_factor=zoom)
        dark = [row[16 * zoom] < 140 for row in drawn(visit, page.locator(".policy"))]
        assert sum(line and not before for before, line in pairwise([False, *dark])) == 2, dark


@pytest.mark.parametrize("look", [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_a_table_shows_at_which_side_more_of_it_is_hidden(
    visit: NewVisit, direction: str, look: dict[str, object]
) -> None:
    table = "<table><tr>" + "<td>x</td>" * 20 + "</tr></table>"
    page = styled(
        visit, f"<div dir={direction} class=table>{table}</div>", viewport={"width": 360, "height": 200}, **look
    )

    def sides() -> list[bool]:
        """Whether a line stands at the left and at the right."""
        row = drawn(visit, page.locator(".table"))[5]
        return [abs(row[at] - row[180]) > 40 for at in (0, -1)]

    start = [False, True] if direction == "ltr" else [True, False]
    assert sides() == start
    page.locator(".table").evaluate(
        "(box) => { box.scrollLeft = (getComputedStyle(box).direction === 'rtl' ? -1 : 1) * 300; }"
    )
    assert sides() == [True, True]
    page.locator(".table").evaluate("(box) => { box.scrollLeft *= 100; }")
    assert sides() == start[::-1]
    page.locator("table").evaluate("(table) => table.rows[0].replaceChildren(table.rows[0].cells[0])")
    assert sides() == [False, False]
