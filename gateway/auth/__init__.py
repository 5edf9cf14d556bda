"""Who a request comes from. Today a key names an account; other ways come in behind the same interface."""

from __future__ import annotations

from typing import Protocol

from tradsys.errors import error
from tradsys.symbols import Account

ADMINISTRATOR, RISK_OFFICER = "administrator", "risk_officer"
"""Roles. Who has none trades for itself."""


class Authenticator(Protocol):
    """Finds the account that credentials stand for."""

    def account_of(self, key: str | None) -> Account:
        """The account of a key. Raises TradingError: `unauthenticated` when there is none."""

    def roles_of(self, account: Account) -> frozenset[str]:
        """What the account may do beyond trading for itself."""


def require(authenticator: Authenticator, account: Account, *roles: str) -> None:
    """Raise BusinessRuleError unless the account has one of the roles."""
    if authenticator.roles_of(account).isdisjoint(roles):
        raise error("role_required", f"this needs the role {' or '.join(roles)}")
