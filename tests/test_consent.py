"""One declaration: the table, the banner and the receiver say the same, and a notice is a function of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generator import config, consent, words
from generator.consent import Notice, make_notice
from generator.errors import SourceError
from generator.sources import read_widget
from tests.trees import CONSENT, SITE, document, renderer, shipped

CONTROLLER = {"name": 'Example "Q" Ltd', "email": "info@example.com"}


def notice(text: str = CONSENT, *, language: str = "en") -> Notice:
    declaration = config.load(SITE.replace("url:", f"language: {language}\nurl:") + text).consent
    assert declaration is not None
    widget = read_widget(shipped().widget)
    return make_notice(declaration, widget, version="1.0", language=language, controller=CONTROLLER)


def message(text: str) -> str:
    with pytest.raises(SourceError) as caught:
        config.load(SITE + text)
    return str(caught.value)


def variables(text: str = CONSENT) -> dict[str, str]:
    declaration = config.load(SITE + text).consent
    assert declaration is not None
    return consent.variables(declaration, notice(text), words.load(shipped().templates, "en"))


def test_the_same_declaration_gives_the_same_bytes_and_digest() -> None:
    assert notice().content == notice().content
    assert notice().sha256 == notice().sha256
    assert notice(CONSENT.replace("Counts visits.", "Counts.")).sha256 != notice().sha256


def test_the_banner_declares_its_own_storage_with_the_necessary_purpose() -> None:
    necessary = notice().data["purposes"][0]
    own = necessary["services"][-1]
    assert {item["name"] for item in own["storage"]} >= {"__Host-preferences", "preferences.receipt"}
    assert own["provider"] == CONTROLLER["name"]
    assert "180 days" in own["storage"][0]["lifetime"]["en"]
    assert not any("{" in text for item in own["storage"] for text in item["lifetime"].values())


def test_the_version_is_no_part_of_what_two_notices_are_compared_by() -> None:
    data = {**notice().data, "version": "9.0"}
    assert Notice(json.dumps(data).encode()).wording() == notice().wording()


def test_a_site_that_asks_for_nothing_needs_no_banner() -> None:
    assert consent.asks_for_consent(notice())
    assert not consent.asks_for_consent(notice(CONSENT[: CONSENT.index("    - id: analytics")]))


def test_own_wording_replaces_the_shipped_one_and_a_misspelt_key_is_named() -> None:
    assert notice(CONSENT + "  texts: {en: {title: Cookies here}}\n").data["texts"]["en"]["title"] == "Cookies here"
    with pytest.raises(ValueError, match="no text called 'titel'"):
        notice(CONSENT + "  texts: {en: {titel: x}}\n")


def test_a_language_that_one_text_lacks_is_named() -> None:
    with pytest.raises(ValueError, match="'Necessary' has no text in 'ar'"):
        notice(CONSENT.replace("  proof:", "  languages: [en, ar]\n  proof:"))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("id: analytics", "id: necessary", "two purposes have one id: necessary, necessary"),
        ("      justification: You asked for it.\n", "", "the necessary purpose 'necessary' needs a justification"),
        ("justification: You asked for it.", "justification: ' '", "'justification': wants a text, and holds none"),
        ("label: Usage", "label: {}", "'label': wants a text, and holds none"),
        ("basis: necessary", "basis: legitimate-interest", "'basis': wants one of necessary, consent"),
        ("id: analytics", "id: Web Analytics", "the id 'Web Analytics' wants small letters"),
        ("id: usage", "id: 1st", "the id '1st' wants small letters"),
        ("      basis: necessary\n", "", "a purpose with basis: necessary is missing"),
        ("authority: https://ico", "authority: http://ico", "'authority' wants an https address"),
        ("https://ico.org.uk/make-a-complaint/", "https://ico.org.uk/make a complaint", "'authority' wants an https"),
        ("receiver: /choices", "receiver: 'https://a.example; script-src *'", "'receiver' wants a path or an https"),
        ("receiver: /choices", "receiver: //a.example/choices", "'receiver' wants a path or an https address"),
        ("  proof:", "  consent_days: 0\n  proof:", "'consent_days' wants 1 to 400 days, and holds 0"),
        ("  proof:", "  refusal_days: 401\n  proof:", "'refusal_days' wants 1 to 400 days, and holds 401"),
        ("  proof:", "  origins: [example.com]\n  proof:", "'origins' wants addresses like https://example.com"),
        ("    retention: 24 months\n", "", "in 'proof' the key 'retention' is missing"),
        ("name: usage_id", "name: usage_id\n              kind: cookies", "'kind': wants one of cookie, localStorage"),
    ],
)
def test_a_declaration_that_breaks_a_duty_is_refused(old: str, new: str, expected: str) -> None:
    assert old in CONSENT
    assert expected in message(CONSENT.replace(old, new))


def test_the_cookie_table_and_the_purposes_are_those_of_the_notice() -> None:
    told = variables()
    assert told["purposes"].splitlines() == [
        "- **Necessary**: Remembers what you chose.",
        "- **Usage**: Counts visits.",
    ]
    assert (
        "| `usage_id` (Cookie) | Usage | Example Ltd | Tells browsers apart | 12 months |"
        in told["cookie_table"].splitlines()
    )
    assert (told["consent_days"], told["refusal_days"]) == ("180", "365")
    assert (told["proof_retention"], told["proof_reason"]) == ("24 months", "claims can be raised")


@pytest.mark.parametrize("written", ["'Ours | theirs'", "|\n                Ours\n                | theirs"])
def test_a_bar_or_a_line_end_in_a_text_does_not_break_the_cookie_table(written: str) -> None:
    table = variables(CONSENT.replace("purpose: Tells browsers apart", f"purpose: {written}"))["cookie_table"]
    block = document(table).sections[0].blocks[0]
    rows = str(renderer().section(block.source)).split("<tr>")
    assert "<td>Ours | theirs</td>" in rows[-1]
    assert all(row.count("</td>") == 5 for row in rows[2:])


def purposes(made: Notice) -> list[Any]:
    found: list[Any] = made.data["purposes"]
    return found


def test_texts_by_language_reach_the_notice_in_each() -> None:
    text = CONSENT.replace("label: Usage", "label: {en: Usage, ar: الاستخدام}")
    assert purposes(notice(text))[1]["label"] == {"en": "Usage"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("accept: ''", "'accept' wants words"),
        ("withdraw: Later.", "'withdraw' wants words and {open}"),
        ("intro: Hello {nobody}", "'intro' wants words and {controller}"),
    ],
)
def test_own_wording_may_not_unname_a_button_or_drop_a_duty(written: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        notice(CONSENT + f"  texts:\n    en:\n      {written}\n")


def test_own_wording_in_a_language_that_is_not_offered_is_named() -> None:
    with pytest.raises(ValueError, match="'texts' has words in 'fr'"):
        notice(CONSENT + "  texts:\n    fr:\n      accept: Oui\n")


@pytest.mark.parametrize("name", ["'*'", "''", "a*", "two words"])
def test_a_name_that_would_erase_what_nobody_declared_is_refused(name: str) -> None:
    assert "'name' wants one word" in message(CONSENT.replace("name: usage_id", f"name: {name}"))
