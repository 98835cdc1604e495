"""Rewrite tests/golden/ from the site in tests/sites/small: python -m tests.golden_update, then read the diff."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.trees import ROOT, built, on_disk

GOLDEN = ROOT / "tests/golden"


def golden_files() -> dict[str, str]:
    """What is compared: the copies whole, and of each page its <main>, so that no digest of an asset is in it."""
    made = on_disk("small")
    files = built(made, drafts=True).files
    shown = {path: _shown(path, content.decode()) for path, content in files.items() if _is_compared(path)}
    notice = next(path for path in files if path.startswith("notices/"))[8:-5]
    return {path: text.replace(notice, "DIGEST-OF-THE-NOTICE") for path, text in shown.items()}


def _is_compared(path: str) -> bool:
    name = Path(path)
    return (
        name.suffix in (".html", ".txt", ".md", ".xml", ".json", ".yaml")
        and name.name != "manifest.json"
        and (name.parts[0] != "notices")
    )


def _shown(path: str, text: str) -> str:
    if not path.endswith(".html"):
        return text
    main = re.search(r"<main.*</main>", text, re.DOTALL)
    return main[0] + "\n" if main else text  # a fragment has no page around it


def main() -> None:
    shutil.rmtree(GOLDEN, ignore_errors=True)
    for path, text in golden_files().items():
        target = GOLDEN / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())


if __name__ == "__main__":
    main()
