"""What clients receive about money: balances, positions, fees and withdrawals, as mappings that encode to JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from gateway.ledger import LedgerReader
from gateway.market import Market
from gateway.withdrawals import Withdrawal
from tradsys.assets import Asset, format_value
from tradsys.ledger.layout import FEE_CLASSES, FEE_TIERS
from tradsys.reading.positions import average_cost
from tradsys.reading.rows import balances_of, positions_of, row_of


def balance_views(ledger: LedgerReader, account: int) -> list[dict[str, str]]:
    """Available, held and reserved of every asset; `reserved` is the part of what is held that is being withdrawn."""
    assets, rows = ledger.assets(), balances_of(ledger.ledger, account)
    return [
        {"asset": asset.name}
        | {field: asset.format(int(rows[asset.id][field])) for field in ("available", "held", "reserved")}
        for asset in assets
    ]


def position_views(ledger: LedgerReader, markets: dict[int, Market], account: int) -> list[dict[str, Any]]:
    """What the account has traded or has orders for, in settled symbols."""
    views = []
    for symbol, row in positions_of(ledger.ledger, account).items():
        contract, market = row_of(ledger.ledger.contracts, symbol), markets.get(symbol)
        if market is not None and contract["base"] and (row["open_orders"] or row["turnover"]):
            views.append(_position(row, contract, market, ledger.asset_of(int(contract["quote"]))))
    return views


def _position(row: Any, contract: Any, market: Market, quote: Asset) -> dict[str, Any]:
    money, lots = quote.format, market.quantity_text
    view: dict[str, Any] = {"symbol": market.symbol.name, "quantity": lots(int(row["quantity"])), "asset": quote.name}
    view["average_cost"] = average_cost(row, contract, market.symbol)
    view |= {name: money(int(row[name])) for name in ("cost", "realised", "fees", "turnover")}
    view["open_orders"] = int(row["open_orders"])
    view["open_buy"], view["open_sell"] = lots(int(row["open_lots_buy"])), lots(int(row["open_lots_sell"]))
    return view


def fee_views(ledger: LedgerReader, markets: dict[int, Market], account: int) -> dict[str, Any]:
    """The account's fee class, the volumes from which on tiers apply, and the schedules of its class."""
    row = row_of(ledger.ledger.accounts, account)
    fee_class = int(row["fee_class"])
    schedules = np.asarray(ledger.ledger.schedules).reshape(-1, FEE_CLASSES, FEE_TIERS)[:, fee_class]
    tiers = [{"tier": tier, "volume": format_value(int(ledger.ledger.tiers[tier]))} for tier in range(1, FEE_TIERS)]
    return {
        "fee_class": fee_class,
        "tiers": [tier for tier in tiers if ledger.ledger.tiers[tier["tier"]]],
        "schedules": [
            {
                "symbol": markets[int(symbol)].symbol.name if symbol else None,
                "tier": int(tier),
                "maker_rate": int(schedules[symbol, tier]["maker_rate"]),
                "taker_rate": int(schedules[symbol, tier]["taker_rate"]),
                "minimum": int(schedules[symbol, tier]["minimum"]),
            }
            for symbol, tier in np.argwhere(schedules["defined"])
            if not symbol or int(symbol) in markets
        ],
    }


def withdrawal_view(withdrawal: Withdrawal, account: str, asset: Asset) -> dict[str, str]:
    """A withdrawal as it is now."""
    return {
        "id": str(withdrawal.id),
        "account": account,
        "asset": asset.name,
        "amount": asset.format(withdrawal.amount),
        "status": withdrawal.status,
    }
