"""What a ledger holds in numbers: counts and nothing else, and no small ones (M07). A count below SMALL could point at
a person, so it is not told; nor is the next smallest of a group, where a sum would give the hidden one away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

from generator.ledger.records import Event, event_of
from generator.ledger.store import Store

SMALL = 5
Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Statistics:
    """`groups`: what was counted, by what. Days are those of the server's clock, in UTC."""

    records: int
    groups: Counts


def count(store: Store) -> Statistics:
    """LedgerError if a body cannot be read; `verify` then names it."""
    groups: dict[str, Counter[str]] = {name: Counter() for name in ("event types", "methods", "releases", "notices")}
    purposes: dict[str, Counter[str]] = {}
    days: Counter[str] = Counter()
    records = 0
    with store.snapshot():
        for index, record in store.read():
            kept = event_of(index, record)
            if not isinstance(kept, Event):
                continue
            records += 1
            groups["event types"][kept.event_type] += 1
            groups["methods"][kept.method] += 1
            groups["releases"][f"{kept.policy.id} {kept.policy.version}"] += 1
            groups["notices"][kept.notice.version] += 1
            days[kept.event_time[:10]] += 1
            for purpose in kept.purposes:
                purposes.setdefault(f"purpose {purpose.id}", Counter())[purpose.decision] += 1
            for service in kept.services:  # only answers apart from the purpose: the others are counted there
                purposes.setdefault(f"service {service.id} apart", Counter())[service.decision] += 1
    ordered = {**groups, **dict(sorted(purposes.items())), "days": days}
    return Statistics(records, {name: dict(sorted(counter.items())) for name, counter in ordered.items()})


def told(statistics: Statistics, small: int = SMALL) -> dict[str, dict[str, int | None]]:
    """The groups with None for what is not told."""
    return {name: _told(counts, small) for name, counts in statistics.groups.items()}


def _told(counts: Mapping[str, int], small: int) -> dict[str, int | None]:
    hidden = {key for key, number in counts.items() if number < small}
    if len(hidden) == 1 and len(counts) > 1:
        hidden.add(min(counts.keys() - hidden, key=lambda key: counts[key]))
    return {key: None if key in hidden else number for key, number in counts.items()}


def page(origin: str, statistics: Statistics, small: int = SMALL) -> str:
    """A page by itself: charts are plain SVG, and each is also a table, for those who do not see it."""
    parts = [_group(name, counts) for name, counts in told(statistics, small).items() if counts]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Choices: {escape(origin)}</title><style>{_STYLE}</style></head>\n<body><main>"
        f"<h1>Choices kept in {escape(origin)}</h1>"
        f"<p>{statistics.records} records. Counts below {small}, and those that would give them away, are not told.</p>"
        f"{''.join(parts)}</main></body>\n</html>\n"
    )


_STYLE = (
    ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:50rem;padding:1rem}"
    "svg{display:block;height:auto;max-width:100%}rect{fill:#2563c9}td,th{padding:.1rem 1rem .1rem 0;text-align:start}"
    "td{font-variant-numeric:tabular-nums}@media(prefers-color-scheme:dark){rect{fill:#7aa7f0}}"
)


def _group(name: str, counts: Mapping[str, int | None]) -> str:
    title = escape(name.capitalize())
    rows = "".join(f'<tr><th scope="row">{escape(key)}</th><td>{_number(n)}</td></tr>' for key, n in counts.items())
    return f"<section><h2>{title}</h2>{_chart(title, counts.values())}<table>{rows}</table></section>"


def _chart(title: str, numbers: Iterable[int | None]) -> str:
    bars = list(numbers)
    most = max((number or 0 for number in bars), default=0)
    if not most:
        return ""
    wide = 600 / len(bars)
    drawn = "".join(
        f'<rect x="{at * wide:.1f}" y="{100 - 100 * (n or 0) / most:.1f}" width="{wide * 0.8:.1f}"'
        f' height="{100 * (n or 0) / most:.1f}"/>'
        for at, n in enumerate(bars)
    )
    return f'<svg viewBox="0 0 600 100" role="img" aria-label="{title}: the table below as bars">{drawn}</svg>'


def _number(number: int | None) -> str:
    return "few" if number is None else str(number)
