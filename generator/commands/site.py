"""check, build."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from generator import build, config, output, sources
from generator.commands.console import exit_if, show, today
from generator.errors import PolicyError, Problem, Where
from generator.library import Library


@click.command("check")
@click.option("--strict", is_flag=True, help="Warnings count as problems.")
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
@click.pass_obj
def check_command(root: Path, strict: bool, as_json: bool) -> None:
    """Check content, notice and templates without writing anything."""
    try:
        problems = build.build(sources.read(root), today=today(), drafts=True).problems
    except PolicyError as error:
        problems = error.problems
    show(problems, as_json=as_json)
    if not problems and not as_json:
        click.echo("no problems found")
    exit_if(any(strict or problem.severity == "error" for problem in problems))


@click.command("build")
@click.option("--out", type=click.Path(path_type=Path), help="Where the site goes (DIR/dist).", metavar="FOLDER")
@click.option("--drafts", is_flag=True, help="With drafts: a look ahead that is not meant to be published.")
@click.option("--check", "only_check", is_flag=True, help="Build without writing.")
@click.pass_obj
def build_command(root: Path, out: Path | None, drafts: bool, only_check: bool) -> None:
    """Build the site into dist/."""
    build_site(root, out or root / "dist", drafts=drafts, write=not only_check)


def build_site(root: Path, out: Path, *, drafts: bool, write: bool = True, receiver: str | None = None) -> build.Built:
    if (out / config.PATH).exists():
        hint = "name one of its own"
        raise PolicyError(Problem("build.folder", Where(str(out)), "this is a site's own folder", hint))
    built = build.build(sources.read(root), today=today(), drafts=drafts, receiver=receiver)
    problems = [*built.problems, *output.lost_rows(built.library.registers, out)]
    show(problems)
    exit_if(any(problem.severity == "error" for problem in problems))
    if write:
        done = output.write(built.files, out)
        counts = f"{done.written} written, {done.unchanged} unchanged, {done.removed} removed"
        click.echo(f"built {len(built.files)} files into {out} ({counts})")
    else:
        click.echo(f"would build {len(built.files)} files into {out}")
    for line in _summary(built.library):
        click.echo(f"  {line}")
    return built


def _summary(library: Library) -> Iterable[str]:
    """What a publisher wants to see of a build: which texts are in force, and what the banner speaks from."""
    for policy in library.policies:
        current, upcoming = policy.in_force(library.today), policy.upcoming(library.today)
        state = f"{current.label} in force" if current else "none in force"
        if upcoming and upcoming.release:
            state += f", {upcoming.label} from {upcoming.release.effective}"
        yield f"{policy.id}: {state}, releases: {len(policy.releases)}" + (", draft shown" if library.drafts else "")
    if library.notice:
        yield f"notice: {library.notice.data['version']} ({library.notice.sha256[:12]})"
