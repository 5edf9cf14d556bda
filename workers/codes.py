"""The codes of exceptions outside the tree: of Python, of shm, which knows nothing of trading, of kernels' files."""

from __future__ import annotations

from tradsys.errors import TradingError, entry

CODES = {
    "shm.segment.SharedMemoryFullError": "shared_memory_unusable",
    "shm.segment.SegmentError": "shared_memory_unusable",
    "tradsys.recorded.rows.RecordedFormatError": "invalid_recording",
    "workers.journal.segments.JournalError": "journal_damaged",
    "workers.snapshot.files.SnapshotError": "snapshot_unusable",
    "workers.redecision.DecisionError": "log_contradicted",
    "workers.port.RingTakenError": "ring_taken",
    "workers.driver.NoProgressError": "no_progress",
    "builtins.OSError": "host_refused",
}
"""By name, so that to tell an error needs no import of what compiles kernels."""


def code_of(problem: BaseException) -> str | None:
    """The code that a person is told with an error that is meant for people; None of any other."""
    if isinstance(problem, TradingError):
        return problem.code
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(problem).__mro__)
    code = next((CODES[name] for name in names if name in CODES), None)
    assert code is None or entry(code).code == code, "each code stands in the table"
    return code
