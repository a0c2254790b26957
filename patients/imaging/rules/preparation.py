"""What must be settled before a booked scan: a checklist from what the record says and what was asked. Pure.

Informs, never blocks a booking. What nobody knows has not passed: an item is ready only when somebody said so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from typing import Any

from django.db.models import TextChoices

from careteam.web.words import day, language_name
from patients.imaging.rules.codes import LABS, StudyModality
from patients.treatment.rules import Injection, LabValue, Limit, too_near


class PrepState(TextChoices):
    READY = "ready", "Ready"
    ASK = "ask", "To ask"
    UNKNOWN = "unknown", "Not known"
    CONFLICT = "conflict", "Conflict"


class Claustrophobia(TextChoices):
    NO = "no", "No"
    YES = "yes", "Yes, nothing arranged yet"
    ARRANGED = "arranged", "Yes, arranged"


class Interpreting(TextChoices):
    NO = "no", "Not needed"
    NEEDED = "needed", "Needed"
    BOOKED = "booked", "Booked"


class Transport(TextChoices):
    OWN = "own", "Comes alone or with family"
    ARRANGED = "arranged", "Arranged"


@dataclass(frozen=True)
class Answers:
    """What was asked at booking, as it is kept in `ImagingStudy.preparation`; empty: not asked."""

    contrast: str = ""  # yes, no
    reaction_settled: bool = False
    metformin_told: bool = False
    pregnancy_asked_on: date | None = None
    claustrophobia: str = ""
    implant_settled: bool = False
    diabetes_told: bool = False
    ppi_told: bool = False
    diet_told: bool = False
    interpreter: str = ""
    language: str = ""
    transport: str = ""
    note: str = ""

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Answers:
        """From the stored JSON; what it does not say, or says in a way of another version, was not asked."""
        known: dict[str, Any] = {}
        for field in fields(cls):
            value = kept.get(field.name)
            if field.name == "pregnancy_asked_on":
                try:
                    known[field.name] = date.fromisoformat(value) if value else None
                except (TypeError, ValueError):
                    continue
            elif isinstance(value, type(field.default)):
                known[field.name] = value
        return cls(**known)

    def written(self) -> dict[str, Any]:
        """As JSON, without what was not asked."""
        kept = {name: value for name, value in asdict(self).items() if value}
        if self.pregnancy_asked_on is not None:
            kept["pregnancy_asked_on"] = self.pregnancy_asked_on.isoformat()
        return kept


@dataclass(frozen=True)
class Flag:
    """The latest answer of the record: yes, no, or asked and not known (None)."""

    yes: bool | None
    asked_on: date
    detail: str = ""


@dataclass(frozen=True)
class PrepFacts:
    """What the record says. `on` is the day of the slot. Empty tuples and None: nothing is recorded."""

    modality: str
    region: str
    on: date
    age: int | None
    may_be_pregnant: bool | None  # None: the sex is not known
    reactions: tuple[str, ...] = ()
    creatinine: LabValue | None = None
    clearance: LabValue | None = None
    judged: bool = True
    drugs: bool = False  # whether any current drug is recorded
    metformin: str = ""
    acid: str = ""  # a drug against stomach acid: raises CgA
    gastrinoma: bool = False
    diabetes: str = ""
    comorbidities: bool = False
    pregnancy: Flag | None = None
    claustrophobia: Flag | None = None
    implant: Flag | None = None
    on_analog: bool = False
    injections: tuple[Injection, ...] = ()
    language: str = ""
    interpreter: bool | None = None
    transport: str = ""


@dataclass(frozen=True)
class PrepItem:
    """One point. `said`: what the record says, with its date; `todo`: what to do; `offers`: days that would do."""

    code: str
    label: str
    state: PrepState
    said: str = ""
    todo: str = ""
    offers: tuple[date, ...] = ()
    unsigned: bool = False

    @property
    def is_open(self) -> bool:
        return self.state != PrepState.READY

    @property
    def kind(self) -> str:
        return {PrepState.READY: "grn", PrepState.CONFLICT: "red"}.get(self.state, "amb")


CONTRAST = frozenset({StudyModality.CT, StudyModality.MRI})
MAGNET = frozenset({StudyModality.MRI})
SOUND = frozenset({StudyModality.ULTRASOUND, StudyModality.ECHO})
_WITHOUT = ("without contrast", "native", "unenhanced", "no contrast")
_READY, _ASK, _UNKNOWN, _CONFLICT = PrepState.READY, PrepState.ASK, PrepState.UNKNOWN, PrepState.CONFLICT


def suggested_contrast(modality: str, region: str) -> str:
    """What the region or protocol itself says about contrast: yes for phases, no for native; empty: nothing."""
    words = region.lower()
    if modality not in CONTRAST:
        return ""
    if any(word in words for word in _WITHOUT):
        return "no"
    return "yes" if "phase" in words or "contrast" in words else ""


def asks(modality: str) -> frozenset[str]:
    """The fields of `Answers` that this kind of scan asks for."""
    found = {"interpreter", "language", "transport", "note"}
    if modality in CONTRAST:
        found |= {"contrast", "reaction_settled", "metformin_told"}
    if modality == StudyModality.CGA:
        found.add("ppi_told")
    if modality == StudyModality.HIAA:
        found.add("diet_told")
    if modality not in SOUND | LABS:
        found.add("pregnancy_asked_on")
    if modality in MAGNET:
        found |= {"claustrophobia", "implant_settled"}
    if modality == StudyModality.FDG_PET:
        found.add("diabetes_told")
    return frozenset(found)


def checklist(facts: PrepFacts, answers: Answers, limits: Mapping[str, Limit]) -> tuple[PrepItem, ...]:
    """Every point of this scan, conflicts first, then what is not known or asked, then what is ready."""
    found: list[PrepItem] = []
    if facts.modality in CONTRAST:
        found.append(_contrast(answers))
        if answers.contrast != "no":
            found += [_reaction(facts, answers), _kidneys(facts, limits), _metformin(facts, answers)]
    if facts.modality in MAGNET:
        found += [_implant(facts, answers), _claustrophobia(facts, answers)]
    if facts.modality == StudyModality.SSTR_PET:
        found.append(_analog(facts, limits))
    if facts.modality == StudyModality.FDG_PET:
        found.append(_sugar(facts, answers))
    if facts.modality == StudyModality.CGA:
        found.append(_acid(facts, answers, limits))
    if facts.modality == StudyModality.HIAA:
        found.append(_diet(answers, limits))
    if facts.modality not in SOUND | LABS and (item := _pregnancy(facts, answers, limits)) is not None:
        found.append(item)
    found += [_interpreter(facts, answers), _transport(facts, answers)]
    order = [_CONFLICT, _UNKNOWN, _ASK, _READY]
    return tuple(sorted(found, key=lambda item: order.index(item.state)))


def _contrast(answers: Answers) -> PrepItem:
    if answers.contrast:
        return PrepItem("contrast", "Contrast", _READY, "with contrast" if answers.contrast == "yes" else "without")
    return PrepItem("contrast", "Contrast", _ASK, todo="Say whether contrast is given.")


def _reaction(facts: PrepFacts, answers: Answers) -> PrepItem:
    name = "Contrast reaction"
    if facts.reactions:
        said = "; ".join(facts.reactions)
        if answers.reaction_settled:
            return PrepItem("reaction", name, _READY, f"{said}; settled with radiology")
        return PrepItem("reaction", name, _CONFLICT, said, "Settle with radiology: premedication, or another scan.")
    if answers.reaction_settled:
        return PrepItem("reaction", name, _READY, "asked: none")
    return PrepItem("reaction", name, _UNKNOWN, "nothing recorded", "Ask about reactions to contrast.")


def _kidneys(facts: PrepFacts, limits: Mapping[str, Limit]) -> PrepItem:
    name, lab = "Kidney function", facts.creatinine
    if lab is None or lab.value is None:
        return PrepItem("kidneys", name, _UNKNOWN, lab.words if lab else "no creatinine", "Draw a creatinine.")
    age, low = limits["prep.lab_age"], limits["prep.clearance"]
    said, clearance = f"creatinine {lab.words} of {day(lab.on)}", facts.clearance
    old = (facts.on - lab.on).days
    if old > age.value:
        said += f", {old} days before the scan"
        todo = f"Draw a new one: at most {age.value.normalize():f} days."
        return PrepItem("kidneys", name, _ASK, said, todo, unsigned=not age.settled)
    if clearance is None or clearance.value is None:
        why = clearance.words if clearance else "not computed"
        return PrepItem("kidneys", name, _UNKNOWN, f"{said}; clearance {why}", "Complete the record, or ask radiology.")
    said += f", clearance {clearance.words}"
    if not facts.judged:
        return PrepItem("kidneys", name, _ASK, said, "Judge whether contrast may be given.")
    if clearance.value < low.value:
        todo = f"Below {low.value.normalize():f} {low.unit}: ask radiology before contrast."
        return PrepItem("kidneys", name, _CONFLICT, said, todo, unsigned=not low.settled)
    return PrepItem("kidneys", name, _READY, said, unsigned=not (low.settled and age.settled))


def _metformin(facts: PrepFacts, answers: Answers) -> PrepItem:
    name = "Metformin"
    if answers.metformin_told:
        return PrepItem("metformin", name, _READY, facts.metformin or "asked; instruction given where needed")
    if facts.metformin:
        return PrepItem("metformin", name, _ASK, facts.metformin, "Give the instruction of radiology to the patient.")
    if facts.drugs:
        return PrepItem("metformin", name, _READY, "not among the current drugs")
    return PrepItem("metformin", name, _UNKNOWN, "no current drug recorded", "Ask whether metformin is taken.")


def _implant(facts: PrepFacts, answers: Answers) -> PrepItem:
    name, flag = "Implants", facts.implant
    if flag is not None and flag.yes:
        said = f"{flag.detail or 'yes'}, asked {day(flag.asked_on)}"
        if answers.implant_settled:
            return PrepItem("implant", name, _READY, f"{said}; cleared")
        return PrepItem("implant", name, _CONFLICT, said, "Have it cleared for the magnet, or choose another scan.")
    if answers.implant_settled:
        return PrepItem("implant", name, _READY, "asked: none, or cleared")
    if flag is not None and flag.yes is False:
        return PrepItem("implant", name, _READY, f"none, asked {day(flag.asked_on)}")
    said = f"not known, asked {day(flag.asked_on)}" if flag else "never asked"
    return PrepItem("implant", name, _UNKNOWN, said, "Ask about implants and pacemakers.")


def _claustrophobia(facts: PrepFacts, answers: Answers) -> PrepItem:
    name, flag = "Claustrophobia", facts.claustrophobia
    todo = "Arrange sedation with company, or an open scanner."
    if answers.claustrophobia == Claustrophobia.YES:
        return PrepItem("claustrophobia", name, _CONFLICT, "asked: yes", todo)
    if answers.claustrophobia:
        said = "no" if answers.claustrophobia == Claustrophobia.NO else "yes, arranged"
        return PrepItem("claustrophobia", name, _READY, f"asked: {said}")
    if flag is not None and flag.yes is not None:
        said = f"{'yes' if flag.yes else 'no'}, asked {day(flag.asked_on)}"
        return PrepItem("claustrophobia", name, _CONFLICT if flag.yes else _READY, said, todo if flag.yes else "")
    return PrepItem("claustrophobia", name, _UNKNOWN, "never asked" if flag is None else "not known", "Ask.")


def _analog(facts: PrepFacts, limits: Mapping[str, Limit]) -> PrepItem:
    """A long-acting analog too near before the scan: the days that would do are offered, nothing is moved."""
    name, limit = "Somatostatin analog", limits["prep.ssa"]
    needed = int(limit.value)
    before = [row for row in facts.injections if row.on < facts.on]
    if not before:
        if facts.on_analog:
            return PrepItem("ssa", name, _UNKNOWN, "no injection recorded", "Enter the last injection.")
        return PrepItem("ssa", name, _READY, "no long-acting analog")
    last = max(before, key=lambda row: row.on)
    said = f"injection {'of' if last.given else 'planned for'} {day(last.on)}"
    days = (facts.on - last.on).days
    if not too_near(last.on, facts.on, needed):
        return PrepItem("ssa", name, _READY, f"{said}, {days} days before", unsigned=not limit.settled)
    offers = clear_days(facts.injections, needed=needed, after=facts.on)
    choice = "" if last.given else ", move the injection to after the scan"
    todo = f"At least {needed} days: scan on a day below{choice}, or ask the physician."
    words = f"{said}, {days} days before the scan"
    return PrepItem("ssa", name, _CONFLICT, words, todo, offers, unsigned=not limit.settled)


def clear_days(injections: tuple[Injection, ...], *, needed: int, after: date, most: int = 3) -> tuple[date, ...]:
    """The first days not before `after` that no known injection lies too near before: right when its interval is over,
    and if that is the day of the next injection, in the morning before it."""
    candidates = sorted({after, *(row.on + timedelta(days=needed) for row in injections)})
    clear = [on for on in candidates if on >= after and not any(too_near(row.on, on, needed) for row in injections)]
    return tuple(clear[:most])


def _sugar(facts: PrepFacts, answers: Answers) -> PrepItem:
    name, said = "Diabetes", facts.diabetes or facts.metformin
    if answers.diabetes_told:
        return PrepItem("diabetes", name, _READY, f"{said}; told how to prepare" if said else "asked")
    if said:
        return PrepItem("diabetes", name, _ASK, said, "Tell how to fast, and what to do with insulin or tablets.")
    if facts.comorbidities:
        return PrepItem("diabetes", name, _READY, "not among the comorbidities")
    return PrepItem("diabetes", name, _UNKNOWN, "no comorbidity recorded", "Ask about diabetes.")


def _pregnancy(facts: PrepFacts, answers: Answers, limits: Mapping[str, Limit]) -> PrepItem | None:
    name, flag = "Pregnancy", facts.pregnancy
    low, high = limits["prep.pregnancy_from"].value, limits["prep.pregnancy_to"].value
    if flag is not None and flag.yes:
        said = f"yes, asked {day(flag.asked_on)}"
        return PrepItem("pregnancy", name, _CONFLICT, said, "Decide with radiology and the clinician.")
    if facts.may_be_pregnant is False or (facts.age is not None and not low <= facts.age <= high):
        return None
    asked = [on for on in (answers.pregnancy_asked_on, flag.asked_on if flag and flag.yes is False else None) if on]
    age = limits["prep.pregnancy_age"].value
    if asked and (facts.on - max(asked)).days <= age:
        return PrepItem("pregnancy", name, _READY, f"asked {day(max(asked))}: no")
    said = f"asked {day(max(asked))}, {(facts.on - max(asked)).days} days before the scan" if asked else "never asked"
    return PrepItem("pregnancy", name, _ASK if asked else _UNKNOWN, said, f"Ask within {age.normalize():f} days.")


def _acid(facts: PrepFacts, answers: Answers, limits: Mapping[str, Limit]) -> PrepItem:
    """Drugs against stomach acid raise CgA (`clinical.md` 3.3); in gastrinoma nobody pauses them for a test."""
    name, pause = "PPI", limits["prep.ppi"]
    if facts.gastrinoma:
        return PrepItem("ppi", name, _READY, "gastrinoma: never paused for a test; read the value with care")
    if answers.ppi_told:
        return PrepItem("ppi", name, _READY, f"{facts.acid}; agreed" if facts.acid else "asked: none, or agreed")
    if facts.acid:
        todo = f"Agree with the clinician: {pause.value.normalize():f} days without it, or note that it was taken."
        return PrepItem("ppi", name, _ASK, facts.acid, todo, unsigned=not pause.settled)
    if facts.drugs:
        return PrepItem("ppi", name, _READY, "not among the current drugs")
    return PrepItem("ppi", name, _UNKNOWN, "no current drug recorded", "Ask about drugs against stomach acid.")


def _diet(answers: Answers, limits: Mapping[str, Limit]) -> PrepItem:
    """Food with serotonin raises 5-HIAA."""
    name, days = "Diet", limits["prep.diet"]
    if answers.diet_told:
        return PrepItem("diet", name, _READY, "told", unsigned=not days.settled)
    todo = (
        f"Tell: {days.value.normalize():f} days without banana, pineapple, plum, walnut, tomato, avocado; "
        "ask about SSRIs."
    )
    return PrepItem("diet", name, _ASK, "not told yet", todo, unsigned=not days.settled)


def _interpreter(facts: PrepFacts, answers: Answers) -> PrepItem:
    name = "Interpreter"
    language = language_name(answers.language or facts.language)
    if answers.interpreter == Interpreting.BOOKED:
        return PrepItem("interpreter", name, _READY, f"booked{f', {language}' if language else ''}")
    if answers.interpreter == Interpreting.NO or (not answers.interpreter and facts.interpreter is False):
        return PrepItem("interpreter", name, _READY, "not needed")
    if answers.interpreter or facts.interpreter:
        said = f"needed{f', {language}' if language else ', language not known'}"
        return PrepItem("interpreter", name, _ASK, said, "Book an interpreter.")
    return PrepItem("interpreter", name, _UNKNOWN, language or "never asked", "Ask whether one is needed.")


def _transport(facts: PrepFacts, answers: Answers) -> PrepItem:
    name = "Transport"
    if answers.transport:
        return PrepItem("transport", name, _READY, Transport(answers.transport).label.lower())
    said = facts.transport or "never asked"
    todo = "Arrange it, or note that the patient comes by other means."
    return PrepItem("transport", name, _ASK if facts.transport else _UNKNOWN, said, todo)
