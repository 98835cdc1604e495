"""Translations: which sections of one say what the authoritative text says, and which are behind it (V10).

`policy.md` is authoritative, `policy.<language>.md` translates it; sections correspond by id. Beside the translation
stands `policy.<language>.source.md`: of each section the authoritative text that was translated. A section is behind
where that text and today's differ in more than form. So nobody counts versions or digests, a draft that changes again
after it was translated is noticed, and the redline shows just what changed since.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from generator import documents
from generator.documents import Document, Section
from generator.errors import Problem, SourceError, Where
from generator.redline import diff
from generator.redline.diff import SILENT, Kind, Redline

State = Literal["current", "behind", "missing", "extra"]

OPENING = "page-intro"  # title, description and the text before the first heading are one section under this id
_FORM: frozenset[Kind] = SILENT | {"formatting", "alignment", "anchor", "split", "joined"}  # no word, no order
# BCP 47: language, script, region, each as it is usually written. No address of a policy looks like one.
_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|\d{3}))?")


@dataclass(frozen=True, slots=True)
class Translation:
    """One text in another language, and how each of its sections stands to the authoritative one."""

    language: str
    document: Document  # as it is written
    content: bytes
    shown: Document  # as it is read: in the order and with the numbers of the authoritative text, which fills the gaps
    states: Mapping[str, State]
    followed: Mapping[str, Section] = field(default_factory=dict)  # of a working text: what each section translates

    @property
    def behind(self) -> tuple[str, ...]:
        """What the register names: the sections that do not say, or not at all, what the authoritative text says."""
        return tuple(section_id for section_id, state in self.states.items() if state in ("behind", "missing"))

    @property
    def to_do(self) -> dict[str, State]:
        return {section_id: state for section_id, state in self.states.items() if state != "current"}


def working(authoritative: Document, document: Document, content: bytes, source: str) -> Translation:
    """A working text; `source` is what its sections translate, or '' where nobody has said that yet."""
    followed = {section.id: section for section in documents.read(source, "", underlined=False).sections if section.id}
    behind = {key for key, section in sections(authoritative).items() if _changed(followed.get(key), section)}
    return replace(held(authoritative, document, content, behind), followed=followed)


def _changed(old: Section | None, new: Section) -> bool:
    if old is None or documents.written(old) == documents.written(new):  # hardly ever is there anything to compare
        return old is None
    return any(block.kinds - _FORM for block in diff.compare(diff.alone(old), diff.alone(new), apart=True).blocks)


def held(authoritative: Document, document: Document, content: bytes, behind: Collection[str]) -> Translation:
    """A text held against the authoritative one, where it is known which sections are behind."""
    theirs, ours = sections(authoritative), sections(document)
    states: dict[str, State] = {
        section_id: "missing" if section_id not in ours else "behind" if section_id in behind else "current"
        for section_id in theirs
    }
    states |= {section_id: "extra" for section_id in ours if section_id not in theirs}
    shown = replace(document, sections=tuple(_shown(authoritative, document)))
    return Translation(document.meta.language, document, content, shown, states)


def sections(document: Document) -> dict[str, Section]:
    """The sections by id, in order."""
    intro = document.section("")
    said = (document.meta.description, intro.source.strip("\r\n") if intro else "")
    opening = Section(OPENING, 1, "", document.meta.title, False, "\n\n".join(filter(None, said)), 1)
    return {OPENING: opening} | {section.id: section for section in document.sections if section.id}


def _shown(authoritative: Document, document: Document) -> list[Section]:
    """A section has one number in every language, so that a citation holds in each of them."""
    ours = {section.id: section for section in document.sections}
    placed = [ours[""]] if "" in ours else []
    for theirs in authoritative.sections:
        if theirs.id:
            own = ours.get(theirs.id, theirs)
            placed.append(replace(own, level=theirs.level, number=theirs.number, material=theirs.material))
    known = {section.id for section in placed}
    for before, extra in pairwise((None, *document.sections)):
        if extra and extra.id not in known:  # it stays behind the section that it follows, and those below that
            at = next((at for at, section in enumerate(placed, 1) if before and section.id == before.id), 0)
            while at < len(placed) and placed[at].level > extra.level:
                at += 1
            placed.insert(at, replace(extra, number=""))
    return placed


def check_language(language: str, authoritative: str, path: str, said: str = "") -> None:
    """SourceError where a file's name cannot be that of a translation, or its front matter says another language."""
    if not _TAG.fullmatch(language):
        message, hint = f"{language!r} is no language tag", "call it policy.ur.md or policy.zh-Hant.md (BCP 47)"
    elif language == authoritative:
        message, hint = f"the authoritative text, policy.md, is in {language!r} itself", "take one of them away"
    elif said not in ("", language):
        message, hint = f"the front matter says {said!r}, the file's name {language!r}", "take 'language' out"
    else:
        return
    raise SourceError(Problem("translation.language", Where(path), message, hint))


def problems(policy: str, authoritative: Document, translation: Translation) -> Iterator[Problem]:
    """What is to be done about a working text, each section at its line."""
    path, command = translation.document.path, f"policy translations {policy} {translation.language}"
    if not translation.followed:
        message = "nobody has said which text it translates, so all of it counts as behind"
        hint = f"{command} --done says that it is the text of today, with --of VERSION that of a release"
        yield Problem("translation.unmarked", Where(path), message, hint, "warning")
    theirs, ours, line = sections(authoritative), sections(translation.document), 1
    for section_id in (OPENING, *(section.id for section in translation.shown.sections if section.id)):
        state = translation.states[section_id]
        line = translation.document.line(ours[section_id].line) if section_id in ours else line
        if state == "missing":
            place = Where(authoritative.path, authoritative.line(theirs[section_id].line))
            message, hint = f"the section {section_id!r} is not translated", f"translate {place}"
        elif state == "behind" and translation.followed:
            message = f"the section {section_id!r} is behind {authoritative.path}, which has changed since"
            hint = f"{command} {section_id} shows what changed, and with --done notes that it is translated"
        elif state == "extra":
            message = f"{authoritative.path} has no section {section_id!r}"
            hint = "take it out, or give it the id of the section it translates"
        else:
            continue
        yield Problem(f"translation.{state}", Where(path, line), message, hint, "warning")


def redline(authoritative: Document, translation: Translation, chosen: Collection[str]) -> Redline:
    """What changed in the authoritative text since the chosen sections were translated; one not translated is new."""
    translated = [section_id for section_id in chosen if translation.states[section_id] != "missing"]
    old = _written(section for section_id, section in translation.followed.items() if section_id in translated)
    new = _written(section for section_id, section in sections(authoritative).items() if section_id in chosen)
    return diff.compare(documents.read(old, translation.document.path), documents.read(new, authoritative.path))


def marked(authoritative: Document, translation: Translation, chosen: Collection[str], of: Document) -> str:
    """`policy.<language>.source.md` once the chosen sections translate what `of` says."""
    done = {section_id: section for section_id, section in sections(of).items() if section_id in chosen}
    texts = {**translation.followed, **done}
    return _written(texts[section_id] for section_id in sections(authoritative) if section_id in texts)


def _written(chosen: Iterable[Section]) -> str:
    return "\n".join(documents.written(section) for section in chosen)
