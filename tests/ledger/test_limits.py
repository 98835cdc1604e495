"""Rates, and whom an address is believed from."""

from __future__ import annotations

import pytest

from generator.errors import LedgerError
from generator.ledger import limits

PROXIES = limits.networks(["10.0.0.0/8", "2001:db8::/32"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", ["8.8.8.8"], "203.0.113.9"),  # not a proxy of ours: what it forwards is hearsay (X08)
        ("10.0.0.1", ["8.8.8.8"], "8.8.8.8"),
        ("10.0.0.1", ["1.1.1.1, 8.8.8.8, 10.0.0.7"], "8.8.8.8"),
        ("10.0.0.1", ["1.1.1.1", "8.8.8.8"], "8.8.8.8"),
        ("2001:db8::1", ["2620:fe::fe"], "2620:fe::fe"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["nonsense"], "nonsense"),
    ],
)
def test_an_address_is_believed_only_from_a_proxy_of_ours(peer: str, forwarded: list[str], expected: str) -> None:
    assert limits.client(peer, forwarded, PROXIES) == expected
    assert limits.client(peer, forwarded, ()) == peer


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", "8.8.8.0/24"),
        ("::ffff:8.8.8.8", "8.8.8.0/24"),
        ("2620:fe::fe", "2620:fe::/48"),
        ("127.0.0.1", None),
        ("10.1.2.3", None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_a_network_is_about_a_household_and_never_a_proxy_that_nobody_named(address: str, expected: str | None) -> None:
    assert limits.network(address) == expected


def test_a_network_is_told_when_to_come_again_and_another_is_not_kept_waiting() -> None:
    one = limits.Limits(rate=2.0, total_rate=0.0)
    assert [one.wait("a", 0.0) for _ in range(60)] == [0] * 60
    assert one.wait("a", 0.0) == 1
    assert one.wait("b", 0.0) == 0
    assert one.wait(None, 0.0) == 0
    assert [one.wait("a", 1.0) for _ in range(3)] == [0, 0, 1]


def test_all_together_have_a_limit_too_and_who_waits_uses_nothing_up() -> None:
    one = limits.Limits(rate=0.1, total_rate=1.0)
    assert [one.wait(f"n{at}", 0.0) for at in range(30)] == [0] * 30
    assert one.wait("n1", 0.0) == 1
    assert one.wait("n1", 5.0) == 0


def test_the_limits_of_many_networks_take_no_more_memory_than_those_of_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NETWORKS", 50)
    one = limits.Limits(rate=1.0, total_rate=0.0)
    for at in range(500):
        one.wait(f"n{at}", float(at))
    assert len(vars(one)["_buckets"]) == 50


def test_a_proxy_that_is_no_network_is_named() -> None:
    with pytest.raises(LedgerError, match=r"proxy\.wrong"):
        limits.networks(["10.0.0.1/8"])
