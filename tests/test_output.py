"""Writing a site: only what changed, each file whole, and nothing of anybody else's is taken away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator.output import Written, write
from tests.trees import built, make_sources


def site(**pages: str) -> dict[str, bytes]:
    files = {name.replace("__", "/"): content.encode() for name, content in pages.items()}
    return {**files, "manifest.json": json.dumps({"files": dict.fromkeys(files, "")}).encode()}


def held(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_site_is_written_whole_and_nothing_else_is_left_behind(tmp_path: Path) -> None:
    files = site(index="a", terms__index="b")
    assert write(files, tmp_path / "new/dist") == Written(3, 0, 0)
    assert held(tmp_path / "new/dist") == {path: content.decode() for path, content in files.items()}


def test_a_second_write_of_the_same_site_touches_no_file(tmp_path: Path) -> None:
    files = dict(built(make_sources()).files)
    write(files, tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    inodes = {path: path.stat().st_ino for path in stamps}
    assert write(files, tmp_path) == Written(0, len(files), 0)
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert {path: path.stat().st_ino for path in inodes} == inodes


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    write(site(a="1", b="1"), tmp_path)
    before = (tmp_path / "a").stat().st_ino
    assert write(site(a="1", b="2"), tmp_path) == Written(1, 2, 0)
    assert ((tmp_path / "a").stat().st_ino, (tmp_path / "b").read_text()) == (before, "2")


def test_a_change_that_keeps_the_length_is_seen(tmp_path: Path) -> None:
    write(site(a="one"), tmp_path)
    write(site(a="two"), tmp_path)
    assert (tmp_path / "a").read_text() == "two"


def test_what_is_gone_from_the_site_is_taken_away_with_its_empty_folders(tmp_path: Path) -> None:
    write(site(index="a", terms__old__index="b", terms__index="c"), tmp_path)
    assert write(site(index="a", terms__index="c"), tmp_path) == Written(1, 2, 1)
    assert held(tmp_path).keys() == {"index", "terms/index", "manifest.json"}
    assert not (tmp_path / "terms/old").exists()


def test_what_others_put_into_the_folder_stays(tmp_path: Path) -> None:
    write(site(terms__old__index="b"), tmp_path)
    (tmp_path / "CNAME").write_text("www.example.com")
    (tmp_path / "terms/old/notes.txt").write_text("mine")
    write(site(index="a"), tmp_path)
    assert held(tmp_path).keys() == {"CNAME", "terms/old/notes.txt", "index", "manifest.json"}


def test_a_folder_that_somebody_already_removed_stops_nothing(tmp_path: Path) -> None:
    write(site(index="a", terms__index="b"), tmp_path)
    (tmp_path / "terms/index").unlink()
    (tmp_path / "terms").rmdir()
    assert write(site(index="a"), tmp_path) == Written(1, 1, 0)


@pytest.mark.parametrize("path", ["../precious", "a/../../precious", "{outside}/precious", "link/precious"])
def test_a_manifest_that_was_tampered_with_deletes_nothing_outside(tmp_path: Path, path: str) -> None:
    outside, folder = tmp_path / "precious", tmp_path / "dist"
    outside.write_text("mine")
    write(site(index="a"), folder)
    (folder / "link").symlink_to(tmp_path)
    (folder / "manifest.json").write_text(json.dumps({"files": {path.format(outside=tmp_path): ""}}))
    assert write(site(index="a"), folder).removed == 0
    assert outside.read_text() == "mine"


@pytest.mark.parametrize(
    "manifest",
    ["", "no json", "[]", "{}", '{"files": 5}', '{"files": null}', '{"files": [1, [2]]}', '{"files": {"": ""}}'],
)
def test_a_manifest_that_makes_no_sense_deletes_nothing_and_stops_nothing(tmp_path: Path, manifest: str) -> None:
    write(site(index="a", old="b"), tmp_path)
    (tmp_path / "manifest.json").write_text(manifest)
    assert write(site(index="a"), tmp_path).removed == 0
    assert (tmp_path / "old").exists()


def test_a_file_that_is_now_a_folder_on_disk_is_not_deleted(tmp_path: Path) -> None:
    write(site(index="a", old="b"), tmp_path)
    (tmp_path / "old").unlink()
    (tmp_path / "old").mkdir()
    (tmp_path / "old/notes").write_text("mine")
    assert write(site(index="a"), tmp_path).removed == 0
    assert (tmp_path / "old/notes").read_text() == "mine"


def test_after_a_crash_before_the_manifest_what_is_gone_is_still_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(site(index="a", old="b"), tmp_path)

    def crash(source: Path, target: Path) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", crash)
        with pytest.raises(OSError, match="power cut"):
            write(site(index="2"), tmp_path)
    assert (tmp_path / "index").read_text() == "a"  # never half of it
    write(site(index="2"), tmp_path)
    assert held(tmp_path).keys() >= {"index", "manifest.json"}
    assert not (tmp_path / "old").exists()
