"""What the configuration says about money and risk and the log does not know yet, as records for the engine.

The configuration's word counts for what assets are worth and for circuit breakers: it holds from every start on. Of
what can be changed while the venue runs (contracts, fees, tiers, limits) the log's word counts, once it has one; the
configuration only says how it begins. Opening deposits are made once: their posting ids are always the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from tradsys import posting_ids
from tradsys.assets import Asset, parse_value
from tradsys.configuration import Configuration
from tradsys.configuration.money import AssetEntry, BreakerEntry, FeesEntry, LimitEntry, TierEntry, contract_of
from tradsys.ledger.layout import FEE_CLASSES, FEE_TIERS, Ledger
from tradsys.ledger.terms import AccountKind, PostingKind
from tradsys.reading.limits import set_for
from tradsys.reading.rows import assets_of
from tradsys.records import Kind, details
from tradsys.risk.layout import SLOTS
from tradsys.risk.terms import Limit
from tradsys.symbols import Account, Symbol

_BREAKER_FIELDS = ("price_move_bps", "volatility_bps", "volume", "symbols", "halt_ms", "half_open_ms")
_RATES = ("maker_rate", "taker_rate", "minimum")
NO_LIMIT = -1
"""As the amount of a limit's record: it is removed."""
_NS_PER_MS = 1_000_000


class Definition(NamedTuple):
    """A record for the engine (an array of one DETAILS), and what it is for people."""

    what: str
    record: Any


class Known:
    """What the log has already, for finding what it has not."""

    def __init__(self, ledger: Ledger, accounts: list[Account], symbols: list[Symbol]) -> None:
        assert not accounts or accounts[-1].id == len(accounts), "accounts are numbered one after the other"
        assert not symbols or symbols[-1].id == len(symbols), "symbols are numbered one after the other"
        self.ledger = ledger
        self.symbols = {symbol.name: symbol for symbol in symbols}
        self._accounts = {account.name: account.id for account in reversed(accounts)}
        self._first = {account.kind: account.id for account in reversed(accounts)}

    def account(self, name: str) -> int:
        """The number of an account, 0 for ""."""
        return self._accounts.get(name, 0)

    def symbol(self, name: str) -> int:
        """The number of a symbol, 0 for ""."""
        return self.symbols[name].id if name in self.symbols else 0

    def first(self, kind: AccountKind) -> int:
        """The number of the first account of a kind, 0 when there is none."""
        return self._first.get(kind, 0)


def missing_records(known: Known, configuration: Configuration) -> list[Definition]:
    """What is to be sent, in its order. All accounts and symbols of the configuration must be known."""
    assets = {asset.name: asset for asset in assets_of(known.ledger)}
    assert all(entry.name in known.symbols for entry in configuration.symbols), "symbols are defined before their money"
    assert all(known.account(entry.name) for entry in configuration.accounts), "accounts are opened before they get any"
    missing = list(_assets(assets, configuration))
    assert all(entry.name in assets for entry in configuration.assets), "an asset is there, or it comes first"
    missing += _contracts(known, assets, configuration)
    missing += [tier_record(entry) for entry in configuration.fee_tiers if not known.ledger.tiers[entry.tier]]
    missing += [fees_record(known, entry) for entry in configuration.fees if not _schedule(known, entry)["defined"]]
    missing += [
        limit_record(known, entry, entry.value) for entry in configuration.limits if limit_set(known, entry) is None
    ]
    missing += [rules_record(known, entry) for entry in configuration.breakers if not _has_rules(known, entry)]
    missing += _deposits(known, assets, configuration)
    return missing


def missing_terms(known: Known, configuration: Configuration) -> tuple[list[Definition], list[Definition]]:
    """The first of them: assets, and what symbols trade. `known` has the symbols that are yet to be defined, too."""
    assets = {asset.name: asset for asset in assets_of(known.ledger)}
    return list(_assets(assets, configuration)), list(_contracts(known, assets, configuration))


def others_than_configured(known: Known, configuration: Configuration) -> list[str]:
    """Assets that the log has with other decimals, and symbols with orders that it has with other assets: they stay."""
    assets = {asset.name: asset for asset in assets_of(known.ledger)}
    others = [entry.name for entry in configuration.assets if _has_other_decimals(assets.get(entry.name), entry)]
    rows = np.asarray(known.ledger.contracts)
    assert len(known.symbols) < len(rows), "every symbol has its place"
    for entry in configuration.symbols:
        row = rows[known.symbol(entry.name)]
        wanted = tuple(assets[name].id if name in assets else 0 for name in (entry.base, entry.quote))
        if row["used"] and wanted != (row["base"], row["quote"]):
            others.append(entry.name)
    return others


def _has_other_decimals(present: Asset | None, entry: AssetEntry) -> bool:
    return present is not None and present.decimals != entry.decimals


def _assets(assets: dict[str, Asset], configuration: Configuration) -> Iterator[Definition]:
    """Adds to `assets` what is to be defined."""
    for entry in configuration.assets:
        present = assets.get(entry.name)
        wanted = entry.asset(len(assets) + 1 if present is None else present.id)
        if wanted != present and not _has_other_decimals(present, entry):
            assert wanted.id <= len(assets) + 1, "assets are numbered one after the other"
            assets[entry.name] = wanted
            yield Definition(f"the asset {entry.name}", wanted.definition())


