"""The channel of alerts: figures that come near their limits, kill switches, circuit breakers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.accounts import Accounts
from gateway.events import MASS_CANCELLED, RECORDED, STATE, Event
from gateway.ledger import LedgerReader
from gateway.risk_views import STATES, kill_view, word
from gateway.state import VenueState
from tradsys.reasons import Reason
from tradsys.records import Kind
from tradsys.risk.terms import Cause, Limit, Transition
from tradsys.symbols import Account

KINDS = frozenset((MASS_CANCELLED, RECORDED, STATE))
"""The kinds of events that can be news here."""

_ALERT, _KILL, _BREAKER = int(Kind.ALERT), int(Kind.KILL), int(Kind.BREAKER)
_CIRCUIT_BREAKER = int(Reason.CIRCUIT_BREAKER)

Send = Callable[[Any, dict[str, Any]], None]
"""Sends a message to a listener."""


class Alerts:
    """Who follows, and for whom: an account hears what concerns it, a risk officer everything."""

    def __init__(self, state: VenueState, ledger: LedgerReader, accounts: Accounts, send: Send) -> None:
        self._state = state
        self._ledger = ledger
        self._accounts = accounts
        self._send = send
        self._followers: dict[Any, Account | None] = {}
        self._switches: dict[str, Any] = {}
        self._is_switched = False

    def follow(self, listener: Any, account: Account | None) -> None:
        """From now on what concerns the account; None: everything."""
        if not self._followers:
            self._switches = self._read()
        self._followers[listener] = account

    def unfollow(self, listener: Any) -> None:
        """No more of it."""
        self._followers.pop(listener, None)

    def tell(self, event: Event) -> None:
        """An event of one of KINDS."""
        if not self._followers:
            return
        what = event.counter_account
        if event.kind == MASS_CANCELLED or (event.kind == RECORDED and what & 0xFF == _KILL):
            # A switch that is put on cancels orders, and no event says whose it is: the ledger does.
            self._is_switched = True
        elif event.kind == STATE:
            if event.reason == _CIRCUIT_BREAKER:
                market = self._state.markets[event.symbol]
                self._tell(event, "breaker", {"symbol": market.symbol.name, "state": market.state_name})
        elif what & 0xFF == _BREAKER:
            cause, state = Cause(what >> 16 & 0xFF), STATES.get(Transition(what >> 8 & 0xFF), "closed")
            self._tell(event, "breaker", {"symbol": None, "state": state, "cause": word(cause)})
        elif what & 0xFF == _ALERT:
            self._tell_alert(event)

    def publish(self) -> None:
        """Kill switches that are not as they were before the last events."""
        if not self._is_switched:
            return
        self._is_switched = False
        before, self._switches = self._switches, self._read()
        for scope in ("venue", "groups", "accounts", "symbols"):
            was, now = _members(before[scope]), _members(self._switches[scope])
            for member in sorted(was ^ now, key=str):
                self._tell_switch(scope.removesuffix("s"), member, member in now)

    def _read(self) -> dict[str, Any]:
        return kill_view(self._ledger, self._state.markets, self._accounts.name_of)

    def _tell_alert(self, event: Event) -> None:
        market = self._state.markets.get(event.symbol)
        name = self._accounts.name_of(event.account)
        fields = {
            "account": name,
            "symbol": None if market is None else market.symbol.name,
            "limit": word(Limit(event.counter_account >> 16 & 0xFF)),
            "percent": event.counter_account >> 8 & 0xFF,
            "used": str(event.quantity_lots),
            "value": str(event.order_id),
        }
        self._tell(event, "alert", fields, lambda account: account.id == event.account)

    def _tell_switch(self, scope: str, member: Any, on: bool) -> None:
        fields = {"scope": scope, "on": on} | ({} if scope == "venue" else {scope: member})
        message = {"channel": "alerts", "event": "kill"} | fields
        self._send_to(message, lambda account: member in (account.name, account.group) or scope in ("venue", "symbol"))

    def _tell(
        self,
        event: Event,
        name: str,
        fields: dict[str, Any],
        concerns: Callable[[Account], bool] = lambda account: True,
    ) -> None:
        message = {"channel": "alerts", "event": name} | fields
        message |= {"sequence": str(event.log_sequence), "timestamp_ns": str(event.timestamp_ns)}
        self._send_to(message, concerns)

    def _send_to(self, message: dict[str, Any], concerns: Callable[[Account], bool]) -> None:
        for listener, account in self._followers.items():
            if account is None or concerns(account):
                self._send(listener, message)


def _members(scope: Any) -> set[Any]:
    """What is switched on in a scope; the venue is one or none."""
    return {True} if scope is True else set(scope or ())
