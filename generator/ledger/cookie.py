"""The banner's cookie, where the receiver is on the page's own host: set again with an answer, since browsers keep a
server's cookie for as long as it says and a script's for seven days. It is no credential: nothing is read from it but
what was chosen before, and it is never stored.

The grammar is the banner's (docs/decisions/0017): 1.<notice>.<policy>.<day, base 36>.<purpose>[_<service>]-<0|1|2>…,
versions as 2-13. What is not understood is no choice (G02).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from generator.ledger.choices import Choice
from generator.ledger.notices import NoticeTerms

_NAME = r"[a-z][a-z0-9-]{0,31}"
_CHOICE = re.compile(
    rf"1\.([0-9]{{1,6}}-[0-9]{{1,6}})\.([0-9]{{1,6}}-[0-9]{{1,6}})\.([0-9a-z]{{1,6}})((?:\.{_NAME}(?:_{_NAME})?-[012])+)"
)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_EPOCH = date(1970, 1, 1).toordinal()
_BYTES = 4096  # what browsers take (X21)


@dataclass(frozen=True, slots=True)
class State:
    """What the cookie says. `day` counts from 1970-01-01; `answers` by purpose, or purpose_service, as numbers."""

    notice: str
    policy: str
    day: int
    answers: Mapping[str, int]

    def __str__(self) -> str:
        answers = (f"{key}-{answer}" for key, answer in self.answers.items())
        return ".".join(["1", self.notice, self.policy, _base36(self.day), *answers])

    @property
    def grants(self) -> bool:
        return any(self.answers.values())

    def says(self, choice: Choice, terms: NoticeTerms) -> bool:
        """The same grants under the same notice: a late answer must not bring back what was withdrawn since."""
        return self.notice == _dashed(terms.version) and all(
            self._allows(purpose) is choice.purposes[purpose]
            and all(
                self._allows(purpose, service) is choice.services.get(service, choice.purposes[purpose])
                for service in services
            )
            for purpose, services in terms.offered.items()
        )

    def _allows(self, purpose: str, service: str = "") -> bool:
        return self.answers.get(f"{purpose}_{service}", self.answers.get(purpose, 0)) > 0

    def header(self, terms: NoticeTerms, today: date, secure: bool) -> tuple[bytes, bytes] | None:
        """Set-Cookie for the days that are left; None where none are, or where no browser would take it (X21).
        A script must read it, so it is not HttpOnly.
        """
        text = str(self)
        days = self.day + (terms.consent_days if self.grants else terms.refusal_days) - _days(today)
        if days <= 0 or self.day > _days(today) + 1 or not _CHOICE.fullmatch(text) or len(text) > _BYTES:
            return None
        name, more = ("__Host-preferences", "; Secure") if secure else ("preferences", "")
        return b"set-cookie", f"{name}={text}; Max-Age={days * 86400}; Path=/; SameSite=Lax{more}".encode()


def read(cookies: Sequence[str], secure: bool) -> State | None:
    """The state in Cookie headers, read as the banner reads it."""
    name = "__Host-preferences=" if secure else "preferences="
    pairs = (pair for header in cookies for pair in header.split("; "))
    found = _CHOICE.fullmatch(next((pair.removeprefix(name) for pair in pairs if pair.startswith(name)), ""))
    if found is None:
        return None
    listed = [item.rpartition("-") for item in found[4][1:].split(".")]
    answers = {key: int(answer) for key, _, answer in listed}
    return State(found[1], found[2], int(found[3], 36), answers) if len(answers) == len(listed) else None


def made(choice: Choice, notice: str, policy: str, today: date) -> State:
    """The state after a choice about every purpose; a grant in spite of Global Privacy Control is 2 (S02)."""
    yes = 2 if choice.signals.gpc else 1
    answers = {id: yes * granted for id, granted in choice.purposes.items()}
    return State(_dashed(notice), _dashed(policy), _days(today), answers)


def _dashed(version: str) -> str:
    return version.replace(".", "-")


def _days(day: date) -> int:
    return day.toordinal() - _EPOCH


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
