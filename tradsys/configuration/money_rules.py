"""What must hold between values of the configuration that are about money and risk, beyond the type of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tradsys.assets import ASSET_NAME_BYTES_MAX, Asset, parse_value
from tradsys.configuration.changes import known_as
from tradsys.configuration.mistakes import Path
from tradsys.configuration.money import contract_of
from tradsys.configuration.sections import Configuration
from tradsys.errors import TradingError
from tradsys.records import PRICE_MIN
from tradsys.risk.terms import Limit, Scope
from tradsys.symbols import check_name

_BOUNDS = (("order_lots_min", "order_lots_max"), ("order_notional_min", "order_notional_max"))

_Broken = tuple[Path, Any, str, str]


def money_rules(configuration: Configuration) -> Iterator[_Broken]:
    """The rules that are broken, of a configuration that is right otherwise."""
    assets: dict[str, Asset] = {}
    for number, entry in enumerate(configuration.assets):
        path = ("assets", number)
        if entry.name in assets:
            yield (*path, "name"), entry.name, "is the name of another asset already", "rename or remove one"
        try:
            check_name(entry.name, ASSET_NAME_BYTES_MAX)
            assets[entry.name] = entry.asset(number + 1)
        except (ValueError, TradingError) as error:
            yield path, entry.name, str(error), "correct it"
    if len(assets) == len(configuration.assets):
        yield from _contracts(configuration, assets)
        yield from _deposits(configuration, assets)
    yield from _names(configuration)
    yield from _tiers(configuration)
    yield from _repeated(configuration)
    yield from _contradictions(configuration)


def _contracts(configuration: Configuration, assets: dict[str, Asset]) -> Iterator[_Broken]:
    kinds = {account.name: account.kind for account in configuration.accounts}
    for number, entry in enumerate(configuration.symbols):
        path = ("symbols", number)
        if not entry.base and not entry.quote and not entry.fee_account:
            continue
        if not entry.base or not entry.quote or entry.base == entry.quote:
            yield path, entry.name, "needs two different assets, base and quote", "set both, or neither"
            continue
        symbol = entry.symbol(number + 1)
        try:
            contract_of(symbol, assets, entry.base, entry.quote, 1)
        except ValueError as error:
            yield path, entry.name, str(error), "choose other assets, or other decimals, tick and lot sizes"
        if PRICE_MIN <= symbol.lowest_ticks < 0:
            yield (*path, "lowest_price"), entry.lowest_price, "is below 0, and the symbol is settled", "set it to 0"
        if entry.fee_account:
            if kinds.get(entry.fee_account) != "fee":
                yield (*path, "fee_account"), entry.fee_account, "is no account of kind fee", "name one"
        elif "fee" not in kinds.values():
            yield (*path, "fee_account"), "", "has nobody to get the fees", "add an account of kind fee"


def _deposits(configuration: Configuration, assets: dict[str, Asset]) -> Iterator[_Broken]:
    has_outside = any(account.kind == "outside" for account in configuration.accounts)
    for number, account in enumerate(configuration.accounts):
        path: Path = ("accounts", number, "deposits")
        for name, count in Counter(deposit.asset for deposit in account.deposits).items():
            if count > 1:
                yield path, name, "is deposited more than once", "give one amount for each asset"
        if account.deposits and (not has_outside or account.kind == "outside"):
            yield path, account.name, "come from an account of kind outside", "add one, to the others"
        for place, deposit in enumerate(account.deposits):
            if deposit.asset not in assets:
                yield (*path, place, "asset"), deposit.asset, "is no asset", "add it to the assets"
                continue
            try:
                assets[deposit.asset].parse(deposit.amount)
            except TradingError as error:
                yield (*path, place, "amount"), deposit.amount, error.message, "correct it"


def _names(configuration: Configuration) -> Iterator[_Broken]:
    """Symbols and accounts that entries name, and scopes that limits can have."""
    symbols = {entry.name for entry in configuration.symbols} | {""}
    accounts = {entry.name for entry in configuration.accounts} | {""}
    for section in ("fees", "limits", "breakers"):
        for number, entry in enumerate(getattr(configuration, section)):
            if entry.symbol not in symbols:
                yield (section, number, "symbol"), entry.symbol, "is no symbol", "name one of the symbols"
    for number, limit in enumerate(configuration.limits):
        path = ("limits", number)
        if limit.account not in accounts:
            yield (*path, "account"), limit.account, "is no account", "name one of the accounts"
        if (limit.group and (limit.account or limit.symbol)) or (limit.symbol and not limit.account):
            yield path, limit.limit, "has no such scope", "name a group, an account, an account and a symbol, or none"
        of_account = Limit[limit.limit.upper()] >= Limit.OPEN_ORDERS_TOTAL
        if limit.scope == Scope.ACCOUNT_SYMBOL and of_account:
            yield (*path, "symbol"), limit.symbol, "cannot stand here: the limit is of the whole account", "remove it"


def _tiers(configuration: Configuration) -> Iterator[_Broken]:
    below = 0
    for number, entry in enumerate(configuration.fee_tiers):
        path = ("fee_tiers", number)
        if entry.tier != number + 1:
            yield (*path, "tier"), entry.tier, "is out of order", "list the tiers from 1 on without a gap"
        try:
            volume = parse_value(entry.volume)
        except TradingError as error:
            yield (*path, "volume"), entry.volume, error.message, "correct it"
            continue
        if volume <= below:
            yield (*path, "volume"), entry.volume, "is not above that of the tier below", "raise it"
        below = volume


def _repeated(configuration: Configuration) -> Iterator[_Broken]:
    """Entries about the same thing."""
    for section in ("fees", "limits", "breakers"):
        first: dict[str, int] = {}
        for number, entry in enumerate(getattr(configuration, section)):
            name = known_as(section, entry)
            if first.setdefault(name, number) != number:
                yield (section, number), name, f"is said by number {first[name]} already", "remove one of them"


def _contradictions(configuration: Configuration) -> Iterator[_Broken]:
    """Bounds at the same place between which nothing fits."""
    values: dict[tuple[object, ...], tuple[int, int]] = {
        (limit.limit, limit.account, limit.symbol, limit.group): (number, limit.value)
        for number, limit in enumerate(configuration.limits)
    }
    for least, most in _BOUNDS:
        for (name, *place), (number, value) in values.items():
            _, highest = values.get((most, *place), (0, value))
            if name == least and value > highest:
                remedy = f"set it to {highest} at most, or raise {most}"
                yield ("limits", number, "value"), value, f"of {least} is above that of {most}, {highest}", remedy
