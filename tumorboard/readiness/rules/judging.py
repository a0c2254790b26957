"""Each item of a case against the record: there, incomplete, too old, missing. Pure.

Completeness says nothing about whether a value is good: that a value forbids or holds is `criteria`, and is kept apart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import date

from careteam.people.rules import Role
from patients.guidance.rules.facts import (
    ALBUMIN,
    ALT,
    ANC,
    AST,
    BILIRUBIN,
    CREATININE,
    ECOG,
    EGFR,
    HB,
    INR,
    PLATELETS,
    WBC,
    WEIGHT,
    Snapshot,
)
from patients.record.rules import MEASURES, Grade, PrimarySite, Stage
from tumorboard.readiness.rules.facts import CaseFacts
from tumorboard.readiness.rules.items import (
    CHASERS,
    ESSENTIAL,
    OF_THE_REFERRAL,
    ORGANS,
    Completeness,
    Found,
    Item,
    State,
)
from tumorboard.referrals.rules import ReferralKind

_NO_GRADE = frozenset({"", Grade.UNGRADED, Grade.UNCLASSIFIED})


def _aged(s: Snapshot, item: Item, words: str, on: date, code: str) -> Found:
    """There, or too old by the number `code` (days, counted to the day of the meeting)."""
    number = s.numbers[code]
    limit = f"at most {number.words} ({number.tag})"
    state = State.STALE if (s.on - on).days > int(number.value) else State.PRESENT
    return Found(item, state, words, on, limit, not number.settled)


def _missing(item: Item, words: str = "") -> Found:
    return Found(item, State.MISSING, words)


def _known(item: Item, words: str, on: date | None = None, *, lacks: Iterable[str] = ()) -> Found:
    """There; incomplete where something of it `lacks`."""
    gaps = ", ".join(lacks)
    if gaps:
        return Found(item, State.PARTIAL, f"{words}: {gaps}" if words else gaps, on)
    return Found(item, State.PRESENT, words, on)


def _goals(f: CaseFacts) -> Found:
    asked = Role.PALLIATIVE if f.snapshot.palliative_on else Role.ONCOLOGIST
    if f.goals_on is None:
        return replace(_missing(Item.GOALS, "no conversation on record"), role=asked)
    if f.goals_review_on is not None and f.goals_review_on <= f.snapshot.on:
        number = f.snapshot.numbers["goals.review"]
        return Found(
            Item.GOALS, State.STALE, "to be reviewed", f.goals_on, f"review every {number.words} ({number.tag})",
            not number.settled, role=asked,
        )  # fmt: skip
    gaps = [
        words
        for words, holds in (
            ("before the progression", f.goals_before_progression),
            ("event passed, ask again", f.goals_event_passed),
        )
        if holds
    ]
    return replace(_known(Item.GOALS, "signed" if not gaps else "", f.goals_on, lacks=gaps), role=asked)


def _question(f: CaseFacts) -> Found:
    return _known(Item.QUESTION, "asked") if f.question.strip() else _missing(Item.QUESTION)


def _referrer(f: CaseFacts) -> Found:
    return _known(Item.REFERRER, f.referrer) if f.referrer.strip() else _missing(Item.REFERRER)


def _consent(f: CaseFacts) -> Found:
    """Asked is complete, whatever the answer; that the patient does not agree is a criterion."""
    return _missing(Item.CONSENT, "not asked") if f.consent is None else _known(Item.CONSENT, "asked")


def _ecog(f: CaseFacts) -> Found:
    lab = f.snapshot.labs.get(ECOG)
    if lab is None or lab.value is None:
        return _missing(Item.ECOG, lab.problem if lab else "")
    return _aged(f.snapshot, Item.ECOG, f"{lab.value.normalize():f}", lab.on, "ready.ecog_age")


def _primary(f: CaseFacts) -> Found:
    s = f.snapshot
    absent = [name for name, value in (("primary site", s.primary_site), ("stage", s.stage)) if not value]
    if absent:
        return _missing(Item.PRIMARY, f"no {' and no '.join(absent)}")
    words = f"{dict(PrimarySite.choices).get(s.primary_site, s.primary_site)}, stage {s.stage}"
    return _known(Item.PRIMARY, words, s.stage_on, lacks=() if f.stage_edition else ("edition not stated",))


def _differentiation(f: CaseFacts) -> Found:
    if not f.differentiation:
        return _missing(Item.DIFFERENTIATION, "no specimen says it" if f.specimen_id else "no specimen")
    return _known(Item.DIFFERENTIATION, f.differentiation, f.snapshot.specimen_on)


def _grade(f: CaseFacts) -> Found:
    s = f.snapshot
    if s.grade in _NO_GRADE:
        return _missing(Item.GRADE, "not graded" if f.specimen_id else "no specimen")
    if s.ki67 is None:
        return Found(Item.GRADE, State.MISSING, f"{s.grade}, Ki-67 not stated", s.grade_on)
    gaps = [*(each.rstrip(".") for each in s.grade_conflicts), *(() if s.grade_on else ("date not stated",))]
    return _known(Item.GRADE, f"{s.grade}, Ki-67 {s.ki67.normalize():f} %", s.grade_on, lacks=gaps)


def _function(f: CaseFacts) -> Found:
    s = f.snapshot
    return _known(Item.FUNCTION, s.syndrome.replace("_", " ")) if s.syndrome else _missing(Item.FUNCTION)


def _scan(f: CaseFacts) -> Found:
    if f.scan is None:
        return _missing(Item.SCAN, f.scan_ahead.words if f.scan_ahead else "none on record")
    found = _aged(f.snapshot, Item.SCAN, f.scan.words, f.scan.on, "ready.scan_age")
    if found.state == State.STALE:
        ahead = f"; next {f.scan_ahead.words}" if f.scan_ahead else ""
        return replace(found, words=f"{found.words}{ahead}")
    gaps = []
    if not f.scan.is_read:
        gaps.append("report not here")
    if f.has_liver_disease and not f.scan.names_phases:
        gaps.append("phases of the liver not stated")
    if gaps:
        return replace(found, state=State.PARTIAL, words=f"{f.scan.words}: {', '.join(gaps)}", role=Role.RADIOLOGIST)
    return found


def _response(f: CaseFacts) -> Found:
    s = f.snapshot
    return _known(Item.RESPONSE, s.response, s.response_on) if s.response else _missing(Item.RESPONSE)


def _liver(f: CaseFacts) -> Found | None:
    if not f.has_liver_disease:
        return None
    liver = f.snapshot.liver
    if liver is None or liver.burden is None:
        return Found(Item.LIVER, State.MISSING, "burden not stated", liver.on if liver else None)
    gaps = () if liver.pattern is not None else ("type not stated",)
    return _known(Item.LIVER, f"{liver.burden} %", liver.on, lacks=gaps)


def _sstr(f: CaseFacts) -> Found:
    s = f.snapshot
    if s.sstr_on is None:
        return _missing(Item.SSTR, f.sstr_ahead.words if f.sstr_ahead else "none on record")
    score = f"Krenning {s.krenning}" if s.krenning is not None else "score not stated"
    found = _aged(s, Item.SSTR, score, s.sstr_on, "sstr.age")
    if found.state == State.PRESENT and s.krenning is None:
        return replace(found, state=State.PARTIAL, role=Role.NUCLEAR_MEDICINE)
    if found.state == State.STALE and f.sstr_ahead:
        return replace(found, words=f"{score}; next {f.sstr_ahead.words}")
    return found


def _fdg(f: CaseFacts) -> Found | None:
    """For NEC, NET G3, and G2 from the Ki-67 that the protocol names."""
    s = f.snapshot
    high = s.ki67 is not None and s.ki67 >= s.numbers["pet.high_g2"].value
    if not (s.is_nec or s.grade == Grade.NET_G3 or high or f.fdg):
        return None
    return _known(Item.FDG, f.fdg.words, f.fdg.on) if f.fdg else _missing(Item.FDG, "none on record")


def _labs(f: CaseFacts, item: Item, codes: Iterable[str]) -> Found:
    """Every one of the labs there and usable; the oldest decides the age."""
    s = f.snapshot
    wanted = list(codes)
    absent = [MEASURES[code].label for code in wanted if s.lab(code) is None]
    if absent:
        return _missing(item, f"no {', '.join(absent)}")
    oldest = min((s.labs[code] for code in wanted), key=lambda lab: lab.on)
    limit = "prrt.lab_age" if f.asks_prrt else "tare.lab_age" if f.asks_embolization else "ready.lab_age"
    return _aged(s, item, ", ".join(MEASURES[code].label for code in wanted), oldest.on, limit)


def _marrow(f: CaseFacts) -> Found:
    return _labs(f, Item.MARROW, (HB, WBC, PLATELETS, *((ANC,) if f.asks_embolization else ())))


def _kidney(f: CaseFacts) -> Found:
    """PRRT is judged by the clearance, which wants the weight; else an eGFR does as well as creatinine. A weight has no
    age here: it is read with the creatinine."""
    s = f.snapshot
    if f.asks_prrt and s.lab(WEIGHT) is None and s.lab(CREATININE) is not None:
        return _missing(Item.KIDNEY, "no weight for the clearance")
    return _labs(f, Item.KIDNEY, (EGFR if s.lab(CREATININE) is None and not f.asks_prrt else CREATININE,))


def _liver_labs(f: CaseFacts) -> Found:
    return _labs(f, Item.LIVER_LABS, (BILIRUBIN, ALBUMIN, INR, *((ALT, AST) if f.asks_prrt else ())))


def _markers(f: CaseFacts) -> Found:
    if f.marker_on is None:
        return _missing(Item.MARKERS, "none on record")
    return _aged(f.snapshot, Item.MARKERS, f.marker, f.marker_on, "ready.marker_age")


def _lines(f: CaseFacts) -> Found:
    lines = [line for line in f.snapshot.lines if line.is_antitumor]
    if not lines:
        return Found(Item.LINES, State.PARTIAL, "none recorded; none given?")
    given = [line for line in lines if line.was_given]
    ended = [line for line in given if not line.is_running and not line.end_reason]
    return _known(
        Item.LINES,
        f"{len(given)} given" if given else "none given yet",
        lacks=[f"why {line.label} ended" for line in ended],
    )


def _comorbidity(f: CaseFacts) -> Found:
    return _known(Item.COMORBIDITY, f"{f.comorbidities} recorded") if f.comorbidities else _missing(Item.COMORBIDITY)


def _heart(f: CaseFacts) -> Found | None:
    s = f.snapshot
    if s.syndrome != "carcinoid" and "heart_disease" not in s.flags:
        return None
    if not s.was_asked("heart_disease"):
        return _missing(Item.HEART, "not known")
    flag = s.flags["heart_disease"]
    return _known(Item.HEART, "yes" if flag.state == "present" else "no", flag.on)


def _symptoms(f: CaseFacts) -> Found:
    if f.symptoms_on is None:
        return _missing(Item.SYMPTOMS, "never asked")
    return _aged(f.snapshot, Item.SYMPTOMS, "asked", f.symptoms_on, "ready.symptom_age")


def _trials(f: CaseFacts) -> Found | None:
    if not f.trials_open:
        return None
    return _known(Item.TRIALS, f"{f.trials_considered} considered") if f.trials_considered else _missing(Item.TRIALS)


def _palliative(f: CaseFacts) -> Found | None:
    s = f.snapshot
    if s.stage != Stage.IV:
        return None
    return _known(Item.PALLIATIVE, "known", s.palliative_on) if s.palliative_on else _missing(Item.PALLIATIVE)


_JUDGES: dict[Item, Callable[[CaseFacts], Found | None]] = {
    Item.GOALS: _goals,
    Item.QUESTION: _question,
    Item.REFERRER: _referrer,
    Item.CONSENT: _consent,
    Item.ECOG: _ecog,
    Item.PRIMARY: _primary,
    Item.DIFFERENTIATION: _differentiation,
    Item.GRADE: _grade,
    Item.FUNCTION: _function,
    Item.SCAN: _scan,
    Item.RESPONSE: _response,
    Item.LIVER: _liver,
    Item.SSTR: _sstr,
    Item.FDG: _fdg,
    Item.MARROW: _marrow,
    Item.KIDNEY: _kidney,
    Item.LIVER_LABS: _liver_labs,
    Item.MARKERS: _markers,
    Item.LINES: _lines,
    Item.COMORBIDITY: _comorbidity,
    Item.HEART: _heart,
    Item.SYMPTOMS: _symptoms,
    Item.TRIALS: _trials,
    Item.PALLIATIVE: _palliative,
}


def is_essential(item: Item, f: CaseFacts) -> bool:
    """Whether the board cannot decide this question without it. A NEC is not staged by SSTR imaging."""
    if item in ORGANS:
        return f.asks_prrt or f.asks_embolization
    if item is Item.LIVER:
        return f.asks_embolization
    if item is Item.SSTR:
        return f.asks_prrt or not f.snapshot.is_nec
    return item in ESSENTIAL


def completeness(f: CaseFacts, waived: Collection[str] = (), wanted: Collection[str] = ()) -> Completeness:
    """Every item that applies. `waived` are item codes; what is there by now needs its waiver no more. `wanted` are
    those the board deferred the case for."""
    found = []
    for item, judge in _JUDGES.items():
        if f.kind == ReferralKind.INFORMATION and item not in OF_THE_REFERRAL:
            continue
        one = judge(f)
        if one is None:
            continue
        role = one.role if one.role != Role.NURSE_COORDINATOR else CHASERS.get(item, one.role)
        one = replace(one, is_essential=is_essential(item, f), role=role, is_wanted=item in wanted)
        if item in waived and not one.is_settled:
            one = replace(one, was=one.state, state=State.WAIVED)
        found.append(one)
    return Completeness(tuple(found))
