"""Each kind of target by itself: what it shows, keeps, refuses and goes back to."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from generator.errors import PolicyError
from generator.publishing import hosts, publish
from generator.publishing.publish import Host
from generator.publishing.targets import Target
from generator.verify import MANIFEST
from tests.publishing import servers
from tests.publishing.servers import Shell
from tests.publishing.sites import Files, new, old, send, tried

HERE = "127.0.0.1"
_buckets = itertools.count()


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def kept(before: Files, after: Files) -> dict[str, bytes]:
    """What lies there in the end: the new site, and from the old one what pages in caches still name."""
    return {**{path: content for path, content in before.items() if publish.is_immutable(path)}, **after}


def local(folder: Path, keep: int = 5) -> Host:
    return hosts.open_host(Target(kind="folder", folder=str(folder), keep=keep), folder, {})


class Stopped(Exception):
    """The machine went away."""


def test_a_folder_stopped_before_any_step_shows_the_old_site_and_then_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call that changes the disk fails once: before it, and then after it was carried out."""
    verbs = [(os, "link"), (os, "replace"), (os, "symlink"), (Path, "rename"), (Path, "replace"), (Path, "symlink_to")]
    for late in (False, True):
        at, ended = 0, False
        while not ended:
            folder = tmp_path / f"{late}-{at}"
            send(old(), local(folder))
            with monkeypatch.context() as patch:
                left = [at]
                for owner, name in verbs:
                    patch.setattr(owner, name, _stopping(getattr(owner, name), left, late=late))
                try:
                    send(new(), local(folder))
                    ended = True
                except Stopped:
                    pass
            seen = files_of(folder / "current")
            assert seen in (files := [dict(old()), kept(old(), new())]), (late, at)
            assert not ended or seen == files[1]
            send(new(), local(folder))
            assert files_of(folder / "current") == files[1]
            assert [path.name for path in (folder / "releases").glob(".*")] == []
            at += 5
    assert at > 10


def _stopping(real: object, left: list[int], *, late: bool) -> object:
    def step(*arguments: object, **named: object) -> object:
        left[0] -= 1
        if left[0] == -1 and not late:
            raise Stopped
        result = real(*arguments, **named)  # type: ignore[operator]
        if left[0] == -1:
            raise Stopped
        return result

    return step


def test_a_folder_keeps_so_many_releases_and_shares_what_did_not_change(tmp_path: Path) -> None:
    for files in (old(), new()):
        send(files, local(tmp_path, keep=2))
    releases = sorted(path.name for path in (tmp_path / "releases").iterdir())
    assert [name[:5] for name in releases] == ["0001-", "0002-"]
    same = [tmp_path / "releases" / name / "static/icon.svg" for name in releases]
    assert same[0].samefile(same[1])
    assert (tmp_path / "releases" / releases[0] / "terms/index.html").read_bytes() == old()["terms/index.html"]
    assert not send(new(), local(tmp_path, keep=2)).puts


def test_a_folder_goes_back_and_on_again(tmp_path: Path) -> None:
    for files in (old(), new()):
        send(files, local(tmp_path))
    assert local(tmp_path).back().startswith("0001-")
    assert files_of(tmp_path / "current") == dict(old())
    with pytest.raises(PolicyError, match="no earlier site is kept"):
        local(tmp_path).back()
    send(new(), local(tmp_path))
    assert files_of(tmp_path / "current") == kept(old(), new())


def test_rsync_goes_back(agent: Shell, tmp_path: Path) -> None:
    target = Target(kind="rsync", host=HERE, port=agent.port, host_key=agent.host_key, folder=str(tmp_path / "web"))
    for files in (old(), new()):
        assert tried(files, lambda: hosts.open_host(target, tmp_path, {}))
    host = hosts.open_host(target, tmp_path, {})
    assert host.back().startswith("0001-")
    host.close()
    assert files_of(tmp_path / "web/current") == dict(old())


@pytest.mark.parametrize("kind", ["sftp", "rsync"])
def test_a_host_whose_key_is_another_is_refused(kind: str, agent: Shell, tmp_path: Path) -> None:
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    for host_key in (other, ""):  # a wrong one, and none where known_hosts has none either
        target = Target(kind=kind, host=HERE, port=agent.port, host_key=host_key, folder=str(tmp_path / "web"))  # type: ignore[arg-type]
        with pytest.raises(Exception, match=r"(?i)host key|exit status 255"):
            hosts.open_host(target, tmp_path, {})
    assert not (tmp_path / "web").exists()


