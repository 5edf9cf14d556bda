"""What the checks would say to a NEW, and what it would hold, without deciding on it: nothing is changed.

It may be asked by another process while the sequencer decides on other commands. Then the figures are those of about
now, and no promise.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.fees import schedule_at, tier_at
from tradsys.ledger.holds import TOO_LARGE, needed, worst_of
from tradsys.ledger.layout import Ledger
from tradsys.ledger.positions import position_of
from tradsys.ledger.volumes import volume_seen
from tradsys.options import has_limit, link_of
from tradsys.records import CommandFlag, Link, Side
from tradsys.risk.allowances import floor_of
from tradsys.risk.checks import first_refusal, place_of_command, unknown_refusal
from tradsys.risk.terms import REASON_MASK

_BUDGET = int(CommandFlag.BUDGET)
_BUY, _SELL = int(Side.BUY), int(Side.SELL)
_TRIGGERS_OTHER = int(Link.ONE_TRIGGERS_OTHER)
_NONE = int(Link.NONE)

ORDERS = 3
"""A NEW and its legs: their sequence is 0 where there is none."""
# Words of the result.
HOLD_BUY, HOLD_SELL = 0, 1  # of the quote and of the base asset; TOO_LARGE: no amount
FLOOR_BUY, FLOOR_SELL = 2, 3  # what must stay available
MAKER_RATE, TAKER_RATE, MINIMUM = 4, 5, 6
REFUSALS = 7  # how many, and behind them each as terms.refusal has it
WORDS = 32


@kernel_entry
def _need(ledger: Ledger, order: Any, account: int, symbol: int, hold: Any, result: Any) -> int:
    """What one order holds alone, and what must stay available when it does."""
    contract = ledger.contracts[symbol]
    schedule = schedule_at(ledger, account, symbol, tier_at(ledger, volume_seen(ledger, account)))
    hold.account = account
    hold.symbol = symbol
    hold.side = signed(order.side != _BUY)
    hold.budget = signed(order.flags & _BUDGET != 0)
    hold.minimum = schedule.minimum
    hold.maker_rate = schedule.maker_rate
    hold.taker_rate = schedule.taker_rate
    hold.position = position_of(ledger, account, symbol)
    result[FLOOR_BUY + signed(hold.side)] = floor_of(ledger, hold, contract)
    worst = worst_of(contract, has_limit(signed(order.order_type)), signed(order.price_ticks))
    return needed(contract, hold, signed(order.quantity_lots), worst)


@kernel
def _add(result: Any, side: int, amount: int) -> None:
    before = result[HOLD_BUY + side]
    assert amount >= TOO_LARGE, "an amount, or that it is none"
    result[HOLD_BUY + side] = TOO_LARGE if amount == TOO_LARGE or before == TOO_LARGE else before + amount


@kernel_entry
def _holds(ledger: Ledger, orders: Any, hold: Any, result: Any) -> None:
    """docs/ledger.md, Holds: linked orders that cancel each other hold the greater need of one side."""
    new = orders[0]
    account, symbol, link = signed(new.account), signed(new.symbol), link_of(signed(new.flags))
    own = _need(ledger, new, account, symbol, hold, result)
    side = signed(hold.side)
    result[MAKER_RATE] = signed(hold.maker_rate)
    result[TAKER_RATE] = signed(hold.taker_rate)
    result[MINIMUM] = signed(hold.minimum)
    if link == _NONE or orders[1].sequence == 0:
        _add(result, side, own)
        return
    one = _need(ledger, orders[1], account, symbol, hold, result)
    one_side = signed(hold.side)
    if link != _TRIGGERS_OTHER:
        if one_side == side:
            _add(result, side, TOO_LARGE if min(own, one) == TOO_LARGE else max(own, one))
        else:
            _add(result, side, own)
            _add(result, one_side, one)
        return
    _add(result, side, own)
    # A sell that waits for a buy holds no more than what that has brought in.
    if side == _BUY and one_side == _SELL and one != TOO_LARGE:
        one = signed(0)
    if orders[2].sequence == 0:
        _add(result, one_side, one)
        return
    two = _need(ledger, orders[2], account, symbol, hold, result)
    two_side = signed(hold.side)
    if side == _BUY and two_side == _SELL and two != TOO_LARGE:
        two = signed(0)
    if one_side == two_side:
        _add(result, one_side, TOO_LARGE if min(one, two) == TOO_LARGE else max(one, two))
    else:
        _add(result, one_side, one)
        _add(result, two_side, two)


@kernel_entry
def _refusals(ledger: Ledger, orders: Any, shards: int, result: Any) -> None:
    place = place_of_command(ledger, orders[0])
    least = signed(0)
    while REFUSALS + 1 + result[REFUSALS] < WORDS:
        found = first_refusal(ledger, place, orders[0], orders[1], orders[2], shards, least)
        if found == 0:
            break
        assert found >= least, "checks answer in their order"
        result[REFUSALS] += 1
        result[REFUSALS + result[REFUSALS]] = found
        least = (found | REASON_MASK) + 1  # no check is asked twice, whichever of its two reasons it has given


@kernel
def dry_run(ledger: Ledger, orders: Any, hold: Any, shards: int, result: Any) -> None:
    """Fill `result` (int64[WORDS], zeroed) for `orders` (COMMAND[ORDERS]); `hold` is one zeroed HOLD to work with.

    Every refusal is told, in the order of the checks; but for want of funds, which the caller sees from the balances.
    """
    refused = unknown_refusal(ledger, orders[0])
    if refused:
        result[REFUSALS] = 1
        result[REFUSALS + 1] = refused
    else:
        _refusals(ledger, orders, shards, result)
    symbol = signed(orders[0].symbol)
    if symbol < len(ledger.contracts) and ledger.contracts[symbol].base != 0:
        _holds(ledger, orders, hold[0], result)
