"""Money for a stepped venue, and the oracle of what its ledger must have decided and must hold."""

from __future__ import annotations

import random
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np

from tests.ledger.any_ledger import World, assert_same
from tests.ledger.kernel_ledger import KernelLedger
from tests.workers.stepped import ACCOUNTS, SYMBOLS, SteppedVenue, reference_events
from tradsys.ledger.layout import W_FAULTS
from tradsys.ledger.layout import Ledger as KernelState
from tradsys.ledger.terms import AccountKind, AccountStatus, PostingKind, StatusChange
from tradsys.reasons import Reason
from tradsys.records import COMMAND, DETAILS, Kind, details
from tradsys.reference.ledger.contracts import Contract
from tradsys.reference.ledger.fees import Fees
from tradsys.reference.ledger.ledger import Ledger
from tradsys.reference.messages import Command, commands_of
from tradsys.reference.risk.breakers import BreakerRules
from tradsys.reference.risk.outbox import Alert, BreakerRecord
from tradsys.reference.tickets import Prelude
from tradsys.risk.terms import Cause, Limit, Scope, Transition
from workers.memory import Sizes
from workers.sequencer import VENUE_SOURCE

QUOTE, BASE = 1, 2
FEE, OUTSIDE = ACCOUNTS + 1, ACCOUNTS + 2
SETTLED_SYMBOLS = tuple(range(1, SYMBOLS))
"""The last one has no contract."""
WORLD = World(tuple(range(1, OUTSIDE + 1)), (QUOTE, BASE), tuple(range(1, SYMBOLS + 1)))
QUOTE_FUNDS, BASE_FUNDS = 60_000, 150
"""Of each client: enough for some of what it wants."""
PORT = 1


def money() -> list[Any]:
    """Assets, contracts, fees and deposits, for a venue with its accounts and symbols defined: an array for each."""
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
    return [record.view(COMMAND) for record in records]


def limits() -> list[Any]:
    """Limits that are reached now and then, and circuit breakers that trip."""
    bounds = {
        Limit.POSITION: 90,
        Limit.OPEN_ORDERS: 12,
        Limit.DAILY_NOTIONAL: 200_000,
        Limit.EXPOSURE: 40_000,
        Limit.DAILY_LOSS: 9_000,
        Limit.ORDERS_PER_SECOND: 1_000_000,
        Limit.ORDERS_BURST: 20,
    }
    records = [details(Kind.LIMIT, scope=Scope.VENUE, limit=limit, amount=amount) for limit, amount in bounds.items()]
    terms = dict(window_ms=1, halt_ms=1, half_open_ms=0)
    records.append(details(Kind.BREAKER_RULES, symbol=1, price_move_bps=150, **terms))
    records.append(details(Kind.BREAKER_RULES, symbol=2, volume=60, **terms))
    return [record.view(COMMAND) for record in records]


def tell(venue: SteppedVenue, commands: list[Any]) -> None:
    """Send commands one by one."""
    for command in commands:
        assert venue.submit(command, PORT) == 1
        venue.settle()


def officer(dice: random.Random) -> Any:
    """A command of somebody who minds the risk."""
    account, symbol = dice.randint(1, ACCOUNTS), dice.randint(1, SYMBOLS)
    match dice.randrange(5):
        case 0:
            limit = dice.choice([Limit.POSITION, Limit.OPEN_LOTS, Limit.TRADING])
            amount = dice.choice([-1, 1]) if limit == Limit.TRADING else dice.randint(20, 120)
            told = dict(scope=Scope.ACCOUNT_SYMBOL, limit=limit, amount=amount, account=account, symbol=symbol)
            return details(Kind.LIMIT, **told).view(COMMAND)
        case 1:
            status = dice.choice([*AccountStatus, AccountStatus.ACTIVE, AccountStatus.ACTIVE])
            told = dict(account=account, status=status, changes=StatusChange.STATUS)
            return details(Kind.ACCOUNT_STATUS, **told).view(COMMAND)
        case 2:
            return details(Kind.KILL, scope=Scope.ACCOUNT, account=account, on=dice.randrange(2)).view(COMMAND)
        case 3:
            return details(Kind.KILL, scope=Scope.SYMBOL, symbol=symbol, on=dice.randrange(2)).view(COMMAND)
        case _:
            transition = dice.choice([Transition.TRIP, Transition.RESET, Transition.RESET])
            return details(Kind.BREAKER, symbol=symbol, transition=transition, cause=Cause.MANUAL).view(COMMAND)


def transfer(number: int, source: int, target: int, amount: int) -> Any:
    """The command that moves some of the quote asset."""
    sides = dict(account=source, target=target, asset=QUOTE, amount=amount, number=number)
    return details(Kind.POSTING, posting_kind=PostingKind.TRANSFER, **sides).view(COMMAND)


