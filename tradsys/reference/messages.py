"""Commands and events as plain Python objects, with the meaning of `tradsys.records`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from tradsys.records import (
    ACCOUNT_DEFINITION,
    COMMAND,
    EVENT,
    LEDGER_RECORD,
    ORDER_EXTENSION,
    SYMBOL_DEFINITION,
    SYMBOL_RULES,
    Kind,
)


@dataclass(slots=True)
class SymbolDefinition:
    """What a symbol command says; prices in ticks, `lowest_ticks` and `highest_ticks` inclusive."""

    symbol: int
    lowest_ticks: int
    highest_ticks: int
    reference_ticks: int
    state: int


@dataclass(slots=True)
class Rules:
    """What a rules command says; bands and collar in basis points, 0: none."""

    static_band_bps: int = 0
    dynamic_band_bps: int = 0
    collar_bps: int = 0
    orders_max: int = 0
    trigger_source: int = 0
    breach_state: int = 0


@dataclass(slots=True)
class Extension:
    """What an extension command says; 0: not asked for."""

    expires_ns: int = 0
    display_lots: int = 0
    minimum_lots: int = 0


@dataclass(slots=True)
class Kill:
    """What a kill switch command says: a Scope, whether it is put on, and the group where that is the scope."""

    scope: int
    on: int
    group: int


@dataclass(slots=True)
class Command:
    """One record of the log, field for field as records.COMMAND, in that order; then its other readings."""

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
    """The second reading of a symbol command's bytes; None for every other kind. So with the next three."""
    rules: Rules | None = None
    extension: Extension | None = None
    kill: Kill | None = None
    transition: int = 0
    """The Transition in a breaker command's bytes."""
    group: int = 0
    """The trade group in an account command's bytes."""

    @property
    def trigger_ticks(self) -> int:
        """NEW and LEG: the trigger price."""
        return (self.order_id & 0xFFFF_FFFF ^ 1 << 31) - (1 << 31)

    @property
    def session(self) -> int:
        """NEW, LEG and CANCEL_ALL: the session."""
        return self.order_id >> 32 & 0xFFFF_FFFF


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

_READINGS = (
    int(Kind.SYMBOL),
    int(Kind.ACCOUNT),
    int(Kind.RULES),
    int(Kind.EXTENSION),
    int(Kind.KILL),
    int(Kind.BREAKER),
)


def commands_of(records: Any) -> list[Command]:
    """An array of records.COMMAND as Command objects."""
    records = np.ascontiguousarray(records, COMMAND)
    commands = [Command(*fields) for fields in records.tolist()]
    for command, place in zip(commands, range(len(commands)), strict=True):
        if command.kind in _READINGS:
            _read(command, records[place : place + 1])
    return commands


def _read(command: Command, record: Any) -> None:
    """Attach the reading of the record's bytes that belongs to the command's kind."""
    match command.kind:
        case Kind.SYMBOL:
            row = record.view(SYMBOL_DEFINITION)[0]
            names = ("symbol", "lowest_ticks", "highest_ticks", "reference_ticks", "state")
            command.definition = SymbolDefinition(**{name: int(row[name]) for name in names})
        case Kind.RULES:
            row = record.view(SYMBOL_RULES)[0]
            command.rules = Rules(**{name: int(row[name]) for name in Rules.__dataclass_fields__})
        case Kind.EXTENSION:
            row = record.view(ORDER_EXTENSION)[0]
            command.extension = Extension(**{name: int(row[name]) for name in Extension.__dataclass_fields__})
        case Kind.KILL:
            row = record.view(LEDGER_RECORD)[0]
            command.kill = Kill(**{name: int(row[name]) for name in Kill.__dataclass_fields__})
        case Kind.BREAKER:
            command.transition = int(record.view(LEDGER_RECORD)[0]["transition"])
        case _:
            command.group = int(record.view(ACCOUNT_DEFINITION)[0]["group"])


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
