"""A symbol: its prices, its state, its rules, its book, and every other place where its orders wait."""

from __future__ import annotations

from dataclasses import dataclass, field

from tradsys.records import MarketState, TimeInForce, TriggerSource
from tradsys.reference.auction import NOTHING, Indication
from tradsys.reference.book import Book, Queues
from tradsys.reference.messages import Rules
from tradsys.reference.orders import Order, Place
from tradsys.reference.terms import width_ticks


@dataclass(slots=True)
class Market:
    """A symbol; `lowest_ticks` and `highest_ticks` are inclusive."""

    number: int
    lowest_ticks: int
    highest_ticks: int
    reference_ticks: int
    state: int
    last_ticks: int
    """The price of the last trade, before the first one the definition's reference price."""
    rules: Rules = field(default_factory=Rules)
    book: Book = field(default_factory=Book)
    indicated: Indication = NOTHING
    """What the last INDICATION said."""

    # Dictionaries by order id, which keep the order of insertion.
    orders: dict[int, Order] = field(default_factory=dict)
    """Every live order, as they were accepted."""
    pegs: dict[int, Order] = field(default_factory=dict)
    """Every pegged order, as they were accepted."""
    trailing: dict[int, Order] = field(default_factory=dict)
    """Every trailing stop that has not fired, as they were accepted."""
    parked: dict[int, Order] = field(default_factory=dict)
    """Orders that wait for the closing auction, as they were accepted."""
    queue: dict[int, Order] = field(default_factory=dict)
    """Orders whose turn it is to act."""
    above: Queues = field(default_factory=lambda: Queues(highest_first=False))
    """Orders that wait until the price has risen to their trigger."""
    below: Queues = field(default_factory=lambda: Queues(highest_first=True))
    """Orders that wait until the price has fallen to their trigger."""
    live_by_account: dict[int, int] = field(default_factory=dict)

    seen_high: int | None = None
    """The highest price that triggers have seen since the symbol last came to rest; None: none."""
    seen_low: int | None = None

    auction: int = int(TimeInForce.AT_OPEN)
    """Which auction the state belongs to while orders are collected: AT_OPEN or AT_CLOSE."""
    is_tripped: bool = False
    """Whether a circuit breaker has halted the symbol, or lets it collect orders after that."""
    halted_auction: int | None = None
    """The auction that the breaker has halted, which is still to be uncrossed: AT_OPEN or AT_CLOSE."""
    uncrossed: int | None = None
    """A duty: the auction that has just been uncrossed."""
    is_new_state: bool = False
    """A duty: the state has just been entered."""

    def accepts_price(self, price_ticks: int) -> bool:
        """Whether a limit or trigger is within the symbol's range."""
        return self.lowest_ticks <= price_ticks <= self.highest_ticks

    def is_in_collar(self, limit_ticks: int) -> bool:
        """Whether a limit is near enough to the reference price."""
        return _is_near(limit_ticks, self.reference_ticks, self.rules.collar_bps)

    def is_in_bands(self, price_ticks: int, last_ticks: int) -> bool:
        """Whether a trade at this price, after one at `last_ticks`, may print."""
        static, dynamic = self.rules.static_band_bps, self.rules.dynamic_band_bps
        return _is_near(price_ticks, self.reference_ticks, static) and _is_near(price_ticks, last_ticks, dynamic)

    def print_trade(self, price_ticks: int) -> None:
        """There was a trade at this price."""
        self.last_ticks = price_ticks
        if self.rules.trigger_source == TriggerSource.LAST:
            self._see(price_ticks, price_ticks)

    def look(self) -> None:
        """Triggers see the price that they watch as it is now."""
        if self.rules.trigger_source == TriggerSource.TOUCH:
            self._see(*self.book.best_displayed())
        else:
            self._see(self.last_ticks, self.last_ticks)

    def _see(self, high: int | None, low: int | None) -> None:
        if high is not None:
            self.seen_high = high if self.seen_high is None else max(self.seen_high, high)
        if low is not None:
            self.seen_low = low if self.seen_low is None else min(self.seen_low, low)

    def forget_seen(self) -> None:
        """Triggers have seen nothing yet."""
        self.seen_high = self.seen_low = None

    def enter_state(self, state: int) -> None:
        """Be in this state from now on; what that entails is done when the symbol comes to rest."""
        if state in {MarketState.PRE_OPEN, MarketState.OPENING_AUCTION}:
            self.auction = int(TimeInForce.AT_OPEN)
        elif state == MarketState.CLOSING_AUCTION:
            self.auction = int(TimeInForce.AT_CLOSE)
        elif state != MarketState.FROZEN:
            # FROZEN belongs to the auction before it, and without one to the opening.
            self.auction = int(TimeInForce.AT_OPEN)
        self.state = state
        self.is_tripped = False
        self.halted_auction = None
        self.is_new_state = True
        self.forget_seen()
        self.indicated = NOTHING

    # Where orders wait.

    def put_in_book(self, order: Order) -> None:
        """Put an order at the end of its queue in the book."""
        order.place = Place.BOOK
        if order.is_iceberg:
            order.show_next_slice()
        self.book.side(order.side).add(order)

    def put_behind_trigger(self, order: Order) -> None:
        """Put an order at the end of its trigger's queue."""
        order.place = Place.TRIGGER
        self._triggers(order).add(order.trigger_ticks, order)

    def take_out(self, order: Order) -> bool:
        """Take an order from wherever it is; gives whether that was the book."""
        place = order.place
        order.place = Place.ON_ITS_WAY
        match place:
            case Place.BOOK:
                self.book.side(order.side).remove(order)
            case Place.TRIGGER:
                self._triggers(order).remove(order.trigger_ticks, order)
            case Place.PARKED:
                del self.parked[order.order_id]
            case Place.QUEUE:
                del self.queue[order.order_id]
            case _:
                pass
        return place is Place.BOOK

    def _triggers(self, order: Order) -> Queues:
        return self.above if order.waits_above else self.below


def _is_near(price_ticks: int, reference_ticks: int, bps: int) -> bool:
    if bps == 0 or reference_ticks == 0:
        return True
    return abs(price_ticks - reference_ticks) <= width_ticks(reference_ticks, bps)
