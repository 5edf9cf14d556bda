"""Seeded clients of a stepped venue, who send every kind of command, also wrong ones."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from tests.factories import amend, cancel, cancel_all, flow, market, market_state
from tests.workers.stepped import ACCOUNTS, SYMBOLS, SteppedVenue
from tradsys.records import EventKind, Kind, MarketState, Side

_STATES = [*MarketState, *[MarketState.CONTINUOUS] * 6]


class Traders:
    """Their orders come from `flow`; what they cancel and amend they know from the events that the venue showed."""

    def __init__(self, venue: SteppedVenue, seed: int) -> None:
        self._venue = venue
        self._dice = random.Random(seed)
        self._orders = flow(seed, 4096, symbols=SYMBOLS, accounts=ACCOUNTS, spread_ticks=6)
        self._used = 0

    def next(self, count: int) -> Any:
        """The next commands, as one array."""
        return np.concatenate([self._command() for _ in range(count)])

    def _command(self) -> Any:
        chance = self._dice.randrange(100)
        if chance < 60:
            self._used += 1
            return self._orders[(self._used - 1) % len(self._orders)][np.newaxis].copy()
        if chance < 75:
            return cancel(**self._known())
        if chance < 90:
            return amend(
                **self._known(),
                price_ticks=self._dice.choice([None, self._dice.randint(490, 510)]),
                quantity_lots=self._dice.choice([None, self._dice.randint(1, 30)]),
            )
        if chance < 94:
            return market_state(self._dice.choice(_STATES), symbol=self._dice.randint(1, SYMBOLS))
        if chance < 95:
            return cancel_all(account=self._dice.randint(0, ACCOUNTS), symbol=self._dice.randint(0, SYMBOLS))
        if chance < 97:
            return market(Side.BUY, 200, symbol=self._dice.randint(1, SYMBOLS))
        return self._wrong()

    def _known(self) -> dict[str, int]:
        """Names an order that was accepted lately, mostly by its owner."""
        events = self._venue.seen[self._dice.randrange(len(self._venue.seen))][-400:]
        accepted = events[events["kind"] == EventKind.ACCEPTED]
        if not len(accepted):
            return {"order_id": 1, "account": 1, "symbol": 1}
        event = accepted[self._dice.randrange(len(accepted))]
        account = int(event["account"]) if self._dice.randrange(10) else 1
        return {"order_id": int(event["order_id"]), "account": account, "symbol": int(event["symbol"])}

    def _wrong(self) -> Any:
        command = cancel(1, symbol=self._dice.randint(1, SYMBOLS))
        command["account"] = self._dice.choice([0, ACCOUNTS + 1, 1 << 31])
        command["kind"] = self._dice.choice([Kind.NEW, Kind.AMEND, Kind.TICK, Kind.BOOT, 0, 7, 200])
        return command
