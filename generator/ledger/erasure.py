"""What may go: a subject's records on demand (GDPR 17), and those that nobody needs any more (GDPR 5(1)(e)).

Body, nonce and key go; the leaf stays, and an erasure on record says what is gone and why. What is under a legal hold
stays (GDPR 17(3)(e)) and is counted, so that "nothing was erased" never looks like "there was nothing".
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from generator.ledger.log import Ranges
from generator.ledger.records import NONCE_BYTES, Event, Reason, erasure, event_of
from generator.ledger.store import Store

RANGES_AT_ONCE = 200  # in one record and one transaction, so that receivers wait for neither long


@dataclass(frozen=True, slots=True)
class Erased:
    erased: int = 0
    held: int = 0


def subject(store: Store, subject_ref: str, now: datetime) -> Erased:
    return erase(store, [entry.index for entry in store.by_subject(subject_ref)], "subject", now)


def expired(store: Store, now: datetime, keep: timedelta) -> list[int]:
    """Records whose validity ended that long ago. Erasures stay: they are what shows that a gap is right."""
    before = (now - keep).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    with store.snapshot():
        found = ((index, event_of(index, record)) for index, record in store.read())
        return [index for index, kept in found if isinstance(kept, Event) and kept.valid_until < before]


def erase(store: Store, indexes: Iterable[int], reason: Reason, now: datetime) -> Erased:
    """Each step is whole by itself: an interrupted purge is taken up by running it again."""
    holds = [(first, last) for _, first, last in store.holds()]
    asked = sorted(indexes)
    free = [index for index in asked if not any(first <= index <= last for first, last in holds)]
    ranges = _ranges(free)
    for at in range(0, len(ranges), RANGES_AT_ONCE):
        some = ranges[at : at + RANGES_AT_ONCE]
        with store.exclusively():
            marker = erasure(store.origin, some, reason, now, os.urandom(NONCE_BYTES))
            store.append(store.head(), [marker], some)
    return Erased(len(free), len(asked) - len(free))


def _ranges(indexes: Iterable[int]) -> Ranges:
    ranges: list[tuple[int, int]] = []
    for index in indexes:
        if ranges and ranges[-1][1] == index - 1:
            ranges[-1] = (ranges[-1][0], index)
        else:
            ranges.append((index, index))
    return ranges
