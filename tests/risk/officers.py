"""Risk officers who set limits at random, mostly near what is used, and lift them again."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests import factories
from tests.book.instruments import ACCOUNTS
from tests.ledger.money import TRADED, WORLD
from tests.risk.shards import WITHOUT_AUCTIONS, CheckedShards
from tradsys.ledger.terms import AMOUNT_MAX, DAY_NS
from tradsys.reference.messages import commands_of
from tradsys.reference.risk.breakers import BreakerRules
from tradsys.reference.risk.usage import Usage
from tradsys.risk.terms import Limit, Scope, Transition

SYMBOLS = tuple(instrument.symbol for instrument in TRADED)
GROUPS = (7, 8)
_SCOPES = (Scope.ACCOUNT_SYMBOL, Scope.ACCOUNT_SYMBOL, Scope.ACCOUNT, Scope.ACCOUNT, Scope.GROUP, Scope.VENUE)
_OF_RATES = (Limit.ORDERS_PER_SECOND, Limit.CANCELS_PER_SECOND)
_OF_BURSTS = (Limit.ORDERS_BURST, Limit.CANCELS_BURST)


class Officers:
    """Do something now and then; what stops much is lifted soon."""

    def __init__(self, seed: int, shards: CheckedShards) -> None:
        self._dice = random.Random(seed)
        self._shards = shards
        self._number = 0
        self._to_lift: list[tuple[int, Callable[[], object]]] = []

    def next(self) -> None:
        """A command has been carried out."""
        self._number += 1
        due = [lift for number, lift in self._to_lift if number <= self._number]
        self._to_lift = [each for each in self._to_lift if each[0] > self._number]
        for lift in due:
            lift()
        if self._one_in(8):
            actions = (self._limit, self._status, self._kill, self._rules, self._breaker, self._value, self._wait)
            self._dice.choices(actions, (60, 3, 2, 6, 2, 2, 25))[0]()

    def _one_in(self, count: int) -> bool:
        return self._dice.randrange(count) == 0

    def _later(self, most: int, lift: Callable[[], object]) -> None:
        self._to_lift.append((self._number + self._dice.randint(1, most), lift))

    def _limit(self) -> None:
        dice, shards = self._dice, self._shards
        account, symbol = dice.choice(ACCOUNTS), dice.choice(SYMBOLS)
        scope, limit = dice.choice(_SCOPES), dice.choice(tuple(Limit))
        if scope == Scope.ACCOUNT_SYMBOL and limit >= Limit.OPEN_ORDERS_TOTAL and not self._one_in(10):
            scope = Scope.ACCOUNT
        value = self._value_of(limit, shards.ledgers[0].usage(account, symbol), account, symbol)
        named = {"account": account, "symbol": symbol, "group": dice.choice(GROUPS)}
        if self._one_in(25):
            self._wild(named)
            return
        shards.tell(lambda ledger: ledger.set_limit(scope, limit, value, **named))
        if limit == Limit.CONCENTRATION_BPS:
            # Which is a share of that.
            whole = shards.ledgers[0].usage(account, symbol).all_exposure * 2
            shards.tell(lambda ledger: ledger.set_limit(Scope.ACCOUNT, Limit.EXPOSURE, whole, account=account))
        self._later(
            40 if value == 0 else 300, lambda: shards.tell(lambda ledger: ledger.set_limit(scope, limit, -1, **named))
        )

    def _value_of(self, limit: Limit, usage: Usage, account: int, symbol: int) -> int:
        """Mostly a little more than is used, or less."""
        dice = self._dice
        position = abs(self._shards.ledgers[0].position(account, symbol).quantity)
        lots, notional = usage.open_lots_buy + usage.open_lots_sell, usage.open_notional_buy + usage.open_notional_sell
        used = {
            Limit.OPEN_LOTS: lots,
            Limit.OPEN_NOTIONAL: notional,
            Limit.POSITION: position + lots // 2,
            Limit.EXPOSURE: usage.all_exposure,
            Limit.DAILY_NOTIONAL: usage.day_traded + usage.all_open_value,
            Limit.DAILY_LOSS: max(-usage.day_realised - usage.unrealised, 0),
        }
        plain = {
            Limit.TRADING: (0, 1),
            Limit.ORDER_LOTS_MIN: (1, 3),
            Limit.ORDER_LOTS_MAX: (10, 50),
            Limit.ORDER_NOTIONAL_MIN: (1, 100),
            Limit.ORDER_NOTIONAL_MAX: (1_000, 20_000),
            Limit.COLLAR_BPS: (50, 2_000),
            Limit.OPEN_ORDERS: (usage.open_orders // 2, usage.open_orders + 4),
            Limit.OPEN_ORDERS_TOTAL: (usage.all_open_orders // 2, usage.all_open_orders + 8),
            Limit.SHORT: (0, 60),
            Limit.CONCENTRATION_BPS: (500, 6_000),
            Limit.LEVERAGE: (0, 400),
            **dict.fromkeys(_OF_RATES, (100, 200_000)),
            **dict.fromkeys(_OF_BURSTS, (0, 4)),
        }
        if limit in used:
            return used[limit] * dice.randint(90, 240) // 100 + dice.randint(0, 9)
        return dice.randint(*plain[limit]) if not self._one_in(20) else 0

    def _wild(self, named: dict[str, int]) -> None:
        """What may make no sense."""
        dice = self._dice
        wild = named | {dice.choice(tuple(named)): dice.choice((0, 7, 9, 77, (1 << 32) - 1))}
        scope, limit = dice.randrange(7), dice.choice((*range(22), 255))
        value = dice.choice((-2, -1, 1_000_000, 1_000_001, 1_000_000_001, AMOUNT_MAX, AMOUNT_MAX + 1))
        self._shards.tell(lambda ledger: ledger.set_limit(scope, limit, value, **wild))
        self._later(20, lambda: self._shards.tell(lambda ledger: ledger.set_limit(scope, limit, -1, **wild)))

    def _status(self) -> None:
        dice, shards = self._dice, self._shards
        account = dice.choice(ACCOUNTS) if not self._one_in(20) else 77
        status = dice.choice((None, 1, 2, 2, 0)) if not self._one_in(20) else 3
        kyc_status = dice.choice((None, 0, 1, 2, 3, 4)) if not self._one_in(20) else 5
        shards.tell(lambda ledger: ledger.set_status(account, status=status, kyc_status=kyc_status))
        self._later(60, lambda: shards.tell(lambda ledger: ledger.set_status(account, status=0, kyc_status=2)))

    def _kill(self) -> None:
        dice = self._dice
        scope = dice.choice((Scope.ACCOUNT, Scope.ACCOUNT, Scope.GROUP, Scope.SYMBOL, Scope.SYMBOL, Scope.VENUE))
        named = {
            "account": dice.choice(ACCOUNTS) if scope == Scope.ACCOUNT else 0,
            "group": dice.choice(GROUPS) if scope == Scope.GROUP else 0,
            "symbol": dice.choice(SYMBOLS) if scope == Scope.SYMBOL else 0,
        }
        self._shards.log(commands_of(factories.kill(scope, on=1, **named))[0])
        self._later(40, lambda: self._shards.log(commands_of(factories.kill(scope, on=0, **named))[0]))

    def _rules(self) -> None:
        dice, symbol = self._dice, self._dice.choice((0, *SYMBOLS))
        rules = BreakerRules(
            price_move_bps=dice.choice((0, 50, 200, 1_000)),
            volatility_bps=dice.choice((0, 200, 1_000, 5_000)),
            volume=dice.choice((0, dice.randint(50, 500), dice.randint(30_000, 300_000))),
            symbols=dice.choice((0, 0, 2, 3)),
            window_ms=dice.choice((1, 2, 3)) if not self._one_in(20) else 0,
            halt_ms=dice.choice((0, 1, 2)) if symbol else 1,
            half_open_ms=dice.choice((0, 0, 1, 2)) if symbol else 1,
        )
        self._shards.tell(lambda ledger: ledger.set_breaker_rules(symbol, rules))

    def _breaker(self) -> None:
        symbol = self._dice.choice((0, *SYMBOLS) if self._one_in(4) else SYMBOLS)
        transition = self._dice.choice((Transition.TRIP, Transition.HALF_OPEN, Transition.RESET))
        if symbol in WITHOUT_AUCTIONS:
            transition = Transition.TRIP
        self._shards.log(commands_of(factories.breaker(transition, symbol=symbol))[0])
        self._later(60, lambda: self._shards.log(commands_of(factories.breaker(Transition.RESET, symbol=symbol))[0]))

    def _value(self) -> None:
        asset, value = self._dice.choice(WORLD.assets), self._dice.choice(((1, 1), (3, 2), (2, 7), (0, 1), (5, 1)))
        for ledger in self._shards.ledgers:
            ledger.set_asset_value(asset, *value)

    def _wait(self) -> None:
        """Some time, sometimes until another day."""
        self._shards.later_ns += DAY_NS if self._one_in(15) else self._dice.randint(1, 1_500_000)
