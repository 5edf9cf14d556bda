"""Reference venues with ledgers before and behind them: every ledger decides, and all must agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

from tests.book.flow import Flow
from tests.book.shards import ReferenceShards
from tests.ledger.any_ledger import AnyLedger, World, assert_same
from tradsys.ledger.terms import DAY_NS
from tradsys.reasons import Reason
from tradsys.records import Kind
from tradsys.reference.messages import Command, Event
from tradsys.reference.tickets import Prelude

Record = TypeVar("Record", Command, Event)


class SettledShards(ReferenceShards):
    """Sends each command past the ledgers, carries out what they let pass, and settles the events in all of them."""

    def __init__(self, ledgers: Sequence[AnyLedger], orders_max: int = 5000, shards: int = 1) -> None:
        super().__init__(orders_max, shards)
        self.ledgers = ledgers
        self.decided: Counter[tuple[int, int]] = Counter()
        """How often a kind of command that the sequencer passes got a reason from the ledgers."""
        self.commands_a_day: int | None = None
        """For the ledgers, instead of the days of the venues' time."""
        self._prelude = Prelude()

    def submit(self, command: Command) -> list[list[Event]]:
        """Decide, carry out, settle."""
        self.stamp(command)
        if command.reason == Reason.NONE:
            command.reason = self._decide(command)
        else:
            self._prelude.drop()
        told = super().submit(command)
        for shard, events in enumerate(told):
            for event in events:
                for ledger in self.ledgers:
                    ledger.settle(self._at_ledgers_time(event), shard)
        return told

    def run_agreed(self, flow: Flow, commands: int, world: World, every: int) -> Iterator[int]:
        """As `run`; gives the number of each command. Figures are compared after `every` so many, and at the end."""
        for number, _ in enumerate(self.run(flow, commands)):
            yield number
            if number % every == 0:
                self.assert_agreed(world)
        self.assert_agreed(world)

    def post(self, kind: int, number: int, source: int, target: int, asset: int, amount: int) -> Reason:
        """Post to all ledgers."""
        return agreed([ledger.post(kind, number, source, target, asset, amount) for ledger in self.ledgers])

    def assert_agreed(self, world: World) -> None:
        """All ledgers show the same."""
        for one, other in pairwise(self.ledgers):
            assert_same(one, other, world)

    def _at_ledgers_time(self, record: Record) -> Record:
        if self.commands_a_day is None:
            return record
        return replace(record, timestamp_ns=record.timestamp_ns // 1000 * DAY_NS // self.commands_a_day)

    def _decide(self, command: Command) -> int:
        if command.kind in {Kind.EXTENSION, Kind.LEG}:
            self._prelude.add(command)
            return Reason.NONE
        if command.kind == Kind.TICK:
            for ledger in self.ledgers:
                ledger.tick(self._at_ledgers_time(command).timestamp_ns)
        prelude = self._prelude.take(command)
        # One of another symbol may be another shard's, which the matcher of this one never sees.
        legs = [each for each in prelude if each.kind == Kind.LEG and each.symbol == command.symbol]
        reason = agreed([ledger.decide(self._at_ledgers_time(command), legs) for ledger in self.ledgers])
        self.decided[command.kind, reason] += 1
        return int(reason)


def agreed(reasons: list[Reason]) -> Reason:
    """What all of them say."""
    assert len(set(reasons)) == 1, reasons
    return reasons[0]
