"""The build as a list of stages: (sources, today) -> {path: bytes} and problems. It reads and writes nothing else.

Same sources and day, same bytes (V12), so a check is a build without a write and a test compares dictionaries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from generator import banner, compare, config, consent, demo, faults, feeds, library, lint, pages, since, words
from generator.banner import Banner, PolicyInForce
from generator.config import Site
from generator.errors import Problem
from generator.library import Library, Policy
from generator.pages import Page
from generator.render import Renderer
from generator.sources import Sources
from generator.templates import Templates

_TOLD = ("kind", "path", "title", "description", "language", "dir", "languages", "robots", "feed")  # of a page


CHECKPOINT = "checkpoint.txt"


@dataclass(frozen=True, slots=True)
class Built:
    """A built site: every file by its path, and what a reader of the build should know."""

    files: Mapping[str, bytes]
    problems: tuple[Problem, ...]
    library: Library
    pages: tuple[Page, ...]


def build(
    sources: Sources,
    *,
    today: date,
    drafts: bool = False,
    receiver: str | None = None,
    checkpoint: bytes | None = None,
) -> Built:
    """The whole site; SourceError or FrozenTextChanged where it cannot be built.

    `receiver` takes the place of the one that site.yaml names: a preview must not post to production. `checkpoint` is
    the ledger's, to be published with it.
    """
    loaded = load(sources, today=today, drafts=drafts)
    problems = lint.run(loaded)
    static = tuple(_static_files(sources.static))
    assets = {name: address for name, address, _ in static}
    script = _banner(loaded, sources, receiver)
    renderer_for = _renderers(sources.templates)  # one for pages and copies: a text is rendered once for both
    steps = (pages.make, compare.make, since.make, demo.make)
    made = tuple(page for step in steps for page in step(loaded, renderer_for))
    files = {
        **{address.lstrip("/"): content for _, address, content in static},
        **(script.files() if script else {}),
        **_render(loaded, made, Templates(sources.templates, assets), script),
        **_copies(loaded, renderer_for),
        **feeds.notices(loaded),
        "sitemap.xml": feeds.sitemap(loaded, made),
        **({CHECKPOINT: checkpoint} if checkpoint else {}),
    }
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    files["manifest.json"] = feeds.manifest(digests, loaded)
    return Built(files, (*problems, *faults.found(loaded, files)), loaded, made)


def load(sources: Sources, *, today: date, drafts: bool = False) -> Library:
    """The site's library without building it."""
    return library.load(config.load(sources.site), sources, today=today, drafts=drafts)


def _static_files(static: Mapping[str, bytes]) -> Iterator[tuple[str, str, bytes]]:
    """Name, address and content of every static file. Styles and scripts are named by their content."""
    for name, content in static.items():
        path = PurePosixPath(name)
        if path.suffix in (".css", ".js"):
            name = str(path.with_name(f"{path.stem}.{hashlib.sha256(content).hexdigest()[:10]}{path.suffix}"))
        yield str(path), f"/static/{name}", content


def _banner(loaded: Library, sources: Sources, receiver: str | None) -> Banner | None:
    """The scripts, where a notice and the policy it names are in force, and it asks for anything (B14)."""
    declaration, notice = loaded.site.consent, loaded.notice
    if not declaration or not notice or not consent.asks_for_consent(notice):
        return None
    policy = loaded.policy(declaration.policy)
    text = policy.in_force(loaded.today)
    if text is None or text.release is None:  # lint says so: a choice could not be bound to a text
        return None
    paths = {language: f"{policy.path}{language}/" for language in text.translations}
    named = PolicyInForce(text.label, text.release.sha256, policy.path, paths)
    notices = [notice.data for notice in loaded.notices_so_far]
    return banner.make(notices, notice.sha256, named, sources.widget, receiver=receiver or declaration.receiver)


def _renderers(templates: Mapping[str, str]) -> Callable[[str], Renderer]:
    @cache
    def renderer_for(language: str) -> Renderer:
        return Renderer(words.load(templates, language).texts)

    return renderer_for


def _render(loaded: Library, made: Iterable[Page], templates: Templates, script: Banner | None) -> dict[str, bytes]:
    shared = _shared(loaded, script)
    return {
        page.file: templates.render(page.template, page.language, _context(loaded.site, page, shared)) for page in made
    }


def _shared(loaded: Library, script: Banner | None) -> dict[str, Any]:
    """What every page is given."""
    site = loaded.site
    return {
        "site": {
            "title": site.title,
            "url": site.url,
            "language": site.language,
            "dir": config.direction(site.language),
            "navigation": site.navigation,
            "company": site.company,
            "policies": [_linked(loaded, policy) for policy in loaded.policies],
            "has_banner": script is not None,
            "demo_path": "/demo/" if script and site.demo else None,
        },
        "banner": script,
        "csp": csp(site),
    }


def _linked(loaded: Library, policy: Policy) -> dict[str, Any]:
    """A policy as every page links it: in the page's language, where its version in force has that."""
    text = policy.in_force(loaded.today) or policy.draft
    titles = {code: held.document.meta.title for code, held in text.translations.items() if text.release}
    language = text.document.meta.language
    return {"title": policy.title, "path": policy.path, "language": language, "titles": titles}


def _context(site: Site, page: Page, shared: Mapping[str, Any]) -> dict[str, Any]:
    about = {
        **{name: getattr(page, name) for name in _TOLD},
        "canonical": site.absolute(page.canonical or page.path) if page.indexed else None,
        "csp": shared["csp"],
    }
    script: Banner | None = shared["banner"]
    return {"site": shared["site"], "banner": script and script.spoken(page.language), "page": about, **page.context}


def csp(site: Site) -> str:
    """The policy every page carries: nothing but the site's own files, and the receiver if it is elsewhere (X19)."""
    receiver = urlsplit((site.consent and site.consent.receiver) or "")
    connect = f"'self' {receiver.scheme}://{receiver.netloc}" if receiver.netloc else "'self'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        f"connect-src {connect}; base-uri 'none'; form-action 'self'"
    )


def _copies(loaded: Library, renderer_for: Callable[[str], Renderer]) -> dict[str, bytes]:
    files = {}
    for policy in loaded.policies:
        if feed := pages.feed_path(policy):
            base = feed.lstrip("/")
            files[f"{base}feed.xml"] = feeds.atom(loaded, policy)
            files[f"{base}feed.json"] = feeds.json_feed(loaded, policy)
            files[f"{base}index.json"] = feeds.index_json(loaded, policy)
            files[f"{base}releases.yaml"] = policy.register.text.encode()
        if len(policy.releases) > 1:
            files[f"{policy.id}/compare/index.json"] = compare.index(loaded, policy)
        for text in policy.releases:
            renderer = renderer_for(text.document.meta.language)
            base = f"{policy.id}/{text.label}"
            files[f"{base}.md"] = text.content
            files[f"{base}.txt"] = feeds.plain_text(text.document, renderer).encode()
            files[f"{base}.json"] = feeds.release_json(loaded, policy, text, renderer)
            own = renderer.words["language_name"]
            for language, held in text.translations.items():
                renderer = renderer_for(language)
                files[f"{base}/{language}.md"] = held.content
                files[f"{base}/{language}.txt"] = feeds.translated_text(held, renderer, own).encode()
                files[f"{base}/{language}.json"] = feeds.release_json(loaded, policy, text, renderer, language)
    return files
