"""Referrals and decisions leave as resources that the R4 models accept, with the patient's export."""

from datetime import date
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from patients.fhir.commands import export_bundle
from patients.record.models import Patient
from tests import factories
from tests.factories.board import Room
from tumorboard.actions.commands import finish
from tumorboard.actions.models import Action
from tumorboard.actions.rules import ActionStatus
from tumorboard.decisions.commands import Terms, add_addendum, settle
from tumorboard.decisions.models import Recommendation
from tumorboard.decisions.rules import Option, RecommendationStatus, Strength
from tumorboard.fhir.queries import board_resources
from tumorboard.fhir.rules import ACTIVITY_STATUS, REFERRAL_STATUS, REQUEST_STATUS, TASK_STATUS, planning_of
from tumorboard.fhir.rules.codes import MII_PLANNING, MII_THERAPY, MII_WISH
from tumorboard.referrals.rules import ReferralStatus

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 26)


def of_kind(patient: Patient, kind: str) -> list[dict[str, Any]]:
    return [each for each in board_resources(patient, TODAY) if each["resourceType"] == kind]


def coded(concept: dict[str, Any], system: str) -> list[str]:
    return [coding["code"] for coding in concept["coding"] if coding["system"] == system]


def test_board_resources_are_valid_and_hang_together(room: Room) -> None:
    decision = room.signed(Option.PRRT, Option.WITH_PALLIATIVE, rationale="SSTR positive", dissent="One vote for TACE")
    add_addendum(decision, text="After labs.", by=room.chair, now=room.now)
    resources = board_resources(decision.patient, TODAY)
    for resource in resources:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    kinds = [each["resourceType"] for each in resources]
    assert kinds == ["ServiceRequest", "CarePlan", "ClinicalImpression", "ServiceRequest", "ServiceRequest", "Task"]
    asked, plan, impression, *requests, task = resources
    referred = {f"{each['resourceType']}/{each['id']}" for each in resources}
    assert {each["reference"] for each in plan["supportingInfo"]} == {
        f"ClinicalImpression/{impression['id']}",
        f"ServiceRequest/{asked['id']}",
    }
    assert {each["basedOn"][0]["reference"] for each in (*requests, task)} == {f"CarePlan/{plan['id']}"} & referred
    assert plan["activity"][-1] == {"reference": {"reference": f"Task/{task['id']}"}}
    assert (plan["status"], plan["intent"], plan["created"], [note["text"] for note in plan["note"]]) == (
        "active",
        "plan",
        "2026-11-26",
        ["SSTR positive", "Dissent: One vote for TACE", "After labs."],
    )
    assert (asked["status"], asked["reasonCode"][0]["text"]) == ("completed", "PRRT now?")
    assert (impression["description"], impression["summary"]) == ("PRRT now?", "PRRT, with palliative care.")
    assert impression["investigation"][0]["item"] == [{"reference": f"ServiceRequest/{asked['id']}"}]
    assert impression["finding"][0]["basis"] == "SSTR positive"


def test_the_plan_is_a_german_tumor_conference(room: Room) -> None:
    decision = room.signed(Option.PRRT, Option.BIOPSY)
    row = Recommendation.objects.get(option=Option.PRRT)
    settle(row, RecommendationStatus.NOT_IMPLEMENTED, reason="patient_choice", by=room.nurse, now=room.now)
    (plan,) = of_kind(decision.patient, "CarePlan")
    assert coded(plan["category"][0], MII_PLANNING) == ["praeth"]
    details = [each["detail"] for each in plan["activity"] if "detail" in each]
    assert [(coded(each["code"], MII_THERAPY), each["status"]) for each in details] == [
        (["SO"], "not-started"),
        (["ST"], "cancelled"),
    ]
    assert coded(details[1]["statusReason"], MII_WISH) == ["J"]


def test_what_the_board_said_of_an_option_leaves_with_it(room: Room) -> None:
    terms = Terms(strength=Strength.STRONG, condition="if the PET is positive", evidence="NETTER-2")
    decision = room.signed(terms={Option.PRRT: terms}, against={Option.SURGERY: "Not resectable"})
    (plan,) = of_kind(decision.patient, "CarePlan")
    (request,) = [each for each in of_kind(decision.patient, "ServiceRequest") if each["intent"] == "proposal"]
    said = f"{Strength.STRONG.label}; if the PET is positive; Evidence: NETTER-2"
    assert plan["activity"][0]["detail"]["description"] == said
    assert request["asNeededCodeableConcept"] == {"text": "if the PET is positive"}
    assert [note["text"] for note in plan["note"]] == ["Not Surgery: Not resectable"]


def test_what_was_treated_before_says_which_conference(room: Room) -> None:
    assert [planning_of(before)[0] for before in ((), ("ssa", "surgery"), ("surgery", "ssa"))] == [
        "praeth",
        "postop",
        "postth",
    ]
    patient = room.patient()
    factories.line(patient, modality="surgery", started_on=date(2025, 1, 5))
    room.signed(patient=patient)
    (plan,) = of_kind(patient, "CarePlan")
    assert coded(plan["category"][0], MII_PLANNING) == ["postop"]


def test_board_resources_follow_what_became_of_it(room: Room) -> None:
    decision = room.signed()
    settle(
        Recommendation.objects.get(),
        RecommendationStatus.NOT_IMPLEMENTED,
        reason="patient_choice",
        by=room.nurse,
        now=room.now,
    )
    action = Action.objects.get()
    if action.status == ActionStatus.OPEN:
        finish(action, ActionStatus.CANCELLED, outcome="Patient's choice", by=room.nurse, now=room.now)
    _, plan, _, request, task = board_resources(decision.patient, TODAY)
    assert (plan["status"], request["status"], task["status"]) == ("completed", "revoked", "cancelled")
    assert request["reasonCode"][0]["coding"][0]["display"] == "Patient choice"


def test_board_resources_leave_drafts_out(room: Room) -> None:
    item = room.item()
    room.start()
    room.record(item)
    assert [each["resourceType"] for each in board_resources(item.patient, TODAY)] == ["ServiceRequest"]


def test_every_reference_of_an_export_is_in_it(room: Room) -> None:
    decision = room.signed()
    bundle = export_bundle(decision.patient, by=None, now=room.now)
    there = {f"{each['resource']['resourceType']}/{each['resource']['id']}" for each in bundle["entry"]}
    plans = [each["resource"] for each in bundle["entry"] if each["resource"]["resourceType"] == "CarePlan"]
    assert len(plans) == 1
    assert {*_references(bundle)} - there == set()


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["reference"]] if isinstance(part.get("reference"), str) else []
        return own + [found for value in part.values() for found in _references(value)]
    return [found for value in part for found in _references(value)] if isinstance(part, list) else []


def test_every_state_has_a_fhir_status() -> None:
    assert set(REQUEST_STATUS) == set(ACTIVITY_STATUS) == set(RecommendationStatus)
    assert set(TASK_STATUS) == set(ActionStatus)
    assert set(REFERRAL_STATUS) == set(ReferralStatus)
