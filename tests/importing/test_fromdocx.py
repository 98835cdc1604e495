"""Word documents, made here by python-docx: structure comes in, and what stays behind is told."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from generator.documents import parse
from generator.errors import SourceError
from generator.importing import importer
from tests.reading import codes, headings, shown, words


def saved(document: Any) -> bytes:
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def read(document: Any) -> tuple[str, list[str]]:
    made = importer.read(saved(document), "x.docx")
    return made.text, [str(note) for note in made.notes if note.code not in ("unsure.language", "stripped.numbers")]


def body(document: Any) -> str:
    return read(document)[0].split("---\n", 2)[2].strip()


def xml(source: str) -> Any:
    return parse_xml(source.replace(" ", f" {nsdecls('w', 'r')} ", 1) if " " in source else source)


def changed(tag: str, author: str, text: str) -> Any:
    inner = "delText" if tag == "del" else "t"
    return xml(f'<w:{tag} w:id="1" w:author="{author}"><w:r><w:{inner}>{text}</w:{inner}></w:r></w:{tag}>')


def picture() -> io.BytesIO:
    """A PNG of one pixel."""
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0), b"IDAT" + zlib.compress(bytes(4)), b"IEND")
    framed = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(framed))


def numbered(document: Any, levels: list[tuple[str, str]], start: int = 1) -> int:
    """The id of a new multi-level list; each level has a format and a text such as "%1.%2"."""
    numbering = document.part.numbering_part.element
    shapes = "".join(
        f'<w:lvl w:ilvl="{i}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
        for i, (form, text) in enumerate(levels)
    )
    numbering.insert(0, xml(f'<w:abstractNum w:abstractNumId="90">{shapes}</w:abstractNum>'))
    numbering.append(xml('<w:num w:numId="91"><w:abstractNumId w:val="90"/></w:num>'))
    return 91


def count(paragraph: Any, list_id: int, level: int) -> None:
    properties = paragraph._p.get_or_add_pPr()
    properties.append(xml(f'<w:numPr ><w:ilvl w:val="{level}"/><w:numId w:val="{list_id}"/></w:numPr>'))


def test_a_start_that_no_list_has_is_in_figures() -> None:
    document = docx.Document()
    form = numbered(document, [("lowerLetter", "%1.")], 10**12)
    count(document.add_paragraph("One."), form, 0)
    assert body(document) == "- 1000000000000\\. One."


def test_headings_emphasis_links_and_tables() -> None:
    document = docx.Document()
    document.add_heading("Privacy Policy", 0)
    paragraph = document.add_paragraph("We write ")
    paragraph.add_run("boldly").bold = True
    paragraph.add_run(" and ")
    paragraph.add_run("gently").italic = True
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
    to = document.part.relate_to("https://example.com/x", kind, is_external=True)
    paragraph._p.append(xml(f'<w:hyperlink r:id="{to}"><w:r><w:t> at home</w:t></w:r></w:hyperlink>'))
    document.add_heading("1. Scope", 1)
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["A", "B", "1", "2"], strict=True):
        cell.text = text
    document.add_heading("1.1 More", 2)
    made, notes = read(document)
    assert (
        made
        == """\
---
title: Privacy Policy
language: en-US
---

