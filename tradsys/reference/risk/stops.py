"""What stops accounts from trading: their status, and kill switches."""

from __future__ import annotations

from collections.abc import Mapping

from tradsys.ledger.terms import AccountStatus, KycStatus
from tradsys.reasons import Reason
from tradsys.risk.terms import Scope

_KNOWN_ENOUGH = (KycStatus.NOT_NEEDED, KycStatus.VERIFIED)


class Stops:
    """Of accounts (`groups` says which there are, and of which group each is), groups, symbols and the venue."""

    def __init__(self, groups: Mapping[int, int], symbols_max: int | None = None) -> None:
        self._groups = groups
        self._symbols_max = symbols_max
        self._statuses: dict[int, AccountStatus] = {}
        self._kyc_statuses: dict[int, KycStatus] = {}
        self._killed: set[tuple[int, int]] = set()
        """Scopes with the account, group or symbol (0: the venue)."""

    def set_status(self, account: int, status: int | None, kyc_status: int | None) -> Reason:
        """Change what is not None; gives why not."""
        if status is None and kyc_status is None:
            return Reason.INVALID_STATUS
        if status is not None and status not in set(AccountStatus):
            return Reason.INVALID_STATUS
        if kyc_status is not None and kyc_status not in set(KycStatus):
            return Reason.INVALID_STATUS
        if account not in self._groups:
            return Reason.UNKNOWN_ACCOUNT
        if status is not None:
            self._statuses[account] = AccountStatus(status)
        if kyc_status is not None:
            self._kyc_statuses[account] = KycStatus(kyc_status)
        return Reason.NONE

    def set_kill(self, scope: int, on: int, account: int, symbol: int, group: int) -> Reason:
        """Put a kill switch on or off; gives why not."""
        named = {Scope.VENUE: 0, Scope.GROUP: group, Scope.ACCOUNT: account, Scope.SYMBOL: symbol}
        if scope not in named or on not in {0, 1}:
            return Reason.INVALID_KILL
        whom = named[Scope(scope)]
        if scope in {Scope.GROUP, Scope.SYMBOL} and whom == 0:
            return Reason.INVALID_KILL
        if scope == Scope.ACCOUNT and whom not in self._groups:
            return Reason.UNKNOWN_ACCOUNT
        if scope == Scope.SYMBOL and self._symbols_max is not None and whom > self._symbols_max:
            return Reason.UNKNOWN_SYMBOL
        if on:
            self._killed.add((scope, whom))
        else:
            self._killed.discard((scope, whom))
        return Reason.NONE

    def is_frozen(self, account: int) -> bool:
        """Whether nothing at all may move that the account moves itself."""
        return self._statuses.get(account) == AccountStatus.FROZEN

    def is_cancel_only(self, account: int) -> bool:
        """Whether it may only cancel."""
        return self._statuses.get(account) == AccountStatus.CANCEL_ONLY

    def is_known(self, account: int) -> bool:
        """Whether its owner is known as far as is needed."""
        return self._kyc_statuses.get(account, KycStatus.NOT_NEEDED) in _KNOWN_ENOUGH

    def is_killed(self, account: int, symbol: int) -> bool:
        """Whether a kill switch that concerns the account in the symbol is on."""
        group = self._groups[account]
        switches = {
            (Scope.ACCOUNT, account),
            (Scope.GROUP, group),
            (Scope.SYMBOL, symbol),
            (Scope.VENUE, 0),
        }
        return not switches.isdisjoint(self._killed)
