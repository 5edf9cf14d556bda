"""Money for a stepped venue, and the oracle of what its ledger must have decided and must hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.book.shards import concerns
from tests.ledger.any_ledger import World, assert_same
from tests.ledger.kernel_ledger import KernelLedger
from tests.workers.stepped import ACCOUNTS, SYMBOLS, SteppedVenue
from tradsys.ledger.layout import W_FAULTS
from tradsys.ledger.terms import AccountKind, PostingKind
from tradsys.reasons import Reason
from tradsys.records import COMMAND, DETAILS, Kind, details
from tradsys.reference.ledger.contracts import Contract
from tradsys.reference.ledger.fees import Fees
from tradsys.reference.ledger.ledger import Ledger
from tradsys.reference.messages import Command, Event, commands_of
from tradsys.reference.tickets import Prelude
from tradsys.reference.venue import Venue as ReferenceVenue
from workers.sequencer import VENUE_SOURCE

QUOTE, BASE = 1, 2
FEE, OUTSIDE = ACCOUNTS + 1, ACCOUNTS + 2
SETTLED_SYMBOLS = tuple(range(1, SYMBOLS))
"""The last one has no contract."""
WORLD = World(tuple(range(1, OUTSIDE + 1)), (QUOTE, BASE), tuple(range(1, SYMBOLS + 1)))
QUOTE_FUNDS, BASE_FUNDS = 60_000, 150
"""Of each client: enough for some of what it wants."""
PORT = 1


def give_money(venue: SteppedVenue) -> None:
    """Assets, contracts, fees and deposits, for a venue with its accounts and symbols defined."""
    records = [details(Kind.ASSET, asset=asset, value_numerator=1, value_divisor=1) for asset in (QUOTE, BASE)]
    records.append(details(Kind.ACCOUNT, account=FEE, account_kind=AccountKind.FEE))
    records.append(details(Kind.ACCOUNT, account=OUTSIDE, account_kind=AccountKind.OUTSIDE))
    terms = dict(asset=BASE, quote=QUOTE, account=FEE, lot_value=2, numerator=1, divisor=3)
    records += [details(Kind.CONTRACT, symbol=symbol, **terms) for symbol in SETTLED_SYMBOLS]
    records.append(details(Kind.FEES, maker_rate=-200, taker_rate=1_500, minimum=2))
    number = 0
    for account in range(1, ACCOUNTS + 1):
        for asset, amount in ((QUOTE, QUOTE_FUNDS), (BASE, BASE_FUNDS)):
            number += 1
            sides = dict(account=OUTSIDE, target=account, asset=asset, amount=amount, number=number)
            records.append(details(Kind.POSTING, posting_kind=PostingKind.DEPOSIT, **sides))
    for record in records:
        assert venue.submit(record.view(COMMAND), PORT) == 1
        venue.settle()


def transfer(number: int, source: int, target: int, amount: int) -> Any:
    """The command that moves some of the quote asset."""
    sides = dict(account=source, target=target, asset=QUOTE, amount=amount, number=number)
    return details(Kind.POSTING, posting_kind=PostingKind.TRANSFER, **sides).view(COMMAND)


class _LiveLedger(KernelLedger):
    """The ledger of a venue, to be read."""

    def __init__(self, venue: SteppedVenue) -> None:
        super().__init__()
        self.ledger = venue.memory.ledger


class _Oracle:
    """The reference ledger, fed from the log alone: its commands, and the events of reference venues."""

    def __init__(self, venue: SteppedVenue) -> None:
        self.ledger = Ledger()
        self._records = venue.records()
        self._commands = commands_of(self._records)
        self._details = self._records.view(np.ndarray).view(DETAILS)
        self._events = [self._events_of(shard, venue.sizes) for shard in range(venue.sizes.shards)]
        self._settled = [0] * venue.sizes.shards
        self._prelude = Prelude()
        self._ranges: dict[int, tuple[int, int]] = {}
        self._accounts = 0

    def _events_of(self, shard: int, sizes: Any) -> list[Event]:
        venue = ReferenceVenue(sizes.orders_per_shard, tells_accounts=shard == 0)
        events: list[Event] = []
        for command in self._commands:
            is_meant = concerns(command, shard, sizes.shards)
            events += venue.process(command) if is_meant else venue.pass_by(command)
        return events

    def run(self) -> int:
        """Take the whole log in; gives how many decisions were the ledger's own. All must be as the log says."""
        own = 0
        for command, told in zip(self._commands, self._details, strict=True):
            if command.kind == Kind.SETTLED and told["source"] == VENUE_SOURCE:
                self._settle(int(told["shard"]), int(told["amount"]))
            elif told["source"] != VENUE_SOURCE:
                reason = self._decide(command, told)
                assert reason is None or command.reason == reason, (command, reason)
                own += reason is not None and reason != Reason.NONE
        for shard, events in enumerate(self._events):
            self._settle(shard, len(events))
        return own

    def _settle(self, shard: int, until: int) -> None:
        assert self._settled[shard] <= until <= len(self._events[shard])
        for event in self._events[shard][self._settled[shard] : until]:
            self.ledger.settle(event, shard)
        self._settled[shard] = until

    def _decide(self, command: Command, told: Any) -> Reason | None:
        """The ledger's reason; None where it is not asked."""
        if command.kind in {Kind.EXTENSION, Kind.LEG}:
            self._prelude.add(command)
            return None
        legs = [each for each in self._prelude.take(command) if each.kind == Kind.LEG]
        if command.kind in {Kind.NEW, Kind.AMEND, Kind.CANCEL}:
            if not 0 < command.account <= self._accounts:
                return Reason.UNKNOWN_ACCOUNT
            return self.ledger.decide(command, legs)
        if command.reason == Reason.NONE:
            self._learn(command, told)
        if command.kind == Kind.POSTING:
            names = ("posting_kind", "number", "account", "target", "asset", "amount")
            return self.ledger.post(*(int(told[name]) for name in names))
        return None

    def _learn(self, command: Command, told: Any) -> None:
        if command.kind == Kind.ACCOUNT:
            self._accounts += 1
            kind = AccountKind(int(told["account_kind"]) or AccountKind.CLIENT)
            self.ledger.add_account(int(told["account"]), kind, int(told["fee_class"]))
        elif command.kind == Kind.SYMBOL:
            self._ranges[command.symbol] = int(told["lowest_ticks"]), int(told["highest_ticks"])
        elif command.kind == Kind.ASSET:
            self.ledger.add_asset(int(told["asset"]))
        elif command.kind == Kind.CONTRACT:
            base, quote, lot_value, numerator, divisor, fee_account = (
                int(told[name]) for name in ("asset", "quote", "lot_value", "numerator", "divisor", "account")
            )
            lowest, highest = self._ranges[command.symbol]
            contract = Contract(base, quote, lot_value, numerator, divisor, lowest, highest, fee_account)
            self.ledger.add_contract(command.symbol, contract)
        elif command.kind == Kind.FEES:
            rates = [int(told[name]) for name in ("maker_rate", "taker_rate", "minimum")]
            self.ledger.set_fees(command.symbol, int(told["fee_class"]), Fees(*rates))


def assert_settled(venue: SteppedVenue) -> int:
    """After settle(): the log's decisions and the venue's ledger are those of the reference; how many refusals."""
    oracle = _Oracle(venue)
    refusals = oracle.run()
    live = _LiveLedger(venue)
    assert_same(live, oracle.ledger, WORLD)
    for asset in WORLD.assets:
        assert live.total(asset) == 0
    assert venue.memory.ledger.words[W_FAULTS] == 0
    return refusals
