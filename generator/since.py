"""What changed since a visitor last chose, small enough for the banner to show.

A stored choice names the versions of notice and policy it was made under. For each of them that is not in force any
more the site holds one fragment: the declared facts that changed, or the changed parts of the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from generator.consent import Notice
from generator.documents import Document
from generator.library import Library, Policy, Text
from generator.pages import Page, Rendered, RendererFor, compared, ended
from generator.redline import diff, redlines, reports
from generator.redline.diff import Redline, Span
from generator.redline.marking import Notes
from generator.redline.reports import Part
from generator.render import Renderer
from generator.views import redline_path

ROOM = 6_000  # bytes of redline in a fragment; sections beyond are named and linked


@dataclass(frozen=True, slots=True)
class Fact:
    """Something the notice says, in one language: `of` is the purpose, service or item it is said of."""

    key: str
    of: str
    name: str  # what it tells: purpose, service, third_party, storage or wording
    text: str


@dataclass(frozen=True, slots=True)
class FactChange:
    """A fact that came, went, or says something else."""

    of: str
    name: str
    what: Literal["added", "removed", "reworded"]
    spans: tuple[Span, ...]


def facts(notice: Mapping[str, Any], language: str) -> Iterator[Fact]:
    """What a notice declares, purpose by purpose; the words around it come last."""
    for purpose in notice["purposes"]:
        label = purpose["label"][language]
        yield Fact(purpose["id"], label, "purpose", purpose["description"][language])
        for service in purpose["services"]:
            key = f"{purpose['id']}/{service['id']}"
            yield Fact(key, label, "service", f"{service['name'][language]}, {service['provider']}")
            if service["third_party"]:
                yield Fact(f"{key}/third", service["name"][language], "third_party", service["provider"])
            for item in service["storage"]:
                told = f"{item['purpose'][language]} ({item['lifetime'][language]})"
                yield Fact(f"{key}/{item['kind']}/{item['name']}", item["name"], "storage", told)
    for key in ("intro", "withdraw"):
        yield Fact(f"text/{key}", "", "wording", notice["texts"][language][key])


def fact_changes(old: Mapping[str, Any], new: Mapping[str, Any], language: str) -> list[FactChange]:
    """What two notices declare differently, in the order of the new one; what is gone comes last."""
    spoken = language if language in old["languages"] else old["language"]
    before = {fact.key: fact for fact in facts(old, spoken)}
    after = {fact.key: fact for fact in facts(new, language)}
    changes = [_change(before.get(key), fact) for key, fact in after.items()]
    changes += [_change(fact, None) for key, fact in before.items() if key not in after]
    return [change for change in changes if any(span.op != "=" for span in change.spans)]


def _change(old: Fact | None, new: Fact | None) -> FactChange:
    fact = new or old
    assert fact is not None
    spans = diff.words(old.text if old else "", new.text if new else "")
    return FactChange(fact.of, fact.name, "reworded" if old and new else "added" if new else "removed", spans)


def make(library: Library, _: RendererFor) -> Iterator[Page]:
    """A fragment for each release that a stored choice may name, and that is not in force any more:
    `/<policy>/since/<version>.html` and `/cookies/since/<version>.<language>.html`."""
    for policy in library.policies:
        current = policy.in_force(library.today)
        for text in ended(library, policy):
            if current:
                yield _policy_page(policy, text, current)
    if library.notice:
        for old in _earlier_notices(library):
            yield from (_notice_page(old, library.notice, language) for language in library.notice.data["languages"])


def _earlier_notices(library: Library) -> list[Notice]:
    return [notice for notice in library.notices.released.values() if notice is not library.notice]


def _policy_page(policy: Policy, old: Text, new: Text) -> Page:
    address = redline_path(policy, old.label, new.label)
    context = {
        "policy": policy.title,
        "old": old.label,
        "new": new.label,
        "address": address,
        "summaries": _summaries(policy, old, new),
    }
    language = new.document.meta.language
    return Page(
        f"{policy.path}since/{old.label}.html",
        "since_policy.html",
        policy.title,
        language,
        context,
        indexed=False,
        rendered=Rendered(_changes, (old.document, new.document, address)),
    )


def _changes(renderer_for: RendererFor, old: Document, new: Document, address: str) -> Mapping[str, Any]:
    return {"changes": list(_parts(compared(old, new), address, renderer_for(new.meta.language)))}


def _summaries(policy: Policy, old: Text, new: Text) -> list[dict[str, str]]:
    """What the publisher said of each release since; before that, why any was withdrawn on the way."""
    register = policy.register
    was, now = ({row.version: row for row in register.lineage(text.release)} for text in (old, new))
    ends = [end for version, row in was.items() if version not in now and (end := register.withdrawn(row))]
    return [
        {"version": str(row.version), "kind": row.kind, "summary": row.summary}
        for row in (*ends, *(row for version, row in reversed(now.items()) if version not in was))
    ]


def _parts(redline: Redline, address: str, renderer: Renderer) -> Iterator[dict[str, Any]]:
    """The changed sections, those marked material first: that is what a visitor has to know. As many of their changed
    blocks as there is room for; the rest is a link away."""
    room, notes = ROOM, Notes(renderer.words, address=address)
    for part in sorted(reports.parts(redline), key=lambda part: not _is_material(part)):
        lines = (lines for lines in redlines.whole(part.blocks) if not all(told.kept for told in lines))
        html = renderer.changes(chain.from_iterable(lines), notes)
        room -= len(html.encode())
        yield {
            "heading": renderer.heading(part, notes),
            "is_front": part.is_front,
            "status": part.change.status,
            "address": f"{address}#{redlines.anchor(part)}",
            "html": html if room >= 0 else None,
        }


def _is_material(part: Part) -> bool:
    return any(section and section.material for section in (part.change.old, part.change.new))


def _notice_page(old: Notice, new: Notice, language: str) -> Page:
    changes = fact_changes(old.data, new.data, language)
    context = {"old": old.data["version"], "new": new.data["version"], "changes": changes}
    path = f"/cookies/since/{old.data['version']}.{language}.html"
    return Page(path, "since_notice.html", "", language, context, indexed=False)
