"""How many commands an account may send: a token bucket in the log's time. The rule: docs/risk.md, Checks.

A token is 10**9 parts, so that a rate in commands a second is one in parts a nanosecond.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel

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
    with_this = max(taken - _flowed(now_ns - at_ns, per_second, taken), signed(0)) + _TOKEN
    return with_this if with_this <= max(burst, signed(1)) * _TOKEN else signed(0)


@kernel
def order_taken(account: Any, now_ns: int, per_second: int, burst: int) -> int:
    """See taken_with: of NEW and AMEND."""
    return taken_with(signed(account.orders_taken), signed(account.orders_at_ns), now_ns, per_second, burst)


@kernel
def cancel_taken(account: Any, now_ns: int, per_second: int, burst: int) -> int:
    """See taken_with: of CANCEL."""
    return taken_with(signed(account.cancels_taken), signed(account.cancels_at_ns), now_ns, per_second, burst)
