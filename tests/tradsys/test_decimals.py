from __future__ import annotations

import contextlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradsys.decimals import (
    COUNT_MAX,
    DECIMALS_MAX,
    PRICE,
    QUANTITY,
    TEXT_LENGTH_MAX,
    format_units,
    parse_step,
    parse_units,
)
from tradsys.errors import ValidationError

decimals = st.integers(0, DECIMALS_MAX)
units = st.integers(1, 65_535)


@given(st.integers(-COUNT_MAX, COUNT_MAX), decimals, units)
def test_what_is_formatted_is_parsed_back(count: int, decimals: int, units: int) -> None:
    assert parse_units(format_units(count, decimals, units), decimals, units) == count


@given(st.integers(-COUNT_MAX, COUNT_MAX), decimals, units)
def test_formatted_text_has_the_exact_value_and_every_digit(count: int, decimals: int, units: int) -> None:
    text = format_units(count, decimals, units)
    assert Fraction(text) == Fraction(count * units, 10**decimals)
    assert len(text.partition(".")[2]) == decimals


@given(st.from_regex(r"-?[0-9]{1,14}(\.[0-9]{1,14})?", fullmatch=True), decimals, units)
def test_a_plain_decimal_is_parsed_exactly_or_refused_for_the_right_reason(
    text: str, decimals: int, units: int
) -> None:
    steps = Fraction(text) * 10**decimals / units
    if steps.denominator == 1 and abs(steps) <= COUNT_MAX:
        assert parse_units(text, decimals, units) == steps
    else:
        with pytest.raises(ValidationError) as caught:
            parse_units(text, decimals, units)
        assert caught.value.code == ("price_out_of_range" if steps.denominator == 1 else "off_tick_price")


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", ".", "1.", ".5", "-.5", "--1", "+1", "1e5", "1E5", " 1", "1 ", "1\n", "1_0", "1,0", "0x1", "1.2.3"),
        *("nan", "Infinity", "1.-2", "\u0661", "1.\u0665", "\u00b2", "1" * (TEXT_LENGTH_MAX + 1), "1.5\x00"),
    ],
)
def test_anything_else_is_no_decimal(text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_units(text, 2, 1, QUANTITY)
    assert (caught.value.code, caught.value.field) == ("invalid_decimal", "quantity")


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_a_validation_error(text: str) -> None:
    with contextlib.suppress(ValidationError):
        assert isinstance(parse_units(text, 4, 5), int)


@pytest.mark.parametrize(("measure", "code"), [(PRICE, "price_out_of_range"), (QUANTITY, "quantity_overflow")])
def test_a_count_beyond_64_bits_overflows(measure: object, code: str) -> None:
    named = PRICE if measure is PRICE else QUANTITY
    assert parse_units(str(COUNT_MAX), 0, 1, named) == COUNT_MAX
    for text in (str(COUNT_MAX + 1), str(-COUNT_MAX - 1)):
        with pytest.raises(ValidationError) as caught:
            parse_units(text, 0, 1, named)
        assert caught.value.code == code


def test_off_step_says_which_step() -> None:
    with pytest.raises(ValidationError) as caught:
        parse_units("1.03", 2, 5)
    assert caught.value.message == "1.03 is not a multiple of the tick size 0.05"
    assert caught.value.details == {"step": "0.05"}


@pytest.mark.parametrize(("text", "step"), [("0.01", (2, 1)), ("0.10", (2, 10)), ("5", (0, 5)), ("0.25", (2, 25))])
def test_a_step_keeps_the_digits_as_written(text: str, step: tuple[int, int]) -> None:
    assert parse_step(text) == step


@pytest.mark.parametrize("text", ["", "0", "0.00", "-1", "1.", ".1", "1e-2", "0." + "0" * DECIMALS_MAX + "1", "²"])
def test_a_step_is_a_positive_plain_decimal(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|has more"):
        parse_step(text)
