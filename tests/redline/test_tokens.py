"""Tokens in any script, a comparison that is exact, and the heaviest pairs that keep both orders."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.redline import tokens
from generator.redline.tokens import TOKEN, chain, compute

WORDS = st.lists(st.sampled_from("abc"), max_size=12)


def cut(text: str) -> list[str]:
    return [token for token, _ in TOKEN.findall(text)]


@given(st.text())
def test_every_character_is_in_a_token_or_in_the_white_space_after_it(text: str) -> None:
    start = text.lstrip()
    assert "".join(token + space for token, space in TOKEN.findall(start)) == start
    assert not any(token.isspace() or not token for token in cut(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("don't re-use", ["don", "'", "t", "re", "-", "use"]),
        ("本日は12名", ["本", "日", "は", "12", "名"]),
        ("کوکیز کی", ["کوکیز", "کی"]),
        ("कि की", ["कि", "की"]),
        ("e\u0301t\u00e9", ["e\u0301t\u00e9"]),
        ("👨‍👩‍👧 5 €", ["👨‍👩‍👧", "5", "€"]),
        ("👍🏽🇵🇰🇬🇧", ["👍🏽", "🇵🇰", "🇬🇧"]),
        ("a_b", ["a", "_", "b"]),
    ],
)
def test_a_token_is_a_word_a_cjk_character_or_a_mark(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def longest(old: list[str], new: list[str]) -> int:
    row = [0] * (len(new) + 1)
    for a in old:
        above = row[:]
        for j, b in enumerate(new):
            row[j + 1] = above[j] + 1 if a == b else max(above[j + 1], row[j])
    return row[-1]


def holds(old: list[str], new: list[str]) -> int:
    """Matches are true, in order, and not next to each other; how many tokens they hold."""
    matches = compute(old, new)
    for match in matches:
        assert match.length > 0
        assert old[match.old : match.old + match.length] == new[match.new : match.new + match.length]
    for one, two in pairwise(matches):
        assert one.old + one.length <= two.old and one.new + one.length <= two.new
        assert (one.old + one.length, one.new + one.length) != (two.old, two.new)
    return sum(match.length for match in matches)


@given(WORDS, WORDS)
def test_the_comparison_is_exact(old: list[str], new: list[str]) -> None:
    assert holds(old, new) == longest(old, new)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 60), max_size=60), st.lists(st.integers(0, 60), max_size=60))
def test_what_is_too_large_for_a_table_is_cut_and_still_true(old: list[int], new: list[int]) -> None:
    before = tokens.CELLS
    tokens.CELLS = 16
    try:
        holds([str(token) for token in old], [str(token) for token in new])
    finally:
        tokens.CELLS = before


PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 9)), max_size=8)


@given(PAIRS)
def test_the_chain_is_the_heaviest_that_rises_on_both_sides(candidates: list[tuple[int, int, int]]) -> None:
    weight: dict[tuple[int, int], int] = {}
    for old, new, heavy in candidates:
        weight[old, new] = max(heavy, weight.get((old, new), 0))
    found = chain(candidates)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(found))
    best = 0
    for size in range(len(weight) + 1):
        for some in combinations(sorted(weight), size):
            if all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(some)):
                best = max(best, sum(weight[pair] for pair in some))
    assert sum(weight[pair] for pair in found) == best
