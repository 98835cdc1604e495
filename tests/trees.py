"""Small sites as values: sources made in a test, released and built by the program's own code."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from generator import build, history, sources, words
from generator.build import Built
from generator.documents import Document, parse
from generator.history import Kind, Register, Release
from generator.render import Renderer
from generator.sources import Sources

ROOT = Path(__file__).parent.parent
TODAY = date(2026, 11, 25)

SITE = """\
title: Example policies
url: https://www.example.com
company:
  name: Example Ltd
  address: 1 High Street, London
  email: info@example.com
policies:
  - terms
"""
CONSENT = """\
consent:
  policy: terms
  authority: https://ico.org.uk/make-a-complaint/
  receiver: /choices
  proof:
    retention: 24 months
    reason: claims can be raised
  purposes:
    - id: necessary
      basis: necessary
      label: Necessary
      description: Remembers what you chose.
      justification: You asked for it.
    - id: analytics
      label: Usage
      description: Counts visits.
      services:
        - id: usage
          name: Statistics
          provider: Example Ltd
          storage:
            - name: usage_id
              lifetime: 12 months
              purpose: Tells browsers apart
"""
TERMS = """\
---
title: Terms
---

We write plain terms.

## Scope {#scope}

These terms apply to everybody.

## Price {#price .material}

The price is 10 euros.
"""


@dataclass(frozen=True)
class Frozen:
    """A release to be: its text and its day; it was published on that day unless told otherwise."""

    text: str
    effective: date = date(2026, 1, 1)
    kind: Kind = "editorial"
    published: date | None = None
    summary: str = "Says something else."


@cache
def shipped() -> Sources:
    """The look and the banner as they are shipped, with this repository's own site around them."""
    return sources.read(ROOT)


def make_sources(site: str = SITE, content: Mapping[str, bytes] | None = None) -> Sources:
    """A site with the shipped look; without `content`, one policy that has one release and no draft beyond it."""
    held = policy_files("terms", [Frozen(TERMS)]) if content is None else content
    return dataclasses.replace(shipped(), site=site, content=held)


def policy_files(name: str, releases: Sequence[Frozen], draft: str | None = None) -> dict[str, bytes]:
    """The folder of a policy as `policy release` would have left it; the draft is the newest text unless given."""
    files: dict[str, bytes] = {}
    register, rows = Register("releases.yaml"), ""
    for frozen in releases:
        row = _release(register, frozen)
        register, rows = register.add(row), history.with_row(rows, row)
        files[f"content/{name}/releases/{row.version}.{'json' if name == 'notice' else 'md'}"] = frozen.text.encode()
    if releases:
        files[f"content/{name}/releases.yaml"] = rows.encode()
    if name != "notice":
        files[f"content/{name}/policy.md"] = (releases[-1].text if draft is None else draft).encode()
    return files


def _release(register: Register, frozen: Frozen) -> Release:
    latest = register.latest
    kind: Kind = frozen.kind if latest else "material"
    return Release(
        version=register.next(kind),
        published=frozen.published or frozen.effective,
        effective=frozen.effective,
        kind=kind,
        summary=frozen.summary,
        sha256=history.digest(frozen.text.encode()),
        previous=register.head,
    )


def withdrawn(
    content: Mapping[str, bytes], version: str, day: date, *, name: str = "terms", reason: str = "Not approved."
) -> dict[str, bytes]:
    """The files after a release was withdrawn on a day."""
    path = f"content/{name}/releases.yaml"
    register = history.load(content[path].decode(), path)
    release = register.get(version)
    assert release is not None
    row = Release(release.version, day, day, "withdrawal", reason, release.sha256, register.head)
    return {**content, path: register.add(row).text.encode()}


def notice_files(site: str) -> dict[str, bytes]:
    """The folder of the notice that a site.yaml declares, released as 1.0."""
    with_policy = make_sources(site)
    notices = build.load(with_policy, today=TODAY, drafts=True).notices
    assert notices.draft is not None
    return policy_files("notice", [Frozen(notices.draft.content.decode())])


def with_banner(site: str = SITE + CONSENT, content: Mapping[str, bytes] | None = None) -> Sources:
    """A site whose policy and notice are both released."""
    held = policy_files("terms", [Frozen(TERMS)]) if content is None else content
    return make_sources(site, {**held, **notice_files(site)})


def built(made: Sources | None = None, *, today: date = TODAY, drafts: bool = False) -> Built:
    return build.build(make_sources() if made is None else made, today=today, drafts=drafts)


def document(body: str, *, front: str = "title: Terms\n") -> Document:
    return parse(f"---\n{front}---\n{body}", "policy.md")


def renderer() -> Renderer:
    return Renderer(words.load(shipped().templates, "en").texts)


def on_disk(name: str, *, turned: tuple[str, str] = ("", "")) -> Sources:
    """A site of tests/sites, or the same with one language `turned` into another. Its notice is released here, so that
    it always has the words of today's banner."""
    read = sources.read(ROOT / "tests/sites" / name)
    if all(turned):
        read = dataclasses.replace(read, site=re.sub(rf"\b{turned[0]}\b", turned[1], read.site))
    notices = build.load(read, today=TODAY, drafts=True).notices
    assert notices.draft is not None
    released = policy_files("notice", [Frozen(notices.draft.content.decode())])
    return dataclasses.replace(read, content={**read.content, **released})
