import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.fhir.rules.json_stream import BrokenJsonError, JsonText, storable


def in_chunks(text: str, size: int) -> Iterator[str]:
    return (text[i : i + size] for i in range(0, len(text), size))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values, st.integers(1, 9), st.booleans())
def test_value_is_the_same_in_chunks_of_any_size(value: object, size: int, ascii_only: bool) -> None:
    spelled = json.dumps(value, ensure_ascii=ascii_only)
    assert JsonText(in_chunks(spelled, size)).value() == storable(json.loads(spelled))


@given(json_values, st.integers(1, 9))
def test_skip_ends_behind_the_value(value: object, size: int) -> None:
    spelled = json.dumps([value, "next"])[1:-1]
    cursor = JsonText(in_chunks(spelled, size))
    assert cursor.skip() is True
    cursor.take(",")
    assert cursor.value() == "next"


def test_error_names_line_and_column_across_chunks() -> None:
    cursor = JsonText(in_chunks('{\n  "a": 1,\n  "b": tru\n}', 5))
    with pytest.raises(BrokenJsonError) as caught:
        cursor.value()
    assert (caught.value.line, caught.value.column, caught.value.end_of_file) == (3, 8, False)


def test_cut_off_text_is_the_end_of_the_file() -> None:
    with pytest.raises(BrokenJsonError) as caught:
        JsonText(iter(['{"a": [1, 2'])).value()
    assert caught.value.end_of_file is True


def test_nesting_beyond_reason_is_an_error_not_a_crash() -> None:
    with pytest.raises(BrokenJsonError, match="nested too deeply"):
        JsonText(iter(["[" * 100_000])).value()


def test_numbers_beyond_reason_are_an_error_not_a_crash() -> None:
    with pytest.raises(BrokenJsonError, match="a number cannot be read"):
        JsonText(iter(["9" * 10_000 + " "])).value()


def test_what_a_database_refuses_is_cleaned() -> None:
    cursor = JsonText(
        iter(['{"nul": "a\\u0000b", "half": "\\ud800", "inf": 1e999, "nan": NaN, "pair": "\\ud83d\\ude00"}'])
    )
    assert cursor.value() == {"nul": "ab", "half": "\N{REPLACEMENT CHARACTER}", "inf": None, "nan": None, "pair": "😀"}
