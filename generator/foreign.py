"""Markdown from elsewhere as a policy that documents.py reads: title, levels and ids mended, every word kept.

`convert` works in two ways. A text of history is changed only where it would stop a build or show markup as words;
its headings keep the numbers they were written with. A text to go on with is restructured: numbers that can be
computed leave the headings, and every heading gets an id.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import count, pairwise

import yaml

from generator import documents
from generator.errors import Problem, SourceError, Where
from generator.marked import NOTHING, Marked, Meta, Notes, quoted
from generator.render import OWN_FILE, SAFE_LINK

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?)(?:[ \t]+#+)?|(?<=##)([^#\s].*)|(?<=#)([A-Z].*))?[ \t]*$")
_UNDERLINE = re.compile(r"^ {0,3}(=+|-{2,})[ \t]*$")
_NO_HEADING = re.compile(r"^(?:[ \t]*(?:[-*+>#]|\d+[.)])(?:[ \t]|$)| {4}|\t|.*\||[ \t]*$)")
_ATTRIBUTES = re.compile(r"[ \t]*(?<!\\)\{(:?)([^{}]*)\}$")
_CODE = (
    r"(?P<code>^ {0,3}(`{3,}|~{3,})(?:.*?\n {0,3}\2[`~]*[ \t]*$|.*\Z)"
    r"|(?<![`\\])(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))"
)
_ANCHOR = re.compile(r"<a\s+(?:name|id)\s*=\s*[\"']?([^\"'\s>]+)[\"']?\s*/?>(?:\s*</a>)?", re.IGNORECASE)
# An anchor alone in its line goes with the line, so that what is below an item's mark stays in the item.
_ANCHOR_LINE = re.compile(
    rf"^([ \t]*((?:[-*+]|\d+[.)])[ \t]+)?)(?:{_ANCHOR.pattern}[ \t]*)+\n(?(2)[ \t]*)", re.IGNORECASE | re.MULTILINE
)
_DEFINITION = re.compile(r"^ {0,3}\[(?!\^)([^\]]+)\]:[ \t]*<?([^\s>]+)>?(?:[ \t]+[\"'(].*)?[ \t]*$", re.MULTILINE)
_TAGS = "abbr|address|b|big|blockquote|center|cite|div|em|font|h[1-6]|i|ins|li|ol|p|small|span|strong|su[bp]|u|ul"
_RAW = re.compile(
    _CODE + r"|(?P<comment><!--.*?(?:-->|\Z))|(?P<anchor><a\s+(?:name|id)\s*=[^<>]*>(?:\s*</a>)?)"
    r"|(?P<href><a\s[^<>]*?href\s*=\s*[\"']?(?P<to>[^\"'<>\s]+)[^<>]*>(?P<said>.*?)</a>)|(?P<br></?br\s*/?>)"
    rf"|(?P<tag></?(?:a|{_TAGS}|t(?:able|body|d|h|head|r))(?:\s[^<>]*)?/?>)|(?P<list>[ \t]*\{{:[^{{}}\n]*\}})",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)
_LINK = re.compile(
    _CODE + r"|(?P<link>(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]"
    r"\([ \t]*<?(?P<to>[^\s()<>]*(?:\([^\s()]*\)[^\s()<>]*)*)>?(?P<title>[^()\n]*)\))"
    r"|(?P<reference>\[(?P<name>[^\[\]^][^\[\]]*)\](?:\[(?P<key>[^\[\]]*)\])?(?![\[(:]))|(?P<variable>\{\{(?=[^{}\n]*\}\}))",
    re.DOTALL | re.MULTILINE,
)
_LABEL = re.compile(r"^(\**)(?:([0-9]+(?:\.[0-9]+)*)[.):]*|([a-z])[.)])[ \t\u00a0]+(?=\S)")
_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127, *range(0xE000, 0xE004)))


@dataclass(frozen=True, slots=True)
class _Part:
    """A heading (level 0: none yet) and the lines below it."""

    level: int
    text: str
    index: int  # of its first line
    body: str = ""
    id: str = ""
    attributes: tuple[str, ...] = ()


def convert(
    marked: Marked, path: str, *, given: Meta = NOTHING, fallback: str = "Policy", restructure: bool = False
) -> tuple[str, list[Problem]]:
    """The text as a policy, and what was mended or is unsure.

    What is `given` wins over what the text says; `fallback` is its title if nobody says one.

    SourceError if there is no text in it.
    """
    notes = Notes(path, marked.lines, list(marked.notes))
    text = re.sub(r"\r\n|\r", "\n", marked.text.removeprefix("\ufeff"))
    if (clean := text.translate(_CONTROLS)) != text:
        notes.add("mended.control", None, f"{len(text) - len(clean)} control or private-use characters are taken out")
    held, numbering, body = _front_matter(clean, notes)
    definitions = {match[1].lower(): match[2] for match in _DEFINITION.finditer(body)}
    parts = _read_parts(_DEFINITION.sub("", _without_markup(body, notes)), notes)
    written, parts = _without_title(parts, held.title or marked.meta.title)
    meta = given.over(Meta(written)).over(held).over(marked.meta)
    _check_title(meta.title, written, held.title, notes)
    if not meta.title:
        meta = Meta(fallback).over(meta)
        notes.add("unsure.title", None, f"the text has no title; the file's name gives {quoted(fallback)}")
    if not any(part.level for part in parts):
        notes.add("unsure.heading", None, "no heading was found, so the policy has no sections")
    parts = _levelled(parts, notes, shift_is_news=not restructure)
    if restructure and not numbering:
        parts, numbering = _without_numbers(parts, notes)
    parts = _with_links(_with_ids(parts, notes, every=restructure), definitions, notes)
    if not any(part.body.strip() or part.level for part in parts):
        raise SourceError(Problem("import.empty", Where(path), "there is no text in it", "is this the right file?"))
    result = front_matter(meta, numbering or "none") + "\n" + "\n".join(map(_source, parts)).strip("\n") + "\n"
    result = re.sub(r"\n{3,}", "\n\n", result) if restructure and "```" not in result else result
    documents.parse(result, path)
    return result.replace("\n", "\r\n") if "\r\n" in marked.text and not restructure else result, notes.found


def front_matter(meta: Meta, numbering: str = "decimal") -> str:
    """The front matter of a policy; the description is folded, so that any text can stand in it."""
    scalars = {"title": meta.title} | ({"language": meta.language} if meta.language else {})
    lines = yaml.safe_dump(scalars, allow_unicode=True, sort_keys=False, width=10**9)
    lines += f"description: >-\n  {' '.join(meta.description.split())}\n" if meta.description else ""
    lines += f"numbering: {numbering}\n" if numbering != "decimal" else ""
    return f"---\n{lines}---\n"


def _front_matter(text: str, notes: Notes) -> tuple[Meta, str, str]:
    """What the front matter says, its numbering, and the text with blank lines in its place."""
    match = _FRONT.match(text)
    held = _mapping(match[1]) if match else None
    if not match or not held:  # or a rule at the top of the text
        return Meta(), "", text
    known = {key: str(held[key]).strip() for key in ("title", "language", "description") if held.get(key)}
    if dropped := [str(key) for key in held if key not in (*known, "numbering")]:
        notes.add("mended.front-matter", 0, f"keys that a policy does not have are left out: {', '.join(dropped)}")
    numbering = str(held.get("numbering", ""))
    numbering = numbering if numbering in ("decimal", "letters", "none") else ""
    return Meta(**known), numbering, "\n" * match[0].count("\n") + text[match.end() :]


def _mapping(source: str) -> dict[str, object]:
    """Front matter as keys and values; of what is not quite YAML, the keys that stand in a line of their own."""
    try:
        held = yaml.safe_load(source)
    except (yaml.YAMLError, ValueError):
        held = {key: said.strip(" \"'") for key, said in re.findall(r"^(\w+):[ \t]*(.+)$", source, re.MULTILINE)}
    return held if isinstance(held, dict) else {}


def _without_markup(body: str, notes: Notes) -> str:
    """The text without raw HTML and attribute lists, which a page would show as words. Code is left alone."""
    removed: Counter[str] = Counter()

    def plain(match: re.Match[str]) -> str:
        kind = next(name for name in ("code", "comment", "anchor", "href", "br", "tag", "list") if match[name])
        if kind == "comment":
            at = body.count("\n", 0, match.start())
            notes.add("stripped.comment", at, f"a comment that no reader saw: {quoted(match[0][4:].rstrip('->'))}")
            return "\n" * match[0].count("\n")
        of_heading = kind == "list" and body.startswith("#", body.rfind("\n", 0, match.start()) + 1)
        if kind in ("code", "anchor") or of_heading:  # what links lead to is needed until ids are known
            return match[0]
        removed["attribute list" if kind == "list" else "HTML tag"] += 1
        if kind == "href":
            return f"[{match['said']}]({match['to']})"
        return " " if kind == "br" else ""

    text = _RAW.sub(plain, body)
    for what, number in removed.items():
        notes.add("mended.markup", None, f"{number} × {what} taken out, which a page would show as words")
    return text


def _read_parts(body: str, notes: Notes) -> list[_Part]:
    """The text cut at its headings, however they are marked; levels are those that were written."""
    lines, parts, start, fence = body.split("\n"), [_Part(0, "", 0)], 0, ""
    for index, line in enumerate(lines):
        before, fence = fence, _fence_after(line, fence)
        below = lines[index + 1] if index + 1 < len(lines) else ""
        above = lines[index - 1] if index else ""
        level, said, length = (0, "", 0) if before or fence else _heading(above, line, below)
        if level:
            parts[-1] = replace(parts[-1], body="\n".join(lines[start:index]))
            start = index + length
            parts.append(_attributed(_Part(level, said, index)))
            if not line.startswith("#" * level + " "):
                notes.add("mended.heading", index, f"{quoted(said)} is marked as a heading with {'#' * level} now")
    if fence:
        lines.append(fence)
        notes.add("mended.code", None, f"the code that starts with {fence} never ended; it ends with the text now")
    parts[-1] = replace(parts[-1], body="\n".join(lines[start:]))
    if empty := [part for part in parts[1:] if not _ANCHOR.sub("", part.text)]:
        notes.add("mended.heading", empty[0].index, f"{len(empty)} headings without words are taken out")
    return _without_empty(parts)


def _fence_after(line: str, fence: str) -> str:
    match = _FENCE.match(line)
    return fence if not match else match[1] if not fence else "" if match[1].startswith(fence) else fence


def _heading(above: str, line: str, below: str) -> tuple[int, str, int]:
    """Level, words and number of lines of the heading that starts here; level 0 if none does."""
    if match := _ATX.match(line):
        return len(match[1]), (match[2] or match[3] or match[4] or "").strip(), 1
    underline = _UNDERLINE.match(below)
    if underline and (not above.strip() or _ATX.match(above)) and not _NO_HEADING.match(line):
        return 1 if underline[1][0] == "=" else 2, line.strip(), 2
    return 0, "", 0


def _attributed(part: _Part) -> _Part:
    """The heading without its attributes; those that are none of ours but words stay words."""
    anchors = "".join(match[0] for match in _ANCHOR.finditer(part.text))
    part = replace(part, text=_ANCHOR.sub("", part.text).strip() + anchors)
    match = _ATTRIBUTES.search(part.text)
    if not match:
        return part
    words = match[2].split()
    known = [word for word in words if re.fullmatch(r"#\S+|\.material|numbering=(?:decimal|letters|none)", word)]
    if not match[1] and len(known) < len(words):
        return part
    ids = [word[1:] for word in known if word[0] == "#"]
    kept = tuple(word for word in known if word[0] != "#")
    return replace(part, text=part.text[: match.start()].rstrip(), id=ids[-1] if ids else "", attributes=kept)


def _without_empty(parts: list[_Part]) -> list[_Part]:
    kept = parts[:1]
    for part in parts[1:]:
        if _ANCHOR.sub("", part.text):
            kept.append(part)
        else:
            kept[-1] = replace(kept[-1], body=f"{kept[-1].body}\n{part.text}{part.body}")
    return kept


def plain(text: str) -> str:
    """The words of a heading, without marks, links and anchors."""
    text = _ANCHOR.sub("", re.sub(r"!?\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])", r"\1", text))
    return re.sub(r"\\([^\w\s])|[*`]|(?<!\w)_|_(?!\w)", r"\1", text).strip()


def _without_title(parts: list[_Part], known: str) -> tuple[str, list[_Part]]:
    """The title, if the first heading is it, and the parts below it."""
    if len(parts) < 2 or not _is_title(parts, known):
        return "", parts
    first = parts[1]
    before = replace(parts[0], body=f"{parts[0].body.rstrip()}\n{first.body}" if parts[0].body.strip() else first.body)
    return plain(first.text), [before, *parts[2:]]


def _is_title(parts: list[_Part], known: str) -> bool:
    """Whether the first heading stands above all others; one of several of its level is only if that shows."""
    first, *others = (part for part in parts if part.level)
    peers = [part for part in others if part.level <= first.level]
    if not peers:
        return first.level == 1 or (bool(others) and not known and not parts[0].body.strip())
    numbered = not _LABEL.match(first.text) and bool(_LABEL.match(peers[0].text))
    return first.level == 1 and (plain(first.text).casefold() == known.casefold() or (not known and numbered))


def _check_title(title: str, written: str, held: str, notes: Notes) -> None:
    for other, where in ((written, "above the text"), (held, "in the front matter")):
        if other and title and other.casefold() != title.casefold():
            notes.add("mended.title", 0, f"the title {where} was {quoted(other)}; it is {quoted(title)} now")


def _levelled(parts: list[_Part], notes: Notes, *, shift_is_news: bool) -> list[_Part]:
    """Sections start with ##, and none is more than one level below the one before."""
    done, open_levels, changed, shifts = [], list[int](), [], set[int]()
    for part in parts:
        if part.level:
            while open_levels and open_levels[-1] >= part.level:
                open_levels.pop()
            open_levels.append(part.level)
        level = min(len(open_levels) + 1, 6) if part.level else 0
        changed += [part] if level != part.level else []
        shifts |= {level - part.level} if part.level else set()
        done.append(replace(part, level=level))
    if changed and (shift_is_news or len(shifts) > 1):
        message = f"{len(changed)} headings have another level now, so that sections start with ## and skip none"
        notes.add("mended.level", changed[0].index, message)
    return done


