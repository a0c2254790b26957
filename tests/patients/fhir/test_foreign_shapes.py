"""Bundles in the shapes of other systems (``foreign/``, all people invented): what a clinician then finds."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from careteam.people.models import Team
from patients.fhir.commands import Outcome, import_sources
from patients.fhir.models import ImportedRow, ReviewItem
from patients.record.models import Allergy, Comorbidity, Diagnosis, Measurement, Medication, Metastasis, Patient
from patients.record.queries import grade_of_patient
from patients.treatment.models import TreatmentLine
from tests import factories
from tests.patients.fhir import bundles

pytestmark = pytest.mark.django_db
FOREIGN = Path(__file__).parent / "foreign"
FILES = sorted(FOREIGN.glob("*.json"))
NOW = factories.NOW


@pytest.fixture
def team() -> Team:
    return factories.team()


def run(team: Team, name: str, **options: Any) -> Outcome:
    return import_sources([FOREIGN / name], team=team, by=None, now=NOW, **options)


def diagnoses() -> list[tuple[str, str, bool]]:
    return list(Diagnosis.objects.order_by("-is_main", "pk").values_list("net_status", "primary_site", "is_main"))


def lines() -> list[tuple[str, str, str]]:
    found = TreatmentLine.objects.order_by("started_on", "pk")
    return [(line.modality, line.agent[:40], line.status) for line in found]


def results(*codes: str) -> dict[str, str]:
    found = Measurement.objects.filter(code__in=codes).order_by("pk")
    return {m.code: f"{m.comparator}{m.value.normalize() if m.value is not None else m.text} {m.unit}" for m in found}


def kept(outcome: Outcome, *resources: str) -> list[str]:
    said = {line.resource: line.message for line in outcome.lines if line.severity == "unmapped"}
    return [said[resource].partition(": ")[2].rpartition(": ")[2] for resource in resources]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_second_run_changes_nothing(team: Team, path: Path) -> None:
    first = run(team, path.name)
    rows = ImportedRow.objects.count()
    again = run(team, path.name)
    assert again.as_counts == {"created": 0, "updated": 0, "unchanged": first.read, "unmapped": 0, "refused": 0}
    assert (ImportedRow.objects.count(), ReviewItem.objects.count()) == (rows, 0)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_dropped_without_a_line(team: Team, path: Path) -> None:
    outcome = run(team, path.name)
    told = {line.resource for line in outcome.lines if line.severity == "unmapped"}
    assert outcome.counts["created"] + len(told) == outcome.read
    assert outcome.counts["refused"] == 0


def test_searchset_of_an_american_hospital(team: Team) -> None:
    outcome = run(team, "searchset_us.json")
    # the problem list and a visit name one tumor: one diagnosis
    assert diagnoses() == [("net", "jejunum_ileum", True)]
    assert Diagnosis.objects.get().diagnosed_on == date(2022, 11, 3)
    # neither what is not to be done, nor a proposal, nor what was cancelled is a treatment
    assert lines() == [("ssa", "Lanreotide", "active")]
    assert kept(outcome, "MedicationRequest/eM2", "MedicationRequest/eM6") == [
        "the source says that it is not to be done",
        "is a proposal, not an order; plan it here if it is wanted",
    ]
    assert results("1695-6", "777-3", "33762-6", "8302-2", "89247-1") == {
        "1695-6": "<5 mg/(24.h)",
        "777-3": "2.1E+2 10*9/L",
        "33762-6": ">3.5E+4 pg/mL",
        "8302-2": "165.1 cm",
        "89247-1": "1 {score}",
    }
    assert Measurement.objects.get(code="1695-6").note == "Without a unit in the source, taken as mg/24 h."
    assert sorted(Allergy.objects.values_list("substance", flat=True)) == [
        "Gadolinium-containing contrast media",
        "PENICILLIN G",
    ]
    page = [line.message for line in outcome.lines if line.entry is None]
    assert page == ["is one page of a longer answer (40 in all); import its next page too"]


def test_local_codes_and_american_units(team: Team) -> None:
    outcome = run(team, "millennium.json")
    assert results("777-3", "751-8", "718-7", "2345-7") == {
        "777-3": "2.1E+2 10*9/L",
        "751-8": "2.4 10*9/L",
        "718-7": "13 g/dL",
        "2345-7": "97.2864 mg/dL",
    }
    # a whole organ name and no reason: taken as treatment, and said so; a possible diagnosis is none
    assert lines() == [
        ("surgery", "Distal pancreatectomy with splenectomy", "completed"),
        ("targeted", "Everolimus", "stopped"),
    ]
    assert diagnoses() == [("net", "pancreas", True), ("net", "", False)]
    assert kept(outcome, "Condition/p7", "Condition/p8") == [
        "is one of several possible diagnoses, says the source; kept as it is, enter it when it is confirmed",
        "the source refutes it",
    ]


def test_transaction_with_conditional_references(team: Team) -> None:
    run(team, "transaction.json")
    assert Patient.objects.count() == 1
    assert results("718-7", "9811-1") == {"718-7": "12.73006 g/dL", "9811-1": "1E+2 ng/mL"}
    assert lines() == [("prrt", "PRRT (lutetium oxodotreotide)", "completed")]


def test_german_oncology_data_set(team: Team) -> None:
    outcome = run(team, "oncology_de.json")
    diagnosis = Diagnosis.objects.get()
    assert (diagnosis.net_status, diagnosis.primary_site, diagnosis.morphology) == ("net", "jejunum_ileum", "8249/3")
    assert (diagnosis.stage, diagnosis.stage_t, diagnosis.stage_m) == ("IV", "cT3", "cM1a")
    assert diagnosis.syndrome == "carcinoid"
    assert str(grade_of_patient(Patient.objects.get().pk).highest.grade) == "NET G2"
    assert sorted(Metastasis.objects.values_list("site", flat=True)) == ["bone", "liver"]
    # “Ohne Verwendung von Chemotherapeutika” is no chemotherapy; the dead are treated no longer
    assert [(modality, status) for modality, _agent, status in lines()] == [
        ("surgery", "completed"),
        ("ssa", "stopped"),
        ("prrt", "completed"),
        ("radiotherapy", "completed"),
    ]
    assert results("89247-1", "718-7", "2160-0") == {
        "89247-1": "1 {score}",
        "718-7": "13.53576 g/dL",
        "2160-0": "0.995475 mg/dL",
    }
    assert kept(outcome, "Condition/d4") == ["the source rules it out"]
    patient = Patient.objects.get()
    assert (patient.enrollment_status, patient.deceased_on, patient.birth_precision) == ("deceased", None, "month")


def test_mcode_with_a_grade_3_tumor(team: Team) -> None:
    run(team, "mcode.json")
    assert str(grade_of_patient(Patient.objects.get().pk).highest.grade) == "NET G3"
    assert lines() == [
        ("surgery", "Total pancreatectomy", "completed"),
        ("chemotherapy", "CAPTEM", "completed"),
        ("radiotherapy", "Radiotherapy course of treatment (regime", "completed"),
    ]
    assert TreatmentLine.objects.get(modality="radiotherapy").dose == "5 sessions, 2000 cGy"
    patient = Patient.objects.get()
    assert (patient.enrollment_status, patient.deceased_on) == ("deceased", date(2024, 8, 9))


def test_international_patient_summary_says_that_nothing_is_known(team: Team) -> None:
    outcome = run(team, "summary_ips.json")
    assert list(Allergy.objects.values_list("substance", flat=True)) == ["Penicillin -class of antibiotic- (substance)"]
    assert (Medication.objects.count(), Comorbidity.objects.count()) == (0, 0)
    none_known = "says that none is known; ask, and enter it with today's date"
    asked = ("AllergyIntolerance/al2", "MedicationStatement/nm", "Condition/np")
    assert kept(outcome, *asked) == [none_known] * 3


def test_stu3_says_in_booleans_what_did_not_happen(team: Team) -> None:
    run(team, "stu3.json")
    line = TreatmentLine.objects.get(modality="ssa")
    assert [dose.given_on for dose in line.administrations.all()] == [date(2014, 5, 1)]
    assert Medication.objects.count() == 0  # metformin: not taken
    assert lines()[0] == ("surgery", "Laparoscopic appendectomy", "completed")


def test_r5_shapes(team: Team) -> None:
    run(team, "r5.json")
    assert lines() == [("surgery", "Right hemicolectomy", "completed"), ("chemotherapy", "Carboplatin", "completed")]


def import_of(team: Team, tmp_path: Path, *resources: bundles.JsonObject) -> Outcome:
    path = bundles.write(tmp_path / "f.json", bundles.bundle(*resources))
    return import_sources([path], team=team, by=None, now=NOW)


VISIT = {"category": [{"coding": [{"code": "encounter-diagnosis"}]}]}


def test_a_visit_that_names_the_tumor_later_joins_its_diagnosis(team: Team, tmp_path: Path) -> None:
    import_of(team, tmp_path, bundles.patient(), bundles.condition())
    before = Diagnosis.objects.get()
    earlier = bundles.condition(id="c-7", onsetDateTime="2020-02-03", **VISIT)
    import_of(team, tmp_path, bundles.patient(), bundles.condition(), earlier)
    after = Diagnosis.objects.get()
    assert (after.pk, after.diagnosed_on, after.label) == (before.pk, date(2020, 2, 3), before.label)
    assert ReviewItem.objects.count() == 0


def test_two_tumors_of_different_organs_stay_two(team: Team, tmp_path: Path) -> None:
    other = bundles.condition(id="c-8", code=bundles.code(bundles.ICD10CM, "C7A.090"), extension=[], **VISIT)
    import_of(team, tmp_path, bundles.patient(), bundles.condition(), other)
    assert [site for _net, site, _main in diagnoses()] == ["jejunum_ileum", "lung"]


def test_a_condition_of_every_visit_is_one_comorbidity(team: Team, tmp_path: Path) -> None:
    visits = [
        bundles.condition(id=f"h-{n}", code={"text": "Hypertension"}, onsetDateTime=f"201{n}", extension=[], **VISIT)
        for n in range(3)
    ]
    import_of(team, tmp_path, bundles.patient(), *visits)
    assert list(Comorbidity.objects.values_list("label", "since")) == [("Hypertension", date(2010, 1, 1))]


def test_an_operation_years_before_the_tumor_was_not_for_it(team: Team, tmp_path: Path) -> None:
    done = bundles.procedure("Right hemicolectomy", "2009-04-01")
    outcome = import_of(team, tmp_path, bundles.patient(), bundles.condition(), done)
    assert TreatmentLine.objects.count() == 0
    assert [line.resource for line in outcome.lines if line.severity == "unmapped"] == ["Procedure/pr-2009-04-01"]


@pytest.mark.parametrize("family", ["Kuhn96", "O'Brien", "Müller-Lüdenscheidt", "李"])
def test_a_person_is_known_again_by_any_name(team: Team, tmp_path: Path, family: str) -> None:
    person = bundles.patient(name=[{"family": family, "given": ["Aaron697"]}])
    import_of(team, tmp_path, person)
    again = import_of(team, tmp_path, person | {"gender": "male"})
    assert (again.as_counts["updated"], again.as_counts["refused"]) == (1, 0)


@pytest.mark.parametrize("written", [19580314, "19580314", "1958/03/14", "1958/3/14"])
def test_a_nameless_person_is_known_again_by_a_strange_birth_date(team: Team, tmp_path: Path, written: Any) -> None:
    person = bundles.patient(name=[], birthDate=written)
    import_of(team, tmp_path, person)
    assert Patient.objects.get().birth_date == date(1958, 3, 14)
    assert import_of(team, tmp_path, person).as_counts["unchanged"] == 1


def test_a_patient_merged_by_the_source_is_named(team: Team, tmp_path: Path) -> None:
    link = [{"other": {"reference": "Patient/new"}, "type": "replaced-by"}]
    outcome = import_of(team, tmp_path, bundles.patient(link=link))
    assert [line.message for line in outcome.lines] == [
        "was merged into Patient/new by the source; merge the two here as well"
    ]


def test_a_number_that_no_result_can_have_is_kept_as_it_is(team: Team, tmp_path: Path) -> None:
    outcome = import_of(team, tmp_path, bundles.patient(), bundles.observation("718-7", 1e308, "g/dL"))
    assert Measurement.objects.count() == 0
    assert outcome.as_counts["unmapped"] == 1


@pytest.mark.parametrize(
    ("name", "unit", "code"),
    [
        ("Creatinine", "mg/dL", "2160-0"),
        ("Urine creatinine", "mg/dL", "LOCAL1"),
        ("Creatinine", "mmol/(24.h)", "LOCAL1"),
        ("Creatinine", "", "LOCAL1"),
    ],
)
def test_a_local_code_is_read_by_its_whole_name_and_unit(
    team: Team, tmp_path: Path, name: str, unit: str, code: str
) -> None:
    local = bundles.observation("x", 1.1, unit, code=bundles.code("https://lab.example/codes", "LOCAL1", name))
    import_of(team, tmp_path, bundles.patient(), local)
    assert Measurement.objects.get().code == code


def test_dry_run_of_all_shapes_leaves_nothing(team: Team) -> None:
    outcome = import_sources([FOREIGN], team=team, by=None, now=NOW, dry_run=True)
    assert outcome.read == sum(len(json.loads(path.read_text())["entry"]) for path in FILES) - 2  # a message, a DELETE
    assert Patient.objects.count() == 0
