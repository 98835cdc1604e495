"""What templates and copies are told about a release and a section. Values in, values out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from markupsafe import Markup

from generator.config import direction
from generator.documents import Document, Section
from generator.history import Register, Release
from generator.library import Library, Policy, Text
from generator.render import Renderer


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """What is told about a release, or about the draft, wherever it is named."""

    policy_title: str
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
    row: str | None = None
    previous: str | None = None
    withdrawn: str | None = None
    reason: str = ""  # why it was withdrawn
    held: tuple[Mapping[str, str | None], ...] = ()  # the days on which it is in force: from the first, without `until`
    redline_path: str | None = None
    redline_from: str | None = None
    awaiting: str = ""

    @property
    def since(self) -> str | None:
        """The day since which it is in force, which is not its first where its successor was withdrawn."""
        return self.held[-1]["from"] if self.held else self.effective


@dataclass(frozen=True, slots=True)
class LanguageView:
    """A language that a text can be read in, under the name that its speakers give it."""

    code: str
    name: str
    path: str
    authoritative: bool
    to_do: int = 0  # how many sections of a translation are behind, not translated, or too many

    @property
    def dir(self) -> str:
        return direction(self.code)


@dataclass(frozen=True, slots=True)
class SectionView:
    """A rendered section with the sections below it."""

    id: str
    level: int
    number: str
    heading: Markup
    html: Markup
    sections: tuple[SectionView, ...] = ()


def release_path(policy: Policy, label: str) -> str:
    return f"{policy.path}{label}/"


def redline_path(policy: Policy, old: str, new: str) -> str:
    return f"{policy.path}changes/{old}...{new}/"


def in_language(address: str, text: Text, language: str) -> str:
    """Where a text is read in a language; in the authoritative one, where it has no other."""
    return f"{address}{language}/" if language in text.translations else address


def languages_of(text: Text, address: str, renderer_for: Callable[[str], Renderer]) -> tuple[LanguageView, ...]:
    """The languages of a text that has several, the authoritative one first."""
    own = text.document.meta.language
    views = [LanguageView(own, renderer_for(own).words["language_name"], address, authoritative=True)]
    for code, held in text.translations.items():
        name = renderer_for(code).words["language_name"]
        views.append(LanguageView(code, name, in_language(address, text, code), False, len(held.to_do)))
    return tuple(views) if text.translations else ()


def view(library: Library, policy: Policy, text: Text, language: str = "") -> ReleaseView:
    """What is told about one text of a policy, or about its translation."""
    release, current = text.release, policy.in_force(library.today)
    held = text.translations.get(language)
    meta = (held or text).document.meta
    shared = {
        "policy_title": meta.title,
        "version": text.label,
        "path": in_language(release_path(policy, text.label), text, language),
        "current_path": in_language(policy.path, current, language) if current else None,
        "history_path": f"{policy.path}history/",
        **_previous(policy, text),
    }
    if release is None:
        return ReleaseView(**shared, status="draft", awaiting=meta.awaiting)
    return ReleaseView(**shared, **facts(policy.register, release, library.today, language))


def facts(register: Register, release: Release, today: date, language: str = "") -> dict[str, Any]:
    """What the register says of a release, or of its translation, with what follows from it."""
    withdrawal, translated = register.withdrawn(release, today), release.translations.get(language)
    return {
        "status": register.status(release, today),
        "published": str(release.published),
        "effective": str(release.effective),
        "superseded": _iso(register.superseded_on(release)),
        "withdrawn": _iso(withdrawal.effective) if withdrawal else None,
        "reason": withdrawal.summary if withdrawal else "",
        "held": tuple({"from": _iso(p.first), "until": _iso(p.until)} for p in register.periods_of(release)),
        "kind": release.kind if register.before(release) else None,
        "summary": release.summary,
        "note": release.note,
        "sha256": (translated or release).sha256,
        "row": release.row_hash,
        "previous": release.previous,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _previous(policy: Policy, text: Text) -> dict[str, Any]:
    """The redline that leads to a text."""
    before = policy.before(text)
    if before is None:
        return {}
    return {"redline_path": redline_path(policy, before.label, text.label), "redline_from": before.label}


def sections_of(
    document: Document, renderer: Renderer, others: Mapping[str, Renderer] = MappingProxyType({})
) -> tuple[Markup, tuple[SectionView, ...]]:
    """The text before the first heading, and the sections as a tree; `others` renders those in another language."""
    first = document.sections[0] if document.sections else None
    intro = renderer.section(first.source) if first and not first.id else Markup("")
    sections = [section for section in document.sections if section.id]
    return intro, tuple(_tree(sections, renderer, others))


def _tree(sections: list[Section], renderer: Renderer, others: Mapping[str, Renderer]) -> Iterator[SectionView]:
    at = 0
    while at < len(sections):
        section = sections[at]
        end = at + 1
        while end < len(sections) and sections[end].level > section.level:
            end += 1
        below = tuple(_tree(sections[at + 1 : end], renderer, others))
        own = others.get(section.id, renderer)
        heading, html = own.inline(section.heading), own.section(section.source)
        yield SectionView(section.id, section.level, section.number, heading, html, below)
        at = end
