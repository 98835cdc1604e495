"""The banners that benchmarks/banners.py measures: ours, those of npm, and a floor that does the least one can.

Each asks about the same two purposes in the same words, as its own papers say it is put on a page, with the gates it
brings, and with the look it comes with. Its configuration is a file of its own and counts.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.browser.sample import ANALYTICS, MARKETING, banner

CACHE = Path(__file__).resolve().parent.parent / ".cache/banners"
PACKAGES = {
    "orejime": "3.2.1",
    "vanilla-cookieconsent": "3.1.0",
    "tarteaucitronjs": "1.34.0",
    "klaro": "0.7.22",
    "@c15t/react": "2.2.1",
    "react": "19",
    "react-dom": "19",
    "esbuild": "0.25",
}
INTRO = "This website belongs to ITSTHS PVT LTD. It needs some cookies to work. With your consent we also use cookies:"
ABOUT = {
    "analytics": ("Analytics", "We count visits to see which pages help."),
    "marketing": ("Marketing", "A partner shows our offers on other sites."),
}
LIST = "".join(f"<li><b>{label}</b> – {text}</li>" for label, text in ABOUT.values())


_FLOOR = """(() => {
const run = () => document.querySelectorAll('script[data-gate]').forEach((gate) => {
  const script = document.createElement('script'); script.src = gate.dataset.src; gate.replaceWith(script); });
if (/floor=1/.test(document.cookie)) return run();
if (/floor=0/.test(document.cookie)) return;
const box = document.createElement('section'); box.id = 'floor';
const choose = (yes) => { document.cookie = `floor=${yes};Max-Age=15552000;Path=/`; box.remove(); if (yes) run(); };
box.append(INTRO);
const list = document.createElement('ul'); box.append(list);
for (const text of ITEMS) { const item = document.createElement('li'); item.append(text); list.append(item); }
[['Reject all', 0], ['Accept all', 1]].forEach(([label, yes]) => { const button = document.createElement('button');
  button.append(label); button.onclick = () => choose(yes); box.append(button); });
const sheet = new CSSStyleSheet(); document.adoptedStyleSheets = [sheet]; sheet.replaceSync(
  '#floor{position:fixed;bottom:0;left:0;right:0;background:#fff;padding:1rem;border-top:1px solid}');
document.body.prepend(box);
})()"""


@dataclass(frozen=True)
class Contender:
    """What is put on the page, and by what names its parts are found."""

    name: str
    files: dict[str, bytes]
    head: str
    gate: Callable[[str], str]  # a script of this purpose that waits
    notice: str
    accept: str
    refuse: str
    settings: str = ""
    layer: str = ""
    back: str = ""  # what brings it back after a choice, without a script of the site's own
    body: str = ""  # what the page holds for that


def contenders() -> list[Contender]:
    """All of them; npm is asked once, and what it gave stays in the cache folder."""
    if not (CACHE / "node_modules").is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        (CACHE / "package.json").write_text('{"private": true}', "utf-8")
        names = [f"{name}@{version}" for name, version in PACKAGES.items()]
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *names], cwd=CACHE, check=True)
    return [ours(), floor(), orejime(), vanilla(), tarteaucitron(), klaro(), c15t()]


def _package(path: str) -> bytes:
    return (CACHE / "node_modules" / path).read_bytes()


def _script(*names: str) -> str:
    return "".join(f'<script src="/{name}" defer></script>' for name in names)


def _style(name: str) -> str:
    return f'<link rel="stylesheet" href="/{name}">'


def ours() -> Contender:
    return Contender(
        "ours",
        dict(banner(ANALYTICS, MARKETING).files()),
        _script("preferences.js"),
        lambda purpose: f'<script type="text/plain" data-purpose="{purpose}" src="/{purpose}.js"></script>',
        "#preferences-notice",
        "#preferences-notice [data-choice=accept]",
        "#preferences-notice [data-choice=reject]",
        "#preferences-notice [data-choice=settings]",
        "#preferences-settings",
        "[data-preferences-open]",
        '<button type="button" data-preferences-open>Cookie settings</button>',
    )


def floor() -> Contender:
    """Words, two buttons, one cookie, a gate. It keeps no other duty."""
    items = [" – ".join(each) for each in ABOUT.values()]
    code = _FLOOR.replace("INTRO", json.dumps(INTRO)).replace("ITEMS", json.dumps(items))
    return Contender(
        "floor",
        {"floor.js": code.encode()},
        _script("floor.js"),
        lambda purpose: f'<script type="text/plain" data-gate data-src="/{purpose}.js"></script>',
        "#floor",
        "#floor button:last-child",
        "#floor button:first-of-type",
    )


def orejime() -> Contender:
    purposes = ", ".join(
        f"{{id: {id_!r}, title: {label!r}, description: {text!r}, cookies: ['usage_id']}}"
        for id_, (label, text) in ABOUT.items()
    )
    setup = f"window.orejimeConfig = {{privacyPolicyUrl: '/privacy-policy/', purposes: [{purposes}]}};"
    return Contender(
        "orejime",
        {
            "setup.js": setup.encode(),
            "orejime.js": _package("orejime/dist/orejime-standard-en.js"),
            "orejime.css": _package("orejime/dist/orejime-standard.css"),
        },
        _style("orejime.css") + _script("setup.js", "orejime.js"),
        lambda purpose: f'<template data-purpose="{purpose}"><script src="/{purpose}.js"></script></template>',
        ".orejime-Banner",
        ".orejime-Banner-saveButton",
        ".orejime-Banner-declineButton",
        ".orejime-Banner-learnMoreButton",
        ".orejime-Modal",
    )


def vanilla() -> Contender:
    categories = ", ".join(f"{id_}: {{autoClear: {{cookies: [{{name: 'usage_id'}}]}}}}" for id_ in ABOUT)
    sections = ", ".join(
        f"{{title: {label!r}, description: {text!r}, linkedCategory: {id_!r}}}" for id_, (label, text) in ABOUT.items()
    )
    buttons = "acceptAllBtn: 'Accept all', acceptNecessaryBtn: 'Reject all'"
    setup = f"""CookieConsent.run({{hideFromBots: false,  // it takes a driven browser for one
categories: {{necessary: {{enabled: true, readOnly: true}}, {categories}}},
language: {{default: 'en', translations: {{en: {{
consentModal: {{title: 'We use cookies', description: {f"{INTRO}<ul>{LIST}</ul>"!r}, {buttons},
showPreferencesBtn: 'Settings', footer: '<a href="/privacy-policy/">Privacy policy</a>'}},
preferencesModal: {{title: 'Cookie settings', {buttons}, savePreferencesBtn: 'Save choices', closeIconLabel: 'Close',
sections: [{sections}]}}}}}}}}}});"""
    return Contender(
        "vanilla-cookieconsent",
        {
            "setup.js": setup.encode(),
            "cookieconsent.js": _package("vanilla-cookieconsent/dist/cookieconsent.umd.js"),
            "cookieconsent.css": _package("vanilla-cookieconsent/dist/cookieconsent.css"),
        },
        _style("cookieconsent.css") + _script("cookieconsent.js", "setup.js"),
        lambda purpose: f'<script type="text/plain" data-category="{purpose}" src="/{purpose}.js"></script>',
        "#cc-main .cm",
        "#cc-main .cm [data-role=all]",
        "#cc-main .cm [data-role=necessary]",
        "#cc-main .cm [data-role=show]",
        "#cc-main .pm",
        "[data-cc=show-preferencesModal]",
        '<button type="button" data-cc="show-preferencesModal">Cookie settings</button>',
    )


def tarteaucitron() -> Contender:
    services = "".join(
        f"""tarteaucitron.services.{id_} = {{key: {id_!r}, type: {kind!r}, name: {label!r}, needConsent: true,
cookies: ['usage_id'], js() {{ tarteaucitron.addScript('/{id_}.js') }}}};
(tarteaucitron.job = tarteaucitron.job || []).push({id_!r});"""
        for (id_, (label, _)), kind in zip(ABOUT.items(), ("analytic", "ads"), strict=True)
    )
    setup = f"""tarteaucitronCustomText = {{middleBarHead: 'We use cookies', alertBigPrivacy: {INTRO!r}}};
