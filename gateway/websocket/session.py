"""One WebSocket: its account, its subscriptions, and the frames that wait to be written to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from structlog.contextvars import bind_contextvars

from gateway import messages, results
from gateway.auth import RISK_OFFICER, Caller
from gateway.failures import as_error, tell
from gateway.ledger_messages import PostingBody
from gateway.ledger_views import balance_views, position_views
from gateway.messages import Identifier
from gateway.results import Answer, Cancelled, Refusal
from gateway.service import Service
from gateway.websocket import frames
from tradsys.errors import TradingError, ValidationError, error

SEND_BUFFER_BYTES_MAX = 1 << 22
"""A socket that has more than this unread is closed: it is too slow for what it has asked for."""

CLOSE_TOO_SLOW = 1013
CLOSE_NOT_ALLOWED = 1008
_ABORT_AFTER_SECONDS = 5.0
_NO_RESULT: dict[str, Any] = {}


class Session:
    """Reads operations, writes answers and channels, all in the event loop. Only questions to the ledger wait."""

    def __init__(
        self,
        service: Service,
        transport: asyncio.Transport,
        caller: Caller | None,
        cancel_on_disconnect: bool = False,
    ) -> None:
        self._service = service
        self._transport = transport
        self._caller = caller
        self._out: list[bytes] = []
        self._closed = False
        self._cancel_on_disconnect = cancel_on_disconnect
        self._number = 0
        """Stands in this socket's orders; 0 while it has none."""
        self._context: dict[str, Any] = {} if caller is None else {"account": caller.account.name}
        """Who this is, for the log."""
        self._asking: set[asyncio.Task[None]] = set()
        """Questions that wait for the ledger: the event loop alone would let them vanish."""
        self._operations: dict[type[Any], Callable[[Any], Any]] = {
            messages.PlaceOrder: self._place,
            messages.AmendOrder: self._amend,
            messages.CancelOrder: self._cancel,
            messages.CancelAll: self._cancel_all,
            messages.ListOrders: self._list_orders,
            messages.CheckOrder: self._check,
            messages.ListBalances: self._list_balances,
            messages.ListPositions: self._list_positions,
            messages.Transfer: self._transfer,
            messages.Subscribe: self._subscribe,
            messages.Unsubscribe: self._unsubscribe,
            messages.Authenticate: self._authenticate,
            messages.SetSession: self._set_session,
            messages.Ping: self._ping,
        }

    def receive(self, data: bytes) -> None:
        """One message of the client's. Whatever is wrong with it, the client is told and the socket stays open."""
        if self._closed:
            return
        message: Any = None
        try:
            if len(data) > self._service.frame_bytes_max:
                raise error(
                    "frame_too_large", f"the message has {len(data)} bytes, at most {self._service.frame_bytes_max} fit"
                )
            message = messages.decode(messages.operations, data)
            self._operations[type(message)](message)
        except Exception as problem:
            echo = messages.echo_of(data) if message is None else message.id
            self._refuse(echo, as_error(problem), operation=type(message).__name__)
        self._service.channels.flush()

    def send(self, frame: bytes) -> None:
        """Queue a frame; it is written with the channels' next flush."""
        if not self._out:
            self._service.channels.wants_flush(self)
        self._out.append(frame)

    def flush(self) -> None:
        """Write what is queued, or close the socket when its peer reads too slowly."""
        out = self._out
        self._out = []
        if self._closed or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > SEND_BUFFER_BYTES_MAX:
            self._close_with(CLOSE_TOO_SLOW, "too_slow")
            return
        self._transport.write(out[0] if len(out) == 1 else b"".join(out))

    def close(self) -> None:
        """The socket is gone: forget its subscriptions, and cancel its orders if it was to be so."""
        if self._closed:
            return
        self._closed = True
        self._service.channels.remove(self)
        if self._number and self._cancel_on_disconnect:
            self._service.entry.end_session(self._own_account(), self._number)

    def end_if_invalid(self) -> None:
        """Close the socket when its key has been revoked or has expired."""
        if not self._closed and self._caller is not None and not self._service.authenticator.is_valid(self._caller):
            self._close_with(CLOSE_NOT_ALLOWED, "unauthenticated")

    def _close_with(self, code: int, reason: str) -> None:
        tell(error(reason), closed=code, **self._context)
        self.close()
        self._transport.write(frames.close(code, reason))
        # Not closed at once: with anything of the peer's still unread, the kernel would reset the connection, and
        # the reason would be lost. The peer answers the close frame; one that does not is cut off.
        asyncio.get_running_loop().call_later(_ABORT_AFTER_SECONDS, self._transport.abort)

    def _answer(self, echo: Identifier | None, result: Any) -> None:
        self.send(frames.text(results.encode(Answer(True, result, echo))))

    def _refuse(self, echo: Identifier | None, problem: TradingError, **where: Any) -> None:
        # Answers come out of the engine, in another context than this socket's.
        tell(problem, message_id=echo, **where, **self._context)
        self.send(frames.text(results.encode(Refusal(False, problem.to_mapping(), echo))))

    def _replier(self, echo: Identifier | None, **where: Any) -> Callable[[Any], None]:
        def reply(result: Any) -> None:
            if isinstance(result, TradingError):
                self._refuse(echo, result, **where)
            else:
                self._answer(echo, result)

        return reply

    def _bind(self, **values: Any) -> None:
        self._context |= values
        bind_contextvars(**values)

    def _own_account(self) -> int:
        return self._own_caller().account.id

    def _own_caller(self) -> Caller:
        if self._caller is None:
            raise error("unauthenticated")
        return self._caller

    def _place(self, message: messages.PlaceOrder) -> None:
        account = self._own_account()
        if not self._number:
            self._number = self._service.sessions.new(cancel_on_disconnect=self._cancel_on_disconnect)
            self._bind(session=self._number)
        self._service.entry.place(account, message, self._replier(message.id), self._number)
        self._service.channels.follow_orders(self, account)

    def _amend(self, message: messages.AmendOrder) -> None:
        order = self._service.entry.find_open(self._own_account(), message.order_id, message.client_order_id)
        self._service.entry.amend(order, message, self._replier(message.id, order=str(order.order_id)))

    def _cancel(self, message: messages.CancelOrder) -> None:
        order = self._service.entry.find_open(self._own_account(), message.order_id, message.client_order_id)
        self._service.entry.cancel(order, self._replier(message.id, order=str(order.order_id)))

    def _cancel_all(self, message: messages.CancelAll) -> None:
        account = self._own_account()
        if message.session and not self._number:
            self._answer(message.id, Cancelled(0))  # it has no orders, and 0 would mean those of all sessions
            return
        self._service.entry.cancel_all(
            account,
            message.symbol,
            self._replier(message.id),
            side=message.side,
            session=self._number if message.session else 0,
        )

    def _list_orders(self, message: messages.ListOrders) -> None:
        self._answer(message.id, {"orders": self._service.open_orders(self._own_account(), message.symbol)})

    def _check(self, message: messages.CheckOrder) -> None:
        account = self._own_account()
        self._answer_settled(message.id, lambda: self._service.check_order(account, message))

    def _list_balances(self, message: messages.ListBalances) -> None:
        account, ledger = self._own_account(), self._service.ledger
        self._answer_settled(message.id, lambda: {"balances": balance_views(ledger, account)})

    def _list_positions(self, message: messages.ListPositions) -> None:
        account, ledger, markets = self._own_account(), self._service.ledger, self._service.state.markets
        self._answer_settled(message.id, lambda: {"positions": position_views(ledger, markets, account)})

    def _transfer(self, message: messages.Transfer) -> None:
        account = self._own_caller().account
        body = PostingBody(message.transfer_id, message.account, message.asset, message.amount)
        self._service.entry.send(self._service.postings.transfer(account, body), self._replier(message.id))

    def _answer_settled(self, echo: Identifier | None, question: Callable[[], Any]) -> None:
        """Answer out of the ledger, as soon as that has what this gateway has told."""

        async def ask() -> None:
            try:
                await self._service.ledger.settled()
                self._answer(echo, question())
            except Exception as problem:
                self._refuse(echo, as_error(problem))
            self._service.channels.flush()

        task = asyncio.ensure_future(ask())
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    def _subscribe(self, message: messages.Subscribe) -> None:
        channels = self._service.channels
        if message.channel == "orders":
            channels.follow_orders(self, self._own_account())
            self._answer(message.id, _NO_RESULT)
            return
        if message.channel == "alerts":
            caller = self._own_caller()
            channels.alerts.follow(self, None if RISK_OFFICER in caller.roles else caller.account)
            self._answer(message.id, _NO_RESULT)
            return
        market = self._service.entry.market(_channel_symbol(message))
        self._answer(message.id, _NO_RESULT)  # before the snapshot
        if message.channel == "trades":
            channels.follow_trades(self, market)
        else:
            channels.follow_depth(self, market)

    def _unsubscribe(self, message: messages.Unsubscribe) -> None:
        channels = self._service.channels
        if message.channel == "orders":
            channels.unfollow_orders(self, self._own_account())
        elif message.channel == "alerts":
            channels.alerts.unfollow(self)
        else:
            market = self._service.entry.market(_channel_symbol(message))
            if message.channel == "trades":
                channels.unfollow_trades(self, market)
            else:
                channels.unfollow_depth(self, market)
        self._answer(message.id, _NO_RESULT)

    def _authenticate(self, message: messages.Authenticate) -> None:
        caller = self._service.authenticator.caller_of(message.key, message.account)
        account = caller.account
        if self._caller is not None and account.id != self._caller.account.id:
            raise ValidationError("invalid_message", "this socket belongs to another account already")
        self._caller = caller
        self._bind(account=account.name)
        self._answer(message.id, {"account": account.name})

    def _set_session(self, message: messages.SetSession) -> None:
        if self._number and message.cancel_on_disconnect != self._cancel_on_disconnect:
            raise ValidationError(
                "invalid_message",
                "this socket has sent orders already: choose before the first",
                field="cancel_on_disconnect",
            )
        self._cancel_on_disconnect = message.cancel_on_disconnect
        self._answer(message.id, {"cancel_on_disconnect": self._cancel_on_disconnect})

    def _ping(self, message: messages.Ping) -> None:
        self._answer(message.id, _NO_RESULT)


def _channel_symbol(message: messages.Subscribe | messages.Unsubscribe) -> str:
    if message.channel not in ("trades", "depth"):
        raise ValidationError(
            "unknown_channel",
            f"there is no channel {message.channel!r}: orders, trades, depth, alerts",
            field="channel",
        )
    if message.symbol is None:
        raise ValidationError("missing_field", f"the channel {message.channel} needs a symbol", field="symbol")
    return message.symbol
