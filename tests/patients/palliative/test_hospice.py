"""The step into hospice: prepared by several, finished when complete, left alive; what it stops."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from careteam.notifications.models import InboxItem
from careteam.people.models import User
from careteam.people.rules import Role
from patients.imaging.models import ImagingStudy, SurveillancePlan
from patients.imaging.rules import NOT_YET_DONE
from patients.palliative import commands
from patients.palliative.models import BereavementTask, HospiceTransition
from patients.palliative.rules import BereavementStatus
from patients.record.commands import record_death, withdraw_death
from patients.record.models import NextStep, Patient, StaleEdit
from patients.treatment.commands import end_line
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import EndReason
from patients.wishes.commands.holding import Origin, place
from patients.wishes.rules import Said, WishKind
from tests.factories import contact, line, patient, person, plan, study, team

pytestmark = pytest.mark.django_db
FILLED: dict[str, Any] = {
    "comfort_goal": "At home, without pain, with the dog.",
    "prognosis_confirmed": True,
    "prognosis_by": "Dr Ines Okafor",
    "prognosis_on": date(2026, 11, 20),
    "family_told": "Noor, by Dr Brandt",
    "equipment": "Bed is there",
    "medication": "Morphine 5 mg, lanreotide goes on",
    "night_name": "Hospice nurse on call",
    "night_phone": "+49 30 1234",
    "place": "home",
    "service": "Hospice at home North",
    "starts_on": date(2026, 11, 23),
    "code_reviewed_on": date(2026, 11, 20),
}


@pytest.fixture
def brandt() -> User:
    return person(team(), Role.PALLIATIVE, name="Lena Brandt", title="Dr")


@pytest.fixture
def someone(brandt: User) -> Patient:
    return patient(brandt.memberships.get().team)


def prepared(someone: Patient, by: User, now: datetime, **values: Any) -> HospiceTransition:
    row = commands.prepare_hospice(someone, by=by, now=now)
    return commands.save_hospice(row, FILLED | values, by=by, now=now)


def test_prepared_once_and_filled_in_by_two(someone: Patient, brandt: User, now: datetime) -> None:
    nurse = person(someone.team, Role.NURSE_COORDINATOR)
    row = commands.prepare_hospice(someone, by=nurse, now=now)
    assert commands.prepare_hospice(someone, by=brandt, now=now).pk == row.pk
    step = NextStep.objects.get(patient=someone, closed_at=None)
    assert (step.what, step.owner_role) == ("Hospice: finish the transition", "palliative")
    commands.save_hospice(row, {"equipment": "Bed"}, by=nurse, now=now, version=1)
    with pytest.raises(StaleEdit):
        commands.save_hospice(row, {"equipment": "No bed"}, by=brandt, now=now, version=1)
    with pytest.raises(ValidationError) as refused:
        commands.finish_hospice(row, by=brandt, now=now)
    assert "At night: who is called; the number." in refused.value.messages


def test_finishing_starts_the_line_and_stops_surveillance_only(
    someone: Patient, brandt: User, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    nurse = person(someone.team, Role.NURSE_COORDINATOR)
    scan = study(someone, plan=plan(someone))
    drug, stays = line(someone, "targeted", agent="Everolimus"), line(someone, role="symptom_control")
    row = prepared(someone, brandt, now)
    with pytest.raises(ValidationError, match="what becomes of"):
        commands.finish_hospice(row, by=brandt, now=now)
    row = commands.save_hospice(row, {"choices": {str(drug.pk): "stop"}}, by=brandt, now=now)
    with django_capture_on_commit_callbacks(execute=True):
        row = commands.finish_hospice(row, by=brandt, now=now)
    drug.refresh_from_db()
    stays.refresh_from_db()
    scan.refresh_from_db()
    assert (row.status, row.line.modality, row.line.status, row.line.site) == (
        "started",
        "hospice",
        "active",
        "Hospice at home North",
    )
    assert (drug.status, drug.end_note, stays.status) == ("stopped", "Stopped when hospice care began", "active")
    assert (scan.status, scan.close_reason) == ("closed", "hospice")
    assert SurveillancePlan.objects.filter(patient=someone, stopped_on=None).count() == 0
    assert InboxItem.objects.get(recipient=nurse, key__endswith=":begun").title.startswith("Hospice care began")
    assert NextStep.objects.filter(patient=someone, owner=nurse, closed_at=None).count() == 1


def test_what_goes_on_is_not_touched(someone: Patient, brandt: User, now: datetime) -> None:
    person(someone.team, Role.NURSE_COORDINATOR)
    drug = line(someone)
    row = prepared(someone, brandt, now, choices={str(drug.pk): "continue"})
    commands.finish_hospice(row, by=brandt, now=now)
    drug.refresh_from_db()
    assert (drug.status, drug.version) == ("active", 1)


def test_analog_goes_on_for_symptoms(someone: Patient, brandt: User, now: datetime) -> None:
    drug = line(someone)
    row = prepared(someone, brandt, now, choices={str(drug.pk): "symptoms"})
    commands.finish_hospice(row, by=brandt, now=now)
    kept = TreatmentLine.objects.get(patient=someone, role="symptom_control")
    assert (kept.status, kept.agent) == ("active", "Lanreotide")


def test_finished_by_who_may_and_not_before_the_day(someone: Patient, brandt: User, now: datetime) -> None:
    nurse = person(someone.team, Role.NURSE_COORDINATOR)
    row = prepared(someone, brandt, now)
    with pytest.raises(ValidationError, match="roles"):
        commands.finish_hospice(row, by=nurse, now=now)
    row = commands.save_hospice(row, {"starts_on": date(2026, 12, 1)}, by=brandt, now=now)
    with pytest.raises(ValidationError, match="it starts later"):
        commands.finish_hospice(row, by=brandt, now=now)
    commands.finish_hospice(row, by=brandt, now=now + timedelta(days=9))


def test_palliative_clinician_starts_hospice_but_no_treatment(someone: Patient, brandt: User, now: datetime) -> None:
    drug = line(someone, "targeted", agent="Everolimus")
    with pytest.raises(ValidationError):
        end_line(drug, on=date(2026, 11, 23), reason=EndReason.TOXICITY, by=brandt, now=now)


def test_cancelled_with_a_reason(someone: Patient, brandt: User, now: datetime) -> None:
    row = prepared(someone, brandt, now)
    with pytest.raises(ValidationError, match="Say in a sentence"):
        commands.cancel_hospice(row, reason="no", by=brandt, now=now)
    commands.cancel_hospice(row, reason="She wants one more course", by=brandt, now=now)
    assert NextStep.objects.filter(patient=someone, closed_at=None).count() == 0
    again = commands.prepare_hospice(someone, by=brandt, now=now)
    assert again.pk != row.pk


def test_left_alive_offers_imaging_again(
    someone: Patient, brandt: User, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    plan(someone)
    with django_capture_on_commit_callbacks(execute=True):
        row = commands.finish_hospice(prepared(someone, brandt, now), by=brandt, now=now)
    with django_capture_on_commit_callbacks(execute=True):
        commands.leave_hospice(
            someone,
            on=date(2026, 11, 23),
            end=EndReason.PATIENT_CHOICE,
            reason="Better than anybody thought",
            by=brandt,
            now=now,
        )
    row.refresh_from_db()
    assert (row.status, row.end_reason) == ("ended", "Patient choice: Better than anybody thought")
    assert NextStep.objects.filter(patient=someone, closed_at=None, source_key__startswith="plan:").count() == 1


def test_line_ended_on_the_treatment_page_ends_the_step(
    someone: Patient, brandt: User, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    row = commands.finish_hospice(prepared(someone, brandt, now), by=brandt, now=now)
    oncologist = person(someone.team, Role.ONCOLOGIST)
    with django_capture_on_commit_callbacks(execute=True):
        end_line(row.line, on=date(2026, 11, 23), reason=EndReason.OTHER, by=oncologist, now=now)
    row.refresh_from_db()
    assert row.status == "ended"


def test_death_cancels_what_was_prepared_and_turns_to_the_family(
    someone: Patient, brandt: User, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    row = prepared(someone, brandt, now)
    noor = contact(someone)
    contact(someone, "Omar", "none")
    contact(someone, "Neighbor", "practical")
    commands.refer(someone, question="Pain", answers_prompt=False, by=brandt, now=now)
    with django_capture_on_commit_callbacks(execute=True):
        record_death(someone, on=date(2026, 11, 22), cause="Tumor", by=None, now=now)
    row.refresh_from_db()
    assert (row.status, row.end_reason) == ("cancelled", "The patient died")
    tasks = BereavementTask.objects.filter(patient=someone).order_by("due_on")
    assert [(task.contact_id, task.kind, (task.due_on - date(2026, 11, 22)).days) for task in tasks] == [
        (noor.pk, "call", 10),
        (noor.pk, "letter", 28),
        (noor.pk, "remembrance", 183),
    ]
    assert NextStep.objects.filter(patient=someone, closed_at=None).count() == 0
    assert InboxItem.objects.open().filter(patient=someone, raised_at__gt=now).count() == 0


def test_a_death_taken_back_leaves_hospice_care_as_it_was(
    someone: Patient, brandt: User, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    """The step stands, its next step is not asked for again, and surveillance imaging stays off."""
    row = commands.finish_hospice(prepared(someone, brandt, now), by=brandt, now=now)
    doctor = person(someone.team, Role.ONCOLOGIST)
    with django_capture_on_commit_callbacks(execute=True):
        record_death(someone, on=date(2026, 11, 23), cause="", by=doctor, now=now)
    row.refresh_from_db()
    assert row.status == "ended"
    with django_capture_on_commit_callbacks(execute=True):
        withdraw_death(someone, reason="Other patient", by=doctor, now=now)
    row.refresh_from_db()
    assert (row.status, row.ended_on, row.end_reason) == ("started", None, "")
    keys = NextStep.objects.filter(patient=someone, closed_at=None).values_list("source_key", flat=True)
    assert not {key.split(":")[0] for key in keys} & {"hospice", "plan"}


def died(someone: Patient, now: datetime) -> Patient:
    record_death(someone, on=now.date(), cause="Tumor", by=None, now=now)
    someone.refresh_from_db()
    return someone


def test_bereavement_of_the_unknown_is_not_planned_by_itself(someone: Patient, brandt: User, now: datetime) -> None:
    contact(someone)
    died(someone, now)
    assert commands.plan_bereavement(someone, by=None, now=now) == []
    assert len(commands.plan_bereavement(someone, by=brandt, now=now)) == 3
    assert commands.plan_bereavement(someone, by=brandt, now=now) == []


def test_bereavement_of_an_imported_death_of_long_ago_asks_for_nothing(
    someone: Patient, brandt: User, now: datetime
) -> None:
    contact(someone)
    record_death(someone, on=date(2024, 1, 1), cause="Tumor", by=None, now=now)
    someone.refresh_from_db()
    assert commands.plan_bereavement(someone, by=brandt, now=now) == []


def test_bereavement_is_done_declined_or_refused(someone: Patient, brandt: User, now: datetime) -> None:
    noor = contact(someone)
    died(someone, now)
    call, letter, later = commands.plan_bereavement(someone, by=brandt, now=now)
    with pytest.raises(ValidationError, match="palliative team"):
        commands.answer_bereavement(call, BereavementStatus.DONE, by=person(someone.team, Role.DIETITIAN), now=now)
    with pytest.raises(ValidationError, match="Say in a sentence"):
        commands.answer_bereavement(letter, BereavementStatus.DECLINED, by=brandt, now=now)
    commands.answer_bereavement(call, BereavementStatus.DONE, by=brandt, now=now, note="She is with her sister")
    noor.scope = "none"
    noor.save()
    with pytest.raises(ValidationError, match="no longer among"):
        commands.answer_bereavement(later, BereavementStatus.DONE, by=brandt, now=now)
    commands.answer_bereavement(later, BereavementStatus.DECLINED, by=brandt, now=now, note="Must not be told any more")


def typed(**changes: Any) -> dict[str, Any]:
    day = (timezone.now() - timedelta(days=1)).date().isoformat()
    days = dict.fromkeys(("prognosis_on", "code_reviewed_on", "starts_on"), day)
    return {**FILLED, **days, "prognosis_confirmed": "on", "version": "1", "opened": "", **changes}


def test_step_in_the_browser_from_begin_to_sheet(client: Client, someone: Patient, brandt: User) -> None:
    client.force_login(brandt)
    page, save = reverse("hospice", args=[someone.pk]), reverse("hospice-save", args=[someone.pk])
    assert "Begin" in client.get(page).content.decode()
    assert client.post(save).status_code == 302
    text = client.get(page).content.decode()
    assert ("treating team expects 6 months or less" in text, "42 CFR" in text) == (True, False)
    htmx = {"HX-Request": "true", "HX-Request-Type": "partial"}
    kept = client.post(save, {"comfort_goal": "At home", "version": "1"}, headers=htmx)
    assert (kept.status_code, "<html" in kept.content.decode(), "2 of 9 complete" in kept.content.decode()) == (
        200,
        False,
        True,
    )
    finish = reverse("hospice-finish", args=[someone.pk])
    early = client.post(finish, typed(version="2", night_phone=""))
    assert (early.status_code, "At night: the number." in early.content.decode()) == (422, True)
    assert client.post(finish, typed(version="3")).status_code == 302
    assert HospiceTransition.objects.get().status == "started"
    sheet = client.get(reverse("hospice-sheet", args=[someone.pk])).content.decode()
    assert ("+49 30 1234" in sheet, "months" in sheet) == (True, False)
    leave = reverse("hospice-leave", args=[someone.pk])
    assert client.post(leave, {"on": "", "end": "other", "reason": "Better"}).status_code == 422
    day = timezone.now().date().isoformat()
    assert client.post(leave, {"on": day, "end": "other", "reason": "Better than thought"}).status_code == 303
    assert "Better than thought" in client.get(page).content.decode()


def test_two_people_lose_nothing(client: Client, someone: Patient, brandt: User) -> None:
    client.force_login(brandt)
    save = reverse("hospice-save", args=[someone.pk])
    client.post(save)
    start = client.get(reverse("hospice", args=[someone.pk])).context["opened"]
    nurse = Client()
    nurse.force_login(person(someone.team, Role.NURSE_COORDINATOR))
    nurse.post(save, {"equipment": "Bed and pump", "version": "1", "opened": start})
    joined = client.post(save, {"night_name": "Nurse", "version": "1", "opened": start})
    row = HospiceTransition.objects.get()
    assert (joined.status_code, row.equipment, row.night_name) == (302, "Bed and pump", "Nurse")
    both = client.post(save, {"equipment": "No bed", "version": "1", "opened": start})
    assert (both.status_code, "No bed" in both.content.decode(), "Bed and pump" in both.content.decode()) == (
        409,
        True,
        True,
    )


def test_who_must_not_be_told_cannot_stand_among_the_told(client: Client, someone: Patient, brandt: User) -> None:
    contact(someone, "Omar Vance", "none")
    client.force_login(brandt)
    save = reverse("hospice-save", args=[someone.pk])
    client.post(save)
    refused = client.post(save, {"family_told": "Noor and omar vance", "version": "1"})
    assert (refused.status_code, "Omar Vance must not be told" in refused.content.decode()) == (422, True)


def test_nobody_excluded_is_called_at_night_not_even_after_the_step(
    client: Client, someone: Patient, brandt: User, now: datetime
) -> None:
    client.force_login(brandt)
    row = prepared(someone, brandt, now, night_name="Omar Vance")
    commands.finish_hospice(row, by=brandt, now=now)
    sheet = reverse("hospice-sheet", args=[someone.pk])
    assert "+49 30 1234" in client.get(sheet).content.decode()
    contact(someone, "Omar Vance", "none")
    text = client.get(sheet).content.decode()
    assert ("Omar Vance must not be told" in text, "+49 30 1234" in text, "not agreed yet" in text) == (
        True,
        False,
        True,
    )
    other = patient(someone.team)
    contact(other, "Omar Vance", "none")
    save = reverse("hospice-save", args=[other.pk])
    client.post(save)
    assert client.post(save, {"night_name": "omar vance", "version": "1"}).status_code == 422


def test_sheet_for_the_home_says_the_code_status_that_holds_today(
    client: Client, someone: Patient, brandt: User, now: datetime
) -> None:
    client.force_login(brandt)
    row = prepared(someone, brandt, now, code_words="DNR, order in the drawer")
    commands.finish_hospice(row, by=brandt, now=now)
    sheet = reverse("hospice-sheet", args=[someone.pk])
    place(someone, Said(WishKind.CODE_STATUS, "dnr"), since=date(2026, 11, 22), origin=Origin(brandt, now))
    assert "<dd>DNR, order in the drawer</dd>" in client.get(sheet).content.decode()
    place(someone, Said(WishKind.CODE_STATUS, "full"), since=date(2026, 11, 23), origin=Origin(brandt, now))
    text = client.get(sheet).content.decode()
    assert "<dd>Full, said on 23 Nov 2026</dd>" in text.replace("\xa0", " ")
    assert "take the older sheet from the home" in text
    place(someone, Said(WishKind.LIMIT, "no_admission"), since=date(2026, 11, 23), origin=Origin(brandt, now))
    assert "<dt>Not wanted</dt><dd>No hospital admission</dd>" in client.get(sheet).content.decode()


def test_united_states_wording(client: Client) -> None:
    brandt = person(team(jurisdiction="us"), Role.PALLIATIVE)
    someone = patient(brandt.memberships.get().team)
    client.force_login(brandt)
    client.post(reverse("hospice-save", args=[someone.pk]))
    assert "42 CFR 418.22" in client.get(reverse("hospice", args=[someone.pk])).content.decode()


def test_bereavement_from_the_list(client: Client, someone: Patient, brandt: User) -> None:
    contact(someone, phone="0171 55")
    record_death(someone, on=timezone.now().date(), cause="Tumor", by=None, now=timezone.now())
    client.force_login(brandt)
    assert client.post(reverse("bereavement-plan", args=[someone.pk])).status_code == 302
    assert "0171 55" in client.get(reverse("goals") + "?show=bereavement").content.decode()
    call = BereavementTask.objects.get(kind="call")
    where = reverse("bereavement-answer", args=[call.pk])
    assert (client.get(where).status_code, client.post(where, {"status": "declined", "version": "1"}).status_code) == (
        200,
        422,
    )
    assert client.post(where, {"status": "done", "note": "Will call again", "version": "1"}).status_code == 303
    assert client.post(where, {"status": "done", "note": "Again", "version": "1"}).status_code == 409
    assert client.post(where, {"status": "done", "note": "Again", "version": "2"}).status_code == 422
    assert "Will call again" in client.get(reverse("palliative-panel", args=[someone.pk])).content.decode()


def test_open_studies_are_none_in_hospice(
    someone: Patient, brandt: User, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    study(someone, plan=plan(someone))
    with django_capture_on_commit_callbacks(execute=True):
        commands.finish_hospice(prepared(someone, brandt, now), by=brandt, now=now)
    assert ImagingStudy.objects.filter(patient=someone, status__in=NOT_YET_DONE).count() == 0


def test_what_was_agreed_is_changed_while_the_sheet_says_what_holds(
    client: Client, someone: Patient, brandt: User, now: datetime
) -> None:
    coordinator = person(someone.team, Role.NURSE_COORDINATOR)
    commands.finish_hospice(prepared(someone, brandt, now), by=brandt, now=now)
    told = InboxItem.objects.filter(recipient=coordinator, kind="hospice")
    before = told.count()
    client.force_login(brandt)
    page, sheet = (reverse(name, args=[someone.pk]) for name in ("hospice", "hospice-sheet"))
    assert "Change what was agreed" in client.get(page).content.decode()
    client.post(reverse("hospice-save", args=[someone.pk]))
    change = HospiceTransition.objects.get(status="preparing")
    first = HospiceTransition.objects.get(status="started")
    assert (change.night_phone, change.comfort_goal) == (first.night_phone, first.comfort_goal)
    step = NextStep.objects.get(source_key=commands.step_key(change))
    assert step.due_on == someone.team.local_date(change.opened_at)
    commands.save_hospice(change, {"night_phone": "+49 30 999"}, by=brandt, now=now)
    assert ("+49 30 1234" in (held := client.get(sheet).content.decode()), "+49 30 999" in held) == (True, False)
    commands.finish_hospice(change, by=brandt, now=now)
    assert ("+49 30 1234" in (held := client.get(sheet).content.decode()), "+49 30 999" in held) == (False, True)
    assert (told.count(), TreatmentLine.objects.filter(patient=someone, modality="hospice").count()) == (before, 1)
