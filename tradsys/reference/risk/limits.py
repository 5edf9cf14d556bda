"""The limits that are set, and which of them counts for an account in a symbol."""

from __future__ import annotations

from collections.abc import Mapping

from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.reasons import Reason
from tradsys.risk.terms import Limit, Scope

_OF_THE_WHOLE_ACCOUNT = frozenset(limit for limit in Limit if limit >= Limit.OPEN_ORDERS_TOTAL)
"""They cannot be set for a symbol."""
_RATES = (Limit.ORDERS_PER_SECOND, Limit.ORDERS_BURST, Limit.CANCELS_PER_SECOND, Limit.CANCELS_BURST)
_VALUES_MAX = {
    Limit.TRADING: 1,
    Limit.COLLAR_BPS: 1_000_000,
    Limit.CONCENTRATION_BPS: 1_000_000,
    Limit.LEVERAGE: 1_000_000,
    **dict.fromkeys(_RATES, 1_000_000_000),
}


class Limits:
    """By scope; `groups` says which accounts there are, and of which group (0: none) each is."""

    def __init__(self, groups: Mapping[int, int], symbols_max: int | None = None) -> None:
        self._groups = groups
        self._symbols_max = symbols_max
        self._set: dict[tuple[int, int, int, int], dict[Limit, int]] = {}
        """By scope, account, symbol and group, with 0 for what the scope does not need."""

    def set(self, scope: int, limit: int, value: int, account: int, symbol: int, group: int) -> Reason:
        """Set a limit, or remove it with -1; gives why not."""
        if scope not in {Scope.VENUE, Scope.GROUP, Scope.ACCOUNT, Scope.ACCOUNT_SYMBOL} or limit not in set(Limit):
            return Reason.INVALID_LIMIT
        if not -1 <= value <= _VALUES_MAX.get(Limit(limit), AMOUNT_MAX):
            return Reason.INVALID_LIMIT
        if scope == Scope.GROUP and group == 0:
            return Reason.INVALID_LIMIT
        if scope == Scope.ACCOUNT_SYMBOL and (symbol == 0 or limit in _OF_THE_WHOLE_ACCOUNT):
            return Reason.INVALID_LIMIT
        if scope in {Scope.ACCOUNT, Scope.ACCOUNT_SYMBOL} and account not in self._groups:
            return Reason.UNKNOWN_ACCOUNT
        if scope == Scope.ACCOUNT_SYMBOL and self._symbols_max is not None and symbol > self._symbols_max:
            return Reason.UNKNOWN_SYMBOL
        place = (
            scope,
            account if scope in {Scope.ACCOUNT, Scope.ACCOUNT_SYMBOL} else 0,
            symbol if scope == Scope.ACCOUNT_SYMBOL else 0,
            group if scope == Scope.GROUP else 0,
        )
        limits = self._set.setdefault(place, {})
        limits.pop(Limit(limit), None)
        if value >= 0:
            limits[Limit(limit)] = value
        return Reason.NONE

    def of(self, limit: Limit, account: int, symbol: int) -> int | None:
        """The most special one that is set; None where there is none."""
        places: tuple[tuple[int, int, int, int], ...] = (
            (Scope.ACCOUNT_SYMBOL, account, symbol, 0),
            (Scope.ACCOUNT, account, 0, 0),
            (Scope.GROUP, 0, 0, self._groups[account]),
            (Scope.VENUE, 0, 0, 0),
        )
        for place in places:
            value = self._set.get(place, {}).get(limit)
            if value is not None:
                return value
        return None
