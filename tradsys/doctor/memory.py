"""Memory: whether there is enough, in pages of the right size, and whether it stays."""

from __future__ import annotations

from pathlib import Path

from tradsys.doctor.finding import Finding, advice, bad, good, unknown
from tradsys.doctor.host import Host, Needs

_SHARED = Path("/dev/shm")  # noqa: S108 - where Linux keeps named shared memory
_HUGE = "sys/kernel/mm/transparent_hugepage"
_PRIVATE_BYTES = 1 << 30
"""What processes take beside the shared memory: kernels, books of gateways, a snapshot's copy."""


def mebibytes(size: int) -> str:
    """A size as people read it."""
    return f"{-(-size // (1 << 20)):,} MiB"


def shared_memory(host: Host, needs: Needs) -> Finding:
    """Whether /dev/shm holds the venue's rings and pools."""
    check, needed = "shared memory", needs.shared_memory_bytes
    space = host.space(_SHARED)
    found = (
        f"{mebibytes(space.free)} of {mebibytes(space.total)} free in {_SHARED}; the venue needs {mebibytes(needed)}"
    )
    if space.free >= needed or (needs.process != "self" and space.total >= needed):  # a venue that runs has its own
        return good(check, found)
    size = mebibytes(2 * needed).replace(",", "").removesuffix(" MiB")
    return bad(
        check,
        found,
        "the venue does not start: everything that its processes share is there",
        f"mount -o remount,size={size}M /dev/shm (containers: --shm-size={size}m), or lower the sizes under pools",
    )


def physical(host: Host, needs: Needs) -> Finding:
    """Whether the host's memory is enough, and what this group of processes may take of it."""
    check = "memory"
    fields = dict(line.split(":", 1) for line in host.text("proc/meminfo").splitlines() if ":" in line)
    if "MemAvailable" not in fields:
        return unknown(check, "/proc/meminfo cannot be read")
    available = int(fields["MemAvailable"].split()[0]) * 1024
    group = host.number("sys/fs/cgroup/memory.max")
    room = available if group is None else min(available, group)
    wanted = needs.shared_memory_bytes + _PRIVATE_BYTES
    found = f"{mebibytes(room)} are there to use; the venue takes about {mebibytes(wanted)}"
    if room >= wanted or needs.process != "self":
        return good(check, found)
    return bad(
        check, found, "the venue does not start, or is killed when memory runs out", "free memory, or lower pools"
    )


def huge_pages(host: Host, needs: Needs) -> Finding:
    """Whether workers get huge pages for their own memory."""
    check, mode = "huge pages", host.chosen(f"{_HUGE}/enabled")
    if mode in {"always", "madvise"}:
        return good(check, mode)
    if not mode:
        return unknown(check, "the kernel has none, or does not say")
    return advice(
        check,
        mode,
        "large tables in small pages miss the processor's translations, and a killed engine takes longer to go",
        f"echo madvise > /{_HUGE}/enabled",
    )


def shared_huge_pages(host: Host, needs: Needs) -> Finding:
    """Whether the rings and pools get huge pages."""
    check = "huge pages, shared"
    _, options = host.mount_of(_SHARED)
    mode = next((option.removeprefix("huge=") for option in options if option.startswith("huge=")), "never")
    forced = host.chosen(f"{_HUGE}/shmem_enabled")
    if forced in {"force", "deny"}:
        mode = forced
    if mode in {"always", "within_size", "force"}:
        return good(check, mode)
    return advice(
        check,
        f"{_SHARED} is mounted with huge={mode}",
        "books and rings lie in small pages, and orders in a wide book miss the processor's translations",
        "mount -o remount,huge=within_size /dev/shm",
    )


def swap(host: Host, needs: Needs) -> Finding:
    """Whether parts of the venue may be written out to a disk or a compressed store."""
    check = "swap"
    devices = [line.split()[0] for line in host.text("proc/swaps").splitlines()[1:] if line.strip()]
    if not devices:
        return good(check, "none")
    if _never_swapped(host, needs.process):
        return good(check, f"{', '.join(devices)}; not for the venue's memory")
    return advice(
        check,
        ", ".join(devices),
        "an order that needs a page from there waits for a disk",
        "run the venue as the service of tradsys install-service, whose slice has MemorySwapMax=0, or: swapoff -a",
    )


def _never_swapped(host: Host, process: str) -> bool:
    """Whether the control group of a process, or one around it, keeps its memory out of the swap."""
    groups = [line.partition("::")[2] for line in host.text(f"proc/{process}/cgroup").splitlines() if "::" in line]
    for group in groups:
        place = Path(group.lstrip("/"))
        for around in (place, *place.parents):
            if host.text(f"sys/fs/cgroup/{around}/memory.swap.max") == "0":
                return True
    return False
