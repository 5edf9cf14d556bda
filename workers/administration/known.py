"""What a running venue's log has defined, read from its shared memory."""

from __future__ import annotations

from workers.definitions import known_accounts, known_symbols
from workers.ledger_definitions import Known
from workers.memory import VenueMemory


def known_in(memory: VenueMemory) -> Known:
    """Accounts and symbols by name, and the ledger."""
    return Known(memory.ledger, known_accounts(memory), known_symbols(memory))
