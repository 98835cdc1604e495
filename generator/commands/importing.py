"""import."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path

import click

from generator import config, documents, output
from generator.documents import Document
from generator.errors import PolicyError, Problem, Where
from generator.importing import githistory, importer
from generator.importing.pieces import Meta
from generator.library import draft_path, register_path


@click.command("import")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--git", type=click.Path(path_type=Path), help="A file whose history becomes releases.")
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
    /,
    file: Path | None,
    git: Path | None,
    repo: Path | None,
    material: tuple[str, ...],
    name: str | None,
    out: str | None,
    force: bool,
    **given: str,
) -> None:
    """Bring in an existing policy: FILE (txt, html, docx, md) as the working text, or the history of a file in git.

    What was left out, mended or guessed is told on standard error.
    """
    source = file or git
    if source is None or (file and git):
        raise click.UsageError("name a FILE, or a path with --git")
    if (git and out) or (file and (material or repo)):
        raise click.UsageError("--out goes with a FILE, --repo and --material with --git")
    name = name or importer.policy_name(source.stem)
    try:
        config.check_policy_name(name)
    except ValueError as error:
        raise click.UsageError(f"{error}; choose one with --policy") from None
    target, register = Path(out) if out else root / draft_path(name), root / register_path(name)
    if git and (register.exists() or (register.parent / "releases").exists()):
        hint = "import under another name with --policy"
        raise PolicyError(Problem("import.released", Where(str(register)), "this policy has releases already", hint))
    if out != "-" and target.exists() and not force:
        raise PolicyError(Problem("import.exists", Where(str(target)), "this file is there already", "use --force"))
    if file:
        imported = importer.read(file.read_bytes(), str(file), Meta(**given), known=_known(target))
        notes, files = imported.notes, {target: imported.text.encode()}
        said = f"{file} → {'standard output' if out == '-' else target}: {imported.summary()}"
    else:
        made = githistory.read(source, name, repo=repo, material=material, given=Meta(**given))
        notes, files = made.notes, {root / path: content for path, content in made.files.items()}
        said = f"{register.parent}: {made.summary()}"
    for (code, message), number in Counter((note.code, note.message) for note in notes).items():
        first = next(note for note in notes if (note.code, note.message) == (code, message))
        click.echo(f"{first}{f' (and {number - 1} more of these)' if number > 1 else ''}", err=True)
    for path, content in files.items():  # the register after the texts that it names
        if out == "-":
            click.echo(content, nl=False)
        else:
            output.put(path, content, durable=True)
    click.echo(said, err=True)
    if target == root / draft_path(name) and name not in _listed(root):
        click.echo(f"{root / config.PATH} does not list the policy; add it under 'policies':\n  - {name}", err=True)


def _known(target: Path) -> Document | None:
    """The working text that is replaced: it knows ids, and what is material, which the new text does not say."""
    with suppress(OSError, UnicodeDecodeError, PolicyError):
        return documents.parse(target.read_text(encoding="utf-8"), str(target), language="")
    return None


def _listed(root: Path) -> tuple[str, ...]:
    """The policies that the site lists, if it can be read."""
    with suppress(OSError, UnicodeDecodeError, PolicyError):
        return config.load((root / config.PATH).read_text(encoding="utf-8")).policies
    return ()
