"""Rules around doses: labs, CTCAE, modification, washout, preparation. Vectors of `clinical.md` 2.2 and 9."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.protocol.rules import NUMBERS
from patients.treatment.rules import (
    LAB_SETS,
    LAB_TERMS,
    TERMS,
    Activity,
    Injection,
    LabValue,
    LeadTimes,
    Limit,
    PreparationKind,
    Toxicity,
    WashoutChoice,
    check_labs,
    clear_of,
    conflicts,
    full,
    grade_of_lab,
    lay_out,
    meaning,
    modification,
    too_near,
    week_of,
)

DAY = date(2026, 11, 23)
SIGNED = {code: Limit(n.value, n.unit, n.source, n.tag, settled=True) for code, n in NUMBERS.items()}
UNSIGNED = {code: Limit(n.value, n.unit, n.source, n.tag, not n.needs_signature) for code, n in NUMBERS.items()}
PLATELETS, HB, ANC = "777-3", "718-7", "751-8"


def lab(code: str, value: object, days: int = 2, **more: object) -> LabValue:
    return LabValue(code, code, DAY - timedelta(days), None if value is None else Decimal(str(value)), "u", **more)  # type: ignore[arg-type]


# --- labs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "days", "verdict"),
    [(75, 2, "ok"), (74, 2, "below"), (200, 28, "ok"), (200, 29, "stale"), (60, 29, "stale"), (None, 2, "missing")],
)
def test_platelets_before_prrt(value: object, days: int, verdict: str) -> None:
    checks = check_labs(LAB_SETS["prrt"], {PLATELETS: lab(PLATELETS, value, days)}, SIGNED, on=DAY)
    assert [check.verdict for check in checks if check.label == "Platelets"] == [verdict]


def test_what_is_not_there_has_not_passed() -> None:
    checks = check_labs(LAB_SETS["prrt"], {}, SIGNED, on=DAY)
    assert {check.verdict for check in checks} == {"missing"}
    assert all(check.against for check in checks)


def test_a_ratio_without_its_normal_range_is_missing() -> None:
    found = {"1975-2": lab("1975-2", 1)}
    (check,) = [c for c in check_labs(LAB_SETS["prrt"], found, SIGNED, on=DAY) if c.label == "Bilirubin"]
    assert check.verdict == "missing"
    known = {"1975-2": lab("1975-2", "3.7", uln=Decimal("1.2"))}
    (check,) = [c for c in check_labs(LAB_SETS["prrt"], known, SIGNED, on=DAY) if c.label == "Bilirubin"]
    assert check.verdict == "above"


def test_an_unsigned_limit_is_shown_and_asks_nothing() -> None:
    found = {ANC: lab(ANC, "1.2", 1)}
    (check,) = [c for c in check_labs(LAB_SETS["chemo"], found, UNSIGNED, on=DAY) if c.label == "Neutrophils"]
    assert (check.verdict, check.unsigned, check.against) == ("below", True, False)
    (check,) = [c for c in check_labs(LAB_SETS["chemo"], found, SIGNED, on=DAY) if c.label == "Neutrophils"]
    assert check.against is True


def test_a_value_after_the_dose_does_not_count() -> None:
    checks = check_labs(LAB_SETS["prrt"], {PLATELETS: lab(PLATELETS, 200, -1)}, SIGNED, on=DAY)
    assert checks[0].verdict == "missing"


@given(st.sampled_from(sorted(LAB_SETS)), st.integers(0, 400), st.decimals(0, 500, places=1))
def test_only_fresh_values_pass(name: str, days: int, value: Decimal) -> None:
    labs = LAB_SETS[name]
    found = {need.code: lab(need.code, value, days, uln=Decimal(1)) for need in labs.needs}
    for check in check_labs(labs, found, SIGNED, on=DAY):
        assert not (check.passed and days > SIGNED[labs.age].value)


# --- CTCAE ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "value", "grade"),
    [
        (PLATELETS, 75, 0),
        (PLATELETS, 74, 2),
        (PLATELETS, 49, 3),
        (PLATELETS, 24, 4),
        (ANC, "1.0", 0),
        (ANC, "0.9", 3),
        (ANC, "0.4", 4),
        (HB, "9.9", 2),
        (HB, "7.9", 3),
    ],
)
def test_grade_of_a_lab(code: str, value: object, grade: int) -> None:
    term = next(row for row in LAB_TERMS if row.code == code)
    found = grade_of_lab(term, lab(code, value), SIGNED)
    assert found is not None
    assert found.grade == grade


def test_below_the_normal_range_is_grade_1() -> None:
    found = grade_of_lab(LAB_TERMS[0], lab(PLATELETS, 120, lln=Decimal(150)), SIGNED)
    assert found is not None
    assert found.grade == 1


def test_grades_say_what_they_mean() -> None:
    assert meaning("Platelet count decreased", 2, SIGNED) == "below 75 ×10⁹/L"
    assert meaning("Platelet count decreased", 2, UNSIGNED) == "below 75 ×10⁹/L, local, unsigned"
    assert meaning("Nausea", 3, SIGNED) == "severe, limits self-care or needs a hospital"
    assert {row.term for row in LAB_TERMS} <= set(TERMS)


RESTART = "then restart at 3.7 GBq."

# --- modification -----------------------------------------------------------------------------------------------------


def texts(*events: Toxicity, labs: dict[str, LabValue] | None = None, delayed: int | None = 0) -> list[str]:
    return [a.text for a in modification(events, labs or {}, SIGNED, delayed_days=delayed).advice]


@pytest.mark.parametrize(
    ("term", "grade", "text"),
    [
        ("Platelet count decreased", 1, []),
        (
            "Platelet count decreased",
            2,
            [f"Platelets, grade 2: consider holding until grade 0–1, {RESTART}"],
        ),
        ("Anemia", 2, []),
        ("Anemia", 3, [f"Anemia, grade 3: consider holding until grade 0–2, {RESTART}"]),
        (
            "Neutrophil count decreased",
            4,
            [f"Neutropenia, grade 4: consider holding until grade 0–2, {RESTART}"],
        ),
        ("Lymphocyte count decreased", 4, []),
        (
            "Creatinine increased",
            1,
            [f"Renal toxicity: consider holding until back at baseline, {RESTART}"],
        ),
    ],
)
def test_the_table_answers_to_a_toxicity(term: str, grade: int, text: list[str]) -> None:
    assert texts(Toxicity(term, grade, DAY)) == text


def test_a_resolved_toxicity_holds_nothing_and_a_second_one_asks_for_an_end() -> None:
    first = Toxicity("Platelet count decreased", 2, DAY - timedelta(90), DAY - timedelta(40))
    assert texts(first) == []
    second = Toxicity("Platelet count decreased", 3, DAY)
    assert texts(first, second)[-1] == "Platelet count decreased came back: consider ending PRRT for good."


@pytest.mark.parametrize(("days", "asked"), [(111, 0), (112, 1), (None, 0)])
def test_a_long_delay_asks_for_an_end(days: int | None, asked: int) -> None:
    assert len(texts(delayed=days)) == asked


def test_the_table_reads_labs_names_what_is_missing_and_marks_unsigned_numbers() -> None:
    found = modification([], {PLATELETS: lab(PLATELETS, 60)}, UNSIGNED, delayed_days=0)
    assert [(a.text.partition(":")[0], a.unsigned) for a in found.advice] == [("Platelets, grade 2", True)]
    assert found.missing == ("neutrophil", "hemoglobin")
    assert found.advice[0].inputs[0].on == DAY - timedelta(2)
    assert found.advice[0].alternatives


# --- washout ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "near"), [(0, False), (1, True), (27, True), (28, False), (60, False), (-1, False)])
def test_long_acting_lies_28_days_before_the_dose(days: int, near: bool) -> None:
    assert too_near(DAY - timedelta(days), DAY, 28) is near


def test_choices_of_a_planned_and_of_a_given_injection() -> None:
    dose = [Activity(1, DAY)]
    (planned,) = conflicts(dose, [Injection(2, DAY - timedelta(12))], needed=28)
    assert planned.choices == (WashoutChoice.OMIT, WashoutChoice.BRIDGE, WashoutChoice.ASK)
    (given_one,) = conflicts(dose, [Injection(2, DAY - timedelta(12), given=True)], needed=28)
    assert (given_one.choices, given_one.earliest) == (
        (WashoutChoice.DELAY, WashoutChoice.ASK),
        DAY + timedelta(16),
    )


def test_the_series_goes_on_after_each_dose() -> None:
    """PRRT every 56 days, injections every 28: moved to the day of the dose, they fit."""
    doses = [Activity(n, DAY + timedelta(56 * n)) for n in range(4)]
    injections = [Injection(100 + n, DAY - timedelta(10) + timedelta(28 * n)) for n in range(3)]
    moved = clear_of(doses, injections, needed=28, interval=28, first=100)
    assert [row.on for row in moved] == [DAY, DAY + timedelta(28), DAY + timedelta(56)]


days = st.integers(0, 400).map(lambda n: DAY + timedelta(n))


@given(st.lists(days, max_size=5, unique=True), st.lists(days, min_size=1, max_size=8, unique=True))
def test_no_conflict_is_left_and_no_date_goes_backwards(doses: list[date], dates: list[date]) -> None:
    activities = [Activity(n, on) for n, on in enumerate(doses)]
    injections = [Injection(n, on) for n, on in enumerate(sorted(dates))]
    moved = clear_of(activities, injections, needed=28, interval=28, first=0)
    assert conflicts(activities, moved, needed=28) == ()
    assert [row.id for row in moved] == [row.id for row in injections]
    assert all(after.on >= before.on for before, after in zip(injections, moved, strict=True))
    assert all((after.on - before.on).days >= 28 for before, after in pairwise(moved))


# --- preparation ------------------------------------------------------------------------------------------------------

leads = st.tuples(st.integers(0, 40), st.integers(0, 20), st.integers(0, 20), st.integers(0, 60)).map(
    lambda d: LeadTimes(d[0] + d[1] + d[2], d[1] + d[2], d[2], d[3], (28, 42))
)


@given(days, leads, st.booleans())
def test_preparation_lies_before_the_dose_and_nadir_labs_after(on: date, lead: LeadTimes, pregnancy: bool) -> None:
    steps = lay_out(on, lead, pregnancy=pregnancy)
    assert lead.problems == {}
    assert [step.due for step in steps] == sorted(step.due for step in steps)
    assert all((step.due > on) is (step.kind == PreparationKind.NADIR) for step in steps)
    assert all(step.due.weekday() < 5 for step in steps)
    due = {step.kind: step.due for step in steps}
    assert due[PreparationKind.LABS] <= due[PreparationKind.GO] <= due[PreparationKind.ORDER] <= on
    assert (PreparationKind.PREGNANCY in due) is pregnancy


def test_lead_times_are_in_order() -> None:
    assert set(LeadTimes(5, 7, 9, 14).problems) == {"labs_days", "go_days"}


def test_capacity_is_named() -> None:
    assert (
        full("Site A", DAY, day=2, week=6, taken_day=2, taken_week=3) == "Site A is full on 23 Nov 2026: 2 of 2 taken."
    )
    assert full("Site A", DAY, day=0, week=3, taken_day=9, taken_week=3) == (
        "Site A is full in the week of 23 Nov 2026: 3 of 3 taken."
    )
    assert full("Site A", DAY, day=0, week=0, taken_day=9, taken_week=9) == ""
    assert week_of(date(2026, 11, 29)) == (DAY, date(2026, 11, 29))
