"""What a reader of an imported policy sees, to hold it against its source."""

from __future__ import annotations

import re
from collections.abc import Iterable

from generator.documents import Document, parse
from generator.errors import Problem
from generator.render import plain
from tests.trees import renderer


def words(text: str) -> list[str]:
    """Words in any script; numbers are computed, and those of lists are the renderer's."""
    return re.findall(r"[^\W\d_]+", text)


def shown(text: str) -> str:
    """Title, headings and text of a policy without any markup."""
    document = parse(text, "policy.md")
    reader = renderer()
    parts = [document.meta.title]
    for section in document.sections:
        # A cell and an item are apart for a reader.
        body = re.sub(r"</(?:td|th|li|p|h\d)>|<li>|<br ?/?>", r"\g<0> ", str(reader.section(section.source)))
        parts += [section.number, plain(reader.inline(section.heading)), plain(body)]
    return "\n".join(parts)


def headings(document: Document) -> list[tuple[int, str, str]]:
    return [(section.level, section.number, section.heading) for section in document.sections if section.id]


def codes(notes: Iterable[Problem]) -> list[str]:
    return [note.code for note in notes]
