"""How much of its limits an account uses: the figures that the checks compare. The rule: docs/risk.md."""

from __future__ import annotations

from typing import Any, NamedTuple

from tradsys.assets import Asset
from tradsys.ledger.layout import W_TODAY, Ledger
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.reading.limits import OF_ACCOUNT, OF_SYMBOL, Standing, counting_for, counting_in
from tradsys.reading.rows import Owned, assets_of, owned_by, row_of
from tradsys.risk.terms import Limit, Scope


class Use(NamedTuple):
    """A limit that counts, where it is set, and what is held against it; None of one that nothing adds up to."""

    limit: Limit
    value: int
    scope: Scope
    used: int | None


class Usage(NamedTuple):
    """The limits that count for an account: also where it has nothing, and in each symbol that it has."""

    whole: list[Use]
    symbols: dict[int, list[Use]]


def usage_of(ledger: Ledger, number: int) -> Usage:
    """What an account uses now of which limits; those of it as a whole come first."""
    owned = owned_by(ledger, number)
    whole = counting_for(ledger, owned.account)
    symbols = {
        symbol: _uses(OF_SYMBOL, counting_in(ledger, position, whole), _symbol_figures(position))
        for symbol, position in owned.positions.items()
    }
    return Usage(_uses((*OF_ACCOUNT, *OF_SYMBOL), whole, _account_figures(ledger, owned)), symbols)


def _uses(limits: tuple[Limit, ...], counting: dict[Limit, Standing], figures: dict[Limit, int]) -> list[Use]:
    return [Use(limit, *counting[limit], figures.get(limit)) for limit in limits if limit in counting]


def _bounded(amount: int) -> int:
    """What is beyond AMOUNT_MAX, or its negative, counts as that."""
    return max(min(amount, AMOUNT_MAX), -AMOUNT_MAX)


def _sum(row: Any, field: str, over: str) -> int:
    """A sum that a row keeps in two fields, at most AMOUNT_MAX: see tradsys.risk.sums."""
    return AMOUNT_MAX if row[over] > 0 else int(row[field])


def _account_figures(ledger: Ledger, owned: Owned) -> dict[Limit, int]:
    row, is_today = owned.account, owned.account["day"] == ledger.words[W_TODAY]
    traded, realised = (int(row[name]) if is_today else 0 for name in ("day_traded", "day_realised"))
    return {
        Limit.OPEN_ORDERS_TOTAL: int(row["open_orders"]),
        Limit.EXPOSURE: _sum(row, "exposure", "exposure_over"),
        Limit.DAILY_NOTIONAL: _bounded(traded + _sum(row, "open_value", "open_value_over")),
        Limit.DAILY_LOSS: -_bounded(realised + _unrealised(ledger, owned.positions, assets_of(ledger))),
    }


def _unrealised(ledger: Ledger, positions: dict[int, Any], assets: list[Asset]) -> int:
    """What closing the positions at the marks of now would make (docs/risk.md, What is counted)."""
    total = 0
    for symbol, position in positions.items():
        if quantity := int(position["quantity"]):
            contract = row_of(ledger.contracts, symbol)
            mark = max(int(row_of(ledger.symbols, symbol)["mark_ticks"]), 0)
            worth = _bounded(mark * quantity * int(contract["numerator"])) // int(contract["divisor"])
            made = _bounded(worth - int(position["cost"]))
            total += _bounded(assets[int(contract["quote"]) - 1].value_of(made))
    return _bounded(total)


def _symbol_figures(row: Any) -> dict[Limit, int]:
    quantity, buy, sell = (int(row[name]) for name in ("quantity", "open_lots_buy", "open_lots_sell"))
    notional = _sum(row, "open_notional_buy", "buy_over") + _sum(row, "open_notional_sell", "sell_over")
    return {
        Limit.OPEN_ORDERS: int(row["open_orders"]),
        Limit.OPEN_LOTS: buy + sell,
        Limit.OPEN_NOTIONAL: _bounded(notional),
        Limit.POSITION: max(quantity + buy, sell - quantity),
    }
