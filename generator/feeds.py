"""The copies of a site for programs: plain text and JSON of a release, Atom, sitemap, and what the receiver reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree as ET

from generator.blocks import Block
from generator.documents import Document
from generator.library import Library, Policy, Text
from generator.pages import Page
from generator.render import Renderer
from generator.translations import OPENING, Translation
from generator.views import release_path, view

_ATOM = "http://www.w3.org/2005/Atom"
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


def translated_text(held: Translation, renderer: Renderer, authoritative: str) -> str:
    """A translation, with what its page says of it: that it is one, and which sections are not up to date."""
    said = {OPENING: "translation_note"} | {key: f"translation_{state}" for key, state in held.to_do.items()}
    notes = {key: f"\n\n[{renderer.words[name].format(language=authoritative)}]" for key, name in said.items()}
    return plain_text(held.shown, renderer, notes)


def release_json(library: Library, policy: Policy, text: Text, renderer: Renderer, language: str = "") -> bytes:
    """A release, or its translation, for programs: what the register says, and its sections as text and HTML."""
    release, held = view(library, policy, text, language), text.translations.get(language)
    document = held.shown if held else text.document
    facts = ("version", "published", "effective", "superseded", "kind", "summary", "note", "sha256")
    previous = text.release.previous if text.release and not held else None
    return _json(
        {
            "schema": "policy-release/1",
            "policy": policy.id,
            "title": document.meta.title,
            "language": document.meta.language,
            "address": library.site.absolute(release.path),
            **{name: getattr(release, name) for name in facts},
            "previous": previous,
            **_languages(library, policy, text),
            "sections": [
                {
                    "id": section.id,
                    "number": section.number,
                    "level": section.level,
                    "heading": renderer.text(section.heading),
                    "markdown": section.source.strip(),
                    "html": str(renderer.section(section.source)),
                    **({"state": held.states[section.id or OPENING]} if held else {}),
                }
                for section in document.sections
            ],
        }
    )


def _languages(library: Library, policy: Policy, text: Text) -> dict[str, Any]:
    """Which language of a release is authoritative, and what its translations lack (V10)."""
    base = library.site.absolute(release_path(policy, text.label))
    told = {code: {"address": f"{base}{code}/", "to_do": held.to_do} for code, held in text.translations.items()}
    return {"authoritative": text.document.meta.language, "translations": told} if told else {}


def atom(library: Library, policy: Policy) -> bytes:
    """Every release as an entry (RFC 4287); ids are the permanent addresses, so they never change (V08)."""
    site = library.site
    feed = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": site.language})
    _add(feed, "id", site.absolute(policy.path))
    _add(feed, "title", f"{policy.title} – {site.company.name}")
    published = [text.release.published.isoformat() for text in policy.releases if text.release]
    _add(feed, "updated", _instant(max(published)))
    ET.SubElement(feed, "link", {"rel": "self", "href": site.absolute(f"{policy.path}feed.xml")})
    ET.SubElement(feed, "link", {"rel": "alternate", "href": site.absolute(policy.path)})
    _add(ET.SubElement(feed, "author"), "name", site.company.name)
    for text in reversed(policy.releases):
        _entry(ET.SubElement(feed, "entry"), library, policy, text)
    return _xml(feed)


def _entry(entry: ET.Element, library: Library, policy: Policy, text: Text) -> None:
    site, release = library.site, view(library, policy, text)
    _add(entry, "id", site.absolute(release.path))
    _add(entry, "title", f"{release.policy_title} {release.version}")
    _add(entry, "published", _instant(release.published or ""))
    _add(entry, "updated", _instant(release.published or ""))
    _add(entry, "summary", release.summary)
    ET.SubElement(entry, "link", {"rel": "alternate", "href": site.absolute(release.path)})
    if release.redline_path:
        ET.SubElement(entry, "link", {"rel": "related", "href": site.absolute(release.redline_path)})


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
    if not site.consent or not library.notice:
        return files
    index = {
        "schema": "policy-notices/1",
        "site": site.url.rstrip("/"),
        "controller": site.company.name,
        "origins": list(dict.fromkeys([site.url.rstrip("/"), *site.consent.origins])),
        "withdraw": site.absolute("/cookies/"),
        "authority": site.consent.authority,
        "notices": {digest: _accepted(notice.data) for digest, notice in known.items()},
        "policies": {
            text.release.sha256: {"id": policy.id, "version": text.label, "language": text.document.meta.language}
            for policy in library.policies
            for text in policy.releases
            if text.release
        },
    }
    return {"notices.json": _json(index), **files}


def _accepted(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the receiver must know of a notice."""
    kept = ("version", "languages", "consent_days", "refusal_days", "policy")
    purposes = {purpose["id"]: {"basis": purpose["basis"]} for purpose in data["purposes"]}
    return {**{key: data[key] for key in kept}, "purposes": purposes}


def manifest(files: Mapping[str, str], library: Library) -> bytes:
    """Every file with its SHA-256, and every release with the SHA-256 of its frozen text (V01)."""
    releases = {
        name: {str(release.version): release.sha256 for release in register.releases}
        for name, register in library.registers.items()
    }
    return _json({"schema": "policy-manifest/1", "releases": releases, "files": dict(sorted(files.items()))})


def _instant(day: str) -> str:
    return f"{day}T00:00:00Z"


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _xml(root: ET.Element) -> bytes:
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
