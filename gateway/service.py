"""What REST and WebSocket share: one venue state, one order entry, one set of channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from gateway import dry_run
from gateway.accounts import Accounts
from gateway.administration.acts import Administration
from gateway.auth import Authenticator
from gateway.entry import OrderEntry
from gateway.health import Details
from gateway.ledger import LedgerReader
from gateway.messages import PlaceBody
from gateway.postings import Postings
from gateway.results import OrderView, order_view
from gateway.sessions import SessionNumbers
from gateway.state import VenueState
from gateway.tally import Count
from gateway.underway import UnderWay
from gateway.websocket.channels import Channels


class Service(NamedTuple):
    """The parts of a running edge, for whoever handles requests."""

    state: VenueState
    entry: OrderEntry
    channels: Channels
    sessions: SessionNumbers
    authenticator: Authenticator
    accounts: Accounts
    ledger: LedgerReader
    postings: Postings
    administration: Administration
    under_way: UnderWay
    frame_bytes_max: int
    health: Callable[[], Details]
    sockets: Count

    def open_orders(self, account: int, symbol: str | None) -> list[OrderView]:
        """The account's open orders, oldest first. Raises BusinessRuleError for an unknown symbol."""
        number = 0 if symbol is None else self.entry.market(symbol).symbol.id
        orders = self.state.orders.of_account(account, number)
        return [order_view(order, self.state.markets[order.symbol]) for order in orders]

    def check_order(self, account: int, message: PlaceBody) -> dict[str, Any]:
        """A dry run of an order. Raises TradingError for one that would not get as far as the checks."""
        market = self.entry.market(message.symbol)
        return dry_run.check(self.ledger, market, account, message, self.entry.shards)
