"""An order of the venue, in the book or anywhere else where an order can wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from tradsys.records import OrderType
from tradsys.reference.terms import (
    BUDGET,
    BUY,
    FOR_AUCTIONS,
    GROUP,
    HIDE,
    LASTING,
    POST_ONLY,
    STOPS,
    WITH_LIMIT,
    WITH_TRIGGER,
    self_trade_of,
)


class Place(Enum):
    """Where an order is."""

    ON_ITS_WAY = 0  # it has not acted yet, or acts now
    BOOK = 1
    TRIGGER = 2
    UNPRICED = 3  # pegged to what is not there
    PARKED = 4  # until the closing auction
    BEHIND_ANOTHER = 5  # until that one has ended
    QUEUE = 6  # its turn has come, the symbol's state does not let it act yet
    GONE = 7


@dataclass(slots=True, eq=False)
class Order:
    """An order. Prices in ticks, quantities in lots; of a budget `leaves_lots` is money, in ticks times lots."""

    order_id: int
    account: int
    symbol: int
    side: int
    price_ticks: int
    """The limit, 0 without one. A pegged order's price while it has one, otherwise its limit."""
    leaves_lots: int
    client_order_id: int
    order_type: int = int(OrderType.LIMIT)
    """What it is now: a stop that has fired is a market or a limit order."""
    time_in_force: int = 0
    flags: int = 0
    session: int = 0
    filled_lots: int = 0
    limit_ticks: int = 0
    """Of a pegged order, whatever its price."""
    trigger_ticks: int = 0
    distance: int = 0
    """Of a trailing stop, in ticks or basis points."""
    display_lots: int = 0
    """Of an iceberg, 0 for others."""
    slice_lots: int = 0
    """Of an iceberg in the book: what is left of what is shown."""
    minimum_lots: int = 0
    expires_ns: int = 0
    place: Place = Place.ON_ITS_WAY
    partner: Order | None = field(default=None, repr=False)
    """The order that ends when this one trades, fires or ends, and the other way round."""
    followers: list[Order] = field(default_factory=list, repr=False)
    """Orders that wait for this one's end."""

    @property
    def is_market(self) -> bool:
        """Whether it takes any price and never rests."""
        return self.order_type == OrderType.MARKET and self.time_in_force not in FOR_AUCTIONS

    @property
    def has_limit(self) -> bool:
        """Whether it is of a type with a limit."""
        return self.order_type in WITH_LIMIT

    @property
    def has_trigger(self) -> bool:
        """Whether it is of a type with a trigger, which has not fired then."""
        return self.order_type in WITH_TRIGGER

    @property
    def limit(self) -> int | None:
        """The worst price in ticks at which it may trade now; None: any."""
        return None if self.is_market else self.price_ticks

    @property
    def lasts(self) -> bool:
        """Whether what is left of it may rest in the book."""
        return not self.is_market and (self.time_in_force in LASTING or self.time_in_force in FOR_AUCTIONS)

    @property
    def is_post_only(self) -> bool:
        """Whether it must not take."""
        return bool(self.flags & POST_ONLY)

    @property
    def is_budget(self) -> bool:
        """Whether its quantity is an amount of money."""
        return bool(self.flags & BUDGET)

    @property
    def is_pegged(self) -> bool:
        """Whether its price follows the touch."""
        return self.order_type == OrderType.PEGGED

    @property
    def is_hidden(self) -> bool:
        """Whether nothing of it is shown."""
        return self.is_pegged or bool(self.flags & HIDE)

    @property
    def is_iceberg(self) -> bool:
        """Whether it shows a slice at a time."""
        return self.display_lots > 0

    @property
    def is_concealed(self) -> bool:
        """Whether its events are flagged HIDDEN."""
        return self.is_hidden or self.is_iceberg

    @property
    def self_trade(self) -> int:
        """What it does, as a taker, when it meets an order of its own: a SelfTrade."""
        return self_trade_of(self.flags)

    @property
    def minds_group(self) -> bool:
        """Whether it takes every order of its trade group for one of its own."""
        return bool(self.flags & GROUP)

    @property
    def waits_above(self) -> bool:
        """Of an order with a trigger: whether the price must rise to it."""
        return (self.order_type in STOPS) == (self.side == BUY)

    @property
    def shown_lots(self) -> int:
        """What can trade before the order goes to the end of its queue: of an iceberg the slice."""
        return self.slice_lots if self.is_iceberg else self.leaves_lots

    def show_next_slice(self) -> None:
        """Cut the slice with which an iceberg goes into the book."""
        self.slice_lots = min(self.display_lots, self.leaves_lots)

    def lose(self, quantity_lots: int) -> None:
        """So much is taken off what is left, of an iceberg off its slice."""
        self.leaves_lots -= quantity_lots
        if self.is_iceberg:
            self.slice_lots -= quantity_lots

    def fill(self, price_ticks: int, quantity_lots: int) -> None:
        """It trades so much; in the book, of an iceberg off its slice."""
        self.filled_lots += quantity_lots
        if self.is_budget:
            self.leaves_lots -= price_ticks * quantity_lots
        else:
            self.lose(quantity_lots)
