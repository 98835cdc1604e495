"""The banner as one script: the notice, the policy in force and the widget's sources, joined to bytes.

The script is a function of what it declares: same notice, policy and sources, same bytes (V12), whoever visits
(G06). Its digest is what a page names in `integrity` (X20).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import rcssmin
import rjsmin

from generator.config import direction
from generator.errors import Problem, SourceError, Where

# The order in which the plain scripts are joined; each may use what stands before it, and start.js runs them.
SCRIPTS = (
    "state.js",
    "page.js",
    "storage.js",
    "erase.js",
    "gates.js",
    "outbox.js",
    "view.js",
    "settings.js",
    "start.js",
)
STYLE = "widget.css"

_WORD = re.compile(r"\bwords\.(\w+)")
_DECLARATION = re.compile(r"([^{};]+:[^{};]+)(?=[;}])")


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """The release that a visitor can read now: its version, the digest of its frozen file (hex), its path, and the
    paths of its translations by language (B11)."""

    version: str
    sha256: str
    path: str
    paths: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asset:
    """One published file: its name, its bytes, their SHA-256 (hex) and the Subresource Integrity of a tag."""

    name: str
    content: bytes
    sha256: str
    integrity: str


def script(
    notice: Mapping[str, Any],
    notice_sha256: str,
    policy: PolicyInForce,
    sources: Mapping[str, str],
    *,
    receiver: str | None,
) -> Asset:
    """Make `preferences.js` from a frozen notice.

    `notice_sha256` is the hex digest of the notice file's exact bytes: a record names it (R02). `sources` maps
    the names of the widget's files to their text. `receiver` is a path or an address to post choices to; None
    posts nothing. Paths are resolved in the browser against the script's own address, so the same bytes serve
    the policy site, a preview and any other site. Raises SourceError if a text is missing in a language (B11).
    """
    _require_words(notice, sources)
    config = _config(notice, notice_sha256, policy, receiver)
    code = "\n".join(rjsmin.jsmin(sources[name]) for name in SCRIPTS)
    parts = (
        "(()=>{'use strict'",
        f"const CONFIG={_literal(config)},STYLE={_literal(stylesheet(sources[STYLE]))}",
        code,
        "})()",
    )
    return _asset("preferences.js", "\n".join(parts).encode("ascii") + b"\n")


def stylesheet(source: str) -> str:
    """Minify widget.css and mark each declaration important.

    Inside a cascade layer an important declaration wins over every unlayered one of the page: no site's style
    can make one button weigh more than another (B03).
    """
    minified: str = rcssmin.cssmin(source)
    return _DECLARATION.sub(r"\1!important", minified)


def words_used(sources: Mapping[str, str]) -> frozenset[str]:
    """The keys of the texts that the scripts say, read from the scripts themselves."""
    return frozenset(key for name in SCRIPTS for key in _WORD.findall(sources[name]))


def _config(
    notice: Mapping[str, Any], notice_sha256: str, policy: PolicyInForce, receiver: str | None
) -> dict[str, Any]:
    return {
        "notice": {"version": notice["version"], "sha256": notice_sha256},
        "policy": {"version": policy.version, "sha256": policy.sha256, "path": policy.path, "paths": policy.paths},
        "receiver": receiver,
        "controller": notice["controller"]["name"],
        "consentDays": notice["consent_days"],
        "refusalDays": notice["refusal_days"],
        "language": notice["language"],
        "rtl": [language for language in notice["languages"] if direction(language) == "rtl"],
        "purposes": [_purpose(purpose) for purpose in notice["purposes"]],
        "texts": {language: notice["texts"][language] for language in notice["languages"]},
    }


def _purpose(purpose: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("id", "basis", "label", "description", "justification", "signals", "services")
    return {key: purpose[key] for key in kept if purpose.get(key)}


def _require_words(notice: Mapping[str, Any], sources: Mapping[str, str]) -> None:
    if problems := tuple(_missing_words(notice, words_used(sources))):
        raise SourceError(problems)


def _missing_words(notice: Mapping[str, Any], words: frozenset[str]) -> Iterator[Problem]:
    where = Where(f"content/notice/releases/{notice['version']}.json")
    for language in notice["languages"]:
        for key in sorted(words - notice["texts"].get(language, {}).keys()):
            yield Problem(
                "banner-text-missing",
                where,
                f"the banner says '{key}', and the notice has no such text in '{language}'",
                hint="release a new notice with the texts of this version of the program",
            )


def _literal(value: object) -> str:
    """JSON that is also a JavaScript expression, in ASCII: whatever charset a page has, the words come out right.

    ASCII also escapes U+2028, and `<` is escaped so that `</script` cannot end an inline copy.
    """
    text = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=True)
    return text.replace("<", "\\u003c")


def _asset(name: str, content: bytes) -> Asset:
    integrity = base64.b64encode(hashlib.sha384(content).digest()).decode("ascii")
    return Asset(name, content, hashlib.sha256(content).hexdigest(), f"sha384-{integrity}")
