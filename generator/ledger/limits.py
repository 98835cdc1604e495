"""How much is taken from whom, and whom an address is believed from. All of it in memory: no address is ever written.

Whoever is over a limit is told so and when to come again (429, Retry-After); a change is never answered as if it had
been kept (field-notes: a throttle that swallowed withdrawals).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from math import ceil

from generator.errors import LedgerError

BURST_SECONDS = 30  # a network may use this much of its rate at once: an office, a school
NETWORKS = 20_000  # remembered; the one that was quiet longest is forgotten first

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator says. `rate` is in choices a second for each network, `total_rate` for all; 0 is no limit.
    `quota` is in bytes; `origins` may post besides those that the notices list.
    """

    origins: tuple[str, ...] = ()
    proxies: tuple[Network, ...] = ()
    rate: float = 0.0
    total_rate: float = 0.0
    quota: int | None = None


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    found = []
    for text in texts:
        try:
            found.append(ip_network(text))
        except ValueError as error:
            raise LedgerError.at("proxy.wrong", text, str(error), "such as 10.0.0.0/8 or ::1/128") from None
    return tuple(found)


def client(peer: str, forwarded: Iterable[str], proxies: tuple[Network, ...]) -> str:
    """X08: read from the right, each address is believed only because a proxy of ours said it."""
    address = peer
    hops = [hop.strip() for line in forwarded for hop in line.split(",")] if proxies else []
    while hops and _is_one_of(address, proxies):
        address = hops.pop()
    return address


def _is_one_of(address: str, proxies: tuple[Network, ...]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in proxy for proxy in proxies)


@lru_cache(4096)
def network(address: str) -> str | None:
    """/24 or /48, about one household or office (M02). None for an address of no public network: that is a proxy which
    --proxy does not name, and everybody behind it would share one limit.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    if not parsed.is_global:
        return None
    return str(ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


class Limits:
    """A bucket for each network and one for all, refilled at its rate."""

    def __init__(self, rate: float, total_rate: float) -> None:
        self._rate, self._total_rate = rate, total_rate
        self._buckets: dict[str, tuple[float, float]] = {}  # what is left, and as of when; the quietest first

    def wait(self, name: str | None, now: float) -> int:
        """0 if it may pass, else after how many seconds."""
        asked = [("", self._total_rate)] if self._total_rate else []
        if name and self._rate:
            asked.append((name, self._rate))
        left = [(key, rate, self._left(key, rate, now)) for key, rate in asked]
        wait = max((ceil((1 - tokens) / rate) for _, rate, tokens in left if tokens < 1), default=0)
        for key, _, tokens in left:
            self._buckets.pop(key, None)
            self._buckets[key] = (tokens if wait else tokens - 1, now)
        while len(self._buckets) > NETWORKS:
            del self._buckets[next(iter(self._buckets))]
        return wait

    def _left(self, key: str, rate: float, now: float) -> float:
        most = max(1.0, rate * BURST_SECONDS)
        tokens, since = self._buckets.get(key, (most, now))
        return min(most, tokens + (now - since) * rate)
