"""Making a release: the working text is frozen, its register gets a row, and no later edit can change either."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from generator import diff, documents, history, library
from generator.errors import Problem, SourceError, Where
from generator.history import Kind, Register, Release, Translated, Version
from generator.library import NOTICE, Library, Policy
from generator.sources import Sources


@dataclass(frozen=True, slots=True)
class Prepared:
    """A release that may be made: its row, and every file to write, by path."""

    release: Release
    files: Mapping[str, bytes]
    awaited: str = ""  # what the draft said it was waiting for; releasing it takes the mark away


def prepare(
    loaded: Library, sources: Sources, name: str, kind: Kind, *, summary: str, effective: date | None
) -> Prepared:
    """Freeze a policy's working text, or the declared notice; SourceError if that may not be released."""
    if name == NOTICE:
        return _prepare_notice(loaded, sources, kind, summary, effective)
    policy = loaded.policy(name)
    if policy.releases and not policy.draft_is_new:
        raise _nothing_new(policy.register)
    if policy.releases and kind == "editorial" and (problems := tuple(_material_changes(policy))):
        raise SourceError(problems)
    content, others = _as_released(policy.draft.content.decode()), policy.draft.translations
    texts = {language: _as_released(text.content.decode()) for language, text in others.items()}
    held = {language: Translated(history.digest(texts[language]), text.behind) for language, text in others.items()}
    days = loaded.site.advance_notice_days
    release = _plan(policy.register, kind, content, summary, effective, loaded, days, held)
    files = {library.frozen_path(name, release.version, language): text for language, text in texts.items()}
    files |= _frozen(sources, name, release, content)  # the row after all that it names
    files |= {path: _as_released(sources.text(path)) for path in (library.draft_path(name, c) for c in ("", *texts))}
    return Prepared(release, files, policy.draft.document.meta.awaiting)


def _as_released(text: str) -> bytes:
    return documents.without_awaiting(text).encode()


def _prepare_notice(loaded: Library, sources: Sources, kind: Kind, summary: str, effective: date | None) -> Prepared:
    """A material notice asks visitors again on the day it takes effect; nobody has to be told before (V05)."""
    notices = loaded.notices
    if notices.draft is None:
        message = "site.yaml declares no consent, so there is no notice to release"
        raise SourceError(Problem("notice.none", Where("site.yaml"), message))
    latest = notices.register.latest
    if latest and not notices.draft_is_new:
        raise _nothing_new(notices.register)
    if (
        latest
        and kind == "editorial"
        and declared(notices.released[latest.version].data) != declared(notices.draft.data)
    ):
        message = "purposes, services or what they store have changed: visitors must be asked again (V05)"
        raise SourceError(Problem("notice.material", Where("site.yaml"), message, "release the notice with --material"))
    version = latest.version.next(kind) if latest else Version(1, 0)
    frozen = library.declared_notice(loaded.site, sources, version)
    assert frozen is not None
    release = _plan(notices.register, kind, frozen.content, summary, effective, loaded, notice_days=0)
    return Prepared(release, _frozen(sources, NOTICE, release, frozen.content))


def _plan(
    register: Register,
    kind: Kind,
    content: bytes,
    summary: str,
    effective: date | None,
    loaded: Library,
    notice_days: int,
    translations: Mapping[str, Translated] | None = None,
) -> Release:
    return history.plan(
        register,
        kind,
        content=content,
        summary=summary,
        today=loaded.today,
        effective=effective,
        notice_days=notice_days,
        translations=translations,
    )


def declared(notice: Mapping[str, Any]) -> object:
    """What a consent is about, without the wording: purposes, who acts for them, what is stored and who reads it."""
    return [
        (
            purpose["id"],
            purpose["basis"],
            purpose["signals"],
            [_declared_service(s, notice["language"]) for s in purpose["services"]],
        )
        for purpose in notice["purposes"]
    ]


def _declared_service(service: Mapping[str, Any], language: str) -> object:
    stored = [(item["kind"], item["name"], item["lifetime"][language]) for item in service["storage"]]
    return service["id"], service["provider"], service["third_party"], stored


def _material_changes(policy: Policy) -> Iterator[Problem]:
    """The changes that an editorial release may not hold: other words in a section marked material (V03)."""
    newest, draft = policy.releases[-1], policy.draft.document
    marked = {section.id: section for text in (draft, newest.document) for section in text.sections if section.material}
    for section_id, section in marked.items():
        after = draft.section(section_id)
        if not diff.same_words(newest.document.section(section_id), after):
            message = f"the section {section.heading!r} is marked material, and its words differ from {newest.label}"
            where = Where(draft.path, draft.line(after.line) if after else None)
            hint = "release with --material, or take the change back"
            yield Problem("release.material-section", where, message, hint)


def _nothing_new(register: Register) -> SourceError:
    latest = register.latest
    message = f"nothing has changed since {latest.version if latest else 'the start'}"
    return SourceError(Problem("release.nothing-new", Where(register.path), message))


def _frozen(sources: Sources, name: str, release: Release, content: bytes) -> dict[str, bytes]:
    register = library.register_path(name)
    before = sources.text(register) if register in sources.content else ""
    after = history.with_row(before, release)
    history.load(after, register)  # a register written by hand in another form is not broken silently
    return {library.frozen_path(name, release.version): content, register: after.encode()}
