"""How large the books are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from prometheus_client.core import GaugeMetricFamily, Metric

from tradsys.book.layout import W_USED_ORDERS, Shard
from tradsys.records import Side
from workers.definitions import known_symbols
from workers.memory import VenueMemory
from workers.observation import Observation


def metrics(seen: Observation, memory: VenueMemory) -> Iterator[Metric]:
    """Live orders by shard, and by symbol and side; accounts, symbols and pages of levels."""
    orders = GaugeMetricFamily("tradsys_live_orders", "Orders that live in a shard's books.", labels=["shard"])
    room = GaugeMetricFamily("tradsys_live_orders_max", "Orders that a shard has room for.", labels=["shard"])
    pages = GaugeMetricFamily("tradsys_level_pages", "Pages of price levels that a shard uses.", labels=["shard"])
    assert len(seen.shards) == len(memory.shards), "what was seen is of this memory"
    assert memory.sizes.orders_per_shard > 0, "a shard has room for orders"
    for shard in seen.shards:
        assert shard.live_orders <= memory.sizes.orders_per_shard, "no more orders live than there is room for"
        label = [str(shard.number)]
        orders.add_metric(label, shard.live_orders)
        room.add_metric(label, memory.sizes.orders_per_shard)
        pages.add_metric(label, shard.used_level_pages)
    yield from (orders, room, pages)
    yield _books(memory)
    yield GaugeMetricFamily("tradsys_accounts", "Accounts that are defined.", value=seen.accounts)
    yield GaugeMetricFamily("tradsys_symbols", "Symbols that are defined.", value=seen.symbols)


def _books(memory: VenueMemory) -> Metric:
    books = GaugeMetricFamily("tradsys_book_orders", "Orders that live in a symbol.", labels=["symbol", "side"])
    counts = [_count(shard) for shard in memory.shards]
    assert counts, "a venue has a shard"
    for symbol in known_symbols(memory):
        assert symbol.id >= 1, "symbols are numbered from 1"
        count = counts[symbol.id % len(counts)]
        for side in Side:
            place = 2 * symbol.id + side
            books.add_metric([symbol.name, side.name.lower()], int(count[place]) if place < len(count) else 0)
    return books


def _count(shard: Shard) -> Any:
    """Live orders by twice the symbol plus the side; the shard goes on meanwhile, so the sum is not of one moment."""
    orders = shard.orders.view(np.ndarray)[1 : int(shard.words[W_USED_ORDERS]) + 1]
    keys = 2 * orders["symbol"].astype(np.int64) + orders["side"]
    return np.bincount(keys[orders["order_id"] != 0], minlength=1)
