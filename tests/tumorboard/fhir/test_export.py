"""A decision leaves as CarePlan, ServiceRequest and Task that the R4 models accept."""

from datetime import date

import pytest
from fhir.resources.R4B import get_fhir_model_class

from tests.factories.board import Room
from tumorboard.actions.commands import finish
from tumorboard.actions.models import Action
from tumorboard.actions.rules import ActionStatus
from tumorboard.decisions.commands import add_addendum, settle
from tumorboard.decisions.models import Recommendation
from tumorboard.decisions.rules import Option, RecommendationStatus
from tumorboard.fhir.queries import board_resources
from tumorboard.fhir.rules import REQUEST_STATUS, TASK_STATUS

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 26)


def test_board_resources_are_valid_and_hang_together(room: Room) -> None:
    decision = room.signed(Option.PRRT, Option.WITH_PALLIATIVE, rationale="SSTR positive", dissent="One vote for TACE")
    add_addendum(decision, text="After labs.", by=room.chair, now=room.now)
    resources = board_resources(decision.patient, TODAY)
    for resource in resources:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    plan = resources[0]
    assert [each["resourceType"] for each in resources] == ["CarePlan", "ServiceRequest", "ServiceRequest", "Task"]
    assert [each["reference"]["reference"] for each in plan["activity"]] == [
        f"{each['resourceType']}/{each['id']}" for each in resources[1:]
    ]
    assert (plan["status"], plan["description"], [note["text"] for note in plan["note"]]) == (
        "active",
        "PRRT, with palliative care.",
        ["SSTR positive", "Dissent: One vote for TACE", "After labs."],
    )


def test_board_resources_follow_what_became_of_it(room: Room) -> None:
    decision = room.signed()
    settle(
        Recommendation.objects.get(),
        RecommendationStatus.NOT_IMPLEMENTED,
        reason="patient_choice",
        by=room.nurse,
        now=room.now,
    )
    finish(Action.objects.get(), ActionStatus.CANCELLED, outcome="Patient's choice", by=room.nurse, now=room.now)
    plan, request, task = board_resources(decision.patient, TODAY)
    assert (plan["status"], request["status"], task["status"]) == ("completed", "revoked", "cancelled")
    assert request["reasonCode"][0]["coding"][0]["display"] == "Patient choice"


def test_board_resources_leave_drafts_out(room: Room) -> None:
    item = room.item()
    room.start()
    room.record(item)
    assert board_resources(item.patient, TODAY) == []


def test_every_state_has_a_fhir_status() -> None:
    assert set(REQUEST_STATUS) == set(RecommendationStatus)
    assert set(TASK_STATUS) == set(ActionStatus)
