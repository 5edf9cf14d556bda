"""Sends a recorded day through the reference venue."""

from __future__ import annotations

from typing import Any

import numpy as np

from tradsys.recorded.sse import Day
from tradsys.records import EventKind, Kind, MarketState
from tradsys.reference.messages import Command, Event, SymbolDefinition, commands_of, records_of
from tradsys.reference.venue import Venue

EVENTS_A_PART = 50_000
"""Records take a tenth of the memory of events as objects."""


def opened(lowest_ticks: int, highest_ticks: int, reference_ticks: int, state: MarketState) -> Venue:
    """A venue with symbol 1, whose definition has taken log sequence 1."""
    venue = Venue()
    definition = SymbolDefinition(1, lowest_ticks, highest_ticks, reference_ticks, state)
    venue.process(Command(sequence=1, kind=Kind.SYMBOL, definition=definition))
    return venue


def send(venue: Venue, commands: Any) -> Any:
    """Send COMMAND records from log sequence 2 on, cancels and amends by client order id; gives EVENT records."""
    order_ids: dict[int, int] = {}
    parts: list[Any] = []
    events: list[Event] = []
    for sequence, command in enumerate(commands_of(commands), 2):
        command.sequence, command.symbol, command.account = sequence, 1, 1
        if command.kind in {Kind.CANCEL, Kind.AMEND}:
            command.order_id = order_ids.get(command.client_order_id, 0)
        told = venue.process(command)
        if told[0].kind == EventKind.ACCEPTED:
            order_ids[command.client_order_id] = told[0].order_id
        events += told
        if len(events) > EVENTS_A_PART:
            parts.append(records_of(events))
            events = []
    return np.concatenate([*parts, records_of(events)])


def replay(day: Day) -> Any:
    """The events (EVENT array) that the reference venue gives for a recorded day."""
    venue = opened(day.lowest_ticks, day.highest_ticks, day.reference_ticks, MarketState.PRE_OPEN)
    return send(venue, day.commands)
