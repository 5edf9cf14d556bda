"""Assets over REST, for administrators: what accounts can own, and what it is worth."""

from __future__ import annotations

from aiohttp import web
from msgspec import to_builtins

from gateway.administration import messages as bodies
from gateway.administration.acts import Intent, actor_of
from gateway.messages import decode
from gateway.rest.answers import administrator, answer, query
from gateway.service import Service
from tradsys.reading.rows import assets_of
from workers.administration.defining import asset_record, worth_record
from workers.administration.exporting import asset_entry
from workers.statement import asset_named


class AssetAdministration:
    """Handlers of /admin/assets."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._acts = service.administration

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Register the handlers."""
        router.add_get("/admin/assets", self.assets, allow_head=False)
        router.add_post("/admin/assets", self.add)
        router.add_put("/admin/assets/{name}", self.set_value)

    async def assets(self, request: web.Request) -> web.Response:
        """GET /admin/assets: every asset as the configuration would have it."""
        administrator(self._service, request)
        query(request)
        return answer({"assets": [to_builtins(asset_entry(asset)) for asset in assets_of(self._acts.memory.ledger)]})

    async def add(self, request: web.Request) -> web.Response:
        """POST /admin/assets: an asset, which can be owned at once."""
        by = administrator(self._service, request)
        entry = decode(bodies.assets, await request.read())
        intent = Intent(actor_of(by, request), "asset.add", entry.name, after=to_builtins(entry))
        recorded = await self._acts.define(intent, lambda: asset_record(self._acts.memory, entry))
        return answer(to_builtins(entry) | {"sequence": recorded.sequence}, 201)

    async def set_value(self, request: web.Request) -> web.Response:
        """PUT /admin/assets/{name}: what one is worth from now on."""
        by, name = administrator(self._service, request), request.match_info["name"]
        value = decode(bodies.worths, await request.read()).value
        record = worth_record(self._acts.memory, name, value)
        before = asset_entry(asset_named(self._acts.memory, name)).value
        return answer(await self._acts.send(Intent(actor_of(by, request), "asset.value", name, before, value), record))
