"""All checks, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable

from tradsys.doctor import clock, disk, limits, memory, processor
from tradsys.doctor.finding import Finding
from tradsys.doctor.host import Host, Needs

CHECKS: tuple[Callable[[Host, Needs], Finding], ...] = (
    processor.core_count,
    processor.isolation,
    processor.governor,
    processor.siblings,
    processor.preemption,
    processor.timer_slack,
    memory.shared_memory,
    memory.physical,
    memory.huge_pages,
    memory.shared_huge_pages,
    memory.swap,
    disk.filesystem,
    disk.room,
    disk.sync_latency,
    clock.source,
    clock.synchronisation,
    limits.open_files,
    limits.queues,
    limits.locked_memory,
    limits.visibility,
    limits.shared_memory_of_users,
)


def examine(host: Host, needs: Needs) -> list[Finding]:
    """What every check finds."""
    return [check(host, needs) for check in CHECKS]
