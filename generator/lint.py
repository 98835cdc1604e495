"""What is checked before anything is released: each check reads the library and yields problems.

A check is a function with @check. What can still be changed is checked: the drafts and the declared notice. What has
been released is history; it is only asked whether it goes together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from generator import consent, translations
from generator.documents import Document
from generator.errors import Problem, Where
from generator.library import Library, draft_path, register_path
from generator.redline import diff
from generator.redline.marking import MARKERS
from generator.render import OWN_FILE, SAFE_LINK

Check = Callable[[Library], Iterable[Problem]]
CHECKS: list[Check] = []

_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)|<((?:[a-z][a-z0-9+.-]*):[^>\s]+)>", re.IGNORECASE)
# Those of templates/ and of redlines.anchor().
_PAGE_IDS = frozenset({"page-main", "page-changes", "page-front", "page-intro", "page-colophon", "page-withdrawn"})
# What EasyList's cookie list blocks wherever it stands: /cookie-policy/*, -cookies-policy/ … (field notes 5.7).
_BLOCKED = re.compile(r"cookies?-(policy|notice|consent|banner)|(gdpr|implied)-consent")
_LINE_END = re.compile(r"\r\n|\r|\n")
_IMAGE = re.compile(r"!\[[^\]]*\]\(\s*<?([^)\s>]+)")
# "By using this site you accept …" is no consent and no notice of a change (B10, D23; WP260 para 29).
_USE_AS_CONSENT = re.compile(r"\b(by|continu\w+)\b.{0,60}\bus(e|ing)\b.{0,80}\b(accept|agree|consent)", re.IGNORECASE)
# Words that push: guilt, reward, praise (B09; EDPB 03/2022, "Emotional Steering").
_PRESSURE = re.compile(
    r"\b(best experience|sorry|unfortunately|miss out|please accept|tasty|love cookies)\b", re.IGNORECASE
)
_SELLS_SPACE = re.compile(r"\b(AdSense|Ad ?Manager|AdMob)\b", re.IGNORECASE)


def check(function: Check) -> Check:
    """Register a check."""
    CHECKS.append(function)
    return function


def run(library: Library) -> tuple[Problem, ...]:
    """Every problem of every check, in the order of files and lines."""
    found = [problem for function in CHECKS for problem in function(library)]
    return tuple(sorted(found, key=lambda problem: (problem.where.path, problem.where.line or 0)))


@check
def links_lead_somewhere(library: Library) -> Iterator[Problem]:
    for ids, where, line in _draft_lines(library):
        for target in (match[1] or match[2] for match in _LINK.finditer(line)):
            if target.startswith("#") and target[1:] not in ids:
                message = f"the link {target} leads to no section"
                yield Problem("link.no-section", where, message, f"sections: {', '.join(sorted(filter(None, ids)))}")
            elif not SAFE_LINK.match(target):
                hint = "links may be http, https, mailto, tel, or begin with / or #"
                yield Problem("link.scheme", where, f"the link {target!r} is not one that a policy may hold", hint)


@check
def images_are_our_own(library: Library) -> Iterator[Problem]:
    """A page fetches nothing from elsewhere: it would tell another host who reads the policy (G08)."""
    for _, where, line in _draft_lines(library):
        for source in _IMAGE.findall(line):
            if not OWN_FILE.match(source):
                message = f"the image {source!r} is not one of the site's own files"
                yield Problem("image.foreign", where, message, "put it into static/ and name it /static/…")


@check
def addresses_are_not_blocked(library: Library) -> Iterator[Problem]:
    """Whoever blocks banners would get a policy without what its page fetches: comparisons, and what changed since."""
    for policy in library.policies:
        if not policy.releases and _BLOCKED.search(policy.id):  # an address that was published stays
            message = f"lists that block cookie banners block what a page fetches from {policy.path}"
            hint = "give it another name, such as 'use-of-cookies'"
            yield Problem("policy.blocked", Where(draft_path(policy.id)), message, hint, "warning")


@check
def ids_are_free(library: Library) -> Iterator[Problem]:
    """A section with an id of the page itself could not be linked to."""
    for draft, _ in _drafts(library):
        for section in draft.sections:
            if section.id in _PAGE_IDS:
                message = f"the id {section.id!r} is that of a part of every page"
                yield Problem("policy.page-id", Where(draft.path, draft.line(section.line)), message, "give it another")


@check
def a_date_is_that_of_the_text(library: Library) -> Iterator[Problem]:
    """A text that says when it was last changed, and was changed since, misleads (WP260 para 29). Until the release
    before has taken effect its date may stand, and a month stands for all its days."""
    for policy in library.policies:
        before, draft = policy.before(policy.draft), policy.draft.document
        if before and before.release and policy.draft_is_new:
            stated, told = diff.compare(before.document, draft).stale, before.release.published
            in_month = (told.year, told.month) == (library.today.year, library.today.month)
            held = in_month and all(len(re.findall(r"\d+", date)) == 1 for date in stated)
            if stated and not held and library.today > max(told, before.release.effective):
                lines = enumerate((" ".join(line.split()) for line in draft.source.splitlines()), 1)
                line = next(number for number, said in lines if stated[0] in said)
                hint = "write the day on which this text was changed, or that on which it takes effect"
                message = f"words changed, but the date that the text gives itself did not: {', '.join(stated)}"
                yield Problem("policy.date-unchanged", Where(draft.path, draft.line(line)), message, hint)


@check
def use_is_not_consent(library: Library) -> Iterator[Problem]:
    for where, words in _draft_blocks(library):
        if _USE_AS_CONSENT.search(words):
            message = "continued use is described as acceptance, which it is not (WP260 para 29)"
            yield Problem("wording.use-as-consent", where, message, "say how readers are told of a change", "warning")


@check
def texts_hold_no_markers(library: Library) -> Iterator[Problem]:
    for _, where, line in _draft_lines(library):
        if set(MARKERS).intersection(line):
            message = f"the line holds a private-use character (U+{ord(MARKERS[0]):X} to U+{ord(MARKERS[-1]):X})"
            yield Problem("text.marker", where, message, "delete it")


@check
def notice_neither_pushes_nor_presumes(library: Library) -> Iterator[Problem]:
    texts = library.notices.draft.data["texts"] if library.notices.draft else {}
    for language, said in texts.items():
        for key, text in said.items():
            if _USE_AS_CONSENT.search(text) or _PRESSURE.search(text):
                message = f"the banner's text {key!r} ({language}) pushes or presumes: {text!r}"
                yield Problem("wording.notice", Where("site.yaml"), message, "say plainly what is asked (B09, B10)")


@check
def the_signal_is_explained(library: Library) -> Iterator[Problem]:
    """Who says that the signal is honoured, or has purposes that it denies, tells readers how (W3C GPC, "Legal
    Effects"); and a banner alone is no acceptable method to opt out of sale or sharing (11 CCR 7026(a)(4), S07)."""
    declaration = library.site.consent
    if declaration and (declaration.gpc or any("gpc" in purpose.signals for purpose in declaration.purposes)):
        draft = library.policy(declaration.policy).draft.document
        if "Global Privacy Control" not in draft.source:
            message = "a purpose is denied by Global Privacy Control, or gpc.json says so, and the policy does not"
            hint = "say in it what the signal does, and by which other way a reader can opt out"
            yield Problem("signal.unexplained", Where(draft.path), message, hint, "warning")


@check
def advertising_space_needs_another_banner(library: Library) -> Iterator[Problem]:
    """Google wants a certified platform of who sells space in the EEA, the UK and Switzerland; this is none (S13)."""
    for purpose in library.site.consent.purposes if library.site.consent else ():
        for service in purpose.services:
            said = " ".join((service.id, service.provider, *service.name.by_language.values()))
            if sells := _SELLS_SPACE.search(said):
                message = f"the service {service.id!r} is {sells[0]}, for which Google wants a certified platform"
                yield Problem(
                    "signal.certified", Where("site.yaml"), message, "use one, and not this banner", "warning"
                )


@check
def notice_is_released(library: Library) -> Iterator[Problem]:
    notices = library.notices
    if notices.draft_is_new:
        latest = notices.register.latest
        found = f"the notice differs from its release {latest.version}" if latest else "the notice has no release yet"
        hint = "policy release notice --material|--editorial --summary TEXT, or look at it with --drafts"
        yield Problem("notice.unreleased", Where("site.yaml"), found, hint, "warning")


@check
def notice_names_a_policy_in_force(library: Library) -> Iterator[Problem]:
    declaration = library.site.consent
    if declaration and library.policy(declaration.policy).in_force(library.today) is None:
        message = f"no release of {declaration.policy!r} is in force for a choice to be bound to: there is no banner"
        hint = f"policy release {declaration.policy} --help"
        yield Problem("notice.no-policy", Where(register_path(declaration.policy)), message, hint, "warning")


@check
def policy_names_what_the_banner_stores(library: Library) -> Iterator[Problem]:
    """The table of cookies in force and the banner in force must not drift apart (D18; Planet49, C-673/17)."""
    notice, declaration = library.notice, library.site.consent
    current = library.policy(declaration.policy).in_force(library.today) if declaration and notice else None
    if notice and current:
        said = current.content.decode()
        missing = [name for name in consent.stored_names(notice) if name not in said]
        if missing:
            message = f"version {current.label}, in force, does not name what the banner stores: {', '.join(missing)}"
            hint = "release a text that holds {{ cookie_table }}"
            yield Problem("policy.storage-missing", Where(current.document.path), message, hint, "warning")


@check
def translations_are_up_to_date(library: Library) -> Iterator[Problem]:
    """All languages of a version are released together, or it is known which sections are not (V10)."""
    for policy in library.policies:
        for translation in policy.draft.translations.values():
            yield from translations.problems(policy.id, policy.draft.document, translation)
        before = policy.before(policy.draft)
        held = before.translations if before else {}
        for language in sorted(held.keys() - policy.draft.translations.keys()):
            message = f"version {before.label if before else ''} has this language, the next one would not"
            where, hint = Where(draft_path(policy.id, language)), "bring the working text of the translation back"
            yield Problem("translation.dropped", where, message, hint, "warning")


@check
def banner_speaks_the_languages_of_its_policy(library: Library) -> Iterator[Problem]:
    """No other language between a page and its banner (B11; EDPB 03/2022, "Language discontinuity")."""
    notice = library.notices.draft
    spoken = notice.data["languages"] if notice else ()
    for draft, _ in _drafts(library) if spoken else ():
        language = draft.meta.language
        if not {language, language.split("-")[0]} & set(spoken):
            message = f"the banner and the table of cookies have no texts in {language!r}"
            hint = f"add {language!r} to 'languages' of 'consent' in site.yaml"
            yield Problem("translation.banner", Where(draft.path), message, hint, "warning")


def _drafts(library: Library) -> Iterator[tuple[Document, set[str]]]:
    """Every working text, in every language, and the sections of its page."""
    for policy in library.policies:
        yield policy.draft.document, {section.id for section in policy.draft.document.sections}
        for translation in policy.draft.translations.values():
            yield translation.document, set(translation.states)


def _draft_lines(library: Library) -> Iterator[tuple[set[str], Where, str]]:
    """Every line of every working text, where it stands, and what a link in it may lead to."""
    for draft, ids in _drafts(library):
        for section in draft.sections:
            first = section.line + (1 if section.id else 0)
            for number, line in enumerate(_LINE_END.split(section.source), first):
                yield ids, Where(draft.path, draft.line(number)), line


def _draft_blocks(library: Library) -> Iterator[tuple[Where, str]]:
    """The words of every block on one line, at the line where it starts: a sentence may run over several lines."""
    for policy in library.policies:
        draft = policy.draft.document
        for section in draft.sections:
            number = section.line + (1 if section.id else 0)
            for block in section.blocks:
                yield Where(draft.path, draft.line(number)), " ".join(block.text.split())
                number += len(_LINE_END.findall(block.source))
