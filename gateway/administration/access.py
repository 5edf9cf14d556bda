"""Keys and users over REST, for administrators: who may come in, and for whom."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web
from msgspec import to_builtins

from gateway.administration import messages as bodies
from gateway.administration.acts import Intent, actor_of
from gateway.auth import ADMINISTRATOR, Caller, require
from gateway.messages import decode
from gateway.rest.answers import answer, caller, query
from gateway.service import Service
from tradsys.errors import ValidationError
from workers.administration import access
from workers.administration.access import User, checked_user, key_named, new_key, user_named


class AccessAdministration:
    """Handlers of /admin/keys and /admin/users. The keys of the configuration are not among them."""

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

    async def keys(self, request: web.Request) -> web.Response:
        """GET /admin/keys: whose they are, with the beginnings of their fingerprints."""
        self._administrator(request)
        query(request)
        return answer({"keys": [key.told() for key in self._acts.access.read().keys]})

    async def add_key(self, request: web.Request) -> web.Response:
        """POST /admin/keys: a new key of an account or a user. It is in this answer, and never told again."""
        by = self._administrator(request)
        body = decode(bodies.keys, await request.read())
        if body.account:
            self._service.accounts.named(body.account)
        secret, key = new_key(self._acts.access.read(), body.account, body.user, body.roles, _instant(body.expires))
        view = key.told()
        intent = Intent(actor_of(by, request), "key.add", body.user or body.account, after=view)
        await self._acts.change_access(intent, lambda now: access.with_key(now, key))
        return answer(view | {"secret": secret}, 201)

    async def revoke(self, request: web.Request) -> web.Response:
        """DELETE /admin/keys/{key}: it opens nothing any more, and its sockets are closed."""
        by = self._administrator(request)
        key = key_named(self._acts.access.read(), request.match_info["key"])
        view = key.told()
        intent = Intent(actor_of(by, request), "key.revoke", key.user or key.account, before=view)
        await self._acts.change_access(intent, lambda now: access.without_key(now, key))
        return answer(view)

    async def users(self, request: web.Request) -> web.Response:
        """GET /admin/users: whom each may act for, and with what roles."""
        self._administrator(request)
        query(request)
        return answer({"users": to_builtins(self._acts.access.read().users)})

    async def set_user(self, request: web.Request) -> web.Response:
        """PUT /admin/users/{name}: a user, or what holds for one from now on."""
        by = self._administrator(request)
        body = decode(bodies.users, await request.read())
        user = checked_user(User(request.match_info["name"], body.accounts, body.roles))
        for account in user.accounts:
            self._service.accounts.named(account)
        before = next((other for other in self._acts.access.read().users if other.name == user.name), None)
        intent = Intent(actor_of(by, request), "user.set", user.name, to_builtins(before), to_builtins(user))
        await self._acts.change_access(intent, lambda now: access.with_user(now, user))
        return answer(to_builtins(user))

    async def remove_user(self, request: web.Request) -> web.Response:
        """DELETE /admin/users/{name}: the user and every key."""
        by = self._administrator(request)
        user = user_named(self._acts.access.read(), request.match_info["name"])
        intent = Intent(actor_of(by, request), "user.remove", user.name, before=to_builtins(user))
        await self._acts.change_access(intent, lambda now: access.without_user(now, user.name))
        return answer(to_builtins(user))

    def _administrator(self, request: web.Request) -> Caller:
        by = caller(self._service, request)
        require(by, ADMINISTRATOR)
        return by


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
