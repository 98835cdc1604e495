"""The words of the pages by language: every visible word that is not a policy's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml
from markupsafe import Markup, escape

from generator.errors import Problem, SourceError, Where


@dataclass(frozen=True, slots=True)
class Words:
    """One language's words; a text may have places such as {date}."""

    language: str
    texts: Mapping[str, Any]

    def say(self, key: str, **values: object) -> Markup:
        """The text with its places filled in; values are escaped unless they are markup. KeyError for no such text."""
        filled = {name: escape(value) for name, value in values.items()}
        return Markup(escape(self.texts[key]).format_map(filled))

    def day(self, value: str | date | None) -> str:
        """A date as readers of this language write it: 22 November 2026."""
        if not value:
            return ""
        day = date.fromisoformat(value) if isinstance(value, str) else value
        return f"{day.day} {self.texts['months'][day.month - 1]} {day.year}"


def load(templates: Mapping[str, str], language: str) -> Words:
    """The words of a language, or of its base language (`ar` for `ar-SA`); SourceError offers those there are."""
    for code in (language, language.split("-")[0]):
        if (path := f"words/{code}.yaml") in templates:
            return Words(language, yaml.safe_load(templates[path]))
    known = ", ".join(sorted(name[6:-5] for name in templates if name.startswith("words/")))
    message = f"the pages have no words in {language!r} (they have {known})"
    hint = f"copy words/en.yaml to templates/words/{language}.yaml and translate it"
    raise SourceError(Problem("words.missing", Where("site.yaml"), message, hint))
