"""Programs that answer for their users can answer this banner: by what they know of banners in general, and by the
rules that the program ships (field notes 5.7)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckduckgo_autoconsent
import pytest

import generator
from generator.banner import Banner

from .conftest import Visit
from .notice_page import NoticePage
from .pages import furnish, gated
from .sample import WIDGET, banner_in
from .serving import Site

Open = Callable[..., Visit]
RULES = Path(generator.__file__).parent / "rules"
# The last line of DuckDuckGo's program without dependencies; until version 16 it ran Consent-O-Matic's rules too.
EARLIER = Path(__file__).parents[2] / "node_modules/@duckduckgo/autoconsent/dist/autoconsent.playwright.js"
ROUNDS = 3
SHIPPED = sorted(path.stem for path in WIDGET.glob("texts/*.yaml"))

# Stands for the browser around a content script: it sends the configuration, and keeps what it is told.
_BROWSER = """window.told = [];
window.autoconsentSendMessage = async (message) => {
  told.push(message);
  if (message.type === 'init') await null, autoconsentReceiveMessage({ type: 'initResp', ...%s });
  if (message.type === 'optOutResult' && message.scheduleSelfTest) autoconsentReceiveMessage({ type: 'selfTest' });
};
"""
_ANSWERED = """() => {
  const acted = told.find(({ type }) => type === 'optOutResult' || type === 'optInResult');
  const tested = told.find(({ type }) => type === 'selfTestResult');
  return (tested || !acted?.scheduleSelfTest) && acted && { cmp: acted.cmp, result: (tested ?? acted).result };
}"""


def _rule(name: str) -> Any:
    return json.loads((RULES / f"{name}.json").read_text("utf-8"))


def _answers(
    visit: Open, site: Site, banner: Banner, program: str, rounds: int = ROUNDS, **told: Any
) -> list[dict[str, Any]]:
    """What the program did for visitors of a page with this banner, each with a fresh profile, all at one time."""
    site.put_banner(banner)
    furnish(site, gated("a"), language=banner.language)
    pages = [visit().page for _ in range(rounds)]
    for page in pages:
        page.add_init_script(_BROWSER % json.dumps(told) + program)
        page.goto(site.url())
    answers = []
    for page in pages:
        answers.append(page.wait_for_function(_ANSWERED, timeout=20_000).json_value())
        page.wait_for_function("() => document.cookie.includes('preferences=1') && !localStorage['preferences.queue']")
        answers[-1]["purposes"] = NoticePage(page).purposes()
    return answers


REFUSED = {"analytics": False, "marketing": False, "video": False}


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_duckduckgos_heuristic_opts_out_in_the_languages_it_knows(visit: Open, site: Site, language: str) -> None:
    # None of its thousand rules takes this banner for another; to load them once is enough.
    rules = json.loads(duckduckgo_autoconsent.rules_json()) if language == "en" else []
    _assert_heuristic_refuses(visit, site, banner_in(language), rules)


# It knows more languages than the program ships. These words of a site's own are in its list.
_OWN = {
    "it": ("Usiamo i cookie", "Rifiuta tutto"),
    "pt": ("Utilizamos cookies", "Rejeitar tudo"),
    "nl": ("Wij gebruiken cookies", "Alles weigeren"),
    "pl": ("Używamy plików cookie", "Odrzuć wszystkie"),
    "ja": ("Cookieを使用しています", "すべて拒否"),
}


@pytest.mark.parametrize(("language", "words"), _OWN.items(), ids=_OWN)
def test_it_opts_out_in_words_of_a_sites_own(visit: Open, site: Site, language: str, words: tuple[str, str]) -> None:
    title, reject = words
    banner = banner_in(language, title=title, reject=reject, accept="✓", settings="…", intro="{controller}")
    _assert_heuristic_refuses(visit, site, banner, [])


def _assert_heuristic_refuses(visit: Open, site: Site, banner: Banner, rules: list[Any]) -> None:
    told: dict[str, Any] = {"config": {"heuristicMode": "reject"}, "rules": {"autoconsent": rules}}
    found = _answers(visit, site, banner, duckduckgo_autoconsent.bundle(), **told)
    assert found == [{"cmp": "HEURISTIC-REJECT", "result": True, "purposes": REFUSED}] * ROUNDS
    assert [event["event_type"] for event in site.events] == ["refused"] * ROUNDS


@pytest.mark.parametrize("language", SHIPPED)
def test_our_rule_opts_out_in_every_language(visit: Open, site: Site, language: str) -> None:
    rules = {"autoconsent": [_rule("autoconsent")]}
    found = _answers(visit, site, banner_in(language), duckduckgo_autoconsent.bundle(), config={}, rules=rules)
    assert found == [{"cmp": "policy-publisher", "result": True, "purposes": REFUSED}] * ROUNDS
    assert [event["event_type"] for event in site.events] == ["refused"] * ROUNDS


@pytest.mark.parametrize("action", ["optOut", "optIn"])
def test_consent_o_matics_rule_answers_purpose_by_purpose(visit: Open, site: Site, action: str) -> None:
    config = {"enabled": True, "autoAction": action, "detectRetries": 20}
    told: dict[str, Any] = {"config": config, "rules": {"consentomatic": _rule("consent-o-matic"), "autoconsent": []}}
    found = _answers(visit, site, banner_in("ur"), EARLIER.read_text("utf-8"), 1, **told)
    granted = dict.fromkeys(REFUSED, action == "optIn")
    assert found == [{"cmp": "com_policy-publisher", "result": True, "purposes": granted}]
    assert [event["method"] for event in site.events] == ["settings.save"]
