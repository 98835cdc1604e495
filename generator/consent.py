"""The one declaration: purposes, services, what they store, and the wording of the banner.

The cookie table of the policy, the banner, what it gates and erases, and what the receiver accepts all come from the
notice made here, so they cannot drift apart. A notice is released like a policy: its bytes never change, and their
SHA-256 is the digest that records name.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, TypeVar

from generator.words import Words

T = TypeVar("T")
_ID = re.compile(r"[a-z][a-z0-9-]{0,31}")
_STORED = re.compile(r"[^\s*;,=]{3,}\*|[^\s*;,=]+")  # a bare * would erase what nobody declared
_PLACE = re.compile(r"\{(\w+)\}")
_ORIGIN = re.compile(r"https?://[a-z0-9.:\[\]-]+")
SCHEMA = "policy-notice/1"
# What other tags are told of a purpose: gpc denies it (S02), the others are told of every answer (S08, S11, S12).
Signal = Literal[
    "gpc",
    "google.ad_storage",
    "google.ad_user_data",
    "google.ad_personalization",
    "google.analytics_storage",
    "google.functionality_storage",
    "google.personalization_storage",
    "uet.ad_storage",
    "clarity.ad_storage",
    "clarity.analytics_storage",
    "meta",
]
_COLUMNS = ("name", "for", "provider", "purpose", "lifetime")
_KIND_WORDS = {"cookie": "cookie", "localStorage": "local", "sessionStorage": "session", "indexedDB": "database"}


@dataclass(frozen=True, slots=True)
class Localized:
    """A text in one or more languages; a text written without a language is in the site's own (key '')."""

    by_language: Mapping[str, str]

    def __post_init__(self) -> None:
        if not self.by_language or not all(text.strip() for text in self.by_language.values()):
            raise ValueError("wants a text, and holds none")

    @classmethod
    def from_yaml(cls, value: str | Mapping[str, str]) -> Localized:
        return cls({"": value} if isinstance(value, str) else dict(value))

    def within(self, languages: tuple[str, ...], default: str) -> dict[str, str]:
        """The texts of `languages`, by language; a ValueError names the first that is missing (B11)."""
        texts = {language or default: text for language, text in self.by_language.items()}
        said = {language: _in_language(texts, language) for language in sorted(languages)}
        for language, text in said.items():
            if text is None:
                raise ValueError(f"{next(iter(texts.values()))!r} has no text in {language!r}")
        return {language: text for language, text in said.items() if text is not None}


def _in_language(texts: Mapping[str, T], language: str) -> T | None:
    """What is said in a language, or in the one it is a form of: `en` serves `en-GB`."""
    return texts.get(language, texts.get(language.split("-")[0]))


@dataclass(frozen=True, slots=True)
class Storage:
    """One thing kept in a visitor's browser. A name that ends in * stands for every name that starts so."""

    name: str
    lifetime: Localized
    purpose: Localized
    kind: Literal["cookie", "localStorage", "sessionStorage", "indexedDB"] = "cookie"

    def __post_init__(self) -> None:
        if not _STORED.fullmatch(self.name):
            wanted = "one word, with three letters or more before a final *"
            raise ValueError(f"'name' wants {wanted}, and holds {self.name!r}")


