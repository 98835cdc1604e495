"""The program `policy`. It alone prints, exits, and reads the clock and the environment.

Exit codes: 0 fine, 1 problems found (or, for diff, differences), 2 wrong use.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator import __version__
from generator.errors import PolicyError, Problem, Where

if TYPE_CHECKING:  # what a command needs it imports itself: a comparison starts without the builder's libraries
    from generator import build, sources
    from generator.githistory import History
    from generator.history import Kind
    from generator.importer import Imported
    from generator.library import Library

STORE_HINT = "sqlite:///choices.db for a file beside the site, sqlite:////var/lib/policy/choices.db for another"


class _Program(click.Group):
    """A user's mistake prints a line and exits with 1; our own bug is not hidden."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PolicyError as error:
            show(error.problems)
        except BrokenPipeError:
            raise  # whoever read the output has seen enough; click leaves quietly
        except OSError as error:
            show([_system(error)])
        sys.exit(1)


def show(problems: Iterable[Problem], *, as_json: bool = False) -> None:
    """Problems on standard error: where, code, message, and below it what would do."""
    if as_json:
        click.echo(json.dumps([asdict(problem) for problem in problems], ensure_ascii=False))
        return
    for problem in problems:
        warning = click.style("warning: ", fg="yellow") if problem.severity == "warning" else ""
        click.echo(f"{problem.where}: {warning}{problem.code}: {problem.message}", err=True)
        if problem.hint:
            click.echo(f"    {problem.hint}", err=True)


def _system(error: OSError) -> Problem:
    return Problem("system", Where(str(error.filename or "")), error.strerror or str(error))


def today() -> date:
    """The publisher's day in UTC, or that of SOURCE_DATE_EPOCH for a build that can be repeated."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return datetime.now(UTC).date()
    try:
        if not epoch.isdigit():
            raise ValueError(epoch)
        return datetime.fromtimestamp(int(epoch), UTC).date()
    except (ValueError, OverflowError, OSError):
        problem = Problem("environment", Where("SOURCE_DATE_EPOCH"), f"wants seconds since 1970, and holds {epoch!r}")
        raise PolicyError(problem) from None


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="policy")
@click.option("-C", "root", type=click.Path(path_type=Path), default=Path(), help="The site's folder.", metavar="DIR")
@click.pass_context
def main(ctx: click.Context, root: Path) -> None:
    """Publish policies with releases and redlines, ask for cookie preferences, and keep proof of them."""
    ctx.obj = root


def _load(root: Path, *, drafts: bool = False) -> tuple[sources.Sources, Library]:
    from generator import build, sources

    read = sources.read(root)
    return read, build.load(read, today=today(), drafts=drafts)


@main.command()
@click.option("--strict", is_flag=True, help="Warnings count as problems.")
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
@click.pass_obj
def check(root: Path, strict: bool, as_json: bool) -> None:
    """Check content, notice and templates without writing anything."""
    from generator import build, sources

    try:
        problems = build.build(sources.read(root), today=today(), drafts=True).problems
    except PolicyError as error:
        problems = error.problems
    show(problems, as_json=as_json)
    if not problems and not as_json:
        click.echo("no problems found")
    _exit_if(any(strict or problem.severity == "error" for problem in problems))


@main.command("build")
@click.option("--out", type=click.Path(path_type=Path), help="Where the site goes (DIR/dist).", metavar="FOLDER")
@click.option("--drafts", is_flag=True, help="With drafts: a look ahead that is not meant to be published.")
@click.option("--check", "only_check", is_flag=True, help="Build without writing.")
@click.pass_obj
def build_command(root: Path, out: Path | None, drafts: bool, only_check: bool) -> None:
    """Build the site into dist/."""
    _build(root, out or root / "dist", drafts=drafts, write=not only_check)


def _build(root: Path, out: Path, *, drafts: bool, write: bool = True, receiver: str | None = None) -> build.Built:
    from generator import build, config, output, sources

    if (out / config.PATH).exists():
        raise PolicyError(
            Problem("build.folder", Where(str(out)), "this is a site's own folder", "name one of its own")
        )
    built = build.build(sources.read(root), today=today(), drafts=drafts, receiver=receiver)
    problems = [*built.problems, *output.lost_releases(built.files, out)]
    show(problems)
    _exit_if(any(problem.severity == "error" for problem in problems))
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


@main.command("diff")
@click.argument("what", nargs=-1, required=True, metavar="[POLICY] A B")
@click.option("--format", "form", type=click.Choice(["terminal", "markdown", "json"]), default="terminal")
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
    (PATH, git:REV:PATH) or standard input (-). POLICY may be 'notice'. Exits with 1 if they differ in any byte.
    """
    if len(what) not in (2, 3):
        raise click.UsageError("name two texts, and before them the policy if it is not the first")
    if stat and form != "terminal":
        raise click.UsageError("--stat is for the terminal; the other forms count by themselves")
    from generator import diff, sides

    try:
        old, new = sides.pair(root, what, today)
    except LookupError as error:
        raise click.UsageError(error.args[0]) from None
    started = time.perf_counter()
    redline = diff.compare(old.document, new.document, minimal=minimal)
    seconds = time.perf_counter() - started
    if form == "terminal":
        from generator import terminal

        coloured = _coloured(color)
        _print_long("\n".join(terminal.stat(redline) if stat else terminal.lines(redline, colour=coloured)), coloured)
    elif form == "json":
        from generator import reports

        click.echo(json.dumps(reports.as_object(redline, old, new, seconds), ensure_ascii=False))
    else:
        from generator import comments

        link = link or (new.page if new.before == old.name else "")
        click.echo(comments.markdown(redline, (old.name, new.name), limit=limit, link=link), nl=False)
    _exit_if(old.document.source != new.document.source)


