"""The developers' pages: there only where a site says so, and only for what its declaration has."""

from __future__ import annotations

from generator import build, demo

from .trees import TODAY, on_disk, with_banner


def test_only_what_the_declaration_has_is_demonstrated() -> None:
    plain = build.load(with_banner(with_banner().site + "demo: true\n"), today=TODAY)
    pages = {page.path: page for page in demo.make(plain, lambda _: None)}  # type: ignore[arg-type, return-value]
    assert list(pages) == ["/demo/", "/demo/again/", "/demo/interface/", "/demo/single-page/"]
    assert pages["/demo/"].context["demo"]["purpose"]["id"] == "analytics"
    assert not any(page.indexed for page in pages.values())
    built = build.build(on_disk("features"), today=TODAY).files
    assert {"demo/embeds/index.html", "demo/services/index.html", "demo/signals/index.html"} <= built.keys()


def test_a_site_that_does_not_say_so_has_no_demonstration() -> None:
    assert list(demo.make(build.load(with_banner(), today=TODAY), lambda _: None)) == []  # type: ignore[arg-type, return-value]
