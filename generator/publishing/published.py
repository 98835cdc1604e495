"""A published site, downloaded again: visitors get the files that were built."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from generator import verify
from generator.errors import PolicyError, Problem, Where
from generator.verify import MANIFEST, Verified

_AHEAD = 8  # downloads on their way together; no more of a site is held at once
_SECONDS = 30


def verify_published(url: str, *, built: bytes | None = None) -> Verified:
    """What the site at `url` can show for itself; `built` is the manifest of the one that ought to be there."""
    base = url.rstrip("/")
    told = _get(base, MANIFEST)
    with ThreadPoolExecutor(_AHEAD) as pool:
        found = verify.site(_Ahead(base, pool, _named(told)).read)
    problems = [replace(one, where=Where(f"{base}/{one.where}")) for one in found.problems]
    if built is not None and told not in (None, built):
        message = "the site built here is another one than is published"
        hint = "policy publish"
        problems.append(Problem("verify.other", Where(f"{base}/{MANIFEST}"), message, hint, "warning"))
    return replace(found, problems=tuple(problems))


def _named(manifest: bytes | None) -> list[str]:
    try:
        return [MANIFEST, *json.loads(manifest or b"")["files"]]
    except (ValueError, KeyError, TypeError):
        return []


class _Ahead:
    """Reads in the order in which it will be asked, a little ahead of it."""

    def __init__(self, base: str, pool: ThreadPoolExecutor, order: Iterable[str]) -> None:
        self._base, self._pool, self._order = base, pool, iter(order)
        self._coming: dict[str, Future[bytes | None]] = {}

    def read(self, path: str) -> bytes | None:
        for named in islice(self._order, _AHEAD - len(self._coming)):
            self._coming[named] = self._pool.submit(_get, self._base, named)
        coming = self._coming.pop(path, None)
        return coming.result() if coming else _get(self._base, path)


def _get(base: str, path: str) -> bytes | None:
    """As a visitor asks for it: a page by the folder it is in."""
    address = f"{base}/{quote(path.removesuffix('index.html'))}"
    asked = Request(address, headers={"Cache-Control": "no-cache", "Accept-Encoding": "identity"})
    try:
        with urlopen(asked, timeout=_SECONDS) as answer:
            return bytes(answer.read())
    except HTTPError as error:
        with error:
            if error.code in (404, 410):
                return None
            raise PolicyError(Problem("verify.unreachable", Where(address), str(error))) from None
    except OSError as error:
        raise PolicyError(Problem("verify.unreachable", Where(address), str(error))) from None
