"""What a reader sees of a text: its words without marks, link targets, comments and front matter.

That no visible word changed can be proven, and is; whether a change is material stays a person's decision.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from generator.redline.blocks import front_matter
from generator.redline.tokens import JOINED, common

Visible = Literal["nothing", "figures", "words"]

# The address of a link, and the definition of one; what defines a footnote is text. No quantifier here may give back
# what it took, or a file of nothing but brackets would take hours.
_ADDRESS = r"\([^()\s]*+(?:\([^()\s]*+\)[^()\s]*+)*+[^()\n]*+\)"
_DEFINITION = r"^\[(?!\^)[^\]\n]++\]:[^\n]*+"
_ATTRIBUTES = r"(?<=[ \t\w])\{[ \t]*+[#.][^{}\n]*+\}[ \t]*+$"  # of a heading
_HTML = r"</?[A-Za-z][\w-]*+(?:\s[^<>]*+)?/?>|\{:?[ \t]*+[#.:][^{}\n]*+\}"
_HIDDEN = re.compile(rf"(?<=\]){_ADDRESS}|{_DEFINITION}|{_ATTRIBUTES}", re.MULTILINE)
_HIDDEN_WITH_HTML = re.compile(rf"{_HTML}|(?<=\]){_ADDRESS}|{_DEFINITION}", re.MULTILINE)
_MARKS = re.compile(r"^[-*_=|:+ \t]++$|^[ \t>]*+(?:(?:[-*+]|#{1,6})[ \t]++)*+#*|\|", re.MULTILINE)
LINK = re.compile(rf"\]{_ADDRESS}|<?\bhttps?://[^\s<>\]]++|{_DEFINITION}", re.MULTILINE)
_INLINE = re.compile(r"[*_`\[\]]")
_BREAK = r"\s*\n\s*(?:[-*+]|\d+[.)])[ \t]+|[ \t]*(?:\r\n|\r|\n)[ \t]*(?:\r\n|\r|\n)\s*"
# In a text: what is escaped, a paragraph's or item's end, and what Markdown does not show: targets and marks.
_SYNTAX = re.compile(
    rf"\\.|(?P<break>{_BREAK})|(?P<target>(?<=\])\((?:\\.|[^()\\]|\([^()]*\))*\)|{_DEFINITION})"
    r"|(?P<hidden>\*\*|__|[*`\[\]]|(?<!\w)_|_(?!\w))",
    re.DOTALL,
)
_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug"
    "|sept?|oct|nov|dec|januar|februar|märz|mai|juni|juli|oktober|dezember|janvier|février|mars|avril|juin|juillet|août"
    "|septembre|octobre|novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre"
    "|noviembre|diciembre|يناير|فبراير|مارس|أبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر"
    "|جنوری|فروری|مارچ|اپریل|مئی|جون|جولائی|اگست|ستمبر|اکتوبر|نومبر|دسمبر"
)
DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{4}\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日"
    rf"|\b(?:{_MONTHS})\.?\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}|\b\d{{1,2}}(?:\.|st|nd|rd|th)?\s+(?:{_MONTHS}),?\s+\d{{4}}"
    rf"|\b(?:{_MONTHS})\s+\d{{4}}",
    re.IGNORECASE,
)
_DATED = re.compile(
    r"updated|effective|revised|modified|last|version|stand\b|gültig|aktualisiert|mise à jour|vigueur|actualiza|vigor"
    r"|改訂|更新|発効|施行|تحديث|سارية|مؤرخ|تازہ",
    re.IGNORECASE,
)
_FIRST = 20  # lines
_OPENS, _OVERRIDES = re.compile("[\u202a\u202b\u2066-\u2068]"), re.compile("[\u202d\u202e]")
_CLOSING = str.maketrans("\u202a\u202b\u2066\u2067\u2068", "\u202c\u202c\u2069\u2069\u2069")
_ALONE = re.compile(rf"\W*(?:[^\W\d]+,\s+)?(?:{DATE.pattern})\W*", re.IGNORECASE)
_DATE_WORDS = 6  # the most that a date is written in: what changed may be one of them
_FIGURES = re.compile(rf"{DATE.pattern}|\d+年\d+月|\d[\d.,:]*(?:st|nd|rd|th)?|[^\w\s{JOINED}]", re.IGNORECASE)

_SIGN = "[%‰§≤≥≠±$¢£¤¥€₨₩₪₫₱₹₺₽؋﷼]"
_NUMBER = re.compile(rf"{DATE.pattern}|(?:(?<!\w)[-+−]|{_SIGN}\s?)?\d+(?:[.,:]\d+)*(?:\s?{_SIGN})?", re.IGNORECASE)


@lru_cache(maxsize=256)
def text_of(source: str, *, foreign: bool = False, mark: str = " ") -> str:
    """The words and punctuation that a reader sees, with single spaces. A policy has no raw HTML: what looks like it is
    text. A `foreign` file may have it, and comments and attributes as other programs know them. `mark` takes the place
    of each mark within the text."""
    shown = source[len(front_matter(source)) :].removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    shown = _HIDDEN_WITH_HTML.sub("", _without_comments(shown)) if foreign else _HIDDEN.sub("", shown)
    return " ".join(_INLINE.sub(mark, _MARKS.sub(" ", shown)).split())


def _without_comments(text: str) -> str:
    said, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start)) >= 0:
        said.append(text[at:start])
        at = end + 3
    return "".join([*said, text[at:]])


def mask_of(text: str) -> str:
    """For each character whether it is words (w), the end of a paragraph or item (b), a target (t), or a mark (h)."""
    mask = ""
    for found in _SYNTAX.finditer(text):
        mask += "w" * (found.start() - len(mask)) + (found.lastgroup or "w")[0] * len(found[0])
    return mask + "w" * (len(text) - len(mask))


def difference(old: str, new: str, *, foreign: bool = False) -> Visible:
    """What changed for a reader: nothing, only punctuation, marks, numbers and dates, or words."""
    before, after = (text_of(side, foreign=foreign).split(" ") for side in (old, new))
    if before == after:
        return "nothing"
    start = max(0, common(zip(before, after, strict=False)) - _DATE_WORDS)
    end = max(0, common(zip(before[:start:-1], after[:start:-1], strict=False)) - _DATE_WORDS)
    middles = (" ".join(words[start : len(words) - end]) for words in (before, after))
    first, second = (_FIGURES.sub(" ", middle).split() for middle in middles)
    return "figures" if first == second else "words"


def figures(text: str) -> list[str]:
    """The numbers, with their signs, and the dates that stand in a text."""
    return [" ".join(found.split()) for found in _NUMBER.findall(text)]


def settled(text: str) -> str:
    """Text that turns no other around: what a line opens ends with it, for which a mark too many is no harm."""
    lines = (line + "".join(reversed(_OPENS.findall(line))).translate(_CLOSING) for line in text.split("\n"))
    return _OVERRIDES.sub("␦", "\n".join(lines))


def dates(source: str) -> list[str]:
    """The dates that a text gives itself: in a short line with a word such as "updated" or "effective", or alone in one
    of its first lines."""
    lines = enumerate(line for line in source.splitlines() if len(line) < 200)
    dated = (line for at, line in lines if _DATED.search(line) or (at < _FIRST and _ALONE.fullmatch(line)))
    return [" ".join(date.split()) for line in dated for date in DATE.findall(line)]
