"""The window of log time that a circuit breaker looks at."""

from __future__ import annotations

from dataclasses import dataclass, field

SLOTS = 8
_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class Print:
    """A trade of a symbol, not of an auction, with the value of its notional."""

    price_ticks: int
    lots: int
    value: int


@dataclass(frozen=True, slots=True)
class Tripped:
    """The breaker of a symbol has tripped."""

    symbol: int


@dataclass(slots=True)
class Window:
    """What has happened in the slot of now and the seven before it."""

    window_ms: int = 0
    happened: list[tuple[int, Print | Tripped]] = field(default_factory=list)
    """With the slot of each."""

    def add(self, now_ns: int, what: Print | Tripped) -> None:
        """What comes late falls into the latest slot."""
        slot = now_ns // max(self.window_ms * _NS // SLOTS, 1)
        if self.happened:
            slot = max(slot, self.happened[-1][0])
        self.happened = [each for each in self.happened if each[0] > slot - SLOTS]
        self.happened.append((slot, what))

    @property
    def prints(self) -> list[Print]:
        """The trades in it, in their order."""
        return [what for _, what in self.happened if isinstance(what, Print)]

    @property
    def tripped(self) -> set[int]:
        """The symbols that have tripped in it."""
        return {what.symbol for _, what in self.happened if isinstance(what, Tripped)}
