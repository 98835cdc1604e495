"""From the body of a POST to a record and its receipt. A record says what was offered, granted and denied, when by the
server's clock, how, and under which exact texts (R01, R02); it has no address, user agent or path (M01).

Two kinds of refusal are kept apart: `Malformed` is not the JSON we speak (400), `Refused` is well formed and says
something that cannot be true under the published notices (422). Neither repeats what was sent (X11).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Literal

import msgspec

from generator.errors import LedgerError, Problem, Where
from generator.ledger.log import leaf_hash
from generator.ledger.notices import Basis, Digest, Notices, NoticeTerms, PolicyTerms, PurposeTerms, Strict

STATEMENT = "This receipt proves that a choice was made in a browser. It does not prove who made it."  # R11
NONCE_BYTES = 32

EventId = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")
]
SubjectRef = Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
Moment = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")]
Decision = Literal["granted", "denied"]
EventType = Literal["given", "refused", "changed", "withdrawn", "renewed"]
Layout = Literal["narrow", "wide"]
Method = Literal[
    "banner.accept",
    "banner.reject",
    "settings.accept",
    "settings.reject",
    "settings.save",
    "page.form",
    "signal.gpc",
]


class ChosenNotice(Strict, frozen=True):
    sha256: Digest
    language: str
    layout: Layout


class ChosenPolicy(Strict, frozen=True):
    sha256: Digest


class Signals(Strict, frozen=True):
    gpc: bool


class Choice(Strict, frozen=True):
    """The POST body, and the part of a record that the browser answers for."""

    schema: Literal["policy-choice/1"]
    event_id: EventId
    prev_event_id: EventId | None
    subject_ref: SubjectRef | None
    event_type: EventType
    method: Method
    purposes: dict[str, bool]
    notice: ChosenNotice
    policy: ChosenPolicy
    signals: Signals
    client_time: Moment | None


class PurposeDecision(Strict, frozen=True):
    id: str
    decision: Decision
    basis: Basis


class ShownPolicy(Strict, frozen=True):
    id: str
    version: str
    sha256: str


class ShownNotice(Strict, frozen=True):
    version: str
    sha256: str
    language: str
    layout: Layout


class Event(Strict, frozen=True):
    """The body of a record."""

    schema: Literal["policy-consent-event/1"]
    event_id: str
    prev_event_id: str | None
    subject_ref: str | None
    site: str
    controller: str
    event_type: EventType
    method: Method
    event_time: str
    valid_until: str
    client_time_claim: str | None
    purposes: tuple[PurposeDecision, ...]
    policy: ShownPolicy
    notice: ShownNotice
    signals: Signals
    regime: Literal["strict"]


class Record(msgspec.Struct, frozen=True):
    """A choice as it is kept. `leaf` is all that stays when body and nonce are erased (E03)."""

    event_id: str
    leaf: bytes
    nonce: bytes
    body: bytes


class Entry(msgspec.Struct, frozen=True):
    """A record in its place. `size` is that of the log after the batch that brought it: its receipt's checkpoint."""

    index: int
    size: int
    record: Record


class Malformed(Exception):
    """The bytes are not one JSON document in UTF-8 that every reader reads alike (X04)."""


class Refused(Exception):
    """Well formed, and not a choice that this site offered; `str()` says why without repeating what was sent."""


_choices = msgspec.json.Decoder(Choice)
_events = msgspec.json.Decoder(Event)
# RFC 8785 asks for keys by UTF-16 code units; ours are ASCII, where every order agrees. Numbers do not occur.
_canonical = msgspec.json.Encoder(order="sorted")
_PLACE = re.compile(r"at `(\$[a-z_.0-9\[\]]*)`\Z")


