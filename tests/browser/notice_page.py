"""The banner as a visitor meets it: every test, and no test but this file, knows its hooks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from playwright.sync_api import Locator, Page

Choice = Literal["accept", "reject", "settings", "save"]
Probe = dict[str, Any]

# What a visit has left in the browser, whichever door it came through.
_STORED = """() => ({
  cookies: document.cookie,
  local: {...localStorage},
  session: {...sessionStorage},
})"""


_DELIVERED = "() => !localStorage['preferences.queue']"


class NoticePage:
    """A page with the banner on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.notice = page.locator("#preferences-notice")
        self.settings = page.locator("#preferences-settings")
        self.status = page.locator("#preferences-status")

    def open(self, url: str) -> NoticePage:
        self.page.goto(url)
        return self

    def button(self, choice: Choice, layer: Locator | None = None) -> Locator:
        return (layer or self.notice).locator(f"button[data-choice={choice}]")

    def accept(self) -> None:
        self.button("accept").click()

    def reject(self) -> None:
        self.button("reject").click()

    def open_settings(self) -> None:
        """By the first layer if it is shown, else by the page's own link."""
        way = self.button("settings") if self.notice.is_visible() else self.opener
        way.click()
        self.settings.wait_for()

    @property
    def opener(self) -> Locator:
        return self.page.locator("[data-preferences-open]").first

    def control(self, purpose: str) -> Locator:
        return self.settings.locator(f"input[type=checkbox][data-purpose={purpose}]")

    def save(self, **answers: bool) -> None:
        """Set these purposes in the open settings layer, and save."""
        for purpose, granted in answers.items():
            self.control(purpose).set_checked(granted)
        self.button("save", self.settings).click()

    @contextmanager
    def posted(self) -> Iterator[None]:
        """What is done inside posts a choice; afterwards the page has taken in a final answer."""
        with self.page.expect_response("**/choices"):
            yield
        self.page.wait_for_function(_DELIVERED)  # alone it would also hold before the choice was queued

    def stored(self) -> Probe:
        found: Probe = self.page.evaluate(_STORED)
        return found

    def receipt(self) -> Probe | None:
        """What localStorage keeps of a consent: secret, reference, last record, receipt."""
        kept: Probe | None = json.loads(self.stored()["local"].get("preferences.receipt", "null"))
        return kept

    def waiting(self) -> list[Probe]:
        """The events that wait to be delivered, oldest first."""
        queue: list[Probe] = json.loads(self.stored()["local"].get("preferences.queue", "[]"))
        return [item["event"] for item in queue]

    def purposes(self) -> dict[str, bool]:
        state: dict[str, bool] = self.page.evaluate("() => ({...preferences.get().purposes})")
        return state

    def ran(self) -> list[str]:
        """What the page's own scripts have noted in `window.ran`."""
        names: list[str] = self.page.evaluate("() => window.ran ?? []")
        return names
