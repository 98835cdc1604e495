"""The message to readers: what changes, when, where to read it, what to do; nothing else, in any mail program."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

import pytest
from lxml import html as html_reader

from generator import announce, build, lint
from generator.errors import SourceError
from generator.sources import Sources
from tests.trees import SITE, TERMS, TODAY, Frozen, make_sources, on_disk, policy_files, with_banner, withdrawn

NEXT = TERMS.replace("10 euros", "12 euros & more").replace("## Price", "## Price *and* cost")
SUMMARY = "A higher price, <because> bread & butter cost more than they did when we wrote the first of these terms."
CONTENT = policy_files(
    "terms", [Frozen(TERMS), Frozen(NEXT, date(2027, 1, 15), "material", date(2026, 11, 20), summary=SUMMARY)]
)
LATER = date(2027, 2, 1)
Form = Literal["txt", "html"]


def said(made: Sources, version: str, form: Form = "txt", *, name: str = "terms", today: date = TODAY) -> str:
    loaded = build.load(made, today=today)
    policy = loaded.policy(name)
    text = policy.get(version)
    assert text is not None
    return announce.message(loaded, made, policy, text, form)


def words(message: str) -> str:
    return " ".join(message.split())


def test_a_message_says_what_changes_when_where_to_read_it_and_what_to_do() -> None:
    message = said(with_banner(content=CONTENT), "2.0")
    assert message.splitlines()[0] == "Terms: version 2.0 takes effect on 15 January 2027"
    for part in (
        "Version 2.0 of the Terms of Example Ltd takes effect on 15 January 2027.",
        "Until then version 1.0 stays in force.",
        SUMMARY,
        "- 2. Price and cost: Reworded",
        "https://www.example.com/terms/changes/1.0...2.0/",
        "https://www.example.com/terms/2.0/",
        "https://www.example.com/cookies/",
        "write to info@example.com.",
        "Example Ltd 1 High Street, London info@example.com",
    ):
        assert part in words(message)


def test_a_site_without_a_banner_has_no_choice_to_change() -> None:
    assert "/cookies/" not in said(make_sources(content=CONTENT), "2.0")


def test_no_line_of_a_plain_message_is_longer_than_72_but_for_an_address() -> None:
    message = said(make_sources(SITE.replace("www.example.com", f"{'long-' * 15}example.com"), CONTENT), "2.0")
    assert all(len(line) <= 72 or line.strip().startswith("https://") for line in message.splitlines())
    assert any(len(line) > 72 for line in message.splitlines())
    assert not any(line != line.rstrip() for line in message.splitlines())


def test_both_forms_say_the_same() -> None:
    """The addresses of the one are the links of the other."""
    made = with_banner(content=CONTENT)
    page = html_reader.document_fromstring(said(made, "2.0", "html"))
    links = {link.text: link.get("href") for link in page.findall(".//a")}
    plain = said(made, "2.0")
    assert all(f"{label}: {address}" in words(plain) for label, address in links.items())
    for address in links.values():
        plain = plain.replace(address, "")
    body = re.sub(r"[\s:,]+", "", page.find("body").text_content())
    assert body == re.sub(r"[\s:,]+|(?<=\n)- ", "", plain)


@pytest.mark.parametrize("form", ["txt", "html"])
def test_marks_in_a_summary_are_text_in_both_forms(form: Form) -> None:
    message = words(said(with_banner(content=CONTENT), "2.0", form))
    assert ("<because> bread & butter" in message) == (form == "txt")
    assert ("&lt;because&gt; bread &amp; butter" in message) == (form == "html")


def test_the_html_form_needs_nothing_from_anywhere_and_no_style() -> None:
    message = said(with_banner(content=CONTENT), "2.0", "html")
    assert not re.search(r"<(link|style|script|img|iframe)\b|\b(src|style|class|on\w+)=", message)
    assert re.findall(r"<h(\d)", message) == ["1", "2", "2"]
    assert '<div lang="en" dir="ltr">' in message


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_message_neither_pushes_nor_presumes(language: str) -> None:
    """B10: going on using a website is no consent, and a message that says so is none either."""
    made = with_banner(content=CONTENT) if language == "en" else on_disk("arabic")
    message = words(said(made, "2.0" if language == "en" else "1.1", name="terms" if language == "en" else "privacy"))
    assert not lint._USE_AS_CONSENT.search(message)
    assert not lint._PRESSURE.search(message)


def test_a_message_in_arabic_is_arabic_and_reads_from_the_right() -> None:
    plain, page = (said(on_disk("arabic"), "1.1", form, name="privacy") for form in ("txt", "html"))
    assert '<html lang="ar" dir="rtl">' in page
    assert '<div lang="ar" dir="rtl">' in page
    latin = set(re.findall(r"[A-Za-z]{3,}", re.sub(r"\S+[@/]\S+", "", plain)))
    assert latin <= set(re.findall(r"[A-Za-z]{3,}", on_disk("arabic").site))


def test_a_message_in_the_language_of_a_translation_names_sections_as_that_does_and_leads_to_it() -> None:
    """The summary stays in the language in which the publisher wrote it."""
    made = on_disk("translated")
    loaded = build.load(made, today=date(2026, 3, 1))
    policy = loaded.policy("privacy")
    text = policy.get("1.1")
    assert text
    forms: tuple[Form, Form] = ("txt", "html")
    plain, page = (announce.message(loaded, made, policy, text, form, "ar") for form in forms)
    assert "https://policies.example.ae/privacy/1.1/ar/" in plain
    assert "- 3. حقوقك: معدّل الصياغة\n- 4. Complaints: مضاف\n" in plain  # the last is not translated yet
    assert '<p lang="en" dir="auto">Says where to complain.</p>' in page


def test_a_release_in_force_says_since_when() -> None:
    message = words(said(with_banner(content=CONTENT), "2.0", today=date(2027, 1, 15)))
    assert message.startswith(
        "Terms: version 2.0 is in force Version 2.0 of the Terms of Example Ltd has been in force"
    )


def test_the_first_release_has_nothing_to_compare() -> None:
    message = said(make_sources(), "1.0")
    assert "Changed sections" not in message
    assert "/changes/" not in message


def test_an_announced_release_that_is_withdrawn_is_told_with_its_reason_and_what_holds() -> None:
    made = make_sources(content=withdrawn(CONTENT, "2.0", TODAY))
    message = words(said(made, "2.0"))
    assert message.startswith(
        "Terms: version 2.0 is withdrawn Version 2.0 of the Terms of Example Ltd was withdrawn on"
    )
    assert "Version 1.0 is in force." in message
    assert "Reason: Not approved." in message
    assert "/changes/" not in message  # for readers nothing has changed


def test_of_a_release_that_held_until_it_was_withdrawn_readers_are_told_what_changes_back() -> None:
    message = words(said(make_sources(content=withdrawn(CONTENT, "2.0", LATER)), "2.0", today=LATER))
    assert "- 2. Price: Reworded" in message
    assert "/terms/changes/2.0...1.0/" in message


@pytest.mark.parametrize(
    ("content", "today"),
    [(CONTENT, TODAY), (withdrawn(CONTENT, "2.0", TODAY), TODAY), (withdrawn(CONTENT, "2.0", LATER), LATER)],
    ids=["upcoming", "withdrawn before", "withdrawn after"],
)
def test_every_address_in_a_message_leads_to_a_page(content: dict[str, bytes], today: date) -> None:
    made = with_banner(content=content)
    files = build.build(made, today=today).files
    addresses = re.findall(r"https://www\.example\.com/(\S+)", said(made, "2.0", today=today))
    assert len(addresses) >= 3
    assert [address for address in addresses if f"{address}index.html" not in files] == []


def test_what_is_superseded_is_not_announced() -> None:
    with pytest.raises(SourceError, match=r"announce\.past: 1\.0 is superseded: there is nothing to announce"):
        said(make_sources(content=CONTENT), "1.0", today=date(2027, 1, 15))
