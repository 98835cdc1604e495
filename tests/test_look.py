"""The shipped look keeps its promises: complete words, a strict CSP, both directions, contrast in both schemes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from string import Formatter
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from jinja2 import Environment, nodes
from markupsafe import Markup

from generator.templates import Templates
from generator.views import ReleaseView
from tests.trees import shipped

ROOT = Path(__file__).parent.parent
SOURCES = {
    path.relative_to(ROOT / "templates").as_posix(): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "templates").rglob("*.*"))
}
PAGES = {name: text for name, text in SOURCES.items() if name.endswith(".html")}
STYLE = (ROOT / "static/style.css").read_text(encoding="utf-8")
RULES = re.sub(r"/\*.*?\*/", "", STYLE, flags=re.DOTALL)
LANGUAGES = sorted(name[6:-5] for name in SOURCES if name.startswith("words/"))


# Words


def words(language: str) -> dict[str, Any]:
    loaded = yaml.safe_load(SOURCES[f"words/{language}.yaml"])
    assert isinstance(loaded, dict)
    return loaded


def places(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def spoken_in_templates() -> set[str]:
    """The key of each t("…"), read from the parsed templates; a computed key could not be checked, so there is none."""
    calls = [call for text in PAGES.values() for call in Environment().parse(text).find_all(nodes.Call)]
    keys = [call.args[0] for call in calls if isinstance(call.node, nodes.Name) and call.node.name == "t"]
    return {key.value if isinstance(key, nodes.Const) else f"a computed key: {key}" for key in keys}


def texts_in_generator() -> set[str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "generator").rglob("*.py"))]
    constants = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {node.value for node in constants if isinstance(node.value, str)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_word_and_every_place_of_english(language: str) -> None:
    english, other = words("en"), words(language)
    assert sorted(other) == sorted(english)
    for key in sorted(set(english) - {"months"}):
        assert places(other[key]) == places(english[key]), f"words/{language}.yaml: {key}"
        assert other[key].strip(), f"words/{language}.yaml: {key} says nothing"
    assert len(other["months"]) == 12


def test_the_pages_speak_every_language_of_the_banner() -> None:
    assert [f"texts/{language}.yaml" for language in LANGUAGES] == sorted(
        path for path in shipped().widget if path.startswith("texts/")
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_sentence_names_has_that_name_where_it_stands(language: str) -> None:
    say, banner = words(language), yaml.safe_load(shipped().widget[f"texts/{language}.yaml"])
    assert say["footer_settings"] == banner["open"]
    assert say["footer_settings"] in say["cookies_withdraw"]
    assert say["cookies_needs_consent"].casefold() in say["cookies_choice"].casefold()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_given_twice(language: str) -> None:
    """YAML would silently take the last one."""
    keys = re.findall(r"^(\w+):", SOURCES[f"words/{language}.yaml"], re.MULTILINE)
    assert sorted(keys) == sorted(set(keys))


def test_every_word_a_template_says_exists() -> None:
    assert sorted(spoken_in_templates() - set(words("en"))) == []


def test_every_word_is_said_by_a_template_or_by_the_generator() -> None:
    texts = texts_in_generator()
    prefixes = tuple(text for text in texts if re.fullmatch(r"[a-z]+_", text))
    unsaid = set(words("en")) - {"months"} - spoken_in_templates() - texts
    assert sorted(key for key in unsaid if not key.startswith(prefixes)) == []


def test_no_visible_word_is_written_into_a_template() -> None:
    for name, text in PAGES.items():
        if name.startswith("demo_") or name == "demo.html":
            continue  # for developers, in English, and said to be so by the page's language
        page = re.sub(r"\{% block layout %\}[\w-]*\{% endblock %\}", "", text)  # the name of a class
        markup = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", page, flags=re.DOTALL)
        said = re.findall(r"[A-Za-z]{2,}", re.sub(r"<[^>]*>", "", markup))
        assert said == [], f"templates/{name} says {said} in one language only; put it in words/*.yaml"


# Strict CSP, no third-party request (X19, G08)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_no_template_needs_an_inline_style_or_script(name: str) -> None:
    text = PAGES[name]
    assert not re.search(r"\sstyle\s*=", text), f"templates/{name} has a style attribute, which the CSP refuses"
    if name != "letter.html":  # a file without a server, whose own policy names the digest of its stylesheet
        assert not re.search(r"<style\b", text), f"templates/{name} has an inline stylesheet, which the CSP refuses"
    assert not re.search(r"\son[a-z]+\s*=", text), f"templates/{name} has an event handler, which the CSP refuses"
    for script in re.findall(r"<script\b[^>]*>", text):
        assert " src=" in script, f"templates/{name} has an inline script, which the CSP refuses: {script}"


@pytest.mark.parametrize("name", sorted(PAGES))
def test_no_template_asks_another_host_or_holds_a_data_address(name: str) -> None:
    fetched = re.findall(r"<(?:link|script|img|iframe|source)\b[^>]*", PAGES[name])
    for tag in fetched:
        assert not re.search(r"(?:https?:|data:)", tag), f"templates/{name} fetches from elsewhere: {tag}"


def test_the_stylesheet_asks_for_nothing() -> None:
    assert not re.search(r"@import|url\(", RULES), "static/style.css makes a request of its own"


# Right to left by logical properties (A11)

PHYSICAL = re.compile(
    r"(?:^|[\s;{])((?:(?:margin|padding|border|inset|scroll-margin|scroll-padding)-(?:left|right)[\w-]*|left|right)\s*:)"
    r"|((?:text-align|float|clear)\s*:\s*(?:left|right))",
)


def test_the_stylesheet_names_neither_left_nor_right() -> None:
    found = ["".join(match) for match in PHYSICAL.findall(RULES)]
    assert found == [], f"static/style.css: {found} would not be mirrored; use inline-start and inline-end"


@pytest.mark.parametrize(
    "rule", ["a { margin-left: 1px }", "a{left:0}", "a { border-right-color: red }", "p { text-align: left }"]
)
def test_a_physical_property_would_be_found(rule: str) -> None:
    assert PHYSICAL.search(rule)


# Contrast (A06: 1.4.3 text 4.5, 1.4.11 controls 3)

SCHEMES = ("light", "dark")
TEXT_PAIRS = [
    *[(ink, ground) for ink in ("ink", "quiet", "accent") for ground in ("paper", "sheet", "slip")],
    *[(ink, ground) for ink in ("added", "removed") for ground in ("paper", "sheet")],
    ("added", "added-wash"),
    ("removed", "removed-wash"),
    ("paper", "accent"),
]


def palette(scheme: str) -> dict[str, str]:
    pairs = re.findall(r"--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)", RULES)
    return {name: values[SCHEMES.index(scheme)] for name, *values in pairs}


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_text_stands_out_from_its_ground(scheme: str, ink: str, ground: str) -> None:
    colours = palette(scheme)
    assert contrast(colours[ink], colours[ground]) >= 4.5, f"{ink} on {ground}, {scheme}"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("ground", ["paper", "sheet", "slip"])
def test_an_edge_that_means_something_stands_out(scheme: str, ground: str) -> None:
    colours = palette(scheme)
    assert contrast(colours["edge"], colours[ground]) >= 3


def test_every_colour_is_of_the_palette_and_has_both_schemes() -> None:
    """A colour written into a rule would have no other scheme and no contrast test; print is black on white."""
    screen = RULES[: RULES.index("@page")]
    beyond = re.sub(r"--[\w-]+:\s*light-dark\([^)]*\)", "", screen)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", beyond) == []


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


# The page of a policy


class Article(HTMLParser):
    """What a program reads in <article>: its text, and its headings' levels."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.text: list[str] = []
        self.levels: list[int] = []
        self._inside = False
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = self._inside or tag == "article"
        if self._inside and re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "article"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.text += data.split()


