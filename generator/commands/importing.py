"""import."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from generator import config, githistory, importer, output
from generator.errors import PolicyError, Problem, Where
from generator.githistory import History
from generator.importer import Imported
from generator.pieces import Meta
from generator.library import draft_path, register_path


@click.command("import")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--git", "git_path", type=click.Path(path_type=Path), help="A file whose history becomes releases.")
@click.option("--repo", type=click.Path(path_type=Path), help="The repository that --git's path is in.", metavar="DIR")
@click.option("--material", multiple=True, help="A commit whose release is material.", metavar="SHA")
@click.option("--policy", "name", help="The policy's folder and address (from the file's name).", metavar="NAME")
@click.option("--out", help="Another file for the text; - prints it.", metavar="FILE")
@click.option("--force", is_flag=True, help="Replace a working text; never a release.")
@click.option("--title", default="", help="The title, if the file's own is not to be used.", metavar="TEXT")
@click.option("--language", default="", help="A BCP 47 tag such as en or ar.", metavar="TAG")
@click.option("--description", default="", help="For search engines and the list of policies.", metavar="TEXT")
@click.pass_obj
def import_command(
    root: Path,
    file: Path | None,
    git_path: Path | None,
    repo: Path | None,
    material: tuple[str, ...],
    name: str | None,
    out: str | None,
    force: bool,
    title: str,
    language: str,
    description: str,
) -> None:
    """Bring in an existing policy: FILE (txt, html, docx, md) as the working text, or the history of a file in git.

    What was left out, mended or guessed is told on standard error.
    """
    source = file or git_path
    if source is None or (file and git_path):
        raise click.UsageError("name a FILE, or a path with --git")
    if (git_path and out) or (file and (material or repo)):
        raise click.UsageError("--out goes with a FILE, --repo and --material with --git")
    name = name or importer.policy_name(source.stem)
    try:
        config.check_policy_name(name)
    except ValueError as error:
        raise click.UsageError(f"{error}; choose one with --policy") from None
    meta = Meta(title, language, description)
    if file:
        _import_file(root, file, name, out, importer.read(file, meta), force)
    else:
        _import_history(root, githistory.read(source, name, repo=repo, material=material, given=meta), name, force)
    if (not out or out == draft_path(name)) and (line := importer.to_list(root, name)):
        click.echo(line, err=True)


def _import_file(root: Path, file: Path, name: str, out: str | None, imported: Imported, force: bool) -> None:
    target = Path(out) if out else root / draft_path(name)
    if out != "-" and target.exists() and not force:
        raise PolicyError(Problem("import.exists", Where(str(target)), "this file is there already", "use --force"))
    _report(imported.notes)
    if out == "-":
        click.echo(imported.text, nl=False)
    else:
        output.put(target, imported.text.encode(), durable=True)
    click.echo(f"{file} → {'standard output' if out == '-' else target}: {imported.summary()}", err=True)


def _import_history(root: Path, made: History, name: str, force: bool) -> None:
    folder = (root / draft_path(name)).parent
    register = root / register_path(name)
    if register.exists() or (folder / "releases").exists():
        hint = "import under another name with --policy"
        raise PolicyError(Problem("import.released", Where(str(register)), "this policy has releases already", hint))
    if (root / draft_path(name)).exists() and not force:
        where = Where(str(root / draft_path(name)))
        raise PolicyError(Problem("import.exists", where, "this file is there already", "use --force"))
    _report(made.notes)
    for path, content in made.files.items():  # the register after the texts that it names
        output.put(root / path, content, durable=True)
    first, last = made.releases[0], made.releases[-1]
    span = f"{first.version} of {first.published} to {last.version} of {last.published}"
    click.echo(f"{folder}: {len(made.releases)} releases, {span}; {len(made.notes)} notes", err=True)


def _report(notes: Iterable[Problem]) -> None:
    """What an import did, each at its place."""
    for note in notes:
        click.echo(str(note), err=True)
