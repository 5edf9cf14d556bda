"""What every ledger can do, and whether two of them say the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from tradsys.ledger.terms import AccountKind
from tradsys.reasons import Reason
from tradsys.reference.ledger.contracts import Contract
from tradsys.reference.ledger.fees import Fees
from tradsys.reference.messages import Command, Event
from tradsys.reference.risk.breakers import BreakerRules
from tradsys.reference.risk.outbox import Alert, BreakerRecord
from tradsys.reference.risk.usage import Usage


class AnyPosition(Protocol):
    """As tradsys.reference.ledger.positions.Position, to be read."""

    @property
    def quantity(self) -> int: ...
    @property
    def cost(self) -> int: ...
    @property
    def realised(self) -> int: ...
    @property
    def fees(self) -> int: ...
    @property
    def turnover(self) -> int: ...


class AnyLedger(Protocol):
    """As tradsys.reference.ledger.ledger.Ledger."""

    def add_asset(self, number: int) -> None: ...
    def add_account(self, number: int, kind: AccountKind, fee_class: int = 0, group: int = 0) -> None: ...
    def add_contract(self, symbol: int, contract: Contract) -> None: ...
    def set_fees(self, symbol: int, fee_class: int, fees: Fees, tier: int = 0) -> None: ...
    def set_tier(self, tier: int, volume: int) -> None: ...
    def post(self, kind: int, number: int, source: int, target: int, asset: int, amount: int) -> Reason: ...
    def decide(self, command: Command, legs: Sequence[Command] = ()) -> Reason: ...
    def settle(self, event: Event, shard: int = 0) -> None: ...
    def available(self, account: int, asset: int) -> int: ...
    def held(self, account: int, asset: int) -> int: ...
    def reserved(self, account: int, asset: int) -> int: ...
    def position(self, account: int, symbol: int) -> AnyPosition: ...
    def total(self, asset: int) -> int: ...
    @property
    def open_holds(self) -> int: ...

    # The risk desk.

    def set_asset_value(self, asset: int, numerator: int, divisor: int) -> None: ...
    def usage(self, account: int, symbol: int) -> Usage: ...
    def set_limit(
        self, scope: int, limit: int, value: int, *, account: int = 0, symbol: int = 0, group: int = 0
    ) -> Reason: ...
    def set_status(self, account: int, *, status: int | None = None, kyc_status: int | None = None) -> Reason: ...
    def set_kill(self, scope: int, on: int, *, account: int = 0, symbol: int = 0, group: int = 0) -> Reason: ...
    def set_breaker_rules(self, symbol: int, rules: BreakerRules) -> Reason: ...
    def breaker(self, symbol: int, transition: int, cause: int, now_ns: int) -> Reason: ...
    def tick(self, now_ns: int) -> None: ...
    def outbox(self) -> list[Alert | BreakerRecord]: ...
    def outbox_pop(self) -> None: ...


@dataclass(frozen=True)
class World:
    """Whose balances there are, of what, and where positions can be."""

    accounts: tuple[int, ...]
    assets: tuple[int, ...]
    symbols: tuple[int, ...]


def figures(ledger: AnyLedger, world: World) -> Iterator[tuple[str, int]]:
    """Everything that the ledger shows, each figure with its name."""
    yield "open holds", ledger.open_holds
    for asset in world.assets:
        yield f"total of asset {asset}", ledger.total(asset)
        for account in world.accounts:
            place = f"of account {account} in asset {asset}"
            yield f"available {place}", ledger.available(account, asset)
            yield f"held {place}", ledger.held(account, asset)
            yield f"reserved {place}", ledger.reserved(account, asset)
    for symbol in world.symbols:
        for account in world.accounts:
            position = ledger.position(account, symbol)
            place = f"of account {account} in symbol {symbol}"
            yield f"quantity {place}", position.quantity
            yield f"cost {place}", position.cost
            yield f"realised {place}", position.realised
            yield f"fees {place}", position.fees
            yield f"turnover {place}", position.turnover


def differences(one: AnyLedger, other: AnyLedger, world: World) -> list[str]:
    """Every figure that is not the same in both."""
    pairs = zip(figures(one, world), figures(other, world), strict=True)
    return [f"{name}: {mine}, not {theirs}" for (name, mine), (_, theirs) in pairs if mine != theirs]


def assert_same(one: AnyLedger, other: AnyLedger, world: World) -> None:
    """Two ledgers show the same figures."""
    assert differences(one, other, world) == []
