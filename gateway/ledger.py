"""The ledger as one gateway reads it: rows of shared memory that the sequencer is writing at the same time."""

from __future__ import annotations

from gateway.feed import Feed
from gateway.waiting import until
from tradsys.assets import Asset
from tradsys.errors import error
from tradsys.ledger.layout import Ledger
from tradsys.reading.rows import assets_of
from workers.memory import READY, STATE, VenueMemory
from workers.progress import are_settled


class LedgerReader:
    """The venue's ledger (`ledger`: see tradsys.reading), when it is settled, and its assets by name and number.

    `sequencer`: the index of its worker.
    """

    def __init__(self, memory: VenueMemory, feed: Feed, sequencer: int) -> None:
        self._memory = memory
        self._events = memory.events
        self._feed = feed
        self._line = memory.line(sequencer)
        self._assets: list[Asset] = []
        self._by_name: dict[str, Asset] = {}

    @property
    def ledger(self) -> Ledger:
        """The venue's ledger as it is now: after a takeover it is another one."""
        return self._memory.ledger

    async def settled(self) -> None:
        """Wait until everything that this gateway has told of is in the ledger. Raises InfrastructureError.

        Trades are settled by the sequencer beside the journal's work, so an answer may be quicker.
        """
        wanted = list(self._feed.positions)
        await until(
            lambda: self._line[STATE] == READY and are_settled(self._events, wanted),
            "the ledger is being rebuilt or is behind; try again",
        )

    def assets(self) -> list[Asset]:
        """All assets, by their numbers."""
        self._assets = assets_of(self.ledger)
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
