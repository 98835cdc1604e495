"""Which validator reads the body of a choice: time per body, and what each lets through (X04).

Run it with the rivals installed beside the product, for example in a virtual environment of its own:
    python -m venv rivals
    rivals/bin/pip install -e . pydantic fastjsonschema
    rivals/bin/python benchmarks/validators.py
A rival that is not installed is left out. Every contender gives a typed value or refuses, as the receiver needs it:
each one that does not see repeated keys is given the same hook of the standard library to see them.
"""

from __future__ import annotations

import importlib
import json
import platform
import re
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

import msgspec

from generator.ledger import choices

Read = Callable[[bytes], object]

KEY = "6f1c3b1e-9a55-4c0b-8a53-3b9d2f0c7e11"
DIGEST = "5d" * 32
BODY: dict[str, Any] = {
    "schema": "policy-choice/1",
    "event_id": KEY,
    "prev_event_id": None,
    "subject_ref": "sha256:" + DIGEST,
    "event_type": "given",
    "method": "settings.save",
    "purposes": {"analytics": True, "marketing": False},
    "notice": {"sha256": DIGEST, "language": "en", "layout": "wide"},
    "policy": {"sha256": DIGEST},
    "signals": {"gpc": False},
    "client_time": "2026-11-22T09:14:22Z",
}
GOOD = json.dumps(BODY, separators=(",", ":")).encode()
TRAPS: dict[str, bytes] = {
    "a key twice": GOOD[:-1] + b',"signals":{"gpc":true}}',
    "a purpose twice": GOOD.replace(b'"analytics":true', b'"analytics":false,"analytics":true'),
    "NaN": GOOD.replace(b"false", b"NaN", 1),
    "a lone surrogate": GOOD.replace(b'"en"', b'"\\ud800"'),
    "bytes that are not UTF-8": GOOD.replace(b'"en"', b'"\xff"'),
    "UTF-16": GOOD.decode().encode("utf-16"),
    "an unknown field": GOOD[:-1] + b',"ip":"192.0.2.1"}',
    "an unknown field within": GOOD.replace(b'"gpc":false', b'"gpc":false,"dnt":true'),
    "a number for a truth": GOOD.replace(b'"gpc":false', b'"gpc":0'),
    "a word for a truth": GOOD.replace(b'"gpc":false', b'"gpc":"false"'),
    "a huge number": GOOD.replace(b'"en"', b"9" * 5000),
    "depth": b"[" * 4000 + b"]" * 4000,
    "a line feed after a key": GOOD.replace(KEY.encode(), KEY.encode() + b"\\n"),
}


class RepeatedKey(ValueError):
    pass


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise RepeatedKey
    return value


def nothing_but_json(_: str) -> None:
    raise ValueError("not JSON")


_strict = json.JSONDecoder(object_pairs_hook=unique, parse_constant=nothing_but_json)


def strict_json(data: bytes) -> Any:
    value = _strict.decode(data.decode())
    json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate fails here
    return value


def msgspec_alone() -> Read:
    return msgspec.json.Decoder(choices.Choice).decode


@dataclass(frozen=True, slots=True)
class Choice:
    """The typed value of the contenders that do not bring their own."""

    schema: str
    event_id: str
    prev_event_id: str | None
    subject_ref: str | None
    event_type: str
    method: str
    purposes: dict[str, bool]
    notice: dict[str, str]
    policy: dict[str, str]
    signals: dict[str, bool]
    client_time: str | None


UUID4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
SUBJECT, MOMENT = r"sha256:[0-9a-f]{64}", r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
EVENT_TYPES, METHODS = get_args(choices.EventType), get_args(choices.Method)
LAYOUTS = get_args(choices.Layout)


def by_hand() -> Read:
    key, digest, subject, moment = (re.compile(text) for text in (UUID4, "[0-9a-f]{64}", SUBJECT, MOMENT))

    def text(value: object, pattern: re.Pattern[str], optional: bool = False) -> bool:
        return (optional and value is None) or (isinstance(value, str) and pattern.fullmatch(value) is not None)

    def read(data: bytes) -> Choice:
        choice = Choice(**strict_json(data))
        holds = (
            choice.schema == "policy-choice/1"
            and text(choice.event_id, key)
            and text(choice.prev_event_id, key, True)
            and text(choice.subject_ref, subject, True)
            and choice.event_type in EVENT_TYPES
            and choice.method in METHODS
            and isinstance(choice.purposes, dict)
            and all(isinstance(value, bool) for value in choice.purposes.values())
            and choice.notice.keys() == {"sha256", "language", "layout"}
            and text(choice.notice["sha256"], digest)
            and isinstance(choice.notice["language"], str)
            and choice.notice["layout"] in LAYOUTS
            and choice.policy.keys() == {"sha256"}
            and text(choice.policy["sha256"], digest)
            and choice.signals.keys() == {"gpc"}
            and isinstance(choice.signals["gpc"], bool)
            and text(choice.client_time, moment, True)
        )
        if not holds:
            raise ValueError("not a choice")
        return choice

    return read


