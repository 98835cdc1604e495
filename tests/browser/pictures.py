"""Pictures of both layers, to be compared with those that somebody has looked at (`pictures/`).

After a change that is meant: `python -m tests.browser.pictures` takes them anew; look at what it wrote before you
commit it. All words are set in DejaVu Sans, which scripts/system installs: letters of another font have other widths,
and every line would break elsewhere.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import reduce
from itertools import product
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageChops
from playwright.sync_api import Browser, sync_playwright

from .notice_page import NoticePage
from .pages import STYLE, furnish
from .sample import ANALYTICS, MARKETING, VIDEO, banner
from .serving import Site, serve

FOLDER = Path(__file__).with_name("pictures")
FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
SIZES = {360: 640, 1280: 720}
COLOURS = 48  # a picture stays small, and no colour of the banner is lost

# What may differ: edges of letters, which no two builds of a browser draw alike. Half the size averages them out.
SHADE = 40
SHARE = 0.004


class Shot(NamedTuple):
    """Which layer, on how wide a window, and how."""

    layer: str
    width: int
    how: str

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.layer}-{self.width}-{self.how}.png"


SHOTS = [Shot(*each) for each in product(("notice", "settings"), SIZES, ("light", "dark", "rtl"))]


def furnish_for_pictures(site: Site) -> None:
    site.put_banner(banner(ANALYTICS, MARKETING, VIDEO))
    furnish(site)
    site.put("/style.css", f':root {{ --preferences-font: "DejaVu Sans" }}\n{STYLE}', "text/css")


def take(browser: Browser, site: Site, shot: Shot) -> Image.Image:
    context = browser.new_context(
        viewport={"width": shot.width, "height": SIZES[shot.width]},
        color_scheme="dark" if shot.how == "dark" else "light",
    )
    notice = NoticePage(context.new_page()).open(site.url("/ar" if shot.how == "rtl" else "/"))
    if shot.layer == "settings":
        notice.open_settings()
    layer = notice.settings if shot.layer == "settings" else notice.notice
    taken = Image.open(io.BytesIO(layer.screenshot())).convert("RGB")
    context.close()
    return taken


def difference(one: Image.Image, other: Image.Image) -> float:
    """The share of the picture that is another: 0 to 1."""
    if one.size != other.size:
        return 1.0
    half = (one.width // 2, one.height // 2)
    shades = ImageChops.difference(*(each.resize(half, Image.Resampling.BOX) for each in (one, other)))
    strongest = reduce(ImageChops.lighter, shades.split())
    return sum(strongest.histogram()[SHADE:]) / (half[0] * half[1])


def write_all() -> Iterator[str]:
    from .conftest import launch

    site = Site()
    server = serve(site)
    furnish_for_pictures(site)
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as driver:
        browser = launch(driver)
        for shot in SHOTS:
            picture = take(browser, site, shot).quantize(COLOURS, dither=Image.Dither.NONE)
            picture.save(shot.path, optimize=True)
            yield f"{shot.path.name}: {shot.path.stat().st_size} bytes"
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    print(*write_all(), sep="\n")
