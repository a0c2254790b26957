"""S1 to S12 of `clinical.md` 3.1: which one holds, when the next scan is due, why."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.imaging.rules import Interval, LineFact, Resolution, SurveillanceFacts, qualifies, situation_for
from patients.protocol.rules import NUMBERS, SURVEILLANCE
from patients.record.rules import Grade
from patients.treatment.rules import Modality

TODAY = date(2026, 11, 23)
INTERVALS = {code: Interval(int(number.value), not number.needs_signature) for code, number in NUMBERS.items()}


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def line(modality: str, started: int, ended: int | None = None, **fields: Any) -> LineFact:
    values: dict[str, Any] = {
        "id": 1,
        "label": {"ssa": "Lanreotide", "targeted": "Everolimus", "prrt": "177Lu-dotatate"}.get(modality, modality),
        "role": "antitumor",
        "status": "active" if ended is None else "completed",
        "order": "L1",
    }
    return LineFact(
        modality=modality,
        started_on=ago(started),
        ended_on=ago(ended) if ended is not None else None,
        **(values | fields),
    )


def facts(*lines: LineFact, scan: int | None = 30, grade: Grade = Grade.NET_G2, **fields: Any) -> SurveillanceFacts:
    values: dict[str, Any] = {"stage": "IV", "diagnosed_on": ago(2000), "last_scan": "CT"}
    return SurveillanceFacts(
        today=TODAY,
        grade=grade,
        lines=lines,
        last_scan_on=ago(scan) if scan is not None else None,
        **(values | fields),
    )


def resolve(found: SurveillanceFacts) -> Resolution:
    resolution = situation_for(found, INTERVALS)
    assert resolution is not None
    return resolution


@pytest.mark.parametrize(
    ("found", "code", "due"),
    [
        pytest.param(facts(line("ssa", 200)), "S1", 60, id="first year of a new line"),
        pytest.param(facts(line("ssa", 400)), "S2", 150, id="stable for more than a year"),
        pytest.param(facts(line("ssa", 400), responses=((ago(100), "PD"),)), "S1", 60, id="progression within a year"),
        pytest.param(facts(line("ssa", 400), responses=((ago(500), "PD"),)), "S2", 150, id="progression long ago"),
        pytest.param(facts(line("ssa", 400), grade=Grade.NET_G3), "S3", 60, id="NET G3"),
        pytest.param(facts(line("ssa", 400), grade=Grade.NEC), "S4", 30, id="NEC"),
        pytest.param(facts(line("ssa", 400), grade=Grade.NEC_SC), "S4", 30, id="NEC small cell"),
        pytest.param(facts(line("targeted", 100)), "S5", 54, id="targeted drug"),
        pytest.param(facts(line("chemotherapy", 100)), "S6", 54, id="chemotherapy"),
        pytest.param(facts(line("targeted", 100), grade=Grade.NEC), "S4", 30, id="NEC on a targeted drug"),
        pytest.param(facts(line("targeted", 100), grade=Grade.NET_G3), "S5", 54, id="NET G3 on a targeted drug"),
        pytest.param(facts(line("prrt", 10), scan=20), "S7", 102, id="during PRRT, day 112"),
        pytest.param(facts(line("prrt", 120), scan=8), "S7", 48, id="during PRRT, day 168 after day 112"),
        pytest.param(facts(line("prrt", 180), scan=8), "S7", 72, id="during PRRT, 84 days on"),
        pytest.param(facts(line("prrt", 300, 40), scan=80), "S8", 50, id="after the last PRRT dose"),
        pytest.param(facts(line("prrt", 300, 40), scan=10), "S1", 80, id="after the first scan after PRRT"),
        pytest.param(facts(line("embolization", 10, label="TAE", agent="TAE"), scan=80), "S9", 25, id="after TAE"),
        pytest.param(
            facts(line("embolization", 60, label="TAE", agent="TAE"), scan=20),
            "S1",
            70,
            id="after the first scan after TAE",
        ),
        pytest.param(
            facts(line("embolization", 10, label="TARE (Y-90)", agent="TARE (Y-90)"), scan=80),
            "S10a",
            50,
            id="after TARE",
        ),
        pytest.param(facts(line("ablation", 10, 10), scan=80), "S10b", 25, id="after ablation"),
        pytest.param(
            facts(line("surgery", 400, 400, agent="Resection of the primary"), stage="II"), "S11", 150, id="after R0"
        ),
        pytest.param(
            facts(line("surgery", 400, 400, agent="Liver resection")), "S12", 90, id="liver metastases resected"
        ),
        pytest.param(facts(line("surgery", 900, 900, agent="Liver resection")), "S11", 150, id="two years after that"),
        pytest.param(facts(scan=None), "S1", -1910, id="no scan yet, from the diagnosis"),
    ],
)
def test_situation_for_each_of_the_table(found: SurveillanceFacts, code: str, due: int) -> None:
    resolution = resolve(found)
    assert (resolution.code, (resolution.due_on - TODAY).days) == (code, due)


def test_unclassified_is_scheduled_at_the_strictest_interval_and_says_so() -> None:
    resolution = resolve(facts(line("ssa", 400), grade=Grade.UNCLASSIFIED))
    assert (resolution.interval_days, resolution.is_provisional) == (60, True)
    assert resolution.why == "60 days after CT of 24 Oct 2026, S4: stage IV, provisional, unclassified"


def test_a_graded_tumor_is_not_provisional() -> None:
    assert resolve(facts(line("ssa", 400))).is_provisional is False


def test_why_names_anchor_line_and_rule() -> None:
    resolution = resolve(facts(line("targeted", 100)))
    assert resolution.why == "84 days after CT of 24 Oct 2026, S5: stage IV G2, L1 Everolimus is a targeted drug"


def test_a_line_without_a_scan_counts_from_its_start() -> None:
    resolution = resolve(facts(line("ssa", 20), scan=None))
    assert (resolution.anchor_kind, resolution.anchor_on) == ("line", ago(20))


def test_a_chosen_date_counts_instead() -> None:
    resolution = situation_for(facts(line("ssa", 20), scan=None), INTERVALS, anchor=ago(5))
    assert resolution is not None
    assert (resolution.anchor_kind, resolution.anchor_on) == ("manual", ago(5))


def test_nothing_to_count_from_asks_for_a_date() -> None:
    assert situation_for(facts(scan=None, diagnosed_on=None), INTERVALS) is None


def test_a_later_line_governs_over_an_earlier_embolization() -> None:
    later = line("targeted", 5, id=2, order="L2")
    resolution = resolve(facts(line("embolization", 60, 60, label="TAE", agent="TAE"), later, scan=90))
    assert (resolution.code, resolution.line_id) == ("S5", 2)


def test_symptom_control_does_not_make_a_new_line() -> None:
    beside = line("ssa", 10, role="symptom_control", order="")
    assert resolve(facts(line("prrt", 900, 700), beside)).code == "S2"


@pytest.mark.parametrize(
    ("found", "code", "why"),
    [
        pytest.param(
            facts(line("embolization", 10, label="Y-90 of the right lobe", agent="TAE"), scan=80),
            "S9",
            "35 days after TAE of 13 Nov 2026, S9: stage IV G2, first scan after it",
            id="a label with Y-90 makes no TARE",
        ),
        pytest.param(
            facts(line("embolization", 10, label="right lobe", agent="Radioembolization"), scan=80),
            "S10a",
            "60 days after TARE of 13 Nov 2026, S10a: stage IV G2, first scan after it",
            id="TARE is what is planned as TARE",
        ),
        pytest.param(
            facts(line("prrt", 10), scan=20),
            "S7",
            "day 112 after the first PRRT dose of 13 Nov 2026, S7: stage IV G2, during L1 177Lu-dotatate",
            id="during PRRT",
        ),
        pytest.param(
            facts(line("ssa", 400), grade=Grade.NEC, stage=""),
            "S4",
            "60 days after CT of 24 Oct 2026, S4: NEC",
            id="NEC",
        ),
    ],
)
def test_why_reads_as_a_sentence(found: SurveillanceFacts, code: str, why: str) -> None:
    resolution = resolve(found)
    assert (resolution.code, resolution.why) == (code, why)


@pytest.mark.parametrize(
    ("surgery", "code", "days"),
    [
        pytest.param({"agent": "Debulking", "site": "segments II, III"}, "S12", 120, id="debulking is of the liver"),
        pytest.param({"agent": "Metastasectomy", "site": "liver, segment V"}, "S12", 120, id="the site says liver"),
        pytest.param({"agent": "Resection of the primary", "site": "pancreas, not the liver"}, "S2", 180, id="primary"),
        pytest.param({"agent": "Metastasectomy", "site": "lung"}, "S2", 180, id="stage IV, elsewhere"),
        pytest.param(
            {"agent": "Liver resection", "answers": {"residual": "R2"}, "started": 100}, "S1", 90, id="R2, first year"
        ),
        pytest.param({"agent": "Liver resection", "answers": {"residual": "R2"}}, "S12", 120, id="R2, later"),
        pytest.param({"agent": "Liver resection", "answers": {"residual": "R0"}, "started": 100}, "S12", 120, id="R0"),
    ],
)
def test_liver_surgery_is_told_by_its_plan(surgery: dict[str, Any], code: str, days: int) -> None:
    since = surgery.pop("started", 400)
    resolution = resolve(facts(line("surgery", since, since, label="operation", **surgery)))
    assert (resolution.code, resolution.interval_days) == (code, days)


def test_an_overdue_scan_is_not_put_off_by_the_passing_of_time() -> None:
    """Due in the first year of the line and not done: it stays due when the year is over."""
    late = facts(line("ssa", 400), scan=120)
    assert (resolve(late).code, resolve(late).due_on) == ("S1", ago(30))
    assert resolve(facts(line("ssa", 400), scan=20)).code == "S2"


def test_receptor_imaging_has_its_own_routine_interval() -> None:
    resolution = resolve(facts(line("embolization", 10, agent="TAE"), modality="sstr_pet", last_scan="SSTR PET"))
    assert (resolution.code, resolution.interval_days, resolution.is_settled) == ("S13", 365, False)
    assert resolution.why == "365 days after SSTR PET of 24 Oct 2026, S13: stage IV G2, routine receptor imaging"


@pytest.mark.parametrize(
    ("scan", "plan", "beside", "answers"),
    [
        (("ct", "chest, abdomen"), ("ct", "chest, abdomen, pelvis"), (), True),
        (("mri", "liver"), ("ct", "chest, abdomen, pelvis"), (), True),
        (("mri", "liver"), ("ct", "chest, abdomen, pelvis"), ("mri",), False),
        (("ct", "chest, abdomen"), ("mri", "liver"), ("ct",), False),
        (("mri", "liver"), ("ct", "chest, abdomen, pelvis"), ("sstr_pet", "cga"), True),
        (("sstr_pet", "whole body"), ("ct", "abdomen"), (), False),
        (("ct", "abdomen"), ("sstr_pet", "whole body"), (), False),
        (("sstr_pet", "whole body"), ("sstr_pet", ""), ("ct",), True),
        (("mri", "liver"), ("ct", "chest"), (), False),
        (("ct", "chest"), ("ct", "chest, abdomen, pelvis"), (), False),
        (("ct", "head"), ("ct", "abdomen"), (), False),
        (("ct", "head and whole body"), ("ct", "abdomen"), (), True),
        (("ct", ""), ("ct", "liver"), (), True),
        (("ct", "3-phase"), ("ct", "liver"), (), True),
    ],
)
def test_a_scan_answers_the_plan_that_asks_for_it(
    scan: tuple[str, str], plan: tuple[str, str], beside: tuple[str, ...], answers: bool
) -> None:
    assert qualifies(*scan, plan_modality=plan[0], plan_region=plan[1], beside=beside) is answers


def test_unsigned_interval_is_marked() -> None:
    assert resolve(facts(line("targeted", 100))).is_settled is False
    assert resolve(facts(line("ssa", 100))).is_settled is True


@given(
    st.sampled_from(list(Grade)),
    st.lists(st.tuples(st.sampled_from(list(Modality.values)), st.integers(0, 3000), st.booleans()), max_size=5),
    st.one_of(st.none(), st.integers(0, 3000)),
)
def test_every_patient_gets_a_date_within_a_year_of_its_anchor(
    grade: Grade, lines: list[tuple[str, int, bool]], scan: int | None
) -> None:
    made = [
        line(modality, days, None if running else max(0, days - 30), id=n)
        for n, (modality, days, running) in enumerate(lines)
    ]
    resolution = resolve(facts(*made, scan=scan, grade=grade))
    limit = 3200 if resolution.code == "S7" else 365
    assert 1 <= resolution.interval_days <= limit
    assert resolution.due_on == resolution.anchor_on + timedelta(resolution.interval_days)
    assert len(resolution.why) <= 300


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_nec_is_never_later_than_sixty_days_after_its_anchor(started: int, scan: int) -> None:
    for modality in ("ssa", "prrt", "targeted", "chemotherapy", "embolization"):
        assert resolve(facts(line(modality, started), scan=scan, grade=Grade.NEC)).interval_days <= 60


@pytest.mark.parametrize("number", [n for n in SURVEILLANCE if n.low is not None], ids=lambda n: n.code)
def test_every_default_interval_lies_inside_its_own_range(number: Any) -> None:
    assert number.low <= number.value <= number.high
