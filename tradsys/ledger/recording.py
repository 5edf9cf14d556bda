"""Taking in a record of the log that is for the ledger alone: a definition, a posting, the clock."""

from __future__ import annotations

from typing import Any

from shm.jit import kernel_entry
from tradsys.ledger.definitions import define_asset, learn_symbol, open_account, set_contract, set_fees, set_tier
from tradsys.ledger.layout import Ledger
from tradsys.ledger.postings import post
from tradsys.reasons import Reason
from tradsys.records import Kind

_SYMBOL = int(Kind.SYMBOL)
_ACCOUNT = int(Kind.ACCOUNT)
_ASSET = int(Kind.ASSET)
_CONTRACT = int(Kind.CONTRACT)
_FEES = int(Kind.FEES)
_TIER = int(Kind.TIER)
_POSTING = int(Kind.POSTING)
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
    return _UNKNOWN_COMMAND
