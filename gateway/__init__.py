"""The edge of a venue: REST and WebSocket."""
