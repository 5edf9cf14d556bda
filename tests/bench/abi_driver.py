"""Programs that load the shared library and drive it, each in a process of its own: see PROGRAMS at the end.

python -m tests.bench.abi_driver LIBRARY PROGRAM ARGUMENT...
"""

from __future__ import annotations

import ctypes
import json
import random
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from bench import flows
from tests.recorded.replay import opened
from tradsys.records import EventKind, MarketState
from tradsys.reference.messages import commands_of

# As the interface's description has them, not as the library does.
MESSAGE = np.dtype(
    {
        "names": ["type", "order_id", "sequence", "price_ticks", "quantity", "side", "ioc"],
        "formats": ["u1", "<u8", "<u8", "<i8", "<u4", "u1", "u1"],
        "offsets": [0, 8, 16, 24, 32, 36, 37],
        "itemsize": 40,
    }
)
REPORT = np.dtype(
    {
        "names": ["type", "side", "sequence", "order_id", "price_ticks", "quantity", "maker_id", "taker_id"],
        "formats": ["u1", "u1", "<u8", "<u8", "<i8", "<u4", "<u8", "<u8"],
        "offsets": [0, 1, 8, 16, 24, 32, 40, 48],
        "itemsize": 64,
    }
)
NO_BID, NO_ASK = -(1 << 63), (1 << 63) - 1
_ADDRESS = ctypes.c_void_p


class Transport(ctypes.Structure):
    """The interface's table of five functions."""

    _fields_ = [
        ("create", ctypes.CFUNCTYPE(_ADDRESS, ctypes.c_uint32)),
        ("push", ctypes.CFUNCTYPE(ctypes.c_int, _ADDRESS, _ADDRESS)),
        ("drain", ctypes.CFUNCTYPE(ctypes.c_uint32, _ADDRESS, _ADDRESS, ctypes.c_uint32)),
        ("flush", ctypes.CFUNCTYPE(None, _ADDRESS)),
        ("destroy", ctypes.CFUNCTYPE(None, _ADDRESS)),
    ]


class Engine:
    """The library with its own ring, and a thread that drains it."""

    def __init__(self, library: str, capacity: int = 1 << 14, *, drained: bool = True) -> None:
        self._library = ctypes.CDLL(library)
        self._library.engine_get_transport.restype = ctypes.POINTER(Transport)
        self._library.engine_init.argtypes = [ctypes.c_uint64, ctypes.POINTER(Transport), _ADDRESS]
        self._library.engine_on_batch.argtypes = [_ADDRESS, ctypes.c_uint32]
        self._single = [getattr(self._library, f"engine_on_{name}") for name in ("new_order", "cancel", "modify")]
        for function in self._single:
            function.argtypes = [_ADDRESS]
        self._library.engine_query_best_bid.restype = ctypes.c_int64
        self._library.engine_query_best_ask.restype = ctypes.c_int64
        self._library.engine_query_depth_at.argtypes = [ctypes.c_int64, ctypes.c_uint8]
        self._library.engine_query_depth_at.restype = ctypes.c_uint64
        self._transport = self._library.engine_get_transport()
        self._ring = self._transport.contents.create(capacity)
        self._library.engine_init(23, self._transport, self._ring)
        self._parts: list[Any] = []
        self._finished = threading.Event()
        self._drainer = threading.Thread(target=self._drain)
        if drained:
            self.start_draining()

    def start_draining(self) -> None:
        """Start the thread that drains."""
        self._drainer.start()

    def push(self, report: Any) -> bool:
        """Push one report (REPORT array) that is not the engine's; False when the ring is full."""
        return bool(self._transport.contents.push(self._ring, report.ctypes.data))

    def _drain(self) -> None:
        drain = self._transport.contents.drain
        buffer = np.zeros(4096, REPORT)
        while True:
            finished = self._finished.is_set()
            count = drain(self._ring, buffer.ctypes.data, len(buffer))
            self._parts.append(buffer[:count].copy())
            if finished and count == 0:
                return

    def send(self, messages: Any, batch: int) -> None:
        """Deliver the messages (MESSAGE array) in batches; singly through their own functions when `batch` is 0."""
        address = messages.ctypes.data
        if batch:
            for first in range(0, len(messages), batch):
                count = min(batch, len(messages) - first)
                self._library.engine_on_batch(address + first * MESSAGE.itemsize, count)
            return
        for number, kind in enumerate(messages["type"].tolist()):
            self._single[kind](address + number * MESSAGE.itemsize + 8)

    def best(self) -> tuple[int, int]:
        """Best bid and best ask."""
        return self._library.engine_query_best_bid(), self._library.engine_query_best_ask()

    def depth(self, price_ticks: int, side: int) -> int:
        """The quantity at a price."""
        return int(self._library.engine_query_depth_at(price_ticks, side))

    def finish(self) -> Any:
        """Flush, stop, and give every report (REPORT array)."""
        self._library.engine_flush()
        self._transport.contents.flush(self._ring)
        self._finished.set()
        self._drainer.join()
        self._library.engine_shutdown()
        self._transport.contents.destroy(self._ring)
        return np.concatenate(self._parts)


