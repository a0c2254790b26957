"""Everything a decision can say, typed by several people at once: nothing is lost before, and nothing after, the
signature."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from careteam.people.rules import Role
from patients.record.commands import record_death
from patients.record.models import NextStep
from tests import factories
from tests.factories.board import Room
from tumorboard.actions.models import Action
from tumorboard.decisions.models import Alternative, Decision, Recommendation
from tumorboard.decisions.queries import decision_row
from tumorboard.decisions.rules import Option, no_change_wording, wording
from tumorboard.live.models import DecisionDraft
from tumorboard.meetings.commands import hold, show_item, withdraw
from tumorboard.meetings.models import AgendaItem
from tumorboard.minutes.commands import sign_minutes
from tumorboard.minutes.queries import minutes_of

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


def _shown(client: Client, item: AgendaItem) -> dict[str, Any]:
    """What a browser would send back of the form that this person sees, untouched."""
    return _sent(client.get(reverse("decision-record", args=[item.pk])).context["form"])


def _sent(form: Any) -> dict[str, Any]:
    values = {name: form[name].value() for name in form.fields}
    sent = {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
    return {name: value for name, value in sent.items() if value not in (None, False, "")}


def _record(client: Client, item: AgendaItem, data: dict[str, Any], status: int = 303) -> Any:
    answer = client.post(reverse("decision-record", args=[item.pk]), data)
    assert answer.status_code == status, answer.content.decode()
    return answer


def _actions() -> list[tuple[str, str]]:
    return [(row.what, str(row.owner)) for row in Action.objects.valid().select_related("owner").order_by("pk")]


@pytest.mark.parametrize(
    ("running", "words"),
    [
        ([], "No change: the present plan continues."),
        (["Lanreotide"], "No change: Lanreotide continues."),
        (["Lanreotide", "Everolimus"], "No change: Lanreotide and Everolimus continue."),
    ],
)
def test_no_change_is_worded_by_what_runs(running: list[str], words: str) -> None:
    assert no_change_wording(running) == words


def test_wording_holds_the_condition() -> None:
    said = wording([Option.PRRT, Option.SURGERY], conditions={Option.PRRT: "if PET positive"})
    assert said == "PRRT (if PET positive) and Surgery."


def test_terms_and_alternatives_are_recorded_signed_and_printed(room: Room, on: AgendaItem) -> None:
    trial = factories.trial(room.team)
    client = _as(room.chair)
    data = _shown(client, on) | {
        "options": [Option.PRRT, Option.TRIAL],
        "strength_prrt": "consider",
        "condition_prrt": "if PET positive",
        "evidence_prrt": "NETTER-1",
        "detail_prrt": "4 cycles",
        "trial": str(trial.pk),
        "considered": [Option.SURGERY],
        "why_surgery": "Both lobes",
    }
    _record(client, on, data)
    row = decision_row(Decision.objects.get())
    assert row.text == "Clinical trial and PRRT (if PET positive)."
    assert [(each.label, each.terms) for each in row.recommendations] == [
        ("Clinical trial", str(trial)),
        ("PRRT", "4 cycles; can be considered; if PET positive; evidence: NETTER-1"),
    ]
    assert [(each.label, each.reason) for each in row.alternatives] == [("Surgery", "Both lobes")]
    again = _shown(client, on)
    assert (again["condition_prrt"], again["why_surgery"], again["considered"]) == (
        "if PET positive", "Both lobes", ["surgery"],
    )  # fmt: skip
    client.post(reverse("decision-sign", args=[row.id]), {"password": factories.PASSWORD})
    (case,) = minutes_of(room.meeting, room.now.date()).cases
    for url in (reverse("decision", args=[row.id]), reverse("meeting-minutes", args=[room.meeting.pk])):
        page = client.get(url).content.decode()
        assert [part in page for part in ("if PET positive", "NETTER-1", trial.nct_number, "Both lobes")] == [True] * 4
    assert case.decision is not None
    _record(client, on, data | {"considered": []}, 422)  # signed: an addendum is the way
    assert Alternative.objects.valid().count() == 1


def test_what_is_not_chosen_has_its_reason(room: Room, on: AgendaItem) -> None:
    client = _as(room.chair)
    data = _shown(client, on) | {"options": [Option.PRRT], "considered": [Option.SURGERY]}
    refused = _record(client, on, data, 422)
    assert refused.context["form"].errors == {"why_surgery": ["Surgery: say why it is not chosen."]}
    both = _record(client, on, data | {"considered": [Option.PRRT], "why_prrt": "Kidneys"}, 422)
    assert "PRRT is both recommended and not chosen." in both.content.decode()


def test_no_change_is_one_click_signed_and_told_like_any_decision(room: Room, on: AgendaItem) -> None:
    factories.line(on.patient)
    client = _as(room.chair)
    start = _shown(client, on)
    mixed = _record(client, on, start | {"options": [Option.PRRT], "then": "unchanged"}, 422)
    assert "No change: the present plan goes on. Yet something is recommended (PRRT)" in mixed.content.decode()
    _record(client, on, start | {"then": "unchanged"})
    decision = Decision.objects.get()
    running = on.patient.treatmentlines.get().label
    assert (decision.outcome, decision.text) == ("no_change", f"No change: {running} continues.")
    assert not Action.objects.exists()
    client.post(reverse("decision-sign", args=[decision.pk]), {"password": factories.PASSWORD})
    assert NextStep.objects.filter(source_key=f"told:{decision.pk}", closed_at=None).exists()


def test_another_action_keeps_what_was_typed(room: Room, on: AgendaItem) -> None:
    client = _as(room.chair)
    data = _shown(client, on) | {"options": [Option.PRRT], "rationale": "Receptors", "act": "another"}
    url = reverse("decision-record", args=[on.pk])
    answer = client.post(url, data)  # a browser without JavaScript
    more, html = _sent(answer.context["form"]), answer.content.decode()
    assert html.index('name="then" value="next"') < html.index('value="another"'), "Enter in a field records"
    assert (answer.status_code, more["options"], more["rationale"]) == (200, [Option.PRRT], "Receptors")
    assert (more["owner_n1"], more["due_n1"]) == (data["owner"], data["due_on"])
    second = client.post(url, more | {"what_n1": "Call her", "act": "another"}, headers=HTMX).content.decode()
    assert [part in second for part in ('value="Call her"', 'name="what_n2"', "<h1")] == [True, True, False]
    ticked = client.post(url, data | {"considered": [Option.SURGERY], "act": "rows"}, headers=HTMX).content.decode()
    assert [part in ticked for part in ('name="condition_prrt"', 'name="why_surgery"', "what_n1")] == [
        True,
        True,
        False,
    ]
    assert not Decision.objects.exists()
    written = more | {"what_n1": "Repeat the PET", "kind_n1": "order_imaging", "owner_n1": str(room.nurse.pk)}
    refused = _record(client, on, written | {"due_n1": ""}, 422)
    assert refused.context["form"].errors == {"due_n1": ["An action needs an owner and a due date."]}
    _record(client, on, written)
    assert _actions() == [("Start PRRT", "Ines Okafor"), ("Repeat the PET", "Nora Nurse")]
    second = Action.objects.latest("pk")
    shown = _shown(client, on)
    _record(client, on, shown | {f"what_a{second.pk}": "", f"kind_a{second.pk}": ""})
    assert _actions() == [("Start PRRT", "Ines Okafor")]


def test_two_writers_add_an_action_each_and_both_stand(room: Room, on: AgendaItem) -> None:
    chair, scribe = _as(room.chair), _as(room.coordinator)
    by_chair, by_scribe = _shown(chair, on), _shown(scribe, on)
    row = {"kind_n1": "other", "owner_n1": str(room.nurse.pk), "due_n1": by_chair["due_on"]}
    _record(chair, on, by_chair | {"options": [Option.PRRT], "condition_prrt": "if fit"} | row | {"what_n1": "First"})
    _record(scribe, on, by_scribe | row | {"what_n1": "Second", "dissent": "None"})
    assert [what for what, _ in _actions()] == ["Start PRRT", "First", "Second"]
    recommendation = Recommendation.objects.get()
    assert (recommendation.condition, Decision.objects.get().dissent) == ("if fit", "None")


def test_what_is_typed_waits_for_its_author_on_any_device_and_is_no_minutes(room: Room, on: AgendaItem) -> None:
    desk, phone, scribe = _as(room.chair), _as(room.chair), _as(room.coordinator)
    typed = _shown(desk, on) | {"options": [Option.PRRT], "condition_prrt": "if fit", "rationale": "Not a word lost"}
    kept = desk.post(reverse("decision-draft", args=[on.pk]), typed, headers=HTMX)
    assert (kept.status_code, Decision.objects.exists()) == (204, False)
    there = _shown(phone, on)
    assert (there["options"], there["condition_prrt"], there["rationale"]) == (["prrt"], "if fit", "Not a word lost")
    for url in (reverse("live", args=[room.meeting.pk]), reverse("meeting-minutes", args=[room.meeting.pk])):
        assert "Not a word lost" not in scribe.get(url).content.decode()
    _record(scribe, on, _shown(scribe, on) | {"options": [Option.PRRT], "dissent": "One vote"})
    joined = phone.get(reverse("decision-record", args=[on.pk])).context["form"]
    assert (joined["dissent"].value(), joined["rationale"].value(), joined.joined_with) == (
        "One vote", "Not a word lost", "Cora Board",
    )  # fmt: skip
    _record(phone, on, _sent(joined))
    assert (Decision.objects.get().rationale, DecisionDraft.objects.exclude(content={}).count()) == (
        "Not a word lost", 0,
    )  # fmt: skip
    late = desk.post(reverse("decision-draft", args=[on.pk]), _sent(joined), headers=HTMX)  # was on its way
    assert (late.status_code, _as(room.chair).get(reverse("live", args=[room.meeting.pk])).context["form"].kept) == (
        204, None,
    )  # fmt: skip


def test_undo_goes_back_one_recording_and_keeps_what_was_undone(room: Room, on: AgendaItem) -> None:
    client, undo = _as(room.chair), reverse("decision-undo", args=[on.pk])
    _record(client, on, _shown(client, on) | {"options": [Option.PRRT], "strength_prrt": "strong"})
    changed = _shown(client, on) | {"options": [Option.SURGERY], "rationale": "One lobe", "action_what": "Book a bed"}
    _record(client, on, changed)
    client.post(undo)
    decision = Decision.objects.get()
    assert (decision.text, decision.rationale, Recommendation.objects.valid().get().strength) == ("PRRT.", "", "strong")
    assert _shown(client, on)["rationale"] == "One lobe"
    client.post(undo)  # nothing left to undo by itself: it was put back, not recorded by hand
    _as(room.coordinator).post(undo)
    assert Decision.objects.valid().get().text == "PRRT."


def test_undo_of_the_first_recording_takes_the_decision_back(room: Room, on: AgendaItem) -> None:
    client, undo = _as(room.chair), reverse("decision-undo", args=[on.pk])
    _record(client, on, _shown(client, on) | {"options": [Option.PRRT], "rationale": "Receptors"})
    client.post(undo)
    assert not Decision.objects.valid().exists()
    assert not Action.objects.valid().exists()
    assert _shown(client, on)["rationale"] == "Receptors"
    _record(client, on, _shown(client, on) | {"options": [Option.SURGERY]})
    assert Decision.objects.valid().get().text == "Surgery."
    client.post(undo, {"whole": "1"})
    assert minutes_of(room.meeting, room.now.date()).cases[0].decision is None
    hold(room.meeting, by=room.chair, now=room.meeting_time)
    assert AgendaItem.objects.get(pk=on.pk).status == "deferred"


def test_sign_twice_is_one_signature_and_a_calm_answer(room: Room, on: AgendaItem) -> None:
    draft = room.record(on)
    client, other = _as(room.chair), _as(factories.person(room.team, Role.ONCOLOGIST, name="Olga Other"))
    urls = [reverse("decision-sign", args=[draft.pk]), reverse("meeting-sign", args=[room.meeting.pk])]
    password = {"password": factories.PASSWORD}
    assert [client.post(url, password).status_code for url in (urls[0], urls[0], urls[1])] == [303, 303, 303]
    assert "Signed already. Your one signature stands." in client.get("/boards/").content.decode()
    refused = other.post(urls[0], password)
    assert (refused.status_code, "signed already" in refused.content.decode()) == (422, True)
    undone = client.post(reverse("decision-undo", args=[on.pk]), {"whole": "1"}, follow=True)
    assert "The decision is signed. Correct it by an addendum." in undone.content.decode()
    assert Decision.objects.get().version == draft.version + 1


@pytest.mark.parametrize("died", [True, False])
def test_case_that_ends_while_it_is_written_loses_nothing(room: Room, on: AgendaItem, died: bool) -> None:
    client = _as(room.chair)
    _record(client, on, _shown(client, on) | {"options": [Option.PRRT]})
    typed = _shown(client, on) | {"rationale": "Half a sentence"}
    if died:
        record_death(on.patient, on=room.now.date(), cause="Disease", by=None, now=room.now)
    withdraw(on.referral, reason="Patient died" if died else "Settled", by=None, now=room.meeting_time)
    answer = _record(client, on, typed, 422)
    page = answer.content.decode()
    assert ("Half a sentence" in page, "withdrawn" in page, "The patient has died." in page) == (True, True, died)
    assert "Half a sentence" in client.get(reverse("decision-record", args=[on.pk])).content.decode()
    draft = Decision.objects.get()
    refused = client.post(reverse("decision-sign", args=[draft.pk]), {"password": factories.PASSWORD})
    assert (refused.status_code, "there is nothing to sign" in refused.content.decode()) == (422, True)
    hold(room.meeting, by=room.chair, now=room.meeting_time)
    signed = sign_minutes(room.meeting, by=room.chair, now=room.meeting_time + timedelta(minutes=1))
    text = signed.text.cases[0].html
    assert ("Nothing was decided." in text, "never signed" in text, "Half a sentence" in text) == (True, True, False)