@pytest.mark.parametrize("given", ["a right one", "a wrong one", ""])
def test_a_password_comes_from_the_environment(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("POLICY_PUBLISH_PASSWORD", given)
    with servers.hosting(tmp_path, "a right one") as there:
        target = Target(kind="sftp", host=HERE, user="web", port=there.port, host_key=there.host_key, folder="/web")
        assert tried(old(), lambda: hosts.open_host(target, tmp_path, {})) == (given == "a right one")
    assert (tmp_path / "web").exists() == (given == "a right one")


def test_a_server_that_cannot_replace_a_file_in_one_step_is_refused_before_anything_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLICY_PUBLISH_PASSWORD", "word")
    with servers.hosting(tmp_path, "word", replaces=False) as there:
        target = Target(kind="sftp", host=HERE, user="web", port=there.port, host_key=there.host_key, folder="/web")
        with closing(hosts.open_host(target, tmp_path, {})) as host, pytest.raises(PolicyError, match="in one step"):
            send(old(), host)
    assert [path.name for path in (tmp_path / "web").iterdir()] == [".publish"]


@pytest.mark.parametrize("kind", ["sftp", "s3", "git", "folder"])
def test_where_nothing_earlier_is_kept_it_says_what_would_do(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = target_of(kind, tmp_path, request, monkeypatch)
    assert tried(old(), lambda: hosts.open_host(target, tmp_path, {}))
    with closing(hosts.open_host(target, tmp_path, {})) as host, pytest.raises(PolicyError) as refused:
        host.back()
    assert "policy withdraw" in refused.value.problems[0].hint


def repository(folder: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", "--bare", folder], check=True)
    return folder


def branch(folder: Path, beside: Mapping[str, bytes] | None = None) -> Host:
    target = Target(kind="git", repository=str(folder), branch="pages")
    return hosts.open_host(target, folder, beside or {})


def at(folder: Path, commit: str = "pages") -> dict[str, bytes]:
    def git(*words: str) -> bytes:
        return subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True).stdout

    names = git("ls-tree", "-r", "--name-only", "-z", commit).decode().split("\0")[:-1]
    return {name: git("cat-file", "blob", f"{commit}:{name}") for name in names}


def test_a_branch_gets_a_commit_with_the_site_and_keeps_what_is_not_ours(tmp_path: Path) -> None:
    pages = repository(tmp_path / "pages.git")
    with closing(branch(pages, {"CNAME": b"policies.example.com"})) as host:
        send(old(), host)
    assert at(pages) == {**old(), "CNAME": b"policies.example.com"}
    with closing(branch(pages)) as host:
        send(new(), host)
    assert at(pages) == {**kept(old(), new()), "CNAME": b"policies.example.com"}
    assert at(pages, "pages~1") == {**old(), "CNAME": b"policies.example.com"}
    with closing(branch(pages)) as host:
        host.back()
    assert at(pages) == {**old(), "CNAME": b"policies.example.com"}


def test_a_branch_that_somebody_else_pushed_to_meanwhile_is_left_to_them(tmp_path: Path) -> None:
    pages = repository(tmp_path / "pages.git")
    with closing(branch(pages)) as first:
        send(old(), first)
    with closing(branch(pages)) as slow, closing(branch(pages)) as fast:
        todo = publish.plan(new(), slow, "there")
        send(new(), fast)
        theirs = at(pages)
        with pytest.raises(subprocess.CalledProcessError):
            list(publish.publish({**new(), "index.html": b"mine"}, todo, slow))
    assert at(pages) == theirs


@pytest.mark.parametrize("kind", ["folder", "git", "sftp", "rsync", "s3"])
def test_a_site_that_rewrites_history_is_refused(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """V01: neither a release with another text, nor one that is gone."""
    target = target_of(kind, tmp_path, request, monkeypatch)
    assert tried(new(), lambda: hosts.open_host(target, tmp_path, {}))
    told = json.loads(new()[MANIFEST])
    told["registers"]["terms"] = {"0" * 64: "1.0"}
    for files in ({**new(), MANIFEST: json.dumps(told).encode()}, old()):
        host = hosts.open_host(target, tmp_path, {})
        with pytest.raises(PolicyError) as refused:
            send(files, host)
        assert {problem.code for problem in refused.value.problems} == {"publish.rewrites-history"}
        assert publish.plan(new(), host, "there").puts == {}
        host.close()


def target_of(kind: str, folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Target:
    if kind == "folder":
        return Target(kind="folder", folder="web")
    if kind == "git":
        return Target(kind="git", repository=str(repository(folder / "pages.git")), branch="pages")
    if kind == "s3":
        import boto3

        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        there = f"http://{HERE}:{request.getfixturevalue('s3_port')}"
        bucket = f"bucket-{next(_buckets)}"
        boto3.client("s3", endpoint_url=there, region_name="us-east-1").create_bucket(Bucket=bucket)
        return Target(kind="s3", bucket=bucket, endpoint=there)
    shell: Shell = request.getfixturevalue("agent")
    return Target(kind=kind, host=HERE, port=shell.port, host_key=shell.host_key, folder=str(folder / "web"))  # type: ignore[arg-type]


def test_objects_have_type_and_caching(
    s3_port: int, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    from generator.publishing import webserver

    target = target_of("s3", tmp_path, request, monkeypatch)
    assert tried(new(), lambda: hosts.open_host(target, tmp_path, {}))
    client = boto3.client("s3", endpoint_url=target.endpoint, region_name="us-east-1")
    for path in new():
        head = client.head_object(Bucket=target.bucket, Key=path)
        assert (head["ContentType"], head["CacheControl"]) == (webserver.content_type(path), webserver.caching(path))
