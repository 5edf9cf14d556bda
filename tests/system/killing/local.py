"""A program on the venue's host: `python -m tests.system.killing.local DIRECTORY NOTES SEED`, until SIGTERM.

It sends commands over a spare ring and reads every event of every shard. In its notebook NOTES/local.notes:

    attached    to the venue's memory; `positions`: by shard, the number of the last event before the first one read
    sent        a command of this client order id (0: it cancels)
    events      of a `shard`, the next ones, as bytes in hex
    answered    at the end: whether every command that was sent to this memory has been answered
"""

from __future__ import annotations

import random
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from shm.segment import Segment
from tests.system.killing.market import LOCAL
from tests.system.killing.notes import Notebook, Tally
from tradsys.records import COMMAND, EventFlag, EventKind, Kind, OrderType, TimeInForce
from workers import venue as venues
from workers.memory import PHASE, RUNNING, VenueMemory
from workers.port import Port
from workers.process import die_with_parent
from workers.statement import account_named
from workers.venue import VenueNotRunningError

PAUSE_SECONDS = 0.01


class LocalClient:
    """Attaches again and again, as the venue's memory comes and goes."""

    def __init__(self, directory: Path, notes: Path, seed: int) -> None:
        self._directory = directory
        self._notebook = Notebook(notes / "local.notes")
        self._tally = Tally(notes / "local.tally")
        self._dice = random.Random(f"{seed} {LOCAL}")
        self._ids = 0
        self._open: list[tuple[int, int]] = []
        """Own orders: id and symbol."""
        self._unanswered: set[int] = set()
        self._pause = threading.Event()
        self.stopping = False

    def run(self) -> None:
        """Until told to stop."""
        while not self.stopping:
            with suppress(VenueNotRunningError):
                venue = venues.read(self._directory)
                segment, memory = venue.attach()
                if segment.alive and memory.control[PHASE] == RUNNING:
                    port = Port.claim_spare(memory, venue.control_ring + 1, venue.sequencer_index)
                    self._serve(segment, memory, port)
                segment.close()
            self._pause.wait(PAUSE_SECONDS)

    def _serve(self, segment: Segment, memory: VenueMemory, port: Port) -> None:
        port.gate()
        self._notebook.write("attached", positions=port.positions.tolist())
        self._unanswered.clear()
        account = account_named(memory, LOCAL).number
        while segment.alive and not (self.stopping and not self._unanswered):
            if not self.stopping and len(self._unanswered) < 20:
                self._send(port, account)
            self._read(port)
            self._pause.wait(PAUSE_SECONDS)
        self._read(port)
        self._notebook.write("answered", all=not self._unanswered)
        port.close()

    def _send(self, port: Port, account: int) -> None:
        record = np.zeros(1, COMMAND)
        record["account"] = account
        cancels = bool(self._open) and self._dice.randrange(3) == 0
        if cancels:
            order_id, symbol = self._open.pop(self._dice.randrange(len(self._open)))
            record["kind"], record["symbol"], record["order_id"] = Kind.CANCEL, symbol, order_id
        else:
            self._ids += 1
            record["kind"], record["client_order_id"] = Kind.NEW, self._ids
            record["symbol"], record["side"] = self._dice.randint(1, 2), self._dice.randrange(2)
            record["order_type"] = OrderType.LIMIT
            record["time_in_force"] = self._dice.choice((TimeInForce.GTC, TimeInForce.IOC))
            record["price_ticks"], record["quantity_lots"] = self._dice.randint(9900, 10100), self._dice.randint(1, 9)
        request = port.next_request
        self._notebook.write("sent", client_order_id=0 if cancels else self._ids)
        if port.submit(record):
            self._unanswered.add(request)

    def _read(self, port: Port) -> None:
        for shard in range(len(port.positions)):
            events = port.drain(shard)
            assert events is not None, "a gating reader is never lapped"
            if len(events):
                self._notebook.write("events", shard=shard, events=events.tobytes().hex())
                self._learn(port, events.view(np.ndarray))

    def _learn(self, port: Port, events: Any) -> None:
        for event in events[events["source"] == port.number]:
            if event["kind"] == EventKind.ACCEPTED:
                self._open.append((int(event["order_id"]), int(event["symbol"])))
            if event["flags"] & EventFlag.LAST:
                self._unanswered.discard(int(event["request"]))
                self._tally.add()


def main() -> None:
    """Trade until SIGTERM."""
    die_with_parent()
    directory, notes, seed = sys.argv[1:]
    client = LocalClient(Path(directory), Path(notes), int(seed))

    def stop(*_: object) -> None:
        client.stopping = True

    signal.signal(signal.SIGTERM, stop)
    client.run()


if __name__ == "__main__":
    main()
