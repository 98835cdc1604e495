"""The script as bytes: reproducible, safe to embed, complete, its words lawful (B09, B10, B11, V12, X20)."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.asking import Asked, asked_since
from generator.banner import ALSO_SAID, BUDGET, FIRST, LAYER, MORE, SIGNALS, SINCE, Banner, make, words_used
from generator.bundle import stylesheet
from generator.consent import Purpose
from generator.errors import SourceError

from .browser.sample import (
    ANALYTICS,
    MARKETING,
    NECESSARY,
    POLICY,
    VIDEO,
    WIDGET,
    banner,
    by_us,
    notice,
    renamed_banner,
    sources,
    stored,
)
from .trees import built, on_disk
from .weigh import brotlied, grown

TEXTS: dict[str, dict[str, str]] = {
    path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted((WIDGET / "texts").glob("*.yaml"))
}
PLACEHOLDER = re.compile(r"\{\w+\}")


# What the files of the sample may weigh, brotli 11 (issue 4).
LIMITS = {"first visit": 5000, "record of a choice": 3150, "settings layer": 4000, "what changed": 1100}


def test_the_same_declaration_gives_the_same_bytes() -> None:
    assert banner().files() == banner().files()
    assert banner(receiver="/a").files() != banner(receiver="/b").files()


def test_files_are_named_by_their_content_and_name_each_other_with_their_integrity() -> None:
    made = banner()
    english, arabic = made.scripts["en"], made.scripts["ar"]
    for scripts in (english, arabic):
        for asset in scripts.weighed().values():
            assert asset.name == f"preferences.{hashlib.sha256(asset.content).hexdigest()[:10]}.js"
            assert asset.integrity == "sha256-" + base64.b64encode(hashlib.sha256(asset.content).digest()).decode()
            assert made.files()[asset.name] == asset.content
        for asset, names in (
            (scripts.more, scripts.first),
            (scripts.layer, scripts.more),
            (scripts.since, scripts.more),
        ):
            assert f'["/{asset.name}","{asset.integrity}"]' in names.content.decode()
    assert made.files()["preferences.js"] == english.first.content  # and knows where Arabic is
    assert f'ar:["/{arabic.first.name}","{arabic.first.integrity}"]' in english.first.content.decode()
    assert made.files()["preferences.ar.js"] == arabic.first.content


def test_a_page_gets_the_script_of_its_language_or_of_the_notice() -> None:
    made = banner()
    for language, spoken in (("ar", "ar"), ("ar-EG", "ar"), ("en", "en"), ("fr", "en")):
        assert made.spoken(language) == made.scripts[spoken].first


def test_each_script_is_told_which_way_its_language_runs() -> None:
    made = renamed_banner(ar="ar-SA", en="yi")
    for language, scripts in {**made.scripts, **banner().scripts}.items():
        direction = "ltr" if language == "en" else "rtl"
        assert f'direction:"{direction}"' in scripts.first.content.decode(), language


def test_the_words_come_out_right_under_any_charset_and_inline() -> None:
    odd = json.loads(json.dumps(notice(ANALYTICS).data).replace("Analytics", "</script><!--\u2028“a”\U0001f36a"))
    text = "".join(_texts(make([odd], "0" * 64, POLICY, sources(), receiver=None)))
    assert text.isascii()
    assert "</script" not in text
    assert "<!--" not in text
    assert "<\\/script>\\x3c!--\\u2028\\u201ca\\u201d\\ud83c\\udf6a" in text


def test_every_file_of_the_widget_is_in_a_script() -> None:
    scripts = {*FIRST, *MORE, *LAYER, *SINCE, *SIGNALS.values(), "signals"}
    styles = {"widget.css", "embeds.css", "after.css", "settings.css", "since.css"}
    types = {"types.d.ts", "preferences.d.ts"}
    assert sources().keys() == {f"{name}.js" for name in scripts} | styles | types


def test_only_the_gates_and_signals_that_a_site_uses_are_in_its_script() -> None:
    plain = banner(ANALYTICS).scripts["en"].first.content.decode()
    tags = dataclasses.replace(VIDEO, signals=("google.ad_storage", "uet.ad_storage", "clarity.ad_storage", "meta"))
    full = banner(ANALYTICS, tags).scripts["en"].first.content.decode()
    for mark in ("dataLayer", "uetq", "consentv2", "fbq", "[data-src]", "Load once"):
        assert mark not in plain, mark
        assert mark in full, mark


def test_nothing_in_the_scripts_needs_a_looser_policy() -> None:
    for text in _texts(banner()):
        for word in ("eval(", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "new Function"):
            assert word not in text, word
        assert not re.search(r"""setAttribute\(["']style|on(click|change)=|["']onclick""", text)


def test_the_scripts_know_only_what_a_visitor_may_know() -> None:
    assert not any("info@example.com" in text for text in _texts(banner()))


def _texts(made: Banner) -> list[str]:
    return [content.decode() for content in made.files().values()]


def test_a_text_that_the_notice_lacks_is_named() -> None:
    data: dict[str, Any] = notice(ANALYTICS).data
    del data["texts"]["ar"]["reject"]
    with pytest.raises(SourceError) as caught:
        make([data], "0" * 64, POLICY, sources(), receiver=None)
    assert [str(problem) for problem in caught.value.problems] == [
        "content/notice/releases/1.0.json: banner-text-missing: "
        "the banner says 'reject', and the notice has no such text in 'ar'"
    ]


def test_a_banner_that_is_too_heavy_stops_the_build_and_says_which_part_is() -> None:
    items = tuple(stored(f"item_{hashlib.sha256(bytes([n])).hexdigest()}") for n in range(120))
    with pytest.raises(SourceError) as caught:
        banner(dataclasses.replace(ANALYTICS, services=(by_us("usage", *items),)))
    problem = caught.value.problems[-1]
    assert problem.code == "banner.too-heavy"
    assert re.fullmatch(
        rf"the settings layer in 'en' weighs \d+ bytes deflated of {BUDGET['settings layer']} allowed", problem.message
    )
    assert re.match(r"its parts: LAYER \d{4,}, settings.js \d+", problem.hint or "")


def test_the_sample_stays_within_its_limits() -> None:
    """Where a part grew for a reason: python -m tests.weigh."""
    heavy = {what: weight for what, weight in brotlied().items() if weight > LIMITS[what]}
    assert (heavy, grown()) == ({}, [])


def test_the_stylesheets_leave_the_page_no_say() -> None:
    css = stylesheet("@media (min-width:1em){#a:is(b){color:red;margin:0 1px}}#b{--x:var(--y,#fff)}")
    assert css == (
        "@media(min-width:1em){#a:is(b){color:red!important;margin:0 1px!important}}#b{--x:var(--y,#fff)!important}"
    )
    for path in sorted(WIDGET.glob("*.css")):
        declarations = re.findall(r"[{;]([\w-]+:[^{};]+)(?=[;}])", stylesheet(path.read_text("utf-8")))
        assert len(declarations) > 3
        assert [found for found in declarations if not found.endswith("!important")] == []


def test_every_language_says_everything_and_nothing_else() -> None:
    assert TEXTS.keys() == {"ar", "de", "en", "es", "fr", "ur"}
    assert words_used(sources(), (*FIRST, *MORE, *LAYER, *SINCE)) | ALSO_SAID == TEXTS["en"].keys()
    for language, texts in TEXTS.items():
        assert texts.keys() == TEXTS["en"].keys(), language
        for key, text in texts.items():
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(TEXTS["en"][key])), (language, key)
            assert text == text.strip() != "", key


def test_own_storage_is_declared_in_every_language() -> None:
    own = yaml.safe_load((WIDGET / "own.yaml").read_text("utf-8"))
    said = [own["name"], *(item[key] for item in own["storage"] for key in ("lifetime", "purpose"))]
    assert [text.keys() for text in said] == [TEXTS.keys()] * len(said)


def _released(*versions: tuple[str, tuple[Purpose, ...]]) -> list[dict[str, Any]]:
    return [notice(*purposes, version=version).data for version, purposes in versions]


def test_only_a_material_release_asks_again_and_only_about_what_it_changed() -> None:
    reworded = dataclasses.replace(ANALYTICS, description=MARKETING.description)
    broader = dataclasses.replace(MARKETING, services=(*MARKETING.services, by_us("more", stored("more_id"))))
    narrower = dataclasses.replace(ANALYTICS, services=(by_us("usage", *ANALYTICS.services[0].storage[:2]),))
    unasked = Asked(0, 0)
    for version, purposes, analytics, marketing in (
        ("1.1", (reworded, MARKETING), unasked, unasked),  # editorial
        ("2.0", (reworded, MARKETING), Asked(2, 2), unasked),
        ("2.0", (ANALYTICS, broader), unasked, Asked(2, 2)),
        ("2.0", (narrower, MARKETING), Asked(2, 0), unasked),  # who refused is left in peace
        ("2.0", (ANALYTICS, MARKETING), Asked(2, 2), Asked(2, 2)),  # what is said of all changed
    ):
        since = asked_since(_released(("1.0", (ANALYTICS, MARKETING)), (version, purposes)))
        assert (since["analytics"], since["marketing"]) == (analytics, marketing), version
    steps = _released(("1.0", (ANALYTICS,)), ("2.0", (ANALYTICS, MARKETING)), ("3.0", (narrower, MARKETING)))
    assert asked_since(steps) == {
        NECESSARY.id: unasked,
        "analytics": Asked(3, 0),
        "marketing": Asked(2, 2),
    }


# B09 and B10: no feeling, no reward, no promotion, and no consent by carrying on. The Arabic list says the same.
FORBIDDEN = (
    r"(by|continued).*(us(e|ing)).*(accept|agree|consent)",
    r"we (value|care|respect|love)|best experience|enhance|improve your|enjoy|sorry|unfortunately|\blose\b|miss out"
    r"|recommend|free|reward|discount|delicious|yummy|got it|okay|continu",
    r"أفضل تجربة|نحرص|نهتم|نقدّر|للأسف|نوصي|مجان|خصم|استمرارك|بمتابعة|(باستخدامك|استمرار|متابعة).*(تقبل|توافق|موافق)",
)


def test_no_text_steers_or_takes_carrying_on_for_consent() -> None:
    own = (WIDGET / "own.yaml").read_text("utf-8").partition("\nid:")[2]
    for text in (*(text for texts in TEXTS.values() for text in texts.values()), *own.splitlines()):
        for pattern in FORBIDDEN:
            assert not re.search(pattern, text, re.IGNORECASE), (pattern, text)


def test_automatic_answerers_find_the_words_they_know() -> None:
    english = TEXTS["en"]
    assert (english["title"], english["accept"], english["reject"]) == ("We use cookies", "Accept all", "Reject all")
    refusals = {language: TEXTS[language]["reject"] for language in ("de", "fr", "es")}
    assert refusals == {"de": "Alle ablehnen", "fr": "Tout refuser", "es": "Rechazar todo"}


# The patterns of EasyList's general cookie list (field notes 5.7) that come near what we publish, as it writes them:
# each blocks every address that it is a part of.
BLOCKED = """
-consent-banner. /consent-banner- /consent-manager. /consent.min.js? /consent/message. /cookie-banner /cookie-bar.
/cookie-choices. /cookie-consent. /cookie-consent/* /cookie-notice/* /cookie-policy- /cookie-policy.css
/cookie-policy.js /cookie-policy/* /cookie.json /cookiechoices. /cookieconsent. /cookies-policy/* /cookies-notice/*
/cookies/*/gdpr_ /cookies/*/policy_ /cookies/cookie- /cookies/cookie. /cookies/cookies. /cookies/popup. /gdpr/assets/*
/legal/cookies/? /policies/gdpr. /policyaccept. /privacy-banner. /privacy-consent- /privacy-manager.js
/privacy-modal.js /privacy-policy.js /privacy_policy.js /privacychoices.js /privacyopt.js /privacypolicy.js
"""


def _is_blocked(address: str) -> bool:
    parts = (re.escape(pattern).replace(r"\*", ".*") for pattern in BLOCKED.split())
    return any(re.search(part, address, re.IGNORECASE) for part in parts)


def test_no_published_name_is_on_the_block_lists() -> None:
    assert _is_blocked("/cookie-policy/style.css")
    site = built(on_disk("translated"), drafts=True).files
    names = [f"/{name}" for name in (*site, *banner().files())] + ["/choices", "/choices/lookup", "/choices/erase"]
    assert len(names) > 60
    assert [name for name in names if _is_blocked(name)] == []


def test_no_element_has_a_name_that_lists_hide() -> None:
    ids = set(re.findall(r"(?:id: '|#)([a-z][\w-]+)", "".join(sources().values())))
    assert "preferences-notice" in ids
    assert [name for name in ids if re.search("cookie|consent|gdpr|cmp|banner|privacy", name)] == []


def test_the_banner_declares_what_it_keeps_itself() -> None:
    (necessary,) = (p for p in notice(MARKETING).data["purposes"] if p["id"] == "necessary")
    (own,) = (service for service in necessary["services"] if service["id"] == "preferences")
    code = "".join(text for name, text in sources().items() if name.endswith(".js"))
    assert {item["name"] for item in own["storage"]} == {
        "__Host-preferences",
        "preferences.receipt",
        "preferences.queue",
    }
    assert set(re.findall(r"(?:recall|keep)\('(\w+)'", code)) == {"receipt", "queue"}
    said = [own["provider"], *(text for item in own["storage"] for text in item["lifetime"].values())]
    assert [text for text in said if "{" in text] == []


def test_node_is_only_for_those_who_work_on_the_banner() -> None:
    package = json.loads((Path(__file__).parents[1] / "package.json").read_text("utf-8"))
    assert package["private"] is True
    assert "dependencies" not in package
