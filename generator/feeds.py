"""The copies of a site for programs: plain text and JSON of a release, Atom, sitemap, and what the receiver reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree as ET

from markupsafe import Markup

from generator.documents import Document
from generator.library import Library, Policy, Text
from generator.pages import Page, Rendered, RendererFor
from generator.redline.blocks import Block
from generator.render import Renderer
from generator.translations import OPENING, State
from generator.views import facts, redline_path, release_path, view

_ATOM = "http://www.w3.org/2005/Atom"
_ATOM_NAMES = {
    "id": "id",
    "title": "title",
    "published": "date_published",
    "updated": "date_modified",
    "summary": "summary",
}
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


def plain_text(document: Document, renderer: Renderer, notes: Mapping[str, str] = MappingProxyType({})) -> str:
    """A release as its readers see it, without markup: title, numbers, headings, text; below headings the `notes`."""
    parts = [document.meta.title, notes.get(OPENING, "")]
    for section in document.sections:
        if section.id:
            parts.append("\n\n" + f"{section.number} {renderer.text(section.heading)}".strip())
            parts.append(notes.get(section.id, ""))
        before = ""
        for block in section.blocks:
            if block.kind != "blank":
                parts.append(("\n" if before == block.kind == "item" else "\n\n") + _plain_block(block, renderer))
                before = block.kind
    return "".join(parts) + "\n"


def _plain_block(block: Block, renderer: Renderer) -> str:
    if block.kind == "table":
        rows = [row for index, row in enumerate(block.text.splitlines()) if index != 1]
        return "\n".join(renderer.text(row.strip().strip("|").strip()) for row in rows)
    if block.kind == "item":
        indent = block.prefix[: len(block.prefix) - len(block.prefix.lstrip())]
        return f"{indent}{block.prefix.strip()} {renderer.text(block.text)}"
    return block.text if block.kind in ("code", "rule") else renderer.text(block.text)


def copies(library: Library, policy: Policy, text: Text) -> dict[str, Rendered]:
    """A release, and its translations, as text and for programs."""
    base, own = f"{policy.id}/{text.label}", text.document.meta.language
    facts = {language: _facts(library, policy, text, language) for language in ("", *text.translations)}
    made = {
        f"{base}.txt": Rendered(_text, (text.document, own)),
        f"{base}.json": Rendered(_release, (policy.id, facts[""], text.document, own)),
    }
    for language, held in text.translations.items():
        made[f"{base}/{language}.txt"] = Rendered(_text, (held.shown, language, own, held.to_do))
        told = (policy.id, facts[language], held.shown, language, held.states)
        made[f"{base}/{language}.json"] = Rendered(_release, told)
    return made


def _text(
    renderer_for: RendererFor,
    document: Document,
    language: str,
    authoritative: str = "",
    to_do: Mapping[str, State] = MappingProxyType({}),
) -> bytes:
    """A release; of a translation, with what its page says of it: that it is one, and what is not up to date."""
    renderer = renderer_for(language)
    if not authoritative:
        return plain_text(document, renderer).encode()
    own = renderer_for(authoritative).words["language_name"]
    said = {OPENING: "translation_note"} | {key: f"translation_{state}" for key, state in to_do.items()}
    notes = {key: f"\n\n[{renderer.words[name].format(language=own)}]" for key, name in said.items()}
    return plain_text(document, renderer, notes).encode()


def _release(
    renderer_for: RendererFor,
    policy: str,
    facts: Mapping[str, Any],
    document: Document,
    language: str,
    states: Mapping[str, State] | None = None,
) -> bytes:
    """What the register says, and the sections as text and HTML."""
    renderer = renderer_for(language)
    sections = [
        {
            "id": section.id,
            "number": section.number,
            "level": section.level,
            "heading": renderer.text(section.heading),
            "markdown": section.source.strip(),
            "html": str(renderer.section(section.source)),
            **({"state": states[section.id or OPENING]} if states else {}),
        }
        for section in document.sections
    ]
    return _json({"schema": "policy-release/1", "policy": policy, **facts, "sections": sections})


def index_json(library: Library, policy: Policy) -> bytes:
    """A policy for programs, as it is on the day of the build."""
    current, upcoming = policy.in_force(library.today), policy.upcoming(library.today)
    files = {"register": "releases.yaml", "history": "history/", "atom": "feed.xml", "json_feed": "feed.json"}
    return _json(
        {
            "schema": "policy-index/1",
            "policy": policy.id,
            "title": policy.title,
            "address": library.site.absolute(policy.path),
            "in_force": current.label if current else None,
            "upcoming": upcoming.label if upcoming else None,
            **{name: library.site.absolute(policy.path + file) for name, file in files.items()},
            "releases": [_facts(library, policy, text) for text in reversed(policy.releases)],
        }
    )


def _facts(library: Library, policy: Policy, text: Text, language: str = "") -> dict[str, Any]:
    """What both tell of a release."""
    absolute, meta = library.site.absolute, text.translations.get(language, text).document.meta
    release = view(library, policy, text, language)
    address = absolute(release.path)
    redline = (
        {"from": release.redline_from, "address": absolute(release.redline_path)} if release.redline_path else None
    )
    return {
        "title": meta.title,
        "language": meta.language,
        "address": address,
        "version": text.label,
        **(facts(policy.register, text.release, library.today, language) if text.release else {}),
        "copies": {ending: f"{address.rstrip('/')}.{ending}" for ending in ("md", "txt", "json")},
        "redline": redline,
        **_languages(library, policy, text),
    }


def _entries(library: Library, policy: Policy) -> Iterator[dict[str, Any]]:
    """Each row of the register as JSON Feed names its parts, newest first. An id is a permanent address, and no passing
    day changes an entry: one is updated only when its release is withdrawn (V08). That is news by itself, and so an
    entry of its own, for readers who have read the other."""
    words, absolute = library.words, library.site.absolute
    for row in reversed(policy.register.rows):
        text, withdrawal = policy.get(str(row.version)), policy.register.withdrawals.get(row.version)
        assert text
        before, address = policy.before(text), absolute(release_path(policy, text.label))
        title = "feed_withdrawn" if withdrawal else "feed_release"
        day = words.day((withdrawal or row).effective)
        summary = Markup("<p>{}</p>").format(row.summary)
        redline = absolute(redline_path(policy, before.label, text.label)) if before and row != withdrawal else None
        if before and redline:
            link = words.say("history_redline", version=before.label)
            summary += Markup('<p><a href="{}">{}</a></p>').format(redline, link)
        yield {
            "id": f"{address}#page-withdrawn" if row == withdrawal else address,
            "url": address,
            "title": words.plain(title, policy=text.document.meta.title, version=text.label, date=day),
            "summary": row.summary,
            "content_html": str(summary),
            "date_published": _instant(row.published),
            "date_modified": _instant((withdrawal or row).published),
            "tags": [row.kind, *(["withdrawn"] if withdrawal and row != withdrawal else [])],
            "language": text.document.meta.language,
            **({"_redline": {"address": redline}} if redline else {}),
        }


def json_feed(library: Library, policy: Policy) -> bytes:
    """https://www.jsonfeed.org/version/1.1/"""
    site = library.site
    return _json(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": f"{policy.title} – {site.company.name}",
            "home_page_url": site.absolute(policy.path),
            "feed_url": site.absolute(f"{policy.path}feed.json"),
            "language": site.language,
            "authors": [{"name": site.company.name}],
            "items": list(_entries(library, policy)),
        }
    )


