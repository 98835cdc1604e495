"""The banner as scripts: what the notice and the policy in force tell each file, in each language.

A first visit loads one file of one language: the first layer and the gates, and of gates and signals only those that
the notice names. What follows a choice, and the settings layer, come on demand; each file names the next with its
integrity (X20). All of them are a function of what they declare: same notice, policy and sources, same bytes (V12),
whoever visits (G06).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from generator import bundle, consent
from generator.asking import Asked, asked_since
from generator.bundle import Asset, Tier
from generator.config import direction
from generator.errors import Problem, SourceError, Where

# The order in which the plain scripts are joined; each may use what stands before it, and start.js runs them.
FIRST = ("state", "page", "storage", "gates", "embeds", "view", "start")
SIGNALS = {"google": "google", "uet": "microsoft", "clarity": "microsoft", "meta": "meta"}
MORE = ("outbox", "erase", "after")
LAYER = ("settings", "receipt")
SINCE = ("since",)

# What the files of a language may weigh, deflated as any server can do it. More than half of a first visit is the
# notice's own words, so one that says more than this fails the build and hears which part is heavy.
BUDGET = {"first visit": 7_000, "record of a choice": 3_700, "settings layer": 9_000, "what changed": 2_000}

# Said by the build, which knows which of them is true, or by a file that has no other words.
ALSO_SAID = {"again", "saved", "third_none", "third_some"}
_WORD = re.compile(r"\b(?:words|texts)\.(\w+)")


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """The release that a visitor can read now: its version, the digest of its frozen file (hex), its path, and the
    paths of its translations by language (B11)."""

    version: str
    sha256: str
    path: str
    paths: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scripts:
    """The files of one language: each names the next."""

    first: Asset
    more: Asset
    layer: Asset
    since: Asset

    def weighed(self) -> dict[str, Asset]:
        return dict(zip(BUDGET, (self.first, self.more, self.layer, self.since), strict=True))


@dataclass(frozen=True, slots=True)
class Banner:
    """The scripts of a site by language, the notice's own last."""

    language: str
    scripts: Mapping[str, Scripts]
    types: bytes  # of window.preferences

    def files(self) -> dict[str, bytes]:
        """Under its own name for other sites, and under its digest for pages that name its integrity (X20)."""
        named = {self.file(language): scripts.first.content for language, scripts in self.scripts.items()}
        assets = [asset for scripts in self.scripts.values() for asset in scripts.weighed().values()]
        return {**named, **{asset.name: asset.content for asset in assets}, "preferences.d.ts": self.types}

    def file(self, language: str) -> str:
        """Of the notice's own language `preferences.js`; on a page in another language it loads the right one."""
        return "preferences.js" if language == self.language else f"preferences.{language}.js"

    def spoken(self, language: str) -> Asset:
        """The script for a page in this language, or in one that it is a form of; else the notice's own (B11)."""
        known = (language, language.split("-")[0], self.language)
        return next(self.scripts[each] for each in known if each in self.scripts).first


def make(
    notices: Sequence[Mapping[str, Any]],
    notice_sha256: str,
    policy: PolicyInForce,
    sources: Mapping[str, str],
    *,
    receiver: str | None,
) -> Banner:
    """Make the banner from the released notices up to the one in force, oldest first.

    `notice_sha256` is the hex digest of the last notice file's exact bytes: a record names it (R02). `sources` maps
    the names of the widget's files to their text. `receiver` is a path or an address to post choices to; None posts
    nothing. Paths are resolved in the browser against the script's own address, so the same bytes serve the policy
    site, a preview and any other site. Raises SourceError if a text is missing in a language (B11), or for a banner
    that is too heavy.
    """
    notice = notices[-1]
    _stop_at(_missing_words(notice, sources))
    config = {**_config(notice, notice_sha256), "receiver": receiver}
    made: dict[str, Scripts] = {}
    for language in sorted(notice["languages"], key=lambda each: bool(each == notice["language"])):  # its own last
        others = {other.lower(): _reference(scripts.first) for other, scripts in made.items()}
        told = {**config, **({"others": others} if others and language == notice["language"] else {})}
        made[language] = _scripts(notices, policy, language, told, sources)
    _stop_at(_too_heavy(notice, made))
    return Banner(notice["language"], made, sources["preferences.d.ts"].encode())


