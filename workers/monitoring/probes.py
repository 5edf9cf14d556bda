"""What is watched. A probe's name ends in the unit of its readings; its thresholds stand in the configuration."""

from __future__ import annotations

from typing import NamedTuple

MONITOR = "monitor"
"""The name of the worker that watches."""

Readings = dict[str, int | None]
"""By the name of the probe; None where nothing could be read."""

WELL, UNWRITABLE, UNREADABLE = range(3)
"""What the probe `database` reads: how the directory is in which the venue keeps all that it has."""


class Probe(NamedTuple):
    """`is_fatal`: while its alarm is on, the venue is not ready.

    `words` say what the alarm means, with the reading in them, or by reading.
    """

    name: str
    is_fatal: bool
    words: str | tuple[str, ...]

    def say(self, value: int | None) -> str:
        """What its alarm means, when this was read last."""
        value = value or 0
        assert isinstance(self.words, str) or 0 <= value < len(self.words), "every state has its words"
        return self.words.format(value) if isinstance(self.words, str) else self.words[value]


PROBES = (
    Probe("heartbeat_ms", True, "a worker of the core has given no sign of life for {:,} ms"),
    Probe("ring_percent", False, "a ring between the venue's processes is {} % full"),
    Probe("journal_lag_ms", True, "the journal is {:,} ms behind the log"),
    Probe("journal_sync_ms", False, "the journal's disk takes {:,} ms for a write"),
    Probe("memory_percent", True, "{} % of the host's memory are in use"),
    Probe("cpu_percent", False, "{} % of the cores' time are in use"),
    Probe("disk_percent", False, "{} % of the data directory's disk are in use"),
    Probe("disk_segments", True, "the data directory's disk has room for only {} more segments of the journal"),
    Probe("inodes_percent", True, "{} % of the inodes of the data directory's disk are in use"),
    Probe("descriptors_percent", True, "a worker uses {} % of the file descriptors that it may open"),
    Probe("clock_step_ms", False, "the host's clock has stepped by {:,} ms"),
    Probe("imbalance", True, "the ledger does not add up: {:,} assets or events; see docs/operations.md, Watch"),
    Probe("lost", False, "{:,} alerts or records of circuit breakers were lost; see docs/operations.md, Watch"),
    Probe("read_only", True, "the data directory cannot be written"),
    Probe(
        "database",
        True,
        (
            "the data directory has been in trouble until now",
            "a file in the data directory cannot be written and synced",
            "what the journal has written cannot be read back; `tradsys journal verify` says what is wrong",
        ),
    ),
    Probe("snapshot_percent", False, "a snapshot has been due for {:,} % of snapshots.interval_seconds"),
)
