"""What is traded while workers are killed: one symbol that is settled and one that is not, and who trades."""

from __future__ import annotations

from typing import Any

TRADERS = ("ann", "ben", "cyd")
"""Accounts with money; each has the key `NAME-key`."""
FLEETING = "eve"
"""The account whose orders end with its connection; it has the key `eve-key`."""
LOCAL = "loc"
"""The account of the program on the venue's own host."""
MONEY = [{"asset": "USD", "amount": "1000000.00"}, {"asset": "SHARE", "amount": "10000"}]
SETTLED, PLAIN = "ACME", "TALK"
_RANGE = {
    "tick_size": "0.01",
    "lot_size": "1",
    "lowest_price": "0.01",
    "highest_price": "999.99",
    "reference_price": "100.00",
}


def settings(
    *,
    kind: str = "compact",
    level: str = "memory",
    gateways: int = 2,
    standby: bool = False,
    snapshots: bool = False,
    history: bool = False,
) -> dict[str, Any]:
    """The configuration of a small venue that parks when it is idle; with snapshots it takes one every few seconds.

    With a history it has a recorder.
    """
    shards = 1 if kind == "compact" else 2
    return {
        "topology": {"kind": kind, "shards": shards, "standby": standby, "pin": False, "idle": "park"},
        "snapshots": {"interval_seconds": 5 if snapshots else 0, "records_min": 100, "on_stop": False},
        "history": {"enabled": history},
        "pools": {
            "orders_per_shard": 4096,
            "level_pages_per_shard": 1024,
            "directory_entries_per_shard": 65536,
            "symbols_max": 8,
            "accounts_max": 32,
            "positions_max": 1024,
        },
        "rings": {"log": 8192, "events": 32768, "gateway": 1024},
        "security": {"clear_text": True},
        "journal": {"level": level, "segment_bytes": 1 << 20},
        "gateway": {"count": gateways, "port": 0, "spare_rings": 2},
        "logging": {"level": "warning", "format": "console"},
        "assets": [{"name": "USD", "decimals": 2, "value": "1"}, {"name": "SHARE", "decimals": 0, "value": "100"}],
        "symbols": [{"name": SETTLED, "base": "SHARE", "quote": "USD"} | _RANGE, {"name": PLAIN} | _RANGE],
        "fees": [{"maker_rate": 100, "taker_rate": 1000}],
        "limits": [{"limit": "open_orders", "value": 60}],
        "accounts": [
            *({"name": name, "keys": [f"{name}-key"], "deposits": MONEY} for name in (*TRADERS, FLEETING)),
            {"name": LOCAL, "deposits": MONEY},
            {"name": "fees", "kind": "fee"},
            {"name": "world", "kind": "outside"},
        ],
    }
