"""The words of the pages by language: every visible word that is not a policy's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import yaml
from markupsafe import Markup, escape

from generator.errors import Problem, SourceError, Where

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where PyYAML has it: ten times as fast


@dataclass(frozen=True, slots=True)
class Words:
    """One language's words; a text may have places such as {date}."""

    language: str
    texts: Mapping[str, Any]

    def say(self, key: str, **values: object) -> Markup:
        """The text with its places filled in; values are escaped unless they are markup. KeyError for no such text."""
        filled = {name: escape(value) for name, value in values.items()}
        return Markup(escape(self.texts[key]).format_map(filled))

    def plain(self, key: str, **values: object) -> str:
        """The same where it is not markup, or not yet."""
        return str(self.texts[key]).format_map(values)

    def day(self, value: str | date | None) -> str:
        """A date as readers of this language write it: 22 November 2026, 22. November 2026, 1er novembre 2026."""
        if not value:
            return ""
        day = date.fromisoformat(value) if isinstance(value, str) else value
        form = "day_first" if day.day == 1 else "day"
        return self.plain(form, day=day.day, month=self.texts["months"][day.month - 1], year=day.year)


def load(templates: Mapping[str, str], language: str, wanted_by: str = "site.yaml") -> Words:
    """The words of a language, or of its base language (`ar` for `ar-SA`); SourceError offers those there are."""
    for code in (language, language.split("-")[0]):
        if (path := f"words/{code}.yaml") in templates:
            return Words(language, _read(templates[path], f"templates/{path}", templates))
    known = ", ".join(sorted(name[6:-5] for name in templates if name.startswith("words/")))
    message = f"the pages have no words in {language!r} (they have {known})"
    hint = f"copy words/en.yaml to templates/words/{language}.yaml and translate it"
    raise SourceError(Problem("words.missing", Where(wanted_by), message, hint))


def _read(text: str, path: str, templates: Mapping[str, str]) -> Mapping[str, Any]:
    """A file of words that says everything English says (B11)."""
    texts = _mapping(text, path)
    missing = sorted(_mapping(templates.get("words/en.yaml", "{}"), "templates/words/en.yaml").keys() - texts.keys())
    if missing:
        raise SourceError(Problem("words.incomplete", Where(path), f"there is no text {', '.join(map(repr, missing))}"))
    return texts


@lru_cache  # English is held against every other language
def _mapping(text: str, path: str) -> Mapping[str, Any]:
    try:
        read = yaml.load(text, _LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = Where(path, mark.line + 1 if mark else None)
        raise SourceError(Problem("yaml.syntax", where, getattr(error, "problem", None) or "not YAML")) from None
    if not isinstance(read, dict):
        raise SourceError(Problem("yaml.wrong-type", Where(path), "the file wants keys and values"))
    return read
