"""A real Chromium, and pages that remember what went wrong and what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

from .sample import banner
from .serving import Site, serve

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.test 127.0.0.1,MAP *.com.pk 127.0.0.1",
]
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"

# Runs before every page: a violation of the Content Security Policy is reported to the test as it happens.
_WATCH = """addEventListener('securitypolicyviolation',
  (e) => reportViolation(`${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`))"""


@dataclass
class Seen:
    """What a context's pages did: console errors and warnings, uncaught errors, violations, requested addresses."""

    console: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def trouble(self) -> list[str]:
        """Everything that should be empty after a visit."""
        return [*self.console, *self.errors, *self.violations]


@dataclass
class Visit:
    """A page in a fresh browser profile, and what it did."""

    page: Page
    seen: Seen

    @property
    def context(self) -> BrowserContext:
        return self.page.context


# Not of the session: while it is open, its event loop counts as running, and no other test could start one.
@pytest.fixture(scope="package")
def driver() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def chromium(driver: Playwright) -> Iterator[Browser]:
    browser = launch(driver)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def remembering_chromium(driver: Playwright) -> Iterator[Browser]:
    """One that keeps pages in its back-forward cache, as visitors' browsers do and Playwright's does not."""
    browser = launch(driver, ignore_default_args=["--disable-back-forward-cache"])
    yield browser
    browser.close()


def launch(driver: Playwright, **options: Any) -> Browser:
    return driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, headless=True, **options)


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """Call it for a page in a fresh profile; options are those of `Browser.new_context`, and `browser`."""
    contexts: list[BrowserContext] = []

    def open_page(browser: Browser = chromium, **options: Any) -> Visit:
        context = browser.new_context(**options)
        contexts.append(context)
        seen = _watch(context)
        page = context.new_page()
        page.set_default_timeout(5000)
        return Visit(page, seen)

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(visit: Callable[..., Visit]) -> Page:
    return visit().page


@pytest.fixture
def site() -> Iterator[Site]:
    """A served site with the banner of `sample` at /preferences.js, under the strict policy."""
    site = Site()
    site.put_banner(banner())
    server = serve(site)
    yield site
    site.release.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core. It belongs to the tests' Node packages, and nobody may skip it."""
    if not AXE.is_file():
        pytest.fail("axe-core is missing: run `npm ci` in the repository")
    return AXE.read_text("utf-8")


def _watch(context: BrowserContext) -> Seen:
    seen = Seen()
    context.expose_binding("reportViolation", lambda _source, text: seen.violations.append(text))
    context.add_init_script(_WATCH)
    context.on("console", lambda message: _note(seen, message))
    context.on("weberror", lambda error: seen.errors.append(str(error.error)))
    context.on("request", lambda request: seen.requests.append(request.url))
    return seen


def _note(seen: Seen, message: ConsoleMessage) -> None:
    if message.type in ("error", "warning"):
        seen.console.append(f"{message.text} ({message.location.get('url', '')})")
