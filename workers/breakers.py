"""The circuit breakers of a running venue, in words."""

from __future__ import annotations

import msgspec
import numpy as np

from tradsys.reading.rows import rows_of
from tradsys.risk.terms import Cause, Transition
from tradsys.words import word
from workers.administration.exporting import breaker_entry
from workers.definitions import known_symbols
from workers.memory import VenueMemory

_STATES = {Transition.NONE: "closed", Transition.TRIP: "tripped", Transition.HALF_OPEN: "half-open"}


class BreakerView(msgspec.Struct, frozen=True):
    """One circuit breaker; without a symbol it is the venue's. Cause and time of one that is not closed."""

    symbol: str | None
    state: str
    cause: str | None
    since_ns: int | None
    price_move_bps: int
    volatility_bps: int
    volume: int
    symbols: int
    window_ms: int
    halt_ms: int
    half_open_ms: int


def breakers(memory: VenueMemory) -> list[BreakerView]:
    """All that have rules, or have tripped."""
    names = {symbol.id: symbol.name for symbol in known_symbols(memory)}
    rows = rows_of(memory.ledger.breakers, 0, len(memory.ledger.breakers))
    assert len(rows) == memory.sizes.symbols_max + 1, "every symbol has a breaker, and so has the venue"
    found = np.flatnonzero((rows["slot_ns"] != 0) | (rows["state"] != 0)).tolist()
    return [_view(memory, number, names.get(number)) for number in found if not number or number in names]


def _view(memory: VenueMemory, number: int, name: str | None) -> BreakerView:
    assert (name is None) == (number == 0), "the venue's breaker alone is no symbol's"
    entry = msgspec.structs.asdict(breaker_entry(memory.ledger, number, ""))
    (row,) = rows_of(memory.ledger.breakers, number, 1)
    state = Transition(int(row["state"]))
    assert state in _STATES, "a breaker that was reset is closed"
    is_open = state != Transition.NONE
    return BreakerView(
        **entry
        | {
            "symbol": name,
            "state": _STATES[state],
            "cause": word(Cause(int(row["cause"]))) if is_open else None,
            "since_ns": int(row["since_ns"]) if is_open else None,
        }
    )
