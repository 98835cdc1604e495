"""Both layers look as they did when somebody looked at them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser

from .pictures import FOLDER, FONT, SHARE, SHOTS, Shot, difference, furnish_for_pictures, take
from .serving import Site


@pytest.mark.parametrize("shot", SHOTS, ids=[each.path.stem for each in SHOTS])
def test_a_layer_looks_as_it_did(chromium: Browser, site: Site, shot: Shot, tmp_path: Path) -> None:
    if not FONT.is_file():
        pytest.fail(f"the pictures are set in DejaVu Sans, and {FONT} is missing: run scripts/system")
    furnish_for_pictures(site)
    taken = take(chromium, site, shot)
    taken.save(tmp_path / shot.path.name)
    share = difference(Image.open(shot.path).convert("RGB"), taken)
    assert share <= SHARE, f"{share:.2%} is another in {tmp_path / shot.path.name}; see tests/browser/pictures.py"


def test_no_picture_is_heavy_and_none_is_left_over() -> None:
    found = {path: path.stat().st_size for path in FOLDER.iterdir()}
    assert found.keys() == {shot.path for shot in SHOTS}
    assert max(found.values()) < 25_000


@pytest.mark.parametrize("shot", SHOTS[:2], ids=["360", "1280"])
def test_the_comparison_sees_a_word_more_and_not_the_edges_of_letters(shot: Shot) -> None:
    picture = Image.open(shot.path).convert("RGB")
    softer = picture.resize((picture.width * 2, picture.height * 2)).resize(picture.size)
    assert difference(picture, softer) <= SHARE
    changed = picture.copy()
    ImageDraw.Draw(changed).rectangle((10, 10, 10 + picture.width // 8, 28), fill="#24427a")
    assert difference(picture, changed) > SHARE
