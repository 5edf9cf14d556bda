"""Processes of the venue: what a worker does for itself at its start, and how the supervisor holds a worker."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

SUPERVISOR_VARIABLE = "TRADSYS_SUPERVISOR_PID"
SEGMENT_VARIABLE = "TRADSYS_SEGMENT"
"""Environment variables that every worker of a venue carries: whose child it is, and of which venue."""

_PR_SET_PDEATHSIG = 1
_LINE_BYTES_MAX = 16_384
_CHUNK_BYTES = 65_536


def die_with_parent() -> None:
    """From now on this process gets SIGTERM when its parent dies, however that happens.

    Called first thing by every worker. A worker whose supervisor is gone already gets the signal at once.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    supervisor = os.environ.get(SUPERVISOR_VARIABLE)
    if supervisor and os.getppid() != int(supervisor):
        os.kill(os.getpid(), signal.SIGTERM)


def pin(core: int | None) -> None:
    """Keep this process on one core; None leaves it where it is. A core that is not ours to use is left alone."""
    assert core is None or core >= 0, "cores are numbered from 0"
    if core is not None:
        with suppress(OSError):
            os.sched_setaffinity(0, {core})


def processes_of(segment: str) -> list[int]:
    """Pids of the living workers, of whatever supervisor, of the venue with this shared memory."""
    assert segment, "a venue's memory has a name"
    mark = f"{SEGMENT_VARIABLE}={segment}".encode()
    found = []
    for directory in Path("/proc").iterdir():
        if not directory.name.isdigit() or int(directory.name) == os.getpid():
            continue
        with suppress(OSError):  # another user's, or gone meanwhile; a zombie's environment is empty
            if mark in (directory / "environ").read_bytes().split(b"\0"):
                found.append(int(directory.name))
    return sorted(found)


class Child:
    """One started process: its exit and its output are descriptors to wait on.

    What it prints is handed on to the supervisor's own stderr, whole lines only; the last one is kept.
    """

    def __init__(self, name: str, command: Sequence[str], variables: Mapping[str, str]) -> None:
        """Start `command` in a process group of its own, so that a terminal's Ctrl-C reaches only the supervisor.

        Raises OSError when it cannot be started.
        """
        assert command, "there is a program to start"
        self.name = name
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **variables},
            process_group=0,
        )
        assert self._process.stdout is not None
        self.pid = self._process.pid
        self.output = os.dup(self._process.stdout.fileno())
        self._process.stdout.close()
        os.set_blocking(self.output, False)
        self.exit = os.pidfd_open(self.pid)
        self._partial = b""
        self._last = b""
        self._open = True

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.poll()

    @property
    def last_line(self) -> str:
        """The last line that it printed, empty when it printed nothing."""
        return self._last.decode(errors="replace")

    def relay(self) -> bool:
        """Hand what it has printed on to our stderr; False when it will print no more."""
        try:
            data = os.read(self.output, _CHUNK_BYTES)
        except BlockingIOError:
            return True
        self._write(data)
        return bool(data)

    def signal(self, number: int) -> None:
        """Send a signal; harmless when the process is gone."""
        assert number > 0, "signal 0 sends nothing"
        self._process.send_signal(number)

    def describe_exit(self) -> str:
        """How it ended, in words."""
        code = self.returncode
        if code is None:
            return "still runs"
        if code >= 0:
            return f"ended with exit status {code}"
        return f"was ended by {signal.Signals(-code).name}"

    def close(self) -> None:
        """Hand on the rest of its output and let go of the descriptors. Only after its exit."""
        if not self._open:
            return
        self._open = False
        self._process.wait()
        assert self.returncode is not None, "a process is waited for until it has ended"
        while self.relay():
            if not _readable(self.output):
                break  # a child of its own still holds the pipe
        self._write(b"\n" if self._partial else b"")
        os.close(self.output)
        os.close(self.exit)

    def _write(self, data: bytes) -> None:
        *lines, self._partial = (self._partial + data).split(b"\n")
        assert b"\n" not in self._partial, "only the last line is not whole yet"
        if len(self._partial) > _LINE_BYTES_MAX:
            lines.append(self._partial)
            self._partial = b""
        assert len(self._partial) <= _LINE_BYTES_MAX, "what is kept has a limit"
        if not lines:
            return
        self._last = next((line for line in reversed(lines) if line.strip()), self._last)
        with suppress(OSError, ValueError):  # our own stderr is gone: the venue goes on without
            sys.stderr.write(b"".join(line + b"\n" for line in lines).decode(errors="replace"))
            sys.stderr.flush()


def _readable(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])
