"""`policy import FILE`: encodings, kinds of files, what cannot be read, and where the text goes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from generator.documents import parse
from generator.errors import SourceError
from generator.importing import importer
from generator.importing.pieces import NO_TEXT, Meta
from generator.redline.marking import MARKERS
from tests.reading import codes, headings
from tests.test_cli import run
from tests.trees import ROOT, SITE, TERMS

TEXT = "Terms\n\n1. Scope\nThese terms – “all” of them – apply.\n\n2. Price\nIt is ten euros.\n"
PAGE = "<html><head>{}<title>Terms</title></head><body><h2>1. Größe</h2><p>Straße</p></body></html>"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_text_by_its_byte_order_mark(encoding: str, newline: str) -> None:
    expected = importer.read(TEXT.encode(), "terms.txt").text
    assert importer.read(TEXT.replace("\n", newline).encode(encoding), "terms.txt").text == expected
    assert [number for _, number, _ in headings(parse(expected, "x"))] == ["1.", "2."]


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ('<meta charset="windows-1252">', "cp1252"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">', "cp1252"),
        ("<meta charset=utf-8>", "utf-8"),
        ("", "utf-8"),
        ("", "utf-16"),
        ("", "cp1252"),
        ("<meta charset=ascii>", "utf-8"),
        ("<meta charset=klingon>", "utf-8"),
        ("<meta charset=punycode>", "utf-8"),
        ("<meta charset=unicode_escape>\\ud800", "utf-8"),
        ("<meta charset=utf-7>", "cp1252"),
        ("<meta charset=utf-16>", "utf-8"),
        ("<meta charset=iso-8859-9>", "cp1254"),
        ("<meta charset=GB2312>", "gb18030"),
    ],
)
def test_pages_by_what_they_declare(declared: str, encoding: str) -> None:
    made = importer.read(PAGE.format(declared).encode(encoding), "x.html").text
    assert "## Größe {#größe}\n\nStraße\n" in made


def test_an_encoding_that_the_web_does_not_know_is_told() -> None:
    made = importer.read(b"<meta charset=utf-7><h1>T</h1><p>+ADw-b+AD4-</p>", "x.html")
    assert made.text.endswith("+ADw-b+AD4-\n")
    assert "x.html: mended.encoding: the text is read as utf-8, for it is not utf-7" in map(str, made.notes)


def test_every_encoding_of_the_web_is_known_here() -> None:
    numbers = (f"{name}{n}" for name in ("iso-8859-", "windows-125", "cp125") for n in range(17))
    names = ["utf8", "us-ascii", "ibm866", "koi8-r", "koi8-u", "macintosh", "big5", "euc-jp", "iso-2022-jp"]
    taken = [name for name in (*numbers, *names, *importer._LARGER.values()) if importer._WEB.fullmatch(name)]
    assert len(taken) == 12 + 9 + 9 + len(names) + len(importer._LARGER)
    assert {b"a".decode(name) for name in taken} == {"a"}


def test_an_encoding_that_is_not_utf8_is_told_at_its_line() -> None:
    made = importer.read("Terms\n\n1. Größe\nIt costs 5 €.\n".encode("cp1252"), "x.txt")
    assert "## Größe {#größe}\n\nIt costs 5 €.\n" in made.text
    assert str(made.notes[0]) == "x.txt:3: mended.encoding: the text is read as cp1252, for it is not utf-8"


WRONG = {
    "empty": (b" \n", "x.txt", "import.empty", "the file is empty"),
    "a mark and nothing": (b"\xef\xbb\xbf", "x.txt", "import.empty", "the file is empty"),
    "rules": (b"=====\n-----\n", "x.txt", "import.empty", "there is no text in it"),
    "binary": (b"a\0b", "x.txt", "import.binary", "this is no text"),
    "pdf": (b"%PDF-1.7 ...", "x.md", "import.binary", "this is no text"),
    "a kind unknown": (b"a", "x.rtf", "import.kind", "files like 'x.rtf' cannot be read"),
    "a broken zip": (
        b"PK\x03\x04...",
        "x.docx",
        "import.docx",
        "it cannot be read as a Word document (File is not a zip file)",
    ),
    "no words": (b"<html><body><script>1</script></body></html>", "x.html", "import.empty", "there is no text in it"),
}


@pytest.mark.parametrize(("content", "path", "code", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_read(content: bytes, path: str, code: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        importer.read(content, path)
    [problem] = caught.value.problems
    assert (problem.code, problem.where.path) == (code, path)
    assert problem.message.startswith(message)


def test_a_file_too_large_is_not_read() -> None:
    with pytest.raises(SourceError, match="larger than 20 MiB"):
        importer.read(b"x" * 21 * 2**20, "x.txt")


def test_a_policy_that_is_structured_already_comes_in_as_it_is() -> None:
    assert importer.read(TERMS.encode(), "x.md") == importer.Imported(TERMS, ())
    retitled = importer.read(TERMS.encode(), "x.md", Meta(title="Rules"))
    assert codes(retitled.notes) == ["mended.title"]


MARKS = "".join(f"&#{n};&#x{n:X};{chr(n)}" for n in NO_TEXT if n and not 128 <= n < 160) + "\x80\x9f"


@pytest.mark.parametrize("path", ["x.html", "x.md", "x.txt"])
def test_no_marks_come_in(path: str) -> None:
    page = f"<html lang='en{MARKS}'><title>T{MARKS}</title><meta name=description content='D{MARKS}'><h2>A</h2>"
    page += (
        f"<p>b{MARKS}c <a href='https://www.google.com/url?q=https://x.org/{MARKS}%14d'>e</a> <img alt='{MARKS}'></p>"
    )
    source = {"x.html": page, "x.md": f"# T\n## A\nb{MARKS}c [e](https://x.org/{MARKS}d){MARKS}\n"}
    made = importer.read(source.get(path, f"T\n\nb{MARKS}c").encode(), path)
    assert not set(made.text + "".join(map(str, made.notes))).intersection(map(chr, NO_TEXT))
    if path == "x.html":
        assert "language: en\ndescription: >-\n  D\n" in made.text
        assert made.text.endswith("## A {#a}\n\nbc [e](https://x.org/d)\n")


@pytest.mark.parametrize("archive", [True, False])
def test_a_structured_policy_with_marks_of_redlines_is_written_anew(archive: bool) -> None:
    made = importer.read(TERMS.replace("## ", "\ue004## ").encode(), "x.md", archive=archive)
    assert not set(MARKERS).intersection(made.text)
    assert str(made.notes[0]) == "x.md: mended.form: written anew: it holds characters that mark redlines"


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lxml", None)
    for name in ("generator.importing.fromhtml", "generator.importing.fromdocx"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(SourceError, match="reading this needs lxml") as caught:
        importer.read(b"<p>a</p>", "x.html")
    assert caught.value.problems[0].hint == "pip install 'policy-publisher[import]'"


def test_the_command_writes_the_working_text_and_tells_what_it_did(tmp_path: Path) -> None:
    (tmp_path / "Our Terms.txt").write_text("Terms\nHome\nLogin\n\nThese terms apply to all.\n\n" + TEXT)
    (tmp_path / "site.yaml").write_text(SITE)
    done = run("import", "Our Terms.txt", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    target = tmp_path / "content/our-terms/policy.md"
    assert parse(target.read_text(), "x").meta.title == "Terms"
    assert done.stderr.splitlines() == [
        "Our Terms.txt:2: stripped.navigation: “Home”, taken for navigation of a page",
        "Our Terms.txt:3: stripped.navigation: “Login”, taken for navigation of a page",
        "Our Terms.txt: stripped.numbers: the numbers of 2 headings: they are computed now",
        "Our Terms.txt → content/our-terms/policy.md: 2 sections; left out: 3, mended: 0, to look at: 0",
        "site.yaml does not list the policy; add it under 'policies':",
        "  - our-terms",
    ]
    again = run("import", "Our Terms.txt", cwd=tmp_path)
    assert again.returncode == 1
    assert "content/our-terms/policy.md: import.exists: this file is there already\n    use --force" in again.stderr
    assert run("import", "Our Terms.txt", "--force", "--title", "Rules", cwd=tmp_path).returncode == 0
    assert parse(target.read_text(), "x").meta.title == "Rules"


def test_what_is_imported_builds(tmp_path: Path) -> None:
    (tmp_path / "terms.md").write_text("# Terms\n\n## A\n\nSee {{ this }}, [that](#b) and [it](x.md).\n\n## B\n")
    (tmp_path / "site.yaml").write_text(SITE)
    assert run("import", "terms.md", cwd=tmp_path).returncode == 0
    assert run("check", cwd=tmp_path).stdout == "no problems found\n"


def test_a_site_of_an_imported_policy_checks_builds_and_compares(tmp_path: Path) -> None:
    (tmp_path / "terms.html").write_text(PAGE.format(""))
    (tmp_path / "site.yaml").write_text(SITE)
    assert run("import", "terms.html", cwd=tmp_path).returncode == 0
    assert run("check", cwd=tmp_path).returncode == 0
    assert run("release", "terms", "--material", "--summary", "The first terms.", cwd=tmp_path).returncode == 0
    (tmp_path / "terms.html").write_text(PAGE.format("").replace("Straße", "Weg"))
    assert run("import", "terms.html", "--force", cwd=tmp_path).returncode == 0
    assert run("build", "--drafts", cwd=tmp_path).returncode == 0
    shown = run("diff", "terms", "1.0", "draft", cwd=tmp_path).stdout
    assert "[-Straße-]" in shown and "{+Weg+}" in shown and "front matter" not in shown


def test_the_seed_imported_over_release_1_0_is_release_1_0(tmp_path: Path) -> None:
    """Ids, what is material, language and description are in no text: they stay from the text that is replaced."""
    released = (ROOT / "content/privacy-policy/releases/1.0.md").read_bytes()
    target = tmp_path / "content/privacy-policy/policy.md"
    target.parent.mkdir(parents=True)
    target.write_bytes(released)
    seed = ROOT / "tests/fixtures/privacy-policy.seed.txt"
    assert run("import", seed, "--policy", "privacy-policy", "--force", cwd=tmp_path).returncode == 0
    assert target.read_bytes() == released


def test_sections_that_an_import_does_not_find_again_are_named() -> None:
    known = parse("---\ntitle: T\n---\n\n## Scope {#s .material}\n\n## Fees {#f}\n", "policy.md")
    made = importer.read(b"<h1>T</h1><h2>Scope</h2><p>All.</p><h2>Price</h2><p>Ten.</p>", "x.html", known=known)
    assert "## Scope {#s .material}\n" in made.text and "## Price {#price}\n" in made.text
    assert [str(note) for note in made.notes] == [
        "x.html: unsure.section: sections of the working text that are gone, or have another heading: f"
    ]


def test_what_is_told_often_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text("<h1>T</h1><h2>A</h2><p>Text.<img src=a><img src=b><img src=c></p>")
    done = run("import", "x.html", "--out", "-", cwd=tmp_path)
    assert "stripped.image: an image, without a description (and 2 more of these)\n" in done.stderr


def test_the_text_can_be_printed(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text(TEXT)
    done = run("import", "x.txt", "--out", "-", "--language", "en", cwd=tmp_path)
    assert done.stdout.startswith("---\ntitle: Terms\nlanguage: en\n---\n\n## Scope {#scope}\n")
    assert not (tmp_path / "content").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a FILE, or a path with --git"),
        (["x.txt", "--git", "y"], "name a FILE, or a path with --git"),
        (["--git", "y", "--out", "-"], "--out goes with a FILE"),
        (["x.txt", "--material", "abcd"], "--material with --git"),
        (["x.txt", "--policy", "notice"], "choose one with --policy"),
        (["x.txt", "--policy", "../up"], "choose one with --policy"),
    ],
)
def test_wrong_use(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = run("import", *arguments, cwd=tmp_path)
    assert (done.returncode, message in done.stderr) == (2, True)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = run("import", "none.txt", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "none.txt: system: No such file or directory\n")


def test_other_commands_load_neither_lxml_nor_mammoth() -> None:
    code = "import sys, generator.cli; print([name for name in ('lxml', 'mammoth') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
