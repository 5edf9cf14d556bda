"""What the doctor says of hosts that are made up: a tree of files each, and answers to what no file tells."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from tradsys.cli.doctor import needs_of
from tradsys.cli.main import app
from tradsys.configuration import load
from tradsys.doctor.checks import CHECKS, examine
from tradsys.doctor.finding import Finding
from tradsys.doctor.host import Host, Needs, Space, clock_state, numbers, sync_times_ns
from workers.topology import plan

GIB = 1 << 30
CPU = "sys/devices/system/cpu"
HUGE = "sys/kernel/mm/transparent_hugepage"
SOURCE = "sys/devices/system/clocksource/clocksource0"
NEEDS = Needs(
    data_directory=Path("/data/venue"),
    shared_memory_bytes=GIB,
    segment_bytes=64 << 20,
    journal_level="group",
    cores=[2, 3],
    core_workers=2,
    gateways=2,
)
LIMITS = "Limit                     Soft Limit           Hard Limit           Units\n"
GOOD: dict[str, str] = {
    f"{CPU}/online": "0-3\n",
    f"{CPU}/isolated": "2-3\n",
    f"{CPU}/smt/active": "0\n",
    **{f"{CPU}/cpu{core}/cpufreq/scaling_governor": "performance\n" for core in range(4)},
    "sys/kernel/debug/sched/preempt": "none voluntary (full) lazy\n",
    "proc/self/timerslack_ns": "1\n",
    "proc/self/limits": f"{LIMITS}Max open files  65536  65536\n",
    "proc/self/status": "Name:\ttradsys\nUid:\t999\t999\t999\t999\n",
    "proc/meminfo": "MemTotal:       16000000 kB\nMemAvailable:   12000000 kB\n",
    "proc/swaps": "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
    "proc/mounts": (
        "/dev/root / ext4 rw,relatime 0 0\ntmpfs /dev/shm tmpfs rw,huge=within_size 0 0\n/dev/sdb /data xfs rw 0 0\n"
    ),
    "proc/sys/fs/mqueue/queues_max": "256\n",
    "proc/version": "Linux version 6.1.0\n",
    f"{HUGE}/enabled": "always [madvise] never\n",
    f"{HUGE}/shmem_enabled": "always within_size advise [never] deny force\n",
    f"{SOURCE}/current_clocksource": "tsc\n",
    f"{SOURCE}/available_clocksource": "tsc hpet acpi_pm\n",
    "run/systemd/system/placeholder": "",
}
ROOMY = Space(100 * GIB, 80 * GIB, 1_000_000, 900_000)


def host(
    root: Path, files: Mapping[str, str], space: Space = ROOMY, sync_ns: int | OSError = 200_000, clock: int = 0
) -> Host:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def sync_times(_place: Path, count: int) -> list[int]:
        if isinstance(sync_ns, OSError):
            raise sync_ns
        return [sync_ns] * count

    return Host(root, space=lambda path: space, sync_times=sync_times, clock=lambda: clock)


def verdicts(findings: list[Finding]) -> dict[str, str]:
    """The checks that are not good."""
    return {finding.check: finding.verdict for finding in findings if finding.verdict != "good"}


def test_of_a_host_that_suits_nothing_is_said(tmp_path: Path) -> None:
    assert verdicts(examine(host(tmp_path, GOOD), NEEDS)) == {}


def test_of_a_host_that_tells_nothing_nothing_is_claimed(tmp_path: Path) -> None:
    findings = examine(host(tmp_path, {}), NEEDS._replace(cores=[]))
    assert set(verdicts(findings).values()) <= {"unknown", "advice"}
    assert len(findings) == len(CHECKS)


FILES = "Max open files            {}              {}              files\n"
UNSWAPPED = {
    "proc/self/cgroup": "0::/tradsys.slice/tradsys.service\n",
    "sys/fs/cgroup/tradsys.slice/memory.swap.max": "0\n",
    "sys/fs/cgroup/tradsys.slice/tradsys.service/memory.swap.max": "max\n",
}
SWAPS = GOOD["proc/swaps"] + "/dev/zram0                              partition\t1\t0\t100\n"


@pytest.mark.parametrize(
    ("check", "verdict", "files", "said"),
    [
        ("cores", "advice", {f"{CPU}/online": "0-1"}, "2 cores, 2 workers"),
        ("core isolation", "advice", {f"{CPU}/isolated": ""}, "isolcpus=2,3"),
        ("core isolation", "advice", {f"{CPU}/isolated": "1"}, "CPUAffinity=0,1,2,3"),
        ("frequency governor", "advice", {f"{CPU}/cpu2/cpufreq/scaling_governor": "powersave"}, "powersave on cores 2"),
        (
            "hardware threads",
            "advice",
            {f"{CPU}/smt/active": "1", f"{CPU}/cpu2/topology/thread_siblings_list": "0,2"},
            "echo 0 > /sys/devices/system/cpu/cpu0/online",
        ),
        ("kernel preemption", "advice", {"sys/kernel/debug/sched/preempt": "none (voluntary) full"}, "echo full"),
        (
            "kernel preemption",
            "advice",
            {"sys/kernel/debug/sched/preempt": "", "proc/version": "Linux version 6.1 #1 SMP PREEMPT_RT Debian"},
            "realtime",
        ),
        ("kernel preemption", "unknown", {"sys/kernel/debug/sched/preempt": ""}, "does not say"),
        ("timer slack", "advice", {"proc/self/timerslack_ns": "50000"}, "TimerSlackNSec"),
        ("memory", "bad", {"proc/meminfo": "MemAvailable:    1500000 kB"}, "lower pools"),
        ("memory", "bad", {"sys/fs/cgroup/memory.max": f"{GIB}"}, "1,024 MiB"),
        ("huge pages", "advice", {f"{HUGE}/enabled": "always madvise [never]"}, "echo madvise"),
        (
            "huge pages, shared",
            "advice",
            {"proc/mounts": GOOD["proc/mounts"].replace(",huge=within_size", "")},
            "remount,huge=within_size",
        ),
        ("huge pages, shared", "advice", {f"{HUGE}/shmem_enabled": "always [deny] force"}, "huge=deny"),
        ("swap", "advice", {"proc/swaps": SWAPS}, "/dev/zram0"),
        ("swap", "good", {"proc/swaps": SWAPS, **UNSWAPPED}, "not for the venue's memory"),
        ("open files", "unknown", {"proc/self/limits": ""}, "cannot be read"),
        ("filesystem", "bad", {"proc/mounts": "none / overlay rw 0 0\nnone /data tmpfs rw 0 0"}, "on tmpfs"),
        ("filesystem", "advice", {"proc/mounts": "none / overlay rw 0 0"}, "overlay"),
        ("filesystem", "advice", {"proc/mounts": "none /data fuse.sshfs rw 0 0"}, "fuse.sshfs"),
        ("clock source", "bad", {f"{SOURCE}/current_clocksource": "hpet"}, "echo tsc >"),
        (
            "clock source",
            "bad",
            {f"{SOURCE}/current_clocksource": "hpet", f"{SOURCE}/available_clocksource": "hpet"},
            "clocksource=tsc",
        ),
        ("open files", "advice", {"proc/self/limits": LIMITS + FILES.format(1024, 4096)}, "1,024"),
        ("open files", "bad", {"proc/self/limits": LIMITS + FILES.format(64, 64)}, "ulimit -n"),
        (
            "processes that are hidden",
            "bad",
            {"proc/mounts": GOOD["proc/mounts"] + "proc /proc proc rw,nosuid,hidepid=invisible 0 0\n"},
            "hidepid=invisible",
        ),
        ("message queues", "bad", {"proc/sys/fs/mqueue/queues_max": "2"}, "sysctl -w fs.mqueue.queues_max=256"),
        ("memory after a logout", "advice", {"proc/self/status": "Uid:\t1000\t1000"}, "RemoveIPC"),
    ],
)  # fmt: skip
def test_what_does_not_suit_is_told_with_a_reason_and_a_remedy(
    tmp_path: Path, check: str, verdict: str, files: dict[str, str], said: str
) -> None:
    findings = examine(host(tmp_path, GOOD | files), NEEDS)
    found = next(finding for finding in findings if finding.check == check)
    assert found.verdict == verdict
    assert said in f"{found.found} {found.why} {found.mend}"
    assert bool(found.why) == bool(found.mend) == (verdict in {"advice", "bad"})


@pytest.mark.parametrize(
    ("space", "told"),
    [
        (Space(GIB, GIB // 2, 10, 9), {"shared memory": "bad", "disk space": "advice"}),
        (Space(400 * GIB, 40 * GIB, 10, 9), {"disk space": "advice"}),
        (Space(400 * GIB, 200 << 20, 10, 9), {"shared memory": "bad", "disk space": "bad"}),
        (Space(400 * GIB, 200 * GIB, 1000, 10), {"disk space": "advice"}),
        (Space(400 * GIB, 200 * GIB, 0, 0), {}),
    ],
)
def test_room_in_memory_and_on_the_disk_is_judged(tmp_path: Path, space: Space, told: dict[str, str]) -> None:
    assert verdicts(examine(host(tmp_path, GOOD, space), NEEDS)) == told


@pytest.mark.parametrize(
    ("sync_ns", "level", "verdict"),
    [
        (200_000, "group", "good"),
        (8_000_000, "group", "advice"),
        (8_000_000, "memory", "good"),
        (200_000_000, "each", "bad"),
        (OSError(errno.EACCES, "Permission denied"), "group", "unknown"),
    ],
)
def test_a_slow_disk_is_told_where_acknowledgements_wait_for_it(
    tmp_path: Path, sync_ns: int | OSError, level: str, verdict: str
) -> None:
    findings = examine(host(tmp_path, GOOD, sync_ns=sync_ns), NEEDS._replace(journal_level=level))
    assert verdicts(findings).get("fdatasync", "good") == verdict


@pytest.mark.parametrize(("state", "verdict"), [(0, "good"), (5, "advice"), (-1, "unknown")])
def test_a_clock_that_nothing_keeps_right_is_told(tmp_path: Path, state: int, verdict: str) -> None:
    findings = examine(host(tmp_path, GOOD, clock=state), NEEDS)
    assert verdicts(findings).get("clock synchronisation", "good") == verdict


def test_the_limits_of_a_venue_that_runs_are_its_own(tmp_path: Path) -> None:
    files = GOOD | {"proc/77/limits": LIMITS + FILES.format(64, 64), "proc/77/timerslack_ns": "50000"}
    findings = examine(host(tmp_path, files), NEEDS._replace(process="77"))
    assert verdicts(findings) == {"timer slack": "advice", "open files": "bad"} | {"memory after a logout": "advice"}


@pytest.mark.parametrize(
    ("limit", "status", "verdict"),
    [
        ("unlimited", "", "good"),
        ("8388608", "", "advice"),
        ("8388608", "CapEff:\t0000000001000000\n", "good"),
        ("8388608", "CapEff:\t0000000000004000\n", "good"),
        ("8388608", "CapEff:\t00000000feffbfff\n", "advice"),
        (None, "", "unknown"),
    ],
)
def test_a_venue_that_is_to_lock_its_memory_and_may_not_is_told(
    tmp_path: Path, limit: str | None, status: str, verdict: str
) -> None:
    limits = "" if limit is None else f"{LIMITS}Max locked memory         {limit}  {limit}  bytes\n"
    here = host(tmp_path, GOOD | {"proc/self/limits": limits, "proc/self/status": f"Uid:\t999\n{status}"})
    (found,) = [each for each in examine(here, NEEDS._replace(lock_memory=True)) if each.check == "locked memory"]
    assert found.verdict == verdict
    assert verdict != "advice" or ("8,192 KiB" in found.found and "LimitMEMLOCK" in found.mend)


def test_a_venue_that_runs_has_its_memory_already(tmp_path: Path) -> None:
    files = {name.replace("/self/", "/77/"): text for name, text in GOOD.items()}
    full = host(tmp_path, files | {"proc/meminfo": "MemAvailable: 1 kB"}, Space(30 * GIB, 15 * GIB, 0, 0))
    needs = NEEDS._replace(process="77", shared_memory_bytes=20 * GIB)
    assert verdicts(examine(full, needs)) == {}


@pytest.mark.parametrize(
    ("text", "wanted"), [("0-2,5", [0, 1, 2, 5]), ("3", [3]), ("", []), ("\n", []), (" 1, 2 ", [1, 2]), ("(null)", [])]
)
def test_lists_of_cores_are_read(text: str, wanted: list[int]) -> None:
    assert numbers(text) == wanted


def test_the_disk_is_measured_without_leaving_anything(tmp_path: Path) -> None:
    taken = sync_times_ns(tmp_path / "not" / "there", 3)
    assert len(taken) == 3
    assert min(taken) > 0
    assert list(tmp_path.iterdir()) == []


def test_the_real_clock_can_be_asked() -> None:
    assert clock_state() in {-1, 0, 1, 2, 3, 4, 5}


def test_a_venue_of_a_configuration_needs_what_its_plan_says() -> None:
    configuration = load("testing", environ={"TRADSYS__TOPOLOGY__PIN": "true", "TRADSYS__TOPOLOGY__KIND": "compact"})
    needs = needs_of(configuration, Path("venue"), plan(configuration, [0, 1, 2]), "self")
    assert (needs.cores, needs.core_workers, needs.gateways) == ([2], 1, configuration.gateway.count)
    assert needs.data_directory == Path("venue").resolve()


def test_secrets_that_only_the_service_sees_are_not_asked_for(tmp_path: Path) -> None:
    mine = tmp_path / "venue.yaml"
    mine.write_text('accounts: [{name: alice, keys: ["secret:alice"]}]\n')
    runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})
    options = ["--environment", "production", "--config", str(mine), "--data-dir", str(tmp_path / "venue")]
    result = runner.invoke(app, ["doctor", *options])
    assert "shared memory" in result.output
    assert "there is no secret" not in result.output


def test_the_command_tells_every_finding_of_this_host(tmp_path: Path) -> None:
    runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TRADSYS_ENVIRONMENT": "testing"})
    result = runner.invoke(app, ["doctor", "--data-dir", str(tmp_path / "venue"), "--json"])
    findings = msgspec.json.decode(result.stdout.splitlines()[-1], type=list[Finding])
    assert len(findings) == len(CHECKS)
    assert result.exit_code == int(any(finding.verdict == "bad" for finding in findings))
    result = runner.invoke(app, ["doctor", "--data-dir", str(tmp_path / "venue")])
    for finding in findings:
        assert finding.check in result.stdout
    assert os.listdir(tmp_path) == []
