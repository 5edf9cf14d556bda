"""A rough figure in floating point that spares an exact one: it may only say what is certain, and never decides.

Of the check of an account's loss see docs/adr/0015-a-loss-that-is-far-away.md.
"""

from __future__ import annotations

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.layout import Ledger
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.risk.open_positions import first_of

_SURE = AMOUNT_MAX // 4
"""Amounts up to here are in no exact figure replaced by AMOUNT_MAX."""
_ERROR = 2.0**-40
"""Of all that was added up: each of its few dozen operations is wrong by 2**-53 of its result at most."""


@kernel_entry
def keep_rates(ledger: Ledger, symbol: int) -> None:
    """The contract of a settled symbol, or the value of its quote asset, has changed."""
    contract = ledger.contracts[symbol]
    asset = ledger.assets[contract.quote]
    assert contract.base != 0, "only what is settled has a value"
    assert asset.value_divisor > 0, "an asset that is defined"
    row = ledger.symbols[symbol]
    row.quote_value = signed(asset.value_numerator) / signed(asset.value_divisor)
    row.tick_value = signed(contract.numerator) / signed(contract.divisor) * row.quote_value


@kernel_entry
def keep_rates_of(ledger: Ledger, asset: int) -> None:
    """An asset has another value."""
    for symbol in range(1, len(ledger.contracts)):
        if ledger.contracts[symbol].base != 0 and ledger.contracts[symbol].quote == asset:
            keep_rates(ledger, signed(symbol))


@kernel
def loss_is_surely_below(ledger: Ledger, number: int, realised: int, limit: int) -> bool:
    """Whether an account, which has realised so much, surely has lost less than a limit with all its open positions.

    False says nothing.
    """
    account = ledger.accounts[number]
    if account.open_far != 0 or limit > _SURE:
        return False
    profit = float(realised)
    size = abs(profit) + float(limit)
    rounding = 0.0
    first = first_of(number)
    for place in range(first, first + signed(account.open_near)):
        entry = ledger.open_positions[place]
        symbol = ledger.symbols[entry.symbol]
        cost = signed(entry.cost)
        product = max(signed(symbol.mark_ticks), signed(0)) * signed(entry.quantity)
        if abs(cost) > _SURE or abs(product) > ledger.contracts[entry.symbol].notional_max >> 2:
            return False
        worth, paid = product * symbol.tick_value, cost * symbol.quote_value
        profit += worth - paid
        size += abs(worth) + abs(paid)
        rounding += symbol.quote_value  # what it is worth counts in whole units of the quote asset, rounded down
    return size < _SURE and rounding - profit + size * _ERROR < limit
