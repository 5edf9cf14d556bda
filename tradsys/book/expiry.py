"""The end of orders whose time has run out, before the record that says so is carried out."""

from __future__ import annotations

from typing import Any

from shm.jit import kernel_entry
from tradsys.book.ending import cancel_any
from tradsys.book.events import begin_unmarked, has_room
from tradsys.book.layout import W_SYMBOLS, Shard
from tradsys.book.pending import let_settle
from tradsys.book.timers import first_timer
from tradsys.reasons import Reason
from tradsys.records import TimeInForce

_EXPIRED = int(Reason.EXPIRED)
_GTD = int(TimeInForce.GTD)


@kernel_entry
def expire(shard: Shard, command: Any) -> bool:
    """End the orders that expire by the command's time; what follows from that is left to be done.

    False when it waits for room in the event ring; called again with the same command, it goes on.
    """
    begin_unmarked(shard, command)
    slot = first_timer(shard)
    while slot != 0 and shard.extras[slot].expires_ns <= command.timestamp_ns:
        if not has_room(shard):
            return False
        assert shard.orders[slot].time_in_force == _GTD, "no other order expires"
        cancel_any(shard, command, slot, _EXPIRED)
        slot = first_timer(shard)
    let_settle(shard, 1, shard.words[W_SYMBOLS])
    return True
