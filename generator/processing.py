"""Entries for a controller's record of processing activities (GDPR Art 30(1)), as far as the declaration knows them:
keeping proof of choices, and each purpose that asks for consent. What only the company knows stands in [brackets].
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from generator.config import Site
from generator.consent import Declaration, cell

_PROOF_DATA = (
    "answers by purpose and service; time of the choice and until when it holds; how it was made; version, language and"
    " layout of the notice shown and version of the policy, by hash; whether Global Privacy Control was sent; after a"
    " consent, the hash of a random secret that stays in the browser. No address, no device, no page"
)
_PROOF_SECURITY = (
    "records bound by hash to the texts shown, in an append-only Merkle log; the newest checkpoint kept outside the"
    " database; erasure by the visitor's own secret; [encryption of disks and backups, who has access]"
)


def entries(site: Site, declaration: Declaration, notice: dict[str, Any]) -> str:
    """Markdown, one heading and one table for each activity; `notice` is the content that visitors are shown."""
    return "\n".join(_entry(site, declaration, title, facts) for title, facts in _activities(declaration, notice))


def _activities(declaration: Declaration, notice: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each activity with Art 30(1)(b) purposes, (c) personal data, (d) recipients, (f) time limits, (g) security."""
    language, controller, proof = notice["language"], notice["controller"]["name"], declaration.proof
    kept = ", because ".join(text.within((language,), language)[language] for text in (proof.retention, proof.reason))
    why = (
        "to show that consent was given (Art 7(1); legal basis Art 6(1)(c)), and that a refusal was respected"
        " (legitimate interest, Art 6(1)(f))"
    )
    receiver = "[who runs the receiver, if not you]"
    yield "Proof of cookie choices", (why, _PROOF_DATA, receiver, kept, _PROOF_SECURITY)
    for purpose in notice["purposes"]:
        if purpose["basis"] == "consent":
            stored = [item for service in purpose["services"] for item in service["storage"]]
            names = ", ".join(f"`{item['name']}`" for item in stored)
            yield (
                purpose["label"][language],
                (
                    f"{purpose['description'][language]} Legal basis: consent (Art 6(1)(a))",
                    f"{f'contents of {names}; ' if stored else ''}[what else is collected]",
                    ", ".join(sorted({s["provider"] for s in purpose["services"]} - {controller}))
                    or "[none but the controller?]",
                    "; ".join(f"`{item['name']}`: {item['lifetime'][language]}" for item in stored) or "[until when]",
                    "nothing runs or is stored before consent, and withdrawal erases it; [what else]",
                ),
            )


def _entry(site: Site, declaration: Declaration, title: str, facts: tuple[str, ...]) -> str:
    purposes, data, recipients, limits, security = facts
    who = site.company
    rows = (
        ("(a) Controller", f"{who.name}, {who.address}, {who.email}; [representative and data protection officer]"),
        ("(b) Purposes", purposes),
        ("(c) Data subjects", f"visitors of {', '.join((site.url, *declaration.origins))}"),
        ("(c) Personal data", data),
        ("(d) Recipients", recipients),
        ("(e) Third countries", "[where they and their servers are, and the safeguard]"),
        ("(f) Time limits", limits),
        ("(g) Security", security),
    )
    table = "\n".join(f"| {name} | {cell(fact)} |" for name, fact in rows)
    return f"## {title}\n\n| GDPR Art 30(1) | |\n|---|---|\n{table}\n"
