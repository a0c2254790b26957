"""The synthetic patients: the same for the same seed, and clinically sensible. No database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.urls import Resolver404, resolve

from careteam.cohort.histories import HAZARDS, History, history_of
from careteam.cohort.histories.rows import Key, Person, Ref, Text
from patients.imaging.rules import is_lab
from patients.record.rules import Grade, grade_of
from patients.treatment.rules import LINE_TRANSITIONS

TODAY = date(2026, 11, 22)
SEEDS = (1, 2, 3)
NOT_DONE = {"planned", "ordered", "scheduled"}


@pytest.fixture(scope="module")
def cohort() -> list[History]:
    return [history_of(seed, index, TODAY) for seed in SEEDS for index in range(300)]


def star(hazard: str, seed: int = 1) -> History:
    return history_of(seed, HAZARDS[hazard], TODAY)


def patient(history: History) -> dict[str, Any]:
    return history.of("patient")[0]


def alive_and_active(history: History) -> bool:
    return patient(history)["enrollment_status"] == "active" and patient(history)["deceased_on"] is None


def outstanding(history: History) -> list[dict[str, Any]]:
    """Scans that are still to be made."""
    return [row for row in history.of("study") if row["status"] in NOT_DONE and not is_lab(row["modality"])]


def doses_near(history: History) -> Iterator[int]:
    """Days from an analog's dose to the PRRT dose that follows it within the washout."""
    modality = [row["modality"] for row in history.of("line")]
    rows = [(modality[row["line"].n], row["planned_on"]) for row in history.of("administration")]
    for drug, day in rows:
        if drug == "ssa":
            yield from (days for kind, dose in rows if kind == "prrt" and 0 < (days := (dose - day).days) < 28)


# --- the same again ---------------------------------------------------------------------------------------------------


def test_history_is_the_same_for_the_same_seed_and_index() -> None:
    assert history_of(4, 77, TODAY).rows == history_of(4, 77, TODAY).rows


def test_history_differs_between_seeds() -> None:
    assert history_of(4, 77, TODAY).of("patient") != history_of(5, 77, TODAY).of("patient")


def test_record_numbers_are_unique(cohort: list[History]) -> None:
    numbers = {patient(history)["mrn"] for history in cohort}
    assert len(numbers) == len(cohort)


def test_first_patient_of_the_demo_has_her_name() -> None:
    assert (patient(star("expired_goal"))["given_name"], patient(star("expired_goal"))["family_name"]) == (
        "Rosalind",
        "Achterberg",
    )


def test_references_name_rows_that_exist(cohort: list[History]) -> None:
    dangling = [
        (table, key, value)
        for history in cohort
        for table, rows in history.rows.items()
        for row in rows
        for key, value in row.items()
        if isinstance(value, (Ref, Key, Text)) and value.table and value.n >= len(history.of(value.table))
    ]
    assert dangling == []


def test_addresses_are_pages_of_the_product(cohort: list[History]) -> None:
    templates = {
        value.template
        for history in cohort
        for table in ("step", "inbox")
        for row in history.of(table)
        if isinstance(value := row["url"], Text)
    }
    unknown = []
    for template in sorted(templates):
        try:
            resolve(template.format(patient=1, id=1))
        except Resolver404:
            unknown.append(template)
    assert unknown == []


def test_people_named_are_at_most_the_third_of_their_role(cohort: list[History]) -> None:
    named = {
        value.n
        for history in cohort
        for rows in history.rows.values()
        for row in rows
        for value in row.values()
        if isinstance(value, Person)
    }
    assert named == {0, 1, 2}


# --- clinical sense ---------------------------------------------------------------------------------------------------


def test_lines_end_after_they_start(cohort: list[History]) -> None:
    wrong = [
        row
        for history in cohort
        for row in history.of("line")
        if row["started_on"] and row.get("ended_on") and row["ended_on"] < row["started_on"]
    ]
    assert wrong == []


def test_antitumor_lines_follow_one_another(cohort: list[History]) -> None:
    overlaps = []
    for history in cohort:
        rows = [row for row in history.of("line") if row["role"] == "antitumor" and row["started_on"]]
        rows.sort(key=lambda row: row["started_on"])
        overlaps += [
            (before["agent"], after["agent"])
            for before, after in pairwise(rows)
            if before.get("ended_on") is None or before["ended_on"] > after["started_on"]
        ]
    assert overlaps == []


