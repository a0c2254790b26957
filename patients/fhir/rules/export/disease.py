"""The disease: diagnosis with stage, spread, specimens with their findings, course, genes, receptors."""

from typing import Any

from patients.fhir.rules.codes import own
from patients.fhir.rules.codes.systems import ICD10, ICD10CM, ICDO3, LOINC, SNOMED
from patients.fhir.rules.export.shape import (
    MCODE,
    coding,
    concept,
    extension,
    filled,
    hl7,
    number,
    partial,
    quantity,
    reference,
    start,
)
from patients.fhir.rules.report import JsonObject

# mCODE STU4. (V)
_AXES = {
    ("T", "c"): ("399504009", "mcode-tnm-primary-tumor-category"),
    ("N", "c"): ("399534004", "mcode-tnm-regional-nodes-category"),
    ("M", "c"): ("399387003", "mcode-tnm-distant-metastases-category"),
    ("T", "p"): ("384625004", "mcode-tnm-primary-tumor-category"),
    ("N", "p"): ("371494008", "mcode-tnm-regional-nodes-category"),
    ("M", "p"): ("371497001", "mcode-tnm-distant-metastases-category"),
    ("group", "c"): ("399537006", "mcode-tnm-stage-group"),
}
_SECONDARY = {"lymph_nodes": "C7B.01", "liver": "C7B.02", "bone": "C7B.03", "peritoneum": "C7B.04"}


def _icd(code: str) -> JsonObject:
    american = code.upper().startswith(("C7A", "C7B", "D3A"))
    return coding(ICD10CM if american else ICD10, code)


def diagnosis(row: Any, export: Any) -> list[JsonObject]:
    """A primary cancer and its stage."""
    codes = [_icd(row.icd10)] if row.icd10 else []
    codes += [coding(SNOMED, row.snomed)] if row.snomed else []
    site = row.get_primary_site_display() if row.primary_site else ""
    histology = filled(
        url=MCODE + "mcode-histology-morphology-behavior",
        valueCodeableConcept=concept(coding(ICDO3, row.morphology)) if row.morphology else {},
    )
    extensions = [extension(own.NET_STATUS, valueCode=row.net_status)]
    extensions += [extension(own.SYNDROME, valueCode=row.syndrome)] if row.syndrome else []
    extensions += [histology] if "valueCodeableConcept" in histology else []
    condition = filled(
        **start("Condition", "diagnosis", row.pk, "mcode-primary-cancer-condition"),
        extension=extensions,
        clinicalStatus=hl7("condition-clinical", "resolved" if row.resolved_on else "active"),
        code=concept(*codes, text=row.label or (f"Neoplasm: {site}" if site else "Neoplasm")),
        bodySite=[concept(coding(own.PRIMARY_SITE, row.primary_site), text=row.site_detail)]
        if row.primary_site
        else [],
        subject=export.subject,
        onsetDateTime=partial(row.diagnosed_on, row.diagnosed_precision),
    )
    return [condition, *(_stages(row, condition["id"], export) if row.is_main else [])]


def _stages(row: Any, focus: str, export: Any) -> list[JsonObject]:
    found = []
    for axis, value in (("T", row.stage_t), ("N", row.stage_n), ("M", row.stage_m), ("group", row.stage)):
        if not value:
            continue
        stated = axis == "group" or value[0] in "cp"
        code, profile = _AXES[axis, value[0] if value[0] in "cp" else "c"]
        said = f"Stage {row.stage_detail or value}" if axis == "group" else value
        found.append(
            filled(
                **start("Observation", f"stage-{axis}", row.pk, profile),
                status="final",
                # a basis that nobody stated must not turn into “clinical”
                code=concept(coding(SNOMED, code)) if stated else concept(text=f"{axis} category"),
                subject=export.subject,
                focus=[reference("Condition", focus)],
                effectiveDateTime=partial(row.staged_on or row.diagnosed_on, "day"),
                valueCodeableConcept=concept(text=said),
                method=concept(text=_edition(row.stage_edition)),
            )
        )
    return found


def _edition(said: str) -> str:
    system, _, edition = said.partition(" ")
    return f"{system}, {edition} edition" if edition.isdigit() else said


def metastasis(row: Any, export: Any) -> list[JsonObject]:
    """A place where the tumor has spread to."""
    site = row.get_site_display()
    return [
        filled(
            **start("Condition", "metastasis", row.pk, "mcode-secondary-cancer-condition"),
            clinicalStatus=hl7("condition-clinical", "active"),
            code=concept(text=row.detail or f"Secondary malignant neoplasm of {site.lower()}"),
            bodySite=[concept(coding(own.METASTATIC_SITE, row.site, site))],
            subject=export.subject,
            onsetDateTime=partial(row.found_on, "day"),
        )
    ]


