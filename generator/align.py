"""Which block of one text became which block of the other: equal ones first, then those that moved, then likeness.

All of it grows with the change, not with the square of the text: only what is not equal is looked at twice, and each
block is compared with a handful of others that share its rarest words.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from rapidfuzz.distance import Indel

from generator.blocks import Block, is_dashes, scan
from generator.tokens import CELLS, TOKEN, chain, compute

LIKE = 0.3  # the least likeness of two blocks that are shown as one reworded block
MOVED = 0.6  # the least likeness of the words of a block to those it had before it was moved and edited
_LONG = 8  # the least words of a block that is known again after it was moved and edited
_FEW = 400  # pairs of blocks between two anchors that are all compared; of more, those that share rare words
_RARE = 6  # blocks that may share a word for it to lead from one to the other
_HEADING = 100  # characters
_ID = re.compile(r"\{[^{}]*#([^\s{}]+)")
_WORDS = ("paragraph", "item", "heading")  # kinds that may become each other


@dataclass(slots=True, eq=False)
class Unit:
    """A block, or a whole section that both texts have, and the section it stands in."""

    block: Block
    section: int
    key: str = field(init=False)
    _tokens: list[str] | None = None

    def __post_init__(self) -> None:
        text = self.block.text
        dashes = self.block.kind == "row" and is_dashes(text)
        self.key = "".join(text.replace("-", "").split()) + "|-" if dashes else " ".join(text.split())
        if self.block.kind == "front":  # never becomes text
            self.key = "---\n" + self.key

    @property
    def tokens(self) -> list[str]:
        if self._tokens is None:
            self._tokens = [token for token, _ in TOKEN.findall(self.block.text)]
        return self._tokens

    @property
    def weight(self) -> int:
        """How much speaks for this text having stayed in place: its length, and that of a section for its heading."""
        return len(self.key) + (_HEADING if self.block.kind == "heading" else 1)

    @property
    def id(self) -> str:
        """The id that a heading gives itself, or ''."""
        match = _ID.search(self.block.suffix) if self.block.kind == "heading" else None
        return match[1] if match else ""

    @property
    def words(self) -> list[str]:
        return [token for token in self.tokens if token[0].isalnum()]

    @property
    def name(self) -> str:
        """The first cell of a row, which tells it from its like."""
        return self.key.strip("| ").partition("|")[0].strip()


@dataclass(frozen=True, slots=True)
class Aligned:
    """Units that are each other, in reading order. Where one side is empty the text is only in the other; `end` is
    then the place of its other end in that text, if it moved."""

    old: tuple[int, ...]
    new: tuple[int, ...]
    end: int | None = None


@dataclass(slots=True)
class Alignment:
    """`old` and `new` are all units of both texts."""

    old: list[Unit]
    new: list[Unit]
    changes: list[Aligned] = field(default_factory=list)


def align(olds: Sequence[str], news: Sequence[str]) -> Alignment:
    """Align the sections of two files. Every unit of either stands in the result once, in both orders; one that moved
    stands twice."""
    whole = _unique(olds[1:]) & _unique(news[1:])
    a, b = (list(_units(sections, whole)) for sections in (olds, news))
    equal = _equal(a, b)
    moves = _moved(a, b, equal)
    spine = _alike(a, b, equal, moves)
    moves |= _moved_and_edited(a, b, spine, moves)
    _moved_along(a, b, spine, moves)
    spine = sorted([*spine, *_renamed(a, b, spine, moves)])
    return Alignment(a, b, list(_in_order(a, b, _grown(a, b, equal, spine, moves), moves)))


def _unique(sections: Iterable[str]) -> set[str]:
    return {section for section, count in Counter(sections).items() if count == 1}


def _units(sections: Sequence[str], whole: set[str]) -> Iterator[Unit]:
    for number, section in enumerate(sections):
        if number and section in whole:
            yield Unit(Block("section", "", section, ""), number)
        else:
            yield from (Unit(block, number) for block in scan(section, headed=number > 0))


Spine = list[tuple[int, int]]
Moves = dict[int, int]


def _equal(a: list[Unit], b: list[Unit]) -> Spine:
    """Texts that occur once in each side, the heaviest that keep their order; between those the ones that recur."""
    ours, theirs = _places(a), _places(b)
    once = [(i[0], j[0], a[i[0]].weight) for k, i in ours.items() if len(i) == 1 and len(j := theirs.get(k, [])) == 1]
    spine = []
    for (i0, i1), (j0, j1), edge in _gaps(chain(once), len(a), len(b)):
        spine += chain(_recurring(a, b, range(i0, i1), range(j0, j1)))
        spine += edge
    return spine


def _places(units: Sequence[Unit], without: Collection[int] = ()) -> dict[str, list[int]]:
    places = defaultdict(list)
    for index, unit in enumerate(units):
        if index not in without:
            places[unit.key].append(index)
    return places


def _recurring(a: list[Unit], b: list[Unit], ours: range, theirs: range) -> Iterator[tuple[int, int, int]]:
    places = defaultdict(list)
    for j in theirs:
        places[b[j].key].append(j)
    for i in ours if places else ():
        yield from (
            (i, j, 2 * len(a[i].key) + 1 + (a[i].block == b[j].block)) for j in places.get(a[i].key, ())[:_RARE]
        )


def _gaps(spine: Spine, n: int, m: int) -> Iterator[tuple[tuple[int, int], tuple[int, int], Spine]]:
    """What lies between the pairs of the spine, and the pair that ends it."""
    i = j = 0
    for pair in spine:
        yield (i, pair[0]), (j, pair[1]), [pair]
        i, j = pair[0] + 1, pair[1] + 1
    yield (i, n), (j, m), []


def _moved(a: list[Unit], b: list[Unit], spine: Spine) -> Moves:
    """Texts that were taken out here and put in there unchanged. A few words may stand here and there by chance: as
    many as six, in blocks that follow each other, hardly; nor fewer within a section, nor a heading."""
    ours = _places(a, {i for i, _ in spine})
    theirs = _places(b, {j for _, j in spine})
    same = {
        i: j
        for key, olds in ours.items()
        if key and len(olds) == len(news := theirs.get(key, ()))
        for i, j in zip(olds, news, strict=True)
        if a[i].block.kind == b[j].block.kind
    }
    words: dict[int, int] = {}  # of all blocks that follow each other and moved together, by the last of them
    for i in sorted(same):
        words[i] = len(a[i].words) + (words.get(i - 1, 0) if same.get(i - 1) == same[i] - 1 else 0)
    for i in sorted(same, reverse=True):
        words[i] = words[i + 1] if same.get(i + 1) == same[i] + 1 else words[i]
    return {i: j for i, j in same.items() if words[i] >= (1 if _is_near(a[i], b[j]) else 6)}


def _is_near(old: Unit, new: Unit) -> bool:
    return old.section == new.section or old.block.kind in ("heading", "section")


def _alike(a: list[Unit], b: list[Unit], spine: Spine, moves: Moves) -> Spine:
    """Between equal texts, the blocks that were reworded: the pairs of greatest likeness that keep the order."""
    put = set(moves.values())
    result: Spine = []
    for (i0, i1), (j0, j1), edge in _gaps(spine, len(a), len(b)):
        ours, theirs = [i for i in range(i0, i1) if i not in moves], [j for j in range(j0, j1) if j not in put]
        if ours and theirs:
            pairs = ((i, j, _common_tokens(a[i], b[j])) for i, j in _candidates(a, b, ours, theirs))
            result += chain([pair for pair in pairs if pair[2]])
        result += edge
    return result


def _candidates(a: list[Unit], b: list[Unit], ours: list[int], theirs: list[int]) -> Iterator[tuple[int, int]]:
    """All pairs of few blocks; of many, for each the three that share most of its rare words."""
    if len(ours) * len(theirs) <= _FEW:
        yield from ((i, j) for i in ours for j in theirs)
        return
    places = defaultdict(list)
    for j in theirs:
        for word in set(b[j].tokens):
            places[word].append(j)
    for i in ours:
        shared = Counter(j for word in set(a[i].tokens) for j in _few(places.get(word, ())))
        yield from ((i, j) for j, _ in shared.most_common(3))


def _few(places: Sequence[int]) -> Sequence[int]:
    return places if len(places) <= _RARE else ()


def _common_tokens(old: Unit, new: Unit) -> int:
    """How many tokens two blocks share in order, or 0 if they are not each other."""
    kinds = (old.block.kind, new.block.kind)
    if kinds[0] != kinds[1] and not (kinds[0] in _WORDS and kinds[1] in _WORDS):
        return 0
    if old.id and old.id == new.id:
        return 1 + len(old.tokens)
    least = LIKE if kinds[0] == kinds[1] else MOVED
    return round(_likeness(old.tokens, new.tokens, least) * (len(old.tokens) + len(new.tokens)) / 2)


def _likeness(old: list[str], new: list[str], least: float) -> float:
    """Twice what two lists share over what they have, or 0 below `least`; of very long ones whatever their order."""
    if len(old) * len(new) <= CELLS:
        return Indel.normalized_similarity(old, new, score_cutoff=least)
    likeness = 2 * (Counter(old) & Counter(new)).total() / (len(old) + len(new))
    return likeness if likeness >= least else 0.0


def _renamed(a: list[Unit], b: list[Unit], spine: Spine, moves: Moves) -> Spine:
    """Headings without a word in common, over what is the same text."""
    kept, there = {i for i, _ in spine} | moves.keys(), {j for _, j in spine} | set(moves.values())
    above = ((i - 1, j - 1) for i, j in spine if i and j)
    return [
        (i, j) for i, j in above if a[i].block.kind == b[j].block.kind == "heading" and i not in kept and j not in there
    ]


def _moved_and_edited(a: list[Unit], b: list[Unit], spine: Spine, moves: Moves) -> Moves:
    """Of what is left on both sides, the blocks most alike: each leads to one other at most."""
    kept, there = {i for i, _ in spine} | moves.keys(), {j for _, j in spine} | set(moves.values())
    ours = [i for i, unit in enumerate(a) if i not in kept and len(unit.words) >= _LONG]
    theirs = [j for j, unit in enumerate(b) if j not in there and len(unit.words) >= _LONG]
    pairs = set(_candidates(a, b, ours, theirs)) if ours and theirs else set()
    scored = [(_same(a[i], b[j]), i, j) for i, j in pairs]
    found: Moves = {}
    taken: set[int] = set()
    for likeness, i, j in sorted(scored, reverse=True):
        if likeness and i not in found and j not in taken:
            found[i] = j
            taken.add(j)
    return found


def _moved_along(a: list[Unit], b: list[Unit], spine: Spine, moves: Moves) -> None:
    """What stood beside a block that moved, and does so now, moved with it, however short it is."""
    kept, there = {i for i, _ in spine} | moves.keys(), {j for _, j in spine} | set(moves.values())
    waiting = list(moves.items())
    while waiting:
        i, j = waiting.pop()
        for x, y in ((i - 1, j - 1), (i + 1, j + 1)):
            if 0 <= x < len(a) and 0 <= y < len(b) and x not in kept and y not in there and _is_same(a[x], b[y]):
                moves[x] = y
                kept.add(x)
                there.add(y)
                waiting.append((x, y))


def _is_same(old: Unit, new: Unit) -> bool:
    if old.block.kind != new.block.kind or not old.key:
        return False
    return old.key == new.key or _likeness(old.tokens, new.tokens, MOVED) > 0


def _same(old: Unit, new: Unit) -> float:
    """How sure it is that one block is the other, moved and edited, and not one of its kind; 0 if it is not."""
    if old.block.kind != new.block.kind or (old.block.kind == "row" and old.name != new.name):
        return 0.0
    likeness = _likeness(old.words, new.words, MOVED)
    return likeness if likeness * (len(old.words) + len(new.words)) >= 2 * _LONG else 0.0


def _grown(a: list[Unit], b: list[Unit], equal: Spine, spine: Spine, moves: Moves) -> list[Aligned]:
    """Pairs, and what became several blocks or was made of several: a paragraph split, joined, or cut elsewhere."""
    edges = [(i, i, j, j) for i, j in spine]
    paired, partners = {i for i, _ in spine}, {j for _, j in spine}
    put = set(moves.values())
    same = set(equal)
    fixed = [pair for pair in spine if pair in same or not (_is_text(a[pair[0]]) and _is_text(b[pair[1]]))]
    for (i0, i1), (j0, j1), _ in _gaps(fixed, len(a), len(b)):
        olds, news = [i for i in range(i0, i1) if i not in moves], [j for j in range(j0, j1) if j not in put]
        if olds and news and not (paired.issuperset(olds) and partners.issuperset(news)):
            shared = _shared(a, b, olds, news)
            edges += [(i, i, j, j) for i, j in shared if i not in paired or j not in partners]
    stays = [
        [0, *accumulate(at in ends or not _is_text(unit) for at, unit in enumerate(units))]
        for units, ends in ((a, moves), (b, put))
    ]
    return [
        Aligned(tuple(range(i0, i1 + 1)), tuple(range(j0, j1 + 1)))
        for i0, i1, j0, j1 in _merged(edges, *stays)
        if i0 < i1 or j0 < j1 or i0 in paired or a[i0].block.kind == b[j0].block.kind
    ]


def _shared(a: list[Unit], b: list[Unit], olds: list[int], news: list[int]) -> Iterator[tuple[int, int]]:
    """Which blocks share most of the smaller one, in runs of at least three tokens, when all are read as one text."""
    ours, theirs = [(i, t) for i in olds for t in a[i].tokens], [(j, t) for j in news for t in b[j].tokens]
    counts: Counter[tuple[int, int]] = Counter()
    for run in compute([t for _, t in ours], [t for _, t in theirs]):
        if run.length >= 3:
            counts.update((ours[run.old + k][0], theirs[run.new + k][0]) for k in range(run.length))
    for (i, j), count in counts.items():
        if count >= 0.6 * min(len(a[i].tokens), len(b[j].tokens)) and _is_text(a[i]) and _is_text(b[j]):
            yield i, j


def _is_text(unit: Unit) -> bool:
    return unit.block.kind in ("paragraph", "item")


Box = tuple[int, int, int, int]


def _merged(edges: list[Box], ours: list[int], theirs: list[int]) -> list[Box]:
    """Boxes that overlap or cross become one, unless something lies within that moved or is no text: `ours` and
    `theirs` count those up to each place."""
    result: list[Box] = []
    for box in sorted(edges):
        while result and (box[0] <= result[-1][1] or box[2] <= result[-1][3]):
            last = result.pop()
            joined = (last[0], max(last[1], box[1]), min(last[2], box[2]), max(last[3], box[3]))
            if ours[joined[0]] < ours[joined[1] + 1] or theirs[joined[2]] < theirs[joined[3] + 1]:
                box = last
                break
            box = joined
        result.append(box)
    return result


def _in_order(a: list[Unit], b: list[Unit], pairs: list[Aligned], moves: Moves) -> Iterator[Aligned]:
    """Pairs and what is between them: first the rest of the section that both are in, then what is gone, then what
    came, so that a section that is gone or new stays in one piece."""
    back = {j: i for i, j in moves.items()}
    i = j = 0
    for pair in [*pairs, None]:
        i1, j1 = (pair.old[0], pair.new[0]) if pair else (len(a), len(b))
        i2, j2 = (_until_heading(units, x, y) for units, x, y in ((a, i, i1), (b, j, j1)))
        yield from (Aligned((x,), (), moves.get(x)) for x in range(i, i2))
        yield from (Aligned((), (y,), back.get(y)) for y in range(j, j2))
        yield from (Aligned((x,), (), moves.get(x)) for x in range(i2, i1))
        yield from (Aligned((), (y,), back.get(y)) for y in range(j2, j1))
        if pair:
            yield pair
            i, j = pair.old[-1] + 1, pair.new[-1] + 1


def _until_heading(units: list[Unit], start: int, end: int) -> int:
    return next((x for x in range(start, end) if units[x].block.kind in ("heading", "section")), end)
