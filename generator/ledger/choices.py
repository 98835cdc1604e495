"""The body of a POST, read in one way only: what it must look like (X04), and what can be true of it (R03).

Two kinds of refusal are kept apart: `Malformed` is not the JSON we speak (400), `Refused` is well formed and says
something that cannot be true under the published notices (422). Neither repeats what was sent (X11).
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Literal, TypeVar

import msgspec

from generator.ledger.notices import Digest, NoticeTerms, Strict

# [0-9] and not \d, which also matches the digits of other scripts.
EventId = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")
]
SubjectRef = Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
Moment = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")]
EventType = Literal["given", "refused", "changed", "withdrawn", "renewed"]
Layout = Literal["narrow", "wide", "page"]
Method = Literal[
    "banner.accept",
    "banner.reject",
    "settings.accept",
    "settings.reject",
    "settings.save",
    "embed.always",
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


class Choice(Strict, frozen=True, omit_defaults=True):
    """The POST body, and the part of a record that the browser answers for. `services` are those that were answered
    otherwise than their purpose.
    """

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
    services: dict[str, bool] = msgspec.field(default_factory=dict)

    @property
    def grants(self) -> bool:
        return any(self.purposes.values()) or any(self.services.values())


class Secret(Strict, frozen=True):
    """What a browser shows for its records: the secret whose hash is their subject_ref. In a body, never in a URL,
    which servers log (X14).
    """

    schema: Literal["policy-secret/1"]
    secret: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9+/=_-]{22,128}\Z")]

    @property
    def subject_ref(self) -> str:
        return f"sha256:{sha256(self.secret.encode()).hexdigest()}"


class Malformed(Exception):
    """The bytes are not one JSON document in UTF-8 that every reader reads alike (X04)."""


class Refused(Exception):
    """Well formed, and not a choice that this site offered; `str()` says why without repeating what was sent."""


T = TypeVar("T", Choice, Secret)
_choices, _secrets = msgspec.json.Decoder(Choice), msgspec.json.Decoder(Secret)
_PLACE = re.compile(r"at `(\$[a-z_.0-9\[\]]*)`\Z")


def parse(data: bytes) -> Choice:
    """The choice in a POST body; Malformed or Refused if there is none."""
    return _read(data, _choices, "policy-choice/1")


def parse_secret(data: bytes) -> Secret:
    return _read(data, _secrets, "policy-secret/1")


def _read(data: bytes, decoder: msgspec.json.Decoder[T], schema: str) -> T:
    try:
        found = decoder.decode(data)
    except msgspec.ValidationError as error:
        raise Refused(_where(error, schema)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("The body is not a JSON document in UTF-8.") from None
    _unrepeated.decode(data.decode())
    return found


def _where(error: msgspec.ValidationError, schema: str) -> str:
    # msgspec's own words may quote the value; the path, which has only our field names in it, does not.
    place = _PLACE.search(str(error))
    return f"The value at {place[1] if place else '$'} is not what the schema {schema} allows."


def _unique(members: list[tuple[str, object]]) -> None:
    """msgspec keeps the last of two equal keys and does not say so; another reader may keep the first."""
    if len(dict(members)) != len(members):
        raise Malformed("A key occurs twice in one object.")


_unrepeated = json.JSONDecoder(object_pairs_hook=_unique)


def check(choice: Choice, terms: NoticeTerms) -> None:
    """Refused, with all reasons at once, unless this notice could have been answered so."""
    reasons = [reason for holds, reason in _rules(choice, terms) if not holds]
    if reasons:
        raise Refused(" ".join(reasons))


def _rules(choice: Choice, terms: NoticeTerms) -> tuple[tuple[bool, str], ...]:
    kind, method, granted = choice.event_type, choice.method, choice.grants
    anonymous = choice.subject_ref is None and choice.prev_event_id is None
    offered = terms.offered
    whole = {service: choice.purposes.get(id) for id, services in offered.items() for service in services}
    apart = all(id in whole and whole[id] is not answer for id, answer in choice.services.items())
    return (
        (choice.purposes.keys() == offered.keys(), "purposes must name all that ask for consent, and no other."),
        (apart, "services may name those of these purposes that were answered otherwise than their purpose."),
        (choice.notice.language in terms.languages, "The notice was not released in this language."),
        (granted or kind not in ("given", "renewed"), "This event_type grants something."),
        (not granted or kind not in ("refused", "withdrawn"), "This event_type grants nothing."),
        (granted or method != "embed.always", "This method grants something."),
        (not granted or method != "settings.reject", "This method grants nothing."),
        # It answers what was asked; what was not asked again may stay granted.
        (method != "banner.reject" or kind != "given", "This method grants nothing new."),
        # A signal can only take away; a browser that sends none cannot have made the choice.
        (method != "signal.gpc" or choice.signals.gpc, "This method needs the signal gpc."),
        (method != "signal.gpc" or kind in ("refused", "changed", "withdrawn"), "This method grants nothing new."),
        # M03: whoever only refuses is given nothing to be known by.
        (anonymous or kind != "refused", "A refusal is anonymous: subject_ref and prev_event_id are null."),
        (_is_a_moment(choice.client_time), "client_time is not a time."),
    )


def _is_a_moment(text: str | None) -> bool:
    try:
        return text is None or bool(datetime.fromisoformat(text))
    except ValueError:
        return False
