"""That a reader sees no change can be proven; a proof is never given where a word changed."""

from __future__ import annotations

import pytest

from generator.redline.visible import dates, difference


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a **b** c", "a b c"),
        ("see [the law](/a)", "see [the law](/b)"),
        ("see the law", "see [the law](/b)"),
        ("- a\n- b", "* a\n* b"),
        ("## A {#a}\n\nx", "## A {#b}\n\nx"),
        ("---\ntitle: A\n---\nx", "---\ntitle: B\n---\nx"),
        ("\ufeffa", "a"),
        ("a  b\r\n", "a b\n"),
        ("Title\n===", "# Title"),
        ("| a |\n|---|\n", "| a |\r\n|----:|\r\n"),
        ("- a\r## b", "* a\r# b"),
    ],
)
def test_marks_targets_comments_and_white_space_are_not_seen(old: str, new: str) -> None:
    assert difference(old, new) == "nothing"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Last updated: May 7, 2020", "Last updated: June 8, 2020"),
        ("for 30 days", "for 90 days"),
        ("We do; you do", "We do, you do."),
        ("2020年3月3日", "2021年4月4日"),
        ("2020年3月から", "2021年4月から"),
        ("30日保存", "60日保存"),
        ("3.5 % of all", "4.5 % of all"),
        ("on May 7, 2020, we", "on June 7, 2020, we"),
    ],
)
def test_only_figures(old: str, new: str) -> None:
    assert difference(old, new) == "figures"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("we sell", "we do not sell"),
        ("is not shared", "is now shared"),
        ("Github", "GitHub"),
        ("[law](/a)", "[laws](/a)"),
        ("कि", "की"),
        ("個人情報", "個人の情報"),
        ("毎日データを削除します", "毎月データを削除します"),
        ("30日保存", "30年保存"),
        ("日本に送ります", "本に送ります"),
        ("`a`", "`b`"),
        ("We may share", "We share"),
        ("[^1]: Section 1.", "[^1]: Article 1."),
        ("We share. It is May", "We share. It is June"),
    ],
)
def test_a_word_is_a_word(old: str, new: str) -> None:
    assert difference(old, new) == "words"


def test_the_dates_that_a_text_gives_itself() -> None:
    assert dates("*Last updated: May 7, 2020*\n\nFounded on 1 May 1999.") == ["May 7, 2020"]
    assert dates("Effective from 2026-11-22") == ["2026-11-22"]
    assert dates("最終更新日 2019年3月12日") == ["2019年3月12日"]
    assert dates("تاريخ التحديث: 22 نوفمبر 2026") == ["22 نوفمبر 2026"]
    assert dates("no date") == []
    assert dates("# Datenschutz\n\nMittwoch, 3. April 2024\n\nSeit 1. Mai 1999.") == ["3. April 2024"]
    assert dates("x\n" * 30 + "3. April 2024\n") == []


def test_raw_html_is_text_in_a_policy_and_markup_in_a_foreign_file() -> None:
    for old, new in (("a\n<!-- we sell -->\nb", "a\nb"), ("a <b>c</b>", "a c"), ("a\n{: .x }", "a")):
        assert difference(old, new) == "words"
        assert difference(old, new, foreign=True) == "nothing"
    assert difference("<https://a.example>", "<https://b.example>", foreign=True) == "words"
