"""check, build. A build that has nothing to do loads nothing to do it with."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator import cache
from generator.commands.console import Watch, exit_if, show, today
from generator.errors import PolicyError, Problem, Where

if TYPE_CHECKING:
    from generator.build import Built
    from generator.library import Library
    from generator.output import Written

_NAMED = 3  # of the reasons for a build that are told
_FILES_OF_A_TEXT = 7  # about how many are made of one


@click.command("check")
@click.option("--strict", is_flag=True, help="Warnings count as problems.")
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
@click.pass_obj
def check_command(root: Path, strict: bool, as_json: bool) -> None:
    """Check content, notice and templates without writing anything."""
    from generator import build, sources

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
@click.option("--profile", is_flag=True, help="Print how long each stage took.")
@click.pass_obj
def build_command(
    root: Path, out: Path | None, drafts: bool, checkpoint: Path | None, only_check: bool, profile: bool
) -> None:
    """Build the site into dist/."""
    out, day = out or root / "dist", str(today())
    record = None if only_check else cache.load(cache.place(root, out, drafts, None))
    reasons = cache.reasons(record, root, out, day)
    if record and not reasons and not checkpoint:
        _say_again(record.said, out)
    else:
        watch = Watch(len(record.outputs) if record else _FILES_OF_A_TEXT * len(cache.sources(root)))
        build_site(root, out, drafts=drafts, checkpoint=checkpoint, write=not only_check, reasons=reasons, watch=watch)
        for line in watch.lines() if profile else ():
            click.echo(line, err=True)


def _say_again(said: Mapping[str, Any], out: Path) -> None:
    """What the build said whose site still stands."""
    show(Problem(**{**told, "where": Where(**told["where"])}) for told in said["problems"])
    click.echo(
        f"built {said['files']} files into {out} (0 written, {said['files']} unchanged, 0 removed): nothing has changed"
    )
    for line in said["summary"]:
        click.echo(f"  {line}")


def build_site(
    root: Path,
    out: Path,
    *,
    drafts: bool,
    write: bool = True,
    receiver: str | None = None,
    checkpoint: Path | None = None,
    reasons: Sequence[str] = (),
    watch: Watch | None = None,
) -> Built:
    """Build and write, and note what was read, written and said, for the next build to know what it need not do."""
    from generator import build, config, output, sources

    if (out / config.PATH).exists():
        hint = "name one of its own"
        raise PolicyError(Problem("build.folder", Where(str(out)), "this is a site's own folder", hint))
    taken, looked, day = time.time_ns(), cache.sources(root), today()
    place = cache.place(root, out, drafts, receiver)
    standing = cache.standing(cache.load(place), out) if write else build.NOTHING
    read, before = sources.read(root), out / cache.CHECKPOINT
    published = checkpoint or (before if before.is_file() else None)
    with closing(output.Spool()) as spool, closing(watch or Watch(1)) as watching:
        work = partial(build.build, read, standing=standing, files=spool if write else None, watch=watching)
        noted = published.read_bytes() if published else None
        built = work(today=day, drafts=drafts, receiver=receiver, checkpoint=noted)
        problems = [*built.problems, *output.lost_rows(built.library.registers, out)]
        if checkpoint:
            site = built.files if "notices.json" in built.files else output.Folder(out, built.made.keys())
            problems += _checkpoint_problems(checkpoint, before, site.get("notices.json"))
        show(problems)
        exit_if(any(problem.severity == "error" for problem in problems))
        summary = list(_summary(built.library))
        if write:
            watching("write")
            done = output.write(built.files, out, built.made.keys() - built.files.keys())
            said = {"files": len(built.made), "problems": [asdict(problem) for problem in problems], "summary": summary}
            seen = cache.seen(looked, read.digests()), output.seen(built.made, out)
            with suppress(OSError):  # nothing needs it, so a folder that cannot be written to is no mistake
                output.put(place, cache.content_of(cache.Record(cache.program(), str(day), taken, *seen, said)))
            built = replace(built, files=output.Folder(out, built.made.keys()))
    counts = f" ({_counts(done)}){_because(reasons)}" if write else ""
    click.echo(f"{'built' if write else 'would build'} {len(built.made)} files into {out}{counts}")
    for line in summary:
        click.echo(f"  {line}")
    return built


def _counts(done: Written) -> str:
    return f"{done.written} written, {done.unchanged} unchanged, {done.removed} removed"


def _because(reasons: Sequence[str]) -> str:
    more = [f"{len(reasons) - _NAMED} more"] if len(reasons) > _NAMED else []
    return f": {'; '.join([*reasons[:_NAMED], *more])}" if reasons else ""


def _checkpoint_problems(new: Path, before: Path, listed: bytes | None) -> Iterable[Problem]:
    """What is published is what others hold the ledger to: of this site's log, signed, and never one that went back."""
    from generator.ledger.notes import read_note
    from generator.ledger.notices import read_notices

    text = new.read_text(encoding="utf-8")
    checkpoint, where = read_note(text, str(new)), Where(str(new))
    older = read_note(before.read_text(encoding="utf-8"), str(before)) if before.is_file() else None
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
