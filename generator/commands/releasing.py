"""release."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from generator import build, output, releases, sources
from generator.commands.console import today
from generator.history import Kind
from generator.library import NOTICE


@click.command("release")
@click.argument("policy")
@click.option("--material", is_flag=True, help="Changes what is done: raises MAJOR, asks visitors again.")
@click.option("--editorial", is_flag=True, help="Changes no meaning: raises MINOR.")
@click.option("--effective", type=click.DateTime(["%Y-%m-%d"]), help="The day it takes effect.", metavar="DATE")
@click.option("--summary", required=True, help="What changed, in a sentence for readers.", metavar="TEXT")
@click.pass_obj
def release_command(
    root: Path, policy: str, material: bool, editorial: bool, effective: datetime | None, summary: str
) -> None:
    """Freeze the working text of POLICY as a release ('notice' releases what site.yaml declares)."""
    if material == editorial:
        raise click.UsageError(
            "say --material or --editorial, one of them: it decides whether visitors are asked again"
        )
    kind: Kind = "material" if material else "editorial"
    read = sources.read(root)
    library = build.load(read, today=today())
    day = effective.date() if effective else None
    prepared = releases.prepare(library, read, policy, kind, summary=summary, effective=day)
    for path, content in prepared.files.items():
        output.put(root / path, content, durable=True)
    made = prepared.release
    click.echo(f"released {policy} {made.version} ({made.kind}), in force from {made.effective}")
    for language, held in made.translations.items():
        told = f"sections behind: {', '.join(held.behind)}" if held.behind else "no section is behind"
        click.echo(f"  in {language}: {told}")
    if prepared.awaited:
        click.echo(f"  the draft was marked as awaiting {prepared.awaited!r}; the mark is gone")
    click.echo(f"  commit these: {', '.join(prepared.files)}")
    if policy != NOTICE and library.notices.draft_is_new:
        click.echo("  site.yaml also declares a notice that is not released yet: policy release notice --help")