def _coloured(wish: str) -> bool:
    """https://no-color.org: any value but an empty one says no."""
    if wish == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wish == "always"


def _print_long(text: str, coloured: bool) -> None:
    """Through a pager where somebody looks on and it is longer than the screen."""
    if sys.stdout.isatty() and text.count("\n") >= shutil.get_terminal_size().lines:
        click.echo_via_pager(text + "\n", color=coloured)
    else:
        click.echo(text, color=coloured)


@main.command("import")
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
    from generator import config, githistory, importer, marked
    from generator.library import draft_path

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
    meta = marked.Meta(title, language, description)
    if file:
        _import_file(root, file, name, out, importer.read(file, meta), force)
    else:
        _import_history(root, githistory.read(source, name, repo=repo, material=material, given=meta), name, force)
    if (not out or out == draft_path(name)) and (line := importer.to_list(root, name)):
        click.echo(line, err=True)


def _import_file(root: Path, file: Path, name: str, out: str | None, imported: Imported, force: bool) -> None:
    from generator import output
    from generator.library import draft_path

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
    from generator import output
    from generator.library import draft_path, register_path

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


@main.command()
@click.argument("policy")
@click.option("--material", is_flag=True, help="Changes what is done: raises MAJOR, asks visitors again.")
@click.option("--editorial", is_flag=True, help="Changes no meaning: raises MINOR.")
@click.option("--effective", type=click.DateTime(["%Y-%m-%d"]), help="The day it takes effect.", metavar="DATE")
@click.option("--summary", required=True, help="What changed, in a sentence for readers.", metavar="TEXT")
@click.pass_obj
def release(root: Path, policy: str, material: bool, editorial: bool, effective: datetime | None, summary: str) -> None:
    """Freeze the working text of POLICY as a release ('notice' releases what site.yaml declares)."""
    if material == editorial:
        raise click.UsageError(
            "say --material or --editorial, one of them: it decides whether visitors are asked again"
        )
    from generator import output, releases
    from generator.library import NOTICE

    kind: Kind = "material" if material else "editorial"
    read, library = _load(root)
    day = effective.date() if effective else None
    prepared = releases.prepare(library, read, policy, kind, summary=summary, effective=day)
    for path, content in prepared.files.items():
        output.put(root / path, content, durable=True)
    made = prepared.release
    click.echo(f"released {policy} {made.version} ({made.kind}), in force from {made.effective}")
    if prepared.awaited:
        click.echo(f"  the draft was marked as awaiting {prepared.awaited!r}; the mark is gone")
    click.echo(f"  commit these: {', '.join(prepared.files)}")
    if policy != NOTICE and library.notices.draft_is_new:
        click.echo("  site.yaml also declares a notice that is not released yet: policy release notice --help")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port",
    type=click.IntRange(1, 65534),
    default=8000,
    show_default=True,
    help="The site; the receiver listens on the port after it.",
)
@click.option("--drafts", is_flag=True, help="Preview drafts, from a folder of their own.")
@click.pass_obj
def serve(root: Path, host: str, port: int, drafts: bool) -> None:
    """Build, preview with livereload, and run a receiver on an embedded database."""
    from generator import config, preview, sources

    declaration = config.load(sources.read(root).site).consent
    receiver = "/choices" if declaration and declaration.receiver else None  # the preview's own
    # What dist/ holds may be published: drafts, and a banner that posts to a preview, have a folder of their own.
    apart = drafts or (declaration is not None and declaration.receiver != receiver)
    out = root / ".preview/dist" if apart else root / "dist"
    built = _build(root, out, drafts=drafts, receiver=receiver)
    store = f"sqlite:///{root / '.preview/choices.db'}" if "notices.json" in built.files else None
    if store:
        _create_if_missing(store, out / "notices.json")
    preview.serve(
        preview.Preview(
            folder=out,
            host=host,
            port=port,
            receiver_port=port + 1,
            store_url=store,
            watched=sources.watched(root),
            rebuild=lambda: _rebuild(root, out, drafts, receiver),
            on_ready=lambda: _announce(built, host, port, store),
        )
    )
    click.echo("stopped")


