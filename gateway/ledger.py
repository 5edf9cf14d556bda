"""The ledger as one gateway reads it: rows of shared memory that the sequencer is writing at the same time."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np

from gateway.feed import Feed
from shm import broadcast
from tradsys.assets import Asset
from tradsys.errors import error
from tradsys.ledger.layout import W_ASSETS
from workers.memory import READER_LEDGER, READY, STATE, VenueMemory

_WAIT_SECONDS = 0.0005
_WAITS_MAX = 4000
_SETTLED = broadcast.POSITION + broadcast.READER_STRIDE * READER_LEDGER


def stable(rows: Any) -> Any:
    """A copy of rows of shared memory, made until two copies in a row are equal.

    Each field is then one that stood there. Fields that are written together, a few instructions apart, are of one
    moment unless the writer was stopped between them for as long as both copies took. Rows are each for themselves:
    what lies between two accounts may have moved.
    """
    last: bytes = rows.tobytes()
    while (again := rows.tobytes()) != last:
        last = again
    return np.frombuffer(last, rows.dtype)


class LedgerReader:
    """Balances, positions, assets and whatever else the ledger knows. `sequencer`: the index of its worker."""

    def __init__(self, memory: VenueMemory, feed: Feed, sequencer: int) -> None:
        self.ledger = memory.ledger
        self._events = [stream.header for stream in memory.events]
        self._feed = feed
        self._line = memory.line(sequencer)
        self._columns = len(memory.ledger.balances) // len(memory.ledger.accounts)
        self._assets: list[Asset] = []
        self._by_name: dict[str, Asset] = {}

    async def settled(self) -> None:
        """Wait until everything that this gateway has told of is in the ledger. Raises InfrastructureError.

        Trades are settled by the sequencer beside the journal's work, so an answer may be quicker.
        """
        wanted = list(self._feed.positions)
        for _ in range(_WAITS_MAX):
            if self._line[STATE] == READY and all(
                header[_SETTLED] >= position for header, position in zip(self._events, wanted, strict=True)
            ):
                return
            await asyncio.sleep(_WAIT_SECONDS)
        raise error("busy", "the ledger is being rebuilt or is behind; try again")

    def assets(self) -> list[Asset]:
        """All assets, by their numbers."""
        known = int(self.ledger.words[W_ASSETS])
        rows = stable(np.asarray(self.ledger.assets)[: known + 1])
        self._assets = [Asset.from_row(number, rows[number]) for number in range(1, known + 1)]
        self._by_name = {asset.name: asset for asset in self._assets}
        return self._assets

    def asset(self, name: str) -> Asset:
        """The asset of a name. Raises ValidationError."""
        if name not in self._by_name:
            self.assets()
        asset = self._by_name.get(name)
        if asset is None:
            raise error("unknown_asset", f"there is no asset {name!r}", field="asset")
        return asset

    def asset_of(self, number: int) -> Asset:
        """The asset of a number that there is."""
        return (self._assets if number <= len(self._assets) else self.assets())[number - 1]

    def balances(self, account: int) -> Any:
        """BALANCE of an account by asset number; row 0 is none's."""
        rows = np.asarray(self.ledger.balances)
        return stable(rows[account * self._columns : (account + 1) * self._columns])

    def positions(self, account: int) -> dict[int, Any]:
        """By symbol the POSITION of an account."""
        table = np.asarray(self.ledger.positions)
        keys = table["key"]
        found = np.flatnonzero((keys & 0xFFFF_FFFF == account) & (keys != 0))
        rows = {int(keys[place]) >> 32: stable(table[place : place + 1])[0] for place in found}
        return dict(sorted(rows.items()))

    def contract(self, symbol: int) -> Any:
        """CONTRACT of a symbol; its base is 0 when it is not settled."""
        return stable(np.asarray(self.ledger.contracts)[symbol : symbol + 1])[0]

    def account(self, number: int) -> Any:
        """ACCOUNT of an account."""
        return stable(np.asarray(self.ledger.accounts)[number : number + 1])[0]