@dataclass(frozen=True, slots=True)
class Service:
    """Who acts for a purpose, and what that puts into the browser."""

    id: str
    name: Localized
    provider: str
    storage: tuple[Storage, ...] = ()
    # Whether anybody but the provider of the website can read what is stored (Planet49, C-673/17).
    third_party: bool = False
    # Whether pages embed something of it, which visitors may load by itself (G05).
    embedded: bool = False

    def __post_init__(self) -> None:
        _check_id(self.id)


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a visitor consents to. `necessary` needs a written reason instead (P03); no other basis exists (P04)."""

    id: str
    label: Localized
    description: Localized
    basis: Literal["necessary", "consent"] = "consent"
    justification: Localized | None = None
    services: tuple[Service, ...] = ()
    # "gpc" for a purpose that sells or shares data (S02); the names of what other tags are told of the answer.
    signals: tuple[Signal, ...] = ()

    def __post_init__(self) -> None:
        _check_id(self.id)
        if self.basis == "necessary" and self.justification is None:
            raise ValueError(f"the necessary purpose {self.id!r} needs a justification (TF para 30)")


@dataclass(frozen=True, slots=True)
class Proof:
    """How long records are kept, and why: a period without a reason is not a decision (E01)."""

    retention: Localized
    reason: Localized


@dataclass(frozen=True, slots=True)
class Declaration:
    """The `consent` part of site.yaml."""

    policy: str  # the policy that a record is bound to
    purposes: tuple[Purpose, ...]
    proof: Proof
    authority: str  # address at which a visitor may complain; every receipt names it
    receiver: str | None = None  # path or URL that choices are posted to; nothing is posted without it
    languages: tuple[str, ...] = ()
    consent_days: int = 180  # CNIL para 39: keep a choice six months
    refusal_days: int = 365
    origins: tuple[str, ...] = ()  # other sites that show this banner
    gpc: date | None = None  # the day since which the site says that it honours Global Privacy Control (S06)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # own wording, by language and key

    def __post_init__(self) -> None:
        ids = [purpose.id for purpose in self.purposes]
        if len(set(ids)) < len(ids):
            raise ValueError(f"two purposes have one id: {', '.join(ids)}")
        services = [service.id for purpose in self.purposes for service in purpose.services]
        if len(set(services)) < len(services):  # a record names a service by its id alone
            raise ValueError(f"two services have one id: {', '.join(services)}")
        if not any(purpose.basis == "necessary" for purpose in self.purposes):
            raise ValueError("a purpose with basis: necessary is missing; the banner's own storage belongs to it")
        for origin in self.origins:
            if not is_origin(origin):
                raise ValueError(f"'origins' wants addresses like https://example.com, and holds {origin!r}")
        if not re.fullmatch(r"https://\S+", self.authority):
            raise ValueError(f"'authority' wants an https address, and holds {self.authority!r}")
        # The receiver's host goes into the CSP of every page, so it may hold nothing that would add to it (X19).
        if self.receiver is not None and not re.fullmatch(r"(?:/(?!/)|https?://[a-z0-9])[^\s;,'\"]*", self.receiver):
            raise ValueError(f"'receiver' wants a path or an https address, and holds {self.receiver!r}")
        for name, days in (("consent_days", self.consent_days), ("refusal_days", self.refusal_days)):
            if not 1 <= days <= 400:  # longer than browsers keep a cookie (RFC 6265bis: 400 days)
                raise ValueError(f"{name!r} wants 1 to 400 days, and holds {days}")


@dataclass(frozen=True, slots=True)
class Widget:
    """What the banner brings along: its words by language, and its own storage as a service."""

    texts: Mapping[str, Mapping[str, str]]
    own: Service


@dataclass(frozen=True, slots=True)
class Notice:
    """Everything the banner says and declares, as released: `content` are the exact bytes, `sha256` is their digest."""

    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def data(self) -> dict[str, Any]:
        """The parsed content (schema policy-notice/1)."""
        data: dict[str, Any] = json.loads(self.content)
        return data

    def wording(self) -> dict[str, Any]:
        """The content without its version: what two notices are compared by."""
        return {key: value for key, value in self.data.items() if key != "version"}


def make_notice(
    declaration: Declaration, widget: Widget, *, version: str, language: str, controller: Mapping[str, str]
) -> Notice:
    """The notice that site.yaml declares today. Raises ValueError for a missing text."""
    languages = declaration.languages or (language,)
    if strange := sorted(declaration.texts.keys() - set(languages)):
        raise ValueError(f"'texts' has words in {strange[0]!r}, which is none of the banner's languages")
    purposes = [_purpose(purpose, languages, language) for purpose in declaration.purposes]
    own = json.dumps(_service(widget.own, languages, language))
    days = {"consent_days": str(declaration.consent_days), "refusal_days": str(declaration.refusal_days)}
    for name, value in {"controller": controller["name"], **days}.items():  # what it may say of the rest
        own = own.replace(f"{{{name}}}", json.dumps(value)[1:-1])
    next(p for p in purposes if p["basis"] == "necessary")["services"].append(json.loads(own))
    data = {
        "schema": SCHEMA,
        "version": version,
        "controller": dict(controller),
        "policy": declaration.policy,
        "language": language,
        "languages": sorted(languages),
        "consent_days": declaration.consent_days,
        "refusal_days": declaration.refusal_days,
        "purposes": purposes,
        "texts": {code: _texts(code, declaration, widget) for code in sorted(languages)},
    }
    return Notice((json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode())


def asks_for_consent(notice: Notice) -> bool:
    """Whether any purpose needs consent; where none does there is no banner (B14)."""
    return any(purpose["basis"] == "consent" for purpose in notice.data["purposes"])


def said(notice: Mapping[str, Any], language: str) -> dict[str, str]:
    """Every text of a notice's content in a language; places that the notice itself can fill are filled."""
    texts = notice["texts"][language]
    known = {key: texts[key] for key in ("open", "save", "accept", "reject")}
    known["controller"] = notice["controller"]["name"]
    return {key: fill(text, known) for key, text in texts.items()}