tarteaucitron.init({{privacyUrl: '/privacy-policy/', orientation: 'bottom', bodyPosition: 'top', showIcon: true,
DenyAllCta: true, AcceptAllCta: true, highPrivacy: true, mandatory: true, removeCredit: true}});
{services}"""
    root = "tarteaucitronjs"
    kept = ["tarteaucitron.min.js", "tarteaucitron.services.min.js", "css/tarteaucitron.min.css",
            "lang/tarteaucitron.en.min.js", "advertising.min.js"]  # fmt: skip
    return Contender(
        "tarteaucitron",
        {"setup.js": setup.encode(), **{f"tac/{name}": _package(f"{root}/{name}") for name in kept}},
        _script("tac/tarteaucitron.min.js", "setup.js"),
        lambda _: "",
        "#tarteaucitronAlertBig",
        "#tarteaucitronPersonalize2",
        "#tarteaucitronAllDenied2",
        "#tarteaucitronCloseAlert",
        "#tarteaucitron",
        "#tarteaucitronIcon button",
    )


def klaro() -> Contender:
    services = ", ".join(
        f"{{name: {id_!r}, title: {label!r}, purposes: [{id_!r}], cookies: ['usage_id'], "
        f"translations: {{en: {{description: {text!r}}}}}}}"
        for id_, (label, text) in ABOUT.items()
    )
    setup = f"""window.klaroConfig = {{version: 1, lang: 'en', privacyPolicy: '/privacy-policy/', acceptAll: true,
services: [{services}], translations: {{en: {{privacyPolicyUrl: '/privacy-policy/', consentNotice:
{{description: {INTRO + " {purposes}."!r}}}, purposes: {{analytics: 'Analytics', marketing: 'Marketing'}}}}}}}};"""
    return Contender(
        "klaro",
        {"setup.js": setup.encode(), "klaro.js": _package("klaro/dist/klaro.js")},
        _script("setup.js", "klaro.js"),
        lambda id_: (
            f'<script type="text/plain" data-type="text/javascript" data-name="{id_}" data-src="/{id_}.js"></script>'
        ),
        ".klaro .cookie-notice",
        ".klaro .cookie-notice .cm-btn-success",
        ".klaro .cookie-notice .cn-decline",
        ".klaro .cookie-notice .cn-learn-more",
        ".klaro .cookie-modal .cm-modal",
    )


def c15t() -> Contender:
    """It is a library for React: what a site sends is a bundle of its own."""
    entry = CACHE / "c15t.jsx"
    scripts = ", ".join(f"{{id: {id_!r}, src: '/{id_}.js', category: {category!r}}}"
                        for id_, category in (("analytics", "measurement"), ("marketing", "marketing")))  # fmt: skip
    entry.write_text(
        f"""import {{ createElement as el }} from 'react';
