"""Any number of ledgers under one random flow with scarce money and busy risk officers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.book.flow import Flow, definitions
from tests.ledger.any_ledger import AnyLedger
from tests.ledger.money import QUOTES, TRADED, WORLD, Postings, open_accounts
from tests.risk.officers import Officers
from tests.risk.shards import CheckedShards
from tradsys.records import Kind
from tradsys.reference.messages import Command


class CheckedFlow(Flow):
    """A flow that knows what time it is, uses some client order ids again, and puts no kill switch on itself."""

    def __init__(self, seed: int, shards: CheckedShards) -> None:
        super().__init__(seed, shards.venues, TRADED, live_aimed=150)
        self._shards = shards
        self._ids = 0

    def now_ns(self) -> int:
        return self._shards.now_ns + 1000

    def next(self) -> Command:
        command = super().next()
        while command.kind == Kind.KILL:
            command = super().next()
        if command.kind in {Kind.NEW, Kind.LEG}:
            self._ids = max(self._ids, command.client_order_id)
            if self.dice.randrange(8) == 0:
                command.client_order_id = self.dice.choice((0, max(self._ids - self.dice.randrange(1, 200), 1)))
        return command


def compare(
    ledgers: Sequence[AnyLedger],
    seed: int,
    commands: int,
    shard_count: int = 1,
    every: int = 1,
    after: Callable[[CheckedShards], None] = lambda shards: None,
) -> CheckedShards:
    """Decisions and outboxes are compared at each command, all figures after `every` so many.

    `after` is called after each command.
    """
    for ledger in ledgers:
        open_accounts(ledger)
        for asset in QUOTES:
            ledger.set_asset_value(asset, 1, 1)
    shards = CheckedShards(ledgers, 5000, shard_count)
    flow, postings, officers = CheckedFlow(seed, shards), Postings(seed, shards), Officers(seed, shards)
    postings.begin()
    opened = len(definitions(TRADED))
    for number in shards.run_agreed(flow, commands, WORLD, every):
        if number < opened:
            continue
        if number % 20 == 0:
            postings.next()
        if number % 2 == 0:
            shards.log_outbox()
        officers.next()
        after(shards)
    return shards
