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
from workers.administration.access import Access, AccessError, AccessFile, Key, Stamp

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
        self._access = access
        self._clock_ns = clock_ns
        self._stamp: Stamp | None = None
        self._stored = Access()
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
        stamp = self._access.stamp()
        if stamp != self._stamp:
            try:
                self._stored = self._access.read()
            except AccessError as problem:
                # Who could come in can still: a file that was spoilt by hand must not shut everybody out.
                _log.error("the keys that were read before count", why=str(problem))
            self._stamp = stamp
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
        """Whether the key still lets its holder in, for the same account."""
        holder = self._holders.get(caller.key)
        return holder is not None and caller.account.name in holder.accounts and self._clock_ns() < holder.expires_ns

    def _join(self) -> None:
        roles = self._configuration.roles_of_account()
        self._holders = {
            key: _Holder((entry.name,), roles[entry.name])
            for entry in sealed(self._configuration).accounts
            for key in entry.keys
        }
        for key in self._stored.keys:
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
        if not key.user:
            return _Holder((key.account,), roles.get(key.account, frozenset()) | set(key.roles), "", expires_ns)
        user = next((user for user in self._stored.users if user.name == key.user), None)
        if user is None or not user.accounts:
            return None
        return _Holder(tuple(user.accounts), frozenset(user.roles) | set(key.roles), user.name, expires_ns)
