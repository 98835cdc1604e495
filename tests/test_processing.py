"""Entries for the record of processing activities (M05) say what the declaration says, and no more."""

from __future__ import annotations

from generator import build, processing
from tests.trees import TODAY, shipped


def test_there_is_an_entry_for_keeping_proof_and_for_each_purpose_that_asks() -> None:
    library = build.load(shipped(), today=TODAY)
    declaration, notice = library.site.consent, library.notice
    assert declaration is not None and notice is not None
    told = processing.entries(library.site, declaration, notice.data)

    headings = [line.removeprefix("## ") for line in told.splitlines() if line.startswith("## ")]
    assert headings == ["Proof of cookie choices", "Website usage"]
    proof, usage = told.split("\n## ")
    for letter in "abcdefg":  # Art 30(1)(a) to (g)
        assert proof.count(f"\n| ({letter})") == usage.count(f"\n| ({letter})") == 1 + (letter == "c")
    assert f"{library.site.company.name}, {library.site.company.address}, {library.site.company.email}" in proof
    assert "24 months after the choice it records has ended, because claims about a consent" in proof
    assert "`usage_id`: 12 months" in usage
    assert "[none but the controller?]" in usage
