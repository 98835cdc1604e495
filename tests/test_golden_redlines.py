"""Small pairs, and the redline of each that a careful editor would draw.

After a change that is meant: python -m tests.golden_redlines_update, and read the diff as that editor would.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden_redlines_update import FOLDER, draw, parts

PAIRS = sorted(FOLDER.glob("*.txt"))


def test_there_are_pairs() -> None:
    assert len(PAIRS) >= 40


@pytest.mark.parametrize("path", PAIRS, ids=[path.stem for path in PAIRS])
def test_the_redline_is_the_one_that_a_careful_editor_would_draw(path: Path) -> None:
    why, old, new, drawn = parts(path)
    assert draw(old, new) == drawn, why
