"""What the ledger of a running venue says of its accounts, read from its shared memory as decimals."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from tradsys.assets import Asset
from tradsys.errors import error
from tradsys.ledger.terms import AccountKind, AccountStatus, KycStatus
from tradsys.reading.positions import average_cost
from tradsys.reading.rows import assets_of, owned_by
from tradsys.symbols import Symbol
from tradsys.words import word
from workers.definitions import known_accounts, known_symbols
from workers.memory import VenueMemory


class BalanceView(msgspec.Struct, frozen=True):
    """Decimals. `reserved` is the part of what is held that waits for a withdrawal."""

    asset: str
    available: str
    held: str
    reserved: str


class PositionView(msgspec.Struct, frozen=True):
    """Decimals: quantities in the symbol's units, money in its quote asset.

    `average_cost`: see tradsys.reading.positions.
    """

    symbol: str
    quantity: str
    average_cost: str | None
    cost: str
    realised: str
    fees: str
    turnover: str
    open_orders: int
    open_buy: str
    open_sell: str


class AccountView(msgspec.Struct, frozen=True):
    """What an account is, in words. `group` 0: none."""

    number: int
    name: str
    kind: str
    status: str
    kyc_status: str
    fee_class: int
    group: int
    kill_switch: bool


class Statement(msgspec.Struct, frozen=True):
    """One account and what it owns. `open_orders` counts those in settled symbols."""

    account: AccountView
    open_orders: int
    balances: list[BalanceView]
    positions: list[PositionView]


def asset_named(memory: VenueMemory, name: str) -> Asset:
    """Raises TradingError."""
    return _named(name, {asset.name: asset for asset in assets_of(memory.ledger)}, "asset")


def symbol_named(memory: VenueMemory, name: str) -> Symbol:
    """Raises TradingError."""
    return _named(name, {symbol.name: symbol for symbol in known_symbols(memory)}, "symbol")


def account_named(memory: VenueMemory, name: str) -> AccountView:
    """Raises TradingError."""
    return _named(name, {account.name: account for account in accounts(memory)}, "account")


def _named(name: str, known: dict[str, Any], what: str) -> Any:
    if name not in known:
        names = ", ".join(sorted(known)[:20])
        raise error(f"unknown_{what}", f"there is no {what} {name!r}; known: {names or 'none'}")
    return known[name]


def accounts(memory: VenueMemory) -> list[AccountView]:
    """All accounts, by their numbers."""
    return [_account_view(known.id, known.name, known.group, memory) for known in known_accounts(memory)]


def _account_view(number: int, name: str, group: int, memory: VenueMemory) -> AccountView:
    assert 1 <= number < len(memory.ledger.accounts), "accounts are numbered from 1"
    row = memory.ledger.accounts.view(np.ndarray)[number]
    return AccountView(
        number=number,
        name=name,
        kind=word(AccountKind(int(row["kind"]))),
        status=word(AccountStatus(int(row["status"]))),
        kyc_status=word(KycStatus(int(row["kyc_status"]))),
        fee_class=int(row["fee_class"]),
        group=group,
        kill_switch=bool(row["killed"]),
    )


def statement(memory: VenueMemory, account: AccountView) -> Statement:
    """What an account owns now."""
    row, balances, positions = owned_by(memory.ledger, account.number)
    known = assets_of(memory.ledger)
    assert len(balances) > len(known), "an account has a balance in every asset"
    symbols = {symbol.id: symbol for symbol in known_symbols(memory)}
    return Statement(
        account=account,
        open_orders=int(row["open_orders"]),
        balances=[
            BalanceView(asset.name, *(asset.format(int(balances[asset.id][part])) for part in _PARTS))
            for asset in known
            if any(balances[asset.id][part] for part in _PARTS)
        ],
        positions=[
            _position_view(position, symbols[symbol], memory, known)
            for symbol, position in positions.items()
            if position["turnover"] or position["open_orders"]
        ],
    )


_PARTS = ("available", "held", "reserved")


def _position_view(position: Any, symbol: Symbol, memory: VenueMemory, known: list[Asset]) -> PositionView:
    contract = memory.ledger.contracts.view(np.ndarray)[symbol.id]
    assert 1 <= contract["quote"] <= len(known), "a symbol with positions is settled in an asset that there is"
    quote = known[int(contract["quote"]) - 1]
    assert quote.id == contract["quote"], "assets are in the order of their numbers"
    return PositionView(
        symbol=symbol.name,
        quantity=symbol.format_quantity(int(position["quantity"])),
        average_cost=average_cost(position, contract, symbol),
        cost=quote.format(int(position["cost"])),
        realised=quote.format(int(position["realised"])),
        fees=quote.format(int(position["fees"])),
        turnover=quote.format(int(position["turnover"])),
        open_orders=int(position["open_orders"]),
        open_buy=symbol.format_quantity(int(position["open_lots_buy"])),
        open_sell=symbol.format_quantity(int(position["open_lots_sell"])),
    )
