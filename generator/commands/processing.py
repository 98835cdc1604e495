"""processing."""

from __future__ import annotations

from pathlib import Path

import click

from generator import build, processing, sources
from generator.commands.console import today
from generator.errors import PolicyError, Problem, Where


@click.command("processing")
@click.pass_obj
def processing_command(root: Path) -> None:
    """Print entries for the record of processing activities (GDPR Art 30), in Markdown: keeping proof of choices, and
    each purpose that asks for consent. What only you know stands in [brackets]."""
    library = build.load(sources.read(root), today=today())
    declaration = library.site.consent
    if declaration is None or library.notice is None:
        hint = "declare purposes under consent, and release the notice: policy release notice --help"
        raise PolicyError(Problem("processing.no-notice", Where("site.yaml"), "no notice is in force", hint))
    click.echo(processing.entries(library.site, declaration, library.notice.data), nl=False)
