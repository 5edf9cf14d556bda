"""What clients receive about limits, kill switches and circuit breakers, as mappings that encode to JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gateway.ledger import LedgerReader
from gateway.market import Market
from tradsys.ledger.layout import W_KILLED
from tradsys.reading.rows import rows_of
from tradsys.reading.usage import Use, usage_of
from tradsys.risk.terms import Cause, Limit, Scope, Transition

STATES = {Transition.NONE: "closed", Transition.TRIP: "tripped", Transition.HALF_OPEN: "half_open"}
"""Of a circuit breaker, by the last transition that it made."""


def word(member: Limit | Scope | Cause) -> str:
    """As clients read and write it."""
    return member.name.lower()


def limit_views(ledger: LedgerReader, markets: dict[int, Market], account: int, now_ns: int) -> dict[str, Any]:
    """Every limit that applies to the account, where it is set, and what it counts at a time of the log's clock.

    `limits` are those of the account as a whole, and those of each symbol that do not come from the symbol; `symbols`
    has those of each symbol in which the account has something.
    """
    usage = usage_of(ledger.ledger, account, now_ns)
    return {
        "limits": [_use(use) for use in usage.whole],
        "symbols": [
            {"symbol": markets[symbol].symbol.name, "limits": [_use(use) for use in uses]}
            for symbol, uses in usage.symbols.items()
            if symbol in markets
        ],
    }


def _use(use: Use) -> dict[str, Any]:
    view: dict[str, Any] = {"limit": word(use.limit), "value": str(use.value), "scope": word(use.scope)}
    if use.used is not None:
        view |= {"used": str(use.used), "percent": use.percent}
    if use.left is not None:
        view["left"] = str(use.left)
    return view


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
