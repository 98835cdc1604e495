"""publish, and config for the servers that a site is published on."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import click

from generator import build, config, sources
from generator.build import Built
from generator.commands.console import exit_if, show, today
from generator.commands.site import build_site
from generator.errors import PolicyError, Problem, Where
from generator.publishing import hosts, publish, webserver
from generator.publishing.publish import Host, Plan
from generator.publishing.targets import Target
from generator.publishing.webserver import Machine
from generator.verify import MANIFEST


@click.command("publish")
@click.argument("target", required=False)
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing of it.")
@click.option("--rollback", is_flag=True, help="Show the site of before again, where the target keeps it.")
@click.pass_obj
def publish_command(root: Path, target: str | None, dry_run: bool, rollback: bool) -> None:
    """Check and build the site, and send what changed to TARGET, one of `publish` in site.yaml.

    It can be stopped anywhere and run again. A target whose releases are not those of this site is refused.
    """
    name, chosen = _choose(config.load(sources.read(root).site).publish, target)
    if rollback:
        with _reached(name, chosen, root, {}) as host:
            before = publish.read_manifest(host.read(MANIFEST), name)
            click.echo(f"{name} shows {host.back()} again")
            show(publish.hidden(publish.read_manifest(host.read(MANIFEST), name), before, name))
        return
    built = build_site(root, root / "dist", drafts=False, write=not dry_run)
    site = built.library.site
    found = list(publish.faults(built.files, build.csp(site)))
    show(found)
    exit_if(any(problem.severity == "error" for problem in found))
    beside = {"_headers": webserver.static_headers(site, built.files).encode(), ".nojekyll": b""}
    with _reached(name, chosen, root, beside) as host:
        todo = publish.plan(built.files, host, name)
        _tell(todo, name, dry_run)
        if todo.puts and not dry_run:
            _carry_out(built, todo, host)
            click.echo(f"published to {name}; compare it with: policy verify {site.url}")


def _choose(targets: Mapping[str, Target], name: str | None) -> tuple[str, Target]:
    where = Where("site.yaml")
    if not targets:
        hint = "see docs/publishing.md: publish: {live: {kind: folder, folder: /var/www/policies}}"
        raise PolicyError(Problem("publish.no-target", where, "'publish' names no target", hint))
    if name is None and len(targets) > 1:
        raise click.UsageError(f"say where to, one of: {', '.join(targets)}")
    name = name or next(iter(targets))
    if name not in targets:
        hint = f"there are: {', '.join(targets)}"
        raise PolicyError(Problem("publish.no-target", where, f"'publish' names no target {name!r}", hint))
    return name, targets[name]


@contextmanager
def _reached(name: str, target: Target, root: Path, beside: dict[str, bytes]) -> Iterator[Host]:
    """The host, while it answers: what its libraries raise becomes a sentence."""
    errors: tuple[type[Exception], ...] = (OSError, subprocess.SubprocessError)
    try:
        with closing(hosts.open_host(target, root, beside)) as host:
            errors = host.errors
            yield host
    except errors as error:
        raise PolicyError(_failed(name, error)) from None


def _failed(name: str, error: Exception) -> Problem:
    said = getattr(error, "stderr", None) or str(error) or type(error).__name__
    lines = (said.decode(errors="replace") if isinstance(said, bytes) else said).strip().splitlines()
    hint = "visitors still get a whole site; run the same command again, and it goes on where this one stopped"
    return Problem("publish.failed", Where(name), "; ".join(lines[:3]), hint)


def _tell(todo: Plan, name: str, in_full: bool) -> None:
    counts = [f"{len(paths)} {kind}" for kind, paths in todo.puts.items()]
    counts += [f"{len(todo.deletions)} deleted"] if todo.deletions else []
    click.echo(f"{name}: {', '.join(counts) or 'nothing to do'}, {todo.unchanged} unchanged")
    for kind, paths in todo.puts.items() if in_full else ():
        for path in paths:
            click.echo(f"  {kind}: {path}")
    for path in todo.deletions if in_full else ():
        click.echo(f"  delete: {path}")


def _carry_out(built: Built, todo: Plan, host: Host) -> None:
    size = sum(len(built.files[path]) for path in todo.changed)
    with click.progressbar(length=size, label="sending", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        for sent in publish.publish(built.files, todo, host):
            bar.update(sent)


@click.command("config")
@click.argument("server", type=click.Choice([*webserver.FILES, "headers"]))
@click.option("--folder", default="/var/www/policies/current", show_default=True, help="Where the site lies there.")
@click.option("--receiver", default="127.0.0.1:8001", show_default=True, help="Where the receiver listens.")
@click.option("--certificate", default="", help="Of the site, a file there.", metavar="FILE")
@click.option("--key", default="", help="Of the certificate, a file there.", metavar="FILE")
@click.option("--target", help="Where systemd-publish publishes to.", metavar="TARGET")
@click.pass_obj
def config_command(
    root: Path, server: str, folder: str, receiver: str, certificate: str, key: str, target: str | None
) -> None:
    """Print the configuration of a web server, of a static host, of the receiver's unit, or of the units that publish
    the site each day."""
    read = sources.read(root)
    site = config.load(read.site)
    if server == "headers":
        click.echo(webserver.static_headers(site, build.build(read, today=today()).files), nl=False)
        return
    if server == "nginx" and site.url.startswith("https"):  # Caddy gets its own
        live = f"/etc/letsencrypt/live/{urlsplit(site.url).hostname}"
        certificate, key = certificate or f"{live}/fullchain.pem", key or f"{live}/privkey.pem"
    publishes = server == "systemd-publish" and (target or site.publish)
    machine = Machine(
        folder=folder,
        receiver=receiver,
        program=str(Path(shutil.which(sys.argv[0]) or sys.argv[0]).absolute()),
        certificate=certificate,
        key=key,
        root=str(root.absolute()),
        user=getpass.getuser(),
        target=_choose(site.publish, target)[0] if publishes else "",
    )
    click.echo(webserver.configuration(server, site, machine), nl=False)
