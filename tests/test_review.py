"""What may be called editorial, and what a summary must say: each rule with what breaks it and what does not."""

from __future__ import annotations

import pytest

from generator import review
from generator.documents import parse
from generator.errors import Problem, Where
from generator.redline import diff
from generator.redline.diff import Redline

TEXT = """\
---
title: Terms
---

We write plain terms. Questions go to info@example.com by mail.

## Scope {#scope}

These terms apply to everybody who reads them, wherever that may be and for whatever reason they came to us.

### Visitors {#visitors}

You may read every page without telling us who you are.

## Price {#price .material}

The price is ten euros. We do share it with our partners in Norway.

### Discounts {#discounts}

Students pay half of it.

## Complaints {#complaints}

Write to us in case of lose or damage.
"""


def redline(*changes: tuple[str, str]) -> Redline:
    changed = TEXT
    for old, new in changes:
        assert old in changed
        changed = changed.replace(old, new)
    return diff.compare(parse(TEXT, "1.0.md"), parse(changed, "policy.md"))


# V03: what is marked material cannot be called editorial


def said(*changes: tuple[str, str]) -> list[str]:
    problems = list(review.material_problems(redline(*changes), "1.0"))
    assert all((p.code, p.severity) == ("release.material-section", "error") for p in problems)
    return [p.message.removeprefix("the section ") for p in problems]


PRICE = TEXT[TEXT.index("## Price") : TEXT.index("## Complaints")]
COMPLAINTS = TEXT[TEXT.index("## Complaints") :]


WORDS, GONE, NEW = "its words differ from 1.0", "is gone since 1.0", "was not in 1.0"
UNMARKED, ELSEWHERE = "has lost that mark since 1.0", "stands elsewhere than in 1.0"
LINK = "a link of it, or where it leads, differs from 1.0"
BELOW = "stands below another heading than in 1.0"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("ten euros", "nine euros")], {"Price": WORDS}),
        ([("We do share", "We do not share")], {"Price": WORDS}),
        ([("## Price", "## Fee")], {"Fee": WORDS, "Discounts": BELOW}),
        ([("ten euros", "[ten euros](#complaints)")], {"Price": LINK}),
        ([("half of it", "all of it")], {"Discounts": WORDS}),
        ([("### Discounts {#discounts}\n\nStudents pay half of it.\n", "")], {"Discounts": GONE}),
        ([("## Complaints", "### Fees {#fees}\n\nNone.\n\n## Complaints")], {"Fees": NEW}),
        ([(" .material}", "}")], {"Price": UNMARKED, "Discounts": UNMARKED}),
        (
            [("### Discounts", "#### Discounts"), ("## Price", "## Firms {#firms}\n\n### Price")],
            {"Price": BELOW, "Discounts": BELOW},
        ),
        ([(PRICE, ""), ("## Scope", PRICE + "## Scope")], {"Price": ELSEWHERE, "Discounts": ELSEWHERE}),
        ([("{#complaints}", "{#complaints .material}"), ("lose", "theft")], {"Complaints": WORDS}),
    ],
)
def test_a_change_of_what_is_marked_material_is_named(changes: list[tuple[str, str]], expected: dict[str, str]) -> None:
    assert said(*changes) == [f"{name!r} is marked material, and {what}" for name, what in expected.items()]


@pytest.mark.parametrize(
    "changes",
    [
        [("lose", "loss")],
        [("ten euros.", "ten euros")],
        [("{#price .material}", "{#cost .material}")],
        [("{#complaints}", "{#complaints .material}")],
        [(COMPLAINTS, ""), ("## Scope", COMPLAINTS + "\n## Scope")],
        [("## Scope", "## Start {#start}\n\nHello, reader of these terms.\n\n## Scope")],
    ],
    ids=["words elsewhere", "punctuation", "address", "mark added", "another section moved", "another number"],
)
def test_what_changes_no_material_section_is_for_a_person_to_judge(changes: list[tuple[str, str]]) -> None:
    assert said(*changes) == []


# Numbers, which an editorial release should not change


AGED = TEXT.replace("half of it", "half of it until they are 18, for 20 days") + "\nLast updated: May 7, 2020\n"
PAID = AGED[AGED.index("Students pay") : AGED.index("## Complaints")]


