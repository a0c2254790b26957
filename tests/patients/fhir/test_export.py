import json
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from fhir.resources.R4B import get_fhir_model_class

from careteam.audit.models import AuditEvent
from careteam.people.models import Team
from patients.fhir.commands import export_bundle, import_sources
from patients.imaging.models import ImagingStudy
from patients.record.models import (
    Admission,
    Allergy,
    CareTeamMember,
    Comorbidity,
    Diagnosis,
    DiseaseStatus,
    Encounter,
    GeneticResult,
    Measurement,
    Medication,
    Metastasis,
    Patient,
    PatientContact,
    PatientIdentifier,
    ReceptorImaging,
    Specimen,
)
from patients.response.models import Lesion, LesionReading, ResponseAssessment
from patients.treatment.models import Administration, TreatmentLine
from tests import factories
from tests.patients.fhir import bundles

pytestmark = pytest.mark.django_db
NOW = factories.NOW
TABLES = (
    Diagnosis,
    Metastasis,
    Specimen,
    DiseaseStatus,
    GeneticResult,
    ReceptorImaging,
    Measurement,
    Comorbidity,
    Medication,
    Allergy,
    Admission,
    Encounter,
    PatientContact,
    CareTeamMember,
    TreatmentLine,
    Administration,
    ImagingStudy,
)
# What belongs to the row, to its entry here, or to the review, and not to the patient's story.
BOOKKEEPING = {"id", "patient", "team", "version", "created_at", "created_by", "source", "merged_into", "search_key"}
BOOKKEEPING |= {"plan", "error_at", "error_by", "error_reason", "line", "study_key", "needs_review", "notes", "owner"}
HERE_ONLY = {"original_value", "original_unit", "asked_on", "person", "is_responsible", "consent_on", "assessed_by"}
HERE_ONLY |= {"proxy_document_seen", "is_emergency_contact", "is_caregiver", "ordered_at"}
NOT_FACTS = BOOKKEEPING | HERE_ONLY


def facts(team: Team) -> dict[str, list[dict[str, Any]]]:
    """All rows of a team's patients without ids and bookkeeping, sorted."""
    found = {}
    for model in (Patient, *TABLES):
        path = "team" if model is Patient else "patient__team"
        names = [
            f.attname for f in model._meta.concrete_fields if f.name not in NOT_FACTS | {"merged_into", "search_key"}
        ]
        rows = [dict(row) for row in model._default_manager.filter(**{path: team}).values(*names)]
        found[model.__name__] = sorted(rows, key=lambda row: json.dumps(row, default=str, sort_keys=True))
    return found


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, object, object]]:
    """Table, field, before, after of everything that is not the same."""
    found: list[tuple[str, str, object, object]] = []
    for table, rows in before.items():
        if len(rows) != len(after[table]):
            found.append((table, "rows", len(rows), len(after[table])))
        for one, other in zip(rows, after[table], strict=False):
            found += [(table, name, one[name], other[name]) for name in one if one[name] != other[name]]
    return found


def validated(bundle: dict[str, Any]) -> None:
    """Raises when HL7's own models find a fault."""
    for entry in bundle["entry"]:
        resource = entry["resource"]
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    get_fhir_model_class("Bundle").model_validate(json.loads(json.dumps(bundle)))


