"""Pages from templates: Jinja2, strict about what a template may name."""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import DictLoader, Environment, StrictUndefined, TemplateError, TemplateSyntaxError

from generator import words
from generator.errors import Problem, SourceError, Where


class Templates:
    """Renders a template with the words of a page's language."""

    def __init__(self, sources: Mapping[str, str], assets: Mapping[str, str]) -> None:
        """`sources` maps a template's name to its text, `assets` a static file's name to its address."""
        self._sources = sources
        self._environment = Environment(
            loader=DictLoader(dict(sources)),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["asset"] = assets.__getitem__
        self._environment.filters["date"] = lambda value: value  # a language's own takes its place below
        self._languages: dict[str, Environment] = {}

    def render(self, template: str, language: str, context: Mapping[str, object]) -> bytes:
        """One page; SourceError names the template and line that went wrong."""
        try:
            return self._for(language).get_template(template).render(context).encode()
        except TemplateSyntaxError as error:
            where = Where(f"templates/{error.name}", error.lineno)
            raise SourceError(Problem("template.syntax", where, str(error.message))) from None
        except (TemplateError, KeyError, TypeError, ArithmeticError) as error:
            raise SourceError(Problem("template.failed", Where(f"templates/{template}"), str(error))) from None

    def _for(self, language: str) -> Environment:
        if language not in self._languages:
            spoken = words.load(self._sources, language)
            environment = self._environment.overlay()
            environment.globals = {**self._environment.globals, "t": spoken.say}
            environment.filters = {**self._environment.filters, "date": spoken.day}
            self._languages[language] = environment
        return self._languages[language]
