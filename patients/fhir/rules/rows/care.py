"""Rows of treatment and imaging."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import TextChoices

from patients.fhir.rules.codes.imaging import KINDS, kind_of
from patients.fhir.rules.codes.own import LINE_FIELDS
from patients.fhir.rules.facts import (
    CancerFact,
    DrugFact,
    DrugSource,
    ImagingFact,
    Measure,
    MeasurementFact,
    Modality,
    PatientFact,
    ProcedureFact,
    ReportFact,
    TumorKind,
)
from patients.fhir.rules.lines import Dose, LineProposal, propose
from patients.fhir.rules.rows.base import Row, Rows, Sourced, day, precision
from patients.fhir.rules.rows.disease import of_kind
from patients.fhir.rules.rows.findings import medication
from patients.fhir.rules.rows.results import measurement
from patients.imaging.rules import StudyModality, StudyStatus
from patients.record.rules import DatePrecision, UptakeModality
from patients.treatment.rules import AdministrationStatus, EndReason, Intent, LineRole, LineStatus, StartReason
from patients.treatment.rules import Modality as LineModality

_MODALITIES = {
    Modality.SSA: LineModality.SSA,
    Modality.TARGETED: LineModality.TARGETED,
    Modality.CHEMOTHERAPY: LineModality.CHEMOTHERAPY,
    Modality.PRRT: LineModality.PRRT,
    Modality.INTERFERON: LineModality.INTERFERON,
    Modality.IMMUNOTHERAPY: LineModality.IMMUNOTHERAPY,
    Modality.SURGERY: LineModality.SURGERY,
    Modality.TRANSPLANT: LineModality.SURGERY,
    Modality.TAE: LineModality.EMBOLIZATION,
    Modality.TACE: LineModality.EMBOLIZATION,
    Modality.TARE: LineModality.EMBOLIZATION,
    Modality.ABLATION: LineModality.ABLATION,
    Modality.RADIOTHERAPY: LineModality.RADIOTHERAPY,
    Modality.SYMPTOM: LineModality.TELOTRISTAT,
}
_INTENTS = {
    "curative": Intent.CURATIVE,
    "adjuvant": Intent.CURATIVE,
    "neoadjuvant": Intent.CURATIVE,
    "palliative": Intent.PALLIATIVE,
    "supportive": Intent.SYMPTOM,
}
_END_REASONS = (
    (r"progress", EndReason.PROGRESSION),
    (r"toxic|adverse|intoler|side effect|nebenwirk|allerg", EndReason.TOXICITY),
    (r"death|died|deceased|verstorben", EndReason.DEATH),
    (r"patient|declin|refus|wunsch", EndReason.PATIENT_CHOICE),
    (r"complet|finished|course done", EndReason.COMPLETED),
)


_BEFORE_DIAGNOSIS = timedelta(days=183)  # an operation finds the tumor; one of years ago was for something else


def operations_on_the_tumor(facts: Sequence[Sourced], rows: Rows) -> list[Sourced]:
    """The facts, in which an operation on the organ of the primary tumor counts as its treatment. Files seldom tie a
    pancreatectomy to its reason; a person confirms the line."""
    tumors = [fact for _of, fact in of_kind(facts, CancerFact) if fact.tumor.kind == TumorKind.NET]
    result = []
    for of in facts:
        done = of.fact
        if isinstance(done, ProcedureFact) and done.operated and any(_may_treat(done, tumor) for tumor in tumors):
            rows.warn(
                of, "is an operation on the organ of the tumor, without a reason; taken as its treatment, confirm"
            )
            of = replace(of, fact=replace(done, modality=Modality.SURGERY, kind="treatment"))  # noqa: PLW2901
        result.append(of)
    return result


def _may_treat(done: ProcedureFact, tumor: CancerFact) -> bool:
    if tumor.tumor.primary_site not in done.operated:
        return False
    return not (done.start and tumor.since) or done.start.last_day >= tumor.since.day - _BEFORE_DIAGNOSIS


def drugs_and_procedures(facts: Sequence[Sourced], rows: Rows) -> None:
    """Treatment lines with their doses; other drugs become medication, other procedures are kept."""
    drugs = [(of.member, fact) for of, fact in of_kind(facts, DrugFact) if not fact.line]
    procedures = [(of.member, fact) for of, fact in of_kind(facts, ProcedureFact) if not fact.line]
    in_lines = _named_lines(facts, rows)
    for line in propose(drugs, procedures, today=rows.today):
        in_lines.update(line.members)
        rows.rows.append(_line(line, facts))
    for of, drug in of_kind(facts, DrugFact):
        if of.member in in_lines:
            continue
        if drug.modality or drug.supports:
            why = f"was not given ({drug.stop_reason or drug.status})" if drug.not_given else "belongs to no regimen"
            rows.keep(of, f"{drug.label[:60]} {why}")
        elif drug.source == DrugSource.ADMINISTRATION:
            rows.keep(of, "a single dose of a drug that is no tumor treatment; ask for the order or statement")
        else:
            medication(of, drug, rows)
    for of, done in of_kind(facts, ProcedureFact):
        if of.member not in in_lines and done.kind != "imaging":
            why = "that is not known to have treated the tumor has no place yet; if it did, add a line of treatment"
            rows.keep(of, f"a procedure ({done.label[:60]}) {why}")


def _named_lines(facts: Sequence[Sourced], rows: Rows) -> set[str]:
    """Lines that one of our own exports names: they come back as they left, to be reviewed."""
    by_key: dict[str, list[tuple[Sourced, DrugFact | ProcedureFact]]] = defaultdict(list)
    for of in facts:
        if isinstance(of.fact, DrugFact | ProcedureFact) and of.fact.line:
            by_key[of.fact.line.key].append((of, of.fact))
    for key, group in by_key.items():
        fields = dict(next(fact.line.fields for _of, fact in group if fact.line))
        values = _named_values(fields)
        if values is None:
            for of, _fact in group:
                rows.keep(of, "names a treatment line that this version does not know")
            continue
        values |= {"needs_review": True, "notes": "Imported, please review: from an export of another team."}
        doses = tuple(
            _administration(Dose(of.member, fact, fact.start))
            for of, fact in sorted(group, key=lambda pair: (str(pair[1].start), pair[0].member))
            if fact.start and Dose(of.member, fact, fact.start).given and not getattr(fact, "whole_line", False)
        )
        members = tuple(of.member for of, _fact in group)
        rows.rows.append(Row("TreatmentLine", f"line:{key}", values, members, frozenset({"needs_review"}), doses))
    return {of.member for group in by_key.values() for of, _fact in group}


_CODED: dict[str, tuple[type[TextChoices], str]] = {
    "role": (LineRole, "antitumor"),
    "intent": (Intent, ""),
    "start_reason": (StartReason, ""),
    "end_reason": (EndReason, ""),
    "started_precision": (DatePrecision, "day"),
}


def _named_values(fields: dict[str, str]) -> dict[str, Any] | None:
    """The fields of a line as an export wrote them; None when its modality or state is unknown."""
    if fields.get("modality") not in LineModality.values or fields.get("status") not in LineStatus.values:
        return None
    values: dict[str, Any] = {name: fields.get(name, "") for name in LINE_FIELDS}
    for name in ("planned_on", "started_on", "ended_on"):
        values[name] = _date(values[name])
    for name, (choices, default) in _CODED.items():
        values[name] = values[name] if values[name] in choices.values else default
    interval = values["interval_days"]
    values["interval_days"] = int(interval) if interval.isdigit() and len(interval) < 5 else None
    if values["started_on"] and values["ended_on"]:
        values["ended_on"] = max(values["started_on"], values["ended_on"])
    return values


def _date(written: str) -> date | None:
    try:
        return date.fromisoformat(written) if len(written) == 10 else None
    except ValueError:
        return None


def _line(line: LineProposal, facts: Sequence[Sourced]) -> Row:
    dead = next((fact for _of, fact in of_kind(facts, PatientFact) if fact.deceased), None)
    status, ended, reason = LineStatus(line.state), line.end, _end_reason(line)
    if dead and status == LineStatus.ACTIVE:  # without a date of death, the last entry is the last day known
        spoken = max((on for dose in line.doses if (on := dose.fact.end or dose.on)), default=None)
        status, ended, reason = LineStatus.STOPPED, dead.died or spoken, EndReason.DEATH
    modality = _MODALITIES.get(line.modality, LineModality.OTHER)
    orders = [d.fact for d in line.doses if isinstance(d.fact, DrugFact) and d.fact.source != DrugSource.ADMINISTRATION]
    acts = [d.fact for d in line.doses if isinstance(d.fact, ProcedureFact)]
    started = day(line.start)
    kind = str(line.modality.label)
    says_all = line.agents or modality in (LineModality.PRRT, LineModality.SURGERY) or kind.lower() in line.name.lower()
    values = {
        "modality": str(modality),
        "agent": _capital(line.name if says_all else f"{kind}: {line.name}"),
        "role": str(LineRole.SYMPTOM_CONTROL if modality == LineModality.TELOTRISTAT else LineRole.ANTITUMOR),
        "intent": str(_INTENTS.get(line.intent, Intent.UNKNOWN)),
        "status": str(status),
        "planned_on": started if status == LineStatus.PLANNED else None,
        "started_on": None if status == LineStatus.PLANNED else started,
        "started_precision": precision(line.start),
        "ended_on": max(ended.last_day, started) if ended and started else (ended.last_day if ended else None),
        "end_reason": str(reason) if status in (LineStatus.STOPPED, LineStatus.COMPLETED) and reason else "",
        "end_note": line.stop_reason,
        "dose": next((order.dose for order in orders if order.dose), "")
        or "; ".join(done.dose for done in acts if done.dose),
        "site": next((d.fact.site for d in line.doses if isinstance(d.fact, ProcedureFact) and d.fact.site), ""),
        "notes": f"Imported, please review: {line.why}." + (f" Reason stated: {line.reason}." if line.reason else ""),
        "needs_review": True,
    }
    given = tuple(_administration(dose) for dose in line.doses if dose.given and dose.on)
    first = line.doses[0].member
    key = f"{first}#line:{modality}"
    return Row("TreatmentLine", key, values, line.members, frozenset({"needs_review"}), given)


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _end_reason(line: LineProposal) -> EndReason | None:
    words = line.stop_reason.lower()
    return next((reason for pattern, reason in _END_REASONS if words and re.search(pattern, words)), None)


def _administration(dose: Dose) -> Row:
    fact, on = dose.fact, day(dose.on)
    amount = fact.dose_value if isinstance(fact, DrugFact) else None
    values = {
        "status": str(AdministrationStatus.GIVEN),
        "planned_on": on,
        "given_on": on,
        "dose": amount.quantize(Decimal("0.001")) if amount is not None and abs(amount) < 10**7 else None,
        "dose_unit": fact.dose_unit if isinstance(fact, DrugFact) else "",
        "reason": fact.label if isinstance(fact, ProcedureFact) else "",
    }
    return Row("Administration", f"{dose.member}#dose", values, (dose.member,))


# --- imaging -----------------------------------------------------------------------------------------------------

_STUDY = {
    "ct": StudyModality.CT,
    "mri": StudyModality.MRI,
    "sstr_pet": StudyModality.SSTR_PET,
    "fdg_pet": StudyModality.FDG_PET,
    "us": StudyModality.ULTRASOUND,
    "echo": StudyModality.ECHO,
    "sstr_spect": StudyModality.SCINTIGRAPHY,
    "nm": StudyModality.SCINTIGRAPHY,
    "xray": StudyModality.XRAY,
}
# A report older than this was read by somebody when it came; it opens no review here.
READ_LONG_AGO = timedelta(days=90)
OLD_ORDER = timedelta(days=365)


@dataclass(slots=True)
class _Study:
    of: Sourced
    fact: ImagingFact
    members: list[str] = field(default_factory=list)


def imaging(facts: Sequence[Sourced], rows: Rows) -> None:
    """Studies with their reports. A report joins the study it names, or that has its accession number."""
    found: dict[str, _Study] = {}
    all_facts = of_kind(facts, ImagingFact)
    own = [(of, fact) for of, fact in all_facts if not (fact.state == "reported" or fact.conclusion)]
    for of, fact in own:
        found[of.member] = _Study(of, fact, [of.member])
    for of, fact in all_facts:
        if of.member in found:
            continue
        named = next((found[m] for reference in fact.studies if (m := of.links.get(reference, "")) in found), None)
        same = next((s for s in found.values() if fact.accession and s.fact.accession == fact.accession), None)
        study = named or same
        if study is None:
            found[of.member] = _Study(of, fact, [of.member])
            continue
        study.members.append(of.member)
        kind = study.fact.kind if study.fact.kind not in ("other", "pet", "nm") else fact.kind
        study.fact = replace(
            study.fact,
            kind=kind if kind != "other" else study.fact.kind,
            state="reported" if fact.state == "reported" else study.fact.state,
            conclusion="\n".join(dict.fromkeys(part for part in (study.fact.conclusion, fact.conclusion) if part)),
            on=study.fact.on or fact.on,
        )
    for study in found.values():
        _study(study, rows)
    days = {study.fact.on.day for study in found.values() if study.fact.on}
    for of, done in of_kind(facts, ProcedureFact):
        if done.kind != "imaging" or done.modality:
            continue
        if done.start and done.start.day in days:
            rows.keep(of, "is the procedure behind a study of the same day, which is imported")
        else:
            fact = ImagingFact(
                kind=kind_of([], done.label.lower()),
                label=done.label,
                dicom="",
                region=done.site,
                on=done.start,
                state="performed",
            )
            _study(_Study(of, fact, [of.member]), rows)


def _study(study: _Study, rows: Rows) -> None:
    fact, of = study.fact, study.of
    if fact.on is None:
        rows.keep(of, "has no date; a study without one cannot be placed")
        return
    state = fact.state
    if state == "cancelled":
        rows.keep(of, "was cancelled")
        return
    if state in ("ordered", "scheduled") and fact.on.day < rows.today - (
        OLD_ORDER if state == "ordered" else timedelta(0)
    ):
        rows.keep(of, f"was {state} for {fact.on}, and nothing says whether it was done; close the loop by hand")
        return
    reported = state == "reported" or bool(fact.conclusion)
    status = StudyStatus.REPORTED if reported else StudyStatus(state)
    if status == StudyStatus.REPORTED and fact.on.day < rows.today - READ_LONG_AGO:
        status = StudyStatus.REVIEWED
    moment = fact.on.moment(rows.zone)
    label = KINDS.get(fact.kind, "")
    named = fact.label if fact.label.lower() not in (label.lower(), "") else ""
    open_still = status in (StudyStatus.ORDERED, StudyStatus.SCHEDULED, StudyStatus.PLANNED)
    values = {
        "modality": str(_STUDY.get(fact.kind, StudyModality.OTHER)),
        "region": " · ".join(
            part for part in (fact.region, named or (label if fact.kind not in _STUDY else "")) if part
        ),
        "status": str(status),
        "due_on": fact.on.day if open_still else None,
        "scheduled_for": moment if status == StudyStatus.SCHEDULED else None,
        "performed_on": None if open_still else fact.on.day,
        "reported_at": moment if reported else None,
        "conclusion": fact.conclusion,
        "accession_number": fact.accession,
    }
    rows.rows.append(Row("ImagingStudy", f"{of.member}#", values, tuple(study.members), frozenset({"status"})))


def receptor(of: Sourced, fact: MeasurementFact, rows: Rows) -> None:
    """A Krenning score."""
    whole = fact.value is not None and fact.value == int(fact.value) and 0 <= fact.value <= 4
    if fact.on is None or not whole or fact.value is None or "krenning" not in fact.label.lower():
        measurement(of, fact, rows)
        return
    words = f"{fact.label} {fact.method}".lower()
    modality = next(
        (m for m in (UptakeModality.PET, UptakeModality.SPECT, UptakeModality.PLANAR) if str(m) in words), ""
    )
    score = int(fact.value)
    values: dict[str, Any] = {
        "imaged_on": fact.on.day,
        "krenning": score,
        "modality": str(modality),
        "positive": score >= 2,
        "finding": fact.note,
    }
    rows.add("ReceptorImaging", of, values, fact.part)


def measurements(facts: Sequence[Sourced], rows: Rows) -> None:
    """Results; indices of a pathologist went to their specimen."""
    for of, fact in of_kind(facts, MeasurementFact):
        if fact.measure in (Measure.KI67, Measure.MITOSES):
            continue
        if fact.measure == Measure.SSTR:
            receptor(of, fact, rows)
        else:
            measurement(of, fact, rows)


def reports(facts: Sequence[Sourced], rows: Rows) -> None:
    """Reports that are neither imaging nor pathology with a conclusion."""
    for of, fact in of_kind(facts, ReportFact):
        if fact.kind == "pathology" and fact.conclusion:
            continue
        if fact.kind == "laboratory" or fact.results:
            rows.keep(of, "is a panel; its results are imported by themselves")
        else:
            rows.keep(of, f"a {fact.kind} report without a text of its own; see the source")
