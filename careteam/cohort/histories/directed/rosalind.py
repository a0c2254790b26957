"""The tour's first patient: nine years, twelve treatments, nearly everything a record can hold. Pure."""

from __future__ import annotations

from decimal import Decimal

from careteam.cohort.histories.boards import write_boards
from careteam.cohort.histories.findings import measure
from careteam.cohort.histories.goals import trade_off
from careteam.cohort.histories.rows import Person, at
from careteam.cohort.histories.story import Story


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
    _rosalinds_tumor(story)
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
        "Progression on cabozantinib 20 mg, ECOG now 2: is further liver-directed or systemic "
        "treatment worth its burden, and which?",
        "progression",
        urgency="soon",
        hoped_for="Time at home without more hospital nights",
    )
    story.prompt("open")


def _rosalinds_tumor(story: Story) -> None:
    """It has risen: 4 % in the pancreas, 14 % in the liver years later; one lesion no longer takes up the tracer."""
    for row in story.history.of("specimen"):
        row |= {"ki67": Decimal(4), "mitoses": Decimal(2)}
    biopsy = story.day(-610)
    story.history.add(
        "specimen",
        taken_on=biopsy,
        kind="biopsy",
        site="liver segment IV",
        is_metastasis=True,
        differentiation="well",
        cell_type="",
        is_lung=False,
        necrosis=None,
        ki67=Decimal(14),
        mitoses=Decimal(6),
        reference=f"P{biopsy:%y}-10422",
    )
    story.history.add(
        "receptor",
        imaged_on=story.day(-19),
        tracer="ga68_dotatate",
        modality="pet",
        positive=True,
        krenning=3,
        sstr_rads="5",
        fdg_avid=True,
        netpet="P4",
        discordant_lesions=1,
        finding="Uptake in the known lesions; segment IV without uptake.",
    )
    story.history.add(
        "study",
        modality="sstr_pet",
        region="whole body",
        status="acted_on",
        performed_on=story.day(-19),
        reported_at=at(story.day(-17), 14),
        report="Uptake in the known lesions, Krenning 3; segment IV without uptake.",
        conclusion="Krenning 3; one discordant lesion.",
        reviewed_at=at(story.day(-16), 17),
        reviewed_by=Person("nuclear_medicine"),
        acted_on_at=at(story.day(-16), 17, 30),
        acted_note="For the board",
    )


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
        story.day(-2760),
        status="superseded",
        quote="I want to keep my students until they graduate.",
        participants="patient alone",
        understanding="They took out what could be taken out.",
        understanding_codes=["expects_cure"],
        information_preference="full",
        worries="That I have to give up teaching before I am ready.",
        worries_codes=["work"],
        strength="My students, and music on Sundays.",
        strength_codes=["work", "music"],
        abilities="To stand in front of a class.",
        abilities_codes=["work", "think"],
        quoted=["understanding", "worries", "strength", "abilities"],
        code_status="full",
        code_status_on=story.day(-2760),
        place_of_death="",
        surprise=True,
        summary="Wants every treatment that keeps her at work. Full code.",
        agreed="You keep working. We plan the injections around your lessons.",
        event="",
        event_on=None,
    )
    second = story.talk(
        story.day(-1504),
        status="superseded",
        supersedes=first,
        quote="Keep working, as long as my head is clear.",
        participants="patient alone",
        understanding="It came back in the liver. It is the slow kind.",
        understanding_codes=["cannot_cure", "slow_kind"],
        information_preference="full",
        worries="That I have to give up teaching before I am ready. And the flushing in front of the class.",
        worries_codes=["work", "flushing"],
        strength="My students, and music on Sundays.",
        strength_codes=["work", "music"],
        abilities="To stand in front of a class.",
        abilities_codes=["work", "think"],
        quoted=["understanding", "worries", "strength", "abilities"],
        event="",
        event_on=None,
        matters=["independence", "more_time"],
        code_status="full",
        code_status_on=story.day(-1504),
        place_of_death="",
        surprise=True,
        summary="Knows that it cannot be cured. Wants treatment that leaves her head clear and her work. Full code.",
        agreed="We choose treatment that leaves your head clear. You tell us when teaching gets too hard.",
    )
    third = story.talk(
        story.day(-754),
        status="superseded",
        supersedes=second,
        quote="If my heart stops, let it.",
        participants="patient and her daughter Noor",
        understanding="The capsules held it for two years. Now it is growing again.",
        understanding_codes=["cannot_cure", "growing"],
        information_preference="big_picture",
        prognosis_framing=["function", "uncertainty"],
        prognosis_shared="That the good years may become fewer, and that nobody can say how many.",
        worries="Lying there and not knowing my own children.",
        worries_codes=["mind", "dependent", "burden"],
        strength="Noor. The garden. Music, still.",
        strength_codes=["children", "nature", "music"],
        abilities="To know my family, and to eat at one table with them.",
        abilities_codes=["recognize", "eat"],
        quoted=["understanding", "worries", "strength", "abilities"],
        matters=["home", "clear_head"],
        limits_codes=["no_ventilation"],
        place_of_care="home",
        surprise=True,
        summary="Retired. Does not want to be resuscitated or ventilated. Treatment goes on while her head is clear.",
        agreed="If your heart stops, we let you go. Treatment goes on while your head is clear.",
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
        understanding="The tablets are the last ones that may still work.",
        understanding_codes=["cannot_cure", "growing", "changed"],
        prognosis_framing=["function", "uncertainty"],
        prognosis_shared="That she may reach the graduation, and that we prepare for both.",
        worries="Lying there and not knowing my own children. And Bram deciding over me.",
        worries_codes=["mind", "dependent", "burden", "dying"],
        strength="Noor and Theo. The garden.",
        strength_codes=["children", "grandchildren", "nature"],
        abilities="To know my family, and to sit in the garden.",
        abilities_codes=["recognize", "talk"],
        hopes="To hear Theo play at the ceremony.",
        hopes_codes=["grandchildren", "good_days"],
        family_knows_code="part",
        family_knows="Noor knows everything. Theo thinks that it is stable.",
        quoted=["understanding", "worries", "strength", "abilities", "hopes"],
        limits_codes=["no_icu", "no_ventilation"],
        agreed="We plan everything so that you can be at Theo’s graduation. No treatment for which you have to stay in "
        "hospital for more than one night. Noor knows whom to call at night.",
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
