"""Who may give which roles: nobody over the network gives one that he does not have himself.

Whoever takes a role away, or leaves it where it is, needs none. People on the host own the files and may give any.
"""

from __future__ import annotations

from collections.abc import Iterable

from tradsys.configuration import Configuration
from tradsys.errors import error
from workers.administration.access import Access, Change, Key, User, user_named, with_key, with_user


def check_granted(giver: frozenset[str], given: Iterable[str]) -> None:
    """Raise SecurityError when `given` has a role that `giver` has not."""
    assert giver, "who has no role administers nothing"
    lacking = sorted(set(given) - giver)
    if lacking:
        raise error("role_required", f"only who has the role {lacking[0]} may give it")


def granting_key(giver: frozenset[str], configuration: Configuration, key: Key) -> Change:
    """One key more, whose holder has no role that `giver` has not."""

    def change(now: Access) -> Access:
        assert bool(key.account) != bool(key.user), "a key is of an account or of a user"
        if key.user:
            user_named(now, key.user)
        check_granted(giver, now.roles_of_key(key, now.roles_of_account(configuration)))
        return with_key(now, key)

    return change


def granting_user(giver: frozenset[str], user: User) -> Change:
    """A user, or another one of the name, who has no role more than before that `giver` has not."""

    def change(now: Access) -> Access:
        before = {role for other in now.users if other.name == user.name for role in other.roles}
        check_granted(giver, set(user.roles) - before)
        return with_user(now, user)

    return change


def granting_roles(giver: frozenset[str], configuration: Configuration, account: str, change: Change) -> Change:
    """What `change` does to the roles of an account, when it gives it none that `giver` has not."""

    def checked(now: Access) -> Access:
        after = change(now)
        assert (after.keys, after.users) == (now.keys, now.users), "roles of accounts alone are changed"
        others, left = ([each for each in one.accounts if each.account != account] for one in (now, after))
        assert others == left, "and of this account alone"
        before, has = (each.roles_of_account(configuration).get(account, frozenset()) for each in (now, after))
        check_granted(giver, has - before)
        return after

    return checked