def test_one_antitumor_line_at_most_is_running(cohort: list[History]) -> None:
    counts = {
        sum(row["status"] == "active" and row["role"] == "antitumor" for row in history.of("line"))
        for history in cohort
    }
    assert counts == {0, 1}


def test_statuses_of_lines_are_known(cohort: list[History]) -> None:
    found = {row["status"] for history in cohort for row in history.of("line")}
    assert found == {"proposed", "planned", "active", "completed", "stopped"}
    assert found <= {str(status) for status in LINE_TRANSITIONS}


def test_prrt_has_at_most_four_doses_of_one_course(cohort: list[History]) -> None:
    highest = max(
        row["number"]
        for history in cohort
        for row in history.of("administration")
        if history.row(row["line"])["modality"] == "prrt"
    )
    assert highest == 4


def test_doses_are_numbered_once(cohort: list[History]) -> None:
    for history in cohort:
        numbers = [(row["line"].n, row["number"]) for row in history.of("administration")]
        assert len(numbers) == len(set(numbers))


def test_given_doses_are_not_in_the_future(cohort: list[History]) -> None:
    wrong = [
        row
        for history in cohort
        for row in history.of("administration")
        if (row["status"] == "given" and row["given_on"] > TODAY)
        or (row["status"] == "planned" and row["planned_on"] < TODAY - timedelta(days=14))
    ]
    assert wrong == []


def test_a_few_doses_of_the_last_days_were_not_recorded_and_a_few_are_held(cohort: list[History]) -> None:
    doses = [row for history in cohort for row in history.of("administration")]
    late = [row for row in doses if row["status"] == "planned" and row["planned_on"] < TODAY]
    held = [row for row in doses if row["status"] == "held"]
    assert 3 <= len(late) <= 20
    assert 1 <= len(held) <= 20
    assert all(row["reason"] for row in held)


def test_analogs_keep_the_washout_but_where_it_is_meant(cohort: list[History]) -> None:
    close = {index % 300 for index, history in enumerate(cohort) if list(doses_near(history))}
    assert close == {HAZARDS["washout"]}


def test_nec_comes_from_poor_differentiation_only(cohort: list[History]) -> None:
    for history in cohort:
        for row in history.of("specimen"):
            grade = grade_of(
                differentiation=row["differentiation"],
                ki67=row["ki67"],
                mitoses=row["mitoses"],
                cell_type=row["cell_type"],
                lung=row["is_lung"],
                necrosis=row["necrosis"],
            )
            nec = grade.grade in {Grade.NEC, Grade.NEC_LC, Grade.NEC_SC}
            assert nec == (row["differentiation"] == "poor")


def test_platinum_is_for_carcinoma(cohort: list[History]) -> None:
    differentiations = {
        history.of("specimen")[0]["differentiation"]
        for history in cohort
        if any(row["agent"].startswith("Carboplatin") for row in history.of("line"))
    }
    assert differentiations == {"poor"}


def test_sunitinib_is_for_the_pancreas_but_where_it_is_meant(cohort: list[History]) -> None:
    sites = {
        history.of("diagnosis")[0]["primary_site"]
        for index, history in enumerate(cohort)
        if any(row["agent"] == "Sunitinib" for row in history.of("line")) and index % 300 != HAZARDS["off_label"]
    }
    assert sites == {"pancreas"}


def test_progression_agrees_with_the_diameters(cohort: list[History]) -> None:
    """RECIST 1.1 (clinical.md 3.2): 20 % and 5 mm over the nadir."""
    wrong = []
    for history in cohort:
        for row in history.of("study"):
            if row.get("response") in {"SD", "PR"} and "nadir" in row["report"]:
                total, _, nadir = (
                    float(part.split(" mm")[0].split()[-1]) for part in row["report"].split(" mm", 3)[:3]
                )
                if total - nadir >= 5 and (total - nadir) * 100 >= 20 * nadir:
                    wrong.append(row["report"])
    assert wrong == []


def test_nothing_happens_after_today(cohort: list[History]) -> None:
    late = [
        (table, row)
        for history in cohort
        for table, field in (("status", "assessed_on"), ("conversation", "held_on"), ("told", "told_on"))
        for row in history.of(table)
        if row[field] > TODAY
    ]
    assert late == []


# --- who is cared for, and who is not ---------------------------------------------------------------------------------


