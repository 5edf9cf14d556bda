"""Postings: amounts that move between accounts without a trade, each once."""

from __future__ import annotations

from typing import Any

from shm.hashing import hash_pair, place_of
from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.balances import balance_of, has_account
from tradsys.ledger.conservation import own
from tradsys.ledger.layout import W_ASSETS, W_POSTED, Ledger
from tradsys.ledger.terms import AMOUNT_MAX, AccountKind, AccountStatus, PostingKind
from tradsys.reasons import Reason

_DEPOSIT = int(PostingKind.DEPOSIT)
_RESERVE = int(PostingKind.RESERVE)
_WITHDRAW = int(PostingKind.WITHDRAW)
_RELEASE = int(PostingKind.RELEASE)
_TRANSFER = int(PostingKind.TRANSFER)
_CORRECTION = int(PostingKind.CORRECTION)
_FEE = int(AccountKind.FEE)
_OUTSIDE = int(AccountKind.OUTSIDE)

_FROZEN = int(AccountStatus.FROZEN)
_NONE = int(Reason.NONE)
_INVALID_POSTING = int(Reason.INVALID_POSTING)
_UNKNOWN_ACCOUNT = int(Reason.UNKNOWN_ACCOUNT)
_UNKNOWN_ASSET = int(Reason.UNKNOWN_ASSET)
_WRONG_ACCOUNT_KIND = int(Reason.WRONG_ACCOUNT_KIND)
_INSUFFICIENT_FUNDS = int(Reason.INSUFFICIENT_FUNDS)
_AMOUNT_TOO_LARGE = int(Reason.AMOUNT_TOO_LARGE)
_LEDGER_FULL = int(Reason.LEDGER_FULL)
_ACCOUNT_FROZEN = int(Reason.ACCOUNT_FROZEN)


@kernel
def _kinds_fit(ledger: Ledger, kind: int, source: int, target: int) -> bool:
    assert _DEPOSIT <= kind <= _CORRECTION, "a kind that there is"
    giver: int = ledger.accounts[source].kind
    taker: int = ledger.accounts[target].kind
    if kind == _DEPOSIT:
        return giver == _OUTSIDE and taker != _OUTSIDE
    if kind == _RESERVE or kind == _RELEASE:
        return giver != _OUTSIDE and source == target
    if kind == _WITHDRAW:
        return giver != _OUTSIDE and taker == _OUTSIDE
    if kind == _TRANSFER:
        return giver != _OUTSIDE and giver != _FEE and taker != _OUTSIDE and source != target
    return source != target


@kernel
def _carry_out(ledger: Ledger, kind: int, source: int, target: int, asset: int, amount: int) -> int:
    if not has_account(ledger, source) or not has_account(ledger, target):
        return _UNKNOWN_ACCOUNT
    if asset < 1 or asset > ledger.words[W_ASSETS]:
        return _UNKNOWN_ASSET
    if not _kinds_fit(ledger, kind, source, target):
        return _WRONG_ACCOUNT_KIND
    if ledger.accounts[source].status == _FROZEN and kind in (_RESERVE, _WITHDRAW, _TRANSFER):
        return _ACCOUNT_FROZEN
    giver = balance_of(ledger, source, asset)
    taker = balance_of(ledger, target, asset)
    assert amount > 0, "a posting moves something"
    assert 0 <= giver.reserved <= giver.held, "what waits for a withdrawal is held"
    if kind == _RESERVE or kind == _RELEASE:
        sign = signed(1) if kind == _RESERVE else signed(-1)
        if amount > (giver.available if kind == _RESERVE else giver.reserved):
            return _INSUFFICIENT_FUNDS
        giver.available -= sign * amount
        giver.held += sign * amount
        giver.reserved += sign * amount
        assert 0 <= giver.reserved <= giver.held, "what is reserved is held, and nobody reserves less than nothing"
        return _NONE
    if (kind == _WITHDRAW and amount > giver.reserved) or (kind == _TRANSFER and amount > giver.available):
        return _INSUFFICIENT_FUNDS
    assert source != target, "an amount moves from one account to another"
    # A balance is what is available and held together; what a withdrawal takes was reserved.
    if amount > AMOUNT_MAX - (taker.available + taker.held) or amount > giver.available + giver.held + AMOUNT_MAX:
        return _AMOUNT_TOO_LARGE
    if kind == _WITHDRAW:
        own(ledger, source, asset, signed(0), -amount)
        giver.reserved -= amount
    else:
        own(ledger, source, asset, -amount, signed(0))
    own(ledger, target, asset, amount, signed(0))
    assert 0 <= giver.reserved <= giver.held, "a withdrawal takes what was reserved for it"
    return _NONE


@kernel_entry
def post(ledger: Ledger, details: Any) -> int:
    """Move an amount once; gives a reason, or 0 when it is done. The rule: docs/ledger.md, Postings."""
    number = signed(details.number)
    if number < 1:
        return _INVALID_POSTING
    entry = ledger.posted[place_of(ledger.posted, hash_pair(number >> 31, number), number)]
    if entry.key == number:
        return signed(entry.result)
    assert entry.key == 0, "a number that is not found has a free place"
    kind, amount = signed(details.posting_kind), signed(details.amount)
    if kind < _DEPOSIT or kind > _CORRECTION or amount < 1:
        return _INVALID_POSTING
    if 2 * (ledger.words[W_POSTED] + 1) > len(ledger.posted):
        return _LEDGER_FULL
    source, target, asset = signed(details.account), signed(details.target), signed(details.asset)
    result = _carry_out(ledger, kind, source, target, asset, amount)
    entry.key = number
    entry.result = result
    ledger.words[W_POSTED] += 1
    return result
