"""A record of the log in words: for people, and for programs that read JSON."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np

from tradsys.ledger.terms import AccountKind, AccountStatus, KycStatus, PostingKind
from tradsys.reading.times import format_time
from tradsys.reasons import Reason
from tradsys.records import (
    ACCOUNT_DEFINITION,
    COMMAND,
    DETAILS,
    LINK_MASK,
    LINK_SHIFT,
    SELF_TRADE_MASK,
    SELF_TRADE_SHIFT,
    CommandFlag,
    Kind,
    Link,
    MarketState,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerSource,
)
from tradsys.risk.terms import Cause, Limit, Scope, Transition
from tradsys.words import word

_ORDER = "symbol account side order_type time_in_force flags price_ticks quantity_lots order_id client_order_id"
_SCOPED = "scope account symbol group"

_FIELDS: dict[Kind, tuple[Any, str]] = {
    Kind.NEW: (COMMAND, _ORDER),
    Kind.LEG: (COMMAND, _ORDER),
    Kind.EXTENSION: (DETAILS, "symbol account expires_ns display_lots minimum_lots"),
    Kind.CANCEL: (COMMAND, "symbol account order_id client_order_id"),
    Kind.AMEND: (COMMAND, "symbol account flags price_ticks quantity_lots order_id client_order_id"),
    Kind.CANCEL_ALL: (COMMAND, "symbol account flags side order_id"),
    Kind.SYMBOL: (
        DETAILS,
        "symbol name state price_decimals tick_units quantity_decimals lot_units lowest_ticks highest_ticks "
        "reference_ticks",
    ),
    Kind.ACCOUNT: (ACCOUNT_DEFINITION, "account name account_kind fee_class group"),
    Kind.STATE: (COMMAND, "symbol order_type price_ticks"),
    Kind.RULES: (
        DETAILS,
        "symbol trigger_source breach_state static_band_bps dynamic_band_bps collar_bps orders_max",
    ),
    Kind.ASSET: (DETAILS, "asset asset_name decimals value_numerator value_divisor"),
    Kind.CONTRACT: (DETAILS, "symbol asset quote lot_value numerator divisor account"),
    Kind.FEES: (DETAILS, "symbol fee_class tier maker_rate taker_rate minimum"),
    Kind.TIER: (DETAILS, "tier amount"),
    Kind.POSTING: (DETAILS, "posting_kind number account target asset amount reference"),
    Kind.LIMIT: (DETAILS, f"{_SCOPED} limit amount"),
    Kind.ACCOUNT_STATUS: (DETAILS, "account status kyc_status fee_class changes"),
    Kind.KILL: (DETAILS, f"{_SCOPED} on"),
    Kind.BREAKER_RULES: (
        DETAILS,
        "symbol price_move_bps volatility_bps volume symbols window_ms halt_ms half_open_ms",
    ),
    Kind.BREAKER: (DETAILS, "symbol transition cause account"),
    Kind.SETTLED: (DETAILS, "shard amount"),
    Kind.ALERT: (DETAILS, "account symbol limit percent amount bound"),
}
"""By kind, how its 64 bytes are read, and the fields that count. Of the others none does."""

_WORDS: dict[str, Any] = {
    "side": Side,
    "order_type": OrderType,
    "time_in_force": TimeInForce,
    "state": MarketState,
    "breach_state": MarketState,
    "trigger_source": TriggerSource,
    "account_kind": AccountKind,
    "posting_kind": PostingKind,
    "scope": Scope,
    "limit": Limit,
    "status": AccountStatus,
    "kyc_status": KycStatus,
    "transition": Transition,
    "cause": Cause,
}


def _named(names: str) -> dict[int, str]:
    """By bit the word for it. A member that has another one's value would give that one's name."""
    return {int(CommandFlag[name]): name.lower().replace("_", "-") for name in names.split()}


_OF_ORDERS = _named("POST_ONLY SLIDE HIDDEN EXTENDED GROUP BUDGET BASIS_POINTS MIDPOINT")
_FLAGS = {
    Kind.NEW: _OF_ORDERS,
    Kind.LEG: _OF_ORDERS,
    Kind.AMEND: _named("NEW_PRICE NEW_QUANTITY QUANTITY_IS_LEAVES LOSE_PRIORITY NEW_TRIGGER"),
    Kind.CANCEL_ALL: _named("ONE_SIDE"),
}
"""What bits mean depends on the kind, and some have one name for two meanings."""


def in_words(record: Any) -> dict[str, Any]:
    """All that a record of the log (COMMAND) says. Numbers are the core's own: ticks, lots, smallest units.

    `order_id` of a new order is its trigger and its session: see tradsys.records.
    """
    number = int(record["kind"])
    told: dict[str, Any] = {
        "sequence": int(record["sequence"]),
        "time": format_time(int(record["timestamp_ns"])),
        "kind": _word(Kind, number),
        "source": int(record["source"]),
        "request": int(record["request"]),
        "reason": _reason(int(record["reason"])),
    }
    if number in _FIELDS:
        kind = Kind(number)
        dtype, names = _FIELDS[kind]
        row = np.frombuffer(record.tobytes(), dtype)[0]
        for name in names.split():
            told |= _field(kind, name, row[name].item())
    return told


def _field(kind: Kind, name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, bytes):
        return {name: value.decode("ascii", "replace")}
    if name == "flags":
        return _flags(kind, value)
    if name == "order_id" and kind in {Kind.NEW, Kind.LEG, Kind.CANCEL_ALL}:
        trigger = value & 0xFFFF_FFFF
        return {"trigger_ticks": trigger - (trigger >> 31 << 32), "session": value >> 32}
    if kind == Kind.STATE and name == "order_type":
        return {"state": _word(MarketState, value)}
    return {name: _word(_WORDS[name], value) if name in _WORDS else value}


def _flags(kind: Kind, value: int) -> dict[str, Any]:
    told: dict[str, Any] = {"flags": [name for flag, name in _FLAGS[kind].items() if value & flag]}
    if kind in {Kind.NEW, Kind.LEG}:
        told["self_trade"] = _word(SelfTrade, value >> SELF_TRADE_SHIFT & SELF_TRADE_MASK)
        told["link"] = _word(Link, value >> LINK_SHIFT & LINK_MASK)
    return told


def _word(members: type[Enum], value: int) -> Any:
    """What people call a number; what has no name stays a number."""
    return word(members(value)) if value in {member.value for member in members} else value


def _reason(value: int) -> str | int | None:
    return None if value == 0 else _word(Reason, value)
