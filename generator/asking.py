"""Which answers still count: since which notice a purpose is asked about again (V05, EDPB 05/2020 para 110).

A material release asks about the purposes it declares otherwise, and about no others. Who refused a purpose is asked
again only if it now does more than what was refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """Major versions of the notice: of the last that changed a purpose materially, and of the last that widened it;
    0 for what nobody can have answered otherwise."""

    changed: int = 0
    widened: int = 0


def asked_since(notices: Sequence[Mapping[str, Any]]) -> dict[str, Asked]:
    """By purpose of the last of these released notices, oldest first."""
    since = {purpose["id"]: Asked() for purpose in notices[0]["purposes"]}
    for old, new in pairwise(notices):
        version, before = _major(new), {purpose["id"]: purpose for purpose in old["purposes"]}
        changed = _changed(before, new["purposes"]) if version > _major(old) else []
        for purpose in new["purposes"]:
            known = before.get(purpose["id"])
            if known is None or (purpose["id"] in changed and not _narrower(known, purpose)):
                since[purpose["id"]] = Asked(version, version)
            elif purpose["id"] in changed:
                since[purpose["id"]] = Asked(version, since[purpose["id"]].widened)
    return {purpose["id"]: since[purpose["id"]] for purpose in notices[-1]["purposes"]}


def _major(notice: Mapping[str, Any]) -> int:
    return int(notice["version"].split(".")[0])


def _changed(before: Mapping[str, Mapping[str, Any]], purposes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where no purpose changed, the material change was in what the notice says of all of them."""
    ids = [purpose["id"] for purpose in purposes]
    return [purpose["id"] for purpose in purposes if before.get(purpose["id"]) != purpose] or ids


def _narrower(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether the same is said of less: services or storage left out, and nothing else. A lifetime is a text, and a
    text that changed may say more."""
    before = {service["id"]: service for service in old["services"]}
    return (
        old != new
        and _same(old, new, but=("services", "signals"))
        and set(old["signals"]) <= set(new["signals"])
        and all(_service_is_narrower(before.get(service["id"], {}), service) for service in new["services"])
    )


def _service_is_narrower(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return (
        _same(old, new, but=("storage", "third_party"))  # not so for a service that is new
        and old["third_party"] >= new["third_party"]
        and all(item in old["storage"] for item in new["storage"])
    )


def _same(old: Mapping[str, Any], new: Mapping[str, Any], *, but: tuple[str, ...]) -> bool:
    return all(old.get(key) == new.get(key) for key in {*old, *new} - set(but))
