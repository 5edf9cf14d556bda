"""Lines for systemd's journal, which keeps every field: in its own protocol (systemd, "Native Journal Protocol")."""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import re
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

SOCKET = Path("/run/systemd/journal/socket")
_STREAM_VARIABLE = "JOURNAL_STREAM"
_NAME_LENGTH_MAX = 64
_PRIORITIES = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
)
_DEBUG_PRIORITY = 7


def leads_to_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether what is written to this stream goes to the journal, as systemd tells its services."""
    with suppress(OSError, ValueError):
        status = os.fstat(stream.fileno())
        return environ.get(_STREAM_VARIABLE) == f"{status.st_dev}:{status.st_ino}"
    return False


def entry(fields: Mapping[str, str]) -> bytes:
    """The fields as the journal takes them."""
    parts = []
    for name, value in fields.items():
        text = value.encode(errors="replace")
        if b"\n" in text:
            parts.append(name.encode() + b"\n" + struct.pack("<Q", len(text)) + text + b"\n")
        else:
            parts.append(name.encode() + b"=" + text + b"\n")
    return b"".join(parts)


def fields_of(line: Mapping[str, Any], record: logging.LogRecord) -> dict[str, str]:
    """The journal's fields of a line: its message for people, its values under names of ours, its place in the code."""
    values = {name: value for name, value in line.items() if name not in ("event", "level", "timestamp", "exception")}
    shown = {name: value for name, value in values.items() if name not in ("logger", "process", "pid")}
    message = " ".join([str(line.get("event", "")), *(f"{name}={_text(value)}" for name, value in shown.items())])
    if "exception" in line:
        message = f"{message}\n{line['exception']}"
    named = {f"TRADSYS_{_upper(name)}"[:_NAME_LENGTH_MAX]: _text(value) for name, value in values.items()}
    priority = next((number for level, number in _PRIORITIES if record.levelno >= level), _DEBUG_PRIORITY)
    return {
        "MESSAGE": message,
        "PRIORITY": str(priority),
        "SYSLOG_IDENTIFIER": "tradsys",
        "CODE_FILE": record.pathname,
        "CODE_LINE": str(record.lineno),
        "CODE_FUNC": record.funcName or "",
        **named,
    }


class JournalHandler(logging.Handler):
    """Sends each line, which its formatter gives as JSON, to the journal; to `stream` where that cannot be reached.

    What a process says last, which is critical, goes to the stream as well, unless that leads to the journal too:
    whoever started the process quotes it.
    """

    def __init__(self, stream: TextIO, path: Path = SOCKET) -> None:
        super().__init__()
        self._stream = stream
        self._path = str(path)
        self._is_read = not leads_to_journal(stream, os.environ)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    def emit(self, record: logging.LogRecord) -> None:
        """Send the line."""
        try:
            text = self.format(record)
            line = json.loads(text)
            sent = self._send(entry(fields_of(line, record)))
            if not sent:
                self._say(text)
            elif record.levelno >= logging.CRITICAL and self._is_read:
                self._say(": ".join(str(line[name]) for name in ("event", "error") if name in line))
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()
        super().close()

    def _say(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def _send(self, data: bytes) -> bool:
        try:
            self._socket.sendto(data, self._path)
        except OSError as error:
            return error.errno in (errno.EMSGSIZE, errno.ENOBUFS) and self._send_as_file(data)
        return True

    def _send_as_file(self, data: bytes) -> bool:
        """An entry that is too large for a datagram goes as a sealed file in memory."""
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
        try:
            descriptor = os.memfd_create("journal-entry", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
            with open(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
                ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", descriptor))]
                self._socket.sendmsg([], ancillary, 0, self._path)
        except OSError:
            return False
        return True


def _upper(name: str) -> str:
    return re.sub(r"[^A-Z0-9_]", "_", name.upper())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
