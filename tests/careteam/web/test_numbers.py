"""Numbers as people type them."""

from decimal import Decimal as D

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from careteam.web.numbers import NumberField, Typed, WholeNumberField, typed_number


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("12.5", Typed(D("12.5"))),
        ("12,5", Typed(D("12.5"))),
        ("0,125", Typed(D("0.125"))),
        ("1 234", Typed(D(1234))),
        ("1,234.5", Typed(D("1234.5"))),
        ("1.234,5", Typed(D("1234.5"))),
        ("1,234,567", Typed(D(1234567))),
        ("1'234", Typed(D(1234))),
        ("<5", Typed(D(5), "<")),
        ("≥ 5,2", Typed(D("5.2"), ">=")),
        ("104 g/L", Typed(D(104), "", "g/L")),
        ("< 3 ng/mL", Typed(D(3), "<", "ng/mL")),
        ("5.1 10*9/L", Typed(D("5.1"), "", "10*9/L")),
        ("5.1 ×10⁹/L", Typed(D("5.1"), "", "×10⁹/L")),
        ("-3", Typed(D(-3))),
    ],
)
def test_number_is_read_as_it_is_meant(text: str, typed: Typed) -> None:
    assert typed_number(text) == typed


def test_number_that_could_be_two_is_asked_back() -> None:
    with pytest.raises(ValueError, match=r"1,234 can be read as 1234 or as 1\.234"):
        typed_number("1,234")


@pytest.mark.parametrize("text", ["", "abc", "🙂", "1.2.3", "1,2,3", "1.234,5,6", "--3"])
def test_number_that_is_none_says_so(text: str) -> None:
    with pytest.raises(ValueError, match=r"Write a number such as 12\.5"):
        typed_number(text)


@given(st.decimals(0, 10**6, places=2))
def test_number_with_comma_equals_number_with_point(value: D) -> None:
    assert typed_number(str(value).replace(".", ",")).number == typed_number(str(value)).number == value


@given(st.text(max_size=40))
def test_number_never_fails_otherwise_than_in_words(text: str) -> None:
    try:
        said = str(typed_number(text).number)
    except ValueError as problem:
        said = str(problem)
    assert said[-1:] == "." or D(said).is_finite()


def test_number_fields_refuse_what_stands_beside_the_number() -> None:
    field = NumberField()
    field.units = ("%",)
    assert (field.clean("12,5 %"), WholeNumberField().clean("1 200"), WholeNumberField().clean("35%")) == (
        D("12.5"),
        1200,
        35,
    )
    for made, text in ((field, "<5"), (field, "5 mg"), (WholeNumberField(), "2,5"), (WholeNumberField(), "five")):
        with pytest.raises(ValidationError, match="Write"):
            made.clean(text)