def test_the_dead_have_no_next_step_and_no_outstanding_scan(cohort: list[History]) -> None:
    dead = [history for history in cohort if patient(history)["deceased_on"]]
    assert len(dead) > 30
    assert [history for history in dead if history.of("step") or outstanding(history)] == []


def test_nobody_lives_on_after_death(cohort: list[History]) -> None:
    for history in cohort:
        died = patient(history)["deceased_on"]
        if died:
            assert history.of("enrollment")[-1]["status"] == "deceased"
            assert died <= TODAY
            assert [row for row in history.of("line") if row["status"] == "active"] == []


def test_only_patients_in_care_have_steps_and_reminders(cohort: list[History]) -> None:
    outside = [
        history
        for index, history in enumerate(cohort)
        if not alive_and_active(history)
        and index % 300 != HAZARDS["not_net"]
        and (history.of("step") or history.of("reminder") or history.of("inbox"))
    ]
    assert outside == []


def test_nearly_everybody_in_care_has_a_next_step(cohort: list[History]) -> None:
    cared_for = [history for history in cohort if alive_and_active(history)]
    without = [history for history in cared_for if not history.of("step")]
    assert 6 <= len(without) <= len(cared_for) * 0.03


def test_a_running_plan_has_one_outstanding_scan(cohort: list[History]) -> None:
    for history in cohort:
        running = [row for row in history.of("plan") if row.get("stopped_on") is None]
        assert sum(row["status"] in NOT_DONE for row in history.of("study")) == len(running)


def test_every_state_of_a_scan_occurs(cohort: list[History]) -> None:
    found = {row["status"] for history in cohort for row in history.of("study")}
    assert found == {"planned", "ordered", "scheduled", "performed", "reported", "reviewed", "acted_on"}


def test_every_enrollment_occurs(cohort: list[History]) -> None:
    found = {patient(history)["enrollment_status"] for history in cohort}
    assert found == {"active", "on_hold", "declined", "transferred", "discharged", "under_review", "deceased"}


# --- hazards ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_unclassified_tumor_is_never_carcinoma(seed: int) -> None:
    for row in star("unclassified", seed).of("specimen"):
        assert (row["differentiation"], row["ki67"]) == ("", Decimal(70)) or row["ki67"] < 70
        assert grade_of(differentiation="", ki67=row["ki67"], mitoses=row["mitoses"]).grade == Grade.UNCLASSIFIED
    plan = star("unclassified", seed).of("plan")[0]
    assert (plan["interval_days"], plan["is_provisional"]) == (60, True)


def test_poor_differentiation_with_low_ki67_is_a_conflict() -> None:
    row = star("poor_low_ki67").of("specimen")[0]
    grade = grade_of(differentiation=row["differentiation"], ki67=row["ki67"], mitoses=row["mitoses"])
    assert grade.conflicts == ("Poorly differentiated with Ki-67 15 %: pathology review.",)


@pytest.mark.parametrize("seed", SEEDS)
def test_platelets_fail_the_criterion(seed: int) -> None:
    values = [row for row in star("failed_criterion", seed).of("measurement") if row["code"] == "777-3"]
    assert max(values, key=lambda row: row["taken_at"])["value"] == 71


@pytest.mark.parametrize("seed", SEEDS)
def test_labs_before_a_dose_are_stale(seed: int) -> None:
    history = star("stale_labs", seed)
    latest = max(row["taken_at"].date() for row in history.of("measurement") if row["code"] == "777-3")
    dose = min(row["planned_on"] for row in history.of("administration") if row["status"] == "planned")
    assert (TODAY - latest).days == 30
    assert (dose - latest).days > 28


def test_uptake_of_two_is_shown_with_a_proposed_prrt() -> None:
    history = star("krenning_2")
    assert history.of("receptor")[-1]["krenning"] == 2
    assert [row["status"] for row in history.of("line") if row["modality"] == "prrt"] == ["proposed"]


@pytest.mark.parametrize("seed", SEEDS)
def test_analog_is_booked_eighteen_days_before_a_dose(seed: int) -> None:
    assert list(doses_near(star("washout", seed))) == [18]


def test_goal_has_expired() -> None:
    current = [row for row in star("expired_goal").of("conversation") if row["status"] == "signed"]
    assert [row["event_on"] < TODAY for row in current] == [True]


def test_draft_belongs_to_somebody_else() -> None:
    assert [row["author"] for row in star("expired_goal").of("draft")] == [Person("palliative")]


