"""Anybody's Markdown as pieces, by way of HTML: markdown-it reads it as GitHub shows it."""

from __future__ import annotations

import re
from dataclasses import replace

import yaml
from lxml.html import defs
from markdown_it import MarkdownIt

from generator.importing import fromhtml
from generator.importing.pieces import Intake, Meta, Notes, Piece
from generator.redline.blocks import front_matter

_HEADING = re.compile(r"[ \t]*(?<!\\)\{:?((?:\s*(?:#[^\s{}]+|\.[\w-]+|numbering=\w+))+)\s*\}$")  # its attributes
_ATTRIBUTES = re.compile(r"(?m)^(#.*)|[ \t]*\{:([^{}\n]*)\}")  # of Kramdown: those of headings, others
_OURS = re.compile(r"#\S+|\.material|numbering=(?:decimal|letters|none)")


def read(text: str, notes: Notes) -> Intake:
    front = front_matter(text)
    meta = _meta(front, notes) if front else Meta()
    front = "" if meta == Meta() else front  # a rule at the top of the text
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # outline.py has the last word
    tokens = parser.parse(_as_github(text[len(front) :]))
    for token in tokens:
        line = str(token.map[0] + 1 + front.count("\n") if token.map else "")
        token.attrs |= {fromhtml.LINE: line} if line else {}
        if token.type == "html_block":
            token.content = f'<a {fromhtml.LINE}="{line}"></a>{token.content}'
        for inner in token.children or ():
            if inner.type == "html_inline" and (tag := re.match(r"</?(\w+)", inner.content)):
                inner.type = inner.type if tag[1].lower() in defs.tags else "text"  # "<your name>" is no markup
    intake = fromhtml.read(parser.renderer.render(tokens, parser.options, {}), notes, kind="markdown")
    return Intake([_attributed(piece) if piece.level else piece for piece in intake.pieces], meta)


def _as_github(text: str) -> str:
    """What Jekyll, Kramdown and the GitHub of old also understood."""
    text = re.sub(r"(?m)^(#{2,6}(?=[^#\s])|#(?=[A-Z]))", r"\1 ", text)
    text = re.sub(r"\]\((\{[{%][^)\n]*)\)", r"](<\1>)", text)
    return _ATTRIBUTES.sub(lambda m: m[1] or "".join(f'<a id="{i}"></a>' for i in re.findall(r"#([\w-]+)", m[2])), text)


def _meta(front: str, notes: Notes) -> Meta:
    """What the front matter says; of what is not quite YAML, the keys that stand in a line of their own."""
    source = "\n".join(front.splitlines()[1:-1])
    try:
        held = yaml.safe_load(source)
    except (yaml.YAMLError, ValueError):
        held = {key: said.strip(" \"'") for key, said in re.findall(r"^(\w+):[ \t]*(.+)$", source, re.MULTILINE)}
    said = {key: str(value).strip() for key, value in held.items() if value} if isinstance(held, dict) else {}
    keys = ("title", "language", "lang", "description", "numbering")
    title, language, lang, description, numbering = (said.pop(key, "") for key in keys)
    if said:
        notes.add("mended.front-matter", 1, f"keys that a policy does not have are left out: {', '.join(said)}")
    return Meta(title, language or lang, description, numbering if _OURS.fullmatch(f"numbering={numbering}") else "")


def _attributed(heading: Piece) -> Piece:
    """The heading without its attributes; those that are none but words stay words."""
    match = _HEADING.search(heading.text)
    if not match:
        return heading
    ours = tuple(word for word in match[1].split() if _OURS.fullmatch(word))
    return replace(heading, text=heading.text[: match.start()], attributes=ours)
