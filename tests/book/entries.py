"""Random new orders of every type, with their extensions and legs, mostly as the rules want them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests import factories
from tests.book.instruments import Numbers
from tradsys.records import (
    LINK_SHIFT,
    SELF_TRADE_SHIFT,
    CommandFlag,
    Kind,
    Link,
    MarketState,
    OrderType,
    TimeInForce,
    entry_word,
)
from tradsys.reference.messages import Command, Extension, commands_of

_WITH_TRIGGER = tuple(
    map(
        int,
        (
            OrderType.STOP,
            OrderType.STOP_LIMIT,
            OrderType.TRAILING_STOP,
            OrderType.TAKE_PROFIT,
            OrderType.TAKE_PROFIT_LIMIT,
        ),
    )
)
_WITH_LIMIT = (OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)
_LASTING = (0, 0, 0, int(TimeInForce.DAY), int(TimeInForce.GTD))
_NOW = (0, 1, 2)
_ENTERING = (MarketState.PRE_OPEN, MarketState.OPENING_AUCTION)


@dataclass(slots=True)
class Draft:
    """A NEW, and what stands before it in the log."""

    new: Command
    extension: Extension | None = None
    legs: list[Command] = field(default_factory=list)

    def extend(self, **options: int) -> None:
        """Add options to the extension, with one if there is none."""
        self.extension = replace(self.extension or Extension(), **options)


class Entries:
    """Gives one new order after the other, each with its prelude."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._dice = numbers.dice
        self._clients = 0
        self._recipes: list[tuple[int, Callable[[Draft], None]]] = [
            (1500, self._ordinary),
            (50, self._budget),
            (130, self._triggered),
            (40, self._pegged),
            (60, self._hidden),
            (70, self._iceberg),
            (40, self._minimum),
            (30, self._sliding),
            (60, self._timed),
            (90, self._for_an_auction),
            (90, self._linked),
            (30, self._wild),
        ]

    def next(self) -> list[Command]:
        """A NEW with whatever stands before it, of one source."""
        recipes = [recipe for _, recipe in self._recipes]
        draft = Draft(self._entry(Kind.NEW))
        self._dice.choices(recipes, [weight for weight, _ in self._recipes])[0](draft)
        if self._numbers.one_in(5):
            self._mind_own(draft.new)
        return self._assembled(draft)

    # Parts of orders.

    def _entry(self, kind: Kind, symbol: int | None = None, account: int | None = None) -> Command:
        """A limit order, good till cancelled."""
        dice, numbers = self._dice, self._numbers
        self._clients += 1
        symbol = numbers.symbol() if symbol is None else symbol
        side = dice.randrange(2) if not numbers.one_in(300) else dice.choice((2, 3, 255))
        return Command(
            kind=int(kind),
            side=side,
            symbol=symbol,
            account=numbers.account() if account is None else account,
            price_ticks=numbers.price(symbol, side),
            quantity_lots=numbers.quantity(),
            order_id=entry_word(0, numbers.session()),
            client_order_id=self._clients,
        )

    def _mind_own(self, entry: Command) -> None:
        """Some self-trade prevention."""
        entry.flags |= self._dice.choices((1, 2, 3, 4, 5, 7), (20, 20, 20, 20, 1, 1))[0] << SELF_TRADE_SHIFT
        if self._numbers.one_in(2):
            entry.flags |= CommandFlag.GROUP

    def _stay(self, draft: Draft) -> None:
        """A time in force of an order that waits."""
        draft.new.time_in_force = self._dice.choice(_LASTING)
        if draft.new.time_in_force == TimeInForce.GTD:
            draft.extend(expires_ns=self._expiry())

    def _expiry(self) -> int:
        """Mostly dozens to thousands of records ahead."""
        now = self._numbers.now_ns
        if self._numbers.one_in(30):
            return self._dice.choice((0, -1, 1, now, (1 << 63) - 1))
        return now + self._dice.choice((30, 300, 3000)) * self._dice.randint(1, 1000)

    def _arm(self, entry: Command) -> None:
        """Make it an order with a trigger."""
        dice, numbers = self._dice, self._numbers
        entry.order_type = dice.choice(_WITH_TRIGGER)
        entry.order_id = entry_word(numbers.price(entry.symbol), numbers.session())
        if entry.order_type == OrderType.TRAILING_STOP:
            entry.price_ticks = self._distance(entry)
        elif entry.order_type not in _WITH_LIMIT and not numbers.one_in(20):
            entry.price_ticks = 0

    def _distance(self, entry: Command) -> int:
        dice, numbers = self._dice, self._numbers
        if numbers.one_in(3):
            entry.flags |= CommandFlag.BASIS_POINTS
            return dice.choice((0, -1, 9_999, 10_000)) if numbers.one_in(30) else dice.randint(1, 400)
        if numbers.one_in(30):
            return dice.choice((0, -1, (1 << 31) - 1, -(1 << 31)))
        return dice.randint(1, numbers.instrument(entry.symbol).spread_ticks)

    def _part_of(self, quantity_lots: int) -> int:
        """Mostly a part of a quantity, sometimes all of it or something odd."""
        if self._numbers.one_in(25):
            return self._dice.choice((-1, 0, quantity_lots, quantity_lots + 1)) if abs(quantity_lots) < 1 << 62 else 1
        return self._dice.randint(1, max(quantity_lots // 2, 1)) if quantity_lots < 1 << 41 else 1

    # Whole orders.

    def _ordinary(self, draft: Draft) -> None:
        dice, new = self._dice, draft.new
        new.order_type = dice.choices((0, 1, 8, 255), (340, 30, 1, 1))[0]
        new.time_in_force = dice.choices((*_NOW, 7, 255), (160, 20, 20, 1, 1))[0]
        new.flags = dice.choices((0, 1, 2, 16, 256, 1 << 11, 65535), (180, 16, 1, 1, 1, 1, 1))[0]

    def _budget(self, draft: Draft) -> None:
        dice, new = self._dice, draft.new
        new.order_type, new.time_in_force = int(OrderType.MARKET), dice.choice((0, 1))
        new.flags = int(CommandFlag.BUDGET)
        centre = self._numbers.instrument(new.symbol).centres[0]
        new.quantity_lots = dice.randint(1, 20) * abs(centre) + dice.randint(-3, 3)
        if self._numbers.one_in(30):
            new.quantity_lots = dice.choice((0, -1, (1 << 62) - 1, 1 << 62))

    def _triggered(self, draft: Draft) -> None:
        self._arm(draft.new)
        self._stay(draft)

    def _pegged(self, draft: Draft) -> None:
        draft.new.order_type = int(OrderType.PEGGED)
        draft.new.flags = self._dice.choice((0, 0, CommandFlag.HIDDEN)) | self._dice.choice((0, CommandFlag.MIDPOINT))
        self._stay(draft)

    def _hidden(self, draft: Draft) -> None:
        draft.new.flags = CommandFlag.HIDDEN | self._dice.choice((0, 0, 0, CommandFlag.POST_ONLY))
        self._stay(draft)

    def _iceberg(self, draft: Draft) -> None:
        self._stay(draft)
        if not self._numbers.one_in(3):
            draft.new.quantity_lots = self._dice.randint(2, 60)
        draft.extend(display_lots=self._part_of(draft.new.quantity_lots))
        draft.new.flags = self._dice.choice((0, 0, 0, CommandFlag.POST_ONLY))

    def _minimum(self, draft: Draft) -> None:
        draft.new.time_in_force = self._dice.choice((0, 1, 3))
        if self._numbers.one_in(4):
            draft.new.order_type, draft.new.time_in_force = int(OrderType.MARKET), self._dice.choice((0, 1))
        if self._numbers.one_in(6):
            draft.extend(display_lots=self._part_of(draft.new.quantity_lots))
        draft.extend(minimum_lots=self._part_of(draft.new.quantity_lots))

    def _sliding(self, draft: Draft) -> None:
        draft.new.flags = CommandFlag.POST_ONLY | CommandFlag.SLIDE | self._dice.choice((0, 0, CommandFlag.HIDDEN))
        self._stay(draft)

    def _timed(self, draft: Draft) -> None:
        self._stay(draft)

    def _for_an_auction(self, draft: Draft) -> None:
        new, is_early = draft.new, self._numbers.state(draft.new.symbol) in _ENTERING
        new.order_type = self._dice.choice((0, 0, 1))
        wanted = TimeInForce.AT_OPEN if is_early else TimeInForce.AT_CLOSE
        new.time_in_force = int(self._dice.choice((wanted, wanted, wanted, TimeInForce.AT_CLOSE)))
        if self._numbers.one_in(12):
            new.time_in_force = int(TimeInForce.AT_OPEN)

    def _linked(self, draft: Draft) -> None:
        dice, new = self._dice, draft.new
        link = dice.choice((Link.ONE_CANCELS_OTHER, Link.ONE_TRIGGERS_OTHER, Link.ONE_TRIGGERS_OTHER))
        if link == Link.ONE_CANCELS_OTHER:
            self._stay(draft)
            if self._numbers.one_in(3):
                self._arm(new)
            draft.legs = [self._leg(draft, new.time_in_force)]
            if new.order_type == draft.legs[0].order_type == OrderType.LIMIT and not self._numbers.one_in(10):
                draft.legs[0].side = 1 - (new.side & 1)
        else:
            self._first_of_linked(draft)
            time = dice.choice(_LASTING)
            if new.time_in_force != TimeInForce.GTD and not self._numbers.one_in(20):
                time = dice.choice((0, int(TimeInForce.DAY)))
            draft.legs = [self._leg(draft, time) for _ in range(dice.randint(1, 2))]
            for leg in draft.legs:
                leg.side = (1 - new.side if new.side < 2 else 0) if not self._numbers.one_in(4) else leg.side
        if self._numbers.one_in(60):
            link = Link.NONE
        new.flags |= link << LINK_SHIFT

    def _first_of_linked(self, draft: Draft) -> None:
        """The order that others wait for."""
        match self._dice.randrange(6):
            case 0:
                self._triggered(draft)
            case 1:
                self._iceberg(draft)
            case 2:
                draft.new.time_in_force = self._dice.choice(_NOW)
                draft.new.order_type = self._dice.choice((0, 1))
            case 3 if self._numbers.one_in(4):
                self._pegged(draft)
            case _:
                self._stay(draft)

    def _leg(self, draft: Draft, time_in_force: int) -> Command:
        new = draft.new
        leg = self._entry(Kind.LEG, new.symbol, new.account)
        leg.time_in_force = time_in_force
        if not self._numbers.one_in(3):
            self._arm(leg)
        if self._numbers.one_in(5):
            self._mind_own(leg)
        if self._numbers.one_in(60):
            odd: dict[str, Any] = {
                "symbol": self._numbers.symbol(),
                "account": self._numbers.account(),
                "flags": 1 << self._dice.randrange(16),
                "order_type": self._dice.randrange(9),
                "time_in_force": self._dice.randrange(8),
            }
            name = self._dice.choice(list(odd))
            setattr(leg, name, odd[name])
        return leg

    def _wild(self, draft: Draft) -> None:
        """Anything with anything."""
        dice, new = self._dice, draft.new
        new.order_type, new.time_in_force = dice.randrange(8), dice.randrange(7)
        for _ in range(dice.randrange(3)):
            new.flags |= 1 << dice.choice((0, 1, 2, 7, 8, 9, 10, 11, 14, 15))
        if self._numbers.one_in(2):
            names = dice.sample(("expires_ns", "display_lots", "minimum_lots"), dice.randrange(3))
            draft.extend(**{name: self._expiry() if name == "expires_ns" else dice.randint(0, 20) for name in names})

    # From a draft to commands.

    def _assembled(self, draft: Draft) -> list[Command]:
        prelude = list(draft.legs)
        if draft.extension is not None:
            draft.new.flags |= CommandFlag.EXTENDED
            prelude.insert(self._dice.randint(0, len(prelude)), self._extension(draft.new, draft.extension))
        draft.new.flags &= 0xFFFF
        commands = [*prelude, draft.new]
        source = self._dice.randrange(256)
        for command in commands:
            command.source = source
        if self._numbers.one_in(15 if prelude else 250):
            self._break(commands)
        return commands

    def _extension(self, new: Command, extension: Extension) -> Command:
        record = factories.extension(
            symbol=new.symbol,
            account=new.account,
            expires_ns=extension.expires_ns,
            display_lots=extension.display_lots,
            minimum_lots=extension.minimum_lots,
        )
        return commands_of(record)[0]

    def _break(self, commands: list[Command]) -> None:
        """Do to a prelude what must not be: something missing, superfluous, strange, or refused by the sequencer."""
        dice, new, place = self._dice, commands[-1], self._dice.randrange(len(commands))
        match dice.randrange(7):
            case 0:
                del commands[place]
            case 1:
                commands.insert(place, replace(commands[place], kind=int(Kind.LEG), flags=0))
            case 2:
                commands.insert(place, self._extension(new, Extension()))
            case 3:
                commands[place].source ^= 1
            case 4:
                commands[place].symbol = self._numbers.symbol()
            case 5:
                commands[place].reason = dice.choice((1, 2, 3))
            case _:
                commands.insert(place, Command(kind=int(dice.choice((Kind.TICK, Kind.BOOT))), source=new.source))
