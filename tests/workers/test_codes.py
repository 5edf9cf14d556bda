"""Every error that the people who run a venue meet carries its code, whichever class it is of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from shm import broadcast
from shm.segment import Segment
from tests.workers.fake_venue import configuration
from tradsys.cli import failover, operator
from tradsys.configuration import load
from tradsys.errors import OperatingError, TradingError, entry, error, kind
from tradsys.installation.steps import Run
from tradsys.recorded.sse import read_day
from workers import apart, audit, definitions, embedded, life, memory, topology, venue
from workers.backup import manifest
from workers.codes import CODES, code_of
from workers.desk import NoAnswerError, RefusedError
from workers.host import StartError
from workers.journal import last_sequence
from workers.journal.segments import JournalError, segment_path
from workers.livecopy import NoCopyError, take_copy
from workers.lock import DirectoryLock
from workers.moment import NoSuchMomentError
from workers.port import Port
from workers.replay import Replay
from workers.snapshot.files import Snapshot
from workers.snapshot.housekeeping import snapshot_lock
from workers.snapshot.taking import take_snapshot
from workers.supervisor import VenueFailedError

ROOT = Path(__file__).resolve().parents[2]
SIZES = topology.sizes(configuration())


@contextmanager
def told_as(code: str) -> Iterator[None]:
    """Within this an error with this code is raised, whose message says more than its sentence."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which class it is does not matter here
        yield
    assert code_of(caught.value) == code
    assert str(caught.value) not in ("", entry(code).sentence)


@pytest.mark.parametrize("name", CODES)
def test_the_names_outside_the_tree_are_those_of_exceptions_and_their_codes_exist(name: str) -> None:
    module, _, qualified = name.rpartition(".")
    found = getattr(import_module(module), qualified)
    assert issubclass(found, Exception)
    assert not issubclass(found, TradingError)
    assert entry(CODES[name])


INTERNAL = {
    "tradsys.configuration.secrets._MissingError",  # becomes a mistake of the configuration
    "tradsys.configuration.secrets.UnreadableSecretsError",  # the same
    "tradsys.services.lifecycle.InvalidTransitionError",  # a programming error
    "tradsys.services.registry.RegistryError",  # the same
    "workers.serving.StoppedError",  # somebody asked for it
    "workers.supervisor.StoppedError",  # the same
}
"""Exceptions that reach nobody."""


def _exceptions() -> Iterator[str]:
    """The classes of exceptions in the sources that are derived from Python's own."""
    for package in ("tradsys", "workers", "gateway"):
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for name in re.findall(
                r"^class (\w+)\((?:\w*Exception|\w+Error)\):", path.read_text(encoding="utf-8"), re.M
            ):
                yield f"{module}.{name}"


def test_every_exception_that_reaches_somebody_has_a_code() -> None:
    without = []
    for name in _exceptions():
        module, _, qualified = name.rpartition(".")
        if not issubclass(getattr(import_module(module), qualified), TradingError) and name not in CODES:
            without.append(name)
    assert set(without) == INTERNAL


def test_each_class_of_the_operators_errors_is_of_the_kind_of_its_code() -> None:
    found = set(OperatingError.__subclasses__())
    known = {audit.NoAuditError, definitions.RefusedDefinitionError, embedded.EmbeddedVenueError, manifest.BackupError}
    assert known | {venue.VenueNotRunningError, failover.NoStandbyError, operator.AmbiguousError} <= found
    for each in found:
        assert issubclass(each, kind(each.CODE)), each


def test_what_is_no_error_for_people_has_no_code() -> None:
    assert code_of(RuntimeError("a bug")) is None
    assert code_of(error("busy")) == "busy"


