from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from careteam.audit.models import AuditEvent
from careteam.people.models import Team
from careteam.people.rules import Role
from patients.fhir.commands import Outcome, import_sources
from patients.fhir.models import ImportedRow, ReviewItem, SourceRecord
from patients.imaging.models import ImagingStudy, Reminder
from patients.record.commands import withdraw_death
from patients.record.models import (
    Admission,
    Allergy,
    Comorbidity,
    Diagnosis,
    Enrollment,
    Measurement,
    Medication,
    Metastasis,
    NextStep,
    Patient,
    PatientContact,
    PatientIdentifier,
    Specimen,
)
from patients.record.queries import grade_of_patient
from patients.treatment.models import Administration, TreatmentLine
from tests import factories
from tests.patients.fhir import bundles
from tests.patients.fhir.bundles import JsonObject

pytestmark = pytest.mark.django_db
NOW = factories.NOW


@pytest.fixture
def team() -> Team:
    return factories.team()


def run(team: Team, tmp_path: Path, *resources: JsonObject, **options: Any) -> Outcome:
    path = bundles.write(tmp_path / "f.json", bundles.bundle(*resources))
    return import_sources([path], team=team, by=None, now=NOW, **options)


def messages(outcome: Outcome) -> list[str]:
    return [f"{line.severity}: {line.message}" for line in outcome.lines]


def everything() -> dict[str, int]:
    """Rows of every table of the app, history included."""
    return {model._meta.label: model._default_manager.count() for model in apps.get_app_config("patients").get_models()}


def test_net_history_counts_every_entry_once(team: Team, tmp_path: Path) -> None:
    outcome = run(team, tmp_path, *bundles.net_history())
    assert outcome.as_counts == {"created": 25, "updated": 0, "unchanged": 0, "unmapped": 1, "refused": 0}
    assert messages(outcome) == ["unmapped: Immunization: Influenza: there is no place for it yet"]


def test_patient_arrives_under_review_with_identifiers_and_next_step(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, *bundles.net_history())
    patient = Patient.objects.get()
    assert (patient.family_name, patient.given_name, patient.mrn) == ("Lindqvist", "Ingrid Maria", "4711")
    assert (patient.birth_date, patient.sex, patient.language) == (date(1958, 3, 14), "female", "sv")
    assert (patient.phone, patient.email) == ("+46 8 555 01 02", "ingrid@example.org")
    assert patient.search_key == "ingrid maria lindqvist ingrid maria 4711 1958-03-14 14.03.1958"
    assert Enrollment.objects.get().status == patient.enrollment_status == "under_review"
    assert PatientIdentifier.objects.get().value == "4711"
    assert (NextStep.objects.get().kind, NextStep.objects.get().owner_role) == ("review_import", "nurse_coordinator")
    assert PatientContact.objects.get().relation == "husband"


def test_disease_is_drawn_together_from_several_resources(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, *bundles.net_history())
    diagnosis = Diagnosis.objects.get()
    assert (diagnosis.net_status, diagnosis.primary_site, diagnosis.icd10) == ("net", "jejunum_ileum", "C7A.012")
    assert (diagnosis.diagnosed_on, diagnosis.diagnosed_precision) == (date(2021, 5, 1), "month")
    assert [m.site for m in Metastasis.objects.all()] == ["liver"]
    specimen = Specimen.objects.get()
    assert (specimen.ki67, specimen.differentiation, specimen.kind) == (Decimal("7.50"), "well", "resection")
    assert str(grade_of_patient(Patient.objects.get().pk).highest.grade) == "NET G2"
    assert [c.label for c in Comorbidity.objects.all()] == ["Hypertension"]


