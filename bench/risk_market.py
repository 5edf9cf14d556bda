"""The market of the risk benchmark: accounts with money and positions, limits of every kind, and who trades with whom.

Accounts with the same remainder modulo the number of symbols trade in the same few symbols; so each account has a few
positions, as accounts have, and none more after a while than at first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bench.common import BenchmarkError
from shm.arena import new_array
from shm.jit import kernel
from tradsys.ledger.layout import Ledger, LedgerSize, carve
from tradsys.ledger.recording import take_in
from tradsys.ledger.terms import AccountKind, PostingKind
from tradsys.records import COMMAND, DETAILS, EVENT, SLOT_BITS, EventFlag, EventKind, Kind, Side, details
from tradsys.risk.terms import Limit, Scope

_OUTSIDE, _FEES, _FIRST_CLIENT = 1, 2, 3
_FUNDS = 10**13
_GROUPS = 16
_STEP = 131
"""From one symbol of an account to its next."""
_LOWEST_TICKS, _HIGHEST_TICKS = 4_500, 5_500
_EVENTS = (EventKind.ACCEPTED, EventKind.ACCEPTED, EventKind.TRADE)
_DONE = int(EventFlag.ORDER_DONE | EventFlag.COUNTER_DONE)

CREDIT = {Limit.SHORT: 10**6, Limit.LEVERAGE: 1_000_000}
"""Limits that let an account owe: these are not in the list of checks, but change what must be available."""
LIMITS = {
    Limit.TRADING: 1,
    Limit.ORDER_LOTS_MIN: 1,
    Limit.ORDER_LOTS_MAX: 1_000,
    Limit.ORDER_NOTIONAL_MIN: 1,
    Limit.ORDER_NOTIONAL_MAX: 10**9,
    Limit.COLLAR_BPS: 2_500,
    Limit.OPEN_ORDERS: 100,
    Limit.OPEN_LOTS: 10**6,
    Limit.OPEN_NOTIONAL: 10**12,
    Limit.POSITION: 10**7,
    Limit.CONCENTRATION_BPS: 5_000,
    Limit.OPEN_ORDERS_TOTAL: 1_000,
    Limit.EXPOSURE: 10**13,
    Limit.DAILY_NOTIONAL: 10**14,
    Limit.DAILY_LOSS: 10**13,
    Limit.ORDERS_PER_SECOND: 10_000,
    Limit.ORDERS_BURST: 1_000,
    Limit.CANCELS_PER_SECOND: 10_000,
    Limit.CANCELS_BURST: 1_000,
}
"""All others, so that nothing of the flow is refused and no alert is told."""
_OF_GROUPS = (Limit.ORDER_LOTS_MAX, Limit.EXPOSURE, Limit.DAILY_NOTIONAL)
_OF_ACCOUNTS = (Limit.ORDER_NOTIONAL_MAX, Limit.OPEN_ORDERS_TOTAL, Limit.DAILY_LOSS, Limit.ORDERS_PER_SECOND)
_OF_POSITIONS = (Limit.COLLAR_BPS, Limit.OPEN_LOTS, Limit.POSITION)
_LIMITED_SHARE = 4
"""One account in so many has limits of its own, and one of its positions."""


class Settings(NamedTuple):
    """How much is measured."""

    accounts: int = 100_000
    assets: int = 20
    symbols: int = 1_000
    positions: int = 8  # of an account
    pairs: int = 100_000
    rounds: int = 3
    seed: int = 1


def new_ledger(settings: Settings) -> Ledger:
    """Accounts with money in every asset and in groups, symbols with contracts, and fees; nothing is limited."""
    size = LedgerSize(
        accounts_max=settings.accounts + 2,
        assets_max=settings.assets,
        symbols_max=settings.symbols,
        positions=settings.accounts * settings.positions,
        postings=settings.accounts * settings.assets,
        limit_rows=settings.accounts + _GROUPS,
    )
    ledger = carve(new_array, size)
    records = [
        details(Kind.ASSET, asset=asset, value_numerator=1 + 2 * (asset % 2), value_divisor=1 + asset % 2)
        for asset in range(1, settings.assets + 1)
    ]
    records.append(details(Kind.ACCOUNT, account=_OUTSIDE, account_kind=AccountKind.OUTSIDE))
    records.append(details(Kind.ACCOUNT, account=_FEES, account_kind=AccountKind.FEE))
    for symbol in range(1, settings.symbols + 1):
        base, quote = 1 + symbol % settings.assets, 1 + (symbol + 1 + symbol // settings.assets) % settings.assets
        quote = quote if quote != base else 1 + base % settings.assets
        range_of = dict(lowest_ticks=0, highest_ticks=100_000, reference_ticks=_LOWEST_TICKS)
        records.append(details(Kind.SYMBOL, symbol=symbol, **range_of))
        terms = dict(asset=base, quote=quote, lot_value=100, numerator=3, divisor=2)
        records.append(details(Kind.CONTRACT, symbol=symbol, account=_FEES, **terms))
    records.append(details(Kind.FEES, maker_rate=-50, taker_rate=500, minimum=2))
    clients = _clients(settings)
    opened = _many(Kind.ACCOUNT, len(clients), account=clients, group=1 + clients % _GROUPS)
    holders = np.repeat(clients, settings.assets)
    deposits = _many(
        Kind.POSTING,
        len(holders),
        posting_kind=PostingKind.DEPOSIT,
        number=np.arange(len(holders)) + 1,
        account=_OUTSIDE,
        target=holders,
        asset=np.resize(np.arange(1, settings.assets + 1), len(holders)),
        amount=_FUNDS,
    )
    tell(ledger, *records, opened, deposits)
    return ledger


def set_limits(ledger: Ledger, settings: Settings) -> None:
    """Every limit but those of credit for the venue, some of every other scope."""
    records = [details(Kind.LIMIT, scope=Scope.VENUE, limit=limit, amount=LIMITS[limit]) for limit in LIMITS]
    for limit in _OF_GROUPS:
        named = dict(scope=Scope.GROUP, limit=limit, amount=LIMITS[limit])
        records += [details(Kind.LIMIT, group=group, **named) for group in range(1, _GROUPS + 1, 2)]
    limited = _clients(settings)[::_LIMITED_SHARE]
    for limit in _OF_ACCOUNTS:
        named = dict(scope=Scope.ACCOUNT, limit=limit, amount=LIMITS[limit])
        records.append(_many(Kind.LIMIT, len(limited), account=limited, **named))
    symbols = _symbols_of(settings, (limited - _FIRST_CLIENT) % settings.symbols, np.zeros(len(limited), np.int64))
    for limit in _OF_POSITIONS:
        named = dict(scope=Scope.ACCOUNT_SYMBOL, limit=limit, amount=LIMITS[limit])
        records.append(_many(Kind.LIMIT, len(limited), account=limited, symbol=symbols, **named))
    tell(ledger, *records)


def set_credit(ledger: Ledger) -> None:
    """The limits of credit, for the venue."""
    tell(ledger, *(details(Kind.LIMIT, scope=Scope.VENUE, limit=limit, amount=CREDIT[limit]) for limit in CREDIT))


def tell(ledger: Ledger, *records: Any) -> None:
    """Tell the ledger records. Raises BenchmarkError when it refuses one."""
    told = new_array(DETAILS, sum(len(each) for each in records))
    told.view(np.ndarray)[:] = np.concatenate(records)
    if _tell(ledger, told):
        raise BenchmarkError("a definition, a deposit or a limit was refused")


@kernel
def _tell(ledger: Ledger, records: Any) -> int:
    """Gives how many were refused."""
    refused = 0
    for number in range(len(records)):
        refused += take_in(ledger, records[number]) != 0
    return refused


def _many(kind: Kind, count: int, **fields: Any) -> Any:
    records = np.zeros(count, DETAILS)
    records["kind"] = kind
    for name, values in fields.items():
        records[name] = values
    return records


def _clients(settings: Settings) -> Any:
    return np.arange(_FIRST_CLIENT, _FIRST_CLIENT + settings.accounts)


def _symbols_of(settings: Settings, remainders: Any, which: Any) -> Any:
    """The symbols that accounts with these remainders trade in, each account's `which`th."""
    return 1 + (remainders + _STEP * which) % settings.symbols


