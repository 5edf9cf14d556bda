from __future__ import annotations

import socket
from pathlib import Path

import pytest

from shm.segment import SharedMemoryFullError
from tests.workers.fake_venue import configuration
from workers.host import StartError, check_address, check_disk, check_memory, shared_memory_full
from workers.lock import DirectoryInUseError, DirectoryLock
from workers.topology import sizes


def test_a_port_that_is_taken_is_told_even_when_it_is_shared() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"port {port} of 127.0.0.1 is taken; choose another with --port"):
            check_address("127.0.0.1", port)
    check_address("127.0.0.1", port)
    check_address("127.0.0.1", 0)


def test_a_host_that_is_not_ours_is_told() -> None:
    with pytest.raises(StartError, match=r"cannot listen at 192\.0\.2\.1:80"):
        check_address("192.0.2.1", 80)


def test_memory_is_checked_before_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    check_memory(sizes(configuration()))
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("Memory", (), {"available": 1 << 20}))
    with pytest.raises(StartError, match="the host has 1 MiB free"):
        check_memory(sizes(configuration()))


def test_a_disk_is_checked_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_disk(tmp_path, 0)
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 2 << 20}))
    check_disk(tmp_path, 1 << 20)
    with pytest.raises(StartError, match=f"needs 3 MiB of disk to start in {tmp_path} and 2 MiB are free"):
        check_disk(tmp_path, 2 << 20)


def test_full_shared_memory_is_told_with_a_remedy() -> None:
    message = str(shared_memory_full(SharedMemoryFullError("/x", 100 << 20, 64 << 20)))
    assert "needs 100 MiB of shared memory and /dev/shm has 64 MiB free" in message
    assert "--shm-size" in message


def test_the_lock_is_free_again_after_release(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path / "new" / "venue")
    with pytest.raises(DirectoryInUseError):
        DirectoryLock(tmp_path / "new" / "venue")
    lock.release()
    lock.release()
    DirectoryLock(tmp_path / "new" / "venue").release()
