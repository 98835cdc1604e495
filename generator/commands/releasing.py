"""release, withdraw, announce, history, verify."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import click

from generator import build, config, output, releases, sources, verify
from generator.commands.console import exit_if, show, today
from generator.errors import PolicyError, Problem, Where
from generator.history import Kind, Register
from generator.library import NOTICE, Library, readable_registers
from generator.publishing import published
from generator.releases import Prepared
from generator.sources import Sources
from generator.views import facts

_DAY = click.DateTime(["%Y-%m-%d"])


def _load(root: Path) -> tuple[Sources, Library]:
    read = sources.read(root)
    return read, build.load(read, today=today())


@click.command("release")
@click.argument("policy")
@click.option("--material", is_flag=True, help="Changes what is done: raises MAJOR, asks visitors again.")
@click.option("--editorial", is_flag=True, help="Changes no meaning: raises MINOR.")
@click.option("--effective", type=_DAY, help="The day it takes effect.", metavar="DATE")
@click.option("--summary", required=True, help="What changed, in a sentence for readers.", metavar="TEXT")
@click.option("--dry-run", is_flag=True, help="Check and tell, but write nothing.")
@click.pass_obj
def release_command(
    root: Path, policy: str, material: bool, editorial: bool, effective: datetime | None, summary: str, dry_run: bool
) -> None:
    """Freeze the working text of POLICY as a release ('notice' releases what site.yaml declares)."""
    if material == editorial:
        raise click.UsageError(
            "say --material or --editorial, one of them: it decides whether visitors are asked again"
        )
    kind: Kind = "material" if material else "editorial"
    read, library = _load(root)
    day = effective.date() if effective else None
    prepared = releases.prepare(library, read, policy, kind, summary=summary, effective=day)
    show(prepared.warnings)
    made = prepared.release
    done = "would release" if dry_run else "released"
    click.echo(f"{done} {policy} {made.version} ({made.kind}), in force from {made.effective}")
    if prepared.redline:
        from generator import words
        from generator.redline import terminal

        for line in terminal.stat(prepared.redline, words.load(read.templates, "en").texts):
            click.echo(f"  {line}")
    for language, held in made.translations.items():
        told = f"sections behind: {', '.join(held.behind)}" if held.behind else "no section is behind"
        click.echo(f"  in {language}: {told}")
    if dry_run:
        return
    if prepared.awaited:
        click.echo(f"  the draft was marked as awaiting {prepared.awaited!r}; the mark is gone")
    _write(root, prepared)
    if policy != NOTICE and library.notices.draft_is_new:
        click.echo("  site.yaml also declares a notice that is not released yet: policy release notice --help")
    if policy != NOTICE and made.effective > library.today:
        click.echo(f"  tell readers of it: policy announce {policy}")


@click.command("withdraw")
@click.argument("policy")
@click.argument("version")
@click.option("--reason", required=True, help="Why, in a sentence for readers.", metavar="TEXT")
@click.option("--dry-run", is_flag=True, help="Check and tell, but write nothing.")
@click.pass_obj
def withdraw_command(root: Path, policy: str, version: str, reason: str, dry_run: bool) -> None:
    """Take VERSION of POLICY (or of the notice) back from today on.

    Its text and its row stay, marked. What was in force before is in force again.
    """
    read, library = _load(root)
    prepared = releases.withdraw(library, read, policy, version, reason=reason)
    after = library.register(policy).add(prepared.release).in_force(library.today)
    show(prepared.warnings)
    done = "would withdraw" if dry_run else "withdrew"
    click.echo(f"{done} {policy} {version}; in force today: {after.version if after else 'none'}")
    if dry_run:
        return
    _write(root, prepared)
    if policy != NOTICE:
        click.echo(f"  tell readers of it: policy announce {policy} {version}")


def _write(root: Path, prepared: Prepared) -> None:
    for path, content in prepared.files.items():
        output.put(root / path, content, durable=True)
    click.echo(f"  commit these: {', '.join(prepared.files)}")


@click.command("announce")
@click.argument("policy")
@click.argument("version", required=False)
@click.option("--format", "form", type=click.Choice(["txt", "html"]), default="txt", show_default=True)
@click.option("--language", default="", help="The language of a translation.", metavar="TAG")
@click.pass_obj
def announce_command(root: Path, policy: str, version: str | None, form: Literal["txt", "html"], language: str) -> None:
    """Print the message that tells readers of a release: the next one, or VERSION.

    The first line of txt, and the title of html, is the subject.
    """
    from generator import announce

    read, library = _load(root)
    named = library.policy(policy)
    text = named.get(version) if version else named.upcoming(library.today)
    if text is None or text.release is None:
        known = ", ".join(text.label for text in named.releases)
        message = f"there is no release {version!r}" if version else "no release is announced"
        raise PolicyError(Problem("announce.none", Where(named.register.path), message, f"name one of {known}"))
    own = text.document.meta.language
    if language and language not in (own, *text.translations):
        raise click.UsageError(f"{text.label} has no {language!r}; it has {', '.join((own, *text.translations))}")
    click.echo(announce.message(library, read, named, text, form, language if language != own else ""), nl=False)


@click.command("history")
@click.argument("policy", required=False)
@click.option("--on", "day", type=_DAY, help="Only what was in force on that day.", metavar="DATE")
@click.option("--json", "as_json", is_flag=True, help="Print everything the registers say as JSON.")
@click.pass_obj
def history_command(root: Path, policy: str | None, day: datetime | None, as_json: bool) -> None:
    """List the releases of POLICY, or of all policies and the notice: their dates, kind and summary."""
    _, library = _load(root)
    registers = {policy: library.register(policy)} if policy else library.registers
    told = {name: _told(register, library, day) for name, register in registers.items()}
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    for name, rows in told.items():
        click.echo(name if rows else f"{name}: none")
        for row in rows:
            dates = f"published {row['published']}  effective {row['effective']}"
            ended = row.get(row["status"]) or ""  # the day on which it was superseded or withdrawn
            click.echo(f"  {row['version']:6} {row['kind'] or 'first':10} {dates}  {row['status']} {ended}".rstrip())
            click.echo(f"         {row['reason'] or row['summary']}")


def _told(register: Register, library: Library, day: datetime | None) -> list[dict[str, Any]]:
    """Newest first."""
    held = [register.in_force(day.date())] if day else reversed(register.releases)
    return [{"version": str(row.version), **facts(register, row, library.today)} for row in held if row]


class _Built(click.Path):
    """A folder that is there, or an address."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if value.startswith(("https://", "http://")) else Path(str(super().convert(value, param, ctx)))


