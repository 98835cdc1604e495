"""How small, readable, exact and fast redlines are, beside what others make of the same texts.

    .venv/bin/pip install -c constraints.txt -e '.[bench]'
    .venv/bin/python benchmarks/redlines.py [FOLDER] [--slow] [--ours]

FOLDER holds histories: each folder in it with more than one *.md is one, its files in the order of their names; each
pair of neighbours is compared. The default is ../shared/corpus/policies beside the checkout. `--slow` adds difflib
with autojunk off (minutes), `--ours` leaves everybody else out.

Every contender gives a list of operations, (op, text) and what it credits: op is = - or +, a move has a number, a
renumbered mark a flag. All counting is done on those and on the two texts, by the rules below, and trusts no engine:

- A token is a word, one CJK character or one other character that is no white space.
- *Shown* is every token in - and +, but those of a move that holds: all its - joined are all its + joined, up to white
  space. *Excess* is shown over the exact minimum, old + new - 2 LCS.
- An *island* is one or two tokens kept between two changes, a move or a renumbering being a change here.
- *Moved* are lines of six words or more that a comparison of lines takes out at one place and puts in at another.
- *Renumbered* are lines that differ in nothing but their number; a mark that is flagged must be nothing but one.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Indel

from generator import documents
from generator.redline import diff

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT.parent / "shared/corpus/policies"
CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
TOKEN = re.compile(rf"[{CJK}]|[^\W_{CJK}]+|[^\w\s]|_")
WORD = re.compile(r"\w+")
MARK = re.compile(r"(?:\(?(?:\d+(?:\.\d+)*|[A-Za-z]|[ivxIVX]+)[.)]|\d+(?:\.\d+)+|第\d+条)\s*")
FORM = re.compile(r"[\s>]*(?:[-*+]\s+)?(?:#+\s*)?")
FLAGGED = re.compile(r"[\s#]*(?:[-*+]|\(?[\w.]{1,12}[.)]?|第\d+条)[\s#]*")  # of these a flag may be believed
SMALL = 20


@dataclass(frozen=True, slots=True)
class Op:
    op: str
    text: str
    move: int = 0
    renum: bool = False


Engine = Callable[[str, str], list[Op]]


# The contenders.


def ours(*, minimal: bool = False) -> Engine:
    def compare(old: str, new: str) -> list[Op]:
        redline = diff.compare(documents.read(old, "old.md"), documents.read(new, "new.md"), minimal=minimal)
        return [Op(span.op, span.text, span.move, span.renum) for span in redline.ops]

    return compare


def plain_lcs(old: str, new: str) -> list[Op]:
    return on_words(old, new, lambda a, b: Indel.opcodes(a, b).as_list())


def with_difflib(*, autojunk: bool) -> Engine:
    return lambda old, new: on_words(old, new, lambda a, b: SequenceMatcher(None, a, b, autojunk).get_opcodes())


def on_words(old: str, new: str, opcodes: Callable[[Sequence[str], Sequence[str]], Any]) -> list[Op]:
    """Words are compared, and the white space after those that were kept is put right."""
    (before, ours), (after, theirs) = words_of(old), words_of(new)
    found = between(before, after)
    for tag, a, b, c, d in opcodes([word for word, _ in ours], [word for word, _ in theirs]):
        if tag == "equal":
            for (word, ended), (_, ends) in zip(ours[a:b], theirs[c:d], strict=True):
                found += [Op("=", word), *between(ended, ends)]
        else:
            found += [Op("-", "".join(map("".join, ours[a:b]))), Op("+", "".join(map("".join, theirs[c:d])))]
    return found


def words_of(text: str) -> tuple[str, list[tuple[str, str]]]:
    start = text.lstrip()
    return text[: len(text) - len(start)], re.findall(rf"({TOKEN.pattern})(\s*)", start)


def between(old: str, new: str) -> list[Op]:
    return [Op("=", old)] if old == new else [Op("-", old), Op("+", new)]


def diff_match_patch() -> Engine:
    """Words as characters, as its wiki advises; then its own clean-up for readers."""
    library: Any = importlib.import_module("diff_match_patch").diff_match_patch()
    library.Diff_Timeout = 0

    def compare(old: str, new: str) -> list[Op]:
        known: dict[str, int] = {}
        cut = (re.findall(rf"{TOKEN.pattern}|\s+", text) for text in (old, new))
        texts = ["".join(_private(known.setdefault(piece, len(known))) for piece in pieces) for pieces in cut]
        words = list(known)
        found = library.diff_main(*texts, False)
        library.diff_cleanupSemantic(found)
        return [Op("-=+"[kind + 1], "".join(words[_public(c)] for c in text)) for kind, text in found]

    return compare


def _private(number: int) -> str:
    return chr(number + 0x100 if number + 0x100 < 0xD800 else number + 0x900)


def _public(char: str) -> int:
    return ord(char) - (0x100 if ord(char) < 0xD800 else 0x900)


def git() -> Engine:
    folder = Path(tempfile.mkdtemp(prefix="redlines-"))
    command = ["git", "diff", "--no-index", "--word-diff=porcelain", "-U1000000", "--", "old", "new"]

    def compare(old: str, new: str) -> list[Op]:
        (folder / "old").write_bytes(old.encode())
        (folder / "new").write_bytes(new.encode())
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        if done.returncode > 1:
            raise OSError(done.stderr.decode())
        lines = done.stdout.decode().split("\n")
        start = next((at for at, line in enumerate(lines) if line.startswith("@@")), len(lines)) + 1
        return [
            Op("=", "\n") if line[0] == "~" else Op("=" if line[0] == " " else line[0], line[1:])
            for line in lines[start:]
            if line and line[0] in " +-~"
        ] or [Op("=", old)]

    return compare


def lxml_htmldiff() -> Engine:
    """It compares HTML; what it shows is read off its visible text."""
    html: Any = importlib.import_module("lxml.html")
    htmldiff = importlib.import_module("lxml.html.diff").htmldiff

    def compare(old: str, new: str) -> list[Op]:
        tree = html.fragment_fromstring(htmldiff(as_html(old), as_html(new)), create_parent="div")
        return list(_read(tree, "="))

    return compare


def _read(node: Any, op: str) -> Iterator[Op]:
    op = {"ins": "+", "del": "-"}.get(node.tag, op) if isinstance(node.tag, str) else op
    if isinstance(node.tag, str):
        yield Op(op, node.text or "")
        for child in node:
            yield from _read(child, op)
            yield Op(op, child.tail or "")


def as_html(text: str) -> str:
    import markdown

    body = re.sub(r"\A\ufeff?---\r?\n.*?\n---\r?\n", "", text, flags=re.DOTALL)
    return markdown.markdown(body, extensions=["tables", "sane_lists"])


def visible(text: str) -> str:
    html: Any = importlib.import_module("lxml.html")
    return "".join(str(part) + " " for part in html.fragment_fromstring(as_html(text), create_parent="div").itertext())


# The counting.


@dataclass
class Figures:
    """Sums over all pairs."""

    pairs: int = 0
    minimum: int = 0
    shown: int = 0
    small_minimum: int = 0
    small_shown: int = 0
    islands: int = 0
    exact: int = 0
    moved: int = 0
    renumbered: int = 0
    false: int = 0  # moves whose ends differ, and flags on what is no number
    milliseconds: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two neighbours, and what can be said of them without any engine: places are (side, start, end) in tokens."""

    name: str
    old: str
    new: str
    minimum: int
    moved: list[tuple[int, int, int]]
    renumbered: list[tuple[int, int, int]]


