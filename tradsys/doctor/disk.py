"""The disk under the data directory: whether it keeps what it is given, how much, and how quickly."""

from __future__ import annotations

from tradsys.doctor.finding import Finding, advice, bad, good, unknown
from tradsys.doctor.host import Host, Needs, existing
from tradsys.doctor.memory import mebibytes

_LOST = {"tmpfs", "ramfs"}
_FAR = {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs"}
_SYNCS = 32
_SLOW_NS, _STUCK_NS = 5_000_000, 100_000_000
_ROOM_BYTES = 10 << 30
_FULL = 85
"""Percent, from which on somebody should do something."""


def filesystem(host: Host, needs: Needs) -> Finding:
    """Whether what the journal writes is still there after a reboot."""
    check = "filesystem"
    kind, _ = host.mount_of(needs.data_directory)
    if not kind:
        return unknown(check, f"/proc/mounts does not tell where {needs.data_directory} lies")
    if kind in _LOST:
        return bad(
            check,
            f"{needs.data_directory} is on {kind}",
            "the journal is lost with the host's memory, whatever journal.level says",
            "choose a data directory on a disk, with ext4 or xfs",
        )
    if kind in _FAR or kind.startswith("fuse") or kind == "overlay":
        return advice(
            check,
            f"{needs.data_directory} is on {kind}",
            "locks and fdatasync may not be what they are on a local disk, and every acknowledgement waits for them",
            "choose a data directory on a local disk, with ext4 or xfs; for containers: on a volume",
        )
    return good(check, kind)


def room(host: Host, needs: Needs) -> Finding:
    """Whether there is disk to start and to go on for a while."""
    check = "disk space"
    space = host.space(needs.data_directory)
    percent = 100 - 100 * space.free // space.total if space.total else 0
    found = f"{mebibytes(space.free)} free, {percent} % used"
    mend = "make room, or enlarge the disk; snapshots.segments: archive or drop keeps the journal short"
    if space.free < 4 * needs.segment_bytes:
        return bad(check, found, "the journal soon has no room for its next segment, and takes no more orders", mend)
    if space.inodes and 100 * space.free_inodes // space.inodes < 100 - _FULL:
        return advice(check, f"{space.free_inodes:,} files can still be made", "each segment is a file", "remove files")
    if percent > _FULL or space.free < _ROOM_BYTES:
        return advice(check, found, "the journal grows by 64 bytes with every order", mend)
    return good(check, found)


def sync_latency(host: Host, needs: Needs) -> Finding:
    """How long an acknowledgement waits for the disk, measured with some small writes."""
    check = "fdatasync"
    place = existing(needs.data_directory)
    try:
        taken = sorted(host.sync_times(place, _SYNCS))
    except OSError as error:
        return unknown(check, f"cannot be measured in {place}: {error.strerror}")
    median, longest = taken[len(taken) // 2], taken[-1]
    found = f"{median / 1e6:.2f} ms half the time, {longest / 1e6:.2f} ms at most, of {len(taken)} in {place}"
    if needs.journal_level == "memory":
        return good(check, f"{found}; not waited for at journal.level memory")
    why = "no order is acknowledged before the disk has it (journal.level)"
    mend = "use a local disk with a write cache that survives a power cut (NVMe with power-loss protection)"
    if median > _STUCK_NS:
        return bad(check, found, why, mend)
    return advice(check, found, why, mend) if median > _SLOW_NS else good(check, found)
