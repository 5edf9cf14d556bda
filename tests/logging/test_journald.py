"""The journal's protocol, against a socket of the test's own. Its oracle is a reader of what systemd documents."""

from __future__ import annotations

import io
import logging
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from tests.conftest import Logged
from tradsys.logging import chosen_format, configure, logger
from tradsys.logging import journald as journal


class Journal:
    """A socket where journald's would be, and what came."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(20)

    def next(self) -> dict[str, str]:
        """The fields of the next entry, also of one that comes as a file."""
        data, ancillary, _flags, _address = self._socket.recvmsg(1 << 20, socket.CMSG_SPACE(4))
        if ancillary:
            (descriptor,) = struct.unpack("i", ancillary[0][2])
            with open(descriptor, "rb") as file:
                assert data == b""
                data = os.pread(file.fileno(), 1 << 30, 0)
        return read(data)

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()


def read(data: bytes) -> dict[str, str]:
    """An entry as systemd describes it: KEY=value, or KEY, a length in 64 bits, the value; each ends with a newline."""
    fields = {}
    while data:
        name, _, _ = data.partition(b"\n")
        if b"=" in name:
            key, _, value = name.partition(b"=")
            data = data[len(name) + 1 :]
        else:
            key, rest = name, data[len(name) + 1 :]
            (length,) = struct.unpack("<Q", rest[:8])
            value = rest[8 : 8 + length]
            assert rest[8 + length : 9 + length] == b"\n"
            data = rest[9 + length :]
        assert key.isascii()
        assert key.decode() == key.decode().upper()
        fields[key.decode()] = value.decode()
    return fields


@pytest.fixture
def journald(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: Logged) -> Iterator[Journal]:
    """What is logged from now on goes there."""
    path = tmp_path / "socket"
    opened = Journal(path)

    class Handler(journal.JournalHandler):
        def __init__(self, stream: TextIO) -> None:
            super().__init__(stream, path)

    monkeypatch.setattr("tradsys.logging.setup.JournalHandler", Handler)
    yield opened
    for handler in logging.getLogger().handlers:
        handler.close()
    opened.close()


def test_every_value_is_a_field_and_the_message_is_for_people(journald: Journal) -> None:
    configure("info", "journald", io.StringIO(), process="supervisor")
    logger("supervisor").warning("restarting a worker", worker="gateway-0", account="alice", sequence=7)
    fields = journald.next()
    assert fields["MESSAGE"] == "restarting a worker worker=gateway-0 account=alice sequence=7"
    assert (fields["PRIORITY"], fields["SYSLOG_IDENTIFIER"]) == ("4", "tradsys")
    assert fields["TRADSYS_ACCOUNT"] == "alice"
    assert fields["TRADSYS_SEQUENCE"] == "7"
    assert fields["TRADSYS_LOGGER"] == fields["TRADSYS_PROCESS"] == "supervisor"
    assert fields["TRADSYS_PID"] == str(os.getpid())
    assert Path(fields["CODE_FILE"]).name == "test_journald.py"
    assert fields["CODE_FUNC"] == "test_every_value_is_a_field_and_the_message_is_for_people"
    assert fields["CODE_LINE"].isdigit()


@pytest.mark.parametrize(
    ("level", "priority"), [("debug", "7"), ("info", "6"), ("warning", "4"), ("error", "3"), ("critical", "2")]
)
def test_levels_are_the_journals_priorities(journald: Journal, level: str, priority: str) -> None:
    configure("debug", "journald", io.StringIO())
    getattr(logger("x"), level)("hello")
    assert journald.next()["PRIORITY"] == priority


def test_lines_of_libraries_and_tracebacks_come_too_without_secrets(journald: Journal) -> None:
    configure("info", "journald", io.StringIO())
    logging.getLogger("library").warning("token=%s", "hunter2")
    assert journald.next()["MESSAGE"] == "token=[redacted]"
    text = "first line\npassword=" + "hunter" + "2"
    try:
        raise RuntimeError(text)
    except RuntimeError:
        logger("x").exception("failed", key="hunter2", several="one\ntwo")
    fields = journald.next()
    assert fields["TRADSYS_SEVERAL"] == "one\ntwo"
    assert "RuntimeError: first line" in fields["MESSAGE"]
    assert "hunter2" not in str(fields)


def test_an_entry_larger_than_a_datagram_comes_as_a_file(journald: Journal) -> None:
    configure("info", "journald", io.StringIO())
    texts = {f"field_{number}": "ä b" * 10_000 for number in range(40)}
    logger("x").info("large", **texts)
    fields = journald.next()
    assert {name: fields[f"TRADSYS_{name.upper()}"] for name in texts} == texts


def test_without_a_journal_lines_are_json_on_the_stream(tmp_path: Path, logged: Logged) -> None:
    stream = io.StringIO()
    handler = journal.JournalHandler(stream, tmp_path / "nobody")
    handler.setFormatter(logging.Formatter('{"event": "%(message)s"}'))
    handler.emit(logging.makeLogRecord({"msg": "hello", "levelno": logging.INFO}))
    handler.close()
    assert stream.getvalue() == '{"event": "hello"}\n'


def test_what_a_process_says_last_is_on_the_stream_as_well(journald: Journal) -> None:
    stream = io.StringIO()
    configure("info", "journald", stream)
    logger("x").critical("the worker fails", error="OSError: no disk")
    logger("x").error("something else")
    assert journald.next()["PRIORITY"] == "2"
    assert journald.next()["PRIORITY"] == "3"
    assert stream.getvalue() == "the worker fails: OSError: no disk\n"


def test_it_is_not_told_twice_where_the_stream_leads_to_the_journal_too(
    journald: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "stream").open("w+") as stream:
        status = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        configure("info", "auto", stream)
        logger("x").critical("the service ends")
        assert journald.next()["MESSAGE"] == "the service ends"
        assert stream.tell() == 0


def test_under_systemd_the_journal_is_chosen(tmp_path: Path) -> None:
    with (tmp_path / "stream").open("w") as stream:
        status = os.fstat(stream.fileno())
        mine = f"{status.st_dev}:{status.st_ino}"
        assert chosen_format("auto", stream, {"JOURNAL_STREAM": mine}) == "journald"
        assert chosen_format("json", stream, {"JOURNAL_STREAM": mine}) == "json"
        assert chosen_format("auto", stream, {"JOURNAL_STREAM": "1:1"}) == "json"
        assert chosen_format("auto", stream, {}) == "json"
    assert chosen_format("auto", io.StringIO(), {"JOURNAL_STREAM": mine}) == "json"
    assert chosen_format("auto", sys.__stderr__ or sys.stderr, {}) in ("console", "json")
