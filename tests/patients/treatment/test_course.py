"""Doses with their labs, toxicities, washout, preparation, authorization: commands and pages."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from careteam.audit.models import AuditEvent
from careteam.people.models import User
from careteam.people.rules import Role
from patients.record.commands import record_death
from patients.record.models import NextStep, Patient
from patients.treatment import commands
from patients.treatment.models import (
    Administration,
    AdverseEvent,
    Authorization,
    DoseCheck,
    PreparationStep,
    TreatmentLine,
    TreatmentSite,
    WashoutDecision,
)
from patients.treatment.queries import labs_before, limits_of
from patients.treatment.rules import EndReason, LineDraft, PreparationOutcome, WashoutChoice
from tests import factories

pytestmark = pytest.mark.django_db
LABS = {"777-3": (180, 150, 400), "6690-2": (5, 4, 10), "718-7": (12, 12, 16), "2160-0": (1, 0.6, 1.2)}
MORE = {"1975-2": (0.8, 0.2, 1.2), "1742-6": (20, 7, 45), "1751-7": (4, 3.5, 5.2)}


@pytest.fixture
def doctor() -> User:
    return factories.person(factories.team(), Role.ONCOLOGIST, name="Ines Okafor")


@pytest.fixture
def patient(doctor: User) -> Patient:
    return factories.patient(doctor.memberships.get().team, sex="male")


@pytest.fixture
def client(doctor: User) -> Client:
    client = Client()
    client.force_login(doctor)
    return client


@pytest.fixture
def today(patient: Patient) -> date:
    return patient.team.local_date(timezone.now())


def measured(patient: Patient, on: date, **values: object) -> None:
    """The whole panel of that day; `values` override by LOINC code with c and underscores for dashes."""
    for code, (value, low, high) in (LABS | MORE).items():
        chosen = values.get(f"c{code.replace('-', '_')}", value)
        taken = datetime.combine(on, time(8), tzinfo=timezone.get_current_timezone())
        factories.measurement(patient, code, chosen, taken_at=taken, reference_low=low, reference_high=high)


def prrt(patient: Patient, by: User, on: date, **plan: Any) -> TreatmentLine:
    draft = LineDraft(
        "prrt",
        "177Lu-dotatate",
        start_reason="progression",
        dose="7.4 GBq",
        interval_days=56,
        planned_count=4,
        plan=plan,
    )
    return commands.begin_line(patient, draft, on=on, by=by, now=timezone.now())


def steps(line: TreatmentLine) -> list[tuple[int, str, date, str]]:
    rows = PreparationStep.objects.filter(dose__line=line).order_by("due_on", "pk")
    return [(row.dose.number, row.kind, row.due_on, row.outcome) for row in rows.select_related("dose")]


# --- labs before a dose -----------------------------------------------------------------------------------------------


def test_giving_with_good_labs_asks_nothing_and_keeps_them(
    client: Client, patient: Patient, doctor: User, today: date
) -> None:
    measured(patient, today - timedelta(3))
    line = prrt(patient, doctor, today)
    dose = line.administrations.get(number=1)
    url = reverse("dose-record", args=[patient.pk, dose.pk])
    assert 'name="despite"' not in client.get(url).content.decode()
    values = {"version": "1", "act": "give", "on": today.isoformat(), "amount": "200", "unit": "mCi"}
    assert client.post(url, values).status_code == 303
    dose.refresh_from_db()
    check = DoseCheck.objects.get()
    assert (dose.status, str(dose.dose), dose.dose_unit) == ("given", "7.400", "GBq")
    assert ({row["verdict"] for row in check.results}, check.despite) == ({"ok"}, "")


def test_giving_against_a_lab_asks_for_a_sentence_that_is_kept(
    client: Client, patient: Patient, doctor: User, today: date
) -> None:
    measured(patient, today - timedelta(3), c777_3=68)
    dose = prrt(patient, doctor, today).administrations.get(number=1)
    url = reverse("dose-record", args=[patient.pk, dose.pk])
    values = {"version": "1", "act": "give", "on": today.isoformat()}
    answer = client.post(url, values)
    assert answer.status_code == 422
    assert "Say why it is given all the same: Platelets 68" in answer.content.decode()
    client.post(url, values | {"despite": "Stable for months, agreed with hematology."})
    assert DoseCheck.objects.get().despite == "Stable for months, agreed with hematology."
    page = client.get(reverse("line-page", args=[patient.pk, dose.line_id])).content.decode()
    assert "Given in spite of labs: Stable for months, agreed with hematology." in page


@pytest.mark.parametrize(("days", "verdict"), [(29, "stale"), (None, "missing")])
def test_stale_and_missing_labs_have_not_passed(
    client: Client, patient: Patient, doctor: User, today: date, days: int | None, verdict: str
) -> None:
    if days is not None:
        measured(patient, today - timedelta(days))
    dose = prrt(patient, doctor, today).administrations.get(number=1)
    with pytest.raises(ValidationError, match=f"Platelets.*: {verdict}"):
        commands.give_administration(dose, on=today, by=doctor, now=timezone.now())
    page = client.get(reverse("line-page", args=[patient.pk, dose.line_id])).content.decode()
    assert "Labs before dose 1" in page
    assert page.count(f"</svg>{verdict}</span>") == 7


def test_a_dose_given_elsewhere_asks_for_no_sentence(patient: Patient, doctor: User, today: date) -> None:
    dose = prrt(patient, doctor, today).administrations.get(number=1)
    commands.give_administration(dose, on=today, given_elsewhere="Dr. Weiss", by=doctor, now=timezone.now())
    dose.refresh_from_db()
    assert (dose.status, dose.given_elsewhere) == ("given", "Dr. Weiss")


def test_without_decision_support_nothing_is_judged(
    client: Client, patient: Patient, doctor: User, today: date, settings: Any
) -> None:
    settings.DECISION_SUPPORT_ENABLED = False
    dose = prrt(patient, doctor, today).administrations.get(number=1)
    page = client.get(reverse("line-page", args=[patient.pk, dose.line_id])).content.decode()
    assert "missing</span>" not in page
    commands.give_administration(dose, on=today, by=doctor, now=timezone.now())
    assert DoseCheck.objects.count() == 0


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"act": "give", "on": "2020-01-01"}, "Day: The line started on"),
        ({"act": "give", "on": "2999-01-01"}, "Day: The day lies in the future."),
        ({"act": "hold"}, "Why: Say why."),
        ({"act": "give", "reduced": "on"}, "Why: Say why it was reduced."),
        ({"act": "give", "amount": "200", "unit": "GBq"}, "Did you mean 200 mCi? That is 7.4 GBq."),
        ({"act": "give", "amount": "7.4", "unit": "mg"}, "PRRT is given in GBq, not in mg."),
        ({"act": "give", "amount": "\N{PILL}"}, "Amount: Enter a number."),
        ({"act": "hold", "reason": "x" * 100_000}, "at most 250 characters"),
    ],
)
def test_bad_input_of_a_dose_is_said_beside_its_field(
    client: Client, patient: Patient, doctor: User, today: date, bad: dict[str, str], said: str
) -> None:
    measured(patient, today)
    dose = prrt(patient, doctor, today).administrations.get(number=1)
    url = reverse("dose-record", args=[patient.pk, dose.pk])
    answer = client.post(url, {"version": "1", "on": today.isoformat(), **bad})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    dose.refresh_from_db()
    assert dose.status == "planned"


def test_a_death_before_a_cycle_is_said_beside_the_day(
    client: Client, patient: Patient, doctor: User, today: date
) -> None:
    dose = prrt(patient, doctor, today).administrations.get(number=2)
    Patient.objects.filter(pk=patient.pk).update(deceased_on=today - timedelta(1))
    url = reverse("dose-record", args=[patient.pk, dose.pk])
    html = client.post(url, {"version": "1", "act": "give", "on": today.isoformat()}).content.decode()
    assert f"Day: The patient died on {today - timedelta(1):%d %b %Y}." in html


def test_a_dose_is_held_with_its_coded_reason(client: Client, patient: Patient, doctor: User, today: date) -> None:
    dose = prrt(patient, doctor, today).administrations.get(number=1)
    client.post(reverse("dose-record", args=[patient.pk, dose.pk]), {"version": "1", "act": "hold", "code": "labs"})
    dose.refresh_from_db()
    assert (dose.status, dose.reason_code, dose.reason) == ("held", "labs", "Blood counts or labs")


# --- toxicities -------------------------------------------------------------------------------------------------------


def test_a_toxicity_is_recorded_changed_and_withdrawn(
    client: Client, patient: Patient, doctor: User, today: date
) -> None:
    line = prrt(patient, doctor, today - timedelta(40))
    add = reverse("toxicity-add", args=[patient.pk, line.pk])
    values = {"term": "Platelet count decreased", "grade": "2", "noticed_on": today.isoformat(), "version": "0"}
    assert client.post(add, values).status_code == 303
    event = AdverseEvent.objects.get()
    page = client.get(reverse("line-page", args=[patient.pk, line.pk])).content.decode()
    assert "Platelets, grade 2: consider holding until grade 0–1" in page
    change = reverse("toxicity-change", args=[patient.pk, event.pk])
    resolved = values | {"resolved_on": (today - timedelta(1)).isoformat(), "version": "1"}
    assert "Resolved before it began." in client.post(change, resolved).content.decode()
    assert client.post(change, values | {"grade": "1", "version": "1"}).status_code == 303
    assert client.post(change, values | {"grade": "3", "version": "1"}).status_code == 409
    error = reverse("toxicity-error", args=[patient.pk, event.pk])
    client.post(error, {"version": "2", "reason": "Other patient"})
    event.refresh_from_db()
    assert (event.grade, event.error_reason) == (1, "Other patient")
    assert client.get(change).status_code == 404
    done = AuditEvent.objects.filter(action__startswith="treatment.", action__contains="toxicity").order_by("pk")
    assert [event.action for event in done] == [
        "treatment.record_toxicity",
        "treatment.change_toxicity",
        "treatment.toxicity_in_error",
    ]


def test_grades_are_told_for_the_term(client: Client, patient: Patient, doctor: User, today: date) -> None:
    url = reverse("toxicity-add", args=[patient.pk, prrt(patient, doctor, today).pk])
    html = client.post(url, {"term": "Anemia", "refresh": "term"}).content.decode()
    assert "2 · below 10 g/dL, local, unsigned" in html
    assert AdverseEvent.objects.count() == 0


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"grade": "5"}, "Grade 5 is death: record the death first."),
        ({"grade": "7"}, "Select a valid choice"),
        ({"noticed_on": "2999-01-01"}, "The day lies in the future."),
        ({"noticed_on": "2001-01-01"}, "The line started on"),
        ({"term": " "}, "This field is required."),
        ({"note": "x" * 100_000}, "at most 5000 characters"),
    ],
)
def test_bad_input_of_a_toxicity(
    client: Client, patient: Patient, doctor: User, today: date, bad: dict[str, str], said: str
) -> None:
    url = reverse("toxicity-add", args=[patient.pk, prrt(patient, doctor, today).pk])
    values = {"term": "Nausea", "grade": "1", "noticed_on": today.isoformat(), "version": "0"} | bad
    answer = client.post(url, values)
    assert answer.status_code == 422
    assert said in answer.content.decode()


# --- washout ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def analog(patient: Patient, doctor: User, today: date) -> TreatmentLine:
    """Lanreotide every 28 days, planned for today + 18, + 46, + 74."""
    line = factories.line(
        patient, dose="120 mg", interval_days=28, role="symptom_control", start_reason="symptom_control"
    )
    for number in range(3):
        Administration.objects.create(
            patient=patient, line=line, number=number + 1, planned_on=today + timedelta(18 + 28 * number)
        )
    return line


def injections(line: TreatmentLine) -> list[date]:
    return list(Administration.objects.filter(line=line).order_by("number").values_list("planned_on", flat=True))


def conflict_of(patient: Patient, doctor: User, today: date) -> tuple[Administration, Administration]:
    """PRRT from today + 30 on: 12 days after the first injection."""
    line = prrt(patient, doctor, today)
    for dose in line.administrations.all():
        dose.planned_on += timedelta(30)
        dose.save()
    return line.administrations.get(number=1), Administration.objects.get(line__modality="ssa", number=1)


def test_conflicts_are_shown_and_decided_by_one_click(
    client: Client, patient: Patient, doctor: User, today: date, analog: TreatmentLine
) -> None:
    dose, injection = conflict_of(patient, doctor, today)
    page = client.get(reverse("line-page", args=[patient.pk, dose.line_id])).content.decode()
    assert "12 days before dose 1" in page
    url = reverse("washout-decide", args=[patient.pk, dose.pk, injection.pk])
    assert client.post(url, {"choice": "omit"}).status_code == 303
    assert injections(analog) == [dose.planned_on, dose.planned_on + timedelta(28), dose.planned_on + timedelta(56)]
    decision = WashoutDecision.objects.get()
    assert (decision.choice, decision.days, decision.created_by) == ("omit", 12, doctor)
    again = client.get(reverse("line-page", args=[patient.pk, dose.line_id])).content.decode()
    assert "Washout before PRRT" not in again
    client.post(url, {"choice": "omit"})
    assert WashoutDecision.objects.count() == 1


def test_bridging_opens_a_step_that_ends_a_day_before(
    patient: Patient, doctor: User, today: date, analog: TreatmentLine
) -> None:
    dose, injection = conflict_of(patient, doctor, today)
    commands.decide_washout(dose, injection, WashoutChoice.BRIDGE, by=doctor, now=timezone.now())
    step = NextStep.objects.get(source_key__startswith="bridge:")
    last = dose.planned_on - timedelta(1)
    assert f"({last.day} {last:%b %Y})" in step.what
    assert injections(analog)[0] == dose.planned_on


def test_bridging_ends_with_the_dose(patient: Patient, doctor: User, today: date, analog: TreatmentLine) -> None:
    dose, injection = conflict_of(patient, doctor, today)
    commands.decide_washout(dose, injection, WashoutChoice.BRIDGE, by=doctor, now=timezone.now())
    commands.skip_administration(dose, reason="Platelets", by=doctor, now=timezone.now())
    assert NextStep.objects.get(source_key__startswith="bridge:").closed_because == "Skipped"


def test_only_prrt_and_analog_have_a_washout(
    patient: Patient, doctor: User, today: date, analog: TreatmentLine
) -> None:
    second, first = analog.administrations.get(number=2), analog.administrations.get(number=1)
    first.planned_on = second.planned_on - timedelta(3)
    first.save()
    with pytest.raises(ValidationError, match="between a PRRT dose and an injection"):
        commands.decide_washout(second, first, WashoutChoice.OMIT, by=doctor, now=timezone.now())


def test_asking_moves_nothing_and_opens_a_step_for_the_clinician(
    patient: Patient, doctor: User, today: date, analog: TreatmentLine
) -> None:
    factories.responsible(patient, doctor)
    dose, injection = conflict_of(patient, doctor, today)
    before = injections(analog)
    commands.decide_washout(dose, injection, WashoutChoice.ASK, by=doctor, now=timezone.now())
    step = NextStep.objects.get(source_key__startswith="washout:")
    assert (step.owner, injections(analog)) == (doctor, before)
    commands.decide_washout(dose, injection, WashoutChoice.OMIT, by=doctor, now=timezone.now())
    step.refresh_from_db()
    assert step.closed_at is not None


def test_a_given_injection_moves_the_dose(patient: Patient, doctor: User, today: date, analog: TreatmentLine) -> None:
    dose, injection = conflict_of(patient, doctor, today)
    Administration.objects.filter(pk=injection.pk).update(status="given", given_on=today, planned_on=today)
    Administration.objects.filter(line=analog).exclude(pk=injection.pk).update(status="cancelled")
    Administration.objects.filter(line=dose.line).update(planned_on=today + timedelta(10))
    with pytest.raises(ValidationError, match="not offered"):
        commands.decide_washout(dose, injection, WashoutChoice.OMIT, by=doctor, now=timezone.now())
    commands.decide_washout(dose, injection, WashoutChoice.DELAY, by=doctor, now=timezone.now())
    dose.refresh_from_db()
    assert (dose.planned_on, dose.reason_code) == (today + timedelta(28), "washout")


# --- preparation ------------------------------------------------------------------------------------------------------


@pytest.fixture
def site(patient: Patient) -> TreatmentSite:
    return factories.site(patient.team, per_day=1)


def test_starting_lays_out_the_steps_of_the_next_dose(
    client: Client, patient: Patient, doctor: User, today: date, site: TreatmentSite
) -> None:
    line = prrt(patient, doctor, today, place=site.pk)
    found = steps(line)
    assert sorted(kind for _, kind, _, _ in found) == ["advice", "go", "labs", "nadir", "order", "room"]
    assert {number for number, *_ in found} == {1}
    assert NextStep.objects.filter(source_key__startswith="prepare:", closed_at=None).count() == 6
    dose = line.administrations.get(number=1)
    commands.delay_administration(dose, to=today + timedelta(70), reason="Isotope", by=doctor, now=timezone.now())
    moved = steps(line)
    assert len(moved) == 6
    assert all(after > before for (_, _, before, _), (_, _, after, _) in zip(found, moved, strict=True))
    page = client.get(reverse("line-page", args=[patient.pk, line.pk])).content.decode()
    assert "Order isotope by" in page


def test_giving_turns_to_the_next_dose_and_keeps_nadir_labs(
    patient: Patient, doctor: User, today: date, site: TreatmentSite
) -> None:
    measured(patient, today)
    line = prrt(patient, doctor, today, place=site.pk)
    dose = line.administrations.get(number=1)
    commands.give_administration(dose, on=today, by=doctor, now=timezone.now())
    open_steps = [(number, kind) for number, kind, _, outcome in steps(line) if not outcome]
    assert (1, "nadir") in open_steps
    assert sorted({number for number, kind in open_steps if kind != "nadir"}) == [2]
    commands.end_line(line, on=today, reason=EndReason.TOXICITY, by=doctor, now=timezone.now())
    assert [(number, kind) for number, kind, _, outcome in steps(line) if not outcome] == [(1, "nadir")]


def test_a_death_closes_every_step_of_ended_lines_too(
    patient: Patient, doctor: User, today: date, site: TreatmentSite
) -> None:
    measured(patient, today)
    line = prrt(patient, doctor, today, place=site.pk)
    dose = line.administrations.get(number=1)
    commands.give_administration(dose, on=today, by=doctor, now=timezone.now())
    commands.end_line(line, on=today, reason=EndReason.TOXICITY, by=doctor, now=timezone.now())
    waiting = NextStep.objects.filter(patient=patient, closed_at=None, source_key__startswith="prepare:")
    assert waiting.count() == 1
    record_death(patient, on=today, by=doctor, now=timezone.now(), cause="NET")
    commands.silence(patient, by=None, now=timezone.now())
    assert waiting.count() == 0
    assert {outcome for *_, outcome in steps(line)} == {"not_needed"}


def test_a_pregnancy_test_belongs_to_whom_it_may_concern(
    doctor: User, today: date, site: TreatmentSite, patient: Patient
) -> None:
    woman = factories.patient(patient.team, sex="female")
    line = prrt(woman, doctor, today, place=site.pk)
    assert "pregnancy" in {kind for _, kind, _, _ in steps(line)}


def test_a_step_is_taken_and_done(
    client: Client, patient: Patient, doctor: User, today: date, site: TreatmentSite
) -> None:
    line = prrt(patient, doctor, today, place=site.pk)
    go = PreparationStep.objects.get(kind="go")
    client.post(reverse("step-take", args=[patient.pk, go.pk]))
    go.refresh_from_db()
    assert go.owner == doctor
    url = reverse("step-finish", args=[patient.pk, go.pk])
    values = {"version": str(go.version), "outcome": "no_go", "on": today.isoformat(), "note": ""}
    assert "Note: Say why." in client.post(url, values).content.decode()
    assert client.post(url, values | {"note": "Platelets falling"}).status_code == 303
    go.refresh_from_db()
    assert (go.outcome, go.done_by, go.note) == ("no_go", doctor, "Platelets falling")
    labs = PreparationStep.objects.get(kind="labs")
    with pytest.raises(ValidationError, match="Only go / no-go"):
        commands.finish_step(labs, outcome=PreparationOutcome.NO_GO, on=today, note="x", by=doctor, now=timezone.now())
    assert line.pk


def test_a_full_site_is_named_and_blocks_nothing(
    client: Client, patient: Patient, doctor: User, today: date, site: TreatmentSite
) -> None:
    other = prrt(factories.patient(patient.team, sex="male"), doctor, today, place=site.pk)
    line = prrt(patient, doctor, today, place=site.pk)
    page = client.get(reverse("line-page", args=[patient.pk, line.pk])).content.decode()
    assert page.count("Nuclear medicine is full on") == 4
    assert other.pk


def test_sites_belong_to_the_team_lead(client: Client, patient: Patient) -> None:
    url = reverse("treatment-site-new")
    assert client.get(url).status_code == 403
    lead = Client()
    lead.force_login(factories.person(patient.team, Role.TEAM_LEAD))
    assert lead.get(url).status_code == 200
    values = {
        "name": "Site A",
        "labs_days": "5",
        "go_days": "10",
        "order_days": "7",
        "room_days": "14",
        "nadir_days": "28, 42",
        "per_day": "2",
        "per_week": "0",
        "is_active": "on",
    }
    assert "Labs come before go / no-go" in lead.post(url, values).content.decode()
    assert "separated by commas" in lead.post(url, values | {"nadir_days": "soon"}).content.decode()
    assert lead.post(url, values | {"labs_days": "14"}).status_code == 303
    site = TreatmentSite.objects.get()
    assert (site.lead.labs, site.nadir_days, site.per_day) == (14, [28, 42], 2)
    assert "There is a site of this name already." in lead.post(url, values | {"labs_days": "14"}).content.decode()
    change = reverse("treatment-site", args=[site.pk])
    assert lead.post(change, values | {"labs_days": "21"}).status_code == 303
    assert "Site A" in client.get(reverse("treatment-sites")).content.decode()
    assert lead.get(reverse("treatment-site", args=[factories.site(factories.team()).pk])).status_code == 404


# --- authorization ----------------------------------------------------------------------------------------------------


def test_prior_authorization_is_kept_once_per_line(client: Client, patient: Patient, doctor: User, today: date) -> None:
    line = prrt(patient, doctor, today)
    url = reverse("line-authorization", args=[patient.pk, line.pk])
    values = {"version": "0", "status": "approved", "status_on": today.isoformat(), "reference": "", "note": ""}
    assert "An approval has a reference." in client.post(url, values).content.decode()
    late = values | {"reference": "A-17", "valid_until": (today - timedelta(1)).isoformat()}
    assert "Valid until a day before it was given." in client.post(url, late).content.decode()
    requested = values | {"status": "requested"}
    assert client.post(url, requested).status_code == 303
    approved = values | {"reference": "A-17", "valid_until": (today + timedelta(90)).isoformat()}
    assert client.post(url, approved).status_code == 409
    assert client.post(url, approved | {"version": "1"}).status_code == 303
    row = Authorization.objects.get()
    assert (row.status, row.reference, row.version) == ("approved", "A-17", 2)
    assert "Reference A-17" in client.get(reverse("line-page", args=[patient.pk, line.pk])).content.decode()


# --- pages ------------------------------------------------------------------------------------------------------------


def test_line_page_needs_the_same_queries_whatever_its_length(
    client: Client, patient: Patient, doctor: User, today: date, site: TreatmentSite, analog: TreatmentLine
) -> None:
    measured(patient, today)
    line = prrt(patient, doctor, today, place=site.pk)
    url = reverse("line-page", args=[patient.pk, line.pk])
    found = []
    for grade in (1, 2):
        for _ in range(grade):
            commands.record_toxicity(line, term="Nausea", grade=grade, noticed_on=today, by=doctor, now=timezone.now())
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        found.append(len(queries))
    assert found[0] == found[1]
    assert found[0] <= 40


def test_the_start_form_shows_the_criteria_of_prrt(client: Client, patient: Patient, today: date) -> None:
    url = reverse("line-start", args=[patient.pk])
    html = client.post(url, {"modality": "prrt", "refresh": "1", "on": today.isoformat()}).content.decode()
    assert reverse("guidance-eligibility", args=[patient.pk, "prrt"]) in html
    assert reverse("guidance-eligibility", args=[patient.pk, "tare"]) not in html


def test_a_plan_in_conflict_leads_to_the_choices(
    client: Client, patient: Patient, doctor: User, today: date, analog: TreatmentLine
) -> None:
    Administration.objects.filter(line=analog, number=1).update(status="given", given_on=today, planned_on=today)
    values = {
        "modality": "prrt",
        "agent": "177Lu-dotatate",
        "start_reason": "progression",
        "dose": "7.4 GBq",
        "planned_count": "4",
        "interval_days": "56",
        "mode": "begin",
        "on": today.isoformat(),
        "notes": "",
        f"running_{analog.pk}": "go_on",
    }
    answer = client.post(reverse("line-start", args=[patient.pk]), values)
    line = TreatmentLine.objects.get(modality="prrt")
    assert answer["Location"] == reverse("line-goals", args=[patient.pk, line.pk]) + "?after=line"


@pytest.mark.parametrize(
    ("regimen", "weight", "verdict", "said"),
    [
        ("Cisplatin and etoposide", 70, "ok", "88 mL/min"),
        ("Cisplatin and etoposide", 40, "below", "50 mL/min"),
        ("CAPTEM", 40, "ok", "50 mL/min"),
        ("Cisplatin and etoposide", None, "missing", "needs a weight"),
        ("FOLFIRI", 40, "", ""),
    ],
)
def test_clearance_is_computed_before_cisplatin_and_capecitabine(
    patient: Patient, today: date, regimen: str, weight: int | None, verdict: str, said: str
) -> None:
    Patient.objects.filter(pk=patient.pk).update(birth_date=date(today.year - 50, 1, 1), sex="male")
    patient.refresh_from_db()
    factories.measurement(patient, "2160-0", Decimal("1.0"), unit="mg/dL", taken_at=timezone.now())
    if weight:
        factories.measurement(patient, "29463-7", weight, unit="kg", taken_at=timezone.now() - timedelta(days=20))
    line = factories.line(patient, "chemotherapy", agent=regimen)
    found = {check.label: check for check in labs_before(line, on=today, limits=limits_of(patient.team_id))}
    check = found.get("Creatinine clearance")
    assert ((check.verdict, check.value) if check else ("", "")) == (verdict, said)


# --- recorded in error ------------------------------------------------------------------------------------------------


def test_a_dose_recorded_in_error_is_planned_again_and_what_followed_moves_back(
    client: Client, patient: Patient, doctor: User, today: date
) -> None:
    line = prrt(patient, doctor, today)
    first, second, third, _fourth = line.administrations.order_by("number")
    line.administrations.filter(pk=first.pk).update(planned_on=today - timedelta(7))
    planned = [row.planned_on for row in line.administrations.order_by("number")]
    commands.give_administration(first, on=today, despite="Agreed", by=doctor, now=timezone.now())
    second.refresh_from_db()
    assert second.planned_on == planned[1] + timedelta(7)
    third.refresh_from_db()
    commands.delay_administration(third, to=planned[2] + timedelta(30), reason="Holiday", by=doctor, now=timezone.now())
    first.refresh_from_db()
    url = reverse("dose-reopen", args=[patient.pk, first.pk])
    assert url in client.get(reverse("line-page", args=[patient.pk, line.pk])).content.decode()
    assert client.post(url, {"version": first.version, "reason": ""}).status_code == 422
    assert client.post(url, {"version": first.version - 1, "reason": "Other patient"}).status_code == 409
    assert client.post(url, {"version": first.version, "reason": "Other patient"}).status_code == 303
    first.refresh_from_db()
    assert (first.status, first.given_on, first.dose, first.reason) == ("planned", None, None, "")
    rows = [row.planned_on for row in line.administrations.order_by("number")]
    assert rows[:3] == [planned[0], planned[1], planned[2] + timedelta(30)]  # the third was dated by hand
    assert DoseCheck.objects.get(dose=first).error_reason == "Other patient"
    done = AuditEvent.objects.get(action="treatment.reopen_administration")
    assert (done.reason, done.details["was"]) == ("Other patient", "given")
    first.refresh_from_db()
    again = client.post(url, {"version": first.version, "reason": "Twice"})
    assert "Nothing is recorded of this dose yet." in again.content.decode()
    commands.give_administration(first, on=today, despite="Agreed", by=doctor, now=timezone.now())
    assert DoseCheck.objects.valid().get(dose=first).despite == "Agreed"
