"""What can go wrong, as data: problems are gathered by the core and printed only by the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Where:
    """A place a person can open: a path relative to the site's folder, and a line counted from 1."""

    path: str
    line: int | None = None

    def __str__(self) -> str:
        return self.path if self.line is None else f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing found wrong: where, what was found, and what would do."""

    code: str
    where: Where
    message: str
    hint: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.where}: {self.code}: {self.message}"


class PolicyError(Exception):
    """Base of every error a user can cause; the command line prints its problems and exits with 1."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def at(cls, code: str, where: object, message: str, hint: str = "") -> Self:
        """The error of one problem in one place."""
        return cls(Problem(code, Where(str(where)), message, hint))


class SourceError(PolicyError):
    """A source (site.yaml, a policy, a register, a template) does not say what it must."""


class FrozenTextChanged(PolicyError):
    """A released text is not what its register says: history would be rewritten."""


class LedgerError(PolicyError):
    """A ledger cannot be opened, or what it holds does not verify."""
