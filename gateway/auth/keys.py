"""Keys from the configuration: good for development, where they are no secrets."""

from __future__ import annotations

from typing import Any

from tradsys.configuration import Configuration
from tradsys.errors import error
from tradsys.symbols import Account
from workers.memory import ACCOUNTS


class ConfiguredKeys:
    """The configured keys, joined by account name with the accounts that the venue's log has defined.

    By name, because the log keeps the number that an account once got, whatever order the configuration has now.
    """

    def __init__(self, configuration: Configuration, definitions: Any, control: Any) -> None:
        self._name_of = {key: account.name for key, account in configuration.account_of_key().items()}
        self._definitions = definitions
        self._control = control
        self._accounts: dict[str, Account] = {}

    def account_of(self, key: str | None) -> Account:
        """The account of a key. Raises TradingError."""
        name = self._name_of.get(key or "")
        if name is None:
            raise error("unauthenticated")
        account = self._accounts.get(name)
        if account is None:
            self._read_definitions()
            account = self._accounts.get(name)
        if account is None:
            raise error("unknown_account", f"the venue has not opened the account {name!r}")
        return account

    def _read_definitions(self) -> None:
        for number in range(len(self._accounts) + 1, int(self._control[ACCOUNTS]) + 1):
            account = Account.from_definition(self._definitions[number])
            self._accounts[account.name] = account
