"""Conditions: the cancer, its spread, and everything else a person has."""

import re
from dataclasses import replace
from typing import Any

from patients.fhir.rules.codes import own
from patients.fhir.rules.codes import tumors as codes
from patients.fhir.rules.codes.measurements import EDITIONS, TNM, TNM_VALUES
from patients.fhir.rules.codes.systems import ICD10, ICD10CM, ICDO3, SNOMED, Tag
from patients.fhir.rules.dates import PartialDate
from patients.fhir.rules.facts import (
    CancerFact,
    ComorbidityFact,
    Evidence,
    Fact,
    MetastasisFact,
    MorphologyFact,
    StageFact,
    Tumor,
    TumorKind,
)
from patients.fhir.rules.mapping.context import Context, notes
from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.values import Concept, choice, concept, extension_value, obj, objects, profiles, status, text

_STAGE_GROUP = re.compile(
    r"(?:stage|stadium|estadio|stade)\s*(0|I{1,3}V?|IV|[1-4])\s*([A-C]?[1-3]?)\b|^(0|I{1,3}|IV)([A-C]?)$", re.IGNORECASE
)
_TNM_WORD = re.compile(r"\b(?:y?r?([cp]))?\s*([TNM])\s?((?:[0-4][a-d]?)|X|is)\b")
_TNM_BARE = re.compile(r"y?r?[cp]?([0-4][a-d]?|X|is)(?:\(.{1,12}\))?")
_ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV"}


def recognize(code: Concept, *more: Concept, site: str = "", words: str = "") -> Tumor:
    """What kind of tumor codes say, the strongest evidence first: ICD-10-CM, morphology, SNOMED CT, wording."""
    concepts = (code, *more)
    said = " | ".join([*(c.words for c in concepts), words]).lower()
    strong = _by_code(concepts)
    evidence, found = strong or (Evidence.NONE, None)
    kind, why = (TumorKind.NET, f"{found.meaning} ({found.tag})") if found else (TumorKind.UNKNOWN, "")
    if not found:
        named = codes.NET_WORDS.search(said) or any(map(codes.NET_ABBREVIATION.search, (c.text for c in concepts)))
        if named and not codes.NOT_NET_WORDS.search(said):
            kind, evidence, why = TumorKind.NET, Evidence.TEXT, "by its wording only; confirm"
        elif not codes.BARE_CANCER.fullmatch(code.label.lower()):
            kind = TumorKind.OTHER
    site = (found.site if found else "") or site or _site(concepts, said)
    poor, well = codes.POOR_WORDS.search(said), codes.WELL_WORDS.search(said)
    worded = "mixed" if codes.MIXED_WORDS.search(said) else "poor" if poor else "well" if well else ""
    grade = codes.GRADE_WORDS.search(said)
    types = [codes.morphology(c) for concept_ in concepts for c in concept_.codes(ICDO3)]
    if kind == TumorKind.NET and found and found.cell_type == "small" and site == "lung":
        kind, why = TumorKind.OTHER, "small cell carcinoma of the lung is not managed as a neuroendocrine tumor here"
    if kind == TumorKind.NET and codes.SMALL_CELL_LUNG.search(said) and evidence == Evidence.TEXT:
        kind, why = TumorKind.OTHER, "small cell carcinoma of the lung is not managed as a neuroendocrine tumor here"
    is_net = kind == TumorKind.NET
    return Tumor(
        kind=kind,
        evidence=evidence,
        tag=found.tag if found else Tag.P,
        primary_site=site,
        differentiation=((found.differentiation if found else "") or worded) if is_net else "",
        grade=((found.grade if found else "") or (f"G{grade[1] or grade[2]}" if grade else "")) if is_net else "",
        cell_type=(found.cell_type if found else "") if is_net else "",
        syndrome=((found.syndrome if found else "") or codes.syndrome_in(said)) if is_net else "",
        morphology=next((f"{four}/{behavior or '3'}" for four, behavior in types if four), ""),
        why=why,
    )


