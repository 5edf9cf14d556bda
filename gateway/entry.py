"""Order entry: a client's request becomes a command, and the command's events become the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from gateway import messages, results
from gateway.commands import CommandWriter
from gateway.events import LAST, MASS_CANCELLED, REJECTED, TRADE, Event
from gateway.market import Market
from gateway.messages import AmendBody, Identifier, PlaceBody
from gateway.orders import Order
from gateway.results import Cancelled, Fill
from gateway.state import VenueState
from gateway.tally import Tally
from tradsys.errors import TradingError, ValidationError, error, from_reason
from tradsys.records import CommandFlag, Kind, OrderType, TimeInForce
from workers.memory import DRAINING, FAILED, PHASE

ANSWER_TIMEOUT_NS = 5_000_000_000

Reply = Callable[[Any], None]
"""Called once with a result that encodes to JSON, or with a TradingError."""

_NEW = int(Kind.NEW)
_SIDES = {"buy": 0, "sell": 1}
_TYPES = {"limit": int(OrderType.LIMIT), "market": int(OrderType.MARKET)}
_TIMES_IN_FORCE = {member.name.lower(): int(member) for member in TimeInForce}


class _Pending(msgspec.Struct):
    """A command whose events are awaited. `left` is how many LAST events are still to come."""

    reply: Reply
    deadline_ns: int
    left: int = 1
    fills: list[Fill] | None = None
    cancelled: int = 0
    client_key: tuple[int, int] | None = None


class OrderEntry:
    """Submits to one ring and answers when the core has answered, never before."""

    def __init__(
        self,
        writer: CommandWriter,
        state: VenueState,
        control: Any,
        shards: int,
        clock_ns: Callable[[], int],
        tally: Tally,
    ) -> None:
        self._writer = writer
        self._state = state
        self._shards = shards
        self._clock_ns = clock_ns
        self._tally = tally
        self._phase = memoryview(control)
        self._pending: dict[int, _Pending] = {}
        self._placing: set[tuple[int, int]] = set()
        self.stopping = False
        """True: nothing new is taken, what is in flight is still answered."""
        self.on_submission: Callable[[int], None] = lambda symbol: None
        """Called with the symbol's number (0: all) before every command: its events can be expected soon."""

    @property
    def waiting(self) -> int:
        """How many commands have not been answered yet."""
        return len(self._pending)

    def place(self, account: int, message: PlaceBody, reply: Reply) -> None:
        """A new order. Raises TradingError when it is refused at once."""
        market = self.market(message.symbol)
        order_type = _TYPES[message.type]
        price_ticks = _price(message, market)
        quantity_lots = market.parse_quantity(message.quantity)
        time_in_force = message.time_in_force or ("ioc" if order_type else "gtc")
        if order_type and time_in_force == "gtc":
            raise ValidationError("invalid_order", "a market order never rests: use ioc or fok", field="time_in_force")
        client_order_id, key = 0, None
        if message.client_order_id is not None:
            client_order_id = messages.identifier(message.client_order_id, "client_order_id")
            key = account, client_order_id
            self._refuse_duplicate(key)
        request = self._next_request(market.symbol.id)
        taken = self._writer.submit(
            _NEW,
            account,
            market.symbol.id,
            side=_SIDES[message.side],
            order_type=order_type,
            time_in_force=_TIMES_IN_FORCE[time_in_force],
            flags=int(message.post_only),
            price_ticks=price_ticks,
            quantity_lots=quantity_lots,
            client_order_id=client_order_id,
        )
        self._expect(taken, request, reply, client_key=key)

    def amend(self, order: Order, message: AmendBody, reply: Reply) -> None:
        """Another price or total quantity of an order. Raises TradingError when it is refused at once."""
        market = self._state.markets[order.symbol]
        flags, price_ticks, quantity_lots = 0, 0, 0
        if message.price is not None:
            flags |= CommandFlag.NEW_PRICE
            price_ticks = market.parse_price(message.price)
        if message.quantity is not None:
            flags |= CommandFlag.NEW_QUANTITY
            quantity_lots = market.parse_quantity(message.quantity)
        if not flags:
            raise error("nothing_to_amend")
        request = self._next_request(order.symbol)
        taken = self._writer.submit(
            Kind.AMEND,
            order.account,
            order.symbol,
            flags=flags,
            price_ticks=price_ticks,
            quantity_lots=quantity_lots,
            order_id=order.order_id,
        )
        self._expect(taken, request, reply)

    def cancel(self, order: Order, reply: Reply) -> None:
        """The end of an order. Raises TradingError when it is refused at once."""
        request = self._next_request(order.symbol)
        taken = self._writer.submit(Kind.CANCEL, order.account, order.symbol, order_id=order.order_id)
        self._expect(taken, request, reply)

    def cancel_all(self, account: int, symbol: str | None, reply: Reply) -> None:
        """The end of all orders of the account, or of those in one symbol. Raises TradingError."""
        number = 0 if symbol is None else self.market(symbol).symbol.id
        request = self._next_request(number)
        taken = self._writer.submit(Kind.CANCEL_ALL, account, number)
        self._expect(taken, request, reply, left=1 if number else self._shards)

    def market(self, symbol: str) -> Market:
        """The market of a symbol's name. Raises BusinessRuleError."""
        market = self._state.market_of.get(symbol)
        if market is None:
            raise error("unknown_symbol", f"there is no symbol {symbol!r}", field="symbol")
        return market

    def find(self, account: int, order_id: Identifier | None, client_order_id: Identifier | None) -> Order:
        """The account's order of one of these ids, open or ended. Raises TradingError."""
        if order_id is not None and client_order_id is not None:
            raise ValidationError("invalid_message", "give order_id or client_order_id, not both", field="order_id")
        if order_id is not None:
            order = self._state.orders.get(messages.identifier(order_id, "order_id"))
        elif client_order_id is not None:
            number = messages.identifier(client_order_id, "client_order_id")
            order = self._state.orders.of_client(account, number)
        else:
            raise ValidationError("missing_field", "order_id or client_order_id is missing", field="order_id")
        if order is None:
            raise error("unknown_order", "there is no such order")
        if order.account != account:
            raise error("not_your_order")
        return order

    def find_open(self, account: int, order_id: Identifier | None, client_order_id: Identifier | None) -> Order:
        """As find(), of an order that has not ended."""
        order = self.find(account, order_id, client_order_id)
        if not order.is_open:
            raise error("unknown_order", f"the order is {order.status}", status=order.status)
        return order

    def observe(self, event: Event) -> None:
        """An event of one of this ring's commands, already applied to the state."""
        pending = self._pending.get(event.request)
        if pending is None:
            return
        if event.kind == TRADE:
            market = self._state.markets[event.symbol]
            if pending.fills is None:
                pending.fills = []
            pending.fills.append(
                Fill(
                    results.trade_id(event.symbol, market.trades[-1].number),
                    market.price_text(event.price_ticks),
                    market.quantity_text(event.quantity_lots),
                )
            )
        elif event.kind == MASS_CANCELLED:
            pending.cancelled += event.quantity_lots
        if event.flags & LAST:
            pending.left -= 1
            if not pending.left:
                self._finish(event.request, pending)
                pending.reply(self._result(event, pending))

    def expire(self) -> None:
        """Answer what has waited too long; the outcome of those is not known."""
        now_ns = self._clock_ns()
        while self._pending:
            request, pending = next(iter(self._pending.items()))
            if pending.deadline_ns > now_ns:
                return
            self._finish(request, pending)
            self._tally.timeouts.add()
            pending.reply(
                error(
                    "timeout",
                    "the venue has not answered in time and the outcome is unknown; look the order up, "
                    "by its client_order_id if it has one",
                )
            )

    def _refuse_duplicate(self, key: tuple[int, int]) -> None:
        order = self._state.orders.of_client(*key)
        if key in self._placing or (order is not None and order.is_open):
            raise error("duplicate_client_order_id", field="client_order_id")

    def _next_request(self, symbol: int) -> int:
        """The number of the next command, one for `symbol`. Raises InfrastructureError while the venue takes none."""
        if self.stopping or self._phase[PHASE] in (DRAINING, FAILED):
            raise error("venue_stopping")
        self.on_submission(symbol)
        return self._writer.next_request

    def _expect(
        self,
        taken: bool,
        request: int,
        reply: Reply,
        left: int = 1,
        client_key: tuple[int, int] | None = None,
    ) -> None:
        """Wait for the answer to a command that the ring has `taken`. Raises InfrastructureError when it has not."""
        if not taken:
            self._tally.busy.add()
            raise error("busy")
        self._tally.commands.add()
        # The events come through the event loop, so never before the next lines have run.
        self._pending[request] = _Pending(reply, self._clock_ns() + ANSWER_TIMEOUT_NS, left, client_key=client_key)
        if client_key is not None:
            self._placing.add(client_key)

    def _finish(self, request: int, pending: _Pending) -> None:
        del self._pending[request]
        if pending.client_key is not None:
            self._placing.discard(pending.client_key)

    def _result(self, event: Event, pending: _Pending) -> Any:
        """What the client is told at the last event of its command."""
        if event.kind == REJECTED:
            self._tally.refused.add()
            return rejection(event)
        if event.kind == MASS_CANCELLED:
            return Cancelled(pending.cancelled)
        order = self._state.orders.get(event.order_id)
        assert order is not None, f"the order {event.order_id} of an answer is unknown"
        return results.order_view(order, self._state.markets[order.symbol], pending.fills or [])


def rejection(event: Event) -> TradingError:
    """The error that a REJECTED event stands for."""
    entry = from_reason(event.reason)
    return entry.kind(entry.code)


def _price(message: PlaceBody, market: Market) -> int:
    if message.type == "market":
        if message.price is not None:
            raise ValidationError("invalid_field", "a market order has no price", field="price")
        return 0
    if message.price is None:
        raise ValidationError("missing_field", "a limit order needs a price", field="price")
    return market.parse_price(message.price)
