"""The memory of the risk checks: rows of further tables of the ledger, see tradsys.ledger.layout."""

from __future__ import annotations

import numpy as np

SYMBOL = np.dtype(
    [
        ("mark_ticks", "<i8"),
        ("told", "u1"),  # its SYMBOL event is settled
        ("traded", "u1"),  # the mark is the price of a trade
        ("killed", "u1"),
        # For estimates.py: the value of one lot at the mark is in 2**-`scale` units of account, for positions of up to
        # `sure_lots`; `up` and `down` are how it comes to that.
        ("scale", "u1"),
        ("up", "u1"),
        ("down", "u1"),
        ("unused", "<u2"),
        ("lot_value", "<i8"),
        ("sure_lots", "<u4"),
        ("quote", "<u4"),
    ]
)

GROUP = np.dtype(
    [
        ("key", "<i8"),  # the group's number, 0: a free place
        ("limits_row", "<u4"),
        ("killed", "<u4"),
    ]
)

CLIENT_ID = np.dtype(
    [
        ("client_order_id", "<i8"),  # 0: a free place
        ("account", "<u4"),
        ("unused", "<u4"),
    ]
)

BREAKER = np.dtype(
    [
        ("price_move_bps", "<u4"),
        ("volatility_bps", "<u4"),
        ("volume", "<i8"),  # lots; of the venue's value
        ("symbols", "<u4"),
        ("halt_ms", "<u4"),
        ("half_open_ms", "<u4"),
        ("state", "u1"),  # the Transition that it has made: NONE, TRIP or HALF_OPEN
        ("cause", "u1"),  # of that
        ("waits", "<u2"),  # how many records of it are in the outbox
        ("slot_ns", "<i8"),  # an eighth of the window; 0: there are no rules
        ("since_ns", "<i8"),  # log time of the record that brought it into its state
        ("tripped_slot", "<i8"),  # of a symbol's: the number of the venue's slot in which it tripped last
        ("latest_slot", "<i8"),  # the number of the latest slot with a trade
    ]
)

SLOT = np.dtype(
    [
        ("number", "<i8"),  # log time // slot_ns + 1; 0: empty
        ("volume", "<i8"),
        ("moved_ticks", "<i8"),  # sum of the differences between one trade's price and the next
        ("first_ticks", "<i4"),
        ("last_ticks", "<i4"),
    ]
)

SLOTS = 8
"""Of a breaker's window."""

assert BREAKER.itemsize == 64
assert SYMBOL.itemsize == 32

LIMIT_WORDS = 24
"""Of a row of limits: which are set, as bits, then each by its number, as one more than it is: 0 is not set."""
NO_LIMITS, VENUE_LIMITS = 0, 1
"""The first rows of limits."""