def parse(data: bytes) -> Choice:
    """The choice in a POST body; Malformed or Refused if there is none."""
    try:
        choice = _choices.decode(data)
    except msgspec.ValidationError as error:
        raise Refused(_where(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("The body is not a JSON document in UTF-8.") from None
    if _repeats_a_key(data, choice):
        raise Malformed("A key occurs twice in one object.")
    return choice


def _where(error: msgspec.ValidationError) -> str:
    # msgspec's own words may quote the value; the path, which has only our field names in it, does not.
    place = _PLACE.search(str(error))
    return f"The value at {place[1] if place else '$'} is not what the schema policy-choice/1 allows."


def _repeats_a_key(data: bytes, choice: Choice) -> bool:
    """msgspec keeps the last of two equal keys and does not say so; another reader may keep the first.

    In a decoded document without backslashes, every two quotation marks are one string token. All fields being
    required, a choice has a known number of keys and strings; a repeated key is at least one token more.
    """
    if b"\\" in data:
        return _repeats_a_key_slowly(data)
    return data.count(b'"') != 2 * _string_tokens(choice)


_FIELDS = len(Choice.__struct_fields__) + sum(
    len(part.__struct_fields__) for part in (ChosenNotice, ChosenPolicy, Signals)
)
_STRINGS = 8  # schema, event_id, event_type, method; the notice's three; the policy's one


def _string_tokens(choice: Choice) -> int:
    optional = (choice.prev_event_id, choice.subject_ref, choice.client_time)
    return _FIELDS + _STRINGS + len(choice.purposes) + sum(value is not None for value in optional)


def _repeats_a_key_slowly(data: bytes) -> bool:
    found = False

    def pairs(items: list[tuple[str, object]]) -> None:
        nonlocal found
        found = found or len(dict(items)) != len(items)

    json.loads(data, object_pairs_hook=pairs)
    return found


def accept(choice: Choice, notices: Notices, now: datetime, nonce: bytes) -> Record:
    """The record of a choice made now (aware, UTC); Refused unless this site offered exactly this (R03)."""
    terms, policy = notices.notices.get(choice.notice.sha256), notices.policies.get(choice.policy.sha256)
    if terms is None or policy is None:
        raise Refused("The notice or the policy is not one that this site has released.")
    _check(choice, terms)
    body = _canonical.encode(_event(choice, notices, terms, policy, now))
    return Record(choice.event_id, leaf(nonce, body), nonce, body)


def _check(choice: Choice, terms: NoticeTerms) -> None:
    reasons = [reason for holds, reason in _rules(choice, terms) if not holds]
    if reasons:
        raise Refused(" ".join(reasons))


def _rules(choice: Choice, terms: NoticeTerms) -> tuple[tuple[bool, str], ...]:
    offered = {id for id, purpose in terms.purposes.items() if purpose.basis == "consent"}
    granted = any(choice.purposes.values())
    kind, method = choice.event_type, choice.method
    anonymous = choice.subject_ref is None and choice.prev_event_id is None
    return (
        (choice.purposes.keys() == offered, "purposes must name each purpose that asks for consent, and no other."),
        (choice.notice.language in terms.languages, "The notice was not released in this language."),
        (granted or kind not in ("given", "renewed"), "This event_type grants at least one purpose."),
        (not granted or kind not in ("refused", "withdrawn"), "This event_type grants no purpose."),
        (not granted or not method.endswith(".reject"), "This method grants no purpose."),
        (
            anonymous or kind != "refused",
            "A first refusal is anonymous: subject_ref and prev_event_id are null.",
        ),  # M03
        (_is_a_moment(choice.client_time), "client_time is not a time."),
    )


def _is_a_moment(text: str | None) -> bool:
    try:
        return text is None or bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def _event(choice: Choice, notices: Notices, terms: NoticeTerms, policy: PolicyTerms, now: datetime) -> Event:
    days = terms.consent_days if any(choice.purposes.values()) else terms.refusal_days
    return Event(
        schema="policy-consent-event/1",
        event_id=choice.event_id,
        prev_event_id=choice.prev_event_id,
        subject_ref=choice.subject_ref,
        site=notices.site,
        controller=notices.controller,
        event_type=choice.event_type,
        method=choice.method,
        event_time=_utc(now),
        valid_until=_utc(now + timedelta(days=days)),
        client_time_claim=choice.client_time,
        purposes=_decisions(choice.purposes, terms.purposes),
        policy=ShownPolicy(policy.id, policy.version, choice.policy.sha256),
        notice=ShownNotice(terms.version, choice.notice.sha256, choice.notice.language, choice.notice.layout),
        signals=choice.signals,
        regime="strict",
    )


def _decisions(chosen: Mapping[str, bool], terms: Mapping[str, PurposeTerms]) -> tuple[PurposeDecision, ...]:
    return tuple(PurposeDecision(id, "granted" if chosen[id] else "denied", terms[id].basis) for id in sorted(chosen))


def _utc(moment: datetime) -> str:
    if moment.utcoffset() != timedelta(0):
        raise ValueError("event times are aware and in UTC")
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def leaf(nonce: bytes, body: bytes) -> bytes:
    """SHA256(0x00 || SHA256(nonce || body)): without the nonce, a short body cannot be guessed from it (E03)."""
    return leaf_hash(sha256(nonce + body).digest())


def event(body: bytes) -> Event:
    """The event in a stored body; LedgerError if it is not one, or not in canonical form."""
    try:
        found = _events.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    if found is None or _canonical.encode(found) != body:
        raise LedgerError(Problem("body-unreadable", Where("log"), "a body is not a canonical consent event"))
    return found


def says(body: bytes, choice: Choice) -> bool:
    """Whether a stored body came from this choice: a replay sends the same, whatever the server added (R06)."""
    stored = event(body)
    return (
        Choice(
            schema="policy-choice/1",
            event_id=stored.event_id,
            prev_event_id=stored.prev_event_id,
            subject_ref=stored.subject_ref,
            event_type=stored.event_type,
            method=stored.method,
            purposes={purpose.id: purpose.decision == "granted" for purpose in stored.purposes},
            notice=ChosenNotice(stored.notice.sha256, stored.notice.language, stored.notice.layout),
            policy=ChosenPolicy(stored.policy.sha256),
            signals=stored.signals,
            client_time=stored.client_time_claim,
        )
        == choice
    )


def receipt(record: Record, notices: Notices, index: int, checkpoint: str, inclusion: Sequence[bytes]) -> bytes:
    """What the browser keeps: the body as it is hashed, its nonce, and its place in the log (R05)."""
    origin = checkpoint.partition("\n")[0]
    return msgspec.json.encode(
        {
            "schema": "policy-consent-receipt/1",
            "receipt_id": record.event_id,
            "created": _events.decode(record.body).event_time,
            "event": msgspec.Raw(record.body),
            "nonce": b64(record.nonce),
            "log": {
                "origin": origin,
                "index": index,
                "checkpoint": checkpoint,
                "inclusion": [b64(node) for node in inclusion],
            },
            "withdraw": notices.withdraw,
            "authority": notices.authority,
            "statement": STATEMENT,
        }
    )


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
