"""Limits: the most special one that is set counts. The rule: docs/risk.md, Limits.

Accounts, groups and positions name a row of limits. Rows are made when a limit is first set, and stay.
"""

from __future__ import annotations

from typing import Any

from shm.atomics import prefetch
from shm.hashing import hash_pair, place_of
from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.balances import has_account
from tradsys.ledger.layout import W_GROUPS, W_LIMIT_ROWS, W_LIMITED, Ledger
from tradsys.ledger.positions import NO_ROOM, position_row
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.reasons import Reason
from tradsys.risk.layout import LIMIT_WORDS, NO_LIMITS, VENUE_LIMITS
from tradsys.risk.terms import RATE_MAX, SHARE_MAX, Limit, Scope

NOT_SET = -1
"""Instead of a limit."""
_WORDS_A_LINE = 8

_VENUE = int(Scope.VENUE)
_GROUP = int(Scope.GROUP)
_ACCOUNT = int(Scope.ACCOUNT)
_ACCOUNT_SYMBOL = int(Scope.ACCOUNT_SYMBOL)
_TRADING = int(Limit.TRADING)
_COLLAR_BPS = int(Limit.COLLAR_BPS)
_CONCENTRATION_BPS = int(Limit.CONCENTRATION_BPS)
_OPEN_ORDERS_TOTAL = int(Limit.OPEN_ORDERS_TOTAL)
_LEVERAGE = int(Limit.LEVERAGE)
_ORDERS_PER_SECOND = int(Limit.ORDERS_PER_SECOND)
_CANCELS_BURST = int(Limit.CANCELS_BURST)

_NONE = int(Reason.NONE)
_INVALID_LIMIT = int(Reason.INVALID_LIMIT)
_UNKNOWN_ACCOUNT = int(Reason.UNKNOWN_ACCOUNT)
_UNKNOWN_SYMBOL = int(Reason.UNKNOWN_SYMBOL)
_LEDGER_FULL = int(Reason.LEDGER_FULL)


@kernel
def ask_for_limits(ledger: Ledger, row: int) -> None:
    """Start loading a row of limits; any number will do."""
    for word in range(0, LIMIT_WORDS, _WORDS_A_LINE):
        prefetch(ledger.limits, row * LIMIT_WORDS + word)


@kernel
def rows_of(ledger: Ledger, account: Any, of_position: int) -> tuple[int, int, int, int]:
    """Where the limits of a position (by its row of them) start, of its account, of its group, and of the venue."""
    group = signed(ledger.groups[account.group_row].limits_row) if account.group != 0 else signed(0)
    assert (max(of_position, group) + 1) * LIMIT_WORDS <= len(ledger.limits), "rows of the table"
    return (
        of_position * LIMIT_WORDS,
        signed(account.limits_row) * LIMIT_WORDS,
        group * LIMIT_WORDS,
        signed(VENUE_LIMITS * LIMIT_WORDS),
    )


@kernel
def set_in(ledger: Ledger, rows: tuple[int, int, int, int]) -> int:
    """The limits that are set in any of the rows, each a bit."""
    limits = ledger.limits
    return signed(limits[rows[0]] | limits[rows[1]] | limits[rows[2]] | limits[rows[3]])


@kernel
def limit_in(ledger: Ledger, rows: tuple[int, int, int, int], which: int) -> int:
    """The limit that counts; NOT_SET when there is none."""
    limits = ledger.limits
    assert 0 <= which < LIMIT_WORDS - 1, "a row has a word for every limit"
    assert rows[3] == VENUE_LIMITS * LIMIT_WORDS, "the last row is the venue's"
    word = limits[rows[3] + 1 + which]
    if rows[0] | rows[1] | rows[2] != NO_LIMITS:
        # Which it is changes from account to account: without branches there is nothing to guess wrong.
        of_group, of_account = limits[rows[2] + 1 + which], limits[rows[1] + 1 + which]
        of_position = limits[rows[0] + 1 + which]
        word = of_group if of_group != 0 else word
        word = of_account if of_account != 0 else word
        word = of_position if of_position != 0 else word
    return signed(word) + NOT_SET


