"""The ledger: decides before the book, and settles what the book tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from tradsys.ledger.terms import VALUE_PART_MAX, AccountKind
from tradsys.reasons import Reason
from tradsys.records import SLOT_BITS, EventFlag, EventKind, Kind, Link
from tradsys.reference.ledger.amendments import Amendment
from tradsys.reference.ledger.balances import Balances
from tradsys.reference.ledger.contracts import Contract
from tradsys.reference.ledger.fees import Fees
from tradsys.reference.ledger.holds import HeldOrder, Holding, order_of
from tradsys.reference.ledger.positions import Position
from tradsys.reference.ledger.postings import Postings
from tradsys.reference.ledger.tiers import Schedules, Volumes
from tradsys.reference.messages import Command, Event
from tradsys.reference.risk.breakers import BreakerRules
from tradsys.reference.risk.desk import Desk
from tradsys.reference.risk.outbox import Alert, BreakerRecord
from tradsys.reference.risk.usage import Usage
from tradsys.reference.terms import NEW_QUANTITY, link_of

_LEGS = {int(Link.ONE_CANCELS_OTHER): 1, int(Link.ONE_TRIGGERS_OTHER): 2}
"""How many legs a NEW with such a link has at most."""


class Ledger:
    """Balances, holds, fees and positions of every account, and what the risk desk knows.

    `postings_max` ids of postings have room, and symbols up to `symbols_max` (None: any); of so many orders that have
    ended the client order ids are remembered.
    """

    def __init__(
        self, postings_max: int | None = None, symbols_max: int | None = None, clients_remembered: int = 0
    ) -> None:
        self._balances = Balances()
        self._assets: set[int] = set()
        self._kinds: dict[int, AccountKind] = {}
        self._fee_classes: dict[int, int] = {}
        self._groups: dict[int, int] = {}
        self._contracts: dict[int, Contract] = {}
        self._schedules = Schedules()
        self._volumes = Volumes()
        self._positions: dict[tuple[int, int], Position] = {}
        self._holdings: dict[HeldOrder, Holding] = {}
        """Every order that holds or is live."""
        self._taken: dict[int, list[HeldOrder]] = {}
        """By log sequence: orders on their way to the book, in the order in which they will be accepted."""
        self._live: dict[int, HeldOrder] = {}
        self._amendments: dict[int, Amendment] = {}
        self._symbols_with_orders: set[int] = set()
        self._desk = Desk(
            self._groups,
            self._contracts,
            self._balances,
            self._positions,
            self._holdings,
            self._amendments,
            symbols_max,
            clients_remembered,
        )
        stops = self._desk.stops
        self._postings = Postings(self._balances, self._kinds, self._assets, postings_max, stops.is_frozen)

    # Definitions.

    def add_asset(self, number: int) -> None:
        """An asset that there was not before."""
        if number < 1 or number in self._assets:
            raise ValueError(f"asset {number} is not a new number from 1")
        self._assets.add(number)

    def set_asset_value(self, asset: int, numerator: int, divisor: int) -> None:
        """What an asset's smallest unit is worth in units of account, from now on."""
        if asset not in self._assets or not 0 <= numerator <= VALUE_PART_MAX or not 1 <= divisor <= VALUE_PART_MAX:
            raise ValueError(f"asset {asset}: value {numerator} / {divisor}")
        self._desk.values.set(asset, numerator, divisor)

    def add_account(self, number: int, kind: AccountKind, fee_class: int = 0, group: int = 0) -> None:
        """An account that there was not before, with nothing in it."""
        if number < 1 or number in self._kinds:
            raise ValueError(f"account {number} is not a new number from 1")
        if AccountKind(kind) == AccountKind.NONE or fee_class < 0:
            raise ValueError(f"account {number}: kind {kind}, fee class {fee_class}")
        self._kinds[number] = AccountKind(kind)
        self._fee_classes[number] = fee_class
        self._groups[number] = group

    def add_contract(self, symbol: int, contract: Contract) -> None:
        """What a symbol trades from its first order on."""
        if symbol < 1 or symbol in self._symbols_with_orders:
            raise ValueError(f"symbol {symbol} is no number from 1, or has had orders")
        if not {contract.base, contract.quote} <= self._assets:
            raise ValueError(f"symbol {symbol}: asset {contract.base} or {contract.quote} is unknown")
        if self._kinds.get(contract.fee_account) != AccountKind.FEE:
            raise ValueError(f"symbol {symbol}: account {contract.fee_account} is not for fees")
        self._contracts[symbol] = contract

    def set_fees(self, symbol: int, fee_class: int, fees: Fees, tier: int = 0) -> None:
        """What orders from now on are charged; symbol 0: in all symbols without a schedule of their own."""
        self._schedules.set(symbol, fee_class, tier, fees)

    def set_tier(self, tier: int, volume: int) -> None:
        """From which volume on a fee tier applies."""
        self._schedules.set_tier(tier, volume)

    # What it shows.

    def available(self, account: int, asset: int) -> int:
        """What the account can spend."""
        return self._balances.look(account, asset).available

    def held(self, account: int, asset: int) -> int:
        """What its orders hold and what is reserved."""
        return self._balances.look(account, asset).held

    def reserved(self, account: int, asset: int) -> int:
        """The part of what is held that waits to be withdrawn."""
        return self._balances.look(account, asset).reserved

    def held_by_orders(self, account: int, asset: int) -> int:
        """Added up: what each of its orders holds, and each amendment under way beside it."""
        holdings = {holding for holding in self._holdings.values() if holding.account == account}
        amendments = (each for each in self._amendments.values() if each.order.account == account)
        return sum(holding.amounts.get(asset, 0) for holding in holdings) + sum(
            each.more for each in amendments if each.order.asset == asset
        )

    def position(self, account: int, symbol: int) -> Position:
        """A copy of the account's position in a symbol."""
        return replace(self._positions.get((account, symbol), Position()))

    def total(self, asset: int) -> int:
        """Of all accounts: 0."""
        return self._balances.total(asset)

    @property
    def open_holds(self) -> int:
        """How many orders hold something or are live."""
        return len(self._holdings)

    def usage(self, account: int, symbol: int) -> Usage:
        """What the risk checks count of the account, in the symbol and in all."""
        return self._desk.counts.usage(account, symbol)

    # Records of risk officers; each gives why it is refused.

    def set_limit(
        self, scope: int, limit: int, value: int, *, account: int = 0, symbol: int = 0, group: int = 0
    ) -> Reason:
        """Limit what the scope names; -1 removes the limit."""
        return self._desk.limits.set(scope, limit, value, account, symbol, group)

    def set_status(self, account: int, *, status: int | None = None, kyc_status: int | None = None) -> Reason:
        """Change what is not None."""
        return self._desk.stops.set_status(account, status, kyc_status)

    def set_kill(self, scope: int, on: int, *, account: int = 0, symbol: int = 0, group: int = 0) -> Reason:
        """Put the kill switch of what the scope names on, or off."""
        return self._desk.stops.set_kill(scope, on, account, symbol, group)

    def set_breaker_rules(self, symbol: int, rules: BreakerRules) -> Reason:
        """What trips the breaker of a symbol (0: the venue's)."""
        return self._desk.breakers.set_rules(symbol, rules)

    def breaker(self, symbol: int, transition: int, cause: int, now_ns: int) -> Reason:
        """A record in the log says what a breaker does."""
        return self._desk.breakers.apply(symbol, transition, cause, now_ns)

    def tick(self, now_ns: int) -> None:
        """The log's time."""
        self._desk.tick(now_ns)

    def outbox(self) -> list[Alert | BreakerRecord]:
        """What the venue itself must log next."""
        return self._desk.outbox.records

    def outbox_pop(self) -> None:
        """The first of it stands in the log."""
        self._desk.outbox.pop()

    # Postings.

    def post(self, kind: int, number: int, source: int, target: int, asset: int, amount: int) -> Reason:
        """Move an amount without a trade; gives why not."""
        return self._postings.post(kind, number, source, target, asset, amount)

    # Before the book.

    def decide(self, command: Command, legs: Sequence[Command] = ()) -> Reason:
        """Check a NEW (with the LEGs before it), AMEND or CANCEL and take its hold; gives why it is refused."""
        self._desk.see(command.timestamp_ns)
        if command.kind not in {Kind.NEW, Kind.AMEND, Kind.CANCEL}:
            return Reason.NONE
        reason = self._desk.permission(command)
        if reason != Reason.NONE:
            return reason
        if command.kind == Kind.NEW:
            return self._decide_new(command, legs)
        if command.kind == Kind.AMEND:
            return self._decide_amend(command)
        return self._desk.rate(command)

    def _decide_new(self, command: Command, legs: Sequence[Command]) -> Reason:
        contract, link = self._contracts.get(command.symbol), link_of(command.flags)
        entries = [command, *legs[: _LEGS.get(link, 0)]]
        if contract is None:
            reason = self._desk.unsettled(entries) or self._desk.rate(command)
            if reason == Reason.NONE:
                self._symbols_with_orders.add(command.symbol)
            return reason
        fees, mark = self._fees_of(command.account, command.symbol), self._desk.counts.marks.get(command.symbol, 0)
        # A leg has the order's account and symbol, or the book refuses both.
        order, *others = (order_of(entry, command.account, command.symbol, contract, fees, mark) for entry in entries)
        holdings = [Holding([order, *others])]
        if link == Link.ONE_TRIGGERS_OTHER and others:
            holdings = [Holding([order]), Holding(others)]
            for other in others:
                other.awaited = order
        reason = self._desk.new(command.account, command.symbol, holdings) or self._desk.rate(command)
        if reason != Reason.NONE:
            return reason
        orders = [each for holding in holdings for each in holding.orders]
        if any(each.brought_in is None and each.is_too_large(each.worst_ticks, each.leaves) for each in orders):
            return Reason.NOTIONAL_TOO_LARGE
        needs: Counter[int] = Counter()
        for holding in holdings:
            needs.update(holding.needs())
        below = {each.asset: self._desk.below_zero(each) for each in orders}
        if any(self.available(command.account, asset) + below[asset] < need for asset, need in needs.items()):
            return Reason.INSUFFICIENT_FUNDS
        assert command.sequence not in self._taken, "a record of the log is decided once"
        self._taken[command.sequence] = list(orders)
        self._symbols_with_orders.add(command.symbol)
        for holding in holdings:
            self._holdings.update(dict.fromkeys(holding.orders, holding))
            self._hold(holding)
        return Reason.NONE

    def _fees_of(self, account: int, symbol: int) -> Fees:
        volume = self._volumes.before(account, self._desk.today.day)
        return self._schedules.of(symbol, self._fee_classes[account], volume)

    def _decide_amend(self, command: Command) -> Reason:
        order = self._live.get(command.order_id)
        if order is None or (order.account, order.symbol) != (command.account, command.symbol):
            return self._desk.rate(command)  # the book refuses it
        amendment = Amendment(order, command)
        reason = self._desk.amend(amendment) or self._desk.rate(command)
        if reason != Reason.NONE:
            return reason
        worst, leaves = amendment.worst_ticks, amendment.leaves
        if order.brought_in is not None and not command.flags & NEW_QUANTITY:
            leaves = order.brought_in
        if order.is_too_large(worst, leaves):
            return Reason.NOTIONAL_TOO_LARGE
        holding, asset = self._holdings[order], order.asset
        needed = holding.needs(order, order.need_at(worst, leaves))[asset]
        more = max(needed - holding.amounts[asset], 0)
        if more > 0 and self.available(order.account, asset) + self._desk.below_zero(order) < more:
            return Reason.INSUFFICIENT_FUNDS
        amendment.more = more
        self._balances.hold(order.account, asset, more)
        self._amendments[command.sequence] = amendment
        return Reason.NONE

    # After the book.

    def settle(self, event: Event, shard: int = 0) -> None:
        """Take the next event of a shard."""
        self._desk.see(event.timestamp_ns)
        match event.kind:
            case EventKind.ACCEPTED:
                self._accept(event, shard)
            case EventKind.REJECTED:
                self._reject(event)
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

    def _accept(self, event: Event, shard: int) -> None:
        sequence = event.order_id >> SLOT_BITS
        if event.symbol not in self._contracts:
            return
        # Orders of one command have its sequence, the order comes first, then its leg.
        orders = self._taken[sequence]
        order = orders.pop(0)
        order.shard, order.order_id = shard, event.order_id
        self._live[event.order_id] = order
        if not orders:
            del self._taken[sequence]

    def _reject(self, event: Event) -> None:
        for order in self._taken.pop(event.log_sequence, []):
            self._drop(order)
        self._drop_amendment(event.log_sequence)

    def _trade(self, event: Event, shard: int) -> None:
        order, counter = self._order(event.order_id, shard), self._order(event.counter_order_id, shard)
        is_auction = bool(event.flags & EventFlag.AUCTION)
        buys = is_auction or not event.flags & EventFlag.SELL
        buyer, seller = (order, counter) if buys else (counter, order)
        contract, price, lots = order.contract, event.price_ticks, event.quantity_lots
        paid = [(buyer.account, contract.quote), (seller.account, contract.base)]
        before = [self.available(*place) for place in paid]

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
            for other in self._holdings[each].orders:
                other.is_over = other.is_over or (other is not each and other.is_buy == each.is_buy)
        for each in (buyer, seller):
            self._hold(self._holdings[each])
            for waiting in [other for other in self._holdings if other.awaited is each]:
                self._hold(self._holdings[waiting])
        if event.flags & EventFlag.ORDER_DONE:
            self._end(order)
        if event.flags & EventFlag.COUNTER_DONE:
            self._end(counter)
        self._desk.traded(event, contract, buyer.account, seller.account)
        for place, least in zip(paid, before, strict=True):
            assert place[0] == contract.fee_account or self.available(*place) >= least, "a trade is paid by its holds"

    def _prevent(self, event: Event, shard: int) -> None:
        taker, maker = self._order(event.order_id, shard), self._order(event.counter_order_id, shard)
        if not taker.decrements:
            return
        for order in (taker, maker):
            order.leaves -= event.quantity_lots
            self._hold(self._holdings[order])

    def _cancel(self, event: Event, shard: int) -> None:
        order, amendment = self._order(event.order_id, shard), self._amendments.get(event.log_sequence)
        if amendment is not None and amendment.order is order:
            self._drop_amendment(event.log_sequence)
        self._end(order)

    def _amend(self, event: Event, shard: int) -> None:
        order, amendment = self._order(event.order_id, shard), self._amendments.get(event.log_sequence)
        if amendment is None or amendment.order is not order or not amendment.is_done_by(event):
            return
        order.worst_ticks, order.leaves = amendment.worst_ticks, amendment.leaves
        self._drop_amendment(event.log_sequence)
        self._hold(self._holdings[order])

    def _trigger(self, event: Event, shard: int) -> None:
        """An order's turn has come, for what has filled of the one that it waited for; or a trigger was reached."""
        order = self._order(event.order_id, shard)
        assert order.awaited is not None or order.leaves == event.quantity_lots, "a trigger takes nothing away"
        order.awaited, order.leaves = None, event.quantity_lots
        self._hold(self._holdings[order])

    def _order(self, order_id: int, shard: int) -> HeldOrder:
        order = self._live[order_id]
        assert order.shard == shard, "an order is told by the shard that accepted it"
        return order

    def _hold(self, holding: Holding) -> None:
        """Bring what is held to what must be."""
        for asset, need in holding.needs().items():
            self._balances.hold(holding.account, asset, need - holding.amounts.get(asset, 0))
            holding.amounts[asset] = need

    def _end(self, order: HeldOrder) -> None:
        """An order that was accepted has ended."""
        self._drop(order)
        self._desk.clients.remember(order.account, order.client_order_id)

    def _drop(self, order: HeldOrder) -> None:
        """It holds nothing any more; one that it cancels holds its own."""
        self._live.pop(order.order_id, None)
        holding = self._holdings.pop(order)
        order.leaves = 0
        self._hold(holding)
        if len(holding.orders) > 1:
            holding.orders.remove(order)

    def _drop_amendment(self, sequence: int) -> None:
        """An amendment is done, refused or pointless: what it held beside its order is given back."""
        amendment = self._amendments.pop(sequence, None)
        if amendment is not None:
            self._balances.hold(amendment.order.account, amendment.order.asset, -amendment.more)