Place = tuple[int, int, int]


def pair(name: str, old: str, new: str) -> Pair:
    moved, renumbered = lines_elsewhere(old, new)
    return Pair(name, old, new, minimum(old, new), moved, renumbered)


def minimum(old: str, new: str) -> int:
    return Indel.distance(TOKEN.findall(old), TOKEN.findall(new))


def lines_elsewhere(old: str, new: str) -> tuple[list[Place], list[Place]]:
    ours, theirs = lines_of(old), lines_of(new)
    opcodes = SequenceMatcher(None, [x for x, _ in ours], [x for x, _ in theirs], False).get_opcodes()
    gone = [line for tag, a, b, _, _ in opcodes if tag != "equal" for line in ours[a:b]]
    came = [line for tag, _, _, c, d in opcodes if tag != "equal" for line in theirs[c:d]]
    moved = _same(gone, came, lambda line: line if len(WORD.findall(line)) >= 6 else "")
    renumbered = _same(gone, came, _without_number)
    return moved, renumbered


Line = tuple[str, tuple[int, int]]


def lines_of(text: str) -> list[Line]:
    """Each line that says something, and where its tokens are."""
    found, at = [], 0
    for line in re.findall(r"[^\r\n]+", text):
        count = len(TOKEN.findall(line))
        if count:
            found.append((" ".join(line.split()), (at, at + count)))
        at += count
    return found


