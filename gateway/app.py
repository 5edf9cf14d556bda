"""The HTTP application: its routes, and what is around every request."""

from __future__ import annotations

from aiohttp import web

from gateway.administration.access import AccessAdministration
from gateway.administration.assets import AssetAdministration
from gateway.administration.calendars import CalendarAdministration
from gateway.administration.venue import VenueAdministration
from gateway.rest.balances import Balances
from gateway.rest.errors import errors_as_json, named_requests
from gateway.rest.market_data import MarketData
from gateway.rest.orders import Orders
from gateway.rest.risk import Risk
from gateway.rest.status import Status
from gateway.service import Service
from gateway.websocket.endpoint import Endpoint


def application(service: Service) -> web.Application:
    """The app that serves `service`, with its WebSocket closed down first when it stops."""
    app = web.Application(middlewares=[named_requests, errors_as_json], client_max_size=service.frame_bytes_max)
    endpoint = Endpoint(service)
    Orders(service).add_routes(app.router)
    Balances(service).add_routes(app.router)
    MarketData(service).add_routes(app.router)
    Risk(service).add_routes(app.router)
    AccessAdministration(service).add_routes(app.router)
    VenueAdministration(service).add_routes(app.router)
    AssetAdministration(service).add_routes(app.router)
    CalendarAdministration(service).add_routes(app.router)
    Status(service).add_routes(app.router)
    app.router.add_get("/ws", endpoint.serve)
    app.on_shutdown.append(endpoint.close_all)
    return app
