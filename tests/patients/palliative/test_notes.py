"""Notes of the disciplines: who reads what was marked confidential, on every way to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from careteam.audit.models import AuditEvent
from careteam.people.models import User
from careteam.people.rules import Role
from patients.palliative import commands
from patients.palliative.models import CareNote
from patients.palliative.queries import notes_of
from patients.record.models import Patient, StaleEdit
from tests.factories import patient, person, team

pytestmark = pytest.mark.django_db
SECRET = "Left her husband last week"


@pytest.fixture
def someone() -> Patient:
    return patient(team())


@pytest.fixture
def psycho(someone: Patient) -> User:
    return person(someone.team, Role.PSYCHO_ONCOLOGIST, name="Ida Sommer")


def confidential(someone: Patient, by: User, now: datetime, **more: Any) -> CareNote:
    values: dict[str, Any] = {"discipline": by.memberships.get().roles[0], "text": SECRET, "is_confidential": True}
    return commands.add_note(someone, by=by, now=now, **(values | more))


@pytest.mark.parametrize(
    ("role", "reads"),
    [
        (Role.PALLIATIVE, True),
        (Role.PSYCHO_ONCOLOGIST, True),
        (Role.ONCOLOGIST, False),
        (Role.NURSE_COORDINATOR, False),
        (Role.CHAPLAIN, False),
        (Role.TEAM_LEAD, False),
        (Role.BOARD_COORDINATOR, False),
    ],
)
def test_confidential_note_is_read_by_two_disciplines(
    client: Client, someone: Patient, psycho: User, now: datetime, role: Role, reads: bool
) -> None:
    confidential(someone, psycho, now)
    reader = person(someone.team, role)
    (seen,) = notes_of(someone.pk, someone.team_id, reader)
    assert (seen.readable, seen.text) == (reads, SECRET if reads else "")
    client.force_login(reader)
    page = client.get(reverse("palliative-panel", args=[someone.pk])).content.decode()
    assert (SECRET in page, "Confidential note of Ida Sommer" in page) == (reads, not reads)


def test_author_reads_their_own_confidential_note(someone: Patient, now: datetime) -> None:
    nurse = person(someone.team, Role.NURSE_COORDINATOR)
    confidential(someone, nurse, now)
    assert notes_of(someone.pk, someone.team_id, nurse)[0].text == SECRET


def test_same_role_of_another_team_does_not_read_it_through_a_grant(
    someone: Patient, psycho: User, now: datetime
) -> None:
    confidential(someone, psycho, now)
    guest = person(team(), Role.PALLIATIVE)
    (seen,) = notes_of(someone.pk, someone.team_id, guest)
    assert seen.readable is False


@pytest.mark.parametrize(
    "name",
    [
        "patient",
        "goals-panel",
        "palliative-panel",
        "care-page",
        "record-page",
        "patient-history",
        "timeline-panel",
        "patient-summary",
    ],
)
def test_no_page_shows_the_text(client: Client, someone: Patient, psycho: User, now: datetime, name: str) -> None:
    confidential(someone, psycho, timezone.now())
    client.force_login(person(someone.team, Role.ONCOLOGIST))
    answer = client.get(reverse(name, args=[someone.pk]))
    assert (answer.status_code, SECRET in answer.content.decode()) == (200, False)


def test_neither_export_nor_trail_nor_search_hold_it(client: Client, someone: Patient, psycho: User) -> None:
    note = confidential(someone, psycho, timezone.now())
    commands.note_in_error(note, reason="She asked to have it gone, see the call", by=psycho, now=timezone.now())
    written = " ".join(f"{row.reason} {row.details}" for row in AuditEvent.objects.all())
    assert (SECRET in written, "She asked" in written) == (False, False)
    nurse = person(someone.team, Role.NURSE_COORDINATOR)
    client.force_login(nurse)
    assert SECRET not in client.get(reverse("patient-fhir", args=[someone.pk])).content.decode()
    assert SECRET not in client.post(reverse("search"), {"q": "husband"}).content.decode()


def test_notes_follow_into_the_record_they_were_merged_into(someone: Patient, psycho: User, now: datetime) -> None:
    confidential(someone, psycho, now)
    kept = patient(someone.team)
    Patient.objects.filter(pk=someone.pk).update(merged_into=kept)
    oncologist, colleague = person(kept.team, Role.ONCOLOGIST), person(kept.team, Role.PALLIATIVE)
    assert [note.text for note in notes_of(kept.pk, kept.team_id, colleague)] == [SECRET]
    assert [note.text for note in notes_of(kept.pk, kept.team_id, oncologist)] == [""]


def test_supplement_of_a_confidential_note_is_confidential(someone: Patient, psycho: User, now: datetime) -> None:
    note = confidential(someone, psycho, now)
    commands.add_note(
        someone, discipline="psycho_oncologist", text="Both came today", supplements=note, by=psycho, now=now
    )
    nurse = person(someone.team, Role.NURSE_COORDINATOR)
    (seen,) = notes_of(someone.pk, someone.team_id, nurse)
    assert [more.text for more in seen.supplements] == [""]
    with pytest.raises(ValidationError, match="confidential"):
        commands.add_note(
            someone, discipline="nurse_coordinator", text="And I say", supplements=note, by=nurse, now=now
        )


def test_note_is_never_edited_and_never_deleted(someone: Patient, psycho: User, now: datetime) -> None:
    note = confidential(someone, psycho, now)
    with pytest.raises(DatabaseError, match="add a supplement"), transaction.atomic():
        CareNote.objects.filter(pk=note.pk).update(text="other")
    with pytest.raises(DatabaseError), transaction.atomic():
        CareNote.objects.filter(pk=note.pk).update(is_confidential=False)
    with pytest.raises(DatabaseError), transaction.atomic():
        note.delete()


def test_entered_in_error_by_author_or_palliative_team_with_a_reason(someone: Patient, now: datetime) -> None:
    nurse, other = person(someone.team, Role.NURSE_COORDINATOR), person(someone.team, Role.DIETITIAN)
    note = commands.add_note(someone, discipline="nurse_coordinator", text="Eats well", by=nurse, now=now)
    with pytest.raises(ValidationError, match="author or the palliative team"):
        commands.note_in_error(note, reason="It was another patient", by=other, now=now)
    with pytest.raises(ValidationError, match="Say in a sentence"):
        commands.note_in_error(note, reason="no", by=nurse, now=now)
    with pytest.raises(StaleEdit):
        commands.note_in_error(note, reason="It was another patient", by=nurse, now=now, version=9)
    commands.note_in_error(note, reason="It was another patient", by=nurse, now=now, version=1)
    with pytest.raises(ValidationError, match="nothing is added"):
        commands.add_note(someone, discipline="dietitian", text="More", supplements=note, by=other, now=now)


def test_discipline_is_one_of_ones_own_roles(someone: Patient, now: datetime) -> None:
    dietitian = person(someone.team, Role.DIETITIAN)
    with pytest.raises(ValidationError, match="your own roles"):
        commands.add_note(someone, discipline="palliative", text="Eats well", by=dietitian, now=now)
    with pytest.raises(ValidationError, match="Write what"):
        commands.add_note(someone, discipline="dietitian", text="  ", by=dietitian, now=now)


def test_note_from_the_page(client: Client, someone: Patient) -> None:
    client.force_login(person(someone.team, Role.DIETITIAN))
    where = reverse("palliative-note", args=[someone.pk])
    assert client.get(where).status_code == 200
    empty = client.post(where, {"text": "", "discipline": "dietitian", "said_by": "Social worker Lind"})
    assert (empty.status_code, "Social worker Lind" in empty.content.decode()) == (422, True)
    assert client.post(where, {"text": "Eats half", "discipline": "dietitian"}).status_code == 303
    note = CareNote.objects.get()
    page = client.get(reverse("palliative-panel", args=[someone.pk])).content.decode()
    assert ("Eats half" in page, "Dietitian" in page) == (True, True)
    more = reverse("palliative-note-add", args=[someone.pk, note.pk])
    assert (
        client.get(more).status_code,
        client.post(more, {"text": "Less", "discipline": "dietitian"}).status_code,
    ) == (
        200,
        303,
    )
    wrong = reverse("palliative-note-error", args=[someone.pk, note.pk])
    assert client.post(wrong, {"reason": "Wrong patient altogether", "version": "1"}).status_code == 303
    assert client.post(wrong, {"reason": "Wrong patient altogether", "version": "1"}).status_code == 409


def test_strain_of_those_who_care(client: Client, someone: Patient, now: datetime) -> None:
    client.force_login(person(someone.team, Role.NURSE_COORDINATOR))
    where = reverse("palliative-strain", args=[someone.pk])
    assert client.post(where, {"who": "Noor, daughter"}).status_code == 422
    day = timezone.now().date().isoformat()
    assert client.post(where, {"who": "Noor, daughter", "score": "8", "asked_on": day}).status_code == 303
    assert "8 of 10" in client.get(reverse("palliative-panel", args=[someone.pk])).content.decode()