import {{ createRoot }} from 'react-dom/client';
import {{ ConsentManagerProvider, ConsentBanner, ConsentDialog, ConsentDialogTrigger }} from '@c15t/react';
import '@c15t/react/styles.css';
const options = {{ mode: 'offline', consentCategories: ['necessary', 'measurement', 'marketing'],
  scripts: [{scripts}], legalLinks: {{ privacyPolicy: {{ href: '/privacy-policy/' }} }} }};
const root = document.body.appendChild(document.createElement('div'));
createRoot(root).render(el(ConsentManagerProvider, {{ options }},
  el(ConsentBanner, {{ title: 'We use cookies', description: {INTRO!r}, legalLinks: ['privacyPolicy'] }}),
  el(ConsentDialog), el(ConsentDialogTrigger)));
""",
        "utf-8",
    )
    options = ["--bundle", "--minify", "--format=iife", '--define:process.env.NODE_ENV="production"', "--outdir=made"]
    subprocess.run([CACHE / "node_modules/.bin/esbuild", entry, *options], cwd=CACHE, check=True, capture_output=True)
    return Contender(
        "c15t",
        {f"c15t.{kind}": (CACHE / f"made/c15t.{kind}").read_bytes() for kind in ("js", "css")},
        _style("c15t.css") + _script("c15t.js"),
        lambda _: "",
        "[data-testid=consent-banner-root]",
        "[data-testid=consent-banner-accept-button]",
        "[data-testid=consent-banner-reject-button]",
        "[data-testid=consent-banner-customize-button]",
        "[data-testid=consent-dialog-root]",
        "[data-c15t-trigger]",
    )
