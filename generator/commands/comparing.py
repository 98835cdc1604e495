"""diff."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from generator import sides, sources, words
from generator.commands.console import coloured, exit_if, print_long, today
from generator.redline import diff


@click.command("diff")
@click.argument("what", nargs=-1, required=True, metavar="[POLICY] A B")
@click.option("--format", "form", type=click.Choice(["terminal", "html", "markdown", "json"]), default="terminal")
@click.option("--stat", is_flag=True, help="One line for each changed section.")
@click.option("--minimal", is_flag=True, help="The fewest words, even where that is harder to read.")
@click.option("--color", "--colour", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.option("--limit", type=click.IntRange(1000), default=60_000, show_default=True, help="Characters of markdown.")
@click.option("--link", help="Where markdown leads for what is beyond the limit.", metavar="URL")
@click.pass_obj
def diff_command(
    root: Path, /, what: tuple[str, ...], form: str, stat: bool, minimal: bool, color: str, limit: int, link: str | None
) -> None:
    """Show the redline from A to B.

    A and B are versions of a policy (1.0), its working text (draft), its working text in git (git:REV), any file
    (PATH, git:REV:PATH) or standard input (-); docx and html are read as by 'policy import'. POLICY may be 'notice'.
    Exits with 1 if they differ in any byte.
    """
    if len(what) not in (2, 3):
        raise click.UsageError("name two texts, and before them the policy if it is not the first")
    if stat and form != "terminal":
        raise click.UsageError("--stat is for the terminal; the other forms count by themselves")
    try:
        old, new = sides.pair(root, what, today)
    except LookupError as error:
        raise click.UsageError(error.args[0]) from None
    started = time.perf_counter()
    redline = diff.compare(old.document, new.document, minimal=minimal)
    seconds = time.perf_counter() - started
    templates, static = sources.look(root)
    said = words.load(templates, "en").texts
    if form == "terminal":
        from generator.redline import terminal

        colour = coloured(color)
        shown = terminal.stat(redline, said) if stat else terminal.lines(redline, said, colour=colour)
        print_long("\n".join(shown) or said["redline_none"], colour)
    elif form == "html":
        from generator.redline import letter

        click.echo(letter.html(redline, old, new, templates, static, sides.address(root)))
    elif form == "json":
        from generator.redline import reports

        click.echo(json.dumps(reports.as_object(redline, old, new, said, seconds), ensure_ascii=False))
    else:
        from generator.redline import comments

        link = link or (new.page if new.before == old.name else "")
        click.echo(comments.markdown(redline, (old.name, new.name), said, limit=limit, link=link), nl=False)
    exit_if(old.document.source != new.document.source)
