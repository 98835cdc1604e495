"""What the commands share: problems on standard error, the day, exit codes."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

import click

from generator.errors import PolicyError, Problem, Where

PATIENCE = 1.0  # seconds after which somebody who waits wants to see something move


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


class Watch:
    """Looks on while something long is done: how long each stage takes, and a bar where a person waits for it."""

    def __init__(self, expected: int) -> None:
        self._times: dict[str, float] = {}
        self._stage, self._since = "", time.perf_counter()
        self._started, self._expected, self._done = self._since, expected, 0
        self._bar: Any = None

    def __call__(self, stage: str) -> None:
        now = time.perf_counter()
        self._times[self._stage] = self._times.get(self._stage, 0) + now - self._since
        self._stage, self._since, self._done = stage, now, self._done + 1
        if self._bar is None and now - self._started > PATIENCE and sys.stderr.isatty():
            self._bar = click.progressbar(length=self._expected, label="building", file=sys.stderr)
        if self._bar:
            self._bar.update(min(self._done, self._expected - 1) - self._bar.pos)

    def close(self) -> None:
        self("")
        if self._bar:
            self._bar.render_finish()

    def lines(self) -> list[str]:
        """The stages that took time, the longest first."""
        told = sorted(((taken, stage) for stage, taken in self._times.items() if stage), reverse=True)
        return [f"{taken:8.3f} s  {stage}" for taken, stage in told]


def system_problem(error: OSError) -> Problem:
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


def exit_if(wrong: bool) -> None:
    if wrong:
        sys.exit(1)


def coloured(wish: str) -> bool:
    """https://no-color.org: any value but an empty one says no."""
    if wish == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wish == "always"


def print_long(text: str, coloured: bool) -> None:
    """Through a pager where somebody looks on and it is longer than the screen."""
    if sys.stdout.isatty() and text.count("\n") >= shutil.get_terminal_size().lines:
        click.echo_via_pager(text + "\n", color=coloured)
    else:
        click.echo(text, color=coloured)
