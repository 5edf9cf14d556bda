"""Structured logging to stderr or journald, with bound context. Nothing on the hot path logs.

Lines are redacted, and what repeats itself is counted instead.
"""

from tradsys.logging.crashes import log_crashes
from tradsys.logging.setup import FORMATS, chosen_format, configure, is_for_machines, logger, tell_repetitions
from tradsys.logging.timing import log_latency, log_throughput

__all__ = [
    "FORMATS",
    "chosen_format",
    "configure",
    "is_for_machines",
    "log_crashes",
    "log_latency",
    "log_throughput",
    "logger",
    "tell_repetitions",
]
