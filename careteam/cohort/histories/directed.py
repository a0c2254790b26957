"""How the directed patients differ from what chance gave them. Pure; `stars.py` says who is who."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from careteam.cohort.histories.boards import write_boards
from careteam.cohort.histories.course import Treatment
from careteam.cohort.histories.findings import measure
from careteam.cohort.histories.goals import trade_off
from careteam.cohort.histories.person import responsible
from careteam.cohort.histories.regimens import REGIMENS
from careteam.cohort.histories.rows import Key, Person, Text, at, working_day
from careteam.cohort.histories.story import Story

# --- shapes of the course ---------------------------------------------------------------------------------------------


def progressing_now(story: Story) -> None:
    """The last scan shows progression; the treatment still runs, nothing is decided."""
    scan = story.course.scans[-1]
    scan.response, scan.total = "PD", round(max(scan.nadir * 1.24, scan.nadir + 6), 1)
    story.course.present.last = "PD"


def larger_than_nadir(story: Story) -> None:
    """Half of the baseline, and yet progression: 25 % and 10 mm over the nadir."""
    scans = [scan for scan in story.course.scans if scan.treatment == len(story.course.treatments) - 1]
    for scan, (total, response) in zip(scans[-3:], ((62.0, "PR"), (40.0, "PR"), (50.0, "PD")), strict=False):
        scan.total, scan.response, scan.baseline = total, response, 100.0
    scans[-2].nadir = scans[-1].nadir = 40.0
    story.course.present.best, story.course.present.last = "PR", "PD"


def without_differentiation(story: Story) -> None:
    """Pathology never said how well differentiated it is."""
    story.profile.differentiation = ""
    story.course.situation, story.course.interval = "S4", 60
    story.course.anchor = story.day(4 - 60)
    story.course.due = story.day(4)


def analog_beside(story: Story) -> None:
    """An analog for symptoms beside PRRT, booked too near the next dose."""
    prrt = story.course.present
    second = story.day(24)
    prrt.doses, prrt.planned = [prrt.start], [second, second + timedelta(days=56)]
    story.course.treatments = [t for t in story.course.treatments if t.role == "antitumor"]
    analog = Treatment(REGIMENS["lanreotide"], prrt.start, "symptom_control", role="symptom_control")
    analog.doses, analog.planned = [prrt.start], [second - timedelta(days=18)]
    story.course.treatments.append(analog)


# --- the tour's first patient -----------------------------------------------------------------------------------------


def rosalind(story: Story) -> None:
    """Nine years, twelve treatments, progression, a goal whose date has passed, a draft nobody else may read."""
    history, today = story.history, story.today
    line = history.row(story.lines[-1])
    line |= {"dose": "20 mg daily", "notes": "60 mg to March, 40 mg to August, 20 mg since: diarrhea, hand-foot."}
    story.clear("contact")
    for name, relation, scope, proxy in (
        ("Noor Achterberg", "daughter", "all", True),
        ("Theo Achterberg", "grandson", "practical", False),
        ("Bram Achterberg", "brother", "none", False),
    ):
        history.add(
            "contact",
            name=name,
            relation=relation,
            scope=scope,
            phone="+49 171 5550 117",
            consent_on=story.day(-336),
            is_proxy=proxy,
            proxy_document_seen=proxy,
            is_emergency_contact=proxy,
            is_caregiver=proxy,
        )
    _rosalinds_alerts(story)
    _rosalinds_goals(story)
    history.add(
        "admission",
        admitted_on=story.day(-56),
        discharged_on=story.day(-52),
        unplanned=True,
        reason="Diarrhea with dehydration",
        place="St. Brigid, ward 4B",
    )
    story.ecog(1, story.day(-70))
    story.ecog(2, story.day(-7))
    for days, kilograms in ((-188, "63.1"), (-70, "60.2"), (-7, "58.4")):
        measure(history, "29463-7", "Body weight", Decimal(kilograms), "kg", story.day(days), category="vital-signs")
    write_boards(
        story.dice, history, story.profile, story.course, story.lines, story.index, today, before=story.day(-60)
    )
    story.list_case(
        "Progression on cabozantinib 20 mg, ECOG now 2: is further liver-directed or systemic treatment worth its burden, "
        "and which?",
        "progression",
        urgency="soon",
        hoped_for="Time at home without more hospital nights",
    )
    story.prompt("open")


def _rosalinds_alerts(story: Story) -> None:
    history, asked = story.history, story.day(-7)
    for table in ("allergy", "medication", "flag"):
        story.clear(table)
    history.add(
        "allergy",
        kind="contrast",
        substance="Iodinated contrast medium",
        reaction="hives",
        severity="moderate",
        since=story.day(-1900),
        asked_on=asked,
    )
    for name, drug_class, atc, dose in (
        ("Apixaban", "anticoagulant", "B01AF02", "5 mg twice daily"),
        ("Pantoprazole", "ppi", "A02BC02", "40 mg daily"),
        ("Loperamide", "other", "A07DA03", "2 mg up to 6 a day"),
    ):
        history.add("medication", name=name, drug_class=drug_class, atc=atc, dose=dose, asked_on=asked)
    history.add("flag", kind="asplenia", state="present", detail="since the operation", asked_on=asked)
    for kind in ("biliary_stent", "portal_vein", "hbv", "claustrophobia"):
        history.add("flag", kind=kind, state="absent", asked_on=asked)


def _rosalinds_goals(story: Story) -> None:
    signer = Person("palliative")
    first = story.talk(
        story.day(-2760), status="superseded", quote="I want to keep my students until they graduate.", event="", event_on=None
    )
    second = story.talk(
        story.day(-1504), status="superseded", supersedes=first, quote="Keep working.", event="", event_on=None
    )
    third = story.talk(
        story.day(-754),
        status="superseded",
        supersedes=second,
        quote="If my heart stops, let it.",
        event="",
        event_on=None,
        code_status="dnr",
        code_status_on=story.day(-754),
        signed_by=signer,
    )
    story.history.rows["tradeoff"] = []
    fourth = story.talk(
        story.day(-336),
        supersedes=third,
        participants="patient and her daughter Noor",
        quote="I want to be at Theo’s graduation in June, at home, not in a hospital bed.",
        event="Theo’s graduation",
        event_on=story.day(-164),
        matters=["home", "event", "clear_head"],
        information_preference="big_picture",
        code_status="dnr",
        code_status_on=story.day(-754),
        place_of_care="home",
        place_of_death="home",
        surprise=False,
        summary="Home first. Treatment as long as it does not cost her hospital nights. DNR stays.",
        next_review_on=story.day(29),
        signed_by=signer,
    )
    story.history.rows["tradeoff"] = []
    trade_off(story.history, fourth, "hospital_nights", 1, "not_accepted")
    trade_off(story.history, fourth, "weekly_travel", 3, "good_reason", "if the daughter can drive")
    story.drop("member", role="palliative")
    story.history.add("member", role="palliative", person=signer)
    story.history.add(
        "draft",
        author=signer,
        content={
            "held_on": story.today.isoformat(),
            "quote": "I saw Theo graduate. Now I want Christmas at home, on my own two feet. After that we will see.",
            "understanding": "The tablets have stopped working.",
            "matters": ["home", "independence"],
        },
        saved_at=at(story.day(-1), 10, 42),
    )


# --- PRRT -------------------------------------------------------------------------------------------------------------


def washout(story: Story) -> None:
    story.talk(story.day(-40))
    story.labs_not_after(story.day(-5))
    story.lab("777-3", 164, story.day(-3))
    story.prompt("closed")


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
    story.prompt("open")


# --- scans in every trouble -------------------------------------------------------------------------------------------


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
    story.restate_study(status="ordered", owner=Person("nurse_coordinator"))
    story.prompt("deferred")


def due_today(story: Story) -> None:
    story.restate_study(status="ordered", owner=Person("nurse_coordinator"))
    story.talk(story.day(-120), event="", event_on=None)
    story.prompt("closed")


def report_awaited(story: Story) -> None:
    """Scanned four days ago, the report promised within five working days."""
    scan = [row for row in story.history.of("study") if row["modality"] in {"ct", "mri"} and row.get("performed_on")][-1]
    for name in ("reported_at", "report", "conclusion", "response", "reviewed_at", "reviewed_by", "review_due_on", "is_urgent"):
        scan.pop(name, None)
    scan |= {"status": "performed", "performed_on": story.day(-4), "due_on": story.day(-4)}
    key = Key("study", "study", story.history.of("study").index(scan))
    story.drop("status", study_key=key)
    story.drop("step", source_key=key)
    story.talk(story.day(-90), event="", event_on=None)
    story.prompt("closed")


# --- tumor ------------------------------------------------------------------------------------------------------------


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
    ref = Key("study", "study", story.history.of("study").index(scan))
    story.drop("step", source_key=ref)
    story.history.add(
        "step",
        kind="review",
        source_key=ref,
        what="Review the report of the scan",
        owner=responsible(story.history),
        owner_role="oncologist",
        due_on=working_day(story.day(-1)),
        url=Text("/patients/{patient}/"),
        opened_at=at(reported, 15),
    )
    story.talk(story.day(-425), next_review_on=story.day(20), event="", event_on=None)
    story.prompt("open")


# --- goals and people -------------------------------------------------------------------------------------------------


def dnr_with_procedure(story: Story) -> None:
    """Embolization in ten days; DNR on record, not reviewed for the procedure; the last echo too old."""
    planned = working_day(story.day(10))
    line = story.history.add(
        "line",
        modality="embolization",
        agent="Bland embolization (TAE)",
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
        what="Start bland embolization; echo and NT-proBNP before",
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
        status="reviewed",
        performed_on=story.day(-455),
        reported_at=at(story.day(-455), 12),
        report="Mild tricuspid regurgitation.",
        conclusion="Mild tricuspid regurgitation.",
        reviewed_at=at(story.day(-454), 12),
        reviewed_by=responsible(story.history),
    )
    story.talk(
        story.day(-260),
        code_status="dnr",
        code_status_on=story.day(-260),
        event="",
        event_on=None,
        quote="When it is my time, let me go. But not on the table because nobody asked.",
    )
    story.prompt("open")


def excluded_proxy(story: Story) -> None:
    """The proxy of the paper is the one she no longer wants to be told; an injection is due today."""
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
    story.talk(
        story.day(-60),
        information_preference="none_now",
        quote="I do not want numbers. Tell me what to do next week.",
        event="",
        event_on=None,
    )
    story.prompt("closed")


def no_next_step(story: Story) -> None:
    """Scanned, discharged, and then: nothing. The safety net must find this one."""
    story.clear("step")
    story.clear("encounter")
    story.talk(story.day(-40), event="", event_on=None)
    story.prompt("closed")


def deceased_outstanding(story: Story) -> None:
    """Died; a dose still stands planned, a report unread, an action open, a prompt unanswered. Nothing may chase."""
    died = story.profile.died or story.today
    line = story.lines[-1]
    number = 1 + max((row["number"] for row in story.history.of("administration") if row["line"] == line), default=0)
    story.history.add(
        "administration", line=line, number=number, status="planned", planned_on=story.day(6), dose=Decimal("7.4"), dose_unit="GBq"
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


# --- imports, labs, board ---------------------------------------------------------------------------------------------


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
    for table in ("specimen", "receptor", "metastasis", "liver", "line", "study", "status", "administration", "adverse"):
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
    story.prompt("open")
