"""Each check finds what it is for, at its line, and leaves a good text alone."""

from __future__ import annotations

import dataclasses
import re
from datetime import date
from typing import Any

import pytest

from generator import build, lint
from generator.errors import Problem, Where
from generator.redline.marking import MARKERS
from generator.sources import Sources
from tests.trees import CONSENT, SITE, TERMS, TODAY, Frozen, make_sources, policy_files, shipped, with_banner


def found(line: str = "", *, made: Sources | None = None, drafts: bool = False) -> list[Problem]:
    """The problems of a site whose draft has one more line; it stands in line 15."""
    draft = f"{TERMS}\n{line}\n" if line else TERMS
    default = make_sources(content=policy_files("terms", [Frozen(TERMS)], draft))
    return list(lint.run(build.load(made or default, today=TODAY, drafts=drafts)))


STORED = "`__Host-preferences`, `preferences.receipt`, `preferences.queue` and `usage_id` are kept."


def banner_site(site: str = SITE + CONSENT) -> Sources:
    """A site with a banner, whose policy names what the banner stores."""
    return with_banner(site, policy_files("terms", [Frozen(f"{TERMS}\n{STORED}\n")]))


def codes(line: str = "", *, made: Sources | None = None, drafts: bool = False) -> list[str]:
    return [problem.code for problem in found(line, made=made, drafts=drafts)]


def test_a_good_site_has_no_problems() -> None:
    assert found() == []
    assert found(made=banner_site()) == []


@pytest.mark.parametrize(
    "link", ["[x](#scope)", "[x](/other/)", "[x](https://a.b/c?d)", "<https://a.b>", "[x](tel:+44)"]
)
def test_a_link_that_leads_somewhere_is_left_alone(link: str) -> None:
    assert found(f"See {link}.") == []


def test_a_link_to_no_section_is_named_with_the_sections_there_are() -> None:
    (problem,) = found("See [x](#skope).")
    assert str(problem) == "content/terms/policy.md:15: link.no-section: the link #skope leads to no section"
    assert (problem.hint, problem.severity) == ("sections: price, scope", "error")


@pytest.mark.parametrize("target", ["javascript:x", "data:x", "//evil.example", "page.html", "<javascript:x>"])
def test_a_link_that_no_page_would_hold_is_named(target: str) -> None:
    assert codes(f"See [x]({target}).") == ["link.scheme"]


def test_several_links_in_a_line_are_all_checked() -> None:
    assert codes("[a](#scope) [b](#x) and <vbscript:x>") == ["link.no-section", "link.scheme"]


def test_an_image_of_another_host_is_named_before_a_page_asks_for_it() -> None:
    assert codes("![logo](https://cdn.example/logo.png)") == ["image.foreign"]
    assert codes("![logo](/static/logo.png)") == []


def test_a_section_cannot_take_the_id_of_a_part_of_the_page() -> None:
    (problem,) = found("## Page Main")
    assert str(problem).startswith("content/terms/policy.md:15: policy.page-id: the id 'page-main'")
    assert found("## Page Layout") == []


def test_an_address_that_block_lists_know_is_warned_of() -> None:
    for name, frozen, expected in (
        ("cookie-policy", [], ["policy.blocked"]),
        ("cookie-policy", [Frozen(TERMS)], []),  # the address has been published
        ("use-of-cookies", [], []),
    ):
        made = make_sources(SITE.replace("terms", name), policy_files(name, frozen, TERMS))
        assert codes(made=made) == expected


def test_the_ids_of_the_pages_are_those_that_the_check_knows() -> None:
    templates = "".join(text for name, text in shipped().templates.items() if name.endswith(".html"))
    assert {name for name in re.findall(r'id="([\w-]+)"', templates) if name.startswith("page-")} | {
        "page-intro"  # redlines.anchor
    } == lint._PAGE_IDS


@pytest.mark.parametrize(
    "said",
    [
        "Continued use of services indicates acceptance.",  # 1.0 of this repository's own policy says so
        "By using this website you agree to these terms.",
        "BY USING our services, you consent.",
        "If you continue to use the site you accept cookies.",
        "Continued use\nof services indicates\nacceptance.",  # wrapped by its writer
    ],
)
def test_use_described_as_acceptance_is_warned_of(said: str) -> None:
    (problem,) = found(said)
    assert (problem.code, problem.severity, problem.where.line) == ("wording.use-as-consent", "warning", 15)


@pytest.mark.parametrize(
    "said",
    ["Using our website does not by itself mean that you agree.", "We use cookies.", "You may withdraw consent."],
)
def test_a_plain_sentence_about_use_is_left_alone(said: str) -> None:
    assert found(said) == []


def test_a_character_that_a_redline_uses_as_its_mark_is_named() -> None:
    for marker in MARKERS:
        [problem] = found(f"before {marker} after")
        assert (problem.code, problem.where.line) == ("text.marker", 15)
        assert problem.message.endswith("(U+E000 to U+E006)")
    assert codes("before \ue100 after") == []


@pytest.mark.parametrize(
    "title", ["Sorry, cookies!", "For the best experience", "By using this site you accept cookies"]
)
def test_a_banner_that_pushes_or_presumes_is_named(title: str) -> None:
    made = banner_site(SITE + CONSENT + f"  texts: {{en: {{title: '{title}'}}}}\n")
    (problem,) = found(made=made)
    assert (problem.code, problem.severity) == ("wording.notice", "error")
    assert "'title' (en)" in problem.message


