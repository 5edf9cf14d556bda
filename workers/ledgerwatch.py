"""Watches the ledger beside the sequencer: counts what must never be, and logs an error when it first comes about."""

from __future__ import annotations

from typing import Any

from shm.counters import STRIDE, CounterKind
from tradsys.ledger.conservation import add_up, begin
from tradsys.ledger.layout import S_ASSET, S_TOTAL, W_ASSETS, W_FAULTS, W_LOST, W_SENT, W_TAKEN
from workers.decision import KNOWN_ACCOUNTS, Decider
from workers.memory import VenueMemory

ACCOUNTS_AT_ONCE = 256
"""Added up in one go, some microseconds: the sequencer does nothing else meanwhile."""


class LedgerWatch:
    """Only beside the sequencer, in its process and between its duty cycles, may a watch be stepped.

    Counters: `ledger_faults`, events that did not fit what the ledger knew; `ledger_imbalance`, assets whose last sum
    over all accounts was not 0; `ledger_lost`, alerts and records of circuit breakers for which the ledger's outbox had
    no room; `ledger_sums`, how many sums were taken.
    """

    def __init__(self, memory: VenueMemory, decider: Decider, log: Any) -> None:
        self._ledger = memory.ledger
        assert decider.ledger is self._ledger, "the ledger that the sequencer decides with"
        self._known = decider.words
        self._log = log
        self._unbalanced: set[int] = set()
        self._told: set[int] = set()
        self._is_losing = False
        counters = memory.counters
        self._values = counters.values
        self._faults = STRIDE * counters.allocate("ledger_faults", CounterKind.GAUGE)
        self._imbalance = STRIDE * counters.allocate("ledger_imbalance", CounterKind.GAUGE)
        self._lost = STRIDE * counters.allocate("ledger_lost", CounterKind.GAUGE)
        self._sums = STRIDE * counters.allocate("ledger_sums")
        assert len({self._faults, self._imbalance, self._lost, self._sums}) == 4, "every counter has a place of its own"
        begin(memory.ledger)

    def step(self) -> None:
        """Add up some more accounts, and look at the faults and at what was lost."""
        faults = int(self._ledger.words[W_FAULTS])
        if faults and not self._values[self._faults]:
            self._log.error("events did not fit what the ledger knew; see docs/operations.md", faults=faults)
        self._values[self._faults] = faults
        self._look_at_lost(int(self._ledger.words[W_LOST]))
        accounts = int(self._known[KNOWN_ACCOUNTS])
        assert 0 <= accounts < len(self._ledger.accounts), "every account has its place"
        assert self._ledger.words[W_ASSETS] < len(self._ledger.assets), "every asset has its place"
        if add_up(self._ledger, accounts, ACCOUNTS_AT_ONCE):
            self._take_sum(int(self._ledger.summing[S_ASSET]), int(self._ledger.summing[S_TOTAL]))

    def _look_at_lost(self, lost: int) -> None:
        waiting = int(self._ledger.words[W_SENT] - self._ledger.words[W_TAKEN])
        assert waiting >= 0, "nothing is taken out that was not put in"
        assert waiting <= len(self._ledger.outbox), "no more waits than there is room for"
        is_losing = lost > self._values[self._lost]
        if is_losing and not self._is_losing:  # told once, however many follow at once
            self._log.error("alerts or records of circuit breakers were lost; see docs/operations.md", lost=lost)
        self._is_losing = is_losing
        self._values[self._lost] = lost

    def _take_sum(self, asset: int, total: int) -> None:
        assert 1 <= asset <= int(self._ledger.words[W_ASSETS]), "an asset that there is"
        self._values[self._sums] += 1
        if total == 0:
            self._unbalanced.discard(asset)
        else:
            self._unbalanced.add(asset)
        if total and asset not in self._told:
            self._told.add(asset)
            self._log.error(
                "an asset's sum over all accounts is not 0; see docs/operations.md", asset=asset, total=total
            )
        assert self._unbalanced <= self._told, "who does not balance has been told of"
        self._values[self._imbalance] = len(self._unbalanced)