def _converted(records: Any, dtype: Any, names: Iterable[str]) -> Any:
    converted = np.zeros(len(records), dtype)
    for name in names:
        converted[name] = records[name]
    return converted


def _sha256(reports: Any) -> str:
    canonical = _converted(reports, flows.REPORT, ("sequence", "side", "price_ticks", "quantity"))
    is_trade = reports["type"] == flows.TRADE
    canonical["kind"] = reports["type"]
    canonical["order_id"] = np.where(is_trade, reports["maker_id"], reports["order_id"])
    canonical["taker_id"] = np.where(is_trade, reports["taker_id"], 0)
    return flows.canonical_sha256(canonical)


def replay(library: str, path: str, batch: str) -> dict[str, Any]:
    """A whole workload twice, by two engines one after the other; gives number and hash of the second's reports."""
    messages = _converted(flows.read_flow(Path(path)), MESSAGE, MESSAGE.names or ())
    begun = Engine(library)
    begun.send(messages[:1000], 100)
    begun.finish()
    engine = Engine(library)
    engine.send(messages, int(batch))
    reports = engine.finish()
    return {"reports": len(reports), "sha256": _sha256(reports)}


def _random_flow(dice: random.Random, base_ticks: int, count: int) -> Any:
    messages = np.zeros(count, flows.MESSAGE)
    used = 0
    for number in range(count):
        kind = dice.choices([flows.NEW, flows.CANCEL, flows.MODIFY], [5, 2, 2])[0] if used else flows.NEW
        used += kind == flows.NEW
        order_id = used if kind == flows.NEW else dice.randint(max(1, used - dice.choice([3, 60, 1000])), used)
        messages[number] = (
            kind,
            dice.randrange(2),
            kind == flows.NEW and dice.random() < 0.2,
            0,
            dice.randint(1, 30),
            number,
            order_id,
            base_ticks + dice.randint(-40, 40),
            0,
        )
    return messages


def audit(library: str, seed: str, base_ticks: str) -> dict[str, Any]:
    """A random flow beside the reference book; at random points best prices and all depths must be the same."""
    dice, base = random.Random(int(seed)), int(base_ticks)
    messages = _random_flow(dice, base, 3000)
    # The reference's prices are small: what the library takes has `base` added.
    shifted = messages.copy()
    shifted["price_ticks"] -= base
    venue = opened(-100, 100, 0, MarketState.CONTINUOUS)
    engine = Engine(library, capacity=1)
    order_ids: dict[int, int] = {}
    checks = 0
    for number, command in enumerate(commands_of(flows.commands_of(shifted, first_sequence=2))):
        command.order_id = order_ids.get(command.client_order_id, 0) if command.kind != 1 else 0
        for event in venue.process(command):
            if event.kind == EventKind.ACCEPTED:
                order_ids[command.client_order_id] = event.order_id
        one = _converted(messages[number : number + 1], MESSAGE, MESSAGE.names or ())
        engine.send(one, dice.randrange(2))
        if dice.random() < 0.1:
            checks += 1
            bid, ask = venue.best(1)
            expected = (NO_BID if bid is None else bid + base, NO_ASK if ask is None else ask + base)
            assert engine.best() == expected, f"message {number}"
            for side, levels in enumerate(venue.depth(1)):
                resting = {level.price_ticks + base: level.quantity_lots for level in levels}
                for price in range(base - 50, base + 51):
                    assert engine.depth(price, side) == resting.get(price, 0), f"message {number}, price {price}"
    assert engine.depth(base ^ NO_BID, 0) == 0, "a price far outside"
    return {"reports": len(engine.finish()), "checks": checks}


def pushed(library: str) -> dict[str, Any]:
    """Pushes reports of its own behind those of three orders, after the second until the ring is full."""
    engine = Engine(library, capacity=1, drained=False)
    orders = np.zeros(3, MESSAGE)
    orders["type"], orders["quantity"], orders["order_id"] = flows.NEW, 1, [1, 2, 3]
    orders["sequence"] = [10, 20, 30]
    own = np.zeros(1, REPORT)
    own["type"], own["side"], own["price_ticks"], own["sequence"] = flows.CANCEL_ACK, 1, -5, 1 << 40
    engine.send(orders[:1], 0)
    assert engine.push(own)
    engine.send(orders[1:2], 0)
    accepted = 1
    while engine.push(own):
        accepted += 1
    engine.start_draining()
    engine.send(orders[2:], 0)
    reports = engine.finish()
    mine = reports[reports["type"] == flows.CANCEL_ACK]
    return {
        "accepted": accepted,
        "unchanged": int(np.count_nonzero(mine == own)),
        "order": [str(number) for number in reports["sequence"][:4]] + [str(reports["sequence"][-1])],
    }


PROGRAMS: dict[str, Callable[..., dict[str, Any]]] = {"replay": replay, "audit": audit, "pushed": pushed}

if __name__ == "__main__":
    print(json.dumps(PROGRAMS[sys.argv[2]](sys.argv[1], *sys.argv[3:])))
