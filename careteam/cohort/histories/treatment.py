"""Rows about treatment: lines, their doses, adverse events. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from careteam.cohort.histories.course import Course, Treatment
from careteam.cohort.histories.person import responsible
from careteam.cohort.histories.preparation import plan_of, write_preparation
from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, Key, Person, Ref, Text, at

SURGERY = {
    "pancreas": "Distal pancreatectomy",
    "jejunum_ileum": "Ileal resection with lymph nodes",
    "lung": "Lobectomy",
    "rectum": "Transanal excision",
    "cecum_colon": "Right hemicolectomy",
    "stomach": "Wedge resection of the stomach",
    "duodenum_ampulla": "Duodenal resection",
    "appendix": "Right hemicolectomy",
    "thymus": "Thymectomy",
    "unknown": "Explorative laparotomy with debulking",
}
_REDUCED = {"everolimus": "5 mg daily", "sunitinib": "25 mg daily", "cabozantinib": "40 mg daily"}


def write_treatment(dice: Dice, history: History, profile: Profile, course: Course, today: date) -> list[Ref]:
    """Lines in order of start; the refs lie beside `course.treatments`."""
    refs = []
    aside = Dice(f"aside:{profile.diagnosed}:{profile.birth}")  # leaves the turns of the story as they are
    for treatment in course.treatments:
        ref = _line(dice, aside, history, profile, treatment, today)
        refs.append(ref)
        _doses(dice, history, treatment, ref)
        write_preparation(aside, history, profile, treatment, ref, today)
        if not treatment.ahead:
            _events(dice, history, treatment, ref, profile.died or today)
        if profile.in_care:
            _step(history, treatment, ref)
    return refs


def _line(dice: Dice, aside: Dice, history: History, profile: Profile, treatment: Treatment, today: date) -> Ref:
    regimen = treatment.regimen
    imported = profile.enrollment == "under_review"
    agent, dose, notes = regimen.agent, regimen.dose, treatment.note
    levels: list[dict[str, str]] = []
    if regimen.code == "surgery":
        agent = SURGERY[profile.site]
        if profile.stage == "IV" and dice.chance(0.4):
            agent += ", liver debulking"
    if regimen.code in _REDUCED and not notes and dice.chance(0.35) and (today - treatment.start).days > 120:
        reduced = treatment.start + timedelta(days=dice.randint(40, 110))
        dose = _REDUCED[regimen.code]
        levels = [
            {"dose": regimen.dose, "since": treatment.start.isoformat(), "reason": "", "note": ""},
            {"dose": dose, "since": reduced.isoformat(), "reason": "toxicity", "note": ""},
        ]
    status = "active"
    if treatment.ahead:
        status = "proposed" if dice.chance(0.4) else "planned"
    elif treatment.end is not None:
        status = "completed" if treatment.end_reason == "completed" else "stopped"
    supportive = regimen.code in {"bsc", "hospice", "observation"}
    planned = treatment.start if treatment.ahead else treatment.start - timedelta(days=dice.randint(3, 20))
    if status == "planned" and regimen.modality == "embolization" and profile.in_care:
        planned = today - timedelta(days=12)  # nobody said that it was done, or why not: the safety net finds it
    return history.add(
        "line",
        modality=regimen.modality,
        agent=agent,
        role="supportive" if supportive else treatment.role,
        intent="symptom" if treatment.role == "symptom_control" else regimen.intent,
        start_reason=treatment.reason,
        status=status,
        planned_on=planned,
        started_on=None if treatment.ahead else treatment.start,
        ended_on=treatment.end,
        end_reason=treatment.end_reason,
        end_note="Last dose reduced for toxicity before." if treatment.end_reason == "toxicity" else "",
        dose=dose,
        interval_days=regimen.cycle or None,
        planned_count=regimen.count if regimen.finite and regimen.count > 1 else None,
        site="right lobe, then left lobe" if regimen.modality == "embolization" else "",
        trial_number="NCT05477576" if regimen.code == "trial" else "",
        best_response=treatment.best,
        last_response=treatment.last,
        notes=notes,
        plan={} if imported else plan_of(aside, treatment, agent) | ({"levels": levels} if levels else {}),
        needs_review=imported,
        source="import" if imported else "",
    )


def _step(history: History, treatment: Treatment, line: Ref) -> None:
    """What waits because of this line: a decision, a start, the next dose, its completion."""
    row = history.row(line)
    label = f"{row['agent']} {row['dose']}".strip()
    first = next(
        (dose for dose in history.of("administration") if dose["line"] == line and dose["status"] == "planned"), None
    )
    owner: Person | None = responsible(history)
    kind, due = "line", row["planned_on"]
    if treatment.ahead:
        what = f"{'Decide on' if row['status'] == 'proposed' else 'Start'} {label}"
    elif first is not None:
        of = f" of {row['planned_count']}" if row["planned_count"] else ""
        what, kind, due, owner = f"{label}, dose {first['number']}{of}", "administration", first["planned_on"], None
    else:
        return
    history.add(
        "step",
        kind=kind,
        source_key=Key("line", *line),
        what=what[:200],
        owner=owner,
        owner_role=owner.role if owner else "nurse_coordinator",
        due_on=due,
        url=Text("/patients/{patient}/treatment/{id}/", *line),
        opened_at=at(due - timedelta(days=28)),
    )


def _doses(dice: Dice, history: History, treatment: Treatment, line: Ref) -> None:
    regimen = treatment.regimen
    number = treatment.first_number
    for day in treatment.doses:
        late = dice.chance(0.05)
        history.add(
            "administration",
            line=line,
            number=number,
            status="given",
            planned_on=day,
            given_on=day,
            dose=Decimal(regimen.amount) if regimen.amount else None,
            dose_unit=regimen.unit,
            moved_from=day - timedelta(days=7) if late else None,
            reason="Platelets low, one week later" if late and regimen.modality in {"prrt", "chemotherapy"} else "",
            given_elsewhere="Day clinic of the local hospital"
            if regimen.modality == "ssa" and dice.chance(0.05)
            else "",
        )
        number += 1
    for day in treatment.planned:
        history.add(
            "administration",
            line=line,
            number=number,
            status="planned",
            planned_on=day,
            dose=Decimal(regimen.amount) if regimen.amount else None,
            dose_unit=regimen.unit,
        )
        number += 1


_HELD = (
    "Platelets 62, blood count again in a week",
    "Fever since yesterday",
    "Neutrophils 0.8, one week later",
    "Creatinine up, waiting for the nephrologist",
)


def disturb_doses(dice: Dice, history: History, today: date) -> None:
    """What a coordinator finds on a morning: a dose of last week that nobody recorded, one that is held."""
    for row in history.of("administration"):
        line = history.row(row["line"])
        if row["status"] != "planned" or line["status"] != "active" or (row["planned_on"] - today).days > 14:
            continue
        earlier = max(
            (dose["given_on"] for dose in history.of("administration") if dose["line"] == row["line"]
             and dose["status"] == "given"),
            default=line["started_on"],
        )  # fmt: skip
        missed = today - timedelta(days=dice.randint(1, 12))
        while missed.weekday() >= 5:
            missed -= timedelta(days=1)
        if dice.chance(0.10) and (missed - earlier).days >= 7:
            row["planned_on"] = missed
            _redate(history, row["line"], missed)
        elif line["modality"] in {"chemotherapy", "prrt"} and dice.chance(0.4):
            row["status"], row["reason"] = "held", dice.choice(_HELD)
            for step in history.of("step"):
                if step["source_key"] == Key("line", *row["line"]):
                    step["what"] = f"{line['agent']} {line['dose']}, dose {row['number']} is held"[:200]
                    step["owner"] = responsible(history)
        return


def _redate(history: History, line: Ref, on: date) -> None:
    for step in history.of("step"):
        if step["source_key"] == Key("line", *line):
            step["due_on"] = on


def _events(dice: Dice, history: History, treatment: Treatment, line: Ref, until: date) -> None:
    toxicities = treatment.regimen.toxicities
    if not toxicities:
        return
    end = min(treatment.end or until, until)
    days = max(1, (end - treatment.start).days)
    wanted = 2 if treatment.end_reason == "toxicity" else dice.pick({0: 0.45, 1: 0.4, 2: 0.15})
    for term, highest in dice.sample(toxicities, min(wanted, len(toxicities))):
        severe = treatment.end_reason == "toxicity" and wanted == 2
        noticed = treatment.start + timedelta(days=dice.randint(0, days))
        resolved = noticed + timedelta(days=dice.randint(10, 60))
        history.add(
            "adverse",
            line=line,
            term=term,
            grade=max(2, highest) if severe else dice.randint(1, highest),
            noticed_on=noticed,
            resolved_on=resolved if resolved < until and dice.chance(0.8) else None,
        )
