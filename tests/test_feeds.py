"""The copies for programs hold what the pages say, in the forms that their readers require."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import date, datetime
from functools import cache
from html import unescape
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from lxml import etree

from generator import history
from generator.build import Built
from generator.feeds import plain_text
from generator.ledger.notices import Notices, read_notices
from tests.edits import bodies
from tests.trees import (
    CONSENT,
    ROOT,
    SITE,
    TERMS,
    TODAY,
    Frozen,
    built,
    document,
    on_disk,
    policy_files,
    renderer,
    with_banner,
    withdrawn,
)

ATOM = "{http://www.w3.org/2005/Atom}"
GRAMMAR = etree.RelaxNG(etree.parse(str(ROOT / "tests/fixtures/atom.rng")))
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@cache
def small(today: date = TODAY) -> Built:
    return built(on_disk("small"), today=today)


# Atom (RFC 4287)


def feed(made: Built) -> ET.Element:
    return ET.fromstring(made.files["privacy/feed.xml"])


def texts(element: ET.Element, name: str) -> list[str]:
    return [found.text or "" for found in element.findall(f"{ATOM}{name}")]


def test_a_feed_has_what_atom_requires_of_it() -> None:
    root = feed(small())
    assert root.tag == f"{ATOM}feed"
    assert texts(root, "id") == ["https://policies.example.com/privacy/"]
    assert len(texts(root, "title")) == len(texts(root, "updated")) == 1
    assert root.findtext(f"{ATOM}author/{ATOM}name") == "Small & Sons Ltd"
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links["self"] == "https://policies.example.com/privacy/feed.xml"


def test_each_release_is_an_entry_with_its_summary_address_and_redline_newest_first() -> None:
    entries = feed(small()).findall(f"{ATOM}entry")
    assert [texts(entry, "id") for entry in entries] == [
        [f"https://policies.example.com/privacy/{version}/"] for version in ("2.0", "1.1", "1.0")
    ]
    for entry in entries:
        assert all(len(texts(entry, name)) == 1 for name in ("id", "title", "updated", "published", "summary"))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", texts(entry, "updated")[0])
    assert [link.get("href") for link in entries[0].findall(f"{ATOM}link")] == [
        "https://policies.example.com/privacy/2.0/",
        "https://policies.example.com/privacy/changes/1.1...2.0/",
    ]


def test_no_day_that_passes_changes_a_feed() -> None:
    assert small(date(2027, 6, 1)).files["privacy/feed.xml"] == small().files["privacy/feed.xml"]


def test_a_summary_with_marks_of_xml_is_text() -> None:
    files = policy_files("terms", [Frozen(TERMS, summary="a < b & <script>")])
    root = ET.fromstring(built(with_banner(content=files)).files["terms/feed.xml"])
    assert root.findtext(f"{ATOM}entry/{ATOM}summary") == "a < b & <script>"


def test_a_policy_that_has_no_release_has_no_feed_and_no_page_names_one() -> None:
    assert "terms/feed.xml" not in small().files
    assert not any(b"/terms/feed.xml" in content for content in small().files.values())


DAYS = [date(2026, month, 1) for month in (1, 3, 5, 6)]
FOUR = policy_files(
    "terms",
    [
        Frozen(TERMS, DAYS[0], summary="The first."),
        Frozen(TERMS.replace("plain", "clear"), DAYS[1], summary="Says “clear” & <plain>."),
        Frozen(TERMS.replace("10", "12"), DAYS[2], "material", summary="A higher price."),
        Frozen(TERMS.replace("10", "13"), date(2027, 1, 1), "material", DAYS[3], summary="Higher still."),
    ],
)
TAKEN_BACK = withdrawn(FOUR, "2.0", date(2026, 9, 1), reason="Nobody <approved> it.")


def of(content: dict[str, bytes], name: str = "feed.xml") -> bytes:
    return built(with_banner(content=content)).files[f"terms/{name}"]


def by_id(content: dict[str, bytes]) -> dict[str, bytes]:
    entries = etree.fromstring(of(content)).findall(f"{ATOM}entry")
    return {entry.findtext(f"{ATOM}id"): etree.tostring(entry) for entry in entries}


@pytest.mark.parametrize("content", [FOUR, TAKEN_BACK])
def test_a_feed_is_valid_by_the_grammar_of_the_rfc(content: dict[str, bytes]) -> None:
    GRAMMAR.assertValid(etree.fromstring(of(content)))
    GRAMMAR.assertValid(etree.fromstring(built(on_disk("arabic")).files["privacy/feed.xml"]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"T00:00:00Z</updated>", b"</updated>"),
        (b"<category term=", b"<category label="),
        (b' href="https:', b' to="https:'),
        (b"<id>https://www.example.com/terms/1.0/</id>", b""),
        (b"<summary>The first.</summary>", b"<what>The first.</what>"),
    ],
)
def test_the_grammar_would_notice_a_wrong_feed(old: bytes, new: bytes) -> None:
    assert old in of(FOUR)
    assert not GRAMMAR.validate(etree.fromstring(of(FOUR).replace(old, new)))


def test_a_feed_is_updated_by_material_changes_and_withdrawals_and_by_nothing_else() -> None:
    """V08: `updated` moves only where the publisher finds a change significant (RFC 4287 section 4.2.15)."""
    releases = [
        Frozen(TERMS, DAYS[0]),
        Frozen(TERMS.replace("plain", "clear"), DAYS[1]),
        Frozen(TERMS.replace("10", "12"), DAYS[2], "material"),
    ]
    made = [policy_files("terms", releases[: at + 1]) for at in range(3)]
    made.append(withdrawn(made[-1], "2.0", DAYS[3]))
    updated = [(etree.fromstring(of(content)).findtext(f"{ATOM}updated") or "")[:10] for content in made]
    assert updated == [str(day) for day in (DAYS[0], DAYS[0], DAYS[2], DAYS[3])]


def test_an_entry_changes_only_when_its_release_is_withdrawn() -> None:
    before, after = by_id(FOUR), by_id(TAKEN_BACK)
    taken = "https://www.example.com/terms/2.0/"
    assert after.keys() - before.keys() == {f"{taken}#page-withdrawn"}
    assert [id for id in before if before[id] != after[id]] == [taken]
    entry = etree.fromstring(after[taken])
    assert (entry.findtext(f"{ATOM}published"), entry.findtext(f"{ATOM}updated")) == (
        "2026-05-01T00:00:00Z",
        "2026-09-01T00:00:00Z",
    )
    assert entry.findtext(f"{ATOM}title") == "Terms 2.0, withdrawn on 1 September 2026"


def test_each_id_of_a_feed_is_an_address_where_the_site_says_the_same() -> None:
    files = built(with_banner(content=TAKEN_BACK)).files
    for address in by_id(TAKEN_BACK):
        path, _, part = address.removeprefix("https://www.example.com/").partition("#")
        page = files[f"{path}index.html"].decode()
        assert not part or f'id="{part}"' in page


# JSON Feed 1.1 and index.json


def test_a_json_feed_keeps_the_rules_of_its_version() -> None:
    """https://www.jsonfeed.org/version/1.1/: what is required, and what each value must be."""
    told = json.loads(of(TAKEN_BACK, "feed.json"))
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert told["feed_url"] == "https://www.example.com/terms/feed.json"
    assert isinstance(told["title"], str)
    assert all(author.keys() <= {"name", "url", "avatar"} for author in told["authors"])
    known = {"id", "url", "title", "summary", "content_html", "date_published", "date_modified", "tags", "language"}
    for item in told["items"]:
        assert item["id"]
        assert {key for key in item if not key.startswith("_")} <= known
        assert datetime.fromisoformat(item["date_published"]) <= datetime.fromisoformat(item["date_modified"])
        assert all(isinstance(tag, str) for tag in item["tags"])
    assert len({item["id"] for item in told["items"]}) == len(told["items"]) == 5
    assert told["items"][0]["content_html"] == "<p>Nobody &lt;approved&gt; it.</p>"