@pytest.mark.parametrize("seed", SEEDS)
def test_overdue_scan_without_owner(seed: int) -> None:
    (study,) = outstanding(star("unowned_overdue", seed))
    assert (study["owner"], (TODAY - study["due_on"]).days) == (None, 51)


def test_overdue_scan_of_somebody_away() -> None:
    (study,) = outstanding(star("absent_owner"))
    assert (study["owner"], (TODAY - study["due_on"]).days) == (Person("nurse_coordinator", 1), 44)


def test_deceased_with_outstanding_looking_data() -> None:
    history = star("deceased_outstanding")
    assert [row["planned_on"] > TODAY for row in history.of("administration") if row["status"] == "planned"] == [True]
    assert [row["status"] for row in history.of("study") if row["status"] == "reported"] == ["reported"]
    assert [row["status"] for row in history.of("action")] == ["open"]


def test_hospice_stops_imaging_and_keeps_injections_and_visits() -> None:
    history = star("hospice")
    assert [row["stop_reason"] for row in history.of("plan")] == ["hospice"]
    assert outstanding(history) == []
    injections = [row for row in history.of("administration") if row["status"] == "planned"]
    assert len(injections) == 2
    assert {"administration", "visit"} <= {row["kind"] for row in history.of("step")}


def test_response_by_baseline_is_progression_by_nadir() -> None:
    study = next(row for row in star("nadir_progression").of("study") if row["status"] == "reported")
    assert study["response"] == "PD"
    assert study["report"].startswith("Sum of target diameters 50 mm (baseline 100 mm, nadir 40 mm).")


def test_proxy_is_on_the_excluded_list() -> None:
    rows = star("excluded_proxy").of("contact")
    assert [row["scope"] for row in rows if row.get("is_proxy")] == ["none"]


def test_dnr_with_a_procedure_planned() -> None:
    history = star("dnr_with_procedure")
    assert [row["code_status"] for row in history.of("conversation") if row["status"] == "signed"] == ["dnr"]
    assert [row["modality"] for row in history.of("line") if row["status"] == "planned"] == ["embolization"]


def test_information_preference_is_not_now() -> None:
    rows = star("none_now").of("conversation")
    assert [row["information_preference"] for row in rows if row["status"] == "signed"] == ["none_now"]


def test_import_of_another_cancer_stays_under_review() -> None:
    history = star("not_net")
    assert patient(history)["enrollment_status"] == "under_review"
    assert [row["net_status"] for row in history.of("diagnosis")] == ["not_net"]
    assert history.of("line") == []


def test_implausible_unit_is_noted() -> None:
    noted = [row for row in star("implausible_unit").of("measurement") if row.get("original_unit")]
    assert [(row["value"], row["original_value"], row["original_unit"]) for row in noted] == [
        (Decimal("12.4"), "124", "g/dL")
    ]


@pytest.mark.parametrize("hazard", ["no_next_step", "no_next_step_after_scan"])
def test_safety_net_has_somebody_to_find(hazard: str) -> None:
    for seed in SEEDS:
        history = star(hazard, seed)
        assert (alive_and_active(history), history.of("step"), outstanding(history)) == (True, [], [])


def test_decision_of_last_week_is_untold() -> None:
    history = star("untold")
    assert (len(history.of("decision")), history.of("told")) == (1, [])


def test_old_patients_keep_their_age_when_time_passes() -> None:
    """A later day makes other dates, the same person."""
    first, later = history_of(1, 40, TODAY), history_of(1, 40, TODAY + timedelta(days=1))
    assert patient(first)["mrn"] == patient(later)["mrn"]
    assert patient(first)["family_name"] == patient(later)["family_name"]


def test_diameters_add_up_to_the_sums_and_responses_of_every_kind_occur(cohort: list[History]) -> None:
    seen: set[str] = set()
    wrong = []
    for history in cohort:
        lesions, readings = history.of("lesion"), history.of("reading")
        for n, row in enumerate(history.of("assessment")):
            seen.add(row.get("confirmed", "baseline"))
            mine = [each for each in readings if each["assessment"].n == n]
            targets = [each["mm"] or 0 for each in mine if lesions[each["lesion"].n]["role"] == "target"]
            if sum(targets) != row["sum_mm"] or row.get("computed", "") != row.get("confirmed", ""):
                wrong.append(row)
    assert wrong == []
    assert seen == {"baseline", "CR", "PR", "SD", "PD"}
