"""After the book: what each event of a matcher moves between balances, and what it leaves held."""

from __future__ import annotations

from collections.abc import Mapping

from tradsys.records import EventFlag, EventKind
from tradsys.reference.ledger.balances import Balances
from tradsys.reference.ledger.contracts import Contract
from tradsys.reference.ledger.holdings import Holdings
from tradsys.reference.ledger.holds import HeldOrder
from tradsys.reference.ledger.positions import Position
from tradsys.reference.ledger.tiers import Volumes
from tradsys.reference.messages import Event
from tradsys.reference.risk.desk import Desk


class Settlement:
    """Settles events in the ledger's tables."""

    def __init__(
        self,
        contracts: Mapping[int, Contract],
        balances: Balances,
        holdings: Holdings,
        positions: dict[tuple[int, int], Position],
        volumes: Volumes,
        desk: Desk,
    ) -> None:
        self._contracts = contracts
        self._balances = balances
        self._holdings = holdings
        self._positions = positions
        self._volumes = volumes
        self._desk = desk

    def settle(self, event: Event, shard: int) -> None:
        """Take the next event of a shard."""
        self._desk.see(event.timestamp_ns)
        match event.kind:
            case EventKind.ACCEPTED if event.symbol in self._contracts:
                self._holdings.accept(event.order_id, shard)
            case EventKind.REJECTED:
                self._holdings.reject(event.log_sequence)
            case EventKind.TRADE if event.symbol in self._contracts:
                self._trade(event, shard)
            case EventKind.PREVENTED if event.symbol in self._contracts:
                self._prevent(event, shard)
            case EventKind.CANCELLED if event.symbol in self._contracts:
                self._cancel(event, shard)
            case EventKind.AMENDED if event.symbol in self._contracts:
                self._amend(event, shard)
            case EventKind.TRIGGERED if event.symbol in self._contracts:
                self._trigger(event, shard)
            case _:
                self._desk.settled(event)

    def _trade(self, event: Event, shard: int) -> None:
        order = self._holdings.live(event.order_id, shard)
        counter = self._holdings.live(event.counter_order_id, shard)
        is_auction = bool(event.flags & EventFlag.AUCTION)
        buys = is_auction or not event.flags & EventFlag.SELL
        buyer, seller = (order, counter) if buys else (counter, order)
        contract, price, lots = order.contract, event.price_ticks, event.quantity_lots
        paid = [(buyer.account, contract.quote), (seller.account, contract.base)]
        before = [self._balances.look(*place).available for place in paid]

        base, notional = lots * contract.lot_value, contract.notional(price, lots)
        for each, signed_lots in ((buyer, lots), (seller, -lots)):
            fee = each.fill(price, lots, is_maker=each is counter and not is_auction)
            self._balances.pay(each.account, contract.fee_account, contract.quote, fee)
            position = self._positions.setdefault((each.account, each.symbol), Position())
            realised = position.realised
            position.trade(signed_lots, notional, fee)
            value = self._desk.values.of(notional, contract.quote)
            self._volumes.trade(each.account, self._desk.today.day, value)
            self._desk.realised(each.account, contract, notional, position.realised - realised - fee)
        self._balances.pay(buyer.account, seller.account, contract.quote, notional)
        self._balances.pay(seller.account, buyer.account, contract.base, base)

        for each in (buyer, seller):
            for other in self._holdings.of[each].orders:
                other.is_over = other.is_over or (other is not each and other.is_buy == each.is_buy)
        for each in (buyer, seller):
            self._holdings.keep_needed(each)
            for waiting in self._holdings.waiting_for(each):
                self._holdings.keep_needed(waiting)
        if event.flags & EventFlag.ORDER_DONE:
            self._end(order)
        if event.flags & EventFlag.COUNTER_DONE:
            self._end(counter)
        self._desk.traded(event, contract, buyer.account, seller.account)
        for place, least in zip(paid, before, strict=True):
            is_paid = self._balances.look(*place).available >= least
            assert is_paid or place[0] == contract.fee_account, "a trade is paid by its holds"

    def _prevent(self, event: Event, shard: int) -> None:
        taker = self._holdings.live(event.order_id, shard)
        maker = self._holdings.live(event.counter_order_id, shard)
        if not taker.decrements:
            return
        for order in (taker, maker):
            order.leaves -= event.quantity_lots
            self._holdings.keep_needed(order)

    def _cancel(self, event: Event, shard: int) -> None:
        order = self._holdings.live(event.order_id, shard)
        amendment = self._holdings.amendments.get(event.log_sequence)
        if amendment is not None and amendment.order is order:
            self._holdings.drop_amendment(event.log_sequence)
        self._end(order)

    def _amend(self, event: Event, shard: int) -> None:
        order = self._holdings.live(event.order_id, shard)
        amendment = self._holdings.amendments.get(event.log_sequence)
        if amendment is None or amendment.order is not order or not amendment.is_done_by(event):
            return
        order.worst_ticks, order.leaves = amendment.worst_ticks, amendment.leaves
        self._holdings.drop_amendment(event.log_sequence)
        self._holdings.keep_needed(order)

    def _trigger(self, event: Event, shard: int) -> None:
        """An order's turn has come, for what has filled of the one that it waited for; or a trigger was reached."""
        order = self._holdings.live(event.order_id, shard)
        assert order.awaited is not None or order.leaves == event.quantity_lots, "a trigger takes nothing away"
        order.awaited, order.leaves = None, event.quantity_lots
        self._holdings.keep_needed(order)

    def _end(self, order: HeldOrder) -> None:
        """An order that was accepted has ended."""
        self._holdings.drop(order)
        self._desk.clients.remember(order.account, order.client_order_id)
