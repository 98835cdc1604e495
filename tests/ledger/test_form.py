"""The form without JavaScript, and the cookie that an answer sets: over HTTP, against a real receiver."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.ledger import cookie, form
from generator.ledger.choices import Malformed, Refused, parse

from .conftest import Receiver
from .world import NOTICE, NOTICES_JSON, OLD_NOTICE, POLICY, SITE, body, choice, notices, refusal

TODAY = (datetime.now(UTC).date() - date(1970, 1, 1)).days
OWN = {"origin": "http://localhost:8000", "host": "localhost"}
LIVE = {"origin": SITE, "host": "www.itsths.com", "sec-fetch-site": "same-origin"}
FIELDS = {
    "schema": "policy-choice/1",
    "method": "page.form",
    "purposes.analytics": "granted",
    "purposes.marketing": "denied",
    "notice.sha256": NOTICE,
    "notice.language": "en",
    "policy.sha256": POLICY,
}


def submit(receiver: Receiver, fields: dict[str, str] | bytes, **headers: str) -> httpx.Response:
    data = fields if isinstance(fields, bytes) else urlencode(fields).encode()
    sent = {"content-type": "application/x-www-form-urlencoded", **OWN, **headers}
    return receiver.http.post("/choices/form", content=data, headers=sent)


def base36(number: int) -> str:
    return (base36(number // 36) if number >= 36 else "") + "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36]


def state(answers: str, days_ago: int = 0, notice: str = "2-0") -> str:
    return f"1.{notice}.1-1.{base36(TODAY - days_ago)}.{answers}"


def test_a_form_is_kept_and_leads_back_with_the_banner_s_cookie(receiver: Receiver) -> None:
    answer = submit(receiver, FIELDS)
    assert (answer.status_code, answer.content) == (303, b"")
    assert answer.headers["location"] == "http://localhost:8000/cookies/#saved"
    value = state("analytics-1.marketing-0")
    assert answer.headers["set-cookie"] == f"preferences={value}; Max-Age={180 * 86400}; Path=/; SameSite=Lax"
    kept = receiver.bodies()[-1]
    assert (kept["event_type"], kept["method"], kept["notice"]["layout"]) == ("given", "page.form", "page")
    assert [purpose["decision"] for purpose in kept["purposes"]] == ["granted", "denied"]
    assert (kept["subject_ref"], kept["client_time_claim"], kept["signals"]) == (None, None, {"gpc": False})


def test_over_https_the_cookie_is_bound_to_the_host(receiver: Receiver) -> None:
    answer = submit(receiver, FIELDS, **LIVE)
    assert answer.headers["location"] == f"{SITE}/cookies/#saved"
    name, _, attributes = answer.headers["set-cookie"].partition("=")
    assert name == "__Host-preferences"
    assert attributes.endswith("; Path=/; SameSite=Lax; Secure")  # X21; no Domain, and a script may read it


@pytest.mark.parametrize(
    ("before", "every", "event_type"),
    [
        ("", "denied", "refused"),
        ("", "granted", "given"),
        ("analytics-1.marketing-0", "denied", "withdrawn"),
        ("analytics-1.marketing-0", "granted", "changed"),
        ("analytics-1.marketing-1", "granted", "renewed"),
        ("analytics-0.marketing-0", "granted", "given"),
        ("analytics-0.marketing-0.marketing_tube-2", "denied", "withdrawn"),
        ("analytics-0.marketing-0.marketing_tube", "denied", "refused"),  # not understood, so no choice
    ],
)
def test_the_cookie_of_before_says_what_kind_of_choice_it_is(
    receiver: Receiver, before: str, every: str, event_type: str
) -> None:
    sent = {name: value for name, value in FIELDS.items() if not name.startswith("purposes.")} | {"all": every}
    answer = submit(receiver, sent, cookie=f"theme=dark; preferences={state(before)}; preferences=x")
    assert answer.headers["location"].endswith("#saved")
    assert receiver.bodies()[-1]["event_type"] == event_type
    digit = 1 if every == "granted" else 0
    assert f"preferences={state(f'analytics-{digit}.marketing-{digit}')};" in answer.headers["set-cookie"]
    assert f"Max-Age={(180 if digit else 365) * 86400};" in answer.headers["set-cookie"]


@pytest.mark.parametrize(("sent", "is_set"), [("1", True), ("0", False), ("1;x", False), ("true", False)])
def test_the_signal_is_read_exactly_and_a_grant_in_spite_of_it_says_so(
    receiver: Receiver, sent: str, is_set: bool
) -> None:
    answer = submit(receiver, FIELDS, **{"sec-gpc": sent})
    assert receiver.bodies()[-1]["signals"] == {"gpc": is_set}
    assert f"analytics-{2 if is_set else 1}." in answer.headers["set-cookie"]


FOREIGN: dict[str, dict[str, str]] = {
    "another site": {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    "another site that names no origin": {"origin": "null", "sec-fetch-site": "cross-site"},
    "a sibling": {"origin": "https://shop.itsths.com", "host": "www.itsths.com", "sec-fetch-site": "same-site"},
    "a listed site on another host": {"origin": "https://itsths.com", "host": "www.itsths.com"},
    "a listed origin that the browser calls foreign": {**LIVE, "sec-fetch-site": "cross-site"},
    "an origin with more behind it": {"origin": "http://localhost:8000.evil.example", "host": "localhost"},
    "no origin and no word of the browser": {"origin": "null"},
    "a host that is not one": {"origin": "http://localhost:8000", "host": "[::1"},
}


@pytest.mark.parametrize("who", FOREIGN)
def test_no_other_site_sends_a_form_for_a_visitor(receiver: Receiver, who: str) -> None:
    before = receiver.bodies()
    answer = submit(receiver, FIELDS, **FOREIGN[who])
    assert answer.status_code in (400, 403)
    assert not {"location", "set-cookie"} & answer.headers.keys()
    assert receiver.bodies() == before


def test_a_page_that_hides_its_address_is_known_by_the_browser_s_word(receiver: Receiver) -> None:
    answer = submit(receiver, FIELDS, origin="null", **{"sec-fetch-site": "same-origin", "host": "www.itsths.com"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/cookies/#saved")
    assert answer.headers["set-cookie"].startswith("__Host-preferences=")


NOT_A_CHOICE: dict[str, dict[str, str] | bytes] = {
    "nothing": b"",
    "a purpose unanswered": {name: value for name, value in FIELDS.items() if name != "purposes.marketing"},
    "a purpose nobody declared": FIELDS | {"purposes.sale": "granted"},
    "another answer": FIELDS | {"purposes.marketing": "yes"},
    "another answer to all": FIELDS | {"all": ""} | {"purposes.marketing": ""},
    "another method": FIELDS | {"method": "banner.accept"},
    "another schema": FIELDS | {"schema": "policy-choice/2"},
    "a field too many": FIELDS | {"return_to": "https://evil.example/"},
    "no digest": FIELDS | {"policy.sha256": "1"},
    "an unknown notice": FIELDS | {"notice.sha256": "0" * 64},
    "another language": FIELDS | {"notice.language": "ur"},
}


@pytest.mark.parametrize("what", NOT_A_CHOICE)
def test_what_is_no_choice_leads_back_and_changes_nothing(receiver: Receiver, what: str) -> None:
    before = receiver.bodies()
    answer = submit(receiver, NOT_A_CHOICE[what])
    assert (answer.status_code, answer.headers["location"]) == (303, "http://localhost:8000/cookies/#not-saved")
    assert "set-cookie" not in answer.headers
    assert receiver.bodies() == before
    assert 'policy_answers_total{path="/choices/form",status="422"}' in receiver.http.get("/metrics").text


@pytest.mark.parametrize("data", [b"a", b"schema=%ff", b"schema=1&schema=1", "schema=ä".encode(), b"&"])
def test_what_no_form_sends_is_malformed(receiver: Receiver, data: bytes) -> None:
    assert submit(receiver, data).status_code == 400


def test_json_is_not_a_form_nor_a_form_json(receiver: Receiver) -> None:
    assert submit(receiver, body(), **{"content-type": "application/json"}).status_code == 415
    assert receiver.http.get("/choices/form", headers=OWN).status_code == 405
    sent = {"content-type": "application/x-www-form-urlencoded"}
    assert receiver.http.post("/choices", content=urlencode(FIELDS), headers=sent).status_code == 415


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*FIELDS, "all", "x"]), st.sampled_from([*FIELDS.values(), "", "ä\0%&="])))
def test_any_fields_end_in_a_choice_or_a_refusal(fields: dict[str, str]) -> None:
    try:
        kept = form.parse(urlencode(fields).encode(), notices(), choice()["event_id"], False, None)
    except (Malformed, Refused):
        return
    assert kept.event_type in ("given", "refused")


def posted(receiver: Receiver, sent: dict[str, Any], value: str, **headers: str) -> str | None:
    name = "__Host-preferences" if headers.get("origin", "").startswith("https") else "preferences"
    answer = receiver.post(sent, **{"cookie": f"{name}={value}", **OWN, **headers})
    assert answer.status_code == 201
    found: str | None = answer.headers.get("set-cookie")
    return found


def test_an_answer_sets_the_cookie_again_for_the_days_that_are_left(receiver: Receiver) -> None:
    value = state("analytics-1.marketing-0", days_ago=100)
    assert posted(receiver, choice(), value) == f"preferences={value}; Max-Age={80 * 86400}; Path=/; SameSite=Lax"
    live = posted(receiver, choice(), value, **LIVE)
    assert live == f"__Host-preferences={value}; Max-Age={80 * 86400}; Path=/; SameSite=Lax; Secure"
    apart = state("analytics-2.marketing-0.marketing_tube-2")
    assert posted(receiver, choice(services={"tube": True}), apart)
    unasked = state("marketing_tube-2")  # the rest is still to be asked, and the cookie must not say otherwise
    none = {"analytics": False, "marketing": False}
    assert posted(receiver, choice(method="embed.always", purposes=none, services={"tube": True}), unasked)


@pytest.mark.parametrize(
    "value",
    [
        state("analytics-0.marketing-0"),  # withdrawn since: a late answer must not bring it back
        state("analytics-1.marketing-1"),
        state("analytics-1.marketing-0.marketing_tube-1"),
        state("analytics-1.marketing-0", notice="1-0"),
        state("analytics-1.marketing-0", days_ago=180),  # over
        state("analytics-1.marketing-0", days_ago=-2),  # not yet
        state("analytics-1.analytics-1.marketing-0"),
        state("analytics-1.marketing-0") + "; Domain=evil.example",
        state("analytics-1.marketing-0") + "\u0661",
        state(".".join(["analytics-1.marketing-0", *(f"p{number}-0" for number in range(900))])),
        "",
    ],
)
def test_no_other_cookie_is_set(receiver: Receiver, value: str) -> None:
    found = posted(receiver, choice(), value) if value.isascii() else None
    if "Domain" in value:  # two cookies, and the first is sound
        assert found
        assert "Domain" not in found
    else:
        assert found is None


@pytest.mark.parametrize("headers", [{"host": "choices.example.com"}, {"origin": "https://itsths.com", "host": "x"}])
def test_no_cookie_is_set_for_a_page_of_another_host(receiver: Receiver, headers: dict[str, str]) -> None:
    assert posted(receiver, choice(), state("analytics-1.marketing-0"), **headers) is None


def test_a_refusal_is_set_again_without_anything_that_is_unique(receiver: Receiver) -> None:
    value = state("analytics-0.marketing-0")
    assert posted(receiver, refusal(), value) == f"preferences={value}; Max-Age={365 * 86400}; Path=/; SameSite=Lax"


@settings(max_examples=200, deadline=None)
@given(st.text("019az.-_; \u0661", max_size=40).map("1.1-0.1-0.1".__add__))
def test_any_cookie_is_read_or_is_none(text: str) -> None:
    found = cookie.read([f"preferences={text}"], secure=False)
    assert found is None or cookie.read([f"preferences={found}"], secure=False) == found


def test_a_cookie_that_says_a_choice_is_told_from_one_that_does_not() -> None:
    sent, terms = parse(body()), notices().notices[NOTICE]
    assert cookie.made(sent, "2.0", "1.1", date(2026, 11, 22)).says(sent, terms)
    assert not cookie.made(sent, "1.0", "1.1", date(2026, 11, 22)).says(sent, terms)
    assert NOTICES_JSON["notices"].keys() == {OLD_NOTICE, NOTICE}