def _rebuild(root: Path, out: Path, drafts: bool, receiver: str | None) -> None:
    """A rebuild while watching: what is wrong is said, and the last good site stays."""
    try:
        _build(root, out, drafts=drafts, receiver=receiver)
    except PolicyError as error:
        show(error.problems)
    except OSError as error:  # a file that an editor is just putting in place
        show([_system(error)])
    except SystemExit:
        pass


def _announce(built: build.Built, host: str, port: int, store: str | None) -> None:
    site = f"http://{host}:{port}"
    shown = [page.path for page in built.pages if page.kind in ("index", "redline", "cookies", "demo")]
    current = [policy.path for policy in built.library.policies if policy.in_force(built.library.today)]
    for path in [*current, *shown]:
        click.echo(f"  {site}{path}")
    if store:
        click.echo(f"  receiver: http://{host}:{port + 1}/choices, also at {site}/choices")
        click.echo(f"  proof:    {sys.argv[0]} ledger verify --store {store}")
    click.echo("Ctrl-C stops both" if store else "Ctrl-C stops it")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True)
@click.option("--store", required=True, help=STORE_HINT, metavar="URL")
@click.option("--notices", required=True, type=click.Path(path_type=Path), help="notices.json of the built site.")
@click.option("--origin", "origins", multiple=True, help="Another origin that may post, such as https://example.com.")
@click.pass_obj
def receive(root: Path, host: str, port: int, store: str, notices: Path, origins: tuple[str, ...]) -> None:
    """Run the receiver alone, for production."""
    from generator.ledger import server

    url = _store_url(root, store)
    _create_if_missing(url, root / notices)

    def ready(host: str, port: int) -> None:
        click.echo(f"receiving choices at http://{host}:{port}/choices, ledger {url}")

    server.serve(host=host, port=port, store_url=url, notices_path=root / notices, origins=origins, on_ready=ready)


def _store_url(root: Path, url: str) -> str:
    """A relative store lies in the site's folder, wherever the program is run."""
    path = url.removeprefix("sqlite:///")
    return url if path == url or path.startswith("/") or not path else f"sqlite:///{root / path}"


def _create_if_missing(url: str, notices: Path) -> None:
    """A new ledger is said aloud: where one was expected, somebody must notice that it was not there."""
    from generator.ledger import server, store

    if not store.exists(url):
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        origin = server.load_notices(notices).log_origin
        store.create(url, origin)
        click.echo(f"created a new, empty ledger: {url} ({origin})")


@main.group()
def ledger() -> None:
    """What a ledger can show for itself."""


def _store_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--store", required=True, help=STORE_HINT, metavar="URL")(function)


@ledger.command()
@_store_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def verify(root: Path, store: str, as_json: bool) -> None:
    """Check every record against the log; exits with 1 if anything does not hold."""
    from generator.ledger import evidence

    with _open(root, store) as opened:
        found = evidence.verify(opened)
    if as_json:
        problems = [asdict(problem) for problem in found.problems]
        told = {"records": found.records, "size": found.size, "root": found.root.hex(), "holds": found.holds}
        click.echo(json.dumps({**told, "problems": problems, "more": found.more}, ensure_ascii=False))
    else:
        show(found.problems)
        more = f", and {found.more} more problems" if found.more else ""
        state = "all hold" if found.holds else f"{len(found.problems)} problems{more}"
        click.echo(f"{found.records} records, {state}; root {found.root.hex()}")
    _exit_if(not found.holds)


@ledger.command()
@_store_option
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@click.pass_obj
def stats(root: Path, store: str, as_json: bool) -> None:
    """Count choices: by kind, purpose, policy, notice and day."""
    from generator.ledger import evidence

    with _open(root, store) as opened:
        counts = asdict(evidence.stats(opened))
    if as_json:
        click.echo(json.dumps(counts, ensure_ascii=False))
        return
    click.echo(f"records: {counts.pop('records')}")
    for name, by_key in counts.items():
        click.echo(f"{name.replace('_', ' ')}: " + (", ".join(f"{key} {n}" for key, n in by_key.items()) or "none"))


@ledger.command()
@_store_option
@click.pass_obj
def export(root: Path, store: str) -> None:
    """Print every record as a line of JSON."""
    from generator.ledger import evidence

    with _open(root, store) as opened:
        for line in evidence.export(opened):
            click.echo(line, nl=False)


def _open(root: Path, url: str) -> Any:
    from contextlib import closing

    from generator.ledger import store

    return closing(store.open_store(_store_url(root, url)))


def _exit_if(wrong: bool) -> None:
    if wrong:
        sys.exit(1)
