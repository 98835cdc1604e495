"""YAML into frozen dataclasses: types come from the class, lines from the text, and every problem is gathered.

Scalars are read by the type the class asks for, never guessed: a version `1.10` stays `1.10`, and a country `NO`
stays `NO`. A class may check itself in `__post_init__` (ValueError), or read its own scalar with a classmethod
`parse(text)`; either is reported at the line it came from.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin

import yaml

from generator.errors import Problem, SourceError, Where

T = TypeVar("T")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WRONG = object()  # stands for a value that could not be read; its problem is already noted


def load(text: str, cls: type[T], path: str, *, first_line: int = 1) -> T:
    """Read one YAML document as `cls`; raise SourceError with every problem found.

    `first_line` is the line of `path` on which `text` starts (front matter does not start on line 1 of its file).
    """
    reader = _Reader(path, first_line)
    node = reader.compose(text)
    value = reader.read(node, cls, "") if node is not None else _WRONG
    if reader.problems:
        raise SourceError(sorted(reader.problems, key=lambda problem: problem.where.line or 0))
    return typing.cast(T, value)


class _Reader:
    def __init__(self, path: str, first_line: int) -> None:
        self.path = path
        self.first_line = first_line
        self.problems: list[Problem] = []

    def compose(self, text: str) -> yaml.Node | None:
        try:
            node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = self.first_line + (mark.line if mark else 0)
            message = getattr(error, "problem", None) or "this is not YAML"
            self.problems.append(Problem("yaml.syntax", Where(self.path, line), message))
            return None
        if node is None:
            self.problems.append(Problem("yaml.empty", Where(self.path, self.first_line), "nothing is written here"))
        return node

    def note(self, code: str, node: yaml.Node, message: str, hint: str = "") -> object:
        where = Where(self.path, self.first_line + node.start_mark.line)
        self.problems.append(Problem(code, where, message, hint))
        return _WRONG

    def read(self, node: yaml.Node, cls: Any, key: str) -> Any:
        origin = get_origin(cls)
        if origin in (typing.Union, types.UnionType):
            inner = next(arg for arg in get_args(cls) if arg is not types.NoneType)
            return None if _is_null(node) else self.read(node, inner, key)
        if origin is tuple:
            return self._read_list(node, get_args(cls)[0], key)
        if origin is Mapping:
            return self._read_mapping(node, get_args(cls)[1], key)
        if hasattr(cls, "from_yaml"):
            return self._read_own(node, cls, key)
        if dataclasses.is_dataclass(cls) and not hasattr(cls, "parse"):
            return self._read_dataclass(node, cls, key)
        return self._read_scalar(node, cls, key)

    def _read_list(self, node: yaml.Node, item: Any, key: str) -> Any:
        if not isinstance(node, yaml.SequenceNode):
            return self._wrong(node, key, "a list")
        values = tuple(self.read(child, item, key) for child in node.value)
        return _WRONG if any(value is _WRONG for value in values) else values

    def _read_mapping(self, node: yaml.Node, item: Any, key: str) -> Any:
        if not isinstance(node, yaml.MappingNode):
            return self._wrong(node, key, "keys and values")
        values = {name: self.read(child, item, name) for name, child in self._pairs(node)}
        return _WRONG if any(value is _WRONG for value in values.values()) else values

    def _read_own(self, node: yaml.Node, cls: Any, key: str) -> Any:
        """A class that takes either one text or a text per key reads itself."""
        value = node.value if isinstance(node, yaml.ScalarNode) else self._read_mapping(node, str, key)
        try:
            return value if value is _WRONG else cls.from_yaml(value)
        except ValueError as error:
            return self.note("yaml.wrong-value", node, f"{key!r}: {error}")

    def _read_scalar(self, node: yaml.Node, cls: Any, key: str) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            return self._wrong(node, key, _SCALARS.get(cls, (None, "a single value"))[1])
        try:
            return _parse_scalar(node.value, cls)
        except ValueError as error:
            return self.note("yaml.wrong-value", node, f"{key!r}: {error}")

    def _read_dataclass(self, node: yaml.Node, cls: Any, key: str) -> Any:
        if not isinstance(node, yaml.MappingNode):
            return self._wrong(node, key, "keys and values")
        wanted = _fields(cls)
        pairs = self._pairs(node)
        values = {name: self.read(child, wanted[name][0], name) for name, child in pairs if name in wanted}
        for name_node, _ in node.value:
            if str(name_node.value) not in wanted:
                self._unknown(name_node, key, list(wanted))
        missing = [name for name, (_, required) in wanted.items() if required and name not in values]
        for name in missing:
            self.note("yaml.missing-key", node, f"{_inside(key)}the key {name!r} is missing")
        if missing or any(value is _WRONG for value in values.values()):
            return _WRONG
        try:
            return cls(**values)
        except ValueError as error:
            named = re.match(r"'(\w+)'", str(error))  # a message that begins with a key is about its line
            at = dict(self._pairs(node)).get(named[1], node) if named else node
            items = at.value if isinstance(at, yaml.SequenceNode) else []  # one of a list is quoted; of two, the second
            at = next((item for item in reversed(items) if repr(item.value) in str(error)), at)
            return self.note("yaml.wrong-value", at, f"{_inside(key)}{error}")

    def _pairs(self, node: yaml.MappingNode) -> list[tuple[str, yaml.Node]]:
        seen: dict[str, yaml.Node] = {}
        for name_node, child in node.value:
            name = str(name_node.value)
            if name in seen:
                self.note("yaml.duplicate-key", name_node, f"the key {name!r} is written twice")
            seen[name] = child
        return list(seen.items())

    def _unknown(self, node: yaml.Node, key: str, known: list[str]) -> None:
        name = str(node.value)
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
        self.note("yaml.unknown-key", node, f"{_inside(key)}there is no key {name!r}", hint)

    def _wrong(self, node: yaml.Node, key: str, wanted: str) -> object:
        found = _FOUND[type(node)]
        what = repr(key) if key else "the file"
        return self.note("yaml.wrong-type", node, f"{what} wants {wanted}, and holds {found}")


def _inside(key: str) -> str:
    return f"in {key!r} " if key else ""


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and not node.style and node.value in ("", "~", "null")


def _parse_scalar(text: str, cls: Any) -> Any:
    if get_origin(cls) is Literal:
        if text not in get_args(cls):
            raise ValueError(f"wants one of {', '.join(get_args(cls))}, and holds {text!r}")
        return text
    if hasattr(cls, "parse"):
        return cls.parse(text)
    parser, wanted = _SCALARS[cls]
    try:
        return parser(text)
    except (ValueError, KeyError):
        raise ValueError(f"wants {wanted}, and holds {text!r}") from None


_SCALARS: dict[Any, tuple[Any, str]] = {
    str: (str, "a text"),
    int: (int, "a whole number"),
    bool: ({"true": True, "false": False}.__getitem__, "true or false"),
    date: (date.fromisoformat, "a date like 2026-11-22"),
}


@cache
def _fields(cls: Any) -> dict[str, tuple[Any, bool]]:
    """Name -> (type, whether it must be written), in the order of the class."""
    hints = typing.get_type_hints(cls)
    missing = dataclasses.MISSING
    return {
        field.name: (hints[field.name], field.default is missing and field.default_factory is missing)
        for field in dataclasses.fields(cls)
    }


_FOUND = {yaml.ScalarNode: "a single value", yaml.SequenceNode: "a list", yaml.MappingNode: "keys and values"}
