"""Texts of a policy and their edits, for hypothesis: words, marks, lists, tables, quotes, in two versions."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

PLAIN = "we use cookies data the policy law (GDPR), e.g. 30 days; info@itsths.com “consent” user’s نحن AT&T 5 € < & a_b"
MARKED = "**must** *may* `session` [here](/cookies/) <https://example.com> well-known in:out"
WORDS = st.sampled_from([*PLAIN.split(), *MARKED.split()])
SENTENCES = st.lists(WORDS, min_size=1, max_size=9).map(" ".join)
WRAPPED = st.tuples(SENTENCES, SENTENCES).map("\n".join)
ROWS = st.tuples(SENTENCES, SENTENCES).map(lambda cells: f"| {cells[0]} | {cells[1]} |")
TABLES = st.lists(ROWS, min_size=1, max_size=4).map(lambda rows: "\n".join([rows[0], "|---|---|", *rows[1:]]))
BLOCKS = st.one_of(
    SENTENCES,
    WRAPPED,
    SENTENCES.map(lambda text: f"- {text}"),
    SENTENCES.map(lambda text: f"  - {text}"),
    SENTENCES.map(lambda text: f"1. {text}"),
    SENTENCES.map(lambda text: f"> {text}"),
    TABLES,
)


@st.composite
def bodies(draw: DrawFn) -> str:
    """The body of a section."""
    return "\n\n".join(draw(st.lists(BLOCKS, min_size=1, max_size=5))) + "\n"


@st.composite
def edited(draw: DrawFn) -> tuple[str, str]:
    """A body and what an editor made of it: blocks put in, taken out, words changed."""
    old = draw(st.lists(BLOCKS, min_size=1, max_size=5))
    new = list(old)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(new)))
        if at == len(new) or draw(st.booleans()):
            new.insert(at, draw(BLOCKS))
        elif draw(st.booleans()) and len(new) > 1:
            del new[at]
        else:
            new[at] = draw(_reworded(new[at]))
    return "\n\n".join(old) + "\n", "\n\n".join(new) + "\n"


@st.composite
def _reworded(draw: DrawFn, block: str) -> str:
    """A block with one of its words replaced, taken out, or joined to the next; its form is left alone."""
    words = [match for match in re.finditer(r"[^\s|>-]\S*", block) if not re.fullmatch(r"\d+\.|[|:-]+", match[0])]
    if not words:
        return block
    word = draw(st.sampled_from(words))
    return block[: word.start()] + draw(st.one_of(WORDS, SENTENCES)) + block[word.end() :]


def visible(html: str, *, without: str = "") -> str:
    """The characters a reader sees, white space apart; notes are not read. `without` leaves out every <del> or <ins>,
    and the same end of every move.

    Must be XML.
    """
    root = ET.fromstring(f"<div>{html}</div>")
    for parent in root.iter():
        for child in list(parent):
            end = {"del": "moved-from", "ins": "moved-to"}.get(without, without)
            if child.tag == without or child.get("class", "") in ("mark", "note", end or "-"):
                _take_out(parent, child)
    return "".join("".join(root.itertext()).split())


def _take_out(parent: ET.Element, child: ET.Element) -> None:
    """Remove an element and keep the text after it."""
    at = list(parent).index(child)
    if at:
        parent[at - 1].tail = (parent[at - 1].tail or "") + (child.tail or "")
    else:
        parent.text = (parent.text or "") + (child.tail or "")
    parent.remove(child)
