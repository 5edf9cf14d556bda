"""Taking in a record of the log that is for the ledger alone: a definition, a posting, the clock."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel_entry
from tradsys.ledger.definitions import define_asset, learn_symbol, open_account, set_contract, set_fees, set_tier
from tradsys.ledger.layout import Ledger
from tradsys.ledger.postings import post
from tradsys.reasons import Reason
from tradsys.records import Kind
from tradsys.risk.breakers import apply_breaker, set_breaker_rules, tick
from tradsys.risk.limits import set_limit
from tradsys.risk.stops import set_kill, set_status

_SYMBOL = int(Kind.SYMBOL)
_ACCOUNT = int(Kind.ACCOUNT)
_ASSET = int(Kind.ASSET)
_CONTRACT = int(Kind.CONTRACT)
_FEES = int(Kind.FEES)
_TIER = int(Kind.TIER)
_POSTING = int(Kind.POSTING)
_TICK = int(Kind.TICK)
_LIMIT = int(Kind.LIMIT)
_ACCOUNT_STATUS = int(Kind.ACCOUNT_STATUS)
_KILL = int(Kind.KILL)
_BREAKER_RULES = int(Kind.BREAKER_RULES)
_BREAKER = int(Kind.BREAKER)
_ALERT = int(Kind.ALERT)
_NONE = int(Reason.NONE)
_UNKNOWN_COMMAND = int(Reason.UNKNOWN_COMMAND)


@kernel_entry
def take_in(ledger: Ledger, details: Any) -> int:
    """Do what a record says, stamped with its log sequence and time and read as DETAILS; gives a reason, or 0.

    All kinds but those that trade (`deciding`) and those that the ledger has nothing to do with.
    """
    kind = details.kind
    if kind == _POSTING:
        return post(ledger, details)
    if kind == _ACCOUNT:
        return open_account(ledger, details)
    if kind == _SYMBOL:
        return learn_symbol(ledger, details)
    if kind == _ASSET:
        return define_asset(ledger, details)
    if kind == _CONTRACT:
        return set_contract(ledger, details)
    if kind == _FEES:
        return set_fees(ledger, details)
    if kind == _TIER:
        return set_tier(ledger, details)
    if kind == _TICK:
        tick(ledger, signed(details.timestamp_ns))
        return _NONE
    if kind == _LIMIT:
        return set_limit(ledger, details)
    if kind == _ACCOUNT_STATUS:
        return set_status(ledger, details)
    if kind == _KILL:
        return set_kill(ledger, details)
    if kind == _BREAKER_RULES:
        return set_breaker_rules(ledger, details)
    if kind == _BREAKER:
        return apply_breaker(ledger, details)
    if kind == _ALERT:
        return _NONE
    return _UNKNOWN_COMMAND
