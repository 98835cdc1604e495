"""A redline as one HTML file to mail to a lawyer: it asks for nothing and runs nothing, wherever it is opened.

Page and stylesheet are those of the site's redlines, so there is no second form to look after.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath

from markupsafe import Markup

from generator import words
from generator.bundle import Asset, minified
from generator.config import direction
from generator.documents import Document
from generator.redline import redlines
from generator.redline.diff import Redline
from generator.redline.reports import Side
from generator.render import Renderer
from generator.templates import Templates

_MARKDOWN = ("", ".md", ".markdown", ".mdown")
_RTL = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LETTER = re.compile(r"[^\W\d_]")
_OWN_LINK = re.compile(r' href="(?=[/.])([^"]*)"')  # to another page of the site that the text comes from


def html(
    redline: Redline, old: Side, new: Side, templates: Mapping[str, str], static: Mapping[str, bytes], home: str
) -> str:
    """`home` is the address of the site that the texts belong to, or '' where they belong to none."""
    said = new.document.meta.language
    spoken = any(f"words/{code}.yaml" in templates for code in (said, said.split("-")[0]))
    language = said if spoken else "en"
    style = minified("text/css", static["style.css"].decode())
    renderer = Renderer(words.load(templates, language).texts, written=not all(map(_is_markdown, (old, new))))
    context = {
        "base": "letter.html",
        "page": {"title": f"{old.name} → {new.name}", "language": language, "dir": direction(language)},
        "style": Markup(style),
        "style_hash": Asset(style.encode(), {}).integrity,
        "old": {"asked": old.name, "title": old.document.meta.title, "sha256": old.sha256},
        "new": {"asked": new.name, "title": new.document.meta.title, "sha256": new.sha256},
        "summary": "",
        "awaiting": "",
        "text": {"language": said, "dir": "rtl" if _runs_right_to_left(new.document) else "ltr"},
        **redlines.context(redline, renderer),
    }
    made = Templates(templates, {}).render("redline.html", language, context).decode()
    # In a mail such an address would lead into the reader's own disk.
    return _OWN_LINK.sub(lambda link: f' href="{home}{link[1]}"' if home and link[1][0] == "/" else "", made)


def _is_markdown(side: Side) -> bool:
    return not side.document.foreign or PurePath(side.document.path).suffix.lower() in _MARKDOWN


def _runs_right_to_left(document: Document) -> bool:
    """As its language does; where it names none, as most of its letters do."""
    if document.meta.language:
        return direction(document.meta.language) == "rtl"
    return 2 * len(_RTL.findall(document.source)) > len(_LETTER.findall(document.source))
