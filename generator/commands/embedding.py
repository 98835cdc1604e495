"""embed."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from generator import build, sources
from generator.commands.console import today
from generator.publishing import embedding
from generator.publishing.embedding import Embedding


@click.command("embed")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_obj
def embed_command(root: Path, as_json: bool) -> None:
    """Print what a page of another site needs to show this site's banner and policies: tags with their integrity, and
    what its Content Security Policy must allow. docs/embedding/ has a page for each platform."""
    built = build.build(sources.read(root), today=today())
    library = built.library
    notice = library.notice.data if library.notice else None
    made = embedding.embedding(library.site, built.files, notice, library.words.plain("footer_settings"))
    click.echo(json.dumps(asdict(made), ensure_ascii=False, indent=1) if as_json else _told(made), nl=as_json)


def _told(made: Embedding) -> str:
    """HTML that can be pasted: what is to be known stands in comments."""
    parts = [
        ("in <head>, before every other script: no tag of others may speak first", made.default),
        (
            "in <head>: asks under the notice of today; print it again after each release of the notice",
            made.pinned,
        ),
        ("or, instead of that: follows each release by itself, and has no integrity of its own", made.following),
        ("on every page: the way back to the choice", made.settings),
        *((f"where the text of {name} belongs; needs the script below", text) for name, text in made.texts.items()),
        ("in <head>, where a text is shown", made.script if made.texts else ""),
        *(("or, instead of both: by the web server itself (SSI)", line) for line in made.include.values()),
    ]
    told = "".join(f"<!-- {why} -->\n{line}\n\n" for why, line in parts if line)
    sources = "; ".join(f"{name} {' '.join(allowed)}" for name, allowed in made.csp.items())
    origins = f"<!-- the receiver takes choices from {', '.join(made.receives)}: site.yaml, consent.origins -->\n"
    return f"{told}<!-- the page's Content Security Policy allows\n{sources}\n-->\n{origins if made.receives else ''}"
