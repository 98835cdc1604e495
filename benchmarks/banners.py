"""The banner beside others, in one Chromium, on one page: a table in Markdown, one column each.

    .venv/bin/pip install -c constraints.txt -e '.[test]'
    .venv/bin/python benchmarks/banners.py [--rounds N] [--only NAME…]

npm fetches the others into .cache/banners (contenders.py). Figures are medians of rounds in which everybody has a turn,
each in a fresh profile with an empty cache; run it on a machine that does nothing else.

- *Bytes* are what a first visit loads beside the page's own, each file at brotli 11: scripts, styles, configuration.
- *Script* and *main thread* are Chromium's own counters (ScriptDuration, TaskDuration; in time of the thread, which
  other work on the machine does not lengthen) from the start of a visit until half a second after the banner is seen,
  the processor slowed 4 times, less what the bare page needed in the same round.
- *Visible* and *usable* are on 1.6 Mbit/s and 150 ms, the processor slowed 4 times: the first frame in which the button
  that refuses has its full opacity within the window, and the first in which it is also on top and nothing moves.
- A *duty* is tried, not read in anybody's papers: what cannot be shown here counts as not kept.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from typing import Any

import brotli
from contenders import Contender, contenders
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.conftest import AXE, launch
from tests.browser.pages import STYLE, furnish, page
from tests.browser.serving import STRICT, Handler, Site, serve

PURPOSES = ("analytics", "marketing")
SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
OWN = {"/", "/style.css", "/icon.svg", *(f"/{purpose}.js" for purpose in PURPOSES)}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
KINDS = {"js": "text/javascript", "css": "text/css"}
BARE = Contender("bare page", {}, "", lambda _: "", "h1", "h1", "h1")

# Looks at each frame for the button that refuses, as a visitor would.
_WATCH = """(() => {
  const seen = (window.seen = { shift: 0 });
  const note = (type, act) =>
    new PerformanceObserver((list) => list.getEntries().forEach(act)).observe({ type, buffered: true });
  note('layout-shift', (entry) => { seen.shift += entry.value; });
  note('largest-contentful-paint', (entry) => { seen.lcp = entry.startTime; });
  const opaque = (at) => !at || (+getComputedStyle(at).opacity === 1 && opaque(at.parentElement));
  const look = () => {
    requestAnimationFrame(look);
    const button = document.querySelector(%s);
    if (!button || seen.usable) return;
    const box = button.getBoundingClientRect();
    const within = box.width && box.bottom <= innerHeight && box.right <= innerWidth && box.top >= 0;
    if (!within || getComputedStyle(button).visibility !== 'visible' || !opaque(button)) return;
    seen.visible ??= performance.now();
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const moves = document.getAnimations().some((each) => each.playState === 'running');
    if (button.contains(top) && !moves) seen.usable = performance.now();
  };
  look();
})()"""
_WEIGHT = """(button) => {
  const style = getComputedStyle(button), box = button.getBoundingClientRect();
  const names = ['color', 'background-color', 'background-image', 'border-top-color', 'border-top-width', 'font-size',
    'font-weight', 'text-decoration-line', 'opacity', 'box-shadow'];
  return [button.tagName, Math.round(box.height / 3), ...names.map((name) => style.getPropertyValue(name))].join();
}"""
_STORED = """async () => [document.cookie && 'a cookie', localStorage.length && 'localStorage',
  sessionStorage.length && 'sessionStorage', (await indexedDB.databases()).length && 'a database'].filter(Boolean)"""
_AXE = """async (tags) => (await axe.run(document, {
  runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] })).violations.map((rule) => rule.id)"""
# As on most pages, the largest thing is the page's own, so that its paint tells what a banner costs it.
_LEAD = f"<p class='lead'>{'What a page has to say to its readers before anything else. ' * 8}</p>"
_FOOTER = '<footer><button type="button" data-preferences-open>Cookie settings</button></footer>'
_GPC = "Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })"


class Compressed(Handler):
    """As a site is served: everything at brotli 11."""

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        small = _compressed(body)
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Encoding", "br"), ("Content-Length", str(len(small)))):
            self.send_header(name, value)
        if self.site.csp:
            self.send_header("Content-Security-Policy", self.site.csp)
        self.end_headers()
        self.wfile.write(small)


@cache
def _compressed(body: bytes) -> bytes:
    small: bytes = brotli.compress(body, quality=11)
    return small


class Bench:
    """A browser, and a server for each contender."""

    def __init__(self, browser: Browser, entrants: Sequence[Contender]) -> None:
        self.browser = browser
        self.sites = {contender.name: _site(contender) for contender in (BARE, *entrants)}

    @contextmanager
    def context(self, **options: Any) -> Iterator[BrowserContext]:
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        try:
            yield context
        finally:
            context.close()

    def visit(self, context: BrowserContext, contender: Contender) -> Page:
        """Until the banner is there and has come to rest."""
        visited = context.new_page()
        visited.goto(self.sites[contender.name].url())
        visited.wait_for_selector(contender.refuse, timeout=20_000)
        visited.wait_for_timeout(500)
        return visited

    def work(self, contender: Contender) -> dict[str, float]:
        with self.context() as context:
            visited = context.new_page()
            wire = context.new_cdp_session(visited)
            wire.send("Performance.enable", {"timeDomain": "threadTicks"})  # not the time that others had the processor
            wire.send("Emulation.setCPUThrottlingRate", {"rate": 4})
            visited.goto(self.sites[contender.name].url())
            visited.wait_for_selector(contender.refuse, timeout=20_000)
            visited.wait_for_timeout(500)
            told = {each["name"]: each["value"] for each in wire.send("Performance.getMetrics")["metrics"]}
        return {"script": told["ScriptDuration"] * 1000, "thread": told["TaskDuration"] * 1000}

    def arrival(self, contender: Contender) -> dict[str, float]:
        with self.context(viewport={"width": 412, "height": 732}) as context:
            visited = context.new_page()
            visited.add_init_script(_WATCH % json.dumps(contender.refuse))
            wire = context.new_cdp_session(visited)
            wire.send("Network.enable")
            wire.send("Network.emulateNetworkConditions", SLOW_4G)
            wire.send("Emulation.setCPUThrottlingRate", {"rate": 4})
            visited.goto(self.sites[contender.name].url())
            visited.wait_for_function("() => seen.usable && seen.lcp", timeout=30_000)
            visited.wait_for_timeout(300)
            found: dict[str, float] = visited.evaluate("() => seen")
        return found

    def weigh(self, contender: Contender) -> tuple[int, int]:
        """Bytes and requests of a first visit."""
        asked = self._asked(contender)
        files = self.sites[contender.name].files
        return sum(len(_compressed(files[path.partition("?")[0]][1])) for path in asked), len(asked)

    def _asked(self, contender: Contender) -> list[str]:
        site = self.sites[contender.name]
        site.requests.clear()
        with self.context() as context:
            self.visit(context, contender)
        return [path for path in site.requests if path not in OWN]

    def stored(self, contender: Contender) -> str:
        with self.context() as context:
            found = self.visit(context, contender).evaluate(_STORED)
        return ", ".join(found) or "nothing"

    def weight(self, contender: Contender) -> str:
        with self.context() as context:
            visited = self.visit(context, contender)
            looks = [visited.locator(each).first.evaluate(_WEIGHT) for each in (contender.accept, contender.refuse)]
            for each in (contender.accept, contender.refuse):
                visited.locator(each).first.click(trial=True)  # on the first layer, and nothing over it
        return "1 click each, equal" if looks[0] == looks[1] else "1 click each, **not equal**"

    def axe(self, contender: Contender) -> str:
        """Broken rules on the first layer and on the second, on a telephone and on a desk."""
        found: set[str] = set()
        for width, height in ((412, 732), (1280, 800)):
            with self.context(viewport={"width": width, "height": height}) as context:
                visited = self.visit(context, contender)
                visited.evaluate(AXE.read_text("utf-8"))
                found.update(visited.evaluate(_AXE, TAGS))
                if contender.layer:
                    visited.locator(contender.settings).first.click()
                    visited.wait_for_selector(contender.layer)
                    visited.wait_for_timeout(500)
                    found.update(visited.evaluate(_AXE, TAGS))
        return f"{len(found)} ({', '.join(sorted(found))})" if found else "0"

    def tabs(self, contender: Contender) -> str:
        """How many Tabs lead to every button of the first layer."""
        wanted = [each for each in (contender.accept, contender.refuse, contender.settings) if each]
        with self.context() as context:
            visited = self.visit(context, contender)
            for count in range(1, 41):
                visited.keyboard.press("Tab")
                at = "(all) => all.filter((each) => document.activeElement.matches(each))"
                wanted = [each for each in wanted if each not in visited.evaluate(at, wanted)]
                if not wanted:
                    return str(count)
        return "**never**"

    def focus(self, contender: Contender) -> str:
        with self.context() as context:
            visited = self.visit(context, contender)
            visited.locator(contender.refuse).first.focus()
            visited.keyboard.press("Enter")
            visited.wait_for_timeout(700)
            found: str = visited.evaluate("() => document.activeElement?.tagName.toLowerCase() ?? 'body'")
        return found

    def strict(self, contender: Contender) -> str:
        """Under our own policy, which has neither inline style nor inline script, with Trusted Types."""
        site, broken = self.sites[contender.name], list[str]()
        site.csp = STRICT
        try:
            with self.context() as context:
                context.expose_binding("note", lambda _, text: broken.append(text))
                watch = "addEventListener('securitypolicyviolation', (e) => note(e.effectiveDirective))"
                context.add_init_script(watch)
                visited = context.new_page()
                visited.goto(site.url())
                visited.wait_for_timeout(1500)
                shown = visited.locator(contender.refuse).first
                stands = shown.count() and shown.is_visible()
                if stands:
                    visited.locator(contender.accept).first.click()
                    visited.wait_for_timeout(700)
                    stands = bool(visited.evaluate("() => window.ran?.length"))
        finally:
            site.csp = ""
        faults = ", ".join(sorted(set(broken)))
        return "passes" if stands and not broken else f"**fails** ({faults or 'what waits does not run'})"

    def gpc(self, contender: Contender) -> str:
        """Honoured: what is for marketing does not run, even after all is accepted without a word on the signal."""
        with self.context() as context:
            context.add_init_script(_GPC)
            visited = self.visit(context, contender)
            said = "Global Privacy Control" in visited.locator(contender.notice).first.inner_text()
            visited.locator(contender.accept).first.click()
            visited.wait_for_timeout(500)
            ran = visited.evaluate("() => window.ran ?? []")
        return "honoured and said" if said and "marketing" not in ran else "**no**"

    def back(self, contender: Contender) -> str:
        with self.context() as context:
            visited = self.visit(context, contender)
            visited.locator(contender.refuse).first.click()
            visited.reload()
            visited.wait_for_timeout(700)
            if not contender.back:
                return "**no**: the site writes one"
            visited.locator(contender.back).first.click()
            visited.wait_for_selector(contender.layer)
        return "yes"


def _site(contender: Contender) -> Site:
    site = Site(csp="")
    server = serve(site)
    server.RequestHandlerClass = type("Bound", (Compressed,), {"site": site})
    furnish(site)
    site.put("/style.css", f"{STYLE} .lead {{ font-size: 1.5em }}", "text/css")
    for name, content in contender.files.items():
        site.put(f"/{name}", content, KINDS.get(name.rpartition(".")[2], "text/plain"))
    for purpose in PURPOSES:
        site.put_script(f"/{purpose}.js", f"(window.ran ??= []).push({purpose!r});")
    body = _LEAD + "".join(map(contender.gate, PURPOSES)) + contender.body
    # The page's own way back is ours, and would be a control that does nothing for anybody else.
    site.put("/", page(body, head=contender.head, scripts="").replace(_FOOTER, ""))
    return site


def _duties(bench: Bench) -> dict[str, Callable[[Contender], str]]:
    return {
        "stored before a choice": bench.stored,
        "accept and refuse": bench.weight,
        "axe, both layers, 412 and 1280 px": bench.axe,
        "Tabs to every button": bench.tabs,
        "focus after the choice": bench.focus,
        "strict CSP and Trusted Types": bench.strict,
        "Global Privacy Control": bench.gpc,
        "a control that brings it back": bench.back,
    }


def _figures(bench: Bench, entrants: Sequence[Contender], rounds: int) -> dict[str, list[str]]:
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(rounds):
        for contender in (BARE, *entrants):
            for name, value in {**bench.work(contender), **bench.arrival(contender)}.items():
                found[contender.name][name].append(value)
    rows: dict[str, list[str]] = defaultdict(list)
    for contender in entrants:
        it = found[contender.name]
        above = {key: _middle(it[key], found[BARE.name][key]) for key in ("script", "thread", "lcp")}
        less = sum(mine < other for mine, other in zip(found["ours"]["script"], it["script"], strict=True))
        rows["script, ms"].append(f"{above['script']:.0f}")
        rows["rounds in which ours needs less script"].append("" if contender.name == "ours" else f"{less} of {rounds}")
        rows["main thread above the bare page, ms"].append(f"{above['thread']:+.0f}")
        rows["visible on slow 4G, ms"].append(f"{statistics.median(it['visible']):.0f}")
        rows["usable after that, ms"].append(f"{_middle(it['usable'], it['visible']):.0f}")
        rows["largest paint above the bare page, ms"].append(f"{above['lcp']:+.0f}")
        rows["layout shift"].append(f"{max(it['shift']):.3f}")
    return rows


def _middle(those: Sequence[float], these: Sequence[float]) -> float:
    """The median of what the rounds of one have over the same rounds of the other."""
    return statistics.median(one - other for one, other in zip(those, these, strict=True))


def _table(bench: Bench, entrants: Sequence[Contender], rounds: int) -> Iterator[str]:
    weighed = [bench.weigh(contender) for contender in entrants]
    rows = {
        "first visit, kB": [f"{size / 1000:.1f}" for size, _ in weighed],
        "requests": [str(count) for _, count in weighed],
        **(_figures(bench, entrants, rounds) if rounds else {}),
        **{name: [_tried(act, contender) for contender in entrants] for name, act in _duties(bench).items()},
    }
    yield "| | " + " | ".join(contender.name for contender in entrants) + " |"
    yield "|---" * (len(entrants) + 1) + "|"
    yield from (f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows.items())


def _tried(act: Callable[[Contender], str], contender: Contender) -> str:
    try:
        return act(contender)
    except Exception as error:  # one that breaks is told, and the others go on
        return f"**broke**: {str(error).splitlines()[0]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="of these beside ours")
    options = parser.parse_args()
    entrants = [each for each in contenders() if not options.only or each.name in ("ours", *options.only)]
    with sync_playwright() as driver:
        browser = launch(driver)
        load = f"{os.getloadavg()[0]:.1f} others at work"
        print(f"{date.today()}, Chromium {browser.version}, {_machine()}, {load}, {options.rounds} rounds\n")
        print(*_table(Bench(browser, entrants), entrants, options.rounds), sep="\n")


def _machine() -> str:
    cores = subprocess.run(["nproc"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{platform.system()} {platform.machine()}, {cores} cores"


if __name__ == "__main__":
    main()