@click.command("verify")
@click.argument("folder", required=False, metavar="[FOLDER|URL]", type=_Built(exists=True, file_okay=False))
@click.option("--strict", is_flag=True, help="Warnings count as problems.")
@click.option("--json", "as_json", is_flag=True, help="Print what was checked, and the problems, as JSON.")
@click.pass_obj
def verify_command(root: Path, folder: Path | str | None, strict: bool, as_json: bool) -> None:
    """Hash everything again: the released texts and their registers, and the site built in FOLDER (DIR/dist), or the
    one published at URL (https://…), which is downloaded.

    A built site can be verified without the folder that it was built from.
    """
    checked = dict(_verified(root, folder))
    problems = [problem for done in checked.values() for problem in done.problems]
    if as_json:
        told = {"checked": {place: _counted(done) for place, done in checked.items()}}
        click.echo(json.dumps({**told, "problems": list(map(asdict, problems))}, ensure_ascii=False, indent=1))
    else:
        show(problems)
        for place, done in checked.items():
            counted = _counted(done)
            said = f"{counted['files']} files, " if done.files else ""
            said += f"{counted['releases']} releases in {len(done.registers)} registers"
            click.echo(f"{place}: {said}: {f'problems: {len(done.problems)}' if done.problems else 'all hold'}")
    exit_if(any(strict or problem.severity == "error" for problem in problems))


def _verified(root: Path, folder: Path | str | None) -> Iterator[tuple[str, verify.Verified]]:
    """The sources, where they are there, and the built site, where it is."""
    built = folder if isinstance(folder, Path) else root / "dist"
    if (root / config.PATH).exists() or not folder:
        registers: dict[str, Register] = {}
        try:
            read = sources.read(root)
            registers = readable_registers(config.load(read.site), read)
            registers = build.load(read, today=today()).registers
            yield "content", verify.Verified(0, registers, tuple(output.lost_rows(registers, built)))
        except PolicyError as error:
            yield "content", verify.Verified(0, registers, error.problems)
    if isinstance(folder, str):
        yield folder, published.verify_published(folder, built=_content(root / "dist", verify.MANIFEST))
    elif folder or built.exists():
        found = (path.relative_to(built) for path in built.rglob("*") if path.is_file())
        names = [path.as_posix() for path in found if not any(part.startswith(".") for part in path.parts)]
        yield str(built), verify.site(lambda path: _content(built, path), names)


def _content(folder: Path, path: str) -> bytes | None:
    """A file of the folder; whatever a manifest says, nothing outside it is read."""
    file = folder / path
    inside = file.resolve().is_relative_to(folder.resolve())
    return file.read_bytes() if inside and file.is_file() else None


def _counted(done: verify.Verified) -> dict[str, Any]:
    registers = {name: register.head for name, register in done.registers.items()}
    releases = sum(len(register.releases) for register in done.registers.values())
    return {"files": done.files, "releases": releases, "registers": registers}
