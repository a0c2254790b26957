"""Plans of the modalities: typed, bounded, read back as they were written; amounts in their units."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careteam.management.modalities import document
from patients.protocol.rules import NUMBERS
from patients.treatment.rules import (
    PLANS,
    UNITS,
    VARIANTS,
    Amount,
    Ask,
    DoseLevel,
    Kind,
    LineDraft,
    Modality,
    Plan,
    draft_problems,
    level_number,
    plan_class,
    read_amount,
    settled,
    usual_for,
    weigh,
)

ALL = sorted({*PLANS.values(), *(variant.plan for variant in VARIANTS)}, key=lambda plan: plan.__name__)


def answer(ask: Ask) -> st.SearchStrategy[Any]:
    low = ask.low if ask.low is not None else Decimal(0)
    high = ask.high if ask.high is not None else low + 500
    match ask.kind:
        case Kind.CHOICE:
            return st.sampled_from(["", *dict(ask.choices)])
        case Kind.SEVERAL:
            return st.lists(st.sampled_from([*dict(ask.choices)]), unique=True).map(tuple)
        case Kind.WHOLE:
            return st.none() | st.integers(int(low), int(high))
        case Kind.NUMBER:
            return st.none() | st.decimals(low, high, places=2)
        case Kind.YES:
            return st.booleans()
        case Kind.DAY:
            return st.none() | st.dates()
        case _:
            return st.text(max_size=40).map(str.strip)


@given(st.sampled_from(ALL).flatmap(lambda plan: st.builds(plan, **{n: answer(a) for n, a in plan.asks().items()})))
def test_a_plan_reads_back_what_it_wrote(plan: Plan) -> None:
    assert type(plan).read(plan.written()) == plan


@given(st.sampled_from(ALL), st.dictionaries(st.text(max_size=12), st.text() | st.integers() | st.none()))
def test_any_json_is_read_without_an_error(plan: type[Plan], data: dict[str, Any]) -> None:
    names = [*plan.asks()]
    noise = dict(zip(names, data.values(), strict=False))
    read = plan.read({**data, **noise})
    assert set(read.problems()) <= set(names)
    assert all(label and words for label, words in read.facts())


@pytest.mark.parametrize("plan", ALL, ids=lambda plan: plan.__name__)
def test_a_plan_names_only_what_exists(plan: type[Plan]) -> None:
    codes = {plan.interval, plan.count, *plan.dose.values(), *(ask.number for ask in plan.asks().values())} - {""}
    assert codes - set(NUMBERS) == set()
    assert set(plan.labels) <= {*plan.columns}
    assert plan.name
    assert [item.name for item in fields(plan) if "ask" not in item.metadata] == []


@pytest.mark.parametrize(
    ("modality", "agent", "name"),
    [
        ("ssa", "Octreotide LAR", "Somatostatin analog"),
        ("ssa", "Octreotide short-acting", "Octreotide, short-acting"),
        ("targeted", "everolimus", "Everolimus"),
        ("chemotherapy", "Capecitabine + temozolomide", "CAPTEM"),
        ("chemotherapy", "Carboplatin + etoposide", "Carboplatin and etoposide"),
        ("chemotherapy", "FOLFIRI", "Other chemotherapy"),
        ("embolization", "DEB-TACE", "DEB-TACE"),
        ("embolization", "Chemoembolization (TACE)", "TACE"),
        ("embolization", "TARE (Y-90)", "TARE (Y-90)"),
        ("embolization", "Bland embolization (TAE)", "TAE"),
        ("surgery", "Liver transplant", "Liver transplant"),
        ("surgery", "Distal pancreatectomy", "Surgery"),
        ("nonsense", "", "Other treatment"),
    ],
)
def test_the_agent_decides_what_is_asked(modality: str, agent: str, name: str) -> None:
    assert plan_class(modality, agent).name == name


def test_palliative_care_is_no_modality() -> None:
    assert [value for value in Modality.values if "palliative" in value] == []


# --- amounts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("7.4 GBq", Amount(Decimal("7.4"), "GBq")),
        ("200mCi", Amount(Decimal(200), "mCi")),
        ("10 mg daily", Amount(Decimal(10), "mg", "daily")),
        ("0,12 g", Amount(Decimal("0.12"), "g")),
        ("AUC 5", Amount(Decimal(5), "AUC")),
        ("750 mg/m2 twice daily", Amount(Decimal(750), "mg/m²", "twice daily")),
        ("120", Amount(Decimal(120))),
        ("100 grams", Amount(Decimal(100), "", "grams")),
        ("per protocol", None),
        ("", None),
    ],
)
def test_amounts_are_read_as_they_are_typed(typed: str, amount: Amount | None) -> None:
    assert read_amount(typed) == amount


@given(st.decimals(Decimal("0.001"), 9999, places=3), st.sampled_from(UNITS))
def test_an_amount_written_is_read_back(value: Decimal, unit: str) -> None:
    assert read_amount(str(Amount(value.normalize(), unit))) == Amount(value.normalize(), unit)


@given(st.decimals(Decimal("0.1"), 9999, places=1))
def test_converting_there_and_back_changes_nothing(value: Decimal) -> None:
    there = Amount(value, "g").in_unit("mg")
    assert there is not None
    back = there.in_unit("g")
    assert back is not None
    assert back.value == value


@pytest.mark.parametrize(
    ("typed", "text", "question"),
    [
        ("7.4", "7.4 GBq", ""),
        ("7400 MBq", "7.4 GBq", ""),
        ("200 mCi", "7.4 GBq", ""),
        ("200 GBq", "200 GBq", "200 GBq is not plausible for PRRT. Did you mean 200 mCi? That is 7.4 GBq."),
        ("7.4 mCi", "7.4 mCi", "7.4 mCi is not plausible for PRRT. Did you mean 7.4 GBq?"),
        ("200 mg", "200 mg", "PRRT is given in GBq, not in mg."),
        ("20 GBq", "20 GBq", "20 GBq lies outside what is usual for PRRT, 1.8 to 8.2 GBq."),
        ("per protocol", "per protocol", ""),
    ],
)
def test_prrt_activity_is_weighed_in_gbq(typed: str, text: str, question: str) -> None:
    weight = weigh(typed, usual_for("prrt", "177Lu-dotatate"))
    assert (weight.text, weight.question) == (text, question)


# --- drafts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draft", "problems"),
    [
        (
            LineDraft("prrt", "177Lu-dotatate", dose="7.4 GBq", planned_count=16, interval_days=56),
            {"planned_count": "PRRT, doses: 1 to 8, not 16."},
        ),
        (
            LineDraft("prrt", "177Lu-dotatate", interval_days=7, planned_count=4),
            {"interval_days": "PRRT, every: 49 to 112, not 7."},
        ),
        (
            LineDraft("prrt", "177Lu-dotatate", plan={"course": "retreatment", "prior_activity": "29.6"}),
            {"plan_last_benefit": "For a re-treatment, say what the last course achieved."},
        ),
        (
            LineDraft("embolization", "TAE", plan={"target": "segments"}),
            {"plan_segments": "Choose the segments."},
        ),
        (
            LineDraft("embolization", "TARE (Y-90)", plan={"lung_shunt": "120"}),
            {"plan_lung_shunt": "Lung shunt: at most 100 %."},
        ),
        (
            LineDraft("trial", "X", trial_number="NCT1"),
            {"trial_number": "An NCT number is NCT and eight digits, such as NCT05477576."},
        ),
        (
            LineDraft("chemotherapy", "CAPTEM", plan={"temozolomide": "2000"}),
            {"plan_temozolomide": "Temozolomide, per day: 75 to 200, not 2000."},
        ),
        (LineDraft("chemotherapy", "CAPTEM", plan={"temozolomide": "150"}, planned_count=4), {}),
    ],
)
def test_what_does_not_fit_is_said_by_field(draft: LineDraft, problems: dict[str, str]) -> None:
    assert draft_problems(draft) == problems


def test_a_settled_draft_keeps_only_answers_of_its_plan() -> None:
    draft = settled(LineDraft("trial", "X", trial_number="nct05477576", plan={"arm": "A", "debulked": 80}))
    assert (draft.trial_number, draft.plan) == ("NCT05477576", {"arm": "A"})


@pytest.mark.parametrize(
    ("doses", "number"),
    [
        (["10 mg", "5 mg"], -1),
        (["10 mg", "5 mg", "10 mg"], 0),
        (["60 mg", "40 mg", "20 mg"], -2),
        (["", "75 %"], -1),
    ],
)
def test_dose_levels_count_down_from_the_first(doses: list[str], number: int) -> None:
    assert level_number([DoseLevel(dose) for dose in doses]) == number


def test_the_page_of_modalities_is_up_to_date() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "treatment.md"
    assert page.read_text() == document(), "Run: manage.py treatment_docs"
