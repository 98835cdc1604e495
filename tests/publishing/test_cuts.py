"""Connections to real servers are cut at random points. After each, a visitor gets the old site or the new one, and
never a page without its parts; and the same publishing started again ends in the new site, without sending all anew.
"""

from __future__ import annotations

import io
import itertools
import random
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from generator.config import load
from generator.publishing import hosts, publish, webserver
from generator.publishing.publish import BEGUN, Host
from generator.publishing.targets import Target
from generator.publishing.webserver import Machine
from tests.publishing import servers
from tests.publishing.servers import Shell, Wire
from tests.publishing.sites import Files, Visitor, new, old, old_again, tried
from tests.trees import CONSENT, SITE

HERE = "127.0.0.1"
_ids = itertools.count()


def opener(target: Target, root: Path) -> Callable[[], Host]:
    return lambda: hosts.open_host(target, root, {})


@contextmanager
def shown(folder: Path, logs: Path) -> Iterator[Visitor]:
    """The folder behind nginx, configured as `policy config nginx` would."""
    port = servers.free_port()
    site = load(SITE.replace("https://www.example.com", f"http://localhost:{port}") + CONSENT)
    config = webserver.configuration("nginx", site, Machine(str(folder), "127.0.0.1:9"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with servers.nginx(logs, config, port):
        yield Visitor(f"http://localhost:{port}")


@contextmanager
def always_visited(visitor: Visitor, before: Files, after: Files) -> Iterator[None]:
    """Somebody loads pages all the while that something is published."""
    stop, wrong, loads = threading.Event(), list[BaseException](), 0

    def visit() -> None:
        nonlocal loads
        try:
            for path in itertools.cycle(page for page in before if page.endswith(".html")):
                visitor.opens(path, before, after)
                loads += 1
                if stop.is_set():
                    return
        except BaseException as error:
            wrong.append(error)

    visiting = threading.Thread(target=visit)
    visiting.start()
    try:
        yield
    finally:
        stop.set()
        visiting.join()
    assert not wrong, wrong
    assert loads


def cuts_and_recovers(
    open_host: Callable[[], Host], wire: Wire, visitor: Visitor, *, seed: int, cuts: int, whole: bool
) -> None:
    """Publishes old, new, old and so on, each but the first two with a cut at a random point of what it takes."""
    random_ = random.Random(seed)
    wire.cut_after(float("inf"))
    assert tried(old(), open_host)
    wire.cut_after(float("inf"))
    assert visitor.sees(old())
    with always_visited(visitor, old(), new()):
        assert tried(new(), open_host)
    takes = wire.carried
    assert visitor.sees(new())
    for turn in range(cuts):
        before, after = (new(), old_again()) if turn % 2 == 0 else (old_again(), new())
        wire.cut_after(random_.randrange(takes))
        ended = tried(after, open_host)
        visitor.looks_around(before, after)
        if whole:
            assert visitor.sees(after if ended else before) or visitor.sees(after)
        wire.cut_after(float("inf"))
        assert tried(after, open_host)
        assert visitor.sees(after)
        gone = [path for path in before.keys() - after.keys() if not publish.is_immutable(path)]
        assert gone
        assert [visitor.get(path) for path in gone] == [None] * len(gone)
        assert visitor.get(BEGUN) is None


def test_sftp(agent: Shell, wire: Wire, tmp_path: Path) -> None:
    site = tmp_path / "public_html"
    target = Target(kind="sftp", host=HERE, port=wire.port, host_key=agent.host_key, folder=str(site))
    with shown(site, tmp_path / "nginx") as visitor:
        cuts_and_recovers(opener(target, tmp_path), wire, visitor, seed=1, cuts=8, whole=False)
    assert not (site / ".publish" / "begun.json").exists()


def test_rsync(agent: Shell, wire: Wire, tmp_path: Path) -> None:
    site = tmp_path / "web site"  # whose name a shell would take apart
    target = Target(kind="rsync", host=HERE, port=wire.port, host_key=agent.host_key, folder=str(site), keep=2)
    with shown(site / "current", tmp_path / "nginx") as visitor:
        cuts_and_recovers(opener(target, tmp_path), wire, visitor, seed=2, cuts=4, whole=True)
    assert len(list((site / "releases").iterdir())) == 2


def test_s3(s3_port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import boto3

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    there = f"http://{HERE}:{s3_port}"
    boto3.client("s3", endpoint_url=there, region_name="us-east-1").create_bucket(Bucket="policies", ACL="public-read")
    wire = Wire(s3_port)
    try:
        target = Target(kind="s3", bucket="policies", endpoint=f"http://{HERE}:{wire.port}", prefix="site")
        visitor = Visitor(f"{there}/policies/site", index="index.html")
        cuts_and_recovers(opener(target, tmp_path), wire, visitor, seed=3, cuts=4, whole=False)
    finally:
        wire.close()


def test_a_branch(agent: Shell, wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever fetches it gets one commit or the other."""
    pages, known = tmp_path / "pages.git", tmp_path / "known_hosts"
    subprocess.run(["git", "init", "--quiet", "--bare", pages], check=True)
    target = Target(kind="git", repository=f"ssh://{HERE}:{wire.port}{pages}", branch="pages")
    known.write_text(Target(kind="sftp", host=HERE, port=wire.port, folder="x", host_key=agent.host_key).known_hosts)
    monkeypatch.setenv("GIT_SSH_COMMAND", f"ssh -o BatchMode=yes -o UserKnownHostsFile={known}")

    def is_there(files: Files) -> bool:
        archive = subprocess.run(["git", "-C", pages, "archive", "pages"], check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as held:
            found = {one.name: held.extractfile(one) for one in held if one.isfile()}
            return all((file := found.get(path)) and file.read() == content for path, content in files.items())

    random_ = random.Random(4)
    wire.cut_after(float("inf"))
    assert tried(old(), opener(target, tmp_path))
    assert is_there(old())
    wire.cut_after(float("inf"))
    assert tried(new(), opener(target, tmp_path))
    takes, before, after = wire.carried, new(), old_again()
    for _ in range(4):
        wire.cut_after(random_.randrange(takes))
        ended = tried(after, opener(target, tmp_path))
        assert is_there(after) or (not ended and is_there(before))
        wire.cut_after(float("inf"))
        assert tried(after, opener(target, tmp_path))
        assert is_there(after)
        before, after = after, before


@pytest.mark.parametrize("share", [0.6, 0.8])
def test_what_was_brought_up_before_a_cut_is_not_sent_again(
    agent: Shell, wire: Wire, tmp_path: Path, share: float
) -> None:
    target = Target(kind="sftp", host=HERE, port=wire.port, host_key=agent.host_key, folder=str(tmp_path / "a"))
    wire.cut_after(float("inf"))
    assert tried(new(), opener(target, tmp_path))
    takes = wire.carried
    again = opener(replace(target, folder=str(tmp_path / "b")), tmp_path)
    wire.cut_after(int(takes * share))
    assert not tried(new(), again)
    wire.cut_after(float("inf"))
    assert tried(new(), again)
    assert wire.carried < takes * (1.2 - share) + 10_000  # which is about what a connection itself takes