def _languages(library: Library, policy: Policy, text: Text) -> dict[str, Any]:
    """Which language of a release is authoritative, and what its translations lack (V10)."""
    base = library.site.absolute(release_path(policy, text.label))
    told = {code: {"address": f"{base}{code}/", "to_do": held.to_do} for code, held in text.translations.items()}
    return {"authoritative": text.document.meta.language, "translations": told} if told else {}


def atom(library: Library, policy: Policy) -> bytes:
    """The same as Atom (RFC 4287). The feed's `updated` moves with material changes and withdrawals alone (V08)."""
    site = library.site
    feed = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": site.language})
    _add(feed, "id", site.absolute(policy.path))
    _add(feed, "title", f"{policy.title} – {site.company.name}")
    significant = (row.published for row in policy.register.rows if row.kind != "editorial")
    _add(feed, "updated", _instant(max(significant)))
    ET.SubElement(feed, "link", {"rel": "self", "href": site.absolute(f"{policy.path}feed.xml")})
    ET.SubElement(feed, "link", {"rel": "alternate", "href": site.absolute(policy.path)})
    _add(ET.SubElement(feed, "author"), "name", site.company.name)
    for told in _entries(library, policy):
        entry = ET.SubElement(feed, "entry", {"xml:lang": told["language"]})
        for name, key in _ATOM_NAMES.items():
            _add(entry, name, told[key])
        for tag in told["tags"]:
            ET.SubElement(entry, "category", {"term": tag})
        ET.SubElement(entry, "link", {"rel": "alternate", "href": told["url"]})
        if "_redline" in told:
            ET.SubElement(entry, "link", {"rel": "related", "href": told["_redline"]["address"]})
    return _xml(feed)


