"""A short conversation walked in the browser, counted; and what the page says when nothing can be saved.

Five minutes are the talk's. What the form adds is counted: clicks, keys that are not text, and fields that are written
into. By the keystroke-level model (0.28 s a key, 1.1 s to point and click, 1.35 s to think before each; Card, Moran and
Newell 1980) these budgets are about a minute and a half beside the words that are typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from careteam.people.models import User
from careteam.people.rules import Role
from patients.goals.models import GoalsConversation, GoalsDraft
from patients.wishes.models import Wish
from tests import factories
from tests.journeys.conftest import Visit

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parent / "vendor/axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MOST_CLICKS, MOST_FIELDS = 11, 4


class Hand:
    """Clicks and writes, and counts both."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks, self.fields, self.typed = page, 0, 0, 0

    def click(self, role: str, name: str) -> None:
        self.page.get_by_role(role, name=name, exact=True).first.click()  # type: ignore[arg-type]
        self.clicks += 1

    def write(self, field: str, text: str) -> None:
        self.page.locator(f"[name={field}]").fill(text)
        self.fields += 1
        self.typed += len(text)


def violations(page: Page, rules: list[str] = RULES) -> list[tuple[str, str]]:
    page.evaluate(f"window.axe || {AXE}")
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", rules)
    return [(problem["id"], problem["nodes"][0]["html"]) for problem in found["violations"]]


def in_both_themes(page: Page) -> list[tuple[str, str]]:
    """What axe finds with everything unfolded; of the rules, only contrast can answer otherwise in the dark."""
    page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")
    light = violations(page)
    page.emulate_media(color_scheme="dark")
    dark = violations(page, ["color-contrast"])
    page.emulate_media(color_scheme="light")
    return light + dark


@pytest.mark.django_db(transaction=True)
def test_short_conversation_is_walked_signed_read_compared_and_taken_home(
    visit: Visit, colleague: Callable[..., User]
) -> None:
    team = factories.team()
    brandt = colleague(team, Role.PALLIATIVE, name="Lena Brandt", title="Dr")
    patient = factories.patient(team, given_name="Ada", family_name="Journey")
    page = visit(brandt)
    hand = Hand(page)
    page.goto(f"/patients/{patient.pk}/goals/")
    hand.click("link", "Start conversation")
    hand.click("button", "Short version")
    expect(page.locator("#more")).to_be_visible()
    for name in ("Big picture, no numbers", "Being at home", "Less pain", "Diarrhea in public", "DNR"):
        hand.click("radio" if name in {"Big picture, no numbers", "DNR"} else "checkbox", name)
    hand.click("checkbox", "No intensive care")
    page.locator("[name=hospital_nights_acceptance][value=not_accepted]").check()
    hand.clicks += 1
    hand.write("quote", "I want to be at home for the summer.")
    hand.write("agreed", "You stay at home. We come to you.")
    hand.write("summary", "Home first; treatment without nights in hospital. DNR, no intensive care.")
    expect(page.locator("#saved")).to_contain_text("visible to you only")
    expect(page.locator("#sections")).to_contain_text("6 of 12")
    hand.click("button", "Read and sign…")
    hand.write("password", factories.PASSWORD)
    hand.click("button", "Sign")
    expect(page.locator("main")).to_contain_text("Signed")
    assert hand.clicks <= MOST_CLICKS
    assert hand.fields <= MOST_FIELDS
    signed = GoalsConversation.objects.get()
    assert (signed.matters, signed.worries_codes, signed.limits_codes) == (
        ["home", "less_pain"],
        ["diarrhea"],
        ["no_icu"],
    )
    assert Wish.objects.filter(patient=patient, kind="code_status", code="dnr").exists()

    # A second version; then what changed, and the page to take home. No accessibility rule is broken on any of them.
    page.get_by_role("button", name="New version").click()
    expect(page.locator("[name=agreed]")).to_have_value("")
    page.goto(f"/patients/{patient.pk}/goals/new/")
    assert in_both_themes(page) == []
    page.fill("[name=quote]", "I want to be at home for Christmas.")
    page.fill("[name=summary]", "Home first.")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.keyboard.press("x")
    expect(page).to_have_url(re.compile("#s-sign$"))
    page.get_by_role("button", name="Read and sign…").click()
    page.fill("[name=password]", factories.PASSWORD)
    page.get_by_role("button", name="Sign", exact=True).click()
    page.get_by_role("link", name="what changed").click()
    expect(page.locator("del").first).to_be_visible()
    assert violations(page) == []
    page.goto(f"/patients/{patient.pk}/goals/{signed.pk}/summary/")
    expect(page.locator("article")).to_contain_text("You stay at home. We come to you.")
    assert violations(page) == []

    # What the talk leads to, on a phone: the signed text, the wishes, the palliative page, the step into hospice.
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"/patients/{patient.pk}/hospice/")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", name="At night")).to_be_visible()
    for place in (f"goals/{signed.pk}", "wishes", "palliative", "hospice"):
        page.goto(f"/patients/{patient.pk}/{place}/")
        assert in_both_themes(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.django_db(transaction=True)
def test_line_under_the_heading_tells_the_truth_when_nothing_can_be_saved(
    visit: Visit, colleague: Callable[..., User]
) -> None:
    team = factories.team()
    brandt = colleague(team, Role.PALLIATIVE, name="Lena Brandt", title="Dr")
    patient = factories.patient(team)
    page = visit(brandt)
    page.goto(f"/patients/{patient.pk}/goals/new/")
    saved = page.locator("#saved")
    where = re.compile("/goals/draft/$")

    # No network: said, and sent again by itself once there is one.
    page.route(where, lambda route: route.abort())
    page.fill("[name=quote]", "typed without a network")
    expect(saved).to_contain_text("Not saved: the server does not answer.")
    page.get_by_role("button", name="Leave as draft").click()
    expect(page.locator("[name=quote]")).to_have_value("typed without a network")
    page.unroute(where)
    expect(page.locator("[data-unsaved]")).to_have_count(0)
    expect(saved).to_contain_text("visible to you only")
    assert GoalsDraft.objects.get().content["quote"] == "typed without a network"

    # The database away for a moment: an error page never takes the place of the form. (The fixture allows no real 5xx;
    # the script treats 429 and all of them alike.)
    def away(route: Route) -> None:
        route.fulfill(status=429, body="<h1>Away</h1>")

    page.route(where, away)
    page.fill("[name=quote]", "typed while the database was away")
    expect(saved).to_contain_text("Not saved: the server does not answer.")
    expect(page.get_by_text("Away", exact=True)).to_have_count(0)
    page.unroute(where)
    expect(page.locator("[data-unsaved]")).to_have_count(0)
    expect(saved).to_contain_text("visible to you only")
    assert GoalsDraft.objects.get().content["quote"] == "typed while the database was away"

    # The session ended: the page stays, and after signing in on another tab the text is kept.
    page.context.clear_cookies(name="sessionid")
    page.fill("[name=quote]", "typed after the session had ended")
    expect(saved).to_contain_text("Not saved: you are signed out here.")
    expect(page.locator("[name=quote]")).to_have_value("typed after the session had ended")
    other = page.context.new_page()
    other.goto("/accounts/login/")
    other.fill("input[name=login]", brandt.email)
    other.fill("input[name=password]", factories.PASSWORD)
    other.get_by_role("button", name="Sign in", exact=True).click()
    expect(other.locator("#main")).to_be_visible()
    other.close()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("[data-unsaved]")).to_have_count(0)
    expect(saved).to_contain_text("visible to you only")
    assert GoalsDraft.objects.get().content["quote"] == "typed after the session had ended"
