"""CPU and memory of processes, as the live view shows them."""

from __future__ import annotations

import psutil

from workers.observation import WorkerView


class Usage:
    """Remembers processes between two looks, because CPU use is a difference."""

    def __init__(self) -> None:
        self._processes: dict[int, psutil.Process] = {}

    def of(self, worker: WorkerView) -> tuple[str, str]:
        """CPU since the last look (of one core; a dash at the first) and resident memory, both as text."""
        try:
            known = worker.pid in self._processes
            process = self._processes.setdefault(worker.pid, psutil.Process(worker.pid))
            percent = process.cpu_percent()
            resident = process.memory_info().rss
        except (psutil.Error, ValueError):
            self._processes.pop(worker.pid, None)
            return "-", "-"
        return f"{percent:.0f} %" if known else "-", f"{resident >> 20:,} MiB"
