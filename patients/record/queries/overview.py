"""The whole record of one patient, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from careteam.web.words import day
from patients.record.models import (
    Admission,
    Allergy,
    CareTeamMember,
    ClinicalFlag,
    ClinicalRow,
    Comorbidity,
    Diagnosis,
    DiseaseStatus,
    Encounter,
    GeneticResult,
    LiverAssessment,
    Medication,
    Metastasis,
    Patient,
    PatientContact,
    PatientIdentifier,
    ReceptorImaging,
    Specimen,
    SymptomAssessment,
)
from patients.record.queries.results import Trend, trends_of
from patients.record.rules import NetStatus, esas_total


@dataclass(frozen=True)
class Overview:
    """The whole record of one patient, latest first."""

    diagnoses: tuple[Diagnosis, ...]
    metastases: tuple[Metastasis, ...]
    liver: tuple[LiverAssessment, ...]
    specimens: tuple[Specimen, ...]
    receptor: tuple[ReceptorImaging, ...]
    statuses: tuple[DiseaseStatus, ...]
    trends: tuple[Trend, ...]
    symptoms: tuple[SymptomAssessment, ...]
    genetics: tuple[GeneticResult, ...]
    allergies: tuple[Allergy, ...]
    medications: tuple[Medication, ...]
    comorbidities: tuple[Comorbidity, ...]
    flags: tuple[ClinicalFlag, ...]
    admissions: tuple[Admission, ...]
    encounters: tuple[Encounter, ...]
    contacts: tuple[PatientContact, ...]
    care_team: tuple[CareTeamMember, ...]
    identifiers: tuple[PatientIdentifier, ...]


ENCOUNTERS_SHOWN = 12


def overview(patient: Patient) -> Overview:
    """Eighteen queries, whatever the length of the record."""
    patient_id = patient.pk

    def rows(model: type[ClinicalRow], *order: str) -> tuple[Any, ...]:
        return tuple(model.objects.valid().filter(patient_id=patient_id).order_by(*order))

    return Overview(
        diagnoses=rows(Diagnosis, "-is_main", "-diagnosed_on", "-pk"),
        metastases=rows(Metastasis, "site", "pk"),
        liver=rows(LiverAssessment, "-assessed_on", "-pk"),
        specimens=rows(Specimen, "-taken_on", "-pk"),
        receptor=rows(ReceptorImaging, "-imaged_on", "-pk"),
        statuses=rows(DiseaseStatus, "-assessed_on", "-pk"),
        trends=trends_of(patient),
        symptoms=rows(SymptomAssessment, "-assessed_on", "-pk"),
        genetics=rows(GeneticResult, "gene", "pk"),
        allergies=rows(Allergy, "kind", "pk"),
        medications=rows(Medication, "ended_on", "name", "pk"),
        comorbidities=rows(Comorbidity, "resolved_on", "label", "pk"),
        flags=rows(ClinicalFlag, "kind", "-asked_on", "-pk"),
        admissions=rows(Admission, "-admitted_on", "-pk"),
        encounters=tuple(
            Encounter.objects.valid().filter(patient_id=patient_id).order_by("-starts_at", "-pk")[:ENCOUNTERS_SHOWN]
        ),
        contacts=rows(PatientContact, "name", "pk"),
        care_team=tuple(
            CareTeamMember.objects.valid()
            .filter(patient_id=patient_id, ended_on__isnull=True)
            .select_related("person")
            .order_by("-is_responsible", "role", "pk")
        ),
        identifiers=tuple(PatientIdentifier.objects.filter(patient_id=patient_id).order_by("system", "value")),
    )


@dataclass(frozen=True)
class EntryRow:
    """One fact in words, for the whole-record page."""

    pk: int
    what: str
    detail: str


def _words(*parts: object) -> str:
    return ", ".join(day(part) if isinstance(part, date) else str(part) for part in parts if part)


def _stage(row: Diagnosis) -> str:
    """Stage as entered, never without saying by which edition."""
    if not row.stage:
        return ""
    tnm = " ".join(part for part in (row.stage_t, row.stage_n, row.stage_m) if part)
    detail = f" ({row.stage_detail})" if row.stage_detail and row.stage_detail != row.stage_m else ""
    edition = row.stage_edition or "edition not stated"
    return f"stage {row.stage}{detail}{f', {tnm}' if tnm else ''}, {edition}"


def _mixed(row: Specimen) -> str:
    if not row.is_mixed:
        return ""
    share = f"{row.mixed_share} % neuroendocrine" if row.mixed_share is not None else ""
    other = " ".join(part for part in (row.mixed_with, row.mixed_grade) if part)
    return ", ".join(part for part in (share, f"with {other}" if other else "") if part)


def _symptoms(row: SymptomAssessment) -> str:
    total = esas_total(row.scores)
    parts = [f"ESAS {total} of 90" if total is not None else "ESAS incomplete"]
    if row.distress is not None:
        parts.append(f"distress {row.distress}")
    return ", ".join(parts)


def _genetic(row: GeneticResult) -> str:
    """What the laboratory says, and what follows from it."""
    return _words(
        row.get_origin_display(),
        row.get_significance_display(),
        row.tested_on,
        f"report {row.reference}" if row.reference else "",
        f"follows: {row.consequence}" if row.consequence else "",
    )


def sections(record: Overview) -> list[tuple[str, str, list[EntryRow]]]:
    """The record in words: (kind of entry, heading, rows), in the order people look for them."""

    def of(rows: tuple[Any, ...], what: Callable[[Any], str], detail: Callable[[Any], str]) -> list[EntryRow]:
        return [EntryRow(row.pk, what(row) or "Not stated", detail(row)) for row in rows]

    return [
        (
            "diagnosis",
            "Diagnosis",
            of(
                record.diagnoses,
                lambda r: (
                    str(r) + ("" if r.net_status == NetStatus.NET else f" ({r.get_net_status_display().lower()})")
                ),
                lambda r: _words(r.site_detail, r.diagnosed_on, _stage(r), r.get_syndrome_display(), r.icd10),
            ),
        ),
        (
            "specimen",
            "Specimens and grade",
            of(
                record.specimens,
                lambda r: r.grade.words + (f", Ki-67 {r.ki67.normalize():f} %" if r.ki67 is not None else ""),
                lambda r: _words(
                    r.site,
                    r.get_kind_display(),
                    r.taken_on,
                    f"{r.mitoses.normalize():f} mitoses per 2 mm²" if r.mitoses is not None else "",
                    _mixed(r),
                    *r.grade.conflicts,
                    *(f"missing: {m}" for m in r.grade.missing),
                    *r.grade.notes,
                ),
            ),
        ),
        ("metastasis", "Metastases", of(record.metastases, str, lambda r: _words(r.detail, r.found_on))),
        (
            "liverassessment",
            "Liver metastases",
            of(
                record.liver,
                lambda r: _words(
                    f"burden {r.burden_percent} % ({r.burden})" if r.burden_percent is not None else "",
                    f"{r.get_scheme_display()} type {r.pattern}" if r.pattern else "",
                ),
                lambda r: _words(
                    r.lobes,
                    f"ascites {r.get_ascites_display().lower()}" if r.ascites else "",
                    f"encephalopathy {r.get_encephalopathy_display().lower()}" if r.encephalopathy else "",
                    r.assessed_on,
                ),
            ),
        ),
        (
            "receptorimaging",
            "Receptor status",
            of(
                record.receptor,
                lambda r: _words(
                    {True: "SSTR positive", False: "SSTR negative", None: "SSTR not stated"}[r.positive],
                    f"Krenning {r.krenning} ({r.get_modality_display() or 'modality not stated'})"
                    if r.krenning is not None
                    else "",
                    f"SSTR-RADS {r.sstr_rads}" if r.sstr_rads else "",
                    f"NETPET {r.netpet}" if r.netpet else "",
                ),
                lambda r: _words(
                    r.get_tracer_display(),
                    f"{r.discordant_lesions} FDG-positive, SSTR-negative" if r.discordant_lesions else "",
                    r.finding[:120],
                    r.imaged_on,
                ),
            ),
        ),
        (
            "diseasestatus",
            "Response and progression",
            of(
                record.statuses,
                lambda r: r.get_category_display(),
                lambda r: _words(r.get_method_display(), r.note[:120], r.assessed_on),
            ),
        ),
        (
            "symptomassessment",
            "Symptoms asked",
            of(
                record.symptoms,
                _symptoms,
                lambda r: _words(r.get_filled_by_display().lower(), r.assessed_on, r.answer[:120]),
            ),
        ),
        ("allergy", "Allergies", of(record.allergies, str, lambda r: _words(r.reaction, r.severity, r.asked_on))),
        (
            "medication",
            "Medication",
            of(
                record.medications,
                str,
                lambda r: _words(r.dose, r.started_on, f"ended {day(r.ended_on)}" if r.ended_on else ""),
            ),
        ),
        ("comorbidity", "Comorbidities", of(record.comorbidities, str, lambda r: _words(r.icd10, r.since))),
        ("clinicalflag", "Alerts asked", of(record.flags, str, lambda r: _words(r.detail, r.asked_on))),
        ("geneticresult", "Genetics", of(record.genetics, str, _genetic)),
        (
            "admission",
            "Admissions",
            of(
                record.admissions,
                lambda r: r.reason or "Admission",
                lambda r: _words(
                    "unplanned" if r.unplanned else "",
                    r.place,
                    r.admitted_on,
                    r.discharged_on,
                    f"intensive care from {day(r.icu_from)}" if r.icu_from else "",
                ),
            ),
        ),
        (
            "encounter",
            "Visits and calls",
            of(record.encounters, lambda r: r.reason or r.kind, lambda r: _words(r.with_whom, r.starts_at)),
        ),
        (
            "patientcontact",
            "People who may be told",
            of(
                record.contacts,
                lambda r: _words(r.name, r.relation),
                lambda r: _words(
                    r.get_scope_display(),
                    "proxy" + (", document seen" if r.proxy_document_seen else "") if r.is_proxy else "",
                    r.phone,
                ),
            ),
        ),
        (
            "careteammember",
            "Care team",
            of(
                record.care_team,
                str,
                lambda r: _words(
                    r.get_role_display(), "responsible" if r.is_responsible else "", r.organization, r.phone
                ),
            ),
        ),
    ]