def _by_code(concepts: tuple[Concept, ...]) -> tuple[Evidence, codes.TumorCode] | None:
    for each in concepts:
        for code in each.codes(ICD10CM, ICD10, ""):
            entry = codes.by_icd(code, codes.ICD10CM_NET_PRIMARY) or codes.by_icd(code, codes.ICD10CM_NET_SECONDARY)
            if entry:
                return Evidence.ICD, entry
    for each in concepts:
        for code in each.codes(ICDO3):
            entry = codes.MORPHOLOGY_NET.get(codes.morphology(code)[0])
            if entry:
                return Evidence.MORPHOLOGY, entry
    for each in concepts:
        for code in each.codes(SNOMED):
            if code in codes.SNOMED_NET:
                return Evidence.SNOMED, codes.SNOMED_NET[code]
    for each in concepts:
        for code in each.codes(ICD10, ICD10CM):
            entry = codes.by_icd(code, codes.ICD10_NET)
            if entry:
                return Evidence.ICD, entry
    return None


def _site(concepts: tuple[Concept, ...], said: str) -> str:
    for each in concepts:
        for code in each.codes(ICD10CM, ICD10):
            found = codes.by_prefix(code, codes.ICD10_SITES)
            if found:
                return found
    return codes.by_words(said, codes.SITE_WORDS)


def _class(resource: JsonObject, code: Concept, more: Concept) -> str:
    """primary, secondary or other."""
    declared = profiles(resource)
    if "secondary-cancer" in declared:
        return "secondary"
    if "primary-cancer" in declared:
        return "primary"
    for found in code.codes(ICD10CM, ICD10):
        kind = codes.icd_class(found)
        if kind:
            return kind
    if any(found in codes.ICD_SYNDROMES for found in code.codes(ICD10CM, ICD10)):
        return "other"
    words = code.words
    if codes.SECONDARY_WORDS.search(words) and not re.search(r"history of|family", words):
        return "secondary"
    if codes.NOT_CANCER_WORDS.search(words):
        return "other"
    if (
        codes.NET_WORDS.search(words)
        or codes.CANCER_WORDS.search(words)
        or any(codes.morphology(c)[1] in ("3", "6") for c in more.codes(ICDO3))
    ):
        return "primary"
    tumor_codes = [c for c in code.codes(SNOMED) if c in codes.SNOMED_NET]
    return "primary" if tumor_codes else "other"


def condition(resource: JsonObject, ctx: Context) -> list[Fact]:
    """A Condition: a primary cancer, a metastasis, or a comorbidity."""
    code = concept(resource.get("code"))
    site = concept(resource.get("bodySite"))
    morphology = concept(
        extension_value(resource, "histology-morphology-behavior", "histology-morphology-behavior-icdo3")
    )
    onset, onset_end = ctx.span(resource, "onset")
    if onset is None and isinstance(resource.get("onsetString"), str):
        ctx.warn(f"onset “{text(resource['onsetString'], 60)}” is no date; left out")
    recorded = ctx.date(
        resource.get("recordedDate") or resource.get("dateRecorded") or resource.get("assertedDate"), "recordedDate"
    )
    until, _ = ctx.span(resource, "abatement")
    if onset and until and until.last_day < onset.day:
        ctx.warn(f"ends ({until}) before it starts ({onset}); the end is left out, correct it")
        until = None
    clinical, verified = status(resource.get("clinicalStatus")), status(resource.get("verificationStatus"))
    if verified == "differential":
        ctx.warn("is one of several possible diagnoses, says the source; kept as it is, enter it when it is confirmed")
        return []
    if verified in ("unconfirmed", "provisional"):
        ctx.warn(f"is {verified}, not confirmed; imported, confirm it")
    kind = _class(resource, code, morphology)
    words = " ".join([code.words, site.words, morphology.words])
    tumor_site = site.code(own.PRIMARY_SITE) or _primary_site(site)
    label = code.label[:300] or site.label[:300]
    if not label:
        ctx.warn("has no code and no text; kept as it is")
        return []
    coded = next(iter(code.codings), None)
    tumor = recognize(code, morphology, site=tumor_site if kind == "primary" else "", words=words)
    tumor = _own(resource, tumor, tumor_site)
    if kind == "secondary":
        return _secondary(code, site, tumor, onset or recorded, ctx)
    if kind == "primary":
        if tumor.kind == TumorKind.NET and tumor.evidence == Evidence.TEXT:
            ctx.warn("recognized as neuroendocrine by its wording only; confirm")
        return [
            CancerFact(
                label=label,
                code=coded,
                tumor=tumor,
                site_label=_said(site),
                onset=onset,
                recorded=recorded,
                clinical_status=clinical,
                verification=verified,
                stages=tuple(stages(resource, onset or recorded)),
                note=notes(resource),
                at_visit="encounter-diagnosis" in [c.code() for c in map(concept, objects(resource.get("category")))],
            )
        ]
    return [
        ComorbidityFact(
            label=label,
            code=coded,
            since=onset or recorded,
            until=until or onset_end,
            active=clinical not in ("resolved", "inactive", "remission") and until is None,
            syndrome=_syndrome(code),
            note=notes(resource),
        )
    ]


