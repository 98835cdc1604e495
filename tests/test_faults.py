"""What a built page must not do is named: wait for ever, or ask another host for anything (G01, G03, G07)."""

from __future__ import annotations

import dataclasses

import pytest

from generator.errors import Problem

from .trees import CONSENT, SITE, built, make_sources, with_banner


def found(markup: str, *, style: str = "", embedded: bool = False) -> list[Problem]:
    """The problems of a site whose page for what is missing has this markup."""
    site = SITE + (
        CONSENT.replace("name: Statistics", "embedded: true\n          name: Statistics") if embedded else CONSENT
    )
    made = with_banner(site)
    page = made.templates["404.html"].replace("<ul", f"{markup}<ul")
    sheet = made.static["style.css"] + style.encode()
    made = dataclasses.replace(
        made, templates={**made.templates, "404.html": page}, static={**made.static, "style.css": sheet}
    )
    return [problem for problem in built(made).problems if problem.severity == "error"]


GATE = '<script type="text/plain" data-purpose="{}" src="https://tags.example.net/a.js"></script>'


@pytest.mark.parametrize(
    ("markup", "code"),
    [
        (GATE.format("ads"), "gate.unknown-purpose"),
        (GATE.format("necessary"), "gate.unknown-purpose"),  # it would never be asked about
        (GATE.format('analytics" data-service="other'), "gate.unknown-service"),
        ('<img data-purpose="analytics" data-service="usage" data-src="/a.png" alt="">', "gate.not-embedded"),
        (GATE.format("analytics").replace("text/plain", "module"), "gate.open"),
        (GATE.format("analytics").replace('type="text/plain" ', ""), "gate.open"),
        ('<script src="https://tags.example.net/a.js"></script>', "page.foreign"),
        ('<img alt="" srcset="//img.example.net/a.png 2x, /b.png">', "page.foreign"),
        ('<link rel="preconnect" href="https://fonts.example.net">', "page.foreign"),
        ('<link rel="dns-prefetch" href="//fonts.example.net">', "page.foreign"),
        ('<iframe title="A map" src="https://maps.example.net/"></iframe>', "page.foreign"),
    ],
)
def test_what_waits_for_ever_or_asks_another_host_is_named(markup: str, code: str) -> None:
    (problem,) = found(markup)
    assert (problem.code, problem.where.path) == (code, "404.html")


def test_what_is_declared_or_our_own_is_left_alone() -> None:
    assert found(GATE.format("analytics") + GATE.format('analytics" data-service="usage')) == []
    assert found('<img data-purpose="analytics" data-service="usage" data-src="/a.png" alt="">', embedded=True) == []
    own = '<img src="/a.png" alt=""><a href="https://elsewhere.example.net/">a link asks nobody</a>'
    assert found(own + '<link rel="canonical" href="https://elsewhere.example.net/">') == []


@pytest.mark.parametrize(
    "style", ['@import "https://fonts.example.net/a.css";', "a { background: url(//img.example.net/a.png) }"]
)
def test_a_style_that_asks_another_host_is_named(style: str) -> None:
    (problem,) = found("", style=style)
    assert problem.code == "page.foreign"
    assert problem.where.path.endswith(".css")


def test_a_site_without_a_banner_has_nothing_to_wait_for() -> None:
    made = make_sources()
    page = made.templates["404.html"].replace("<ul", GATE.format("ads") + "<ul")
    problems = built(dataclasses.replace(made, templates={**made.templates, "404.html": page})).problems
    assert [problem.code for problem in problems] == ["gate.unknown-purpose"]
