"""What the commands share: problems on standard error, the day, exit codes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, date, datetime

import click

from generator.errors import PolicyError, Problem, Where


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
