"""Records before a NEW that say more about it: an EXTENSION and LEGs, kept until the NEW comes."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.layout import (
    W_EXTENSIONS,
    W_LEGS,
    W_PRELUDE,
    W_PRELUDE_SOURCE,
    Shard,
)
from tradsys.options import link_of
from tradsys.records import CommandFlag, Kind

_EXTENSION = int(Kind.EXTENSION)
_EXTENDED = int(CommandFlag.EXTENDED)
_BROKEN = 9
"""More records of one kind than any prelude has."""


@kernel
def trigger_of(command: Any) -> int:
    """The trigger price of a NEW or LEG: the low half of its order_id, signed."""
    return ((command.order_id & 0xFFFF_FFFF) ^ 0x8000_0000) - 0x8000_0000


@kernel
def session_of(command: Any) -> int:
    """The session of a NEW, LEG or CANCEL_ALL."""
    return command.order_id >> 32 & 0x7FFF_FFFF


@kernel_entry
def keep_prelude(shard: Shard, command: Any, details: Any) -> None:
    """Keep an EXTENSION or LEG for the NEW that follows it."""
    words = shard.words
    assert words[W_PRELUDE] < command.sequence, "the log goes on"
    if words[W_PRELUDE] != command.sequence - 1 or words[W_PRELUDE_SOURCE] != command.source:
        words[W_EXTENSIONS] = 0
        words[W_LEGS] = 0
    words[W_PRELUDE] = command.sequence
    words[W_PRELUDE_SOURCE] = command.source
    if command.kind == _EXTENSION:
        words[W_EXTENSIONS] += 1
        shard.extensions[0] = details
        return
    if words[W_LEGS] < len(shard.legs):
        shard.legs[words[W_LEGS]] = command
        words[W_LEGS] += 1
    else:
        words[W_LEGS] = _BROKEN


@kernel
def prelude_of(shard: Shard, command: Any) -> tuple[int, int]:
    """How many EXTENSIONs and LEGs stand directly before a NEW; what it does not announce is passed over."""
    words = shard.words
    assert words[W_PRELUDE] < command.sequence, "a prelude comes before its order"
    if words[W_PRELUDE] != command.sequence - 1 or words[W_PRELUDE_SOURCE] != command.source:
        return signed(0), signed(0)
    flags = signed(command.flags)
    extensions = words[W_EXTENSIONS] if flags & _EXTENDED else signed(0)
    legs = words[W_LEGS] if link_of(flags) else signed(0)
    return extensions, legs
