"""The memory of the ledger: flat arrays, so that saving is a copy. Row 0 of every table stands for none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from shm.arena import read_as
from shm.table import addressed, table_of
from tradsys.records import COMMAND
from tradsys.risk.layout import BREAKER, CLIENT_ID, GROUP, LIMIT_WORDS, SLOT, SLOTS, SYMBOL

OPEN_POSITION = np.dtype([("cost", "<i8"), ("quantity", "<i4"), ("symbol", "<u4")])
"""What the loss of an account needs of a position that is not 0, copied from it."""
OPEN_NEAR = 8
"""An account has room for so many: two cache lines."""
ACCOUNT_ENTRIES = 16
"""An account's row is as large as so many OPEN_POSITION, of which the last OPEN_NEAR are its own."""

ACCOUNT = np.dtype(
    [
        ("kind", "u1"),
        ("fee_class", "u1"),
        ("status", "u1"),
        ("kyc_status", "u1"),
        ("killed", "u1"),
        # The percentage of a limit that was last told of: 0, 80 or 100.
        ("exposure_alert", "u1"),
        ("notional_alert", "u1"),
        ("loss_alert", "u1"),
        ("group", "<u4"),
        ("group_row", "<u4"),  # only of an account with a group
        ("limits_row", "<u4"),
        ("open_far", "<u4"),  # the row of an open position that is not with the near ones; see POSITION's `next`
        ("open_orders", "<i8"),
        # Sums over its positions: how often AMOUNT_MAX + 1 is beside, 0 where amounts are sane, and what is left.
        ("exposure", "<i8"),
        ("open_value", "<i8"),
        ("exposure_over", "<i4"),
        ("open_value_over", "<i4"),
        ("day", "<i8"),  # of the three figures that follow; see tradsys.ledger.volumes
        ("day_traded", "<i8"),
        ("day_realised", "<i8"),
        ("volume", "<i8"),  # what it traded on the VOLUME_DAYS days before
        # What has been taken of its rates, in 10**-9 commands, and when last.
        ("orders_taken", "<i8"),
        ("orders_at_ns", "<i8"),
        ("cancels_taken", "<i8"),
        ("cancels_at_ns", "<i8"),
        ("open_near", "<u4"),  # entries in use of its OPEN_NEAR, see tradsys.risk.open_positions
        ("unused", "<u4"),
        ("open_positions", "<i8", (2 * OPEN_NEAR,)),  # OPEN_POSITION
    ]
)

ASSET = np.dtype(
    [
        ("name_low", "<i8"),  # the name's 16 bytes
        ("name_high", "<i8"),
        # Its value: `value_numerator / value_divisor` units of account for one of its smallest units.
        ("value_numerator", "<u4"),
        ("value_divisor", "<u4"),
        ("value_reciprocal", "<i8"),  # of the divisor: see shm.division
        ("decimals", "<u8"),
    ]
)

BALANCE = np.dtype(
    [
        ("available", "<i8"),
        ("held", "<i8"),
        ("reserved", "<i8"),  # the part of what is held that waits for a withdrawal
        ("unused", "<i8"),
    ]
)

CONTRACT = np.dtype(
    [
        ("lot_value", "<i8"),
        ("numerator", "<i8"),
        ("divisor", "<i8"),
        ("reciprocal", "<i8"),  # of the divisor: see shm.division
        ("notional_max", "<i8"),  # greatest price times lots whose product with the numerator is an amount
        ("base", "<u4"),  # 0: the symbol is not settled
        ("quote", "<u4"),
        ("fee_account", "<u4"),
        ("highest_ticks", "<i4"),
        ("lowest_ticks", "<i4"),
        ("used", "u1"),  # orders have come: it cannot be changed any more
        ("known", "u1"),  # the symbol has been defined
        ("unused", "<u2"),
    ]
)

SCHEDULE = np.dtype([("minimum", "<i8"), ("maker_rate", "<i4"), ("taker_rate", "<i4"), ("defined", "<i8")])

