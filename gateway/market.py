"""What the public sees of one symbol: its price levels and its last trades."""

from __future__ import annotations

import heapq
from collections import deque
from functools import lru_cache

import msgspec

from gateway.orders import Order
from tradsys.records import MarketState
from tradsys.symbols import Rules, Symbol

_TEXTS_KEPT = 65_536

Level = tuple[int, int, int]
"""Price in ticks, quantity in lots (0: the level is gone), number of orders."""


class Trade(msgspec.Struct, gc=False):
    """One trade; `number` is its place in its shard's event stream, `side` the aggressor's (None: an auction)."""

    number: int
    price_ticks: int
    quantity_lots: int
    side: int | None
    timestamp_ns: int


class Indication(msgspec.Struct, gc=False):
    """What an auction would trade now; the surplus is signed, buyers' minus sellers'."""

    price_ticks: int
    quantity_lots: int
    surplus_lots: int


class Market:
    """Depth by price level, last trades and market state of one symbol, as of event `sequence` of its shard."""

    def __init__(self, symbol: Symbol, trades_kept: int) -> None:
        self.symbol = symbol
        self.state = symbol.state
        self.rules = Rules()
        self.newest: Order | None = None
        """The order that came with the last command for a new one: what it came with besides has the same sequence."""
        self.indication: Indication | None = None
        self.sequence = 0
        """Number of the event that changed the depth last."""
        self.trades: deque[Trade] = deque(maxlen=trades_kept)
        self.changed: tuple[set[int], set[int]] | None = None
        """Prices whose level has changed, by side; None while nobody follows."""
        self._levels: tuple[dict[int, list[int]], dict[int, list[int]]] = ({}, {})
        self.price_text = lru_cache(_TEXTS_KEPT)(symbol.format_price)
        self.quantity_text = lru_cache(_TEXTS_KEPT)(symbol.format_quantity)
        self.parse_price = lru_cache(_TEXTS_KEPT)(symbol.parse_price)
        self.parse_quantity = lru_cache(_TEXTS_KEPT)(symbol.parse_quantity)

    @property
    def state_name(self) -> str:
        """As clients read it."""
        return MarketState(self.state).name.lower()

    def change(self, side: int, price_ticks: int, lots: int, orders: int, sequence: int) -> None:
        """Add to a level's quantity and number of orders; event `sequence` is the cause."""
        levels = self._levels[side]
        level = levels.get(price_ticks)
        if level is None:
            levels[price_ticks] = [lots, orders]
        else:
            level[0] += lots
            level[1] += orders
            if not level[1]:
                del levels[price_ticks]
        self.sequence = sequence
        if self.changed is not None:
            self.changed[side].add(price_ticks)

    def clear_depth(self) -> None:
        """Forget every level."""
        for levels in self._levels:
            levels.clear()

    def depth(self, side: int, count: int) -> list[Level]:
        """The best `count` levels of a side, best first."""
        levels = self._levels[side]
        choose = heapq.nsmallest if side else heapq.nlargest
        return [(price, *levels[price]) for price in choose(count, levels)]  # type: ignore[misc]

    def follow(self) -> None:
        """From now on remember which levels change."""
        self.changed = (set(), set())

    def unfollow(self) -> None:
        """Nobody wants the changes any more."""
        self.changed = None

    def take_changes(self) -> tuple[list[Level], list[Level]]:
        """The levels that changed since the last call, best first, as they are now. follow() comes before."""
        assert self.changed is not None
        bids, asks = self.changed
        self.changed = (set(), set())
        return self._now(0, sorted(bids, reverse=True)), self._now(1, sorted(asks))

    def _now(self, side: int, prices: list[int]) -> list[Level]:
        levels = self._levels[side]
        return [(price, *levels.get(price, (0, 0))) for price in prices]
