"""One order's whole life in words."""

from __future__ import annotations

from itertools import pairwise

import msgspec

from tradsys.errors import from_reason
from tradsys.reading.times import format_time
from tradsys.records import EventKind, Side
from tradsys.symbols import Account, Symbol
from tradsys.words import word
from workers.life import Life, Step
from workers.sequencer import VENUE_SOURCE
from workers.venue import Venue

_WITHOUT_PRICE = (EventKind.TERMS, EventKind.MASS_CANCELLED)
_OF_THE_WHOLE = (EventKind.ACCEPTED, EventKind.RESTED, EventKind.CANCELLED)
"""Tell of an order for an amount how much money it is for, and how much of that is left."""


class StepView(msgspec.Struct, frozen=True):
    """One step. `after_ns`: since the step before; `settled_after_ns`: from the step until the ledger knew of it.

    A refusal is of a later request about the order; the order is as it was. Of an order for an amount, what it asks for
    and what is left are money.
    """

    time: str
    after_ns: int | None
    what: str
    reason: str | None
    price: str | None
    quantity: str | None
    leaves: str
    other_order_id: str | None
    log_sequence: int
    asked_by: str
    request: int
    settled_after_ns: int | None


class LifeView(msgspec.Struct, frozen=True):
    """An order and its steps, in the words of the API."""

    order_id: str
    client_order_id: str | None
    account: str
    symbol: str
    side: str
    open: bool
    steps: list[StepView]


def life_view(life: Life, venue: Venue) -> LifeView:
    """A life in words; `venue` says which ring belongs to whom."""
    symbol = Symbol.from_definition(life.symbol)
    times = [step.time_ns for step in life.steps]
    gaps = [None, *(after - before for before, after in pairwise(times))]
    return LifeView(
        order_id=str(life.order_id),
        client_order_id=str(life.client_order_id) if life.client_order_id else None,
        account=Account.from_definition(life.account).name,
        symbol=symbol.name,
        side=word(Side(life.side)),
        open=life.is_open,
        steps=[_step(step, gap, symbol, venue, life.is_budget) for step, gap in zip(life.steps, gaps, strict=True)],
    )


def _step(step: Step, gap: int | None, symbol: Symbol, venue: Venue, is_budget: bool) -> StepView:
    kind = EventKind(step.kind)
    left = symbol.format_amount if is_budget else symbol.format_quantity
    told = left if kind in _OF_THE_WHOLE else symbol.format_quantity
    has_price = step.price_ticks and kind not in _WITHOUT_PRICE
    return StepView(
        time=format_time(step.time_ns),
        after_ns=gap,
        what=word(kind),
        reason=from_reason(step.reason).code if step.reason else None,
        price=symbol.format_price(step.price_ticks) if has_price else None,
        quantity=told(step.quantity_lots) if step.quantity_lots else None,
        leaves=left(step.leaves_lots),
        other_order_id=str(step.other) if step.other else None,
        log_sequence=step.log_sequence,
        asked_by=_ring_name(step.source, venue),
        request=step.request,
        settled_after_ns=None if step.settled_ns is None else step.settled_ns - step.time_ns,
    )


def _ring_name(source: int, venue: Venue) -> str:
    if source == VENUE_SOURCE:
        return "the venue"
    if source < venue.control_ring:
        return f"gateway-{source}"
    return "control" if source == venue.control_ring else f"tool-{source - venue.control_ring}"