def _scripts(
    notices: Sequence[Mapping[str, Any]],
    policy: PolicyInForce,
    language: str,
    config: Mapping[str, Any],
    sources: Mapping[str, str],
) -> Scripts:
    notice, names = notices[-1], tuple(_first_scripts(notices[-1]))
    say = partial(_words, notice, language, sources=sources)
    said = consent.said(notice, language)
    style = "\n".join(sources[f"{name}.css"] for name in ("widget", *names) if f"{name}.css" in sources)
    style = style.replace("--letters: 8", f"--letters: {_longest_word(said)}")
    full = {
        "purposes": [_full_purpose(each, language) for each in notice["purposes"]],
        "texts": say(LAYER),
        "style": bundle.stylesheet(sources["settings.css"]),
    }
    changes = {
        "path": f"{policy.path}since/",
        "again": said["again"],
        "style": bundle.stylesheet(sources["since.css"]),
    }
    layer = bundle.on_demand(Tier(LAYER, {"LAYER": full}, "OPENED"), (*names, *MORE), (), sources)
    since = bundle.on_demand(Tier(SINCE, {"SINCE": changes}, "makeChanges"), (*names, *MORE), (), sources)
    after = {
        "purposes": [_stored(each) for each in notice["purposes"]],
        "saved": said["saved"],
        "style": bundle.stylesheet(sources["after.css"]),
        "layer": _reference(layer),
        "since": _reference(since),
    }
    more = bundle.on_demand(Tier(MORE, {"MORE": after}, "PARTS"), names, (*LAYER, *SINCE), sources)
    told = {
        **config,
        "policy": {
            "version": _dashed(policy.version),
            "sha256": policy.sha256,
            "path": policy.paths.get(language, policy.path),
        },
        "language": language,
        "direction": direction(language),
        "words": _with_third_parties(say(names), notice, language),
        "purposes": list(_purposes(notices, language)),
        "more": _reference(more),
    }
    constants = {"CONFIG": told, "STYLE": bundle.stylesheet(style)}
    return Scripts(bundle.first(Tier(names, constants), (*MORE, *LAYER, *SINCE), sources), more, layer, since)


def _reference(asset: Asset) -> list[str]:
    return [f"/{asset.name}", asset.integrity]


def _first_scripts(notice: Mapping[str, Any]) -> Iterator[str]:
    """The scripts of a first visit: of gates and signals only those that the notice needs."""
    signals = {signal.split(".")[0] for purpose in notice["purposes"] for signal in purpose["signals"]}
    adapters = sorted({SIGNALS[signal] for signal in signals if signal in SIGNALS})
    embeds = any(service.get("embedded") for purpose in notice["purposes"] for service in purpose["services"])
    for name in FIRST:
        if name == "start" and adapters:
            yield from ("signals", *adapters)
        if name != "embeds" or embeds:
            yield name


def _longest_word(said: Mapping[str, str]) -> int:
    """The letters of the longest word on the buttons of a layer: the style sheet lets none of them break."""
    return max(len(word) for key in ("reject", "accept", "settings", "save") for word in said[key].split())


def words_used(sources: Mapping[str, str], names: Sequence[str]) -> frozenset[str]:
    """The keys of the texts that these scripts say, read from the scripts themselves."""
    return frozenset(key for name in names for key in _WORD.findall(sources[f"{name}.js"]))


def _config(notice: Mapping[str, Any], notice_sha256: str) -> dict[str, Any]:
    return {
        "notice": {"version": _dashed(notice["version"]), "sha256": notice_sha256},
        "consentDays": notice["consent_days"],
        "refusalDays": notice["refusal_days"],
    }


def _purposes(notices: Sequence[Mapping[str, Any]], language: str) -> Iterator[dict[str, Any]]:
    """What the first layer asks about, and since when."""
    asked = asked_since(notices)
    for purpose in notices[-1]["purposes"]:
        if purpose["basis"] == "consent":
            told = _first_purpose(purpose, language, asked[purpose["id"]])
            yield {key: value for key, value in told.items() if value}