def _same(gone: Iterable[Line], came: Iterable[Line], key: Callable[[str], str]) -> list[Place]:
    olds, news = (_by(key, lines) for lines in (gone, came))
    places: list[Place] = []
    for text in olds.keys() & news.keys() - {""}:
        for (x, old), (y, new) in zip(olds[text], news[text], strict=False):
            if x != y or key(x) == x:
                places += [(0, *old), (1, *new)]
    return places


def _by(key: Callable[[str], str], lines: Iterable[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        found[key(line[0])].append(line)
    return found


def _without_number(line: str) -> str:
    """What a line says behind its number, or '' if it has none."""
    form = FORM.match(line)
    mark = MARK.match(line, form.end() if form else 0)
    return f"{form[0] if form else ''}#{line[mark.end() :]}" if mark and line[mark.end() :].strip() else ""


def count(figures: Figures, pair: Pair, ops: list[Op], *, text: Callable[[str], str] = str) -> None:
    old, new = text(pair.old), text(pair.new)
    least = pair.minimum if text is str else minimum(old, new)
    held = moves_that_hold(ops)
    believed = [op.move in held or (op.renum and FLAGGED.fullmatch(op.text) is not None) for op in ops]
    figures.false += len({op.move for op in ops if op.move} - held)
    figures.false += sum(op.renum and FLAGGED.fullmatch(op.text) is None for op in ops)
    shown = sum(
        len(TOKEN.findall(op.text)) for op, move in zip(ops, believed, strict=True) if op.op != "=" and not move
    )
    figures.pairs += 1
    figures.minimum += least
    figures.shown += shown
    if 0 < least <= SMALL:
        figures.small_minimum += least
        figures.small_shown += shown
    figures.islands += islands(ops)
    sides = ["".join(op.text for op in ops if op.op in ("=", side)) for side in "-+"]
    figures.exact += sides == [pair.old, pair.new]
    if text is str:
        marks = [shown_tokens(ops, believed, side) for side in "-+"]
        figures.moved += sum(sum(marks[side][a:b]) for side, a, b in pair.moved)
        figures.renumbered += sum(sum(marks[side][a:b]) for side, a, b in pair.renumbered)


def moves_that_hold(ops: Iterable[Op]) -> set[int]:
    texts: dict[int, dict[str, str]] = defaultdict(lambda: {"-": "", "+": "", "=": ""})
    for op in ops:
        if op.move:
            texts[op.move][op.op] += op.text
    return {move for move, text in texts.items() if text["-"].split() == text["+"].split() and not text["="]}


def islands(ops: Iterable[Op]) -> int:
    """Runs of one or two kept tokens between two changes that say something."""
    runs: list[tuple[bool, int]] = []
    for op in ops:
        size = len(TOKEN.findall(op.text))
        if size:
            kept = op.op == "="
            if runs and runs[-1][0] == kept:
                runs[-1] = (kept, runs[-1][1] + size)
            else:
                runs.append((kept, size))
    return sum(kept and size <= 2 for kept, size in runs[1:-1])


def shown_tokens(ops: Sequence[Op], believed: Sequence[bool], side: str) -> list[bool]:
    """For each token of one text whether it is shown as taken out or put in. Engines may cut within a token or lose
    white space, so this goes by the characters that are not white space."""
    chars: list[bool] = []
    text = ""
    for op, credit in zip(ops, believed, strict=True):
        if op.op in ("=", side):
            said = "".join(op.text.split())
            chars += [op.op == side and not credit] * len(said)
            text += op.text
    marks, at = [], 0
    for token in TOKEN.findall(text):
        marks.append(any(chars[at : at + len(token)]))
        at += len(token)
    return marks


# The run.


def histories(folder: Path) -> Iterator[Pair]:
    for history in sorted({path.parent for path in folder.rglob("*.md")}):
        texts = [(path.name, path.read_bytes().decode()) for path in sorted(history.glob("*.md"))]
        for (_, old), (name, new) in pairwise(texts):
            yield pair(f"{history.relative_to(folder)}/{name}", old, new)


def forget() -> None:
    """Nothing that one pair taught may help the next: every cache of the package is emptied."""
    for module in [module for name, module in sys.modules.items() if name.startswith("generator.")]:
        for value in list(vars(module).values()):
            getattr(value, "cache_clear", lambda: None)()


def run(engine: Engine, pairs: Sequence[Pair], *, text: Callable[[str], str] = str) -> Figures:
    figures = Figures()
    for each in pairs:
        forget()
        started = time.perf_counter()
        ops = engine(each.old, each.new)
        figures.milliseconds.append(1000 * (time.perf_counter() - started))
        count(figures, each, ops, text=text)
    return figures


def row(name: str, figures: Figures, *, marks: bool) -> str:
    """`marks` says whether the engine sees the text as it is written, and not what a reader sees."""
    cells = [
        f"{figures.shown / figures.minimum:.3f}",
        f"{figures.islands:,}",
        f"{figures.exact}",
        f"{figures.moved:,}" if marks else "",
        f"{figures.renumbered:,}" if marks else "",
        f"{figures.small_shown / max(figures.small_minimum, 1):.3f}",
        f"{statistics.median(figures.milliseconds):.1f}",
        f"{max(figures.milliseconds):.0f}",
    ]
    return f"| {name} | {' | '.join(cells)} |"


def labels(pairs: Iterable[Pair]) -> str:
    said: Counter[str] = Counter()
    stale = 0
    for each in pairs:
        redline = diff.compare(documents.read(each.old, "old.md"), documents.read(each.new, "new.md"))
        said[redline.visible] += 1
        stale += bool(redline.stale)
    counts = f"{said['nothing']} nothing visible, {said['figures']} only figures, {said['words']} words"
    return f"Labels: {counts}; {stale} with words changed under an unchanged date."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=CORPUS)
    parser.add_argument("--slow", action="store_true", help="difflib with autojunk off as well")
    parser.add_argument("--ours", action="store_true", help="no other engine")
    asked = parser.parse_args()
    pairs = list(histories(asked.folder)) if asked.folder.is_dir() else []
    if not pairs:
        sys.exit(f"{asked.folder} holds no histories: folders with two or more *.md files. Name the folder that does.")
    moved, renumbered = (
        sum(end - start for places in all_places for _, start, end in places)
        for all_places in ([each.moved for each in pairs], [each.renumbered for each in pairs])
    )
    print(f"{len(pairs)} pairs, Python {platform.python_version()}, {platform.machine()}\n")
    print(
        f"| engine | excess | islands | byte-exact | moved shown, of {moved:,} | renumbered shown, of {renumbered:,} "
        f"| excess of small edits | median ms | worst ms |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    )
    for name, make, text in contenders(asked.ours, asked.slow):
        try:
            print(row(name, run(make(), pairs, text=text), marks=text is str), flush=True)
        except (ModuleNotFoundError, FileNotFoundError) as missing:
            print(f"| {name} | not here: {missing} | | | | | | | |")
    print(f"\n{labels(pairs)}")


def contenders(alone: bool, slow: bool) -> Iterator[tuple[str, Callable[[], Engine], Callable[[str], str]]]:
    yield "policy diff", ours, str
    yield "policy diff --minimal", lambda: ours(minimal=True), str
    if not alone:
        yield "rapidfuzz, LCS on words", lambda: plain_lcs, str
        yield "diff-match-patch on words", diff_match_patch, str
        yield "difflib as it comes", lambda: with_difflib(autojunk=True), str
        if slow:
            yield "difflib, autojunk off", lambda: with_difflib(autojunk=False), str
        yield "git diff --word-diff", git, str
        yield "lxml htmldiff, visible text", lxml_htmldiff, visible


if __name__ == "__main__":
    main()
