"""Checks of one order by itself: its size and its limit price. The rule: docs/risk.md, Checks 7 and 8."""

from __future__ import annotations

from shm.division import divided, reciprocal_of_constant
from shm.integers import signed
from shm.jit import kernel
from tradsys.ledger.layout import Ledger
from tradsys.reasons import Reason
from tradsys.risk.figures import Place
from tradsys.risk.limits import limit_in
from tradsys.risk.terms import Check, Limit, refusal

_LOTS_MIN = int(Limit.ORDER_LOTS_MIN)
_LOTS_MAX = int(Limit.ORDER_LOTS_MAX)
_NOTIONAL_MIN = int(Limit.ORDER_NOTIONAL_MIN)
_NOTIONAL_MAX = int(Limit.ORDER_NOTIONAL_MAX)
_COLLAR_BPS = int(Limit.COLLAR_BPS)
_BPS = 10_000
_BASIS_POINT = reciprocal_of_constant(_BPS)

_NONE = 0
_TOO_SMALL = refusal(Check.ORDER_SIZE, Reason.ORDER_TOO_SMALL)
_TOO_LARGE = refusal(Check.ORDER_SIZE, Reason.ORDER_TOO_LARGE)
_FAR = refusal(Check.COLLAR, Reason.PRICE_COLLAR)


@kernel
def _range_refusal(ledger: Ledger, place: Place, figure: int, lowest: int, highest: int, least: int) -> int:
    """Outside of the limits of these two numbers."""
    bound = limit_in(ledger, place.rows, lowest)
    if bound >= 0 and figure < bound and least <= _TOO_SMALL:
        return _TOO_SMALL
    bound = limit_in(ledger, place.rows, highest)
    return _TOO_LARGE if bound >= 0 and figure > bound and least <= _TOO_LARGE else _NONE


@kernel
def lots_refusal(ledger: Ledger, place: Place, is_budget: bool, lots: int, least: int) -> int:
    """Too few or too many lots; of a budget they are not judged."""
    if is_budget or place.limited & (1 << _LOTS_MIN | 1 << _LOTS_MAX) == 0:
        return _NONE
    return _range_refusal(ledger, place, lots, signed(_LOTS_MIN), signed(_LOTS_MAX), least)


@kernel
def notional_refusal(ledger: Ledger, place: Place, notional: int, least: int) -> int:
    """Too small or too great a notional."""
    if place.limited & (1 << _NOTIONAL_MIN | 1 << _NOTIONAL_MAX) == 0:
        return _NONE
    return _range_refusal(ledger, place, notional, signed(_NOTIONAL_MIN), signed(_NOTIONAL_MAX), least)


@kernel
def collar_refusal(ledger: Ledger, place: Place, is_buy: bool, limit_ticks: int, least: int) -> int:
    """A limit that is too much worse than the mark."""
    if place.limited >> _COLLAR_BPS & 1 == 0 or least > _FAR:
        return _NONE
    mark = signed(ledger.symbols[place.symbol].mark_ticks)
    width = divided(abs(mark) * limit_in(ledger, place.rows, _COLLAR_BPS), signed(_BPS), signed(_BASIS_POINT))
    too_far = limit_ticks > mark + width if is_buy else limit_ticks < mark - width
    return _FAR if too_far else _NONE
