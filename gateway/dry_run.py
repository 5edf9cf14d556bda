"""A dry run of an order: what each check would say, what it would hold and what it would cost."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from gateway import placing
from gateway.ledger import LedgerReader
from gateway.market import Market
from gateway.messages import PlaceBody
from gateway.orders import WITH_LIMIT
from shm.arena import new_array
from tradsys.assets import Asset
from tradsys.errors import from_reason
from tradsys.ledger.layout import HOLD
from tradsys.ledger.terms import MILLION
from tradsys.reading.rows import balances_of, row_of
from tradsys.reasons import Reason
from tradsys.records import COMMAND, Kind
from tradsys.risk.dry_run import (
    FLOOR_BUY,
    HOLD_BUY,
    MAKER_RATE,
    MINIMUM,
    ORDERS,
    REFUSALS,
    TAKER_RATE,
    WORDS,
    dry_run,
)
from tradsys.risk.terms import REASON_BITS, REASON_MASK, Check


def check(ledger: LedgerReader, market: Market, account: int, message: PlaceBody, shards: int) -> dict[str, Any]:
    """The result of every check. Raises TradingError for an order that would not get as far as the checks."""
    records = np.frombuffer(placing.entry_of(message, market, account, 0).records, COMMAND)
    orders, hold, result = new_array(COMMAND, ORDERS), new_array(HOLD, 1), new_array(np.int64, WORDS)
    plain = orders.view(np.ndarray)
    plain[0] = records[-1]
    legs = records[records["kind"] == Kind.LEG]
    plain[1 : 1 + len(legs)] = legs
    plain["sequence"][: 1 + len(legs)] = 1
    plain["timestamp_ns"] = time.time_ns()  # the log's clock
    dry_run(ledger.ledger, orders, hold, shards, result)
    words = [int(word) for word in result]
    refused = {
        Check(found >> REASON_BITS): from_reason(found & REASON_MASK).code
        for found in words[REFUSALS + 1 : REFUSALS + 1 + words[REFUSALS]]
    }
    view: dict[str, Any] = {}
    contract = row_of(ledger.ledger.contracts, market.symbol.id)
    if contract["base"]:
        quote, base = ledger.asset_of(int(contract["quote"])), ledger.asset_of(int(contract["base"]))
        short = _is_short(ledger, account, (quote, base), words)
        if min(words[HOLD_BUY : HOLD_BUY + 2]) < 0:
            refused.setdefault(Check.NOTIONAL, from_reason(Reason.NOTIONAL_TOO_LARGE).code)
        elif short:
            refused.setdefault(Check.FUNDS, from_reason(Reason.INSUFFICIENT_FUNDS).code)
        view["hold"] = [
            {"asset": asset.name, "amount": asset.format(max(amount, 0))}
            for asset, amount in zip((quote, base), words[HOLD_BUY:], strict=False)
            if amount
        ]
        view["fee"] = _fee(plain[0], contract, ledger, market, quote, words)
    checks = [_outcome(each, refused.get(each)) for each in Check if each != Check.NONE]
    return {"passed": not refused, "checks": checks} | view


def _outcome(check: Check, code: str | None) -> dict[str, Any]:
    outcome = {"check": check.name.lower(), "passed": code is None}
    return outcome if code is None else outcome | {"code": code}


def _is_short(ledger: LedgerReader, account: int, assets: tuple[Asset, Asset], words: list[int]) -> bool:
    """Whether the account has less of an asset available than would be held."""
    balances = balances_of(ledger.ledger, account)
    return any(
        int(balances[asset.id]["available"]) - words[FLOOR_BUY + side] < words[HOLD_BUY + side]
        for side, asset in enumerate(assets)
        if words[HOLD_BUY + side]
    )


def _fee(
    order: Any, contract: Any, ledger: LedgerReader, market: Market, quote: Asset, words: list[int]
) -> dict[str, str]:
    """What it would pay for all of it at its limit or else the mark, as maker or as taker (docs/ledger.md, Fees)."""
    mark = int(np.asarray(ledger.ledger.symbols)[market.symbol.id]["mark_ticks"])
    price = max(int(order["price_ticks"]) if int(order["order_type"]) in WITH_LIMIT else mark, 0)
    spent = int(order["quantity_lots"]) * (1 if int(order["flags"]) & placing.BUDGET else price)
    notional = spent * int(contract["numerator"]) // int(contract["divisor"])
    maker, taker = (-(-notional * words[rate] // MILLION) for rate in (MAKER_RATE, TAKER_RATE))
    if words[TAKER_RATE] > 0 and notional:
        taker = min(max(taker, words[MINIMUM]), notional)
    return {"asset": quote.name, "maker": quote.format(maker), "taker": quote.format(taker)}
