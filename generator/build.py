"""The build as a list of stages: (sources, today) -> {path: bytes} and problems. It reads and writes nothing else.

Same sources and day, same bytes (V12), so a check is a build without a write and a test compares dictionaries. Each
file has a recipe that names what it is made from: one that an earlier build made from the same is not made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from generator import banner, compare, config, consent, demo, faults, feeds, library, lint, pages, since, words
from generator.banner import Banner, PolicyInForce
from generator.cache import CHECKPOINT, Made
from generator.compare import Parts
from generator.config import Site
from generator.errors import Problem
from generator.library import Library, Policy
from generator.pages import Page, Rendered
from generator.render import Renderer
from generator.sources import Sources
from generator.templates import Templates

_TOLD = ("kind", "path", "title", "description", "language", "dir", "languages", "robots", "feed")  # of a page
NOTHING: Mapping[str, Made] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Built:
    """A built site, and what a reader of the build should know."""

    files: Mapping[str, bytes]  # by path; without those that stand already
    made: Mapping[str, Made]  # what is to be remembered of every file
    problems: tuple[Problem, ...]
    library: Library
    pages: tuple[Page, ...]  # without what their templates are given


@dataclass(frozen=True, slots=True)
class Recipe:
    """A file, or the files that only making them tells: how they are made, and from what."""

    key: str
    make: Callable[[], Iterable[tuple[str, bytes]]]


def build(
    sources: Sources,
    *,
    today: date,
    drafts: bool = False,
    receiver: str | None = None,
    checkpoint: bytes | None = None,
    standing: Mapping[str, Made] = NOTHING,
    files: MutableMapping[str, bytes] | None = None,
    watch: Callable[[str], object] = lambda stage: None,
) -> Built:
    """The whole site; SourceError or FrozenTextChanged where it cannot be built.

    `receiver` takes the place of the one that site.yaml names: a preview must not post to production. `checkpoint` is
    the ledger's, to be published with it. `standing` are the files of an earlier build by this program, `files` takes
    the new ones: a large site does not fit into memory. `watch` is told the stage of whatever comes next.
    """
    watch("load")
    loaded = load(sources, today=today, drafts=drafts)
    watch("check")
    problems = lint.run(loaded)
    watch("banner and look")
    work = _Work(loaded, standing, {} if files is None else files)
    static = tuple(_static_files(sources.static))
    script = _banner(loaded, sources, receiver)
    press = _Press(loaded, sources.templates, {name: address for name, address, _ in static}, script)
    for recipe in (
        *(_plain(address.lstrip("/"), content, loaded.site.policies) for _, address, content in static),
        *(_plain(path, content) for path, content in (script.files() if script else {}).items()),
    ):
        work.do(recipe)
    listed = []
    for step in (pages.make, compare.make, since.make, demo.make):
        for page in step(loaded, press.renderer_for):
            watch("compare" if isinstance(page, Parts) else page.kind)
            work.do(press.parts(page) if isinstance(page, Parts) else press.page(page))
            if isinstance(page, Page):
                listed.append(replace(page, context={}, rendered=None))
    for recipe in _copies(loaded, press):
        watch("copies")
        work.do(recipe)
    watch("manifest")
    last = {**feeds.notices(loaded), "sitemap.xml": feeds.sitemap(loaded, listed)}
    for path, content in (last | ({CHECKPOINT: checkpoint} if checkpoint else {})).items():
        work.do(_plain(path, content))
    digests = {path: made.digest for path, made in work.made.items()}
    work.do(_plain("manifest.json", feeds.manifest(digests, loaded)))
    problems += tuple(faults.found(loaded, work.made))
    return Built(work.files, work.made, problems, loaded, tuple(listed))


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


class _Press:
    """Recipes of what is rendered. A key holds all that the bytes depend on: the look, and what it is given."""

    def __init__(
        self, loaded: Library, templates: Mapping[str, str], assets: Mapping[str, str], script: Banner | None
    ) -> None:
        self.renderer_for = _renderers(templates)  # one for pages and copies: a text is rendered once for both
        self._site, self._script, self._shared = loaded.site, script, _shared(loaded, script)
        self._templates = cache(partial(Templates, templates, assets))
        self._look = _digest(repr((sorted(templates.items()), assets, self._shared)))

    def page(self, page: Page) -> Recipe:
        context = self._context(page)
        return Recipe(self._key(page, context), lambda: [(page.file, self._rendered(page, context))])

    def parts(self, parts: Parts) -> Recipe:
        def make() -> Iterator[tuple[str, bytes]]:
            for page in parts.pages(self.renderer_for):
                yield page.file, self._rendered(page, self._context(page))

        return Recipe(_digest(self._look + parts.path + parts.rendered.fingerprint), make)

    def copy(self, path: str, rendered: Rendered) -> Recipe:
        key = _digest(self._look + path + rendered.fingerprint)
        return Recipe(key, lambda: [(path, rendered.result(self.renderer_for))])

    def _key(self, page: Page, context: Mapping[str, Any]) -> str:
        script = context["banner"] and context["banner"].name
        given = page.rendered and page.rendered.fingerprint
        return _digest(repr((self._look, page.template, script, context["page"], page.context, given)))

    def _rendered(self, page: Page, context: Mapping[str, Any]) -> bytes:
        given = page.rendered.result(self.renderer_for) if page.rendered else {}
        return self._templates().render(page.template, page.language, {**context, **given})

    def _context(self, page: Page) -> dict[str, Any]:
        about = {
            **{name: getattr(page, name) for name in _TOLD},
            "canonical": self._site.absolute(page.canonical or page.path) if page.indexed else None,
            "csp": self._shared["csp"],
        }
        script = self._script and self._script.spoken(page.language)
        return {"site": self._shared["site"], "banner": script, "page": about, **page.context}


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
        "csp": csp(site),
    }


def _linked(loaded: Library, policy: Policy) -> dict[str, Any]:
    """A policy as every page links it: in the page's language, where its version in force has that."""
    text = policy.in_force(loaded.today) or policy.draft
    titles = {code: held.document.meta.title for code, held in text.translations.items() if text.release}
    language = text.document.meta.language
    return {"title": policy.title, "path": policy.path, "language": language, "titles": titles}