def test_a_notice_that_is_not_released_is_told() -> None:
    fresh = make_sources(SITE + CONSENT)
    assert [problem.message for problem in found(made=fresh)] == ["the notice has no release yet"]
    held = banner_site()
    changed = dataclasses.replace(held, site=held.site.replace("Counts visits.", "Counts."))
    assert [problem.message for problem in found(made=changed)] == ["the notice differs from its release 1.0"]


def test_what_was_released_is_history_and_is_not_checked_again() -> None:
    bad = TERMS + "\n[x](#nowhere) ![y](https://a.b/c.png) Continued use indicates acceptance.\n"
    files = policy_files("terms", [Frozen(bad), Frozen(TERMS)])
    assert found(made=make_sources(content=files)) == []


def test_problems_come_in_the_order_of_files_and_lines() -> None:
    problems = found("[a](#x)\n\nBy using this you agree.\n\n[b](#y) \ue001")
    assert [problem.where.line for problem in problems] == [15, 17, 19, 19]


def test_a_problem_below_a_long_variable_is_named_at_the_line_of_the_file() -> None:
    draft = TERMS.replace("We write plain terms.", "{{ purposes }}\n\n{{ cookie_table }}") + "\n[a](#x)\n"
    made = with_banner(content=policy_files("terms", [Frozen(f"{TERMS}\n{STORED}\n")], draft))
    assert [str(problem.where) for problem in found(made=made)] == ["content/terms/policy.md:17"]


# Dates that a text gives itself

DATED = TERMS.replace("We write plain terms.", "Last updated: 1 March 2026. We write plain terms.")


def dated(
    old: str, new: str, *, before: str = DATED, released: date = date(2026, 3, 1), effective: date | None = None
) -> list[str]:
    """What is said of a draft on the day of the tests."""
    assert old in before
    frozen = Frozen(before, effective or released, published=released)
    made = make_sources(content=policy_files("terms", [frozen], before.replace(old, new)))
    return [str(problem) for problem in found(made=made) if problem.severity == "error"]


def test_words_that_change_under_an_unchanged_date_are_an_error() -> None:
    assert dated("everybody", "everyone") == [
        "content/terms/policy.md:5: policy.date-unchanged: "
        "words changed, but the date that the text gives itself did not: 1 March 2026"
    ]


@pytest.mark.parametrize(
    ("old", "new", "more"),
    [
        ("everybody", "**everybody**", {}),
        ("10 euros", "12 euros", {}),
        ("1 March 2026. We write plain", "22 November 2026. We write clear", {}),
        ("everybody", "everyone", {"before": TERMS}),
        ("everybody", "everyone", {"released": TODAY}),
        ("everybody", "everyone", {"released": TODAY, "effective": date(2027, 1, 1)}),
        ("everybody", "everyone", {"before": DATED.replace("1 March", "November"), "released": date(2026, 11, 3)}),
    ],
    ids=["only form", "only figures", "a new date", "no date", "same day", "not in force yet", "same month"],
)
def test_a_date_that_still_is_that_of_the_text_may_stand(old: str, new: str, more: dict[str, Any]) -> None:
    assert dated(old, new, **more) == []


def test_a_month_does_not_stand_for_the_next_one() -> None:
    before = DATED.replace("1 March", "October")
    assert len(dated("everybody", "everyone", before=before, released=date(2026, 10, 3))) == 1


def test_a_site_may_bring_a_check_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint, "CHECKS", [])
    lint.check(lambda library: [Problem("own", Where("site.yaml"), library.site.title)])
    assert [problem.message for problem in found()] == ["Example policies"]


def test_a_policy_in_force_that_does_not_name_what_the_banner_stores_is_told() -> None:
    """The table of cookies and the banner must not drift apart (D18)."""
    (problem,) = found(made=with_banner())
    assert (problem.code, problem.severity) == ("policy.storage-missing", "warning")
    assert "does not name what the banner stores: __Host-preferences, " in problem.message
    assert codes(made=banner_site()) == []


def test_a_policy_that_does_not_explain_the_signal_it_honours_is_told() -> None:
    signalled = SITE + CONSENT.replace("label: Usage", "label: Usage\n      signals: [gpc]")
    (problem,) = found(made=banner_site(signalled))
    assert (problem.code, problem.severity) == ("signal.unexplained", "warning")
    assert codes(made=banner_site(SITE + CONSENT.replace("  receiver:", "  gpc: 2026-11-25\n  receiver:"))) == [
        problem.code
    ]
    said = f"{TERMS}\n{STORED}\nGlobal Privacy Control keeps it off.\n"
    assert codes(made=with_banner(signalled, policy_files("terms", [Frozen(said)]))) == []


def test_who_sells_advertising_space_is_told_that_this_is_no_certified_platform() -> None:
    (problem,) = found(made=banner_site(SITE + CONSENT.replace("name: Statistics", "name: Google AdSense")))
    assert (problem.code, problem.severity) == ("signal.certified", "warning")
    assert codes(made=banner_site(SITE + CONSENT.replace("name: Statistics", "name: Readers manage ads"))) == []
