"""Sources into what a site holds: every policy with its releases and its draft, and the notice with its own.

Each frozen text is held against its register here, so nothing is built from a history that has been changed (V01).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, cached_property, partial
from typing import TypeVar

from generator import consent, documents, history, translations
from generator.config import PATH as SITE_PATH
from generator.config import Site
from generator.consent import Notice
from generator.documents import Document
from generator.errors import FrozenTextChanged, PolicyError, Problem, SourceError, Where
from generator.history import Register, Release, Version
from generator.sources import Sources, read_widget
from generator.translations import Translation
from generator.words import Words
from generator.words import load as load_words

T = TypeVar("T")
Variables = Callable[[str, str], Mapping[str, str]]  # by language; the path is that of the text that asks

DRAFT = "draft"
NOTICE = "notice"  # the notice is released under this name


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a policy: a release, or the draft."""

    label: str  # "1.0", or "draft"
    document: Document
    content: bytes  # of a release, the frozen file byte for byte
    release: Release | None = None
    translations: Mapping[str, Translation] = field(default_factory=dict)  # by language


@dataclass(frozen=True)
class Policy:
    """A policy: its register, its released texts oldest first, and the working text with its variables in place."""

    id: str
    register: Register
    releases: tuple[Text, ...]
    draft: Text

    @property
    def path(self) -> str:
        return f"/{self.id}/"

    @property
    def title(self) -> str:
        return (self.before(self.draft) or self.draft).document.meta.title

    def in_force(self, today: date) -> Text | None:
        return self._text(self.register.in_force(today))

    def upcoming(self, today: date) -> Text | None:
        return self._text(self.register.upcoming(today))

    def before(self, text: Text) -> Text | None:
        """The release that a text changes; for the draft the newest that is not withdrawn."""
        return self._text(self.register.before(text.release) if text.release else self.register.latest)

    def get(self, label: str) -> Text | None:
        return self._by_label.get(label)

    @cached_property
    def _by_label(self) -> Mapping[str, Text]:
        return {text.label: text for text in (*self.releases, self.draft)}

    def _text(self, release: Release | None) -> Text | None:
        return self.get(str(release.version)) if release else None

    @property
    def draft_is_new(self) -> bool:
        """Whether the working text says anything that the newest release does not."""
        before = self.before(self.draft)
        return before is None or _frozen(self.draft) != _frozen(before)


def _frozen(text: Text) -> object:
    translated = {of.language: (_said(of.document), of.behind) for of in text.translations.values()}
    return _said(text.document), translated


def _said(document: Document) -> object:
    """What a release would freeze: everything but the mark of what a draft awaits, and where the lines stand."""
    return replace(document.meta, awaiting=""), [replace(section, line=0) for section in document.sections]


@dataclass(frozen=True, slots=True)
class Notices:
    """The notice of the banner: its register, every released one by version, and the one that site.yaml declares now.

    What was released stays, whether or not the site still asks: records name it (E02).
    """

    register: Register
    released: Mapping[Version, Notice]
    draft: Notice | None

    def in_force(self, today: date) -> Notice | None:
        release = self.register.in_force(today)
        return self.released[release.version] if release else None

    @property
    def draft_is_new(self) -> bool:
        latest = self.register.latest
        return self.draft is not None and (latest is None or self.draft != self.released[latest.version])