def test_a_venue_that_does_not_run(tmp_path: Path) -> None:
    with told_as("venue_not_running"):
        venue.read(tmp_path)
    with told_as("venue_not_running"):
        venue.last(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sizes": 1}', '"\udc80"', "\0"])
def test_what_another_version_or_a_dying_disk_left_of_a_venue(tmp_path: Path, text: str) -> None:
    run = venue.run_directory(tmp_path)
    run.mkdir()
    for name, read in ((tmp_path / "last-venue.json", venue.last), (run / "venue.json", venue.read)):
        name.write_text(text, encoding="utf-8", errors="surrogateescape")
        with told_as("venue_unreadable"):
            read(tmp_path)


def test_directories(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path / "venue")
    with told_as("directory_in_use"):
        DirectoryLock(tmp_path / "venue")
    lock.release()
    (tmp_path / "file").touch()
    with told_as("directory_unusable"):
        DirectoryLock(tmp_path / "file" / "venue")
    with told_as("host_refused"):
        (tmp_path / "file" / "below").read_bytes()


def test_shared_memory(venue_name: str) -> None:
    with told_as("shared_memory_unusable"):
        Segment.attach(f"/tradsys-{venue_name}", "venue")
    with told_as("shared_memory_unusable"):
        Segment.create(f"/tradsys-{venue_name}", 1 << 50, "venue")


def test_rings_for_tools() -> None:
    private = memory.private(SIZES)
    port = Port(private, 0, 0)
    with told_as("ring_taken"):
        Port(private, 0, 0)
    port.close()


def test_files_that_are_not_what_they_should_be(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.mkdir()
    segment_path(journal, 1).write_bytes(b"x" * 65_536)
    with told_as("journal_damaged"):
        last_sequence(journal, 1)
    snapshot = journal / "00000000000000000001.snapshot"
    snapshot.write_bytes(b"x" * 128)
    with told_as("snapshot_unusable"):
        Snapshot(snapshot)
    with told_as("backup_failed"):
        manifest.read_manifest(tmp_path)
    recording = tmp_path / "day.csv"
    recording.write_text("no,recording\n")
    with told_as("invalid_recording"):
        read_day(recording)
    settings = tmp_path / "mine.yaml"
    settings.write_text("gatway: {}\n")
    with told_as("invalid_configuration"):
        load("testing", settings, environ={})


def test_a_gateway_for_which_the_venue_has_no_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(venue, "read", lambda directory: _described(apart=[]))
    with told_as("gateway_refused"):
        apart.find(tmp_path, 0)


def test_a_host_that_cannot_be_changed() -> None:
    with told_as("installation_failed"):
        Run(("/nowhere/program",)).do()


def test_an_order_that_the_log_does_not_tell_of(tmp_path: Path) -> None:
    with told_as("unknown_order"):
        life.life_of(tmp_path, SIZES, 1 << 40)


def test_snapshots(tmp_path: Path) -> None:
    with told_as("snapshot_impossible"):
        take_snapshot(tmp_path, SIZES, lambda text: None)
    with snapshot_lock(tmp_path), told_as("maintenance_under_way"), snapshot_lock(tmp_path):
        pass


def test_a_live_copy_of_a_venue_whose_sequencer_is_gone() -> None:
    private = memory.private(SIZES)
    private.control[memory.PHASE] = memory.RUNNING
    broadcast.publish(private.log, 3)  # records that nobody reads
    with told_as("audit_impossible"):
        take_copy(_described(sequencer_index=0), private)


def test_a_payment_from_outside_where_there_is_no_outside() -> None:
    with told_as("ambiguous_request"):
        operator.outside(_described(memory=memory.private(SIZES)), None)


def test_a_replay_into_a_venue_that_is_full() -> None:
    private = memory.private(SIZES)
    private.control[memory.ACCOUNTS] = SIZES.accounts_max
    port = Port(private, 0, 0)
    with told_as("recording_refused"):
        Replay(_described(sequencer_index=0), port, []).run()
    port.close()


def test_a_refusal_has_the_code_of_its_reason() -> None:
    from tradsys.reasons import Reason

    refused = RefusedError(Reason.INSUFFICIENT_FUNDS)
    assert (code_of(refused), refused.status) == ("insufficient_funds", 409)


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (StartError("x"), "start_failed"),
        (VenueFailedError("x"), "venue_failed"),
        (NoAnswerError("x"), "timeout"),
        (NoCopyError("x"), "audit_impossible"),
        (NoSuchMomentError("x"), "unknown_moment"),
        (JournalError("x"), "journal_damaged"),
    ],
)
def test_a_message_stays_what_it_is(raised: Exception, code: str) -> None:
    assert (code_of(raised), str(raised)) == (code, "x")


def _described(**values: Any) -> Any:
    return SimpleNamespace(**values)
