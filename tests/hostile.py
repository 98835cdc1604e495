"""Texts as people and programs write them, for better and worse."""

from __future__ import annotations

from hypothesis import strategies as st

LINES = st.sampled_from(
    [
        "word",
        "two words, more.",
        "- item",
        "  - nested",
        "1. first",
        "2) second",
        "2026. Not an item in a paragraph",
        "| a | b |",
        "|---|---|",
        "```",
        "~~~~",
        "# not a heading of a section",
        "Title",
        "===",
        "---",
        "* * *",
        "> quoted",
        "    indented",
        "\tindented",
        "",
        "   ",
        "a\u2028b",
        "a\x0cb",
        "نص عربي",
        "**bold",
    ]
)
ENDS = st.sampled_from(["\n", "\r\n", "\r", ""])
SOURCES = st.one_of(st.text(), st.lists(st.tuples(LINES, ENDS)).map(lambda pairs: "".join(a + b for a, b in pairs)))
