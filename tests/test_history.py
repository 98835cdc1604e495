"""The register: an unbroken chain, one release in force on each day, and nothing that may not be released."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import history
from generator.errors import FrozenTextChanged, SourceError
from generator.history import Kind, Register, Release, Version, check_frozen, plan
from tests.trees import TODAY

DAY = timedelta(days=1)
KINDS: list[Kind] = ["material", "editorial"]


def planned(
    register: Register, kind: Kind, content: str, *, today: date = TODAY, effective: date | None = None
) -> Release:
    return plan(
        register, kind, content=content.encode(), summary="It's new.", today=today, effective=effective, notice_days=30
    )


def grown(*steps: tuple[Kind, str]) -> Register:
    register = Register("releases.yaml")
    for kind, content in steps:
        register = Register(register.path, (*register.releases, planned(register, kind, content)))
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
        register, text = Register(register.path, (*register.releases, release)), history.with_row(text, release)
    assert history.load(text, "releases.yaml") == register


@pytest.mark.parametrize("summary", ["It's “new”: 1 # 2", "yes", "two\nlines\n", "- a", "{x}", "\\n"])
def test_a_summary_is_kept_whatever_yaml_would_make_of_it(summary: str) -> None:
    release = plan(Register("r"), "material", content=b"", summary=summary, today=TODAY, effective=None, notice_days=30)
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


def test_a_release_without_a_summary_is_refused() -> None:
    with pytest.raises(SourceError, match=r"release\.summary: the summary is empty"):
        plan(FIRST, "editorial", content=b"", summary=" ", today=TODAY, effective=None, notice_days=30)


# A register that somebody edited

ROWS = history.with_row(history.with_row("", FIRST.releases[0]), planned(FIRST, "editorial", "two"))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("version: 1.1", "version: 1.2", "register.version: 1.2 cannot follow 1.0"),
        ("version: 1.1", "version: 2.0", "register.kind: 2.0 after 1.0 is not editorial"),
        ("version: 1.1", "version: 1.0", "register.version: 1.0 cannot follow 1.0"),
        (f"previous: {history.digest(b'one')}", "previous: null", "register.chain: 'previous' of 1.1 is not the"),
        ("previous: null", f"previous: {'0' * 64}", "register.chain: 'previous' of 1.0 is not the"),
        ("effective: 2026-11-22\n    kind: editorial", "effective: 2026-11-21\n    kind: editorial", "register.order"),
        (f"sha256: {history.digest(b'two')}", "sha256: abc", "'sha256' wants 64 hexadecimal digits"),
        ("kind: editorial", "kind: minor", "'kind': wants one of material, editorial, and holds 'minor'"),
        ("published: 2026-11-22", "published: 22.11.2026", "'published': wants a date like 2026-11-22"),
    ],
)
def test_a_register_that_does_not_hold_together_is_refused(old: str, new: str, expected: str) -> None:
    assert old in ROWS
    with pytest.raises(SourceError) as caught:
        history.load(ROWS.replace(old, new), "releases.yaml")
    assert expected in str(caught.value)


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
        latest = register.latest
        release = Release(
            version=latest.version.next(kind) if latest else Version(1, 0),
            published=day,
            effective=day,
            kind=kind,
            summary="x",
            sha256=history.digest(str(index).encode()),
            previous=latest.sha256 if latest else None,
        )
        register = Register("r", (*register.releases, release))
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
    register = Register(FIRST.path, (*FIRST.releases, first))
    mended = Register(FIRST.path, (*register.releases, planned(register, "editorial", "three")))
    assert mended.releases[-1].effective == first.effective
    announced = mended.upcoming(TODAY)
    assert announced == mended.in_force(first.effective) == mended.releases[-1]