def fastjsonschema() -> Read:
    def strings(pattern: str, *more: str) -> dict[str, Any]:
        return {"type": ["string", *more], "pattern": rf"^{pattern}\Z"}

    def closed(**properties: dict[str, Any]) -> dict[str, Any]:
        required = list(properties)
        return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}

    digest = strings("[0-9a-f]{64}")
    schema = closed(
        schema={"const": "policy-choice/1"},
        event_id=strings(UUID4),
        prev_event_id=strings(UUID4, "null"),
        subject_ref=strings(SUBJECT, "null"),
        event_type={"enum": list(EVENT_TYPES)},
        method={"enum": list(METHODS)},
        purposes={"type": "object", "additionalProperties": {"type": "boolean"}},
        notice=closed(sha256=digest, language={"type": "string"}, layout={"enum": list(LAYOUTS)}),
        policy=closed(sha256=digest),
        signals=closed(gpc={"type": "boolean"}),
        client_time=strings(MOMENT, "null"),
    )
    validate = importlib.import_module("fastjsonschema").compile(schema)
    return lambda data: Choice(**validate(strict_json(data)))


def pydantic_model() -> Any:
    pydantic = importlib.import_module("pydantic")
    config = pydantic.ConfigDict(strict=True, extra="forbid", frozen=True)

    def model(name: str, **fields: Any) -> Any:
        return pydantic.create_model(name, __config__=config, **{key: (type_, ...) for key, type_ in fields.items()})

    def matching(pattern: str) -> Any:
        return Annotated[str, pydantic.Field(pattern=f"^{pattern}$")]  # Rust's $ is the end and nothing else

    digest = matching("[0-9a-f]{64}")
    return model(
        "Choice",
        schema=Literal["policy-choice/1"],
        event_id=matching(UUID4),
        prev_event_id=matching(UUID4) | None,
        subject_ref=matching(SUBJECT) | None,
        event_type=choices.EventType,
        method=choices.Method,
        purposes=dict[str, bool],
        notice=model("Notice", sha256=digest, language=str, layout=choices.Layout),
        policy=model("Policy", sha256=digest),
        signals=model("Signals", gpc=bool),
        client_time=matching(MOMENT) | None,
    )


def pydantic_alone() -> Read:
    read: Read = pydantic_model().model_validate_json
    return read


def pydantic_and_hook() -> Read:
    validate = pydantic_model().model_validate_json

    def read(data: bytes) -> object:
        _strict.decode(data.decode())
        return validate(data)

    return read


CONTENDERS: dict[str, Callable[[], Read]] = {
    "msgspec, and json with a hook": lambda: choices.parse,
    "msgspec alone": msgspec_alone,
    "pydantic alone": pydantic_alone,
    "pydantic, and json with a hook": pydantic_and_hook,
    "fastjsonschema after json with a hook": fastjsonschema,
    "by hand after json with a hook": by_hand,
}


def microseconds(read: Read) -> float:
    number = 5000
    return min(timeit.repeat(lambda: read(GOOD), number=number, repeat=7)) / number * 1e6


def let_through(read: Read) -> list[str]:
    passed = []
    for name, data in TRAPS.items():
        try:
            read(data)
            passed.append(name)
        except (Exception, RecursionError):
            continue
    return passed


def main() -> None:
    print(f"Python {platform.python_version()}, a body of {len(GOOD)} bytes\n")
    print("| contender | µs a body | ratio | traps let through |\n|---|---|---|---|")
    first = None
    for name, make in CONTENDERS.items():
        try:
            read = make()
        except ModuleNotFoundError as missing:
            print(f"| {name} | {missing.name} is not installed | | |")
            continue
        took = microseconds(read)
        first = first or took
        print(f"| {name} | {took:.1f} | {took / first:.1f} | {', '.join(let_through(read)) or 'none'} |")


if __name__ == "__main__":
    main()
