"""check, build."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from generator import build, config, output, sources
from generator.commands.console import exit_if, show, today
from generator.errors import PolicyError, Problem, Where
from generator.ledger.notes import read_note
from generator.ledger.notices import read_notices
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
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Publish this signed checkpoint of the ledger (policy ledger checkpoint --key). A site keeps the one it has.",
)
@click.option("--check", "only_check", is_flag=True, help="Build without writing.")
@click.pass_obj
def build_command(root: Path, out: Path | None, drafts: bool, checkpoint: Path | None, only_check: bool) -> None:
    """Build the site into dist/."""
    build_site(root, out or root / "dist", drafts=drafts, checkpoint=checkpoint, write=not only_check)


def build_site(
    root: Path,
    out: Path,
    *,
    drafts: bool,
    write: bool = True,
    receiver: str | None = None,
    checkpoint: Path | None = None,
) -> build.Built:
    if (out / config.PATH).exists():
        hint = "name one of its own"
        raise PolicyError(Problem("build.folder", Where(str(out)), "this is a site's own folder", hint))
    before = out / build.CHECKPOINT
    published = checkpoint or (before if before.is_file() else None)
    built = build.build(
        sources.read(root),
        today=today(),
        drafts=drafts,
        receiver=receiver,
        checkpoint=published.read_bytes() if published else None,
    )
    problems = [*built.problems, *output.lost_rows(built.library.registers, out)]
    if checkpoint:
        problems += _checkpoint_problems(checkpoint, before, built)
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


def _checkpoint_problems(new: Path, before: Path, built: build.Built) -> Iterable[Problem]:
    """What is published is what others hold the ledger to: of this site's log, signed, and never one that went back."""
    text = new.read_text(encoding="utf-8")
    checkpoint, where = read_note(text, str(new)), Where(str(new))
    older = read_note(before.read_text(encoding="utf-8"), str(before)) if before.is_file() else None
    listed = built.files.get("notices.json")
    if listed is None or checkpoint.origin != read_notices(listed, "notices.json").log_origin:
        yield Problem("checkpoint.foreign", where, f"it is of {checkpoint.origin}, which is not this site's log")
    if "\n\n\N{EM DASH} " not in text:
        hint = "policy ledger checkpoint --key KEY --keep FILE writes a signed one"
        yield Problem("checkpoint.unsigned", where, "nobody has signed it: anybody could have made it", hint)
    if older and (older.size > checkpoint.size or (older.size == checkpoint.size and older != checkpoint)):
        message = f"at size {checkpoint.size} it does not follow the published one at size {older.size}"
        yield Problem("checkpoint.older", where, message, "run: policy ledger verify --checkpoint " + str(before))


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
