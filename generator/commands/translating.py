"""translations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from generator import build, output, sources, translations, words
from generator.commands.console import coloured, exit_if, print_long, today
from generator.library import DRAFT, Policy, source_path
from generator.redline import reports, terminal
from generator.redline.reports import Side
from generator.translations import Translation


@click.command("translations")
@click.argument("what", nargs=-1, metavar="[POLICY [LANGUAGE [SECTION]...]]")
@click.option("--done", is_flag=True, help="Note that these sections, or all there are, translate today's text.")
@click.option("--of", "version", help="With --done: that they translate this version.", metavar="VERSION")
@click.option("--json", "as_json", is_flag=True, help="Print states and redlines as JSON.")
@click.pass_obj
def translations_command(root: Path, what: tuple[str, ...], done: bool, version: str | None, as_json: bool) -> None:
    """Show which sections of a translation are behind, and what changed since they were translated.

    Without LANGUAGE every translation is listed. Exits with 1 if anything is left to do.
    """
    if (done and len(what) < 2) or (version and not done):
        raise click.UsageError("--done goes with POLICY LANGUAGE, and --of VERSION with --done")
    held = sources.read(root)
    library, english = build.load(held, today=today()), words.load(held.templates, "en").texts
    policies = [library.policy(what[0])] if what else library.policies
    found = [
        (policy, translation)
        for policy in policies
        for language, translation in policy.draft.translations.items()
        if language in what[1:2] or len(what) < 2
    ]
    if len(what) > 1:
        _check(policies[0].draft.translations, what[1:2], f"{what[0]} has no translation")
        _check(found[0][1].states, what[2:], f"{what[0]} has no section")
    if done:
        _note(root, *found[0], what[2:], version or DRAFT)
        return
    if as_json:
        told = [_as_object(policy, translation, what[2:], english) for policy, translation in found]
        click.echo(json.dumps({"translations": told}, ensure_ascii=False))
    else:
        lines = (line for pair in found for line in _lines(*pair, what[2:], english, redline=len(what) > 1))
        print_long(
            "\n".join(lines) or "there is no translation: content/<policy>/policy.<language>.md", coloured("auto")
        )
    exit_if(any(translation.to_do for _, translation in found))


def _check(known: Iterable[str], names: Iterable[str], message: str) -> None:
    for name in names:
        if name not in known:
            raise click.UsageError(f"{message} {name!r}; it has {', '.join(known) or 'none'}")


def _lines(
    policy: Policy, translation: Translation, chosen: tuple[str, ...], english: Mapping[str, str], *, redline: bool
) -> Iterator[str]:
    draft, count = policy.draft.document, len(translation.states)
    yield f"{policy.id} {translation.language}: {count - len(translation.to_do)} of {count} sections up to date"
    yield from (f"  {problem}" for problem in translations.problems(policy.id, draft, translation))
    if redline and (wanted := chosen or translation.to_do):
        yield ""
        yield from terminal.lines(translations.redline(draft, translation, wanted), english, colour=coloured("auto"))


def _as_object(
    policy: Policy, translation: Translation, chosen: tuple[str, ...], english: Mapping[str, str]
) -> dict[str, Any]:
    draft = policy.draft.document
    redline = translations.redline(draft, translation, chosen or translation.to_do)
    return {
        "policy": policy.id,
        "language": translation.language,
        "path": translation.document.path,
        "authoritative": draft.meta.language,
        "sections": translation.states,
        "redline": reports.as_object(redline, Side("translated", redline.old), Side(DRAFT, redline.new), english, 0),
    }


def _note(root: Path, policy: Policy, translation: Translation, chosen: tuple[str, ...], version: str) -> None:
    text = policy.get(version)
    if text is None:
        _check([known.label for known in (*policy.releases, policy.draft)], [version], f"{policy.id} has no version")
        return
    there = [
        section_id for section_id in translations.sections(translation.document) if section_id in chosen or not chosen
    ]
    _check(there, chosen, f"{translation.document.path} has no section")
    noted = translations.marked(policy.draft.document, translation, there, text.document)
    path = source_path(policy.id, translation.language)
    output.put(root / path, noted.encode(), durable=True)
    click.echo(f"{path}: {len(there)} sections noted as translated from {version}; commit it with the translation")