def test_doses_become_lines_to_review(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, *bundles.net_history())
    lines = TreatmentLine.objects.order_by("started_on")
    assert [(x.modality, x.agent, x.status, x.started_on.isoformat(), x.needs_review) for x in lines] == [
        ("surgery", "Ileocecal resection", "completed", "2021-06-20", True),
        ("ssa", "Lanreotide", "completed", "2021-08-02", True),
        ("embolization", "Bland embolization of hepatic artery, right lobe", "completed", "2022-03-01", True),
        ("prrt", "PRRT (lutetium oxodotreotide)", "completed", "2023-01-10", True),
    ]
    given = Counter(Administration.objects.values_list("line__modality", flat=True))
    assert given == {"surgery": 1, "ssa": 5, "embolization": 2, "prrt": 4}
    assert list(lines[3].administrations.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4]
    assert "from 5 imported entries" in lines[1].notes


def test_other_findings_have_their_place(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, *bundles.net_history())
    found = {(m.code, m.value, m.unit) for m in Measurement.objects.all()}
    assert found == {
        ("9811-1", Decimal(412), "ng/mL"),
        ("89247-1", Decimal(1), "{score}"),
        ("8480-6", Decimal(132), "mmHg"),
        ("8462-4", Decimal(81), "mmHg"),
    }
    study = ImagingStudy.objects.get()
    assert (study.modality, study.status, study.accession_number) == ("sstr_pet", "performed", "A-99")
    assert (Allergy.objects.get().kind, Allergy.objects.get().severity) == ("contrast", "high")
    assert (Admission.objects.get().admitted_on, Admission.objects.get().unplanned) == (date(2021, 6, 19), None)
    assert (Medication.objects.get().drug_class, Medication.objects.get().ended_on) == ("ppi", None)


def test_import_starts_no_reminder_and_is_one_audit_event(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, *bundles.net_history())
    assert Reminder.objects.count() == 0
    event = AuditEvent.objects.get(action="fhir.import_sources")
    assert event.patient_ids == [Patient.objects.get().pk]
    assert event.details["created"] == 25


def test_second_run_changes_nothing_not_even_history(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, *bundles.net_history())
    before = everything()
    outcome = run(team, tmp_path, *bundles.net_history())
    assert outcome.as_counts == {"created": 0, "updated": 0, "unchanged": 26, "unmapped": 0, "refused": 0}
    assert everything() == before


def test_dry_run_leaves_nothing_behind(team: Team, tmp_path: Path) -> None:
    before = everything()
    outcome = run(team, tmp_path, *bundles.net_history(), dry_run=True)
    assert outcome.as_counts["created"] == 25
    assert everything() == before
    assert AuditEvent.objects.filter(action="fhir.import_sources").count() == 0


def test_changed_source_updates_what_nobody_edited(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, *bundles.net_history())
    history = bundles.net_history()
    history[0]["telecom"][0]["value"] = "+46 8 555 99 99"
    history[1]["onsetDateTime"] = "2021-04-20"
    outcome = run(team, tmp_path, *history)
    assert outcome.as_counts == {"created": 0, "updated": 2, "unchanged": 24, "unmapped": 0, "refused": 0}
    assert Patient.objects.get().phone == "+46 8 555 99 99"
    diagnosis = Diagnosis.objects.get()
    assert (diagnosis.diagnosed_on, diagnosis.diagnosed_precision, diagnosis.version) == (date(2021, 4, 20), "day", 2)
    assert ReviewItem.objects.count() == 0


def test_local_edit_wins_and_the_difference_is_listed(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, *bundles.net_history())
    Diagnosis.objects.update(primary_site="pancreas")
    Patient.objects.update(phone="entered here")
    history = bundles.net_history()
    history[0]["telecom"][0]["value"] = "+46 8 555 99 99"
    history[1]["code"] = bundles.code(bundles.ICD10CM, "C7A.020", "Malignant carcinoid tumor of the appendix")
    run(team, tmp_path, *history)
    assert Diagnosis.objects.get().primary_site == "pancreas"
    assert Diagnosis.objects.get().icd10 == "C7A.020"
    assert Patient.objects.get().phone == "entered here"
    found = {(item.field, item.ours, item.theirs) for item in ReviewItem.objects.all()}
    assert found == {("primary_site", "Pancreas", "Appendix"), ("phone", "entered here", "+46 8 555 99 99")}


