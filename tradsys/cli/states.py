"""Market states, for the commands that show and change them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradsys.records import MarketState
from tradsys.words import word

if TYPE_CHECKING:
    from workers.administration.desk import AdministrationDesk
    from workers.memory import VenueMemory


def present_state(memory: VenueMemory, symbol: int) -> MarketState:
    """The market state of a symbol's book."""
    return MarketState(int(memory.shards[symbol % memory.sizes.shards].books[symbol]["state"]))


def change_state(desk: AdministrationDesk, name: str, to: MarketState, reference_price: str | None = None) -> None:
    """Have a symbol in another market state. Raises TradingError."""
    from workers.administration.defining import state_record
    from workers.statement import symbol_named

    symbol = symbol_named(desk.memory, name)
    after = {"state": word(to)} | ({} if reference_price is None else {"reference_price": reference_price})
    before = {"state": word(present_state(desk.memory, symbol.id))}
    desk.act("symbol.state", name, state_record(symbol, to, reference_price), before=before, after=after)
