"""Observations: results, scores, stages, the course of the disease."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from patients.fhir.rules.codes import measurements as codes
from patients.fhir.rules.codes import own
from patients.fhir.rules.codes.systems import LOINC, SNOMED
from patients.fhir.rules.codes.tumors import METASTATIC_WORDS, by_words
from patients.fhir.rules.dates import PartialDate
from patients.fhir.rules.facts import (
    Disease,
    DiseaseStatusFact,
    Fact,
    GeneticFact,
    Measure,
    MeasurementFact,
    MetastasisFact,
    TumorKind,
)
from patients.fhir.rules.mapping.conditions import pathology, recognize, staging
from patients.fhir.rules.mapping.context import Context, notes
from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.values import (
    Coding,
    Concept,
    choice,
    concept,
    extension_value,
    number,
    obj,
    objects,
    profiles,
    status,
    text,
    truth,
)

_COMPARATORS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "≤": "<=", "≥": ">=", "ad": ""}
_LEADING = re.compile(r"\s*(<=?|>=?|≤|≥)?\s*([-+]?\d+(?:[.,]\d+)?)\s*([^\d\s].*)?$")


@dataclass(frozen=True, slots=True)
class Value:
    """A value[x], taken apart."""

    number: Decimal | None = None
    wording: str = ""
    comparator: str = ""
    unit: str = ""

    def __bool__(self) -> bool:
        return self.number is not None or bool(self.wording)


def quantity(raw: Any) -> Value:
    """A Quantity; its UCUM code is preferred to its printed unit."""
    found = obj(raw)
    amount = number(found.get("value"))
    comparator = _COMPARATORS.get(text(found.get("comparator")), "")
    ucum = text(found.get("code"), 40) if "unitsofmeasure" in text(found.get("system")) else ""
    unit = ucum or text(found.get("unit"), 40) or text(found.get("code"), 40)
    return (
        Value(amount, "", comparator, unit)
        if amount is not None
        else Value(wording=text(found.get("value"), 200), unit=unit)
    )


def value_of(kind: str, raw: Any) -> Value:
    """Any value[x]. Strings that are a number with a unit are read as such: “< 5 mg/L”, “12,4”."""
    if raw is None:
        return Value()
    if kind == "Quantity" or (not kind and isinstance(raw, dict) and "value" in raw):
        return quantity(raw)
    if kind == "Boolean" or isinstance(raw, bool):
        return Value(wording={True: "yes", False: "no", None: ""}[truth(raw)])
    if kind in ("Integer", "Decimal") or isinstance(raw, int | float):
        return Value(number(raw)) if number(raw) is not None else Value(wording=text(raw, 1000))
    if kind in _WORDINGS:
        return _WORDINGS[kind](obj(raw))
    if isinstance(raw, dict | list):
        return Value(wording=concept(raw).label[:1000])
    return _spelled(text(raw))


def _range(raw: JsonObject) -> Value:
    low, high = quantity(raw.get("low")), quantity(raw.get("high"))
    return Value(
        wording="–".join(str(v.number) for v in (low, high) if v.number is not None), unit=low.unit or high.unit
    )


def _ratio(raw: JsonObject) -> Value:
    top, bottom = quantity(raw.get("numerator")), quantity(raw.get("denominator"))
    if top.number is None or bottom.number is None:
        return Value()
    return Value(wording=" : ".join(f"{v.number} {v.unit}".strip() for v in (top, bottom)))


def _period(raw: JsonObject) -> Value:
    return Value(wording=" – ".join(t for t in (text(raw.get("start")), text(raw.get("end"))) if t))


_WORDINGS: dict[str, Callable[[JsonObject], Value]] = {
    "Range": _range,
    "Ratio": _ratio,
    "Period": _period,
    "SampledData": lambda _raw: Value(wording="a curve; see the source"),
    "Attachment": lambda raw: Value(wording=text(raw.get("title"), 200) or "an attachment; see the source"),
}


def _spelled(written: str) -> Value:
    match = _LEADING.match(written)
    if match and len(written) < 40 and not re.match(r"\s*[-:/]\s*\d", match[3] or ""):
        unit = (match[3] or "").strip()
        if not unit or re.fullmatch(r"[%°µμa-zA-Z][\w/%.*^µμ²³{}\[\]°-]*", unit):
            return Value(number(match[2]), "", _COMPARATORS.get(match[1] or "", ""), unit)
    return Value(wording=written[:2000])


def classify(code: Concept, resource: JsonObject) -> tuple[Measure, Coding, str]:
    """What is measured: by listed codes, else by words, else by category. With the code to store and a label."""
    for coding in code.codings:
        listed = codes.BY_SYSTEM.get(coding.system, {}).get(coding.code)
        if listed:
            return listed.measure, coding, coding.display or code.text or listed.label
    chosen = next((c for c in code.codings if c.system == LOINC), next(iter(code.codings), Coding("", "", code.text)))
    words = code.words
    by_words = next((measure for pattern, measure in codes.WORDS if re.search(pattern, words)), None)
    label = (code.text or chosen.display or chosen.code)[:300]
    if by_words:
        return by_words, chosen, label
    category = " ".join(c for each in objects(resource.get("category")) for c in [concept(each).code().lower()])
    if "tumor-marker" in profiles(resource):
        return Measure.MARKER, chosen, label
    if "vital" in category:
        return Measure.VITAL, chosen, label
    if "lab" in category:
        return Measure.LAB, chosen, label
    if "social" in category:
        return Measure.SOCIAL, chosen, label
    if "survey" in category:
        return Measure.SURVEY, chosen, label
    return Measure.OTHER, chosen, label


def observation(resource: JsonObject, ctx: Context) -> list[Fact]:
    """An Observation. Panels whose members stand for themselves give no fact of their own."""
    code = concept(resource.get("code"))
    on, end = ctx.span(resource, "effective", "applies")
    on = on or ctx.date(resource.get("issued"), "issued")
    if on and on.day > ctx.today and status(resource.get("status")) in ("final", "amended", "corrected", ""):
        ctx.warn(f"has a result from the future ({on}); left out, correct the date")
        return []
    _kind, raw = choice(resource, "value")
    pairs = {(c.system, c.code) for c in code.codings}
    if any(system == own.RECIST for system, _code in pairs):
        ctx.warn("is part of an assessment by RECIST 1.1; a reader here measures anew, kept as it is")
        return []
    staged = staging(resource, code, on)
    if staged is not None:
        if not staged:
            ctx.warn("states no stage that can be read; kept as it is")
        return staged
    if pairs & codes.DISEASE_STATUS_CODES or "disease-status" in profiles(resource):
        return _disease_status(resource, concept(raw), on, ctx)
    if pairs & (codes.MORPHOLOGY_CODES | codes.GRADE_CODES):
        return _pathology(resource, raw, on, ctx, grade=bool(pairs & codes.GRADE_CODES))
    if set(code.codes(LOINC)) & codes.GENOMIC_LOINC:
        return genetic(resource, code, on)
    metastasis = _metastasis(resource, code, concept(raw), on, ctx)
    return _measurements(resource, code, on or end, ctx) if metastasis is None else metastasis


def _pathology(resource: JsonObject, raw: Any, on: PartialDate | None, ctx: Context, *, grade: bool) -> list[Fact]:
    """A pathologist's reading. A bare grade has no place: the record computes it from what it rests on."""
    read = pathology(resource, raw, on)
    if grade and all(fact.tumor.kind != TumorKind.NET for fact in read):
        ctx.warn(
            f"states a grade (“{concept(raw).label[:60]}”); the grade here is computed from differentiation, Ki-67 and "
            "mitoses, enter those from the report"
        )
        return []
    return list(read)


