"""Which PET an event asks for, and why (S13 receptor PET, S14 FDG PET; `clinical.md` 3.1). Pure; a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from careteam.web.words import day
from patients.imaging.rules.codes import StudyModality
from patients.imaging.rules.situations import Interval
from patients.record.rules import NEC_GRADES, Grade, MetastaticSiteCode, ResponseCategory

# Events that are somebody's task. What merely is so (no baseline, grade, routine) would flood the lists of a team that
# imports its patients: it waits on the patient's page.
PET_TASKS = frozenset({"prrt", "pd", "unclear", "discordant"})
_WELL = frozenset({Grade.NET_G1, Grade.NET_G2, Grade.NET_G3, Grade.TYPICAL, Grade.ATYPICAL})


@dataclass(frozen=True)
class PetFacts:
    """The patient, as far as a PET asks. `sstr_on`, `fdg_on`: the last one that is known; `ahead`: PRRT lines proposed
    or planned (id); `discordant_on`: the last receptor imaging with lesions that do not take up; `coming`: modalities
    that are planned or ordered already."""

    today: date
    grade: Grade
    ki67: Decimal | None = None
    sstr_on: date | None = None
    fdg_on: date | None = None
    responses: tuple[tuple[date, str], ...] = ()
    ahead: tuple[int, ...] = ()
    sites: frozenset[str] = frozenset()
    discordant_on: date | None = None
    coming: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PetReason:
    """One reason for one PET. `event` names what happened, so that it is suggested once; `is_settled`: the number
    behind it may be relied on by this team. `counts`: the PET shortly before the event that answers it, in words; a
    clinician may say otherwise."""

    modality: StudyModality
    event: str
    code: str
    why: str
    is_settled: bool = True
    counts: str = ""


def pets_for(facts: PetFacts, numbers: Mapping[str, Interval]) -> tuple[PetReason, ...]:
    """Every reason for a PET that is neither known to be done since nor on its way, the most pressing first; what a PET
    shortly before may answer says so (`counts`)."""
    found = [*_receptor(facts, numbers), *_glucose(facts, numbers)]
    return tuple(reason for reason in found if reason.modality not in facts.coming)


def _since(on: date | None, event: date) -> bool:
    return on is not None and on >= event


def _latest(facts: PetFacts, category: str, window: int) -> date | None:
    """The last such assessment, while it is recent enough to ask for something."""
    days = [on for on, found in facts.responses if found == category and 0 <= (facts.today - on).days <= window]
    return max(days, default=None)


def _receptor(facts: PetFacts, numbers: Mapping[str, Interval]) -> list[PetReason]:
    if facts.grade in NEC_GRADES:
        return []
    modality, found = StudyModality.SSTR_PET, []
    s13, window, oldest = numbers["S13"].is_settled, numbers["pet.event"].days, numbers["sstr.age"]
    last = f"the last one is of {day(facts.sstr_on)}" if facts.sstr_on else "none is known"
    if facts.ahead and (facts.sstr_on is None or (facts.today - facts.sstr_on).days > oldest.days):
        settled = s13 and (facts.sstr_on is None or oldest.is_settled)
        found.append(
            PetReason(modality, f"prrt:{facts.ahead[0]}", "S13", f"PRRT is proposed or planned; {last}", settled)
        )
    progressed = _latest(facts, ResponseCategory.PD, window)
    if progressed is not None and not _since(facts.sstr_on, progressed):
        why = f"progression of {day(progressed)}; {last}"
        counts = _counts(facts.sstr_on, progressed, numbers["pet.before"])
        found.append(PetReason(modality, f"pd:{progressed.isoformat()}", "S13", why, s13, counts))
    unclear = _latest(facts, ResponseCategory.NE, window)
    if unclear is not None and not _since(facts.sstr_on, unclear):
        why = f"CT or MRI of {day(unclear)} could not be judged; {last}"
        found.append(PetReason(modality, f"unclear:{unclear.isoformat()}", "S13", why, s13))
    if facts.sstr_on is None and facts.grade in _WELL:
        found.append(PetReason(modality, "baseline", "S13", "baseline: no receptor PET is known", s13))
    elif facts.sstr_on is not None and _bone_dominates(facts.sites):
        routine = numbers["S13.routine"]
        if (facts.today - facts.sstr_on).days > routine.days:
            why = f"metastases mainly of the bone, which CT shows late; {last}"
            found.append(PetReason(modality, f"bone:{facts.sstr_on.isoformat()}", "S13", why, routine.is_settled))
    return found


def _counts(pet: date | None, event: date, most: Interval) -> str:
    """A PET shortly before shows what the event asks to see. On a number that nobody signed none counts."""
    days = (event - pet).days if pet is not None else 0
    if pet is None or not most.is_settled or not 0 < days <= most.days:
        return ""
    return f"PET of {day(pet)}, {days} {'day' if days == 1 else 'days'} before, counts"


def _bone_dominates(sites: frozenset[str]) -> bool:
    return MetastaticSiteCode.BONE in sites and MetastaticSiteCode.LIVER not in sites


def _glucose(facts: PetFacts, numbers: Mapping[str, Interval]) -> list[PetReason]:
    modality, s14 = StudyModality.FDG_PET, numbers["S14"].is_settled
    found = []
    if facts.discordant_on is not None and not _since(facts.fdg_on, facts.discordant_on):
        why = f"lesions without uptake on the receptor imaging of {day(facts.discordant_on)}"
        found.append(PetReason(modality, f"discordant:{facts.discordant_on.isoformat()}", "S14", why, s14))
    if facts.fdg_on is not None:
        return found
    high = numbers["pet.high_g2"]
    if facts.grade == Grade.NET_G3 or facts.grade in NEC_GRADES:
        found.append(
            PetReason(modality, f"grade:{facts.grade.value}"[:40], "S14", f"{facts.grade.label}: none is known", s14)
        )
    elif facts.grade == Grade.NET_G2 and facts.ki67 is not None and facts.ki67 >= high.days:
        why = f"high G2, Ki-67 {facts.ki67.normalize():f} %: none is known"
        found.append(PetReason(modality, "high-g2", "S14", why, s14 and high.is_settled))
    return found
