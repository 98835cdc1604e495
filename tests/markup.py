"""What a built page holds, read by html.parser: tags, links, ids, and the text of an element."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input"}


@dataclass(frozen=True)
class Tag:
    """An opening tag and its attributes."""

    name: str
    attributes: dict[str, str]


@dataclass
class Html(HTMLParser):
    """A parsed page. `texts` are the pieces of text with the tags that were open around them."""

    tags: list[Tag] = field(default_factory=list)
    texts: list[tuple[tuple[Tag, ...], str]] = field(default_factory=list)
    _open: list[Tag] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Tag(tag, {name: value or "" for name, value in attrs})
        self.tags.append(made)
        if tag not in VOID:
            self._open.append(made)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            opened = self._open.pop()
            assert opened.name == tag, f"<{opened.name}> is closed by </{tag}>"

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(self._open), data))

    def named(self, name: str) -> list[Tag]:
        return [tag for tag in self.tags if tag.name == name]

    def values(self, attribute: str) -> list[str]:
        return [tag.attributes[attribute] for tag in self.tags if attribute in tag.attributes]

    def text(self, name: str, css_class: str = "") -> str:
        """The text inside every element of that name and class."""
        return "".join(
            text
            for around, text in self.texts
            if any(tag.name == name and css_class in [*tag.attributes.get("class", "").split(), ""] for tag in around)
        )


def read(content: bytes) -> Html:
    page = Html()
    page.feed(content.decode())
    page.close()
    assert not page._open, f"never closed: {page._open}"
    return page
