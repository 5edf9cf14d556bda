"""What the venue itself must write into the log: alerts, and what its circuit breakers do.

The sequencer takes a record out when it stands in the log; what it does is done then. Only `kind` and what is put here
is filled in. The fields are those of LEDGER_RECORD, by the names that COMMAND has for their places.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel
from tradsys.ledger.layout import W_LOST, W_SENT, W_TAKEN, Ledger
from tradsys.records import Kind

_ALERT = int(Kind.ALERT)
_BREAKER = int(Kind.BREAKER)


@kernel
def outbox_pending(ledger: Ledger) -> int:
    """How many records wait."""
    return signed(ledger.words[W_SENT] - ledger.words[W_TAKEN])


@kernel
def outbox_next(ledger: Ledger) -> Any:
    """The first record (COMMAND) that waits, when there is one."""
    return ledger.outbox[ledger.words[W_TAKEN] & (len(ledger.outbox) - 1)]


@kernel
def outbox_pop(ledger: Ledger) -> None:
    """The first record stands in the log."""
    record = outbox_next(ledger)
    if record.kind == _BREAKER:
        assert ledger.breakers[record.symbol].waits > 0, "a breaker counts its records that wait"
        ledger.breakers[record.symbol].waits -= 1
    assert outbox_pending(ledger) > 0, "a record waits"
    ledger.words[W_TAKEN] += 1


@kernel
def _new_record(ledger: Ledger, kind: int, symbol: int) -> Any:
    """The next record; a free one only when there is room."""
    record = ledger.outbox[ledger.words[W_SENT] & (len(ledger.outbox) - 1)]
    record.kind = kind
    record.symbol = symbol
    record.account = 0
    record.quantity_lots = 0
    record.order_id = 0
    ledger.words[W_SENT] += 1
    assert outbox_pending(ledger) <= len(ledger.outbox), "there is room for the record"
    return record


@kernel
def send_breaker(ledger: Ledger, symbol: int, transition: int, cause: int) -> None:
    """A symbol's breaker (0: the venue's) is to make a transition."""
    if outbox_pending(ledger) == len(ledger.outbox):
        ledger.words[W_LOST] += 1
        return
    record = _new_record(ledger, signed(_BREAKER), symbol)
    record.side = transition
    record.order_type = cause
    ledger.breakers[symbol].waits += 1
    assert ledger.breakers[symbol].waits > 0, "a breaker counts its records that wait"


@kernel
def send_alert(ledger: Ledger, account: int, symbol: int, limit: int, percent: int, figure: int, bound: int) -> None:
    """A figure has reached so many per cent of a limit. Half of the room is for breakers."""
    if 2 * outbox_pending(ledger) >= len(ledger.outbox):
        ledger.words[W_LOST] += 1
        return
    assert figure > 0, "nothing comes near no limit"
    assert bound >= 0, "a limit that is set"
    record = _new_record(ledger, signed(_ALERT), symbol)
    record.account = account
    record.side = percent
    record.order_type = limit
    record.quantity_lots = figure
    record.order_id = bound