def _said(site: Concept) -> str:
    """A site in words, never a bare code; our own codes stand in a field of their own."""
    words = site.text or next((c.display for c in site.codings if c.display and c.system != own.PRIMARY_SITE), "")
    return words[:200]


def _own(resource: JsonObject, tumor: Tumor, site: str) -> Tumor:
    """What our own exports say beside the codes."""
    kinds = {"net": TumorKind.NET, "not_net": TumorKind.OTHER, "unclear": TumorKind.UNKNOWN}
    stated = kinds.get(text(extension_value(resource, own.NET_STATUS)))
    if stated is None:
        return tumor
    syndrome = text(extension_value(resource, own.SYNDROME))
    evidence = Evidence.ICD if stated == TumorKind.NET else Evidence.NONE
    return replace(
        tumor,
        kind=stated,
        evidence=evidence,
        primary_site=site,
        syndrome=syndrome,
        differentiation="",  # stands with its specimen
        cell_type="",
        why="",
    )


def _syndrome(code: Concept) -> str:
    for found in code.codes(SNOMED):
        if found in codes.SNOMED_SYNDROMES:
            return codes.SNOMED_SYNDROMES[found][0]
    for found in code.codes(ICD10CM, ICD10):
        if found in codes.ICD_SYNDROMES:
            return codes.ICD_SYNDROMES[found]
    return codes.syndrome_in(code.words)


def _primary_site(site: Concept) -> str:
    coded = next((s for c in site.codes(ICD10, ICD10CM, ICDO3) if (s := codes.by_prefix(c, codes.ICD10_SITES))), "")
    return coded or codes.by_words(site.words, codes.SITE_WORDS)


def _secondary(code: Concept, site: Concept, tumor: Tumor, since: PartialDate | None, ctx: Context) -> list[Fact]:
    where = site.code(own.METASTATIC_SITE)
    for found in code.codes(ICD10CM, ICD10):
        entry = codes.by_icd(found, codes.ICD10CM_NET_SECONDARY)
        where = where or (entry.site if entry else "") or codes.by_prefix(found, codes.ICD10_SECONDARY_SITES)
    where = where or codes.by_words(site.words, codes.METASTATIC_WORDS)
    # “Metastasis from malignant tumor of prostate” names the origin, not the place
    place = re.sub(
        r"\b(?:from|of|due to) (?:primary |malignant |the )*(?:tumou?r|neoplasm|cancer|carcinoma) .*", "", code.words
    )
    stated = code.words if "secondary malignant neoplasm of" in code.words else place
    where = where or codes.by_words(stated, codes.METASTATIC_WORDS) or "unknown"
    if where == "unknown":
        ctx.warn("names no place of the metastasis; imported as “unknown”, complete it")
    return [MetastasisFact(site=where, label=code.label[:300], since=since, tumor=tumor)]


