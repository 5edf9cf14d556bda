"""A whole venue for the time of a `with` block, in a temporary directory: for replays, benchmarks and tests.

The venue's supervisor is a process of its own (`python -m workers.embedded`), which ends with whoever started it.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from shm.segment import Segment, unlink_all
from tradsys.configuration import InvalidConfigurationError, Origin
from tradsys.errors import InfrastructureError, OperatingError
from workers import logs, warmup
from workers import venue as venues
from workers.definitions import RefusedDefinitionError
from workers.extras import extras_of
from workers.journal import JournalError
from workers.memory import PHASE, PID, STATE, TAKES_ORDERS, VenueMemory, segment_name
from workers.process import die_with_parent
from workers.reclaim import end_orphans, remove_traces
from workers.supervisor import StartError, StoppedError, Supervisor, VenueFailedError
from workers.topology import WorkerPlan
from workers.venue import UnreadableVenueError, Venue, VenueNotRunningError

START_SECONDS_MAX = 600.0
"""The first start after a change of the sources compiles every kernel."""

_STOP_SECONDS_MAX = 40.0
_POLL_SECONDS = 0.01
_LOG_FILE = "venue.log"
_CONFIGURATION_FILE = "configuration.json"
_QUIET: dict[str, Any] = {
    "journal": {"level": "memory"},
    "snapshots": {"interval_seconds": 0, "on_stop": False},
    "gateway": {"port": 0},
    "logging": {"level": "warning", "format": "console"},
    "security": {"clear_text": True},
    "monitoring": {"enabled": False, "metrics_port": 0},
    "history": {"enabled": False},
}


class EmbeddedVenueError(OperatingError, InfrastructureError):
    """The embedded venue could not be started; the message holds what it said last."""

    CODE = "start_failed"


class EmbeddedVenue(NamedTuple):
    """A venue that runs, and this process's view of its memory."""

    venue: Venue
    memory: VenueMemory
    log: Path
    settings: Path

    def configure(self, overrides: Mapping[str, Any]) -> None:
        """Write these overrides in the place of the ones before; the supervisor reads them within some seconds."""
        _write_settings(self.settings, overrides)

    def worker(self, name: str) -> WorkerPlan:
        """The plan of the worker `name`. Raises StopIteration when there is none."""
        return next(plan for plan in self.venue.workers if plan.name == name)

    def pid(self, name: str) -> int:
        """The process of the worker `name` at this moment, 0 between its end and its restart."""
        return int(self.memory.line(self.worker(name).index)[PID])

    def state(self, name: str) -> int:
        """The state of the worker `name`, see workers.memory.WORKER_STATES."""
        return int(self.memory.line(self.worker(name).index)[STATE])


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both else value
    assert merged.keys() == below.keys() | above.keys(), "nothing of either is left out"
    return merged


def _write_settings(path: Path, overrides: Mapping[str, Any]) -> None:
    temporary = path.with_suffix(".new")
    assert temporary != path, "what was there stays until the new one is whole"
    temporary.write_bytes(msgspec.json.encode(_merged(_QUIET, overrides)))
    temporary.rename(path)


@contextmanager
def embedded_venue(
    overrides: Mapping[str, Any] | None = None, *, gateways: bool = False, directory: Path | None = None
) -> Iterator[EmbeddedVenue]:
    """Start a venue with `overrides` over the production configuration, journal level memory; stop it at the end.

    `directory` is the data directory, which then stays; a temporary one otherwise. Raises EmbeddedVenueError.
    """
    home = Path(tempfile.mkdtemp(prefix="tradsys-"))
    data = directory or home / "venue"
    settings = home / _CONFIGURATION_FILE
    _write_settings(settings, overrides or {})
    command = [sys.executable, "-m", __name__, "--data-dir", str(data), "--config", str(settings)]
    if not gateways:
        command.append("--no-gateways")
    with (home / _LOG_FILE).open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, process_group=0
        )
    try:
        embedded, segment = _attach(process, data, home / _LOG_FILE, settings)
        try:
            yield embedded
        finally:
            segment.close()
    finally:
        _stop(process, data)
        shutil.rmtree(home, ignore_errors=True)


def _attach(process: subprocess.Popen[bytes], data: Path, log: Path, settings: Path) -> tuple[EmbeddedVenue, Segment]:
    """Wait until the venue runs, and attach to it."""

    def failure(what: str) -> EmbeddedVenueError:
        said = log.read_text(errors="replace").strip().splitlines()[-25:]
        return EmbeddedVenueError("\n".join([what, *said]))

    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise failure(f"the embedded venue ended with exit status {process.returncode} while it started")
        with suppress(VenueNotRunningError, UnreadableVenueError):
            venue = venues.read(data)
            segment, memory = venue.attach()
            # A directory that was used before may still describe the venue of then.
            if venue.supervisor_pid == process.pid and memory.control[PHASE] in TAKES_ORDERS:
                assert segment.owner_pid == process.pid, "the venue's memory is its supervisor's"
                assert venue.segment == segment_name(data), "what a kill leaves behind is found by the directory"
                assert venue.path == data.resolve(), "the venue that was started is the one that is looked at"
                return EmbeddedVenue(venue, memory, log, settings), segment
            segment.close()
        time.sleep(_POLL_SECONDS)
    raise failure(f"the embedded venue did not start within {START_SECONDS_MAX:.0f} s")


def _stop(process: subprocess.Popen[bytes], data: Path) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.returncode is not None, "it was waited for until it had ended"
    if process.returncode == -signal.SIGKILL:
        segment = segment_name(data)
        end_orphans(segment, _STOP_SECONDS_MAX)
        remove_traces(data, segment)
        unlink_all(segment)


def main() -> int:
    """Supervise the venue described on the command line until SIGTERM; gives the exit status."""
    parser = argparse.ArgumentParser(prog="workers.embedded")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--no-gateways", action="store_true")
    arguments = parser.parse_args()
    die_with_parent()
    try:
        # No variables: what the user has set for venues of his own is not meant here.
        read = Origin("production", arguments.config, {}).read()
    except InvalidConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    configuration = read.configuration
    logs.begin(configuration.logging, "supervisor")
    extras = extras_of(configuration)
    gateways = not arguments.no_gateways
    supervisor = Supervisor(configuration, arguments.data_dir, gateways=gateways, extras=extras, read=read)
    assert any(plan.is_gateway for plan in supervisor.venue.workers) == gateways, "gateways run where they are wanted"
    if warmup.needed(supervisor.venue.workers):
        warmup.compile_all(supervisor.venue.workers, configuration, lambda _name, _done, _all: None)
    with supervisor, supervisor.stopping_on_signals(), suppress(StoppedError):
        try:
            supervisor.start()
            supervisor.run()
        except (StartError, JournalError, RefusedDefinitionError, VenueFailedError) as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