class _LiveLedger(KernelLedger):
    """The ledger of a venue, to be read."""

    def __init__(self, ledger: KernelState) -> None:
        super().__init__()
        self.ledger = ledger


class Oracle:
    """The reference ledger, fed from the log alone: its commands, and the events of reference venues."""

    def __init__(self, records: Any, sizes: Sizes) -> None:
        self.ledger = Ledger(clients_remembered=sizes.recent_client_ids)
        self.commands = commands_of(records)
        self._details = records.view(np.ndarray).view(DETAILS)
        self.events = [reference_events(self.commands, shard, sizes) for shard in range(sizes.shards)]
        self._settled = [0] * sizes.shards
        self._prelude = Prelude()
        self.own_records = 0
        """Alerts, and what circuit breakers did by themselves."""
        self._ranges: dict[int, tuple[int, int]] = {}
        self._accounts = 0

    def run(self) -> int:
        """Take the whole log in; gives how many decisions were the ledger's own. All must be as the log says."""
        own = 0
        for command, told in zip(self.commands, self._details, strict=True):
            if told["source"] == VENUE_SOURCE:
                self._follow(command, told)
            else:
                reason = self._decide(command, told)
                assert reason is None or command.reason == reason, (command, reason)
                own += reason is not None and reason != Reason.NONE
        for shard, events in enumerate(self.events):
            self._settle(shard, len(events))
        return own

    def _follow(self, command: Command, told: Any) -> None:
        """What the venue wrote by itself must be what the ledger asked for."""
        if command.kind == Kind.SETTLED:
            self._settle(int(told["shard"]), int(told["amount"]))
        elif command.kind == Kind.TICK:
            self.ledger.tick(command.timestamp_ns)
        elif command.kind == Kind.ALERT:
            alert = Alert(*(int(told[name]) for name in ("account", "symbol", "limit", "percent", "amount", "bound")))  # type: ignore[arg-type]
            assert self.ledger.outbox()[0] == alert
            self.ledger.outbox_pop()
            self.own_records += 1
        elif command.kind == Kind.BREAKER:
            record = BreakerRecord(command.symbol, Transition(int(told["transition"])), Cause(int(told["cause"])))
            assert self.ledger.outbox()[0] == record
            self.ledger.outbox_pop()
            self.ledger.breaker(record.symbol, record.transition, record.cause, command.timestamp_ns)
            self.own_records += 1

    def _settle(self, shard: int, until: int) -> None:
        assert self._settled[shard] <= until <= len(self.events[shard])
        for event in self.events[shard][self._settled[shard] : until]:
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
        return self._officers(command, told)

    def _officers(self, command: Command, told: Any) -> Reason | None:
        named = {name: int(told[name]) for name in ("account", "symbol")}
        group = int(told["group"])
        if command.kind == Kind.LIMIT:
            numbers = (int(told[name]) for name in ("scope", "limit", "amount"))
            return self.ledger.set_limit(*numbers, group=group, **named)
        if command.kind == Kind.KILL:
            return self.ledger.set_kill(int(told["scope"]), int(told["on"]), group=group, **named)
        if command.kind == Kind.ACCOUNT_STATUS:
            return self.ledger.set_status(named["account"], status=int(told["status"]))
        if command.kind == Kind.BREAKER_RULES:
            rules = BreakerRules(**{each.name: int(told[each.name]) for each in fields(BreakerRules)})
            return self.ledger.set_breaker_rules(command.symbol, rules)
        if command.kind == Kind.BREAKER:
            transition, cause = int(told["transition"]), int(told["cause"])
            return self.ledger.breaker(command.symbol, transition, cause, command.timestamp_ns)
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
            self.ledger.set_asset_value(*(int(told[name]) for name in ("asset", "value_numerator", "value_divisor")))
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


class Counts(NamedTuple):
    """Of a whole log: commands that the ledger refused, and records that the venue wrote because of it."""

    refusals: int
    own_records: int


def assert_settled(records: Any, sizes: Sizes, ledger: KernelState) -> Counts:
    """The decisions of a whole log, and the ledger of a venue that has settled it, are those of the reference."""
    oracle = Oracle(records, sizes)
    refusals = oracle.run()
    live = _LiveLedger(ledger)
    assert_same(live, oracle.ledger, WORLD)
    for account in WORLD.accounts:
        for symbol in WORLD.symbols:
            assert live.usage(account, symbol) == oracle.ledger.usage(account, symbol), (account, symbol)
    for asset in WORLD.assets:
        assert live.total(asset) == 0
    assert ledger.words[W_FAULTS] == 0
    return Counts(refusals, oracle.own_records)