def section(number: str, heading: str, *below: SimpleNamespace, level: int = 2) -> SimpleNamespace:
    return SimpleNamespace(
        id=f"s{number.rstrip('.')}",
        level=level,
        number=number,
        heading=Markup(heading),
        html=Markup("<p>Text.</p>"),
        sections=below,
    )


def policy_page(language: str, **facts: Any) -> bytes:
    release = ReleaseView("A & B", "1.0", "in-force", "/p/1.0/", current_path="/p/", history_path="/p/history/")
    page = {"kind": "policy", "path": "/p/", "title": "A & B", "description": "", "canonical": None, "robots": ""}
    site = {"title": "Site", "url": "https://example.org", "navigation": [], "company": {"name": "Company"}}
    company = {"name": "Company", "address": "", "email": "", "website": ""}
    sections = (section("1.", "One &amp; all", section("a.", "<em>Below</em>", level=3)), section("2.", "Two"))
    context = {
        "site": {
            **site,
            "company": company,
            "policies": [],
            "has_banner": True,
            "demo_path": None,
            "language": "en",
            "dir": "ltr",
        },
        "page": {**page, "language": language, "dir": "ltr", "feed": None, "csp": "", "languages": ()},
        "banner": None,
        "release": replace(release, **facts),
        "next_release": None,
        "intro": Markup("<p>Opening.</p>"),
        "sections": sections,
        "contents": sections,
        "states": {},
    }
    assets = {name: f"/static/{name}" for name in ("icon.svg", "style.css")}
    return Templates(SOURCES, assets).render("policy.html", language, context)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", ["in-force", "superseded", "draft"])
def test_the_article_holds_the_policys_words_and_nothing_else(language: str, status: str) -> None:
    article = Article(policy_page(language, status=status, summary="Not the policy's.", awaiting="Nor this."))
    said = "A & B Opening. 1. One & all Text. a. Below Text. 2. Two Text."
    assert " ".join(article.text) == said


def test_headings_go_down_one_level_at_a_time() -> None:
    """A14: one h1, ordered headings."""
    levels = Article(policy_page("en")).levels
    assert levels == [1, 2, 3, 2]
    assert all(lower - upper <= 1 for upper, lower in pairwise(levels))


@pytest.mark.parametrize("status", ["superseded", "draft", "withdrawn"])
def test_a_text_that_does_not_hold_says_so_before_its_title(status: str) -> None:
    page = policy_page("en", status=status).decode()
    told = page.index(words("en")["notice_read_current"])
    assert told < page.index("<h1>")


def footer_links(page: str) -> Iterator[str]:
    footer = page[page.index('<footer class="site-footer">') :]
    yield from re.findall(r'<a href="([^"]*)"', footer)


def test_the_way_back_to_the_settings_works_without_javascript() -> None:
    """W01: the same link on every page, for a script to open and for a reader without one to follow."""
    page = policy_page("en").decode()
    assert '<a href="/cookies/" data-preferences-open>' in page
    assert list(footer_links(page)) == ["/", "/cookies/", "/cookies/"]
