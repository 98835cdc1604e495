"""The developers' pages: each shows one feature of the banner at work, where the declaration has what it shows.

They are in English, and the browser tests visit them:
/demo/  /demo/embeds/  /demo/services/  /demo/signals/  /demo/again/  /demo/interface/  /demo/single-page/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from generator.library import Library
from generator.pages import Page, purpose_told
from generator.render import Renderer

# Template, title, and the fact without which there is nothing to show.
_SHOWN = (
    ("scripts", "Scripts and templates that wait", "purpose"),
    ("embeds", "Embeds that wait", "embed"),
    ("services", "Services answered one by one", "services"),
    ("signals", "Signals to other tags, and from the browser", "signals"),
    ("again", "Asking again", "since"),
    ("interface", "What a page can ask of the banner", "purpose"),
    ("single-page", "Pages that change without loading", "purpose"),
)


def make(library: Library, renderer_for: Callable[[str], Renderer]) -> Iterator[Page]:
    if not library.notice or not library.site.demo:
        return
    facts = _facts(library, library.notice.data)
    shown = [(_path(name), name, title) for name, title, fact in _SHOWN if facts[fact]]
    listed = [(path, title) for path, _, title in shown]
    for path, name, title in shown:
        yield Page(path, f"demo_{name}.html", title, "en", {"demo": {**facts, "pages": listed}}, indexed=False)


def _path(name: str) -> str:
    return "/demo/" if name == "scripts" else f"/demo/{name}/"


def _facts(library: Library, data: Mapping[str, Any]) -> dict[str, Any]:
    asking = [purpose for purpose in data["purposes"] if purpose["basis"] == "consent"]
    services = [(purpose, service) for purpose in asking for service in purpose["services"]]
    embeds = ({"purpose": p["id"], "service": service["id"]} for p, service in services if service.get("embedded"))
    told = [purpose_told(purpose, data["language"]) for purpose in asking]
    return {
        "purpose": next(iter(told), None),
        "embed": next(embeds, None),
        "services": next((purpose for purpose in told if len(purpose["services"]) > 1), None),
        "signals": sorted({signal for purpose in asking for signal in purpose["signals"]}),
        "since": _first_versions(library),
    }


def _first_versions(library: Library) -> dict[str, str] | None:
    """As the banner's cookie names them: 1-0."""
    assert library.site.consent
    texts, notices = library.policy(library.site.consent.policy).releases, list(library.notices.released)
    if not texts or not notices:
        return None
    return {"notice": str(notices[0]).replace(".", "-"), "policy": texts[0].label.replace(".", "-")}
