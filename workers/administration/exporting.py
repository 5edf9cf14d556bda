"""What a running venue's log has defined, in the configuration's own format.

Keys, deposits, what accounts own and what they may do at the moment (their status) are not of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import msgspec
import numpy as np
import yaml
from msgspec.structs import replace

from tradsys.assets import VALUE_DECIMALS, Asset, format_value
from tradsys.configuration import Configuration
from tradsys.configuration.changes import given
from tradsys.configuration.money import AssetEntry, BreakerEntry, FeesEntry, LimitEntry, TierEntry
from tradsys.configuration.sections import AccountEntry, RulesEntry, SymbolEntry
from tradsys.ledger.layout import FEE_CLASSES, FEE_TIERS, Ledger
from tradsys.ledger.terms import AccountKind
from tradsys.reading.rows import assets_of, row_of, rows_of
from tradsys.records import MarketState
from tradsys.risk.layout import SLOTS
from tradsys.symbols import Rules, Symbol
from workers.administration.known import known_in
from workers.definitions import known_accounts, present_rules
from workers.limits import limits_set
from workers.memory import VenueMemory

SECTIONS = ("symbols", "accounts", "assets", "fees", "fee_tiers", "limits", "breakers", "calendars")
"""What an export holds."""

_OPENS = tuple(state.name.lower() for state in MarketState if state != MarketState.FROZEN)
_NS_PER_MS = 1_000_000


def exported(memory: VenueMemory, configuration: Configuration) -> Configuration:
    """The configuration of a venue with what the log has in the lists; roles and calendars are as they are here."""
    known = known_in(memory)
    names = {symbol.id: symbol.name for symbol in known.symbols.values()} | {0: ""}
    ledger = memory.ledger
    assert len(names) == len(known.symbols) + 1, "a symbol has a number and a name of its own"
    assert len(ledger.tiers) == FEE_TIERS, "a row for each tier"
    return replace(
        configuration,
        symbols=[symbol_entry(memory, symbol) for symbol in known.symbols.values()],
        accounts=list(_accounts(memory, configuration)),
        assets=[asset_entry(asset) for asset in assets_of(ledger)],
        fees=list(_fees(ledger, names)),
        fee_tiers=[
            TierEntry(tier, format_value(int(ledger.tiers[tier]))) for tier in range(1, FEE_TIERS) if ledger.tiers[tier]
        ],
        limits=[
            LimitEntry(view.limit.replace("-", "_"), view.value, view.account or "", view.symbol or "", view.group or 0)  # type: ignore[arg-type]
            for view in limits_set(memory)
        ],
        breakers=list(_breakers(ledger, names)),
    )


def as_yaml(configuration: Configuration) -> str:
    """The export as a file for --config, without what is as it is by default."""
    lists = {name: _plain(getattr(configuration, name)) for name in SECTIONS}
    return yaml.safe_dump({"version": configuration.version} | lists, sort_keys=False, allow_unicode=True, width=120)


def symbol_entry(memory: VenueMemory, symbol: Symbol) -> SymbolEntry:
    """A symbol as the configuration would have it."""
    opens = symbol.state.name.lower()
    entry = SymbolEntry(
        name=symbol.name,
        tick_size=symbol.tick_size,
        lot_size=symbol.lot_size,
        lowest_price=symbol.format_price(symbol.lowest_ticks),
        highest_price=symbol.format_price(symbol.highest_ticks),
        reference_price=symbol.format_price(symbol.reference_ticks),
        opens=opens if opens in _OPENS else "closed",  # type: ignore[arg-type]
        rules=rules_entry(present_rules(memory, symbol.id)),
    )
    assert 0 < symbol.id < len(memory.ledger.contracts), "every symbol has its row"
    contract = row_of(memory.ledger.contracts, symbol.id)
    if not contract["base"]:
        return entry
    assets = assets_of(memory.ledger)
    assert contract["quote"], "a symbol that is settled has both assets"
    assert contract["fee_account"], "somebody gets its fees"
    payee = known_accounts(memory)[int(contract["fee_account"]) - 1]
    return replace(
        entry,
        base=assets[int(contract["base"]) - 1].name,
        quote=assets[int(contract["quote"]) - 1].name,
        fee_account=payee.name,
    )


def rules_entry(rules: Rules) -> RulesEntry:
    """Trading rules as the configuration would have them."""
    return RulesEntry(
        rules.static_band_bps,
        rules.dynamic_band_bps,
        rules.collar_bps,
        rules.orders_max,
        rules.trigger_source.name.lower(),  # type: ignore[arg-type]
        rules.breach_state.name.lower(),  # type: ignore[arg-type]
    )


def _accounts(memory: VenueMemory, configuration: Configuration) -> Iterator[AccountEntry]:
    roles = configuration.roles_of_account()
    accounts = known_accounts(memory)
    rows = rows_of(memory.ledger.accounts, 0, len(accounts) + 1)
    assert len(rows) == len(accounts) + 1, "the ledger has a row for each account that there is"
    for account in accounts:
        yield AccountEntry(
            account.name,
            group=account.group,
            kind=AccountKind(account.kind).name.lower(),  # type: ignore[arg-type]
            fee_class=int(rows[account.id]["fee_class"]),
            roles=sorted(roles.get(account.name, ())),  # type: ignore[arg-type]
        )


def asset_entry(asset: Asset) -> AssetEntry:
    """An asset as the configuration would have it."""
    worth = Fraction(asset.value_numerator * 10**asset.decimals, asset.value_divisor * 10**VALUE_DECIMALS)
    whole, rest = divmod(worth.numerator, worth.denominator)
    text = str(whole)
    if rest:
        digits = ""
        while rest:  # at most nine times: see Asset.from_text
            digit, rest = divmod(10 * rest, worth.denominator)
            digits += str(digit)
            assert len(digits) <= 9, "a value has at most nine decimals"
        text = f"{whole}.{digits}"
    assert Fraction(text) == worth, "the text says exactly what the asset is worth"
    return AssetEntry(asset.name, asset.decimals, text)


def _fees(ledger: Ledger, names: dict[int, str]) -> Iterator[FeesEntry]:
    schedules = np.asarray(ledger.schedules).reshape(-1, FEE_CLASSES, FEE_TIERS)
    assert len(schedules) == len(ledger.contracts), "every symbol has its schedules"
    for symbol, fee_class, tier in np.argwhere(schedules["defined"]).tolist():
        if symbol not in names:
            continue  # added since they were asked for
        row = schedules[symbol, fee_class, tier]
        rates = (int(row[name]) for name in ("maker_rate", "taker_rate", "minimum"))
        yield FeesEntry(names[symbol], fee_class, tier, *rates)


def breaker_entry(ledger: Ledger, symbol: int, name: str) -> BreakerEntry:
    """The circuit breaker of a symbol (0: the venue's) as the configuration would have it."""
    assert 0 <= symbol < len(ledger.breakers), "every symbol has a breaker, and the venue"
    row = row_of(ledger.breakers, symbol)
    fields = ("price_move_bps", "volatility_bps", "volume", "symbols", "halt_ms", "half_open_ms")
    window_ms, rest = divmod(int(row["slot_ns"]) * SLOTS, _NS_PER_MS)
    assert rest == 0, "a window is so many milliseconds"
    return BreakerEntry(name, window_ms=window_ms, **{field: int(row[field]) for field in fields})


def _breakers(ledger: Ledger, names: dict[int, str]) -> Iterator[BreakerEntry]:
    rows = rows_of(ledger.breakers, 0, len(ledger.breakers))
    assert len(rows) == len(ledger.contracts), "every symbol has a breaker, and the venue's is in the place of none"
    for number in np.flatnonzero(rows["slot_ns"]).tolist():
        if number in names:
            yield breaker_entry(ledger, number, names[number])


def _plain(value: Any) -> Any:
    """As YAML has it, without what is as it is by default."""
    if isinstance(value, msgspec.Struct):
        said = {name: _plain(part) for name, part in given(value).items()}
        return {name: part for name, part in said.items() if part not in ({}, [])}
    return [_plain(part) for part in value] if isinstance(value, list) else msgspec.to_builtins(value)
