"""The two-minute call, by keyboard, counted.

Of two minutes on the phone the talking takes most; half a minute is left for the form. By the keystroke-level model
(0.28 s a key, 1.35 s to think before each answer; Card, Moran and Newell 1980) that is what the budget below allows.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from careteam.people.models import User
from careteam.people.rules import Role
from patients.record.models import Measurement, NextStep
from patients.triage.models import SymptomCall
from tests import factories
from tests.journeys.conftest import Visit

pytestmark = pytest.mark.browser
KEY_SECONDS, THINK_SECONDS, BUDGET_SECONDS, MOST_INTERACTIONS = 0.28, 1.35, 30, 32


class Keys:
    """Presses keys and counts them."""

    def __init__(self, page: Page) -> None:
        self.page, self.count, self.answers = page, 0, 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.count += 1

    def answer(self, *keys: str) -> None:
        """One answer: think, type it, go on to the next field."""
        self.answers += 1
        self.press(*keys, "Tab")

    @property
    def seconds(self) -> float:
        return self.count * KEY_SECONDS + self.answers * THINK_SECONDS


@pytest.mark.django_db(transaction=True)
def test_symptom_call_fits_into_two_minutes_by_keyboard(visit: Visit, colleague: Callable[..., User]) -> None:
    team = factories.team()
    nurse = colleague(team, Role.NURSE_COORDINATOR, name="Dana Whitcomb")
    patient = factories.patient(team)
    page = visit(nurse)
    page.goto(f"/patients/{patient.pk}/")
    page.locator("#care").get_by_role("link", name="Symptom call").click()
    expect(page.get_by_label("Stools")).to_be_focused()

    keys = Keys(page)
    keys.answer("6")
    keys.answer("2")
    keys.answer("8")
    keys.answer("Space")  # fever on chemotherapy
    for _ in range(3):  # confusion, low blood sugar, jaundice: no
        keys.answer()
    expect(page.get_by_label("More flushing than usual")).to_be_focused()
    keys.answer()
    keys.answer()  # nothing else
    keys.answer("Space")  # early scan
    keys.press("Enter")

    expect(page.get_by_role("heading", name="What came up")).to_be_visible()
    expect(page.get_by_text("Tell the oncologist now, while the caller is on the line.")).to_be_visible()
    assert 1 + keys.count <= MOST_INTERACTIONS
    assert keys.seconds <= BUDGET_SECONDS

    call = SymptomCall.objects.get()
    assert (call.stools_per_day, call.flushes_per_day, call.pain, call.wants_scan) == (6, 2, 8, True)
    assert call.signs == ["fever", "pain", "stools"]
    assert Measurement.objects.filter(patient=patient).count() == 3
    keys_of_steps = NextStep.objects.filter(patient=patient).order_by("source_key").values_list("source_key", flat=True)
    assert [key.split(":")[0] for key in keys_of_steps] == ["call", "early-scan", "prompt"]

    page.get_by_label("What was done").fill("Dr Okafor told, patient comes to the ward")
    page.get_by_role("button", name="Answered").click()
    page.wait_for_url(f"**/patients/{patient.pk}/")
    call.refresh_from_db()
    assert call.closed_by == nurse
