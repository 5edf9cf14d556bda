"""Asking for memory before it is needed: accounts are so many that no cache holds them all.

What stands where a command's numbers say is asked for first; the limits of its account and position, whose rows these
name, some commands later, when they are there.
"""

from __future__ import annotations

from typing import Any

from shm.atomics import prefetch, prefetch_all
from shm.hashing import hash_pair, place_of
from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.balances import columns_of
from tradsys.ledger.holds import shards_rows
from tradsys.ledger.layout import W_LIMITED, Ledger
from tradsys.ledger.positions import ask_for_position
from tradsys.records import SLOT_MASK, EventKind
from tradsys.risk.client_ids import ask_for_client_id
from tradsys.risk.limits import ask_for_limits
from tradsys.risk.open_positions import ask_for_open_positions

_TRADE = int(EventKind.TRADE)

FURTHEST = 16
"""So many commands before its turn what a command names is asked for."""
_NEAR = 8
"""And what that names."""


@kernel
def _ask_for_account(ledger: Ledger, account: int, symbol: int) -> None:
    """What an account has of the two assets of a settled symbol, and its position in it."""
    contract = ledger.contracts[symbol]
    columns = columns_of(ledger)
    prefetch_all(ledger.accounts, account)
    prefetch(ledger.balances, account * columns + signed(contract.base))
    prefetch(ledger.balances, account * columns + signed(contract.quote))
    ask_for_position(ledger, account, symbol)


@kernel_entry
def _ask(ledger: Ledger, command: Any) -> None:
    account, symbol = signed(command.account), signed(command.symbol)
    if symbol >= len(ledger.contracts) or ledger.contracts[symbol].base == 0:
        return
    _ask_for_account(ledger, account, symbol)
    ask_for_client_id(ledger, account, signed(command.client_order_id))
    if ledger.words[W_LIMITED] != 0:
        ask_for_open_positions(ledger, account)


@kernel_entry
def _ask_for_limits(ledger: Ledger, command: Any) -> None:
    number, symbol = signed(command.account), signed(command.symbol)
    if number >= len(ledger.accounts) or symbol >= len(ledger.contracts):
        return
    position = place_of(ledger.positions, hash_pair(symbol, number), symbol << 32 | number)
    ask_for_limits(ledger, signed(ledger.accounts[number].limits_row))
    ask_for_limits(ledger, signed(ledger.positions[position].limits_row))


@kernel_entry
def begin_asking(ledger: Ledger, commands: Any, at: int, count: int, mask: int) -> None:
    """Before the first of `count` commands, from place `at` of a ring on: ask for what the first ones need."""
    for number in range(min(count, signed(FURTHEST))):
        _ask(ledger, commands[(at + number) & mask])
    if ledger.words[W_LIMITED] != 0:
        for number in range(min(count, signed(_NEAR))):
            _ask_for_limits(ledger, commands[(at + number) & mask])


@kernel
def ask_ahead(ledger: Ledger, commands: Any, at: int, count: int, mask: int) -> None:
    """Before the command at place `at`, the first of `count`: ask for what later ones need."""
    if count > FURTHEST:
        _ask(ledger, commands[(at + FURTHEST) & mask])
    if count > _NEAR and ledger.words[W_LIMITED] != 0:
        _ask_for_limits(ledger, commands[(at + _NEAR) & mask])


@kernel_entry
def ask_for_event(ledger: Ledger, event: Any, shard: int, shards: int) -> None:
    """Before an event (EVENT) of a shard is settled, some events earlier: ask for its orders and their accounts."""
    symbol = signed(event.symbol)
    if symbol >= len(ledger.contracts) or ledger.contracts[symbol].base == 0:
        return
    first = shard * shards_rows(ledger, shards)
    prefetch_all(ledger.holds, first + (event.order_id & SLOT_MASK))
    _ask_for_account(ledger, signed(event.account), symbol)
    if event.kind == _TRADE:
        prefetch_all(ledger.holds, first + (event.counter_order_id & SLOT_MASK))
        _ask_for_account(ledger, signed(event.counter_account), symbol)
