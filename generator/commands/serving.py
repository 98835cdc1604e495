"""serve."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from generator import config, preview, sources
from generator.build import Built
from generator.commands.console import show, system_problem
from generator.commands.site import build_site
from generator.commands.vault import preview_ledger
from generator.errors import PolicyError


@click.command("serve")
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
def serve_command(root: Path, host: str, port: int, drafts: bool) -> None:
    """Build, preview with livereload, and run a receiver on an embedded database."""
    declaration = config.load(sources.read(root).site).consent
    receiver = "/choices" if declaration and declaration.receiver else None  # the preview's own
    # What dist/ holds may be published: drafts, and a banner that posts to a preview, have a folder of their own.
    apart = drafts or (declaration is not None and declaration.receiver != receiver)
    out = root / ".preview/dist" if apart else root / "dist"
    built = build_site(root, out, drafts=drafts, receiver=receiver)
    store = f"sqlite:///{root / '.preview/choices.db'}" if "notices.json" in built.files else None
    if store:
        preview_ledger(store, out / "notices.json")
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
        build_site(root, out, drafts=drafts, receiver=receiver)
    except PolicyError as error:
        show(error.problems)
    except OSError as error:  # a file that an editor is just putting in place
        show([system_problem(error)])
    except SystemExit:
        pass


def _announce(built: Built, host: str, port: int, store: str | None) -> None:
    site = f"http://{host}:{port}"
    shown = [page.path for page in built.pages if page.kind in ("index", "redline", "cookies", "demo")]
    current = [policy.path for policy in built.library.policies if policy.in_force(built.library.today)]
    for path in [*current, *shown]:
        click.echo(f"  {site}{path}")
    if store:
        click.echo(f"  receiver: http://{host}:{port + 1}/choices, also at {site}/choices")
        click.echo(f"  proof:    {sys.argv[0]} ledger verify --store {store}")
    click.echo("Ctrl-C stops both" if store else "Ctrl-C stops it")
