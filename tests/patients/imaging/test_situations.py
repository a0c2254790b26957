"""S1 to S12 of `clinical.md` 3.1: which one holds, when the next scan is due, why."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.imaging.rules import Interval, LineFact, Resolution, SurveillanceFacts, situation_for
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
        pytest.param(facts(line("embolization", 10, label="TAE"), scan=80), "S9", 25, id="after TAE"),
        pytest.param(
            facts(line("embolization", 60, label="TAE"), scan=20), "S1", 70, id="after the first scan after TAE"
        ),
        pytest.param(facts(line("embolization", 10, label="TARE (Y-90)"), scan=80), "S10a", 50, id="after TARE"),
        pytest.param(facts(line("ablation", 10, 10), scan=80), "S10b", 25, id="after ablation"),
        pytest.param(
            facts(line("surgery", 400, 400, label="Resection of the primary"), stage="II"), "S11", 150, id="after R0"
        ),
        pytest.param(
            facts(line("surgery", 400, 400, label="Liver resection")), "S12", 90, id="liver metastases resected"
        ),
        pytest.param(facts(line("surgery", 900, 900, label="Liver resection")), "S11", 150, id="two years after that"),
        pytest.param(facts(scan=None), "S1", -1910, id="no scan yet, from the diagnosis"),
    ],
)
def test_situation_for_each_of_the_table(found: SurveillanceFacts, code: str, due: int) -> None:
    resolution = resolve(found)
    assert (resolution.code, (resolution.due_on - TODAY).days) == (code, due)


def test_unclassified_is_scheduled_at_the_strictest_interval_and_says_so() -> None:
    resolution = resolve(facts(line("ssa", 400), grade=Grade.UNCLASSIFIED))
    assert (resolution.interval_days, resolution.is_provisional) == (60, True)
    assert resolution.why == "60 days after CT of 24 Oct 2026; provisional interval: unclassified"


def test_a_graded_tumor_is_not_provisional() -> None:
    assert resolve(facts(line("ssa", 400))).is_provisional is False


def test_why_names_anchor_line_and_rule() -> None:
    resolution = resolve(facts(line("targeted", 100)))
    assert resolution.why == "84 days after CT of 24 Oct 2026; L1 Everolimus is a targeted drug; rule S5"


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
    resolution = resolve(facts(line("embolization", 60, 60, label="TAE"), later, scan=90))
    assert (resolution.code, resolution.line_id) == ("S5", 2)


def test_symptom_control_does_not_make_a_new_line() -> None:
    beside = line("ssa", 10, role="symptom_control", order="")
    assert resolve(facts(line("prrt", 900, 700), beside)).code == "S2"


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
