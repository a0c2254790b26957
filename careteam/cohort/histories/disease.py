"""Rows about the disease: diagnosis, spread, specimens, receptor imaging, response over time. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from careteam.cohort.histories.course import Course
from careteam.cohort.histories.profile import ICD10, MORPHOLOGY, Profile
from careteam.cohort.histories.rows import Dice, History

ORGANS = {
    "jejunum_ileum": "ileum",
    "pancreas": "pancreas",
    "lung": "lung",
    "rectum": "rectum",
    "cecum_colon": "colon",
    "stomach": "stomach",
    "duodenum_ampulla": "duodenum",
    "appendix": "appendix",
    "thymus": "thymus",
    "unknown": "",
    "other": "",
}


def tracer_on(day: date) -> tuple[str, str]:
    """Tracer and modality that were in use then."""
    if day.year < 2014:
        return "in111_octreotide", "spect"
    return ("ga68_dotatoc", "pet") if day.year % 2 else ("ga68_dotatate", "pet")


def write_disease(dice: Dice, history: History, profile: Profile, course: Course, today: date) -> None:
    source = "import" if profile.enrollment == "under_review" else ""
    history.add(
        "diagnosis",
        net_status="net",
        primary_site=profile.site,
        site_detail=profile.detail,
        icd10=ICD10.get(profile.site, "C7A.8"),
        morphology=MORPHOLOGY[profile.grade] if profile.differentiation else "",
        diagnosed_on=profile.diagnosed,
        syndrome=profile.syndrome,
        syndrome_on=profile.diagnosed if profile.functional else None,
        source=source,
        **_stage(dice, profile),
    )
    for site in profile.metastases:
        found = profile.diagnosed + timedelta(days=dice.choice((0, 0, 0, 120, 400)))
        history.add("metastasis", site=site, found_on=min(found, profile.died or today), source=source)
    if "liver" in profile.metastases:
        _liver(dice, history, profile, course)
    _specimens(dice, history, profile, course)
    _receptors(dice, history, profile, course)


def _stage(dice: Dice, profile: Profile) -> dict[str, object]:
    values: dict[str, object] = {
        "stage": profile.stage,
        "stage_edition": "AJCC 8" if profile.diagnosed.year >= 2018 else "AJCC 7",
        "staged_on": profile.diagnosed + timedelta(days=14),
        "stage_t": {"IV": dice.choice(("T2", "T3", "T4")), "III": "T3", "II": "T2", "I": "T1"}[profile.stage],
        "stage_n": "N1" if "lymph_nodes" in profile.metastases else "N0",
        "stage_m": "M1" if profile.stage == "IV" else "M0",
    }
    if profile.site == "unknown":
        values |= {"stage_t": "TX", "stage_n": "NX"}
    distant = set(profile.metastases) - {"lymph_nodes"}
    if profile.stage == "IV" and profile.site in {"pancreas", "jejunum_ileum", "duodenum_ampulla", "rectum"}:
        detail = "M1a" if distant == {"liver"} else "M1c" if "liver" in distant else "M1b"
        values |= {"stage_detail": detail, "stage_m": detail}
    return values


def _liver(dice: Dice, history: History, profile: Profile, course: Course) -> None:
    lobes = {1: "right", 2: "both", 3: "both"}[profile.liver_pattern]
    first = max(1, profile.liver_burden - dice.randint(0, 15))
    history.add(
        "liver",
        assessed_on=profile.diagnosed + timedelta(days=3),
        scheme="frilling",
        pattern=profile.liver_pattern,
        burden_percent=first,
        lobes=lobes,
    )
    if len(course.scans) > 2:
        history.add(
            "liver",
            assessed_on=course.scans[-1].on,
            scheme="frilling",
            pattern=profile.liver_pattern,
            burden_percent=profile.liver_burden,
            lobes=lobes,
        )


def _specimens(dice: Dice, history: History, profile: Profile, course: Course) -> None:
    organ = f"{ORGANS[profile.site]} {profile.detail}".strip() if profile.site == "pancreas" else ORGANS[profile.site]
    common = {
        "differentiation": profile.differentiation,
        "cell_type": profile.cell_type,
        "is_lung": profile.site == "lung" and profile.grade != "NEC",
        "necrosis": profile.grade == "G2" and dice.chance(0.5) if profile.site == "lung" else None,
    }
    metastatic = "liver" in profile.metastases and profile.stage == "IV" and (not organ or dice.chance(0.6))
    mitoses = profile.mitoses
    if common["is_lung"]:  # carcinoids of the lung are graded by mitoses and necrosis, not by Ki-67
        mitoses = Decimal(0) if profile.grade == "G1" else Decimal(dice.randint(2, 9))
        common["necrosis"] = profile.grade == "G2" and dice.chance(0.4)
    taken = profile.diagnosed + timedelta(days=dice.randint(0, 9))
    resected = next((t for t in course.treatments if t.regimen.code == "surgery"), None)
    history.add(
        "specimen",
        taken_on=taken,
        kind="biopsy",
        site="liver" if metastatic or not organ else organ,
        is_metastasis=bool(metastatic or not organ),
        ki67=profile.ki67,
        mitoses=mitoses,
        reference=f"P{taken:%y}-{dice.randint(1000, 29999)}",
        **common,
    )
    if resected and organ:
        history.add(
            "specimen",
            taken_on=resected.start,
            kind="resection",
            site=organ,
            is_metastasis=False,
            ki67=min(profile.ki67, max(Decimal(1), profile.ki67 - dice.randint(0, 3))),
            mitoses=mitoses,
            reference=f"P{resected.start:%y}-{dice.randint(1000, 29999)}",
            **common,
        )


def _receptors(dice: Dice, history: History, profile: Profile, course: Course) -> None:
    days = [profile.diagnosed + timedelta(days=dice.randint(6, 20))]
    days += [t.start - timedelta(days=dice.randint(20, 70)) for t in course.treatments if t.regimen.modality == "prrt"]
    for day in sorted({max(profile.diagnosed, day) for day in days}):
        tracer, modality = tracer_on(day)
        fdg = profile.grade in {"G3", "NEC"} or (profile.grade == "G2" and profile.ki67 >= 10 and dice.chance(0.4))
        history.add(
            "receptor",
            imaged_on=day,
            tracer=tracer,
            modality=modality,
            positive=profile.receptor,
            krenning=profile.krenning,
            sstr_rads="5" if profile.receptor and modality == "pet" else "",
            fdg_avid=(profile.grade == "NEC" or dice.chance(0.5)) if fdg else None,
            netpet=("P5" if not profile.receptor else dice.choice(("P1", "P2", "P2", "P3"))) if fdg else "",
            discordant_lesions=(0 if profile.receptor else 3) if fdg else None,
            finding="Uptake in the known lesions." if profile.receptor else "No relevant uptake in the known lesions.",
        )
