"""The ledger: what it is told, what it shows, and what decides and settles in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tradsys.ledger.terms import VALUE_PART_MAX, AccountKind
from tradsys.reasons import Reason
from tradsys.reference.ledger.balances import Balances
from tradsys.reference.ledger.contracts import Contract
from tradsys.reference.ledger.deciding import Decisions
from tradsys.reference.ledger.fees import Fees
from tradsys.reference.ledger.holdings import Holdings
from tradsys.reference.ledger.positions import Position
from tradsys.reference.ledger.postings import Postings
from tradsys.reference.ledger.settling import Settlement
from tradsys.reference.ledger.tiers import Schedules, Volumes
from tradsys.reference.messages import Command, Event
from tradsys.reference.risk.breakers import BreakerRules
from tradsys.reference.risk.desk import Desk
from tradsys.reference.risk.outbox import Alert, BreakerRecord
from tradsys.reference.risk.usage import Usage


class Ledger:
    """Balances, holds, fees and positions of every account, and what the risk desk knows.

    `postings_max` ids of postings have room, and symbols up to `symbols_max` (None: any); of so many orders that have
    ended the client order ids are remembered.
    """

    def __init__(
        self, postings_max: int | None = None, symbols_max: int | None = None, clients_remembered: int = 0
    ) -> None:
        self._balances = Balances()
        self._assets: set[int] = set()
        self._kinds: dict[int, AccountKind] = {}
        self._fee_classes: dict[int, int] = {}
        self._groups: dict[int, int] = {}
        self._contracts: dict[int, Contract] = {}
        self._schedules = Schedules()
        self._volumes = Volumes()
        self._positions: dict[tuple[int, int], Position] = {}
        self._holdings = Holdings(self._balances)
        self._desk = Desk(
            self._groups,
            self._contracts,
            self._balances,
            self._positions,
            self._holdings.of,
            self._holdings.amendments,
            symbols_max,
            clients_remembered,
        )
        stops = self._desk.stops
        self._postings = Postings(self._balances, self._kinds, self._assets, postings_max, stops.is_frozen)
        self._decisions = Decisions(self._contracts, self._balances, self._holdings, self._fees_of, self._desk)
        self._settlement = Settlement(
            self._contracts, self._balances, self._holdings, self._positions, self._volumes, self._desk
        )

    # Definitions.

    def add_asset(self, number: int) -> None:
        """An asset that there was not before."""
        if number < 1 or number in self._assets:
            raise ValueError(f"asset {number} is not a new number from 1")
        self._assets.add(number)

    def set_asset_value(self, asset: int, numerator: int, divisor: int) -> None:
        """What an asset's smallest unit is worth in units of account, from now on."""
        if asset not in self._assets or not 0 <= numerator <= VALUE_PART_MAX or not 1 <= divisor <= VALUE_PART_MAX:
            raise ValueError(f"asset {asset}: value {numerator} / {divisor}")
        self._desk.values.set(asset, numerator, divisor)

    def add_account(self, number: int, kind: AccountKind, fee_class: int = 0, group: int = 0) -> None:
        """An account that there was not before, with nothing in it."""
        if number < 1 or number in self._kinds:
            raise ValueError(f"account {number} is not a new number from 1")
        if AccountKind(kind) == AccountKind.NONE or fee_class < 0:
            raise ValueError(f"account {number}: kind {kind}, fee class {fee_class}")
        self._kinds[number] = AccountKind(kind)
        self._fee_classes[number] = fee_class
        self._groups[number] = group

    def add_contract(self, symbol: int, contract: Contract) -> None:
        """What a symbol trades from its first order on."""
        if symbol < 1 or symbol in self._decisions.symbols_with_orders:
            raise ValueError(f"symbol {symbol} is no number from 1, or has had orders")
        if not {contract.base, contract.quote} <= self._assets:
            raise ValueError(f"symbol {symbol}: asset {contract.base} or {contract.quote} is unknown")
        if self._kinds.get(contract.fee_account) != AccountKind.FEE:
            raise ValueError(f"symbol {symbol}: account {contract.fee_account} is not for fees")
        self._contracts[symbol] = contract

    def set_fees(self, symbol: int, fee_class: int, fees: Fees, tier: int = 0) -> None:
        """What orders from now on are charged; symbol 0: in all symbols without a schedule of their own."""
        self._schedules.set(symbol, fee_class, tier, fees)

    def set_tier(self, tier: int, volume: int) -> None:
        """From which volume on a fee tier applies."""
        self._schedules.set_tier(tier, volume)

    # What it shows.

    def available(self, account: int, asset: int) -> int:
        """What the account can spend."""
        return self._balances.look(account, asset).available

    def held(self, account: int, asset: int) -> int:
        """What its orders hold and what is reserved."""
        return self._balances.look(account, asset).held

    def reserved(self, account: int, asset: int) -> int:
        """The part of what is held that waits to be withdrawn."""
        return self._balances.look(account, asset).reserved

    def held_by_orders(self, account: int, asset: int) -> int:
        """Added up: what each of its orders holds, and each amendment under way beside it."""
        return self._holdings.amount(account, asset)

    def position(self, account: int, symbol: int) -> Position:
        """A copy of the account's position in a symbol."""
        return replace(self._positions.get((account, symbol), Position()))

    def total(self, asset: int) -> int:
        """Of all accounts: 0."""
        return self._balances.total(asset)

    @property
    def open_holds(self) -> int:
        """How many orders hold something or are live."""
        return len(self._holdings.of)

    def usage(self, account: int, symbol: int) -> Usage:
        """What the risk checks count of the account, in the symbol and in all."""
        return self._desk.counts.usage(account, symbol)

    # Records of risk officers; each gives why it is refused.

    def set_limit(
        self, scope: int, limit: int, value: int, *, account: int = 0, symbol: int = 0, group: int = 0
    ) -> Reason:
        """Limit what the scope names; -1 removes the limit."""
        return self._desk.limits.set(scope, limit, value, account, symbol, group)

    def set_status(self, account: int, *, status: int | None = None, kyc_status: int | None = None) -> Reason:
        """Change what is not None."""
        return self._desk.stops.set_status(account, status, kyc_status)

    def set_kill(self, scope: int, on: int, *, account: int = 0, symbol: int = 0, group: int = 0) -> Reason:
        """Put the kill switch of what the scope names on, or off."""
        return self._desk.stops.set_kill(scope, on, account, symbol, group)

    def set_breaker_rules(self, symbol: int, rules: BreakerRules) -> Reason:
        """What trips the breaker of a symbol (0: the venue's)."""
        return self._desk.breakers.set_rules(symbol, rules)

    def breaker(self, symbol: int, transition: int, cause: int, now_ns: int) -> Reason:
        """A record in the log says what a breaker does."""
        return self._desk.breakers.apply(symbol, transition, cause, now_ns)

    def tick(self, now_ns: int) -> None:
        """The log's time."""
        self._desk.tick(now_ns)

    def outbox(self) -> list[Alert | BreakerRecord]:
        """What the venue itself must log next."""
        return self._desk.outbox.records

    def outbox_pop(self) -> None:
        """The first of it stands in the log."""
        self._desk.outbox.pop()

    # Postings.

    def post(self, kind: int, number: int, source: int, target: int, asset: int, amount: int) -> Reason:
        """Move an amount without a trade; gives why not."""
        return self._postings.post(kind, number, source, target, asset, amount)

    # Before the book, and after it.

    def decide(self, command: Command, legs: Sequence[Command] = ()) -> Reason:
        """Check a NEW (with the LEGs before it), AMEND or CANCEL and take its hold; gives why it is refused."""
        return self._decisions.decide(command, legs)

    def settle(self, event: Event, shard: int = 0) -> None:
        """Take the next event of a shard."""
        self._settlement.settle(event, shard)

    def _fees_of(self, account: int, symbol: int) -> Fees:
        volume = self._volumes.before(account, self._desk.today.day)
        return self._schedules.of(symbol, self._fee_classes[account], volume)
