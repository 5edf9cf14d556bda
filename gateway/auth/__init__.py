"""Who a request comes from. Today a key names an account; other ways come in behind the same interface."""

from __future__ import annotations

from typing import Protocol

from tradsys.symbols import Account


class Authenticator(Protocol):
    """Finds the account that credentials stand for."""

    def account_of(self, key: str | None) -> Account:
        """The account of a key. Raises TradingError: `unauthenticated` when there is none."""
