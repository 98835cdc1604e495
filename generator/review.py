"""What is checked of a release before it is made: what may be called editorial, and what its summary must say.

Whether a change is material stays a person's decision. What can be proven against it is: other words, another place or
a lost mark of a section that is marked material (V03), and a summary that does not say what changed (WP260 para 29).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import count, groupby

from rapidfuzz.distance import Hamming, Levenshtein

from generator.documents import Document, Section
from generator.errors import Problem, Severity, Where
from generator.redline.diff import BlockChange, Redline, SectionChange, same_words
from generator.redline.tokens import TOKEN
from generator.redline.visible import dates, figures, text_of

# Words that say nothing of a change, in a summary that holds no others.
_EMPTY_WORDS = (
    "a about all an and any are as at be by can change changed changes changing edit edited edits few fix fixed fixes "
    "for from general has have if improve improved improvement improvements in is it its making may minor misc "
    "miscellaneous more new newer not of on or other our policy release released revise revised revision revisions "
    "says small some something stuff tbd test testing text that the their them they things this to todo tweak tweaks "
    "update updated updates updating various version was we were which who will wip with you your"
)
_EMPTY = frozenset(_EMPTY_WORDS.split())
_FORM = re.compile(r"\b(?:no (?:\w+ )?changes?|nothing (?:\w+ )?changed|(?:re)?format\w*|layout|punctuation)\b", re.I)
_SLIPS = re.compile(r"\b(?:typos?|spelling|misspell\w*|grammar|misprints?)\b", re.IGNORECASE)
_NOT = re.compile(r"\b(?:not?|nor|never|without|cannot)\b|n['’]t\b", re.IGNORECASE)
_NUMBER = r"\d+(?:\.[\da-z]+)*"
_SECTIONS = re.compile(
    rf"(?:\b(?:sections?|clauses?|articles?)|§+)\s*({_NUMBER}(?:(?:,|–|-|\s|\band\b|\bto\b|&)+{_NUMBER})*)",
    re.IGNORECASE,
)
_REWORDED = frozenset({"added", "removed", "moved", "reworded"})
Paths = Mapping[str, list[Section]]  # by id: the sections that one stands below, and itself
_SHOWN = 12  # changed sections or numbers that a message names


def material_problems(redline: Redline, version: str) -> Iterator[Problem]:
    """The changes that an editorial release may not hold. A mark holds for the sections below, too."""
    paths = _paths(redline.old), _paths(redline.new)
    for change in redline.sections:
        section = change.section
        if what := _what_changed(change, *paths):
            after = change.new or redline.new.section(section.id)
            where = Where(redline.new.path, redline.new.line(after.line) if after else None)
            message = f"the section {section.heading!r} is marked material, and {what} {version}"
            hint = "release with --material, or take the change back"
            yield Problem("release.material-section", where, message, hint)


def _what_changed(change: SectionChange, paths_old: Paths, paths_new: Paths) -> str:
    old, new = change.old, change.new
    before, after = paths_old[old.id] if old else [], paths_new[new.id] if new else []
    if not any(section.material for section in (*before, *after)):
        return ""
    if change.move:  # it stands in the redline twice, and is told once
        return "stands elsewhere than in" if old else ""
    if old is None or new is None:
        return "was not in" if new else "is gone since"
    if not same_words(old, new):
        return "its words differ from" if change.kinds & _REWORDED else "a link of it, or where it leads, differs from"
    if [above.heading for above in before[:-1]] != [above.heading for above in after[:-1]]:
        return "stands below another heading than in"  # which may say for whom or when it holds
    return "" if any(section.material for section in after) else "has lost that mark since"


def _paths(document: Document) -> Paths:
    found: dict[str, list[Section]] = {}
    path: list[Section] = []
    for section in document.sections:
        path = [*(above for above in path if above.id and above.level < section.level), section]
        found[section.id] = path
    return found


def number_problems(redline: Redline, where: Where) -> Iterator[Problem]:
    """What an editorial release changes in figures: a period, an age or an amount is seldom a matter of form."""
    if told := list(_changed_figures(redline)):
        hint = "release a change of substance with --material"
        yield Problem("release.numbers", where, f"numbers changed: {_listed(told)}", hint, "warning")


def _changed_figures(redline: Redline) -> Iterator[str]:
    """Each number or date that is another one within a text that stayed, but for the day that the text gives itself."""
    held: dict[int, tuple[list[str], list[str], str]] = {}  # of a move both ends are one
    index = count(-1, -1)
    for change in redline.changed:
        for block in change.all:
            if not block.kept and (block.move or (block.old and block.new)):
                *sides, place = held.get(key := block.move or next(index), ([], [], ""))
                for found, text in zip(sides, _sides(block), strict=True):
                    found += [figure for figure in figures(text) if figure not in dates(text)]
                held[key] = (sides[0], sides[1], _place(change, redline) if block.new else place)
    for old, new, place in held.values():
        for tag, i, j, k, end in (Hamming if len(old) == len(new) else Levenshtein).opcodes(old, new):
            if tag != "equal":
                yield f"{', '.join(old[i:j]) or 'none'} -> {', '.join(new[k:end]) or 'none'} in {place}"


def _sides(block: BlockChange) -> list[str]:
    """What a reader sees of a block in the old text and in the new one."""
    return [text_of("".join(span.text for span in block.words if span.op in ops)) for ops in ("=-", "=+")]


def is_empty(summary: str) -> bool:
    """Whether no word of a summary could say what changed: "wip", "Updates the policy."."""
    words = [word for word in _words(summary) if not word.isdigit()]
    return len(words) < 2 or not set(words) - _EMPTY


def summary_problem(redline: Redline, summary: str, where: Where) -> Problem | None:
    """A summary may not deny what changed, and should name some of it, and nothing else."""
    if not redline.changed:
        return None
    severity: Severity = "warning"
    changed = {f"{number}." for change in redline.changed for number in _numbers(change, redline)}
    numbers = [number for found in _SECTIONS.findall(summary) for number in re.findall(_NUMBER, found)]
    strange = [n for n in numbers if not any(f"{n}.".startswith(c) or c.startswith(f"{n}.") for c in changed)]
    claim = _FORM.search(summary) or _SLIPS.search(summary)
    words = " ".join(text for place in _places(redline.blocks) for text in place)
    headings = " ".join(s.heading for change in redline.changed for s in (change.old, change.new) if s)
    said = _telling(summary.replace(claim[0], " ") if claim else summary)
    if claim and not said & _telling(words) and _denied(claim, redline):  # where is not what
        message = f"the summary says {claim[0]!r} and no more, but more has changed"
        severity = "error"
    elif changed and strange:
        message = f"the summary names {', '.join(strange)}, where nothing changed"
    elif not said & _telling(f"{headings} {words}") and not numbers:
        message = "the summary names nothing that changed"
    else:
        return None
    told = _listed([f"{_place(change, redline)} ({change.status})" for change in redline.changed])
    return Problem("release.summary", where, message, f"changed: {told}", severity)


def _listed(told: list[str]) -> str:
    more = f"; and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return f"{'; '.join(told[:_SHOWN])}{more}"


def _place(change: SectionChange, redline: Redline) -> str:
    number = next(iter(_numbers(change, redline)), "")
    return f"{number} {change.section.heading or 'the opening text'}".strip()


def _numbers(change: SectionChange, redline: Redline) -> list[str]:
    """The numbers of a section in the new text and in the old one."""
    places = ((redline.new, change.new), (redline.old, change.old))
    found = [document.full_number(section).rstrip(".") for document, section in places if section]
    return list(filter(None, found))


def _words(text: str) -> list[str]:
    return [token.casefold() for token, _ in TOKEN.findall(text) if token[0].isalnum()]


def _telling(text: str) -> set[str]:
    """The beginnings of the words that could tell what changed, so that cookie and cookies are one."""
    return {word[:6] for word in _words(text) if word not in _EMPTY and (len(word) > 2 or word > "\u2e80")}


def _places(blocks: Iterable[BlockChange]) -> Iterator[tuple[str, str]]:
    """Each place at which words changed: what stood there, and what stands there now."""
    for block in blocks:
        for changed, run in groupby(block.words, key=lambda span: span.changed and not span.move):
            if changed:
                spans = list(run)
                old, new = ("".join(span.text for span in spans if span.op == op) for op in "-+")
                yield old, new


def _denied(claim: re.Match[str], redline: Redline) -> bool:
    """Whether more changed than a summary says."""
    if claim.re is _SLIPS:
        blocks = (block for block in redline.blocks if not _is_date(block))
        return not all(_is_slip(old, new) for old, new in _places(blocks))
    return redline.visible == "words" or any(_changed_figures(redline))


def _is_date(block: BlockChange) -> bool:
    """Whether nothing but the day that the text gives itself is another one, as it must be where words changed."""
    old, new = (re.sub("|".join(map(re.escape, dates(text))), "", text) for text in _sides(block))
    return old == new


def _is_slip(old: str, new: str) -> bool:
    """Whether only a few letters of a word, spaces or punctuation differ, and no figure or negation."""
    before, after = (re.sub(r"[\W_]+", "", text.casefold()) for text in (old, new))
    near = before and after and Levenshtein.distance(before, after) <= max(1, min(len(before), len(after)) // 4)
    figures_stay = re.findall(r"\d+", old) == re.findall(r"\d+", new)
    same = figures_stay and bool(_NOT.search(old)) == bool(_NOT.search(new))
    return same and (before == after or bool(near))
