"""How many commands an account may send at once now. The rule: docs/risk.md, check 15, and Use."""

from __future__ import annotations

from typing import Any, NamedTuple

from tradsys.reading.limits import Standing
from tradsys.risk.terms import Limit

_TOKEN = 1_000_000_000
"""What a row says has been taken is in parts of this."""


class Tokens(NamedTuple):
    """Of a full bucket's tokens those that cannot be taken now, and those that can."""

    used: int
    left: int


def tokens_at(now_ns: int, taken: int, last_ns: int, per_second: int, burst: int) -> Tokens:
    """A bucket from which so much was taken (in 10**-9 tokens) when last a command came.

    The log's clock does not go back: a `now_ns` before `last_ns` counts as that.
    """
    full = max(burst, 1)
    due = max(taken - max(now_ns - last_ns, 0) * per_second, 0)
    left = max(full * _TOKEN - due, 0) // _TOKEN if per_second else 0
    return Tokens(full - left, left)


def tokens_of(account: Any, counting: dict[Limit, Standing], now_ns: int) -> dict[Limit, Tokens]:
    """By the limits of an account's (its row) rates; a burst without a rate limits nothing."""
    found = {}
    for rate, burst, kind in (
        (Limit.ORDERS_PER_SECOND, Limit.ORDERS_BURST, "orders"),
        (Limit.CANCELS_PER_SECOND, Limit.CANCELS_BURST, "cancels"),
    ):
        if rate in counting:
            taken, last_ns = int(account[f"{kind}_taken"]), int(account[f"{kind}_at_ns"])
            full = counting[burst].value if burst in counting else 1
            found[rate] = found[burst] = tokens_at(now_ns, taken, last_ns, counting[rate].value, full)
    return found
