"""Patients whose hazard lies in what they want and who may speak for them. Pure."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from careteam.cohort.histories.asking import surprise
from careteam.cohort.histories.boards import differs
from careteam.cohort.histories.findings import measure
from careteam.cohort.histories.goals import trade_off
from careteam.cohort.histories.person import responsible
from careteam.cohort.histories.rows import Key, Person, Text, at, working_day
from careteam.cohort.histories.story import Story
from patients.record.rules import STOOLS


def dnr_with_procedure(story: Story) -> None:
    """Embolization in ten days; DNR on record, not reviewed for the procedure; the last echo too old."""
    planned = working_day(story.day(10))
    line = story.history.add(
        "line",
        modality="embolization",
        agent="DEB-TACE",
        dose="two sessions, right then left lobe",
        intent="symptom",
        start_reason="symptom_control",
        role="antitumor",
        status="planned",
        planned_on=planned,
        started_on=None,
        planned_count=2,
        interval_days=38,
        site="right lobe, then left lobe",
    )
    story.history.add(
        "step",
        kind="line",
        source_key=Key("line", *line),
        what="Start DEB-TACE; echo and NT-proBNP before",
        owner=responsible(story.history),
        owner_role="oncologist",
        due_on=planned,
        url=Text("/patients/{patient}/treatment/{id}/", *line),
        opened_at=at(story.day(-10)),
    )
    story.lines.append(line)
    story.clear("flag")
    story.history.add("flag", kind="crisis_plan", state="unknown", asked_on=story.day(-10))
    story.history.add(
        "study",
        modality="echo",
        region="heart",
        status="acted_on",
        performed_on=story.day(-455),
        reported_at=at(story.day(-455), 12),
        report="Mild tricuspid regurgitation.",
        conclusion="Mild tricuspid regurgitation.",
        reviewed_at=at(story.day(-454), 12),
        reviewed_by=responsible(story.history),
        acted_on_at=at(story.day(-454), 12),
        acted_note="Known",
    )
    story.history.add(
        "wishdocument",
        kind="directive",
        signed_on=story.day(-258),
        signed_by="Patient",
        original_at="Green folder, bedside table",
        seen_on=story.day(-250),
        seen_by=Person("palliative"),
        code_status="dnr",
    )
    surprise(story.history, "yes", story.day(-640), Person("oncologist"))
    surprise(story.history, "unsure", story.day(-262), Person("palliative"))
    story.talk(
        story.day(-260),
        code_status="dnr",
        code_status_on=story.day(-260),
        event="",
        event_on=None,
        quote="When it is my time, let me go. But not on the table because nobody asked.",
    )
    story.prompt("open")


def decided_against_goals(story: Story) -> None:
    """Last week's board recommends chemotherapy; days in bed are what she does not accept. It is listed again."""
    conversation = story.talk(
        story.day(-30),
        quote="I have two children at school. I can take tablets, but I cannot lie in bed for days.",
        matters=["family", "independence"],
        worries="Not being there for the children.",
        understanding="Knows that it cannot be cured.",
        information_preference="full",
        code_status="full",
        code_status_on=story.day(-30),
        place_of_death="",
        surprise=True,
        summary="Wants treatment that leaves her on her feet. Days in bed are too high a price.",
        event="",
        event_on=None,
    )
    story.history.rows["tradeoff"] = []
    trade_off(story.history, conversation, "days_in_bed", 1, "not_accepted")
    trade_off(story.history, conversation, "weekly_travel", 2, "accepts")
    decision = story.decision(
        -1,
        "Cabozantinib as first treatment, mixed response: go on, or change?",
        "chemotherapy",
        detail="CAPTEM",
        told_patient=False,
        told_gp=False,
        what="Start CAPTEM",
    )
    story.history.row(decision)["rationale"] = "Not SSTR-positive, the liver leads; CAPTEM shrinks it most often."
    differs(
        story.history,
        decision,
        conversation,
        note="To stay on her feet. Recommended all the same: best chance of a response, most are up after three days.",
    )
    story.list_case("She accepts no days in bed: CAPTEM all the same, or what instead?", "next_line", urgency="soon")
    story.prompt("open")