def full_patient(team: Team) -> Patient:
    """Somebody entered here, with every kind of row that can be exported."""
    patient = factories.patient(
        team,
        given_name="Ana María",
        phone="+34 91 555 01 01",
        email="ana@example.org",
        address="Calle Mayor 1, Madrid",
        country="ES",
        language="es",
        interpreter=True,
        general_practitioner="Dr. Ruiz",
        sex="female",
        birth_precision="month",
        birth_date=date(1960, 5, 1),
    )
    factories.diagnosis(
        patient,
        label="Pancreatic NET",
        syndrome="gastrinoma",
        stage_t="pT2",
        stage_n="pN1",
        stage_m="M1",
        stage_detail="",
        staged_on=date(2024, 3, 2),
        site_detail="tail",
    )
    Metastasis.objects.create(patient=patient, site="liver", detail="both lobes", found_on=date(2024, 3, 1))
    factories.specimen(
        patient, site="liver", is_metastasis=True, ki67=Decimal("8.5"), reference="P-1", conclusion="NET."
    )
    poor = {"differentiation": "poor", "cell_type": "small", "ki67": None, "mitoses": None}
    factories.specimen(patient, site="liver", is_metastasis=True, taken_on=date(2025, 4, 1), **poor)
    DiseaseStatus.objects.create(
        patient=patient, assessed_on=date(2024, 9, 1), category="NN", method="imported", note="Non-CR / non-PD"
    )
    GeneticResult.objects.create(
        patient=patient,
        origin="germline",
        gene="MEN1",
        result="c.249_252del",
        pathogenic=True,
        tested_on=date(2024, 1, 2),
    )
    ReceptorImaging.objects.create(
        patient=patient, imaged_on=date(2024, 2, 2), krenning=4, modality="pet", positive=True, finding="liver"
    )
    factories.measurement(patient, label="ECOG", unit="{score}", category="survey")
    factories.measurement(
        patient,
        "718-7",
        Decimal("13.1"),
        label="Hemoglobin",
        unit="g/dL",
        category="laboratory",
        reference_low=12,
        reference_high=16,
        comparator="<",
        interpretation="L",
        note="hemolytic",
        taken_at=datetime(2024, 3, 3, 7, 30, 15, tzinfo=UTC),
    )
    Comorbidity.objects.create(patient=patient, label="Asthma", snomed="195967001", since=date(1999, 1, 1))
    Medication.objects.create(
        patient=patient, name="Omeprazole", drug_class="ppi", dose="20 mg", started_on=date(2020, 1, 1)
    )
    Allergy.objects.create(
        patient=patient, kind="contrast", substance="Iodinated contrast", severity="high", reaction="Rash"
    )
    Admission.objects.create(
        patient=patient,
        admitted_on=date(2024, 5, 1),
        discharged_on=date(2024, 5, 4),
        unplanned=True,
        reason="Sepsis",
        place="A",
    )
    Encounter.objects.create(patient=patient, kind="visit", starts_at=NOW, reason="Follow-up", status="finished")
    PatientContact.objects.create(patient=patient, name="Luis Gil", relation="spouse", phone="1")
    CareTeamMember.objects.create(patient=patient, role="surgeon", name="Dr. Vega", organization="North")
    line = factories.line(patient, agent="Lanreotide", dose="120 mg", interval_days=28, start_reason="first")
    for number in (1, 2):
        given = date(2026, number, 12)
        Administration.objects.create(
            patient=patient,
            line=line,
            number=number,
            status="given",
            planned_on=given,
            given_on=given,
            dose=120,
            dose_unit="mg",
        )
    captem = {"started_on": date(2025, 1, 1), "ended_on": date(2025, 6, 1), "end_reason": "toxicity"}
    factories.line(patient, "chemotherapy", agent="CAPTEM", status="stopped", end_note="Platelets", **captem)
    embolized = {"started_on": date(2025, 8, 1), "ended_on": date(2025, 9, 15), "end_reason": "completed"}
    tae = factories.line(patient, "embolization", agent="TAE", status="completed", site="right lobe", **embolized)
    on = date(2025, 8, 1)
    Administration.objects.create(
        patient=patient, line=tae, number=1, status="given", planned_on=on, given_on=on, reason="TAE 1"
    )
    watched = {"started_on": date(2024, 3, 1), "ended_on": date(2024, 9, 1), "end_reason": "progression", "intent": ""}
    factories.line(patient, "observation", agent="", status="completed", role="supportive", **watched)
    factories.study(patient, status="performed", performed_on=date(2026, 11, 1), due_on=None, accession_number="A1")
    reported = {
        "reported_at": datetime(2025, 1, 1, 23, 0, tzinfo=UTC),
        "performed_on": date(2025, 1, 2),
        "due_on": None,
    }
    pet = {"modality": "sstr_pet", "region": "whole body", "conclusion": "Stable.", "source": "fhir"}
    factories.study(patient, status="reviewed", **pet, **reported)
    _assessed(patient)
    return patient


def _assessed(patient: Patient) -> None:
    """A CT that was read by RECIST: one lesion measured, a node, and a new one."""
    done = {"status": "performed", "performed_on": date(2026, 10, 1), "due_on": None}
    study = factories.study(patient, accession_number="A2", **done)
    read = ResponseAssessment.objects.create(
        patient=patient, study=study, baseline_mm=40, nadir_mm=38, sum_mm=Decimal("47.5"), confirmed="PD", read_at=NOW
    )
    for role, number, organ, is_node, seen, mm in (
        ("target", 1, "liver", False, "measured", Decimal("29.5")),
        ("target", 2, "mesentery", True, "measured", Decimal(18)),
        ("new", 1, "bone", False, "present", None),
    ):
        lesion = Lesion.objects.create(
            patient=patient, found_in=read, role=role, number=number, organ=organ, is_node=is_node
        )
        LesionReading.objects.create(patient=patient, assessment=read, lesion=lesion, seen=seen, mm=mm)


def moved(tmp_path: Path, source: Team) -> Team:
    """Everything of one team exported and imported into another."""
    call_command("export_fhir", team=source.slug, out=tmp_path / "out", stdout=StringIO())
    target = factories.team()
    outcome = import_sources([tmp_path / "out"], team=target, by=None, now=NOW)
    assert [str(line) for line in outcome.lines if line.severity == "refused"] == []
    return target


