"""The ledger recomputed from the journal alone, what must be true of it, and where a live one differs from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np

from shm import broadcast
from shm.broadcast import Broadcast
from tradsys.errors import InfrastructureError, OperatingError
from tradsys.ledger.layout import NOTHING, W_ASSETS, W_FAULTS
from tradsys.reading.rows import account_of, assets_of, symbol_of
from tradsys.records import COMMAND, DETAILS, EventKind, Kind, Side
from workers import memory as memories
from workers.journal import JournalError
from workers.livecopy import LiveCopy, Tables, tables_of
from workers.memory import VenueMemory
from workers.redecision import Redecision, has_settled
from workers.sequencer import new_sequencer
from workers.snapshot.choice import open_whole_log
from workers.venue import Venue

_PARTS = ("available", "held", "reserved")
_OF_ACCOUNT = ("kind", "fee_class", "status", "kyc_status", "group", "open_orders")
_OF_POSITION = ("quantity", "cost", "realised", "fees", "turnover", "open_orders", "open_lots_buy", "open_lots_sell")
_OF_HOLD = ("account", "symbol", "leaves", "filled_lots", "held", "maker_traded", "taker_traded", "charged")
_HALF = 32
"""Bits. Amounts are summed in halves, so that no sum overflows."""


class Difference(msgspec.Struct, frozen=True):
    """Something that is not as it must be; numbers are smallest units, lots and counts."""

    what: str
    account: int
    of: str
    expected: int
    found: int


class AssetTotal(msgspec.Struct, frozen=True):
    """One asset over all accounts, as decimals. `total` must be 0, and `held` what orders hold and what is reserved."""

    asset: str
    available: str
    held: str
    in_orders: str
    reserved: str
    total: str


class Audit(msgspec.Struct, frozen=True):
    """What an audit has found; `compared` and `busy` count accounts, None where no venue runs."""

    began_with: int
    """0: with the log's first record; else with the snapshot of this sequence, as it is."""
    sequence: int
    totals: list[AssetTotal]
    differences: list[Difference]
    compared: int | None = None
    busy: int | None = None


class NoAuditError(OperatingError, InfrastructureError):
    """Nothing can be recomputed now; the message says why."""

    CODE = "audit_impossible"


