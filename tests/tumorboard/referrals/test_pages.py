"""Referring from the patient page: filled in, shown, drafted, late, again, merged."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from careteam.notifications.models import InboxItem
from careteam.people.rules import Role, Specialty
from tests import factories
from tests.factories.board import Room
from tumorboard.decisions.rules import Option
from tumorboard.meetings import commands
from tumorboard.meetings.commands import cancel
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.referrals.commands import AlreadyReferred, settle_material
from tumorboard.referrals.models import Referral, ReferralDraft, ShownMaterial
from tumorboard.referrals.queries import open_referrals
from tumorboard.referrals.rules import ReferralKind, ShownStatus, Urgency

pytestmark = pytest.mark.django_db


def _as(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _url(patient: Any) -> str:
    return reverse("referral-create", args=[patient.pk])


def _filled(client: Client, patient: Any) -> dict[str, Any]:
    """The form as it opens, posted back as a browser would: nothing is typed."""
    form = client.get(_url(patient)).context["form"]
    return {name: value for name, value in form.initial.items() if value not in (None, "") and name in form.fields}


def test_two_interactions_refer_with_what_the_record_holds(room: Room) -> None:
    """Refer… on the patient page, Refer on the form: imaging and pathology are chosen, nothing was typed."""
    patient = room.patient()
    old = factories.study(patient, modality="ct", status="performed", performed_on=date(2026, 3, 1))
    latest = factories.study(patient, modality="mri", status="performed", performed_on=date(2026, 10, 1))
    client = _as(room.nurse)
    assert _url(patient) in client.get(reverse("board-panel", args=[patient.pk])).content.decode()
    data = _filled(client, patient)
    assert client.post(_url(patient), data).status_code == 303
    referral = Referral.objects.get()
    shown = list(referral.shown.order_by("pk").values_list("study_id", "specimen_id"))
    assert shown == [(latest.pk, None), (None, patient.specimens.get().pk)]
    assert (referral.presenter, old.pk in {study for study, _ in shown}) == (room.chair, False)


def test_nobody_is_asked_for_material_of_a_meeting_that_is_off(room: Room) -> None:
    factories.person(room.team, Role.RADIOLOGIST, specialty=Specialty.RADIOLOGY)
    patient = room.patient()
    room.item(patient, studies=[factories.study(patient, modality="ct", status="performed")])
    asked = InboxItem.objects.filter(url=reverse("meeting-shown", args=[room.meeting.pk]))
    assert asked.filter(withdrawn_at=None).exists()
    cancel(room.meeting, reason="Ice on the roads", by=room.coordinator, now=room.now)
    assert not asked.filter(withdrawn_at=None).exists()


def test_listed_material_is_asked_of_those_who_read_it_and_settled(room: Room) -> None:
    radiologist = factories.person(room.team, Role.RADIOLOGIST, specialty=Specialty.RADIOLOGY)
    patient = room.patient()
    study = factories.study(patient, modality="ct", status="performed", performed_on=date(2026, 10, 1))
    item = room.item(patient, studies=[study], specimens=[patient.specimens.get()])
    url = reverse("meeting-shown", args=[room.meeting.pk])
    asked = InboxItem.objects.filter(url=url).order_by("recipient__name")
    assert {row.recipient for row in asked} == {radiologist, room.pathologist}
    client = _as(radiologist)
    assert client.get(url).context["rows"] == list(item.referral.shown.order_by("pk"))
    image, slide = item.referral.shown.order_by("pk")
    ready = reverse("shown-settle", args=[room.meeting.pk, image.pk])
    assert client.post(ready, {"status": "up"}).status_code == 303
    lost = reverse("shown-settle", args=[room.meeting.pk, slide.pk])
    assert client.post(lost, {"status": "unavailable"}).status_code == 422
    assert client.post(lost, {"status": "unavailable", "note": "Slides are at another hospital"}).status_code == 303
    assert list(ShownMaterial.objects.order_by("pk").values_list("status", flat=True)) == ["up", "unavailable"]
    settle_material(image, ShownStatus.ASKED, by=radiologist, now=room.now)
    assert _as(factories.person(factories.team(), Role.RADIOLOGIST)).get(url).status_code == 404
    assert _as(room.dietitian).post(ready, {"status": "up"}).status_code == 403


def test_draft_is_kept_for_its_author_alone_until_it_is_submitted(room: Room) -> None:
    patient, nurse = room.patient(), _as(room.nurse)
    data = _filled(nurse, patient) | {"question": "Half a que", "act": "draft"}
    assert nurse.post(_url(patient), data, headers={"X-Background": "1"}).status_code == 204
    assert nurse.post(_url(patient), data).status_code == 303
    assert nurse.get(_url(patient)).context["form"].initial["question"] == "Half a que"
    assert _as(room.chair).get(_url(patient)).context["draft"] is None
    assert nurse.post(_url(patient), data | {"act": "", "question": "Whole?"}).status_code == 303
    assert (Referral.objects.get().question, ReferralDraft.objects.count()) == ("Whole?", 0)
    assert nurse.post(_url(patient), data | {"question": "x" * 200_000}).status_code == 422


def test_after_the_cutoff_it_goes_to_the_next_meeting_unless_the_chair_takes_it(room: Room) -> None:
    Meeting.objects.filter(pk=room.meeting.pk).update(cutoff_at=room.now - timedelta(hours=1), chair=room.chair)
    patient, client = room.patient(), _as(room.nurse)
    page = client.get(_url(patient)).content.decode()
    assert "The cut-off of Thu 26 Nov has passed; it goes to" in page
    assert client.post(_url(patient), _filled(client, patient) | {"late_reason": "Bleeding"}).status_code == 303
    referral = Referral.objects.get()
    asked = InboxItem.objects.get(key=f"referral:{referral.pk}:late")
    assert (asked.recipient, asked.url) == (room.chair, reverse("meeting", args=[room.meeting.pk]))
    agenda = _as(room.chair).get(asked.url).content.decode()
    assert 'value="Bleeding"' in agenda
    item = commands.list_referral(
        referral, room.meeting, by=room.chair, now=room.now, after_cutoff_reason=referral.late_reason
    )
    asked.refresh_from_db()
    assert (item.after_cutoff_reason, asked.withdrawn_at) == ("Bleeding", room.now)


def test_rediscussion_is_linked_to_the_earlier_decision(room: Room) -> None:
    patient, client = room.patient(), _as(room.nurse)
    nothing = client.post(_url(patient), _filled(client, patient) | {"kind": "rediscussion"})
    assert (nothing.status_code, "nothing to discuss again" in nothing.content.decode()) == (422, True)
    decision = room.signed(Option.PRRT, patient=patient)
    data = _filled(client, patient) | {"kind": "rediscussion"}
    assert client.post(_url(patient), data).status_code == 303
    again = Referral.objects.get(kind=ReferralKind.REDISCUSSION)
    assert again.earlier_id == decision.item.referral_id


def _twins(room: Room) -> tuple[Referral, Referral]:
    """One person under two records, both referred, then found to be one."""
    kept, gone = room.patient(), room.patient()
    first = room.referral(kept, question="PRRT?", hoped_for="Less pain")
    second = room.referral(gone, question="Surgery?", urgency=Urgency.URGENT, specimens=[gone.specimens.get()])
    type(gone).objects.filter(pk=gone.pk).update(merged_into=kept)
    return first, second


def test_referrals_of_merged_patients_become_one_and_nothing_is_lost(room: Room) -> None:
    first, second = _twins(room)
    item = commands.list_referral(second, room.meeting, by=room.coordinator, now=room.now)
    assert [row.pk for row in open_referrals(first.patient_id)] == [second.pk, first.pk]
    with pytest.raises(AlreadyReferred):
        room.referral(first.patient)
    client = _as(room.nurse)
    assert client.get(_url(first.patient)).context["twins"] == [(second, first)]
    url = reverse("referral-merge", args=[first.pk])
    assert client.post(url, {"other": second.pk}).status_code == 303
    first.refresh_from_db()
    second.refresh_from_db()
    assert (second.status, second.question, second.urgency, second.hoped_for) == (
        "listed",
        "Surgery?\nPRRT?",
        "urgent",
        "Less pain",
    )
    assert (first.status, first.merged_into, first.question) == ("withdrawn", second, "PRRT?")
    assert (second.shown.count(), AgendaItem.objects.open().get()) == (1, item)
    assert _as(factories.person(factories.team(), Role.ONCOLOGIST)).post(url, {"other": second.pk}).status_code == 404


def test_merge_frees_the_later_place_on_an_agenda(room: Room) -> None:
    first, second = _twins(room)
    commands.list_referral(second, room.meeting, by=room.coordinator, now=room.now)
    later = Meeting.objects.get(occurrence_on=date(2026, 12, 3))
    commands.list_referral(first, later, by=room.coordinator, now=room.now)
    kept = commands.merge(first, second, by=room.coordinator, now=room.now)
    assert (kept.pk, AgendaItem.objects.open().get().meeting) == (second.pk, room.meeting)
    with pytest.raises(ValidationError, match="no longer open"):
        commands.merge(first, second, by=room.coordinator, now=room.now)
    with pytest.raises(ValidationError, match="same patient"):
        commands.merge(second, room.referral(), by=room.coordinator, now=room.now)
