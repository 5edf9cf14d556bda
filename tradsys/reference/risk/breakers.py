"""Circuit breakers: what trips them, and how they recover."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.reasons import Reason
from tradsys.reference.risk.outbox import BreakerRecord, Outbox
from tradsys.reference.risk.windows import Print, Tripped, Window
from tradsys.reference.terms import width_ticks
from tradsys.risk.terms import Cause, Transition

VENUE = 0
_BPS_MAX = 1_000_000
_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """What trips a breaker (0: not that), and how it recovers; `symbols` is of the venue's, bps of a symbol's."""

    price_move_bps: int = 0
    volatility_bps: int = 0
    volume: int = 0
    symbols: int = 0
    window_ms: int = 0
    halt_ms: int = 0
    half_open_ms: int = 0


class Stage(Enum):
    """What a breaker lets through."""

    CLOSED = 0
    TRIPPED = 1
    HALF_OPEN = 2


@dataclass(slots=True)
class Breaker:
    """Of a symbol, or of the venue; it has been in its stage since a time of the log."""

    rules: BreakerRules = BreakerRules()
    stage: Stage = Stage.CLOSED
    since_ns: int = 0
    cause: Cause = Cause.NONE
    window: Window = field(default_factory=Window)

    def reset(self) -> None:
        """It lets everything through, and has seen nothing."""
        self.stage, self.cause = Stage.CLOSED, Cause.NONE
        self.window = Window(self.rules.window_ms)

    def cause_in_symbol(self) -> Cause:
        """Why it trips with the last of the trades in its window, if it does."""
        prices = [each.price_ticks for each in self.window.prints]
        moved = abs(prices[-1] - prices[0])
        varied = sum(abs(price - before) for before, price in pairwise(prices))
        rules = self.rules
        if rules.price_move_bps and moved > width_ticks(prices[0], rules.price_move_bps):
            return Cause.PRICE_MOVE
        if rules.volatility_bps and varied > width_ticks(prices[0], rules.volatility_bps):
            return Cause.VOLATILITY
        if rules.volume and sum(each.lots for each in self.window.prints) > rules.volume:
            return Cause.VOLUME
        return Cause.NONE

    def next_by_time(self, now_ns: int) -> Transition:
        """What it is to do because so much time has passed."""
        passed, rules = now_ns - self.since_ns, self.rules
        if rules.halt_ms == 0 or self.cause == Cause.VENUE:
            return Transition.NONE
        if self.stage == Stage.TRIPPED and passed >= rules.halt_ms * _NS:
            return Transition.HALF_OPEN if rules.half_open_ms else Transition.RESET
        if self.stage == Stage.HALF_OPEN and passed >= rules.half_open_ms * _NS:
            return Transition.RESET
        return Transition.NONE


class Breakers:
    """Of all symbols, and the venue's."""

    def __init__(self, outbox: Outbox, symbols_max: int | None = None) -> None:
        self._outbox = outbox
        self._symbols_max = symbols_max
        self._breakers: dict[int, Breaker] = {}
        self._symbols: set[int] = set()

    def add_symbol(self, symbol: int) -> None:
        """There is such a symbol: it follows the venue's breaker."""
        self._symbols.add(symbol)

    @property
    def is_venue_halted(self) -> bool:
        """Whether the venue's has tripped."""
        return self._of(VENUE).stage == Stage.TRIPPED

    def set_rules(self, symbol: int, rules: BreakerRules) -> Reason:
        """What trips the breaker from now on; gives why not."""
        bps = (rules.price_move_bps, rules.volatility_bps)
        limited = (rules.volume, rules.symbols) if symbol == VENUE else (rules.volume, *bps)
        if max(bps) > _BPS_MAX or not 0 <= rules.volume <= AMOUNT_MAX or (any(limited) and rules.window_ms == 0):
            return Reason.INVALID_BREAKER
        if self._symbols_max is not None and symbol > self._symbols_max:
            return Reason.UNKNOWN_SYMBOL
        breaker = self._of(symbol)
        breaker.rules, breaker.window = rules, Window(rules.window_ms)
        return Reason.NONE

    def apply(self, symbol: int, transition: int, cause: int, now_ns: int) -> Reason:
        """A record in the log says what a breaker does; gives why not."""
        if transition not in set(Transition) - {Transition.NONE} or cause not in set(Cause) - {Cause.NONE}:
            return Reason.INVALID_BREAKER
        if self._symbols_max is not None and symbol > self._symbols_max:
            return Reason.UNKNOWN_SYMBOL
        breaker = self._of(symbol)
        match transition:
            case Transition.TRIP:
                breaker.stage, breaker.cause, breaker.since_ns = Stage.TRIPPED, Cause(cause), now_ns
                if symbol != VENUE and cause != Cause.VENUE:
                    self._symbol_tripped(symbol, now_ns)
            case Transition.HALF_OPEN if breaker.stage == Stage.TRIPPED:
                breaker.stage, breaker.cause, breaker.since_ns = Stage.HALF_OPEN, Cause(cause), now_ns
            case Transition.RESET:
                breaker.reset()
            case _:
                pass
        if symbol == VENUE:
            for each in sorted(self._symbols):
                self._outbox.put(BreakerRecord(each, Transition(transition), Cause.VENUE))
        return Reason.NONE

    def _symbol_tripped(self, symbol: int, now_ns: int) -> None:
        venue = self._of(VENUE)
        venue.window.add(now_ns, Tripped(symbol))
        if venue.rules.symbols and len(venue.window.tripped) >= venue.rules.symbols:
            self._trip(VENUE, Cause.SYMBOLS)

    def trade(self, symbol: int, what: Print, now_ns: int) -> None:
        """A symbol has traded, not in an auction."""
        own, venue = self._of(symbol), self._of(VENUE)
        own.window.add(now_ns, what)
        venue.window.add(now_ns, what)
        cause = own.cause_in_symbol()
        if cause != Cause.NONE:
            self._trip(symbol, cause)
        if venue.rules.volume and sum(each.value for each in venue.window.prints) > venue.rules.volume:
            self._trip(VENUE, Cause.VOLUME)

    def reset_by_state(self, symbol: int) -> None:
        """A STATE command ends what the symbol's breaker has done."""
        self._of(symbol).reset()

    def tick(self, now_ns: int) -> None:
        """Look at the time: the venue's first, then by number."""
        for symbol, breaker in sorted(self._breakers.items()):
            transition = breaker.next_by_time(now_ns)
            if transition != Transition.NONE and not self._outbox.has_of_breaker(symbol):
                self._outbox.put(BreakerRecord(symbol, transition, Cause.TIME))

    def _trip(self, symbol: int, cause: Cause) -> None:
        """It trips of itself, unless it has or is about to."""
        if self._of(symbol).stage == Stage.CLOSED and not self._outbox.has_of_breaker(symbol):
            self._outbox.put(BreakerRecord(symbol, Transition.TRIP, cause))

    def _of(self, symbol: int) -> Breaker:
        return self._breakers.setdefault(symbol, Breaker())
