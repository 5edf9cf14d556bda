"""How many commands an account may send: a token bucket in the log's time. The rule: docs/risk.md, Checks.

A token is 10**9 parts, so that a rate in commands a second is one in parts a nanosecond.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel
from tradsys.ledger.layout import Ledger
from tradsys.reasons import Reason
from tradsys.risk.figures import Place
from tradsys.risk.limits import limit_in
from tradsys.risk.terms import Check, Limit, refusal

_ORDERS_PER_SECOND = int(Limit.ORDERS_PER_SECOND)
_ORDERS_BURST = int(Limit.ORDERS_BURST)
_CANCELS_PER_SECOND = int(Limit.CANCELS_PER_SECOND)
_CANCELS_BURST = int(Limit.CANCELS_BURST)
_NONE = 0
_TOO_MANY = refusal(Check.RATE, Reason.ORDER_RATE_LIMIT)
_TOO_MANY_CANCELS = refusal(Check.RATE, Reason.CANCEL_RATE_LIMIT)

_TOKEN = 1_000_000_000
_SHORT_NS = 1 << 32
"""A time whose product with the greatest rate is in range."""


@kernel
def _flowed(elapsed_ns: int, per_second: int, most: int) -> int:
    """What has flowed back in a time, or at least `most`."""
    if elapsed_ns < _SHORT_NS:
        return elapsed_ns * per_second
    return most if elapsed_ns > most // per_second else elapsed_ns * per_second


@kernel
def taken_with(taken: int, at_ns: int, now_ns: int, per_second: int, burst: int) -> int:
    """What a bucket has given with one more token at a time; 0 when it has none to give."""
    if per_second == 0:
        return signed(0)
    assert taken >= 0, "no bucket has given less than nothing"
    with_this = max(taken - _flowed(now_ns - at_ns, per_second, taken), signed(0)) + _TOKEN
    return with_this if with_this <= max(burst, signed(1)) * _TOKEN else signed(0)


@kernel
def _order_taken(account: Any, now_ns: int, per_second: int, burst: int) -> int:
    """See taken_with: of NEW and AMEND."""
    return taken_with(signed(account.orders_taken), signed(account.orders_at_ns), now_ns, per_second, burst)


@kernel
def _cancel_taken(account: Any, now_ns: int, per_second: int, burst: int) -> int:
    """See taken_with: of CANCEL."""
    return taken_with(signed(account.cancels_taken), signed(account.cancels_at_ns), now_ns, per_second, burst)


@kernel
def rate_refusal(ledger: Ledger, place: Place, is_cancel: bool, now_ns: int, least: int) -> int:
    """Whether the account's bucket has no token to give."""
    if least > _TOO_MANY | 0xFF or place.limited >> _ORDERS_PER_SECOND == 0:
        return _NONE
    account = ledger.accounts[place.account]
    if is_cancel:
        rate = limit_in(ledger, place.rows, _CANCELS_PER_SECOND)
        burst = limit_in(ledger, place.rows, _CANCELS_BURST)
        return _NONE if rate < 0 or _cancel_taken(account, now_ns, rate, burst) > 0 else _TOO_MANY_CANCELS
    rate = limit_in(ledger, place.rows, _ORDERS_PER_SECOND)
    burst = limit_in(ledger, place.rows, _ORDERS_BURST)
    return _NONE if rate < 0 or _order_taken(account, now_ns, rate, burst) > 0 else _TOO_MANY


@kernel
def take_tokens(ledger: Ledger, place: Place, is_cancel: bool, now_ns: int) -> None:
    """A command takes one that there is."""
    account = ledger.accounts[place.account]
    if is_cancel:
        rate = limit_in(ledger, place.rows, _CANCELS_PER_SECOND)
        if rate >= 0:
            burst = limit_in(ledger, place.rows, _CANCELS_BURST)
            account.cancels_taken = _cancel_taken(account, now_ns, rate, burst)
            assert account.cancels_taken > 0, "who takes a token was given one"
            account.cancels_at_ns = now_ns
        return
    rate = limit_in(ledger, place.rows, _ORDERS_PER_SECOND)
    if rate >= 0:
        burst = limit_in(ledger, place.rows, _ORDERS_BURST)
        account.orders_taken = _order_taken(account, now_ns, rate, burst)
        assert account.orders_taken > 0, "who takes a token was given one"
        account.orders_at_ns = now_ns
