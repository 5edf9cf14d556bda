"""The clock: what the log's timestamps and the venue's days hang on."""

from __future__ import annotations

from tradsys.doctor.finding import Finding, advice, bad, good, unknown
from tradsys.doctor.host import Host, Needs

_SOURCE = "sys/devices/system/clocksource/clocksource0"
_QUICK = {"tsc", "arch_sys_counter", "kvm-clock", "hyperv_clocksource_tsc_page"}
_TIME_ERROR = 5


def source(host: Host, needs: Needs) -> Finding:
    """Whether reading the clock is a matter of nanoseconds."""
    check, name = "clock source", host.text(f"{_SOURCE}/current_clocksource")
    if not name:
        return unknown(check, "the kernel does not say")
    if name in _QUICK:
        return good(check, name)
    others = [other for other in host.text(f"{_SOURCE}/available_clocksource").split() if other in _QUICK]
    mend = f"echo {others[0]} > /{_SOURCE}/current_clocksource" if others else "boot with clocksource=tsc tsc=reliable"
    why = "every look at the clock is a system call of a microsecond or more, several times an order"
    return bad(check, name, why, mend)


def synchronisation(host: Host, needs: Needs) -> Finding:
    """Whether something keeps the clock right."""
    check, state = "clock synchronisation", host.clock()
    if state < 0:
        return unknown(check, "adjtimex cannot be asked here")
    if state != _TIME_ERROR:
        return good(check, "the clock is kept right")
    return advice(
        check,
        "nothing keeps the clock right",
        "timestamps in the log, sessions and expiry by date are wrong by as much, and a correction by hand is a step",
        "systemctl enable --now chrony (or systemd-timesyncd)",
    )
