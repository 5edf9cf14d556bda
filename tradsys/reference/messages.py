"""Commands and events as plain Python objects, with the meaning of `tradsys.records`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from tradsys.records import COMMAND, EVENT, SYMBOL_DEFINITION, Kind


@dataclass(slots=True)
class SymbolDefinition:
    """What a symbol command says; prices in ticks, `lowest_ticks` and `highest_ticks` inclusive."""

    symbol: int
    lowest_ticks: int
    highest_ticks: int
    reference_ticks: int
    state: int


@dataclass(slots=True)
class Command:
    """One record of the log, field for field as records.COMMAND, in that order."""

    sequence: int = 0
    timestamp_ns: int = 0
    kind: int = 0
    side: int = 0
    order_type: int = 0
    time_in_force: int = 0
    flags: int = 0
    source: int = 0
    reason: int = 0
    symbol: int = 0
    account: int = 0
    request: int = 0
    price_ticks: int = 0
    quantity_lots: int = 0
    order_id: int = 0
    client_order_id: int = 0
    definition: SymbolDefinition | None = None
    """The second reading of a symbol command's bytes; None for every other kind."""


@dataclass(slots=True)
class Event:
    """One record of the event stream, field for field as records.EVENT.

    Of the fields that share their bytes this holds `counter_account` and `counter_order_id`, as stored.
    """

    log_sequence: int
    timestamp_ns: int
    kind: int
    flags: int
    reason: int
    source: int
    symbol: int
    price_ticks: int
    request: int
    quantity_lots: int
    order_id: int
    account: int
    counter_account: int
    counter_order_id: int

    @property
    def previous_price_ticks(self) -> int:
        """AMENDED: the limit before, in ticks."""
        return (self.counter_account ^ 1 << 31) - (1 << 31)

    @property
    def previous_quantity_lots(self) -> int:
        """AMENDED: the leaves before, in lots."""
        return self.counter_order_id

    @property
    def client_order_id(self) -> int:
        """The client's own number of the order, where the kind of event carries one."""
        return self.counter_order_id


EVENT_FIELDS = list(Event.__dataclass_fields__)


def commands_of(records: Any) -> list[Command]:
    """An array of records.COMMAND as Command objects."""
    commands = [Command(*fields) for fields in np.asarray(records, COMMAND).tolist()]
    definitions = np.ascontiguousarray(records, COMMAND).view(SYMBOL_DEFINITION)
    for index in np.flatnonzero(definitions["kind"] == Kind.SYMBOL).tolist():
        row = definitions[index]
        commands[index].definition = SymbolDefinition(
            int(row["symbol"]),
            int(row["lowest_ticks"]),
            int(row["highest_ticks"]),
            int(row["reference_ticks"]),
            int(row["state"]),
        )
    return commands


def records_of(events: Sequence[Event]) -> Any:
    """Events as an array of records.EVENT."""
    records = np.zeros(len(events), EVENT)
    rows = [astuple(event) for event in events]
    for place, field in enumerate(EVENT_FIELDS):
        records[field] = [row[place] for row in rows]
    return records


def events_of(records: Any) -> list[Event]:
    """An array of records.EVENT as Event objects."""
    columns: Iterable[list[int]] = [records[field].tolist() for field in EVENT_FIELDS]
    return [Event(*fields) for fields in zip(*columns, strict=True)]
