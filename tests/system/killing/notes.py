"""What an outside client writes down, as lines of JSON: each request before it is sent, and all that it is told.

The kinds of lines, by `what`:

    connected   a socket to `gateway` is open and hears the account's reports
    lost        that socket is gone
    asked       a request is about to be sent: its number `ask`, its `op` and fields
    told        the answer `result`, or the refusal's code `refused`, to `ask`
    silent      the connection went before the answer to `ask` came
    found       asked for the order of a client order id: the order `result`, None when there is no such order
    heard       a message of a channel
    final       at the end, when the venue is at rest: the account's open `orders` and `balances`
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np


class Notebook:
    """Written by one client. A line is with the system as soon as it is written: it outlives the client."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = path.open("ab", buffering=0)
        self._asks = 0

    def write(self, what: str, **fields: Any) -> None:
        """One line."""
        self._file.write(json.dumps({"what": what, **fields}).encode() + b"\n")

    def ask(self, op: str, **fields: Any) -> int:
        """Note that a request is about to be sent; gives its number."""
        self._asks += 1
        self.write("asked", ask=self._asks, op=op, **fields)
        return self._asks

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a notebook."""
    with path.open() as file:
        for line in file:
            yield json.loads(line)


class Tally:
    """A number that one process counts up and others look at: how many answers the clients have got."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 8)
        self._word = np.frombuffer(self._map, np.int64)

    @property
    def count(self) -> int:
        return int(self._word[0])

    def add(self) -> None:
        self._word[0] += 1
