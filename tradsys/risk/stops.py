"""What stops accounts: their status, and kill switches. The rule: docs/risk.md, Stops."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel_entry
from tradsys.ledger.balances import has_account
from tradsys.ledger.layout import FEE_CLASSES, W_KILLED, Ledger
from tradsys.ledger.positions import NO_ROOM
from tradsys.ledger.terms import AccountStatus, KycStatus, StatusChange
from tradsys.reasons import Reason
from tradsys.risk.limits import group_row
from tradsys.risk.terms import Scope

_STATUS = int(StatusChange.STATUS)
_KYC_STATUS = int(StatusChange.KYC_STATUS)
_FEE_CLASS = int(StatusChange.FEE_CLASS)
_FROZEN = int(AccountStatus.FROZEN)
_EXPIRED = int(KycStatus.EXPIRED)
_VENUE = int(Scope.VENUE)
_GROUP = int(Scope.GROUP)
_ACCOUNT = int(Scope.ACCOUNT)
_SYMBOL = int(Scope.SYMBOL)

_NONE = int(Reason.NONE)
_INVALID_STATUS = int(Reason.INVALID_STATUS)
_INVALID_KILL = int(Reason.INVALID_KILL)
_UNKNOWN_ACCOUNT = int(Reason.UNKNOWN_ACCOUNT)
_UNKNOWN_SYMBOL = int(Reason.UNKNOWN_SYMBOL)
_LEDGER_FULL = int(Reason.LEDGER_FULL)


@kernel_entry
def set_status(ledger: Ledger, details: Any) -> int:
    """An ACCOUNT_STATUS record; gives a reason, or 0."""
    changes = signed(details.changes)
    if changes == 0 or changes > (_STATUS | _KYC_STATUS | _FEE_CLASS):
        return _INVALID_STATUS
    if changes & _STATUS and details.status > _FROZEN:
        return _INVALID_STATUS
    if changes & _KYC_STATUS and details.kyc_status > _EXPIRED:
        return _INVALID_STATUS
    if changes & _FEE_CLASS and details.fee_class >= FEE_CLASSES:
        return _INVALID_STATUS
    if not has_account(ledger, signed(details.account)):
        return _UNKNOWN_ACCOUNT
    account = ledger.accounts[details.account]
    if changes & _STATUS:
        account.status = details.status
    if changes & _KYC_STATUS:
        account.kyc_status = details.kyc_status
    if changes & _FEE_CLASS:
        account.fee_class = details.fee_class
    return _NONE


@kernel_entry
def set_kill(ledger: Ledger, details: Any) -> int:
    """A KILL record: the switch of its scope is on or off; gives a reason, or 0."""
    scope, on = signed(details.scope), signed(details.on)
    if on > 1:
        return _INVALID_KILL
    if scope == _VENUE:
        ledger.words[W_KILLED] = on
    elif scope == _ACCOUNT:
        if not has_account(ledger, signed(details.account)):
            return _UNKNOWN_ACCOUNT
        ledger.accounts[details.account].killed = on
    elif scope == _GROUP and details.group != 0:
        row = group_row(ledger, signed(details.group))
        if row == NO_ROOM:
            return _LEDGER_FULL
        ledger.groups[row].killed = on
    elif scope == _SYMBOL and details.symbol != 0:
        if details.symbol >= len(ledger.symbols):
            return _UNKNOWN_SYMBOL
        ledger.symbols[details.symbol].killed = on
    else:
        return _INVALID_KILL
    return _NONE