@dataclass(frozen=True, slots=True)
class Library:
    """Everything that a site is made from."""

    site: Site
    today: date
    policies: tuple[Policy, ...]
    notices: Notices
    words: Words  # of the pages that belong to no policy
    drafts: bool = False  # whether drafts are part of the site: a look ahead, never published

    @property
    def registers(self) -> dict[str, Register]:
        """Every register by the name that is released: the policies' and the notice's."""
        return {policy.id: policy.register for policy in self.policies} | {NOTICE: self.notices.register}

    def register(self, name: str) -> Register:
        return self.notices.register if name == NOTICE else self.policy(name).register

    def policy(self, policy_id: str) -> Policy:
        """The policy of that name; SourceError offers the ones there are."""
        for policy in self.policies:
            if policy.id == policy_id:
                return policy
        known = ", ".join(policy.id for policy in self.policies)
        problem = Problem("policy.unknown", Where(SITE_PATH), f"there is no policy {policy_id!r}", f"known: {known}")
        raise SourceError(problem)

    @property
    def notice(self) -> Notice | None:
        """The notice that the banner speaks from: the one in force, or with drafts the one declared now."""
        if self.drafts and self.notices.draft_is_new:
            return self.notices.draft
        return self.notices.in_force(self.today) if self.site.consent else None

    @property
    def notices_so_far(self) -> list[Notice]:
        """The released notices up to the one that the banner speaks from, oldest first."""
        released = list(self.notices.released.values())
        if self.notice in released:
            return released[: released.index(self.notice) + 1]
        return [*released, self.notice] if self.notice else []


def load(site: Site, sources: Sources, *, today: date, drafts: bool = False) -> Library:
    """Read everything; SourceError or FrozenTextChanged with the problems of all policies at once."""
    errors: list[PolicyError] = []
    notices = _try(partial(_notices, site, sources), errors)
    words = load_words(sources.templates, site.language)

    @cache
    def variables(language: str, path: str) -> Mapping[str, str]:
        return variables_of(site, notices, load_words(sources.templates, language, path))

    policies = [_try(partial(_policy, site, sources, name, variables), errors) for name in site.policies]
    if errors or notices is None:
        raise _all(errors, declared=notices is not None)
    loaded = Library(site, today, tuple(policy for policy in policies if policy), notices, words, drafts)
    _check_strays(sources, loaded.registers)
    return loaded


def register_path(name: str) -> str:
    return f"content/{name}/releases.yaml"


def draft_path(name: str, language: str = "") -> str:
    return f"content/{name}/policy{language and f'.{language}'}.md"


def source_path(name: str, language: str) -> str:
    """What the sections of a translation translate."""
    return draft_path(name, f"{language}.source")


def frozen_path(name: str, version: Version, language: str = "") -> str:
    return f"content/{name}/releases/{version}{language and f'.{language}'}.{'json' if name == NOTICE else 'md'}"


def load_register(sources: Sources, name: str) -> Register:
    path = register_path(name)
    return history.load(sources.text(path), path) if path in sources.content else Register(path)


def readable_registers(site: Site, sources: Sources) -> dict[str, Register]:
    """The registers that can be read, whatever is wrong with the others."""
    found = {name: _try(partial(load_register, sources, name), []) for name in (*site.policies, NOTICE)}
    return {name: register for name, register in found.items() if register}


def _try(step: Callable[[], T], errors: list[PolicyError]) -> T | None:
    try:
        return step()
    except PolicyError as error:
        errors.append(error)
        return None


def _all(errors: list[PolicyError], *, declared: bool) -> PolicyError:
    """One error for all. Where the notice could not be made its variables are unknown through no fault of the text."""
    problems = [problem for error in errors for problem in error.problems]
    told = [problem for problem in problems if declared or problem.code != "policy.unknown-variable"]
    changed = any(isinstance(error, FrozenTextChanged) for error in errors)
    return (FrozenTextChanged if changed else SourceError)(told)


def _check_strays(sources: Sources, registers: Mapping[str, Register]) -> None:
    """A released text is never left out in silence: each has a row, and its policy is on the list (V01, E02)."""
    known = {name: [label for row in register.releases for label in row.labels] for name, register in registers.items()}
    problems = []
    for path in sources.content:
        match = re.fullmatch(r"content/([^/]+)/releases/([^/]+)\.(?:md|json)", path)
        if match and match[1] not in known:
            hint = f"list {match[1]!r} under 'policies' in {SITE_PATH}"
            problems.append(Problem("release.unlisted", Where(path), "the site does not list this policy", hint))
        elif match and match[2] not in known[match[1]]:
            register = register_path(match[1])
            hint = f"if git status calls it untracked, its release was taken back: delete {path}; "
            hint += f"else bring the register back: git checkout -- {register}"
            problems.append(Problem("release.unregistered", Where(path), f"{register} does not name this text", hint))
    if problems:
        raise SourceError(problems)


