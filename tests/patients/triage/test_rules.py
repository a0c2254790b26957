"""What of a call asks for somebody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.triage.rules import URGENCY, WORDINGS, Answers, Limits, Sign, Urgency, signs_of, urgency_of

LIMITS = Limits(pain=7, stools=4, many_stools=7)


@pytest.mark.parametrize(
    ("answers", "signs", "urgency"),
    [
        (Answers(), (), Urgency.NONE),
        (Answers(stools=3, pain=6, flushes=9), (), Urgency.NONE),
        (Answers(stools=4), (Sign.STOOLS,), Urgency.FOLLOW),
        (Answers(stools=7), (Sign.MANY_STOOLS,), Urgency.RED),
        (Answers(pain=7), (Sign.PAIN,), Urgency.TASK),
        (Answers(fever=True, pain=9), (Sign.FEVER, Sign.PAIN), Urgency.RED),
        (Answers(confusion=True, hypoglycemia=True), (Sign.CONFUSION, Sign.HYPOGLYCEMIA), Urgency.RED),
        (Answers(jaundice=True), (Sign.JAUNDICE,), Urgency.RED),
        (Answers(more_flushing=True), (Sign.FLUSHING,), Urgency.FOLLOW),
        (Answers(other="  "), (), Urgency.NONE),
        (Answers(other="rash"), (Sign.OTHER,), Urgency.FOLLOW),
    ],
)
def test_signs_of_a_call_and_who_acts(answers: Answers, signs: tuple[Sign, ...], urgency: Urgency) -> None:
    assert signs_of(answers, LIMITS) == signs
    assert urgency_of(signs) == urgency


def test_an_unsigned_threshold_raises_nothing() -> None:
    assert signs_of(Answers(stools=12), Limits(pain=7, stools=4, many_stools=None)) == (Sign.STOOLS,)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 10), st.integers(0, 10))
def test_worse_never_lowers_the_urgency(stools: int, more: int, pain: int, worse: int) -> None:
    ranks = list(Urgency)
    mild = urgency_of(signs_of(Answers(stools=min(stools, more), pain=min(pain, worse)), LIMITS))
    bad = urgency_of(signs_of(Answers(stools=max(stools, more), pain=max(pain, worse)), LIMITS))
    assert ranks.index(bad) >= ranks.index(mild)


def test_every_sign_has_an_urgency_and_no_sentence_holds_a_dose() -> None:
    assert set(URGENCY) == set(Sign)
    assert [w.sign for w in WORDINGS.values() if any(unit in w.text for unit in (" mg", " mL", " µg", "IU"))] == []
    assert {sign for sign in Sign if URGENCY[sign] == Urgency.RED} <= set(WORDINGS)
