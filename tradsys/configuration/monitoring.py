"""How the venue is watched: when a reading is an alarm, and where metrics are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from msgspec import Meta, Struct

Bound = Annotated[int, Meta(ge=0, le=1 << 40)]


class Threshold(Struct, frozen=True, forbid_unknown_fields=True):
    """An alarm begins at `enter` and ends at `leave`, each when so many `looks` in a row say so.

    Where less is worse, `enter` is below `leave`.
    """

    enter: Bound
    leave: Bound
    looks: Annotated[int, Meta(ge=1, le=3600)] = 1


class Thresholds(Struct, frozen=True, forbid_unknown_fields=True):
    """One for each probe; docs/monitoring.md says what each reads, and which of them make the venue not ready."""

    heartbeat_ms: Threshold = Threshold(1000, 500, 1)
    ring_percent: Threshold = Threshold(90, 60, 3)
    journal_lag_ms: Threshold = Threshold(2000, 500, 2)
    journal_sync_ms: Threshold = Threshold(250, 100, 3)
    memory_percent: Threshold = Threshold(95, 90, 3)
    cpu_percent: Threshold = Threshold(95, 85, 20)
    disk_percent: Threshold = Threshold(85, 80, 3)
    disk_segments: Threshold = Threshold(3, 5, 2)
    inodes_percent: Threshold = Threshold(95, 90, 3)
    descriptors_percent: Threshold = Threshold(90, 80, 3)
    clock_step_ms: Threshold = Threshold(100, 20, 1)
    imbalance: Threshold = Threshold(1, 0, 1)
    lost: Threshold = Threshold(1, 0, 1)
    read_only: Threshold = Threshold(1, 0, 2)
    database: Threshold = Threshold(1, 0, 1)
    snapshot_percent: Threshold = Threshold(300, 100, 1)


class Tracing(Struct, frozen=True, forbid_unknown_fields=True):
    """Where gateways send one in `one_in` orders as OpenTelemetry traces, by OTLP over HTTP; "": nowhere.

    As http://127.0.0.1:4318/v1/traces. It needs the extra tradsys[tracing].
    """

    endpoint: str = ""
    one_in: Annotated[int, Meta(ge=1, le=1 << 31)] = 1000


class Monitoring(Struct, frozen=True, forbid_unknown_fields=True):
    """The process that looks at the host and the venue every `look_ms`, and tells metrics at `host` and `metrics_port`.

    Port 0 lets the system choose.
    """

    enabled: bool = True
    host: str = "127.0.0.1"
    metrics_port: Annotated[int, Meta(ge=0, le=65_535)] = 9464
    look_ms: Annotated[int, Meta(ge=50, le=60_000)] = 500
    thresholds: Thresholds = Thresholds()
    tracing: Tracing = Tracing()


def monitoring_rules(monitoring: Monitoring) -> Iterator[tuple[tuple[str, ...], Any, str, str]]:
    """Thresholds whose bounds are on the wrong sides of each other, and what is no address of a collector.

    Each as path, value, what is wrong, what would be right.
    """
    endpoint = monitoring.tracing.endpoint
    if endpoint and not endpoint.startswith(("http://", "https://")):
        remedy = "write it as http://127.0.0.1:4318/v1/traces"
        yield ("monitoring", "tracing", "endpoint"), endpoint, "is no address of a collector", remedy
    falling = {"disk_segments"}
    for name in monitoring.thresholds.__struct_fields__:
        threshold: Threshold = getattr(monitoring.thresholds, name)
        is_right = threshold.enter < threshold.leave if name in falling else threshold.enter > threshold.leave
        if not is_right:
            side = "above" if name in falling else "below"
            path = ("monitoring", "thresholds", name)
            problem = f"leave, {threshold.leave}, is not {side} enter, {threshold.enter}"
            yield path, None, problem, f"set leave {side} {threshold.enter}"
