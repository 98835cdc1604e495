"""What a reader sees of a text: its words without marks, link targets, comments and front matter.

That no visible word changed can be proven, and is; whether a change is material stays a person's decision.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from generator.tokens import JOINED

Visible = Literal["nothing", "figures", "words"]

_FRONT = re.compile(r"\A---[ \t]*\r?\n.*?^---[ \t]*$", re.DOTALL | re.MULTILINE)
_TARGET = r"(?<=\])\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*[^()\r\n]*\)|^\[(?!\^)[^\]]+\]:[^\r\n]*$"
_ATTRIBUTES = r"(?<=[ \t\w])\{[ \t]*[#.][^{}\r\n]*\}[ \t]*$"  # of a heading
_HTML = r"<!--.*?-->|</?[A-Za-z][\w-]*(?:\s[^<>]*)?/?>|\{:?[ \t]*[#.:][^{}\r\n]*\}"
_HIDDEN = re.compile(f"{_TARGET}|{_ATTRIBUTES}", re.MULTILINE)
_HIDDEN_WITH_HTML = re.compile(f"{_HTML}|{_TARGET}", re.DOTALL | re.MULTILINE)
_NUMBER = r"(?:\(?(?:\d{1,3}(?:\.\d+)*|[A-Za-z])[.)][ \t]|\d+(?:\.\d+)+[ \t])"
_MARKS = re.compile(
    rf"^[ \t>]*(?:[-*+][ \t]|#{{1,6}}[ \t])*{_NUMBER}?[ \t]*#*|^[ \t]*[-*_=|: \t]+$|\|",
    re.MULTILINE,
)
_INLINE = re.compile(r"[*_`\[\]]")
_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug"
    "|sept?|oct|nov|dec|januar|februar|märz|mai|juni|juli|oktober|dezember|janvier|février|mars|avril|juin|juillet|août"
    "|septembre|octobre|novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre"
    "|noviembre|diciembre|يناير|فبراير|مارس|أبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر"
    "|جنوری|فروری|مارچ|اپریل|مئی|جون|جولائی|اگست|ستمبر|اکتوبر|نومبر|دسمبر"
)
_DATE = re.compile(
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
_FIGURES = re.compile(rf"{_DATE.pattern}|\d[\d.,:]*(?:st|nd|rd|th)?|[年月日]|[^\w\s{JOINED}]", re.IGNORECASE)


@lru_cache(maxsize=256)
def text(source: str, *, foreign: bool = False, mark: str = " ") -> str:
    """The words and punctuation that a reader sees, with single spaces. A policy has no raw HTML: what looks like it is
    text. A `foreign` file may have it, and comments and attributes as other programs know them. `mark` takes the place
    of each mark within the text."""
    shown = _FRONT.sub("", source.removeprefix("\ufeff"))
    hidden = _HIDDEN_WITH_HTML if foreign else _HIDDEN
    return " ".join(_INLINE.sub(mark, _MARKS.sub(" ", hidden.sub("", shown))).split())


def difference(old: str, new: str, *, foreign: bool = False) -> Visible:
    """What changed for a reader: nothing, only punctuation, marks, numbers and dates, or words."""
    before, after = text(old, foreign=foreign), text(new, foreign=foreign)
    if before == after:
        return "nothing"
    return "figures" if _without_figures(before) == _without_figures(after) else "words"


def same_text(old: str, new: str) -> bool:
    """Whether a reader sees the same characters, however they are marked."""
    return text(old, mark="") == text(new, mark="")


@lru_cache(maxsize=256)
def _without_figures(shown: str) -> tuple[str, ...]:
    return tuple(_FIGURES.sub(" ", shown).split())


def dates(source: str) -> list[str]:
    """The dates that a text gives itself: those in a short line with a word such as "updated" or "effective"."""
    lines = (line for line in source.splitlines() if len(line) < 200 and _DATED.search(line))
    return [" ".join(date.split()) for line in lines for date in _DATE.findall(line)]
