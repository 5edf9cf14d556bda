"""What a service tells the system's service manager, as systemd's sd_notify(3) describes it.

Each message is a datagram of lines NAME=value to the socket that $NOTIFY_SOCKET names. Without that variable nobody
listens, and nothing is sent.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

_MICROSECONDS, _NANOSECONDS = 1_000_000, 1_000_000_000
_EXTEND_EVERY_NS = 5 * _NANOSECONDS


class ServiceManager:
    """The service manager that started this process, if one did. Nothing here raises or waits."""

    def __init__(self, environ: Mapping[str, str], pid: int) -> None:
        """`environ`: this process's variables. The watchdog is meant for process `pid` or for nobody."""
        address = environ.get("NOTIFY_SOCKET", "")
        self._socket: socket.socket | None = None
        if address:
            self._address = "\0" + address[1:] if address.startswith("@") else address
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)
        microseconds = environ.get("WATCHDOG_USEC", "")
        meant = environ.get("WATCHDOG_PID", str(pid)) == str(pid)
        self._watchdog_ns = int(microseconds) * 1000 if microseconds.isdigit() and meant else 0
        self._fed_ns = self._extended_ns = 0
        self._status = ""

    @classmethod
    def of_this_process(cls) -> ServiceManager:
        """As the variables of this process say."""
        return cls(os.environ, os.getpid())

    def starting(self, status: str, patience_s: int, now_ns: int) -> None:
        """Still busy with a start, a reload or a stop: wait for `patience_s` more seconds. May be called often."""
        assert patience_s > 0, "more time is asked for"
        assert now_ns >= self._extended_ns, "the monotonic clock does not go back"
        if status == self._status and now_ns - self._extended_ns < _EXTEND_EVERY_NS:
            return
        self._extended_ns, self._status = now_ns, status
        self._send(f"STATUS={status}", f"EXTEND_TIMEOUT_USEC={patience_s * _MICROSECONDS}")

    def ready(self, status: str) -> None:
        """It serves, or serves again after a reload."""
        self._status = status
        self._send("READY=1", f"STATUS={status}")

    def reloading(self, now_ns: int) -> None:
        """It reads its configuration anew, from the monotonic time `now_ns` until `ready`."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={now_ns // 1000}")

    def stopping(self, status: str, patience_s: int) -> None:
        """It ends, which may take `patience_s` seconds."""
        assert patience_s >= 0, "a time to wait"
        self._status = status
        self._send("STOPPING=1", f"STATUS={status}", f"EXTEND_TIMEOUT_USEC={patience_s * _MICROSECONDS}")

    def feed(self, now_ns: int) -> None:
        """All is well at the monotonic time `now_ns`. The watchdog hears it three times as often as it must."""
        assert now_ns >= self._fed_ns, "the monotonic clock does not go back"
        if self._watchdog_ns and now_ns - self._fed_ns >= self._watchdog_ns // 3:
            self._fed_ns = now_ns
            self._send("WATCHDOG=1")

    def tell(self, status: str) -> None:
        """One line for `systemctl status`; sent when it is another one than before."""
        if status != self._status:
            self._status = status
            self._send(f"STATUS={status}")

    def close(self) -> None:
        """Say nothing more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, *lines: str) -> None:
        if self._socket is not None:
            # Nobody listens any more, or too slowly: the service does not stop for that.
            with suppress(OSError):
                self._socket.sendto("\n".join(lines).encode(), self._address)
