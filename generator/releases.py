"""Making and withdrawing a release: the working text is frozen, its register gets a row, and no later edit can change
either. What may be released is decided here and in `review`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from generator import config, documents, history, library, lint, review
from generator.errors import Problem, SourceError, Where
from generator.history import Kind, Register, Release, Translated
from generator.library import NOTICE, Library
from generator.redline import diff
from generator.redline.diff import Redline
from generator.sources import Sources


@dataclass(frozen=True, slots=True)
class Prepared:
    """A row that may be added: every file to write, by path, and what there is to tell."""

    release: Release
    files: Mapping[str, bytes]
    redline: Redline | None = None  # from the release before
    warnings: tuple[Problem, ...] = ()
    awaited: str = ""  # what the draft said it was waiting for; releasing it takes the mark away


def prepare(
    loaded: Library, sources: Sources, name: str, kind: Kind, *, summary: str, effective: date | None
) -> Prepared:
    """Freeze a policy's working text, or the declared notice; SourceError if that may not be released."""
    if name == NOTICE:
        return _prepare_notice(loaded, sources, kind, summary, effective)
    policy = loaded.policy(name)
    before = policy.before(policy.draft)
    if before and not policy.draft_is_new:
        raise _nothing_new(policy.register)
    others, where = policy.draft.translations, Where(policy.register.path)
    paths = {language: library.draft_path(name, language) for language in ("", *others)}
    texts = {language: _as_released((others.get(language) or policy.draft).content.decode()) for language in paths}
    frozen = replace(policy.draft.document, source=texts[""].decode())  # with the lines of the draft
    redline = diff.compare(before.document, frozen) if before else None
    found = [*_lint(loaded, paths.values()), *_summary(summary, where, redline)]
    if before and redline and kind == "editorial":
        found += (*review.material_problems(redline, before.label), *review.number_problems(redline, where))
    warnings = _without_errors(found)
    release = plan(
        policy.register,
        kind,
        texts[""],
        summary,
        today=loaded.today,
        effective=effective,
        notice_days=loaded.site.advance_notice_days,
        translations={code: Translated(history.digest(texts[code]), text.behind) for code, text in others.items()},
    )
    files = {library.frozen_path(name, release.version, language): text for language, text in texts.items()}
    files |= _register(sources, name, release)  # the row after all that it names
    files |= {path: _as_released(sources.text(path)) for path in paths.values()}
    return Prepared(release, files, redline, warnings, policy.draft.document.meta.awaiting)


def _as_released(text: str) -> bytes:
    return documents.without_awaiting(text).encode()


def _prepare_notice(loaded: Library, sources: Sources, kind: Kind, summary: str, effective: date | None) -> Prepared:
    """A material notice asks visitors again on the day it takes effect; nobody has to be told before (V05)."""
    notices, site = loaded.notices, Where(config.PATH)
    register = notices.register
    if notices.draft is None:
        raise SourceError(
            Problem("notice.none", site, "site.yaml declares no consent, so there is no notice to release")
        )
    if register.latest and not notices.draft_is_new:
        raise _nothing_new(register)
    found = [*_lint(loaded, [config.PATH]), *_summary(summary, Where(register.path), None)]
    before = notices.released[register.latest.version] if register.latest else None
    if before and kind == "editorial" and declared(before.data) != declared(notices.draft.data):
        message = "purposes, services or what they store have changed: visitors must be asked again (V05)"
        found.append(Problem("notice.material", site, message, "release the notice with --material"))
    warnings = _without_errors(found)
    frozen = library.declared_notice(loaded.site, sources, register.next(kind))
    assert frozen is not None
    release = plan(register, kind, frozen.content, summary, today=loaded.today, effective=effective, notice_days=0)
    files = {library.frozen_path(NOTICE, release.version): frozen.content, **_register(sources, NOTICE, release)}
    return Prepared(release, files, warnings=warnings)


