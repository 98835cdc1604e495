"""import."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from generator import config, documents, githistory, importer, output
from generator.documents import Document
from generator.errors import PolicyError, Problem, Where
from generator.library import draft_path, register_path
from generator.pieces import Meta


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
    target = Path(out) if out else root / draft_path(name)
    if out != "-" and target.exists() and not force:
        raise PolicyError(Problem("import.exists", Where(str(target)), "this file is there already", "use --force"))
    given = Meta(title, language, description)
    if file:
        _import_file(file, target, given)
    else:
        _import_history(root, source, name, repo, material, given)
    if target == root / draft_path(name) and name not in _listed(root):
        click.echo(f"{root / config.PATH} does not list the policy; add it under 'policies':\n  - {name}", err=True)


def _import_file(file: Path, target: Path, given: Meta) -> None:
    imported = importer.read(file, given, _known(target))
    _report(imported.notes)
    if str(target) == "-":
        click.echo(imported.text, nl=False)
    else:
        output.put(target, imported.text.encode(), durable=True)
    click.echo(f"{file} → {'standard output' if str(target) == '-' else target}: {imported.summary()}", err=True)


def _known(target: Path) -> Document | None:
    """The working text that is replaced: it knows ids, and what is material, which the new text does not say."""
    try:
        return documents.parse(target.read_text(encoding="utf-8"), str(target))
    except (OSError, UnicodeDecodeError, PolicyError):
        return None


def _import_history(
    root: Path, path: Path, name: str, repo: Path | None, material: tuple[str, ...], given: Meta
) -> None:
    folder, register = (root / draft_path(name)).parent, root / register_path(name)
    if register.exists() or (folder / "releases").exists():
        hint = "import under another name with --policy"
        raise PolicyError(Problem("import.released", Where(str(register)), "this policy has releases already", hint))
    made = githistory.read(path, name, repo=repo, material=material, given=given)
    _report(made.notes)
    for place, content in made.files.items():  # the register after the texts that it names
        output.put(root / place, content, durable=True)
    first, last = made.releases[0], made.releases[-1]
    span = f"{first.version} of {first.published} to {last.version} of {last.published}"
    click.echo(f"{folder}: {len(made.releases)} releases, {span}; {len(made.notes)} notes", err=True)


def _report(notes: Iterable[Problem]) -> None:
    """What an import did, each at its place."""
    for note in notes:
        click.echo(str(note), err=True)


def _listed(root: Path) -> tuple[str, ...]:
    """The policies that the site lists, if it can be read."""
    try:
        return config.load((root / config.PATH).read_text(encoding="utf-8")).policies
    except (OSError, UnicodeDecodeError, PolicyError):
        return ()
