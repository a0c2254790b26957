"""Rows about imaging: the scans done, the plan, the next scan in whatever state it is, its reminders. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from careteam.cohort.histories.course import Course, Scan
from careteam.cohort.histories.person import coordinator, responsible
from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, Key, Person, Ref, ReminderKey, Text, at, working_day
from patients.imaging.rules import StudyModality, clock_start, highest_step, is_moot, stake_of
from patients.record.rules import Grade

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
    "S10a": "after TARE",
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
OUTSIDE = "Radiology Center South"
ANSWERS = {
    "contrast": "yes",
    "reaction_settled": True,
    "metformin_told": True,
    "implant_settled": True,
    "claustrophobia": "no",
    "interpreter": "no",
    "transport": "own",
    "note": "Difficult veins: the port may be used.",
}
ABSENT = Person("nurse_coordinator", 1)  # away around the day the demo is made
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
    status = "acted_on"
    if age < 2:
        status = "performed"
    elif last and profile.in_care and age < 12 and dice.chance(0.55):
        status = "reported" if age >= 3 and dice.chance(0.75) else "performed"
    elif last and profile.in_care and age < 20 and (scan.response == "PD" or dice.chance(0.3)):
        status = "reviewed"
    reported = min(working_day(scan.on + timedelta(days=dice.randint(1, 3))), today)
    reviewed = min(working_day(reported + timedelta(days=dice.randint(0, 5))), today)
    urgent = scan.response == "PD"
    values: dict[str, Any] = {
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
    values |= _outside(scan.on, today)
    if status == "acted_on":
        note = "Treatment reconsidered" if urgent else "Goes on as planned"
        values |= {"acted_on_at": at(reviewed, 16, 30), "acted_note": note}
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
    if profile.in_care and status != "acted_on":
        wait_for(history, study, values, reader, reviewed)


def _outside(on: date, today: date) -> dict[str, Any]:
    """One scan in nine was made elsewhere: its images came, or were asked for this week."""
    if on.toordinal() % 9 or not 6 <= (today - on).days <= 400:
        return {}
    asked = working_day(on + timedelta(days=1))
    if (today - on).days <= 120:
        return {"center": OUTSIDE, "images_requested_on": max(asked, today - timedelta(days=4))}
    return {"center": OUTSIDE, "images_requested_on": asked, "images_received_on": asked + timedelta(days=4)}


def wait_for(history: History, study: Ref, values: dict[str, Any], reader: Person, reviewed: date) -> None:
    """What a scan that was done still waits for: its report, its review, what follows from it."""
    name = f"{values['modality'].upper()}, {values['region']}"
    owner: Person | None = reader
    url, opened = "/imaging/studies/{id}/", at(values["performed_on"], 12)
    if values["status"] == "performed":
        kind, what, owner = "study", f"Report of {name} outstanding", None
        due = working_day(opened.date() + timedelta(days=6))
    elif values["status"] == "reported":
        kind, what, due = "review", f"Review the report of {name}", values["review_due_on"]
        url, opened = "/imaging/studies/{id}/review/", values["reported_at"]
    else:
        progressed = values["response"] == "PD"
        kind, what = "review", "Decide after progression" if progressed else f"Act on the report of {name}"
        due, opened = reviewed + timedelta(days=14 if progressed else 7), at(reviewed, 16)
    history.add(
        "step",
        kind=kind,
        source_key=Key("study", *study),
        what=what,
        owner=owner,
        owner_role=owner.role if owner else "radiologist",
        due_on=due,
        url=Text(url, *study),
        opened_at=opened,
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
        values: dict[str, Any] = {
            "modality": "sstr_pet" if receptor["modality"] == "pet" else "scintigraphy",
            "region": "whole body",
            "status": "acted_on",
            "performed_on": receptor["imaged_on"],
            "reported_at": at(reported, 14),
            "report": f"{receptor['finding']} Krenning {receptor['krenning']}.",
            "conclusion": f"Krenning {receptor['krenning']}.",
            "reviewed_at": at(reported, 17),
            "reviewed_by": Person("nuclear_medicine"),
            "acted_on_at": at(reported, 17, 30),
            "acted_note": "Uptake noted",
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
        why=f"{course.interval} days after {since}, {course.situation}: {SITUATIONS[course.situation]}",
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
    values: dict[str, Any] = {
        "plan": plan,
        "modality": modality,
        "region": region_of(profile),
        "status": status,
        "due_on": due,
        "owner": owner,
        "stake": _stake(history, profile),
    }
    values |= wanted
    if values["status"] in {"ordered", "scheduled"}:
        values["ordered_at"] = at(working_day(min(due - timedelta(days=25), today - timedelta(days=2))), 11)
    if values["status"] == "scheduled" and "scheduled_for" not in values:
        slot = working_day(max(due + timedelta(days=dice.randint(-3, 5)), today + timedelta(days=dice.randint(1, 9))))
        values |= {"scheduled_for": at(slot, dice.randint(7, 15), dice.choice((0, 20, 40))), "place": "Site A"}
    if values["status"] == "scheduled" and profile.in_care and due.toordinal() % 3 == 0:
        asked = at(working_day(today - timedelta(days=4)), 14)
        values |= {"preparation": ANSWERS, "prepared_at": asked, "prepared_by": coordinator(history)}
    waits = (
        profile.in_care and values["status"] in {"planned", "ordered"} and 0 < days <= 28 and due.toordinal() % 3 == 1
    )
    if waits:
        values["snoozed_until"] = due
    study = history.add("study", **values)
    if waits:
        history.add(
            "snooze",
            study=study,
            until=values["snoozed_until"],
            reason="asked",
            note="Wants the scan after the holidays of the family.",
            at=at(today - timedelta(days=2), 10),
            created_by=coordinator(history),
        )
    if profile.in_care:
        _step(history, values, study, due, today)
        remind(history, values, study, due, today, history.row(plan))
    return study


def grade_of(profile: Profile) -> Grade:
    """The grade as the record computes it."""
    grades = {"NEC": Grade.NEC, "G3": Grade.NET_G3, "G2": Grade.NET_G2, "G1": Grade.NET_G1}
    return grades[profile.grade] if profile.differentiation else Grade.UNCLASSIFIED


def _stake(history: History, profile: Profile) -> str:
    """What `rules.stake_of` says of the tumor and the last response."""
    told = sorted(history.of("status"), key=lambda row: row["assessed_on"])
    return stake_of(grade_of(profile), last_response=told[-1]["category"] if told else "", is_extra=False)


def _step(history: History, values: dict[str, Any], study: Ref, due: date, today: date) -> None:
    name = f"{values['modality'].upper()}, {values['region']}"
    slot = values.get("scheduled_for")
    what = f"{'Order' if values['status'] == 'planned' else 'Schedule'} {name}"
    if slot is not None:
        what, due = f"{name}, {slot.day} {slot:%b %Y}, {values['place']}", slot.date()
    history.add(
        "step",
        kind="study",
        source_key=Key("study", *study),
        what=what[:200],
        owner=values["owner"],
        owner_role="nurse_coordinator",
        due_on=due,
        url=Text("/imaging/studies/{id}/", *study),
        opened_at=at(min(due, today) - timedelta(days=30)),
    )


def _acknowledged(by: Person, on: date) -> dict[str, Any]:
    return {
        "acknowledged_at": at(on, 9, 20),
        "acknowledged_by": by,
        "acknowledged_note": "Spoke to the family; I call again on Monday.",
    }


def remind(history: History, values: dict[str, Any], study: Ref, due: date, today: date, plan: dict[str, Any]) -> None:
    """The step that yesterday's sweep reached; what today reaches is left to today's sweep."""
    yesterday = today - timedelta(days=1)
    clock = clock_start(due, plan["confirmed_at"].date())
    step = highest_step(due=clock, today=yesterday, interval_days=plan["interval_days"])
    if step is None or is_moot(
        step, status=values["status"], scheduled_for=values.get("scheduled_for"), now=at(yesterday, 5)
    ):
        return
    lead = responsible(history)
    owner: Person | None = None if values["owner"] == ABSENT else values["owner"]
    nurses = [owner] if owner else [Person("nurse_coordinator"), Person("nurse_coordinator", 2)]
    recipients = {
        "amber": [*nurses, lead],
        "red": [lead, Person("team_lead")],
        "board": [Person("board_coordinator")],
    }.get(str(step), nurses)
    raised = at(yesterday, 5)
    name = ", ".join(part for part in (str(StudyModality(values["modality"]).label), values["region"]) if part)
    history.add(
        "reminder",
        study=study,
        step=str(step),
        due_on=due,
        queue=QUEUES.get(str(step), "nurse_coordinator"),
        assignee={"red": lead, "board": None}.get(str(step), owner),
        state="open",
        raised_at=raised,
        **(_acknowledged(lead, yesterday) if due.toordinal() % 4 == 1 and str(step) in {"amber", "red"} else {}),
    )
    for recipient in recipients:
        history.add(
            "inbox",
            recipient=recipient,
            key=ReminderKey(study.n, str(step), due),
            kind="imaging.reminder",
            title=f"{step.label}: {name}, due {due.day} {due:%b %Y}",
            url=Text("/imaging/studies/{id}/", *study),
            raised_at=raised,
            due_on=due,
        )
