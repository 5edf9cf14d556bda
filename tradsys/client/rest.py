"""The REST client: blocking, one connection that is kept open, nothing but the standard library."""

from __future__ import annotations

import http.client
import json
from types import TracebackType
from typing import Any, Self, Unpack
from urllib.parse import quote, urlencode, urlsplit

from tradsys.client.answers import exception_of, without_none
from tradsys.client.orders import OrderTerms, order_fields
from tradsys.errors import error

TIMEOUT_SECONDS = 30.0


class Client:
    """One connection to a venue. Orders, levels and trades are the mappings that docs/api.md describes.

    Every method raises TradingError with the venue's code, and OSError when the venue cannot be reached.
    Prices and quantities are decimal strings. Not for use by several threads at once.
    """

    def __init__(self, url: str = "http://127.0.0.1:8080", key: str | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.hostname is None:
            raise ValueError(f"{url!r} is no URL such as http://127.0.0.1:8080")
        secure = parts.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._connection = connect(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)
        self._headers = {"Content-Type": "application/json"}
        if key is not None:
            self._headers["X-API-Key"] = key

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def place(
        self, symbol: str, side: str, quantity: str | None = None, price: str | None = None, **terms: Unpack[OrderTerms]
    ) -> Any:
        """Place an order: limit with a price, market without, or of the type that is named.

        Gives it as the core has left it, with its fills and the orders linked to it.
        """
        return self._request("POST", "/orders", body=order_fields(symbol, side, quantity, price, terms))

    def amend(
        self,
        order_id: int | str,
        *,
        price: str | None = None,
        quantity: str | None = None,
        leaves: str | None = None,
        trigger_price: str | None = None,
    ) -> Any:
        """Change an order's price, trigger, or quantity (the total, or what shall be left of it); gives the order."""
        body = {"price": price, "quantity": quantity, "leaves": leaves, "trigger_price": trigger_price}
        return self._request("PATCH", f"/orders/{order_id}", body=body)

    def cancel(self, order_id: int | str | None = None, *, client_order_id: int | str | None = None) -> Any:
        """Cancel one order by either id; gives it."""
        if order_id is not None:
            return self._request("DELETE", f"/orders/{order_id}")
        if client_order_id is None:
            raise ValueError("cancel() needs an order_id or a client_order_id; cancel_all() cancels all orders")
        return self._request("DELETE", "/orders", {"client_order_id": client_order_id})

    def cancel_all(self, symbol: str | None = None, *, side: str | None = None) -> int:
        """Cancel all own orders, or those in one symbol or of one side; gives how many there were."""
        return int(self._request("DELETE", "/orders", {"symbol": symbol, "side": side})["cancelled"])

    def order(self, order_id: int | str | None = None, *, client_order_id: int | str | None = None) -> Any:
        """One own order, open or among the last that ended."""
        if order_id is not None:
            return self._request("GET", f"/orders/{order_id}")
        if client_order_id is None:
            raise ValueError("order() needs an order_id or a client_order_id; orders() gives all open orders")
        return self._request("GET", "/orders", {"client_order_id": client_order_id})

    def orders(self, symbol: str | None = None) -> Any:
        """The own open orders, oldest first."""
        return self._request("GET", "/orders", {"symbol": symbol})["orders"]

    def check(
        self, symbol: str, side: str, quantity: str | None = None, price: str | None = None, **terms: Unpack[OrderTerms]
    ) -> Any:
        """A dry run of an order: what each check would say, what it would hold and cost."""
        return self._request("POST", "/v1/orders/check", body=order_fields(symbol, side, quantity, price, terms))

    def balances(self) -> Any:
        """By asset what is `available`, `held` and of that `reserved`."""
        return {row.pop("asset"): row for row in self._request("GET", "/v1/balances")["balances"]}

    def positions(self) -> Any:
        """By symbol what has been traded, at what cost, and what is open."""
        return {row.pop("symbol"): row for row in self._request("GET", "/v1/positions")["positions"]}

    def limits(self) -> Any:
        """What the account may do at most and what it uses of that: `limits`, and `symbols` with those in each."""
        return self._request("GET", "/v1/limits")

    def transfer(self, id: int | str, account: str, asset: str, amount: str) -> Any:
        """Give an amount to another account, once for each id of yours; gives the transfer's place in the log."""
        body = {"id": id, "account": account, "asset": asset, "amount": amount}
        return self._request("POST", "/v1/transfers", body=body)

    def request(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, query: dict[str, Any] | None = None
    ) -> Any:
        """Any other request of docs/api.md; gives the answer's JSON."""
        return self._request(method, path, query, body)

    def depth(self, symbol: str, levels: int | None = None) -> Any:
        """The best price levels: `bids` and `asks` of (price, quantity, number of orders), best first."""
        return self._request("GET", f"/depth/{quote(symbol, safe='')}", {"levels": levels})

    def trades(self, symbol: str, limit: int | None = None) -> Any:
        """The last trades, newest first."""
        return self._request("GET", f"/trades/{quote(symbol, safe='')}", {"limit": limit})["trades"]

    def symbols(self) -> Any:
        """The symbols with their tick and lot sizes, price ranges and market states."""
        return self._request("GET", "/symbols")["symbols"]

    def health(self) -> Any:
        """The venue's health, also when it is not ready."""
        return self._request("GET", "/health", accepted=(200, 503))

    def _request(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
        accepted: tuple[int, ...] = (200, 201),
    ) -> Any:
        parameters = urlencode(without_none(query or {}))
        target = f"{path}?{parameters}" if parameters else path
        content = None if body is None else json.dumps(without_none(body))
        status, data, request_id = self._exchange(method, target, content)
        try:
            answer = json.loads(data)
        except ValueError:
            raise error("bad_answer", f"the venue answered {status} with something that is not JSON") from None
        if status not in accepted:
            problem = exception_of(answer.get("error", {}))
            if request_id is not None:
                problem.add_note(f"request {request_id}")  # by which the operator finds it
            raise problem
        return answer

    def _exchange(self, method: str, target: str, content: str | None) -> tuple[int, bytes, str | None]:
        """Send and receive. A kept connection that the venue has closed meanwhile is opened anew, once.

        Only for requests that change nothing: an order might have arrived, and must not be sent twice.
        """
        fresh = self._connection.sock is None
        try:
            self._connection.request(method, target, content, self._headers)
            response = self._connection.getresponse()
            return response.status, response.read(), response.headers.get("X-Request-Id")
        except (http.client.HTTPException, OSError):
            self._connection.close()
            if fresh or method != "GET":
                raise
        return self._exchange(method, target, content)
