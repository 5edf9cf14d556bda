"""Who may come in, beside what the configuration says: keys, users and roles in a file of the data directory.

Of a key only its fingerprint is kept. A user is a person who acts for one or several accounts, with any of their keys.
Roles that an account is given here stand in the place of those of the configuration.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from tradsys.configuration import Configuration
from tradsys.configuration.money import Role
from tradsys.configuration.secrets import fingerprint
from tradsys.errors import InfrastructureError, OperatingError, ValidationError, error
from tradsys.symbols import ACCOUNT_NAME_BYTES_MAX, check_name
from workers.administration.kept import KeptFile

FILE = "access.json"
SHOWN = 19
"""So much of a fingerprint names a key: "sha256:" and twelve digits."""

_KEY_BYTES = 32
_VERSION = 1


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key of an account or of a user, and the roles that it has besides theirs."""

    fingerprint: str
    account: str = ""
    user: str = ""
    roles: list[Role] = []
    created: datetime | None = None
    expires: datetime | None = None

    @property
    def name(self) -> str:
        """What it is called where it is shown."""
        return self.fingerprint[:SHOWN]

    def told(self) -> dict[str, Any]:
        """What may be shown of it, as JSON."""
        view: dict[str, Any] = msgspec.to_builtins(self)
        del view["fingerprint"]
        return {"key": self.name} | {name: value for name, value in view.items() if value}


class User(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person: the accounts to act for, the first of them unless a request names another, and roles."""

    name: str
    accounts: list[str]
    roles: list[Role] = []


class AccountRoles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The roles of an account, whatever the configuration says of it."""

    account: str
    roles: list[Role] = []


class Access(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it; `version` is of the format."""

    version: int = _VERSION
    keys: list[Key] = []
    users: list[User] = []
    accounts: list[AccountRoles] = []

    def roles_of_account(self, configuration: Configuration) -> dict[str, frozenset[str]]:
        """The roles of each account that the configuration or this names."""
        return configuration.roles_of_account() | {each.account: frozenset(each.roles) for each in self.accounts}

    def roles_of_key(self, key: Key, of_accounts: dict[str, frozenset[str]]) -> frozenset[str]:
        """All roles of who comes with the key; `of_accounts`: see roles_of_account()."""
        if not key.user:
            return of_accounts.get(key.account, frozenset()) | set(key.roles)
        return frozenset(key.roles).union(*(user.roles for user in self.users if user.name == key.user))


Change = Callable[[Access], Access]
View = Callable[[Access], Any]
"""Of it what is told of one key, user or account, as JSON; None where there is none."""


class AccessError(OperatingError, InfrastructureError):
    """The file of keys cannot be read; the message says why."""

    CODE = "access_unreadable"


class AccessFile(KeptFile[Access]):
    """The file of one data directory."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / FILE, Access, AccessError)


def new_key(access: Access, account: str, user: str, roles: list[Role], expires: datetime | None) -> tuple[str, Key]:
    """A secret that nobody has, and what is kept of it. Raises TradingError."""
    if bool(account) == bool(user):
        raise ValidationError("invalid_field", "a key is of an account or of a user: name one of them", field="account")
    if user:
        user_named(access, user)
    now = datetime.now(UTC)
    if expires is not None and expires <= now:
        raise ValidationError("invalid_field", "a key that has expired already is of no use", field="expires")
    secret = secrets.token_urlsafe(_KEY_BYTES)
    key = Key(fingerprint(secret), account, user, sorted(set(roles)), now, expires)
    assert len(key.fingerprint) > SHOWN, "what is shown does not tell the fingerprint"
    assert secret not in key.fingerprint, "of a secret nothing is kept"
    return secret, key


def checked_user(user: User) -> User:
    """The user. Raises ValidationError."""
    try:
        check_name(user.name, ACCOUNT_NAME_BYTES_MAX)
    except ValueError as problem:
        raise ValidationError("invalid_field", str(problem), field="name") from None
    if not user.accounts:
        raise ValidationError("missing_field", "a user acts for one account or several", field="accounts")
    return user


def key_named(access: Access, name: str) -> Key:
    """The only key whose fingerprint begins so. Raises BusinessRuleError."""
    found = [key for key in access.keys if key.fingerprint.startswith(name) and len(name) >= SHOWN]
    if len(found) != 1:
        raise error("unknown_key", f"there is no key {name!r}; those of the configuration are changed there")
    assert name.startswith(found[0].name), "a key is called what is shown of it"
    return found[0]


def user_named(access: Access, name: str) -> User:
    """The user of that name. Raises BusinessRuleError."""
    for user in access.users:
        if user.name == name:
            return user
    raise error("unknown_user", f"there is no user {name!r}")


def with_key(access: Access, key: Key) -> Access:
    """One key more."""
    assert key.fingerprint not in {other.fingerprint for other in access.keys}, "no secret is given out twice"
    return replace(access, keys=[*access.keys, key])


def without_key(access: Access, key: Key) -> Access:
    """The key is revoked."""
    return replace(access, keys=[other for other in access.keys if other.fingerprint != key.fingerprint])


def with_user(access: Access, user: User) -> Access:
    """One user more, or another one of the name."""
    assert user.accounts, "a user who was checked acts for an account"
    return replace(access, users=[*(other for other in access.users if other.name != user.name), user])


def without_user(access: Access, name: str) -> Access:
    """The user is gone, with all keys."""
    return replace(
        access,
        users=[user for user in access.users if user.name != name],
        keys=[key for key in access.keys if key.user != name],
    )


def key_view(fingerprint: str) -> View:
    """Of a key what may be shown."""
    return lambda access: next((key.told() for key in access.keys if key.fingerprint == fingerprint), None)


def user_view(name: str) -> View:
    """Of a user everything."""
    return lambda access: next((msgspec.to_builtins(user) for user in access.users if user.name == name), None)


def roles_view(account: str, configuration: Configuration) -> View:
    """The roles of an account."""
    return lambda access: sorted(access.roles_of_account(configuration).get(account, ()))


def with_roles(access: Access, account: str, roles: list[Role]) -> Access:
    """The account has these roles, and no others."""
    others = [other for other in access.accounts if other.account != account]
    return replace(access, accounts=[*others, AccountRoles(account, sorted(set(roles)))])


def without_roles(access: Access, account: str) -> Access:
    """The account has the roles that the configuration gives it."""
    return replace(access, accounts=[other for other in access.accounts if other.account != account])
