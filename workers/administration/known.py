"""What a venue's log has defined: read from the shared memory of one that runs, else from the log itself."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from tradsys.records import ACCOUNT_DEFINITION, Kind
from tradsys.symbols import Account
from workers import venue as venues
from workers.definitions import known_accounts, known_symbols
from workers.ledger_definitions import Known
from workers.memory import VenueMemory
from workers.snapshot.choice import open_log
from workers.venue import Venue, VenueNotRunningError


def known_in(memory: VenueMemory) -> Known:
    """Accounts and symbols by name, and the ledger."""
    return Known(memory.ledger, known_accounts(memory), known_symbols(memory))


def account_names(directory: Path) -> list[str]:
    """The accounts of the venue in a data directory, which may run or rest.

    Raises VenueNotRunningError where none has ever run, JournalError.
    """
    with suppress(VenueNotRunningError):
        segment, memory = venues.read(directory).attach()
        try:
            if segment.alive:
                return [account.name for account in known_accounts(memory)]
        finally:
            segment.close()
    return _names_in_the_log(venues.last(directory))


def _names_in_the_log(venue: Venue) -> list[str]:
    """As the newest snapshot has them, and the log behind it."""
    snapshot, reader = open_log(venue.journal_directory, venue.sizes, lambda why: None)
    records: list[Any] = []
    if snapshot is not None:
        with snapshot:
            assert reader.sequence == snapshot.heading.sequence, "the log is read from behind the snapshot on"
            accounts = snapshot.array("accounts", ACCOUNT_DEFINITION)
            records += [accounts[accounts["account"] != 0]]
    while len(batch := reader.next_batch()):
        found = batch.view(np.ndarray)
        records += [found[(found["kind"] == Kind.ACCOUNT) & (found["reason"] == 0)].view(ACCOUNT_DEFINITION)]
    accounts = [Account.from_definition(record) for part in records for record in part]
    assert [account.id for account in accounts] == list(range(1, len(accounts) + 1)), "one after the other, from 1 on"
    return [account.name for account in accounts]