def test_both_feeds_say_the_same() -> None:
    told = json.loads(of(TAKEN_BACK, "feed.json"))["items"]
    entries = [etree.fromstring(entry) for entry in by_id(TAKEN_BACK).values()]
    for item, entry in zip(told, entries, strict=True):
        said = [entry.findtext(ATOM + name) for name in ("id", "title", "summary", "updated")]
        assert said == [item[key] for key in ("id", "title", "summary", "date_modified")]
        assert [category.get("term") for category in entry.findall(f"{ATOM}category")] == item["tags"]


def test_a_policy_for_programs_names_each_release_with_its_dates_hashes_and_files() -> None:
    files = built(with_banner(content=TAKEN_BACK)).files
    told = json.loads(files["terms/index.json"])
    assert (told["in_force"], told["upcoming"]) == ("1.1", "3.0")
    releases = {release["version"]: release for release in told["releases"]}
    assert list(releases) == ["3.0", "2.0", "1.1", "1.0"]
    assert {version: release["status"] for version, release in releases.items()} == {
        "3.0": "upcoming",
        "2.0": "withdrawn",
        "1.1": "in-force",
        "1.0": "superseded",
    }
    assert releases["1.1"]["held"] == [
        {"from": "2026-03-01", "until": "2026-05-01"},
        {"from": "2026-09-01", "until": "2027-01-01"},
    ]
    assert (releases["2.0"]["withdrawn"], releases["2.0"]["reason"]) == ("2026-09-01", "Nobody <approved> it.")
    addresses = [told[name] for name in ("address", "register", "history", "atom", "json_feed")]
    for release in told["releases"]:
        assert release["sha256"] == history.digest(files[f"terms/{release['version']}.md"])
        addresses += [release["address"], *release["copies"].values()]
        addresses += [release["redline"]["address"]] if release["redline"] else []
    paths = [address.removeprefix("https://www.example.com/") for address in addresses]
    assert [path for path in paths if (path + "index.html" if path.endswith("/") else path) not in files] == []


