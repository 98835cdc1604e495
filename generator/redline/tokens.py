"""Words: a text into tokens, and what two lists of tokens have in common.

A token is a word, one CJK character, or one other character with what joins it (emoji sequences stay whole); the white
space after it is kept beside it.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import Indel

Op = Literal["=", "-", "+"]

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
# Vowel signs, accents and joiners belong to the letter before; the Indic blocks hold nothing else that could end one.
JOINED = "\u0300-\u036f\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0dff\u0e31-\u0e4e\u200c\u200d"
_EMOJI = "[\ufe00-\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
TOKEN = re.compile(
    rf"([{_CJK}]|[^\W_{_CJK}][^\W_{_CJK}{JOINED}]*(?:[{JOINED}]+[^\W_{_CJK}]*)*"
    rf"|[\U0001f1e6-\U0001f1ff]{{2}}|[^\w\s]{_EMOJI}*(?:\u200d[^\w\s]{_EMOJI}*)*|_)(\s*)"
)
CELLS = 1 << 26  # the largest table of an exact comparison, in bits: 8,000 by 8,000 tokens


@dataclass(frozen=True, slots=True)
class Match:
    """`length` tokens that both lists have: from `old` on in the one, from `new` on in the other."""

    old: int
    new: int
    length: int


def compute(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Match]:
    """A longest common subsequence as runs in order: exact, but for texts too large for the table of one (8,000 tokens
    by 8,000), which are cut at tokens that occur once in each."""
    start = common(zip(old, new, strict=False))
    end = common(zip(reversed(old[start:]), reversed(new[start:]), strict=False))
    olds, news = old[start : len(old) - end], new[start : len(new) - end]
    if len(olds) * len(news) <= CELLS:
        blocks = Indel.opcodes(olds, news).as_matching_blocks()
        middle: Iterable[Match] = (Match(block.a + start, block.b + start, block.size) for block in blocks)
    else:
        middle = (Match(match.old + start, match.new + start, match.length) for match in _cut(olds, news))
    return joined([Match(0, 0, start), *middle, Match(len(old) - end, len(new) - end, end)])


def fewer(old: str, new: str, shown: int) -> bool:
    """Whether any comparison could show fewer tokens; of texts and changes too large to tell, no."""
    ours, theirs = ([token for token, _ in TOKEN.findall(text)] for text in (old, new))
    if not shown or max(len(ours), len(theirs)) * shown > 4 * CELLS:
        return False
    return Indel.distance(ours, theirs, score_cutoff=shown - 1) < shown


def common(pairs: Iterable[tuple[Hashable, Hashable]]) -> int:
    """How many pairs are of equals before the first that is not."""
    count = 0
    for a, b in pairs:
        if a != b:
            break
        count += 1
    return count


def _cut(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[Match]:
    """Between the tokens that occur once in each text, or where there are none, half by half."""
    places = [{token: i for i, token in enumerate(side)} for side in (old, new)]
    counts = [Counter(side) for side in (old, new)]
    unique = [t for t in places[0] if counts[0][t] == 1 == counts[1][t]]
    edges = chain([(places[0][token], places[1][token], 1) for token in unique])
    edges = edges or [(len(old) // 2, len(new) // 2)]
    for (a, c), (b, d) in zip([(0, 0), *edges], [*edges, (len(old), len(new))], strict=True):
        yield from (Match(m.old + a, m.new + c, m.length) for m in compute(old[a:b], new[c:d]))


def joined(matches: Iterable[Match]) -> list[Match]:
    """Runs that follow each other in both lists are one."""
    result: list[Match] = []
    for match in matches:
        last = result[-1] if result else None
        if last and (last.old + last.length, last.new + last.length) == (match.old, match.new):
            result[-1] = Match(last.old, last.new, last.length + match.length)
        elif match.length:
            result.append(match)
    return result


def chain(candidates: Iterable[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """Of (old, new, weight) the heaviest pairs that keep both orders; weights are above 0. O(n log n), but for moving
    the few bytes of each end."""
    found = sorted(candidates, key=lambda pair: (pair[0], -pair[1]))
    ends = [(-1, 0, -1)]  # (new, weight, candidate) of the chains that no other beats: later ends weigh more
    before: list[int] = []
    for at, (_, new, weight) in enumerate(found):
        place = bisect(ends, (new,))
        _, top, last = ends[place - 1]
        before.append(last)
        beaten = place
        while beaten < len(ends) and ends[beaten][1] <= top + weight:
            beaten += 1
        if beaten > place or place == len(ends) or ends[place][0] > new:
            ends[place:beaten] = [(new, top + weight, at)]
    at = ends[-1][2]
    result = []
    while at >= 0:
        result.append(found[at][:2])
        at = before[at]
    return result[::-1]
