"""Keys from the configuration and from the venue's file of keys, known by their fingerprints alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from gateway.accounts import Accounts
from gateway.auth import Caller
from tradsys.configuration import Configuration
from tradsys.configuration.secrets import fingerprint, sealed
from tradsys.errors import TradingError, error
from tradsys.logging import logger
from workers.administration.access import Access, AccessFile, Key
from workers.administration.kept import Followed

_NEVER_NS = (1 << 63) - 1
_log = logger("gateway.keys")


class _Holder(NamedTuple):
    """Whom a key stands for."""

    accounts: tuple[str, ...]
    roles: frozenset[str]
    user: str = ""
    expires_ns: int = _NEVER_NS


class Keys:
    """All keys, joined by account name with the accounts that the venue's log has defined.

    By name, because the log keeps the number that an account once got, whatever order the configuration has now.
    """

    def __init__(
        self,
        configuration: Configuration,
        accounts: Accounts,
        access: AccessFile,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._accounts = accounts
        self._followed = Followed(access, Access())
        self._clock_ns = clock_ns
        self._configuration = configuration
        self._subscribers: list[Callable[[], None]] = []
        self._join()
        self.look()

    def learn(self, configuration: Configuration) -> None:
        """From now on the keys and roles of this configuration count, and no others of one."""
        self._configuration = configuration
        self._join()

    def look(self) -> None:
        """Read the file again when it has changed, and notice keys that have expired. To be called now and then."""
        if self._followed.look():
            if self._followed.trouble:
                # Who could come in can still: a file that was spoilt by hand must not shut everybody out.
                _log.error("the keys that were read before count", why=self._followed.trouble)
            self._join()
        elif self._clock_ns() >= self._next_expiry_ns:
            self._join()

    def subscribe(self, subscriber: Callable[[], None]) -> None:
        """Have `subscriber` called whenever somebody who got in before may not any more."""
        self._subscribers.append(subscriber)

    def caller_of(self, key: str | None, account: str | None = None) -> Caller:
        """Who has the key. Raises TradingError."""
        known_as = fingerprint(key or "")
        holder = self._holders.get(known_as)
        if holder is None or self._clock_ns() >= holder.expires_ns:
            raise error("unauthenticated")
        name = account or holder.accounts[0]
        if name not in holder.accounts:
            raise error("role_required", f"the key does not stand for the account {name!r}")
        try:
            found = self._accounts.named(name)
        except TradingError:
            raise error("unknown_account", f"the venue has not opened the account {name!r}") from None
        return Caller(found, holder.roles, known_as, holder.user)

    def is_valid(self, caller: Caller) -> bool:
        """Whether the key still lets its holder in, for the same account and with all roles."""
        holder = self._holders.get(caller.key)
        if holder is None or self._clock_ns() >= holder.expires_ns:
            return False
        return caller.account.name in holder.accounts and caller.roles <= holder.roles

    def _join(self) -> None:
        stored = self._followed.content
        roles = stored.roles_of_account(self._configuration)
        self._holders = {
            key: _Holder((entry.name,), roles[entry.name])
            for entry in sealed(self._configuration).accounts
            for key in entry.keys
        }
        for key in stored.keys:
            holder = self._holder(key, roles)
            if holder is not None:
                self._holders.setdefault(key.fingerprint, holder)
        now_ns = self._clock_ns()
        expiries = (holder.expires_ns for holder in self._holders.values() if holder.expires_ns > now_ns)
        self._next_expiry_ns = min(expiries, default=_NEVER_NS)
        for subscriber in self._subscribers:
            subscriber()

    def _holder(self, key: Key, roles: dict[str, frozenset[str]]) -> _Holder | None:
        expires_ns = _NEVER_NS if key.expires is None else int(key.expires.timestamp() * 1e9)
        stored = self._followed.content
        accounts = [key.account]
        if key.user:
            accounts = next((user.accounts for user in stored.users if user.name == key.user), [])
        return _Holder(tuple(accounts), stored.roles_of_key(key, roles), key.user, expires_ns) if accounts else None