def fill(text: str, known: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: known.get(place[1], place[0]), text)


def stored_names(notice: Notice) -> list[str]:
    """The name of everything that the banner and what it gates keep in a browser."""
    services = [service for purpose in notice.data["purposes"] for service in purpose["services"]]
    return [item["name"] for service in services for item in service["storage"]]


def variables(declaration: Declaration, notice: Notice, words: Words) -> dict[str, str]:
    """What a policy may say from the declaration, as Markdown: purposes, the table of cookies (D18), periods."""
    purposes, languages = notice.data["purposes"], notice.data["languages"]
    # A translation may be in a language that the banner does not speak; lint says so.
    spoken = (words.language, words.language.split("-")[0], notice.data["language"])
    language = next(code for code in spoken if code in languages)
    return {
        "purposes": "\n".join(
            f"- **{_line(p['label'][language])}**: {_line(p['description'][language])}" for p in purposes
        ),
        "cookie_table": "\n".join(_cookie_rows(purposes, words, language)),
        "consent_days": str(declaration.consent_days),
        "refusal_days": str(declaration.refusal_days),
        "proof_retention": declaration.proof.retention.within((language,), language)[language],
        "proof_reason": declaration.proof.reason.within((language,), language)[language],
    }


def _cookie_rows(purposes: list[dict[str, Any]], words: Words, language: str) -> Iterator[str]:
    yield f"| {' | '.join(words.plain(f'storage_{column}') for column in _COLUMNS)} |"
    yield "|---" * len(_COLUMNS) + "|"
    for purpose in purposes:
        for service in purpose["services"]:
            for item in service["storage"]:
                name = f"`{item['name']}` ({words.plain('storage_' + _KIND_WORDS[item['kind']])})"
                told = (purpose["label"], item["purpose"], item["lifetime"])
                label, why, lifetime = (cell(text[language]) for text in told)
                yield f"| {name} | {label} | {cell(service['provider'])} | {why} | {lifetime} |"


def cell(text: str) -> str:
    """A text on one line, with no bar that would end its cell."""
    return _line(text).replace("|", "\\|")


def _line(text: str) -> str:
    return " ".join(text.split())


def _texts(language: str, declaration: Declaration, widget: Widget) -> dict[str, str]:
    texts = _in_language(widget.texts, language)
    if texts is None:
        shipped = ", ".join(sorted(widget.texts))
        raise ValueError(f"the banner has no words in {language!r} (it has {shipped})")
    own = declaration.texts.get(language, {})
    if unknown := sorted(set(own) - set(texts)):
        raise ValueError(f"the banner has no text called {unknown[0]!r}")
    for key, text in own.items():  # an unnamed button, or a duty dropped with its place
        if not text.strip() or set(_PLACE.findall(text)) != set(_PLACE.findall(texts[key])):
            places = " ".join(f"{{{name}}}" for name in _PLACE.findall(texts[key])) or "no place in braces"
            raise ValueError(f"the banner's text {key!r} wants words and {places}, and holds {text!r}")
    return {**texts, **own}


def _purpose(purpose: Purpose, languages: tuple[str, ...], default: str) -> dict[str, Any]:
    justification = purpose.justification
    return {
        "id": purpose.id,
        "basis": purpose.basis,
        "label": purpose.label.within(languages, default),
        "description": purpose.description.within(languages, default),
        "justification": justification and justification.within(languages, default),
        "signals": list(purpose.signals),
        "services": [_service(service, languages, default) for service in purpose.services],
    }


def _service(service: Service, languages: tuple[str, ...], default: str) -> dict[str, Any]:
    return {
        "id": service.id,
        "name": service.name.within(languages, default),
        "provider": service.provider,
        "third_party": service.third_party,
        **({"embedded": True} if service.embedded else {}),
        "storage": [
            {
                "name": item.name,
                "kind": item.kind,
                "lifetime": item.lifetime.within(languages, default),
                "purpose": item.purpose.within(languages, default),
            }
            for item in service.storage
        ],
    }


def is_origin(text: str) -> bool:
    """Whether a text is scheme, host and perhaps port as browsers write them: the receiver knows no other form."""
    return _ORIGIN.fullmatch(text) is not None


def _check_id(value: str) -> None:
    if not _ID.fullmatch(value):
        raise ValueError(f"the id {value!r} wants small letters, digits and hyphens, and starts with a letter")
