"""A published site, downloaded again: the files that visitors get are those that were built."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from generator.errors import PolicyError, Problem, Where
from generator.output import MANIFEST
from generator.publish import frozen, read_manifest

_AT_ONCE = 8
_SECONDS = 30


def verify_published(url: str, *, expected: bytes | None = None) -> tuple[Problem, ...]:
    """What of the site at `url` is not as its manifest says, or not as in the manifest that is `expected` there."""
    base = url.rstrip("/")
    told = _get(base, MANIFEST)
    if told is None:
        problem = Problem("verify.manifest", Where(f"{base}/{MANIFEST}"), "there is no manifest to compare with")
        return (problem,)
    manifest = read_manifest(told, f"{base}/{MANIFEST}")
    problems = []
    if expected is not None and told != expected:
        hint = "publish it: policy publish"
        problems.append(Problem("verify.other", Where(f"{base}/{MANIFEST}"), "another site is published", hint))
    wanted = {**frozen(manifest), **manifest.files}  # a release whose page has another hash is told of below
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = dict(zip(wanted, pool.map(lambda path: _digest(base, path), wanted), strict=True))
    both = [*manifest.files.items(), *((path, digest) for path, digest in frozen(manifest).items())]
    for path, digest in dict.fromkeys(both):
        if found[path] != digest:
            message = f"is {found[path] or 'missing'}, and was published as {digest}"
            problems.append(Problem("verify.changed", Where(f"{base}/{path}"), message))
    return tuple(problems)


def _digest(base: str, path: str) -> str | None:
    content = _get(base, path)
    return None if content is None else hashlib.sha256(content).hexdigest()


def _get(base: str, path: str) -> bytes | None:
    """As a visitor asks for it: a page by the folder it is in."""
    address = f"{base}/{quote(path.removesuffix('index.html'))}"
    asked = Request(address, headers={"Cache-Control": "no-cache", "Accept-Encoding": "identity"})
    try:
        with urlopen(asked, timeout=_SECONDS) as answer:
            return bytes(answer.read())
    except HTTPError as error:
        if error.code in (404, 410):
            return None
        raise PolicyError(Problem("verify.unreachable", Where(address), str(error))) from None
    except OSError as error:
        raise PolicyError(Problem("verify.unreachable", Where(address), str(error))) from None