def opening(settings: Settings, random: np.random.Generator) -> tuple[Any, Any]:
    """Commands and events, as of flow(), after which every account has all its positions."""
    places = np.arange(settings.accounts // 2 * settings.positions)
    which, number = places % settings.positions, places // settings.positions
    remainders, row = number % settings.symbols, number // settings.symbols
    buyers = remainders + settings.symbols * 2 * row
    sellers = buyers + settings.symbols
    there = sellers < settings.accounts
    symbols = _symbols_of(settings, remainders, which)
    return _orders(1, symbols[there], buyers[there], sellers[there], random)


def flow(settings: Settings, first: int, random: np.random.Generator) -> tuple[Any, Any]:
    """Commands from log sequence `first` on (row 0: none), and the events that the book would tell."""
    remainders = random.integers(0, settings.symbols, settings.pairs)
    symbols = _symbols_of(settings, remainders, random.integers(0, settings.positions, settings.pairs))
    rows = settings.accounts // settings.symbols
    buyers = remainders + settings.symbols * random.integers(0, rows, settings.pairs)
    sellers = remainders + settings.symbols * random.integers(0, rows, settings.pairs)
    return _orders(first, symbols, buyers, sellers, random)


def _orders(first: int, symbols: Any, buyers: Any, sellers: Any, random: np.random.Generator) -> tuple[Any, Any]:
    pairs = len(symbols)
    commands = new_array(COMMAND, 2 * pairs + 1)
    orders = commands.view(np.ndarray)[1:]
    orders["sequence"] = first + np.arange(2 * pairs)
    orders["timestamp_ns"] = 1_000 * orders["sequence"]
    orders["client_order_id"] = orders["sequence"]
    orders["kind"] = Kind.NEW
    orders["side"][1::2] = Side.SELL
    orders["symbol"] = np.repeat(symbols, 2)
    orders["price_ticks"] = np.repeat(random.integers(_LOWEST_TICKS, _HIGHEST_TICKS, pairs), 2)
    orders["quantity_lots"] = np.repeat(random.integers(1, 100, pairs), 2)
    orders["account"][::2] = _FIRST_CLIENT + buyers
    orders["account"][1::2] = _FIRST_CLIENT + sellers
    order_ids = orders["sequence"] << SLOT_BITS | 1 + np.arange(2 * pairs) % 2
    events = new_array(EVENT, 3 * pairs)
    told = events.view(np.ndarray)
    for place, kind in enumerate(_EVENTS):
        told["kind"][place::3] = kind
        told["order_id"][place::3] = order_ids[min(place, 1) :: 2]
        told["account"][place::3] = orders["account"][min(place, 1) :: 2]
    told["flags"][2::3] = _DONE
    told["counter_order_id"][2::3] = order_ids[0::2]
    told["counter_account"][2::3] = orders["account"][0::2]
    told["symbol"] = np.repeat(symbols, 3)
    told["timestamp_ns"] = np.repeat(orders["timestamp_ns"][1::2], 3)
    told["price_ticks"][2::3] = orders["price_ticks"][::2]
    told["quantity_lots"][2::3] = orders["quantity_lots"][::2]
    return commands, events
