"""The preview of a site that asks for nothing: pages, and no receiver."""

from __future__ import annotations

from pathlib import Path

from .preview import REPOSITORY, start


def test_a_site_that_asks_for_no_choice_is_previewed_without_a_receiver(tmp_path: Path) -> None:
    text = (REPOSITORY / "site.yaml").read_text("utf-8")
    (tmp_path / "site.yaml").write_text(text[: text.index("# The one declaration")], "utf-8")
    folder = tmp_path / "content/privacy-policy"
    folder.mkdir(parents=True)
    (folder / "policy.md").write_text("---\ntitle: Privacy Policy\n---\n\nText.\n", "utf-8")
    running = start(tmp_path)
    assert running.stop() == 0
    assert "receiver" not in running.printed
    assert not (tmp_path / ".preview").exists()
    assert "Traceback" not in running.printed
