"""The team's protocol of situations: changed in one form, previewed, signed; running plans follow."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from careteam.events.commands import settle_pending
from careteam.events.models import Event
from careteam.people.models import Team, User
from careteam.people.rules import Role
from careteam.web.words import NBSP
from patients.imaging import commands
from patients.imaging.models import ImagingStudy, Reminder, SurveillancePlan
from patients.imaging.queries.protocol import Moves, moves
from patients.protocol.commands import Choice, sign_numbers
from patients.protocol.models import ProtocolRevision
from patients.protocol.queries import number, numbers, revisions
from patients.protocol.rules import LAB_INTERVALS
from patients.record.models import Metastasis, Patient
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)
URL = "/imaging/protocol/situations/"


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def lead(team: Team) -> User:
    return factories.person(team, Role.TEAM_LEAD)


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR)


@pytest.fixture
def signed_in(lead: User) -> Client:
    client = Client()
    client.force_login(lead)
    return client


def planned(
    team: Team, nurse: User, now: datetime, scan: int, *, started: int = 100, **fields: Any
) -> SurveillancePlan:
    """A running CT plan of a patient on lanreotide since `started` days, last scanned so many days ago."""
    patient = factories.patient(team)
    factories.diagnosis(patient)
    factories.specimen(patient)
    factories.line(patient, started_on=TODAY - timedelta(started))
    factories.study(patient, status="performed", due_on=None, performed_on=TODAY - timedelta(scan))
    return commands.start_plan(patient, modality="ct", by=nurse, now=now, **fields)


def filled(team: Team, **changed: Any) -> dict[str, Any]:
    """The form as it opens, with these answers."""
    held = numbers(team.pk)
    data: dict[str, Any] = {"version": ProtocolRevision.objects.filter(team=team).count(), "reason": "Scanner capacity"}
    for code in ("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10a", "S10b", "S11", "S12"):
        data |= {f"value_{code}": held[code].days, f"scan_{code}": held[code].scan}
    labs = [number.code for number in LAB_INTERVALS]
    for code in ("S7.second", "S7.next", "first_year", "S12.first", "S13.routine", *labs):
        data[f"value_{code.replace('.', '_')}"] = held[code].days
    return data | changed


def outstanding(plan: SurveillancePlan) -> date | None:
    return ImagingStudy.objects.outstanding().get(plan=plan).due_on


def test_the_lead_changes_previews_and_signs_and_every_plan_of_the_team_follows(
    team: Team, lead: User, nurse: User, now: datetime, signed_in: Client, django_capture_on_commit_callbacks: Any
) -> None:
    first, second = planned(team, nurse, now, 30), planned(team, nurse, now, 100)
    own = planned(team, nurse, now, 30, interval_days=45, override_reason="Rapid growth")
    stable = planned(team, nurse, now, 30, started=800)
    page = signed_in.get(reverse("protocol-list")).content.decode()
    assert 'href="/imaging/protocol/situations/"' in page
    # Outside of the range: beside its field, everything typed is kept.
    refused = signed_in.post(URL, filled(team, value_S1="500", value_S2="200", step="preview"))
    assert refused.status_code == 422
    html = refused.content.decode()
    assert "Choose a value from 84 to 183 d, the range of the source." in html
    assert 'value="500"' in html
    assert 'value="200"' in html
    assert "Scanner capacity" in html
    # The preview says what moves, and writes nothing.
    typed = filled(team, value_S1="84", scan_S1="liver_mri", sign_S5="on")
    html = signed_in.post(URL, typed | {"step": "preview"}).content.decode()
    assert "<b>2 dates move</b> of 4 running plans: 2 earlier, 0 later." in html.replace(NBSP, " ")
    assert "1 plan keeps an interval of its own" in html.replace(NBSP, " ")
    assert "Signed as it stands: S5" in html
    assert (number(team.pk, "S1").days, outstanding(first)) == (90, TODAY + timedelta(60))
    # Back to the form: nothing is lost.
    html = signed_in.post(URL, typed | {"step": "back"}).content.decode()
    assert 'value="84"' in html
    # A wrong password signs nothing.
    wrong = signed_in.post(URL, typed | {"step": "sign", "password": "guess"})
    assert wrong.status_code == 422
    assert "Nothing was signed" in wrong.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        done = signed_in.post(URL, typed | {"step": "sign", "password": factories.PASSWORD})
    assert (done.status_code, done["Location"]) == (303, reverse("protocol-list"))
    s1, s5 = number(team.pk, "S1"), number(team.pk, "S5")
    assert (s1.days, s1.scan, s1.signed_by, s5.is_settled) == (84, "liver_mri", str(lead), True)
    # The ticks work the plans off.
    assert Event.objects.filter(kind="plan.stale", settled=False).count() == 4
    settle_pending(now=now)
    assert outstanding(first) == TODAY + timedelta(54)
    assert outstanding(second) == TODAY - timedelta(16)
    assert outstanding(own) == TODAY + timedelta(15)
    assert outstanding(stable) == TODAY + timedelta(150)
    first.refresh_from_db()
    assert first.why == "84 days after CT of 24 Oct 2026, S1: stage IV G2, first year of L1 Lanreotide"
    # What is late now raises its highest step alone, once.
    for _ in range(2):
        commands.sweep(now=now)
    assert [(row.study.plan_id, row.step) for row in Reminder.objects.filter(state="open", study__plan=second)] == [
        (second.pk, "due")
    ]
    html = signed_in.get(reverse("protocol-versions")).content.decode()
    assert "Scanner capacity" in html
    assert [change.code for change in revisions(team.pk)[0].changed] == ["S1"]
    assert revisions(team.pk)[0].kept == ("S5",)


def test_copying_the_defaults_signs_every_situation(team: Team, signed_in: Client) -> None:
    html = signed_in.get(URL + "?defaults=1").content.decode()
    assert html.count('type="checkbox" name="sign_') == html.count(" checked") == 32
    ticked = {f"sign_{code}": "on" for code in ("S5", "S13", "S14", "S15", "S12_first")}
    signed_in.post(URL, filled(team, **ticked, step="sign", password=factories.PASSWORD))
    held = numbers(team.pk)
    assert [code for code in held if held[code].is_signed] == ["S5", "S13", "S14", "S15", "S12.first"]


def test_nothing_changed_and_nothing_ticked_is_refused(team: Team, signed_in: Client) -> None:
    answer = signed_in.post(URL, filled(team, step="preview"))
    assert answer.status_code == 422
    assert "Nothing to sign: change a value, or tick what is to be signed as it stands." in answer.content.decode()


def test_two_leads_at_once_see_both_versions(team: Team, signed_in: Client) -> None:
    mine = filled(team, value_S2="200", step="preview")
    other = Client()
    other.force_login(factories.person(team, Role.TEAM_LEAD, name="Second Lead"))
    other.post(URL, filled(team, value_S1="100", value_S2="190", step="sign", password=factories.PASSWORD))
    stale = signed_in.post(URL, mine)
    assert stale.status_code == 409
    html = stale.content.decode()
    assert "Saved by Second Lead" in html
    assert 'name="take_value_S1"' in html
    answer = mine | {"version": 1, "take_value_S1": "theirs", "take_value_S2": "yours"}
    html = signed_in.post(URL, answer).content.decode()
    assert '<input type="hidden" name="value_S1" value="100">' in html
    signed_in.post(URL, mine | {"version": 1, "value_S1": "100", "step": "sign", "password": factories.PASSWORD})
    assert (number(team.pk, "S1").days, number(team.pk, "S2").days) == (100, 200)
    assert [[change.code for change in row.changed] for row in revisions(team.pk)] == [["S2"], ["S1", "S2"]]


def test_only_a_lead_changes_the_protocol_and_everybody_reads_it(team: Team, nurse: User) -> None:
    client = Client()
    client.force_login(nurse)
    assert client.get(URL).status_code == 403
    assert client.get(reverse("protocol-list")).status_code == 200
    assert client.get(reverse("protocol-versions")).status_code == 200


def test_moves_takes_the_same_number_of_queries_for_any_number_of_plans(
    team: Team, nurse: User, now: datetime, django_assert_num_queries: Any
) -> None:
    planned(team, nurse, now, 30)
    with django_assert_num_queries(11):
        assert moves(team.pk, {"S1": 100}, today=TODAY) == Moves(plans=1, later=1)
    planned(team, nurse, now, 80)
    planned(team, nurse, now, 40)
    with django_assert_num_queries(11):
        assert moves(team.pk, {"S1": 84}, today=TODAY) == Moves(plans=3, earlier=3)
    dead = planned(team, nurse, now, 30)
    Patient.objects.filter(pk=dead.patient_id).update(deceased_on=TODAY)
    assert moves(team.pk, {"S1": 84}, today=TODAY).plans == 3


@pytest.mark.parametrize(
    ("sites", "scan", "proposed"),
    [
        (("liver", "lymph_nodes"), "liver_mri", "mri"),
        (("liver", "bone"), "liver_mri", "ct"),
        ((), "mri", "mri"),
        (("liver",), "as_before", "ct"),
    ],
)
def test_a_new_plan_proposes_the_scan_that_the_protocol_asks_for(
    team: Team, nurse: User, lead: User, now: datetime, sites: tuple[str, ...], scan: str, proposed: str
) -> None:
    patient = planned(team, nurse, now, 30).patient
    for site in sites:
        Metastasis.objects.create(patient=patient, site=site)
    sign_numbers(team, {"S1": Choice(Decimal(90), scan)}, reason="Liver first", by=lead, now=now)
    client = Client()
    client.force_login(nurse)
    html = client.get(reverse("plan-start", args=[patient.pk])).content.decode()
    assert re.search(r'name="modality" value="(\w+)"[^>]*checked', html).group(1) == proposed  # type: ignore[union-attr]
    assert ("Scan in S1" in html) is (scan != "as_before")
