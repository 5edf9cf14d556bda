"""The kernel's ledger behind the reference ledger's interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from shm.arena import new_array
from shm.jit import kernel
from tests.book.flow import records_of
from tradsys.ledger import definitions
from tradsys.ledger.balances import balance_of, columns_of
from tradsys.ledger.deciding import decide
from tradsys.ledger.layout import W_FAULTS, Ledger, LedgerSize, carve
from tradsys.ledger.positions import position_row
from tradsys.ledger.postings import post
from tradsys.ledger.settling import settle
from tradsys.ledger.terms import AccountKind
from tradsys.reasons import Reason
from tradsys.records import COMMAND, EVENT
from tradsys.reference.ledger.contracts import Contract
from tradsys.reference.ledger.fees import Fees
from tradsys.reference.ledger.positions import Position
from tradsys.reference.messages import EVENT_FIELDS, Command, Event

SMALL = LedgerSize(accounts_max=100, assets_max=7, symbols_max=8, orders=5000, pending=64, positions=200, postings=500)


@kernel
def _decide(ledger: Ledger, commands: Any, shards: int) -> int:
    return decide(ledger, commands[0], commands[1], commands[2], shards)


@kernel
def _settle(ledger: Ledger, events: Any, shard: int, shards: int) -> None:
    settle(ledger, events[0], shard, shards)


class KernelLedger:
    """A ledger of private memory; every call is one call of a kernel."""

    def __init__(self, size: LedgerSize = SMALL) -> None:
        self.ledger = carve(new_array, size)
        self._shards = size.shards
        self._commands = new_array(COMMAND, 3)
        self._events = new_array(EVENT, 1)

    def add_asset(self, number: int) -> None:
        definitions.add_asset(self.ledger, number)

    def add_account(self, number: int, kind: AccountKind, fee_class: int = 0) -> None:
        definitions.add_account(self.ledger, number, kind, fee_class)

    def add_contract(self, symbol: int, contract: Contract) -> None:
        definitions.add_contract(self.ledger, symbol, definitions.Contract(**asdict(contract)))

    def set_fees(self, symbol: int, fee_class: int, fees: Fees) -> None:
        definitions.set_fees(self.ledger, symbol, fee_class, definitions.Fees(**asdict(fees)))

    def post(self, kind: int, number: int, source: int, target: int, asset: int, amount: int) -> Reason:
        return Reason(post(self.ledger, int(kind), number, source, target, asset, amount))

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
        row = self.ledger.positions[position_row(self.ledger, account, symbol)]
        return Position(*(int(row[name]) for name in ("quantity", "cost", "realised", "fees", "turnover")))

    def total(self, asset: int) -> int:
        rows = self.ledger.balances.view(np.ndarray)[asset :: columns_of(self.ledger)]
        return int(rows["available"].astype(object).sum() + rows["held"].astype(object).sum())

    @property
    def open_holds(self) -> int:
        """Live orders of settled symbols."""
        return int(np.count_nonzero(self.ledger.holds.view(np.ndarray)["order_id"]))

    @property
    def faults(self) -> int:
        """Events that did not fit what the ledger knew."""
        return int(self.ledger.words[W_FAULTS])
