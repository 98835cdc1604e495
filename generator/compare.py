"""Any two releases: a page that leads to a redline of any pair.

Neighbours, and each release with the one in force, have a page of their own. The other pairs are put together in the
browser from parts, each made once for a distinct pair of section texts, so that a hundred releases do not make five
thousand pages. The script that puts them together compares nothing: what changed is in the parts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from generator import diff
from generator.diff import SectionChange
from generator.documents import Section
from generator.library import Library, Policy, Text
from generator.pages import Page, feed_path, redline_pairs
from generator.render import Renderer
from generator.views import change_view, redline_path, release_path, view

NONE = "0"  # in place of the digest of a section that one of the texts does not have


def make(library: Library, renderer_for: Callable[[str], Renderer]) -> Iterator[Page]:
    """`/<policy>/compare/` of every policy that has two releases, and the parts that it needs."""
    for policy in library.policies:
        if len(policy.releases) > 1:
            yield _choice(library, policy)
            yield from _parts(library, policy, renderer_for)


def index(library: Library, policy: Policy) -> bytes:
    """`/<policy>/compare/index.json`: the sections of each release by digest, and the pairs that have a page."""
    made = _pairs_with_page(library, policy)
    told = {
        "schema": "policy-compare/1",
        "pages": {f"{old}...{new}": redline_path(policy, old, new) for old, new in sorted(made)},
        "releases": {
            text.label: {
                "address": release_path(policy, text.label),
                "sections": [
                    {"id": section.id, "number": section.number, "heading": section.heading, "text": digest(section)}
                    for section in text.document.sections
                ],
            }
            for text in policy.releases
        },
    }
    return (json.dumps(told, ensure_ascii=False) + "\n").encode()


def digest(section: Section) -> str:
    """What two sections have in common if they need no comparison: level, heading and text, but not the number."""
    said = f"{section.level}\n{section.heading}\n{section.source.strip()}"
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def _pairs_with_page(library: Library, policy: Policy) -> set[tuple[str, str]]:
    return {(old.label, new.label) for old, new in redline_pairs(library, policy)}


def _choice(library: Library, policy: Policy) -> Page:
    made = sorted(_pairs_with_page(library, policy))
    return Page(
        f"{policy.path}compare/",
        "compare.html",
        f"{policy.title}: {library.words.plain('compare_title')}",
        library.site.language,
        {
            "policy": {"title": policy.title, "path": policy.path},
            "releases": [view(library, policy, text) for text in reversed(policy.releases)],
            "pairs": [{"old": old, "new": new, "path": redline_path(policy, old, new)} for old, new in made],
        },
        feed=feed_path(policy),
    )


def _parts(library: Library, policy: Policy, renderer_for: Callable[[str], Renderer]) -> Iterator[Page]:
    made = _pairs_with_page(library, policy)
    done: set[tuple[str, str]] = set()
    for old, new in combinations(policy.releases, 2):
        if (old.label, new.label) in made:
            continue
        for before, after in _pairs(old, new):
            key = (digest(before) if before else NONE, digest(after) if after else NONE)
            if key[0] != key[1] and key not in done:
                done.add(key)
                language = (new if after else old).document.meta.language
                yield _part(policy, key, diff.compare_sections(before, after), renderer_for(language), language)


def _pairs(old: Text, new: Text) -> Iterator[tuple[Section | None, Section | None]]:
    """Sections that have the same id, those that only the new text has, and those that only the old one had."""
    before = {section.id: section for section in old.document.sections}
    after = {section.id for section in new.document.sections}
    yield from ((before.get(section.id), section) for section in new.document.sections)
    yield from ((section, None) for section in old.document.sections if section.id not in after)


def _part(policy: Policy, key: tuple[str, str], change: SectionChange, renderer: Renderer, language: str) -> Page:
    """One section of a redline, without its number, which is not the same in every pair."""
    section = _rendered(change, renderer)
    path = f"{policy.path}compare/{key[0]}...{key[1]}.html"
    return Page(path, "compare_part.html", "", language, section, indexed=False)


def _rendered(change: SectionChange, renderer: Renderer) -> dict[str, Any]:
    return {
        "section": change_view(change, renderer, renderer.notes()),
        "removed": change.count("-"),
        "added": change.count("+"),
    }
