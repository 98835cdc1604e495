"""The vault stands alone: it can run on a host that has nothing of the street."""

from __future__ import annotations

import subprocess
import sys

STREET = {"jinja2", "markdown", "yaml", "livereload", "rapidfuzz", "minify"}


def loaded_by(module: str) -> set[str]:
    program = f"import sys, {module}; print(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    )


def test_the_vault_loads_nothing_of_the_street_but_its_errors() -> None:
    loaded = loaded_by("generator.ledger.server, generator.ledger.dossier, generator.ledger.postgres")
    ours = {name for name in loaded if name.startswith("generator.") and not name.startswith("generator.ledger")}
    assert ours == {"generator.errors"}
    assert not loaded & STREET


def test_checking_a_ledger_needs_no_server() -> None:
    loaded = loaded_by("generator.ledger.verify, generator.ledger.dossier, generator.ledger.erasure")
    assert not loaded & {"uvicorn", "h11", "httptools", "click", "asyncio"}


def test_a_ledger_on_sqlite_needs_no_driver_of_another_and_no_library_for_signatures() -> None:
    assert not loaded_by("generator.ledger.server") & {"psycopg", "cryptography", "pyarrow"}
