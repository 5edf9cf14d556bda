"""A reference venue with a ledger, for tests that read like a session."""

from __future__ import annotations

from typing import Any

from tests import factories
from tests.ledger.any_ledger import AnyLedger
from tests.ledger.settled import SettledShards
from tradsys.ledger.terms import AccountKind, PostingKind
from tradsys.reasons import Reason
from tradsys.records import EventKind, MarketState
from tradsys.reference.ledger.contracts import Contract
from tradsys.reference.ledger.fees import Fees
from tradsys.reference.messages import Event, commands_of

QUOTE, BASE = 1, 2
ALICE, BOB, CAROL = 1, 2, 3
FEE, HOUSE, OUTSIDE = 90, 91, 99
GROUPS = {ALICE: 7, BOB: 7, CAROL: 0}
"""Trade groups; 0: none."""
LOT = 2
"""What a lot of symbol 1 has of the base asset."""


def contract(**fields: int) -> Contract:
    """What symbol 1 trades: from 1 to 1,000 ticks, a notional of price times lots."""
    named = {
        "base": BASE,
        "quote": QUOTE,
        "lot_value": LOT,
        "numerator": 1,
        "divisor": 1,
        "lowest_ticks": 1,
        "highest_ticks": 1000,
        "fee_account": FEE,
    }
    return Contract(**(named | fields))


class Hall:
    """Sends factory commands, with the next log sequences, past the ledger to the venue; symbol 1 is continuous."""

    def __init__(self, ledger: AnyLedger) -> None:
        self.ledger = ledger
        for asset in (QUOTE, BASE):
            self.ledger.add_asset(asset)
        for number in (ALICE, BOB, CAROL):
            self.ledger.add_account(number, AccountKind.CLIENT, group=GROUPS[number])
        self.ledger.add_account(FEE, AccountKind.FEE)
        self.ledger.add_account(HOUSE, AccountKind.HOUSE)
        self.ledger.add_account(OUTSIDE, AccountKind.OUTSIDE)
        self.ledger.add_contract(1, contract())
        self.shards = SettledShards([self.ledger])
        self._postings = 0
        self.send(factories.define_symbol(state=MarketState.CONTINUOUS))

    def open_symbol(self, symbol: int, settled: Contract) -> None:
        """Another symbol that is settled, and trades."""
        self.ledger.add_contract(symbol, settled)
        self.send(factories.define_symbol(symbol, lowest_ticks=settled.lowest_ticks))

    def fund(self, account: int, quote: int = 0, base: int = 0) -> None:
        """Deposit so much."""
        for asset, amount in ((QUOTE, quote), (BASE, base)):
            if amount:
                assert self.post(PostingKind.DEPOSIT, OUTSIDE, account, asset, amount) == Reason.NONE

    def post(self, kind: PostingKind, source: int, target: int, asset: int, amount: int) -> Reason:
        """A posting with an id of its own."""
        self._postings += 1
        return self.ledger.post(kind, self._postings, source, target, asset, amount)

    def charge(self, maker: int = 0, taker: int = 0, minimum: int = 0) -> None:
        """What everyone's orders are charged from now on."""
        self.ledger.set_fees(0, 0, Fees(maker, taker, minimum))

    def send(self, *records: Any) -> list[Event]:
        """Carry out commands; gives the events of all. Nothing may arise or vanish."""
        events: list[Event] = []
        for record in records:
            (command,) = commands_of(record)
            for told in self.shards.submit(command):
                events += told
        for asset in (QUOTE, BASE):
            assert self.ledger.total(asset) == 0
        return events

    def enter(self, *records: Any) -> int:
        """Send a new order, perhaps with a prelude, that must be accepted; gives its order id."""
        events = self.send(*records)
        assert events[0].kind == EventKind.ACCEPTED, events[0]
        return events[0].order_id

    def refusal(self, *records: Any) -> Reason:
        """Send what must be refused; gives the reason."""
        events = self.send(*records)
        assert events[-1].kind == EventKind.REJECTED, events
        return Reason(events[-1].reason)

    def quote(self, account: int) -> tuple[int, int]:
        """Available and held."""
        return self.ledger.available(account, QUOTE), self.ledger.held(account, QUOTE)

    def base(self, account: int) -> tuple[int, int]:
        """Available and held."""
        return self.ledger.available(account, BASE), self.ledger.held(account, BASE)

    def position(self, account: int, symbol: int = 1) -> tuple[int, int, int]:
        """Quantity, cost and realised profit."""
        position = self.ledger.position(account, symbol)
        return position.quantity, position.cost, position.realised
