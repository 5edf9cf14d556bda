"""Whether a shard's arrays still fit together: every link, sum, bit and count, each found out anew.

For tests and for whoever doubts a shard. Plain Python over copies of the used parts: milliseconds for thousands
of orders, nothing for a duty cycle.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tradsys.book.audit_rare import audit_rare
from tradsys.book.layout import (
    B_HALTED_AUCTION,
    F_EXTRA,
    F_ICEBERG,
    IN_ABOVE,
    IN_BELOW,
    IN_BOOK,
    IN_HIDDEN,
    P_NONE,
    W_AUCTIONS,
    W_FREE_LEVEL,
    W_FREE_ORDER,
    W_LIVE_ORDERS,
    W_PENDING,
    W_SYMBOLS,
    W_USED_DIRECTORY,
    W_USED_LEVELS,
    W_USED_ORDERS,
    W_USED_PAGES,
    W_USED_SUMMARY,
    Shard,
)
from tradsys.book.levels import entry_of, place_of, price_of
from tradsys.records import SLOT_MASK, MarketState

_COLLECTING = (
    MarketState.PRE_OPEN,
    MarketState.OPENING_AUCTION,
    MarketState.CLOSING_AUCTION,
    MarketState.FROZEN,
)
_INDICATED = (MarketState.OPENING_AUCTION, MarketState.CLOSING_AUCTION, MarketState.FROZEN)


def audit(shard: Shard) -> None:
    """Check every invariant of a shard between two commands. Raises AssertionError, saying what does not hold."""
    assert shard.words[W_PENDING] == P_NONE, "a command is pending: audit between commands"
    _Audit(shard).check()


class _Audit:
    def __init__(self, shard: Shard) -> None:
        self.shard = shard
        self.words = [int(word) for word in shard.words]
        used = self.words[W_USED_ORDERS]
        assert 0 <= used < len(shard.orders), f"{used} slots used of {len(shard.orders) - 1}"
        self.orders = _rows(shard.orders[: used + 1])
        self.levels = _rows(shard.levels[: self.words[W_USED_LEVELS] + 1])
        self.queued: dict[int, int] = {}  # slot: the level in whose queue it was met
        self.linked: dict[int, bool] = {}  # levels met between best and worst
        self.occupied: dict[int, int] = {}  # page: the bits of its occupied levels
        self.summary = np.zeros(len(shard.summary), np.uint64)

    def check(self) -> None:
        self._check_slots()
        assert self.shard.levels["index"][0] == -1, "the null level has a price"
        defined = [symbol for symbol in range(1, len(self.shard.books)) if self.shard.books[symbol]["defined"]]
        for symbol in defined:
            for number in range(2):
                self._check_side(symbol, number, self.shard.sides[2 * symbol + number], IN_BOOK)
            for number, place in enumerate((IN_HIDDEN, IN_HIDDEN, IN_ABOVE, IN_BELOW)):
                side = self.shard.rare_sides[4 * symbol + number]
                if side["pages"]:
                    self._check_side(symbol, number, side, place)
            self._check_touch(symbol)
        indicated = [symbol for symbol in defined if self.shard.books[symbol]["state"] in _INDICATED]
        assert self.words[W_AUCTIONS] == len(indicated), f"{self.words[W_AUCTIONS]} auctions, not {indicated}"
        assert self.words[W_SYMBOLS] == max(defined, default=0), f"the highest symbol is not {self.words[W_SYMBOLS]}"
        for slot, order in enumerate(self.orders):
            if order["order_id"] != 0:
                in_queue = _is_in_queue(self.place(slot))
                assert in_queue == (slot in self.queued), f"order in slot {slot} is in no queue, or in one too many"
        audit_rare(self.shard, defined)
        self._check_pages()
        self._check_bitmaps()

    def _check_slots(self) -> None:
        """Live orders and the free list share the used slots between them."""
        live = [slot for slot, order in enumerate(self.orders) if order["order_id"] != 0]
        for slot in live:
            order_id = self.orders[slot]["order_id"]
            assert slot > 0, "the null slot holds an order"
            assert order_id & SLOT_MASK == slot, f"order {order_id} lies in slot {slot}"
        assert self.words[W_LIVE_ORDERS] == len(live), f"{self.words[W_LIVE_ORDERS]} live orders, counted {len(live)}"
        assert not self.shard.orders["order_id"][len(self.orders) :].any(), "an order lies in a slot never given out"
        free: dict[int, bool] = {}
        slot = self.words[W_FREE_ORDER]
        while slot != 0:
            assert slot < len(self.orders), f"free list leads to slot {slot}, never given out"
            assert slot not in free, f"free list comes twice to slot {slot}"
            assert self.orders[slot]["order_id"] == 0, f"slot {slot} is free and holds an order"
            free[slot] = True
            slot = self.orders[slot]["next"]
        used = len(self.orders) - 1
        assert len(free) + len(live) == used, f"{used} slots used: {len(live)} live and {len(free)} free"

    def place(self, slot: int) -> int:
        """Where the order says that it stands; a plain one stands in the book."""
        return int(self.shard.extras["place"][slot]) if self.orders[slot]["flags"] & F_EXTRA else IN_BOOK

    def _check_side(self, symbol: int, number: int, side: Any, in_place: int) -> None:
        """From the best level to the worst: links, order of prices, directory, queues."""
        place = f"symbol {symbol} side {number} of place {in_place}"
        current, better = int(side["best_level"]), 0
        index_before = self.levels[current]["index"] + 1
        assert side["best_index"] == self.levels[current]["index"], f"{place}: best index is not the best level's"
        while current != 0:
            assert current < len(self.levels), f"{place}: level {current} was never given out"
            level = self.levels[current]
            index = level["index"]
            where = f"{place} level {current}"
            assert level["better"] == better, f"{where}: better is {level['better']}, came from {better}"
            assert 0 <= index < index_before, f"{where}: index {index} behind {index_before}"
            entry = int(entry_of(side, index))
            found = int(self.shard.pages[place_of(self.shard.directory[entry], index)])
            assert current == found, f"{where}: not what the directory finds at index {index}"
            self.linked[current] = True
            self._check_queue(symbol, number, current, int(price_of(side, index)), in_place)
            self.occupied[entry] = self.occupied.get(entry, 0) | 1 << (index & 63)
            self._summarise(side, index >> 6)
            index_before, better, current = index, current, level["worse"]

    def _check_queue(self, symbol: int, number: int, level_number: int, price_ticks: int, in_place: int) -> None:
        """The orders of one level, from head to tail."""
        level = self.levels[level_number]
        where = f"symbol {symbol} side {number} level {level_number} of place {in_place}"
        quantity, count, before, slot = 0, 0, 0, level["head"]
        reserve = 0
        waits = in_place in (IN_ABOVE, IN_BELOW)
        while slot != 0:
            assert slot < len(self.orders), f"{where}: slot {slot} was never given out"
            assert slot not in self.queued, f"{where}: slot {slot} was met in level {self.queued.get(slot)} before"
            self.queued[slot] = level_number
            order = self.orders[slot]
            assert order["order_id"] != 0, f"{where}: slot {slot} is free"
            assert order["prev"] == before, f"{where}: slot {slot} has prev {order['prev']}, came from {before}"
            side = order["side"] if waits else number
            price = int(self.shard.extras["trigger_ticks"][slot]) if waits else order["price_ticks"]
            told = (order["symbol"], order["side"], price, order["level"], self.place(slot))
            expected = (symbol, side, price_ticks, level_number, in_place)
            assert told == expected, f"{where}: slot {slot} says {told}, not {expected}"
            if order["flags"] & F_ICEBERG and not waits:
                reserve += int(self.shard.extras["reserve_lots"][slot])
            assert order["leaves_lots"] > 0, f"{where}: slot {slot} rests with {order['leaves_lots']} lots"
            assert order["filled_lots"] >= 0, f"{where}: slot {slot} has filled {order['filled_lots']} lots"
            quantity += order["leaves_lots"]
            count += 1
            before, slot = slot, order["next"]
        assert level["tail"] == before, f"{where}: tail is {level['tail']}, the last order {before}"
        assert count > 0, f"{where}: linked and empty"
        assert level["count"] == count, f"{where}: counts {level['count']} orders of {count}"
        assert level["quantity_lots"] == quantity, f"{where}: sums {level['quantity_lots']} lots of {quantity}"
        held = int(self.shard.reserves[level_number])
        assert held == reserve, f"{where}: has reserves of {held} lots, counted {reserve}"

    def _check_touch(self, symbol: int) -> None:
        """Only a market that collects orders, or was halted by a breaker while it did, may be crossed."""
        book = self.shard.books[symbol]
        state = int(book["state"])
        may_cross = state in _COLLECTING or book["breaker"] == B_HALTED_AUCTION
        bids, asks = self.shard.sides[2 * symbol], self.shard.sides[2 * symbol + 1]
        hidden = self.shard.rare_sides["best_index"][4 * symbol : 4 * symbol + 2]
        best_bid, best_ask = max(bids["best_index"], hidden[0]), max(asks["best_index"], hidden[1])
        if may_cross or best_bid < 0 or best_ask < 0:
            return
        bid, ask = int(price_of(bids, best_bid)), int(price_of(asks, best_ask))
        assert bid < ask, f"symbol {symbol} is crossed in state {state}: bid {bid}, offer {ask}"

    def _check_pages(self) -> None:
        """Every page given out stands in one directory entry; every level is linked or free."""
        entries = self.shard.directory["page"]
        pages = np.sort(entries[: self.words[W_USED_DIRECTORY]])
        pages = pages[pages != 0]
        expected = np.arange(1, self.words[W_USED_PAGES] + 1)
        assert np.array_equal(pages, expected), "the directories do not name each used page once"
        assert not entries[self.words[W_USED_DIRECTORY] :].any(), "a directory entry nobody owns is set"
        named = self.shard.pages[self.shard.pages != 0]
        assert len(named) == len(self.linked), f"the pages name {len(named)} levels, {len(self.linked)} are linked"
        free: dict[int, bool] = {}
        number = self.words[W_FREE_LEVEL]
        while number != 0:
            assert number < len(self.levels), f"free levels lead to {number}, never given out"
            assert number not in free, f"free levels come twice to {number}"
            assert number not in self.linked, f"level {number} is free and linked"
            assert self.levels[number]["count"] == 0, f"level {number} is free and counts orders"
            assert self.shard.reserves[number] == 0, f"level {number} is free and has reserves"
            free[number] = True
            number = self.levels[number]["head"]
        used = len(self.levels) - 1
        assert len(free) + len(self.linked) == used, f"{used} levels used: {len(self.linked)} linked, {len(free)} free"

    def _summarise(self, side: Any, page: int) -> None:
        """Set the bits that an occupied level must have in the three summaries of its side."""
        pages = int(side["pages"])
        first = -(-pages // 64)
        second = -(-first // 64)
        base = int(side["words"])
        for start, number in ((0, page), (first, page // 64), (first + second, page // 64 // 64)):
            self.summary[base + start + number // 64] |= np.uint64(1 << number % 64)

    def _check_bitmaps(self) -> None:
        """The bitmaps say exactly what the walk has found."""
        occupancy = np.zeros(len(self.shard.directory), np.uint64)
        for entry, bits in self.occupied.items():
            occupancy[entry] = bits
        wrong = np.flatnonzero(occupancy != self.shard.directory["occupancy"].astype(np.uint64))
        assert len(wrong) == 0, f"occupancy of entry {wrong[0]} does not agree with its levels"
        wrong = np.flatnonzero(self.summary != self.shard.summary.view(np.ndarray).view(np.uint64))
        assert len(wrong) == 0, f"summary word {wrong[0]} does not agree with the occupied pages"
        assert not self.summary[self.words[W_USED_SUMMARY] :].any(), "a summary word nobody owns is used"


def _is_in_queue(place: int) -> bool:
    return place in (IN_BOOK, IN_HIDDEN, IN_ABOVE, IN_BELOW)


def _rows(records: Any) -> list[dict[str, int]]:
    """Records as dictionaries of plain integers."""
    plain = records.view(np.ndarray)
    names = [name for name in plain.dtype.names if not name.startswith("unused")]
    return [dict(zip(names, row, strict=True)) for row in plain[names].tolist()]
