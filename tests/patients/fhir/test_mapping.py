"""Single resources to facts, and facts to rows: codes, spellings, versions."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from patients.fhir.rules.codes.drugs import agents_in
from patients.fhir.rules.codes.imaging import kind_of
from patients.fhir.rules.codes.procedures import treatment_of
from patients.fhir.rules.codes.systems import system_of
from patients.fhir.rules.codes.tumors import morphology
from patients.fhir.rules.facts import CancerFact, MeasurementFact, MetastasisFact, Modality, TumorKind
from patients.fhir.rules.mapping import Context, map_resource
from patients.fhir.rules.mapping.observations import value_of
from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.rows import Row, Sourced, rows_of
from tests.patients.fhir import bundles
from tests.patients.fhir.bundles import ICD10CM, ICDO3, LOINC, SNOMED, code

TODAY = date(2026, 11, 22)
ICD10GM = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"


def mapped(resource: JsonObject) -> tuple[list[Any], list[str], str]:
    contained = {f"#{inner['id']}": inner for inner in resource.get("contained", [])}
    found = map_resource(resource, Context(TODAY, lambda reference: contained.get((reference or {}).get("reference"))))
    return list(found.facts), list(found.warnings), found.kept_because


def rows(*resources: JsonObject) -> list[Row]:
    facts = [Sourced(f"{r['resourceType']}/{r['id']}", f) for r in resources for f in mapped(r)[0]]
    return rows_of(facts, zone=ZoneInfo("UTC"), today=TODAY).rows


def tumor_of(coded: JsonObject, *histology: JsonObject, site: str = "") -> tuple[str, str, str, str]:
    url = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-histology-morphology-behavior"
    extension = [{"url": url, "valueCodeableConcept": each} for each in histology]
    changes = {"bodySite": [{"text": site}]} if site else {}
    facts, _warnings, _because = mapped(bundles.condition(code=coded, extension=extension, **changes))
    tumor = facts[0].tumor
    return str(tumor.kind), tumor.primary_site, tumor.differentiation, tumor.grade


@pytest.mark.parametrize(
    ("coded", "histology", "site", "expected"),
    [
        (code(ICD10CM, "C7A.012"), [], "", ("net", "jejunum_ileum", "", "")),
        (code(ICD10CM, "C7A012"), [], "", ("net", "jejunum_ileum", "", "")),
        (code(ICD10CM, "C7A.1"), [], "Pancreas", ("net", "pancreas", "poor", "")),
        (code(ICD10GM, "C25.4"), [], "", ("net", "pancreas", "", "")),
        (code(ICD10GM, "C25.9"), [], "", ("other", "pancreas", "", "")),
        (code(ICD10GM, "C17.2"), [code(ICDO3, "8240/3")], "", ("net", "jejunum_ileum", "well", "G1")),
        (code(ICD10GM, "C34.9"), [code(ICDO3, "8041/3")], "", ("other", "lung", "", "")),
        (code(ICD10GM, "C18.0"), [code(ICDO3, "M-82463")], "", ("net", "cecum_colon", "poor", "")),
        (code(SNOMED, "255046005"), [], "Rectum", ("net", "rectum", "", "")),
        ({"text": "NET G2 of the pancreas tail"}, [], "", ("net", "pancreas", "well", "G2")),
        ({"text": "Neuroendokriner Tumor des Ileums, Krebs"}, [], "", ("net", "jejunum_ileum", "", "")),
        ({"text": "Tumor neuroendocrino maligno de páncreas"}, [], "", ("net", "pancreas", "", "")),
        ({"text": "Insulinoma"}, [], "", ("net", "", "", "")),
        ({"text": "Adenocarcinoma of colon"}, [], "", ("other", "cecum_colon", "", "")),
        ({"text": "Primitive neuroectodermal tumor, malignant (PNET)"}, [], "", ("other", "", "", "")),
        ({"text": "Merkel cell carcinoma, neuroendocrine"}, [], "", ("other", "", "", "")),
        ({"text": "Malignant neoplastic disease"}, [], "", ("unknown", "", "", "")),
    ],
)
def test_tumor_is_recognized(
    coded: JsonObject, histology: list[JsonObject], site: str, expected: Sequence[str]
) -> None:
    assert tumor_of(coded, *histology, site=site) == expected


def test_recognition_by_words_alone_asks_for_confirmation() -> None:
    facts, warnings, _because = mapped(bundles.condition(code={"text": "Carcinoid of ileum"}, extension=[]))
    assert facts[0].tumor.kind == TumorKind.NET
    assert warnings == ["recognized as neuroendocrine by its wording only; confirm"]


@pytest.mark.parametrize(
    ("coded", "kind"),
    [
        (code(ICD10CM, "C7B.02"), "MetastasisFact"),
        (code(ICD10GM, "C78.7"), "MetastasisFact"),
        ({"text": "Lebermetastasen"}, "MetastasisFact"),
        (code(ICD10GM, "C50.9"), "CancerFact"),
        (code(ICD10GM, "Z85.0", "Personal history of malignant neoplasm"), "ComorbidityFact"),
        ({"text": "Family history of breast cancer"}, "ComorbidityFact"),
        ({"text": "Benign neoplasm of skin"}, "ComorbidityFact"),
        ({"text": "Carcinoid syndrome"}, "ComorbidityFact"),
        ({"text": "Malignant hypertension"}, "ComorbidityFact"),
    ],
)
def test_condition_is_cancer_spread_or_something_else(coded: JsonObject, kind: str) -> None:
    facts, _warnings, _because = mapped(bundles.condition(code=coded, extension=[]))
    assert [type(fact).__name__ for fact in facts] == [kind]


@pytest.mark.parametrize(
    ("coded", "site"),
    [
        (code(ICD10CM, "C7B.03"), "bone"),
        (code(ICD10GM, "C79.3"), "brain"),
        ({"text": "Secondary malignant neoplasm of liver"}, "liver"),
        ({"text": "Metastasis from malignant tumor of liver"}, "unknown"),
        ({"text": "Lymphknotenmetastase"}, "lymph_nodes"),
    ],
)
def test_place_of_a_metastasis(coded: JsonObject, site: str) -> None:
    [fact] = mapped(bundles.condition(code=coded, extension=[]))[0]
    assert isinstance(fact, MetastasisFact)
    assert fact.site == site


def test_pathology_turns_a_site_code_into_a_net() -> None:
    condition = bundles.condition(code=code(ICD10GM, "C25.9"), extension=[])
    histology = bundles.observation("31206-6", None, valueCodeableConcept=code(ICDO3, "8249/3"))
    del histology["valueQuantity"]
    found = {row.table: row.values for row in rows(condition, histology)}
    assert (found["Diagnosis"]["net_status"], found["Diagnosis"]["primary_site"]) == ("net", "pancreas")
    assert found["Specimen"]["differentiation"] == "well"


@pytest.mark.parametrize("verification", ["entered-in-error", "refuted"])
def test_refuted_condition_is_no_fact(verification: str) -> None:
    found = map_resource(bundles.condition(verificationStatus=code("", verification)), Context(TODAY))
    assert (found.facts, found.withdrawn) == ((), True)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("8240/3", ("8240", "3")),
        ("M8240/3", ("8240", "3")),
        ("82403", ("8240", "3")),
        ("8240", ("8240", "")),
        ("80463/3", ("8046", "3")),
        ("x", ("", "")),
    ],
)
def test_morphology_in_any_spelling(written: str, expected: tuple[str, str]) -> None:
    assert morphology(written) == expected


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        ("Quantity", {"value": 5, "comparator": "<", "unit": "ug/L"}, (Decimal(5), "", "<", "ug/L")),
        ("Quantity", {"value": "5,5", "unit": "x"}, (Decimal("5.5"), "", "", "x")),
        ("Integer", 2, (Decimal(2), "", "", "")),
        ("Boolean", True, (None, "yes", "", "")),
        ("String", "< 5 mg/L", (Decimal(5), "", "<", "mg/L")),
        ("String", "12,4", (Decimal("12.4"), "", "", "")),
        ("String", "1:40", (None, "1:40", "", "")),
        ("String", "2024-05-01", (None, "2024-05-01", "", "")),
        ("String", "negative", (None, "negative", "", "")),
        ("Range", {"low": {"value": 5, "unit": "%"}, "high": {"value": 10}}, (None, "5–10", "", "%")),
        ("Ratio", {"numerator": {"value": 1}, "denominator": {"value": 128}}, (None, "1 : 128", "", "")),
        ("CodeableConcept", {"coding": [{"code": "x", "display": "Positive"}]}, (None, "Positive", "", "")),
        ("DateTime", "2024-05-01", (None, "2024-05-01", "", "")),
        ("Period", {"start": "2024", "end": "2025"}, (None, "2024 – 2025", "", "")),
        ("", None, (None, "", "", "")),
    ],
)
def test_value_of_every_kind(kind: str, raw: Any, expected: tuple[Any, ...]) -> None:
    found = value_of(kind, raw)
    assert (found.number, found.wording, found.comparator, found.unit) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"valueInteger": 2}, 2),
        ({"valueString": "ECOG 1"}, 1),
        ({"valueCodeableConcept": {"text": "Grade 3"}}, 3),
        ({"valueInteger": 7, "interpretation": [code(LOINC, "LA9623-5")]}, 1),
        ({"valueInteger": 7}, None),
    ],
)
def test_ecog_is_0_to_5_or_nothing(changes: JsonObject, expected: int | None) -> None:
    resource = bundles.observation("89247-1", 0, **changes)
    del resource["valueQuantity"]
    values = [fact.value for fact in mapped(resource)[0] if isinstance(fact, MeasurementFact)]
    assert values == ([Decimal(expected)] if expected is not None else [])


def test_observation_without_a_value_says_why() -> None:
    resource = bundles.observation("718-7", 0, dataAbsentReason={"text": "Not performed"})
    del resource["valueQuantity"]
    assert mapped(resource) == ([], [], "has no value: Not performed")


def test_result_from_the_future_is_left_out() -> None:
    facts, warnings, _because = mapped(bundles.observation("718-7", 13, on="2031-01-01"))
    assert (facts, warnings) == ([], ["has a result from the future (2031-01-01); left out, correct the date"])


@pytest.mark.parametrize("status", ["cancelled", "registered"])
def test_observation_that_did_not_happen_is_kept_only(status: str) -> None:
    assert mapped(bundles.observation("718-7", 13, status=status))[2].startswith(f"its status is “{status}”")


@pytest.mark.parametrize(
    ("atc", "rxnorm", "words", "expected"),
    [
        (["H01CB03"], [], "", [("lanreotide", Modality.SSA)]),
        ([], ["7617"], "", [("octreotide", Modality.SSA)]),
        ([], [], "sandostatin lar 30 mg", [("octreotide", Modality.SSA)]),
        ([], [], "10 ml oxaliplatin 5 mg/ml injection", [("oxaliplatin", Modality.CHEMOTHERAPY)]),
        ([], [], "captem", [("temozolomide", Modality.CHEMOTHERAPY), ("capecitabine", Modality.CHEMOTHERAPY)]),
        ([], [], "177lu-dotatate", [("lutetium oxodotreotide", Modality.PRRT)]),
        ([], [], "axitinib 5 mg", [("axitinib", Modality.TARGETED)]),
        ([], [], "tofacitinib", []),
        ([], [], "metformin", []),
        (["L01XX99"], [], "newdrug", [("newdrug", Modality.CHEMOTHERAPY)]),
    ],
)
def test_agents_are_found_by_code_and_by_name(
    atc: list[str], rxnorm: list[str], words: str, expected: list[tuple[str, Modality]]
) -> None:
    assert agents_in(atc, rxnorm, words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("selective internal radiotherapy (sirt) with y-90", Modality.TARE),
        ("transarterial chemoembolization of liver", Modality.TACE),
        ("bland embolization of hepatic artery", Modality.TAE),
        ("peptide receptor radionuclide therapy", Modality.PRRT),
        ("radiofrequency ablation of liver lesion", Modality.ABLATION),
        ("catheter ablation of tissue of heart", None),
        ("external beam radiation therapy", Modality.RADIOTHERAPY),
        ("colonoscopy", None),
    ],
)
def test_treatment_is_found_by_its_words(words: str, expected: Modality | None) -> None:
    assert treatment_of([], words) == expected


@pytest.mark.parametrize(
    ("dicom", "words", "expected"),
    [
        (["PT", "CT"], "68ga-dotatate pet/ct", "sstr_pet"),
        (["PT"], "fdg pet", "fdg_pet"),
        (["PT"], "", "pet"),
        (["CT"], "", "ct"),
        (["US"], "transthoracic echocardiography", "echo"),
        ([], "mrt leber", "mri"),
        (["ZZ"], "", "other"),
    ],
)
def test_kind_of_a_study(dicom: list[str], words: str, expected: str) -> None:
    assert kind_of(dicom, words) == expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://snomed.info/sct", "snomed"),
        ("urn:oid:2.16.840.1.113883.6.96", "snomed"),
        ("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "icd10"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "icd10cm"),
        ("http://hl7.org/fhir/sid/icd-o-3", "icdo3"),
        ("urn:local", "urn:local"),
    ],
)
def test_code_systems_in_any_spelling(uri: str, expected: str) -> None:
    assert system_of(uri) == expected


@pytest.mark.parametrize("said", ["AJCC, 8th edition", "UICC TNM, 8. Auflage", "AJCC 8th ed"])
def test_edition_of_a_stage_in_words(said: str) -> None:
    resource = bundles.observation("21908-9", 0, valueCodeableConcept={"text": "Stage IV"}, method={"text": said})
    del resource["valueQuantity"]
    [fact] = mapped(resource)[0]
    assert (fact.value, fact.edition) == ("IV", "8")


def test_every_other_kind_has_its_row() -> None:
    found: dict[str, list[Row]] = {}
    for row in rows(*bundles.other_kinds(), bundles.condition()):
        found.setdefault(row.table, []).append(row)
    assert {table: len(made) for table, made in found.items()} == {
        "Diagnosis": 1,
        "Specimen": 1,
        "TreatmentLine": 1,
        "Medication": 1,
        "ImagingStudy": 3,
        "ReceptorImaging": 1,
        "DiseaseStatus": 1,
        "GeneticResult": 1,
        "Encounter": 1,
        "CareTeamMember": 1,
        "PatientContact": 1,
        "Comorbidity": 1,
    }
    assert found["Diagnosis"][0].values["stage"] == "IV"
    assert found["Diagnosis"][0].values["stage_edition"] == "AJCC 8"
    assert found["Diagnosis"][0].values["syndrome"] == "carcinoid"
    assert found["PatientContact"][0].values["is_proxy"] is True
    assert sorted(row.values["status"] for row in found["ImagingStudy"]) == ["ordered", "reviewed", "scheduled"]


def test_labels_are_what_a_person_calls_it() -> None:
    labels = [map_resource(resource, Context(TODAY)).label for resource in bundles.other_kinds()[-2:]]
    assert labels == ["Goal: Walk to the lake", "Consent or advance directive: Living will"]


def test_cancer_keeps_what_was_said() -> None:
    [fact] = mapped(bundles.condition())[0]
    assert isinstance(fact, CancerFact)
    assert (fact.label, fact.tumor.morphology, str(fact.onset)) == (
        "Malignant carcinoid tumor of the ileum",
        "8249/3",
        "2021-05",
    )