def test_export_is_valid_fhir(tmp_path: Path) -> None:
    validated(export_bundle(full_patient(factories.team()), by=None, now=NOW))


def test_a_response_goes_out_with_its_sums_and_each_lesion() -> None:
    bundle = export_bundle(full_patient(factories.team()), by=None, now=NOW)
    found = [
        entry["resource"]
        for entry in bundle["entry"]
        if entry["resource"].get("method", {}).get("text", "")[:6] == "RECIST"
    ]
    read, *lesions = found
    assert read["valueCodeableConcept"]["coding"][0]["code"] == "PD"
    assert [part["valueQuantity"]["value"] for part in read["component"]] == [47.5, 40, 38]
    assert [member["reference"] for member in read["hasMember"]] == [f"Observation/{row['id']}" for row in lesions]
    images = {
        entry["resource"]["id"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "ImagingStudy"
    }
    assert read["derivedFrom"][0]["reference"].removeprefix("ImagingStudy/") in images
    said = {row["code"]["text"]: row.get("valueQuantity", {}).get("value") for row in lesions}
    assert said == {"Target lesion T1": 29.5, "Target lesion T2": 18, "New lesion N1": None}
    assert {row["method"]["text"] for row in lesions} == {
        "RECIST 1.1, longest diameter",
        "RECIST 1.1, short axis",
        "RECIST 1.1",
    }


def test_export_comes_back_as_it_left(tmp_path: Path) -> None:
    source = factories.team()
    full_patient(source)
    before, after = facts(source), facts(moved(tmp_path, source))
    for rows in (before["Patient"], after["Patient"]):
        rows[0].pop("enrollment_status")  # what arrives is under review
    assert differences(before, after) == []


def test_export_of_an_import_comes_back_as_it_left(tmp_path: Path) -> None:
    source = factories.team()
    path = bundles.write(tmp_path / "net.json", bundles.bundle(*bundles.net_history()))
    import_sources([path], team=source, by=None, now=NOW)
    validated(export_bundle(Patient.objects.get(), by=None, now=NOW))
    assert differences(facts(source), facts(moved(tmp_path, source))) == []


def test_export_is_an_audited_act(tmp_path: Path) -> None:
    patient = full_patient(factories.team())
    bundle = export_bundle(patient, by=None, now=NOW)
    event = AuditEvent.objects.get(action="fhir.export_bundle")
    assert (event.kind, event.patient_ids, event.details) == (
        "export",
        [patient.pk],
        {"resources": len(bundle["entry"])},
    )


def test_export_leaves_out_what_was_entered_in_error() -> None:
    team = factories.team()
    patient = factories.patient(team)
    wrong = {"error_at": NOW, "error_by": factories.person(team), "error_reason": "wrong patient"}
    factories.measurement(patient, **wrong)
    kinds = [entry["resource"]["resourceType"] for entry in export_bundle(patient, by=None, now=NOW)["entry"]]
    assert kinds == ["Patient"]


def test_export_without_a_folder_is_ndjson() -> None:
    team = factories.team()
    for _ in range(2):
        factories.patient(team)
    out = StringIO()
    call_command("export_fhir", team=team.slug, stdout=out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["resourceType"] for line in lines] == ["Bundle", "Bundle"]


def test_identifiers_travel_with_their_kind(tmp_path: Path) -> None:
    source = factories.team()
    patient = factories.patient(source, mrn="M1")
    PatientIdentifier.objects.create(patient=patient, team=source, system="urn:ssn", value="123", kind="SS")
    target = moved(tmp_path, source)
    found = PatientIdentifier.objects.filter(team=target).order_by("kind").values_list("system", "value", "kind")
    assert list(found) == [("urn:test", "M1", "MR"), ("urn:ssn", "123", "SS")]


@pytest.mark.parametrize(
    ("status", "resource"),
    [("booked", "Appointment"), ("noshow", "Appointment"), ("fulfilled", "Appointment"), ("finished", "Encounter")],
)
def test_a_booked_visit_is_an_appointment_and_a_finished_one_an_encounter(status: str, resource: str) -> None:
    patient = factories.patient(factories.team())
    Encounter.objects.create(patient=patient, kind="visit", starts_at=NOW, reason="Follow-up", status=status)
    bundle = export_bundle(patient, by=None, now=NOW)
    validated(bundle)
    found = [
        row["resource"] for row in bundle["entry"] if row["resource"]["resourceType"] in {"Appointment", "Encounter"}
    ]
    assert [(row["resourceType"], row["status"]) for row in found] == [(resource, status)]
