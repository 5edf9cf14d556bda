"""The trail of what was done to a venue: an append-only file of JSON lines, each of which carries the hash of the one
before it.

A line's hash is the SHA-256 of the line without it, which has the hash of the line before as `previous`. To change or
take out a line is to change every hash behind it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec

from tradsys.errors import InfrastructureError, OperatingError
from workers.administration import kept
from workers.files import write_all

FILE = "administration.jsonl"
DONE = "done"
FIRST = "0" * 64
"""What stands as `previous` in the first line."""

_HASH = b',"hash":"'
_TAIL = len(_HASH) + 64 + len(b'"}')
_CHUNK_BYTES = 1 << 16


class Actor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who did it: over the network with a key, on the host as one of its users, or a part of the venue itself."""

    account: str = ""
    user: str = ""
    key: str = ""
    """The beginning of the key's fingerprint."""
    address: str = ""
    host_user: str = ""
    part: str = ""

    def __str__(self) -> str:
        if self.part:
            return self.part
        if self.host_user:
            return f"{self.host_user} on the host"
        who = f"{self.user} for {self.account}" if self.user else self.account
        return f"{who} from {self.address}"


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to what; `before` and `after` are JSON. `sequence`: the record of the log, where there is one."""

    by: Actor
    act: str
    target: str
    before: Any = None
    after: Any = None
    result: str = DONE
    """Or the code of the error that it ended with."""
    sequence: int | None = None
    record: str = ""
    """What was sent of that record: workers.administration.sent."""


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    number: Annotated[int, msgspec.Meta(ge=1)]
    at: datetime
    by: Actor
    act: str
    target: str
    before: Any
    after: Any
    result: str
    sequence: int | None
    record: str = ""
    previous: str


class Line(_Line, frozen=True, kw_only=True):
    """A line of the trail."""

    hash: str


class Chain(NamedTuple):
    """How long the trail is, and the hash of its last line; `fault` says where it is broken, "" when it is whole."""

    lines: int
    last: str
    fault: str


class TrailDamagedError(OperatingError, InfrastructureError):
    """A line of the trail is not one of ours; nothing can be appended until somebody has looked at it."""

    CODE = "trail_damaged"


def append(directory: Path, act: Act) -> Line:
    """Add a line, durably, for one of any number of processes. Raises OSError, TrailDamagedError."""
    return append_all(directory, [act])[0]


def append_all(directory: Path, acts: Sequence[Act]) -> list[Line]:
    """Add a line for each, all of them durable at the end. Raises OSError, TrailDamagedError."""
    assert acts, "something was done"
    texts: list[bytes] = []
    with kept.opened(directory / FILE) as descriptor:
        end, last = _last_line(descriptor)
        before = _read(last, directory) if last else None
        number, previous = (0, FIRST) if before is None else (before.number, before.hash)
        for act in acts:
            number += 1
            text, previous = _line(act, number, previous)
            texts.append(text)
        os.ftruncate(descriptor, end)  # what a writer that died left half written was never told to anybody
        write_all(descriptor, b"".join(text + b"\n" for text in texts))
        os.fdatasync(descriptor)
    made = [msgspec.json.decode(text, type=Line) for text in texts]
    assert made[-1].hash == previous, "the next line is bound to the last of these"
    return made


def _line(act: Act, number: int, previous: str) -> tuple[bytes, str]:
    """The text of a line, and its hash."""
    assert number >= 1, "lines are numbered from 1"
    assert act.by != Actor(), "somebody has done it"
    assert act.act, "and something"
    assert act.sequence is None or act.sequence >= 1, "records are numbered from 1"
    assert act.sequence is None or act.result == DONE, "of the log's records those that stand are named"
    assert not act.record or act.sequence is not None, "what was sent of a record that stands in the log"
    body = msgspec.json.encode(
        _Line(
            number=number,
            at=datetime.now(UTC),
            by=act.by,
            act=act.act,
            target=act.target,
            before=act.before,
            after=act.after,
            result=act.result,
            sequence=act.sequence,
            record=act.record,
            previous=previous,
        )
    )
    own = hashlib.sha256(body).hexdigest()
    text = body[:-1] + _HASH + own.encode() + b'"}'
    assert b"\n" not in text, "an act is one line"
    assert text[:-_TAIL] + b"}" == body, "the hash is that of the line without it"
    return text, own


def lines(directory: Path) -> Iterator[Line]:
    """The trail, oldest line first. Raises TrailDamagedError."""
    for text in _texts(directory):
        yield _read(text, directory)


def check(directory: Path) -> Chain:
    """Go through the trail and see whether each line is the one that was written, behind the one before it."""
    previous, number = FIRST, 0
    for text in _texts(directory):
        number += 1
        try:
            line = _read(text, directory)
        except TrailDamagedError:
            return Chain(number - 1, previous, f"line {number} is none that was written")
        body = text[:-_TAIL] + b"}"
        if line.hash != hashlib.sha256(body).hexdigest():
            return Chain(number - 1, previous, f"line {number} has been changed")
        if line.previous != previous or line.number != number:
            return Chain(number - 1, previous, f"a line before line {number} is missing or has been changed")
        previous = line.hash
    assert (number == 0) == (previous == FIRST), "only the first line has none before it"
    return Chain(number, previous, "")


def _texts(directory: Path) -> Iterator[bytes]:
    try:
        with (directory / FILE).open("rb") as file:
            for text in file:
                if text.endswith(b"\n"):
                    yield text[:-1]
    except FileNotFoundError:
        return


def _read(text: bytes, directory: Path) -> Line:
    try:
        return msgspec.json.decode(text, type=Line)
    except msgspec.DecodeError as error:
        raise TrailDamagedError(f"{directory / FILE} has a line that was not written by a venue: {error}") from None


def _last_line(descriptor: int) -> tuple[int, bytes]:
    """Where the last whole line ends, and the line."""
    size = os.fstat(descriptor).st_size
    tail, begin = b"", size
    while begin and tail.count(b"\n") < 2:
        begin = max(begin - _CHUNK_BYTES, 0)
        tail = os.pread(descriptor, size - begin, begin)
    end = tail.rfind(b"\n") + 1
    assert begin + end <= size, "a whole line ends within the file"
    line = tail[tail.rfind(b"\n", 0, max(end - 1, 0)) + 1 : max(end - 1, 0)]
    assert b"\n" not in line, "one line"
    return begin + end, line
