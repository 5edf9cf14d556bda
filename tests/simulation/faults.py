"""What goes wrong, each at a moment that the scheduler draws: processes, power, disks, bits and gateways."""

from __future__ import annotations

import errno
import os
from typing import Any

from tests.simulation.checkers import check_log
from tests.simulation.clients import Client
from tests.simulation.disk import Disk
from tests.simulation.flips import Flip, flip_any
from tests.simulation.operator import back_up, cut, restore
from tests.simulation.recording import Recording
from tests.simulation.scheduler import Scheduler
from tests.simulation.venue import SimulatedVenue
from workers.journal import JournalError, frames
from workers.journal.segments import list_segments
from workers.snapshot.files import list_snapshots

_FULL = {"no room": ("/dev/full", os.O_RDWR), "read only": ("/dev/full", os.O_RDONLY)}
"""What the journal's descriptor may lead to: here nothing can be written."""
_GONE = {"gone": ("/dev/null", os.O_RDWR), "not synced": ("/dev/null", os.O_RDWR)}
"""And here what is written cannot be synced; whoever never syncs does not notice."""


_UNSYNCED_PERCENT = 97
"""Of the losses of power: so many strike when there is something that is not durable yet."""


class Faults:
    """Steps that a venue must survive. Each says in a few words what it did."""

    def __init__(
        self, venue: SimulatedVenue, disk: Disk, clients: list[Client], recording: Recording, scheduler: Scheduler
    ) -> None:
        self._venue = venue
        self._disk = disk
        self._clients = clients
        self._recording = recording
        self._scheduler = scheduler
        self._dice = scheduler.dice

    # Processes.

    def crash_one(self) -> str:
        """A worker is gone."""
        name = self._dice.choice(list(self._venue.workers))
        self._venue.crash(name)
        self._scheduler.count("crashes of a worker")
        return name

    def crash_writing(self) -> str:
        """The journal's worker dies in the middle of what it does for a turn."""
        self._scheduler.count("crashes while journaling")
        return self._venue.die_writing()

    def lose_gateway(self) -> str:
        """A gateway dies with all that its clients wait for, and comes back."""
        client = self._dice.choice(self._clients)
        if client.reader.is_open:
            client.reader.close()
            client.reader.open()
            self._scheduler.count("losses of a gateway")
        return str(client.reader.number)

    # Everything at once.

    def crash_all(self) -> str:
        """Every process is gone, and the memory with them; perhaps the power too, or some bits."""
        venue = self._venue
        self.heal()
        loses_power = self._scheduler.happens(venue.profile.power_share)
        if loses_power and self._scheduler.happens(_UNSYNCED_PERCENT):
            venue.leave_unsynced(self._some_client)
            self._recording.catch_up()
        self._end_all()
        if not loses_power:
            self._scheduler.count("crashes of all")
            told, last = "memory", self._read_log(False)
        else:
            changed = self._disk.lose_power()
            self._recording.lose_power()
            self._scheduler.count("losses of power")
            self._scheduler.count("losses of power that changed files", changed > 0)
            venue.may_lack_snapshots |= venue.is_lossy
            told, last = f"power, {changed} files changed", self._read_log(venue.is_lossy)
        venue.lose(last)
        for client in self._clients:
            client.lose(last)
        if self._scheduler.happens(venue.profile.flip_share):
            told += f", {self._flip_at_rest()}"
        venue.create()
        return f"{told}, the log ends at {last}"

    def _some_client(self) -> None:
        """One of them hears what there is, and sends."""
        client = self._dice.choice(self._clients)
        if client.reader.is_open:
            client.read()
        client.act()

    def _end_all(self) -> None:
        self._venue.close()
        self._recording.crash()
        for client in self._clients:
            client.reader.close()

    def _read_log(self, may_be_cut: bool) -> int:
        """Where the log ends; where it may be damaged, an operator cuts it off."""
        while True:
            try:
                return check_log(self._venue, may_be_cut)
            except JournalError as error:
                if not may_be_cut:
                    raise
                cut(self._venue.directory, error)
                self._disk.sync_all()
                self._scheduler.count("journals cut off by hand")

    # Bits.

    def _flip_at_rest(self) -> str:
        """A bit flips on disk. A start goes by another snapshot, or it is refused, and then the files are mended."""
        directory = self._venue.directory
        snapshots = list_snapshots(directory)
        if len(snapshots) > 1 and not self._venue.may_lack_snapshots:
            flip_any(self._dice, snapshots[-1])
            self._venue.may_lack_snapshots = True
            self._scheduler.count("bits flipped in snapshots")
            return f"a bit of {snapshots[-1].name}"
        backup, before = back_up(directory), self._venue.records()
        if self._venue.profile.segments == "keep":
            for path in snapshots:
                path.unlink()  # or nobody would look at what is before them
        found = Flip.draw(self._dice, list_segments(directory), len(before), list_snapshots(directory))
        if found is None:
            return "nothing to flip"
        found.flip()
        self._scheduler.count("bits flipped at rest")
        bases, lack = self._venue.bases, self._venue.may_lack_snapshots
        self._venue.may_lack_snapshots = True
        try:
            self._venue.start_all()
        except JournalError as error:
            found.assert_told(error)
            told = "refused"
        else:
            self._assert_taken_for_torn(found, before)
            told = "taken for a torn tail"
        self._end_all()
        self._venue.bases, self._venue.may_lack_snapshots = bases, lack
        restore(directory, backup)
        self._disk.sync_all()
        self._scheduler.count(f"flips that were {told}")
        return f"{found}: {told}"

    def _assert_taken_for_torn(self, flip: Flip, before: Any) -> None:
        """The last frame cannot be told from one that was half written; it is cut off, and nothing else."""
        assert flip.is_in_last_frame, f"{flip} was not noticed"
        whole = flip.sequence - 1
        assert self._venue.records()[:whole].tobytes() == before[:whole].tobytes(), f"{flip} has changed the log"

    # Disks.

    def break_disk(self) -> str:
        """The journal's disk fails from now on, until heal()."""
        kinds = _FULL if self._venue.is_lossy else {**_FULL, **_GONE}
        kind = self._dice.choice([*kinds, "nothing can be made"])
        self._scheduler.count("failures of the disk")
        if kind == "not synced":
            self._venue.write_frame()
        if kind in kinds:
            descriptor = os.open(*kinds[kind])
            os.dup2(descriptor, int(self._venue.journal.state.words[frames.DESCRIPTOR]))
            os.close(descriptor)
        self._disk.fail(self._dice.choice([errno.EIO, errno.ENOSPC]))
        return kind

    def heal(self) -> str | None:
        """The disk is well again."""
        self._disk.fail(0)
        return None
