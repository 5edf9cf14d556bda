"""Keys, users and roles over REST, for administrators: who may come in, for whom, and what for."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web
from msgspec import to_builtins

from gateway.administration import messages as bodies
from gateway.administration.acts import Intent, actor_of
from gateway.messages import decode
from gateway.rest.answers import administrator, answer, query
from gateway.service import Service
from tradsys.errors import ValidationError
from workers.administration.access import (
    Access,
    User,
    checked_user,
    key_named,
    key_view,
    new_key,
    roles_view,
    user_named,
    user_view,
    with_roles,
    without_key,
    without_roles,
    without_user,
)
from workers.administration.granting import granting_key, granting_roles, granting_user


class AccessAdministration:
    """Handlers of /admin/keys, /admin/users and roles of accounts. The keys of the configuration are not among them."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._acts = service.administration

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Register the handlers."""
        router.add_get("/admin/keys", self.keys, allow_head=False)
        router.add_post("/admin/keys", self.add_key)
        router.add_delete("/admin/keys/{key}", self.revoke)
        router.add_get("/admin/users", self.users, allow_head=False)
        router.add_put("/admin/users/{name}", self.set_user)
        router.add_delete("/admin/users/{name}", self.remove_user)
        router.add_put("/admin/accounts/{name}/roles", self.set_roles)

    async def keys(self, request: web.Request) -> web.Response:
        """GET /admin/keys: whose they are, with the beginnings of their fingerprints."""
        administrator(self._service, request)
        query(request)
        return answer({"keys": [key.told() for key in self._acts.access.read().keys]})

    async def add_key(self, request: web.Request) -> web.Response:
        """POST /admin/keys: a new key of an account or a user. It is in this answer, and never told again."""
        by = administrator(self._service, request)
        body = decode(bodies.keys, await request.read())
        if body.account:
            self._service.accounts.named(body.account)
        secret, key = new_key(self._acts.access.read(), body.account, body.user, body.roles, _instant(body.expires))
        intent = Intent(actor_of(by, request), "key.add", body.user or body.account, after=key.told())
        change = granting_key(by.roles, self._acts.configuration, key)
        await self._acts.change(intent, self._acts.access, change, key_view(key.fingerprint))
        return answer(key.told() | {"secret": secret}, 201)

    async def revoke(self, request: web.Request) -> web.Response:
        """DELETE /admin/keys/{key}: it opens nothing any more, and its sockets are closed."""
        by = administrator(self._service, request)
        key = key_named(self._acts.access.read(), request.match_info["key"])
        intent = Intent(actor_of(by, request), "key.revoke", key.user or key.account)
        view = key_view(key.fingerprint)
        await self._acts.change(intent, self._acts.access, lambda now: without_key(now, key), view)
        return answer(key.told())

    async def set_roles(self, request: web.Request) -> web.Response:
        """PUT /admin/accounts/{name}/roles: the roles of an account; null: those of the configuration again."""
        by = administrator(self._service, request)
        roles = decode(bodies.roles, await request.read()).roles
        name = self._service.accounts.named(request.match_info["name"]).name
        configuration = self._acts.configuration

        def change(now: Access) -> Access:
            return without_roles(now, name) if roles is None else with_roles(now, name, roles)

        intent = Intent(actor_of(by, request), "account.roles", name, after=roles)
        view = roles_view(name, configuration)
        granting = granting_roles(by.roles, configuration, name, change)
        return answer({"name": name, "roles": view(await self._acts.change(intent, self._acts.access, granting, view))})

    async def users(self, request: web.Request) -> web.Response:
        """GET /admin/users: whom each may act for, and with what roles."""
        administrator(self._service, request)
        query(request)
        return answer({"users": to_builtins(self._acts.access.read().users)})

    async def set_user(self, request: web.Request) -> web.Response:
        """PUT /admin/users/{name}: a user, or what holds for one from now on."""
        by = administrator(self._service, request)
        body = decode(bodies.users, await request.read())
        user = checked_user(User(request.match_info["name"], body.accounts, body.roles))
        for account in user.accounts:
            self._service.accounts.named(account)
        intent = Intent(actor_of(by, request), "user.set", user.name, after=to_builtins(user))
        await self._acts.change(intent, self._acts.access, granting_user(by.roles, user), user_view(user.name))
        return answer(to_builtins(user))

    async def remove_user(self, request: web.Request) -> web.Response:
        """DELETE /admin/users/{name}: the user and every key."""
        by = administrator(self._service, request)
        user = user_named(self._acts.access.read(), request.match_info["name"])
        intent = Intent(actor_of(by, request), "user.remove", user.name)
        view = user_view(user.name)
        await self._acts.change(intent, self._acts.access, lambda now: without_user(now, user.name), view)
        return answer(to_builtins(user))


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValidationError(
            "invalid_field", f"{text!r} is no time such as 2030-01-31T12:00:00Z", field="expires"
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
