"""The risk limits that a running venue has, and how much of those that count for an account is used.

Numbers are those of docs/risk.md: lots, quote units, values, and so on, by the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np

from tradsys.reading.limits import set_in
from tradsys.reading.rows import account_of, symbol_of
from tradsys.reading.usage import Use, usage_of
from tradsys.risk.layout import LIMIT_WORDS, VENUE_LIMITS
from tradsys.risk.terms import Scope
from tradsys.words import word
from workers.definitions import known_accounts, known_symbols
from workers.memory import VenueMemory
from workers.statement import AccountView


class LimitView(msgspec.Struct, frozen=True):
    """A limit, and whom it was set for. What follows `symbol` is as in tradsys.reading.usage.Use."""

    limit: str
    value: int
    scope: str
    account: str | None = None
    group: int | None = None
    symbol: str | None = None
    used: int | None = None
    percent: int | None = None
    left: int | None = None


def limits_set(memory: VenueMemory) -> list[LimitView]:
    """Every limit that is set: the venue's, those of groups, of accounts, and of accounts in a symbol."""
    ledger = memory.ledger
    # Copies first: who writes the ledger may be setting limits, or be starting again with an empty one.
    accounts, groups, positions = (_limited(table) for table in (ledger.accounts, ledger.groups, ledger.positions))
    assert 0 not in accounts, "account 0 is none and has no limits"
    assert 0 not in positions, "row 0 of the positions is none's"
    names, symbols = _account_names(memory), _symbol_names(memory)
    found = list(_in_row(memory, VENUE_LIMITS, Scope.VENUE))
    for row in groups.values():
        found += _in_row(memory, int(row["limits_row"]), Scope.GROUP, group=int(row["key"]))
    for number, row in accounts.items():
        found += _in_row(memory, int(row["limits_row"]), Scope.ACCOUNT, account=names(number))
    for row in positions.values():
        key = int(row["key"])
        whose = {"account": names(account_of(key)), "symbol": symbols(symbol_of(key))}
        found += _in_row(memory, int(row["limits_row"]), Scope.ACCOUNT_SYMBOL, **whose)
    return found


def limits_of(memory: VenueMemory, account: AccountView, now_ns: int) -> list[LimitView]:
    """The limits that count for an account, those of it as a whole first, then those of each symbol that it has.

    Of a symbol in which it has nothing, those count that are shown without a symbol. `now_ns`: by the host's clock, as
    the log's.
    """
    assert 1 <= account.number < len(memory.ledger.accounts), "accounts are numbered from 1"
    usage = usage_of(memory.ledger, account.number, now_ns)
    symbols = _symbol_names(memory)
    found = [_view(use, account) for use in usage.whole]
    for symbol, uses in usage.symbols.items():
        found += [_view(use, account, symbols(symbol)) for use in uses]
    return found


def _view(use: Use, account: AccountView, symbol: str | None = None) -> LimitView:
    assert symbol is not None or use.scope != Scope.ACCOUNT_SYMBOL, "a limit in a symbol is shown with the symbol"
    assert account.group or use.scope != Scope.GROUP, "limits of a group count for those who are in one"
    return LimitView(
        word(use.limit),
        use.value,
        word(use.scope),
        account=account.name if use.scope in {Scope.ACCOUNT, Scope.ACCOUNT_SYMBOL} else None,
        group=account.group if use.scope == Scope.GROUP else None,
        symbol=symbol,
        used=use.used,
        percent=use.percent,
        left=use.left,
    )


def _account_names(memory: VenueMemory) -> Callable[[int], str]:
    """A function that gives the name for an account's number, which may be none that is known yet."""
    names = {account.id: account.name for account in known_accounts(memory)}
    return lambda number: names.get(number, str(number))


def _symbol_names(memory: VenueMemory) -> Callable[[int], str]:
    """The same for symbols."""
    names = {symbol.id: symbol.name for symbol in known_symbols(memory)}
    return lambda number: names.get(number, str(number))


def _limited(table: Any) -> dict[int, Any]:
    """Copies of a table's rows that name a row of limits, by their places."""
    rows = table.view(np.ndarray)
    copies = {place: rows[place].copy() for place in np.flatnonzero(rows["limits_row"]).tolist()}
    return {place: row for place, row in copies.items() if row["limits_row"]}


def _in_row(memory: VenueMemory, row: int, scope: Scope, **whose: Any) -> Iterator[LimitView]:
    """What is set in one row of limits."""
    assert VENUE_LIMITS <= row < len(memory.ledger.limits) // LIMIT_WORDS, "a row that holds limits"
    for limit, value in set_in(memory.ledger, row).items():
        yield LimitView(word(limit), value, word(scope), **whose)
