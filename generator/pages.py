"""The pages of a site: addresses, navigation, and what each template is given. Library -> pages; nothing is written.

/                                   all policies
/<policy>/                          the version in force
/<policy>/1.0/                      a release, for ever; also .md .txt .json
/<policy>/history/                  every release
/<policy>/changes/1.0...1.1/        a redline
/cookies/  /demo/  /404.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from markupsafe import Markup

from generator import diff
from generator.config import direction
from generator.diff import BlockChange, Redline, SectionChange
from generator.documents import Document, Section
from generator.history import Release
from generator.library import Library, Policy, Text
from generator.render import Renderer


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


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """What is told about a release, or about the draft, wherever it is named."""

    policy_title: str
    policy_path: str
    version: str
    status: str
    path: str
    current_path: str | None
    history_path: str
    published: str | None = None
    effective: str | None = None
    superseded: str | None = None
    kind: str | None = None
    summary: str = ""
    note: str = ""
    sha256: str | None = None
    md: str | None = None
    txt: str | None = None
    json: str | None = None
    redline_path: str | None = None
    redline_from: str | None = None
    awaiting: str = ""


@dataclass(frozen=True, slots=True)
class SectionView:
    """A rendered section with the sections below it."""

    id: str
    level: int
    number: str
    heading: Markup
    html: Markup
    sections: tuple[SectionView, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """Neighbouring blocks of a redline: kept ones may be folded away."""

    kept: bool
    html: Markup
    blocks: int


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A section of a redline."""

    id: str
    level: int
    number: str
    heading: Markup
    status: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """Neighbouring sections of a redline: a run of unchanged ones may be folded away."""

    kept: bool
    sections: tuple[ChangeView, ...]


def release_path(policy: Policy, label: str, suffix: str = "/") -> str:
    return f"{policy.path}{label}{suffix}"


def redline_path(policy: Policy, old: str, new: str) -> str:
    return f"{policy.path}changes/{old}...{new}/"


def feed_path(policy: Policy) -> str | None:
    """The feed of a policy that has releases: one without entries could not say when it was updated (RFC 4287)."""
    return f"{policy.path}feed.xml" if policy.releases else None


def redline_pairs(library: Library, policy: Policy) -> list[tuple[Text, Text]]:
    """Neighbours, each release with the one in force, and with drafts the newest with the draft."""
    releases = list(policy.releases)
    current = policy.in_force(library.today)
    pairs = list(pairwise(releases))
    pairs += [(text, current) for text in releases if current and releases.index(text) < releases.index(current)]
    if shows_draft(library, policy) and releases:
        pairs.append((releases[-1], policy.draft))
    return list({(old.label, new.label): (old, new) for old, new in pairs}.values())


def shows_draft(library: Library, policy: Policy) -> bool:
    return library.drafts and policy.draft_is_new


def make(library: Library, renderer_for: Callable[[str], Renderer]) -> Iterator[Page]:
    """Every page of the site."""
    yield _index(library)
    for policy in library.policies:
        yield from _policy_pages(library, policy, renderer_for)
    if library.notice:
        yield _cookies(library)
        if library.site.demo:
            yield from _demo(library)
    language = library.site.language
    title = library.words.plain("missing_title")
    yield Page("/404.html", "404.html", title, language, {}, indexed=False)


def _policy_pages(library: Library, policy: Policy, renderer_for: Callable[[str], Renderer]) -> Iterator[Page]:
    current = policy.in_force(library.today)
    texts = [(text, release_path(policy, text.label)) for text in _shown(library, policy)]
    for text, path in [*([(current, policy.path)] if current else []), *texts]:
        yield _text_page(library, policy, text, renderer_for(text.document.meta.language), at=path)
    history = f"{policy.path}history/"
    # Every page leads to the policy's address, so something stands there even before a version is in force.
    for path in (history,) if current else (policy.path, history):
        yield _history(library, policy, at=path, canonical=history)
    for old, new in redline_pairs(library, policy):
        renderer = renderer_for(new.document.meta.language)
        yield _redline(library, policy, diff.compare(old.document, new.document), (old, new), renderer)