def stages(resource: JsonObject, on: PartialDate | None) -> list[StageFact]:
    """What Condition.stage says by itself; staging Observations say it better and win."""
    found = []
    for number, raw in enumerate(objects(resource.get("stage"))):
        group = stage_value(concept(raw.get("summary")), "group")
        if group:
            edition, system = edition_of(concept(raw.get("type")), concept(raw.get("summary")))
            found.append(
                StageFact(axis="group", value=group, system=system, edition=edition, on=on, part=f"stage-{number}")
            )
    return found


def stage_value(value: Concept, axis: str) -> str:
    """``IIIC`` for a group, ``T3`` for an axis; empty when the concept says no such thing."""
    coded = next((TNM_VALUES[c] for c in value.codes(SNOMED) if c in TNM_VALUES), "")
    if coded and (coded[0] == axis or (axis == "group" and coded[0] not in "TNM")):
        return coded
    for said in [value.text, *(c.display for c in value.codings), *(c.code for c in value.codings)]:
        if axis == "group":
            match = _STAGE_GROUP.search(said.strip())
            if match:
                roman = (match[1] or match[3] or "").upper()
                return _ROMAN.get(roman, roman) + (match[2] or match[4] or "").upper()
        else:
            for match in _TNM_WORD.finditer(said):
                if match[2] == axis:
                    return axis + match[3]
            bare = _TNM_BARE.fullmatch(said.strip())  # the German oncology profiles code “3” and “1a”
            if bare:
                return axis + bare[1]
    return ""


def edition_of(*values: Concept) -> tuple[str, str]:
    """Edition and name of the staging system, as stated."""
    for value in values:
        coded = next((EDITIONS[c] for c in value.codes(SNOMED) if c in EDITIONS), "")
        match = re.search(r"(\d+)(?:st|nd|rd|th|\.)? ?(?:edition|ed\b|auflage)|version (\d+)", value.words)
        edition = coded or (match and (match[1] or match[2])) or ""
        system = next((name for name in ("AJCC", "UICC", "ENETS") if name.lower() in value.words), "")
        if "american joint" in value.words:
            system = "AJCC"
        if edition or system:
            return edition, system
    return "", ""


def staging(resource: JsonObject, code: Concept, on: PartialDate | None) -> list[Fact] | None:
    """A TNM or stage group Observation; None when it is none."""
    found = next((TNM[c.system, c.code] for c in code.codings if (c.system, c.code) in TNM), None)
    if found:
        axis, basis, _tag = found
    elif "tnm-" in profiles(resource) or re.search(r"\b[cp]?[tnm] category|stage group|tnm stage", code.words):
        axis = next(
            (a for a, p in (("T", "primary-tumor"), ("N", "nodes"), ("M", "metastases")) if p in profiles(resource)), ""
        )
        match = re.search(r"\b[cp]?([tnm]) category", code.words)
        axis = axis or (match[1].upper() if match else "group")
        basis = (
            "p"
            if re.search(r"patholog|\bp[tnm]\b", code.words)
            else "c"
            if re.search(r"clinical|\bc[tnm]\b", code.words)
            else ""
        )
    else:
        return None
    _kind, raw = choice(resource, "value")
    value = stage_value(concept(raw), axis)
    if not value:
        return []
    edition, system = edition_of(concept(resource.get("method")), concept(raw))
    return [StageFact(axis=axis, value=value, basis=basis, system=system, edition=edition, on=on)]


def pathology(resource: JsonObject, value: Any, on: PartialDate | None) -> list[MorphologyFact]:
    """Histology or grade stated by an Observation, with its components."""
    found = [concept(value)] if value is not None else []
    found += [concept(choice(part, "value")[1]) for part in objects(resource.get("component"))]
    said = Concept(
        tuple(c for each in found for c in each.codings), " / ".join(each.label for each in found if each.label)
    )
    if not said:
        return []
    specimen = text(obj(resource.get("specimen")).get("reference"), 300)
    tumor = recognize(said, *found)
    return [MorphologyFact(label=said.text[:300] or said.label[:300], tumor=tumor, on=on, specimen=specimen)]
