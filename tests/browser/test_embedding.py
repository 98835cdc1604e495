"""Pages of another origin show the banner and a policy's text, under exactly the policy that `policy embed` prints.
Both sites are nginx's, the receiver is real, and the pages are those of docs/embedding/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from generator import output
from generator.publishing import webserver
from generator.publishing.embedding import Embedding, embedding
from generator.publishing.webserver import Machine
from tests.publishing import servers
from tests.publishing.test_embedding import GOOGLE
from tests.publishing.test_webserver import receiving
from tests.trees import ROOT, SITE, built, with_banner

from .conftest import Visit
from .notice_page import NoticePage

NewVisit = Callable[..., Visit]
# Stands in for what Shopify's pages have: it loads a part of itself, and is told of consent.
SHOPIFY = """<script>window.told = []; window.Shopify = {
  loadFeatures: (features, then) => setTimeout(then),
  customerPrivacy: { setTrackingConsent: (consent) => told.push(consent) },
}</script>"""


@dataclass(frozen=True)
class Both:
    """The other site, what was printed for it, and the folders of both."""

    made: Embedding
    url: str
    pages: Path
    policies: Path


def blocks(paper: str, language: str) -> list[str]:
    text = (ROOT / "docs/embedding" / paper).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def filled(page: str, made: Embedding) -> str:
    lines = {"default": made.default, "pinned": made.pinned, "script": made.script, "settings": made.settings}
    lines |= {f"text of {name}": line for name, line in made.texts.items()}
    return re.sub(r"<!-- policy embed: (.*?) -->", lambda found: lines[found[1]], page)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("embedding")
    ours, theirs = servers.free_port(), servers.free_port()
    url = f"http://127.0.0.1:{theirs}"
    described = SITE.replace("https://www.example.com", f"http://localhost:{ours}") + GOOGLE
    described = described.replace("  receiver: /choices\n", f"  receiver: /choices\n  origins: [{url}]\n")
    whole = built(with_banner(described))
    assert whole.library.notice
    made = embedding(whole.library.site, whole.files, whole.library.notice.data, "Cookie settings")
    policies, pages = folder / "policies", folder / "pages"
    output.write(whole.files, policies)
    write_pages(pages, made)
    with receiving(folder, policies / "notices.json") as receiver:
        machine = Machine(str(policies), f"127.0.0.1:{receiver}")
        config = webserver.configuration("nginx", whole.library.site, machine)
        other = elsewhere(theirs, ours, pages, made)
        with servers.nginx(folder / "ours", config, ours), servers.nginx(folder / "theirs", other, theirs):
            yield Both(made, url, pages, policies)


def write_pages(folder: Path, made: Embedding) -> None:
    (page, *_) = blocks("html.md", "html")
    output.put(folder / "index.html", filled(page, made).encode())
    following = page.replace("<!-- policy embed: pinned -->", made.following)
    output.put(folder / "following.html", filled(following, made).encode())
    included = page.replace("<!-- policy embed: text of terms -->", made.include["terms"])
    output.put(folder / "included.html", filled(included, made).encode())
    (container,) = blocks("tag-manager.md", "html")
    output.put(folder / "tagged.html", filled(page.replace("</head>", container + "</head>"), made).encode())
    (shop,) = blocks("shopify.md", "html")
    output.put(folder / "shop.html", filled(f"<!doctype html><title>Shop</title>{SHOPIFY}{shop}", made).encode())
    output.put(folder / "usage.js", b"document.cookie = 'usage_id=1';\n")


def elsewhere(port: int, ours: int, pages: Path, made: Embedding) -> str:
    """The paper's own configuration, with the addresses of this test."""
    allowed = "; ".join(f"{name} {' '.join(sources)}" for name, sources in made.csp.items())
    policy = f"default-src 'none'; require-trusted-types-for 'script'; {allowed}"
    policy = policy.replace("script-src", "script-src 'self'")  # its own usage.js
    _, behind = blocks("texts.md", "nginx")
    behind = behind.replace("https://policies.example.com", f"http://localhost:{ours}")
    behind = behind.replace("Host policies.example.com", "Host localhost")
    bare = r"location ~ ^/(tagged|shop)\.html$ { add_header X-Robots-Tag noindex; }"  # pages that have no policy yet
    types = "types { text/html html; text/javascript js; }"
    header = f'add_header Content-Security-Policy "{policy}";'
    return f"server {{ listen {port}; root {pages}; {types} {header} {behind} {bare} }}"