def numbers(*changes: tuple[str, str]) -> list[str]:
    changed = AGED
    for old, new in changes:
        assert old in changed
        changed = changed.replace(old, new)
    redline = diff.compare(parse(AGED, "1.0.md"), parse(changed, "policy.md"))
    problems = list(review.number_problems(redline, Where("releases.yaml")))
    assert all((p.code, p.severity) == ("release.numbers", "warning") for p in problems)
    return [p.message.removeprefix("numbers changed: ") for p in problems]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("are 18", "are 13")], "18 -> 13 in 2.1 Discounts"),
        ([("are 18", "are 13"), ("20 days", "90 days")], "18, 20 -> 13, 90 in 2.1 Discounts"),
        ([("are 18", "are 20"), ("20 days", "18 days")], "18, 20 -> 20, 18 in 2.1 Discounts"),
        ([(", for 20 days", "")], "20 -> none in 2.1 Discounts"),
        ([("every page", "every page from 7 June 2026")], "none -> 7 June 2026 in 1.1 Visitors"),
        ([(PAID, ""), ("## Scope", PAID.replace("18", "13") + "\n## Scope")], "18 -> 13 in the opening text"),
    ],
)
def test_a_number_that_is_another_one_is_listed(changes: list[tuple[str, str]], expected: str) -> None:
    assert numbers(*changes) == [expected]


@pytest.mark.parametrize(
    "changes",
    [
        [("May 7", "June 8")],
        [("every page", "each page")],
        [("## Scope", "## Start {#start}\n\nIt is 2026.\n\n## Scope")],
        [(PAID, ""), ("## Scope", PAID + "\n## Scope")],
    ],
    ids=["the date that the text gives itself", "words", "a new section", "a move"],
)
def test_where_no_number_is_another_one_nothing_is_listed(changes: list[tuple[str, str]]) -> None:
    assert numbers(*changes) == []


# Summaries


NOTHING = [
    "",
    " ",
    "wip",
    "Update",
    "Updates.",
    "Updates the policy.",
    "minor changes",
    "TBD",
    "New version 2.0",
    "...",
]


@pytest.mark.parametrize("summary", [*NOTHING, "Various small fixes", "Changes to the text"])
def test_a_summary_that_says_nothing_is_known(summary: str) -> None:
    assert review.is_empty(summary)


@pytest.mark.parametrize(
    "summary",
    ["The first version.", "Fixes typos.", "No changes.", "A higher price.", "توضيح في المقدمة.", "第四条を改訂"],
)
def test_a_summary_that_says_something_is_not_called_empty(summary: str) -> None:
    assert not review.is_empty(summary)


def told(summary: str, *changes: tuple[str, str]) -> Problem | None:
    return review.summary_problem(redline(*changes), summary, Where("releases.yaml"))


PRICES = ("ten euros", "twelve euros")


@pytest.mark.parametrize(
    "summary",
    [
        "A higher price.",  # a word of the heading
        "Now it is twelve euros.",  # a new word
        "What was ten is more.",  # an old word
        "See section 2.",
        "See § 2 for more.",
        "Fixes typos, and raises the price to twelve euros.",
    ],
)
def test_a_summary_that_names_what_changed_is_fine(summary: str) -> None:
    assert told(summary, PRICES) is None


def test_a_summary_that_names_nothing_that_changed_is_told_what_did() -> None:
    problem = told("Explains who we are.", PRICES, ("half of it", "a third of it"), ("## Complaints", "## Claims"))
    assert problem
    assert (problem.severity, problem.message) == ("warning", "the summary names nothing that changed")
    assert problem.hint == "changed: 2 Price (reworded); 2.1 Discounts (reworded); 3 Claims (renamed)"


def test_many_changed_sections_are_not_all_listed() -> None:
    many = TEXT + "".join(f"\n## Part {n} {{#p{n}}}\n\nThis is the part with the name {n}.\n" for n in range(20))
    changed = diff.compare(parse(many, "a"), parse(many.replace("with the name", "called"), "b"))
    problem = review.summary_problem(changed, "Explains who we are.", Where("r"))
    assert problem
    assert problem.hint.endswith("; and 8 more")


