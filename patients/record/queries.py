"""Reading the record across its tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.http import Http404

from careteam.audit.commands import note_read
from careteam.web.svg import Sparkline, sparkline
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
    Measurement,
    Medication,
    Metastasis,
    Patient,
    PatientContact,
    PatientIdentifier,
    ReceptorImaging,
    Specimen,
)
from patients.record.rules import MEASURES, NEC_GRADES, Grade, GradeResult, NetStatus

if TYPE_CHECKING:
    from django.http import HttpRequest

    from careteam.people.models import User


def readable_patient(request: HttpRequest, patient_id: int) -> Patient:
    """The patient, if this person may see them (else 404, never 403), and the read is noted for the audit trail.

    A merged patient is read through: the surviving row is returned.
    """
    patients = Patient.objects.visible_to(request.user).select_related("team")
    patient = patients.filter(pk=patient_id).first()
    if patient is not None and patient.merged_into_id is not None:
        patient = patients.filter(pk=patient.merged_into_id).first()
    if patient is None:
        raise Http404("No such patient, or not yours to see.")
    note_read(request, [patient.pk], team_id=patient.team_id)
    return patient


@dataclass(frozen=True)
class PatientGrade:
    """Grade over all specimens: the highest counts, the latest is shown beside it when it differs."""

    highest: GradeResult
    highest_on: date | None
    highest_ki67: str
    highest_site: str
    latest: GradeResult
    latest_on: date | None
    specimens: int

    @property
    def is_nec(self) -> bool:
        return self.highest.grade in NEC_GRADES


def grade_from(specimens: list[Specimen]) -> PatientGrade:
    """Highest and latest grade of these specimens (valid ones of one patient). Without any: unclassified."""
    if not specimens:
        none = GradeResult(Grade.UNCLASSIFIED, missing=("specimen",))
        return PatientGrade(none, None, "", "", none, None, 0)
    graded = [(specimen, specimen.grade) for specimen in specimens]
    oldest = date.min
    top, top_grade = max(graded, key=lambda pair: (pair[1].severity, pair[0].taken_on or oldest))
    last, last_grade = max(graded, key=lambda pair: (pair[0].taken_on or oldest, pair[0].pk or 0))
    return PatientGrade(
        top_grade,
        top.taken_on,
        f"{top.ki67.normalize():f}" if top.ki67 is not None else "",
        top.site,
        last_grade,
        last.taken_on,
        len(specimens),
    )


def grade_of_patient(patient_id: int) -> PatientGrade:
    return grade_from(list(Specimen.objects.valid().filter(patient_id=patient_id)))


def responsible_clinician(patient_id: int) -> User | None:
    """The named person who decides when something is red; None when nobody is named or the person left."""
    member = (
        CareTeamMember.objects.valid()
        .filter(patient_id=patient_id, is_responsible=True, ended_on__isnull=True, person__is_active=True)
        .select_related("person")
        .first()
    )
    return member.person if member else None


@dataclass(frozen=True)
class Trend:
    """One measured thing: the latest value, its series (oldest first) and what the reference says."""

    label: str
    latest: Measurement
    values: tuple[float, ...]
    reading: str

    @property
    def spark(self) -> Sparkline | None:
        return (
            sparkline(self.values, label=f"{self.label}, last {len(self.values)} values")
            if len(self.values) > 1
            else None
        )

    @property
    def unit(self) -> str:
        """The unit as people write it: UCUM `10*9/L` reads ×10⁹/L."""
        measure = MEASURES.get(self.latest.code)
        known = measure.unit_named(self.latest.unit) if measure else None
        if known is not None:
            return known.label if known.label != known.code or "{" not in known.code else ""
        return "" if self.latest.unit == "1" else ANNOTATION.sub(r"\1", self.latest.unit).replace("_", " ")

    @property
    def reference(self) -> str:
        low, high = self.latest.reference_low, self.latest.reference_high
        if low is not None and high is not None:
            return f"{low.normalize():f}–{high.normalize():f}"
        if high is not None:
            return f"ULN {high.normalize():f}"
        return ""


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


SERIES_LENGTH = 12
ANNOTATION = re.compile(r"\{([^}]*)\}?")  # UCUM annotations: {score}, {1.73_m2}
ENCOUNTERS_SHOWN = 12


def _reading(latest: Measurement) -> str:
    if latest.value is None:
        return latest.interpretation
    if latest.reference_high is not None and latest.value > latest.reference_high:
        return "High"
    if latest.reference_low is not None and latest.value < latest.reference_low:
        return "Low"
    return ""


def trends_of(patient_id: int) -> tuple[Trend, ...]:
    """Every measured code with its last values, in one query; known tests first, in the order of the catalog."""
    series: dict[str, list[Measurement]] = {}
    recent = (
        Measurement.objects.valid()
        .filter(patient_id=patient_id)
        .annotate(place=Window(RowNumber(), partition_by=[F("code")], order_by=[F("taken_at").desc(), F("id").desc()]))
        .filter(place__lte=SERIES_LENGTH)
        .order_by("code", "taken_at", "pk")
    )
    for row in recent:
        series.setdefault(row.code, []).append(row)
    order = {code: position for position, code in enumerate(MEASURES)}
    codes = sorted(series, key=lambda code: (order.get(code, len(order)), series[code][-1].label))
    return tuple(
        Trend(
            label=series[code][-1].label,
            latest=series[code][-1],
            values=tuple(float(row.value) for row in series[code] if row.value is not None),
            reading=_reading(series[code][-1]),
        )
        for code in codes
    )


def overview(patient_id: int) -> Overview:
    """Seventeen queries, whatever the length of the record."""

    def rows(model: type[ClinicalRow], *order: str) -> tuple[Any, ...]:
        return tuple(model.objects.valid().filter(patient_id=patient_id).order_by(*order))

    return Overview(
        diagnoses=rows(Diagnosis, "-is_main", "-diagnosed_on", "-pk"),
        metastases=rows(Metastasis, "site", "pk"),
        liver=rows(LiverAssessment, "-assessed_on", "-pk"),
        specimens=rows(Specimen, "-taken_on", "-pk"),
        receptor=rows(ReceptorImaging, "-imaged_on", "-pk"),
        statuses=rows(DiseaseStatus, "-assessed_on", "-pk"),
        trends=trends_of(patient_id),
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
                lambda r: _words(
                    r.site_detail,
                    r.diagnosed_on,
                    f"stage {r.stage}" if r.stage else "",
                    r.get_syndrome_display(),
                    r.icd10,
                ),
            ),
        ),
        (
            "specimen",
            "Specimens and grade",
            of(
                record.specimens,
                lambda r: (
                    f"{r.grade.grade.label}" + (f", Ki-67 {r.ki67.normalize():f} %" if r.ki67 is not None else "")
                ),
                lambda r: _words(
                    r.site,
                    r.get_kind_display(),
                    r.taken_on,
                    *r.grade.conflicts,
                    *(f"missing: {m}" for m in r.grade.missing),
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
                    f"burden {r.burden_percent} %" if r.burden_percent is not None else "",
                    f"{r.get_scheme_display()} type {r.pattern}" if r.pattern else "",
                ),
                lambda r: _words(r.lobes, r.assessed_on),
            ),
        ),
        (
            "receptorimaging",
            "Receptor status",
            of(
                record.receptor,
                lambda r: _words(
                    {True: "SSTR positive", False: "SSTR negative", None: "SSTR not stated"}[r.positive],
                    f"Krenning {r.krenning} {r.get_modality_display()}" if r.krenning is not None else "",
                ),
                lambda r: _words(r.get_tracer_display(), r.finding[:120], r.imaged_on),
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
        ("geneticresult", "Genetics", of(record.genetics, str, lambda r: _words(r.get_origin_display(), r.tested_on))),
        (
            "admission",
            "Admissions",
            of(
                record.admissions,
                lambda r: r.reason or "Admission",
                lambda r: _words("unplanned" if r.unplanned else "", r.place, r.admitted_on, r.discharged_on),
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
