"""Beside a study: links, outside images, steps that somebody has seen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.notifications.models import InboxItem
from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.imaging import commands
from patients.imaging.models import ImagingStudy, Reminder
from patients.imaging.queries import hands_of, ladder_of, raised_of
from patients.record.models import ExternalCenter, NextStep
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR, name="Dana Whitcomb")


@pytest.fixture
def study(team: Team, nurse: User) -> ImagingStudy:
    return factories.study(
        factories.patient(team),
        due_on=TODAY - timedelta(20),
        owner=nurse,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_links_take_only_addresses_of_the_web(client: Client, study: ImagingStudy, nurse: User) -> None:
    client.force_login(nurse)
    url = reverse("study-links", args=[study.pk])
    entered = {"version": study.version, "accession_number": "AC17", "center": ""}
    assert client.post(url, {**entered, "pacs_url": "javascript:alert(1)"}).status_code == 422
    assert client.post(url, {**entered, "pacs_url": "https://pacs.example/AC17"}).status_code == 303
    page = client.get(reverse("study-page", args=[study.pk])).content.decode()
    assert 'href="https://pacs.example/AC17" target="_blank" rel="noopener noreferrer"' in page
    assert "AC17" in page
    with pytest.raises(ValidationError, match="https"):
        commands.change_links(
            study, accession_number="", pacs_url="ftp://x", center="", by=nurse, now=datetime.now(UTC)
        )


def test_outside_images_are_chased_until_they_are_here(
    client: Client, study: ImagingStudy, nurse: User, now: datetime
) -> None:
    study = commands.record_performed(study, on=TODAY, center="St. Elsewhere", by=nurse, now=now)
    client.force_login(nurse)
    sent = {
        "version": study.version,
        "center": "St. Elsewhere",
        "contact": "Film library",
        "phone": "555 0103",
        "on": "2026-11-20",
    }
    assert client.post(reverse("study-images", args=[study.pk]), sent).status_code == 303
    center = ExternalCenter.objects.get()
    assert (center.name, center.contact, center.phone) == ("St. Elsewhere", "Film library", "555 0103")
    chase = NextStep.objects.get(source_key=f"images:{study.pk}", closed_at=None)
    assert (chase.due_on, chase.owner) == (date(2026, 12, 4), nurse)
    page = client.get(reverse("study-page", args=[study.pk])).content.decode()
    assert "Film library" in page
    assert "Images are here" in page
    client.post(reverse("study-images-here", args=[study.pk]))
    assert not NextStep.objects.filter(source_key=f"images:{study.pk}", closed_at=None).exists()
    client.post(reverse("study-images-undo", args=[study.pk]))
    study.refresh_from_db()
    assert (study.images_requested_on, study.images_received_on) == (date(2026, 11, 20), None)
    assert NextStep.objects.filter(source_key=f"images:{study.pk}", closed_at=None).exists()


def test_a_raised_step_says_who_was_told_who_has_seen_it_and_through_whose_hands_it_went(
    client: Client, team: Team, study: ImagingStudy, nurse: User, now: datetime
) -> None:
    doctor = factories.person(team, Role.ONCOLOGIST, name="Ines Okafor")
    factories.responsible(study.patient, doctor)
    commands.sweep(now=now)
    row = Reminder.objects.get(step="amber")
    assert [name for name, _ in raised_of(study)[0].told] == ["Dana Whitcomb", "Ines Okafor"]
    client.force_login(nurse)
    page = reverse("study-page", args=[study.pk])
    assert "Acknowledge" in client.get(page).content.decode()
    client.post(reverse("step-acknowledge", args=[row.pk]), {"note": "Calls on Tuesday"})
    row.refresh_from_db()
    assert (row.acknowledged_by, row.acknowledged_note, row.state) == (nurse, "Calls on Tuesday", "open")
    assert list(InboxItem.objects.open().values_list("recipient_id", flat=True)) == [doctor.pk]
    assert "Acknowledged by Dana Whitcomb" in client.get(page).content.decode()
    assert AuditEvent.objects.get(action="imaging.acknowledge").reason == "Calls on Tuesday"
    with pytest.raises(ValidationError, match="Only whoever"):
        commands.undo_acknowledge(row, by=doctor, now=now)
    commands.undo_acknowledge(row, by=nurse, now=now)
    assert InboxItem.objects.open().count() == 2
    steps, _ = ladder_of(study, now=now)
    assert [(step.state, step.told) for step in steps if step.told] == [("now", "told Dana Whitcomb, Ines Okafor")]
    other = factories.person(team, Role.NURSE_COORDINATOR, name="Emil Sand")
    commands.hand_over(study, to=other, by=nurse, now=now)
    assert [(hand.to, hand.by) for hand in hands_of(study)] == [("Emil Sand", "Dana Whitcomb")]
    commands.order(ImagingStudy.objects.get(pk=study.pk), by=nurse, now=now)
    assert raised_of(study)[0].end_words == "done by Dana Whitcomb"


def test_the_board_step_is_referred_from_the_study_in_one_click(client: Client, team: Team, now: datetime) -> None:
    factories.study(factories.patient(team), due_on=TODAY - timedelta(200), created_at=datetime(2026, 1, 1, tzinfo=UTC))
    board = factories.person(team, Role.BOARD_COORDINATOR)
    commands.sweep(now=now)
    row = Reminder.objects.get()
    assert (row.step, InboxItem.objects.get().recipient) == ("board", board)
    client.force_login(board)
    page = client.get(reverse("study-page", args=[row.study_id])).content.decode()
    assert f'href="{reverse("referral-create", args=[row.patient_id])}"' in page
