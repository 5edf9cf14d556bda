"""Exact conversion between decimal strings and integer units, without floats.

A value is a count of steps, where one step is `units` of 10**-decimals: with decimals=2 and units=5, "1.25" is 25.
"""

from __future__ import annotations

from typing import NamedTuple

from tradsys.errors import ValidationError

DECIMALS_MAX = 12
TEXT_LENGTH_MAX = 40
COUNT_MAX = (1 << 63) - 1

_POWERS = tuple(10**exponent for exponent in range(max(DECIMALS_MAX, TEXT_LENGTH_MAX) + 1))


class Measure(NamedTuple):
    """What a number is, so that a mistake in it is named rightly."""

    field: str
    step: str
    off_step_code: str
    overflow_code: str


PRICE = Measure("price", "tick size", "off_tick_price", "price_out_of_range")
QUANTITY = Measure("quantity", "lot size", "off_lot_quantity", "quantity_overflow")
AMOUNT = Measure("amount", "price of one lot at one tick,", "off_lot_quantity", "quantity_overflow")


def parse_units(text: str, decimals: int, units: int, measure: Measure = PRICE) -> int:
    """Steps in the decimal string `text`; digits, at most one dot between digits, at most one leading minus.

    Raises ValidationError: `invalid_decimal` for any other text, the measure's code for a value that is no whole
    number of steps or does not fit 64 bits.
    """
    negative = text.startswith("-")
    whole, dot, fraction = text[negative:].partition(".")
    if (
        len(text) > TEXT_LENGTH_MAX
        or not text.isascii()
        or not whole.isdigit()
        or (fraction if dot else whole).isdigit() is False
    ):
        raise ValidationError("invalid_decimal", _syntax_message(text, measure), field=measure.field)
    excess = len(fraction) - decimals
    if excess > 0:
        if fraction[decimals:].strip("0"):
            raise _off_step(text, decimals, units, measure)
        value = int(whole + fraction[:decimals])
    else:
        value = int(whole + fraction) * _POWERS[-excess]
    count, rest = divmod(value, units)
    if rest:
        raise _off_step(text, decimals, units, measure)
    if count > COUNT_MAX:
        raise ValidationError(measure.overflow_code, f"{text} is too large for a {measure.field}", field=measure.field)
    return -count if negative else count


def format_units(value: int, decimals: int, units: int) -> str:
    """The decimal string of `value` steps, always with `decimals` digits behind the dot; parse_units' inverse."""
    digits = str(abs(value) * units)
    sign = "-" if value < 0 else ""
    if not decimals:
        return sign + digits
    digits = digits.zfill(decimals + 1)
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


def parse_step(text: str) -> tuple[int, int]:
    """A tick or lot size such as "0.01" as (decimals, units); the digits behind the dot are shown as written.

    Raises ValueError when it is no plain positive decimal with at most DECIMALS_MAX digits behind the dot.
    """
    whole, dot, fraction = text.partition(".")
    if not (whole + fraction).isdigit() or not text.isascii() or not whole or bool(dot) != bool(fraction):
        raise ValueError(f"{text!r} is not a plain decimal number")
    if len(fraction) > DECIMALS_MAX:
        raise ValueError(f"{text!r} has more than {DECIMALS_MAX} digits behind the dot")
    units = int(whole + fraction)
    if units == 0:
        raise ValueError(f"{text!r} is not greater than zero")
    return len(fraction), units


def _off_step(text: str, decimals: int, units: int, measure: Measure) -> ValidationError:
    step = format_units(1, decimals, units)
    message = f"{text} is not a multiple of the {measure.step} {step}"
    return ValidationError(measure.off_step_code, message, field=measure.field, details={"step": step})


def _syntax_message(text: str, measure: Measure) -> str:
    if len(text) > TEXT_LENGTH_MAX:
        return f"a {measure.field} has at most {TEXT_LENGTH_MAX} characters, not {len(text)}"
    return f'{text!r} is not a plain decimal number such as "12.34"'
