"""What anybody may see of the market: symbols, depth, trades."""

from __future__ import annotations

from itertools import islice

from aiohttp import web

from gateway.rest.answers import answer, count, query
from gateway.results import depth_view, symbol_view, trade_view
from gateway.service import Service

DEPTH_LEVELS_DEFAULT = 20
TRADES_DEFAULT = 50


class MarketData:
    """Handlers of /symbols, /depth/{symbol} and /trades/{symbol}."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Register the handlers."""
        router.add_get("/symbols", self.symbols)
        router.add_get("/depth/{symbol}", self.depth)
        router.add_get("/trades/{symbol}", self.trades)

    async def symbols(self, request: web.Request) -> web.Response:
        """GET /symbols: scales, price ranges and market states."""
        query(request)
        markets = self._service.state.markets
        return answer({"symbols": [symbol_view(markets[number]) for number in sorted(markets)]})

    async def depth(self, request: web.Request) -> web.Response:
        """GET /depth/{symbol}[?levels=]: the best price levels of both sides."""
        market = self._service.entry.market(request.match_info["symbol"])
        levels = query(request, "levels").get("levels")
        most = self._service.channels.depth_levels_max
        return answer(depth_view(market, count(levels, "levels", DEPTH_LEVELS_DEFAULT, most)))

    async def trades(self, request: web.Request) -> web.Response:
        """GET /trades/{symbol}[?limit=]: the last trades, newest first."""
        market = self._service.entry.market(request.match_info["symbol"])
        most = market.trades.maxlen
        assert most is not None, "a market keeps a bounded number of trades"
        limit = count(query(request, "limit").get("limit"), "limit", TRADES_DEFAULT, most)
        trades = [trade_view(trade, market) for trade in islice(reversed(market.trades), limit)]
        return answer({"symbol": market.symbol.name, "trades": trades})