def withdraw(loaded: Library, sources: Sources, name: str, version: str, *, reason: str) -> Prepared:
    """Take a release back from today on; SourceError if there is none to take back. Its text and its row stay."""
    register = loaded.register(name)
    release, where, today = register.get(version), Where(register.path), loaded.today
    if release and (end := register.withdrawn(release)):
        raise SourceError(Problem("withdraw.again", where, f"{version} is already withdrawn, since {end.effective}"))
    if release is None:
        known = ", ".join(str(release.version) for release in register.releases if not register.withdrawn(release))
        raise SourceError(Problem("withdraw.unknown", where, f"there is no release {version!r}", f"known: {known}"))
    if review.is_empty(reason):
        message, hint = f"the reason {reason!r} does not say why", "say it in a sentence for readers"
        raise SourceError(Problem("withdraw.reason", where, message, hint))
    row = Release(release.version, today, today, "withdrawal", reason, release.sha256, register.head)
    register.add(row)  # its checks hold for the new row too
    message = f"{release.version} no longer applies, since {register.superseded_on(release)}"
    hint = "nothing comes back into force, and the row that says so is for good"
    without_use = Problem("withdraw.superseded", where, message, hint, "warning")
    told = (without_use,) if register.status(release, today) == "superseded" else ()
    return Prepared(row, _register(sources, name, row), warnings=told)


def _lint(loaded: Library, paths: Collection[str]) -> list[Problem]:
    """What is wrong with the texts: once they are frozen they can no longer be mended."""
    return [problem for problem in lint.run(loaded) if problem.where.path in paths and problem.severity == "error"]


def _summary(summary: str, where: Where, redline: Redline | None) -> Iterable[Problem]:
    if review.is_empty(summary):
        message = f"{summary!r} does not say what changed"
        yield Problem("release.summary", where, message, "say it in a sentence for readers")
    elif redline and (problem := review.summary_problem(redline, summary, where)):
        yield problem


def _without_errors(found: Iterable[Problem]) -> tuple[Problem, ...]:
    """The warnings; SourceError if there is anything else."""
    problems = tuple(found)
    if errors := [problem for problem in problems if problem.severity == "error"]:
        raise SourceError(errors)
    return problems


def plan(
    register: Register,
    kind: Kind,
    content: bytes,
    summary: str,
    *,
    today: date,
    effective: date | None,
    notice_days: int,
    translations: Mapping[str, Translated] | None = None,
) -> Release:
    """The row that releasing `content` today would add; SourceError if it may not be released.

    A material release takes effect `notice_days` after its announcement unless a later day is asked for (V04); the
    first release of a policy, or one after all have been withdrawn, may take effect at once: nothing holds till then.
    """
    latest = register.latest
    kind = kind if latest else "material"
    earliest = today + timedelta(days=notice_days if latest and kind == "material" else 0)
    release = Release(
        version=register.next(kind),
        published=today,
        effective=effective or max(earliest, latest.effective if latest else today),
        kind=kind,
        summary=summary,
        sha256=history.digest(content),
        previous=register.head,
        translations=translations or {},
    )
    if register.rows and release.effective < earliest:
        raise SourceError(_too_early(register, release, earliest, notice_days))
    if latest and (release.sha256, release.translations) == (latest.sha256, latest.translations):
        raise SourceError(Problem("release.nothing-new", Where(register.path), f"the text is that of {latest.version}"))
    register.add(release)  # its checks hold for the new row too
    return release


def _too_early(register: Register, release: Release, earliest: date, notice_days: int) -> Problem:
    """Nothing takes effect before it could be read; the first release alone may say since when it has held."""
    where, hint = Where(register.path), f"use --effective {earliest} or later"
    if release.kind == "editorial" or not notice_days or not register.latest:
        return Problem("release.backdated", where, f"{release.effective} has passed, and nobody could read it", hint)
    message = f"a material release needs {notice_days} days' notice: {release.effective} is before {earliest}"
    return Problem("release.notice-too-short", where, message, f"{hint}, or change advance_notice_days in site.yaml")


def declared(notice: Mapping[str, Any]) -> object:
    """What a consent is about, without the wording: purposes, who acts for them, what is stored and who reads it."""
    language = notice["language"]
    return [
        (p["id"], p["basis"], p["signals"], [_declared_service(s, language) for s in p["services"]])
        for p in notice["purposes"]
    ]


def _declared_service(service: Mapping[str, Any], language: str) -> object:
    stored = [(item["kind"], item["name"], item["lifetime"][language]) for item in service["storage"]]
    return service["id"], service["provider"], service["third_party"], stored


def _nothing_new(register: Register) -> SourceError:
    latest = register.latest
    message = f"nothing has changed since {latest.version if latest else 'the start'}"
    return SourceError(Problem("release.nothing-new", Where(register.path), message))


def _register(sources: Sources, name: str, row: Release) -> dict[str, bytes]:
    """The register with one more row."""
    path = library.register_path(name)
    text = history.with_row(sources.text(path) if path in sources.content else "", row)
    history.load(text, path)  # a register written by hand in another form is not broken silently
    return {path: text.encode()}