def _shown(library: Library, policy: Policy) -> list[Text]:
    """The texts of a policy that have a page: every release, and the draft where drafts are shown."""
    return [*policy.releases, *([policy.draft] if shows_draft(library, policy) else [])]


def _text_page(library: Library, policy: Policy, text: Text, renderer: Renderer, *, at: str) -> Page:
    document = text.document
    intro, sections = sections_of(document, renderer)
    release = view(library, policy, text)
    upcoming = policy.upcoming(library.today)
    announced = view(library, policy, upcoming) if upcoming and at == policy.path else None
    superseded = release.status in ("superseded", "in-force")
    return Page(
        at,
        "policy.html",
        document.meta.title if at == policy.path else f"{document.meta.title} {text.label}",
        document.meta.language,
        {"release": release, "next_release": announced, "intro": intro, "sections": sections, "contents": sections},
        description=document.meta.description,
        canonical=policy.path if superseded else at,
        indexed=release.status != "draft",
        feed=feed_path(policy),
        modified=(release.published if release.status == "upcoming" else release.effective) or "",
    )


def view(library: Library, policy: Policy, text: Text) -> ReleaseView:
    """What is told about one text of a policy."""
    release = text.release
    path = release_path(policy, text.label)
    shared = {
        "policy_title": text.document.meta.title,
        "policy_path": policy.path,
        "version": text.label,
        "path": path,
        "current_path": policy.path if policy.in_force(library.today) else None,
        "history_path": f"{policy.path}history/",
        **_previous(policy, text),
    }
    if release is None:
        return ReleaseView(**shared, status="draft", awaiting=text.document.meta.awaiting)
    superseded = policy.register.superseded_on(release)
    return ReleaseView(
        **shared,
        status=policy.register.status(release, library.today),
        published=release.published.isoformat(),
        effective=release.effective.isoformat(),
        superseded=superseded.isoformat() if superseded else None,
        kind=release.kind if policy.register.before(release) else None,
        summary=release.summary,
        note=release.note,
        sha256=release.sha256,
        md=release_path(policy, text.label, ".md"),
        txt=release_path(policy, text.label, ".txt"),
        json=release_path(policy, text.label, ".json"),
    )


def _previous(policy: Policy, text: Text) -> dict[str, Any]:
    """The redline that leads to a text."""
    before = _before(policy, text.release)
    return {"redline_path": redline_path(policy, before, text.label), "redline_from": before} if before else {}


def _before(policy: Policy, release: Release | None) -> str | None:
    before = policy.register.before(release) if release else policy.register.latest
    return str(before.version) if before else None


def sections_of(document: Document, renderer: Renderer) -> tuple[Markup, tuple[SectionView, ...]]:
    """The text before the first heading, and the sections as a tree."""
    first = document.sections[0] if document.sections else None
    intro = renderer.section(first.source) if first and not first.id else Markup("")
    sections = [section for section in document.sections if section.id]
    return intro, tuple(_tree(sections, renderer))


def _tree(sections: list[Section], renderer: Renderer) -> Iterator[SectionView]:
    at = 0
    while at < len(sections):
        section = sections[at]
        end = at + 1
        while end < len(sections) and sections[end].level > section.level:
            end += 1
        below = tuple(_tree(sections[at + 1 : end], renderer))
        heading, html = renderer.inline(section.heading), renderer.section(section.source)
        yield SectionView(section.id, section.level, section.number, heading, html, below)
        at = end


def _history(library: Library, policy: Policy, *, at: str, canonical: str) -> Page:
    return Page(
        at,
        "history.html",
        f"{policy.title}: {library.words.plain('history_title')}",
        library.site.language,
        {
            "policy": {"title": policy.title, "path": policy.path},
            "releases": [view(library, policy, text) for text in reversed(_shown(library, policy))],
        },
        canonical=canonical,
        feed=feed_path(policy),
    )


