"""Rows about imaging: the scans done, the plan, the next scan in whatever state it is, its reminders. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from careteam.cohort.histories.course import Course, Scan
from careteam.cohort.histories.person import coordinator, responsible
from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, Key, Person, Ref, ReminderKey, Text, at, working_day
from patients.imaging.rules import highest_step

REGION = {"lung": "chest and liver", "rectum": "chest, abdomen, pelvis"}
SITUATIONS = {
    "S1": "first year of the treatment",
    "S2": "stable for more than a year",
    "S3": "NET G3",
    "S4": "carcinoma or unclassified: strictest interval",
    "S5": "on a targeted drug",
    "S6": "every 3 cycles of CAPTEM",
    "S7": "during PRRT",
    "S8": "after the last PRRT dose",
    "S9": "after embolization",
    "S10b": "after ablation",
    "S11": "after resection",
    "S12": "after resection of liver metastases",
}
_SAID = {
    "": "Baseline for the treatment about to start.",
    "SD": "Stable disease.",
    "PR": "Partial response.",
    "CR": "No measurable disease.",
    "PD": "Progressive disease.",
}
STOPPED = {
    "declined": "declined",
    "transferred": "transferred",
    "discharged": "discharged",
    "deceased": "deceased",
}
SYMPTOM_LED = {"hospice": "hospice", "bsc": "symptom_led"}
QUEUES = {"red": "oncologist", "board": "board_coordinator"}


def region_of(profile: Profile) -> str:
    return REGION.get(profile.site, "chest, abdomen, pelvis, 3-phase")


def write_imaging(
    dice: Dice, history: History, profile: Profile, course: Course, lines: list[Ref], today: date
) -> Ref | None:
    """The next scan that is outstanding, if one is."""
    modality = dice.pick({"ct": 0.68, "mri": 0.32})
    for n, scan in enumerate(course.scans):
        _done(dice, history, profile, scan, modality, today, last=n == len(course.scans) - 1)
    _pets(history)
    if course.scans and course.present.regimen.code in SYMPTOM_LED and profile.enrollment == "active":
        _ended_plan(history, profile, course, modality)
    if course.due is None or course.anchor is None or profile.enrollment == "under_review":
        return None
    return _plan(dice, history, profile, course, lines, modality, today)


def _done(
    dice: Dice, history: History, profile: Profile, scan: Scan, modality: str, today: date, *, last: bool
) -> None:
    age = (today - scan.on).days
    reader = responsible(history)
    status = "acted_on" if scan.response == "PD" else "reviewed"
    if age < 2:
        status = "performed"
    elif last and profile.in_care and age < 12 and dice.chance(0.55):
        status = "reported" if age >= 3 and dice.chance(0.75) else "performed"
    reported = min(working_day(scan.on + timedelta(days=dice.randint(1, 3))), today)
    reviewed = min(working_day(reported + timedelta(days=dice.randint(0, 5))), today)
    urgent = scan.response == "PD"
    values: dict[str, object] = {
        "modality": modality,
        "region": region_of(profile),
        "status": status,
        "due_on": scan.on,
        "owner": coordinator(history),
        "performed_on": scan.on,
        "place": dice.choice(("Site A", "Site A", "Site B")),
        "accession_number": f"AC{dice.randint(10_000_000, 99_999_999)}",
    }
    if status != "performed":
        values |= {
            "reported_at": at(reported, 15, dice.randint(0, 59)),
            "report": report_text(scan, profile),
            "conclusion": f"{_SAID[scan.response]} Sum of target diameters {scan.total:g} mm.",
            "response": scan.response,
            "is_urgent": urgent,
            "review_due_on": working_day(reported + timedelta(days=2 if urgent else 7)),
        }
    if status in {"reviewed", "acted_on"}:
        values |= {"reviewed_at": at(reviewed, 16), "reviewed_by": reader}
    if status == "acted_on":
        values |= {"acted_on_at": at(reviewed, 16, 30), "acted_note": "Treatment reconsidered"}
    study = history.add("study", **values)
    if scan.response and status != "performed":
        history.add(
            "status",
            assessed_on=scan.on,
            category=scan.response,
            method="recist",
            study_key=Key("study", *study),
            assessed_by=Person("radiologist"),
        )
    if status == "reported":
        history.add(
            "step",
            kind="review",
            source_key=Key("study", *study),
            what=f"Review the report of the {modality.upper()}",
            owner=reader,
            owner_role=reader.role,
            due_on=values["review_due_on"],
            url=Text("/patients/{patient}/"),
            opened_at=values["reported_at"],
        )


def report_text(scan: Scan, profile: Profile) -> str:
    """What a radiologist would dictate; calculated from the diameters, so that words and figures agree."""
    parts = [f"Sum of target diameters {scan.total:g} mm (baseline {scan.baseline:g} mm, nadir {scan.nadir:g} mm)."]
    if "liver" in profile.metastases:
        parts.append(f"Liver: metastases in {'both lobes' if profile.liver_pattern > 1 else 'the right lobe'}, ")
        parts[-1] += f"about {profile.liver_burden} % of the liver."
    if scan.response == "PD":
        growth = (scan.total - scan.nadir) * 100 / scan.nadir if scan.nadir else 0
        parts.append(f"Growth of {growth:.0f} % over the nadir.")
    parts.append(_SAID[scan.response])
    return " ".join(parts)


def _pets(history: History) -> None:
    for receptor in history.of("receptor"):
        reported = working_day(receptor["imaged_on"] + timedelta(days=2))
        values: dict[str, object] = {
            "modality": "sstr_pet" if receptor["modality"] == "pet" else "scintigraphy",
            "region": "whole body",
            "status": "reviewed",
            "performed_on": receptor["imaged_on"],
            "reported_at": at(reported, 14),
            "report": f"{receptor['finding']} Krenning {receptor['krenning']}.",
            "conclusion": f"Krenning {receptor['krenning']}.",
            "reviewed_at": at(reported, 17),
            "reviewed_by": Person("nuclear_medicine"),
        }
        history.add("study", **values)
        if receptor["fdg_avid"] is not None:
            avid = "FDG-avid lesions." if receptor["fdg_avid"] else "No FDG-avid lesion."
            on = receptor["imaged_on"] + timedelta(days=1)
            values |= {"modality": "fdg_pet", "performed_on": on, "report": avid, "conclusion": avid}
            history.add("study", **values)


def _ended_plan(history: History, profile: Profile, course: Course, modality: str) -> None:
    """Hospice ends surveillance; with supportive care a clinician has confirmed that symptoms lead."""
    start = course.present.start
    anchor = course.scans[-1].on
    history.add(
        "plan",
        situation="S2",
        modality=modality,
        region=region_of(profile),
        interval_days=180,
        anchor_on=anchor,
        anchor_kind="scan",
        why=f"180 days after {modality.upper()} of {anchor.day} {anchor:%b %Y}",
        confirmed_at=at(anchor + timedelta(days=6), 12),
        stopped_on=max(start, anchor),
        stop_reason=SYMPTOM_LED[course.present.regimen.code],
    )


def _plan(
    dice: Dice, history: History, profile: Profile, course: Course, lines: list[Ref], modality: str, today: date
) -> Ref | None:
    anchor, due = course.anchor, course.due
    assert anchor is not None  # noqa: S101
    assert due is not None  # noqa: S101
    label = modality.upper()
    since = f"{label} of {anchor.day} {anchor:%b %Y}"
    if not course.anchored_on_scan:
        since = f"start of treatment on {anchor.day} {anchor:%b %Y}"
    stopped = STOPPED.get(profile.enrollment)
    ended = history.of("enrollment")[-1]
    plan = history.add(
        "plan",
        situation=course.situation,
        modality=modality,
        region=region_of(profile),
        interval_days=course.interval,
        anchor_on=anchor,
        anchor_kind="scan" if course.anchored_on_scan else "line",
        why=f"{course.interval} days after {since}; {SITUATIONS[course.situation]}",
        is_provisional=not profile.differentiation,
        confirmed_at=at(min(working_day(anchor + timedelta(days=6)), today), 12),
        line=lines[course.treatments.index(course.present)],
        stopped_on=ended["started_on"] if stopped else None,
        stop_reason=stopped or "",
        ask_again_on=ended.get("ask_again_on") if stopped == "declined" else None,
    )
    if stopped:
        return None
    return outstanding(dice, history, profile, plan, modality, due, today)


def outstanding(
    dice: Dice, history: History, profile: Profile, plan: Ref, modality: str, due: date, today: date, **wanted: object
) -> Ref:
    """The next scan: planned long before, ordered and booked nearer the date; overdue ones in every state."""
    days = (due - today).days
    owner: Person | None = coordinator(history)
    status = "planned"
    if days < 0:
        status = dice.pick({"planned": 0.2, "ordered": 0.65, "scheduled": 0.15})
        owner = None if dice.chance(0.12) else owner
    elif days <= 14:
        status = dice.pick({"ordered": 0.35, "scheduled": 0.65})
    elif days <= 28:
        status = dice.pick({"planned": 0.45, "ordered": 0.4, "scheduled": 0.15})
    values: dict[str, object] = {
        "plan": plan,
        "modality": modality,
        "region": region_of(profile),
        "status": status,
        "due_on": due,
        "owner": owner,
    }
    values |= wanted
    if values["status"] in {"ordered", "scheduled"}:
        values["ordered_at"] = at(working_day(min(due - timedelta(days=25), today - timedelta(days=2))), 11)
    if values["status"] == "scheduled" and "scheduled_for" not in values:
        slot = working_day(max(due + timedelta(days=dice.randint(-3, 5)), today + timedelta(days=dice.randint(1, 9))))
        values |= {"scheduled_for": at(slot, dice.randint(7, 15), dice.choice((0, 20, 40))), "place": "Site A"}
    study = history.add("study", **values)
    if profile.in_care:
        _step(history, values, study, due, today)
        _remind(history, values, study, due, today, history.row(plan)["interval_days"])
    return study


def _step(history: History, values: dict[str, object], study: Ref, due: date, today: date) -> None:
    verb = {"planned": "Order", "ordered": "Schedule", "scheduled": "Confirm"}[str(values["status"])]
    history.add(
        "step",
        kind="study",
        source_key=Key("study", *study),
        what=f"{verb} the {str(values['modality']).upper()}",
        owner=values["owner"],
        owner_role="nurse_coordinator",
        due_on=due,
        url=Text("/patients/{patient}/"),
        opened_at=at(min(due, today) - timedelta(days=30)),
    )


def _remind(history: History, values: dict[str, object], study: Ref, due: date, today: date, interval: int) -> None:
    """The step that yesterday's sweep reached; what today reaches is left to today's sweep."""
    step = highest_step(due=due, today=today - timedelta(days=1), interval_days=interval)
    if step is None or (values["status"] == "scheduled" and due >= today):
        return
    raised = at(today - timedelta(days=1), 5)
    history.add(
        "reminder",
        study=study,
        step=str(step),
        due_on=due,
        queue=QUEUES.get(str(step), "nurse_coordinator"),
        assignee=values["owner"],
        state="open",
        raised_at=raised,
    )
    recipient = values["owner"] or Person("nurse_coordinator")
    if step in {"red", "board"}:
        recipient = responsible(history)
    history.add(
        "inbox",
        recipient=recipient,
        key=ReminderKey(study.n, str(step), due),
        kind="reminder",
        title=f"{str(values['modality']).upper()} due {due.day} {due:%b %Y}: {step.label.lower()}",
        url=Text("/patients/{patient}/"),
        raised_at=raised,
        due_on=due,
    )
