"""Amounts that move without a trade."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set

from tradsys.ledger.terms import AMOUNT_MAX, AccountKind, PostingKind
from tradsys.reasons import Reason
from tradsys.reference.ledger.balances import Balances

_OUTSIDE = AccountKind.OUTSIDE
_WITHIN_ONE = (PostingKind.RESERVE, PostingKind.RELEASE)
_WITHDRAWALS = (PostingKind.WITHDRAW, PostingKind.RELEASE)
_NOT_OF_FROZEN = (PostingKind.RESERVE, PostingKind.WITHDRAW, PostingKind.TRANSFER)


class Postings:
    """Carries postings out, each id once; `room` ids can be remembered (None: any number)."""

    def __init__(
        self,
        balances: Balances,
        kinds: Mapping[int, AccountKind],
        assets: Set[int],
        room: int | None,
        is_frozen: Callable[[int], bool],
    ) -> None:
        self._is_frozen = is_frozen
        self._balances = balances
        self._kinds = kinds
        self._assets = assets
        self._room = room
        self._results: dict[int, Reason] = {}

    def post(self, kind: int, number: int, source: int, target: int, asset: int, amount: int) -> Reason:
        """Carry a posting out; gives why not."""
        if number in self._results:
            return self._results[number]
        if kind not in set(PostingKind) - {PostingKind.NONE} or number < 1 or amount < 1:
            return Reason.INVALID_POSTING
        # A full ledger could not remember any other answer.
        if self._room is not None and len(self._results) >= self._room:
            return Reason.LEDGER_FULL
        reason = self._why_not(kind, source, target, asset, amount)
        self._results[number] = reason
        if reason == Reason.NONE:
            self._carry_out(kind, source, target, asset, amount)
        return reason

    def _why_not(self, kind: int, source: int, target: int, asset: int, amount: int) -> Reason:
        if source not in self._kinds or target not in self._kinds:
            return Reason.UNKNOWN_ACCOUNT
        if asset not in self._assets:
            return Reason.UNKNOWN_ASSET
        if not self._goes_between(kind, source, target):
            return Reason.WRONG_ACCOUNT_KIND
        if kind in _NOT_OF_FROZEN and self._is_frozen(source):
            return Reason.ACCOUNT_FROZEN
        balance = self._balances.of(source, asset)
        if kind in _WITHDRAWALS and balance.reserved < amount:
            return Reason.INSUFFICIENT_FUNDS
        if kind in {PostingKind.RESERVE, PostingKind.TRANSFER} and balance.available < amount:
            return Reason.INSUFFICIENT_FUNDS
        if kind not in _WITHIN_ONE and not (
            balance.whole - amount >= -AMOUNT_MAX and self._balances.of(target, asset).whole + amount <= AMOUNT_MAX
        ):
            return Reason.AMOUNT_TOO_LARGE
        return Reason.NONE

    def _goes_between(self, kind: int, source: int, target: int) -> bool:
        """Whether the accounts are of the kinds that the posting needs."""
        giver, taker = self._kinds[source], self._kinds[target]
        match kind:
            case PostingKind.DEPOSIT:
                return giver == _OUTSIDE and taker != _OUTSIDE
            case PostingKind.RESERVE | PostingKind.RELEASE:
                return giver != _OUTSIDE and source == target
            case PostingKind.WITHDRAW:
                return giver != _OUTSIDE and taker == _OUTSIDE
            case PostingKind.TRANSFER:
                is_owner = giver in {AccountKind.CLIENT, AccountKind.HOUSE}
                return is_owner and taker != _OUTSIDE and source != target
            case _:
                return source != target

    def _carry_out(self, kind: int, source: int, target: int, asset: int, amount: int) -> None:
        balance = self._balances.of(source, asset)
        if kind == PostingKind.RESERVE:
            balance.reserved += amount
            self._balances.hold(source, asset, amount)
            return
        if kind in _WITHDRAWALS:
            balance.reserved -= amount
            self._balances.hold(source, asset, -amount)
        if kind != PostingKind.RELEASE:
            self._balances.pay(source, target, asset, amount)
