"""Calendars over REST, for administrators: when symbols open and close, set beside those of the configuration."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from aiohttp import web
from msgspec import to_builtins

from gateway.administration import messages as bodies
from gateway.administration.acts import Intent, actor_of
from gateway.auth import Caller
from gateway.messages import decode
from gateway.rest.answers import administrator, answer, count, query
from gateway.service import Service
from tradsys.configuration.calendars import CalendarEntry
from workers.administration.calendar_file import (
    Change,
    calendars_view,
    removing,
    resetting,
    setting,
    with_holiday,
    without_holiday,
)
from workers.administration.calendars import calendar_views

_DAYS_MAX = 366


class CalendarAdministration:
    """Handlers of /admin/calendars."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._acts = service.administration

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Register the handlers."""
        router.add_get("/admin/calendars", self.calendars, allow_head=False)
        router.add_put("/admin/calendars", self.set_calendar)
        router.add_delete("/admin/calendars/{name}", self.remove)
        router.add_post("/admin/calendars/{name}/reset", self.reset)
        router.add_post("/admin/calendars/{name}/holidays", self.add_holiday)
        router.add_delete("/admin/calendars/{name}/holidays/{date}", self.remove_holiday)

    async def calendars(self, request: web.Request) -> web.Response:
        """GET /admin/calendars[?days=]: the present phase of each, and those of the days to come."""
        administrator(self._service, request)
        days = count(query(request, "days").get("days"), "days", 7, _DAYS_MAX)
        symbols = list(self._acts.known().symbols)
        now_ns = time.time_ns()
        configured = self._acts.configuration.calendars

        def views() -> list[dict[str, Any]]:
            return calendar_views(self._acts.calendars.read().over(configured), configured, symbols, now_ns, days)

        return answer({"calendars": await asyncio.to_thread(views)})

    async def set_calendar(self, request: web.Request) -> web.Response:
        """PUT /admin/calendars: a calendar, instead of the one of its name. It counts at once."""
        by = administrator(self._service, request)
        entry = decode(bodies.calendars, await request.read())
        return await self._change(
            by, request, "calendar.set", entry.name, partial(setting, [entry]), to_builtins(entry)
        )

    async def remove(self, request: web.Request) -> web.Response:
        """DELETE /admin/calendars/{name}: it does not count any more, also one of the configuration."""
        by, name = administrator(self._service, request), request.match_info["name"]
        return await self._change(
            by, request, "calendar.remove", name, lambda configured, _: removing(name, configured)
        )

    async def reset(self, request: web.Request) -> web.Response:
        """POST /admin/calendars/{name}/reset: what the configuration says of it counts again."""
        by, name = administrator(self._service, request), request.match_info["name"]
        return await self._change(by, request, "calendar.reset", name, partial(resetting, name))

    async def add_holiday(self, request: web.Request) -> web.Response:
        """POST /admin/calendars/{name}/holidays: a day on which nothing begins."""
        by, name = administrator(self._service, request), request.match_info["name"]
        day = decode(bodies.holidays, await request.read()).date
        return await self._change(by, request, "calendar.holiday.add", name, partial(with_holiday, name, day), day)

    async def remove_holiday(self, request: web.Request) -> web.Response:
        """DELETE /admin/calendars/{name}/holidays/{date}: a day like others."""
        by, name, day = administrator(self._service, request), request.match_info["name"], request.match_info["date"]
        return await self._change(
            by, request, "calendar.holiday.remove", name, partial(without_holiday, name, day), day
        )

    async def _change(
        self,
        by: Caller,
        request: web.Request,
        act: str,
        name: str,
        changing: Callable[[list[CalendarEntry], list[str]], Change],
        wanted: Any = None,
    ) -> web.Response:
        """Change the file; gives the calendar of that name that counts then, null when there is none."""
        configured = self._acts.configuration.calendars
        change, view = changing(configured, list(self._acts.known().symbols)), calendars_view([name], configured)
        intent = Intent(actor_of(by, request), act, name, after=wanted)
        found = view(await self._acts.change(intent, self._acts.calendars, change, view))
        assert len(found) <= 1, "of each name one calendar counts"
        return answer({"calendar": found[0] if found else None})
