"""The pages of a site: addresses, navigation, and what each template is given. Library -> pages; nothing is written.

/                                   all policies
/<policy>/                          the version in force
/<policy>/1.0/                      a release, for ever; also .md .txt .json
/<policy>/fragment.html             its text alone, for pages of other sites
/<policy>/ur/  /<policy>/1.0/ur/    their translations; also /<policy>/1.0/ur.md .txt .json
/<policy>/history/                  every release
/<policy>/changes/1.0...1.1/        a redline
/cookies/  /404.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from generator import consent
from generator.config import direction
from generator.consent import Declaration
from generator.documents import Document
from generator.library import Library, Policy, Text
from generator.redline import diff, redlines
from generator.redline.diff import Redline
from generator.render import Renderer
from generator.views import LanguageView, in_language, languages_of, redline_path, release_path, sections_of, view

RendererFor = Callable[[str], Renderer]  # by language

# How many releases back a text is compared with more than the one before it: else the work grows with the square of
# their number. Beyond that, two versions are read as the chain of comparisons between them.
REACH = 50


@dataclass(frozen=True, slots=True)
class Rendered:
    """What takes time to make: by a function of nothing but what it is given, and of the renderers. So it need not be
    made to know whether it is what it was."""

    make: Callable[..., Any]
    given: tuple[object, ...]

    def result(self, renderer_for: RendererFor) -> Any:
        return self.make(renderer_for, *self.given)

    @property
    def fingerprint(self) -> str:
        told = (value.fingerprint if isinstance(value, Document) else value for value in self.given)
        return repr((self.make.__module__, self.make.__qualname__, *told))


@dataclass(frozen=True, slots=True)
class Page:
    """One page: where it is, which template makes it, and what that template is given."""

    path: str
    template: str
    title: str
    language: str
    context: Mapping[str, Any]
    description: str = ""
    canonical: str = ""  # the path of the page that search engines should show instead (V07)
    indexed: bool = True
    feed: str | None = None
    modified: str = ""  # ISO date
    languages: tuple[LanguageView, ...] = ()  # that the text can be read in, the authoritative one first
    rendered: Rendered | None = None  # what the template is given besides

    @property
    def kind(self) -> str:
        return self.template.removesuffix(".html")

    @property
    def file(self) -> str:
        return (self.path + "index.html" if self.path.endswith("/") else self.path).lstrip("/")

    @property
    def dir(self) -> str:
        return direction(self.language)

    @property
    def robots(self) -> str:
        return "" if self.indexed else "noindex"


def feed_path(policy: Policy) -> str | None:
    """Where a policy's feed.xml and feed.json are, if it has releases: without entries a feed could not say when it was
    updated (RFC 4287)."""
    return policy.path if policy.releases else None


def redline_pairs(library: Library, policy: Policy) -> list[tuple[Text, Text]]:
    """What each text changes, and each release within reach that has ended with the one in force."""
    current = policy.in_force(library.today)
    pairs = [(before, text) for text in _shown(library, policy) if (before := policy.before(text))]
    pairs += [(text, current) for text in ended(library, policy) if current]
    return list({(old.label, new.label): (old, new) for old, new in pairs}.values())


def ended(library: Library, policy: Policy) -> list[Text]:
    """The releases that a visitor may have read as the one in force, and that are not any more: those within reach."""
    past = ("superseded", "withdrawn")
    near = policy.releases[-REACH:]
    return [text for text in near if text.release and policy.register.status(text.release, library.today) in past]


def shows_draft(library: Library, policy: Policy) -> bool:
    return library.drafts and policy.draft_is_new


def make(library: Library, renderer_for: RendererFor) -> Iterator[Page]:
    """Every page of the site."""
    yield _index(library)
    for policy in library.policies:
        yield from _policy_pages(library, policy, renderer_for)
    if library.notice:
        yield _cookies(library)
    language = library.site.language
    title = library.words.plain("missing_title")
    yield Page("/404.html", "404.html", title, language, {}, indexed=False)


def _policy_pages(library: Library, policy: Policy, renderer_for: RendererFor) -> Iterator[Page]:
    current = policy.in_force(library.today)
    texts = [(text, release_path(policy, text.label)) for text in _shown(library, policy)]
    for text, path in [*([(current, policy.path)] if current else []), *texts]:
        for language in ("", *text.translations):
            page = _text_page(library, policy, text, language, renderer_for, at=path)
            yield page
            if path == policy.path:  # the same text for pages of other sites
                yield replace(page, path=f"{page.path}fragment.html", template="fragment.html", indexed=False)
    history = f"{policy.path}history/"
    # Every page leads to the policy's address, so something stands there even before a version is in force.
    for path in (history,) if current else (policy.path, history):
        yield _history(library, policy, renderer_for, at=path, canonical=history)
    for old, new in redline_pairs(library, policy):
        yield _redline(library, policy, old, new)


def _shown(library: Library, policy: Policy) -> list[Text]:
    """The texts of a policy that have a page: every release, and the draft where drafts are shown."""
    return [*policy.releases, *([policy.draft] if shows_draft(library, policy) else [])]


def _text_page(
    library: Library, policy: Policy, text: Text, language: str, renderer_for: RendererFor, *, at: str
) -> Page:
    """A text at an address, or below that its translation."""
    held = text.translations.get(language)
    document = held.shown if held else text.document
    states = held.states if held else {}
    missing = tuple(section_id for section_id, state in states.items() if state == "missing")
    release = view(library, policy, text, language)
    upcoming, current = policy.upcoming(library.today), policy.in_force(library.today)
    announced = view(library, policy, upcoming, language) if upcoming and at == policy.path else None
    replaced = (
        release.status in ("superseded", "withdrawn", "in-force")
        and current
        and language in ("", *current.translations)
    )
    own = in_language(at, text, language)
    return Page(
        own,
        "policy.html",
        document.meta.title if at == policy.path else f"{document.meta.title} {text.label}",
        document.meta.language,
        {
            "release": release,
            "next_release": announced,
            "states": states,
        },
        description=document.meta.description,
        canonical=in_language(policy.path, text, language) if replaced else own,
        indexed=release.status != "draft",
        feed=feed_path(policy),
        modified=release.withdrawn or (release.published if release.status == "upcoming" else release.effective) or "",
        languages=languages_of(text, at, renderer_for),
        rendered=Rendered(_text, (document, text.document.meta.language, missing)),
    )


def _text(
    renderer_for: RendererFor, document: Document, authoritative: str, missing: tuple[str, ...]
) -> Mapping[str, Any]:
    """The text of a page; the `missing` sections are in the authoritative language."""
    others = {section_id: renderer_for(authoritative) for section_id in missing}
    intro, sections = sections_of(document, renderer_for(document.meta.language), others)
    return {"intro": intro, "sections": sections, "contents": sections}


def _history(library: Library, policy: Policy, renderer_for: RendererFor, *, at: str, canonical: str) -> Page:
    shown = list(reversed(_shown(library, policy)))
    return Page(
        at,
        "history.html",
        f"{policy.title}: {library.words.plain('history_title')}",
        library.site.language,
        {
            "policy": {"title": policy.title, "path": policy.path},
            "releases": [view(library, policy, text) for text in shown],
            "languages": {
                text.label: languages_of(text, release_path(policy, text.label), renderer_for) for text in shown
            },
            "compare_path": f"{policy.path}compare/" if len(policy.releases) > 1 else None,
        },
        canonical=canonical,
        feed=feed_path(policy),
    )


def _redline(library: Library, policy: Policy, before: Text, after: Text) -> Page:
    old, new = (view(library, policy, text) for text in (before, after))
    about = {"old": old, "new": new, "summary": new.summary, "awaiting": new.awaiting}
    return Page(
        redline_path(policy, old.version, new.version),
        "redline.html",
        f"{policy.title}: {old.version} → {new.version}",
        after.document.meta.language,
        {"policy": {"title": policy.title, "path": policy.path}, **about},
        indexed=new.status != "draft",
        feed=feed_path(policy),
        rendered=Rendered(_changes, (before.document, after.document)),
    )


def _changes(renderer_for: RendererFor, old: Document, new: Document) -> Mapping[str, Any]:
    return redlines.context(compared(old, new), renderer_for(new.meta.language))


@lru_cache(
    maxsize=2 * REACH
)  # a release within reach has a page with the one in force and tells a visitor what changed
def compared(old: Document, new: Document) -> Redline:
    return diff.compare(old, new)


def _index(library: Library) -> Page:
    cards = [_card(library, policy) for policy in library.policies]
    return Page("/", "index.html", library.site.title, library.site.language, {"cards": cards})


def _card(library: Library, policy: Policy) -> dict[str, Any]:
    current = policy.in_force(library.today)
    release = view(library, policy, current) if current else None
    upcoming = policy.upcoming(library.today)
    draft = release_path(policy, policy.draft.label) if shows_draft(library, policy) else None
    return {
        "title": policy.title,
        "path": policy.path if current else f"{policy.path}history/",
        "version": release.version if release else None,
        "effective": release.since if release else None,
        "summary": current.document.meta.description if current else "",
        "history_path": f"{policy.path}history/",
        "next": view(library, policy, upcoming) if upcoming else None,
        "draft_path": draft,
    }


def _cookies(library: Library) -> Page:
    assert library.notice and library.site.consent
    data = library.notice.data
    language = data["language"]
    context = {
        "purposes": [purpose_told(purpose, language) for purpose in data["purposes"]],
        "policy_path": f"/{library.site.consent.policy}/",
        "form": _form(library, library.site.consent),
    }
    return Page("/cookies/", "cookies.html", library.words.plain("cookies_title"), language, context)


def _form(library: Library, declaration: Declaration) -> dict[str, Any] | None:
    """The same choice for who has no scripts: posted as a form, it is answered with the cookie. A receiver at another
    host could not set one for this."""
    current = library.policy(declaration.policy).in_force(library.today)
    notice, receiver = library.notice, declaration.receiver or ""
    if not (notice and consent.asks_for_consent(notice) and current and current.release and receiver.startswith("/")):
        return None
    language = notice.data["language"]
    shown = {
        "schema": "policy-choice/1",
        "method": "page.form",
        "notice.sha256": notice.sha256,
        "notice.language": language,
        "policy.sha256": current.release.sha256,
    }
    return {"action": f"{receiver}/form", "shown": shown, "words": consent.said(notice.data, language)}


def purpose_told(purpose: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {
        "id": purpose["id"],
        "label": purpose["label"][language],
        "description": purpose["description"][language],
        "justification": purpose["justification"] and purpose["justification"][language],
        "needs_consent": purpose["basis"] == "consent",
        "services": [_service(service, language) for service in purpose["services"]],
    }


def _service(service: Mapping[str, Any], language: str) -> dict[str, Any]:
    stored = [
        {**item, "lifetime": item["lifetime"][language], "purpose": item["purpose"][language]}
        for item in service["storage"]
    ]
    return {**service, "name": service["name"][language], "storage": stored}
