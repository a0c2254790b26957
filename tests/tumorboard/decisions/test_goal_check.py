"""What is recommended against what the patient accepts: shown while it is spoken, answered before it is signed."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from careteam.notifications.models import InboxItem
from careteam.people.rules import Role
from patients.goals.models import GoalsPrompt
from patients.goals.queries import asked_because, live_prompt
from patients.protocol.commands import Choice, sign_numbers
from patients.protocol.models import ProtocolSignature
from patients.protocol.rules import BURDENS
from tests import factories
from tests.factories import goals
from tests.factories.board import Room
from tumorboard.decisions.commands import add_addendum, reinstate, settle
from tumorboard.decisions.models import Decision, Recommendation
from tumorboard.decisions.rules import Option, RecommendationStatus
from tumorboard.live.commands import sign_case
from tumorboard.meetings.commands import show_item

pytestmark = pytest.mark.django_db


def _sign_burdens(room: Room) -> None:
    lead = factories.person(room.team, Role.TEAM_LEAD)
    choices = {row.code: Choice(Decimal(row.value)) for row in BURDENS}
    sign_numbers(room.team, choices, reason="As it goes here", by=lead, now=room.now)


def _case(room: Room, *options: Option, **said: Any) -> Decision:
    """A recorded draft about a patient who accepts at most one night in hospital."""
    patient = room.patient()
    goals.conversation(patient, room.chair, now=room.now)
    item = room.item(patient)
    if room.meeting.status == "planned":
        room.start()
    return room.record(item, *options, **said)


def test_a_conflict_is_signed_only_with_a_sentence(room: Room) -> None:
    _sign_burdens(room)
    draft = _case(room, Option.SURGERY)
    with pytest.raises(ValidationError, match=r"patient accepts\. Surgery: 8 nights in hospital"):
        sign_case(draft, by=room.chair, now=room.meeting_time)
    draft = room.record(draft.item, Option.SURGERY, goals_conflict_note="Asked on the phone: would stay for this once.")
    signed = sign_case(draft, by=room.chair, now=room.meeting_time)
    assert signed.goal_check["verdict"] == "conflict"


def test_unsigned_figures_hold_nobody_up(room: Room) -> None:
    signed = sign_case(_case(room, Option.SURGERY), by=room.chair, now=room.meeting_time)
    assert signed.goal_check["verdict"] == "unknown"


def test_a_plan_within_what_is_accepted_is_clear(room: Room) -> None:
    _sign_burdens(room)
    assert _case(room, Option.SSA, Option.WITH_PALLIATIVE).goal_check["verdict"] == "clear"


def test_signing_asks_the_goals_of_that_moment(room: Room) -> None:
    """Nobody had asked when it was recorded; a conversation signed since then counts."""
    _sign_burdens(room)
    patient = room.patient()
    item = room.item(patient)
    room.start()
    draft = room.record(item, Option.SURGERY)
    assert draft.goal_check["verdict"] == "unknown"
    goals.conversation(patient, room.chair, now=room.now)
    with pytest.raises(ValidationError, match="conflicts with what the patient accepts"):
        sign_case(draft, by=room.chair, now=room.meeting_time)
    assert Decision.objects.get(pk=draft.pk).status == "draft"


def test_the_form_answers_what_is_ticked(room: Room, client: Client) -> None:
    _sign_burdens(room)
    draft = _case(room, Option.SSA)
    client.force_login(room.chair)
    url = reverse("goal-check", args=[draft.item_id])
    html = client.get(url, {"options": ["surgery", "nonsense"]}).content.decode()
    assert "Costs more than the patient accepts" in html
    assert "Within what the patient accepts" in client.get(url, {"options": "ssa"}).content.decode()
    client.force_login(factories.person(factories.team(), Role.ONCOLOGIST))
    assert client.get(url).status_code == 404


def test_the_lead_signs_the_whole_table(room: Room, client: Client) -> None:
    client.force_login(factories.person(room.team, Role.TEAM_LEAD))
    url = reverse("burdens-sign")
    form = client.get(url).context["form"]
    typed = {name: form[name].value() for name in form.fields if name not in {"reason", "password"}}
    typed |= {"burden_prrt_nights": "2", "reason": "Our ward", "password": factories.PASSWORD}
    refused = client.post(url, typed | {"burden_prrt_nights": "400"})
    assert (refused.status_code, "Choose a value from 0 to 30 nights" in refused.content.decode()) == (422, True)
    assert client.post(url, typed).status_code == 303
    assert ProtocolSignature.objects.count() == len(BURDENS)
    assert ProtocolSignature.objects.get(code="burden.prrt.nights").value == 2
    stale = client.post(url, typed | {"burden_prrt_nights": "3"})
    assert (stale.status_code, 'value="3"' in stale.content.decode()) == (409, True)


def _differing(room: Room) -> Decision:
    _sign_burdens(room)
    draft = _case(room, Option.SURGERY, goals_conflict_note="Asked on the phone: would stay for this once.")
    return sign_case(draft, by=room.chair, now=room.meeting_time)


def _asks(decision: Decision) -> GoalsPrompt | None:
    return asked_because(decision.patient_id, f"decision:{decision.pk}")


def test_a_signed_plan_that_differs_asks_who_tells_to_talk_again(room: Room) -> None:
    decision = _differing(room)
    asked = _asks(decision)
    assert asked is not None
    assert asked.owner == decision.item.referral.presenter
    assert list(asked.reasons.values_list("reason", flat=True)) == ["decision"]
    assert InboxItem.objects.open().filter(key=f"goals-decision:{decision.pk}").count() == 1
    on = room.team.local_date(room.meeting_time).isoformat()
    goals.conversation(decision.patient, room.chair, now=room.meeting_time, held_on=on)
    assert live_prompt(decision.patient_id) is None
    assert InboxItem.objects.open().filter(key=f"goals-decision:{decision.pk}").count() == 0


def test_a_draft_asks_nothing(room: Room) -> None:
    _sign_burdens(room)
    draft = _case(room, Option.SURGERY, goals_conflict_note="Asked on the phone: would stay for this once.")
    assert _asks(draft) is None


def test_a_plan_within_the_goals_asks_nothing(room: Room) -> None:
    _sign_burdens(room)
    assert _asks(sign_case(_case(room, Option.SSA), by=room.chair, now=room.meeting_time)) is None


def test_what_is_superseded_or_not_done_asks_no_more_and_reinstated_asks_again(room: Room) -> None:
    decision = _differing(room)
    for to, reason in ((RecommendationStatus.SUPERSEDED, ""), (RecommendationStatus.NOT_IMPLEMENTED, "patient_choice")):
        row = Recommendation.objects.get(decision=decision)
        settle(row, to, by=room.chair, now=room.meeting_time, reason=reason, note="Asked again, stays at home.")
        assert _asks(decision) is None
        reinstate(Recommendation.objects.get(decision=decision), by=room.chair, now=room.meeting_time)
        assert _asks(decision) is not None


def test_agenda_and_case_say_that_the_last_decision_differs(room: Room, client: Client) -> None:
    decision = _differing(room)
    again = room.item(decision.patient)
    show_item(room.meeting, again, by=room.chair, now=room.meeting_time)
    client.force_login(room.chair)
    pages = [client.get(reverse(name, args=[room.meeting.pk])).text for name in ("meeting", "live")]
    assert [page.count(">Decision and goals differ<") for page in pages] == [2, 1]  # the case of then, and of now
    on = room.team.local_date(room.meeting_time).isoformat()
    goals.conversation(decision.patient, room.chair, now=room.meeting_time, held_on=on)
    assert ">Decision and goals differ<" not in client.get(reverse("meeting", args=[room.meeting.pk])).text


def test_what_the_board_noted_is_not_said_to_be_the_patients_words(room: Room, client: Client) -> None:
    decision = _differing(room)
    client.force_login(room.chair)
    for page in (reverse("decision", args=[decision.pk]), reverse("meeting-minutes", args=[decision.item.meeting_id])):
        text = client.get(page).text
        assert "The board’s note on what the patient wants" in text
        assert "What the patient wants" not in text


def test_an_addendum_may_settle_it(room: Room, client: Client) -> None:
    decision = _differing(room)
    add_addendum(decision, text="Day surgery, no night.", by=room.chair, now=room.meeting_time)
    assert _asks(decision) is not None
    client.force_login(room.chair)
    assert "talk again" in client.get(reverse("decision", args=[decision.pk])).content.decode()
    url = reverse("decision-addendum", args=[decision.pk])
    assert "no longer differs" in client.get(url).content.decode()
    client.post(url, {"text": "Day surgery, home in the evening.", "settles_goals": "on"})
    assert _asks(decision) is None
    assert "no longer differs" not in client.get(url).content.decode()


def test_a_later_conversation_that_rules_out_what_was_recommended_is_told(
    room: Room, django_capture_on_commit_callbacks: Any
) -> None:
    _sign_burdens(room)
    patient = room.patient()
    item = room.item(patient)
    room.start()
    signed = sign_case(room.record(item, Option.SURGERY), by=room.chair, now=room.meeting_time)
    told = InboxItem.objects.filter(key=f"goals-later:{signed.pk}")
    with django_capture_on_commit_callbacks(execute=True):
        goals.conversation(patient, room.chair, now=room.meeting_time)
    assert [row.patient_id for row in told] == [patient.pk]
    assert "rules out" in told.get().title
    Recommendation.objects.update(status=RecommendationStatus.IMPLEMENTED)
    told.delete()
    with django_capture_on_commit_callbacks(execute=True):
        goals.conversation(patient, room.chair, now=room.meeting_time)
    assert not told.exists(), "what was begun is no recommendation any more"
