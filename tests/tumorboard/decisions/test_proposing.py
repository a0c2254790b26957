"""From what the board recommends to a treatment line and back: each step through the pages that people use."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from careteam.events.commands import settle_pending
from careteam.notifications.models import InboxItem
from careteam.people.models import User
from careteam.people.rules import Role
from patients.record.models import DiseaseStatus
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import EndReason
from tests import factories
from tests.factories.board import Room
from tumorboard.actions.models import Action
from tumorboard.decisions.commands import propose_from
from tumorboard.decisions.models import Decision, Recommendation
from tumorboard.decisions.queries import start_reason_for
from tumorboard.decisions.rules import (
    DEVIATION_OF_END,
    MODALITY_OF_OPTION,
    TREATMENT_OPTIONS,
    Option,
    agent_named,
    option_of_line,
)

LATER = datetime(2026, 11, 30, 9, tzinfo=UTC)  # the Monday after the meeting
MONDAY = date(2026, 11, 30)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    """In place of the clock of the other board tests, which stands before the meeting."""
    with time_machine.travel(LATER):
        yield


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def recommended(decision: Decision, option: Option = Option.PRRT) -> Recommendation:
    return Recommendation.objects.valid().get(decision=decision, option=option)


def propose(person: User, recommendation: Recommendation) -> Any:
    return client_of(person).post(reverse("recommendation-propose", args=[recommendation.pk]))


def act(person: User, line: TreatmentLine, name: str, **data: Any) -> Any:
    line.refresh_from_db()
    url = reverse(name, args=[line.patient_id, line.pk])
    answer = client_of(person).post(url, {"version": line.version, **data})
    settle_pending(now=LATER)  # what runs on commit outside of tests
    return answer


class TestRules:
    def test_what_an_option_proposes_answers_that_option(self) -> None:
        assert set(MODALITY_OF_OPTION) == TREATMENT_OPTIONS
        for option, modality in MODALITY_OF_OPTION.items():
            assert option_of_line(modality, agent_named(option)) == option

    def test_every_reason_to_end_says_why_a_recommendation_was_not_carried_out(self) -> None:
        assert set(EndReason) - set(DEVIATION_OF_END) == {EndReason.COMPLETED, EndReason.OTHER}

    @pytest.mark.parametrize(
        ("option", "texts", "agent"),
        [
            (Option.TARGETED, ("everolimus 10 mg daily", ""), "Everolimus"),
            (Option.TARGETED, ("", "Start sunitinib."), "Sunitinib"),
            (Option.TARGETED, ("everolimus or sunitinib", "Cabozantinib"), "Targeted drug"),
            (Option.EMBOLIZATION, ("TACE of the right lobe", ""), "TACE"),
            (Option.EMBOLIZATION, ("DEB-TACE", ""), "DEB-TACE"),
            (Option.TARE, ("TACE", ""), "Radioembolization (TARE)"),
            (Option.PRRT, ("4 cycles", "PRRT."), "PRRT"),
        ],
    )
    def test_agent_is_what_the_board_named_and_no_guess(
        self, option: Option, texts: tuple[str, ...], agent: str
    ) -> None:
        assert agent_named(option, *texts) == agent


@pytest.mark.django_db
class TestStartReason:
    def test_first_progression_intolerance_and_planned(self, room: Room) -> None:
        patient = room.patient()
        assert start_reason_for(patient.pk) == "first"
        line = factories.line(patient)
        assert start_reason_for(patient.pk) == "planned"
        DiseaseStatus.objects.create(patient=patient, assessed_on=date(2026, 10, 1), category="PD", method="ct")
        assert start_reason_for(patient.pk) == "progression"
        TreatmentLine.objects.filter(pk=line.pk).update(
            status="stopped", ended_on=date(2026, 10, 2), end_reason="toxicity"
        )
        assert start_reason_for(patient.pk) == "intolerance"

    def test_surgery_before_is_no_first_systemic_treatment(self, room: Room) -> None:
        patient = room.patient()
        factories.line(patient, "surgery", agent="Debulking")
        assert start_reason_for(patient.pk) == "first"


@pytest.mark.django_db
class TestProposing:
    def test_one_click_makes_a_proposed_line_and_links_it(self, room: Room) -> None:
        decision = room.told(room.signed(Option.PRRT, intent="disease_control"))
        answer = propose(room.chair, recommended(decision))
        line = TreatmentLine.objects.get()
        step = reverse("line-goals", args=[line.patient_id, line.pk])
        assert (answer.status_code, answer["Location"]) == (303, f"{step}?after=line")
        assert (line.status, line.modality, line.agent, line.intent, line.start_reason, line.notes) == (
            "proposed", "prrt", "PRRT", "disease_control", "first", "NET board, 26 Nov 2026: PRRT",
        )  # fmt: skip
        assert recommended(decision).line == line

    @pytest.mark.parametrize("page", ["decision", "board-panel"])
    def test_the_button_stands_where_the_decision_is_read_and_goes_when_used(self, room: Room, page: str) -> None:
        decision = room.told(room.signed(Option.PRRT, Option.IMAGING))
        url = reverse(page, args=[decision.pk if page == "decision" else decision.patient_id])
        target = reverse("recommendation-propose", args=[recommended(decision).pk])
        assert client_of(room.chair).get(url).content.decode().count(target) == 1
        assert client_of(room.dietitian).get(url).content.decode().count("/propose/") == 0
        propose(room.chair, recommended(decision))
        html = client_of(room.chair).get(url).content.decode()
        assert (html.count("/propose/"), html.count("proposed</")) == (0, 1)

    def test_before_the_patient_was_told_it_takes_a_reason_that_stays_with_the_line(self, room: Room) -> None:
        recommendation = recommended(room.signed())
        chair, url = client_of(room.chair), reverse("recommendation-propose", args=[recommendation.pk])
        for page in (reverse("decision", args=[recommendation.decision_id]), url):
            assert "waits until the patient is told" in chair.get(page).content.decode() or page == url
        assert (propose(room.chair, recommendation).status_code, TreatmentLine.objects.count()) == (200, 0)
        assert chair.post(url, {"despite": " "}).status_code == 422
        with pytest.raises(ValidationError, match="The patient has not been told yet"):
            propose_from(recommendation, by=room.chair, now=LATER)
        assert chair.post(url, {"despite": "Slot of the isotope"}).status_code == 303
        assert TreatmentLine.objects.get().notes == (
            "NET board, 26 Nov 2026: PRRT\nPrepared before the patient was told: Slot of the isotope"
        )

    def test_who_may_not_treat_proposes_nothing(self, room: Room) -> None:
        decision = room.told(room.signed())
        assert propose(room.nurse, recommended(decision)).status_code == 403
        stranger = factories.person(factories.team(), Role.ONCOLOGIST)
        assert propose(stranger, recommended(decision)).status_code == 404
        assert TreatmentLine.objects.count() == 0

    def test_neither_twice_nor_from_a_draft_nor_from_what_is_no_treatment(self, room: Room) -> None:
        draft = room.item()
        room.start()
        unsigned = room.record(draft, Option.PRRT)
        signed = room.told(room.signed(Option.PRRT, Option.BIOPSY))
        propose_from(recommended(signed), by=room.chair, now=LATER)
        for recommendation, why in (
            (recommended(unsigned), "Sign the decision first."),
            (recommended(signed), "It is a line already: PRRT."),
            (recommended(signed, Option.BIOPSY), "no treatment line"),
        ):
            with pytest.raises(ValidationError, match=why):
                propose_from(recommendation, by=room.chair, now=LATER)
            propose(room.chair, recommendation)
        assert TreatmentLine.objects.count() == 1


@pytest.mark.django_db
class TestLifecycle:
    @pytest.fixture
    def decision(self, room: Room) -> Decision:
        return room.told(room.signed(Option.PRRT))

    @pytest.fixture
    def line(self, room: Room, decision: Decision) -> TreatmentLine:
        return propose_from(recommended(decision), by=room.chair, now=LATER)

    def states(self, line: TreatmentLine, decision: Decision) -> tuple[str, str]:
        line.refresh_from_db()
        return line.status, recommended(decision).status

    def test_proposed_planned_active_on_hold_active_completed(
        self, room: Room, decision: Decision, line: TreatmentLine
    ) -> None:
        steps: list[tuple[str, dict[str, Any], tuple[str, str]]] = [
            ("line-plan", {"on": MONDAY}, ("planned", "open")),
            ("line-begin", {"on": MONDAY}, ("active", "implemented")),
            ("line-hold", {"reason": "Platelets low"}, ("on_hold", "implemented")),
            ("line-resume", {}, ("active", "implemented")),
            ("line-end", {"on": MONDAY, "reason": "completed"}, ("completed", "implemented")),
        ]
        for name, data, expected in steps:
            assert act(room.chair, line, name, **data).status_code == 303, name
            assert self.states(line, decision) == expected, name
        html = client_of(room.chair).get(reverse("line-page", args=[line.patient_id, line.pk])).content.decode()
        assert [word for word in ("Time on treatment", "1 day", "Completed as planned") if word not in html] == []

    def test_a_line_whose_modality_was_corrected_still_answers_its_recommendation(
        self, room: Room, decision: Decision, line: TreatmentLine
    ) -> None:
        act(room.chair, line, "line-plan", on=MONDAY)
        TreatmentLine.objects.filter(pk=line.pk).update(modality="trial", agent="177Lu-edotreotide")
        act(room.chair, line, "line-begin", on=MONDAY)
        assert self.states(line, decision) == ("active", "implemented")

    def test_starting_before_the_patient_was_told_takes_a_reason_that_stays_with_the_line(self, room: Room) -> None:
        line = propose_from(recommended(room.signed()), by=room.chair, now=LATER, despite="Slot of the isotope")
        act(room.chair, line, "line-plan", on=MONDAY)
        refused = act(room.chair, line, "line-begin", on=MONDAY)
        assert refused.status_code == 422
        assert "not been told yet what the board decided. Ines Okafor tells." in refused.content.decode()
        assert act(room.chair, line, "line-begin", on=MONDAY, despite="Crisis").status_code == 303
        line.refresh_from_db()
        assert (line.status, line.notes.split("\n")[-1]) == ("active", "Started before the patient was told: Crisis")

    def test_a_line_in_error_opens_recommendation_and_action_again(
        self, room: Room, decision: Decision, line: TreatmentLine
    ) -> None:
        act(room.chair, line, "line-plan", on=MONDAY)
        act(room.chair, line, "line-begin", on=MONDAY)
        action = Action.objects.get(decision=decision)
        assert (action.status, action.closed_source, action.closed_by) == ("done", f"line:{line.pk}", None)
        act(room.chair, line, "line-error", reason="Wrong patient")
        action.refresh_from_db()
        assert (self.states(line, decision), action.status) == (("entered_in_error", "open"), "open")
        assert InboxItem.objects.open().get(recipient=action.owner, kind="action").title == (
            "An action of the board is open again"
        )

    def test_declining_says_why_the_recommendation_is_not_carried_out(
        self, room: Room, decision: Decision, line: TreatmentLine
    ) -> None:
        page = client_of(room.chair).get(reverse("line-page", args=[line.patient_id, line.pk])).content.decode()
        assert page.count("Decline…") == 1
        act(room.chair, line, "line-end", on=MONDAY, reason="patient_choice", note="Wants to travel first")
        row = recommended(decision)
        assert self.states(line, decision) == ("stopped", "not_implemented")
        assert (row.deviation_reason, row.deviation_note) == ("patient_choice", "Wants to travel first")

    def test_declining_for_another_reason_needs_no_second_form(
        self, room: Room, decision: Decision, line: TreatmentLine
    ) -> None:
        act(room.chair, line, "line-end", on=MONDAY, reason="other")
        row = recommended(decision)
        assert (row.status, row.deviation_reason, row.deviation_note) == (
            "not_implemented", "other", "PRRT was not started",
        )  # fmt: skip

    def test_what_never_started_cannot_be_completed(self, room: Room, line: TreatmentLine) -> None:
        assert act(room.chair, line, "line-end", on=MONDAY, reason="completed").status_code == 422
        assert act(room.chair, line, "line-begin", on=MONDAY).status_code == 422
        line.refresh_from_db()
        assert line.status == "proposed"

    def test_stopping_a_line_that_ran_leaves_the_recommendation_carried_out(
        self, room: Room, decision: Decision, line: TreatmentLine
    ) -> None:
        act(room.chair, line, "line-plan", on=MONDAY)
        act(room.chair, line, "line-begin", on=MONDAY)
        act(room.chair, line, "line-end", on=MONDAY, reason="toxicity")
        assert self.states(line, decision) == ("stopped", "implemented")

    def test_entered_in_error_keeps_the_row_and_lets_the_recommendation_be_proposed_again(
        self, room: Room, decision: Decision, line: TreatmentLine
    ) -> None:
        assert act(room.chair, line, "line-error", reason="").status_code == 422
        act(room.chair, line, "line-error", reason="Wrong patient")
        assert self.states(line, decision) == ("entered_in_error", "open")
        assert (line.error_by, line.error_reason) == (room.chair, "Wrong patient")
        assert propose(room.chair, recommended(decision)).status_code == 303
        assert TreatmentLine.objects.count() == 2
