"""What accounts own, in its two parts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Balance:
    """Of one account and asset; `reserved` is the part of `held` that waits to be withdrawn."""

    available: int = 0
    held: int = 0
    reserved: int = 0

    @property
    def whole(self) -> int:
        """Both parts."""
        return self.available + self.held


class Balances:
    """Of all accounts and assets; what nobody has touched is 0."""

    def __init__(self) -> None:
        self._balances: dict[tuple[int, int], Balance] = {}

    def of(self, account: int, asset: int) -> Balance:
        """The balance itself, to read and to change."""
        return self._balances.setdefault((account, asset), Balance())

    def look(self, account: int, asset: int) -> Balance:
        """A balance to read."""
        return self._balances.get((account, asset), Balance())

    def pay(self, source: int, target: int, asset: int, amount: int) -> None:
        """Move an amount (below 0: the other way) from what is available to what is available."""
        self.of(source, asset).available -= amount
        self.of(target, asset).available += amount

    def hold(self, account: int, asset: int, amount: int) -> None:
        """Make so much that is available held (below 0: the other way)."""
        balance = self.of(account, asset)
        balance.available -= amount
        balance.held += amount
        assert balance.held >= balance.reserved >= 0, "held is never negative"

    def whole_of(self, account: int) -> list[tuple[int, int]]:
        """Every asset that the account has had, and how much of it."""
        return [(asset, balance.whole) for (owner, asset), balance in self._balances.items() if owner == account]

    def total(self, asset: int) -> int:
        """Of all accounts: 0."""
        return sum(balance.whole for (_, number), balance in self._balances.items() if number == asset)
