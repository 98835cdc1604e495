"""What is taken as a choice, and what a record says of it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generator.errors import LedgerError
from generator.ledger import records
from generator.ledger.choices import Malformed, Refused, parse
from generator.ledger.notices import read_notices
from generator.ledger.records import accept

from .world import NOTICES_JSON, NOW, OLD_NOTICE, OLD_POLICY, TERMS, body, choice, digest, notices, refusal

KEY = "6f1c3b1e-9a55-4c0b-8a53-3b9d2f0c7e11"


def taken(sent: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(accept(parse(json.dumps(sent).encode()), notices(), NOW, b"n" * 32).body)
    return kept


def test_a_record_says_what_was_offered_granted_and_denied_and_under_which_texts() -> None:
    sent = choice(event_id=KEY)
    assert taken(sent) == {
        "schema": "policy-consent-event/1",
        "event_id": KEY,
        "prev_event_id": None,
        "subject_ref": "sha256:" + "ab" * 32,
        "site": "https://www.itsths.com",
        "controller": "ITSTHS PVT LTD",
        "event_type": "given",
        "method": "settings.save",
        "event_time": "2026-11-22T09:14:22Z",
        "valid_until": "2027-05-21T09:14:22Z",
        "client_time_claim": "2026-11-22T09:14:20Z",
        "purposes": [
            {"id": "analytics", "decision": "granted", "basis": "consent"},
            {"id": "marketing", "decision": "denied", "basis": "consent"},
        ],
        "policy": {"id": "privacy-policy", "version": "1.1", "sha256": sent["policy"]["sha256"]},
        "notice": {"version": "2.0", "sha256": sent["notice"]["sha256"], "language": "en", "layout": "wide"},
        "signals": {"gpc": False},
        "regime": "strict",
    }


@pytest.mark.parametrize("event_type", ["given", "changed", "renewed"])
def test_a_service_answered_apart_is_kept_beside_its_purpose_and_is_a_grant(event_type: str) -> None:
    sent = choice(method="embed.always", purposes=NONE, services={"tube": True}, event_type=event_type)
    kept = taken(sent)
    assert kept["services"] == [{"id": "tube", "purpose": "marketing", "decision": "granted"}]
    assert {purpose["decision"] for purpose in kept["purposes"]} == {"denied"}
    assert kept["valid_until"] == "2027-05-21T09:14:22Z"  # the days of a consent


def test_no_service_apart_leaves_the_body_as_it_was_before_there_were_any() -> None:
    assert "services" not in taken(choice(services={}))
    body = accept(parse(json.dumps(choice()).encode()), notices(), NOW, b"n" * 32).body
    with pytest.raises(LedgerError):  # one form only
        records.event(body.replace(b'"signals"', b'"services":[],"signals"'))


@pytest.mark.parametrize("event_type", ["changed", "renewed"])
def test_a_reject_button_that_asked_about_some_leaves_the_others_granted(event_type: str) -> None:
    assert taken(choice(method="banner.reject", event_type=event_type))["event_type"] == event_type


def test_a_refusal_is_valid_for_the_days_of_a_refusal() -> None:
    assert taken(refusal())["valid_until"] == "2027-11-22T09:14:22Z"
    nothing = {"analytics": False, "marketing": False}
    assert taken(choice(event_type="withdrawn", purposes=nothing))["valid_until"] == "2027-11-22T09:14:22Z"


def test_a_late_record_under_an_older_notice_is_kept_as_that_notice() -> None:
    older = {"notice": {"sha256": OLD_NOTICE, "language": "en", "layout": "narrow"}, "policy": {"sha256": OLD_POLICY}}
    kept = taken(choice(purposes={"analytics": True}, **older))
    assert (kept["notice"]["version"], kept["policy"]["version"]) == ("1.0", "1.0")
    assert kept["valid_until"] == "2026-12-22T09:14:22Z"


def test_a_forged_client_time_is_a_claim_and_never_the_event_time() -> None:
    kept = taken(choice(client_time="1999-01-01T00:00:00Z"))
    assert (kept["event_time"], kept["client_time_claim"]) == ("2026-11-22T09:14:22Z", "1999-01-01T00:00:00Z")


def test_a_clock_without_a_zone_or_in_another_one_is_not_used() -> None:
    taken_choice = parse(body())
    for clock in (datetime(2026, 11, 22), datetime(2026, 11, 22, tzinfo=timezone(timedelta(hours=5)))):
        with pytest.raises(ValueError, match="in UTC"):
            accept(taken_choice, notices(), clock, b"n" * 32)


def test_the_body_is_canonical_json_and_the_leaf_is_its_salted_commitment() -> None:
    named = notices(controller='Ärger & "Söhne" \\ <b>\u007f\u2028€😀\t')
    record = accept(parse(body()), named, NOW, b"n" * 32)
    again = json.dumps(json.loads(record.body), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert record.body == again.encode()
    commitment = hashlib.sha256(b"n" * 32 + record.body).digest()
    assert record.leaf == hashlib.sha256(b"\0" + commitment).digest()


def test_the_receipt_holds_the_very_bytes_that_were_hashed() -> None:
    record = accept(parse(body(event_id=KEY)), notices(), NOW, b"n" * 32)
    receipt = records.receipt(record, notices(), 7, "o\n9\nroot\n", [b"x" * 32])
    assert record.body in receipt
    decoded = json.loads(receipt)
    assert base64.b64decode(decoded["nonce"]) == b"n" * 32
    assert {name: value for name, value in decoded.items() if name not in ("event", "nonce")} == {
        "schema": "policy-consent-receipt/1",
        "receipt_id": KEY,
        "created": "2026-11-22T09:14:22Z",
        "log": {
            "origin": "o",
            "index": 7,
            "checkpoint": "o\n9\nroot\n",
            "inclusion": [base64.b64encode(b"x" * 32).decode()],
        },
        "withdraw": "https://www.itsths.com/cookies/",
        "authority": "https://ico.org.uk/make-a-complaint/",
        "statement": "This receipt proves that a choice was made in a browser. It does not prove who made it.",
    }


ALL = {"analytics": True, "marketing": True}
NONE = {"analytics": False, "marketing": False}
GPC = {"gpc": True}
UNTRUE: dict[str, dict[str, Any]] = {
    "an unknown notice": choice(notice={"sha256": digest("?"), "language": "en", "layout": "wide"}),
    "an unknown policy": choice(policy={"sha256": digest("?")}),
    "a policy that the notice does not belong to": choice(policy={"sha256": TERMS}),
    "a language the notice did not speak": choice(notice=choice()["notice"] | {"language": "ur"}),
    "a purpose missing": choice(purposes={"analytics": True}),
    "a purpose nobody declared": choice(purposes=ALL | {"secret": False}),
    "a necessary purpose": choice(purposes=ALL | {"necessary": True}),
    "no purpose": choice(purposes={}),
    "given without a grant": choice(purposes=NONE),
    "renewed without a grant": choice(event_type="renewed", purposes=NONE),
    "withdrawn with a grant": choice(event_type="withdrawn"),
    "refused with a grant": refusal(purposes=ALL),
    "refused by a subject": refusal(subject_ref="sha256:" + "0" * 64),
    "refused after a record": refusal(prev_event_id=KEY),
    "a reject button that grants anew": choice(method="banner.reject"),
    "a reject button for everything that grants": choice(event_type="changed", method="settings.reject"),
    "a service nobody declared": choice(services={"pixel": True}),
    "a service of a necessary purpose": choice(services={"preferences": True}),
    "a service that says what its purpose says": choice(services={"reel": False}),
    "a service with a truth that is a number": choice(services={"reel": 1}),
    "a service granted in a refusal": refusal(services={"reel": True}),
    "an embed that is always denied": refusal(method="embed.always"),
    "a signal that was not sent": refusal(method="signal.gpc"),
    "a signal that grants": choice(method="signal.gpc", signals=GPC),
    "a signal that renews": choice(event_type="renewed", method="signal.gpc", signals=GPC),
    "a time that does not exist": choice(client_time="2026-02-30T00:00:00Z"),
    "an unknown field": choice() | {"ip": "192.0.2.1"},
    "an unknown field within": choice(signals={"gpc": False, "dnt": True}),
    "a service of a newer notice": choice(
        notice={"sha256": OLD_NOTICE, "language": "en", "layout": "wide"},
        purposes={"analytics": False},
        services={"usage": True},
    ),
    "another schema": choice(schema="policy-choice/2"),
    "an unknown event type": choice(event_type="expired"),
    "an unknown method": choice(method="scroll"),
    "a truth that is a number": choice(purposes={"analytics": 1, "marketing": 0}),
    "a truth that is a word": choice(signals={"gpc": "true"}),
    "a huge number": choice(client_time=10**400),
    "a key that is not a uuid": choice(event_id="1"),
    "a key that is not version 4": choice(event_id="6f1c3b1e-9a55-1c0b-8a53-3b9d2f0c7e11"),
    "a key in capitals": choice(event_id=KEY.upper()),
    "a key with a line feed after it": choice(event_id=KEY + "\n"),
    "a digest with a line feed after it": choice(policy={"sha256": choice()["policy"]["sha256"] + "\n"}),
    "a short subject": choice(subject_ref="sha256:ab"),
    "a bare secret as subject": choice(subject_ref="ab" * 32),
    "a time in another script's digits": choice(client_time="٢٠٢٦-11-22T09:14:22Z"),
    "a time with a zone": choice(client_time="2026-11-22T09:14:22+05:00"),
    "a list": [],  # type: ignore[dict-item]
    "a string": "choice",  # type: ignore[dict-item]
}


@pytest.mark.parametrize("what", UNTRUE)
def test_what_the_site_did_not_offer_is_refused(what: str) -> None:
    with pytest.raises(Refused):
        taken(UNTRUE[what])


@pytest.mark.parametrize(
    "sent",
    [refusal(), choice(event_type="withdrawn", purposes=NONE), choice(event_type="changed")],
    ids=lambda sent: sent["event_type"],
)
def test_a_signal_may_refuse_withdraw_or_take_a_part_away(sent: dict[str, Any]) -> None:
    assert taken(sent | {"method": "signal.gpc", "signals": GPC})["method"] == "signal.gpc"


@pytest.mark.parametrize("name", choice())
def test_every_field_is_required(name: str) -> None:
    sent = choice()
    del sent[name]
    with pytest.raises(Refused):
        taken(sent)


GOOD = body(event_id=KEY)
MALFORMED: dict[str, bytes] = {
    "nothing": b"",
    "half": GOOD[: len(GOOD) // 2],
    "two documents": GOOD + GOOD,
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "utf-16": GOOD.decode().encode("utf-16"),
    "latin-1": GOOD.replace(b'"en"', b'"\xe9"'),
    "an overlong encoding": GOOD.replace(b'"en"', b'"\xc0\xaf"'),
    "a surrogate in utf-8": GOOD.replace(b'"en"', b'"\xed\xa0\x80"'),
    "a lone high surrogate": GOOD.replace(b'"en"', b'"\\ud800"'),
    "a lone low surrogate": GOOD.replace(b'"en"', b'"\\udc00"'),
    "NaN": GOOD.replace(b"false", b"NaN"),
    "Infinity": GOOD.replace(b"false", b"-Infinity"),
    "a comment": GOOD.replace(b"{", b"{/* */", 1),
    "a trailing comma": GOOD[:-1] + b",}",
    "single quotes": GOOD.replace(b'"', b"'"),
    "a raw control character": GOOD.replace(b'"en"', b'"e\x01n"'),
    "a key twice": GOOD.replace(b'"event_type"', b'"event_type": "given", "event_type"'),
    "a key twice with another value": GOOD[:-1] + b', "signals": {"gpc": true}}',
    "a purpose twice": GOOD.replace(b'"analytics": true', b'"analytics": false, "analytics": true'),
    "a null key twice": GOOD[:-1] + b', "prev_event_id": null}',
    "a key twice, once in disguise": GOOD.replace(b'"gpc": false', b'"gpc": true, "\\u0067pc": false'),
    "a key twice beside an escape": GOOD.replace(b'"wide"', b'"w\\u0069de", "layout": "wide"'),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_what_two_readers_could_read_differently_is_malformed(what: str) -> None:
    with pytest.raises(Malformed):
        parse(MALFORMED[what])


def _objects(value: Any) -> list[dict[str, Any]]:
    return [value] + [inner for each in value.values() if isinstance(each, dict) for inner in _objects(each)]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_key_repeated_anywhere_with_any_value_is_never_taken(data: st.DataObject) -> None:
    sent = choice(event_id=KEY, client_time=data.draw(st.sampled_from([None, "2026-11-22T09:14:20Z"])))
    assert parse(json.dumps(sent).encode()).event_id == KEY
    target = data.draw(st.sampled_from(_objects(sent)))
    name = data.draw(st.sampled_from(sorted(target)))
    strings = st.sampled_from(["", "en", KEY, "2026-11-22T09:14:20Z"])
    value = data.draw(st.one_of(st.just(target[name]), st.none(), st.booleans(), strings))
    members = [*target.items()]
    members.insert(data.draw(st.integers(0, len(members))), (name, value))
    text = "{" + ", ".join(f"{json.dumps(key)}: {json.dumps(each)}" for key, each in members) + "}"
    whole = json.dumps(sent).replace(json.dumps(target), text, 1)
    assert whole != json.dumps(sent)
    with pytest.raises((Malformed, Refused)):
        parse(whole.encode())


def test_an_escape_that_says_the_same_is_the_same_choice() -> None:
    assert parse(GOOD.replace(b"wide", b"w\\u0069de")) == parse(GOOD)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"purposes":', b'{"notice":{"sha256":', b'{"zz":['])
def test_depth_ends_in_a_refusal_and_not_in_the_stack(opening: bytes) -> None:
    with pytest.raises((Malformed, Refused)):
        parse(opening * 1600)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=300))
@example(b"[" * 9000)
def test_any_bytes_end_in_a_refusal(data: bytes) -> None:
    with pytest.raises((Malformed, Refused)):
        parse(data)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=3))
def test_a_damaged_body_is_refused_or_read_as_any_strict_reader_reads_it(at: int, put: bytes) -> None:
    data = GOOD[:at] + put + GOOD[at + 1 :]
    try:
        read = parse(data)
    except (Malformed, Refused):
        return
    assert msgspec.to_builtins(read) == json.loads(data, object_pairs_hook=_no_key_twice)


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


SECRET = "<script>SECRET\x1b[31m"


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c | {SECRET: 1},
        lambda c: c | {"event_type": SECRET},
        lambda c: c | {"event_id": SECRET},
        lambda c: c | {"purposes": {SECRET: True}},
        lambda c: c | {"purposes": {SECRET: 1}},
        lambda c: c | {"notice": c["notice"] | {"language": SECRET}},
        lambda c: c | {"notice": c["notice"] | {SECRET: SECRET}},
        lambda c: c | {"client_time": SECRET},
    ],
)
def test_a_refusal_does_not_repeat_what_was_sent(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    with pytest.raises(Refused) as refused:
        taken(change(choice()))
    assert "SECRET" not in str(refused.value)


def test_all_that_is_untrue_is_said_at_once() -> None:
    with pytest.raises(Refused) as refused:
        taken(refusal(purposes={"analytics": True}, prev_event_id=KEY))
    assert str(refused.value).count(".") == 3


def test_a_replay_is_told_from_another_choice_by_what_the_browser_said() -> None:
    first = parse(body(event_id=KEY))
    record = accept(first, notices(), NOW, b"n" * 32)
    assert records.says(record.body, first)
    assert records.says(record.body, parse(json.dumps(choice(event_id=KEY), indent=4, sort_keys=True).encode()))
    for other in (
        choice(event_id=KEY, purposes=ALL),
        choice(event_id=KEY, client_time=None),
        choice(event_id=KEY, signals={"gpc": True}),
        choice(event_id=KEY, policy={"sha256": OLD_POLICY}),
        choice(event_id=KEY, subject_ref=None),
        choice(event_id=KEY, services={"tube": True}),
    ):
        assert not records.says(record.body, parse(json.dumps(other).encode()))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"extra": 1}, "extra"),
        ({"schema": "policy-notices/2"}, "schema"),
        ({"origins": ["*"]}, "origins"),
        ({"origins": ["null"]}, "origins"),
        ({"origins": ["https://www.itsths.com/"]}, "origins"),
        ({"withdraw": "javascript:alert(1)"}, "withdraw"),
        ({"policies": {"abc": {"id": "p", "version": "1.0", "language": "en"}}}, "policies"),
        ({"notices": {OLD_NOTICE: NOTICES_JSON["notices"][OLD_NOTICE] | {"consent_days": 0}}}, "consent_days"),
        ({"notices": {OLD_NOTICE: NOTICES_JSON["notices"][OLD_NOTICE] | {"purposes": {"a": {"basis": "?"}}}}}, "basis"),
    ],
)
def test_notices_that_drifted_are_refused_with_their_place(change: dict[str, Any], where: str) -> None:
    with pytest.raises(LedgerError) as refused:
        read_notices(json.dumps(NOTICES_JSON | change).encode(), "dist/notices.json")
    problem = refused.value.problems[0]
    assert problem.where.path == "dist/notices.json"
    assert where in problem.message
    assert problem.hint


def test_a_body_that_is_not_canonical_is_not_an_event() -> None:
    record = accept(parse(body()), notices(), NOW, b"n" * 32)
    assert records.event(record.body).event_time == "2026-11-22T09:14:22Z"
    for damaged in (record.body + b" ", record.body[:-1], b"\xff", record.body.replace(b'":', b'": ', 1)):
        with pytest.raises(LedgerError):
            records.event(damaged)
