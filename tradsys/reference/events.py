"""Writing the reference venue's events: stamps, flags and fields in one place."""

from __future__ import annotations

from tradsys.records import EventFlag, EventKind, Kind
from tradsys.reference.messages import Command, Event
from tradsys.reference.orders import Order

# Plain integers: an IntFlag's operators are slow, and events must compare and print as what is stored.
LAST = int(EventFlag.LAST)
RESTING = int(EventFlag.RESTING)
ORDER_DONE = int(EventFlag.ORDER_DONE)
COUNTER_DONE = int(EventFlag.COUNTER_DONE)
AUCTION = int(EventFlag.AUCTION)
HIDDEN = int(EventFlag.HIDDEN)
KEPT_PRIORITY = int(EventFlag.KEPT_PRIORITY)
WAS_RESTING = int(EventFlag.WAS_RESTING)


class EventWriter:
    """The events of one command at a time."""

    def __init__(self) -> None:
        self._command = Command()
        self.written: list[Event] = []

    def begin(self, command: Command) -> None:
        """What follows are the events of `command`, or of what happens before it at its time."""
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
        flags: int = 0,
        reason: int = 0,
        quantity_lots: int | None = None,
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
            quantity_lots=order.leaves_lots if quantity_lots is None else quantity_lots,
            order_id=order.order_id,
            account=order.account,
            counter_account=counter_account,
            counter_order_id=order.client_order_id if counter_order_id is None else counter_order_id,
        )

    def accepted(self, order: Order, *, rests: bool) -> None:
        """The order is live; `rests`: it goes into the book at once without trading."""
        flags = RESTING | concealment(order) if rests else 0
        what = order.order_type | order.time_in_force << 8 | order.flags << 16
        self.order(EventKind.ACCEPTED, order, flags, counter_account=what)

    def terms(self, order: Order) -> None:
        """What an ACCEPTED has no room for."""
        self.write(
            EventKind.TERMS,
            order.side,
            symbol=order.symbol,
            price_ticks=order.trigger_ticks,
            quantity_lots=order.display_lots,
            order_id=order.order_id,
            account=order.account,
            counter_account=order.distance,
            counter_order_id=order.expires_ns,
        )

    def rested(self, order: Order) -> None:
        """The order is in the book now."""
        self.order(EventKind.RESTED, order, RESTING | concealment(order))

    def displayed(self, order: Order) -> None:
        """A slice of an iceberg is in the book now."""
        self.order(EventKind.DISPLAYED, order, quantity_lots=order.slice_lots)

    def amended(self, order: Order, flags: int, previous_price_ticks: int, previous_leaves_lots: int) -> None:
        """The order has another price or quantity than before."""
        self.order(
            EventKind.AMENDED,
            order,
            flags | concealment(order),
            counter_account=previous_price_ticks & 0xFFFF_FFFF,
            counter_order_id=previous_leaves_lots,
        )

    def cancelled(self, order: Order, reason: int, *, was_resting: bool, quantity_lots: int | None = None) -> None:
        """The order ends; `quantity_lots` is taken out, by default what is left of it."""
        flags = (WAS_RESTING if was_resting else 0) | concealment(order)
        self.order(EventKind.CANCELLED, order, flags, reason, quantity_lots)

    def trade(self, order: Order, counter: Order, price_ticks: int, quantity_lots: int, flags: int) -> None:
        """A trade of `order` (the aggressor; in an auction the buyer) with `counter`, both already filled."""
        flags |= (ORDER_DONE if order.leaves_lots == 0 else 0) | (COUNTER_DONE if counter.leaves_lots == 0 else 0)
        self._both(EventKind.TRADE, order, counter, price_ticks, quantity_lots, flags)

    def prevented(self, taker: Order, maker: Order, quantity_lots: int) -> None:
        """A trade of an account with itself did not happen."""
        self._both(EventKind.PREVENTED, taker, maker, maker.price_ticks, quantity_lots, taker.side)

    def _both(self, kind: int, order: Order, counter: Order, price_ticks: int, quantity_lots: int, flags: int) -> None:
        self.write(
            kind,
            flags,
            symbol=order.symbol,
            price_ticks=price_ticks,
            quantity_lots=quantity_lots,
            order_id=order.order_id,
            account=order.account,
            counter_account=counter.account,
            counter_order_id=counter.order_id,
        )

    def state(self, symbol: int, state: int, price_ticks: int = 0, volume_lots: int = 0, reason: int = 0) -> None:
        """The symbol's market state from now on; price and volume of the auction that ended."""
        self.write(
            EventKind.STATE,
            0,
            symbol=symbol,
            reason=reason,
            price_ticks=price_ticks,
            quantity_lots=volume_lots,
            counter_account=state,
        )

    def recorded(self) -> None:
        """The command stands, and is nothing to the book: told as it stands in the log."""
        command = self._command
        self.write(
            EventKind.RECORDED,
            0,
            symbol=command.symbol,
            price_ticks=command.price_ticks,
            quantity_lots=command.quantity_lots,
            order_id=command.order_id,
            account=command.account,
            counter_account=int.from_bytes(
                bytes((command.kind, command.side, command.order_type, command.time_in_force)), "little"
            ),
            counter_order_id=command.client_order_id,
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
            # Of a new order these bytes are its trigger and session.
            order_id=0 if command.kind == Kind.NEW else command.order_id,
            account=command.account,
            counter_account=int(command.kind),
            counter_order_id=command.client_order_id,
        )


def concealment(order: Order) -> int:
    """HIDDEN for orders of which the book shows nothing by itself: hidden ones and icebergs."""
    return HIDDEN if order.is_concealed else 0