def test_every_page_of_a_policy_offers_both_feeds() -> None:
    page = built(with_banner(content=FOUR)).files["terms/1.0/index.html"].decode()
    assert '<link rel="alternate" type="application/atom+xml" href="/terms/feed.xml"' in page
    assert '<link rel="alternate" type="application/feed+json" href="/terms/feed.json"' in page


# Sitemap


def places(made: Built) -> dict[str, str]:
    urls = ET.fromstring(made.files["sitemap.xml"]).findall(f"{SITEMAP}url")
    return {url.findtext(f"{SITEMAP}loc") or "": url.findtext(f"{SITEMAP}lastmod") or "" for url in urls}


def test_the_sitemap_names_each_page_under_the_address_that_searches_should_show() -> None:
    found = places(small())
    base = "https://policies.example.com"
    assert {f"{base}/", f"{base}/privacy/", f"{base}/privacy/2.0/", f"{base}/cookies/"} <= found.keys()
    assert not {f"{base}/privacy/1.0/", f"{base}/privacy/1.1/", f"{base}/404.html", f"{base}/terms/"} & found.keys()


def test_the_sitemap_names_no_day_that_has_not_come() -> None:
    days = [day for day in places(small()).values() if day]
    assert days
    assert max(days) <= TODAY.isoformat()


# notices.json: the contract that holds street and vault


def read(made: Built) -> Notices:
    return read_notices(made.files["notices.json"], "notices.json")


def test_the_receiver_reads_what_the_site_writes() -> None:
    made = small()
    notices, notice = read(made), made.library.notice
    assert notice is not None
    assert (notices.site, notices.log_origin) == ("https://policies.example.com", "policies.example.com/choices")
    assert notices.origins == ("https://policies.example.com", "https://www.example.com")
    terms = notices.notices[notice.sha256]
    assert (terms.version, terms.languages, terms.consent_days, terms.refusal_days) == ("1.0", ("en",), 180, 365)
    assert {name: purpose.basis for name, purpose in terms.purposes.items()} == {
        "necessary": "necessary",
        "analytics": "consent",
    }


def test_every_release_stays_known_so_that_a_late_record_is_kept_as_what_it_was() -> None:
    known = read(small()).policies
    assert {(terms.id, terms.version) for terms in known.values()} == {("privacy", v) for v in ("1.0", "1.1", "2.0")}
    assert {name.sha256 for p in small().library.policies for t in p.releases if (name := t.release)} == set(known)


