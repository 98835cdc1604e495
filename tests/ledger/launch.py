"""A receiver as its own process: `python launch.py STORE_URL NOTICES [ORIGIN …]` says its port when it listens."""

from __future__ import annotations

import sys
from pathlib import Path

from generator.ledger.limits import Settings
from generator.ledger.server import serve


def say(host: str, port: int) -> None:
    print(port, flush=True)


if __name__ == "__main__":
    serve(
        host="127.0.0.1",
        port=0,
        store_url=sys.argv[1],
        notices_path=Path(sys.argv[2]),
        settings=Settings(origins=tuple(sys.argv[3:])),
        on_ready=say,
    )
