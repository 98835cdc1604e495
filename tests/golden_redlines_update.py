"""Rewrite the redlines in tests/golden_redlines/: python -m tests.golden_redlines_update, then read the diff.

Each file is one small pair: why, the old text, the new one, and the redline a careful editor would draw of the two.

    § reworded                          what happened to the section whose blocks follow
    (moved 1 out, link) text            what happened to a block, where anything did
    [-gone-]{+new+}  [~moved from~]{~moved to~}  [#1.#]{#2.#}  ⏎

White space at the end of a block is not drawn, nor are blank lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from generator import documents
from generator.redline.diff import BlockChange, Span, compare
from tests.trees import ROOT

FOLDER = ROOT / "tests/golden_redlines"
_PART = re.compile(r"^==== (?:old|new|redline)\n", re.MULTILINE)


def parts(path: Path) -> tuple[str, str, str, str]:
    """Why, old, new, redline."""
    why, old, new, drawn = _PART.split(path.read_text(encoding="utf-8"))
    return why, old, new, drawn


def draw(old: str, new: str) -> str:
    redline = compare(documents.read(old, "old.md"), documents.read(new, "new.md"))
    lines = [_block(change) for change in redline.front]
    for section in redline.sections:
        lines += [f"§ {section.status}", *map(_block, section.all)]
    return "".join(f"{line}\n" for line in lines if line)


def _block(change: BlockChange) -> str:
    said: list[str] = sorted(change.kinds - {"spacing", "moved"})
    if change.move:
        said.insert(0, f"moved {change.move} {'out' if change.old else 'in'}")
    return (f"({', '.join(said)}) " if said else "") + "".join(_spans(change.spans))


def _spans(spans: Iterable[Span]) -> Iterator[str]:
    seen = [
        replace(span, text=span.text.rstrip()) if span.role == "tail" else span
        for span in spans
        if span.role != "tail" or span.text.strip()
    ]
    for (op, move, renum), run in groupby(seen, key=lambda span: (span.op, span.move, span.renum)):
        mark = "~" if move else "#" if renum else op
        text = "".join(span.text for span in run).replace("\n", "⏎")
        yield text if op == "=" else f"{'[' if op == '-' else '{'}{mark}{text}{mark}{']' if op == '-' else '}'}"


def main() -> None:
    for path in sorted(FOLDER.glob("*.txt")):
        why, old, new, _ = parts(path)
        path.write_text(f"{why}==== old\n{old}==== new\n{new}==== redline\n{draw(old, new)}", encoding="utf-8")


if __name__ == "__main__":
    main()
