"""Reference venues behind ledgers that check: they are told of kill switches and breakers, and log what they must."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from tests import factories
from tests.book.instruments import ACCOUNTS
from tests.ledger.any_ledger import AnyLedger, World
from tests.ledger.money import TRADED
from tests.ledger.settled import SettledShards, agreed
from tradsys.reasons import Reason
from tradsys.records import Kind
from tradsys.reference.messages import Command, commands_of
from tradsys.reference.risk.outbox import BreakerRecord
from tradsys.risk.terms import Transition

WITHOUT_AUCTIONS = frozenset(instrument.symbol for instrument in TRADED if not instrument.has_auctions)
"""Their breakers must not make the matcher collect orders: the reference is too slow for that."""


class CheckedShards(SettledShards):
    """As SettledShards; the outboxes of all ledgers must agree too."""

    def tell(self, record: Callable[[AnyLedger], Reason]) -> Reason:
        """Tell all ledgers something that the matchers have nothing to do with."""
        return agreed([record(ledger) for ledger in self.ledgers])

    def log(self, command: Command) -> None:
        """A record of a risk officer, or of the venue's own, that the matchers obey."""
        self.submit(command)

    def log_outbox(self) -> None:
        """Log the first record that waits, if there is one."""
        waiting = self.ledgers[0].outbox()
        for ledger in self.ledgers:
            assert ledger.outbox() == waiting
        if not waiting:
            return
        for ledger in self.ledgers:
            ledger.outbox_pop()
        if isinstance(waiting[0], BreakerRecord):
            self._log_breaker(waiting[0])

    def _log_breaker(self, record: BreakerRecord) -> None:
        if record.transition == Transition.HALF_OPEN and record.symbol in WITHOUT_AUCTIONS:
            for ledger in self.ledgers:
                ledger.breaker(record.symbol, record.transition, record.cause, self.now_ns)
            return
        self.log(commands_of(factories.breaker(record.transition, symbol=record.symbol, cause=record.cause))[0])

    def assert_agreed(self, world: World) -> None:
        """All ledgers show the same, and would log the same."""
        super().assert_agreed(world)
        for one, other in pairwise(self.ledgers):
            assert other.outbox() == one.outbox()
            for account in ACCOUNTS:
                for symbol in world.symbols:
                    place = f"account {account}, symbol {symbol}"
                    assert (other.usage(account, symbol), place) == (one.usage(account, symbol), place)

    def _decide(self, command: Command) -> int:
        if command.kind == Kind.BREAKER:
            # Its cause has the place of an order's type.
            cause, symbol, now_ns = command.order_type, command.symbol, command.timestamp_ns
            return self.tell(lambda ledger: ledger.breaker(symbol, command.transition, cause, now_ns))
        if command.kind == Kind.KILL and command.kill is not None:
            kill, named = command.kill, {"account": command.account, "symbol": command.symbol}
            return self.tell(lambda ledger: ledger.set_kill(kill.scope, kill.on, group=kill.group, **named))
        return super()._decide(command)
