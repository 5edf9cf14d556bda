"""The accounts that the venue's log has defined, by name and by number."""

from __future__ import annotations

from typing import Any

from tradsys.errors import error
from tradsys.ledger.terms import AccountKind
from tradsys.symbols import Account
from workers.memory import ACCOUNTS


class Accounts:
    """Reads the venue's table of definitions, which only grows. `control` tells how far it is valid."""

    def __init__(self, definitions: Any, control: Any) -> None:
        self._definitions = definitions
        self._control = control
        self._all: list[Account] = []
        self._by_name: dict[str, Account] = {}

    def named(self, name: str) -> Account:
        """The account of a name. Raises BusinessRuleError."""
        account = self._by_name.get(name)
        if account is None:
            self._read()
            account = self._by_name.get(name)
        if account is None:
            raise error("unknown_account", f"there is no account {name!r}", field="account")
        return account

    def name_of(self, number: int) -> str:
        """The name of an account that there is."""
        if number > len(self._all):
            self._read()
        return self._all[number - 1].name

    def first(self, kind: AccountKind) -> Account:
        """The account of this kind that was defined first. Raises BusinessRuleError."""
        self._read()
        for account in self._all:
            if account.kind == kind:
                return account
        raise error("unknown_account", f"the venue has no account of kind {kind.name.lower()}")

    def _read(self) -> None:
        for number in range(len(self._all) + 1, int(self._control[ACCOUNTS]) + 1):
            account = Account.from_definition(self._definitions[number])
            self._all.append(account)
            self._by_name[account.name] = account
