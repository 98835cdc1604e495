"""site.yaml is checked when it is read: what loads can be built, published and read by the receiver."""

from __future__ import annotations

import pytest

from generator import config
from generator.config import direction
from generator.errors import SourceError
from tests.trees import CONSENT, ROOT, SITE


def message(text: str) -> str:
    with pytest.raises(SourceError) as caught:
        config.load(text)
    (problem,) = caught.value.problems
    return str(problem)


def test_this_repositorys_own_site_loads() -> None:
    site = config.load((ROOT / "site.yaml").read_text(encoding="utf-8"))
    assert (site.company.name, site.policies, site.language) == ("ITSTHS PVT LTD", ("privacy-policy",), "en")
    assert [link.label for link in site.navigation] == ["Home", "Help Center"]


def test_a_site_needs_no_more_than_title_url_company_and_policies() -> None:
    site = config.load(SITE)
    assert (site.language, site.advance_notice_days, site.consent, site.demo) == ("en", 30, None, False)


@pytest.mark.parametrize("url", ["https://www.example.com", "https://www.example.com/", "http://localhost:8000"])
def test_an_address_of_the_site_begins_with_its_url_and_one_slash(url: str) -> None:
    site = config.load(SITE.replace("https://www.example.com", url))
    assert site.absolute("/terms/") == url.rstrip("/") + "/terms/"


@pytest.mark.parametrize(
    "url",
    [
        "www.example.com",
        "ftp://example.com",
        "https://",
        "https://example.com/policies",
        "https://example.com?x=1",
        "https://example.com#x",
        "https://user@example.com",
        "https://WWW.Example.com",  # browsers write hosts in small letters, and the receiver compares
    ],
)
def test_a_url_that_is_no_origin_is_refused_before_the_receiver_meets_it(url: str) -> None:
    assert "'url' wants scheme and host" in message(SITE.replace("https://www.example.com", url))


@pytest.mark.parametrize("name", ["../terms", "Terms", "my terms", "a/b", "terms.md", "''", "-terms"])
def test_a_policys_name_that_is_no_plain_address_is_refused(name: str) -> None:
    assert "a policy's name wants small letters" in message(SITE.replace("- terms", f"- {name}"))


@pytest.mark.parametrize("name", ["cookies", "demo", "static", "notice"])
def test_a_policy_cannot_take_an_address_of_the_site_itself(name: str) -> None:
    assert f"a policy cannot be called {name!r}" in message(SITE.replace("- terms", f"- {name}"))


def test_a_policy_that_is_listed_twice_is_not_built_twice() -> None:
    assert "'policies' names 'terms' twice" in message(SITE + "  - terms\n")


@pytest.mark.parametrize(
    ("names", "line"), [("terms cookies privacy", 9), ("terms Terms", 9), ("terms privacy terms", 10)]
)
def test_a_wrong_policy_is_named_at_its_own_line(names: str, line: int) -> None:
    with pytest.raises(SourceError) as caught:
        config.load(SITE.replace("  - terms\n", "".join(f"  - {name}\n" for name in names.split())))
    assert [problem.where.line for problem in caught.value.problems] == [line]


def test_a_site_without_policies_is_no_site() -> None:
    assert "'policies' names no policy" in message(SITE.replace("policies:\n  - terms", "policies: []"))


def test_a_company_without_a_name_is_refused() -> None:
    assert "'name' is empty" in message(SITE.replace("Example Ltd", '" "'))


@pytest.mark.parametrize("target", ["javascript:alert(1)", "//evil.example", "data:text/html,x", "example.com"])
def test_a_link_of_the_site_that_could_run_code_is_refused(target: str) -> None:
    assert "'href' wants" in message(SITE + f"navigation:\n  - {{label: Home, href: '{target}'}}\n")
    assert "'website' wants" in message(SITE.replace("  email:", f"  website: '{target}'\n  email:"))


@pytest.mark.parametrize("target", ["https://example.com", "/cookies/", "mailto:info@example.com"])
def test_a_link_of_the_site_that_leads_somewhere_is_kept(target: str) -> None:
    assert config.load(SITE + f"navigation:\n  - {{label: Home, href: '{target}'}}\n").navigation[0].href == target


def test_a_notice_period_below_zero_is_refused() -> None:
    assert "'advance_notice_days' is below zero: -5" in message(SITE + "advance_notice_days: -5\n")


def test_consent_must_be_bound_to_a_policy_of_the_site() -> None:
    text = SITE + CONSENT.replace("policy: terms", "policy: privacy")
    assert "'consent' names the policy 'privacy'" in message(text)


def test_a_notice_without_the_sites_own_language_is_refused() -> None:
    text = SITE + CONSENT.replace("  proof:", "  languages: [ar]\n  proof:")
    assert "wants the site's own language 'en' too" in message(text)


@pytest.mark.parametrize(
    ("language", "expected"), [("ar", "rtl"), ("ur-PK", "rtl"), ("HE", "rtl"), ("en", "ltr"), ("art", "ltr")]
)
def test_the_direction_follows_the_language_whatever_its_region(language: str, expected: str) -> None:
    assert direction(language) == expected
