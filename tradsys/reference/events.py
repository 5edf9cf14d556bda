"""Writing the reference venue's events: stamps, flags and fields in one place."""

from __future__ import annotations

from tradsys.records import EventFlag, EventKind
from tradsys.reference.book import Order
from tradsys.reference.messages import Command, Event

# Plain integers: an IntFlag's operators are slow, and events must compare and print as what is stored.
LAST = int(EventFlag.LAST)
RESTING = int(EventFlag.RESTING)
ORDER_DONE = int(EventFlag.ORDER_DONE)
COUNTER_DONE = int(EventFlag.COUNTER_DONE)
AUCTION = int(EventFlag.AUCTION)
KEPT_PRIORITY = int(EventFlag.KEPT_PRIORITY)
WAS_RESTING = int(EventFlag.WAS_RESTING)


class EventWriter:
    """The events of one command at a time."""

    def __init__(self) -> None:
        self._command = Command()
        self.written: list[Event] = []

    def begin(self, command: Command) -> None:
        """What follows are the events of `command`."""
        self._command = command
        self.written = []

    def finish(self) -> list[Event]:
        """The events since `begin`, the last one flagged LAST."""
        if self.written:
            self.written[-1].flags |= LAST
        return self.written

    def write(
        self,
        kind: int,
        flags: int,
        *,
        symbol: int,
        reason: int = 0,
        price_ticks: int = 0,
        quantity_lots: int = 0,
        order_id: int = 0,
        account: int = 0,
        counter_account: int = 0,
        counter_order_id: int = 0,
    ) -> None:
        """Any event; what is not given is 0."""
        command = self._command
        self.written.append(
            Event(
                command.sequence,
                command.timestamp_ns,
                int(kind),
                flags,
                int(reason),
                command.source,
                symbol,
                price_ticks,
                command.request,
                quantity_lots,
                order_id,
                account,
                counter_account,
                counter_order_id,
            )
        )

    def order(
        self,
        kind: int,
        order: Order,
        flags: int,
        reason: int = 0,
        counter_account: int = 0,
        counter_order_id: int | None = None,
    ) -> None:
        """An event about `order` itself: its limit, its leaves, and its client's number unless told otherwise."""
        self.write(
            kind,
            flags | order.side,
            symbol=order.symbol,
            reason=reason,
            price_ticks=order.price_ticks,
            quantity_lots=order.leaves_lots,
            order_id=order.order_id,
            account=order.account,
            counter_account=counter_account,
            counter_order_id=order.client_order_id if counter_order_id is None else counter_order_id,
        )

    def trade(self, order: Order, counter: Order, price_ticks: int, quantity_lots: int, flags: int) -> None:
        """A trade of `order` (the aggressor; in an auction the buyer) with `counter`, both already filled."""
        flags |= (ORDER_DONE if order.leaves_lots == 0 else 0) | (COUNTER_DONE if counter.leaves_lots == 0 else 0)
        self.write(
            EventKind.TRADE,
            flags,
            symbol=order.symbol,
            price_ticks=price_ticks,
            quantity_lots=quantity_lots,
            order_id=order.order_id,
            account=order.account,
            counter_account=counter.account,
            counter_order_id=counter.order_id,
        )

    def rejected(self, reason: int) -> None:
        """The command is refused and changes nothing."""
        command = self._command
        self.write(
            EventKind.REJECTED,
            command.side & 1,
            symbol=command.symbol,
            reason=reason,
            price_ticks=command.price_ticks,
            quantity_lots=command.quantity_lots,
            order_id=command.order_id,
            account=command.account,
            counter_account=command.kind,
            counter_order_id=command.client_order_id,
        )
