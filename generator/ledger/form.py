"""The form that works without JavaScript: what it sends is read as strictly as JSON, and is the same choice."""

from __future__ import annotations

from urllib.parse import parse_qsl

import msgspec

from generator.ledger.choices import Choice, EventType, Malformed, Refused
from generator.ledger.cookie import State
from generator.ledger.notices import Notices

TYPES = frozenset({"application/x-www-form-urlencoded", "application/x-www-form-urlencoded;charset=utf-8"})
FIXED = {"schema": "policy-choice/1", "method": "page.form"}
SHOWN = ("notice.sha256", "notice.language", "policy.sha256")
PURPOSE = "purposes."
ANSWERS = {"granted": True, "denied": False}


def parse(data: bytes, notices: Notices, event_id: str, gpc: bool, before: State | None) -> Choice:
    """The choice in a posted form. The rest is what a form cannot know; `before` is what the browser chose last."""
    fields = _fields(data)
    terms = notices.notices.get(fields.get("notice.sha256", ""))
    if terms is None:
        raise Refused("The notice is not one that this site has released.")
    every = fields.pop("all", None)
    given = {name.removeprefix(PURPOSE): fields.pop(name) for name in list(fields) if name.startswith(PURPOSE)}
    shown = {name: fields.pop(name, "") for name in SHOWN}
    wanted = dict.fromkeys(terms.offered, every) if every else given
    if fields != FIXED or not ANSWERS.keys() >= set(wanted.values()):
        raise Refused("A field is missing, is too many, or has another value than it may have.")
    purposes = {id: ANSWERS[answer] for id, answer in wanted.items() if answer}
    sent = {
        **FIXED,
        "event_id": event_id,
        "prev_event_id": None,
        "subject_ref": None,
        "event_type": "given",
        "purposes": purposes,
        "notice": {"sha256": shown["notice.sha256"], "language": shown["notice.language"], "layout": "page"},
        "policy": {"sha256": shown["policy.sha256"]},
        "signals": {"gpc": gpc},
        "client_time": None,
    }
    try:
        choice = msgspec.convert(sent, Choice)
    except msgspec.ValidationError:
        raise Refused("The digest of the policy is not one.") from None
    same = before is not None and purposes.keys() == terms.offered.keys() and before.says(choice, terms)
    return msgspec.structs.replace(choice, event_type=_event_type(bool(before and before.grants), choice.grants, same))


def _fields(data: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(data.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise Malformed("The body is not a form in UTF-8.") from None
    if len(dict(pairs)) != len(pairs):
        raise Malformed("A field occurs twice.")
    return dict(pairs)


def _event_type(had: bool, has: bool, same: bool) -> EventType:
    if not has:
        return "withdrawn" if had else "refused"
    return ("renewed" if same else "changed") if had else "given"
