"""A record and its receipt. A record says what was offered, granted and denied, when by the server's clock, how, and
under which exact texts (R01, R02); it has no address, user agent or path (M01).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal
from uuid import uuid4

import msgspec

from generator.errors import LedgerError
from generator.ledger.choices import (
    Choice,
    ChosenNotice,
    ChosenPolicy,
    EventType,
    Layout,
    Method,
    Refused,
    Signals,
    check,
)
from generator.ledger.log import Ranges
from generator.ledger.notices import Basis, Notices, NoticeTerms, PolicyTerms, Strict

STATEMENT = "This receipt proves that a choice was made in a browser. It does not prove who made it."  # R11
NONCE_BYTES = 32
Reason = Literal["subject", "retention", "operator"]


class PurposeDecision(Strict, frozen=True):
    id: str
    decision: Literal["granted", "denied"]
    basis: Basis


class ServiceDecision(Strict, frozen=True):
    """Of a service that was answered otherwise than its purpose."""

    id: str
    purpose: str
    decision: Literal["granted", "denied"]


class ShownPolicy(Strict, frozen=True):
    id: str
    version: str
    sha256: str


class ShownNotice(Strict, frozen=True):
    version: str
    sha256: str
    language: str
    layout: Layout


class Event(Strict, frozen=True, omit_defaults=True):
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
    services: tuple[ServiceDecision, ...] = ()

    @property
    def grants(self) -> bool:
        return "granted" in [*(one.decision for one in self.purposes), *(one.decision for one in self.services)]


class Erasure(Strict, frozen=True):
    """Also a record: it says which others were erased, and on whose behalf. So a record that is gone without one is
    found, and what was erased, and when, is itself in evidence (GDPR 5(2)). It names places, never a person.
    """

    schema: Literal["policy-erasure/1"]
    event_id: str
    event_time: str
    log: str
    reason: Reason
    records: tuple[tuple[int, int], ...]


class Record(msgspec.Struct, frozen=True):
    """A choice as it is kept. `leaf` is all that stays when it is erased (E03): then the rest is empty."""

    event_id: str
    leaf: bytes
    nonce: bytes
    body: bytes


Row = tuple[int, bytes, bytes, bytes]
"""(index, event_id in 16 bytes, nonce, body): a record as stores keep it."""


class Entry(msgspec.Struct, frozen=True):
    """A record in its place. `size` is that of the log after the batch that brought it: its receipt's checkpoint."""

    index: int
    size: int
    record: Record


ERASURE = b'"schema":"policy-erasure/1"'
# Stores find a subject by these bytes of the body, counted from its end: of the keys of an event in canonical order
# only valid_until, whose length is fixed, comes after subject_ref. A column of its own could be changed unseen.
SUBJECT_BYTES = len("sha256:") + 64
SUBJECT_FROM_END = SUBJECT_BYTES + len('","valid_until":"2026-11-22T09:14:22Z"}')

_events = msgspec.json.Decoder(Event)
_erasures = msgspec.json.Decoder(Erasure)
# RFC 8785 asks for keys by UTF-16 code units; ours are ASCII, where every order agrees. Numbers do not occur.
_canonical = msgspec.json.Encoder(order="sorted")


def accept(choice: Choice, notices: Notices, now: datetime, nonce: bytes) -> Record:
    """The record of a choice made now (aware, UTC); Refused unless this site offered exactly this (R03)."""
    terms, policy = notices.notices.get(choice.notice.sha256), notices.policies.get(choice.policy.sha256)
    if terms is None or policy is None:
        raise Refused("The notice or the policy is not one that this site has released.")
    if policy.id != terms.policy:
        raise Refused("The notice belongs to another policy.")
    check(choice, terms)
    body = _canonical.encode(_event(choice, notices, terms, policy, now))
    return Record(choice.event_id, leaf(nonce, body), nonce, body)


def _event(choice: Choice, notices: Notices, terms: NoticeTerms, policy: PolicyTerms, now: datetime) -> Event:
    days = terms.consent_days if choice.grants else terms.refusal_days
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
        purposes=tuple(
            PurposeDecision(id, _decision(yes), terms.purposes[id].basis) for id, yes in sorted(choice.purposes.items())
        ),
        services=tuple(
            ServiceDecision(id, purpose, _decision(choice.services[id]))
            for purpose, services in (sorted(terms.offered.items()) if choice.services else ())
            for id in sorted(choice.services.keys() & services)
        ),
        policy=ShownPolicy(policy.id, policy.version, choice.policy.sha256),
        notice=ShownNotice(terms.version, choice.notice.sha256, choice.notice.language, choice.notice.layout),
        signals=choice.signals,
        regime="strict",
    )


def _decision(yes: bool) -> Literal["granted", "denied"]:
    return "granted" if yes else "denied"


def _utc(moment: datetime) -> str:
    if moment.utcoffset() != timedelta(0):
        raise ValueError("event times are aware and in UTC")
    return moment.isoformat()[:19] + "Z"


def leaf(nonce: bytes, body: bytes) -> bytes:
    """SHA256(0x00 || SHA256(nonce || body)): without the nonce, a short body cannot be guessed from it (E03)."""
    return sha256(b"\x00" + sha256(nonce + body).digest()).digest()


def kept(key: bytes, nonce: bytes, body: bytes) -> Record:
    """The record in a store's row; its leaf is the one that nonce and body give."""
    digits = key.hex()
    event_id = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    return Record(event_id, leaf(nonce, body), nonce, body)


def read(rows: Iterable[Row]) -> Iterator[tuple[int, Record]]:
    return ((index, kept(key, nonce, body)) for index, key, nonce, body in rows)


def erased(leaf: bytes) -> Record:
    """What is left of a record."""
    return Record("", leaf, b"", b"")


def erasure(origin: str, ranges: Ranges, reason: Reason, now: datetime, nonce: bytes) -> Record:
    key = str(uuid4())
    body = _canonical.encode(Erasure("policy-erasure/1", key, _utc(now), origin, reason, tuple(ranges)))
    return Record(key, leaf(nonce, body), nonce, body)


def event(body: bytes) -> Event | Erasure:
    """The event in a stored body; LedgerError if it is not one, or not in canonical form."""
    found: Event | Erasure | None
    try:
        found = _erasures.decode(body) if ERASURE in body else _events.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    if found is None or _canonical.encode(found) != body:
        raise LedgerError.at("body.unreadable", "log", "a body is not a canonical consent event")
    return found


def event_of(index: int, record: Record) -> Event | Erasure:
    """The event of a record; the LedgerError names its place."""
    try:
        return event(record.body)
    except LedgerError as error:
        message, hint = error.problems[0].message, "run: policy ledger verify"
        raise LedgerError.at("body.unreadable", f"record {index}", message, hint) from None


def event_month(body: bytes) -> int:
    """202611 for an event of November 2026."""
    at = body.index(b'"event_time":"') + len('"event_time":"')
    return int(body[at : at + 4]) * 100 + int(body[at + 5 : at + 7])


def says(body: bytes, choice: Choice) -> bool:
    """Whether a stored body came from this choice: a replay sends the same, whatever the server added (R06)."""
    stored = event(body)
    return isinstance(stored, Event) and (
        Choice(
            schema="policy-choice/1",
            event_id=stored.event_id,
            prev_event_id=stored.prev_event_id,
            subject_ref=stored.subject_ref,
            event_type=stored.event_type,
            method=stored.method,
            purposes={purpose.id: purpose.decision == "granted" for purpose in stored.purposes},
            services={service.id: service.decision == "granted" for service in stored.services},
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
