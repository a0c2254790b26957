"""Each item of a case: there, incomplete, too old, missing, waived; what a value forbids stands apart."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careteam.people.rules import Role
from patients.guidance.rules import FlagFact, LiverFact
from patients.guidance.rules.prrt import eligibility as prrt_table
from patients.guidance.rules.tare import eligibility as tare_table
from tests.patients.guidance.snapshots import ALL_SIGNED, GOOD_LABS, TODAY, lab, line, snap
from tumorboard.readiness.rules import (
    Ahead,
    CaseFacts,
    Color,
    Found,
    Item,
    Scan,
    State,
    completeness,
    criteria,
    due_date,
    listed,
    tables_asked,
)

DAY = timedelta(days=1)
LABS = {**GOOD_LABS, "89247-1": lab("1"), "6301-6": lab("1.0"), "751-8": lab("3")}


def facts(snapshot: dict[str, Any] | None = None, **fields: Any) -> CaseFacts:
    """A case that holds everything."""
    values: dict[str, Any] = {
        "snapshot": snap(
            **(
                {
                    "labs": LABS,
                    "liver": LiverFact(date(2026, 9, 1), "frilling", 2, 30),
                    "metastases": frozenset({"liver"}),
                    "response": "SD",
                    "response_on": date(2026, 10, 1),
                }
                | (snapshot or {})
            )
        ),
        "question": "Which treatment next?",
        "question_kind": "next_line",
        "referrer": "Dr Ines Okafor",
        "consent": True,
        "stage_edition": "AJCC 8",
        "differentiation": "Well differentiated",
        "specimen_id": 4,
        "scan": Scan(7, date(2026, 10, 1), "CT, liver, 3-phase", is_read=True),
        "marker_on": date(2026, 10, 1),
        "marker": "Chromogranin A",
        "goals_on": date(2026, 6, 1),
        "goals_review_on": date(2027, 6, 1),
        "comorbidities": 1,
        "symptoms_on": date(2026, 11, 16),
    }
    return CaseFacts(**(values | fields))


def found(item: Item, f: CaseFacts) -> Found:
    return next(each for each in completeness(f).items if each.item is item)


def test_case_that_holds_everything_is_green() -> None:
    complete = completeness(facts())
    assert {each.item: each.state for each in complete.items if each.color is not Color.GREEN} == {}
    assert (complete.color, complete.settled, complete.is_ready) == (Color.GREEN, len(complete.items), True)


OLD = TODAY - timedelta(days=800)
CASES = [
    (Item.GOALS, {"goals_on": None}, State.MISSING, Color.RED),
    (Item.GOALS, {"goals_review_on": TODAY}, State.STALE, Color.RED),
    (Item.GOALS, {"goals_before_progression": True}, State.PARTIAL, Color.AMBER),
    (Item.GOALS, {"goals_event_passed": True}, State.PARTIAL, Color.AMBER),
    (Item.QUESTION, {"question": " "}, State.MISSING, Color.RED),
    (Item.REFERRER, {"referrer": ""}, State.MISSING, Color.RED),
    (Item.CONSENT, {"consent": None}, State.MISSING, Color.RED),
    (Item.CONSENT, {"consent": False}, State.PRESENT, Color.GREEN),
    (Item.ECOG, {"snapshot": {"labs": GOOD_LABS}}, State.MISSING, Color.RED),
    (Item.ECOG, {"snapshot": {"labs": {**LABS, "89247-1": lab("1", on=OLD)}}}, State.STALE, Color.RED),
    (Item.PRIMARY, {"snapshot": {"primary_site": ""}}, State.MISSING, Color.RED),
    (Item.PRIMARY, {"snapshot": {"stage": ""}}, State.MISSING, Color.RED),
    (Item.PRIMARY, {"stage_edition": ""}, State.PARTIAL, Color.AMBER),
    (Item.DIFFERENTIATION, {"differentiation": ""}, State.MISSING, Color.RED),
    (Item.GRADE, {"snapshot": {"grade": "unclassified"}}, State.MISSING, Color.RED),
    (Item.GRADE, {"snapshot": {"ki67": None}}, State.MISSING, Color.RED),
    (Item.GRADE, {"snapshot": {"grade_on": None}}, State.PARTIAL, Color.AMBER),
    (Item.GRADE, {"snapshot": {"grade_conflicts": ("review",)}}, State.PARTIAL, Color.AMBER),
    (Item.FUNCTION, {"snapshot": {"syndrome": ""}}, State.MISSING, Color.AMBER),
    (Item.SCAN, {"scan": None}, State.MISSING, Color.RED),
    (Item.SCAN, {"scan": Scan(7, OLD, "CT, 3-phase", is_read=True)}, State.STALE, Color.RED),
    (Item.SCAN, {"scan": Scan(7, TODAY, "CT, abdomen", is_read=True)}, State.PARTIAL, Color.AMBER),
    (Item.SCAN, {"scan": Scan(7, TODAY, "CT, 3-phase", is_read=False)}, State.PARTIAL, Color.AMBER),
    (Item.RESPONSE, {"snapshot": {"response": ""}}, State.MISSING, Color.AMBER),
    (Item.LIVER, {"snapshot": {"liver": None}}, State.MISSING, Color.AMBER),
    (Item.LIVER, {"snapshot": {"liver": None}, "question_kind": "liver_directed"}, State.MISSING, Color.RED),
    (Item.LIVER, {"snapshot": {"liver": LiverFact(TODAY, burden=30)}}, State.PARTIAL, Color.AMBER),
    (Item.SSTR, {"snapshot": {"sstr_on": None}}, State.MISSING, Color.RED),
    (Item.SSTR, {"snapshot": {"krenning": None}}, State.PARTIAL, Color.AMBER),
    (Item.SSTR, {"snapshot": {"sstr_on": None, "grade": "NEC"}}, State.MISSING, Color.AMBER),
    (Item.SSTR, {"snapshot": {"sstr_on": None, "grade": "NEC"}, "question_kind": "prrt"}, State.MISSING, Color.RED),
    (Item.FDG, {"snapshot": {"grade": "NET G3"}}, State.MISSING, Color.AMBER),
    (Item.MARROW, {"snapshot": {"labs": {}}}, State.MISSING, Color.AMBER),
    (Item.MARROW, {"snapshot": {"labs": {}}, "question_kind": "prrt"}, State.MISSING, Color.RED),
    (Item.MARROW, {"snapshot": {"labs": {**LABS, "6690-2": lab(None, problem="no number")}}, "question_kind": "prrt"},
     State.MISSING, Color.RED),
    (Item.MARROW, {"snapshot": {"labs": {**LABS, "777-3": lab("200", on=TODAY - 29 * DAY)}}, "question_kind": "prrt"},
     State.STALE, Color.RED),
    (Item.MARROW, {"snapshot": {"labs": {**LABS, "777-3": lab("200", on=TODAY - 28 * DAY)}}, "question_kind": "prrt"},
     State.PRESENT, Color.GREEN),
    (Item.KIDNEY, {"snapshot": {"labs": {k: v for k, v in LABS.items() if k != "29463-7"}}, "question_kind": "prrt"},
     State.MISSING, Color.RED),
    (Item.LIVER_LABS, {"snapshot": {"labs": GOOD_LABS}, "question_kind": "liver_directed"}, State.MISSING, Color.RED),
    (Item.MARKERS, {"marker_on": None}, State.MISSING, Color.RED),
    (Item.LINES, {"snapshot": {"lines": ()}}, State.PARTIAL, Color.AMBER),
    (Item.LINES, {"snapshot": {"lines": (line("ssa", status="stopped"),)}}, State.PARTIAL, Color.AMBER),
    (Item.COMORBIDITY, {"comorbidities": 0}, State.MISSING, Color.AMBER),
    (Item.HEART, {"snapshot": {"syndrome": "carcinoid"}}, State.MISSING, Color.AMBER),
    (Item.HEART, {"snapshot": {"syndrome": "carcinoid", "flags": {"heart_disease": FlagFact("absent", TODAY)}}},
     State.PRESENT, Color.GREEN),
    (Item.SYMPTOMS, {"symptoms_on": None}, State.MISSING, Color.AMBER),
    (Item.SYMPTOMS, {"symptoms_on": OLD}, State.STALE, Color.AMBER),
    (Item.TRIALS, {"trials_open": True}, State.MISSING, Color.AMBER),
    (Item.TRIALS, {"trials_open": True, "trials_considered": 1}, State.PRESENT, Color.GREEN),
    (Item.PALLIATIVE, {"snapshot": {"palliative_on": None}}, State.MISSING, Color.AMBER),
]  # fmt: skip


@pytest.mark.parametrize(("item", "changed", "state", "color"), CASES)
def test_item(item: Item, changed: dict[str, Any], state: State, color: Color) -> None:
    one = found(item, facts(**changed))
    assert (one.state, one.color) == (state, color)


def test_every_item_is_in_the_table() -> None:
    assert {row[0] for row in CASES} == set(Item)


def test_items_that_do_not_apply_are_not_counted() -> None:
    items = {each.item for each in completeness(facts({"metastases": frozenset(), "stage": "II"})).items}
    assert not items & {Item.LIVER, Item.FDG, Item.HEART, Item.TRIALS, Item.PALLIATIVE}
    only_told = completeness(facts(kind="information")).items
    assert [each.item for each in only_told] == [Item.QUESTION, Item.REFERRER, Item.CONSENT]


def test_too_old_by_an_unsigned_number_is_no_alarm_until_it_is_signed() -> None:
    old = {"sstr_on": TODAY - 366 * DAY}
    unsigned = found(Item.SSTR, facts(old))
    assert (unsigned.state, unsigned.unsigned, unsigned.color) == (State.STALE, True, Color.AMBER)
    signed = found(Item.SSTR, facts(old | {"numbers": ALL_SIGNED}))
    assert (signed.state, signed.unsigned, signed.color) == (State.STALE, False, Color.RED)
    assert found(Item.MARKERS, facts(marker_on=TODAY - 184 * DAY)).color is Color.AMBER


def test_booked_scan_is_said_and_still_missing() -> None:
    one = found(Item.SSTR, facts({"sstr_on": None}, sstr_ahead=Ahead(3, date(2026, 11, 30))))
    assert (one.words, one.is_red) == ("booked for 30 Nov", True)


def test_waived_is_settled_and_needless_once_the_value_is_there() -> None:
    without = completeness(facts(goals_on=None), {Item.GOALS}).items[0]
    assert (without.state, without.was, without.color) == (State.WAIVED, State.MISSING, Color.GREEN)
    there = completeness(facts(), {Item.GOALS}).items[0]
    assert (there.state, there.was) == (State.PRESENT, None)


def test_who_is_asked_follows_the_item_and_its_state() -> None:
    assert found(Item.GRADE, facts({"grade": ""})).role == Role.PATHOLOGIST
    assert found(Item.ECOG, facts({"labs": {}})).role == Role.ONCOLOGIST
    assert found(Item.SSTR, facts({"sstr_on": None})).role == Role.NURSE_COORDINATOR
    assert found(Item.SSTR, facts({"krenning": None})).role == Role.NUCLEAR_MEDICINE
    assert found(Item.SCAN, facts(scan=Scan(7, TODAY, "CT, 3-phase", is_read=False))).role == Role.RADIOLOGIST
    assert found(Item.GOALS, facts(goals_on=None)).role == Role.PALLIATIVE
    assert found(Item.GOALS, facts({"palliative_on": None}, goals_on=None)).role == Role.ONCOLOGIST


def test_criterion_failed_stands_apart_from_completeness() -> None:
    low = facts({"labs": {**LABS, "777-3": lab("40")}}, question_kind="prrt")
    assert tables_asked(low) == ("prrt",)
    judged = criteria(low, [prrt_table(low.snapshot)])
    assert ("Platelets", True) in {(each.name, each.forbids) for each in judged.counted}
    assert found(Item.MARROW, low).state is State.PRESENT
    missing = facts({"labs": {}}, question_kind="prrt")
    assert found(Item.MARROW, missing).state is State.MISSING
    assert "Platelets" not in {each.name for each in criteria(missing, [prrt_table(missing.snapshot)]).failed}
    assert criteria(missing, [prrt_table(missing.snapshot)]).unknown > 0


def test_criterion_by_an_unsigned_number_is_shown_and_not_counted() -> None:
    """Clearance 41: below the unsigned 50, not below the 40 that was read in a source."""
    case = facts({"labs": {**LABS, "2160-0": lab("1.9")}}, question_kind="prrt")
    judged = criteria(case, [prrt_table(case.snapshot)])
    clearance = next(each for each in judged.failed if each.name == "Creatinine clearance")
    assert clearance.unsigned
    assert clearance not in judged.counted
    assert (clearance.mark, clearance.word) == ("plain", "Review")


def test_patient_who_does_not_agree_is_a_criterion() -> None:
    judged = criteria(facts(consent=False), [])
    assert (judged.forbids, judged.tables, judged.counted[0].name) == (True, (), "Consent")


def test_liver_directed_question_asks_for_the_panel_of_tare() -> None:
    case = facts({"labs": {**LABS, "1975-2": lab("2.4", uln="1.2")}}, question_kind="liver_directed")
    assert tables_asked(case) == ("tare",)
    assert "Bilirubin" in {each.name for each in criteria(case, [tare_table(case.snapshot)]).counted}
    planned = facts({"lines": (line("prrt", status="planned"),)})
    assert tables_asked(planned) == ("prrt",)


@given(
    labs=st.sets(st.sampled_from(sorted(LABS))),
    absent=st.sets(st.sampled_from(("goals_on", "scan", "marker_on", "consent", "symptoms_on"))),
    ages=st.integers(0, 900),
    kind=st.sampled_from(("prrt", "liver_directed", "next_line")),
    waived=st.sets(st.sampled_from(sorted(Item))),
    ki67=st.none() | st.integers(0, 100),
)
def test_nothing_is_both_there_and_missing(
    labs: set[str], absent: set[str], ages: int, kind: str, waived: set[str], ki67: int | None
) -> None:
    """Green is there or waived; red is missing or too old, essential, not waived; and the case is as its worst item."""
    on = TODAY - timedelta(days=ages)
    case = facts(
        {
            "labs": {code: replace(LABS[code], on=on) for code in labs},
            "ki67": None if ki67 is None else Decimal(ki67),
            "sstr_on": on,
        },
        question_kind=kind,
        **dict.fromkeys(absent),
    )
    complete = completeness(case, waived)
    assert len({each.item for each in complete.items}) == len(complete.items)
    for each in complete.items:
        assert (each.color is Color.GREEN) == (each.state in {State.PRESENT, State.WAIVED})
        if each.is_red:
            assert each.is_essential
            assert each.state in {State.MISSING, State.STALE}
            assert each.item not in waived
    assert len(complete.reds) + len(complete.ambers) + complete.settled == len(complete.items)
    assert complete.is_ready == (complete.color is not Color.RED)


@pytest.mark.parametrize(
    ("today", "before", "due"),
    [
        (date(2026, 11, 23), None, date(2026, 12, 1)),  # a day before the cut-off
        (date(2026, 12, 1), None, date(2026, 12, 1)),
        (date(2026, 12, 2), None, date(2026, 12, 2)),  # asked for late: today
        (date(2026, 12, 2), date(2026, 12, 1), date(2026, 12, 1)),  # asked for before: over, and stays so
        (date(2026, 12, 9), None, date(2026, 12, 3)),  # never after the meeting
    ],
)
def test_due_date(today: date, before: date | None, due: date) -> None:
    assert (
        due_date(cutoff_on=date(2026, 12, 2), meeting_on=date(2026, 12, 3), lead_days=1, today=today, before=before)
        == due
    )


def test_listed_names_the_first_three() -> None:
    assert listed(["a", "b", "c", "d", "e"]) == "a, b, c +2"