HOLD = np.dtype(
    [
        ("sequence", "<i8"),  # log sequence of the command that made it
        ("order_id", "<i8"),  # 0: no live order
        ("leaves", "<i8"),  # in lots; of a budget in ticks times lots
        ("filled_lots", "<i8"),
        ("held", "<i8"),
        ("maker_traded", "<i8"),
        ("taker_traded", "<i8"),
        ("charged", "<i8"),
        ("minimum", "<i8"),
        ("account", "<u4"),
        ("symbol", "<u4"),
        ("worst_ticks", "<i4"),
        ("maker_rate", "<i4"),
        ("taker_rate", "<i4"),
        # The row of the order that it shares its hold with; of a pending NEW how far before it its first LEG is.
        ("partner", "<u4"),
        # The row of the order that it waits for, or of one that waits for it, a sell if there is one; of a pending NEW
        # how far before it its second LEG is.
        ("linked", "<u4"),
        ("side", "u1"),
        ("budget", "u1"),
        ("limited", "u1"),  # it has a limit, which amends can change
        ("decrement", "u1"),  # what it meets of the same account is taken off both
        ("waits", "u1"),  # NOTHING, or what it waits for
        ("counts", "u1"),  # it counts as an order of its position, see tradsys.risk.usage
        ("options", "<u2"),  # of a pending amendment: the command's flags
        ("price_ticks", "<i4"),  # for the risk figures: its limit, or the mark when it was decided
        ("position", "<u4"),  # the row
        ("unused", "<u4"),
        # What it counts in its position; of two that share a hold the first has it all.
        ("counted_lots", "<i8"),
        ("counted_notional", "<i8"),
        ("client_order_id", "<i8"),
        ("unused_too", "<i8", (6,)),
    ]
)
"""What an order holds and needs to know for it; or, while pending, what a command has taken before the book saw it."""

NOTHING, FOR_ENTRY, FOR_AMENDMENT, FOR_TURN = 0, 1, 2, 3
"""A pending order waits for the book, and so does an amendment; one FOR_TURN for the end of another order."""

POSITION = np.dtype(
    [
        ("key", "<i8"),  # symbol << 32 | account
        ("quantity", "<i8"),
        ("cost", "<i8"),
        ("realised", "<i8"),
        ("fees", "<i8"),
        ("turnover", "<i8"),
        # What its live orders count, see tradsys.risk.usage.
        ("open_lots_buy", "<i8"),
        ("open_lots_sell", "<i8"),
        # How often AMOUNT_MAX + 1 is beside, 0 where amounts are sane, and what is left.
        ("open_notional_buy", "<i8"),
        ("open_notional_sell", "<i8"),
        ("buy_over", "<i2"),
        ("sell_over", "<i2"),
        ("open_orders", "<u4"),
        ("exposure", "<i8"),
        ("open_value", "<i8"),
        # Of one that is not 0: 1 + its place of its account's OPEN_NEAR (`open_place`), or else the rows of the next
        # and of the one before that have none.
        ("next", "<u4"),
        ("previous", "<u4"),
        ("limits_row", "<u4"),
        ("alert", "<u4"),  # as an account's
        ("open_place", "<u4"),
        ("unused", "<u4"),
    ]
)

POSITION_PLACE = np.dtype([("key", "<i8"), ("row", "<i8")])
"""Where a position is, by its key: an entry of an open-addressed hash table, 0 when free."""


POSTED = np.dtype([("key", "<i8"), ("result", "<i8")])
"""The result of a posting, by its id: an entry of an open-addressed hash table, 0 when free."""

assert HOLD.itemsize == 192
assert POSITION.itemsize == 128
assert ACCOUNT.itemsize == ACCOUNT_ENTRIES * OPEN_POSITION.itemsize == 256
assert ACCOUNT["open_positions"].itemsize == OPEN_NEAR * OPEN_POSITION.itemsize
assert CONTRACT.itemsize == 64

# Words.
W_ASSETS = 0  # highest asset number
W_POSITIONS = 1  # rows in use
W_POSTED = 2  # ids remembered
W_FAULTS = 3  # events that did not fit what the ledger knew: never, unless something is broken
W_CONTRACTS = 4  # symbols that are settled
W_LIMITED = 5  # a limit was set once
W_LIMIT_ROWS = 6  # rows of limits in use beyond the venue's
W_GROUPS = 7  # rows in use
W_KILLED = 8  # the venue's kill switch is on
W_RECENT = 9  # orders with a client order id that have ended
W_BREAKERS = 10  # breakers that have tripped or are half open
W_SENT = 11  # records put into the outbox
W_TAKEN = 12  # records taken out
W_LOST = 13  # records for which it had no room: never, unless nobody empties it
W_TODAY = 14  # the latest day of the log's clock
WORDS = 16

# Words of `summing`: see conservation.py.
S_ASSET = 0  # the asset that is being summed up; 0: none yet
S_NEXT = 1  # the first account that has not been added
S_TOTAL = 2  # of those before it
SUMMING_WORDS = 3

FEE_CLASSES = 8
FEE_TIERS = 4
DAY_SLOTS = 32
"""Days of which an account's volume is kept: today, and at least VOLUME_DAYS before."""


