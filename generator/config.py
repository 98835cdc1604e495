"""site.yaml, typed: everything the site says about itself. After loading, nothing edits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from generator import typedyaml
from generator.consent import Declaration

PATH = "site.yaml"
RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_RESERVED = frozenset({"notice", "cookies", "demo", "static", "notices", "choices"})  # addresses of the site itself


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the site's navigation."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Company:
    """Who the policies speak for: the controller of GDPR Art 13(1)(a)."""

    name: str
    address: str
    email: str
    website: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """The whole of site.yaml."""

    title: str
    url: str  # scheme and host that the site is published at; every address is below it
    company: Company
    policies: tuple[str, ...]  # folders of content/, in the order in which they are listed
    language: str = "en"
    navigation: tuple[Link, ...] = ()
    advance_notice_days: int = 30  # how long before it takes effect a material release is announced (V04)
    variables: Mapping[str, str] = field(default_factory=dict)  # {{ name }} in a working text
    consent: Declaration | None = None
    demo: bool = False  # whether /demo/, the developers' page that shows gating, is part of the site

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("https", "http") or not parts.netloc or parts.path.strip("/") or parts.query:
            raise ValueError(f"'url' wants scheme and host like https://www.example.com, and holds {self.url!r}")
        if not self.policies:
            raise ValueError("'policies' names no policy")
        taken = sorted(_RESERVED.intersection(self.policies))
        if taken:
            raise ValueError(f"a policy cannot be called {taken[0]!r}: the site uses that address itself")
        if self.consent and self.consent.policy not in self.policies:
            raise ValueError(f"'consent' names the policy {self.consent.policy!r}, which 'policies' does not list")

    def absolute(self, path: str) -> str:
        """The full address of a path that starts with /."""
        return self.url.rstrip("/") + path


def load(text: str, path: str = PATH) -> Site:
    """Read site.yaml; SourceError with every problem and its line."""
    return typedyaml.load(text, Site, path)


def direction(language: str) -> str:
    """'rtl' or 'ltr' for a BCP 47 language tag (A11)."""
    return "rtl" if language.split("-")[0].lower() in RIGHT_TO_LEFT else "ltr"
