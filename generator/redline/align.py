"""Which block of one text became which block of the other: equal ones first, then those that moved, then likeness.

All of it grows with the change, not with the square of the text: only what is not equal is looked at twice, and each
block is compared with a handful of others that share its rarest words.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, groupby, product

from rapidfuzz.distance import Indel

from generator.redline.blocks import Block, is_dashes, scan
from generator.redline.tokens import CELLS, TOKEN, chain, compute

LIKE = 0.3  # the least likeness of two blocks that are shown as one reworded block
SURE = 0.5  # that from which on they are so even if one is more like a block elsewhere
MOVED = 0.6  # the least likeness of a block to what it was before it was moved and edited
_FEWEST = 6  # words that tell a text put in elsewhere from a few that stand here and there by chance
_LONG = 8  # words that tell a block which was moved and edited
_FEW = 400  # pairs of blocks between two anchors that are all compared; of more, those that share rare words
_RARE = 6  # blocks that may share a word for it to lead from one to the other
_HEADING = 100  # characters
_ID = re.compile(r"\{[^{}]*#([^\s{}]+)")
_TEXT = ("paragraph", "item")  # kinds that may be split, joined, and become each other or a heading

Pair = tuple[int, int]
Weighed = tuple[int, int, int]


@dataclass(eq=False)
class Unit:
    """A block, or a whole section that both texts have, and the section it stands in."""

    block: Block
    section: int

    @cached_property
    def key(self) -> str:
        """The same for all that are equal: white space, and the length of dashes below the head of a table, apart."""
        text = " ".join(self.block.text.split())
        if self.block.kind == "row" and is_dashes(text):
            return "".join(text.replace("-", "").split()) + "|-"
        return f"---\n{text}" if self.block.kind == "front" else text  # which never becomes text

    @cached_property
    def tokens(self) -> list[str]:
        return [token for token, _ in TOKEN.findall(self.block.text)]

    @cached_property
    def words(self) -> int:
        return sum(token[0].isalnum() for token in self.tokens)

    @property
    def weight(self) -> int:
        """How much speaks for this text having stayed in place: its length, and that of a section for its heading."""
        return len(self.key) + (_HEADING if self.block.kind == "heading" else 1)

    @property
    def name(self) -> str:
        """What tells a block from its like: the id that a heading gives itself, the first cell of a row; or ''."""
        if self.block.kind == "row":
            return self.key.strip("| ").partition("|")[0].strip()
        match = _ID.search(self.block.suffix) if self.block.kind == "heading" else None
        return match[1] if match else ""


@dataclass(frozen=True, slots=True)
class Aligned:
    """Units that are each other, in reading order. Where one side is empty the text is only in the other; `end` is
    then the place of its other end in that text, if it moved."""

    old: tuple[int, ...]
    new: tuple[int, ...]
    end: int | None = None


@dataclass(slots=True)
class Alignment:
    """`old` and `new` are all units of both texts. While it is made, `kept` tells which are each other in both orders,
    `moves` which are so out of them, and `back` the old one of each new one that has a partner."""

    old: list[Unit]
    new: list[Unit]
    kept: dict[int, int] = field(default_factory=dict)
    moves: dict[int, int] = field(default_factory=dict)
    back: dict[int, int] = field(default_factory=dict)
    changes: list[Aligned] = field(default_factory=list)

    def pair(self, where: dict[int, int], pairs: Iterable[Pair]) -> None:
        """Put down in `kept` or `moves` what has no partner yet."""
        for i, j in pairs:
            if self.free(i, j):
                where[i] = j
                self.back[j] = i

    def free(self, i: int, j: int) -> bool:
        inside = 0 <= i < len(self.old) and 0 <= j < len(self.new)
        return inside and i not in self.kept and i not in self.moves and j not in self.back

    def gaps(self, kept: Iterable[Pair]) -> Iterator[tuple[list[int], list[int]]]:
        """What stands between two pairs in both texts, but for what moved."""
        i = j = 0
        for x, y in [*sorted(kept), (len(self.old), len(self.new))]:
            olds = [k for k in range(i, x) if k not in self.moves]
            news = [k for k in range(j, y) if self.back.get(k) not in self.moves]
            if olds and news:
                yield olds, news
            i, j = x + 1, y + 1

    def chained(self, weighed: Callable[[Alignment, list[int], list[int]], Iterable[Weighed]]) -> list[Pair]:
        """The heaviest pairs within each gap."""
        return [pair for gap in self.gaps(self.kept.items()) for pair in chain(weighed(self, *gap))]


def align(olds: Sequence[str], news: Sequence[str]) -> Alignment:
    """Align the sections of two files. Every unit of either stands in the result once, in both orders; one that moved
    stands twice."""
    once = ({section for section, count in Counter(side[1:]).items() if count == 1} for side in (olds, news))
    whole = set.intersection(*once)
    found = Alignment(list(_units(olds, whole)), list(_units(news, whole)))
    found.pair(found.kept, found.chained(_equal))
    equal = set(found.kept.items())
    found.pair(found.moves, list(_moved(found)))
    alike = found.chained(_alike)
    found.pair(found.kept, [(i, j) for i, j in alike if _likeness(found.old[i], found.new[j], SURE)])
    found.pair(found.moves, _moved_and_edited(found))
    found.pair(found.kept, alike)
    _move_along(found)
    # Headings without a word in common, over what is the same text.
    above = [(i - 1, j - 1) for i, j in found.kept.items()]
    kinds = ((found.old[i].block.kind, found.new[j].block.kind) for i, j in above)
    found.pair(found.kept, [pair for pair, kind in zip(above, kinds, strict=True) if kind == ("heading", "heading")])
    found.changes = list(_in_order(found, _grown(found, equal)))
    return found


def _units(sections: Sequence[str], whole: set[str]) -> Iterator[Unit]:
    for number, section in enumerate(sections):
        if number and section in whole:
            yield Unit(Block("section", "", section, ""), number)
        else:
            yield from (Unit(block, number) for block in scan(section, headed=number > 0))


def _places(units: Sequence[Unit], places: Iterable[int]) -> dict[str, list[int]]:
    found = defaultdict(list)
    for place in places:
        found[units[place].key].append(place)
    return found


def _equal(found: Alignment, olds: list[int], news: list[int]) -> Iterator[Weighed]:
    """Equal texts, each with each; those that recur more often one after the other."""
    theirs = _places(found.new, news)
    for key, ours in _places(found.old, olds).items():
        there = theirs.get(key, [])
        many = max(len(ours), len(there)) > _RARE
        for i, j in zip(ours, there, strict=False) if many else product(ours, there):
            yield i, j, found.old[i].weight


def _moved(found: Alignment) -> Iterator[Pair]:
    """Texts that were taken out here and put in there unchanged: words enough in blocks that follow each other; within
    a section, or for a heading, any."""
    a, b = found.old, found.new
    theirs = _places(b, (j for j in range(len(b)) if j not in found.back))
    same = sorted(
        (i, j)
        for key, olds in _places(a, (i for i in range(len(a)) if i not in found.kept)).items()
        if key and len(olds) == len(theirs.get(key, ()))
        for i, j in zip(olds, theirs[key], strict=True)
        if a[i].block.kind == b[j].block.kind
    )
    for _, run in groupby(enumerate(same), key=lambda at: (at[1][0] - at[0], at[1][1] - at[0])):
        pairs = [pair for _, pair in run]
        words = sum(a[i].words for i, _ in pairs)
        for i, j in pairs:
            near = a[i].section == b[j].section or a[i].block.kind in ("heading", "section")
            if words >= (1 if near else _FEWEST):
                yield i, j


def _alike(found: Alignment, olds: list[int], news: list[int]) -> Iterator[Weighed]:
    """Blocks that may have been reworded, and how many tokens they share in order."""
    for i, j in _candidates(found, olds, news):
        old, new = found.old[i], found.new[j]
        kinds = {old.block.kind, new.block.kind}
        if old.block.kind == "heading" and old.name and old.name == new.name:
            yield i, j, 1 + len(old.tokens)
        elif len(kinds) == 1 or kinds <= {*_TEXT, "heading"}:
            likeness = _likeness(old, new, LIKE if len(kinds) == 1 else MOVED)
            if count := round(likeness * (len(old.tokens) + len(new.tokens)) / 2):
                yield i, j, count


def _candidates(found: Alignment, olds: list[int], news: list[int]) -> Iterator[Pair]:
    """All pairs of few blocks; of many, for each the three that share most of its rare words."""
    lengths = (sum(len(units[k].tokens) for k in places) for units, places in ((found.old, olds), (found.new, news)))
    if len(olds) * len(news) <= _FEW and math.prod(lengths) <= CELLS:
        yield from product(olds, news)
        return
    places = defaultdict(list)
    for j in news:
        for word in set(found.new[j].tokens):
            places[word].append(j)
    for i in olds:
        words = dict.fromkeys(found.old[i].tokens)  # in their order: the same pairs in every run
        shared = Counter(j for word in words if len(places.get(word, ())) <= _RARE for j in places[word])
        yield from ((i, j) for j, _ in shared.most_common(3))


def _likeness(old: Unit, new: Unit, least: float) -> float:
    """Twice what two blocks share over what they have, or 0 below `least`; of very long ones whatever their order."""
    a, b = old.tokens, new.tokens
    if len(a) * len(b) <= CELLS // 4:
        return Indel.normalized_similarity(a, b, score_cutoff=least)
    likeness = 2 * (Counter(a) & Counter(b)).total() / (len(a) + len(b))
    return likeness if likeness >= least else 0.0


def _moved_and_edited(found: Alignment) -> list[Pair]:
    """Of what has no partner the blocks most alike: the likeliest first, for each has but one."""
    placed = found.kept.keys() | found.moves.keys()
    olds = [i for i, unit in enumerate(found.old) if i not in placed and unit.words >= _LONG]
    news = [j for j, unit in enumerate(found.new) if j not in found.back and unit.words >= _LONG]
    scored = ((_sameness(found.old[i], found.new[j]), i, j) for i, j in set(_candidates(found, olds, news)))
    return [(i, j) for sameness, i, j in sorted(scored, reverse=True) if sameness]


def _sameness(old: Unit, new: Unit) -> float:
    """How sure it is that one block is the other, moved and edited, and not one of its kind; 0 if it is not."""
    if old.block.kind != new.block.kind or (old.block.kind == "row" and old.name != new.name):
        return 0.0
    return _likeness(old, new, MOVED)


def _move_along(found: Alignment) -> None:
    """What stood beside a block that moved, and does so now, moved with it, however short it is."""
    waiting = list(found.moves.items())
    while waiting:
        i, j = waiting.pop()
        for x, y in ((i - 1, j - 1), (i + 1, j + 1)):
            if not found.free(x, y):
                continue
            old, new = found.old[x], found.new[y]
            if old.key and old.block.kind == new.block.kind and _likeness(old, new, MOVED):
                found.pair(found.moves, [(x, y)])
                waiting.append((x, y))


def _grown(found: Alignment, equal: set[Pair]) -> list[Aligned]:
    """Pairs, and what became several blocks or was made of several: a paragraph split, joined, or cut elsewhere."""
    kept = found.kept
    boxes = [(i, i, j, j) for i, j in kept.items()]
    fixed = ((i, j) for i, j in kept.items() if (i, j) in equal or not _are_text(found.old[i], found.new[j]))
    for olds, news in found.gaps(fixed):
        if len(olds) > 1 or len(news) > 1:
            boxes += [(i, i, j, j) for i, j in _shared(found, olds, news) if kept.get(i) != j]
    stays = [
        [0, *accumulate(at in ends or not _are_text(unit) for at, unit in enumerate(units))]
        for units, ends in ((found.old, found.moves), (found.new, {*found.moves.values()}))
    ]
    return [
        Aligned(tuple(range(i0, i1 + 1)), tuple(range(j0, j1 + 1)))
        for i0, i1, j0, j1 in _merged(boxes, *stays)
        if i0 < i1 or j0 < j1 or i0 in kept or found.old[i0].block.kind == found.new[j0].block.kind
    ]


def _shared(found: Alignment, olds: list[int], news: list[int]) -> Iterator[Pair]:
    """Which blocks share a sentence, or most of the smaller one, when all are read as one text."""
    ours = [(i, token) for i in olds for token in found.old[i].tokens]
    theirs = [(j, token) for j in news for token in found.new[j].tokens]
    counts: Counter[Pair] = Counter()
    longest: Counter[Pair] = Counter()
    for run in compute([token for _, token in ours], [token for _, token in theirs]):
        if run.length > 1:
            pieces = Counter((ours[run.old + k][0], theirs[run.new + k][0]) for k in range(run.length))
            counts.update(pieces)
            longest.update({pair: count - longest[pair] for pair, count in pieces.items() if count > longest[pair]})
    for (i, j), count in counts.items():
        least = 0.6 * min(len(found.old[i].tokens), len(found.new[j].tokens))
        if (count >= least or longest[i, j] >= _LONG) and _are_text(found.old[i], found.new[j]):
            yield i, j


def _are_text(*units: Unit) -> bool:
    return all(unit.block.kind in _TEXT for unit in units)


Box = tuple[int, int, int, int]


def _merged(boxes: list[Box], ours: list[int], theirs: list[int]) -> list[Box]:
    """Boxes that overlap or cross become one, unless something lies within that moved or is no text: `ours` and
    `theirs` count those up to each place."""
    result: list[Box] = []
    for box in sorted(boxes):
        while result and (box[0] <= result[-1][1] or box[2] <= result[-1][3]):
            last = result.pop()
            joined = (last[0], max(last[1], box[1]), min(last[2], box[2]), max(last[3], box[3]))
            if ours[joined[0]] < ours[joined[1] + 1] or theirs[joined[2]] < theirs[joined[3] + 1]:
                box = last
                break
            box = joined
        result.append(box)
    return result


def _in_order(found: Alignment, pairs: list[Aligned]) -> Iterator[Aligned]:
    """Pairs and what is between them: first the rest of the section that both are in, then what is gone, then what
    came, so that a section that is gone or new stays in one piece."""
    put = {j: i for i, j in found.moves.items()}
    i = j = 0
    for pair in [*pairs, Aligned((len(found.old),), (len(found.new),))]:
        olds, news = range(i, pair.old[0]), range(j, pair.new[0])
        rest = [_until_heading(units, places) for units, places in ((found.old, olds), (found.new, news))]
        for mine, others in ((olds[: rest[0]], news[: rest[1]]), (olds[rest[0] :], news[rest[1] :])):
            yield from (Aligned((x,), (), found.moves.get(x)) for x in mine)
            yield from (Aligned((), (y,), put.get(y)) for y in others)
        i, j = pair.old[-1] + 1, pair.new[-1] + 1
        if i <= len(found.old):
            yield pair


def _until_heading(units: list[Unit], places: range) -> int:
    return next((k for k, at in enumerate(places) if units[at].block.kind in ("heading", "section")), len(places))
