"""What templates and copies are told about a release, a section and a redline. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from markupsafe import Markup

from generator.diff import BlockChange, Redline, SectionChange
from generator.documents import Document, Section
from generator.history import Release
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


def release_path(policy: Policy, label: str) -> str:
    return f"{policy.path}{label}/"


def redline_path(policy: Policy, old: str, new: str) -> str:
    return f"{policy.path}changes/{old}...{new}/"


def view(library: Library, policy: Policy, text: Text) -> ReleaseView:
    """What is told about one text of a policy."""
    release = text.release
    path = release_path(policy, text.label)
    shared = {
        "policy_title": text.document.meta.title,
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


def change_row(change: SectionChange, redline: Redline, renderer: Renderer) -> dict[str, Any]:
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


def folds(changes: list[ChangeView]) -> Iterator[Fold]:
    for kept, group in groupby(changes, key=lambda change: change.status == "unchanged"):
        yield Fold(kept, tuple(group))