We write **boldly** and *gently* [at home](https://example.com/x)

## Scope {#scope}

| A | B |
| --- | --- |
| 1 | 2 |

### More {#more}
"""
    )
    assert notes == ["x.docx: unsure.table: a table names no header; its first row is taken for it"]


def test_lists_of_words_own_styles() -> None:
    document = docx.Document()
    for text, style in [("a", ""), ("b", " 2"), ("c", " 3"), ("d", "")]:
        document.add_paragraph(text, style=f"List Bullet{style}")
    for text, style in [("e", ""), ("f", " 2"), ("g", "")]:
        document.add_paragraph(text, style=f"List Number{style}")
    assert body(document) == "- a\n    - b\n        - c\n- d\n\n1. e\n    1. f\n2. g"


def test_lists_by_level_count_as_word_does() -> None:
    document = docx.Document()
    form = numbered(document, [("decimal", "%1."), ("lowerLetter", "(%2)"), ("lowerRoman", "%3.")])
    for text, level in [("one", 0), ("two", 1), ("three", 1), ("four", 2), ("five", 0), ("six", 1)]:
        count(document.add_paragraph(text), form, level)
    assert body(document) == ("1. one\n    - (a) two\n    - (b) three\n        - i. four\n2. five\n    - (a) six")


def test_clauses_that_word_numbers_keep_their_numbers() -> None:
    document = docx.Document()
    form = numbered(document, [("decimal", "%1."), ("decimal", "%1.%2")])
    for text, level in [("Definitions.", 0), ("We means us.", 1), ("You means you.", 1)]:
        count(document.add_paragraph(text), form, level)
    assert body(document) == "1. Definitions.\n    - 1.1 We means us.\n    - 1.2 You means you."


@pytest.mark.parametrize(
    ("levels", "numbers", "expected"),
    [
        ([("decimal", "%1."), ("decimal", "%1.%2")], ["1.", "1.1", "1.2", "2."], ["A", "B", "C", "D"]),
        ([("decimal", "%1."), ("lowerLetter", "%2.")], ["1.", "a.", "b.", "2."], ["A", "B", "C", "D"]),
        ([("upperRoman", "Article %1"), ("bullet", "•")], ["", "", "", ""], ["Article I A", "B", "C", "Article II D"]),
    ],
)
def test_headings_that_word_numbers(levels: Any, numbers: list[str], expected: list[str]) -> None:
    document = docx.Document()
    form = numbered(document, levels)
    for text, level in [("A", 1), ("B", 2), ("C", 2), ("D", 1)]:
        count(document.add_heading(text, level), form, level - 1)
    found = [(number, said) for _, number, said in headings(parse(read(document)[0], "x"))]
    assert found == list(zip(numbers, expected, strict=True))


def test_short_clauses_with_text_below_are_sections() -> None:
    document = docx.Document()
    document.add_paragraph().add_run("TERMS OF SERVICE").bold = True
    form = numbered(document, [("decimal", "%1."), ("decimal", "%1.%2"), ("lowerLetter", "(%3)")])
    for text, level in [("Definitions", 0), ("“We” means us.", 1), ("We include:", 1), ("our staff.", 2), ("Fees", 0)]:
        count(document.add_paragraph(text), form, level)
    document.add_paragraph("A paragraph between.")
    count(document.add_paragraph("Fees are due."), form, 1)
    made, _ = read(document)
    assert parse(made, "x").meta.title == "TERMS OF SERVICE"
    assert made.endswith("""
## Definitions {#definitions}

- 1.1 “We” means us.
- 1.2 We include:
    - (a) our staff.

## Fees {#fees}

A paragraph between.

- 2.1 Fees are due.
""")


def test_a_list_counts_on_after_a_paragraph() -> None:
    document = docx.Document()
    form = numbered(document, [("decimal", "%1.")])
    document.add_heading("A", 1)
    for text in ("We take one thing.", "And another one."):
        count(document.add_paragraph(text), form, 0)
        document.add_paragraph("This is said of it.")
    assert body(document).endswith(
        "1. We take one thing.\n\nThis is said of it.\n\n2. And another one.\n\nThis is said of it."
    )


def test_what_stays_behind_is_told() -> None:
    document = docx.Document()
    document.add_heading("A", 1)
    paragraph = document.add_paragraph("We keep")
    paragraph._p.append(changed("ins", "Ann", " nearly"))
    paragraph._p.append(changed("del", "Bob", " utterly"))
    run = paragraph.add_run(" everything.")
    document.add_comment(run, text="Do we?", author="Cid")
    document.add_picture(picture())
    document.sections[0].header.paragraphs[0].text = "CONFIDENTIAL"
    made, notes = read(document)
    assert words(shown(made))[-4:] == ["We", "keep", "nearly", "everything"]
    assert sorted(notes) == [
        "x.docx: stripped.changes: tracked changes of Ann, Bob are accepted: put in “nearly”, taken out “utterly”",
        "x.docx: stripped.comment: 2 words: “Do we?”",
        "x.docx: stripped.header: 1 words: “CONFIDENTIAL”",
        "x.docx: stripped.image: an image, without a description",
        "x.docx: unsure.title: the text has no title; the file's name gives “X”",
    ]


def test_footnotes_stand_at_the_end() -> None:
    document = docx.Document()
    document.add_heading("A", 1)
    document.add_paragraph("Said")._p.append(xml('<w:r ><w:footnoteReference w:id="2"/></w:r>'))
    content = saved(document)
    said = '<w:footnote w:id="2"><w:p><w:r><w:t>Below.</w:t></w:r></w:p></w:footnote>'
    note = f"<w:footnotes {nsdecls('w')}>{said}</w:footnotes>"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["word/footnotes.xml"] = note.encode()
    relation = f'<Relationship Id="f1" Type="{kind}" Target="footnotes.xml"/></Relationships>'.encode()
    rels = "word/_rels/document.xml.rels"
    files[rels] = files[rels].replace(b"</Relationships>", relation)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    made = importer.read(target.getvalue(), "x.docx")
    assert made.text.endswith("Said[1]\n\n1. Below.\n")
    assert "unsure.footnotes" in codes(made.notes)


def archive(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return target.getvalue()


WRONG = {
    "encrypted": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "File is not a zip file"),
    "cut off": (b"PK\x03\x04" + bytes(100), "File is not a zip file"),
    "another zip": (archive({"a.txt": b"x"}), "'document'"),
    "no XML": (archive({"word/document.xml": b"<w:document"}), "Namespace prefix w on document is not defined"),
    "a bomb": (archive({"word/document.xml": bytes(300 * 2**20)}), "it unpacks to more than 200 MiB"),
    "an empty document": (archive({"word/document.xml": b"<x/>"}), "Could not find the body element"),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_is_no_document(content: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message.replace("(", r"\(")) as caught:
        importer.read(content, "x.docx")
    assert caught.value.problems[0].message.startswith("it cannot be read as a Word document (")
