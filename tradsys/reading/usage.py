"""How much of its limits an account uses: the figures that the checks compare. The rule: docs/risk.md."""

from __future__ import annotations

from typing import Any, NamedTuple

from tradsys.assets import Asset
from tradsys.ledger.layout import W_TODAY, Ledger
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.reading.limits import OF_ACCOUNT, OF_SYMBOL, Standing, counting_for, counting_in
from tradsys.reading.rows import Owned, assets_of, owned_by, row_of
from tradsys.reading.tokens import Tokens, tokens_of
from tradsys.risk.terms import Limit, Scope

_BASIS_POINTS, _HUNDREDTHS = 10_000, 100


class Use(NamedTuple):
    """A limit that counts, where it is set, and what is held against it: docs/risk.md, Use.

    `used`, and what that is per cent of the limit, is None of one that nothing adds up to; `left` is there for rates.
    """

    limit: Limit
    value: int
    scope: Scope
    used: int | None = None
    percent: int | None = None
    left: int | None = None


class Usage(NamedTuple):
    """The limits that count for an account: also where it has nothing, and in each symbol that it has."""

    whole: list[Use]
    symbols: dict[int, list[Use]]


def usage_of(ledger: Ledger, number: int, now_ns: int) -> Usage:
    """What an account uses of which limits at a time of the log's clock; those of it as a whole come first."""
    owned = owned_by(ledger, number)
    whole = counting_for(ledger, owned.account)
    figures = _account_figures(ledger, owned)
    tokens = tokens_of(owned.account, whole, now_ns)
    symbols = {}
    for symbol, position in owned.positions.items():
        counting = counting_in(ledger, position, whole)
        here = _symbol_figures(position) | _shares(ledger, owned, symbol, counting)
        symbols[symbol] = [_use(limit, counting[limit], here) for limit in OF_SYMBOL if limit in counting]
    return Usage(
        [
            _rate_use(limit, whole[limit], tokens[limit]) if limit in tokens else _use(limit, whole[limit], figures)
            for limit in (*OF_ACCOUNT, *OF_SYMBOL)
            if limit in whole
        ],
        symbols,
    )


def _use(limit: Limit, standing: Standing, figures: dict[Limit, int]) -> Use:
    used = figures.get(limit)
    return Use(limit, *standing, used, None if used is None else _percent(used, standing.value))


def _rate_use(limit: Limit, standing: Standing, tokens: Tokens) -> Use:
    return Use(limit, *standing, tokens.used, _percent(tokens.used, tokens.used + tokens.left), tokens.left)


def _percent(used: int, limit: int) -> int:
    """Rounded down: it reaches 80 and 100 as alerts do."""
    if used <= 0:
        return 0
    return _bounded(used * 100 // limit) if limit else 100


def _ratio(amount: int, whole: int, parts: int) -> int:
    """How many `parts` of the whole an amount is, rounded up; none of nothing, AMOUNT_MAX of a whole that is not."""
    if amount == 0:
        return 0
    return _bounded(-(-amount * parts // whole)) if whole > 0 else AMOUNT_MAX


def _bounded(amount: int) -> int:
    """What is beyond AMOUNT_MAX, or its negative, counts as that."""
    return max(min(amount, AMOUNT_MAX), -AMOUNT_MAX)


def _sum(row: Any, field: str, over: str) -> int:
    """A sum that a row keeps in two fields, at most AMOUNT_MAX: see tradsys.risk.sums."""
    return AMOUNT_MAX if row[over] > 0 else int(row[field])


def _account_figures(ledger: Ledger, owned: Owned) -> dict[Limit, int]:
    row, is_today = owned.account, owned.account["day"] == ledger.words[W_TODAY]
    traded, realised = (int(row[name]) if is_today else 0 for name in ("day_traded", "day_realised"))
    assets, exposure = assets_of(ledger), _sum(row, "exposure", "exposure_over")
    return {
        Limit.OPEN_ORDERS_TOTAL: int(row["open_orders"]),
        Limit.EXPOSURE: exposure,
        Limit.LEVERAGE: _ratio(exposure, _equity(owned.balances, assets), _HUNDREDTHS),
        Limit.DAILY_NOTIONAL: _bounded(traded + _sum(row, "open_value", "open_value_over")),
        Limit.DAILY_LOSS: -_bounded(realised + _unrealised(ledger, owned.positions, assets)),
    }


def _equity(balances: Any, assets: list[Asset]) -> int:
    """The value of all balances (docs/risk.md, check 12)."""
    amounts = ((asset, int(balances[asset.id]["available"]) + int(balances[asset.id]["held"])) for asset in assets)
    return _bounded(sum(_bounded(asset.value_of(_bounded(amount))) for asset, amount in amounts))


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


def _shares(ledger: Ledger, owned: Owned, symbol: int, counting: dict[Limit, Standing]) -> dict[Limit, int]:
    """The figures of an account in a symbol that come from more than its position."""
    figures: dict[Limit, int] = {}
    if Limit.EXPOSURE in counting:
        exposure, most = int(owned.positions[symbol]["exposure"]), counting[Limit.EXPOSURE].value
        figures[Limit.CONCENTRATION_BPS] = _ratio(exposure, most, _BASIS_POINTS)
    contract = row_of(ledger.contracts, symbol)
    if base := int(contract["base"]):
        owed = max(-int(owned.balances[base]["available"]), 0)
        figures[Limit.SHORT] = -(-owed // int(contract["lot_value"]))
    return figures