def test_same_difference_is_listed_once(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, *bundles.net_history())
    Patient.objects.update(phone="entered here")
    for number in ("1", "2"):
        history = bundles.net_history()
        history[0]["telecom"][0]["value"] = number
        run(team, tmp_path, *history)
    assert [item.theirs for item in ReviewItem.objects.all()] == ["2"]


def test_withdrawn_by_the_source_asks_and_removes_nothing(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, *bundles.net_history())
    history = bundles.net_history()
    marker = next(r for r in history if r["id"].startswith("o-9811-1"))
    marker["status"] = "entered-in-error"
    run(team, tmp_path, *history)
    assert Measurement.objects.filter(code="9811-1", error_at__isnull=True).count() == 1
    assert [(item.field, item.theirs) for item in ReviewItem.objects.all()] == [("", "withdrawn by the source")]
    assert SourceRecord.objects.get(resource_id=marker["id"]).status == "withdrawn"


def test_later_doses_join_the_line_they_belong_to(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, *bundles.net_history())
    run(team, tmp_path, bundles.patient(), bundles.administration("H01CB03", "Lanreotide 120 mg", "2021-07-05"))
    line = TreatmentLine.objects.get(modality="ssa")
    assert line.started_on == date(2021, 7, 5)
    assert sorted(line.administrations.values_list("number", "given_on")) == [
        (1, date(2021, 8, 2)),
        (2, date(2021, 8, 30)),
        (3, date(2021, 9, 27)),
        (4, date(2021, 10, 25)),
        (5, date(2021, 11, 22)),
        (6, date(2021, 7, 5)),
    ]


def test_what_the_database_refuses_stops_only_itself(team: Team, tmp_path: Path) -> None:
    good = bundles.observation("718-7", 13.1, "g/dL", "2024-03-03")
    # a dose beyond the column's digits passes every rule of ours and is refused by the database only
    huge = bundles.administration(
        "H01CB03", "Lanreotide", "2024-03-04", dosage={"dose": {"value": 9_999_999.9996, "unit": "mg"}}
    )
    outcome = run(team, tmp_path, bundles.patient(), good, huge, bundles.condition())
    assert Measurement.objects.count() == Diagnosis.objects.count() == TreatmentLine.objects.count() == 1
    assert Administration.objects.count() == 0
    assert [line.message.partition("could")[2][:20] for line in outcome.lines] == [" not be stored: nume"]


def test_observation_before_its_patient_waits_and_is_attached_later(team: Team, tmp_path: Path) -> None:
    first = run(team, tmp_path, bundles.observation("718-7", 13.1, "g/dL", subject={"reference": "Patient/p-1"}))
    assert first.as_counts == {"created": 0, "updated": 0, "unchanged": 0, "unmapped": 1, "refused": 0}
    reason = "its patient Patient/p-1 is not known here; import the patient, then it is attached by itself"
    assert messages(first) == [f"unmapped: Observation: 718-7: {reason}"]
    run(team, tmp_path, bundles.patient())
    assert Measurement.objects.get().patient == Patient.objects.get()
    assert SourceRecord.objects.get(resource_type="Observation").status == "mapped"


def test_reference_to_a_patient_of_an_earlier_import_is_found(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, bundles.patient())
    by_id = bundles.observation("718-7", 13.1, "g/dL", subject={"reference": "Patient/p-1"})
    by_identifier = bundles.observation(
        "777-3", 210, "10*9/L", subject={"identifier": {"system": bundles.MRN, "value": "4711"}}
    )
    conditional = bundles.observation(
        "6690-2", 5.1, "10*9/L", subject={"reference": f"Patient?identifier={bundles.MRN}|4711"}
    )
    outcome = run(team, tmp_path, by_id, by_identifier, conditional)
    assert outcome.as_counts["created"] == 3
    assert Measurement.objects.filter(patient=Patient.objects.get()).count() == 3


