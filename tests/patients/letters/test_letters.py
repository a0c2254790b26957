"""Letters written, printed, taken back; never to whom none may go."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import InternalError, ProgrammingError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from careteam.audit.models import AuditEvent
from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.imaging.models import ContactAttempt, ImagingStudy, Reminder
from patients.imaging.rules import DEFAULT_INTERVAL, ReminderStep, ladder
from patients.letters.commands import (
    activate_text,
    end_text,
    save_head,
    save_text,
    take_back_letter,
    waiting_runs,
    work_off,
    write_letter,
    write_next,
)
from patients.letters.models import LetterRun, LetterSent
from patients.letters.queries import drafts, letters_due, texts_in_use
from patients.letters.rules import LetterKind
from patients.record.models import Patient, PatientContact, StaleEdit
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
HEAD = {"name": "Clinic South", "address": "Street 1\n10115 Berlin", "phone": "+49 30 555 01"}


@pytest.fixture
def lead() -> User:
    return factories.person(factories.team(), Role.TEAM_LEAD)


@pytest.fixture
def team(lead: User, now: datetime) -> Team:
    team = lead.memberships.get().team
    save_head(team, HEAD, by=lead, now=now)
    return team


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR, name="Dana Whitcomb")


def person(team: Team, **fields: Any) -> Patient:
    values = {"address": "Rosengasse 3, 10117 Berlin", "language": "de", "general_practitioner": "Dr Brandl, Markt 4"}
    return factories.patient(team, **(values | fields))


def overdue(patient: Patient, days: int = 40, **fields: Any) -> ImagingStudy:
    return factories.study(patient, due_on=TODAY - timedelta(days), created_at=LONG_AGO, **fields)


def test_a_letter_is_kept_as_written_and_is_a_contact_attempt(
    team: Team, nurse: User, client: Client, now: datetime
) -> None:
    study = overdue(person(team, given_name="Anna", family_name="Rivera"))
    reminder = Reminder.objects.create(
        patient=study.patient, team=team, study=study, step="letter", due_on=study.due_on, queue="x", raised_at=now
    )
    client.force_login(nurse)
    page = client.get(reverse("letter-write", args=[study.pk]))
    assert page.context["draft"].kind is LetterKind.REMINDER
    assert page.context["draft"].body.startswith("Guten Tag Anna Rivera,\n\neine Ihrer regelmäßigen Untersuchungen")
    answer = client.post(reverse("letter-write", args=[study.pk]))
    letter = LetterSent.objects.get()
    assert answer["Location"] == reverse("letter", args=[letter.pk])
    assert (letter.created_by, letter.language, letter.recipient) == (
        nurse,
        "de",
        "Anna Rivera\nRosengasse 3\n10117 Berlin",
    )
    assert "am Mittwoch, 14. Oktober 2026 fällig" in letter.body
    assert [(row.kind, row.outcome, row.letter) for row in ContactAttempt.objects.all()] == [("letter", "sent", letter)]
    assert Reminder.objects.get(pk=reminder.pk).state == "done"
    assert client.post(reverse("letter-write", args=[study.pk])).status_code == 422  # once a day

    pdf = client.get(reverse("letter-pdf", args=[letter.pk]))
    assert (pdf["Content-Type"], pdf["Cache-Control"]) == ("application/pdf", "no-store")
    assert pdf.content[:5] == b"%PDF-"
    (sheet,) = pdf.context["sheets"]
    assert (sheet.sender[0], sheet.recipient, sheet.lang, sheet.dir) == (
        "Clinic South",
        ("Anna Rivera", "Rosengasse 3", "10117 Berlin"),
        "de",
        "ltr",
    )
    assert AuditEvent.objects.filter(kind="export", patient_ids=[study.patient_id]).exists()

    with pytest.raises(ProgrammingError, match="was written"), transaction.atomic():
        LetterSent.objects.filter(pk=letter.pk).update(body="other")
    with pytest.raises((ProgrammingError, InternalError), match="Cannot delete"), transaction.atomic():
        LetterSent.objects.filter(pk=letter.pk).delete()


def test_a_letter_not_sent_after_all_takes_its_contact_back_and_is_due_again(
    team: Team, nurse: User, client: Client, now: datetime
) -> None:
    study = overdue(person(team))
    letter = write_letter(study, LetterKind.REMINDER, by=nurse, now=now)
    assert list(letters_due(team, now=now)) == []
    colleague = factories.person(team, Role.NURSE_COORDINATOR)
    client.force_login(colleague)
    url = reverse("letter-not-sent", args=[letter.pk])
    assert client.post(url, {"version": 1, "reason": " "}).status_code == 422
    assert client.post(url, {"version": 1, "reason": "Wrong address"}).status_code == 303
    letter.refresh_from_db()
    assert (letter.error_by, letter.error_reason) == (colleague, "Wrong address")
    assert ContactAttempt.objects.valid().count() == 0
    assert list(letters_due(team, now=now)) == [study]
    assert client.get(reverse("letter-pdf", args=[letter.pk])).status_code == 409
    assert client.post(url, {"version": 1, "reason": "Again"}).status_code == 409
    assert write_letter(study, LetterKind.REMINDER, by=nurse, now=now).pk != letter.pk


@pytest.mark.parametrize("how", ["died", "left", "under review"])
def test_no_letter_reaches_whom_none_may_reach_not_even_one_that_was_written(
    team: Team, nurse: User, client: Client, now: datetime, how: str
) -> None:
    study = overdue(person(team))
    letter = write_letter(study, LetterKind.REMINDER, by=nurse, now=now)
    other = overdue(study.patient, modality="mri")
    change: dict[str, Any] = {
        "died": {"deceased_on": TODAY},
        "left": {"enrollment_status": "transferred"},
        "under review": {"enrollment_status": "under_review"},
    }[how]
    Patient.objects.filter(pk=study.patient_id).update(**change)
    # `other` was read before: the command asks again.
    with pytest.raises(ValidationError, match=r"died|not in our care"):
        write_letter(other, LetterKind.REMINDER, by=nurse, now=now)
    assert list(letters_due(team, now=now)) == []
    client.force_login(nurse)
    assert client.get(reverse("letter-pdf", args=[letter.pk])).status_code == 409
    assert "Open the PDF" not in client.get(reverse("letter", args=[letter.pk])).content.decode()


def test_many_letters_are_one_file_and_those_that_fail_say_why(
    team: Team, nurse: User, client: Client, now: datetime
) -> None:
    german, turk, nowhere = (
        overdue(person(team, family_name="Adler")),
        overdue(person(team, family_name="Demir", language="tr", interpreter=True)),
        overdue(person(team, family_name="Ohne", address="")),
    )
    secret = overdue(person(team, family_name="Still"))
    PatientContact.objects.create(patient=secret.patient, name="Dr. Brandl", scope="none", relation="GP")
    foreign = overdue(factories.patient(factories.team(), address="x"))
    client.force_login(nurse)
    page = client.get(reverse("letters"))
    assert [row[0].patient.family_name for row in page.context["rows"]] == ["Adler", "Demir", "Ohne", "Still"]
    assert "No Turkish text exists; English is used." in page.content.decode()
    assert client.post(reverse("letters"), {}).status_code == 422
    ids = [study.pk for study in (german, turk, nowhere, secret, foreign)]
    answer = client.post(reverse("letters"), {"study": ids, "gp": "1"})
    run = LetterRun.objects.get()
    assert answer["Location"] == reverse("letter-run", args=[run.pk])
    part = {"HX-Request": "true", "HX-Request-Type": "partial"}
    progress = reverse("letter-run-progress", args=[run.pk])
    assert "0 of 8" in client.get(answer["Location"]).content.decode()
    write_next(run.pk, now=now)  # a worker that dies after the first
    assert "1 of 8" in client.get(progress, headers=part).content.decode()
    assert (waiting_runs(), work_off(run.pk, now=now), work_off(run.pk, now=now)) == ([run.pk], 7, 0)
    assert (waiting_runs(), "HX-Redirect" in client.get(progress, headers=part).headers) == ([], True)
    run.refresh_from_db()
    assert [(row.study_id, row.kind, row.language) for row in run.letters.order_by("pk")] == [
        (german.pk, "reminder", "de"),
        (german.pk, "gp_note", "en"),
        (turk.pk, "reminder", "en"),
        (turk.pk, "gp_note", "en"),
        (secret.pk, "reminder", "de"),
    ]
    assert [(row["study"], row["kind"]) for row in run.failed] == [
        (nowhere.pk, "reminder"),
        (nowhere.pk, "gp_note"),
        (secret.pk, "gp_note"),
    ]
    assert "The GP must not be told" in run.failed[2]["why"]
    Patient.objects.filter(pk=turk.patient_id).update(deceased_on=TODAY)
    pdf = client.get(reverse("letter-run-pdf", args=[run.pk]))
    assert [sheet.recipient[0] for sheet in pdf.context["sheets"]] == [
        german.patient.name,
        "Dr Brandl",
        secret.patient.name,
    ]
    shown = client.get(reverse("letter-run", args=[run.pk])).content.decode()
    assert ("The patient has died." in shown, "Enter the patient" in shown) == (True, True)
    stranger = factories.person(foreign.team, Role.NURSE_COORDINATOR)
    client.force_login(stranger)
    assert client.get(reverse("letter-run-pdf", args=[run.pk])).status_code == 404


def test_rows_picked_on_the_worklist_get_the_letter_that_fits_each(team: Team, nurse: User, client: Client) -> None:
    now = timezone.now()
    late, early = overdue(person(team, family_name="Adler")), overdue(person(team, family_name="Berg"), days=-20)
    booked = {"scheduled_for": now + timedelta(days=3), "status": "scheduled", "place": "Site A"}
    slot = overdue(person(team, family_name="Cohn"), **booked)
    client.force_login(nurse)
    picks = [f"{study.pk}-{study.version}" for study in (late, early, slot)]
    answer = client.post(reverse("imaging-bulk"), {"act": "letters", "ids": picks})
    page = client.get(answer["Location"]).content.decode()
    labels = ("Reminder of what is overdue", "Time to arrange what is next", "Invitation to a booked slot")
    assert [label in page for label in labels] == [True, True, True]
    client.post(answer["Location"], {"study": [late.pk, early.pk, slot.pk], "gp": "1"})
    run = LetterRun.objects.get()
    work_off(run.pk, now=now)
    assert list(run.letters.order_by("pk").values_list("study_id", "kind")) == [
        (late.pk, "reminder"),
        (late.pk, "gp_note"),
        (early.pk, "recall"),
        (slot.pk, "invitation"),
    ]


def test_the_gp_hears_after_the_patient_or_with_a_reason(team: Team, nurse: User, client: Client) -> None:
    study = overdue(person(team))
    client.force_login(nurse)
    url = reverse("letter-write", args=[study.pk]) + "?kind=gp_note"
    assert client.post(url, {"gp_address": "Dr Brandl\nMarkt 4"}).status_code == 422
    assert LetterSent.objects.count() == 0
    client.post(url, {"gp_address": "Dr Brandl\nMarkt 4", "despite": "No address known"})
    letter = LetterSent.objects.get()
    assert (letter.despite, letter.recipient) == ("No address known", "Dr Brandl\nMarkt 4")
    assert letter.subject == f"{study.patient.name}, born 14 February 1959: examination overdue"
    assert ContactAttempt.objects.count() == 0


def test_a_gp_who_must_not_be_told_since_gets_no_letter_that_was_written(
    team: Team, nurse: User, client: Client, now: datetime
) -> None:
    study = overdue(person(team))
    letter = write_letter(study, LetterKind.GP_NOTE, by=nurse, now=now, gp_address="Dr Brandl", despite="No address")
    client.force_login(nurse)
    pdf = reverse("letter-pdf", args=[letter.pk])
    assert client.get(pdf).status_code == 200
    PatientContact.objects.create(patient=study.patient, name="Dr. Brandl", scope="none")
    assert client.get(pdf).status_code == 409
    page = client.get(reverse("letter", args=[letter.pk])).content.decode()
    assert ("Open the PDF" in page, "The GP must not be told" in page) == (False, True)


def test_an_invitation_names_slot_place_and_what_to_tell(team: Team, nurse: User, now: datetime) -> None:
    at = datetime(2026, 12, 3, 13, 30, tzinfo=UTC)
    patient = person(team, language="fr", interpreter=True, sex="male")
    study = factories.study(patient, modality="mri", status="scheduled", scheduled_for=at, place="Radiologie 2")
    letter = write_letter(study, LetterKind.INVITATION, by=nurse, now=now)
    assert "Jour : jeudi 3 décembre 2026\nHeure : 14:30\nLieu : Radiologie 2" in letter.body
    assert "- Si vous avez besoin d’un interprète" in letter.body
    assert letter.slot == at
    with pytest.raises(ValidationError, match="A slot is booked already"):
        write_letter(study, LetterKind.REMINDER, by=nurse, now=now)
    nowhere = factories.study(patient, status="scheduled", scheduled_for=at)
    with pytest.raises(ValidationError, match="Enter the place"):
        write_letter(nowhere, LetterKind.INVITATION, by=nurse, now=now)


@pytest.mark.parametrize("interval", [60, 90, 180])
def test_letters_are_due_from_the_day_the_ladder_says(team: Team, now: datetime, interval: int) -> None:
    offset = next(s.offset for s in ladder(interval) if s.step == ReminderStep.LETTER)
    for days in (offset - 1, offset):
        patient = person(team)
        plan = factories.plan(patient, interval_days=interval, confirmed_at=LONG_AGO)
        overdue(patient, days, plan=plan)
    assert [(TODAY - study.due_on).days for study in letters_due(team, now=now)] == [offset]
    assert DEFAULT_INTERVAL == 90


def test_drafts_need_the_same_queries_for_one_and_three(team: Team, nurse: User, now: datetime) -> None:
    rows = [
        ImagingStudy.objects.select_related("patient__team", "plan").get(pk=overdue(person(team)).pk) for _ in range(3)
    ]
    counted = []
    for some in (rows[:1], rows):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            drafts(some, list(LetterKind), by=nurse, now=now)
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_a_lead_words_previews_and_puts_a_text_into_use(
    team: Team, lead: User, nurse: User, client: Client, now: datetime
) -> None:
    url = reverse("letter-text", args=["reminder", "tr"])
    body = "Sayın {name},\n\nlütfen bizi arayın: {phone}.\n\n{signature}"
    client.force_login(nurse)
    assert client.get(url).status_code == 403
    client.force_login(lead)
    wrong = client.post(url, {"subject": "Randevunuz", "body": body + " {nick}", "number": 0})
    assert (wrong.status_code, "There is no {nick}." in wrong.content.decode()) == (422, True)
    assert "lütfen bizi arayın" in wrong.content.decode()
    shown = client.post(url, {"subject": "Randevunuz", "body": body, "number": 0, "preview": "1"})
    assert (shown.status_code, shown.context["preview"]) == (200, "Randevunuz")
    client.post(url, {"subject": "Randevunuz", "body": body, "number": 0})
    study = overdue(person(team, language="tr", given_name="Ayşe", family_name="Demir"))
    assert drafts([study], [LetterKind.REMINDER], by=nurse, now=now)[0].language == "en"
    stale = client.post(url, {"subject": "Başka", "body": body, "number": 0})
    assert (stale.status_code, "Başka" in stale.content.decode()) == (409, True)
    text = save_text(team, LetterKind.REMINDER, "tr", subject="Randevunuz", body=body, by=lead, now=now, number=1)
    client.post(reverse("letter-text-use", args=[text.pk]))
    draft = drafts([study], [LetterKind.REMINDER], by=nurse, now=now)[0]
    assert (draft.language, draft.text_number, draft.fallback) == ("tr", 2, "")
    assert draft.body.startswith("Sayın Ayşe Demir,")
    with pytest.raises(ValidationError, match="used before"):
        activate_text(text, by=lead, now=now)
    end_text(text, by=lead, now=now)
    assert ("reminder", "tr") not in texts_in_use(team.pk)
    with pytest.raises(ValidationError, match="Only a team lead"):
        save_text(team, LetterKind.RECALL, "en", subject="x", body="x", by=nurse, now=now)


def test_without_a_letterhead_nothing_is_written_and_a_stale_one_is_not_overwritten(
    nurse: User, team: Team, lead: User, client: Client, now: datetime
) -> None:
    bare = factories.team()
    alone = factories.person(bare, Role.NURSE_COORDINATOR)
    with pytest.raises(ValidationError, match="letterhead"):
        write_letter(overdue(person(bare)), LetterKind.REMINDER, by=alone, now=now)
    with pytest.raises(StaleEdit):
        save_head(team, HEAD, by=lead, now=now, version=None)
    client.force_login(lead)
    answer = client.post(reverse("letter-head"), {**HEAD, "phone": "1", "version": 0})
    assert (answer.status_code, HEAD["phone"] in answer.content.decode()) == (409, True)


def test_letter_pages_need_the_same_queries_for_one_row_and_three(team: Team, nurse: User, client: Client) -> None:
    client.force_login(nurse)
    client.get(reverse("letters"))  # what is read once and kept
    counted = []
    for more in (1, 2):
        for _ in range(more):
            overdue(person(team))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("letters"))
        counted.append(len(queries))
    client.post(reverse("letters"), {"study": [ImagingStudy.objects.order_by("pk")[0].pk]})
    client.post(reverse("letters"), {"study": [study.pk for study in ImagingStudy.objects.order_by("pk")[1:]]})
    one, two = LetterRun.objects.order_by("pk")
    for run in (one, two):
        work_off(run.pk, now=timezone.now())
    client.get(reverse("letter-run", args=[one.pk]))  # takes the toasts
    for run in (one, two):
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("letter-run", args=[run.pk]))
        counted.append(len(queries))
    assert (counted[0], counted[2]) == (counted[1], counted[3])


def test_taking_back_needs_the_right_and_a_reason(team: Team, nurse: User, now: datetime) -> None:
    letter = write_letter(overdue(person(team)), LetterKind.REMINDER, by=nurse, now=now)
    with pytest.raises(ValidationError, match="Say why"):
        take_back_letter(letter, reason="", by=nurse, now=now)
    with pytest.raises(ValidationError, match="do not include"):
        take_back_letter(letter, reason="x", by=factories.person(team, Role.DIETITIAN), now=now)
