"""What the host must have before a venue starts on it."""

from __future__ import annotations

import errno
import shutil
import socket
from pathlib import Path

import psutil

from shm.segment import SharedMemoryFullError
from tradsys.errors import InfrastructureError, OperatingError
from workers.memory import Sizes, bytes_needed

_DESCRIPTION_BYTES = 1 << 20
"""What a venue tells about itself in its data directory while it runs takes far less."""
_SMALLER = "lower the sizes under 'pools' and 'rings' in the configuration"


class StartError(OperatingError, InfrastructureError):
    """The venue could not be started; everything has been cleaned up. The message says why."""

    CODE = "start_failed"


def check_memory(sizes: Sizes) -> None:
    """Raise StartError when the venue's memory is more than what the host has free."""
    needed = bytes_needed(sizes)
    free = psutil.virtual_memory().available
    if needed > free:
        raise StartError(
            f"the venue needs {_mebibytes(needed)} of memory and the host has {_mebibytes(free)} free; {_SMALLER}"
        )


def shared_memory_full(error: SharedMemoryFullError) -> StartError:
    """What to tell the user when /dev/shm has no room."""
    return StartError(
        f"the venue needs {_mebibytes(error.needed)} of shared memory and /dev/shm has {_mebibytes(error.free)} free; "
        f"{_SMALLER}, or enlarge /dev/shm (containers: --shm-size)"
    )


def check_disk(directory: Path, segment_bytes: int) -> None:
    """Raise StartError when there is no room for what a start writes. `segment_bytes`: of a journal yet to be made."""
    assert segment_bytes >= 0, "a size in bytes"
    needed = segment_bytes + _DESCRIPTION_BYTES
    free = shutil.disk_usage(directory).free
    if needed > free:
        raise StartError(
            f"the venue needs {_mebibytes(needed)} of disk to start in {directory} and {_mebibytes(free)} are free; "
            "make room, or name another directory with --data-dir"
        )


def check_address(host: str, port: int) -> None:
    """Raise StartError when nobody can listen there. Gateways share their port, so it is looked at before them."""
    assert 0 <= port < 1 << 16, "a port of TCP, or 0 for any"
    if port == 0:
        return
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of an earlier run linger
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartError(f"port {port} of {host} is taken; choose another with --port, or 0 for any") from None
        raise StartError(f"cannot listen at {host}:{port}: {error.strerror}") from None


def _mebibytes(size: int) -> str:
    assert size >= 0, "a size in bytes"
    return f"{-(-size // (1 << 20)):,} MiB"
