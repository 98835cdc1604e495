"""The program `policy`: a command is loaded when it is used, so that none waits for the libraries of another.

Exit codes: 0 fine, 1 problems found (or, for diff, differences), 2 wrong use.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from generator import __version__
from generator.commands.console import show, system_problem
from generator.errors import PolicyError

# Each command with the module of `generator.commands` that holds it, and what `policy --help` says of it.
COMMANDS = {
    "announce": ("releasing", "Print the message that tells readers of a release."),
    "build": ("site", "Build the site into dist/."),
    "check": ("site", "Check content, notice and templates without writing anything."),
    "config": ("publishing", "Print the configuration of a web server for this site."),
    "diff": ("comparing", "Show the redline from A to B."),
    "embed": ("embedding", "Print the tags for another site's pages."),
    "history": ("releasing", "List releases: their dates, kind and summary."),
    "import": ("importing", "Bring in an existing policy, or the history of a file in git."),
    "ledger": ("evidence", "What a ledger can show for itself, and what may go."),
    "processing": ("processing", "Print entries for the record of processing activities (GDPR Art 30)."),
    "publish": ("publishing", "Send what changed to the web host."),
    "receive": ("vault", "Run the receiver alone, for production."),
    "release": ("releasing", "Freeze the working text of a policy, or the notice, as a release."),
    "translations": ("translating", "Show what a translation is behind in, or note that it is translated."),
    "verify": ("releasing", "Hash released texts, registers and the built site again."),
    "withdraw": ("releasing", "Take a release back; its text and its row stay, marked."),
    "serve": ("serving", "Build, preview with livereload, and run a receiver on an embedded database."),
}


class _Program(click.Group):
    """A user's mistake prints a line and exits with 1; our own bug is not hidden."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"generator.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PolicyError as error:
            show(error.problems)
        except BrokenPipeError:
            raise  # whoever read the output has seen enough; click leaves quietly
        except OSError as error:
            show([system_problem(error)])
        sys.exit(1)


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="policy")
@click.option("-C", "root", type=click.Path(path_type=Path), default=Path(), help="The site's folder.", metavar="DIR")
@click.pass_context
def main(ctx: click.Context, root: Path) -> None:
    """Publish policies with releases and redlines, ask for cookie preferences, and keep proof of them."""
    ctx.obj = root
