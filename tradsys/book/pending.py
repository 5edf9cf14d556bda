"""Commands of several phases: what is left to do stands in the shard's words, and is done from one place.

A function that has carried out its part of a command leaves the rest to execution.resume(): an order that is to act,
and the symbols that are to come to rest after it. So what follows a command is compiled once, and can wait anywhere
for room in the event ring.
"""

from __future__ import annotations

from shm.jit import kernel
from tradsys.book.layout import (
    P_NONE,
    P_SETTLE,
    W_ACTING,
    W_PENDING,
    W_PENDING_A,
    W_PENDING_B,
    W_PENDING_C,
    W_SETTLE_LAST,
    W_SETTLING,
    Shard,
)


@kernel
def let_act(shard: Shard, slot: int) -> None:
    """The order in `slot`, which is at hand, trades next."""
    assert slot != 0, "the null slot does not act"
    assert shard.words[W_ACTING] == 0, "one order acts at a time"
    shard.words[W_ACTING] = slot


@kernel
def let_settle(shard: Shard, first: int, last: int) -> bool:
    """The command is carried out but for what follows from it in the symbols from `first` to `last`: False."""
    assert first == 0 or 0 < first <= last + 1 <= len(shard.books), "none, or symbols that there are"
    words = shard.words
    words[W_SETTLING] = first
    words[W_SETTLE_LAST] = last
    words[W_PENDING] = P_SETTLE
    return False


@kernel
def end_phase(shard: Shard) -> None:
    """The command of many steps is done. Its words go back to 0: equal books are then equal bytes."""
    words = shard.words
    words[W_PENDING] = P_NONE
    words[W_PENDING_A] = 0
    words[W_PENDING_B] = 0
    words[W_PENDING_C] = 0
