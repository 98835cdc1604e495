"""The script as bytes: reproducible, safe to embed, complete, its words lawful (B09, B10, B11, V12, X20)."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.banner import SCRIPTS, STYLE, script, stylesheet, words_used
from generator.errors import SourceError

from .browser.sample import ANALYTICS, MARKETING, POLICY, WIDGET, banner, notice, renamed_banner, sources

TEXTS: dict[str, dict[str, str]] = {
    path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted((WIDGET / "texts").glob("*.yaml"))
}
PLACEHOLDER = re.compile(r"\{\w+\}")


def test_the_same_declaration_gives_the_same_bytes() -> None:
    assert banner().content == banner().content
    assert banner(receiver="/a").content != banner(receiver="/b").content


def test_the_digests_are_those_of_the_bytes() -> None:
    made = banner()
    assert made.name == "preferences.js"
    assert made.sha256 == hashlib.sha256(made.content).hexdigest()
    sha384 = base64.b64encode(hashlib.sha384(made.content).digest()).decode()
    assert made.integrity == f"sha384-{sha384}"


def test_the_script_is_told_which_languages_run_from_right_to_left() -> None:
    assert '"rtl":["ar"]' in banner().content.decode()
    assert '"rtl":["ar-SA","yi"]' in renamed_banner(ar="ar-SA", en="yi").content.decode()


def test_the_words_come_out_right_under_any_charset_and_inline() -> None:
    odd = json.loads(json.dumps(notice(ANALYTICS).data).replace("Analytics", "</script><!--\u2028“a”"))
    made = script(odd, "0" * 64, POLICY, sources(), receiver=None)
    text = made.content.decode("ascii")
    assert "</script" not in text
    assert "<!--" not in text
    assert "\\u003c/script>\\u003c!--\\u2028\\u201ca\\u201d" in text


def test_every_file_of_the_widget_is_in_the_script() -> None:
    assert {*SCRIPTS, STYLE} == sources().keys()


def test_nothing_in_the_script_needs_a_looser_policy() -> None:
    text = banner().content.decode()
    for word in ("eval(", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "new Function", "onclick"):
        assert word not in text, word
    assert "setAttribute('style'" not in text


def test_the_script_knows_only_what_a_visitor_may_know() -> None:
    assert "info@example.com" not in banner().content.decode()


def test_a_text_that_the_notice_lacks_is_named() -> None:
    data: dict[str, Any] = notice(ANALYTICS).data
    del data["texts"]["ar"]["reject"]
    with pytest.raises(SourceError) as caught:
        script(data, "0" * 64, POLICY, sources(), receiver=None)
    assert [str(problem) for problem in caught.value.problems] == [
        "content/notice/releases/1.0.json: banner-text-missing: "
        "the banner says 'reject', and the notice has no such text in 'ar'"
    ]


def test_the_stylesheet_leaves_the_page_no_say() -> None:
    css = stylesheet("@media (min-width:1em){#a:is(b){color:red;margin:0 1px}}#b{--x:var(--y,#fff)}")
    assert css == (
        "@media (min-width:1em){#a:is(b){color:red!important;margin:0 1px!important}}#b{--x:var(--y,#fff)!important}"
    )
    whole = stylesheet((WIDGET / STYLE).read_text("utf-8"))
    declarations = re.findall(r"[{;]([\w-]+:[^{};]+)(?=[;}])", whole)
    assert len(declarations) > 100
    assert [found for found in declarations if not found.endswith("!important")] == []


def test_every_language_says_everything_and_nothing_else() -> None:
    assert words_used(sources()) == TEXTS["en"].keys()
    for language, texts in TEXTS.items():
        assert texts.keys() == TEXTS["en"].keys(), language
        for key, text in texts.items():
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(TEXTS["en"][key])), key
            assert text == text.strip() != "", key


# B09 and B10: no feeling, no reward, no promotion, and no consent by carrying on. The Arabic list says the same.
FORBIDDEN = (
    r"(by|continued).*(us(e|ing)).*(accept|agree|consent)",
    r"we (value|care|respect|love)|best experience|enhance|improve your|enjoy|sorry|unfortunately|\blose\b|miss out"
    r"|recommend|free|reward|discount|delicious|yummy|got it|okay|continu",
    r"أفضل تجربة|نحرص|نهتم|نقدّر|للأسف|نوصي|مجان|خصم|استمرارك|بمتابعة|(باستخدامك|استمرار|متابعة).*(تقبل|توافق|موافق)",
)


def test_no_text_steers_or_takes_carrying_on_for_consent() -> None:
    own = (WIDGET / "own.yaml").read_text("utf-8").partition("\nid:")[2]
    for text in (*TEXTS["en"].values(), *TEXTS["ar"].values(), *own.splitlines()):
        for pattern in FORBIDDEN:
            assert not re.search(pattern, text, re.IGNORECASE), (pattern, text)


def test_automatic_answerers_find_the_words_they_know() -> None:
    english = TEXTS["en"]
    assert (english["title"], english["accept"], english["reject"]) == ("We use cookies", "Accept all", "Reject all")


# Patterns of the general cookie-banner block lists, as far as field notes 5.7 names them.
BLOCKED = (
    "cookie-consent|cookieconsent|consent-manager|consent-banner|privacy-banner|privacy-policy.js|cookie-policy|gdpr"
)


def test_no_published_name_is_on_the_block_lists() -> None:
    names = [banner().name, *re.findall(r"#(preferences-[\w-]+)", (WIDGET / STYLE).read_text("utf-8"))]
    assert len(names) > 3
    assert [name for name in names if re.search(BLOCKED, name)] == []


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