@kernel
def group_row(ledger: Ledger, group: int) -> int:
    """The row of a group, made when there is none; NO_ROOM when it cannot be."""
    assert group != 0, "0 is no group"
    row = place_of(ledger.groups, hash_pair(group, signed(0)), group)
    if ledger.groups[row].key == group:
        return row
    if 2 * (ledger.words[W_GROUPS] + 1) > len(ledger.groups):
        return signed(NO_ROOM)
    ledger.words[W_GROUPS] += 1
    ledger.groups[row].key = group
    return row


@kernel
def _most(which: int) -> int:
    """The greatest value of a limit."""
    if which == _TRADING:
        return signed(1)
    if which == _COLLAR_BPS or which == _CONCENTRATION_BPS or which == _LEVERAGE:
        return signed(SHARE_MAX)
    return signed(RATE_MAX) if which >= _ORDERS_PER_SECOND else signed(AMOUNT_MAX)


@kernel
def _new_row(ledger: Ledger) -> int:
    """A row of limits; 0 when there is none left."""
    row = signed(ledger.words[W_LIMIT_ROWS]) + 1 + VENUE_LIMITS
    if (row + 1) * LIMIT_WORDS > len(ledger.limits):
        return signed(0)
    ledger.words[W_LIMIT_ROWS] += 1
    return row


@kernel
def _row_for(ledger: Ledger, details: Any) -> int:
    """The row of what the record names, made when there is none; 0 when it cannot be."""
    scope = details.scope
    if scope == _VENUE:
        return signed(VENUE_LIMITS)
    if scope == _ACCOUNT:
        account = ledger.accounts[details.account]
        if account.limits_row == 0:
            account.limits_row = _new_row(ledger)
        return signed(account.limits_row)
    if scope == _GROUP:
        place = group_row(ledger, signed(details.group))
        if place == NO_ROOM:
            return signed(0)
        group = ledger.groups[place]
        if group.limits_row == 0:
            group.limits_row = _new_row(ledger)
        return signed(group.limits_row)
    assert scope == _ACCOUNT_SYMBOL, "no other scope has limits"
    place = position_row(ledger, signed(details.account), signed(details.symbol))
    if place == NO_ROOM:
        return signed(0)
    position = ledger.positions[place]
    if position.limits_row == 0:
        position.limits_row = _new_row(ledger)
    return signed(position.limits_row)


@kernel_entry
def set_limit(ledger: Ledger, details: Any) -> int:
    """A LIMIT record: set a limit, or remove it; gives a reason, or 0."""
    scope, which, amount = signed(details.scope), signed(details.limit), signed(details.amount)
    if scope < _VENUE or scope > _ACCOUNT_SYMBOL or which > _CANCELS_BURST:
        return _INVALID_LIMIT
    if amount < NOT_SET or amount > _most(which) or (scope == _ACCOUNT_SYMBOL and which >= _OPEN_ORDERS_TOTAL):
        return _INVALID_LIMIT
    if (scope == _GROUP and details.group == 0) or (scope == _ACCOUNT_SYMBOL and details.symbol == 0):
        return _INVALID_LIMIT
    if scope >= _ACCOUNT and not has_account(ledger, signed(details.account)):
        return _UNKNOWN_ACCOUNT
    if scope == _ACCOUNT_SYMBOL and details.symbol >= len(ledger.symbols):
        return _UNKNOWN_SYMBOL
    row = _row_for(ledger, details)
    if row == 0:
        return _LEDGER_FULL
    place = row * LIMIT_WORDS
    assert VENUE_LIMITS * LIMIT_WORDS <= place <= len(ledger.limits) - LIMIT_WORDS, "a row that holds limits"
    if amount == NOT_SET:
        ledger.limits[place] &= ~(signed(1) << which)
    else:
        ledger.limits[place] |= signed(1) << which
        ledger.words[W_LIMITED] = 1
    ledger.limits[place + 1 + which] = amount - NOT_SET
    return _NONE