@pytest.mark.parametrize("path", ["/", "/following.html"])
def test_another_site_asks_and_its_choice_reaches_the_receiver(path: str, both: Both, visit: NewVisit) -> None:
    visited = visit()
    page = NoticePage(visited.page).open(both.url + path)
    page.notice.wait_for()
    assert not [asked for asked in visited.seen.requests if "usage.js" in asked]
    with visited.page.expect_response(lambda response: response.url.endswith("/choices")) as waiting:
        page.button("accept").click()
    assert waiting.value.status == 201
    visited.page.wait_for_function("() => document.cookie.includes('usage_id=1')")
    visited.page.reload()
    visited.page.get_by_role("link", name="Cookie settings").click()
    page.settings.wait_for()
    assert visited.seen.trouble() == []


def test_consent_mode_is_denied_before_anything_else_and_told_what_was_chosen(both: Both, visit: NewVisit) -> None:
    """S08, S09."""
    visited = visit()
    page = NoticePage(visited.page).open(both.url)
    said = "dataLayer.map(([command, kind, told]) => `${command} ${kind} ${told.analytics_storage}`)"
    assert visited.page.evaluate(said)[0] == "consent default denied"
    page.button("accept").click()
    visited.page.wait_for_function(f"() => {said}.at(-1) === 'consent update granted'")


def test_a_tag_manager_is_not_asked_for_before_a_choice_and_hears_of_it_first(both: Both, visit: NewVisit) -> None:
    """S10: the paper's own snippet; Google's script is stood in for, since no test may ask for it."""
    visited = visit()
    container = "https://www.googletagmanager.com/gtm.js"
    visited.page.route(f"{container}**", lambda route: route.fulfill(body="window.container = dataLayer.length"))
    page = NoticePage(visited.page).open(f"{both.url}/tagged.html")
    page.button("accept").wait_for()
    assert not [asked for asked in visited.seen.requests if container in asked]
    page.button("accept").click()
    visited.page.wait_for_function("() => window.container")
    said = visited.page.evaluate("dataLayer.map((told) => told['gtm.start'] ? 'start' : `${told[0]} ${told[1]}`)")
    assert said.index("consent default") < said.index("consent update") < said.index("start")


def test_shopify_is_told_at_first_that_nothing_is_granted_and_then_what_is(both: Both, visit: NewVisit) -> None:
    visited = visit()
    page = NoticePage(visited.page).open(f"{both.url}/shop.html")
    page.button("accept").wait_for()
    visited.page.wait_for_function("() => told.length")
    assert not any(visited.page.evaluate("told[0]").values())
    page.button("accept").click()
    visited.page.wait_for_function("() => told.at(-1).analytics")
    assert visited.page.evaluate("told.at(-1)") == {
        "analytics": True,
        "marketing": False,
        "preferences": False,
        "sale_of_data": False,
    }


def test_a_text_takes_the_place_of_its_link(both: Both, visit: NewVisit) -> None:
    visited = visit()
    visited.page.goto(f"{both.url}/#price")
    place = visited.page.locator("[data-policy-text]")
    place.get_by_text("These terms apply to everybody.").wait_for()
    assert place.locator("h2").all_inner_texts() == ["1. Scope", "2. Price"]
    last = place.get_by_role("link", name="Permanent address")
    assert (last.get_attribute("href") or "").endswith("/terms/1.0/")
    assert visited.seen.trouble() == []


def test_nothing_but_text_comes_out_of_a_fragment(both: Both, visit: NewVisit) -> None:
    fragment = both.policies / "terms/fragment.html"
    kept = fragment.read_bytes()
    bad = b'<script>alert(1)</script><style>*{}</style><form action="/x"><p onclick="x()" style="a">Said.</p></form>'
    bad += b'<iframe src="/"></iframe><a href="javascript:alert(1)">go</a><p id="preferences-notice">No.</p></section>'
    fragment.write_bytes(kept.replace(b"</section>", bad, 1))
    try:
        visited = visit()
        visited.page.goto(both.url)
        place = visited.page.locator("[data-policy-text]")
        place.get_by_text("Said.").wait_for()
        assert place.locator("script, style, form, iframe, [onclick], [style]").count() == 0
        assert place.get_by_text("go", exact=True).get_attribute("href") is None
        assert visited.seen.errors == []
    finally:
        fragment.write_bytes(kept)


def test_where_a_text_cannot_be_had_its_link_stays(both: Both, visit: NewVisit) -> None:
    visited = visit()
    visited.page.route("**/fragment.html", lambda route: route.abort())
    with visited.page.expect_console_message(lambda message: "could not be shown" in message.text):
        visited.page.goto(both.url)
    assert visited.page.locator("[data-policy-text] a").inner_text() == "Terms"


def test_the_web_server_puts_a_text_in_without_any_script(both: Both, visit: NewVisit) -> None:
    visited = visit(java_script_enabled=False)
    visited.page.goto(f"{both.url}/included.html")
    assert visited.page.get_by_text("These terms apply to everybody.").is_visible()
    assert visited.page.locator("#price").inner_text() == "2. Price"
    assert visited.page.request.get(f"{both.url}/terms/fragment.html").status == 404  # for the page, not by itself
