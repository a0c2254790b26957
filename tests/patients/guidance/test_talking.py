"""Words for the outlook: from ranges of groups, only for who wants numbers, never on paper or in a file."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from careteam.people.models import User
from careteam.people.rules import Role
from patients.guidance.rules.talking import CHOICES, span_words, spoken
from patients.protocol.rules.prognosis import FIGURES
from patients.record.models import Metastasis, Patient
from tests.factories import diagnosis, patient, person, specimen, team
from tests.factories.goals import conversation, draft

BY_CODE = {figure.code: figure for figure in FIGURES}


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(7, 13, "7 to 13 months"), (22, 41, "2 to 3 years"), (36, 120, "3 to 10 years"), (12, 30, "12 months to 2 years")],
)
def test_span_is_said_as_people_say_it(low: int, high: int, words: str) -> None:
    assert span_words(low, high) == words


def test_three_sentences_from_the_range_of_the_group_half_longer_half_shorter() -> None:
    typical, best, worst = spoken([BY_CODE["prognosis.nec"], BY_CODE["prognosis.nec_population"]])
    assert "7 to 13 months" in typical.words
    assert "Half of the people lived longer, half shorter." in typical.words
    assert typical.words.startswith("Most people in your situation")
    assert not re.search(r"\d", best.words + worst.words), "no figure for hope and fear, no countdown"
    assert spoken([BY_CODE["prognosis.seer_trend"]]) == ()


def test_medians_are_those_that_the_figure_names() -> None:
    for figure in FIGURES:
        if figure.medians is not None:
            assert "median" in figure.figure
            assert figure.medians[0] <= figure.medians[1]


def test_what_to_avoid_is_never_what_to_use() -> None:
    assert {each.use for each in CHOICES}.isdisjoint({each.avoid for each in CHOICES})
    assert all(each.why for each in CHOICES)


@pytest.fixture
def okafor(db: None) -> User:
    return person(team(), Role.ONCOLOGIST, name="Ines Okafor", title="Dr")


@pytest.fixture
def someone(okafor: User) -> Patient:
    found = patient(okafor.memberships.get().team)
    diagnosis(found)
    specimen(found)
    Metastasis.objects.create(patient=found, site="liver")
    return found


def _words(client: Client, someone: Patient) -> str:
    return client.get(
        reverse("guidance-words", args=[someone.pk]), headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    ).content.decode()


def _signed(someone: Patient, author: User, preference: str) -> None:
    day = (timezone.now() - timedelta(days=2)).date().isoformat()
    conversation(someone, author, now=timezone.now(), held_on=day, event_on="", information_preference=preference)


def test_offered_only_when_numbers_are_wanted(client: Client, okafor: User, someone: Patient) -> None:
    client.force_login(okafor)
    assert "Ask first how much they want to know" in _words(client, someone)
    _signed(someone, okafor, "none_now")
    assert "the patient’s own wish is “Not now”" in _words(client, someone)
    assert "Rather" not in _words(client, someone)
    draft(someone, okafor, now=timezone.now(), information_preference="full")
    offered = _words(client, someone)
    assert reverse("guidance-prognosis", args=[someone.pk]) in offered
    assert "There is nothing more we can do" in offered
    assert not re.search(r"\d+ (?:to \d+ )?(?:months|years)", offered), "the form itself shows no figure"
    page = client.get(reverse("guidance-prognosis", args=[someone.pk])).content.decode()
    assert "Said aloud: typical, best, worst" in page
    colleague = person(someone.team, Role.ONCOLOGIST)
    client.force_login(colleague)
    assert "the patient’s own wish is “Not now”" in _words(client, someone), "a draft counts for its author only"


def test_hidden_where_decision_support_is_off_on_a_projector_and_after_death(
    client: Client, okafor: User, someone: Patient, settings: Any
) -> None:
    _signed(someone, okafor, "full")
    client.force_login(okafor)
    projected = client.get(reverse("guidance-words", args=[someone.pk]) + "?view=projector").content.decode()
    assert "Not on a projector." in projected
    settings.DECISION_SUPPORT_ENABLED = False
    assert "Decision support is switched off" in _words(client, someone)
    settings.DECISION_SUPPORT_ENABLED = True
    Patient.objects.filter(pk=someone.pk).update(deceased_on=timezone.now().date())
    assert "not in care" in _words(client, someone)


def test_who_may_not_read_figures_is_not_offered_any(client: Client, someone: Patient) -> None:
    client.force_login(person(someone.team, Role.CHAPLAIN))
    page = client.get(reverse("goals-new", args=[someone.pk])).content.decode()
    assert reverse("guidance-words", args=[someone.pk]) not in page
    assert client.get(reverse("guidance-words", args=[someone.pk])).status_code == 403


def test_never_on_paper() -> None:
    """What shows figures or words carries the class that no printer prints; nothing that is printed includes it."""
    templates = Path(__file__).resolve().parents[3] / "templates"
    for name in ("prognosis.html", "words.html"):
        assert '<section class="card np"' in (templates / "patients/guidance" / name).read_text()
    form = (templates / "patients/goals/sections/information.html").read_text()
    assert form.index('<div class="np"') < form.index("guidance-words")
    for path in templates.rglob("*.html"):
        if path.parent.name != "guidance" and "guidance-words" in path.read_text():
            assert path.name == "information.html"
    for paper in [*templates.rglob("paper.html"), templates / "patients/goals/_leaflet.html"]:
        assert "prognosis" not in paper.read_text()