def _metastasis(
    resource: JsonObject, code: Concept, value: Concept, on: PartialDate | None, ctx: Context
) -> list[Fact] | None:
    """Where a distant metastasis sits: by the letters of the German cancer registries, else by words. None when the
    observation is about something else."""
    if "fernmetastasen" not in profiles(resource) and codes.SITE_OF_METASTASIS not in code.codes(SNOMED):
        return _metastasis_history(code, choice(resource, "value")[1], on)
    coded = next((codes.REGISTRY_SITES[c.code] for c in value.codings if c.code in codes.REGISTRY_SITES), "")
    site = coded or by_words(value.words, METASTATIC_WORDS)
    if not site:
        ctx.warn(f"names a site of metastasis that is not understood (“{value.label[:60]}”); kept as it is")
        return []
    return [MetastasisFact(site=site, label=value.label[:300], since=on, tumor=recognize(value))]


def _metastasis_history(code: Concept, raw: Any, on: PartialDate | None) -> list[Fact] | None:
    match = re.search(r"history of (?:cancer )?metasta\w* (?:to|in) (\w+)", code.words)
    if not match or truth(raw) is False:
        return None

    site = by_words(match[1], METASTATIC_WORDS)
    return [MetastasisFact(site=site, label=code.label, since=on, tumor=recognize(code))] if site else None


def _disease_status(resource: JsonObject, value: Concept, on: PartialDate | None, ctx: Context) -> list[Fact]:
    listed = next(
        (codes.DISEASE_STATUS[c][0] for c in (x.code for x in value.codings) if c in codes.DISEASE_STATUS), None
    )
    found: Disease | None = listed or next(
        (d for pattern, d in codes.DISEASE_WORDS if re.search(pattern, value.words)), None
    )
    if found is None:
        ctx.warn("states a course of the disease that is not understood; kept as it is")
        return []
    evidence = concept(extension_value(resource, "disease-status-evidence-type")).label
    return [DiseaseStatusFact(status=found, label=value.label[:300], on=on, evidence=evidence[:200])]