@pytest.mark.parametrize(
    "summary", ["Formatting only.", "No changes.", "No real changes in it", "Fixes typos.", "Nothing has changed"]
)
@pytest.mark.parametrize(
    "change",
    [
        PRICES,
        ("We do share", "We do not share"),
        ("can't", "can"),
        ("ten euros", "ten thousand euros"),
        ("You may read", "You must read"),
        ("Students pay half of it.", ""),
    ],
)
def test_a_summary_that_denies_what_changed_is_an_error(summary: str, change: tuple[str, str]) -> None:
    old, new = change
    text = TEXT.replace("You may read", "You can't read") if old == "can't" else TEXT
    changed = diff.compare(parse(text, "a"), parse(text.replace(old, new), "b"))
    problem = review.summary_problem(changed, summary, Where("releases.yaml"))
    assert problem
    assert problem.severity == "error"
    assert "and no more, but more has changed" in problem.message
    assert problem.hint.startswith("changed: ")


@pytest.mark.parametrize(
    ("summary", "change"),
    [
        ("Fixes typos.", ("lose", "loss")),
        ("Corrects spelling.", ("info@example.com by", "info@example.comby")),
        ("Fixes typos.", ("Students pay", "Students  pay,")),
        ("Formatting only.", ("plain terms", "**plain** terms")),
        ("No changes.", ("plain terms.", "plain terms!")),
    ],
)
def test_a_summary_that_says_how_little_changed_may_be_right(summary: str, change: tuple[str, str]) -> None:
    problem = told(summary, change)
    assert problem is None or problem.severity == "warning"


@pytest.mark.parametrize(
    "summary",
    [
        "Fixes a typo in Discounts.",
        "Mends punctuation in section 2.1, Discounts.",
        "Discounts: formatting only.",
        "No real changes to section 2.",
        "Corrects the spelling of § 2.1",
    ],
)
def test_where_something_changed_does_not_say_what(summary: str) -> None:
    problem = told(summary, ("half of it", "nothing"))
    assert problem
    assert (problem.severity, "and no more, but more has changed" in problem.message) == ("error", True)


@pytest.mark.parametrize(
    ("old", "new", "summary"),
    [("lose", "loss", "Fixes a typo in Complaints."), ("plain terms.", "plain terms!", "Only punctuation.")],
)
def test_the_day_that_a_text_gives_itself_goes_with_a_typo_or_a_comma(old: str, new: str, summary: str) -> None:
    dated = TEXT + "\nLast updated: May 7, 2020\n"
    later = dated.replace(old, new).replace("May 7", "June 8")
    problem = review.summary_problem(diff.compare(parse(dated, "a"), parse(later, "b")), summary, Where("r"))
    assert problem is None or problem.severity == "warning"


def test_a_number_is_no_typo() -> None:
    text = TEXT.replace("ten euros", "10 euros")
    changed = diff.compare(parse(text, "a"), parse(text.replace("10", "19"), "b"))
    for summary in ("Fixes typos.", "Formatting only."):
        problem = review.summary_problem(changed, summary, Where("r"))
        assert problem
        assert problem.severity == "error"


@pytest.mark.parametrize(
    ("summary", "strange"),
    [
        ("Rewords section 3.", "3"),
        ("Rewords sections 1, 2 and 2.1.", "1"),
        ("Rewords clauses 1 to 3", "1, 3"),
        ("Rewords section 2.", None),
        ("Rewords section 2.1.", None),
        ("Rewords sections 2 & 2.1", None),
        ("Keeps it for 30 days, about the discounts", None),
    ],
)
def test_a_section_that_did_not_change_is_not_named(summary: str, strange: str | None) -> None:
    problem = told(summary, ("half of it", "a third of it"))
    assert (problem and problem.message) == (f"the summary names {strange}, where nothing changed" if strange else None)


def test_a_section_named_by_its_letter_or_by_the_number_above_it_is_known() -> None:
    text = TEXT.replace("{#scope}", "{#scope numbering=letters}")
    changed = diff.compare(parse(text, "a"), parse(text.replace("every page", "all pages"), "b"))
    for summary in ("Rewords section 1.a.", "Rewords section 1."):
        assert review.summary_problem(changed, summary, Where("r")) is None
    problem = review.summary_problem(changed, "Rewords section 1.b.", Where("r"))
    assert problem
    assert problem.message == "the summary names 1.b, where nothing changed"


def test_where_no_section_changed_there_is_nothing_to_name() -> None:
    assert told("Explains who we are.") is None