def excluded_proxy(story: Story) -> None:
    """The proxy of the paper is the one she no longer wants to be told; an injection is due today. Five bowel movements
    a day on the analog."""
    measure(story.history, STOOLS, "Bowel movements", 5, "/d", story.day(-6), category="survey")
    story.clear("contact")
    family = story.profile.family
    story.history.add(
        "contact",
        name=f"Gerald {family}",
        relation="husband, separated",
        phone="+49 171 5550 330",
        scope="none",
        consent_on=story.day(-30),
        is_proxy=True,
        proxy_document_seen=True,
    )
    story.history.add(
        "contact",
        name=f"Ifeoma {family}",
        relation="daughter",
        phone="+49 171 5550 331",
        scope="all",
        consent_on=story.day(-30),
        is_emergency_contact=True,
        is_caregiver=True,
    )
    planned = [row for row in story.history.of("administration") if row["status"] == "planned"]
    for n, row in enumerate(planned):
        row["planned_on"] = story.day(28 * n)
    for row in story.history.of("step"):
        if row["kind"] == "administration":
            row |= {"due_on": story.today, "opened_at": at(story.day(-28))}
    story.talk(story.day(-30), event="", event_on=None)
    story.prompt("closed")


def none_now(story: Story) -> None:
    conversation = story.talk(
        story.day(-60),
        information_preference="none_now",
        quote="I do not want numbers. Tell me what to do next week.",
        event="",
        event_on=None,
    )
    story.history.add(
        "addendum",
        conversation=conversation,
        text="Called two days later: her sister may be told about dates.",
        signed_by=Person("palliative"),
        signed_at=at(story.day(-58), 15),
    )
    story.prompt("closed")


def no_next_step(story: Story) -> None:
    """Scanned, discharged, and then: nothing. The safety net must find this one."""
    story.clear("step")
    story.clear("encounter")
    story.talk(story.day(-40), event="", event_on=None)
    story.prompt("closed")


def scans_declined(story: Story) -> None:
    """The same after she declined further scans: the nightly check knows why there is no plan, and asks nothing."""
    no_next_step(story)
    last = max(row["performed_on"] for row in story.history.of("study") if row["performed_on"])
    story.history.add(
        "plan",
        situation="S1",
        modality="ct",
        region="chest, abdomen, pelvis, 3-phase",
        interval_days=90,
        anchor_on=last,
        anchor_kind="scan",
        why=f"90 days after the scan of {last.day} {last:%b %Y}",
        confirmed_at=at(last + timedelta(days=3), 12),
        stopped_on=min(max(story.day(-10), last + timedelta(days=4)), story.today),
        stop_reason="declined",
    )


def deceased_outstanding(story: Story) -> None:
    """Died; a dose still stands planned, a report unread, an action open, a prompt unanswered. Nothing may chase."""
    died = story.profile.died or story.today
    line = story.lines[-1]
    number = 1 + max((row["number"] for row in story.history.of("administration") if row["line"] == line), default=0)
    story.history.add(
        "administration",
        line=line,
        number=number,
        status="planned",
        planned_on=story.day(6),
        dose=Decimal("7.4"),
        dose_unit="GBq",
    )
    scan = [row for row in story.history.of("study") if row["modality"] in {"ct", "mri"}][-1]
    for name in ("reviewed_at", "reviewed_by", "acted_on_at", "acted_note"):
        scan.pop(name, None)
    scan |= {"status": "reported", "review_due_on": died, "reported_at": at(died, 12)}
    story.talk(died - timedelta(days=80))
    story.decision(-3, "Progression during PRRT: stop?", "bsc", told_patient=False, told_gp=False)


def hospice(story: Story) -> None:
    """At home with hospice: no more scans, but injections, visits and calls go on."""
    visit = working_day(story.day(2))
    visits = story.history.add(
        "encounter",
        kind="visit",
        starts_at=at(visit, 9),
        with_whom="Hospice nurse and Dr Brandt, at home",
        reason="Symptoms",
        status="booked",
    )
    story.history.add(
        "step",
        kind="visit",
        source_key=Key("visit", *visits),
        what="Home visit with the hospice nurse",
        owner=Person("palliative"),
        owner_role="palliative",
        due_on=visit,
        url=Text("/patients/{patient}/"),
        opened_at=at(story.day(-5)),
    )
    story.talk(
        story.day(-26),
        code_status="dnr_dni",
        code_status_on=story.day(-26),
        place_of_care="home",
        place_of_death="home",
        quote="No more scans. I want my flowers and my own bed.",
        event="",
        event_on=None,
        surprise=False,
        next_review_on=story.day(30),
    )
    story.prompt("closed")
