"""Procedures: which of them treat a tumor, and what the others are."""

import re

from patients.fhir.rules.codes import procedures as codes
from patients.fhir.rules.codes.imaging import IMAGING_WORDS
from patients.fhir.rules.codes.own import LINE
from patients.fhir.rules.codes.systems import SNOMED
from patients.fhir.rules.codes.tumors import CANCER_WORDS, NOT_CANCER_WORDS, SECONDARY_WORDS, icd_class
from patients.fhir.rules.facts import Fact, Modality, ProcedureFact
from patients.fhir.rules.mapping.context import Context, line_hint, notes
from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.values import (
    Concept,
    concept,
    extension_value,
    extensions,
    obj,
    objects,
    profiles,
    status,
    text,
)


def procedure(resource: JsonObject, ctx: Context) -> list[Fact]:
    """A Procedure. Surgery counts as treatment when its words or its reason name a tumor, or a profile says so."""
    code = concept(resource.get("code"))
    words = code.words
    label = code.label[:300] or text(resource.get("description"), 300)
    if not label:
        ctx.warn("does not say what was done; kept as it is")
        return []
    start, end = ctx.span(resource, "performed", "occurrence")
    reason, tumor_reason = _reason(resource, ctx)
    codings = [(c.system, c.code) for c in code.codings]
    modality = _modality(resource, codings, words, tumor_reason=tumor_reason)
    intent = concept(extension_value(resource, "procedure-intent", "treatment-intent", "-intention"))
    if modality and label == code.code():  # a bare number tells nobody anything
        label = str(modality.label)
    return [
        ProcedureFact(
            label=label,
            code=next(iter(code.codings), None),
            modality=modality,
            kind="treatment" if modality else _kind(words),
            start=start,
            end=end,
            site=", ".join(dict.fromkeys(c.label for c in map(concept, objects(resource.get("bodySite"))) if c.label))[
                :200
            ],
            intent=codes.intent_of(intent.codes(SNOMED), intent.words),
            reason=reason,
            outcome=concept(resource.get("outcome")).label[:200],
            note=notes(resource),
            status=status(resource.get("status")),
            dose=_radiation(resource),
            operated=frozenset() if modality else codes.sites_operated(words),
            line=line_hint(resource),
            whole_line=text(extension_value(next(extensions(resource, LINE), {}), "whole")) == "true"
            or extension_value(next(extensions(resource, LINE), {}), "whole") is True,
        )
    ]


def _modality(
    resource: JsonObject, codings: list[tuple[str, str]], words: str, *, tumor_reason: bool
) -> Modality | None:
    declared = profiles(resource)
    if "radiotherapy" in declared or "strahlentherapie" in declared:
        return Modality.RADIOTHERAPY
    if codes.BIOPSY.search(words) and not codes.TUMOR_SURGERY.search(words):
        return None
    treated = codes.treatment_of(codings, words)
    if treated:
        return treated
    if codes.NOT_SURGERY.search(words):
        return None
    if "surgical-procedure" in declared or "onko-operation" in declared or codes.TUMOR_SURGERY.search(words):
        return Modality.SURGERY
    return Modality.SURGERY if tumor_reason and codes.SURGERY.search(words) else None


def _kind(words: str) -> str:
    for pattern, kind in (
        (codes.BIOPSY, "biopsy"),
        (codes.ENDOSCOPY, "endoscopy"),
        (codes.ADMISSION, "admission"),
        (IMAGING_WORDS, "imaging"),
    ):
        if pattern.search(words):
            return kind
    return "other"


def is_tumor(code: Concept) -> bool:
    """Does this reason name a tumor, primary or secondary?"""
    by_icd = [icd_class(c.code) for c in code.codings if re.match(r"[A-Z]\d", c.code)]
    if any(by_icd):
        return True
    words = code.words
    found = CANCER_WORDS.search(words) or SECONDARY_WORDS.search(words) or re.search(r"\btumou?r\b|neoplasm", words)
    return bool(found) and not NOT_CANCER_WORDS.search(words)


def _reason(resource: JsonObject, ctx: Context) -> tuple[str, bool]:
    concepts = [concept(raw) for raw in objects(resource.get("reasonCode")) + objects(resource.get("reason"))]
    for raw in objects(resource.get("reasonReference")) + [
        obj(r.get("reference")) for r in objects(resource.get("reason"))
    ]:
        found = ctx.follow(raw)
        concepts.append(concept(found.get("code")) if found else Concept((), text(raw.get("display"))))
    named = [c for c in concepts if c]
    return "; ".join(dict.fromkeys(c.label for c in named if c.label))[:300], any(is_tumor(c) for c in named)


def _radiation(resource: JsonObject) -> str:
    """Sessions and dose of an mCODE radiotherapy summary: “31 sessions, 6000 cGy”."""
    found = []
    sessions = extension_value(resource, "mcode-radiotherapy-sessions")
    if text(sessions):
        found.append(f"{text(sessions)} sessions")
    for delivered in extensions(resource, "mcode-radiotherapy-dose-delivered-to-volume"):
        dose = obj(extension_value(delivered, "totalDoseDelivered"))
        if text(dose.get("value")):
            found.append(f"{text(dose.get('value'))} {text(dose.get('unit')) or text(dose.get('code'))}".strip())
    return ", ".join(found)[:200]
