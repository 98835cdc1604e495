"""A bucket of S3-compatible storage. Each object is replaced in one step; its type and caching lie beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from generator.publishing.hosts import nothing_before
from generator.publishing.publish import BEGUN
from generator.publishing.targets import Target
from generator.publishing.webserver import caching, content_type

_AT_ONCE = 8


class Bucket:
    errors: tuple[type[Exception], ...] = (BaseError, OSError)
    switches = False

    def __init__(self, target: Target) -> None:
        """Keys come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN)."""
        options: dict[str, Any] = {"endpoint": target.endpoint} if target.endpoint else {}
        self._bucket = target.bucket
        self._store = S3Store(
            target.bucket,
            prefix=target.prefix or None,
            region=target.region,
            client_options={"allow_http": target.endpoint.startswith("http://"), "timeout": timedelta(seconds=60)},
            retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=60)},
            **options,
        )
        self._in_place: set[str] = set()
        self._pool = ThreadPoolExecutor(_AT_ONCE)

    def read(self, path: str) -> bytes | None:
        try:
            return bytes(obstore.get(self._store, path).bytes())
        except FileNotFoundError:
            return None

    def prepare(self, files: Mapping[str, bytes]) -> Iterator[int]:
        """Nothing can be brought up unseen. What a publishing that was cut has put is not sent again."""
        if self.read(BEGUN) is not None:
            listed = (one for page in obstore.list(self._store) for one in page)
            tags = {one["path"]: (one["e_tag"] or "").strip('"') for one in listed}
            self._in_place = {path for path, content in files.items() if tags.get(path) == _tag(content)}
        return iter(())

    def put(self, files: Mapping[str, bytes]) -> Iterator[int]:
        return self._pool.map(self._put, *zip(*files.items(), strict=True))

    def _put(self, path: str, content: bytes) -> int:
        if path not in self._in_place:
            about = {"Content-Type": content_type(path), "Cache-Control": caching(path)}
            obstore.put(self._store, path, content, attributes=about, use_multipart=False)
        return len(content)

    def delete(self, paths: Iterable[str]) -> None:
        if named := list(paths):
            obstore.delete(self._store, named)

    def switch(self) -> None:
        self.delete([BEGUN])

    def back(self) -> str:
        raise nothing_before(self._bucket)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def _tag(content: bytes) -> str:
    """What storage calls an object that was put in one piece; where it calls it otherwise, it is only sent again."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def open_host(target: Target, root: Path, beside: Mapping[str, bytes]) -> Bucket:
    return Bucket(target)
