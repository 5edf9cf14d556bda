"""Who a request comes from. Today a key names an account or a user; other ways come in behind the same interface."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from tradsys.errors import error
from tradsys.symbols import Account

ADMINISTRATOR, RISK_OFFICER = "administrator", "risk_officer"
"""Roles. Who has none trades for itself."""


class Caller(NamedTuple):
    """Who asks, for which account: with what roles, by which key (its fingerprint), and which person, if known."""

    account: Account
    roles: frozenset[str]
    key: str
    user: str = ""


class Authenticator(Protocol):
    """Finds who it is that credentials stand for."""

    def caller_of(self, key: str | None, account: str | None = None) -> Caller:
        """Who has the key, and acts for `account` where it stands for several.

        Raises TradingError: `unauthenticated` when there is none.
        """

    def is_valid(self, caller: Caller) -> bool:
        """Whether the caller would get in now."""

    def subscribe(self, subscriber: Callable[[], None]) -> None:
        """Have `subscriber` called whenever somebody who got in before may not any more."""


def require(caller: Caller, *roles: str) -> None:
    """Raise SecurityError unless the caller has one of the roles."""
    if caller.roles.isdisjoint(roles):
        raise error("role_required", f"this needs the role {' or '.join(roles)}")
