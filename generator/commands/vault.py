"""receive, and what a ledger can show for itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from generator.commands.console import exit_if, show
from generator.ledger import evidence, server
from generator.ledger import store as stores

STORE_HINT = "sqlite:///choices.db for a file beside the site, sqlite:////var/lib/policy/choices.db for another"


@click.command("receive")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True)
@click.option("--store", required=True, help=STORE_HINT, metavar="URL")
@click.option("--notices", required=True, type=click.Path(path_type=Path), help="notices.json of the built site.")
@click.option("--origin", "origins", multiple=True, help="Another origin that may post, such as https://example.com.")
@click.pass_obj
def receive_command(root: Path, host: str, port: int, store: str, notices: Path, origins: tuple[str, ...]) -> None:
    """Run the receiver alone, for production."""
    url = _store_url(root, store)
    create_if_missing(url, root / notices)

    def ready(host: str, port: int) -> None:
        click.echo(f"receiving choices at http://{host}:{port}/choices, ledger {url}")

    server.serve(host=host, port=port, store_url=url, notices_path=root / notices, origins=origins, on_ready=ready)


def _store_url(root: Path, url: str) -> str:
    """A relative store lies in the site's folder, wherever the program is run."""
    path = url.removeprefix("sqlite:///")
    return url if path == url or path.startswith("/") or not path else f"sqlite:///{root / path}"


def create_if_missing(url: str, notices: Path) -> None:
    """A new ledger is said aloud: where one was expected, somebody must notice that it was not there."""
    if not stores.exists(url):
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        origin = server.load_notices(notices).log_origin
        stores.create(url, origin)
        click.echo(f"created a new, empty ledger: {url} ({origin})")


@click.group("ledger")
def ledger_command() -> None:
    """What a ledger can show for itself."""


def _store_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--store", required=True, help=STORE_HINT, metavar="URL")(function)


@ledger_command.command()
@_store_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def verify(root: Path, store: str, as_json: bool) -> None:
    """Check every record against the log; exits with 1 if anything does not hold."""
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
    exit_if(not found.holds)


@ledger_command.command()
@_store_option
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@click.pass_obj
def stats(root: Path, store: str, as_json: bool) -> None:
    """Count choices: by kind, purpose, policy, notice and day."""
    with _open(root, store) as opened:
        counts = asdict(evidence.stats(opened))
    if as_json:
        click.echo(json.dumps(counts, ensure_ascii=False))
        return
    click.echo(f"records: {counts.pop('records')}")
    for name, by_key in counts.items():
        click.echo(f"{name.replace('_', ' ')}: " + (", ".join(f"{key} {n}" for key, n in by_key.items()) or "none"))


@ledger_command.command()
@_store_option
@click.pass_obj
def export(root: Path, store: str) -> None:
    """Print every record as a line of JSON."""
    with _open(root, store) as opened:
        for line in evidence.export(opened):
            click.echo(line, nl=False)


def _open(root: Path, url: str) -> Any:
    return closing(stores.open_store(_store_url(root, url)))
