"""Imaging studies, reports, specimens, orders."""

import base64
import binascii
import re

from patients.fhir.rules.codes.imaging import IMAGING_WORDS, KINDS, NOT_IMAGING_WORDS, kind_of
from patients.fhir.rules.codes.systems import LOINC
from patients.fhir.rules.facts import AppointmentFact, Fact, ImagingFact, OrderFact, ReportFact, SpecimenFact
from patients.fhir.rules.keys import identifiers
from patients.fhir.rules.mapping.context import Context, notes
from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.values import concept, obj, objects, status, text, texts

_CANCELLED = frozenset({"cancelled", "revoked", "rejected", "noshow", "entered-in-error"})
_PATHOLOGY = re.compile(r"patholog|histolog|cytolog|biops|zytolog|\bpat\b|\bsp\b|\bcp\b|\bcyp?\b")
_GENETICS = re.compile(r"genet|genom|molecular|mutation|\bge\b|sequenc")
_LAB = re.compile(r"\blab\b|laborator|\bhm\b|\bch\b|panel|hematol|chemist|microb|\bmb\b")
_IMAGING = re.compile(
    r"\brad\b|radiolog|\bimg\b|imaging|\bct\b|\bmri\b|\bnms?\b|\brx\b|\brus\b|lp29684-5|\bnmr\b|\bcus\b|\bxrc\b|\bvus\b"
)
# HL7 v2 table 0487, for files that leave out the display.
_SPECIMENS = {"TISS": "Tissue", "TUMOR": "Tumor", "BLD": "Whole blood", "SER": "Serum", "PLAS": "Plasma", "UR": "Urine"}


def _accession(resource: JsonObject) -> str:
    for found in identifiers(resource):
        if found.kind == "ACSN" or "accession" in found.system.lower():
            return found.value
    accession = obj(resource.get("accession"))  # STU3
    if text(accession.get("value")):
        return text(accession.get("value"), 120)
    return next((i.value for i in identifiers(resource) if not i.value.startswith("urn:oid:")), "")


def _study_uid(resource: JsonObject) -> str:
    named = text(resource.get("uid"), 200)  # STU3
    uids = [named, *(i.value for i in identifiers(resource) if i.value.startswith("urn:oid:"))]
    return next((uid.removeprefix("urn:oid:") for uid in uids if uid), "")


def imaging_study(resource: JsonObject, ctx: Context) -> list[Fact]:
    """An ImagingStudy; the tracer of a PET comes from its words."""
    series = objects(resource.get("series"))
    dicom = [
        c.code
        for raw in [*objects(resource.get("modality")), *objects(resource.get("modalityList"))]
        for c in concept(raw).codings
    ]
    dicom += [c.code for one in series for c in concept(one.get("modality")).codings]
    dicom = list(dict.fromkeys(code for code in dicom if code))
    described = [text(resource.get("description"), 300), *(text(one.get("description"), 200) for one in series)]
    procedures = [concept(raw) for raw in objects(resource.get("procedureCode")) + objects(resource.get("procedure"))]
    words = " | ".join(
        [
            *described,
            *(p.words for p in procedures),
            *(text(r.get("display")) for r in objects(resource.get("procedureReference"))),
        ]
    ).lower()
    sites = [concept(one.get("bodySite")).label for one in series]
    on = ctx.date(resource.get("started"), "started", future=False)
    if on is None:
        moments = [m for one in series if (m := ctx.date(one.get("started"), "series.started", future=False))]
        on = min(moments, default=None)
    kind = kind_of(dicom, words)
    state = status(resource.get("status"))
    label = next((d for d in described if d), "") or next((p.label for p in procedures if p.label), "") or KINDS[kind]
    return [
        ImagingFact(
            kind=kind,
            label=label[:300],
            dicom="/".join(dicom)[:40],
            region=", ".join(dict.fromkeys(site for site in sites if site))[:200],
            on=on,
            state="cancelled"
            if state in _CANCELLED
            else "ordered"
            if state == "registered" and on is None
            else "performed",
            accession=_accession(resource),
            study_uid=_study_uid(resource),
        )
    ]


def diagnostic_report(resource: JsonObject, ctx: Context) -> list[Fact]:
    """A DiagnosticReport: imaging becomes a reported study, the rest a report with its conclusion."""
    code = concept(resource.get("code"))
    categories = " ".join(
        f"{c.code} {c.display}" for raw in objects(resource.get("category")) for c in concept(raw).codings
    ).lower()
    words = code.words
    on, _end = ctx.span(resource, "effective")
    on = on or ctx.date(resource.get("issued"), "issued")
    conclusion = "\n".join(
        part
        for part in [text(resource.get("conclusion"), 20_000), *_coded_conclusions(resource), *_forms(resource)]
        if part
    )[:20_000]
    studies = [
        text(raw.get("reference"), 300) for name in ("imagingStudy", "study") for raw in objects(resource.get(name))
    ]
    attached = len(objects(resource.get("presentedForm")))
    if _is_imaging(categories, words, bool(studies)):
        unfinished = status(resource.get("status")) in ("registered", "partial", "preliminary", "cancelled")
        return [
            ImagingFact(
                kind=kind_of([], words),
                label=code.label[:300] or "Imaging report",
                dicom="",
                region="",
                on=on,
                state="performed" if unfinished else "reported",
                accession=_accession(resource),
                conclusion=conclusion,
                reader=ctx.name_of(
                    next(iter(objects(resource.get("resultsInterpreter")) or objects(resource.get("performer"))), None)
                ),
                studies=tuple(reference for reference in studies if reference),
            )
        ]
    kinds = ((_PATHOLOGY, "pathology"), (_GENETICS, "genetics"), (_LAB, "laboratory"))
    kind = next((name for pattern, name in kinds if pattern.search(words)), "") or next(
        (name for pattern, name in kinds if pattern.search(categories)), "other"
    )
    specimen = text(obj(resource.get("specimen")).get("reference"), 300)
    return [
        ReportFact(
            kind=kind,
            label=code.label[:300] or "Report",
            on=on,
            conclusion=conclusion,
            attachments=attached,
            results=len(objects(resource.get("result"))),
            specimen=specimen,
        )
    ]