def _without_numbers(parts: list[_Part], notes: Notes) -> tuple[list[_Part], str]:
    """Headings without the numbers that come out the same when computed, and how the top level is numbered."""
    done, top, stripped = list(parts), "none", 0
    numbers: dict[int | None, tuple[int, ...]] = {None: ()}  # place of each section among its siblings, by index
    for parent, group in _siblings(parts):
        labels = [match and (match[2] or match[3]) for i in group if (match := _LABEL.match(parts[i].text)) or True]
        numbers |= {i: (*numbers[parent], place) for place, i in enumerate(group, 1)}
        style = _style(labels, [numbers[i] for i in group]) if parent is None or top != "none" else "none"
        if parent is None:
            top = style
        elif style != "decimal":
            attributes = (*done[parent].attributes, f"numbering={style}") if top != "none" else done[parent].attributes
            done[parent] = replace(done[parent], attributes=attributes)
        if style != "none":
            stripped += len(group)
            for i in group:
                done[i] = replace(done[i], text=_LABEL.sub(r"\1", done[i].text))
        elif odd := _odd(labels):
            message = f"the number of {quoted(parts[group[odd]].text)} does not continue those before it"
            notes.add("unsure.number", parts[group[odd]].index, f"{message}: here numbers stay as they are written")
    if stripped:
        notes.add("stripped.numbers", None, f"the numbers of {stripped} headings: they are computed now")
    return done, top


