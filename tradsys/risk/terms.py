"""The words of the risk checks; docs/risk.md says what they mean."""

from __future__ import annotations

from enum import IntEnum

from tradsys.reasons import Reason

SHARE_MAX = 1_000_000
"""Greatest limit in basis points, or of leverage in hundredths."""
RATE_MAX = 1_000_000_000
"""Greatest rate in commands a second, and greatest burst."""


class Limit(IntEnum):
    """What is limited."""

    TRADING = 0
    ORDER_LOTS_MIN = 1
    ORDER_LOTS_MAX = 2
    ORDER_NOTIONAL_MIN = 3
    ORDER_NOTIONAL_MAX = 4
    COLLAR_BPS = 5
    OPEN_ORDERS = 6
    OPEN_LOTS = 7
    OPEN_NOTIONAL = 8
    POSITION = 9
    SHORT = 10
    CONCENTRATION_BPS = 11
    # Of an account as a whole:
    OPEN_ORDERS_TOTAL = 12
    EXPOSURE = 13
    LEVERAGE = 14
    DAILY_NOTIONAL = 15
    DAILY_LOSS = 16
    ORDERS_PER_SECOND = 17
    ORDERS_BURST = 18
    CANCELS_PER_SECOND = 19
    CANCELS_BURST = 20


class Scope(IntEnum):
    """Whom a limit or a kill switch concerns."""

    NONE = 0
    VENUE = 1
    GROUP = 2
    ACCOUNT = 3
    ACCOUNT_SYMBOL = 4  # of a limit
    SYMBOL = 5  # of a kill switch


class Transition(IntEnum):
    """What a circuit breaker does."""

    NONE = 0
    TRIP = 1
    HALF_OPEN = 2
    RESET = 3


class Cause(IntEnum):
    """Why a circuit breaker does it."""

    NONE = 0
    MANUAL = 1
    PRICE_MOVE = 2
    VOLATILITY = 3
    VOLUME = 4
    SYMBOLS = 5  # so many of them have tripped
    VENUE = 6  # the venue's breaker
    TIME = 7  # has passed


class Check(IntEnum):
    """The checks of a NEW, AMEND or CANCEL in their order: each has one reason, or two that exclude each other."""

    NONE = 0
    ACCOUNT = 1
    STATUS = 2
    KYC = 3
    KILL_SWITCH = 4
    PERMISSION = 5
    VENUE = 6
    NOTIONAL = 7  # that it is an amount at all
    CLIENT_ORDER_ID = 8
    ORDER_SIZE = 9
    COLLAR = 10
    OPEN_ORDERS = 11
    OPEN_LOTS = 12
    OPEN_NOTIONAL = 13
    POSITION = 14
    EXPOSURE = 15
    CONCENTRATION = 16
    LEVERAGE = 17
    DAILY_NOTIONAL = 18
    DAILY_LOSS = 19
    RATE = 20
    FUNDS = 21  # and what else the ledger needs


REASON_BITS = 8
REASON_MASK = (1 << REASON_BITS) - 1


def refusal(check: Check, reason: Reason) -> int:
    """What a check answers: which it is, and the reason in the low bits; 0 when a command passes."""
    return int(check) << REASON_BITS | int(reason)