class Recomputation:
    """The ledger that the journal gives, in private memory: up to its end, or up to where a live copy was taken.

    From the first record on; where that was dropped, from the oldest snapshot on. `began_with`: its sequence, else 0.
    """

    def __init__(
        self,
        venue: Venue,
        live: LiveCopy | None,
        progress: Callable[[int], None],
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        """`progress(sequence)` is called with every batch, `tell` with why a snapshot is of no use.

        Raises DecisionError, JournalError, NoAuditError.
        """
        self.memory: VenueMemory = memories.private(venue.sizes)
        directory, shards = venue.journal_directory, venue.sizes.shards
        snapshot, reader = open_whole_log(directory, venue.sizes, tell)
        self.sequence = self.began_with = 0 if snapshot is None else snapshot.heading.sequence
        assert reader.sequence == self.began_with, "the log is read from right behind the snapshot on"
        state = new_sequencer(self.memory, venue.configuration.clock.tick_ms)
        settled = has_settled(snapshot, directory, shards, lambda: progress(self.began_with))
        redecision = Redecision(state, self.memory, settled)
        if snapshot is not None:
            with snapshot:
                if live is not None and live.complete < self.began_with:
                    raise NoAuditError("a snapshot was taken meanwhile, and the log before it dropped; try again")
                redecision.restore(snapshot)
        self._records: list[Any] = [np.zeros(0, COMMAND)]
        self._streams = [shard.events for shard in redecision.shards]
        while (live is None or self.sequence < live.last) and len(batch := reader.next_batch()):
            records = batch.view(np.ndarray)
            if live is not None:
                records = records[records["sequence"] <= live.last]
                self._records.append(records[records["sequence"] > live.complete])
            redecision.take(records)
            before, self.sequence = self.sequence, int(records["sequence"][-1])
            assert self.sequence == before + len(records), "no record of the log is missing"
            progress(self.sequence)
        if live is not None and self.sequence < live.last:
            raise JournalError(
                f"{directory}: the log on disk ends with sequence {self.sequence}, and the venue that runs here has "
                f"acknowledged {live.last}"
            )
        redecision.finish()
        assert self.sequence >= self.began_with, "the recomputation goes forward"
        assert live is None or self.sequence == live.last, "it is of the moment that the copy is of"

    def touched(self, after: int) -> list[int] | None:
        """Accounts that commands after log sequence `after` may have changed; None when there are too many to tell.

        Not fewer than that: some fields that are read as account numbers are something else in other records.
        """
        assert self.began_with <= after <= self.sequence, "what happened then has been recomputed"
        records = np.concatenate(self._records).view(DETAILS)
        assert len(records) == self.sequence - after, "every record since then is at hand"
        assert len(self._streams) == self.memory.sizes.shards, "the events of every shard are looked at"
        touched = [records["account"], records["target"][records["kind"] == Kind.POSTING]]
        for stream in self._streams:
            events = _events_after(stream, after)
            if events is None:
                return None
            two = events[(events["kind"] == EventKind.TRADE) | (events["kind"] == EventKind.PREVENTED)]
            touched += [events["account"], two["counter_account"]]
            if len(two):
                touched.append(self.memory.ledger.contracts.view(np.ndarray)["fee_account"])
        return np.unique(np.concatenate(touched)).tolist()


def _events_after(stream: Broadcast, after: int) -> Any:
    """The events of commands after log sequence `after`; None when the ring does not hold them all any more."""
    slots = stream.slots.view(np.ndarray)
    last = int(stream.header[broadcast.CURSOR])
    first = max(last - len(slots), 0) + 1
    events = slots[broadcast.places(slots, first, last)]
    assert not len(events) or events["log_sequence"][0] <= events["log_sequence"][-1], "events are in the log's order"
    if first > 1 and events["log_sequence"][0] > after:
        return None
    return events[events["log_sequence"] > after]


def audit(recomputed: Recomputation, live: LiveCopy | None) -> Audit:
    """Check the recomputed ledger by itself, and a live copy of the same log sequence against it."""
    memory = recomputed.memory
    assert live is None or recomputed.sequence == live.last, "both are of the same sequence"
    tables = tables_of(memory.ledger)
    differences = [*_conservation(memory, tables), *_held(memory, tables), *_faults(tables, "the recomputation")]
    totals = _totals(memory, tables)
    if live is None:
        return Audit(recomputed.began_with, recomputed.sequence, totals, differences)
    differences += _faults(live.tables, "the running venue")
    known = tables.accounts["kind"] != 0
    touched = recomputed.touched(live.complete)
    steady = np.full(len(tables.accounts), touched is not None)
    assert len(live.tables.accounts) == len(tables.accounts), "both ledgers are of one size"
    steady[[number for number in touched or () if number < len(steady)]] = False
    differences += _compare(memory, tables, live.tables, steady)
    counts = (int((known & steady).sum()), int((known & ~steady).sum()))
    assert sum(counts) == int(known.sum()), "every account is compared or busy"
    return Audit(recomputed.began_with, recomputed.sequence, totals, differences, *counts)


def _by_account(memory: VenueMemory, tables: Tables, part: str) -> Any:
    """A part of all balances, by account and asset."""
    amounts = tables.balances[part].reshape(len(memory.ledger.accounts), -1)
    assert amounts.shape[1] == len(memory.ledger.assets), "every account has a balance in every asset"
    return amounts


def _sum(amounts: Any) -> int:
    assert amounts.dtype == np.int64, "the upper half keeps the sign"
    return (int((amounts >> _HALF).sum()) << _HALF) + int((amounts & ((1 << _HALF) - 1)).sum())


def _conservation(memory: VenueMemory, tables: Tables) -> Iterator[Difference]:
    for asset in assets_of(memory.ledger):
        total = sum(_sum(_by_account(memory, tables, part)[:, asset.id]) for part in ("available", "held"))
        if total:
            yield Difference("sum over all accounts", 0, asset.name, 0, total)


def _in_orders(memory: VenueMemory, tables: Tables) -> Any:
    """What live orders, and commands on their way to the book, hold: by account and asset."""
    total = np.zeros_like(_by_account(memory, tables, "held"))
    contracts = memory.ledger.contracts.view(np.ndarray)
    pending = memory.ledger.pending.view(np.ndarray)
    for holds in (tables.holds[tables.holds["order_id"] != 0], pending[pending["waits"] != NOTHING]):
        sides = np.where(
            holds["side"] == Side.BUY, contracts["quote"][holds["symbol"]], contracts["base"][holds["symbol"]]
        )
        np.add.at(total, (holds["account"], sides), holds["held"])
    assert not total[0].any(), "account 0 is none and holds nothing"
    assert not total[:, 0].any(), "and nothing is held in asset 0"
    return total


def _held(memory: VenueMemory, tables: Tables) -> Iterator[Difference]:
    """What is held must be what orders hold and what is reserved."""
    expected = _in_orders(memory, tables) + _by_account(memory, tables, "reserved")
    found = _by_account(memory, tables, "held")
    names = {asset.id: asset.name for asset in assets_of(memory.ledger)}
    for account, asset in np.argwhere(expected != found).tolist():
        yield Difference(
            "held by orders",
            account,
            names.get(asset, str(asset)),
            int(expected[account, asset]),
            int(found[account, asset]),
        )


def _faults(tables: Tables, where: str) -> Iterator[Difference]:
    if faults := int(tables.words[W_FAULTS]):
        yield Difference("events that did not fit", 0, where, 0, faults)


def _totals(memory: VenueMemory, tables: Tables) -> list[AssetTotal]:
    in_orders = _in_orders(memory, tables)
    parts = [_by_account(memory, tables, part) for part in _PARTS]
    assert not any(part[0].any() for part in parts), "account 0 is none and owns nothing"
    found = []
    for asset in assets_of(memory.ledger):
        available, held, reserved = (_sum(part[:, asset.id]) for part in parts)
        numbers = (available, held, _sum(in_orders[:, asset.id]), reserved, available + held)
        found.append(AssetTotal(asset.name, *map(asset.format, numbers)))
    assert len(found) == int(tables.words[W_ASSETS]), "every asset has its total"
    return found


def _compare(memory: VenueMemory, expected: Tables, found: Tables, steady: Any) -> Iterator[Difference]:
    """Everything that belongs to the accounts in `steady`, a boolean by account number."""
    assert steady.dtype == np.bool_, "rows are chosen, not numbered"
    assert len(steady) == len(expected.accounts), "every account is steady, or it is not"
    assert len(expected.balances) == len(found.balances), "both have a place for every balance"
    names = {asset.id: asset.name for asset in assets_of(memory.ledger)}
    for part in _OF_ACCOUNT:
        for number in np.flatnonzero(steady & (expected.accounts[part] != found.accounts[part])).tolist():
            yield Difference(
                f"account, {part}", number, "", int(expected.accounts[part][number]), int(found.accounts[part][number])
            )
    for part in _PARTS:
        one, other = (_by_account(memory, tables, part) for tables in (expected, found))
        for account, asset in np.argwhere(one != other).tolist():
            if steady[account]:
                numbers = (int(one[account, asset]), int(other[account, asset]))
                yield Difference(f"balance, {part}", account, names.get(asset, str(asset)), *numbers)
    yield from _compare_rows("position", _positions(expected, steady), _positions(found, steady), _OF_POSITION)
    yield from _compare_rows("hold", _holds(expected, steady), _holds(found, steady), _OF_HOLD)


def _positions(tables: Tables, steady: Any) -> dict[tuple[int, str], Any]:
    """By account and what of it; a table's rows may lie elsewhere in another one."""
    rows = tables.positions[tables.positions["key"] != 0]
    return {
        (account_of(key), f"symbol {symbol_of(key)}"): row
        for key, row in zip(rows["key"].tolist(), rows, strict=True)
        if steady[account_of(key)]
    }


def _holds(tables: Tables, steady: Any) -> dict[tuple[int, str], Any]:
    rows = tables.holds[tables.holds["order_id"] != 0]
    return {(int(row["account"]), f"order {row['order_id']}"): row for row in rows[steady[rows["account"]]]}


def _compare_rows(
    what: str, expected: dict[tuple[int, str], Any], found: dict[tuple[int, str], Any], fields: tuple[str, ...]
) -> Iterator[Difference]:
    assert fields, "something is compared"
    for account, of in sorted(expected.keys() | found.keys()):
        one, other = expected.get((account, of)), found.get((account, of))
        for field in fields:
            values = [0 if row is None else int(row[field]) for row in (one, other)]
            if values[0] != values[1]:
                yield Difference(f"{what}, {field}", account, of, *values)
