"""Cores: whether the venue's own are left alone, and run at their full speed."""

from __future__ import annotations

from tradsys.doctor.finding import Finding, advice, good, unknown
from tradsys.doctor.host import Host, Needs, numbers

_CPU = "sys/devices/system/cpu"
_SLACK_NS_MAX = 1_000


def _listed(cores: list[int]) -> str:
    return ",".join(map(str, cores))


def isolation(host: Host, needs: Needs) -> Finding:
    """Whether the kernel keeps other programs off the cores of the core workers."""
    check = "core isolation"
    if not needs.cores:
        return good(check, "workers are not pinned to cores (topology.pin)")
    isolated = set(numbers(host.text(f"{_CPU}/isolated")))
    shared = [core for core in needs.cores if core not in isolated]
    if not shared:
        return good(check, f"cores {_listed(needs.cores)} are isolated")
    if isolated:
        cores = _listed(numbers(host.text(f"{_CPU}/online")))
        return advice(
            check,
            f"cores {_listed(sorted(isolated))} are isolated, and the venue takes {_listed(needs.cores)}",
            "the system gives isolated cores only to those who ask, so the venue does not see them",
            f"CPUAffinity={cores} under [Service], with systemctl edit tradsys; or: taskset -c {cores} tradsys up",
        )
    wanted = _listed(needs.cores)
    return advice(
        check,
        f"cores {_listed(shared)} of the venue are shared with every other program",
        "whatever else runs there makes orders wait, for milliseconds at a time",
        f"add isolcpus={wanted} nohz_full={wanted} rcu_nocbs={wanted} to the kernel's command line",
    )


def core_count(host: Host, needs: Needs) -> Finding:
    """Whether every worker of the core has a core to itself."""
    online = len(numbers(host.text(f"{_CPU}/online")))
    found = f"{online} cores, {needs.core_workers} workers of the core"
    if not online:
        return unknown("cores", "the kernel does not say how many there are")
    if online > needs.core_workers:
        return good("cores", found)
    return advice(
        "cores",
        f"{found}, and gateways beside them",
        "workers share cores, so they sleep and are woken instead of looking for work all the time",
        "take a larger host, or fewer shards (topology.shards)",
    )


def governor(host: Host, needs: Needs) -> Finding:
    """Whether the cores keep their frequency."""
    check = "frequency governor"
    cores = needs.cores or numbers(host.text(f"{_CPU}/online"))
    found = {core: host.text(f"{_CPU}/cpu{core}/cpufreq/scaling_governor") for core in cores}
    if not any(found.values()):
        return good(check, "the frequency is not this system's to set")
    slow = sorted({name for name in found.values() if name and name != "performance"})
    if not slow:
        return good(check, "performance")
    return advice(
        check,
        f"{', '.join(slow)} on cores {_listed([core for core, name in found.items() if name in slow])}",
        "a core that was idle for a moment is slow when an order comes",
        "cpupower frequency-set -g performance",
    )


def siblings(host: Host, needs: Needs) -> Finding:
    """Whether two threads of the hardware share what the venue's cores compute with."""
    check = "hardware threads"
    if host.text(f"{_CPU}/smt/active") != "1":
        return good(check, "one for each core")
    taken = []
    for core in needs.cores:
        others = numbers(host.text(f"{_CPU}/cpu{core}/topology/thread_siblings_list"))
        taken += [other for other in others if other != core and host.text(f"{_CPU}/cpu{other}/online") != "0"]
    if not taken:
        return good(check, "the cores of the venue have no sibling that runs")
    return advice(
        check,
        f"the siblings {_listed(sorted(set(taken)))} of the venue's cores run other programs",
        "two threads of one core take turns at its units and its cache",
        " ; ".join(f"echo 0 > /{_CPU}/cpu{core}/online" for core in sorted(set(taken))),
    )


def preemption(host: Host, needs: Needs) -> Finding:
    """How soon the kernel lets a worker that was woken run."""
    check = "kernel preemption"
    mode = host.chosen("sys/kernel/debug/sched/preempt", "(", ")")
    version = host.text("proc/version")
    if not mode:
        mode = next((word for word in ("PREEMPT_RT", "PREEMPT_DYNAMIC", "PREEMPT") if word in version), "")
    if mode == "PREEMPT_RT":
        return advice(
            check,
            "a realtime kernel",
            "it gives up throughput, and a worker that spins holds up the kernel's own work on its core",
            "boot an ordinary kernel with preempt=full",
        )
    if mode in {"none", "voluntary"} and needs.cores:
        return advice(
            check,
            mode,
            "a system call of another program may keep a worker that was woken from running",
            "echo full > /sys/kernel/debug/sched/preempt, and preempt=full on the kernel's command line",
        )
    return good(check, mode) if mode else unknown(check, "the kernel does not say")


def timer_slack(host: Host, needs: Needs) -> Finding:
    """How much later than asked for the kernel may wake a worker that waits with a timeout."""
    check = "timer slack"
    slack = host.number(f"proc/{needs.process}/timerslack_ns")
    if slack is None:
        return unknown(check, f"/proc/{needs.process}/timerslack_ns cannot be read")
    if slack <= _SLACK_NS_MAX:
        return good(check, f"{slack:,} ns")
    return advice(
        check,
        f"{slack:,} ns",
        "timers of workers that sleep are late by up to so much",
        "run the venue as the service of tradsys install-service, which has TimerSlackNSec=1",
    )
