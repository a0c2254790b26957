from datetime import date
from typing import Any

from patients.fhir.rules.facts import DrugFact, ProcedureFact
from patients.fhir.rules.lines import LineProposal, propose
from patients.fhir.rules.mapping import Context, map_resource
from patients.fhir.rules.report import JsonObject
from tests.patients.fhir import bundles

TODAY = date(2026, 11, 22)


def lines(*resources: JsonObject, today: date = TODAY) -> list[LineProposal]:
    drugs: list[tuple[str, DrugFact]] = []
    procedures: list[tuple[str, ProcedureFact]] = []
    for number, resource in enumerate(resources):
        for fact in map_resource(resource, Context(today)).facts:
            if isinstance(fact, DrugFact):
                drugs.append((str(number), fact))
            elif isinstance(fact, ProcedureFact):
                procedures.append((str(number), fact))
    return propose(drugs, procedures, today=today)


def given(name: str, *days: str) -> list[JsonObject]:
    return [bundles.administration("x", name, day, id=f"{name}{day}") for day in days]


def order(name: str, on: str, status: str = "active", **changes: Any) -> JsonObject:
    return {
        "resourceType": "MedicationRequest",
        "id": f"{name}{on}",
        "status": status,
        "intent": "order",
        "medicationCodeableConcept": {"text": name},
        "authoredOn": on,
        **changes,
    }


def drawn(found: list[LineProposal]) -> list[tuple[str, str, str, str]]:
    return [(line.name, str(line.start), str(line.end), line.state) for line in found]


def test_gap_of_more_than_90_days_starts_a_new_line_and_says_so() -> None:
    found = lines(*given("Lanreotide", "2020-01-01", "2020-03-31", "2020-06-30"))
    assert drawn(found) == [
        ("lanreotide", "2020-01-01", "2020-03-31", "completed"),
        ("lanreotide", "2020-06-30", "2020-06-30", "completed"),
    ]
    assert found[1].why == "from 1 imported entry; new line after 91 days without any entry (limit 90)"


def test_capecitabine_and_temozolomide_are_captem() -> None:
    found = lines(
        *given("Capecitabine", "2020-01-01", "2020-01-29"), *given("Temozolomide", "2020-01-10", "2020-02-07")
    )
    assert drawn(found) == [("CAPTEM", "2020-01-01", "2020-02-07", "completed")]


def test_platinum_and_etoposide_are_one_regimen_and_a_switch_of_platinum_stays_in_it() -> None:
    found = lines(
        *given("Cisplatin", "2020-01-01", "2020-01-22"),
        *given("Etoposide", "2020-01-01", "2020-01-22", "2020-02-12"),
        *given("Carboplatin", "2020-02-12"),
    )
    assert drawn(found) == [("cisplatin + etoposide + carboplatin", "2020-01-01", "2020-02-12", "completed")]


def test_analog_beside_chemotherapy_is_a_line_of_its_own() -> None:
    found = lines(*given("Octreotide LAR", "2020-01-01"), *given("Cisplatin", "2020-01-01"))
    assert [line.name for line in found] == ["cisplatin", "octreotide"]


def test_leucovorin_joins_and_is_no_line_alone() -> None:
    assert lines(*given("Leucovorin", "2020-01-01")) == []
    [line] = lines(*given("Leucovorin", "2020-01-01"), *given("Oxaliplatin", "2020-01-01"))
    assert (line.name, line.members) == ("oxaliplatin", ("0", "1"))


def test_supportive_and_other_drugs_are_no_lines() -> None:
    assert lines(*given("Ondansetron", "2020-01-01"), order("Omeprazole", "2020-01-01")) == []


def test_prrt_doses_and_procedures_are_one_series() -> None:
    procedure = bundles.procedure("Peptide receptor radionuclide therapy", "2023-03-07")
    found = lines(*given("Lutathera", "2023-01-10"), procedure)
    assert drawn(found) == [("PRRT (lutetium oxodotreotide)", "2023-01-10", "2023-03-07", "completed")]


def test_staged_embolizations_are_one_line_and_a_later_one_another() -> None:
    name = "Bland embolization of hepatic artery"
    found = lines(*(bundles.procedure(name, day) for day in ("2022-03-01", "2022-04-12", "2023-01-10")))
    assert [len(line.doses) for line in found] == [2, 1]


def test_operations_are_lines_one_by_one() -> None:
    reason = [{"text": "Neuroendocrine tumor of ileum"}]
    found = lines(
        bundles.procedure("Resection of ileum", "2022-03-01", reasonCode=reason),
        bundles.procedure("Hepatectomy", "2022-03-20"),
        bundles.procedure("Appendectomy", "2022-04-01", reasonCode=[{"text": "Appendicitis"}]),
    )
    assert [line.name for line in found] == ["Resection of ileum", "Hepatectomy"]


def test_open_order_runs_on_and_doses_under_it_bridge_any_gap() -> None:
    found = lines(order("Lanreotide", "2025-12-01"), *given("Lanreotide", "2026-06-01", "2026-10-30"))
    assert drawn(found) == [("lanreotide", "2025-12-01", "None", "active")]


def test_order_called_active_long_after_its_last_entry_is_not_believed() -> None:
    [line] = lines(order("Carboplatin", "2019-05-01"))
    assert (line.state, str(line.end)) == ("completed", "2019-05-01")
    assert line.why.endswith("the source still calls it active, but its last entry is of 2019-05-01: taken as ended")


def test_open_order_of_a_drug_given_for_years_is_believed_until_another_treatment_came() -> None:
    [analog] = lines(order("Lanreotide", "2019-05-01"))
    assert analog.state == "active"
    assert analog.why.endswith("its last entry is of 2019-05-01: confirm that it goes on")
    found = lines(
        order("Lanreotide", "2019-05-01"), order("Everolimus", "2020-01-01"), order("Cabozantinib", "2021-01-01")
    )
    assert [(line.name, line.state) for line in found] == [
        ("lanreotide", "active"),
        ("everolimus", "completed"),
        ("cabozantinib", "active"),
    ]


def test_stopped_order_keeps_its_reason() -> None:
    [line] = lines(order("Sunitinib", "2019-05-01", "stopped", statusReason={"text": "Progression"}))
    assert (line.state, line.stop_reason) == ("stopped", "Progression")


def test_recent_doses_may_go_on() -> None:
    assert [line.state for line in lines(*given("Lanreotide", "2026-10-01", "2026-10-29"))] == ["active"]


def test_planned_order_is_planned() -> None:
    assert [line.state for line in lines(order("Lanreotide", "2026-12-15"))] == ["planned"]


def test_dose_not_given_is_no_dose() -> None:
    refused = bundles.administration("x", "Lanreotide", "2020-01-01", status="not-done")
    assert lines(refused) == []


def test_drug_without_any_date_is_a_line_without_dates() -> None:
    undated = order("Everolimus", "2020-01-01")
    del undated["authoredOn"]
    [line] = lines(undated)
    assert (line.start, "no date in the source" in line.why) == (None, True)


def test_order_of_the_sources_does_not_matter() -> None:
    resources = [
        *given("Capecitabine", "2020-01-01"),
        *given("Temozolomide", "2020-01-10"),
        *given("Lanreotide", "2019-01-01"),
    ]
    forward, backward = lines(*resources), lines(*reversed(resources))
    assert drawn(forward) == drawn(backward)
