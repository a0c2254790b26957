"""Patients whose hazard lies in tumor, labs, PRRT or scans. Pure."""

from __future__ import annotations

from decimal import Decimal

from careteam.cohort.histories.asking import surprise, talk_wish
from careteam.cohort.histories.course import Treatment
from careteam.cohort.histories.imaging import wait_for
from careteam.cohort.histories.person import responsible
from careteam.cohort.histories.regimens import REGIMENS
from careteam.cohort.histories.rows import Key, Person, Ref, Text, at, working_day
from careteam.cohort.histories.story import Story


def washout(story: Story) -> None:
    story.talk(story.day(-40))
    story.labs_not_after(story.day(-5))
    story.lab("777-3", 164, story.day(-3))
    story.prompt("closed")
    referral = story.list_case("PRRT under way, counts fall slowly: go on to the next dose?", "other")
    for item, reason in (
        ("trials", "PRRT is running; no trial allows it"),
        ("palliative", "Offered at the last visit, not wished now"),
    ):
        said = {"waived_by": Person("oncologist"), "waived_at": at(story.day(-1), 9)}
        story.history.add("waiver", referral=referral, item=item, reason=reason, **said)


def stale_labs(story: Story) -> None:
    story.labs_not_after(story.day(-30))
    story.talk(story.day(-110), event="", event_on=None)
    story.prompt("closed")


def failed_criterion(story: Story) -> None:
    story.labs_not_after(story.day(-6))
    story.lab("777-3", 71, story.day(-4), interpretation="L")
    story.lab("2160-0", 0.9, story.day(-4))
    story.list_case("Progression on everolimus, SSTR-positive: is PRRT suitable?", "prrt", urgency="soon")
    story.talk(story.day(-15), event="", event_on=None)
    story.prompt("closed")


def krenning_2(story: Story) -> None:
    """Uptake only like the liver's, and seventeen months old: the board asked for a new PET before PRRT."""
    receptor = story.history.of("receptor")[-1]
    receptor |= {"imaged_on": story.day(-520), "krenning": 2, "finding": "Uptake about that of normal liver."}
    treatment = Treatment(REGIMENS["prrt"], working_day(story.day(45)), "progression", ahead=True)
    line = story.history.add(
        "line",
        modality="prrt",
        agent=treatment.regimen.agent,
        dose=treatment.regimen.dose,
        intent="disease_control",
        start_reason="progression",
        role="antitumor",
        status="proposed",
        planned_on=treatment.start,
        started_on=None,
        interval_days=56,
        planned_count=4,
    )
    story.lines.append(line)
    story.decision(
        -2,
        "Progression on octreotide: PRRT?",
        "imaging",
        detail="SSTR PET, then PRRT if the uptake allows",
        what="Order SSTR PET before PRRT",
        action_kind="order_imaging",
    )
    talk_wish(
        story.history,
        "family",
        "Her husband asks on the phone what comes if PRRT is not possible.",
        story.day(-4),
        Person("nurse_coordinator"),
    )
    story.prompt("planned")


def settled(story: Story) -> None:
    """What matters lies in the treatment itself; goals were spoken of."""
    story.talk(story.day(-30), event="", event_on=None)
    story.prompt("closed")


def frail_before_chemotherapy(story: Story) -> None:
    """CAPTEM in eight days for somebody who is in bed or chair most of the day."""
    planned = working_day(story.day(8))
    line = story.history.add(
        "line",
        modality="chemotherapy",
        agent="CAPTEM",
        dose="capecitabine and temozolomide",
        intent="disease_control",
        start_reason="progression",
        role="antitumor",
        status="planned",
        planned_on=planned,
        started_on=None,
        planned_count=6,
        interval_days=28,
    )
    story.history.add(
        "step",
        kind="line",
        source_key=Key("line", *line),
        what="Start CAPTEM; ECOG again before",
        owner=responsible(story.history),
        owner_role="oncologist",
        due_on=planned,
        url=Text("/patients/{patient}/treatment/{id}/", *line),
        opened_at=at(story.day(-4)),
    )
    story.lines.append(line)
    story.ecog(3, story.day(-12))
    story.talk(story.day(-9), event="", event_on=None, code_status="full", code_status_on=story.day(-9))
    story.prompt("closed")


def unowned_overdue(story: Story) -> None:
    story.restate_study(status="planned", owner=None)
    story.talk(story.day(-200))
    story.prompt("closed")


def absent_owner(story: Story) -> None:
    story.restate_study(status="ordered", owner=Person("nurse_coordinator", 1))
    story.history.add(
        "attempt",
        study=story.study,
        at=at(story.day(-14), 9, 15),
        kind="phone",
        outcome="booked",
        note="Slot missed; new one to be found.",
        created_by=Person("nurse_coordinator", 1),
    )
    story.prompt("closed")


def red_overdue(story: Story) -> None:
    """Called twice, written to: now the clinician decides."""
    me = Person("nurse_coordinator")
    story.restate_study(status="ordered", owner=me)
    for days, kind, outcome, note in (
        (-28, "phone", "reached", "Spoke to his wife; she may be told dates only. Will call back."),
        (-19, "phone", "no_answer", "No voicemail wanted."),
        (-14, "letter", "sent", "Letter to patient and GP."),
    ):
        day = working_day(story.day(days))
        story.history.add(
            "attempt", study=story.study, at=at(day, 16, 10), kind=kind, outcome=outcome, note=note, created_by=me
        )
    story.talk(story.day(-300))
    story.prompt("closed")


