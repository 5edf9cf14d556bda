"""Which limits are set, and which of them count. The rule: docs/risk.md, Limits."""

from __future__ import annotations

from typing import Any, NamedTuple

from tradsys.ledger.layout import Ledger
from tradsys.reading.rows import group_of, position_in, row_of, rows_of
from tradsys.risk.layout import LIMIT_WORDS, NO_LIMITS, VENUE_LIMITS
from tradsys.risk.terms import Limit, Scope

OF_ACCOUNT = tuple(limit for limit in Limit if limit >= Limit.OPEN_ORDERS_TOTAL)
"""Of an account as a whole."""
OF_SYMBOL = tuple(limit for limit in Limit if limit < Limit.OPEN_ORDERS_TOTAL)
"""Of an account in a symbol."""


class Standing(NamedTuple):
    """A limit, and where it is set."""

    value: int
    scope: Scope


def set_in(ledger: Ledger, row: int) -> dict[Limit, int]:
    """What is set in a row of limits, by the limits' numbers."""
    if row == NO_LIMITS:
        return {}
    words = rows_of(ledger.limits, row * LIMIT_WORDS, LIMIT_WORDS).tolist()
    return {limit: words[1 + limit] - 1 for limit in Limit if words[0] >> limit & 1}


def set_for(ledger: Ledger, scope: Scope, account: int, symbol: int, group: int) -> dict[Limit, int]:
    """What is set for the venue, a group, an account, or an account in a symbol, whatever counts instead of it."""
    if scope == Scope.VENUE:
        return set_in(ledger, VENUE_LIMITS)
    if scope == Scope.ACCOUNT:
        row = row_of(ledger.accounts, account)
    else:
        row = group_of(ledger, group) if scope == Scope.GROUP else position_in(ledger, account, symbol)
    return {} if row is None else set_in(ledger, int(row["limits_row"]))


def counting_for(ledger: Ledger, account: Any) -> dict[Limit, Standing]:
    """The limits that count for an account (its row), where it has none of its own in a symbol."""
    group = int(row_of(ledger.groups, int(account["group_row"]))["limits_row"]) if account["group"] else NO_LIMITS
    rows = ((Scope.VENUE, VENUE_LIMITS), (Scope.GROUP, group), (Scope.ACCOUNT, int(account["limits_row"])))
    counting: dict[Limit, Standing] = {}
    for scope, row in rows:  # the more special one replaces the other
        counting |= _standing(ledger, row, scope)
    return counting


def counting_in(ledger: Ledger, position: Any, elsewhere: dict[Limit, Standing]) -> dict[Limit, Standing]:
    """Those that count in the symbol of a position (its row); `elsewhere`: for its account."""
    return elsewhere | _standing(ledger, int(position["limits_row"]), Scope.ACCOUNT_SYMBOL)


def _standing(ledger: Ledger, row: int, scope: Scope) -> dict[Limit, Standing]:
    return {limit: Standing(value, scope) for limit, value in set_in(ledger, row).items()}