def _measurements(resource: JsonObject, code: Concept, on: PartialDate | None, ctx: Context) -> list[Fact]:
    found: list[Fact] = []
    for part in [resource, *objects(resource.get("component"))]:
        stated = obj(part.get("valueQuantity")).get("value")
        if isinstance(stated, int | float) and number(stated) is None:
            ctx.warn(f"has the value {str(stated)[:12]}, which no result can have; kept as it is, correct it")
            return []
    value = value_of(*choice(resource, "value"))
    if value:
        made = _measurement(_Part(resource, resource, code, ""), value, on, ctx)
        found += [made] if made else []
    for position, part in enumerate(objects(resource.get("component"))):
        inner = value_of(*choice(part, "value"))
        if inner:
            made = _measurement(
                _Part(resource, part, concept(part.get("code")), f"component-{position}"), inner, on, ctx
            )
            found += [made] if made else []
    return found


@dataclass(frozen=True, slots=True)
class _Part:
    """The whole of an observation, or one component of it."""

    whole: JsonObject
    part: JsonObject
    code: Concept
    name: str


def _measurement(of: _Part, value: Value, on: PartialDate | None, ctx: Context) -> MeasurementFact | None:
    resource, part = of.whole, of.part
    measure, coding, label = classify(of.code, resource)
    if not (coding.code or label):
        ctx.warn("has a value but does not say of what; kept as it is")
        return None
    ranges = objects(part.get("referenceRange"))
    normal = next(iter(ranges), {})
    interpretation = concept(part.get("interpretation"))
    if measure == Measure.ECOG and (value.number is None or value.number not in range(6)):
        answer = concept(choice(part, "value")[1]) if value.wording else Concept()
        value = _score(value, (*answer.codings, *interpretation.codings), range(6))
    if measure == Measure.ECOG and value.number is None:
        ctx.warn(f"has an ECOG status that is not 0 to 5 (“{value.wording[:40]}”); kept as it is, enter it by hand")
        return None
    return MeasurementFact(
        measure=measure,
        code=coding,
        label=label[:300],
        value=value.number,
        wording=value.wording,
        comparator=value.comparator,
        unit=value.unit,
        on=on,
        interpretation=interpretation.code()[:20] or interpretation.label[:20],
        low=number(obj(normal.get("low")).get("value")),
        high=number(obj(normal.get("high")).get("value")),
        reference_text=text(normal.get("text"), 200),
        method=concept(resource.get("method")).label[:200] or ctx.name_of(resource.get("device")),
        site=concept(resource.get("bodySite")).label[:200],
        specimen=text(obj(resource.get("specimen")).get("reference"), 300),
        preliminary=status(resource.get("status")) in ("preliminary", "registered"),
        note=notes(resource),
        part=of.name,
    )


def _score(value: Value, codings: Iterable[Coding], allowed: range) -> Value:
    """A score spelled out: “ECOG 1”, “Grade 2”; LOINC answers LA9622-7 … LA9627-6 are 0 to 5 (P)."""
    codings = tuple(codings)
    answers = {"LA9622-7": 0, "LA9623-5": 1, "LA9624-3": 2, "LA9625-0": 3, "LA9626-8": 4, "LA9627-6": 5}
    for coding in codings:
        if coding.code in answers:
            return Value(Decimal(answers[coding.code]))
    digits = re.findall(r"(?<!\d)\d(?!\d)", " ".join([value.wording, *(coding.display for coding in codings)]))
    if len(set(digits)) == 1 and int(digits[0]) in allowed:
        return Value(Decimal(digits[0]))
    return Value(wording=value.wording or str(value.number))


_GENE, _DNA, _PROTEIN, _DISCRETE, _ORIGIN = "48018-6", "48004-6", "48005-3", "81252-9", "48002-0"
_SIGNIFICANCE = "53037-8"


def genetic(resource: JsonObject, code: Concept, on: PartialDate | None) -> list[Fact]:
    """A genomic variant that names its gene (mCODE, Genomics Reporting IG). Absent variants and panels give none."""
    found = {
        coding.code: concept(choice(part, "value")[1])
        for part in objects(resource.get("component"))
        for coding in concept(part.get("code")).codings
    }
    gene = found.get(_GENE, Concept()).label
    value = concept(choice(resource, "value")[1])
    if not gene or "53041-0" in code.codes(LOINC) or "absent" in value.words or "LA9634-2" in value.codes(LOINC):
        return []
    changes = [found[name].label for name in (_DNA, _PROTEIN, _DISCRETE) if name in found and found[name].label]
    significance = found.get(_SIGNIFICANCE, Concept()).words
    pathogenic = None if not significance else "pathogenic" in significance and "benign" not in significance
    return [
        GeneticFact(
            gene=gene[:60],
            result=(", ".join(changes) or value.label or code.label)[:250],
            germline="germline" in found.get(_ORIGIN, Concept()).words
            or "LA6683-2" in found.get(_ORIGIN, Concept()).codes(LOINC),
            pathogenic=pathogenic,
            on=on,
            codes=tuple(f"{c.system}|{c.code}"[:60] for c in found[_GENE].codings if c.code),
        )
    ]
