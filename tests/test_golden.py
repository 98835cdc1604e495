"""The small site in tests/sites comes out as in tests/golden, byte for byte.

If a difference is meant: python -m tests.golden_update, and read the diff as a reader of the site would.
"""

from __future__ import annotations

import pytest

from tests.golden_update import GOLDEN, golden_files
from tests.trees import built, on_disk

MADE = golden_files()
KEPT = {path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*") if path.is_file()}


def test_the_site_has_the_files_it_had() -> None:
    assert MADE.keys() == KEPT


@pytest.mark.parametrize("path", sorted(KEPT & MADE.keys()))
def test_a_built_file_is_what_it_was(path: str) -> None:
    assert MADE[path] == (GOLDEN / path).read_bytes().decode()


def test_the_golden_site_has_an_upcoming_release_a_draft_and_a_policy_not_yet_released() -> None:
    library = built(on_disk("small"), drafts=True).library
    privacy, terms = library.policies
    assert [text.label for text in privacy.releases] == ["1.0", "1.1", "2.0"]
    assert (privacy.in_force(library.today), privacy.upcoming(library.today)) == (
        privacy.releases[1],
        privacy.releases[2],
    )
    assert privacy.draft_is_new
    assert terms.releases == ()