def csp(site: Site) -> str:
    """The policy every page carries: nothing but the site's own files, and the receiver if it is elsewhere (X19)."""
    receiver = urlsplit((site.consent and site.consent.receiver) or "")
    connect = f"'self' {receiver.scheme}://{receiver.netloc}" if receiver.netloc else "'self'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        f"connect-src {connect}; base-uri 'none'; form-action 'self'"
    )


def _copies(loaded: Library, press: _Press) -> Iterator[Recipe]:
    for policy in loaded.policies:
        if feed := pages.feed_path(policy):
            base = feed.lstrip("/")
            yield _plain(f"{base}feed.xml", feeds.atom(loaded, policy))
            yield _plain(f"{base}feed.json", feeds.json_feed(loaded, policy))
            yield _plain(f"{base}index.json", feeds.index_json(loaded, policy))
            yield _plain(f"{base}releases.yaml", policy.register.text.encode())
        if len(policy.releases) > 1:
            yield press.copy(f"{policy.id}/compare/index.json", compare.index(loaded, policy))
        for text in policy.releases:
            base = f"{policy.id}/{text.label}"
            yield _plain(f"{base}.md", text.content)
            for language, held in text.translations.items():
                yield _plain(f"{base}/{language}.md", held.content)
            for path, rendered in feeds.copies(loaded, policy, text).items():
                yield press.copy(path, rendered)


def _plain(path: str, content: bytes, policies: object = "") -> Recipe:
    """A file that is there already; of a page of the publisher's own, what is a link of ours hangs on the policies."""
    return Recipe(f"{path} {hashlib.sha256(content).hexdigest()} {policies}", lambda: [(path, content)])


def _digest(told: str) -> str:
    return hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()


class _Work:
    """Does what recipes say, where their files do not stand already, and remembers each."""

    def __init__(self, loaded: Library, standing: Mapping[str, Made], files: MutableMapping[str, bytes]) -> None:
        self.files = files
        self.made: dict[str, Made] = {}
        self._ours = faults.links_to(loaded.site.policies)
        self._standing: dict[str, list[tuple[str, Made]]] = {}
        for path, made in standing.items():
            self._standing.setdefault(made.key, []).append((path, made))

    def do(self, recipe: Recipe) -> None:
        kept = self._standing.get(recipe.key, ())
        if kept and len(kept) == kept[0][1].of:
            self.made.update(kept)
            return
        new = dict(recipe.make())
        self.files.update(new)
        self.made |= {path: self._remembered(path, content, recipe.key, len(new)) for path, content in new.items()}

    def _remembered(self, path: str, content: bytes, key: str, of: int) -> Made:
        links = self._ours(content) if path.endswith(".html") else ()
        return Made(hashlib.sha256(content).hexdigest(), key, of, links, faults.signs(path, content))
