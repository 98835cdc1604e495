"""What the banner of the sample weighs: python -m tests.weigh, then read the diff of banner_weights.json."""

from __future__ import annotations

import json
from pathlib import Path

import brotli

from .browser.sample import banner

WEIGHTS = Path(__file__).with_name("banner_weights.json")


def brotlied() -> dict[str, int]:
    """Each English file, brotli 11."""
    assets = banner().scripts["en"].weighed()
    return {what: len(brotli.compress(asset.content, quality=11)) for what, asset in assets.items()}


def parts() -> dict[str, dict[str, int]]:
    """Each part of the English files by itself, deflated."""
    return {what: dict(asset.parts) for what, asset in banner().scripts["en"].weighed().items()}


def grown() -> list[str]:
    """The parts that weigh more than when they were last looked at."""
    before = json.loads(WEIGHTS.read_text("utf-8"))
    return [
        f"{what}, {part}: {before[what].get(part, 0)} -> {weight}"
        for what, weighed in parts().items()
        for part, weight in weighed.items()
        if weight > before[what].get(part, 0)
    ]


if __name__ == "__main__":
    WEIGHTS.write_text(json.dumps(parts(), indent=1) + "\n", "utf-8")
    print(*(f"{what}: {weight}" for what, weight in brotlied().items()), sep="\n")
