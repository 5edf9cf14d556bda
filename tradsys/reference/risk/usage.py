"""What is counted of accounts, added up anew at every question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tradsys.reference.ledger.amendments import Amendment
from tradsys.reference.ledger.contracts import Contract
from tradsys.reference.ledger.holds import HeldOrder, Holding
from tradsys.reference.ledger.positions import Position
from tradsys.reference.risk.sizes import NOTHING, Size, counted_together
from tradsys.reference.risk.today import Today
from tradsys.reference.risk.values import Values, bounded


@dataclass(frozen=True, slots=True)
class Usage:
    """Of an account in a symbol, and (`all_...` and what follows) of the account as a whole.

    docs/risk.md, What is counted. Lots, notionals in quote units, everything else in units of account; `mark` in ticks.
    """

    open_orders: int
    open_lots_buy: int
    open_lots_sell: int
    open_notional_buy: int
    open_notional_sell: int
    exposure: int
    open_value: int
    mark: int
    all_open_orders: int
    all_exposure: int
    all_open_value: int
    day_traded: int
    day_realised: int
    unrealised: int


@dataclass(slots=True)
class Open:
    """What an account's live orders in a symbol count."""

    orders: int = 0
    buy: Size = NOTHING
    sell: Size = NOTHING

    def add(self, size: Size, *, is_buy: bool) -> None:
        """So much more on one side."""
        if is_buy:
            self.buy = self.buy.plus(size)
        else:
            self.sell = self.sell.plus(size)


@dataclass(slots=True)
class Counts:
    """Counts what the ledger knows: its own tables, to be read."""

    contracts: Mapping[int, Contract]
    positions: Mapping[tuple[int, int], Position]
    holdings: Mapping[HeldOrder, Holding]
    """Whatever is live; orders that cancel each other have the same."""
    amendments: Mapping[int, Amendment]
    values: Values
    today: Today
    marks: dict[int, int] = field(default_factory=dict)
    """By symbol: the price of its last settled trade, before that its reference price."""

    def usage(
        self, account: int, symbol: int, *, new: Iterable[Holding] = (), amendment: Amendment | None = None
    ) -> Usage:
        """All figures; as if what is new were live, or the amendment on its way."""
        opened = self._opened(account, new, amendment)
        here = opened.get(symbol, Open())
        exposures = {each: self._exposure(account, each, opened) for each in self._symbols(account, opened)}
        today = self.today.of(account)
        return Usage(
            here.orders,
            bounded(here.buy.lots),
            bounded(here.sell.lots),
            bounded(here.buy.notional),
            bounded(here.sell.notional),
            exposures.get(symbol, 0),
            self._open_value(symbol, opened),
            self.marks.get(symbol, 0),
            sum(each.orders for each in opened.values()),
            bounded(sum(exposures.values())),
            bounded(sum(self._open_value(each, opened) for each in opened)),
            today.traded,
            today.realised,
            self._unrealised(account),
        )

    def _opened(self, account: int, new: Iterable[Holding], amendment: Amendment | None) -> dict[int, Open]:
        """By symbol: what live orders count."""
        opened: dict[int, Open] = {}
        for holding in dict.fromkeys((*self.holdings.values(), *new)):
            if holding.account != account:
                continue
            here = opened.setdefault(holding.orders[0].symbol, Open())
            here.orders += len(holding.orders)
            for is_buy in (True, False):
                here.add(counted_together(holding, is_buy=is_buy), is_buy=is_buy)
        for each in self._amendments(amendment):
            if each.order.account == account and each.order in self.holdings:
                opened[each.order.symbol].add(Size(each.more_lots, each.more_notional), is_buy=each.order.is_buy)
        return opened

    def _amendments(self, amendment: Amendment | None) -> Iterator[Amendment]:
        yield from self.amendments.values()
        if amendment is not None:
            yield amendment

    def _symbols(self, account: int, opened: dict[int, Open]) -> list[int]:
        """Where the account has orders or a position."""
        return sorted({*opened, *(symbol for holder, symbol in self.positions if holder == account)})

    def _exposure(self, account: int, symbol: int, opened: dict[int, Open]) -> int:
        here, cost = opened.get(symbol, Open()), self.positions.get((account, symbol), Position()).cost
        worst = max(cost + here.buy.notional, here.sell.notional - cost)
        return self.values.of(worst, self.contracts[symbol].quote)

    def _open_value(self, symbol: int, opened: dict[int, Open]) -> int:
        if symbol not in opened:
            return 0
        here = opened[symbol]
        return self.values.of(here.buy.notional + here.sell.notional, self.contracts[symbol].quote)

    def _unrealised(self, account: int) -> int:
        values = []
        for (holder, symbol), position in self.positions.items():
            if holder == account:
                contract = self.contracts[symbol]
                worth = bounded(self.marks.get(symbol, 0) * position.quantity * contract.numerator) // contract.divisor
                values.append(self.values.of(worth - position.cost, contract.quote))
        return bounded(sum(values))