def amber_overdue(story: Story) -> None:
    """Two calls in vain; the next try is today."""
    me = Person("nurse_coordinator")
    story.restate_study(status="ordered", owner=me, unanswered=2, next_try_on=story.today)
    for days, next_try in ((-9, story.day(-2)), (-2, story.today)):
        story.history.add(
            "attempt",
            study=story.study,
            at=at(story.day(days), 11, 5),
            kind="phone",
            outcome="no_answer",
            next_try_on=next_try,
            created_by=me,
        )
    story.prompt("deferred")


def due_today(story: Story) -> None:
    story.restate_study(status="ordered", owner=Person("nurse_coordinator"))
    story.talk(story.day(-120), event="", event_on=None)
    story.prompt("closed")


def report_awaited(story: Story) -> None:
    """Scanned four days ago, the report promised within five working days."""
    scan = [row for row in story.history.of("study") if row["modality"] in {"ct", "mri"} and row.get("performed_on")][
        -1
    ]
    for name in (
        "reported_at",
        "report",
        "conclusion",
        "response",
        "reviewed_at",
        "reviewed_by",
        "review_due_on",
        "is_urgent",
        "acted_on_at",
        "acted_note",
    ):
        scan.pop(name, None)
    scan |= {"status": "performed", "performed_on": story.day(-4), "due_on": story.day(-4)}
    ref = Ref("study", story.history.of("study").index(scan))
    story.drop("status", study_key=Key("study", *ref))
    story.drop("step", source_key=Key("study", *ref))
    wait_for(story.history, ref, scan, responsible(story.history), story.today)
    story.talk(story.day(-90), event="", event_on=None)
    story.prompt("closed")


def unclassified(story: Story) -> None:
    slot = story.day(4)
    story.restate_study(
        status="scheduled", owner=Person("nurse_coordinator"), scheduled_for=at(slot, 8, 20), place="Site A"
    )
    story.list_case("Cecum, Ki-67 70 %, differentiation not stated: which regimen?", "pathology")
    story.prompt("open")


def poor_low_ki67(story: Story) -> None:
    story.list_case("Poorly differentiated with Ki-67 15 %: does pathology agree with itself?", "pathology")
    story.talk(story.day(-30), event="", event_on=None)
    story.prompt("closed")


def nadir_progression(story: Story) -> None:
    """The report has come and nobody has opened it; the last conversation is fourteen months old."""
    scans = [row for row in story.history.of("study") if row["modality"] in {"ct", "mri"} and row.get("performed_on")]
    scan = scans[-1]
    for name in ("reviewed_at", "reviewed_by", "acted_on_at", "acted_note"):
        scan.pop(name, None)
    reported = story.day(-3)
    scan |= {
        "status": "reported",
        "is_urgent": True,
        "reported_at": at(reported, 15),
        "review_due_on": working_day(story.day(-1)),
    }
    ref = Ref("study", story.history.of("study").index(scan))
    story.drop("step", source_key=Key("study", *ref))
    wait_for(story.history, ref, scan, responsible(story.history), story.today)
    story.talk(story.day(-425), next_review_on=story.day(20), event="", event_on=None)
    story.prompt("open")


def not_net(story: Story) -> None:
    """Came with an import; another cancer. Stays under review, and nothing is started for it."""
    story.history.rows["diagnosis"] = [
        {
            "net_status": "not_net",
            "label": "Invasive ductal carcinoma of the breast",
            "icd10": "C50.412",
            "morphology": "8500/3",
            "diagnosed_on": story.profile.diagnosed,
            "stage": "II",
            "stage_edition": "AJCC 8",
            "source": "import",
        }
    ]
    for table in (
        "specimen",
        "receptor",
        "metastasis",
        "liver",
        "line",
        "study",
        "status",
        "administration",
        "adverse",
    ):
        story.clear(table)
    story.history.add(
        "step",
        kind="review_import",
        source_key=Text("import:{patient}"),
        what="Review the imported record: not a NET diagnosis",
        owner=None,
        owner_role="nurse_coordinator",
        due_on=story.today,
        url=Text("/patients/{patient}/record/"),
        opened_at=at(story.day(-1)),
    )


def implausible_unit(story: Story) -> None:
    story.lab(
        "718-7",
        Decimal("12.4"),
        story.day(-6),
        original_value="124",
        original_unit="g/dL",
        note="Sent as 124 g/dL, implausible; the laboratory confirmed g/L.",
    )
    story.restate_study(status="ordered", owner=Person("nurse_coordinator"))
    story.prompt("closed")


def untold(story: Story) -> None:
    """The board decided last week; nobody has told him yet, and the GP's letter waits for that."""
    story.decision(
        -1,
        "Progression after PRRT: which treatment next?",
        "targeted",
        detail="Cabozantinib",
        told_patient=False,
        told_gp=False,
        what="Start cabozantinib",
    )
    story.talk(story.day(-200), event="", event_on=None)
    surprise(story.history, "yes", story.day(-420), Person("oncologist"))
    surprise(story.history, "no", story.day(-8), Person("oncologist"))
    talk_wish(
        story.history,
        "patient",
        "“What comes next, and what does it mean for the summer?”",
        story.day(-2),
        Person("nurse_coordinator"),
    )
    story.prompt("open")
