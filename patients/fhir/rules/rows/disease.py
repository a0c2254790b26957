"""Rows that draw several facts together: the diagnosis with its stage, spread, and specimens."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar

from patients.fhir.rules.codes.own import HISTOLOGY_WORDS
from patients.fhir.rules.codes.systems import ICD10, ICD10CM, SNOMED
from patients.fhir.rules.codes.tumors import METASTATIC_WORDS, PRIMARY_SITES, SITE_WORDS, by_words
from patients.fhir.rules.dates import PartialDate
from patients.fhir.rules.facts import (
    CancerFact,
    ComorbidityFact,
    Measure,
    MeasurementFact,
    MetastasisFact,
    MorphologyFact,
    ProcedureFact,
    ReportFact,
    SpecimenFact,
    StageFact,
    Tumor,
    TumorKind,
)
from patients.fhir.rules.rows.base import Row, Rows, Sourced, day, precision
from patients.record.rules import MetastaticSiteCode, NetStatus, SpecimenKind, Stage

_NET_STATUS = {TumorKind.NET: NetStatus.NET, TumorKind.OTHER: NetStatus.NOT_NET, TumorKind.UNKNOWN: NetStatus.UNCLEAR}


FactT = TypeVar("FactT")


def of_kind(facts: Sequence[Sourced], kind: type[FactT]) -> list[tuple[Sourced, FactT]]:
    """The facts of one kind with their sources."""
    return [(of, of.fact) for of in facts if isinstance(of.fact, kind)]


def diagnoses(facts: Sequence[Sourced], rows: Rows) -> None:
    """One Diagnosis per primary cancer. The main one, which carries stage and syndrome, is the neuroendocrine one, else
    the earliest. A patient with nothing but metastases of a NET gets a diagnosis with an unknown primary."""
    cancers, sources = _one_each(of_kind(facts, CancerFact))
    metastases = of_kind(facts, MetastasisFact)
    pathology = [tumor for _of, fact in of_kind(facts, MorphologyFact) if (tumor := fact.tumor).kind == TumorKind.NET]
    if not cancers:
        cancers = [(of, _implied(fact)) for of, fact in metastases if fact.tumor.kind == TumorKind.NET][:1]
    order = {TumorKind.NET: 0, TumorKind.OTHER: 1, TumorKind.UNKNOWN: 2}
    cancers.sort(key=lambda pair: (order[pair[1].tumor.kind], *_when(pair[1].since), pair[0].member))
    for position, (of, cancer) in enumerate(cancers):
        main = position == 0
        tumor = cancer.tumor
        if main and tumor.kind != TumorKind.NET and pathology:
            tumor = replace(pathology[0], primary_site=tumor.primary_site or pathology[0].primary_site)
            rows.warn(
                of, "is coded as another cancer, but pathology says neuroendocrine; taken as neuroendocrine, confirm"
            )
        if tumor.why and tumor.kind != TumorKind.NET:
            rows.warn(of, tumor.why)
        values = _diagnosis(cancer, tumor) | {"is_main": main}
        members = sources.get(of.member, [of.member])
        if main:
            staged, used = _staging(facts, cancer)
            values |= staged
            members += used
            syndrome = next((f.syndrome for _o, f in of_kind(facts, ComorbidityFact) if f.syndrome), "")
            values["syndrome"] = values["syndrome"] or syndrome
        part = "diagnosis" if isinstance(of.fact, MetastasisFact) else ""
        rows.rows.append(Row("Diagnosis", f"{of.member}#{part}", values, tuple(dict.fromkeys(members))))
    _metastases(metastases, rows)
    if not cancers:
        for kind in (StageFact, MorphologyFact):
            for of, _fact in of_kind(facts, kind):
                rows.keep(of, "belongs to a diagnosis that is not in the files; import the diagnosis too")


def _one_each(found: list[tuple[Sourced, CancerFact]]) -> tuple[list[tuple[Sourced, CancerFact]], dict[str, list[str]]]:
    """Each cancer once, with the members that state it. Hospitals send the same tumor as an entry of the problem list
    and again with every visit: one diagnosis, since the earliest day, in the words of the problem list."""
    found = sorted(found, key=lambda pair: (pair[1].at_visit, *_when(pair[1].since), pair[0].member))
    cancers: list[tuple[Sourced, CancerFact]] = []
    sources: dict[str, list[str]] = {}
    for of, cancer in found:
        position = next((n for n, (_of, other) in enumerate(cancers) if _same_cancer(other, cancer)), None)
        if position is None:
            cancers.append((of, cancer))
            sources[of.member] = [of.member]
            continue
        first, other = cancers[position]
        since = min((on for on in (other.since, cancer.since) if on), key=lambda on: on.day, default=None)
        cancers[position] = first, replace(other, onset=since, stages=(*other.stages, *cancer.stages))
        sources[first.member].append(of.member)
    return cancers, sources


def _same_cancer(one: CancerFact, other: CancerFact) -> bool:
    if one.tumor.kind != other.tumor.kind:
        return False
    if one.code and other.code and one.code.code:
        same = (one.code.system, one.code.code) == (other.code.system, other.code.code)
    else:
        same = one.label.casefold() == other.label.casefold()
    site = one.tumor.primary_site
    named = site not in ("", "other", "unknown") and site == other.tumor.primary_site
    return (same and site == other.tumor.primary_site) or (other.at_visit and named)


def _metastases(found: list[tuple[Sourced, MetastasisFact]], rows: Rows) -> None:
    """One row per named site, since the earliest day; what names no site stands for itself."""
    known: dict[str, int] = {}
    for of, fact in sorted(found, key=lambda pair: (*_when(pair[1].since), pair[0].member)):
        site = fact.site if fact.site in MetastaticSiteCode.values else str(MetastaticSiteCode.OTHER)
        if site in known:
            row = rows.rows[known[site]]
            rows.rows[known[site]] = replace(row, members=tuple(dict.fromkeys((*row.members, of.member))))
            continue
        if site not in (MetastaticSiteCode.OTHER, "unknown"):
            known[site] = len(rows.rows)
        rows.add("Metastasis", of, {"site": site, "detail": fact.label, "found_on": day(fact.since)}, fact.part)


def _when(on: PartialDate | None) -> tuple[bool, Any]:
    return on is None, on.day if on else None


def _implied(fact: MetastasisFact) -> CancerFact:
    tumor = replace(fact.tumor, primary_site="unknown")
    return CancerFact(
        label=fact.label,
        code=None,
        tumor=tumor,
        site_label="",
        onset=fact.since,
        recorded=None,
        clinical_status="active",
        verification="",
    )


def _diagnosis(cancer: CancerFact, tumor: Tumor) -> dict[str, Any]:
    code = cancer.code
    site = tumor.primary_site if tumor.primary_site in PRIMARY_SITES else ""
    return {
        "net_status": str(_NET_STATUS[tumor.kind]),
        "label": cancer.label,
        "primary_site": site or ("other" if tumor.kind == TumorKind.OTHER else ""),
        "site_detail": cancer.site_label,
        "icd10": code.code[:10] if code and code.system in (ICD10, ICD10CM) else "",
        "morphology": tumor.morphology[:10],
        "snomed": code.code if code and code.system == SNOMED else "",
        "diagnosed_on": day(cancer.since),
        "diagnosed_precision": precision(cancer.since),
        "syndrome": tumor.syndrome,
        "resolved_on": None,
    }


def _staging(facts: Sequence[Sourced], cancer: CancerFact) -> tuple[dict[str, Any], list[str]]:
    """The latest statement of each axis; on one day pathology before clinic, an Observation before Condition.stage."""
    stated = of_kind(facts, StageFact)
    candidates = [(of.member, fact, True) for of, fact in stated]
    candidates += [("", fact, False) for fact in cancer.stages]
    best: dict[str, StageFact] = {}
    ranks: dict[str, tuple[Any, ...]] = {}
    for _member, fact, observed in candidates:
        rank = (fact.on.day.toordinal() if fact.on else 0, observed, fact.basis == "p")
        if fact.axis not in best or rank > ranks[fact.axis]:
            best[fact.axis], ranks[fact.axis] = fact, rank
    group = best.get("group")
    stage = re.match(r"I{1,3}V?|IV", group.value) if group else None
    dates = [fact.on.day for fact in best.values() if fact.on]
    named = group or next(iter(best.values()), None)
    axes = {axis: f"{best[axis].basis}{best[axis].value}"[:10] if axis in best else "" for axis in "TNM"}
    return {
        "stage": stage.group() if stage and stage.group() in Stage.values else "",
        "stage_detail": group.value if group and stage and group.value != stage.group() else "",
        "stage_t": axes["T"],
        "stage_n": axes["N"],
        "stage_m": axes["M"],
        "stage_edition": f"{named.system} {named.edition}".strip() if named else "",
        "staged_on": max(dates, default=None),
    }, [of.member for of, _fact in stated]


@dataclass(slots=True)
class _Tissue:
    """A specimen while its findings are gathered."""

    key: str
    members: list[str]
    on: PartialDate | None
    site: str = ""
    reference: str = ""
    kind: str = ""
    ki67: Decimal | None = None
    mitoses: Decimal | None = None
    tumor: Tumor | None = None
    conclusion: str = ""

    @property
    def says_something(self) -> bool:
        return self.ki67 is not None or self.mitoses is not None or self.tumor is not None or bool(self.conclusion)


def specimens(facts: Sequence[Sourced], rows: Rows) -> None:
    """Specimens with what pathology read in them. Tissue without any finding is no row: it would read as ungraded."""
    found: dict[str, _Tissue] = {}
    for of, fact in of_kind(facts, SpecimenFact):
        if not fact.tissue:
            rows.keep(of, f"{fact.label or 'a fluid'} is no tissue; its results are imported by themselves")
            continue
        on = fact.collected or fact.received
        found[of.member] = _Tissue(f"{of.member}#", [of.member], on, fact.site, fact.accession)
    for of, measured in of_kind(facts, MeasurementFact):
        if measured.measure in (Measure.KI67, Measure.MITOSES):
            _index(of, measured, found, rows)
    for of, read in of_kind(facts, MorphologyFact):
        if read.tumor.kind == TumorKind.NET:
            tissue = _tissue(of, read.specimen, read.on, found)
            tissue.tumor = tissue.tumor or read.tumor
            if read.label not in HISTOLOGY_WORDS:
                tissue.conclusion = "\n".join(part for part in (tissue.conclusion, read.label) if part)
        else:
            rows.keep(of, "is histology of another tumor; there is no place for it yet")
    for of, report in of_kind(facts, ReportFact):
        if report.kind == "pathology" and report.conclusion:
            tissue = _tissue(of, report.specimen, report.on, found)
            tissue.conclusion = "\n".join(part for part in (tissue.conclusion, report.conclusion) if part)
    _histology_of_diagnosis(facts, found)
    taken = {
        f.start.day: f for _o, f in of_kind(facts, ProcedureFact) if f.start and (f.kind == "biopsy" or f.modality)
    }
    primary = next((f.tumor.primary_site for _o, f in of_kind(facts, CancerFact) if f.tumor.primary_site), "")
    for tissue in found.values():
        if not tissue.says_something:
            for member in tissue.members:
                rows.reasons.setdefault(member, "no finding of a pathologist belongs to it yet")
            continue
        done = taken.get(tissue.on.day) if tissue.on else None
        kind = "" if done is None else SpecimenKind.BIOPSY if done.kind == "biopsy" else SpecimenKind.RESECTION
        rows.rows.append(Row("Specimen", tissue.key, _specimen(tissue, str(kind), primary), tuple(tissue.members)))


def _tissue(of: Sourced, reference: str, on: PartialDate | None, found: dict[str, _Tissue]) -> _Tissue:
    """The specimen a finding belongs to: the one it names, else the one of that day, else a new one."""
    named = found.get(of.links.get(reference, ""))
    same_day = next((t for t in found.values() if on and t.on and t.on.day == on.day), None)
    tissue = named or same_day
    if tissue is None:
        tissue = found[of.member] = _Tissue(f"{of.member}#specimen", [], on)
    if of.member not in tissue.members:
        tissue.members.append(of.member)
    return tissue


def _index(of: Sourced, fact: MeasurementFact, found: dict[str, _Tissue], rows: Rows) -> None:
    limit = 100 if fact.measure == Measure.KI67 else 1000
    if fact.value is None or fact.comparator or not 0 <= fact.value <= limit:
        said = f"{fact.comparator}{fact.value if fact.value is not None else fact.wording}"
        rows.keep(of, f"{fact.measure.label} “{said[:40]}” is no single number between 0 and {limit}; enter it by hand")
        return
    if fact.measure == Measure.KI67 and fact.value < 1 and not fact.unit:
        rows.warn(of, f"Ki-67 of {fact.value} without a unit: percent, or a share of 1? taken as percent, check it")
    tissue = _tissue(of, fact.specimen, fact.on, found)
    if fact.measure == Measure.KI67:
        tissue.ki67 = max(fact.value, tissue.ki67 or Decimal(0)).quantize(Decimal("0.01"))
    else:
        tissue.mitoses = max(fact.value, tissue.mitoses or Decimal(0)).quantize(Decimal("0.1"))
    tissue.site = tissue.site or fact.site


def _histology_of_diagnosis(facts: Sequence[Sourced], found: dict[str, _Tissue]) -> None:
    """What the diagnosis says of its histology goes to the specimen with the indices, else the earliest, else one of
    its own, unless a pathologist said it there already."""
    for of, cancer in of_kind(facts, CancerFact):
        tumor = cancer.tumor
        if tumor.kind != TumorKind.NET or not (tumor.differentiation or tumor.cell_type):
            continue
        tissues = sorted(found.values(), key=lambda t: (t.ki67 is None, *_when(t.on), t.key))
        if any(t.tumor for t in tissues):
            return
        if not tissues:
            found[of.member] = tissue = _Tissue(f"{of.member}#histology", [of.member], cancer.since)
            tissue.conclusion = f"As stated in the diagnosis: {cancer.label}"
            tissues = [tissue]
        tissues[0].tumor = tumor
        return


def _specimen(tissue: _Tissue, kind: str, primary: str) -> dict[str, Any]:
    tumor = tissue.tumor
    differentiation = tumor.differentiation if tumor else ""
    metastasis = _is_metastasis(tissue.site.lower(), primary)
    return {
        "taken_on": day(tissue.on),
        "kind": kind,
        "site": tissue.site,
        "is_metastasis": metastasis,
        "differentiation": differentiation if differentiation in ("well", "poor") else "",
        "is_mixed": differentiation == "mixed",
        "cell_type": tumor.cell_type if tumor else "",
        "is_lung": primary == "lung" and not metastasis,
        "ki67": tissue.ki67,
        "mitoses": tissue.mitoses,
        "reference": tissue.reference,
        "conclusion": tissue.conclusion,
    }


def _is_metastasis(site: str, primary: str) -> bool | None:
    if not site:
        return None
    if primary and by_words(site, SITE_WORDS) == primary:
        return False
    return True if by_words(site, METASTATIC_WORDS) else None
