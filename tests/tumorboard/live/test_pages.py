"""The live page and its poll, recording and signing through the browser's own requests."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.people.rules import Role
from tests import factories
from tests.factories.board import Room
from tests.factories.wishes import wish
from tumorboard.actions.models import Action
from tumorboard.decisions.models import Decision
from tumorboard.decisions.rules import Option
from tumorboard.live.queries import LiveState, case_of, current_state
from tumorboard.meetings.commands import show_item, withdraw
from tumorboard.meetings.models import AgendaItem
from tumorboard.meetings.queries import visible_item
from tumorboard.meetings.queries.wants import wants_of
from tumorboard.referrals.commands import settle_material
from tumorboard.referrals.models import ShownMaterial
from tumorboard.referrals.rules import ShownStatus

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def _as(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def on(room: Room) -> AgendaItem:
    """A case that is on in the running meeting."""
    item = room.item()
    room.start()
    show_item(room.meeting, item, by=room.chair, now=room.meeting_time)
    return item


def test_current_state_names_the_case_and_the_version(room: Room, on: AgendaItem) -> None:
    state = LiveState(room.meeting.pk, room.meeting.version, on.pk, "running", f"running.{on.pk}.2.0")
    assert current_state(room.meeting) == state
    room.record(on)
    assert current_state(room.meeting).case == f"running.{on.pk}.2.1"


def test_live_shows_goals_before_everything_else(room: Room, on: AgendaItem) -> None:
    page = _as(room.chair).get(reverse("live", args=[room.meeting.pk])).content.decode()
    places = [page.index(part) for part in ("What the patient wants", ">Question<", ">Labs<", ">Lines<")]
    assert places == sorted(places)
    assert "No goals conversation on record" in page


def test_code_status_and_limits_stand_on_the_card_without_a_conversation(room: Room, on: AgendaItem) -> None:
    wish(on.patient, room.chair, until=date(2026, 11, 21))
    wish(on.patient, room.chair, "limit", "no_icu")
    page = _as(room.chair).get(reverse("live", args=[room.meeting.pk])).content.decode()
    card = page[page.index("What the patient wants") : page.index(">Question<")]
    assert "expired, ask again" in card
    assert ("DNR" in card, "No intensive care" in card, "disease alone" in card) == (True, True, False)
    said = "Code status DNR, 20 Nov 2026, expired, ask again; No intensive care; no goals conversation"
    assert wants_of([on.patient_id], room.now.date())[on.patient_id] == said


def test_live_says_which_images_are_up(room: Room, on: AgendaItem) -> None:
    study = factories.study(on.patient, status="performed", performed_on=date(2026, 11, 3), due_on=None)
    shown = ShownMaterial.objects.create(patient=on.patient, referral=on.referral, study=study)
    settle_material(shown, ShownStatus.UNAVAILABLE, note="CD unreadable", by=room.coordinator, now=room.now)
    page = _as(room.chair).get(reverse("live", args=[room.meeting.pk])).content.decode()
    said = page[page.index("To be shown") : page.index(">Labs<")]
    assert ("CD unreadable" in said, "3 Nov" in said.replace("\N{NO-BREAK SPACE}", " ")) == (True, True)


def test_live_notes_one_read_of_the_agenda(room: Room, on: AgendaItem) -> None:
    _as(room.nurse).get(reverse("live", args=[room.meeting.pk]))
    event = AuditEvent.objects.filter(kind="read").latest("pk")
    assert (event.actor, event.patient_ids) == (room.nurse, [on.patient_id])


def test_what_comes_next_is_a_read_of_its_own_and_ends_with_the_agenda(room: Room, on: AgendaItem) -> None:
    following = room.item()
    client, url = _as(room.nurse), reverse("live", args=[room.meeting.pk]) + "?part=ahead"
    answer = client.get(url, headers=HTMX)
    page = answer.content.decode()
    assert f'data-item="{following.pk}"' in page
    assert ("What the patient wants" in page, "decision-form" in page) == (True, False)
    assert AuditEvent.objects.latest("pk").patient_ids == [following.patient_id]
    show_item(room.meeting, following, by=room.chair, now=room.meeting_time)
    assert client.get(url).status_code == 204
    stranger = _as(factories.person(factories.team(), Role.ONCOLOGIST))
    assert stranger.get(url).status_code == 404


def test_poll_is_silent_until_something_changes(room: Room, on: AgendaItem) -> None:
    client, url = _as(room.nurse), reverse("live-poll", args=[room.meeting.pk])
    state, reads = current_state(room.meeting), AuditEvent.objects.filter(kind="read").count()
    shown = {"v": state.version, "item": on.pk, "case": state.case}
    assert client.get(url, shown, headers=HTMX).status_code == 204
    second = room.item()
    answer = client.get(url, shown, headers=HTMX)
    assert (answer.status_code, answer["HX-Trigger"]) == (204, '{"agendaChanged": {}}')
    show_item(room.meeting, second, by=room.chair, now=room.meeting_time)
    answer = client.get(url, shown, headers=HTMX)
    assert answer["HX-Trigger"] == '{"caseChanged": {}}'
    assert on.patient.family_name not in answer.content.decode()
    assert AuditEvent.objects.filter(kind="read").count() == reads


def test_poll_leaves_the_case_to_somebody_who_types(room: Room, on: AgendaItem) -> None:
    version = room.meeting.version
    show_item(room.meeting, room.item(), by=room.chair, now=room.meeting_time)
    url = reverse("live-poll", args=[room.meeting.pk])
    client = _as(room.chair)
    answer = client.get(url, {"v": version, "item": on.pk, "case": "x", "typed": "1"}, headers=HTMX)
    assert answer["HX-Trigger"] == '{"agendaChanged": {}}'
    assert "The chair moved on" in answer.content.decode()
    assert f'name="item" value="{on.pk}"' in answer.content.decode(), "the screen still shows what it shows"
    sent = {"part": "agenda", "v": version, "item": on.pk, "case": current_state(room.meeting).case}
    url = reverse("live", args=[room.meeting.pk])
    assert "The chair moved on" not in client.get(url, sent | {"typed": "1"}, headers=HTMX).content.decode()
    part = client.get(url, sent | {"typed": "1", "case": "x"}, headers=HTMX).content.decode()
    assert "The chair moved on" in part
    behind = client.get(url, sent | {"case": "x"}, headers=HTMX).content.decode()
    assert f'name="v" value="{version}"' in behind, "a screen that missed the case asks for it again"


def test_case_that_is_taken_off_says_so_at_once(room: Room, on: AgendaItem) -> None:
    """The patient dies while the board discusses: who types is told, everybody else sees why the case is gone."""
    client, url = _as(room.chair), reverse("live-poll", args=[room.meeting.pk])
    shown = {"v": room.meeting.version, "item": on.pk, "case": current_state(room.meeting).case}
    withdraw(on.referral, reason="Patient died", by=None, now=room.meeting_time)
    typing = client.get(url, shown | {"typed": "1"}, headers=HTMX)
    assert "taken off the agenda: Patient died." in typing.content.decode()
    assert client.get(url, shown, headers=HTMX)["HX-Trigger"] == '{"caseChanged": {}}'
    page = client.get(reverse("live", args=[room.meeting.pk])).content.decode()
    assert "Patient died. Nothing is decided about this case today." in page
    show_item(room.meeting, room.item(), by=room.chair, now=room.meeting_time)
    assert "Patient died" not in client.get(reverse("live", args=[room.meeting.pk])).content.decode()


def test_go_moves_everybody_and_is_refused_to_who_only_follows(room: Room, on: AgendaItem) -> None:
    second = room.item()
    url = reverse("live-go", args=[room.meeting.pk])
    assert _as(room.dietitian).post(url, {"steps": "1"}).status_code == 403
    assert _as(room.nurse).post(url, {"steps": "1"}).status_code == 422
    assert current_state(room.meeting).item_id == on.pk
    assert _as(room.chair).post(url, {"steps": "1"}).status_code == 303
    assert current_state(room.meeting).item_id == second.pk


def test_decision_in_three_interactions_then_the_next_case(room: Room, on: AgendaItem) -> None:
    """What the browser sends when two options are ticked and "Record, next case" is pressed: the rest are defaults."""
    second = room.item()
    client = _as(room.chair)
    form = client.get(reverse("decision-record", args=[on.pk])).context["form"]
    data = {
        "options": [Option.PRRT, Option.WITH_PALLIATIVE],
        "owner": form.initial["owner"],
        "due_on": form.initial["due_on"].isoformat(),
        "version": form.initial["version"],
        "then": "next",
    }
    answer = client.post(reverse("decision-record", args=[on.pk]), data)
    assert (answer.status_code, answer["Location"]) == (303, reverse("live", args=[room.meeting.pk]))
    decision = Decision.objects.get(item=on)
    action = Action.objects.get(decision=decision)
    assert (decision.text, action.owner, current_state(room.meeting).item_id) == (
        "PRRT, with palliative care.",
        room.chair,
        second.pk,
    )


def test_decision_twice_sent_is_one_draft_and_the_second_is_told(room: Room, on: AgendaItem) -> None:
    client, url = _as(room.chair), reverse("decision-record", args=[on.pk])
    data = {"options": [Option.PRRT], "owner": room.nurse.pk, "due_on": "2026-12-10", "version": 0}
    assert client.post(url, data).status_code == 303
    again = client.post(url, data | {"options": [Option.SURGERY], "rationale": "Kept text"})
    assert (again.status_code, Decision.objects.get().text) == (409, "PRRT.")
    assert "Kept text" in again.content.decode()
    fresh = again.context["form"]["version"].value()
    assert client.post(url, data | {"options": [Option.SURGERY], "version": fresh}).status_code == 303
    assert (Decision.objects.count(), Action.objects.valid().count()) == (1, 1)


def test_decision_without_anything_said_is_422_with_the_sentence(room: Room, on: AgendaItem) -> None:
    answer = _as(room.chair).post(
        reverse("decision-record", args=[on.pk]), {"owner": room.nurse.pk, "due_on": "2026-12-10", "version": 0}
    )
    assert answer.status_code == 422
    assert "Choose what is recommended" in answer.content.decode()


def test_decision_needs_owner_and_date_unless_no_action_follows(room: Room, on: AgendaItem) -> None:
    client, url = _as(room.chair), reverse("decision-record", args=[on.pk])
    refused = client.post(url, {"options": [Option.PRRT], "version": 0})
    assert refused.status_code == 422
    assert set(refused.context["form"].errors) == {"owner", "due_on"}
    assert client.post(url, {"options": [Option.OBSERVATION], "version": 0, "no_action": "on"}).status_code == 303
    assert Action.objects.count() == 0


def test_signature_asks_for_the_password(room: Room, on: AgendaItem) -> None:
    draft = room.record(on)
    client, url = _as(room.chair), reverse("decision-sign", args=[draft.pk])
    wrong = client.post(url, {"password": "guess"})
    assert (wrong.status_code, Decision.objects.get().status) == (422, "draft")
    assert client.post(url, {"password": factories.PASSWORD}).status_code == 303
    assert Decision.objects.get().status == "signed"


def test_signature_of_the_meeting_signs_all(room: Room, on: AgendaItem) -> None:
    room.record(on)
    room.record(room.item())
    url = reverse("meeting-sign", args=[room.meeting.pk])
    assert _as(room.coordinator).post(url, {"password": factories.PASSWORD}).status_code == 403
    assert _as(room.chair).post(url, {"password": factories.PASSWORD}).status_code == 303
    assert set(Decision.objects.values_list("status", flat=True)) == {"signed"}


def test_draft_is_hidden_from_a_guest_of_the_chart(room: Room, on: AgendaItem) -> None:
    """Somebody of another team with a grant sees signed decisions, no draft and no meeting."""
    guest = factories.person(factories.team(), Role.ONCOLOGIST)
    guest.grants.create(
        patient=on.patient,
        kind="shared",
        reason="Second opinion",
        starts_at="2020-01-01T00:00Z",
        ends_at="2100-01-01T00:00Z",
        granted_by=room.chair,
    )
    client, draft = _as(guest), room.record(on)
    assert client.get(reverse("decision", args=[draft.pk])).status_code == 404
    assert client.get(reverse("live", args=[room.meeting.pk])).status_code == 404
    _as(room.chair).post(reverse("decision-sign", args=[draft.pk]), {"password": factories.PASSWORD})
    assert client.get(reverse("decision", args=[draft.pk])).status_code == 200
    assert client.get(reverse("decision-told", args=[draft.pk, "patient"])).status_code == 403


def test_case_card_costs_the_same_at_any_history(room: Room, on: AgendaItem, django_assert_num_queries: Any) -> None:
    def count() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        item = visible_item(room.chair, on.pk)
        with CaptureQueriesContext(connection) as queries:
            case_of(item, room.now.date())
        return len(queries)

    def more() -> None:
        factories.line(on.patient)
        factories.measurement(on.patient, "718-7", 12)
        factories.study(on.patient, status="performed", performed_on=room.now.date())
        on.patient.diseasestatuss.create(assessed_on=room.now.date(), category="SD", method="recist")

    more()
    one = count()
    more()
    more()
    assert count() == one


def test_numbers_of_any_length_are_no_error(room: Room) -> None:
    client, asked = _as(room.chair), "9" * 5000
    go, attend = (reverse(name, args=[room.meeting.pk]) for name in ("live-go", "meeting-attendance"))
    assert client.post(go, {"item": asked}).status_code == 404
    assert client.post(attend, {"person": asked, "present": "yes"}).status_code == 404