def _siblings(parts: list[_Part]) -> list[tuple[int | None, list[int]]]:
    """Sections of one level below one parent, parents first."""
    groups: dict[int | None, list[int]] = {}
    path: list[int] = []
    for i, part in enumerate(parts):
        if part.level:
            del path[part.level - 2 :]
            groups.setdefault(path[-1] if path else None, []).append(i)
            path.append(i)
    return sorted(groups.items(), key=lambda pair: -1 if pair[0] is None else pair[0])


def _style(labels: list[str | None], numbers: list[tuple[int, ...]]) -> str:
    if labels == [".".join(map(str, number)) for number in numbers]:
        return "decimal"
    return "letters" if labels == [chr(96 + number[-1]) for number in numbers] else "none"


def _odd(labels: list[str | None]) -> int | None:
    """The first of numbered siblings that has no number, or not the one after that of the one before."""
    values = [int(label.rpartition(".")[2]) if label and label[-1].isdigit() else label for label in labels]
    after = [i for i, (a, b) in enumerate(pairwise(values), 1) if not (isinstance(a, int) and b == a + 1)]
    return next((i for i in after if any(labels)), 0 if any(labels) and len(labels) == 1 else None)


def _with_ids(parts: list[_Part], notes: Notes, *, every: bool) -> list[_Part]:
    """Ids that are there but once; `every` heading gets one, else those whose own words would not do."""
    done, seen = [], set[str]()
    for part in parts:
        anchor = _ANCHOR.search(part.text)
        words = plain(part.text)
        own = part.id or (anchor[1] if anchor and not every else "")
        wanted = own or documents.slug(words)
        free = next(i for n in count(1) if (i := wanted if n == 1 else f"{wanted}-{n}") not in seen)
        if part.level:
            seen.add(free)
            needed = every or own or free != documents.slug(part.text) or part.text.endswith("}")
            if own and free != wanted:
                notes.add("mended.id", part.index, f"the id {wanted!r} is taken; this section has {free!r}")
            part = replace(part, id=free if needed else "")
        done.append(part)
    return done


