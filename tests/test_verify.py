"""A copy of a site tells by itself whether anything in it was changed."""

from __future__ import annotations

import json
from datetime import date

import pytest

from generator import history, verify
from generator.verify import Verified
from tests.trees import TERMS, Frozen, built, on_disk, policy_files, with_banner, withdrawn

TEXTS = policy_files("terms", [Frozen(TERMS), Frozen(TERMS.replace("10", "12"), date(2026, 2, 1), "material")])
SITE = dict(built(with_banner(content=withdrawn(TEXTS, "2.0", date(2026, 3, 1)))).files)


def verified(files: dict[str, bytes]) -> Verified:
    return verify.site(files.get, files)


def told(files: dict[str, bytes]) -> set[str]:
    return {f"{problem.where}: {problem.code}" for problem in verified(files).problems}


def with_manifest(files: dict[str, bytes]) -> dict[str, bytes]:
    """What somebody leaves behind who changes files and the manifest with them."""
    manifest = json.loads(files["manifest.json"])
    manifest["files"] = {path: history.digest(files[path]) for path in manifest["files"] if path in files}
    return {**files, "manifest.json": json.dumps(manifest).encode()}


def test_a_site_as_it_was_built_holds() -> None:
    done = verified(SITE)
    assert done.problems == ()
    assert done.files == len(SITE) - 1
    assert {name: len(register.releases) for name, register in done.registers.items()} == {"terms": 2, "notice": 1}


def test_a_site_of_which_nobody_can_list_the_files_can_be_verified() -> None:
    assert verify.site(SITE.get).problems == ()


@pytest.mark.parametrize("path", sorted(SITE.keys() - {"manifest.json"}))
def test_every_file_that_is_changed_or_missing_is_named(path: str) -> None:
    assert f"{path}: file.changed" in told({**SITE, path: SITE[path] + b"\n"})
    assert f"{path}: file.missing" in told({name: SITE[name] for name in SITE if name != path})


def test_a_file_that_the_manifest_does_not_name_is_a_warning() -> None:
    (problem,) = verified({**SITE, "terms/9.9/index.html": b""}).problems
    assert (problem.code, problem.where.path, problem.severity) == ("file.extra", "terms/9.9/index.html", "warning")


NOTICE = next(path for path in SITE if path.startswith("notices/") and path.endswith(".json"))


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("terms/1.0.md", b"10 euros", b"11 euros", "terms/1.0.md: release.changed"),
        (NOTICE, b"Counts visits.", b"Counts you.", f"{NOTICE}: release.changed"),
        (
            "terms/releases.yaml",
            b"effective: 2026-02-01",
            b"effective: 2026-02-02",
            "terms/releases.yaml: register.row",
        ),
        ("terms/releases.yaml", b"Not approved.", b"Approved.", "terms/releases.yaml: register.row"),
        ("notices/releases.yaml", b"kind: material", b"kind: editorial", "notices/releases.yaml: register.row"),
    ],
)
def test_a_history_that_is_changed_with_its_manifest_is_still_noticed(
    path: str, old: bytes, new: bytes, expected: str
) -> None:
    assert old in SITE[path]
    assert told(with_manifest({**SITE, path: SITE[path].replace(old, new)})) == {expected}


def test_a_translation_is_held_against_its_register_too() -> None:
    made = dict(built(on_disk("translated")).files)
    assert verified(made).problems == ()
    path = "privacy/1.2/ar.md"
    assert told(with_manifest({**made, path: made[path] + b"\n"})) == {f"{path}: release.changed"}


def test_a_register_that_lost_its_last_row_is_noticed() -> None:
    register = history.load(SITE["terms/releases.yaml"].decode(), "r")
    shorter = history.Register("r", register.rows[:-1]).text.encode()
    assert told(with_manifest({**SITE, "terms/releases.yaml": shorter})) == {"terms/releases.yaml: register.rows"}


def test_a_text_that_is_gone_from_site_and_manifest_is_noticed() -> None:
    files = with_manifest({name: SITE[name] for name in SITE if name != "terms/2.0.md"})
    assert told(files) == {"terms/2.0.md: release.missing"}


@pytest.mark.parametrize(
    "manifest", [None, b"", b"[]", b"{", b'{"files": {}}', b'{"files": 1, "registers": {}}', b"\xff"]
)
def test_what_has_no_manifest_of_ours_cannot_be_verified(manifest: bytes | None) -> None:
    files = {**SITE, "manifest.json": manifest} if manifest is not None else {}
    assert told(files) == {"manifest.json: manifest.missing"}