def test_contained_patient_is_imported(team: Team, tmp_path: Path) -> None:
    inner = bundles.patient(id="inside")
    run(team, tmp_path, bundles.observation("718-7", 13, "g/dL", contained=[inner], subject={"reference": "#inside"}))
    assert Measurement.objects.get().patient == Patient.objects.get()


def test_patient_entered_here_is_matched_and_keeps_what_was_entered(team: Team, tmp_path: Path) -> None:
    ours = factories.patient(
        team, family_name="Lindqvist", given_name="Ingrid", birth_date=date(1958, 3, 14), mrn="A", phone="123"
    )
    PatientIdentifier.objects.create(patient=ours, team=team, system=bundles.MRN, value="4711")
    run(team, tmp_path, *bundles.net_history())
    ours.refresh_from_db()
    assert Patient.objects.count() == 1
    assert (ours.phone, ours.email, ours.enrollment_status) == ("123", "ingrid@example.org", "active")
    assert ("phone", "123", "+46 8 555 01 02") in set(ReviewItem.objects.values_list("field", "ours", "theirs"))


def test_identifier_of_somebody_else_never_merges_two_people(team: Team, tmp_path: Path) -> None:
    other = bundles.patient(id="p-2", name=[{"family": "Okafor", "given": ["Chidi"]}], birthDate="1990-01-01")
    outcome = run(team, tmp_path, bundles.patient(), other)
    assert sorted(Patient.objects.values_list("family_name", flat=True)) == ["Lindqvist", "Okafor"]
    assert PatientIdentifier.objects.get().patient.family_name == "Lindqvist"
    assert len([line for line in outcome.lines if "another name and birth date" in line.message]) == 1
    assert run(team, tmp_path, bundles.patient(), other).as_counts["unchanged"] == 2


def test_same_key_with_another_person_is_refused_later(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, bundles.patient())
    other = bundles.patient(name=[{"family": "Okafor", "given": ["Chidi"]}], birthDate="1990-01-01")
    outcome = run(team, tmp_path, other, bundles.observation("718-7", 13.1, "g/dL"))
    assert Patient.objects.get().family_name == "Lindqvist"
    assert Measurement.objects.count() == 0
    assert outcome.as_counts == {"created": 0, "updated": 0, "unchanged": 0, "unmapped": 1, "refused": 1}


def test_same_name_and_birth_date_under_other_numbers_is_pointed_out(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, bundles.patient())
    outcome = run(team, tmp_path, bundles.patient("4712", id="p-2"))
    first = Patient.objects.earliest("pk")
    assert messages(outcome) == [
        f"warning: has the name and birth date of patient {first.pk} under other numbers; merge them if they are one"
    ]
    assert Patient.objects.count() == 2


def test_two_teams_have_patients_of_their_own(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, bundles.patient())
    run(factories.team(), tmp_path, bundles.patient())
    assert Patient.objects.count() == 2


def test_namespaces_keep_equal_ids_apart(team: Team, tmp_path: Path) -> None:
    one, other = bundles.patient(), bundles.patient("9", name=[{"family": "Okafor"}], birthDate="1990-01-01")
    run(team, tmp_path, one, bundles.observation("718-7", 13.1, "g/dL"), namespace="north")
    run(team, tmp_path, other, bundles.observation("718-7", 9.9, "g/dL"), namespace="south")
    assert sorted(Measurement.objects.values_list("patient__family_name", "value")) == [
        ("Lindqvist", Decimal("13.1")),
        ("Okafor", Decimal("9.9")),
    ]