def _first_purpose(purpose: Mapping[str, Any], language: str, asked: Asked) -> dict[str, Any]:
    embedded = [service for service in purpose["services"] if service.get("embedded")]
    return {
        "id": purpose["id"],
        "label": purpose["label"][language],
        "description": purpose["description"][language],
        "changed": asked.changed,
        "widened": asked.widened,
        "signals": purpose["signals"],
        "services": [{key: service[key] for key in ("id", "provider")} for service in embedded],
    }


def _stored(purpose: Mapping[str, Any]) -> dict[str, Any]:
    """What a withdrawal erases, and what it leaves."""
    services = [
        {"id": service["id"], "storage": [{key: item[key] for key in ("kind", "name")} for item in service["storage"]]}
        for service in purpose["services"]
    ]
    return {"id": purpose["id"], "services": services}


def _full_purpose(purpose: Mapping[str, Any], language: str) -> dict[str, Any]:
    keys = ("label", "description", "justification") if purpose["basis"] == "necessary" else ("justification",)
    told = {key: _said(purpose[key], language) for key in keys if purpose[key]}
    return {"id": purpose["id"], **told, "services": [_full_service(each, language) for each in purpose["services"]]}


def _full_service(service: Mapping[str, Any], language: str) -> dict[str, Any]:
    kept = ("id", "name", "provider", "third_party")
    storage = [{key: _said(value, language) for key, value in item.items()} for item in service["storage"]]
    return {**{key: _said(service[key], language) for key in kept}, "storage": storage}


def _said(value: Any, language: str) -> Any:
    return value[language] if isinstance(value, Mapping) else value


def _words(
    notice: Mapping[str, Any], language: str, names: Sequence[str], *, sources: Mapping[str, str]
) -> dict[str, str]:
    """The texts that these scripts say."""
    said = consent.said(notice, language)
    return {key: said[key] for key in sorted(words_used(sources, names))}


def _with_third_parties(words: Mapping[str, str], notice: Mapping[str, Any], language: str) -> dict[str, str]:
    """Of the two texts on third parties the one that is true, in front of the way back (B04, B05)."""
    services = [service for each in notice["purposes"] if each["basis"] == "consent" for service in each["services"]]
    third = ", ".join(dict.fromkeys(service["provider"] for service in services if service["third_party"]))
    text = notice["texts"][language]["third_some" if third else "third_none"]
    return {**words, "withdraw": f"{consent.fill(text, {'names': third})} {words['withdraw']}"}


def _missing_words(notice: Mapping[str, Any], sources: Mapping[str, str]) -> Iterator[Problem]:
    said = words_used(sources, (*_first_scripts(notice), *MORE, *LAYER, *SINCE)) | ALSO_SAID
    for language in notice["languages"]:
        for key in sorted(said - notice["texts"].get(language, {}).keys()):
            yield Problem(
                "banner-text-missing",
                _where(notice),
                f"the banner says '{key}', and the notice has no such text in '{language}'",
                hint="release a new notice with the texts of this version of the program",
            )


def _too_heavy(notice: Mapping[str, Any], made: Mapping[str, Scripts]) -> Iterator[Problem]:
    for language, scripts in made.items():
        for what, asset in scripts.weighed().items():
            if asset.weight > BUDGET[what]:
                parts = ", ".join(f"{name} {weight}" for name, weight in asset.parts.items())
                message = f"the {what} in '{language}' weighs {asset.weight} bytes deflated of {BUDGET[what]} allowed"
                yield Problem("banner.too-heavy", _where(notice), message, hint=f"its parts: {parts}")


def _where(notice: Mapping[str, Any]) -> Where:
    return Where(f"content/notice/releases/{notice['version']}.json")


def _stop_at(problems: Iterator[Problem]) -> None:
    if found := tuple(problems):
        raise SourceError(found)


def _dashed(version: str) -> str:
    return version.replace(".", "-")
