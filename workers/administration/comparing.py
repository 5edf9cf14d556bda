"""The trail held against the log: every act of administrators that the log has must have its line, and each line the
record that it names.

What has no line may have been cut off the trail's end; or whoever did it died between the log and the trail. A line
that names what the log does not have was made up, or the log has lost its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tradsys.ledger.terms import PostingKind
from tradsys.reading.records import in_words
from tradsys.records import DETAILS, Kind
from workers.administration import trail
from workers.administration.sent import sent
from workers.administration.trail import Line
from workers.journal import JournalReader
from workers.sequencer import VENUE_SOURCE

_ACTS = np.array([kind for kind in Kind if Kind.SYMBOL <= kind <= Kind.BREAKER and kind not in (Kind.TICK, Kind.BOOT)])
"""What is defined, and what the ledger and the risk checks are told."""


class Comparison(msgspec.Struct, frozen=True):
    """What was found between the records `first` and `last` of the log."""

    first: int
    last: int
    acts: int
    """Records of administration that stand there; clients' transfers are not among them."""
    older: int
    """Lines about records before the first that is left."""
    unwritten: list[dict[str, Any]]
    """Acts without a line, in words."""
    untrue: list[str]
    """Why a line is not true."""


def compare(data_directory: Path, shards: int) -> Comparison:
    """Hold one against the other; the venue may run. Raises JournalError, TrailDamagedError."""
    # Read before the log: what has a line is there already. And again behind it, for acts of the last moments.
    claims = [line for line in trail.lines(data_directory) if line.sequence is not None]
    reader = JournalReader(data_directory / "journal", shards, after=None)
    reader.begin()
    first = reader.sequence + 1
    claimed = np.array([line.sequence for line in claims], np.int64)
    records = list(_records(reader, claimed))
    named = {line.sequence for line in trail.lines(data_directory)}
    acts = [record for record in records if _is_act(record)]
    assert len(records) <= reader.sequence + 1 - first, "no record is looked at twice"
    return Comparison(
        first=first,
        last=reader.sequence,
        acts=len(acts),
        older=int((claimed < first).sum()),
        unwritten=[in_words(record) for record in acts if int(record["sequence"]) not in named],
        untrue=list(_untrue(claims, {int(record["sequence"]): record for record in records}, first, reader.sequence)),
    )


def _records(reader: JournalReader, claimed: Any) -> Iterator[Any]:
    """What may be an act, or is claimed to be one: COMMAND records."""
    while len(batch := reader.next_batch()):
        records = batch.view(np.ndarray)
        assert int(records["sequence"][-1]) == reader.sequence, "a batch ends where the reading is"
        assert int(records["sequence"][0]) == reader.sequence + 1 - len(records), "no record of the log is missing"
        is_act = np.isin(records["kind"], _ACTS) & ~_is_transfer(records)
        yield from records[is_act | np.isin(records["sequence"], claimed)]


def _is_transfer(records: Any) -> Any:
    """Whether clients may have sent it themselves."""
    kinds = np.atleast_1d(records).view(DETAILS)["posting_kind"]
    return (records["kind"] == Kind.POSTING) & (kinds == PostingKind.TRANSFER)


def _is_act(record: Any) -> bool:
    """Whether it stands, and is an administrator's: not the venue's own, and not a client's."""
    is_ours = record["kind"] in _ACTS and record["reason"] == 0 and record["source"] != VENUE_SOURCE
    return bool(is_ours and not _is_transfer(record)[0])


def _untrue(claims: list[Line], records: dict[int, Any], first: int, last: int) -> Iterator[str]:
    assert first - 1 <= last, "the log is read forwards"
    assert all(sequence <= last for sequence in records), "no record is behind what was read"
    taken: dict[int, int] = {}
    for line in claims:
        assert line.sequence is not None, "a claim names a record"
        record, what = records.get(line.sequence), f"line {line.number} ({line.act} of {line.target})"
        if line.sequence < first:
            continue
        if taken.setdefault(line.sequence, line.number) != line.number:
            yield f"{what} names record {line.sequence}, as line {taken[line.sequence]} does"
        elif line.sequence > last:
            yield f"{what} names record {line.sequence}, and the log ends with {last}"
        elif record is None or record["reason"] != 0 or record["kind"] not in _ACTS:
            yield f"{what} names record {line.sequence}, which is no act of administration that was accepted"
        elif line.record and sent(record) != line.record:
            yield f"{what} says of record {line.sequence} otherwise than the log"
