"""Keys from the configuration, known by their fingerprints alone."""

from __future__ import annotations

from gateway.accounts import Accounts
from tradsys.configuration import Configuration
from tradsys.configuration.secrets import fingerprint, sealed
from tradsys.errors import TradingError, error
from tradsys.symbols import Account


class ConfiguredKeys:
    """The configured keys, joined by account name with the accounts that the venue's log has defined.

    By name, because the log keeps the number that an account once got, whatever order the configuration has now.
    """

    def __init__(self, configuration: Configuration, accounts: Accounts) -> None:
        self._accounts = accounts
        self.learn(configuration)

    def learn(self, configuration: Configuration) -> None:
        """From now on the keys and roles of this configuration count, and no others."""
        entries = sealed(configuration).accounts
        self._name_of = {key: entry.name for entry in entries for key in entry.keys}
        self._roles = configuration.roles_of_account()

    def account_of(self, key: str | None) -> Account:
        """The account of a key. Raises TradingError."""
        name = self._name_of.get(fingerprint(key or ""))
        if name is None:
            raise error("unauthenticated")
        try:
            return self._accounts.named(name)
        except TradingError:
            raise error("unknown_account", f"the venue has not opened the account {name!r}") from None

    def roles_of(self, account: Account) -> frozenset[str]:
        """What the account may do beyond trading for itself."""
        return self._roles.get(account.name, frozenset())