def test_every_digest_that_a_record_can_name_resolves_to_a_published_file() -> None:
    files = small().files
    published = {history.digest(content) for content in files.values()}
    notices = read(small())
    assert {*notices.notices, *notices.policies} <= published
    assert all(f"notices/{digest}.json" in files for digest in notices.notices)


def test_an_older_notice_stays_known_when_a_newer_one_is_in_force() -> None:
    made = with_banner()
    old = made.text("content/notice/releases/1.0.json")
    new = old.replace('"version": "1.0"', '"version": "2.0"').replace("Counts visits.", "Counts.")
    both = policy_files("notice", [Frozen(old), Frozen(new, kind="material", effective=date(2026, 6, 1))])
    notices = read(built(dataclasses.replace(made, content={**made.content, **both})))
    assert sorted(terms.version for terms in notices.notices.values()) == ["1.0", "2.0"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://www.example.com", "http://localhost:8000"),
        ("https://www.example.com", "https://www.example.com/"),
        ("receiver: /choices", "origins: ['https://example.com', 'https://shop.example.com:8443']"),
        ("  proof:", "  languages: [en, en-GB]\n  proof:"),
    ],
)
def test_whatever_site_yaml_may_say_the_receiver_can_read(old: str, new: str) -> None:
    text = SITE + CONSENT
    assert old in text
    read(built(with_banner(text.replace(old, new))))


# A release as text and as JSON


def test_a_release_as_json_says_what_its_register_and_its_page_say() -> None:
    files = small().files
    release = json.loads(files["privacy/1.1.json"])
    assert (release["schema"], release["policy"], release["version"]) == ("policy-release/1", "privacy", "1.1")
    assert (release["published"], release["effective"], release["superseded"]) == (
        "2026-03-01",
        "2026-03-01",
        "2027-01-15",
    )
    assert release["previous"] == json.loads(files["privacy/1.0.json"])["row"]
    assert [section["number"] for section in release["sections"]] == ["", "1.", "a.", "b.", "2."]
    page = files["privacy/1.1/index.html"].decode()
    assert all(section["html"] in page for section in release["sections"])


def plain(body: str, *, front: str = "title: T\n") -> str:
    return plain_text(document(body, front=front), renderer())


def test_plain_text_has_numbers_lists_tables_and_no_marks() -> None:
    body = "We **say**:\n- one\n  - two\n\n## A & B\n\n| a | b |\n|---|---|\n| [c](/d) | `e` |\n"
    assert plain(body) == "T\n\nWe say:\n\n- one\n  - two\n\n1. A & B\n\na | b\nc | e\n"


def test_a_heading_without_a_number_starts_at_the_margin() -> None:
    assert plain("## A\n\nb\n", front="title: T\nnumbering: none\n") == "T\n\nA\n\nb\n"


@given(bodies())
def test_plain_text_says_every_word_of_the_page(body: str) -> None:
    text = plain(body)
    words = re.findall(r"\w+", unescape(re.sub(r"<[^>]+>", " ", str(renderer().section(body)))))
    assert not [word for word in words if word not in text and not word.isdigit()]


def test_of_two_releases_with_the_same_text_the_receiver_names_the_newer_that_stands() -> None:
    same = policy_files("terms", [Frozen(TERMS), Frozen(TERMS)])
    for content, version in ((same, "1.1"), (withdrawn(same, "1.1", date(2026, 2, 1)), "1.0")):
        told = json.loads(built(with_banner(content=content)).files["notices.json"])
        assert [policy["version"] for policy in told["policies"].values()] == [version]


def test_a_site_says_that_it_honours_the_signal_only_if_it_is_told_to() -> None:
    """W3C Global Privacy Control, "GPC Support Resource" (S06)."""
    assert ".well-known/gpc.json" not in small().files
    made = built(with_banner(SITE + CONSENT.replace("  receiver:", "  gpc: 2026-11-25\n  receiver:")))
    assert json.loads(made.files[".well-known/gpc.json"]) == {"gpc": True, "lastUpdate": "2026-11-25"}
