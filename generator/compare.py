"""Any two releases: a page that leads to a redline of any pair.

Neighbours, and each release within reach with the one in force, have a page of their own. The other pairs within reach
are put together in the browser from parts, each made once for a distinct pair of section texts. The parts that lead to
one text are one file, so that fifty releases make neither a thousand pages nor a thousand files. The script that puts
them together compares nothing: what changed is in the parts. What moved from one section to another is gone and new in
them. Releases that are further apart are read as the chain of the comparisons between them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from generator import documents
from generator.documents import Document
from generator.library import Library, Policy
from generator.pages import REACH, Page, Rendered, RendererFor, feed_path, redline_pairs
from generator.redline import diff, redlines, reports
from generator.redline.blocks import front_matter
from generator.redline.marking import Notes
from generator.redline.tokens import chain
from generator.render import Renderer
from generator.views import redline_path, release_path, view

NONE = "0"  # in place of the digest of what one of the texts does not have


@dataclass(frozen=True, slots=True)
class Parts:
    """The files below a path, which only making them tells: name -> language, and the parts in it."""

    path: str
    rendered: Rendered

    def pages(self, renderer_for: RendererFor) -> Iterator[Page]:
        for name, (language, parts) in self.rendered.result(renderer_for).items():
            yield Page(f"{self.path}{name}.html", "compare_part.html", "", language, {"pairs": parts}, indexed=False)


@dataclass(frozen=True, slots=True)
class Unit:
    """What is compared by itself: a section, or the front matter. Two of the same digest need no comparison; a number
    is no part of it."""

    id: str
    number: str
    heading: str
    document: Document
    digest: str


def units(document: Document) -> list[Unit]:
    front = documents.read(front_matter(document.source), document.path)
    sections = ((s.id or "page-intro", document.full_number(s), s.heading, diff.alone(s)) for s in document.sections)
    found = (("page-front", "", "", front), *sections)
    return [Unit(*unit, hashlib.sha256(unit[-1].source.encode()).hexdigest()[:12]) for unit in found]


def make(library: Library, _: RendererFor) -> Iterator[Page | Parts]:
    """`/<policy>/compare/` of every policy that has two releases, and the parts that it needs."""
    for policy in library.policies:
        if len(policy.releases) > 1:
            made = sorted(_pairs_with_page(library, policy))
            yield _choice(library, policy, made)
            near = policy.releases[-REACH:]
            labels, texts = tuple(text.label for text in near), (text.document for text in near)
            yield Parts(f"{policy.path}compare/", Rendered(_parts, (labels, tuple(made), *texts)))


def index(library: Library, policy: Policy) -> Rendered:
    """`/<policy>/compare/index.json`: the units of each release within reach, the pairs that have a page, and the
    sections that have another place, for each two orders of sections that there are."""
    pages = {f"{old}...{new}": redline_path(policy, old, new) for old, new in sorted(_pairs_with_page(library, policy))}
    near = policy.releases[-REACH:]
    addresses = {text.label: release_path(policy, text.label) for text in near}
    return Rendered(_index, (pages, addresses, *(text.document for text in near)))


def _index(_: RendererFor, pages: Mapping[str, str], addresses: Mapping[str, str], *documents: Document) -> bytes:
    orders: dict[tuple[str, ...], int] = {}
    releases = {}
    for (label, address), document in zip(addresses.items(), documents, strict=True):
        held = units(document)
        releases[label] = {
            "address": address,
            "order": orders.setdefault(tuple(unit.id for unit in held), len(orders)),
            "units": [{"id": u.id, "number": u.number, "heading": u.heading, "text": u.digest} for u in held],
        }
    moved = {f"{orders[old]}...{orders[new]}": ids for old in orders for new in orders if (ids := _moved(old, new))}
    told = {"schema": "policy-compare/2", "pages": pages, "moved": moved, "releases": releases}
    return (json.dumps(told, ensure_ascii=False) + "\n").encode()


def _moved(old: tuple[str, ...], new: tuple[str, ...]) -> list[str]:
    """The fewest ids that must change their place to get from one order to the other."""
    stayed = {old[at] for at, _ in chain((old.index(id), at, 1) for at, id in enumerate(new) if id in old)}
    return [id for id in new if id in old and id not in stayed]


def _pairs_with_page(library: Library, policy: Policy) -> set[tuple[str, str]]:
    return {(old.label, new.label) for old, new in redline_pairs(library, policy)}


def _choice(library: Library, policy: Policy, made: list[tuple[str, str]]) -> Page:
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


def _parts(
    renderer_for: RendererFor, labels: tuple[str, ...], made: tuple[tuple[str, str], ...], *documents: Document
) -> Mapping[str, tuple[str, dict[str, Any]]]:
    """For each text that a part leads to, or, where it is gone, leads from: a language, and the parts."""
    texts = [
        (label, document.meta.language, units(document)) for label, document in zip(labels, documents, strict=True)
    ]
    files: dict[str, tuple[str, dict[str, Any]]] = {}
    for (old, _, theirs), (new, language, ours) in combinations(texts, 2):
        if (old, new) in made:
            continue
        for before, after in _pairs(theirs, ours):
            ends = [unit.digest if unit else NONE for unit in (before, after)]
            pair = "...".join(ends)
            _, parts = files.setdefault(ends[after is not None], (language, {}))
            if pair not in parts:
                parts[pair] = _views(before, after, pair, renderer_for(language))
    return files


def _pairs(old: list[Unit], new: list[Unit]) -> Iterator[tuple[Unit | None, Unit | None]]:
    """Those with the same id and another text, those that only the new text has, those that only the old one had."""
    before, after = ({unit.id: unit for unit in side} for side in (old, new))
    for name in {**after, **before}:
        pair = (before.get(name), after.get(name))
        if not (pair[0] and pair[1] and pair[0].digest == pair[1].digest):
            yield pair


def _views(old: Unit | None, new: Unit | None, pair: str, renderer: Renderer) -> list[redlines.PartView]:
    """What changed, without a number, which is not the same in every pair; ids of moves are the part's own."""
    before, after = (unit.document if unit else diff.alone(None) for unit in (old, new))
    notes = Notes(renderer.words, f"{pair}-")
    return [redlines.view(part, renderer, notes) for part in reports.parts(diff.compare(before, after, apart=True))]
