"""The Python client library of a venue: `Client` for REST, `Stream` for the WebSocket."""

from tradsys.client.rest import Client
from tradsys.client.stream import Stream
from tradsys.errors import TradingError

__all__ = ["Client", "Stream", "TradingError"]
