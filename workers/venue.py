"""What a running venue tells about itself in its data directory, so that workers and tools find everything."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path

import msgspec

from shm.segment import Segment, SegmentError
from tradsys.configuration import Configuration
from tradsys.configuration.secrets import sealed
from tradsys.configuration.sections import Logging
from tradsys.errors import InfrastructureError, OperatingError
from workers import logs, memory, process
from workers.locked_memory import lock_memory_of
from workers.memory import Sizes, VenueMemory
from workers.topology import GATEWAY, SEQUENCER, WorkerPlan

_FILE = "venue.json"
_LAST_FILE = "last-venue.json"
_MODE = 0o600


class VenueNotRunningError(OperatingError, InfrastructureError):
    """No venue runs in the data directory; the message says how to start one."""

    CODE = "venue_not_running"


class UnreadableVenueError(OperatingError, InfrastructureError):
    """What a venue told about itself is damaged, or in the format of another version; the message says what to do."""

    CODE = "venue_unreadable"


class Venue(msgspec.Struct, frozen=True):
    """A venue that runs, or ran, in a data directory."""

    data_directory: str
    segment: str
    supervisor_pid: int
    started_ns: int
    sizes: Sizes
    workers: list[WorkerPlan]
    control_ring: int
    configuration: Configuration
    apart: list[WorkerPlan] = []
    """Gateways that may come as services of their own, where the venue was started without any."""
    log_format: str = ""
    """What "auto" stands for in processes whose stderr leads to the supervisor; "": what is configured."""
    variables: dict[str, str] = {}
    """By path the settings that the supervisor has from environment variables, and which one: they stay as they are."""
    credentials: dict[str, str] = {}
    """Fingerprints by name of systemd's credentials that keys name: the supervisor gets no others."""

    @property
    def path(self) -> Path:
        """The data directory."""
        return Path(self.data_directory)

    @property
    def journal_directory(self) -> Path:
        """Where the log's segments are."""
        return self.path / "journal"

    @property
    def logging(self) -> Logging:
        """How its processes log."""
        settings = self.configuration.logging
        return msgspec.structs.replace(settings, format=self.log_format or settings.format)

    @property
    def sequencer_index(self) -> int:
        """The worker (and doorbell) that takes in commands."""
        return next(worker.index for worker in self.workers if worker.has(SEQUENCER))

    def plan_of(self, worker: str) -> WorkerPlan:
        """The plan of a worker, also of a gateway apart. Raises StopIteration when there is none of this name."""
        return next(plan for plan in [*self.workers, *self.apart] if plan.name == worker)

    def attach(self) -> tuple[Segment, VenueMemory]:
        """Attach to the venue's memory. Raises VenueNotRunningError."""
        try:
            return memory.attach(self.segment, self.sizes)
        except SegmentError as error:
            raise VenueNotRunningError(f"no venue runs in {self.data_directory}: {error}") from error

    def bell_name(self, index: int) -> str:
        """The name of the message queue that wakes the event loop of worker `index`."""
        return bell_name(self.segment, index)


def bell_name(segment: str, index: int) -> str:
    """The name of the message queue that wakes the event loop of worker `index` of the venue with this memory."""
    assert index >= 0, "a worker has a line of the table"
    assert segment.startswith("/"), "so begin names of queues and of shared memory"
    return f"{segment}-bell-{index}"


def run_directory(data_directory: Path) -> Path:
    """Where a running venue keeps what is valid only while it runs."""
    return data_directory / "run"


def file_of(data_directory: Path) -> Path:
    """What tells about the venue that runs in a data directory, while it does."""
    return run_directory(data_directory) / _FILE


def write(venue: Venue) -> None:
    """Make `venue` known in its data directory, and remember it there when it has stopped. Keys become fingerprints."""
    plans = [*venue.workers, *venue.apart]
    assert venue.path.is_absolute(), "every process means the same directory"
    assert [plan.index for plan in plans] == list(range(len(plans))), "every worker has a line of its own"
    assert len({plan.name for plan in plans}) == len(plans), "a worker is found by its name"
    assert 0 <= venue.control_ring < venue.sizes.rings, "the supervisor has a ring"
    run_directory(venue.path).mkdir(parents=True, exist_ok=True)
    described = msgspec.structs.replace(venue, configuration=sealed(venue.configuration))
    text = msgspec.json.format(msgspec.json.encode(described), indent=2)
    for path in (venue.path / _LAST_FILE, file_of(venue.path)):
        temporary = path.with_name(f"{path.name}.new")
        temporary.touch(_MODE)
        temporary.write_bytes(text)
        temporary.rename(path)


def read(data_directory: Path) -> Venue:
    """The venue of a data directory. Raises VenueNotRunningError, UnreadableVenueError."""
    path = file_of(data_directory)
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise VenueNotRunningError(
            f"no venue runs in {data_directory}; start one with: tradsys up --data-dir {data_directory}"
        ) from None
    return _decoded(path, text)


def last(data_directory: Path) -> Venue:
    """The venue that runs in a data directory, or ran there last. Raises VenueNotRunningError, UnreadableVenueError."""
    path = data_directory / _LAST_FILE
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise VenueNotRunningError(f"no venue has run in {data_directory}") from None
    # The directory may have been moved since then.
    return msgspec.structs.replace(_decoded(path, text), data_directory=str(data_directory))


def _decoded(path: Path, text: bytes) -> Venue:
    try:
        return msgspec.json.decode(text, type=Venue)
    except msgspec.DecodeError as error:
        raise UnreadableVenueError(
            f"{path} cannot be read ({error}): it is damaged, or another version of TradSys wrote it. While that venue "
            "runs, use the tradsys that started it; if none runs, start the venue as always (tradsys up), which writes "
            "the file anew. Journal and snapshots are not concerned"
        ) from error


def enter(program: str, description: str | None = None) -> tuple[Venue, WorkerPlan]:
    """What every worker does first: its venue and its plan, by the command line; pinned, and tied to its parent.

    Raises VenueNotRunningError.
    """
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--worker", required=True)
    arguments = parser.parse_args()
    process.die_with_parent()
    venue = read(arguments.data_dir)
    logs.begin(venue.logging, arguments.worker)
    plan = next(plan for plan in venue.workers if plan.name == arguments.worker)
    process.pin(plan.core)
    lock_memory_of(plan, venue.configuration.performance)
    return venue, plan


def remove(data_directory: Path) -> None:
    """The venue of a data directory has stopped."""
    file_of(data_directory).unlink(missing_ok=True)


def addresses(data_directory: Path, workers: str = f"{GATEWAY}-*") -> dict[str, str]:
    """URLs by the name of the worker, of gateways if nothing else is asked for, as the workers wrote them."""
    found = {}
    for path in sorted(run_directory(data_directory).glob(f"{workers}.address")):
        with suppress(FileNotFoundError):  # the venue has stopped meanwhile
            found[path.stem.removesuffix(".address")] = path.read_text().strip()
    return found


def write_address(data_directory: Path, worker: str, url: str) -> None:
    """Tell where a worker listens."""
    assert "://" in url, "a client can connect to it"
    assert "/" not in worker, "its name names a file"
    temporary = run_directory(data_directory) / f"{worker}.address.new"
    temporary.write_text(url + "\n")
    temporary.rename(run_directory(data_directory) / f"{worker}.address")
