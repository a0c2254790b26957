"""Rows about symptoms (ESAS-r, distress) and the heart of patients with a carcinoid syndrome. Pure.

With dice of its own: what else happens to a patient stays as it was before there were symptoms.
"""

from __future__ import annotations

from datetime import date, timedelta

from careteam.cohort.histories.person import responsible
from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, Key, Person, Text, at, working_day
from patients.record.rules import ESAS_ITEMS

MODERATE, SEVERE = 4, 7
ANSWERS = (
    "Called. Pain medication taken irregularly; plan gone through again, call on Friday.",
    "Called. Loperamide raised, stool sample asked for, visit moved forward.",
    "Seen the same day by the palliative team.",
)


def write_symptoms(history: History, profile: Profile, *, seed: int, index: int, today: date, directed: bool) -> None:
    """A course of one to four askings for two patients in three; directed patients are at most moderate."""
    dice = Dice(f"symptoms:{seed}:{index}")
    until = profile.died or today
    if profile.enrollment == "under_review" or (until - profile.diagnosed).days < 30:
        return
    if profile.syndrome == "carcinoid" and not directed and dice.chance(0.6):
        _echo(dice, history, profile, until)
    if not dice.chance(0.66):
        return
    most = MODERATE + 1 if directed or dice.chance(0.85) else 9
    base = {name: dice.pick({0: 0.35, 1: 0.2, 2: 0.2, 3: 0.15, 4: 0.1}) for name in ESAS_ITEMS[:-1]}
    base["tiredness"] = dice.randint(1, 5)
    for back in range(dice.randint(0, 3), -1, -1):
        on = until - timedelta(days=back * dice.randint(50, 95) + dice.randint(2, 40))
        if on < profile.diagnosed:
            continue
        scores = {name: max(0, min(most, score + dice.randint(-1, 1))) for name, score in base.items()}
        if most > SEVERE and not back:
            scores["pain"] = dice.randint(SEVERE, most)
        _ask(dice, history, profile, on, scores, today, last=not back)


def _ask(
    dice: Dice, history: History, profile: Profile, on: date, scores: dict[str, int], today: date, *, last: bool
) -> None:
    values: dict[str, object] = dict(scores)
    if profile.functional and dice.chance(0.5):
        values |= {"other": dice.randint(1, 5), "other_name": dice.choice(("Diarrhea", "Flushing"))}
    if dice.chance(0.8):
        values["distress"] = min(3, max(0, scores["anxiety"]))
    severe = any(score >= SEVERE for score in scores.values())
    waits = severe and last and profile.in_care and (today - on).days <= 3
    if severe and not waits:
        values |= {
            "answered_at": at(working_day(on + timedelta(days=1)) if on < today else on, 11),
            "answered_by": Person("nurse_coordinator"),
            "answer": dice.choice(ANSWERS),
        }
        if values["answered_at"].date() > today:  # type: ignore[attr-defined]
            values["answered_at"] = at(on, 15)
    asked = history.add(
        "symptom", assessed_on=on, filled_by=dice.pick({"patient": 0.8, "staff": 0.12, "caregiver": 0.08}), **values
    )
    if waits:
        words = "; ".join(f"{name} {score}" for name, score in scores.items() if score >= SEVERE)
        history.add(
            "step",
            kind="visit",
            source_key=Key("symptoms", *asked),
            what=f"Call: severe symptoms ({words})",
            owner=None,
            owner_role="nurse_coordinator",
            due_on=working_day(on + timedelta(days=1)),
            url=Text("/patients/{patient}/record/symptoms/{id}/answer/", *asked),
            opened_at=at(on, 10),
        )


def _echo(dice: Dice, history: History, profile: Profile, until: date) -> None:
    on = max(profile.diagnosed, until - timedelta(days=dice.randint(30, 600)))
    report = dice.choice(("No valve disease.", "Mild tricuspid regurgitation.", "Normal right heart, no thickening."))
    after = min(on + timedelta(days=1), until)
    history.add(
        "study",
        modality="echo",
        region="heart",
        status="acted_on",
        performed_on=on,
        reported_at=at(on, 12),
        report=report,
        conclusion=report,
        reviewed_at=at(after, 13),
        reviewed_by=responsible(history),
        acted_on_at=at(after, 13),
        acted_note="Known; again in a year",
    )
