"""A small site's declaration, made into a notice and scripts by the program's own code."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import generator
from generator.banner import Banner, PolicyInForce, make
from generator.consent import Declaration, Localized, Notice, Proof, Purpose, Service, Storage, Widget, make_notice

WIDGET = Path(generator.__file__).parent / "widget"
LANGUAGES = ("ar", "en")
POLICY = PolicyInForce("1.1", hashlib.sha256(b"a policy").hexdigest(), "/privacy-policy/")


def sources() -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in WIDGET.iterdir() if path.suffix in (".js", ".css", ".ts")}


def both(english: str, arabic: str) -> Localized:
    return Localized({"en": english, "ar": arabic})


def stored(name: str, kind: str = "cookie") -> Storage:
    lifetime = both("12 months", "12 شهرًا")
    purpose = both("Counts visits, so that we see which pages help", "يحصي الزيارات لنعرف الصفحات المفيدة")
    return Storage(name, lifetime, purpose, kind)  # type: ignore[arg-type]


def by_us(id_: str, *storage: Storage) -> Service:
    return Service(id_, both("Website usage", "استخدام الموقع"), "ITSTHS PVT LTD", storage)


NECESSARY = Purpose(
    "necessary",
    both("Necessary", "ضرورية"),
    both("Signing in, and remembering this choice.", "تسجيل الدخول وتذكّر هذا الاختيار."),
    "necessary",
    both("You asked for a page that needs you signed in.", "طلبت صفحة تتطلب تسجيل الدخول."),
    (by_us("login", stored("session"), stored("usage_necessary")),),
)
ANALYTICS = Purpose(
    "analytics",
    both("Analytics", "التحليلات"),
    both("We count visits to see which pages help.", "نحصي الزيارات لنعرف الصفحات المفيدة."),
    services=(
        by_us(
            "usage",
            stored("usage_id"),
            stored("usage_*"),
            stored("usage_*", "localStorage"),
            stored("usage_session", "sessionStorage"),
            stored("usage_base", "indexedDB"),
        ),
    ),
)
MARKETING = Purpose(
    "marketing",
    both("Marketing", "التسويق"),
    both("A partner shows our offers on other sites.", "يعرض شريك عروضنا على مواقع أخرى."),
    services=(Service("ads", both("Offers", "العروض"), "Example Ads Ltd", (stored("ad_id"),), third_party=True),),
    signals=("gpc",),
)
VIDEO = Purpose(
    "video",
    both("Videos", "مقاطع الفيديو"),
    both("Films that others show.", "أفلام يعرضها آخرون."),
    services=(
        Service("tube", both("Tube", "تيوب"), "Tube Inc", (stored("tube_id"),), third_party=True, embedded=True),
        Service("reel", both("Reel", "ريل"), "Reel Ltd", third_party=True, embedded=True),
    ),
)


def notice(*purposes: Purpose, version: str = "1.0", language: str = "en") -> Notice:
    """The notice of a site with these purposes beside the necessary one."""
    texts = {code: yaml.safe_load((WIDGET / "texts" / f"{code}.yaml").read_text("utf-8")) for code in LANGUAGES}
    declaration = Declaration(
        policy="privacy-policy",
        purposes=(NECESSARY, *purposes),
        proof=Proof(both("24 months", "24 شهرًا"), both("to prove a choice", "لإثبات الاختيار")),
        authority="https://ico.org.uk/make-a-complaint/",
        languages=LANGUAGES,
    )
    controller = {"name": "ITSTHS PVT LTD", "email": "info@example.com"}
    return make_notice(declaration, Widget(texts, _own()), version=version, language=language, controller=controller)


def banner(
    *purposes: Purpose,
    version: str = "1.0",
    policy_version: str = "1.1",
    receiver: str | None = "/choices",
    sources: dict[str, str] | None = None,
    before: tuple[Notice, ...] = (),
    language: str = "en",
) -> Banner:
    """The scripts of such a site; without purposes given it asks for analytics and marketing. `before` are the notices
    that were released earlier."""
    made = notice(*(purposes or (ANALYTICS, MARKETING)), version=version, language=language)
    policy = dataclasses.replace(POLICY, version=policy_version)
    notices = [each.data for each in (*before, made)]
    return make(notices, made.sha256, policy, sources or _sources(), receiver=receiver)


def banner_in(language: str, **own: str) -> Banner:
    """The scripts of a notice that the shipped texts of this language tell, and a site's own; the rest is English."""
    data = _renamed(json.loads(json.dumps(notice(ANALYTICS, MARKETING, VIDEO).data)), {"en": language, "ar": "en"})
    shipped = WIDGET / "texts" / f"{language}.yaml"
    texts = yaml.safe_load((shipped if shipped.is_file() else WIDGET / "texts/en.yaml").read_text("utf-8"))
    data |= {"language": language, "languages": [language], "texts": {language: texts | own}}
    return make([data], "0" * 64, POLICY, _sources(), receiver="/choices")


def renamed_banner(**names: str) -> Banner:
    """The scripts of a notice whose languages have other tags, their words unchanged."""
    data = json.loads(json.dumps(notice(ANALYTICS).data))
    data["languages"], data["language"] = sorted(names.values()), names[data["language"]]
    return make([_renamed(data, names)], "0" * 64, POLICY, _sources(), receiver=None)


def _renamed(data: Any, names: dict[str, str]) -> Any:
    """Every text by language under the new tags."""
    if isinstance(data, dict):
        return {names.get(key, key): _renamed(value, names) for key, value in data.items()}
    return [_renamed(each, names) for each in data] if isinstance(data, list) else data


@cache
def _sources() -> dict[str, str]:
    return sources()


def _own() -> Service:
    raw: dict[str, Any] = yaml.safe_load((WIDGET / "own.yaml").read_text("utf-8"))
    storage = tuple(
        Storage(
            item["name"],
            Localized.from_yaml(item["lifetime"]),
            Localized.from_yaml(item["purpose"]),
            item["kind"],
        )
        for item in raw["storage"]
    )
    return Service(raw["id"], Localized.from_yaml(raw["name"]), raw["provider"], storage, raw["third_party"])
