"""receive."""

from __future__ import annotations

from pathlib import Path

import click

from generator.ledger import limits, notes, server
from generator.ledger import store as stores

STORE_HINT = "sqlite:///choices.db for a file beside the site, sqlite:////var/lib/policy/choices.db for another, \
or postgresql://host/database."


class _Bytes(click.ParamType):  # type: ignore[type-arg]  # generic only to newer readers of types
    """A size as people write it: 500MB, 20GB."""

    name = "SIZE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value).upper().removesuffix("B")
        power = "KMGT".find(text[-1:]) + 1 if text else 0
        digits = text[:-1] if power else text
        if not digits.isdigit():
            self.fail(f"{value} is no size; write 500MB or 20GB", param, ctx)
        return int(digits) * int(1000**power)


@click.command("receive")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True)
@click.option("--store", required=True, help=STORE_HINT, metavar="URL")
@click.option("--notices", required=True, type=click.Path(path_type=Path), help="notices.json of the built site.")
@click.option("--origin", "origins", multiple=True, help="Another origin that may post, such as https://example.com.")
@click.option("--proxy", "proxies", multiple=True, help="Believe X-Forwarded-For from this network.", metavar="CIDR")
@click.option(
    "--rate",
    type=click.FloatRange(0),
    default=2.0,
    show_default=True,
    help="Choices a second and network; 0 is no limit.",
)
@click.option("--total-rate", type=click.FloatRange(0), default=0.0, help="Choices a second in all.")
@click.option("--quota", type=_Bytes(), help="How much of the disk the ledger may take.")
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    help="Keep the newest checkpoint here, outside the database.  [default: beside a SQLite ledger]",
)
@click.option("--key", type=click.Path(path_type=Path), help="Sign checkpoints with this key.")
@click.pass_obj
def receive_command(
    root: Path,
    host: str,
    port: int,
    store: str,
    notices: Path,
    origins: tuple[str, ...],
    proxies: tuple[str, ...],
    rate: float,
    total_rate: float,
    quota: int | None,
    checkpoint: Path | None,
    key: Path | None,
) -> None:
    """Run the receiver alone, for production. The ledger must be there: policy ledger create makes one."""
    url = store_url(root, store)

    def ready(host: str, port: int) -> None:
        click.echo(f"receiving choices at http://{host}:{port}/choices")

    server.serve(
        host=host,
        port=port,
        store_url=url,
        notices_path=root / notices,
        settings=limits.Settings(tuple(origins), limits.networks(proxies), rate, total_rate, quota),
        keeper=notes.Keeper(
            checkpoint or beside(url), notes.read_key(key.read_text(encoding="utf-8"), str(key)) if key else None
        ),
        on_ready=ready,
    )


def store_url(root: Path, url: str) -> str:
    """A relative store lies in the site's folder, wherever the program is run."""
    path = url.removeprefix(stores.PREFIX)
    return url if path == url or path.startswith("/") or not path else f"{stores.PREFIX}{root / path}"


def beside(url: str) -> Path | None:
    """Where the checkpoint of a ledger on SQLite is kept if nothing else is said."""
    return Path(f"{stores.sqlite_path(url)}.checkpoint") if url.startswith(stores.PREFIX) else None


def preview_ledger(url: str, notices: Path) -> None:
    """The preview makes its own: what is in it proves nothing to anybody."""
    path = stores.sqlite_path(url)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        stores.create(url, server.load_notices(notices).log_origin)
