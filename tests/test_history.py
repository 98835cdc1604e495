"""The register: an unbroken chain, one release in force on each day, and nothing that may not be released."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import history
from generator.errors import FrozenTextChanged, SourceError
from generator.history import Kind, Register, Release, Version, check_frozen
from generator.releases import plan
from tests.trees import TODAY

DAY = timedelta(days=1)
KINDS: list[Kind] = ["material", "editorial"]


def planned(
    register: Register, kind: Kind, content: str, *, today: date = TODAY, effective: date | None = None
) -> Release:
    return plan(register, kind, content.encode(), "It's new.", today=today, effective=effective, notice_days=30)


def grown(*steps: tuple[Kind, str]) -> Register:
    register = Register("releases.yaml")
    for kind, content in steps:
        register = register.add(planned(register, kind, content))
    return register


FIRST = grown(("material", "one"))


def message(register: Register, kind: Kind, content: str, effective: date | None = None) -> str:
    with pytest.raises(SourceError) as caught:
        planned(register, kind, content, effective=effective)
    return str(caught.value)


@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=8))
def test_a_register_that_was_written_is_read_back_as_it_was(kinds: list[Kind]) -> None:
    register, text = Register("releases.yaml"), ""
    for index, kind in enumerate(kinds):
        release = planned(register, kind, str(index))
        register, text = register.add(release), history.with_row(text, release)
    assert history.load(text, "releases.yaml") == register
    assert register.text == text


@pytest.mark.parametrize("wrong", ["\x01", "\x7f", "\x80", "\udcff", "\uffff"])
def test_a_summary_that_yaml_cannot_hold_is_named(wrong: str) -> None:
    with pytest.raises(SourceError) as caught:
        plan(Register("r"), "material", b"", f"Changes {wrong}", today=TODAY, effective=None, notice_days=30)
    said = f"Changes {wrong}"
    assert str(caught.value) == f"summary: release.summary: {said!r} holds {wrong!r}, which no register can hold"


@pytest.mark.parametrize(
    "summary", ["It's “new”: 1 # 2", "yes", "two\nlines\n", "- a", "{x}", "نرم‌افزار \u200f😀", "\\n"]
)
def test_a_summary_is_kept_whatever_yaml_would_make_of_it(summary: str) -> None:
    release = plan(Register("r"), "material", b"", summary, today=TODAY, effective=None, notice_days=30)
    (read,) = history.load(history.with_row("", release), "r").releases
    assert read.summary == " ".join(summary.split())


@pytest.mark.parametrize("text", ["", "\n", "releases:\n", "releases: []\n", "releases:\n\n"])
def test_the_first_row_goes_into_an_empty_register(text: str) -> None:
    assert history.load(history.with_row(text, FIRST.releases[0]), "r").releases == FIRST.releases


def test_a_new_row_touches_nothing_that_was_written_before() -> None:
    text = "# kept\n" + history.with_row("", FIRST.releases[0]) + "\n# too\n"
    second = planned(FIRST, "editorial", "two")
    assert history.with_row(text, second).startswith(text)


@pytest.mark.parametrize("text", ["1", "1.", "v1.0", "01.0", "1.01", "0.1", "1.0.0", "1.0-draft", ""])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"wants a version like 1\.0"):
        Version.parse(text)


def test_versions_are_ordered_by_number_and_not_by_letter() -> None:
    assert Version.parse("1.9") < Version.parse("1.10") < Version.parse("2.0")
    assert str(Version(1, 10)) == "1.10"


def test_a_material_release_raises_the_first_number_and_an_editorial_one_the_second() -> None:
    register = grown(("material", "a"), ("editorial", "b"), ("material", "c"), ("editorial", "d"))
    assert [str(release.version) for release in register.releases] == ["1.0", "1.1", "2.0", "2.1"]


def test_the_first_release_is_material_and_takes_effect_at_once() -> None:
    release = planned(Register("r"), "editorial", "one")
    assert (str(release.version), release.kind, release.effective, release.previous) == ("1.0", "material", TODAY, None)


def test_the_first_release_may_say_since_when_it_has_held() -> None:
    assert planned(Register("r"), "material", "one", effective=TODAY - DAY).effective == TODAY - DAY


def test_a_material_release_is_announced_before_it_takes_effect() -> None:
    assert planned(FIRST, "material", "two").effective == TODAY + 30 * DAY
    assert planned(FIRST, "material", "two", effective=TODAY + 31 * DAY).effective == TODAY + 31 * DAY
    assert "release.notice-too-short: a material release needs 30 days' notice" in message(
        FIRST, "material", "two", TODAY + 29 * DAY
    )


def test_an_editorial_release_takes_effect_at_once_but_never_before_it_can_be_read() -> None:
    assert planned(FIRST, "editorial", "two").effective == TODAY
    assert "release.backdated" in message(FIRST, "editorial", "two", TODAY - DAY)


def test_a_release_does_not_overtake_one_that_is_announced() -> None:
    register = grown(("material", "a"), ("material", "b"))
    assert planned(register, "editorial", "c").effective == TODAY + 30 * DAY
    assert "takes effect before 2.0" in message(register, "editorial", "c", TODAY + DAY)


def test_the_same_text_is_not_released_twice() -> None:
    assert "release.nothing-new: the text is that of 1.0" in message(FIRST, "editorial", "one")


# A register that somebody edited

SECOND = planned(FIRST, "editorial", "two")
ROWS = FIRST.add(SECOND).text


def sealed(text: str) -> str:
    """What somebody leaves behind who edits a row and gives it the hash of its new lines."""
    return re.sub(
        r"(  - version: .*?)    row: \w+\n",
        lambda row: f"{row[1]}    row: {history.digest(row[1].encode())}\n",
        text,
        flags=re.DOTALL,
    )


def refused(text: str) -> str:
    with pytest.raises(SourceError) as caught:
        history.load(text, "releases.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("published: 2026-11-25", "published: 2026-11-24"),
        ("effective: 2026-11-25", "effective: 2026-11-26"),
        ("summary: 'It''s new.'", "summary: 'It''s old.'"),
        ("summary: 'It''s new.'", "summary: 'It''s new.'\n    note: 'x'"),
        (f"sha256: {FIRST.releases[0].sha256}", f"sha256: {'0' * 64}"),
        ("previous: null", f"previous: {'0' * 64}"),
        (f"row: {FIRST.head}", f"row: {'0' * 64}"),
    ],
)
def test_any_edit_of_a_row_is_noticed_and_the_row_is_named(old: str, new: str) -> None:
    assert old in ROWS
    edited = ROWS.replace(old, new, 1)
    assert refused(edited).startswith("releases.yaml: register.row: the row of 1.0 (material) has been edited")
    if "row:" not in old:
        assert "register.chain: 'previous' of 1." in refused(sealed(edited))


def test_a_row_may_be_written_in_another_form_as_long_as_it_says_the_same() -> None:
    other = ROWS.replace("'It''s new.'", '"It\'s  new."').replace("    kind", "    # why not\n    kind")
    assert history.load(other, "releases.yaml").head == FIRST.add(SECOND).head


def test_a_row_that_stands_there_twice_is_noticed() -> None:
    register = grown(("material", "a"), ("material", "b"), ("material", "c"))
    second = history.written(register.rows[1])
    for row in (second, second.replace("kind: material", "kind: editorial")):
        assert "register.version: 2.0 cannot be next after" in refused(sealed(register.text + row))


def test_a_row_that_is_gone_is_noticed() -> None:
    rows = FIRST.add(SECOND).add(planned(FIRST.add(SECOND), "editorial", "three"))
    assert "register.chain: 'previous' of 1.2" in refused(rows.text.replace(history.written(rows.rows[1]), ""))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("version: 1.1", "version: 1.2", "register.version: 1.2 cannot be next after 1.0"),
        ("version: 1.1", "version: 2.0", "register.kind: 2.0 after 1.0 is not editorial"),
        ("version: 1.1", "version: 1.0", "register.version: 1.0 cannot be next after 1.0"),
        (f"previous: {FIRST.head}", "previous: null", "register.chain: 'previous' of 1.1 is not the"),
        ("effective: 2026-11-25\n    kind: editorial", "effective: 2026-11-24\n    kind: editorial", "register.order"),
        (f"sha256: {SECOND.sha256}", "sha256: abc", "'sha256' wants 64 hexadecimal digits"),
        ("kind: editorial", "kind: minor", "'kind': wants one of material, editorial, withdrawal, and holds 'minor'"),
        ("published: 2026-11-25", "published: 22.11.2026", "'published': wants a date like 2026-11-22"),
        ("policy-register/1", "policy-register/2", "'schema': wants one of policy-register/1, and holds"),
    ],
)
def test_a_register_that_does_not_hold_together_is_refused(old: str, new: str, expected: str) -> None:
    assert old in ROWS
    assert expected in refused(sealed(ROWS.replace(old, new)))


def test_a_frozen_text_that_has_changed_is_named_with_both_hashes() -> None:
    release = FIRST.releases[0]
    check_frozen(FIRST, release, b"one", "releases/1.0.md")
    with pytest.raises(FrozenTextChanged) as caught:
        check_frozen(FIRST, release, b"One", "releases/1.0.md")
    said = str(caught.value)
    assert said.startswith("releases/1.0.md: release.changed: ")
    assert history.digest(b"one") in said
    assert history.digest(b"One") in said


def test_a_frozen_text_that_is_gone_is_named() -> None:
    with pytest.raises(FrozenTextChanged, match=r"releases/1.0.md: release.missing: release 1.0 is in releases.yaml"):
        check_frozen(FIRST, FIRST.releases[0], None, "releases/1.0.md")


# What is in force


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 50)), min_size=1, max_size=6), st.integers(-60, 400))
def test_on_each_day_at_most_one_release_is_in_force(steps: list[tuple[Kind, int]], offset: int) -> None:
    register, day = Register("r"), TODAY
    for index, (kind, wait) in enumerate(steps):
        day += wait * DAY
        kind = kind if register.rows else "material"
        release = Release(
            version=register.next(kind),
            published=day,
            effective=day,
            kind=kind,
            summary="x",
            sha256=history.digest(str(index).encode()),
            previous=register.head,
        )
        register = register.add(release)
    today = TODAY + offset * DAY
    states = [register.status(release, today) for release in register.releases]
    assert states.count("in-force") == (1 if register.releases[0].effective <= today else 0)
    assert states == sorted(states, key=["superseded", "in-force", "upcoming"].index)
    current, upcoming = register.in_force(today), register.upcoming(today)
    assert current is None or current.effective <= today
    assert upcoming is None or upcoming.effective > today


def test_a_release_takes_effect_on_its_day_and_ends_the_one_before() -> None:
    register = grown(("material", "a"), ("material", "b"))
    one, two = register.releases
    day = two.effective
    assert register.in_force(day - DAY) == one
    assert register.in_force(day) == two
    assert register.superseded_on(one) == day
    assert register.superseded_on(two) is None
    assert (register.before(two), register.before(one)) == (one, None)
    assert (register.get("2.0"), register.get("3.0")) == (two, None)


def test_of_two_releases_for_one_day_the_newer_is_announced() -> None:
    """A slip mended in an announced text must not leave readers with the text that never applies."""
    first = planned(FIRST, "material", "two")
    register = FIRST.add(first)
    mended = register.add(planned(register, "editorial", "three"))
    assert mended.releases[-1].effective == first.effective
    announced = mended.upcoming(TODAY)
    assert announced == mended.in_force(first.effective) == mended.releases[-1]


# Releases that were a mistake


def withdrawn(register: Register, version: str, day: date) -> Register:
    release = register.get(version)
    assert release is not None
    return register.add(Release(release.version, day, day, "withdrawal", "By mistake.", release.sha256, register.head))


def mistaken() -> tuple[Register, date]:
    """1.0 and an announced 2.0, and the day on which that is to take effect."""
    register = grown(("material", "a"), ("material", "b"))
    return register, register.releases[1].effective


def test_a_withdrawal_is_written_and_read_as_a_row_that_changes_no_other() -> None:
    register, day = mistaken()
    after = withdrawn(register, "2.0", day)
    assert after.text.startswith(register.text)
    assert history.load(after.text, "releases.yaml") == after
    assert after.releases == register.releases
    assert "    kind: withdrawal\n    summary: 'By mistake.'\n" in after.text


def test_after_a_withdrawal_the_release_before_is_in_force_again_and_the_days_before_stay_as_they_were() -> None:
    register, day = mistaken()
    one, two = register.releases
    end = day + 5 * DAY
    after = withdrawn(register, "2.0", end)
    assert [after.in_force(on) for on in (day - DAY, day, end - DAY, end)] == [one, two, two, one]
    assert [(p.first, p.until) for p in after.periods_of(one)] == [(TODAY, day), (end, None)]
    assert [(p.first, p.until) for p in after.periods_of(two)] == [(day, end)]
    assert [after.status(two, on) for on in (day - DAY, day, end)] == ["upcoming", "in-force", "withdrawn"]
    assert [after.status(one, on) for on in (day, end)] == ["superseded", "in-force"]
    assert (after.superseded_on(one), after.superseded_on(two)) == (None, None)


def test_an_announced_release_that_is_withdrawn_never_takes_effect_and_is_announced_no_more() -> None:
    register, day = mistaken()
    after = withdrawn(register, "2.0", TODAY + DAY)
    assert after.upcoming(TODAY + DAY) is None
    assert after.in_force(day + DAY) == after.releases[0]
    assert after.periods_of(after.releases[1]) == []
    assert after.superseded_on(after.releases[0]) is None


def test_a_superseded_release_keeps_that_day_when_it_is_withdrawn_later() -> None:
    register, day = mistaken()
    after = withdrawn(register, "1.0", day + DAY)
    assert after.superseded_on(after.releases[0]) == day
    assert after.in_force(day + DAY) == after.releases[1]
    assert withdrawn(register, "1.0", day).superseded_on(after.releases[0]) == day
    assert withdrawn(register, "1.0", day - DAY).superseded_on(after.releases[0]) is None


@pytest.mark.parametrize("later", [0, 3])
def test_a_release_superseded_on_its_own_day_stays_so_when_it_is_withdrawn(later: int) -> None:
    register = grown(("material", "a"), ("material", "b"))
    register = register.add(planned(register, "editorial", "c"))
    two, day = register.releases[1], register.releases[1].effective
    assert register.superseded_on(two) == day
    after = withdrawn(register, "2.0", day + later * DAY)
    assert (after.superseded_on(two), after.periods) == (day, register.periods)
    assert withdrawn(register, "2.0", day - DAY).superseded_on(two) is None


def test_the_number_of_a_withdrawn_release_is_never_used_again() -> None:
    register, _ = mistaken()
    after = withdrawn(register, "2.0", TODAY)
    assert (str(after.next("material")), str(after.next("editorial"))) == ("3.0", "1.1")
    third = planned(after, "editorial", "c")
    assert (str(third.version), after.add(third).before(third)) == ("1.1", after.releases[0])
    again = withdrawn(after.add(third), "1.1", TODAY)
    assert str(again.next("editorial")) == "1.2"


def test_a_text_may_take_effect_at_once_where_all_before_are_withdrawn() -> None:
    after = withdrawn(FIRST, "1.0", TODAY + DAY)
    assert (after.latest, after.in_force(TODAY + DAY), after.in_force(TODAY)) == (None, None, FIRST.releases[0])
    release = planned(after, "editorial", "b", today=TODAY + DAY)
    assert (str(release.version), release.kind, release.effective) == ("2.0", "material", TODAY + DAY)
    with pytest.raises(SourceError, match=r"release\.backdated"):
        planned(after, "material", "b", today=TODAY + DAY, effective=TODAY)


@pytest.mark.parametrize(
    "change",
    [
        {"version": Version(3, 0)},
        {"sha256": "0" * 64},
        {"effective": TODAY + 9 * DAY},
        {"published": TODAY - DAY, "effective": TODAY - DAY},
    ],
)
def test_a_withdrawal_goes_with_its_release_and_holds_from_the_day_it_is_made(change: dict[str, Any]) -> None:
    row = withdrawn(FIRST, "1.0", TODAY).rows[-1]
    with pytest.raises(SourceError, match=r"register\.withdrawal"):
        FIRST.add(replace(row, **change))


def test_nothing_is_withdrawn_twice() -> None:
    once = withdrawn(FIRST, "1.0", TODAY)
    with pytest.raises(SourceError, match=r"register\.withdrawal: 1\.0 is withdrawn, but is no release that stands"):
        withdrawn(once, "1.0", TODAY)


Step = tuple[str, int, int]
steps = st.tuples(st.sampled_from([*KINDS, "withdrawal"]), st.integers(0, 9), st.integers(0, 40))


@given(st.lists(steps, min_size=1, max_size=9))
def test_what_was_in_force_on_a_day_never_changes_afterwards(made: list[Step]) -> None:
    """Whatever is released, announced or withdrawn, in whatever order."""
    register, day, answers = Register("r"), TODAY, dict[date, Release | None]()
    for index, (kind, wait, notice) in enumerate(made):
        for _ in range(wait):
            answers[day] = register.in_force(day)
            day += DAY
        standing = [release for release in register.releases if not register.withdrawn(release)]
        if kind == "withdrawal" and standing:
            register = withdrawn(register, str(standing[notice % len(standing)].version), day)
        elif kind != "withdrawal":
            register = register.add(
                plan(
                    register,
                    kind,  # type: ignore[arg-type]
                    str(index).encode(),
                    "x",
                    today=day,
                    effective=None,
                    notice_days=notice,
                )
            )
    assert {on: register.in_force(on) for on in answers} == answers
    by_period = {
        on: p.release for p in register.periods for on in answers if p.first <= on and (not p.until or on < p.until)
    }
    assert all(by_period.get(on) == release for on, release in answers.items())
    assert not register.rows or history.load(register.text, "r") == register
