"""The risk desk: everything that the risk checks know, and how records and events change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.reasons import Reason
from tradsys.records import EventFlag, EventKind, Kind
from tradsys.reference.ledger.amendments import Amendment
from tradsys.reference.ledger.balances import Balances
from tradsys.reference.ledger.contracts import Contract
from tradsys.reference.ledger.holds import HeldOrder, Holding
from tradsys.reference.ledger.positions import Position
from tradsys.reference.messages import Command, Event
from tradsys.reference.risk.alerts import Alerts
from tradsys.reference.risk.breakers import Breakers
from tradsys.reference.risk.checks import Change, Checks, Wish, sizes_fit
from tradsys.reference.risk.clients import RecentClients
from tradsys.reference.risk.limits import Limits
from tradsys.reference.risk.outbox import Outbox
from tradsys.reference.risk.rates import Bucket
from tradsys.reference.risk.sizes import Size, counted_together
from tradsys.reference.risk.stops import Stops
from tradsys.reference.risk.today import Today
from tradsys.reference.risk.usage import Counts
from tradsys.reference.risk.values import Values, bounded
from tradsys.reference.risk.windows import Print
from tradsys.reference.terms import BUDGET, NEW_PRICE
from tradsys.risk.terms import Limit


class Desk:
    """Reads the ledger's own tables; `groups` says which accounts there are, and of which group each is."""

    def __init__(
        self,
        groups: Mapping[int, int],
        contracts: Mapping[int, Contract],
        balances: Balances,
        positions: Mapping[tuple[int, int], Position],
        holdings: Mapping[HeldOrder, Holding],
        amendments: Mapping[int, Amendment],
        symbols_max: int | None,
        clients_remembered: int,
    ) -> None:
        self._groups = groups
        self._balances = balances
        self._holdings = holdings
        self._buckets: dict[tuple[int, bool], Bucket] = {}
        self.limits = Limits(groups, symbols_max)
        self.stops = Stops(groups, symbols_max)
        self.values = Values()
        self.today = Today()
        self.outbox = Outbox()
        self.alerts = Alerts(self.outbox)
        self.breakers = Breakers(self.outbox, symbols_max)
        self.clients = RecentClients(clients_remembered)
        self.counts = Counts(contracts, positions, holdings, amendments, self.values, self.today)

    def see(self, timestamp_ns: int) -> None:
        """Time has come so far."""
        if self.today.see(timestamp_ns):
            self.alerts.begin_day()

    def tick(self, now_ns: int) -> None:
        """Look at the time."""
        self.see(now_ns)
        self.breakers.tick(now_ns)

    # Before the book.

    def permission(self, command: Command) -> Reason:
        """Checks 1 to 5, and the venue's circuit breaker."""
        account, symbol = command.account, command.symbol
        if account not in self._groups:
            return Reason.UNKNOWN_ACCOUNT
        if self.stops.is_frozen(account):
            return Reason.ACCOUNT_FROZEN
        if command.kind == Kind.CANCEL:
            return Reason.NONE
        if self.stops.is_cancel_only(account):
            return Reason.ACCOUNT_CANCEL_ONLY
        if not self.stops.is_known(account):
            return Reason.KYC_REQUIRED
        if self.stops.is_killed(account, symbol):
            return Reason.KILL_SWITCH
        if self.limits.of(Limit.TRADING, account, symbol) == 0:
            return Reason.NOT_PERMITTED
        if self.breakers.is_venue_halted:
            return Reason.VENUE_HALTED
        return Reason.NONE

    def rate(self, command: Command) -> Reason:
        """Check 15; what passes has taken a token."""
        is_cancel = command.kind == Kind.CANCEL
        rate, burst = Limit.ORDERS_PER_SECOND, Limit.ORDERS_BURST
        if is_cancel:
            rate, burst = Limit.CANCELS_PER_SECOND, Limit.CANCELS_BURST
        per_second = self.limits.of(rate, command.account, command.symbol)
        if per_second is None:
            return Reason.NONE
        bucket = self._buckets.setdefault((command.account, is_cancel), Bucket())
        if bucket.take(command.timestamp_ns, per_second, self.limits.of(burst, command.account, command.symbol) or 1):
            return Reason.NONE
        return Reason.CANCEL_RATE_LIMIT if is_cancel else Reason.ORDER_RATE_LIMIT

    def unsettled(self, entries: Sequence[Command]) -> Reason:
        """What holds of a NEW, with its legs behind it, in a symbol without a contract: check 7 of lots."""
        checks = Checks(self.limits, entries[0].account, entries[0].symbol)
        for entry in entries:
            if not entry.flags & BUDGET:
                reason = checks.lots(max(entry.quantity_lots, 0))
                if reason != Reason.NONE:
                    return reason
        return Reason.NONE

    def new(self, account: int, symbol: int, new: Sequence[Holding]) -> Reason:
        """Checks 6 to 14 of a NEW and its legs."""
        orders = [order for holding in new for order in holding.orders]
        wishes = [
            Wish(order, order.worst_ticks, order.leaves, order.worst_ticks if order.has_limit else None)
            for order in orders
        ]
        checks = Checks(self.limits, account, symbol)
        if not sizes_fit(wishes):
            return Reason.NOTIONAL_TOO_LARGE
        if self._has_duplicates(account, [order.client_order_id for order in orders]):
            return Reason.DUPLICATE_CLIENT_ORDER_ID
        change = Change(
            self.counts.usage(account, symbol),
            self.counts.usage(account, symbol, new=new),
            self._equity(account),
            self._quantity(account, symbol),
        )
        return (
            checks.sizes(wishes)
            or checks.collars(wishes, change.before.mark)
            or checks.open_orders(change.after)
            or checks.figures(change)
        )

    def amend(self, amendment: Amendment) -> Reason:
        """Checks 7, 8 and 10 to 14 of an AMEND; notes what it adds."""
        order, holding = amendment.order, self._holdings[amendment.order]
        is_new_price = bool(amendment.command.flags & NEW_PRICE) and order.has_limit
        wish = Wish(
            order, amendment.worst_ticks, amendment.leaves, amendment.command.price_ticks if is_new_price else None
        )
        if not sizes_fit([wish]):
            return Reason.NOTIONAL_TOO_LARGE
        more = Size()
        if not (order.is_over or order.awaited is not None):
            now = counted_together(holding, is_buy=order.is_buy)
            more = counted_together(holding, is_buy=order.is_buy, instead=(order, wish.size)).beyond(now)
        before = self.counts.usage(order.account, order.symbol)
        amendment.more_lots, amendment.more_notional = more
        change = Change(
            before,
            self.counts.usage(order.account, order.symbol, amendment=amendment),
            self._equity(order.account),
            self._quantity(order.account, order.symbol),
            is_amendment=True,
            more=more,
        )
        checks = Checks(self.limits, order.account, order.symbol)
        return checks.sizes([wish]) or checks.collars([wish], before.mark) or checks.figures(change)

    def _has_duplicates(self, account: int, ids: Sequence[int]) -> bool:
        wanted = [each for each in ids if each != 0]
        live = {order.client_order_id for order in self._holdings if order.account == account}
        return len(set(wanted)) < len(wanted) or any(each in live or self.clients.has(account, each) for each in wanted)

    def _quantity(self, account: int, symbol: int) -> int:
        position = self.counts.positions.get((account, symbol))
        return position.quantity if position is not None else 0

    def _equity(self, account: int) -> int:
        return bounded(sum(self.values.of(whole, asset) for asset, whole in self._balances.whole_of(account)))

    def below_zero(self, order: HeldOrder) -> int:
        """How far an order may take the available amount of its asset below 0."""
        if order.is_buy:
            return AMOUNT_MAX if self.limits.of(Limit.LEVERAGE, order.account, order.symbol) is not None else 0
        short = self.limits.of(Limit.SHORT, order.account, order.symbol) or 0
        return min(short * order.contract.lot_value, AMOUNT_MAX)

    # After the book.

    def settled(self, event: Event) -> None:
        """What an event that is no trade means."""
        match event.kind:
            case EventKind.SYMBOL:
                self.counts.marks[event.symbol] = event.price_ticks
                self.breakers.add_symbol(event.symbol)
            case EventKind.STATE if event.reason == Reason.NONE:
                self.breakers.reset_by_state(event.symbol)
            case _:
                pass

    def realised(self, account: int, contract: Contract, notional: int, profit: int) -> None:
        """An account has traded so much, and made so much less the fee, in quote units."""
        self.today.trade(account, self.values.of(notional, contract.quote), self.values.of(profit, contract.quote))

    def traded(self, event: Event, contract: Contract, buyer: int, seller: int) -> None:
        """A trade is settled for both accounts."""
        symbol, lots = event.symbol, event.quantity_lots
        self.counts.marks[symbol] = event.price_ticks
        for account in (buyer, seller):
            self._alert(account, symbol)
        if not event.flags & EventFlag.AUCTION:
            value = self.values.of(contract.notional(event.price_ticks, lots), contract.quote)
            self.breakers.trade(symbol, Print(event.price_ticks, lots, value), event.timestamp_ns)

    def _alert(self, account: int, symbol: int) -> None:
        usage = self.counts.usage(account, symbol)
        figures = (
            (Limit.POSITION, symbol, abs(self._quantity(account, symbol))),
            (Limit.EXPOSURE, 0, usage.all_exposure),
            (Limit.DAILY_NOTIONAL, 0, usage.day_traded),
            (Limit.DAILY_LOSS, 0, -usage.day_realised),
        )
        for limit, where, figure in figures:
            self.alerts.look(account, where, limit, figure, self.limits.of(limit, account, symbol))