def _redline(library: Library, policy: Policy, redline: Redline, pair: tuple[Text, Text], renderer: Renderer) -> Page:
    old, new = (view(library, policy, text) for text in pair)
    changes = [change_view(section, renderer) for section in redline.sections]
    intro = next((change.parts for change in changes if not change.id), ())
    changed = redline.changed
    return Page(
        redline_path(policy, old.version, new.version),
        "redline.html",
        f"{policy.title}: {old.version} → {new.version}",
        redline.new.meta.language,
        {
            "policy": {"title": policy.title, "path": policy.path},
            "old": old,
            "new": new,
            "summary": new.summary,
            "editorial_words_unchanged": all(diff.same_words(change.old, change.new) for change in changed),
            "changes": [_change_row(section, redline, renderer) for section in changed],
            "intro": intro,
            "folds": tuple(_folds([change for change in changes if change.id])),
        },
        indexed=new.status != "draft",
        feed=feed_path(policy),
    )


def _change_row(change: SectionChange, redline: Redline, renderer: Renderer) -> dict[str, Any]:
    document = redline.new if change.new else redline.old
    return {
        "id": change.section.id,
        "number": _full_number(change.section, document),
        "heading": renderer.text(change.section.heading),
        "status": change.status,
        "removed_words": change.words("-"),
        "added_words": change.words("+"),
    }


def _full_number(section: Section, document: Document) -> str:
    """The number of a section where its neighbours are not in sight: `4.e.` for the letter e below 4."""
    before = document.sections[: document.sections.index(section)]
    above = next((other for other in reversed(before) if other.level < section.level), None)
    lettered = above and section.number[:1].isalpha()
    return f"{above.number}{section.number}" if above and lettered else section.number


def change_view(change: SectionChange, renderer: Renderer) -> ChangeView:
    """A section of a redline, its unchanged stretches apart."""
    section = change.section
    parts = tuple(_parts(change.blocks, renderer))
    return ChangeView(section.id, section.level, section.number, renderer.heading(change.heading), change.status, parts)


def _parts(blocks: tuple[BlockChange, ...], renderer: Renderer) -> Iterator[Part]:
    """A single kept block stays in sight beside its changed neighbours; a longer stretch can be folded."""
    nothing_changed = all(block.kept for block in blocks)
    foldable = [
        kept and (len(run) > 1 or nothing_changed)
        for kept, run in ((kept, list(group)) for kept, group in groupby(blocks, key=lambda block: block.kept))
        for _ in run
    ]
    for fold, group in groupby(zip(foldable, blocks, strict=True), key=lambda pair: pair[0]):
        run = [block for _, block in group]
        yield Part(fold, renderer.changes(run), len(run))


def _folds(changes: list[ChangeView]) -> Iterator[Fold]:
    for kept, group in groupby(changes, key=lambda change: change.status == "unchanged"):
        yield Fold(kept, tuple(group))


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
        "effective": release.effective if release else None,
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
        "purposes": [_purpose(purpose, language) for purpose in data["purposes"]],
        "policy_path": f"/{library.site.consent.policy}/",
    }
    return Page("/cookies/", "cookies.html", library.words.plain("cookies_title"), language, context)


def _purpose(purpose: Mapping[str, Any], language: str) -> dict[str, Any]:
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


def _demo(library: Library) -> Iterator[Page]:
    """A developers' page that gates a script by the first purpose that needs consent."""
    assert library.notice
    data = library.notice.data
    purpose = next((purpose for purpose in data["purposes"] if purpose["basis"] == "consent"), None)
    if purpose:
        demo = {
            "purpose": purpose["id"],
            "purpose_label": purpose["label"][data["language"]],
            "snippet": f'<script type="text/plain" data-purpose="{purpose["id"]}" src="/usage.js"></script>\n'
            f'<template data-purpose="{purpose["id"]}"><iframe src="/map.html" title="Map"></iframe></template>',
        }
        title = library.words.plain("demo_title")
        yield Page("/demo/", "demo.html", title, data["language"], {"demo": demo}, indexed=False)
