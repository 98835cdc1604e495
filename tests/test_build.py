"""A built site as its readers meet it: the same for the same sources, whole in itself, strict about what it runs."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from functools import cache
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from generator import build, history
from generator.build import Built
from generator.errors import SourceError
from generator.sources import Sources
from tests import markup as html
from tests.trees import (
    CONSENT,
    SITE,
    TERMS,
    TODAY,
    Frozen,
    built,
    make_sources,
    notice_files,
    on_disk,
    policy_files,
    shipped,
    with_banner,
)

DRAFT_ONLY = {"content/terms/policy.md": TERMS.encode()}
UPCOMING = policy_files("terms", [Frozen(TERMS, effective=date(2027, 3, 1), published=TODAY)])


@cache
def site(name: str) -> Built:
    if name == "itsths":
        return built(shipped(), drafts=True)
    if name == "no version in force":
        return built(make_sources(content=UPCOMING))
    if name == "draft only":
        return built(make_sources(content=DRAFT_ONLY), drafts=True)
    if name == "nothing released":
        return built(make_sources(content=DRAFT_ONLY))
    return built(on_disk(name), drafts=True)


SITES = ["itsths", "small", "arabic", "no version in force", "draft only", "nothing released"]


@cache
def is_fragment(path: str) -> bool:
    """What a script puts into a page is none itself."""
    if path.endswith("/fragment.html"):
        return True
    return "/since/" in path or ("/compare/" in path and not path.endswith("/index.html"))


def pages(name: str) -> dict[str, html.Html]:
    return {
        path: html.read(content)
        for path, content in site(name).files.items()
        if path.endswith(".html") and not is_fragment(path)
    }


def address(path: str) -> str:
    return "/" + path.removesuffix("index.html")


# The same sources, the same bytes (V12)


@pytest.mark.parametrize("name", ["small", "arabic"])
def test_the_same_sources_give_the_same_bytes(name: str) -> None:
    assert built(on_disk(name), drafts=True).files == site(name).files


def test_the_order_in_which_a_disk_lists_files_changes_nothing() -> None:
    made = on_disk("small")
    turned = Sources(
        made.site,
        dict(reversed(list(made.content.items()))),
        dict(reversed(list(made.templates.items()))),
        dict(reversed(list(made.static.items()))),
        dict(reversed(list(made.widget.items()))),
    )
    assert built(turned, drafts=True).files == site("small").files


def test_a_later_day_on_which_nothing_takes_effect_changes_nothing() -> None:
    assert built(on_disk("small"), today=date(2026, 12, 24), drafts=True).files == site("small").files


def test_the_manifest_names_every_other_file_by_its_digest_and_every_row_by_its_own() -> None:
    files = site("small").files
    manifest = json.loads(files["manifest.json"])
    assert manifest["files"] == {
        path: history.digest(content) for path, content in sorted(files.items()) if path != "manifest.json"
    }
    register = history.load(files["privacy/releases.yaml"].decode(), "releases.yaml")
    assert manifest["registers"]["privacy"] == {row.row_hash: str(row.version) for row in register.rows}
    assert manifest["registers"]["terms"] == {}


# Drafts


def test_a_draft_is_nowhere_in_a_site_that_is_built_without_drafts() -> None:
    plain, ahead = built(on_disk("small")), site("small")
    assert {path for path in ahead.files if "draft" in path} == {
        "privacy/draft/index.html",
        "privacy/changes/2.0...draft/index.html",
        "terms/draft/index.html",
    }
    assert not any("draft" in path or b"accountant" in content for path, content in plain.files.items())
    assert not any(b"/draft/" in content for content in plain.files.values())


def test_a_draft_is_hidden_from_search_engines_and_says_what_it_awaits() -> None:
    for path in ("privacy/draft/index.html", "privacy/changes/2.0...draft/index.html"):
        page = pages("small")[path]
        assert {"name": "robots", "content": "noindex"} in [tag.attributes for tag in page.named("meta")]
        assert not any(tag.attributes.get("rel") == "canonical" for tag in page.named("link"))
        assert "Our lawyer has not read this yet." in page.text("main")
    assert b"draft" not in site("small").files["sitemap.xml"]


# Every page


@pytest.mark.parametrize("name", SITES)
def test_every_link_and_anchor_leads_somewhere(name: str) -> None:
    files = site(name).files
    found = pages(name)
    ids = {path: frozenset(page.values("id")) for path, page in found.items()}
    for path, page in found.items():
        for target in dict.fromkeys(page.values("href") + page.values("src")):
            parts = urlsplit(urljoin(address(path), target))
            if parts.scheme or parts.netloc:
                continue
            file = parts.path.lstrip("/") + ("index.html" if parts.path.endswith("/") else "")
            assert file in files, f"{path} leads to {target}"
            if parts.fragment:
                assert unquote(parts.fragment) in ids[file], f"{path} leads to {target}"


@pytest.mark.parametrize("name", SITES)
def test_no_page_fetches_anything_from_elsewhere(name: str) -> None:
    fetched = {"script", "img", "iframe", "source", "video", "audio", "embed", "object"}
    for path, page in pages(name).items():
        loads = [tag for tag in page.tags if tag.name in fetched]
        links = [tag for tag in page.named("link") if tag.attributes.get("rel") not in ("canonical", "alternate")]
        for tag in [*loads, *links]:
            target = tag.attributes.get("src") or tag.attributes.get("href") or tag.attributes.get("data", "")
            assert target.startswith("/") and not target.startswith("//"), f"{path}: {tag}"
    for path, content in site(name).files.items():
        if path.endswith(".css"):
            assert b"@import" not in content
            assert b"url(http" not in content.replace(b'"', b"").replace(b"'", b"")


@pytest.mark.parametrize("name", SITES)
def test_every_page_carries_the_strict_csp_before_anything_it_governs(name: str) -> None:
    for path, content in site(name).files.items():
        if path.endswith(".html") and not is_fragment(path):
            page = html.read(content)
            policy = page.named("meta")[0].attributes
            assert policy["http-equiv"] == "Content-Security-Policy"
            assert "unsafe" not in policy["content"]
            assert "default-src 'none'" in policy["content"]
            assert not [tag for tag in page.tags if "style" in tag.attributes]
            assert not [key for tag in page.tags for key in tag.attributes if key.startswith("on")]
            assert not page.named("style")
            assert all(tag.attributes.get("src") for tag in page.named("script"))


@pytest.mark.parametrize("name", SITES)
def test_every_page_has_one_h1_its_language_and_no_id_twice(name: str) -> None:
    for path, page in pages(name).items():
        assert len(page.named("h1")) == 1, path
        ids = page.values("id")
        assert len(ids) == len(set(ids)), path
        assert page.named("html")[0].attributes["lang"]
        assert page.text("title").strip()


@pytest.mark.parametrize("name", ["itsths", "small", "arabic"])
def test_headings_of_a_text_go_down_one_level_at_a_time(name: str) -> None:
    for path, page in pages(name).items():
        levels = [int(tag.name[1]) for tag in page.tags if tag.name in ("h1", "h2", "h3", "h4", "h5", "h6")]
        first = levels.index(1)
        assert all(after <= before + 1 for before, after in zip(levels[first:], levels[first + 1 :], strict=False)), (
            path
        )


@pytest.mark.parametrize("name", ["itsths", "small", "arabic"])
def test_the_way_back_to_the_choice_is_on_every_page(name: str) -> None:
    for path, page in pages(name).items():
        footer = [tag for tag in page.tags if "data-preferences-open" in tag.attributes]
        assert "/cookies/" in [tag.attributes.get("href") for tag in footer], path


def test_a_superseded_release_stays_and_names_the_current_one_as_canonical() -> None:
    canonical = {
        path: tag.attributes["href"]
        for path, page in pages("small").items()
        for tag in page.named("link")
        if tag.attributes.get("rel") == "canonical"
    }
    current = "https://policies.example.com/privacy/"
    assert canonical["privacy/1.0/index.html"] == canonical["privacy/1.1/index.html"] == current
    assert canonical["privacy/index.html"] == current
    assert canonical["privacy/2.0/index.html"] == f"{current}2.0/"
    assert "no longer in force" in pages("small")["privacy/1.0/index.html"].text("main")


# A day on which a release takes effect


def test_a_future_release_is_announced_on_the_page_of_the_current_one_which_stays_in_force() -> None:
    page = pages("small")["privacy/index.html"]
    assert "Version 2.0 takes effect on 15 January 2027" in page.text("main")
    assert "Nobody but us." not in page.text("article", "policy")
    assert {"/privacy/2.0/", "/privacy/changes/1.1...2.0/"} <= set(page.values("href"))
    assert "is not in force yet" in pages("small")["privacy/2.0/index.html"].text("main")
    assert "takes effect on" in pages("small")["index.html"].text("main")


def test_on_its_day_a_release_takes_the_address_of_the_policy() -> None:
    before = built(on_disk("small"), today=date(2027, 1, 14)).files
    after = built(on_disk("small"), today=date(2027, 1, 15)).files
    assert b"Nobody but us." not in before["privacy/index.html"]
    assert b"Nobody but us." in after["privacy/index.html"]
    assert b"takes effect on" not in after["privacy/index.html"]
    assert before["privacy/1.0.md"] == after["privacy/1.0.md"]
    assert "privacy/changes/1.0...2.0/index.html" in after.keys() - before.keys()


def test_the_banner_names_the_release_in_force_on_the_day() -> None:
    one, two = (built(on_disk("small"), today=day).files for day in (date(2027, 1, 14), date(2027, 1, 15)))
    manifest = json.loads(one["manifest.json"])["files"]
    assert manifest["privacy/1.1.md"].encode() in one["preferences.js"]
    assert manifest["privacy/2.0.md"].encode() in two["preferences.js"]


# The banner


def test_pages_name_the_banner_by_its_digest_and_other_sites_by_its_name() -> None:
    files = site("small").files
    (script,) = pages("small")["index.html"].named("script")
    assert files[script.attributes["src"].lstrip("/")] == files["preferences.js"]
    assert script.attributes["integrity"].startswith("sha256-")


@pytest.mark.parametrize(
    "made",
    [make_sources(), make_sources(SITE + CONSENT), with_banner(SITE + CONSENT[: CONSENT.index("    - id: analytics")])],
    ids=["no consent declared", "no notice released", "nothing to consent to"],
)
def test_a_site_that_asks_for_nothing_has_no_banner(made: Sources) -> None:
    files = built(made).files
    assert "preferences.js" not in files
    assert not any(b"data-preferences-open" in content for path, content in files.items() if path == "index.html")


def test_without_a_policy_in_force_there_is_no_banner_and_the_build_says_why() -> None:
    """A choice could not be bound to the text that was shown (R02)."""
    done = built(make_sources(SITE + CONSENT, {**DRAFT_ONLY, **notice_files(SITE + CONSENT)}))
    assert "preferences.js" not in done.files
    (problem,) = [problem for problem in done.problems if problem.code == "notice.no-policy"]
    assert problem.severity == "warning"
    assert "no release of 'terms' is in force" in problem.message


def test_the_csp_lets_choices_be_posted_to_a_receiver_elsewhere_and_to_nothing_else() -> None:
    text = SITE + CONSENT.replace("receiver: /choices", "receiver: https://proof.example.com/choices")
    assert "connect-src 'self' https://proof.example.com;" in build.csp(built(with_banner(text)).library.site)
    assert "connect-src 'self';" in build.csp(site("small").library.site)


def test_the_demo_is_part_of_a_site_only_if_it_says_so() -> None:
    assert "demo/index.html" in site("itsths").files
    assert "demo/index.html" not in site("small").files


# Templates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{% if %}", "templates/404.html:1: template.syntax"),
        ("{{ nothing.here }}", "templates/404.html: template.failed: 'nothing' is undefined"),
        ("{{ asset('missing.css') }}", "templates/404.html: template.failed: 'missing.css'"),
        ("{{ 1 + 'a' }}", "templates/404.html: template.failed: unsupported operand"),
        ("{{ 1 / 0 }}", "templates/404.html: template.failed: division by zero"),
        ("{% extends 'missing.html' %}", "templates/404.html: template.failed: missing.html"),
    ],
)
def test_a_mistake_in_a_sites_own_template_is_named(text: str, expected: str) -> None:
    made = make_sources()
    with pytest.raises(SourceError) as caught:
        built(dataclasses.replace(made, templates={**made.templates, "404.html": text}))
    assert expected in str(caught.value)


def test_styles_and_scripts_are_named_by_their_content_so_that_they_can_be_cached_for_ever() -> None:
    styles = [path for path in site("small").files if PurePosixPath(path).suffix == ".css"]
    digest = history.digest(shipped().static["style.css"])[:10]
    assert f"static/style.{digest}.css" in styles


# Right to left


def test_an_arabic_site_runs_from_right_to_left_in_arabic() -> None:
    for path, page in pages("arabic").items():
        root = page.named("html")[0].attributes
        assert (root["lang"], root["dir"]) == ("ar", "rtl"), path
    current = pages("arabic")["privacy/index.html"]
    assert "تحترم شركة المثال خصوصيتك وتحمي بياناتك." in current.text("article", "policy")
    assert "usage_id" in current.text("article", "policy")


@pytest.mark.parametrize(("language", "direction"), [("de", "ltr"), ("es", "ltr"), ("fr", "ltr"), ("ur", "rtl")])
def test_a_site_speaks_each_language_that_the_banner_does(language: str, direction: str) -> None:
    made = built(on_disk("arabic", turned=("ar", language)))
    say = made.library.words
    read = {path: html.read(page) for path, page in made.files.items() if path.endswith(".html")}
    roots = {path: page.named("html")[0].attributes for path, page in read.items() if not is_fragment(path)}
    assert {(root["lang"], root["dir"]) for root in roots.values()} == {(language, direction)}
    assert say.day("2026-03-01") in read["privacy/index.html"].text("section", "docket")
    assert say.texts["footer_settings"] in read["cookies/index.html"].text("main")
    assert made.library.notice is not None
    assert set(made.library.notice.data["texts"]) == {language}


def test_the_arabic_banner_speaks_arabic() -> None:
    notice = site("arabic").library.notice
    assert notice is not None
    assert set(notice.data["texts"]) == {"ar"}
    shipped_words = shipped().widget["texts/ar.yaml"]
    assert notice.data["texts"]["ar"]["accept"] in shipped_words
    assert not any("We use" in text for text in notice.data["texts"]["ar"].values())
    script = site("arabic").files["preferences.js"].decode("ascii")
    for words in ("إحصاءات الاستخدام", notice.data["texts"]["ar"]["reject"]):
        assert json.dumps(words)[1:-1] in script


def test_an_arabic_redline_shows_its_changes_in_arabic() -> None:
    page = site("arabic").files["privacy/changes/1.0...1.1/index.html"].decode()
    assert "<ins>" in page
    assert "Added" not in page
    assert "وتحمي بياناتك</ins>" in page


def test_an_arabic_section_is_linked_by_its_arabic_id() -> None:
    page = pages("arabic")["privacy/index.html"]
    assert "البيانات-التي-نجمعها" in page.values("id")
    assert "#البيانات-التي-نجمعها" in page.values("href")


def test_the_demonstration_is_built_where_no_banner_is() -> None:
    """A notice is in force and the policy it names is not: there is nothing to ask, and nothing may break."""
    text = SITE + "demo: true\n" + CONSENT
    files = built(make_sources(text, {**DRAFT_ONLY, **notice_files(text)})).files
    assert b"demo-usage." in files["demo/index.html"]
    assert "preferences.js" not in files