def specimen(row: Any, export: Any) -> list[JsonObject]:
    """Tissue, and what pathology read in it."""
    tissue = filled(
        **start("Specimen", "specimen", row.pk, "mcode-human-specimen"),
        accessionIdentifier={"value": row.reference} if row.reference else {},
        type=hl7("v2-0487", "TISS"),
        subject=export.subject,
        collection=filled(
            collectedDateTime=partial(row.taken_on, "day"), bodySite=concept(text=row.site) if row.site else {}
        ),
    )
    made = [tissue]
    shared = filled(
        status="final",
        subject=export.subject,
        specimen=reference("Specimen", tissue["id"]),
        effectiveDateTime=partial(row.taken_on, "day"),
    )
    if row.ki67 is not None:
        made.append(
            start("Observation", "ki67", row.pk, "mcode-tumor-marker-test")
            | shared
            | {"code": concept(coding(LOINC, "29593-1"), text="Ki-67"), "valueQuantity": quantity(row.ki67, "%")}
        )
    if row.mitoses is not None:
        value = {"value": number(row.mitoses), "unit": "per 2 mm2"}
        made.append(
            start("Observation", "mitoses", row.pk)
            | shared
            | {"code": concept(text="Mitoses per 2 mm2"), "valueQuantity": value}
        )
    kind = "mixed" if row.is_mixed else row.differentiation
    if kind:
        code, said = own.HISTOLOGY[kind, row.cell_type if kind == "poor" else ""]
        value_ = concept(*([coding(ICDO3, code)] if code else []), text=said)
        made.append(
            start("Observation", "histology", row.pk, "mcode-histologic-behavior-and-type")
            | shared
            | {"code": concept(coding(LOINC, "31206-6")), "valueCodeableConcept": value_}
        )
    if row.conclusion:
        made.append(_report(row, shared))
    return made + _taking(row, export)


def _report(row: Any, shared: JsonObject) -> JsonObject:
    return filled(
        **start("DiagnosticReport", "pathology", row.pk),
        status="final",
        category=[hl7("v2-0074", "SP")],
        code=concept(coding(LOINC, "22634-0"), text="Pathology report"),
        subject=shared["subject"],
        effectiveDateTime=shared.get("effectiveDateTime", ""),
        specimen=[shared["specimen"]],
        conclusion=row.conclusion,
    )


def _taking(row: Any, export: Any) -> list[JsonObject]:
    """A biopsy is a procedure of its own; a resection stands with its treatment line."""
    if row.kind != "biopsy" or row.taken_on is None:
        return []
    return [
        filled(
            **start("Procedure", "biopsy", row.pk),
            status="completed",
            code=concept(text="Biopsy"),
            subject=export.subject,
            performedDateTime=row.taken_on.isoformat(),
        )
    ]


def status(row: Any, export: Any) -> list[JsonObject]:
    """The course of the disease."""
    label = row.get_category_display()
    return [
        filled(
            **start("Observation", "diseasestatus", row.pk, "mcode-cancer-disease-status"),
            status="final",
            code=concept(coding(LOINC, "97509-4", "Cancer Disease Progression")),
            subject=export.subject,
            effectiveDateTime=row.assessed_on.isoformat(),
            valueCodeableConcept=concept(coding(own.RESPONSE, row.category, label), text=row.note or label),
        )
    ]


def genetic(row: Any, export: Any) -> list[JsonObject]:
    """A variant with its gene."""
    origin = ("LA6683-2", "Germline") if row.origin == "germline" else ("LA6684-0", "Somatic")
    codes = [coding(*code.split("|", 1)) for code in row.codes if "|" in code]
    parts = [
        {"code": concept(coding(LOINC, "48018-6")), "valueCodeableConcept": concept(*codes, text=row.gene)},
        {"code": concept(coding(LOINC, "48004-6")), "valueCodeableConcept": concept(text=row.result)},
        {"code": concept(coding(LOINC, "48002-0")), "valueCodeableConcept": concept(coding(LOINC, *origin))},
    ]
    if row.pathogenic is not None:
        said = "Pathogenic" if row.pathogenic else "Not classified as disease causing"
        parts.append({"code": concept(coding(LOINC, "53037-8")), "valueCodeableConcept": concept(text=said)})
    return [
        filled(
            **start("Observation", "geneticresult", row.pk, "mcode-genomic-variant"),
            status="final",
            code=concept(coding(LOINC, "69548-6")),
            subject=export.subject,
            effectiveDateTime=partial(row.tested_on, "day"),
            valueCodeableConcept=concept(coding(LOINC, "LA9633-4", "Present")),
            component=parts,
        )
    ]


def receptor(row: Any, export: Any) -> list[JsonObject]:
    """A Krenning score; other receptor findings stand in the report of their study."""
    if row.krenning is None:
        return []
    said = f"Krenning score ({row.get_modality_display()})" if row.modality else "Krenning score"
    return [
        filled(
            **start("Observation", "receptorimaging", row.pk),
            status="final",
            code=concept(text=said),
            subject=export.subject,
            effectiveDateTime=row.imaged_on.isoformat(),
            valueInteger=row.krenning,
            note=[{"text": row.finding}] if row.finding else [],
        )
    ]
