"""WebSocket: order entry, execution reports and market data on one socket."""
