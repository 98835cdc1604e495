"""What a build reads, from disk into values: path relative to the site's folder -> bytes.

A site's own templates/ and static/ win over the shipped look, file by file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from generator import config, typedyaml
from generator.consent import Service, Widget
from generator.errors import Problem, SourceError, Where
from generator.files import PACKAGE, THEME, walk


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything a build depends on; `content` holds paths such as content/privacy-policy/policy.md."""

    site: str
    content: Mapping[str, bytes]
    templates: Mapping[str, str]
    static: Mapping[str, bytes]
    widget: Mapping[str, str]

    def text(self, path: str) -> str:
        """A file of content/ as text; SourceError where it is not UTF-8."""
        return decoded(path, self.content[path])

    def digests(self) -> dict[str, str]:
        """The SHA-256 of each file as it was read, by its path in the site's folder; the shipped look among them."""
        read = {
            config.PATH: self.site.encode(),
            **self.content,
            **{f"templates/{name}": text.encode() for name, text in self.templates.items()},
            **{f"static/{name}": content for name, content in self.static.items()},
        }
        return {path: hashlib.sha256(content).hexdigest() for path, content in read.items()}


def decoded(path: str, content: bytes, encoding: str = "utf-8") -> str:
    """A file as text, every line end and byte order mark kept; SourceError where it is not UTF-8."""
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        where = Where(path, content[: error.start].count(b"\n") + 1)
        problem = Problem("source.encoding", where, "this is not UTF-8 text", "save the file as UTF-8")
        raise SourceError(problem) from None


def any_text(path: str, content: bytes) -> tuple[str, str]:
    """Anybody's file as text, and its encoding: UTF-8, or UTF-16 that says so; SourceError for everything else."""
    marks = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
    encoding = marks.get(content[:2], "utf-8")
    return decoded(path, content, encoding), encoding


def read(root: Path) -> Sources:
    """Read a site's folder; SourceError if it is none."""
    site = root / config.PATH
    if not site.is_file():
        hint = "run this in a site's folder, or name one: policy -C DIR …"
        raise SourceError(Problem("source.no-site", Where(config.PATH), f"there is no site.yaml in {root}", hint))
    templates, static = look(root)
    return Sources(
        site=decoded(config.PATH, site.read_bytes()),
        content=dict(_files(root / "content", "content/")),
        templates=templates,
        static=static,
        widget={name: data.decode() for name, data in _files(PACKAGE / "widget")},
    )


def look(root: Path) -> tuple[dict[str, str], dict[str, bytes]]:
    """Templates and static files: the shipped ones, and in a site's folder its own instead."""
    templates = {name: decoded(f"templates/{name}", data) for name, data in _layers(root, "templates")}
    return templates, dict(_layers(root, "static"))


def read_widget(files: Mapping[str, str]) -> Widget:
    """The words the banner ships and its own storage, from the widget's sources."""
    texts = {
        path.removeprefix("texts/").removesuffix(".yaml"): yaml.safe_load(text)
        for path, text in files.items()
        if path.startswith("texts/")
    }
    return Widget(texts, typedyaml.load(files["own.yaml"], Service, "own.yaml"))


def watched(root: Path) -> list[Path]:
    """What a preview watches: the sources, and the shipped look where it is being worked on."""
    folders = [root / name for name in ("content", "templates", "static")]
    shipped = [THEME / "templates", THEME / "static", PACKAGE / "widget"]
    return [path for path in dict.fromkeys([root / config.PATH, *folders, *shipped]) if path.exists()]


def _layers(root: Path, folder: str) -> Iterator[tuple[str, bytes]]:
    yield from _files(THEME / folder)
    if root / folder != THEME / folder:
        yield from _files(root / folder)


def _files(folder: Path, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, hidden ones apart, in a fixed order."""
    for name, _ in walk(folder):
        yield prefix + name, (folder / name).read_bytes()
