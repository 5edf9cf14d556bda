"""The workers that a venue can do without, as its configuration wants them."""

from __future__ import annotations

from tradsys.configuration import Configuration
from workers.monitoring.probes import MONITOR
from workers.recorder.database import RECORDER


def extras_of(configuration: Configuration) -> tuple[str, ...]:
    """Their names, which workers.crew knows how to start."""
    wanted = {MONITOR: configuration.monitoring.enabled, RECORDER: configuration.history.enabled}
    return tuple(name for name, is_wanted in wanted.items() if is_wanted)