def _is_imaging(categories: str, words: str, has_study: bool) -> bool:
    if has_study or _IMAGING.search(categories):
        return True
    if _LAB.search(categories) or _PATHOLOGY.search(categories) or _PATHOLOGY.search(words):
        return False
    return bool(IMAGING_WORDS.search(words)) and not NOT_IMAGING_WORDS.search(words)


def _coded_conclusions(resource: JsonObject) -> list[str]:
    raw = objects(resource.get("conclusionCode")) + objects(resource.get("codedDiagnosis"))
    return [c.label for c in map(concept, raw) if c.label]


def _forms(resource: JsonObject) -> list[str]:
    """Plain text forms; PDFs and pictures stay in the source."""
    found = []
    for form in objects(resource.get("presentedForm")):
        if text(form.get("contentType")).lower().startswith("text/plain") and isinstance(form.get("data"), str):
            try:
                found.append(base64.b64decode(form["data"]).decode("utf-8", "replace").replace("\x00", "")[:20_000])
            except (binascii.Error, ValueError):
                continue
    return found


def specimen(resource: JsonObject, ctx: Context) -> list[Fact]:
    """A Specimen."""
    collection = obj(resource.get("collection"))
    kind = concept(resource.get("type"))
    on, _end = ctx.span(collection, "collected")
    site_raw = collection.get("bodySite") or obj(resource.get("collection")).get("bodySiteCodeableConcept")
    codes = {c.code.upper() for c in kind.codings}
    label = next((_SPECIMENS[code] for code in codes if code in _SPECIMENS and kind.label.upper() == code), kind.label)
    fluid = codes & {"BLD", "SER", "PLAS", "UR", "SAL", "CSF", "WB"} or re.search(
        r"blood|serum|plasma|urine|saliva", kind.words
    )
    return [
        SpecimenFact(
            label=label[:200] or "Specimen",
            site=concept(site_raw).label[:200],
            collected=on,
            received=ctx.date(resource.get("receivedTime"), "receivedTime"),
            accession=text(obj(resource.get("accessionIdentifier")).get("value"), 120)
            or next((i.value for i in identifiers(resource)), ""),
            tissue=not fluid,
            method=concept(collection.get("method")).label[:200],
        )
    ]


def service_request(resource: JsonObject, ctx: Context) -> list[Fact]:
    """A ServiceRequest (DSTU2 DiagnosticOrder, STU3 ProcedureRequest and ReferralRequest): imaging or another order."""
    code = concept(resource.get("code") or obj(resource.get("item")).get("code") or resource.get("serviceRequested"))
    words = " | ".join([code.words, *(concept(raw).words for raw in objects(resource.get("category")))])
    on, _end = ctx.span(resource, "occurrence", "scheduled")
    on = on or ctx.date(resource.get("authoredOn") or resource.get("orderedOn"), "authoredOn")
    state = status(resource.get("status"))
    label = code.label[:300]
    if not label:
        ctx.warn("does not say what is asked for; kept as it is")
        return []
    loinc_imaging = any(c.startswith("LP29684") for c in code.codes(LOINC))
    if (loinc_imaging or IMAGING_WORDS.search(words)) and not NOT_IMAGING_WORDS.search(words):
        done = {"completed": "performed", "active": "ordered", "draft": "ordered", "on-hold": "ordered"}
        return [
            ImagingFact(
                kind=kind_of([], words),
                label=label,
                dicom="",
                region=concept(resource.get("bodySite")).label[:200],
                on=on,
                state="cancelled" if state in _CANCELLED else done.get(state, "ordered"),
                accession=_accession(resource),
            )
        ]
    intent = text(resource.get("intent"), 40)
    return [OrderFact(label=label, status=state, intent=intent, on=on, note=notes(resource))]


def appointment(resource: JsonObject, ctx: Context) -> list[Fact]:
    """An Appointment; one for imaging becomes a scheduled study."""
    start, end = ctx.date(resource.get("start"), "start"), ctx.date(resource.get("end"), "end")
    if start is None:
        asked = obj(resource.get("requestedPeriod"))
        start, end = ctx.period(asked, "requestedPeriod") if asked else (None, None)
    kinds = [
        concept(raw)
        for name in ("serviceType", "appointmentType", "type", "specialty")
        for raw in objects(resource.get(name))
    ]
    label = text(resource.get("description"), 300) or next((c.label for c in kinds if c.label), "") or "Appointment"
    words = " | ".join([label, *(c.words for c in kinds)]).lower()
    state = status(resource.get("status"))
    if IMAGING_WORDS.search(words) and not NOT_IMAGING_WORDS.search(words):
        done = "performed" if state == "fulfilled" else "cancelled" if state in _CANCELLED else "scheduled"
        return [ImagingFact(kind=kind_of([], words), label=label, dicom="", region="", on=start, state=done)]
    remark = " ".join(texts([resource.get("comment"), resource.get("patientInstruction")]))[:1000]
    return [AppointmentFact(label=label, status=state, start=start, end=end, note=remark or notes(resource))]
