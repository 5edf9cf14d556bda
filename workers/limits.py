"""The risk limits that a running venue has, and how much of those that count for an account is used.

Numbers are those of docs/risk.md: lots, quote units, values, and so on, by the limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from tradsys.ledger.layout import W_TODAY
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.reading.rows import account_of, owned_by, symbol_of
from tradsys.risk.layout import LIMIT_WORDS, VENUE_LIMITS
from tradsys.risk.terms import Limit, Scope
from tradsys.words import word
from workers.definitions import known_accounts, known_symbols
from workers.memory import VenueMemory
from workers.statement import AccountView


class LimitView(msgspec.Struct, frozen=True):
    """A limit, and whom it was set for. `used` is what counts towards it, None of one that nothing adds up to."""

    limit: str
    value: int
    scope: str
    account: str | None = None
    group: int | None = None
    symbol: str | None = None
    used: int | None = None


def limits_set(memory: VenueMemory) -> list[LimitView]:
    """Every limit that is set: the venue's, those of groups, of accounts, and of accounts in a symbol."""
    ledger = memory.ledger
    names = {known.id: known.name for known in known_accounts(memory)}
    found = list(_in_row(memory, VENUE_LIMITS, Scope.VENUE))
    groups = ledger.groups.view(np.ndarray)
    for row in groups[groups["limits_row"] != 0]:
        found += _in_row(memory, int(row["limits_row"]), Scope.GROUP, group=int(row["key"]))
    accounts = ledger.accounts.view(np.ndarray)
    for number in np.flatnonzero(accounts["limits_row"]).tolist():
        found += _in_row(memory, int(accounts["limits_row"][number]), Scope.ACCOUNT, account=names[number])
    symbols = _symbol_names(memory)
    positions = ledger.positions.view(np.ndarray)
    for row in positions[positions["limits_row"] != 0]:
        key = int(row["key"])
        whose = {"account": names[account_of(key)], "symbol": symbols(symbol_of(key))}
        found += _in_row(memory, int(row["limits_row"]), Scope.ACCOUNT_SYMBOL, **whose)
    return found


def limits_of(memory: VenueMemory, account: AccountView) -> list[LimitView]:
    """The limits that count for an account, those of it as a whole first, then those of each symbol that it has.

    Of a symbol in which it has nothing, those count that are shown without a symbol.
    """
    row, _balances, positions = owned_by(memory.ledger, account.number)
    groups = memory.ledger.groups.view(np.ndarray)
    group = int(groups["limits_row"][int(row["group_row"])]) if row["group"] else 0
    above = [
        (int(row["limits_row"]), {"scope": Scope.ACCOUNT, "account": account.name}),
        (group, {"scope": Scope.GROUP, "group": account.group}),
        (VENUE_LIMITS, {"scope": Scope.VENUE}),
    ]
    found = list(_counting(memory, above, _used_by_account(row, int(memory.ledger.words[W_TODAY]))))
    symbols = _symbol_names(memory)
    for symbol, position in positions.items():
        name = symbols(symbol)
        own = (int(position["limits_row"]), {"scope": Scope.ACCOUNT_SYMBOL, "account": account.name})
        for view in _counting(memory, [own, *above], _used_in_symbol(position)):
            if Limit[view.limit.upper().replace("-", "_")] < Limit.OPEN_ORDERS_TOTAL:
                found.append(msgspec.structs.replace(view, symbol=name))
    return found


def _symbol_names(memory: VenueMemory) -> Any:
    """A function that gives the name for a symbol's number, which may be none that is known yet."""
    names = {symbol.id: symbol.name for symbol in known_symbols(memory)}
    return lambda number: names.get(number, str(number))


def _in_row(memory: VenueMemory, row: int, scope: Scope, **whose: Any) -> Iterator[LimitView]:
    """What is set in one row of limits."""
    words = memory.ledger.limits[row * LIMIT_WORDS : (row + 1) * LIMIT_WORDS].tolist()
    for limit in Limit:
        if words[0] >> limit & 1:
            yield LimitView(word(limit), words[1 + limit], word(scope), **whose)


def _counting(memory: VenueMemory, rows: list[tuple[int, Any]], used: dict[Limit, int]) -> Iterator[LimitView]:
    """Of each limit the first of the rows in which it is set."""
    for limit in Limit:
        for row, whose in rows:
            if row and memory.ledger.limits[row * LIMIT_WORDS] >> limit & 1:
                value = int(memory.ledger.limits[row * LIMIT_WORDS + 1 + limit])
                named = {**whose, "scope": word(whose["scope"])}
                yield LimitView(word(limit), value, used=used.get(limit), **named)
                break


def _whole(row: Any, field: str, over: str) -> int:
    """A sum of the risk figures; what would be beyond AMOUNT_MAX counts as that."""
    return AMOUNT_MAX if row[over] > 0 else int(row[field])


def _used_by_account(row: Any, today: int) -> dict[Limit, int]:
    traded, realised = (int(row[name]) if row["day"] == today else 0 for name in ("day_traded", "day_realised"))
    return {
        Limit.OPEN_ORDERS_TOTAL: int(row["open_orders"]),
        Limit.EXPOSURE: _whole(row, "exposure", "exposure_over"),
        Limit.DAILY_NOTIONAL: min(traded + _whole(row, "open_value", "open_value_over"), AMOUNT_MAX),
        Limit.DAILY_LOSS: max(-realised, 0),
    }


def _used_in_symbol(row: Any) -> dict[Limit, int]:
    quantity, buying, selling = (int(row[name]) for name in ("quantity", "open_lots_buy", "open_lots_sell"))
    notional = _whole(row, "open_notional_buy", "buy_over") + _whole(row, "open_notional_sell", "sell_over")
    return {
        Limit.OPEN_ORDERS: int(row["open_orders"]),
        Limit.OPEN_LOTS: buying + selling,
        Limit.OPEN_NOTIONAL: min(notional, AMOUNT_MAX),
        Limit.POSITION: max(quantity + buying, selling - quantity),
    }
