"""site.yaml, typed: everything the site says about itself. After loading, nothing edits it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from generator import typedyaml
from generator.consent import Declaration, is_origin
from generator.publishing.targets import Target

PATH = "site.yaml"
RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_RESERVED = frozenset({"notice", "cookies", "demo", "static", "notices", "choices"})  # addresses of the site itself
_ADDRESS = re.compile(r"https?://|mailto:|tel:|/(?!/)|#", re.IGNORECASE)  # what a page may lead to (X22)
_POLICY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the site's navigation."""

    label: str
    href: str

    def __post_init__(self) -> None:
        if not _ADDRESS.match(self.href):
            raise ValueError(f"'href' wants an https address or a path, and holds {self.href!r}")


@dataclass(frozen=True, slots=True)
class Company:
    """Who the policies speak for: the controller of GDPR Art 13(1)(a)."""

    name: str
    address: str
    email: str
    website: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("'name' is empty: a policy must say who it speaks for (GDPR Art 13(1)(a))")
        if self.website and not re.match(r"https?://", self.website):
            raise ValueError(f"'website' wants an https address, and holds {self.website!r}")


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
    publish: Mapping[str, Target] = field(default_factory=dict)  # where `policy publish` sends the site, by name
    demo: bool = False  # whether /demo/, the developers' page that shows gating, is part of the site

    def __post_init__(self) -> None:
        if not is_origin(self.url.removesuffix("/")):
            raise ValueError(f"'url' wants scheme and host like https://www.example.com, and holds {self.url!r}")
        if self.advance_notice_days < 0:
            raise ValueError(f"'advance_notice_days' is below zero: {self.advance_notice_days}")
        self._check_policies()
        self._check_consent()

    def _check_policies(self) -> None:
        if not self.policies:
            raise ValueError("'policies' names no policy")
        for policy, count in Counter(self.policies).items():
            check_policy_name(policy, "'policies': ")
            if count > 1:
                raise ValueError(f"'policies' names {policy!r} twice")

    def _check_consent(self) -> None:
        consent = self.consent
        if consent and consent.policy not in self.policies:
            raise ValueError(f"'consent' names the policy {consent.policy!r}, which 'policies' does not list")
        if consent and consent.languages and self.language not in consent.languages:
            raise ValueError(f"'languages' of 'consent' wants the site's own language {self.language!r} too")

    def absolute(self, path: str) -> str:
        """The full address of a path that starts with /."""
        return self.url.rstrip("/") + path


def check_policy_name(name: str, key: str = "") -> None:
    """ValueError where a policy's folder and address cannot be called so."""
    if not _POLICY.fullmatch(name):
        raise ValueError(f"{key}a policy's name wants small letters, digits and hyphens, and is {name!r}")
    if name in _RESERVED:
        raise ValueError(f"{key}a policy cannot be called {name!r}: the site uses that address itself")


def load(text: str, path: str = PATH) -> Site:
    """Read site.yaml; SourceError with every problem and its line."""
    return typedyaml.load(text, Site, path)


def direction(language: str) -> str:
    """'rtl' or 'ltr' for a BCP 47 language tag (A11)."""
    return "rtl" if language.split("-")[0].lower() in RIGHT_TO_LEFT else "ltr"
