"""The widget's plain scripts joined into files: what a visit loads at once, and what comes on demand.

A file that comes on demand finds on its own script element a function to hand itself to, and is given what it uses of
the files before it. Nothing of this has a global name that a page could clash with (X19).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_NAMED = re.compile(r"^(?:async )?(?:function|const) (?:\{ )?(\w+)(?:, (\w+))?", re.MULTILINE)
_USED = re.compile(r"(?<![\w.'-])(\w+)(?![\w':-])")
_COMMENT = re.compile(r"/\*.*?\*/|(?<=\s)//.*?$", re.DOTALL | re.MULTILINE)
_DECLARATION = re.compile(r"([^{};]+:[^{};]+)(?=[;}])")
_HANDOVER = "Object.getOwnPropertyDescriptor(Document.prototype,'currentScript').get.call(document).take"


@dataclass(frozen=True, slots=True)
class Tier:
    """The scripts of one file in their order, the constants written in front of them, and what it hands over."""

    scripts: tuple[str, ...]
    constants: Mapping[str, object]
    returns: str = ""


@dataclass(frozen=True, slots=True)
class Asset:
    """One published file, named by its content, with the Subresource Integrity of a tag, and what its parts weigh."""

    content: bytes
    parts: Mapping[str, int]

    @property
    def name(self) -> str:
        return f"preferences.{hashlib.sha256(self.content).hexdigest()[:10]}.js"

    @property
    def integrity(self) -> str:
        return f"sha256-{base64.b64encode(hashlib.sha256(self.content).digest()).decode('ascii')}"

    @property
    def weight(self) -> int:
        return _weight(self.content)


def first(tier: Tier, later: Iterable[str], sources: Mapping[str, str]) -> Asset:
    """The file that a page's tag names; `later` are the scripts of the files that it may load."""
    parts = _parts(tier, sources)
    shared = f"const SHARED={{{_listed(_used(tier.scripts, later, sources))}}};"
    return _asset("(()=>{'use strict';" + _joined(parts, shared) + "})()", parts)


def on_demand(tier: Tier, before: Sequence[str], later: Iterable[str], sources: Mapping[str, str]) -> Asset:
    """A file that another one loads; `before` are the scripts of the files that were there first."""
    parts = _parts(tier, sources)
    given = f"const{{{_listed(_used(before, tier.scripts, sources))}}}=given;"
    shared = f"const SHARED={{...given,{_listed(_used(tier.scripts, later, sources))}}};"
    body = f"'use strict';{given}{_joined(parts, shared)}return {tier.returns}"
    return _asset(f"{_HANDOVER}(given=>{{{body}}})", parts)


def stylesheet(source: str) -> str:
    """Minify a style sheet and mark each declaration important.

    Inside a cascade layer an important declaration wins over every unlayered one of the page: no site's style
    can make one button weigh more than another (B03).
    """
    return _DECLARATION.sub(r"\1!important", minified("text/css", source))


def _parts(tier: Tier, sources: Mapping[str, str]) -> dict[str, str]:
    constants = {name: f"const {name}={json.dumps(value, sort_keys=True)};" for name, value in tier.constants.items()}
    return {**constants, **{f"{name}.js": sources[f"{name}.js"] for name in tier.scripts}}


def _joined(parts: Mapping[str, str], shared: str) -> str:
    """What is shared stands in front of the last script: that one runs at once, and its functions are known before."""
    *others, last = parts.values()
    return "\n".join([*others, shared, last])


def _used(names: Iterable[str], later: Iterable[str], sources: Mapping[str, str]) -> set[str]:
    """What later scripts use of these: functions and constants, which never change."""
    offered = {found for name in names for pair in _NAMED.findall(sources[f"{name}.js"]) for found in pair if found}
    code = _COMMENT.sub("", "\n".join(sources[f"{name}.js"] for name in later))
    return (offered | {"CONFIG"}) & set(_USED.findall(code))


def _listed(names: Iterable[str]) -> str:
    return ",".join(sorted(names))


def _asset(code: str, parts: Mapping[str, str]) -> Asset:
    weights = {name: _weight(minified("application/javascript", text).encode()) for name, text in parts.items()}
    return Asset(_ascii(minified("application/javascript", code)).encode("ascii") + b"\n", weights)


def _ascii(code: str) -> str:
    """Whatever charset a page has, the words come out right; and nothing ends an inline copy. What is replaced stands
    only within strings."""
    escaped = re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], code)
    return escaped.replace("</", "<\\/").replace("<!--", "\\x3c!--")


def minified(kind: str, source: str) -> str:
    """The same style sheet or script in fewer bytes."""
    import minify  # a Go library: loaded where there is something to make, for most commands make nothing

    small: str = minify.string(kind, source)
    return small


def _weight(content: bytes) -> int:
    return len(zlib.compress(content, 9))