def test_another_cancer_is_flagged_as_no_net(team: Team, tmp_path: Path) -> None:
    cancer = bundles.condition(
        code=bundles.code(bundles.SNOMED, "93761005", "Primary malignant neoplasm of colon"), extension=[]
    )
    run(team, tmp_path, bundles.patient(), cancer)
    assert (Diagnosis.objects.get().net_status, Diagnosis.objects.get().primary_site) == ("not_net", "cecum_colon")


def test_value_in_the_wrong_unit_is_questioned_not_stored(team: Team, tmp_path: Path) -> None:
    outcome = run(team, tmp_path, bundles.patient(), bundles.observation("718-7", 131, "g/dL"))
    assert Measurement.objects.count() == 0
    assert messages(outcome) == [
        "unmapped: Observation: 718-7: Hemoglobin 131 is not plausible in g/dL. Did you mean g/L?"
    ]


def test_value_in_another_unit_is_converted_and_kept_as_sent(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, bundles.patient(), bundles.observation("718-7", 131, "g/L"))
    found = Measurement.objects.get()
    assert (found.value, found.unit, found.original_value, found.original_unit) == (
        Decimal("13.1"),
        "g/dL",
        "131",
        "g/L",
    )


def test_death_is_recorded_and_opens_no_task(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, bundles.patient(deceasedDateTime="2024-02-03"))
    assert Patient.objects.get().deceased_on == date(2024, 2, 3)
    assert NextStep.objects.count() == 0


def test_death_without_a_date_is_known_all_the_same(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, bundles.patient(deceasedBoolean=True))
    assert Patient.objects.get().is_deceased is True


def test_death_that_was_taken_back_is_not_recorded_again(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, bundles.patient())
    run(team, tmp_path, bundles.patient(deceasedDateTime="2024-02-03"))
    chief = factories.person(team, Role.TEAM_LEAD)
    withdraw_death(Patient.objects.get(), reason="Other patient", by=chief, now=NOW)
    outcome = run(team, tmp_path, bundles.patient(deceasedDateTime="2024-02-04"))
    assert Patient.objects.get().is_deceased is False
    assert "warning: says that the patient died; that was taken back here and is left out" in messages(outcome)


def test_death_that_comes_later_closes_what_is_open(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, bundles.patient())
    run(team, tmp_path, bundles.patient(deceasedDateTime="2024-02-03"))
    patient = Patient.objects.get()
    assert (patient.deceased_on, patient.enrollment_status) == (date(2024, 2, 3), "deceased")
    assert NextStep.objects.filter(closed_at__isnull=True).count() == 0


def test_person_without_the_right_imports_nothing(team: Team, tmp_path: Path) -> None:
    from django.core.exceptions import ValidationError

    from careteam.people.rules import Role

    path = bundles.write(tmp_path / "f.json", bundles.patient())
    with pytest.raises(ValidationError, match="do not include imports"):
        import_sources([path], team=team, by=factories.person(team, Role.DIETITIAN), now=NOW)
    assert Patient.objects.count() == 0


def test_every_row_knows_its_sources(team: Team, tmp_path: Path) -> None:
    run(team, tmp_path, *bundles.net_history())
    ids = set(SourceRecord.objects.values_list("pk", flat=True))
    rows = ImportedRow.objects.exclude(table="patient")
    assert [row for row in rows if not row.record_ids or not set(row.record_ids) <= ids] == []


def test_verbatim_resource_is_what_came(team: Team, tmp_path: Path) -> None:
    strange = bundles.patient(extension=[{"url": "http://x", "valueDecimal": 1.25, "nested": {"ü": [None, True]}}])
    run(team, tmp_path, strange)
    assert SourceRecord.objects.get().resource == strange


def test_time_zone_of_the_team_places_days_without_a_time(tmp_path: Path) -> None:
    team = factories.team(time_zone="America/New_York")
    run(team, tmp_path, bundles.patient(), bundles.observation("718-7", 13.1, "g/dL", "2024-03-03"))
    assert Measurement.objects.get().taken_at == datetime(2024, 3, 3, 5, 0, tzinfo=UTC)
