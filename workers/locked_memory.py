"""Workers whose memory stays: what they have touched is never written to a swap, nor dropped and read again.

See mlockall(2). Only what is touched is locked: a venue's pools are mostly empty.
"""

from __future__ import annotations

import ctypes
import os
import resource
from contextlib import suppress
from pathlib import Path

from tradsys.configuration.sections import Performance
from tradsys.logging import logger
from workers.topology import WorkerPlan

_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
_CAP_IPC_LOCK = 14
_UNLIMITED = resource.RLIM_INFINITY


def lock_memory_of(plan: WorkerPlan, settings: Performance) -> None:
    """Lock this process's memory if that is wanted of such a worker; the log says when the host does not allow it."""
    if settings.lock_memory and (plan.is_core or plan.is_standby or plan.is_gateway):
        why = lock_memory()
        if why:
            logger(plan.name).warning(
                "the worker's memory is not locked, though performance.lock_memory is on", why=why
            )


def lock_memory() -> str:
    """Lock what this process maps, now and later, as soon as it is touched; gives why not, "" when it is."""
    with suppress(OSError, ValueError):  # some may raise it
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (_UNLIMITED, _UNLIMITED))
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] != _UNLIMITED and not _is_above_limits():
        # Under a limit a later allocation of the worker would fail.
        return "the limit of locked memory must be infinity (LimitMEMLOCK=, ulimit -l)"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) != 0:
        return os.strerror(ctypes.get_errno())
    return ""


def _is_above_limits() -> bool:
    """Whether this process may lock memory whatever its limit, as /proc says (capabilities(7))."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("CapEff:"):
                return bool(int(line.split()[1], 16) >> _CAP_IPC_LOCK & 1)
    return False
