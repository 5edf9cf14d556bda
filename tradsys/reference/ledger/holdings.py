"""Which orders hold: those on their way to the book, those that live, and amendments that are under way."""

from __future__ import annotations

from collections.abc import Sequence

from tradsys.records import SLOT_BITS
from tradsys.reference.ledger.amendments import Amendment
from tradsys.reference.ledger.balances import Balances
from tradsys.reference.ledger.holds import HeldOrder, Holding


class Holdings:
    """Keeps what is held of the balances at what orders need."""

    def __init__(self, balances: Balances) -> None:
        self._balances = balances
        self.of: dict[HeldOrder, Holding] = {}
        """Of every order that holds or is live."""
        self.amendments: dict[int, Amendment] = {}
        """Those under way, by log sequence."""
        self._taken: dict[int, list[HeldOrder]] = {}
        """By log sequence: orders on their way to the book, in the order in which they will be accepted."""
        self._live: dict[int, HeldOrder] = {}

    # Before the book.

    def take(self, sequence: int, holdings: Sequence[Holding]) -> None:
        """The orders of a NEW hold what they need, on their way to the book."""
        assert sequence not in self._taken, "a record of the log is decided once"
        self._taken[sequence] = [order for holding in holdings for order in holding.orders]
        for holding in holdings:
            self.of.update(dict.fromkeys(holding.orders, holding))
            self._hold(holding)

    def take_beside(self, sequence: int, amendment: Amendment, more: int) -> None:
        """An AMEND is on its way, and holds so much beside its order."""
        amendment.more = more
        self._balances.hold(amendment.order.account, amendment.order.asset, more)
        self.amendments[sequence] = amendment

    def find(self, order_id: int) -> HeldOrder | None:
        """A live order, if there is one of that id."""
        return self._live.get(order_id)

    # After the book.

    def accept(self, order_id: int, shard: int) -> None:
        """Orders of one command have its sequence: the order comes first, then its legs."""
        sequence = order_id >> SLOT_BITS
        orders = self._taken[sequence]
        order = orders.pop(0)
        order.shard, order.order_id = shard, order_id
        self._live[order_id] = order
        if not orders:
            del self._taken[sequence]

    def reject(self, sequence: int) -> None:
        """What the command of this sequence took is given back."""
        for order in self._taken.pop(sequence, []):
            self.drop(order)
        self.drop_amendment(sequence)

    def live(self, order_id: int, shard: int) -> HeldOrder:
        """An order that a shard tells of."""
        order = self._live[order_id]
        assert order.shard == shard, "an order is told by the shard that accepted it"
        return order

    def waiting_for(self, awaited: HeldOrder) -> list[HeldOrder]:
        """The orders whose turn comes after this one."""
        return [order for order in self.of if order.awaited is awaited]

    def keep_needed(self, order: HeldOrder) -> None:
        """An order, or two that cancel each other, hold again what they need."""
        self._hold(self.of[order])

    def drop(self, order: HeldOrder) -> None:
        """It holds nothing any more; one that it cancels holds its own."""
        self._live.pop(order.order_id, None)
        holding = self.of.pop(order)
        order.leaves = 0
        self._hold(holding)
        if len(holding.orders) > 1:
            holding.orders.remove(order)

    def drop_amendment(self, sequence: int) -> None:
        """An amendment is done, refused or pointless: what it held beside its order is given back."""
        amendment = self.amendments.pop(sequence, None)
        if amendment is not None:
            self._balances.hold(amendment.order.account, amendment.order.asset, -amendment.more)

    def _hold(self, holding: Holding) -> None:
        for asset, need in holding.needs().items():
            self._balances.hold(holding.account, asset, need - holding.amounts.get(asset, 0))
            holding.amounts[asset] = need

    # What it shows.

    def amount(self, account: int, asset: int) -> int:
        """Added up: what each of the account's orders holds, and each amendment under way beside it."""
        holdings = {holding for holding in self.of.values() if holding.account == account}
        amendments = (each for each in self.amendments.values() if each.order.account == account)
        return sum(holding.amounts.get(asset, 0) for holding in holdings) + sum(
            each.more for each in amendments if each.order.asset == asset
        )
