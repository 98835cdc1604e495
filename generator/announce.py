"""The message that tells readers of a release before it takes effect (V04), or that one was withdrawn.

It says what changes, when, where each change can be read, and what a reader can do. It holds no marketing, and never
that going on using a website is consent (WP260 para 29). It is the publisher's to send, so it is no part of the site.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterator
from typing import Literal

from generator import words
from generator.config import direction
from generator.errors import Problem, SourceError, Where
from generator.library import Library, Policy, Text
from generator.redline import diff
from generator.render import Renderer
from generator.sources import Sources
from generator.templates import Templates
from generator.views import ReleaseView, redline_path, view
from generator.words import Words

WIDTH = 72  # characters of a line of a plain message (RFC 3676 section 4.2 asks for 78 at most)


def message(
    loaded: Library, sources: Sources, policy: Policy, text: Text, form: Literal["txt", "html"], language: str = ""
) -> str:
    """The message in the language of the text, or of one of its translations; SourceError where readers have nothing to
    be told of. What the publisher wrote for the register stays in the language in which it was written."""
    own, release = text.document.meta.language, view(loaded, policy, text, language)
    said = words.load(sources.templates, language or own)
    if release.status not in ("upcoming", "in-force", "withdrawn"):
        problem = f"{text.label} is {release.status}: there is nothing to announce"
        raise SourceError(Problem("announce.past", Where(policy.register.path), problem))
    ends = release.status == "withdrawn"
    current, company = policy.in_force(loaded.today), loaded.site.company
    old, new = (text if release.held else None, current) if ends else (policy.before(text), text)
    links = [
        ("announce_redline", redline_path(policy, old.label, new.label) if old and new else None),
        ("announce_read_withdrawn" if ends else "announce_read", release.path),
        ("notice_read_current", release.current_path if ends else None),
        ("announce_choices", "/cookies/" if loaded.notice else None),
    ]
    day = said.day(release.withdrawn or release.since)
    told = {"policy": release.policy_title, "company": company.name, "version": release.version, "date": day}
    state = release.status.replace("-", "_")
    context = {
        "language": said.language,
        "dir": direction(said.language),
        "own": own,
        "subject": said.plain(f"announce_subject_{state}", **told),
        "opening": [said.plain(f"announce_{state}", **told), *_meanwhile(release, current, said)],
        "summary": said.plain("notice_withdrawn_reason", reason=release.reason) if ends else release.summary,
        "changes": list(_changes(old, new, said, language)),
        "links": [(said.plain(key), loaded.site.absolute(path)) for key, path in links if path],
        "contact": said.plain("announce_contact", email=company.email),
        "sender": [line for line in (company.name, company.address, company.email) if line],
    }
    made = Templates(sources.templates, {}).render(f"announcement.{form}", said.language, context).decode()
    return f"{made}\n" if form == "html" else _wrapped(html.unescape(made))


def _meanwhile(release: ReleaseView, current: Text | None, said: Words) -> Iterator[str]:
    """Which text holds now."""
    if current and release.status != "in-force":
        key = "announce_current" if release.withdrawn else "announce_until"
        yield said.plain(key, version=current.label)


def _changes(old: Text | None, new: Text | None, said: Words, language: str) -> Iterator[str]:
    """The changed sections, with what happened to each."""
    if old and new:
        redline, renderer = diff.compare(old.document, new.document), Renderer(said.texts)
        texts = (text.translations.get(language, text).document for text in (old, new))
        headings = {section.id: renderer.text(section.heading) for text in texts for section in text.sections}
        for change in redline.changed:
            section, document = change.section, redline.new if change.new else redline.old
            heading = headings.get(section.id) or renderer.text(section.heading)
            name = f"{document.full_number(section)} {heading or said.plain('redline_intro')}"
            yield f"{name.strip()}: {said.plain('change_' + change.status)}"


def _wrapped(text: str) -> str:
    """Each paragraph in lines of a width that every program shows whole; an address is never cut."""
    return "".join(f"{line}\n" for paragraph in text.splitlines() for line in _lines(paragraph))


def _lines(paragraph: str) -> list[str]:
    indent = "  " if paragraph.startswith("- ") else ""
    made = textwrap.wrap(paragraph, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return made or [""]
