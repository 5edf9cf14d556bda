"""Asking for memory before it is needed: accounts are so many that no cache holds them all.

What stands where a command's numbers say is asked for first; its position and the limits, whose rows that names, some
commands later, when it is there.
"""

from __future__ import annotations

from typing import Any

from shm.atomics import prefetch, prefetch_all
from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.balances import columns_of
from tradsys.ledger.holds import shards_rows
from tradsys.ledger.layout import W_LIMITED, Ledger
from tradsys.ledger.positions import ask_for_place, ask_for_position, position_of
from tradsys.records import SLOT_MASK, EventKind
from tradsys.risk.client_ids import ask_for_client_id
from tradsys.risk.limits import ask_for_limits

_TRADE = int(EventKind.TRADE)
_CANCELLED = int(EventKind.CANCELLED)

FURTHEST = 16
"""So many commands before its turn what a command names is asked for."""
_NEAR = 8
"""And its position and the limits of its account, which that names."""
_NEXT = 4
"""And the limits of its position."""


@kernel
def _ask_for_account(ledger: Ledger, account: int, symbol: int) -> None:
    """What an account has of the two assets of a settled symbol."""
    assert 0 < symbol < len(ledger.contracts), "what is read, and not only asked for, is there"
    contract = ledger.contracts[symbol]
    columns = columns_of(ledger)
    prefetch_all(ledger.accounts, account)
    prefetch(ledger.balances, account * columns + signed(contract.base))
    prefetch(ledger.balances, account * columns + signed(contract.quote))


@kernel_entry
def _ask(ledger: Ledger, command: Any) -> None:
    account, symbol = signed(command.account), signed(command.symbol)
    if symbol >= len(ledger.contracts) or ledger.contracts[symbol].base == 0:
        return
    _ask_for_account(ledger, account, symbol)
    ask_for_place(ledger, account, symbol)
    ask_for_client_id(ledger, account, signed(command.client_order_id))


@kernel_entry
def _ask_for_position(ledger: Ledger, command: Any) -> None:
    number, symbol = signed(command.account), signed(command.symbol)
    if number < len(ledger.accounts) and symbol < len(ledger.contracts):
        ask_for_position(ledger, position_of(ledger, number, symbol))
        if ledger.words[W_LIMITED] != 0:
            ask_for_limits(ledger, signed(ledger.accounts[number].limits_row))


@kernel_entry
def _ask_for_limits(ledger: Ledger, command: Any) -> None:
    number, symbol = signed(command.account), signed(command.symbol)
    if number < len(ledger.accounts) and symbol < len(ledger.contracts):
        position = ledger.positions[position_of(ledger, number, symbol)]
        ask_for_limits(ledger, signed(position.limits_row))


@kernel_entry
def begin_asking(ledger: Ledger, commands: Any, at: int, count: int, mask: int) -> None:
    """Before the first of `count` commands, from place `at` of a ring on: ask for what the first ones need."""
    assert mask & (mask + 1) == 0, "the length of a ring is a power of two; a mask of -1 is none"
    assert count >= 0, "there are commands, or none"
    assert ((at + count - 1) & mask) < len(commands), "the last of them is in the array"
    for number in range(min(count, signed(FURTHEST))):
        _ask(ledger, commands[(at + number) & mask])
    for number in range(min(count, signed(_NEAR))):
        _ask_for_position(ledger, commands[(at + number) & mask])
    if ledger.words[W_LIMITED] != 0:
        for number in range(min(count, signed(_NEXT))):
            _ask_for_limits(ledger, commands[(at + number) & mask])


@kernel
def ask_ahead(ledger: Ledger, commands: Any, at: int, count: int, mask: int) -> None:
    """Before the command at place `at`, the first of `count`: ask for what later ones need."""
    assert count > 0, "the command itself is the first of them"
    if count > FURTHEST:
        _ask(ledger, commands[(at + FURTHEST) & mask])
    if count > _NEAR:
        _ask_for_position(ledger, commands[(at + _NEAR) & mask])
    if count > _NEXT and ledger.words[W_LIMITED] != 0:
        _ask_for_limits(ledger, commands[(at + _NEXT) & mask])


@kernel_entry
def ask_for_event(ledger: Ledger, event: Any, shard: int, shards: int) -> None:
    """Before an event (EVENT) of a shard is settled, some events earlier: ask for its orders and their accounts."""
    assert 0 <= shard < shards, "a shard of the venue"
    symbol = signed(event.symbol)
    if symbol >= len(ledger.contracts) or ledger.contracts[symbol].base == 0:
        return
    first = shard * shards_rows(ledger, shards)
    prefetch_all(ledger.holds, first + (event.order_id & SLOT_MASK))
    _ask_for_account(ledger, signed(event.account), symbol)
    if event.kind == _TRADE:
        prefetch_all(ledger.holds, first + (event.counter_order_id & SLOT_MASK))
        _ask_for_account(ledger, signed(event.counter_account), symbol)


@kernel_entry
def ask_for_positions_of(ledger: Ledger, event: Any, shard: int, shards: int) -> None:
    """Some events later, when its orders are there: ask for the positions that they name."""
    if event.kind != _TRADE and event.kind != _CANCELLED:
        return
    first = shard * shards_rows(ledger, shards)
    assert (event.order_id & SLOT_MASK) < shards_rows(ledger, shards), "the order has a row of its shard"
    ask_for_position(ledger, signed(ledger.holds[first + (event.order_id & SLOT_MASK)].position))
    if event.kind == _TRADE:
        assert (event.counter_order_id & SLOT_MASK) < shards_rows(ledger, shards), (
            "the order that it met has a row of its shard"
        )
        ask_for_position(ledger, signed(ledger.holds[first + (event.counter_order_id & SLOT_MASK)].position))