def _with_links(parts: list[_Part], definitions: dict[str, str], notes: Notes) -> list[_Part]:
    """Links lead somewhere that a policy may name, and are read without their definitions; anchors are gone."""
    ids = {part.id or documents.slug(part.text) for part in parts if part.level}
    anchors = {match[1]: _id(part) for part in parts for match in _ANCHOR.finditer(f"{part.text}\n{part.body}")}
    lost: Counter[str] = Counter()

    def target(to: str) -> str:
        """Where a link may lead instead; '' if nowhere."""
        if to.startswith("#"):
            near = [i for i in (to[1:], anchors.get(to[1:], ""), documents.slug(to[1:])) if i in ids]
            return f"#{near[0]}" if near else ""
        if "{{" in to or "{%" in to:  # another program would have put an address here
            return ""
        if to.startswith("//"):
            return f"https:{to}"
        return to if SAFE_LINK.match(to) else "" if re.match(r"[a-zA-Z][\w+.-]*:", to) or not to else f"./{to}"

    def mended(match: re.Match[str]) -> str:
        if match["code"]:
            return match[0]
        if match["variable"]:  # would be taken for a value of site.yaml
            return "{\\{"
        if match["reference"]:
            to = definitions.get((match["key"] or match["name"]).lower(), "")
            return f"[{match['name']}]({target(to)})" if to else match[0]
        to, said = match["to"], _LINK.sub(mended, match["text"])
        if match["image"]:
            if OWN_FILE.match(to) and to.startswith("/"):
                return match[0]
            lost[f"image {to}"] += 1
            return f"[{said}]({to})" if re.match("https?:", to) and said else said
        if not target(to):
            lost[f"link to {to}"] += 1
            return said
        return match[0] if target(to) == to else f"[{said}]({target(to)}{match['title']})"

    def bare(text: str) -> str:
        return _LINK.sub(mended, _ANCHOR.sub("", _ANCHOR_LINE.sub(r"\1", text)))

    done = [replace(part, text=bare(part.text).strip(), body=bare(part.body)) for part in parts]
    for what, number in lost.items():
        notes.add("stripped.target", None, f"{what}{f' ({number} ×)' if number > 1 else ''}: only its words are kept")
    return done


def _id(part: _Part) -> str:
    return part.id or documents.slug(part.text)


def _source(part: _Part) -> str:
    """The part as Markdown."""
    attributes = [f"#{part.id}"] * bool(part.id) + list(part.attributes)
    heading = f"{'#' * part.level} {part.text}" + (f" {{{' '.join(attributes)}}}" if attributes else "")
    return f"{heading}\n{part.body}" if part.level else part.body
