"""Before the book: whether a command passes the checks and can be paid, and what it then holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from tradsys.reasons import Reason
from tradsys.records import Kind, Link
from tradsys.reference.ledger.amendments import Amendment
from tradsys.reference.ledger.balances import Balances
from tradsys.reference.ledger.contracts import Contract
from tradsys.reference.ledger.fees import Fees
from tradsys.reference.ledger.holdings import Holdings
from tradsys.reference.ledger.holds import Holding, order_of
from tradsys.reference.messages import Command
from tradsys.reference.risk.desk import Desk
from tradsys.reference.terms import NEW_QUANTITY, link_of

_LEGS = {int(Link.ONE_CANCELS_OTHER): 1, int(Link.ONE_TRIGGERS_OTHER): 2}
"""How many legs a NEW with such a link has at most."""


class Decisions:
    """Decides commands by the ledger's tables; `fees_of` tells what an account's orders in a symbol are charged."""

    def __init__(
        self,
        contracts: Mapping[int, Contract],
        balances: Balances,
        holdings: Holdings,
        fees_of: Callable[[int, int], Fees],
        desk: Desk,
    ) -> None:
        self._contracts = contracts
        self._balances = balances
        self._holdings = holdings
        self._fees_of = fees_of
        self._desk = desk
        self.symbols_with_orders: set[int] = set()

    def decide(self, command: Command, legs: Sequence[Command]) -> Reason:
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
                self.symbols_with_orders.add(command.symbol)
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
        if any(self._available(command.account, asset) + below[asset] < need for asset, need in needs.items()):
            return Reason.INSUFFICIENT_FUNDS
        self._holdings.take(command.sequence, holdings)
        self.symbols_with_orders.add(command.symbol)
        return Reason.NONE

    def _decide_amend(self, command: Command) -> Reason:
        order = self._holdings.find(command.order_id)
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
        holding, asset = self._holdings.of[order], order.asset
        needed = holding.needs(order, order.need_at(worst, leaves))[asset]
        more = max(needed - holding.amounts[asset], 0)
        if more > 0 and self._available(order.account, asset) + self._desk.below_zero(order) < more:
            return Reason.INSUFFICIENT_FUNDS
        self._holdings.take_beside(command.sequence, amendment, more)
        return Reason.NONE

    def _available(self, account: int, asset: int) -> int:
        return self._balances.look(account, asset).available
