"""Treatment lines and imaging."""

from typing import Any

from patients.fhir.rules.codes import own
from patients.fhir.rules.codes.drugs import BY_NAME
from patients.fhir.rules.codes.systems import ATC, DICOM, LOINC
from patients.fhir.rules.export.shape import (
    coding,
    concept,
    extension,
    filled,
    hl7,
    instant,
    number,
    partial,
    reference,
    resource_id,
    start,
)
from patients.fhir.rules.report import JsonObject

_DRUGS = frozenset({"ssa", "targeted", "prrt", "chemotherapy", "interferon", "immunotherapy", "telotristat", "trial"})
_STATEMENT = {"active": "active", "on_hold": "on-hold", "completed": "completed", "stopped": "stopped"}
_PROCEDURE = {"active": "in-progress", "on_hold": "on-hold", "completed": "completed", "stopped": "stopped"}
_GIVEN = "mcode-cancer-related-medication-administration"
_DICOM = {"ct": "CT", "mri": "MR", "sstr_pet": "PT", "fdg_pet": "PT", "us": "US", "echo": "US", "scintigraphy": "NM"}
_DICOM |= {"xray": "DX"}


def _hint(row: Any, *, whole: bool = False) -> list[JsonObject]:
    said = [extension("key", valueString=resource_id("line", row.pk))]
    for name in own.LINE_FIELDS:
        value = getattr(row, name)
        if value not in (None, ""):
            said.append(extension(name, valueString=str(value)))
    if whole:
        said.append(extension("whole", valueBoolean=True))
    return [{"url": own.LINE, "extension": said}]


def line(row: Any, export: Any) -> list[JsonObject]:
    """A line with what was given in it: drugs as statement and administrations, the rest as procedures."""
    given = [dose for dose in row.administrations.all() if dose.status == "given" and dose.error_at is None]
    return _drug(row, given, export) if row.modality in _DRUGS else _procedures(row, given, export)


def _substance(row: Any) -> JsonObject:
    agent = BY_NAME.get(row.agent.lower())
    return concept(*([coding(ATC, agent.atc[0])] if agent and agent.atc else []), text=row.agent or row.label)


def _drug(row: Any, given: list[Any], export: Any) -> list[JsonObject]:
    period = filled(
        start=partial(row.started_on or row.planned_on, row.started_precision), end=partial(row.ended_on, "day")
    )
    made = [
        filled(
            **start("MedicationStatement", "line", row.pk),
            extension=_hint(row),
            status=_STATEMENT.get(row.status, "intended"),
            statusReason=[concept(text=row.end_note or row.get_end_reason_display())] if row.end_reason else [],
            medicationCodeableConcept=_substance(row),
            subject=export.subject,
            effectivePeriod=period,
            dosage=[{"text": row.dose}] if row.dose else [],
        )
    ]
    for dose in given:
        amount: JsonObject = {}
        if dose.dose is not None:
            amount = filled(dose=filled(value=number(dose.dose), unit=dose.dose_unit))
        made.append(
            filled(
                **start("MedicationAdministration", "administration", dose.pk, _GIVEN),
                extension=_hint(row),
                status="completed",
                medicationCodeableConcept=_substance(row),
                subject=export.subject,
                effectiveDateTime=dose.given_on.isoformat(),
                dosage=amount,
            )
        )
    return made


def _procedures(row: Any, given: list[Any], export: Any) -> list[JsonObject]:
    profile = {"surgery": "mcode-cancer-related-surgical-procedure"}.get(row.modality, "")
    site = [concept(text=row.site)] if row.site else []
    whole = filled(
        **start("Procedure", "line", row.pk, profile),
        extension=_hint(row, whole=True),
        status=_PROCEDURE.get(row.status, "preparation"),
        code=concept(text=row.agent or row.get_modality_display()),
        subject=export.subject,
        performedPeriod=filled(
            start=partial(row.started_on or row.planned_on, row.started_precision), end=partial(row.ended_on, "day")
        ),
        bodySite=site,
    )
    doses = [
        filled(
            **start("Procedure", "administration", dose.pk, profile),
            extension=_hint(row),
            status="completed",
            code=concept(text=dose.reason or row.agent or row.get_modality_display()),
            subject=export.subject,
            performedDateTime=dose.given_on.isoformat(),
            bodySite=site,
        )
        for dose in given
    ]
    return [whole, *doses]


def study(row: Any, export: Any) -> list[JsonObject]:
    """A study with its report, an order, or a booked slot. What was closed without is left out; of a lab that was
    taken, the results are observations of their own."""
    label = row.get_modality_display()
    what = "Laboratory" if row.is_lab else "Imaging"
    if row.status in ("planned", "ordered"):
        return [
            filled(
                **start("ServiceRequest", "study", row.pk),
                status="active" if row.status == "ordered" else "draft",
                intent="order" if row.status == "ordered" else "plan",
                code=concept(text=f"{what}: {label} {row.region}".strip()),
                subject=export.subject,
                occurrenceDateTime=row.due_on.isoformat(),
            )
        ]
    if row.status == "scheduled":
        when = instant(row.scheduled_for) if row.scheduled_for else f"{row.due_on.isoformat()}T00:00:00Z"
        return [
            filled(
                **start("Appointment", "study", row.pk),
                status="booked",
                serviceType=[concept(text=f"{what}: {label}")],
                description=f"{label} {row.region}".strip(),
                start=when,
                end=when,
                participant=[{"actor": export.subject, "status": "accepted"}],
            )
        ]
    if row.status == "closed" or row.performed_on is None or row.is_lab:
        return []
    accession = {"type": hl7("v2-0203", "ACSN"), "system": f"{own.BASE}/accession", "value": row.accession_number}
    images = filled(
        **start("ImagingStudy", "study", row.pk),
        identifier=[accession] if row.accession_number else [],
        status="available",
        modality=[coding(DICOM, _DICOM[row.modality])] if row.modality in _DICOM else [],
        subject=export.subject,
        started=row.performed_on.isoformat(),
        procedureCode=[concept(text=label)],
        description=row.region,
    )
    if not row.reported_at and not row.conclusion:
        return [images]
    report = filled(
        **start("DiagnosticReport", "study", row.pk),
        status="final",
        category=[concept(coding(LOINC, "LP29684-5", "Radiology"))],
        code=concept(text=label),
        subject=export.subject,
        effectiveDateTime=row.performed_on.isoformat(),
        imagingStudy=[reference("ImagingStudy", images["id"])],
        conclusion=row.conclusion,
    )
    return [images, report]