def _policy(site: Site, sources: Sources, name: str, variables: Variables) -> Policy:
    register = load_register(sources, name)
    releases = tuple(_release(sources, site, name, register, release) for release in register.releases)
    path = draft_path(name)
    source = documents.resolve(_draft_source(sources, name), variables(site.language, SITE_PATH), path)
    document = documents.parse(source, path, language=site.language)
    errors: list[PolicyError] = []
    beside = re.compile(rf"content/{re.escape(name)}/policy\.([^/]+)(?<!\.source)\.md")
    found = (match[1] for match in map(beside.fullmatch, sources.content) if match)
    steps = {language: partial(_translation, sources, name, document, variables, language) for language in found}
    translated = {language: made for language, step in steps.items() if (made := _try(step, errors))}
    if errors:
        raise _all(errors, declared=True)
    return Policy(name, register, releases, Text(DRAFT, document, source.text.encode(), translations=translated))


def _translation(
    sources: Sources, name: str, authoritative: Document, variables: Variables, language: str
) -> Translation:
    path, of = draft_path(name, language), source_path(name, language)
    translations.check_language(language, authoritative.meta.language, path)
    source = documents.resolve(sources.text(path), variables(language, path), path)
    document = documents.parse(source, path, language=language)
    translations.check_language(language, authoritative.meta.language, path, document.meta.language)
    followed = sources.text(of) if of in sources.content else ""
    return translations.working(authoritative, document, source.text.encode(), followed)


def _draft_source(sources: Sources, name: str) -> str:
    path = draft_path(name)
    if path not in sources.content:
        hint = f"write it, or take {name!r} off the list 'policies' in {SITE_PATH}"
        raise SourceError(Problem("policy.missing", Where(path), "the working text of this policy is not there", hint))
    return sources.text(path)


def _release(sources: Sources, site: Site, name: str, register: Register, release: Release) -> Text:
    def frozen(release: Release, language: str = "") -> tuple[Document, bytes]:
        path = frozen_path(name, release.version, language)
        history.check_frozen(register, release, sources.content.get(path), path)
        document = documents.parse(sources.text(path), path, language=language or site.language)
        return document, sources.content[path]

    document, content = frozen(release)
    translated = {
        language: translations.held(document, *frozen(replace(release, sha256=of.sha256), language), of.behind)
        for language, of in release.translations.items()
    }
    return Text(str(release.version), document, content, release, translated)


def _notices(site: Site, sources: Sources) -> Notices:
    register = load_register(sources, NOTICE)
    released = {}
    for release in register.releases:
        path = frozen_path(NOTICE, release.version)
        history.check_frozen(register, release, sources.content.get(path), path)
        released[release.version] = Notice(sources.content[path])
    draft = declared_notice(site, sources, register.next("editorial"))
    latest = register.latest and released[register.latest.version]
    return Notices(register, released, latest if draft and latest and draft.wording() == latest.wording() else draft)


def declared_notice(site: Site, sources: Sources, version: Version) -> Notice | None:
    """The notice that site.yaml declares today, as the given version."""
    if site.consent is None:
        return None
    controller = {"name": site.company.name, "email": site.company.email}
    try:
        return consent.make_notice(
            site.consent,
            read_widget(sources.widget),
            version=str(version),
            language=site.language,
            controller=controller,
        )
    except ValueError as error:
        raise SourceError(Problem("notice.incomplete", Where(SITE_PATH), str(error))) from None


def variables_of(site: Site, notices: Notices | None, words: Words) -> dict[str, str]:
    """What `{{ name }}` stands for in a working text."""
    company = {f"company.{key}": getattr(site.company, key) for key in ("name", "address", "email", "website")}
    draft = notices and notices.draft
    try:
        declared = consent.variables(site.consent, draft, words) if site.consent and draft else {}
    except ValueError as error:
        raise SourceError(Problem("notice.incomplete", Where(SITE_PATH), str(error))) from None
    own = {"site.url": site.url, "advance_notice_days": str(site.advance_notice_days)}
    return {**company, **own, **declared, **site.variables}
