"""What a changed configuration says otherwise than before, as records for a venue that runs.

At a start the log's word counts for what can be changed while the venue runs. Whoever changes the file of a running
venue means the change: it is sent, whatever the log says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from msgspec.structs import replace

from tradsys.configuration import Configuration
from tradsys.configuration.changes import LISTS, named
from tradsys.configuration.money import BreakerEntry
from tradsys.ledger.terms import StatusChange
from tradsys.records import COMMAND, Kind, MarketState, details
from workers.ledger_definitions import (
    NO_LIMIT,
    Definition,
    Known,
    fees_record,
    has_fees,
    has_tier,
    limit_record,
    limit_set,
    rules_record,
    tier_record,
)


def changed_records(known: Known, before: Configuration, after: Configuration) -> list[Definition]:
    """What is to be sent, in its order, when all that `after` names is defined."""
    assert {entry.name for entry in after.symbols} <= known.symbols.keys(), "symbols are there before they change"
    assert all(known.account(entry.name) for entry in after.accounts), "accounts are there before they change"
    tiers, fees, limits = (_changed(section, before, after) for section in ("fee_tiers", "fees", "limits"))
    records = [tier_record(entry) for entry in tiers if not has_tier(known, entry)]
    records += [fees_record(known, entry) for entry in fees if not has_fees(known, entry)]
    records += [
        limit_record(known, entry, NO_LIMIT)
        for entry in _removed("limits", before, after)
        if limit_set(known, entry) is not None
    ]
    records += [limit_record(known, entry, entry.value) for entry in limits if limit_set(known, entry) != entry.value]
    records += [rules_record(known, BreakerEntry(entry.symbol)) for entry in _removed("breakers", before, after)]
    records += _fee_classes(known, before, after)
    records += _states(known, before, after)
    return records


def changed_entries(before: Configuration, after: Configuration) -> Configuration:
    """`after` with only what it says otherwise than `before`: everything else stays as the venue has it by now."""
    return replace(after, **{section: _changed(section, before, after) for section in LISTS})


def _changed(section: str, before: Configuration, after: Configuration) -> list[Any]:
    """Entries that are new or other ones than before."""
    old = named(section, getattr(before, section))
    return [entry for name, entry in named(section, getattr(after, section)).items() if old.get(name) != entry]


def _removed(section: str, before: Configuration, after: Configuration) -> list[Any]:
    new = named(section, getattr(after, section))
    return [entry for name, entry in named(section, getattr(before, section)).items() if name not in new]


def _fee_classes(known: Known, before: Configuration, after: Configuration) -> Iterator[Definition]:
    old = named("accounts", before.accounts)
    for entry in after.accounts:
        if entry.name in old and old[entry.name].fee_class != entry.fee_class:
            assert known.account(entry.name), "an account is opened before its fees change"
            record = details(Kind.ACCOUNT_STATUS, account=known.account(entry.name), changes=StatusChange.FEE_CLASS)
            record["fee_class"] = entry.fee_class
            yield Definition(f"the fee class of {entry.name}", record)


def _states(known: Known, before: Configuration, after: Configuration) -> Iterator[Definition]:
    old = named("symbols", before.symbols)
    for entry in after.symbols:
        if entry.name in old and old[entry.name].opens != entry.opens:
            assert known.symbol(entry.name), "a symbol is defined before its state changes"
            record = np.zeros(1, COMMAND)
            record["kind"], record["symbol"] = Kind.STATE, known.symbol(entry.name)
            record["order_type"] = MarketState[entry.opens.upper()]
            yield Definition(f"the state of {entry.name}", record)
