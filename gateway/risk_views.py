"""What clients receive about limits, kill switches and circuit breakers, as mappings that encode to JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gateway.ledger import LedgerReader
from gateway.market import Market
from tradsys.ledger.layout import W_KILLED, W_TODAY
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.reading.rows import owned_by, row_of, rows_of
from tradsys.risk.layout import LIMIT_WORDS, VENUE_LIMITS
from tradsys.risk.terms import Cause, Limit, Scope, Transition

_OF_SYMBOL = [limit for limit in Limit if limit < Limit.OPEN_ORDERS_TOTAL]
_OF_ACCOUNT = [limit for limit in Limit if limit >= Limit.OPEN_ORDERS_TOTAL]

STATES = {Transition.NONE: "closed", Transition.TRIP: "tripped", Transition.HALF_OPEN: "half_open"}
"""Of a circuit breaker, by the last transition that it made."""

_Rows = list[tuple[Scope, int]]
"""Where limits stand, the most special first."""


def word(member: Limit | Scope | Cause) -> str:
    """As clients read and write it."""
    return member.name.lower()


def limit_views(ledger: LedgerReader, markets: dict[int, Market], account: int) -> dict[str, Any]:
    """Every limit that applies to the account, where it is set, and what it counts now.

    `limits` are those of the account as a whole, and those of each symbol that do not come from the symbol; `symbols`
    has those of each symbol in which the account has something.
    """
    row, _balances, positions = owned_by(ledger.ledger, account)
    group = int(row_of(ledger.ledger.groups, int(row["group_row"]))["limits_row"]) if row["group"] else 0
    rows: _Rows = [
        (Scope.ACCOUNT, int(row["limits_row"])),
        (Scope.GROUP, group),
        (Scope.VENUE, VENUE_LIMITS),
    ]
    used = _account_figures(row, int(ledger.ledger.words[W_TODAY]), _unrealised(ledger, positions))
    whole = [_limit(ledger, rows, limit, used) for limit in (*_OF_ACCOUNT, *_OF_SYMBOL)]
    symbols = []
    for symbol, position in positions.items():
        if symbol in markets:
            own = [(Scope.ACCOUNT_SYMBOL, int(position["limits_row"])), *rows]
            used = _position_figures(position)
            views = [_limit(ledger, own, limit, used) for limit in _OF_SYMBOL]
            name = markets[symbol].symbol.name
            symbols.append({"symbol": name, "limits": [view for view in views if view is not None]})
    return {"limits": [view for view in whole if view is not None], "symbols": symbols}


def _limit(ledger: LedgerReader, rows: _Rows, limit: Limit, used: dict[Limit, int]) -> dict[str, Any] | None:
    """The limit that counts; None when there is none."""
    for scope, row in rows:
        place = row * LIMIT_WORDS
        words = rows_of(ledger.ledger.limits, place, LIMIT_WORDS)
        if row and int(words[0]) >> limit & 1:
            view = {"limit": word(limit), "value": str(words[1 + limit]), "scope": word(scope)}
            if limit in used:
                view["used"] = str(used[limit])
            return view
    return None


def _shown(row: Any, field: str, over: str) -> int:
    """A sum of the risk figures: what would be beyond AMOUNT_MAX counts as that."""
    return AMOUNT_MAX if row[over] > 0 else int(row[field])


def _unrealised(ledger: LedgerReader, positions: dict[int, Any]) -> int:
    """What closing the positions at the marks of now would make (docs/risk.md, What is counted)."""
    total = 0
    for symbol, position in positions.items():
        contract, quantity = row_of(ledger.ledger.contracts, symbol), int(position["quantity"])
        if quantity:
            mark = max(int(np.asarray(ledger.ledger.symbols)[symbol]["mark_ticks"]), 0)
            worth = mark * quantity * int(contract["numerator"]) // int(contract["divisor"])
            total += ledger.asset_of(int(contract["quote"])).value_of(worth - int(position["cost"]))
    return total


def _account_figures(row: Any, today: int, unrealised: int) -> dict[Limit, int]:
    traded, realised = (int(row[name]) if row["day"] == today else 0 for name in ("day_traded", "day_realised"))
    return {
        Limit.OPEN_ORDERS_TOTAL: int(row["open_orders"]),
        Limit.EXPOSURE: _shown(row, "exposure", "exposure_over"),
        Limit.DAILY_NOTIONAL: min(traded + _shown(row, "open_value", "open_value_over"), AMOUNT_MAX),
        Limit.DAILY_LOSS: -(realised + unrealised),
    }


def _position_figures(row: Any) -> dict[Limit, int]:
    quantity, buy, sell = (int(row[name]) for name in ("quantity", "open_lots_buy", "open_lots_sell"))
    notional = _shown(row, "open_notional_buy", "buy_over") + _shown(row, "open_notional_sell", "sell_over")
    return {
        Limit.OPEN_ORDERS: int(row["open_orders"]),
        Limit.OPEN_LOTS: buy + sell,
        Limit.OPEN_NOTIONAL: min(notional, AMOUNT_MAX),
        Limit.POSITION: max(quantity + buy, sell - quantity),
    }


def kill_view(ledger: LedgerReader, markets: dict[int, Market], account_name: Callable[[int], str]) -> dict[str, Any]:
    """The kill switches that are on."""
    tables = ledger.ledger
    accounts = np.flatnonzero(np.asarray(tables.accounts)["killed"])
    groups = np.asarray(tables.groups)
    symbols = np.flatnonzero(np.asarray(tables.symbols)["killed"])
    return {
        "venue": bool(tables.words[W_KILLED]),
        "groups": sorted(int(group["key"]) for group in groups[groups["killed"] != 0]),
        "accounts": [account_name(int(number)) for number in accounts],
        "symbols": [markets[int(number)].symbol.name for number in symbols if int(number) in markets],
    }


def breaker_views(ledger: LedgerReader, markets: dict[int, Market]) -> list[dict[str, Any]]:
    """Every circuit breaker that has rules or has tripped; the venue's has no symbol."""
    rows = rows_of(ledger.ledger.breakers, 0, len(ledger.ledger.breakers))
    return [
        _breaker(rows[number], markets[number].symbol.name if number else None)
        for number in map(int, np.flatnonzero((rows["slot_ns"] != 0) | (rows["state"] != 0)))
        if not number or number in markets
    ]


def _breaker(row: Any, symbol: str | None) -> dict[str, Any]:
    state = Transition(int(row["state"]))
    view: dict[str, Any] = {"symbol": symbol, "state": STATES[state]}
    if state != Transition.NONE:
        view |= {"cause": word(Cause(int(row["cause"]))), "since_ns": str(row["since_ns"])}
    view["rules"] = {
        "price_move_bps": int(row["price_move_bps"]),
        "volatility_bps": int(row["volatility_bps"]),
        "volume": str(row["volume"]),
        "symbols": int(row["symbols"]),
        "halt_ms": int(row["halt_ms"]),
        "half_open_ms": int(row["half_open_ms"]),
    }
    return view
