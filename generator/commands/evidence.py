"""ledger: what a ledger can show for itself, and what may go."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from generator.commands.console import exit_if, show
from generator.commands.vault import STORE_HINT, beside, store_url
from generator.ledger import dossier, erasure, exports, log, notes, server, statistics, verify
from generator.ledger import store as stores
from generator.ledger.records import b64

_PATH = click.Path(path_type=Path, dir_okay=False)


@click.group("ledger")
def ledger_command() -> None:
    """What a ledger can show for itself, and what may go."""


def _store(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--store", required=True, help=STORE_HINT, metavar="URL")(click.pass_obj(function))


def _notices(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--notices", required=True, type=_PATH, help="notices.json of the built site.")(function)


def _open(root: Path, url: str) -> Any:
    return closing(stores.open_store(store_url(root, url)))


def _key(path: Path | None) -> notes.Key | None:
    return notes.read_key(path.read_text(encoding="utf-8"), str(path)) if path else None


def _checkpoint(path: Path, key: notes.Key | None = None) -> log.Checkpoint:
    return notes.read_note(path.read_text(encoding="utf-8"), str(path), key)


@ledger_command.command()
@click.option("--origin", help="The name of the log, HOST/choices.")
@click.option("--notices", type=_PATH, help="notices.json of the built site, which gives the name.")
@_store
def create(root: Path, store: str, origin: str | None, notices: Path | None) -> None:
    """Make a new, empty ledger; never over one that is there."""
    if (origin is None) == (notices is None):
        raise click.UsageError("give --notices, or --origin")
    name = origin or server.load_notices(root / notices).log_origin  # type: ignore[operator]  # one of the two
    stores.create(store_url(root, store), name)
    click.echo(f"created a new, empty ledger of {name}")


@ledger_command.command()
@click.argument("source")
@click.argument("target")
@click.pass_obj
def copy(root: Path, source: str, target: str) -> None:
    """Copy a whole ledger into one that was just created, and verify both."""
    with _open(root, source) as from_, _open(root, target) as to:
        head = stores.copy(from_, to)
        found = [verify.verify(one, [log.Checkpoint(from_.origin, head.size, head.root)]) for one in (from_, to)]
    show(problem for one in found for problem in one.problems)
    click.echo(f"{head.size} leaves and {found[1].records} records copied; root {head.root.hex()}")
    exit_if(not all(one.holds for one in found))


@ledger_command.command()
@click.argument("file", type=_PATH)
@click.option("--origin", required=True, help="The name of the log that the key signs for.")
def key(file: Path, origin: str) -> None:
    """Make a key that signs checkpoints; print its public half."""
    if file.exists():
        raise click.UsageError(f"{file} exists: a key must not be made anew over another")
    made = notes.new_key(origin)
    notes.write_durably(file, f"{made.private}\n".encode(), 0o600)
    click.echo(str(made))


@ledger_command.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--since", type=_PATH, help="A checkpoint: what came before is held against it and not read again.")
@click.option("--checkpoint", "kept", type=_PATH, multiple=True, help="A checkpoint kept elsewhere, to compare with.")
@click.option("--key", "key_path", type=_PATH, help="Checkpoints must be signed with this key (either half).")
@click.option("--resume", type=_PATH, help="Write here how far it has come, and go on from there if it was broken off.")
@_store
def verify_command(
    root: Path,
    store: str,
    as_json: bool,
    since: Path | None,
    kept: tuple[Path, ...],
    key_path: Path | None,
    resume: Path | None,
) -> None:
    """Check every record against the log, and the log against what was kept; exits with 1 if anything does not hold."""
    key = _key(key_path)
    start = _checkpoint(since, key) if since else _checkpoint(resume) if resume and resume.exists() else None
    outside = beside(store_url(root, store))
    paths = [*kept, *([outside] if outside and outside.exists() and outside not in kept else [])]
    with (
        _open(root, store) as opened,
        click.progressbar(length=opened.head().size, label="verifying", hidden=as_json) as bar,
    ):

        def told(head: log.Head, size: int) -> None:
            bar.update(head.size - bar.pos)
            if resume:
                text = str(log.Checkpoint(opened.origin, head.size, head.root))
                notes.write_durably(resume, text.encode())

        found = verify.verify(opened, [_checkpoint(path, key) for path in paths], start, told)
        bar.update(found.size - bar.pos)
    if resume:
        resume.unlink(missing_ok=True)
    if as_json:
        told_ = asdict(found) | {"root": found.root.hex(), "holds": found.holds}
        click.echo(json.dumps(told_, ensure_ascii=False))
    else:
        show(found.problems)
        more = f", and {found.more} more problems" if found.more else ""
        state = "all hold" if found.holds else f"{len(found.problems)} problems{more}"
        begun = f" from {found.start} on" if found.start else ""
        erased = f", {found.erased} erased" if found.erased else ""
        compared = f", {len(paths)} kept checkpoints compared" if paths else ", no checkpoint from outside to compare"
        click.echo(f"{found.records} records{begun}{erased}, {state}{compared}; root {found.root.hex()}")
    exit_if(not found.holds)


@ledger_command.command()
@click.option("--key", "key_path", type=_PATH, help="Sign with this key (policy ledger key makes one).")
@click.option("--keep", type=_PATH, help="Also write it here; never if the log did not grow from what is there.")
@click.option("--since", type=_PATH, help="Instead, print the proof that the log grew from this older checkpoint.")
@_store
def checkpoint(root: Path, store: str, key_path: Path | None, keep: Path | None, since: Path | None) -> None:
    """Print the head of the log as a signed note (C2SP)."""
    key = _key(key_path)
    with _open(root, store) as opened:
        if since is None:
            click.echo(notes.Keeper(keep, key).keep(opened), nl=False)
            return
        older = _checkpoint(since)
        newer = notes.consistent(opened, [older])
        proof = log.Proofs(log.stored_node(opened.nodes)).consistency(older.size, newer.size) if older.size else ()
    consistency = [b64(node) for node in proof]
    click.echo(json.dumps({"old": str(older), "new": notes.note(newer, key), "consistency": consistency}))


@ledger_command.command()
@click.argument("event_id", type=UUID)
@_notices
@_store
def receipt(root: Path, store: str, event_id: UUID, notices: Path) -> None:
    """Print the receipt of a record, as its browser got it."""
    terms = server.load_notices(root / notices)
    with _open(root, store) as opened:
        click.echo(dossier.receipt_of(opened, dossier.find(opened, str(event_id)), terms))


@ledger_command.command()
@click.argument("event_id", type=UUID)
@click.option(
    "--site", type=click.Path(path_type=Path), default=Path("dist"), show_default=True, help="The built site."
)
@click.option("--key", "key_path", type=_PATH, help="Sign the checkpoint with this key.")
@click.option("--output", "-o", type=_PATH, help="The archive to write.  [default: EVENT_ID.zip]")
@_store
def evidence(root: Path, store: str, event_id: UUID, site: Path, key_path: Path | None, output: Path | None) -> None:
    """Pack a record for an authority: record, receipt, proof, checkpoint, the texts shown, and how to check them."""
    terms = server.load_notices(root / site / "notices.json")
    with _open(root, store) as opened:
        newest = notes.consistent(opened, [])
        note = notes.note(newest, _key(key_path))
        packed = dossier.archive(opened, str(event_id), terms, root / site, note, newest.size)
    target = output or Path(f"{event_id}.zip")
    target.write_bytes(packed)
    click.echo(f"wrote {target}")


@ledger_command.command()
@click.option("--format", "form", type=click.Choice(["jsonl", "csv", "parquet", "jsonld"]), default="jsonl")
@click.option("--output", "-o", type=_PATH, help="The file to write; parquet needs one.")
@click.option("--notices", type=_PATH, help="notices.json of the built site; jsonld needs it.")
@_store
def export(root: Path, store: str, form: str, output: Path | None, notices: Path | None) -> None:
    """All records, for other programs."""
    if form == "jsonld" and notices is None:
        raise click.UsageError("jsonld says who the controller is: give --notices")
    if form == "parquet" and output is None:
        raise click.UsageError("parquet is no text: give --output")
    with _open(root, store) as opened:
        if form == "parquet" and output:
            click.echo(f"{exports.parquet(opened, output)} rows")
            return
        terms = server.load_notices(root / notices) if notices else None
        parts = exports.json_ld(opened, terms) if terms and form == "jsonld" else exports.jsonl(opened)
        parts = exports.comma_separated(opened) if form == "csv" else parts
        with click.open_file(str(output or "-"), "wb") as file:
            file.writelines(parts)


@ledger_command.command()
@click.option("--format", "form", type=click.Choice(["text", "json", "html"]), default="text")
@click.option("--small", type=click.IntRange(1), default=statistics.SMALL, show_default=True, help="Lowest count told.")
@_store
def stats(root: Path, store: str, form: str, small: int) -> None:
    """Count choices: by kind, way, release, notice, purpose and day."""
    with _open(root, store) as opened:
        counted = statistics.count(opened)
        if form == "html":
            click.echo(statistics.page(opened.origin, counted, small), nl=False)
            return
    told = statistics.told(counted, small)
    if form == "json":
        click.echo(json.dumps({"records": counted.records, "small": small, **told}, ensure_ascii=False))
        return
    click.echo(f"records: {counted.records}; counts below {small} are told as few")
    for name, counts in told.items():
        parts = (f"{key} {'few' if number is None else number}" for key, number in counts.items())
        click.echo(f"{name}: {', '.join(parts) or 'none'}")


@ledger_command.command()
@click.option("--record", "event_ids", type=UUID, multiple=True, help="A record by its id.")
@click.option("--subject", help="All records of one browser, by its reference: sha256:…")
@_store
def erase(root: Path, store: str, event_ids: tuple[UUID, ...], subject: str | None) -> None:
    """Erase records; their leaves stay, and an erasure on record says that they are gone."""
    if not event_ids and not subject:
        raise click.UsageError("give --record or --subject")
    with _open(root, store) as opened:
        done = erasure.subject(opened, subject, _now()) if subject else erasure.Erased()
        indexes = [dossier.find(opened, str(event_id)).index for event_id in event_ids]
        more = erasure.erase(opened, indexes, "operator", _now())
    _tell(erasure.Erased(done.erased + more.erased, done.held + more.held))


@ledger_command.command()
@click.option(
    "--after", "days", type=click.IntRange(0), required=True, help="Days after the end of a choice's validity."
)
@click.option("--dry-run", is_flag=True, help="Only count.")
@_store
def purge(root: Path, store: str, days: int, dry_run: bool) -> None:
    """Erase what is kept no longer. How long that is, no law says in numbers: you do."""
    with _open(root, store) as opened:
        indexes = erasure.expired(opened, _now(), timedelta(days=days))
        if dry_run:
            click.echo(f"{len(indexes)} records would be erased, but for those under a legal hold")
            return
        _tell(erasure.erase(opened, indexes, "retention", _now()))


def _tell(done: erasure.Erased) -> None:
    held = f", {done.held} kept under a legal hold" if done.held else ""
    click.echo(f"{done.erased} records erased{held}")


@ledger_command.command()
@click.argument("name", required=False)
@click.option("--record", "event_ids", type=UUID, multiple=True, help="A record by its id.")
@click.option("--all", "everything", is_flag=True, help="All records that are there now.")
@click.option("--lift", is_flag=True, help="End the hold of this name.")
@_store
def hold(root: Path, store: str, name: str | None, event_ids: tuple[UUID, ...], everything: bool, lift: bool) -> None:
    """Keep records from being erased, under a name such as that of the case. Without a name: list the holds."""
    with _open(root, store) as opened:
        if name and lift:
            click.echo(f"lifted {opened.lift(name)} ranges")
        elif name:
            last = opened.head().size - 1
            places = [dossier.find(opened, str(event_id)).index for event_id in event_ids]
            for first, end in [(at, at) for at in places] + ([(0, last)] if everything and last >= 0 else []):
                opened.hold(name, first, end)
        for held, first, end in opened.holds():
            click.echo(f"{held}: records {first} to {end}")


def _now() -> datetime:
    return datetime.now(UTC)
