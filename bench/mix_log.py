"""Logs of orders of every type, whose later commands name orders by client order id, and how they get their ids."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from bench.common import BenchmarkError
from shm import broadcast
from shm.arena import new_array
from shm.broadcast import Broadcast
from shm.jit import kernel
from tradsys.book.execution import run as run_book
from tradsys.book.layout import W_EVENTS, W_POSITION, Shard, ShardSize, carve
from tradsys.book.layout import initialise as empty
from tradsys.records import COMMAND, DETAILS, EVENT, EventKind, Kind

_CANCEL = int(Kind.CANCEL)
_AMEND = int(Kind.AMEND)
_ACCEPTED = int(EventKind.ACCEPTED)
_RING = 1 << 14
"""Events that the ring of a timed shard holds: a megabyte, as the matcher's, so that it stays in the cache."""


@kernel
def learn(shard: Shard, log: Any, details: Any, first: int, last: int, order_ids: Any, kinds: Any) -> int:
    """Carry out `log[first:last + 1]`, filling in the order ids of its cancels and amends, and keep what was told.

    `order_ids` is by client order id, `kinds` takes the EventKind of each event. Gives the number of events.
    """
    slots = shard.events.slots
    mask = len(slots) - 1
    told = 0
    for sequence in range(first, last + 1):
        command = log[sequence]
        if command.kind == _CANCEL or command.kind == _AMEND:
            command.order_id = order_ids[command.client_order_id]
        before = shard.words[W_EVENTS]
        run_book(shard, log, details, 0, -1, sequence, 1, 0)
        for number in range(before + 1, shard.words[W_EVENTS] + 1):
            event = slots[number & mask]
            if told < len(kinds):
                kinds[told] = event.kind
            told += 1
            if event.kind == _ACCEPTED:
                order_ids[event.client_order_id] = event.order_id
    return told


def details_of(log: Any) -> Any:
    """The same records, read as DETAILS."""
    return log.view(np.ndarray).view(DETAILS)


def new_shard(size: ShardSize) -> Shard:
    """A shard of private memory with an event ring that nobody reads; see start()."""
    return carve(new_array, size, Broadcast(new_array(np.int64, broadcast.HEADER_WORDS), new_array(EVENT, _RING)))


def start(shard: Shard) -> None:
    """Empty the shard and its event ring."""
    empty(shard)
    broadcast.initialise(shard.events)


def log_of(parts: list[Any]) -> Any:
    """COMMAND arrays as one log from sequence 1, a microsecond each; `log[0]` is unused.

    An EXTENSION's `expires_ns`, where it has one, is taken for the number of records until it expires.
    """
    log = new_array(COMMAND, 1 + sum(map(len, parts)))
    plain = log.view(np.ndarray)
    # As bytes: numpy copies field by field otherwise, and fields that share their bytes one over the other.
    plain.view("V64")[1:] = np.concatenate([np.ascontiguousarray(part).view("V64") for part in parts])
    plain["sequence"] = np.arange(len(log))
    plain["timestamp_ns"] = plain["sequence"] * 1000
    details = details_of(log)
    expiring = (plain["kind"] == Kind.EXTENSION) & (details["expires_ns"] > 0)
    details["expires_ns"][expiring] = plain["timestamp_ns"][expiring] + details["expires_ns"][expiring] * 1000
    return log


def timed(shard: Shard, log: Any, first: int) -> int:
    """Carry the log out on an empty book; gives the nanoseconds that the CPU spent on record `first` to the end.

    Raises BenchmarkError when the log was not carried out whole.
    """
    start(shard)
    details = details_of(log)
    run_book(shard, log, details, 0, -1, first - 1, 1, 0)
    last = len(log) - 1
    begun_ns = time.thread_time_ns()
    run_book(shard, log, details, 0, -1, last, 1, 0)
    elapsed_ns = time.thread_time_ns() - begun_ns
    if shard.words[W_POSITION] != last:
        raise BenchmarkError(f"the shard stopped at record {shard.words[W_POSITION]} of {last}")
    return elapsed_ns
