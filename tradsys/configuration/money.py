"""The sections about money and risk: assets, what accounts begin with, fees, limits, circuit breakers."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tradsys.assets import Asset, Contract
from tradsys.ledger.layout import FEE_CLASSES, FEE_TIERS
from tradsys.ledger.terms import AMOUNT_MAX, ASSET_DECIMALS_MAX, MILLION
from tradsys.risk.terms import SHARE_MAX, Scope
from tradsys.symbols import Symbol

_U32_MAX = (1 << 32) - 1
FeeClass = Annotated[int, Meta(ge=0, le=FEE_CLASSES - 1)]
Group = Annotated[int, Meta(ge=0, le=_U32_MAX)]
_Amount = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
_Rate = Annotated[int, Meta(ge=-MILLION, le=MILLION)]
_Milliseconds = Annotated[int, Meta(ge=0, le=_U32_MAX)]
_Share = Annotated[int, Meta(ge=0, le=SHARE_MAX)]

Role = Literal["administrator", "risk_officer"]
Kind = Literal["client", "fee", "house", "outside"]
LimitName = Literal[
    "trading",
    "order_lots_min",
    "order_lots_max",
    "order_notional_min",
    "order_notional_max",
    "collar_bps",
    "open_orders",
    "open_lots",
    "open_notional",
    "position",
    "short",
    "concentration_bps",
    "open_orders_total",
    "exposure",
    "leverage",
    "daily_notional",
    "daily_loss",
    "orders_per_second",
    "orders_burst",
    "cancels_per_second",
    "cancels_burst",
]


class AssetEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """An asset to define at the start; `value` is what one whole one is worth, a decimal string."""

    name: str
    decimals: Annotated[int, Meta(ge=0, le=ASSET_DECIMALS_MAX)] = 2
    value: str = "0"

    def asset(self, id: int) -> Asset:
        """The asset with this number. Raises ValueError or ValidationError when the values do not fit."""
        return Asset.from_text(id, self.name, self.decimals, self.value)


class DepositEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """What an account is given once, at the first start that says so. One for each asset."""

    asset: str
    amount: str


class FeesEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A fee schedule of a symbol ("": of all that have none of their own). Rates are in millionths."""

    symbol: str = ""
    fee_class: FeeClass = 0
    tier: Annotated[int, Meta(ge=0, le=FEE_TIERS - 1)] = 0
    maker_rate: _Rate = 0
    taker_rate: _Rate = 0
    minimum: _Amount = 0


class TierEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """From which volume of 30 days on a fee tier applies: a value, a decimal string."""

    tier: Annotated[int, Meta(ge=1, le=FEE_TIERS - 1)]
    volume: str


class LimitEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A limit as docs/risk.md has it: of a group, an account, an account in a symbol, or else of the venue."""

    limit: LimitName
    value: _Amount = 0
    account: str = ""
    symbol: str = ""
    group: Group = 0

    @property
    def scope(self) -> Scope:
        """Whom it concerns."""
        if self.group:
            return Scope.GROUP
        if self.account:
            return Scope.ACCOUNT_SYMBOL if self.symbol else Scope.ACCOUNT
        return Scope.VENUE


class BreakerEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """The circuit breaker of a symbol ("": of the venue) as docs/risk.md has it."""

    symbol: str = ""
    price_move_bps: _Share = 0
    volatility_bps: _Share = 0
    volume: _Amount = 0
    symbols: Annotated[int, Meta(ge=0, le=_U32_MAX)] = 0
    window_ms: _Milliseconds = 0
    halt_ms: _Milliseconds = 0
    half_open_ms: _Milliseconds = 0


def contract_of(symbol: Symbol, assets: dict[str, Asset], base: str, quote: str, fee_account: int) -> Contract:
    """The contract of a symbol by names of assets. Raises ValueError."""
    missing = [name for name in (base, quote) if name not in assets]
    if missing:
        raise ValueError(f"there is no asset {missing[0]!r}")
    return Contract.of(symbol, assets[base], assets[quote], fee_account)
