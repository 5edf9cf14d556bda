"""What the system lets one process or one user have."""

from __future__ import annotations

from pathlib import Path

from tradsys.doctor.finding import Finding, advice, bad, good, unknown
from tradsys.doctor.host import Host, Needs

_FILES_MIN, _FILES_WANTED = 256, 4096
_SYSTEM_USERS_END = 1000
_CAP_IPC_LOCK, _CAP_SYS_RESOURCE = 1 << 14, 1 << 24


def open_files(host: Host, needs: Needs) -> Finding:
    """Whether a gateway may hold as many connections as clients open."""
    check, name = "open files", "Max open files"
    if name not in host.text(f"proc/{needs.process}/limits"):
        return unknown(check, f"/proc/{needs.process}/limits cannot be read")
    limit = host.limit(needs.process, name)
    if limit is None or limit >= _FILES_WANTED:
        return good(check, "not limited" if limit is None else f"{limit:,}")
    why = "each connection of a client is one, and a gateway that has no more refuses clients"
    mend = "run the venue as the service of tradsys install-service (LimitNOFILE=65536), or: ulimit -n 65536"
    return (bad if limit < _FILES_MIN else advice)(check, f"{limit:,}", why, mend)


def queues(host: Host, needs: Needs) -> Finding:
    """Whether every gateway gets the message queue that wakes it."""
    check, limit = "message queues", host.number("proc/sys/fs/mqueue/queues_max")
    if limit is None:
        return unknown(check, "/proc/sys/fs/mqueue/queues_max cannot be read")
    found = f"{limit} on the host, {needs.gateways} for gateways"
    if limit >= needs.gateways + 1:
        return good(check, found)
    mend = f"sysctl -w fs.mqueue.queues_max={max(256, 2 * needs.gateways)}"
    return bad(check, found, "a gateway without one does not start", mend)


def locked_memory(host: Host, needs: Needs) -> Finding:
    """Whether workers may lock their memory, where they are to."""
    check, name = "locked memory", "Max locked memory"
    if not needs.lock_memory:
        return good(check, "not asked for (performance.lock_memory)")
    if name not in host.text(f"proc/{needs.process}/limits"):
        return unknown(check, f"/proc/{needs.process}/limits cannot be read")
    limit = host.limit(needs.process, name)
    if limit is None:
        return good(check, "not limited")
    if host.capabilities(needs.process) & (_CAP_IPC_LOCK | _CAP_SYS_RESOURCE):
        return good(check, "limited, but the venue may lock more")
    return advice(
        check,
        f"limited to {limit >> 10:,} KiB",
        "performance.lock_memory is on, and under a limit workers leave their memory unlocked",
        "run the venue as the service of tradsys install-service (LimitMEMLOCK=infinity), or: ulimit -l unlimited",
    )


def visibility(host: Host, needs: Needs) -> Finding:
    """Whether processes of the venue see each other, and those of tools that another user starts."""
    check = "processes that are hidden"
    _, options = host.mount_of(Path("/proc"))
    hidden = [
        option for option in options if option.startswith("hidepid=") and option not in {"hidepid=0", "hidepid=off"}
    ]
    if not hidden:
        return good(check, "none")
    return bad(
        check,
        f"/proc is mounted with {hidden[0]}",
        "a tool or a gateway that the venue does not see counts as dead, and loses its ring while it uses it",
        "mount -o remount,hidepid=0 /proc",
    )


def shared_memory_of_users(host: Host, needs: Needs) -> Finding:
    """Whether the system removes the venue's shared memory when its user logs out."""
    check = "memory after a logout"
    owner = next(
        (line.split()[1] for line in host.text(f"proc/{needs.process}/status").splitlines() if line.startswith("Uid:")),
        "",
    )
    if not host.text("run/systemd/system") and not (host.root / "run/systemd/system").is_dir():
        return good(check, "kept: no systemd runs here")
    if owner.isdigit() and int(owner) < _SYSTEM_USERS_END:
        return good(check, "kept: a system user runs the venue")
    settings = host.text("etc/systemd/logind.conf").replace(" ", "").splitlines()
    if any(line.lower() in {"removeipc=no", "removeipc=false", "removeipc=0"} for line in settings):
        return good(check, "kept: RemoveIPC=no")
    return advice(
        check,
        "removed when the last session of the user who runs the venue ends",
        "tools, gateways and restarted workers then find no venue (RemoveIPC= of logind)",
        "run the venue as the service of tradsys install-service, or set RemoveIPC=no in /etc/systemd/logind.conf",
    )