def _contracts(known: Known, assets: dict[str, Asset], configuration: Configuration) -> Iterator[Definition]:
    rows = np.asarray(known.ledger.contracts)
    for entry in configuration.symbols:
        symbol = known.symbols[entry.name]
        assert symbol.id < len(rows), "every symbol has its place"
        row = rows[symbol.id]
        if not entry.base or row["base"] or row["used"]:
            continue
        payee = known.account(entry.fee_account) or known.first(AccountKind.FEE)
        contract = contract_of(symbol, assets, entry.base, entry.quote, payee)
        yield Definition(f"what the symbol {entry.name} trades", contract.definition(symbol.id))


def tier_record(entry: TierEntry) -> Definition:
    """From which volume on a fee tier applies."""
    assert 0 < entry.tier < FEE_TIERS, "the first tier applies to any volume"
    record = details(Kind.TIER, tier=entry.tier, amount=parse_value(entry.volume))
    return Definition(f"the fee tier {entry.tier}", record)


def has_tier(known: Known, entry: TierEntry) -> bool:
    """Whether the log says the same."""
    return bool(known.ledger.tiers[entry.tier] == parse_value(entry.volume))


def fees_record(known: Known, entry: FeesEntry) -> Definition:
    """A schedule of fees."""
    assert not entry.symbol or known.symbol(entry.symbol), "what is meant for one symbol never counts for all"
    fields = {name: getattr(entry, name) for name in (*_RATES, "fee_class", "tier")}
    record = details(Kind.FEES, symbol=known.symbol(entry.symbol), **fields)
    return Definition(f"the fees of {entry.symbol or 'all symbols'}", record)


def has_fees(known: Known, entry: FeesEntry) -> bool:
    """Whether the log says the same."""
    row = _schedule(known, entry)
    return bool(row["defined"]) and all(int(row[name]) == getattr(entry, name) for name in _RATES)


def _schedule(known: Known, entry: FeesEntry) -> Any:
    schedules = np.asarray(known.ledger.schedules).reshape(-1, FEE_CLASSES, FEE_TIERS)
    assert len(schedules) == len(known.ledger.contracts), "every symbol has its schedules"
    return schedules[known.symbol(entry.symbol), entry.fee_class, entry.tier]


def limit_record(known: Known, entry: LimitEntry, amount: int) -> Definition:
    """A limit of this amount, NO_LIMIT to remove it."""
    assert amount >= NO_LIMIT, "a limit is not negative"
    assert not entry.account or known.account(entry.account), "what is meant for one account never counts for all"
    assert not entry.symbol or known.symbol(entry.symbol), "what is meant for one symbol never counts for all"
    record = details(
        Kind.LIMIT,
        scope=entry.scope,
        limit=Limit[entry.limit.upper()],
        amount=amount,
        account=known.account(entry.account),
        symbol=known.symbol(entry.symbol),
        group=entry.group,
    )
    return Definition(f"the limit {entry.limit}", record)


def limit_set(known: Known, entry: LimitEntry) -> int | None:
    """What the log says of a limit where the entry sets it."""
    account, symbol = known.account(entry.account), known.symbol(entry.symbol)
    return set_for(known.ledger, entry.scope, account, symbol, entry.group).get(Limit[entry.limit.upper()])


def rules_record(known: Known, entry: BreakerEntry) -> Definition:
    """What a circuit breaker watches."""
    assert not entry.symbol or known.symbol(entry.symbol), "what is meant for one symbol never stops the venue"
    fields = {name: getattr(entry, name) for name in (*_BREAKER_FIELDS, "window_ms")}
    record = details(Kind.BREAKER_RULES, **fields | {"symbol": known.symbol(entry.symbol)})
    return Definition(f"the circuit breaker of {entry.symbol or 'the venue'}", record)


def _has_rules(known: Known, entry: BreakerEntry) -> bool:
    row = np.asarray(known.ledger.breakers)[known.symbol(entry.symbol)]
    same = all(int(row[name]) == getattr(entry, name) for name in _BREAKER_FIELDS)
    return same and int(row["slot_ns"]) == entry.window_ms * (_NS_PER_MS // SLOTS)


def _deposits(known: Known, assets: dict[str, Asset], configuration: Configuration) -> Iterator[Definition]:
    made = set(np.asarray(known.ledger.posted)["key"].tolist()) if _has_deposits(configuration) else set()
    for entry in configuration.accounts:
        for deposit in entry.deposits:
            number = posting_ids.of_opening(entry.name, deposit.asset)
            if number in made:
                continue
            asset = assets[deposit.asset]
            assert number > posting_ids.ID_MAX, "no administrator has used the number up"
            record = details(
                Kind.POSTING,
                posting_kind=PostingKind.DEPOSIT,
                number=number,
                account=known.first(AccountKind.OUTSIDE),
                target=known.account(entry.name),
                asset=asset.id,
                amount=asset.parse(deposit.amount),
            )
            yield Definition(f"the deposit of {deposit.asset} for {entry.name}", record)


def _has_deposits(configuration: Configuration) -> bool:
    return any(entry.deposits for entry in configuration.accounts)
