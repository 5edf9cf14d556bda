from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from shm.segment import process_start_time
from workers.process import SEGMENT_VARIABLE, SUPERVISOR_VARIABLE, Child, pin, processes_of

ROOT = Path(__file__).resolve().parents[2]


def finished(child: Child) -> Child:
    deadline = time.monotonic() + 30
    while child.returncode is None:
        assert time.monotonic() < deadline, "the child has not ended"
        select.select([child.exit, child.output], [], [], 1)
        child.relay()
    child.close()
    return child


def started(program: str, **variables: str) -> Child:
    return Child("child", [sys.executable, "-S", "-c", program], variables)


def test_a_child_hands_on_whole_lines_and_its_last_one_is_kept(capfd: pytest.CaptureFixture[str]) -> None:
    child = finished(started("print('one', flush=True); import os; os.write(2, b'two\\nthree')"))
    assert capfd.readouterr().err == "one\ntwo\nthree\n"
    assert child.last_line == "three"
    assert child.describe_exit() == "ended with exit status 0"


def test_a_line_without_end_is_handed_on_in_pieces(capfd: pytest.CaptureFixture[str]) -> None:
    child = finished(started("print('x' * 100_000, end='')"))
    assert capfd.readouterr().err.replace("\n", "") == "x" * 100_000
    assert len(child.last_line) <= 100_000


def test_the_signal_that_ended_a_child_is_named() -> None:
    child = started("import signal; signal.pause()")
    child.signal(signal.SIGKILL)
    assert finished(child).describe_exit() == "was ended by SIGKILL"
    child.signal(signal.SIGTERM)


def test_closing_waits_for_no_grandchild_that_holds_the_pipe() -> None:
    child = started("import os, signal\nif os.fork() == 0: signal.alarm(60); signal.pause()\nelse: print(1)")
    begin = time.monotonic()
    finished(child)
    assert time.monotonic() - begin < 30
    os.killpg(child.pid, signal.SIGKILL)


def test_processes_of_a_venue_are_found_by_their_mark(venue_name: str) -> None:
    segment = f"/{venue_name}"
    child = started("print(1, flush=True); import signal; signal.pause()", **{SEGMENT_VARIABLE: segment})
    assert select.select([child.output], [], [], 30)[0]
    assert processes_of(segment) == [child.pid]
    child.signal(signal.SIGKILL)
    finished(child)
    assert processes_of(segment) == []


def test_a_worker_ends_with_its_parent() -> None:
    worker = "from workers.process import die_with_parent; die_with_parent(); print(1, flush=True); signal.pause()"
    worker = f"import os, signal; os.environ['{SUPERVISOR_VARIABLE}'] = str(os.getppid()); {worker}"
    parent = (
        "import subprocess, sys, signal\n"
        f"child = subprocess.Popen([sys.executable, '-c', {worker!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert process_start_time(pid) != 0
        process.kill()
    deadline = time.monotonic() + 30
    while process_start_time(pid) != 0:
        assert time.monotonic() < deadline, "the worker outlived its parent"
        threading.Event().wait(0.01)


def test_a_worker_whose_supervisor_is_gone_already_does_not_start() -> None:
    worker = "from workers.process import die_with_parent; die_with_parent(); print('started')"
    done = subprocess.run(
        [sys.executable, "-c", worker],
        env={**os.environ, SUPERVISOR_VARIABLE: "1"},
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGTERM
    assert done.stdout == b""


def test_pinning_to_a_core_that_is_not_there_changes_nothing() -> None:
    before = os.sched_getaffinity(0)
    pin(None)
    pin(100_000)
    assert os.sched_getaffinity(0) == before
    try:
        pin(min(before))
        assert os.sched_getaffinity(0) == {min(before)}
    finally:
        os.sched_setaffinity(0, before)
