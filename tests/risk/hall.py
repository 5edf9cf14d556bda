"""A venue with a risk desk, for tests that read like a session."""

from __future__ import annotations

from tests import factories
from tests.ledger.any_ledger import AnyLedger
from tests.ledger.hall import ALICE, BASE, BOB, CAROL, FEE, LOT, OUTSIDE, QUOTE, Hall, contract
from tradsys.reasons import Reason
from tradsys.reference.risk.breakers import BreakerRules
from tradsys.reference.risk.outbox import Alert, BreakerRecord
from tradsys.reference.risk.usage import Usage
from tradsys.risk.terms import Cause, Limit, Scope, Transition

__all__ = ["ALICE", "BASE", "BOB", "CAROL", "DAY_MS", "FEE", "GROUP", "LOT", "OUTSIDE", "QUOTE", "RiskHall", "contract"]

GROUP = 7
"""Of Alice and Bob; Carol has none."""
MS = 1_000_000
DAY_MS = 86_400_000


class RiskHall(Hall):
    """Everyone has a million of the quote asset, and 1,000 lots; a quote unit is worth 1, the base asset nothing.

    The symbol's mark is 500 at first. Client order ids of the last two orders that ended are remembered.
    """

    def __init__(self, ledger: AnyLedger) -> None:
        super().__init__(ledger)
        ledger.set_asset_value(QUOTE, 1, 1)
        for account in (ALICE, BOB, CAROL):
            self.fund(account, quote=1_000_000, base=1_000 * LOT)

    def limit(self, limit: Limit, value: int, *, account: int = ALICE, symbol: int = 0) -> None:
        """Limit an account, or it in a symbol."""
        scope = Scope.ACCOUNT_SYMBOL if symbol else Scope.ACCOUNT
        assert self.ledger.set_limit(scope, limit, value, account=account, symbol=symbol) == Reason.NONE

    def trade(self, price_ticks: int, lots: int, *, buyer: int = BOB, seller: int = CAROL, symbol: int = 1) -> None:
        """The seller's order comes first."""
        self.enter(factories.sell(price_ticks, lots, account=seller, symbol=symbol))
        self.enter(factories.buy(price_ticks, lots, account=buyer, symbol=symbol))

    def usage(self, account: int = ALICE, symbol: int = 1) -> Usage:
        """What is counted."""
        return self.ledger.usage(account, symbol)

    def opened(self, account: int = ALICE, symbol: int = 1) -> tuple[int, int, int, int, int]:
        """Open orders, lots and notional to buy, lots and notional to sell."""
        usage = self.usage(account, symbol)
        buys, sells = (usage.open_lots_buy, usage.open_notional_buy), (usage.open_lots_sell, usage.open_notional_sell)
        return usage.open_orders, *buys, *sells

    def wait(self, ms: int) -> None:
        """So much time passes in the log, and nothing happens."""
        self.shards.later_ns += ms * MS

    def tick(self, ms: int = 0) -> None:
        """So much time passes, then the log's clock ticks."""
        self.wait(ms)
        self.send(factories.tick())

    def logged(self) -> list[Alert | BreakerRecord]:
        """The venue logs what it must, and what follows from that; gives all of it."""
        records = []
        while waiting := self.ledger.outbox():
            records.append(waiting[0])
            self.ledger.outbox_pop()
            if isinstance(waiting[0], BreakerRecord):
                self.breaker(waiting[0].transition, waiting[0].cause, waiting[0].symbol)
        return records

    def breaker(self, transition: Transition, cause: Cause = Cause.MANUAL, symbol: int = 1) -> None:
        """A record in the log says what a breaker does."""
        assert self.ledger.breaker(symbol, transition, cause, self.shards.now_ns) == Reason.NONE

    def breaker_rules(self, symbol: int = 1, **rules: int) -> None:
        """What trips a breaker; symbol 0: the venue's."""
        assert self.ledger.set_breaker_rules(symbol, BreakerRules(**rules)) == Reason.NONE