def sitemap(library: Library, pages: Iterable[Page]) -> bytes:
    """The pages that search engines should show, each under its canonical address."""
    urlset = ET.Element("urlset", {"xmlns": _SITEMAP})
    for page in pages:
        if page.indexed and page.canonical in ("", page.path):
            url = ET.SubElement(urlset, "url")
            _add(url, "loc", library.site.absolute(page.path))
            if page.modified:
                _add(url, "lastmod", page.modified)
    return _xml(urlset)


def notices(library: Library) -> dict[str, bytes]:
    """notices.json, the only thing the receiver reads of a site, and every notice under its digest."""
    site = library.site
    known = {notice.sha256: notice for notice in (*library.notices.released.values(), library.notice) if notice}
    files = {f"notices/{digest}.json": notice.content for digest, notice in known.items()}
    if library.notices.register.rows:
        files["notices/releases.yaml"] = library.notices.register.text.encode()
    if not site.consent or not library.notice:
        return files
    index = {
        "schema": "policy-notices/1",
        "site": site.url.rstrip("/"),
        "controller": site.company.name,
        "origins": list(dict.fromkeys([site.url.rstrip("/"), *site.consent.origins])),
        "withdraw": site.absolute("/cookies/"),
        "authority": site.consent.authority,
        "notices": {digest: accepted(notice.data) for digest, notice in known.items()},
        "policies": {
            text.release.sha256: {"id": policy.id, "version": text.label, "language": text.document.meta.language}
            for policy in library.policies
            # Of two with the same bytes the newer one is named, unless it was withdrawn.
            for text in sorted(
                policy.releases, key=lambda text: text.label not in map(str, policy.register.withdrawals)
            )
            if text.release
        },
    }
    if site.consent.gpc:  # W3C Global Privacy Control, "GPC Support Resource"
        files[".well-known/gpc.json"] = _json({"gpc": True, "lastUpdate": site.consent.gpc.isoformat()})
    return {"notices.json": _json(index), **files}


def accepted(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the receiver must know of a notice."""
    kept = ("version", "languages", "consent_days", "refusal_days", "policy")
    purposes = {
        purpose["id"]: {"basis": purpose["basis"], "services": [service["id"] for service in purpose["services"]]}
        for purpose in data["purposes"]
    }
    return {**{key: data[key] for key in kept}, "purposes": purposes}


def manifest(files: Mapping[str, str], library: Library) -> bytes:
    """The SHA-256 of every file, and of every row of the registers: a later build must still have these (V01)."""
    registers = {
        name: {row.row_hash: f"{row.version}{' withdrawn' * (row.kind == 'withdrawal')}" for row in register.rows}
        for name, register in library.registers.items()
    }
    return _json({"schema": "policy-manifest/1", "registers": registers, "files": dict(sorted(files.items()))})


def _instant(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _xml(root: ET.Element) -> bytes:
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
