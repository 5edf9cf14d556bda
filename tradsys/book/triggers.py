"""Orders that wait for a price: which of them a price has reached, and how trailing stops follow."""

from __future__ import annotations

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.layout import ABOVE, BELOW, IN_ABOVE, IN_BELOW, TRAILING, Shard
from tradsys.book.levels import price_of, remove
from tradsys.book.lists import first_of, following
from tradsys.book.placing import can_wait_at, has_place, put_at_trigger, waits_above
from tradsys.book.rare_sides import rare_side
from tradsys.book.rules import width_of
from tradsys.records import CommandFlag, OrderType, TriggerSource

_TRAILING = int(OrderType.TRAILING_STOP)
_TOUCH = int(TriggerSource.TOUCH)
_BASIS_POINTS = int(CommandFlag.BASIS_POINTS)


@kernel
def watched_price(shard: Shard, symbol: int, is_above: bool) -> tuple[bool, int]:
    """Whether there is a price that fires the triggers on this side of the market, and the price."""
    book = shard.books[symbol]
    if book.trigger_source != _TOUCH:
        return True, signed(book.last_ticks)
    side = shard.sides[2 * symbol + (0 if is_above else 1)]
    if side.best_index < 0:
        return False, signed(0)
    return True, price_of(side, signed(side.best_index))


@kernel_entry
def reached(shard: Shard, symbol: int) -> int:
    """The slot of the first order whose trigger has been reached; 0 when none has."""
    book = shard.books[symbol]
    there, price = watched_price(shard, symbol, True)
    if there:
        book.seen_high = max(signed(book.seen_high), price)
    there, price = watched_price(shard, symbol, False)
    if there:
        book.seen_low = min(signed(book.seen_low), price)
    if book.next_above <= book.seen_high:
        return signed(shard.levels[rare_side(shard, symbol, ABOVE).best_level].head)
    if book.next_below >= book.seen_low:
        return signed(shard.levels[rare_side(shard, symbol, BELOW).best_level].head)
    return signed(0)


@kernel
def trailing_trigger(shard: Shard, slot: int) -> tuple[bool, int]:
    """Whether there is a price to follow, and the trigger that a trailing stop would have at it."""
    order = shard.orders[slot]
    extra = shard.extras[slot]
    assert order.order_type == _TRAILING, "no other trigger follows the market"
    symbol = signed(order.symbol)
    is_above = waits_above(_TRAILING, signed(order.side))
    there, price = watched_price(shard, symbol, is_above)
    if not there:
        price = signed(shard.books[symbol].last_ticks)
    distance = signed(extra.distance)
    if signed(extra.options) & _BASIS_POINTS:
        distance = max(width_of(price, distance), 1)
    trigger = price + distance if is_above else price - distance
    book = shard.books[symbol]
    return there, min(max(trigger, signed(book.lowest_ticks)), signed(book.highest_ticks))


@kernel_entry
def can_arm(shard: Shard, slot: int) -> bool:
    """Whether an order with a trigger can stand at it; opens the side."""
    return can_wait_at(shard, shard.orders[slot], signed(shard.extras[slot].trigger_ticks))


@kernel_entry
def follow(shard: Shard, symbol: int) -> None:
    """Move the triggers of trailing stops towards the market where it has moved away from them."""
    slot = first_of(shard, symbol, TRAILING)
    while slot != 0:
        order = shard.orders[slot]
        extra = shard.extras[slot]
        assert order.symbol == symbol, "the list has the symbol's orders"
        is_above = waits_above(_TRAILING, signed(order.side))
        there, trigger = trailing_trigger(shard, slot)
        before = signed(extra.trigger_ticks)
        is_nearer = trigger < before if is_above else trigger > before
        is_armed = extra.place == IN_ABOVE or extra.place == IN_BELOW
        if is_armed and there and is_nearer:
            number = ABOVE if is_above else BELOW
            if has_place(shard, symbol, number, trigger):
                remove(shard, rare_side(shard, symbol, number), slot)
                extra.trigger_ticks = trigger
                put_at_trigger(shard, slot)
        slot = following(shard, TRAILING, slot)
