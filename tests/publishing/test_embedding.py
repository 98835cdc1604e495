"""What is printed for other sites' pages is true of the files that are published."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from generator import output
from generator.cli import main
from generator.publishing.embedding import Embedding, embedding
from tests.publishing import servers
from tests.trees import CONSENT, ROOT, SITE, built, make_sources, with_banner

GOOGLE = CONSENT.replace("      label: Usage\n", "      label: Usage\n      signals: [google.analytics_storage]\n")


def made(site: str = SITE + CONSENT) -> Embedding:
    whole = built(with_banner(site))
    notice = whole.library.notice
    return embedding(whole.library.site, whole.files, notice.data if notice else None, "Cookie settings")


def sha256(content: bytes) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}"


class Tags(HTMLParser):
    """The attributes of each tag of a line."""

    def __init__(self, line: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(line)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(dict(attrs))


def test_a_tag_names_a_published_file_that_never_changes_and_its_hash() -> None:
    files = built(with_banner()).files
    for line in (made().pinned, made().script):
        (tag,) = Tags(line).found
        path = (tag["src"] or "").removeprefix("https://www.example.com/")
        assert re.fullmatch(r".*\.[0-9a-f]{10}\.js", path)
        assert (tag["integrity"], tag["crossorigin"]) == (sha256(files[path]), "anonymous")
    (tag,) = Tags(made().following).found
    assert (tag["src"], "integrity" in tag) == ("https://www.example.com/preferences.js", False)


def test_the_policy_names_this_site_its_receiver_and_the_inline_script() -> None:
    assert made().csp == {
        "script-src": ("https://www.example.com",),
        "connect-src": ("https://www.example.com",),
        "trusted-types": ("preferences",),
    }
    elsewhere = made(SITE + GOOGLE.replace("/choices", "https://choices.example.org/choices"))
    assert elsewhere.csp["connect-src"] == ("https://www.example.com", "https://choices.example.org")
    inline = elsewhere.default.removeprefix("<script>").removesuffix("</script>")
    assert elsewhere.csp["script-src"] == ("https://www.example.com", f"'{sha256(inline.encode())}'")


@pytest.mark.parametrize(
    ("signals", "said", "unsaid"),
    [
        ("google.ad_storage", "gtag('consent','default'", "uetq"),
        ("uet.ad_storage", "uetq.push('consent','default',{ad_storage:'denied'})", "gtag"),
        ("clarity.ad_storage", "clarity('consentv2'", "gtag"),
    ],
)
def test_only_what_the_notice_tells_others_is_denied_by_default(signals: str, said: str, unsaid: str) -> None:
    default = made(SITE + GOOGLE.replace("google.analytics_storage", signals)).default
    assert said in default
    assert unsaid not in default
    assert not made().default


def test_a_site_that_asks_nothing_has_only_its_texts_to_embed() -> None:
    whole = built(make_sources())
    found = embedding(whole.library.site, whole.files, None, "Cookie settings")
    assert (found.default, found.pinned, found.following, found.settings, found.receives) == ("", "", "", "", ())
    assert found.texts == {"terms": '<div data-policy-text><a href="https://www.example.com/terms/">Terms</a></div>'}
    assert found.include == {"terms": '<!--#include virtual="/terms/fragment.html" -->'}


def test_a_fragment_is_the_text_in_force_with_whole_links_and_nothing_that_runs() -> None:
    files = built(with_banner()).files
    page, fragment = files["terms/index.html"].decode(), files["terms/fragment.html"].decode()
    for sentence in ("We write plain terms.", "These terms apply to everybody.", "The price is 10 euros."):
        assert sentence in page
        assert sentence in fragment
    assert {tag["id"] for tag in Tags(fragment).found if "id" in tag} == {"scope", "price"}
    targets = [tag["href"] or "" for tag in Tags(fragment).found if "href" in tag]
    assert targets
    assert all(target.startswith("https://www.example.com/terms/") for target in targets)
    assert not re.search(r"<(?:script|style|html|head|body|link|form)\b", fragment)
    assert "fragment.html" not in files["sitemap.xml"].decode()


def test_a_web_server_on_the_same_machine_puts_the_text_in(tmp_path: Path) -> None:
    """The paper's own configuration; tests/browser/test_embedding.py has the one for a site elsewhere."""
    whole, port = built(with_banner()), servers.free_port()
    output.write(whole.files, tmp_path / "policies")
    (line,) = made().include.values()
    output.put(tmp_path / "pages/index.html", f"<h1>Shop</h1>{line}".encode())
    paper = (ROOT / "docs/embedding/texts.md").read_text("utf-8")
    behind, _ = re.findall(r"^```nginx\n(.*?)^```", paper, re.DOTALL | re.MULTILINE)
    behind = behind.replace("/var/www/policies/current", str(tmp_path / "policies"))
    types = "types { text/html html; }"
    config = f"server {{ listen {port}; root {tmp_path}/pages; {types} {behind} }}"
    with servers.nginx(tmp_path / "nginx", config, port), urlopen(f"http://127.0.0.1:{port}/") as answer:
        assert answer.read() == b"<h1>Shop</h1>" + whole.files["terms/fragment.html"]


def test_policy_embed_prints_html_that_can_be_pasted_and_the_same_as_json() -> None:
    printed = CliRunner().invoke(main, ["-C", str(ROOT), "embed"])
    assert printed.exit_code == 0, printed.output
    told = json.loads(CliRunner().invoke(main, ["-C", str(ROOT), "embed", "--json"]).stdout)
    for key in ("pinned", "following", "settings", "script"):
        assert told[key] in printed.output
    without_comments = re.sub(r"<!--(?!#).*?-->", "", printed.output, flags=re.DOTALL).split("\n")
    assert [
        line for line in without_comments if line and not line.startswith(("<script", "<a ", "<div ", "<!--#"))
    ] == []
