"""What must be true of a venue at any time, and when it has come to rest. Every check raises AssertionError."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.simulation.clients import Client
from tests.simulation.readers import Reader
from tests.simulation.recording import Recording
from tests.simulation.venue import SimulatedVenue
from tests.workers.recorded_history import assert_history
from tests.workers.settled_venue import assert_settled
from tests.workers.stepped import assert_answered_once, assert_same, assert_same_shard, chain, expected_events
from tradsys.book.audit import audit
from tradsys.book.layout import W_PENDING
from tradsys.ledger.layout import Ledger, state_of
from tradsys.records import COMMAND, DETAILS, EventKind, Kind
from workers import memory as venue_memory
from workers.journal import last_sequence
from workers.redecision import redecide_journal
from workers.replica import Replica
from workers.sequencer import VENUE_SOURCE, new_sequencer
from workers.snapshot.choice import open_log


def check_log(venue: SimulatedVenue, may_be_cut: bool) -> int:
    """The log on disk is what the sequencer wrote, with all that was acknowledged; gives where it ends.

    `may_be_cut`: power was lost at a level at which that may take acknowledged commands too. Raises JournalError.
    """
    last_sequence(venue.directory)
    records = venue.records()
    last = len(records)
    assert records["sequence"].tolist() == list(range(1, last + 1)), "the log has a gap"
    assert last <= len(venue.sequenced), f"the log has {last} records, {len(venue.sequenced)} were written"
    different = np.flatnonzero((_bytes(records) != _bytes(venue.sequenced[:last])).any(axis=1))
    assert len(different) == 0, f"record {different[0] + 1} of the log is not what the sequencer wrote"
    assert last >= venue.acknowledged or may_be_cut, (
        f"the log ends at {last}, and {venue.acknowledged} was acknowledged: lost"
    )
    return last


def _bytes(records: Any) -> Any:
    return np.ascontiguousarray(records.view(np.ndarray)).view(np.uint8).reshape(-1, COMMAND.itemsize)


def check_money(venue: SimulatedVenue) -> None:
    """No asset has come from nowhere."""
    ledger = venue.memory.ledger
    balances = ledger.balances.view(np.ndarray)
    columns = len(balances) // len(ledger.accounts)
    totals = (balances["available"] + balances["held"]).reshape(-1, columns).sum(axis=0)
    assert not totals.any(), f"assets do not sum to nothing: {totals.tolist()}"


def check_books(venue: SimulatedVenue) -> None:
    """Every book that no command is half way through fits together."""
    for number in range(venue.sizes.shards):
        if venue.runs(f"matcher-{number}") and venue.shard(number).words[W_PENDING] == 0:
            audit(venue.shard(number))


def check_rest(
    venue: SimulatedVenue, readers: Sequence[Reader], clients: Sequence[Client], recording: Recording
) -> None:
    """At rest: everything that there is follows from the log, and everybody knows it."""
    records = venue.records()
    assert check_log(venue, may_be_cut=False) == len(venue.sequenced), "at rest all is written"
    assert (np.diff(records["timestamp_ns"]) >= 0).all(), "the log's clock went back"
    _check_requests(venue, records)
    expected = [expected_events(records, shard, venue.sizes) for shard in range(venue.sizes.shards)]
    for reader in readers:
        for shard, events in enumerate(expected):
            assert_same(reader.seen[shard], events)
    _check_replay(venue)
    assert_answered_once(chain(*expected), records)
    _check_once(records, chain(*expected))
    for client in clients:
        _check_told(client, records)
    if recording.is_wanted:
        shards = [venue.shard(number) for number in range(venue.sizes.shards)]
        assert_history(recording.path, records, expected, shards)
    check_money(venue)
    check_books(venue)
    if venue.profile.is_settled:
        assert_settled(records, venue.sizes, venue.memory.ledger)


def _check_requests(venue: SimulatedVenue, records: Any) -> None:
    """Since each boot, every ring was read from its beginning on, and no command left out or taken twice."""
    ends = [*venue.bases[1:], len(records)]
    for begin, end in zip(venue.bases, ends, strict=True):
        part = records[begin:end]
        for source in range(venue.sizes.rings):
            requests = part["request"][part["source"] == source]
            assert requests.tolist() == list(range(len(requests))), f"commands of ring {source} are lost or doubled"


def _check_replay(venue: SimulatedVenue) -> None:
    """The log alone gives the same shards and the same ledger, byte for byte: from its first record and a snapshot."""
    with venue.whole_log() as directory:
        for place in (directory, venue.directory):
            replica = Replica(venue.sizes, place)
            replica.advance()
            for number, again in enumerate(replica.shards):
                assert_same_shard(venue.shard(number), again)
            ledger = _redecided(venue, place)
            for live, again in zip(state_of(venue.memory.ledger), state_of(ledger), strict=True):
                assert live.tobytes() == again.tobytes(), "the ledger is not what the log gives"


def _redecided(venue: SimulatedVenue, directory: Path) -> Ledger:
    """The ledger, out of the newest snapshot in a directory and the log behind it."""
    private = venue_memory.private(venue.sizes)
    snapshot, reader = open_log(directory, venue.sizes, venue.passed_over)
    redecide_journal(new_sequencer(private, 1), private, snapshot, reader, lambda: None)
    if snapshot is not None:
        snapshot.close()
    return private.ledger


def _check_told(client: Client, records: Any) -> None:
    """What clients were told is in the log."""
    for place, answer in client.told.items():
        record = records[answer.log_sequence - 1]
        assert (record["source"], record["request"]) == (client.reader.number, place.request), (
            f"{place} was answered as record {answer.log_sequence}, which is another command"
        )
        for name in ("kind", "symbol", "account", "price_ticks", "quantity_lots", "order_id", "client_order_id"):
            assert record[name] == answer.command[name], f"record {answer.log_sequence} is not what was sent"


def _check_once(records: Any, events: Any) -> None:
    """No order id of a client was accepted twice, however often it was sent, and a posting always has one result.

    That a repeated posting moves nothing is the reference ledger's to say.
    """
    accepted = events[(events["kind"] == EventKind.ACCEPTED) & (events["source"] != VENUE_SOURCE)]
    ids = Counter(accepted["client_order_id"][accepted["client_order_id"] != 0].tolist())
    assert [number for number, count in ids.items() if count > 1] == [], "orders were accepted twice"
    postings = records[records["kind"] == Kind.POSTING].view(np.ndarray).view(DETAILS)
    results = {
        (int(number), int(reason)) for number, reason in zip(postings["number"], postings["reason"], strict=True)
    }
    assert len(results) == len(set(postings["number"].tolist())), "a posting had two results"
