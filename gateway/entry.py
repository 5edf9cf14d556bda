"""Order entry: a client's request becomes a command, and the command's events become the answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from gateway import messages, placing, results
from gateway.commands import NOT_TAKEN, CommandWriter, command
from gateway.events import ACCEPTED, LAST, MASS_CANCELLED, RECORDED, REJECTED, TRADE, Event
from gateway.market import Market
from gateway.messages import AmendBody, Identifier, PlaceBody
from gateway.orders import Order
from gateway.results import Cancelled, Fill, Recorded
from gateway.stages import Stages, Times
from gateway.state import VenueState
from gateway.tally import Tally
from gateway.terms import named
from tradsys.errors import ValidationError, error, from_reason
from tradsys.records import COMMAND, CommandFlag, EventKind, Kind, MarketState, entry_word
from workers.memory import DRAINING, FAILED, JOURNAL_TROUBLE, PHASE

ANSWER_TIMEOUT_NS = 5_000_000_000

Reply = Callable[[Any], None]
"""Called once with a result that encodes to JSON, or with a TradingError."""

_ACCOUNT = int(EventKind.ACCOUNT)
_ONE_SIDE = int(CommandFlag.ONE_SIDE)
_NEW_PRICE, _NEW_TRIGGER = int(CommandFlag.NEW_PRICE), int(CommandFlag.NEW_TRIGGER)
_NEW_QUANTITY, _IS_LEAVES = int(CommandFlag.NEW_QUANTITY), int(CommandFlag.QUANTITY_IS_LEAVES)


class _Pending(msgspec.Struct):
    """A command whose events are awaited. `left` is how many LAST events are still to come.

    The events of one command can be about other orders too: those that it triggers, or that have expired before it.
    """

    reply: Reply
    deadline_ns: int
    shard: int
    """Where its events come from; -1: from every shard."""
    left: int = 1
    order: Order | None = None
    """The order that it is about; that of a new order is known when it has been accepted."""
    legs: list[Order] | None = None
    fills: list[Fill] | None = None
    cancelled: int = 0
    is_record: bool = False
    """Not about orders: what counts is that it stands in the log, and where."""
    refusal: Event | None = None
    client_keys: tuple[tuple[int, int], ...] = ()
    times: Times | None = None


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
        stages: Stages,
    ) -> None:
        self._writer = writer
        self._state = state
        self.shards = shards
        self._clock_ns = clock_ns
        self._tally = tally
        self._stages = stages
        self._control = memoryview(control)
        self._pending: dict[int, _Pending] = {}
        self._placing: set[tuple[int, int]] = set()
        self._lost: list[tuple[int, int]] = []
        self._frozen: list[tuple[int, int]] = []
        """Lost sessions: whose end is still to be sent, and those whose orders a frozen auction may have kept."""
        self.stopping = False
        """True: nothing new is taken, what is in flight is still answered."""
        self.on_submission: Callable[[int], None] = lambda symbol: None
        """Called with the symbol's number (0: all) before every command: its events can be expected soon."""

    @property
    def waiting(self) -> int:
        """How many commands have not been answered yet."""
        return len(self._pending)

    def place(self, account: int, message: PlaceBody, reply: Reply, session: int = 0) -> None:
        """A new order, with those that are linked to it. Raises TradingError when it is refused at once."""
        began_ns = self._clock_ns()
        self._refuse_without_journal()
        market = self.market(message.symbol)
        entry = placing.entry_of(message, market, account, session)
        keys = tuple((account, number) for number in entry.client_order_ids)
        for key in keys:
            self._refuse_duplicate(key)
        request = self._send(entry.records, market.symbol.id, reply, client_keys=keys)
        self._pending[request].times = self._stages.sent(request, began_ns)

    def amend(self, order: Order, message: AmendBody, reply: Reply) -> None:
        """Another price, trigger or quantity of an order. Raises TradingError when it is refused at once."""
        self._refuse_without_journal()
        market = self._state.markets[order.symbol]
        flags, price_ticks, quantity_lots = 0, 0, 0
        if message.price is not None:
            flags |= _NEW_PRICE
            price_ticks = market.parse_price(message.price)
        if message.trigger_price is not None:
            if message.price is not None:
                raise ValidationError(
                    "not_amendable", "amend price and trigger_price one by one", field="trigger_price"
                )
            flags |= _NEW_TRIGGER
            price_ticks = named(market.parse_price, message.trigger_price, "trigger_price")
        if message.quantity is not None:
            if message.leaves is not None:
                raise ValidationError("invalid_message", "give quantity or leaves, not both", field="leaves")
            flags |= _NEW_QUANTITY
            quantity_lots = market.parse_quantity(message.quantity)
        elif message.leaves is not None:
            flags |= _NEW_QUANTITY | _IS_LEAVES
            quantity_lots = named(market.parse_quantity, message.leaves, "leaves")
        if not flags:
            raise error("nothing_to_amend")
        record = command(
            Kind.AMEND,
            order.account,
            order.symbol,
            flags=flags,
            price_ticks=price_ticks,
            quantity_lots=quantity_lots,
            order_id=order.order_id,
        )
        self._send(record, order.symbol, reply, order=order)

    def cancel(self, order: Order, reply: Reply) -> None:
        """The end of an order. Raises TradingError when it is refused at once."""
        record = command(Kind.CANCEL, order.account, order.symbol, order_id=order.order_id)
        self._send(record, order.symbol, reply, order=order)

    def cancel_all(
        self, account: int, symbol: str | None, reply: Reply, *, side: str | None = None, session: int = 0
    ) -> None:
        """The end of all orders of the account: in one symbol, of one side, of one session. Raises TradingError."""
        number = 0 if symbol is None else self.market(symbol).symbol.id
        record = command(
            Kind.CANCEL_ALL,
            account,
            number,
            side=side == "sell",
            flags=0 if side is None else _ONE_SIDE,
            order_id=entry_word(session=session),
        )
        self._send(record, number, reply)

    def send(self, record: Any, reply: Reply) -> None:
        """A record that is not about orders, an array of one, in any reading; answered with Recorded.

        Raises TradingError when it is not taken.
        """
        record["timestamp_ns"] = time.monotonic_ns()
        self._send(record.tobytes(), int(record.view(COMMAND)["symbol"][0]), reply, is_record=True)

    def end_session(self, account: int, session: int) -> None:
        """The session is lost: cancel its orders, at once if the ring has room, and from the next timer tick on."""
        self._lost.append((account, session))
        self.end_lost_sessions()

    def end_lost_sessions(self) -> None:
        """Cancel the orders of sessions where that could not be done yet. To be called from time to time.

        Also while the venue stops. An auction's frozen phase keeps orders from being cancelled: then again after it.
        """
        if self._frozen and not self._is_frozen():
            self._lost += self._frozen
            self._frozen = []
        waiting, self._lost = self._lost, []
        for account, session in waiting:
            request = self._writer.submit(command(Kind.CANCEL_ALL, account, order_id=entry_word(session=session)))
            if request == NOT_TAKEN:
                self._lost.append((account, session))
            else:
                self._expect(request, 0, partial(self._session_ended, (account, session)))

    def _session_ended(self, lost: tuple[int, int], result: Any) -> None:
        if self._is_frozen():
            self._frozen.append(lost)

    def _is_frozen(self) -> bool:
        return any(market.state == MarketState.FROZEN for market in self._state.markets.values())

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
        if pending is None or (pending.shard >= 0 and event.symbol % self.shards != pending.shard):
            return
        kind = event.kind
        if kind == ACCEPTED:
            order = self._state.orders.get(event.order_id)
            assert order is not None, "the state knows what has been accepted"
            if pending.order is None:
                pending.order = order
            elif pending.legs is None:
                pending.legs = [order]
            else:
                pending.legs.append(order)
        elif kind == TRADE:
            self._collect_fill(event, pending)
        elif kind == MASS_CANCELLED:
            pending.cancelled += event.quantity_lots
        elif kind in (RECORDED, _ACCOUNT):
            pending.left = 1  # only one shard answers
        elif kind == REJECTED:
            pending.refusal = event
            pending.left = 1
        if event.flags & LAST:
            pending.left -= 1
            if not pending.left:
                self._finish(event.request, pending)
                heard_ns = self._clock_ns() if pending.times is not None else 0
                pending.reply(self._result(pending, event.log_sequence))
                if pending.times is not None:
                    order_id = 0 if pending.order is None else pending.order.order_id
                    self._stages.answered(pending.times, heard_ns, event, order_id)

    def _collect_fill(self, event: Event, pending: _Pending) -> None:
        order = pending.order
        if order is None or order.order_id not in (event.order_id, event.counter_order_id):
            return
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

    def _refuse_without_journal(self) -> None:
        """While the journal's disk is in trouble: cancels act all the same, and what adds to the risk has to wait."""
        if self._control[JOURNAL_TROUBLE]:
            self._tally.unjournaled.add()
            raise error("journal_unavailable")

    def _refuse_duplicate(self, key: tuple[int, int]) -> None:
        order = self._state.orders.of_client(*key)
        if key in self._placing or (order is not None and order.is_open):
            raise error("duplicate_client_order_id", field="client_order_id")

    def _send(
        self,
        records: bytes,
        symbol: int,
        reply: Reply,
        *,
        order: Order | None = None,
        client_keys: tuple[tuple[int, int], ...] = (),
        is_record: bool = False,
    ) -> int:
        """Submit the records of one command, for `symbol` (0: all); gives the request.

        Raises InfrastructureError when it is not taken.
        """
        if self.stopping or self._control[PHASE] in (DRAINING, FAILED):
            raise error("venue_stopping")
        self.on_submission(symbol)
        request = self._writer.submit(records)
        if request == NOT_TAKEN:
            self._tally.busy.add()
            raise error("busy")
        self._expect(request, symbol, reply, order=order, client_keys=client_keys, is_record=is_record)
        return request

    def _expect(
        self,
        request: int,
        symbol: int,
        reply: Reply,
        *,
        order: Order | None = None,
        client_keys: tuple[tuple[int, int], ...] = (),
        is_record: bool = False,
    ) -> None:
        """Wait for the answer to a command that the ring has taken."""
        self._tally.commands.add()
        shard, left = (symbol % self.shards, 1) if symbol else (-1, self.shards)
        # The events come through the event loop, so never before the next lines have run.
        self._pending[request] = _Pending(
            reply,
            self._clock_ns() + ANSWER_TIMEOUT_NS,
            shard,
            left,
            order,
            client_keys=client_keys,
            is_record=is_record,
        )
        self._placing.update(client_keys)

    def _finish(self, request: int, pending: _Pending) -> None:
        del self._pending[request]
        self._placing.difference_update(pending.client_keys)

    def _result(self, pending: _Pending, sequence: int) -> Any:
        """What the client is told after the last event of its command, which has this place in the log."""
        if pending.refusal is not None:
            self._tally.refused.add()
            self._stages.refused(pending.refusal.reason)
            return error(from_reason(pending.refusal.reason).code)
        if pending.is_record:
            return Recorded(str(sequence), pending.cancelled)
        order = pending.order
        if order is None:
            return Cancelled(pending.cancelled)
        market = self._state.markets[order.symbol]
        legs = None if pending.legs is None else [results.order_view(leg, market) for leg in pending.legs]
        return results.order_view(order, market, pending.fills or [], legs)
