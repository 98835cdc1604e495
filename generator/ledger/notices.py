"""notices.json: the only thing that the vault reads of the street, and all that a choice may name (R03).

The street writes it into the published site. Every released notice and policy stays listed for ever, so that a record
made under an older notice and sent late is kept as what it was.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec

from generator.errors import LedgerError

# \Z and not $: Python's $ also matches before a last line feed.
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
_ORIGIN = r"^https?://[a-z0-9.:\[\]-]+\Z"
Origin = Annotated[str, msgspec.Meta(pattern=_ORIGIN)]
Address = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s]+\Z")]
Name = Annotated[str, msgspec.Meta(min_length=1)]
Days = Annotated[int, msgspec.Meta(ge=1, le=3660)]
Basis = Literal["consent", "necessary"]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every field is required and no other is accepted, so that a drift between street and vault is seen at once."""


class PurposeTerms(Strict, frozen=True):
    """`services` may be answered apart; only a file of before there were such answers has none."""

    basis: Basis
    services: tuple[Name, ...] = ()


class NoticeTerms(Strict, frozen=True):
    """One released notice; days are the validity of a choice that grants something, and of one that does not.

    `policy` is the id of the policy that the notice belongs to.
    """

    version: Name
    languages: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]
    consent_days: Days
    refusal_days: Days
    policy: Name
    purposes: dict[Name, PurposeTerms]

    @property
    def offered(self) -> dict[str, tuple[str, ...]]:
        """The purposes that ask for consent, and their services."""
        return {id: purpose.services for id, purpose in self.purposes.items() if purpose.basis == "consent"}


class PolicyTerms(Strict, frozen=True):
    id: Name
    version: Name
    language: Name


class Notices(Strict, frozen=True):
    """`origins` may post here; `notices` and `policies` are keyed by the SHA-256 of the file that was released."""

    schema: Literal["policy-notices/1"]
    site: Origin
    controller: Name
    origins: tuple[Origin, ...]
    withdraw: Address
    authority: Address
    notices: dict[Digest, NoticeTerms]
    policies: dict[Digest, PolicyTerms]

    @property
    def log_origin(self) -> str:
        """The name of the site's log in its checkpoints: one log for each site."""
        return self.site.partition("://")[2] + "/choices"


def is_origin(text: str) -> bool:
    """scheme://host[:port], as browsers write it; never `null` or `*` (X05)."""
    return re.search(_ORIGIN, text) is not None


_HINT = "build the site again; site and receiver must come from the same version of the program"


def read_notices(data: bytes, path: str) -> Notices:
    """The content of notices.json; `path` is only for the LedgerError that says what is wrong in it."""
    try:
        return msgspec.json.decode(data, type=Notices)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LedgerError.at("notices.wrong", path, str(error), _HINT) from None