@addressed
class Ledger(NamedTuple):
    """The whole ledger. `words` int64[WORDS]; the tables below."""

    table: Any  # see shm.table
    words: Any
    assets: Any  # ASSET by asset number
    accounts: Any  # ACCOUNT by account number
    balances: Any  # BALANCE by account and asset: see balances.py
    contracts: Any  # CONTRACT by symbol
    schedules: Any  # SCHEDULE by symbol, class and tier: see fees.py
    tiers: Any  # int64, the volume from which on a fee tier applies, 0: undefined; by tier
    day_volumes: Any  # int64, by account * DAY_SLOTS + day modulo DAY_SLOTS
    holds: Any  # HOLD by shard * rows + slot
    pending: Any  # HOLD by log sequence modulo its length, a power of two
    positions: Any  # POSITION, in the order in which they were made
    position_places: Any  # POSITION_PLACE
    open_positions: Any  # OPEN_POSITION: the memory of the accounts, read in another way
    posted: Any  # POSTED
    # Of the risk checks:
    symbols: Any  # SYMBOL by symbol
    groups: Any  # GROUP, a hash table
    limits: Any  # int64, LIMIT_WORDS for each row
    client_ids: Any  # CLIENT_ID, a hash table of those that cannot be used again
    recent: Any  # CLIENT_ID of orders that have ended, a ring
    breakers: Any  # BREAKER by symbol, the venue's is 0
    slots: Any  # SLOT, SLOTS for each breaker
    outbox: Any  # COMMAND, a ring whose length is a power of two
    # Not of its state:
    summing: Any  # int64[SUMMING_WORDS]: see conservation.py


class LedgerSize(NamedTuple):
    """How much a ledger can hold."""

    accounts_max: int = 1 << 10
    assets_max: int = 15
    symbols_max: int = 64
    shards: int = 1
    orders: int = 1 << 16  # of a shard
    pending: int = 1 << 16  # commands between their decision and the matcher's answer
    positions: int = 1 << 16
    postings: int = 1 << 16
    limit_rows: int = 1 << 12  # accounts, groups, and accounts in a symbol that have limits of their own
    groups: int = 1 << 10
    recent_client_ids: int = 1 << 16


def _table(entries: int) -> int:
    """Places of a hash table that is never more than half full."""
    places = 1 << (2 * entries).bit_length()
    assert 2 * entries < places, "a table is never more than half full"
    return places


def carve(take: Callable[[Any, int], Any], size: LedgerSize) -> Ledger:
    """Lay a ledger out in zeroed memory, which is an empty one; `take(dtype, count)` gives each array in turn."""
    assert size.shards > 0, "orders live in a shard"
    assert size.pending > 0, "a command waits for its matcher"
    accounts = take(ACCOUNT, size.accounts_max + 1)
    fields: dict[str, Any] = dict(
        words=take(np.int64, WORDS),
        assets=take(ASSET, size.assets_max + 1),
        accounts=accounts,
        balances=take(BALANCE, (size.accounts_max + 1) * (size.assets_max + 1)),
        contracts=take(CONTRACT, size.symbols_max + 1),
        schedules=take(SCHEDULE, (size.symbols_max + 1) * FEE_CLASSES * FEE_TIERS),
        tiers=take(np.int64, FEE_TIERS),
        day_volumes=take(np.int64, (size.accounts_max + 1) * DAY_SLOTS),
        holds=take(HOLD, size.shards * (size.orders + 1)),
        pending=take(HOLD, 1 << (size.pending - 1).bit_length()),
        positions=take(POSITION, size.positions + 1),
        position_places=take(POSITION_PLACE, _table(size.positions)),
        open_positions=read_as(accounts, OPEN_POSITION),
        posted=take(POSTED, _table(size.postings)),
        symbols=take(SYMBOL, size.symbols_max + 1),
        groups=take(GROUP, _table(size.groups)),
        limits=take(np.int64, (size.limit_rows + 2) * LIMIT_WORDS),
        client_ids=take(CLIENT_ID, _table(size.shards * size.orders + size.pending + size.recent_client_ids)),
        recent=take(CLIENT_ID, size.recent_client_ids),
        breakers=take(BREAKER, size.symbols_max + 1),
        slots=take(SLOT, (size.symbols_max + 1) * SLOTS),
        outbox=take(COMMAND, 1 << (1023 + 4 * size.symbols_max).bit_length()),
        summing=take(np.int64, SUMMING_WORDS),
    )
    for name in ("pending", "position_places", "posted", "groups", "client_ids", "outbox"):
        assert len(fields[name]) & (len(fields[name]) - 1) == 0, "the length of a ring or table is a power of two"
    return Ledger(table_of(fields.values()), **fields)


def state_of(ledger: Ledger) -> tuple[Any, ...]:
    """The arrays that are the ledger's state."""
    assert ledger._fields[-1] == "summing", "what is not of the state stands last"
    return ledger[1:-1]
