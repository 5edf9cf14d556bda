"""The kernel's ledger behind the reference ledger's interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from shm.arena import new_array
from shm.jit import kernel
from tests.book.flow import records_of
from tradsys.ledger.balances import balance_of, columns_of
from tradsys.ledger.deciding import decide
from tradsys.ledger.layout import W_FAULTS, W_SENT, W_TAKEN, W_TODAY, Ledger, LedgerSize, carve
from tradsys.ledger.positions import position_of
from tradsys.ledger.recording import take_in
from tradsys.ledger.settling import settle
from tradsys.ledger.terms import AccountKind, StatusChange
from tradsys.reasons import Reason
from tradsys.records import COMMAND, DETAILS, EVENT, Kind, details
from tradsys.reference.ledger.contracts import Contract
from tradsys.reference.ledger.fees import Fees
from tradsys.reference.ledger.positions import Position
from tradsys.reference.messages import EVENT_FIELDS, Command, Event
from tradsys.reference.risk.breakers import BreakerRules
from tradsys.reference.risk.outbox import Alert, BreakerRecord
from tradsys.reference.risk.usage import Usage
from tradsys.risk.days import realised_on, traded_on
from tradsys.risk.outbox import outbox_pop
from tradsys.risk.sums import shown
from tradsys.risk.terms import Cause, Limit, Transition
from tradsys.risk.unrealised import unrealised_of

SMALL = LedgerSize(
    accounts_max=100,
    assets_max=7,
    symbols_max=8,
    orders=5000,
    pending=64,
    positions=200,
    postings=500,
    recent_client_ids=0,
)


@kernel
def _tell(ledger: Ledger, records: Any) -> int:
    return take_in(ledger, records[0])


@kernel
def _decide(ledger: Ledger, commands: Any, shards: int) -> int:
    return decide(ledger, commands[0], commands[1], commands[2], shards)


@kernel
def _settle(ledger: Ledger, events: Any, shard: int, shards: int) -> None:
    settle(ledger, events[0], shard, shards)


@kernel
def _pop(ledger: Ledger) -> None:
    outbox_pop(ledger)


def _sent(record: Any) -> Alert | BreakerRecord:
    """What the venue itself writes, as a log reader would read it."""
    if record["kind"] == Kind.BREAKER:
        cause = Cause(record["cause"])
        return BreakerRecord(int(record["symbol"]), Transition(record["transition"]), cause)
    assert record["kind"] == Kind.ALERT
    numbers = (int(record[name]) for name in ("percent", "amount", "bound"))
    return Alert(int(record["account"]), int(record["symbol"]), Limit(record["limit"]), *numbers)


class KernelLedger:
    """A ledger of private memory; every call is one call of a kernel."""

    def __init__(self, size: LedgerSize = SMALL) -> None:
        self.ledger = carve(new_array, size)
        self._shards = size.shards
        self._commands = new_array(COMMAND, 3)
        self._events = new_array(EVENT, 1)
        self._records = new_array(DETAILS, 1)

    def tell(self, kind: Kind, **fields: Any) -> Reason:
        """Tell the ledger a record; gives why it is refused."""
        self._records.view(np.ndarray)[:] = details(kind, **fields)
        return Reason(_tell(self.ledger, self._records))

    def _must(self, kind: Kind, **fields: Any) -> None:
        """Tell a record; ValueError when it is refused, or a field cannot even be written."""
        try:
            reason = self.tell(kind, **fields)
        except OverflowError as error:
            raise ValueError(f"{kind.name} {fields}: {error}") from error
        if reason:
            raise ValueError(f"{kind.name} {fields}: {reason.name}")

    def add_asset(self, number: int) -> None:
        self._must(Kind.ASSET, asset=number, value_divisor=1)

    def set_asset_value(self, asset: int, numerator: int, divisor: int) -> None:
        self._must(Kind.ASSET, asset=asset, value_numerator=numerator, value_divisor=divisor)

    def add_account(self, number: int, kind: AccountKind, fee_class: int = 0, group: int = 0) -> None:
        if kind == AccountKind.NONE:
            raise ValueError(f"account {number} has no kind: for a record it would be a client's")
        self._must(Kind.ACCOUNT, account=number, account_kind=kind, fee_class=fee_class, group=group)

    def add_contract(self, symbol: int, contract: Contract) -> None:
        fields = asdict(contract)
        prices = {name: fields.pop(name) for name in ("lowest_ticks", "highest_ticks")}
        self._must(Kind.SYMBOL, symbol=symbol, **prices)
        self._must(Kind.CONTRACT, symbol=symbol, asset=fields.pop("base"), account=fields.pop("fee_account"), **fields)

    def set_fees(self, symbol: int, fee_class: int, fees: Fees, tier: int = 0) -> None:
        self._must(
            Kind.FEES,
            symbol=symbol,
            fee_class=fee_class,
            tier=tier,
            maker_rate=fees.maker,
            taker_rate=fees.taker,
            minimum=fees.minimum,
        )

    def set_tier(self, tier: int, volume: int) -> None:
        self._must(Kind.TIER, tier=tier, amount=volume)

    def post(self, kind: int, number: int, source: int, target: int, asset: int, amount: int) -> Reason:
        return self.tell(
            Kind.POSTING, posting_kind=kind, number=number, account=source, target=target, asset=asset, amount=amount
        )

    def decide(self, command: Command, legs: Sequence[Command] = ()) -> Reason:
        plain = self._commands.view(np.ndarray)
        plain[:] = records_of([command, *legs[:2], Command(), Command()])[:3]
        return Reason(_decide(self.ledger, self._commands, self._shards))

    def settle(self, event: Event, shard: int = 0) -> None:
        plain = self._events.view(np.ndarray)
        for name in EVENT_FIELDS:
            plain[name][0] = getattr(event, name)
        _settle(self.ledger, self._events, shard, self._shards)

    def available(self, account: int, asset: int) -> int:
        return int(balance_of(self.ledger, account, asset)["available"])

    def held(self, account: int, asset: int) -> int:
        return int(balance_of(self.ledger, account, asset)["held"])

    def reserved(self, account: int, asset: int) -> int:
        return int(balance_of(self.ledger, account, asset)["reserved"])

    def position(self, account: int, symbol: int) -> Position:
        row = self.ledger.positions[position_of(self.ledger, account, symbol)]
        return Position(*(int(row[name]) for name in ("quantity", "cost", "realised", "fees", "turnover")))

    def total(self, asset: int) -> int:
        rows = self.ledger.balances.view(np.ndarray)[asset :: columns_of(self.ledger)]
        return int(rows["available"].astype(object).sum() + rows["held"].astype(object).sum())

    def set_limit(
        self, scope: int, limit: int, value: int, *, account: int = 0, symbol: int = 0, group: int = 0
    ) -> Reason:
        return self.tell(
            Kind.LIMIT, scope=scope, limit=limit, amount=value, account=account, symbol=symbol, group=group
        )

    def set_status(self, account: int, *, status: int | None = None, kyc_status: int | None = None) -> Reason:
        changes = (status is not None) * StatusChange.STATUS | (kyc_status is not None) * StatusChange.KYC_STATUS
        return self.tell(
            Kind.ACCOUNT_STATUS, account=account, status=status or 0, kyc_status=kyc_status or 0, changes=changes
        )

    def set_kill(self, scope: int, on: int, *, account: int = 0, symbol: int = 0, group: int = 0) -> Reason:
        return self.tell(Kind.KILL, scope=scope, on=on, account=account, symbol=symbol, group=group)

    def set_breaker_rules(self, symbol: int, rules: BreakerRules) -> Reason:
        return self.tell(Kind.BREAKER_RULES, symbol=symbol, **asdict(rules))

    def breaker(self, symbol: int, transition: int, cause: int, now_ns: int) -> Reason:
        return self.tell(Kind.BREAKER, symbol=symbol, transition=transition, cause=cause, timestamp_ns=now_ns)

    def tick(self, now_ns: int) -> None:
        self.tell(Kind.TICK, timestamp_ns=now_ns)

    def usage(self, account: int, symbol: int) -> Usage:
        position = self.ledger.positions[position_of(self.ledger, account, symbol)]
        owner = self.ledger.accounts[account]
        today = int(self.ledger.words[W_TODAY])
        return Usage(
            open_orders=int(position["open_orders"]),
            open_lots_buy=int(position["open_lots_buy"]),
            open_lots_sell=int(position["open_lots_sell"]),
            open_notional_buy=shown(int(position["open_notional_buy"]), int(position["buy_over"])),
            open_notional_sell=shown(int(position["open_notional_sell"]), int(position["sell_over"])),
            exposure=int(position["exposure"]),
            open_value=int(position["open_value"]),
            mark=int(self.ledger.symbols[symbol]["mark_ticks"]),
            all_open_orders=int(owner["open_orders"]),
            all_exposure=shown(int(owner["exposure"]), int(owner["exposure_over"])),
            all_open_value=shown(int(owner["open_value"]), int(owner["open_value_over"])),
            day_traded=traded_on(owner, today),
            day_realised=realised_on(owner, today),
            unrealised=unrealised_of(self.ledger, account),
        )

    def outbox(self) -> list[Alert | BreakerRecord]:
        waiting = range(int(self.ledger.words[W_TAKEN]), int(self.ledger.words[W_SENT]))
        records = self.ledger.outbox.view(np.ndarray).view(DETAILS)
        return [_sent(records[number % len(records)]) for number in waiting]

    def outbox_pop(self) -> None:
        _pop(self.ledger)

    @property
    def open_holds(self) -> int:
        """Live orders of settled symbols."""
        return int(np.count_nonzero(self.ledger.holds.view(np.ndarray)["order_id"]))

    @property
    def faults(self) -> int:
        """Events that did not fit what the ledger knew."""
        return int(self.ledger.words[W_FAULTS])
