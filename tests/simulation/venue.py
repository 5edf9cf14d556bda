"""The venue under simulation: its workers, its memory, and what it was seen to write to its log."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import numpy as np

from shm import broadcast
from tests.simulation.disk import CrashError, Disk
from tests.simulation.profile import Profile
from tests.simulation.scheduler import Scheduler
from tests.workers.stepped import KilledError, SteppedWorkers, journal_records
from tradsys.records import COMMAND
from workers import engine
from workers import memory as venue_memory
from workers.journal import JournalWriter, frames, last_sequence, writer
from workers.journal.frames import JournalState
from workers.journal.segments import list_segments, sequence_of
from workers.memory import JOURNALED, Sizes
from workers.progress import slowest_shard
from workers.recorder.needed import needed_by_history
from workers.snapshot.choice import Tell, open_log
from workers.snapshot.files import Heading
from workers.snapshot.housekeeping import clear_segments, prune_snapshots, snapshot_lock, unneeded_segments
from workers.snapshot.taking import NoSnapshotError, base_over, take_snapshot
from workers.standby import LappedError, Standby
from workers.topology import JOURNAL, SEQUENCER

SCRATCH_PREFIX = "tradsys-simulation-"


_TRIES = 20
"""So often clients are asked for something that is not durable yet: what they send may be refused."""


class SimulatedVenue(SteppedWorkers):
    """Workers that crash and come back, each over what is left."""

    def __init__(self, directory: Path, profile: Profile, scheduler: Scheduler, disk: Disk) -> None:
        options = dict(level=profile.level, segment_bytes=profile.segment_bytes)
        super().__init__(directory, profile.plans, profile.sizes, **options)
        self.profile = profile
        self.scheduler = scheduler
        self.disk = disk
        self.sequenced = np.zeros(0, COMMAND)
        """All that the sequencer has published, as far as it is not lost."""
        self.acknowledged = 0
        """The greatest log sequence of which anybody may have been told."""
        self._has_journal = False
        """Whether the journal has run over this memory. Before, nobody is told anything: gateways start last."""
        self.bases: list[int] = []
        """For each time the rings were new: the last log sequence before."""
        self.standby: Standby | None = None
        self._cleared: dict[str, bytes] = {}
        self.may_lack_snapshots = False
        """Whether a snapshot may be passed over: it was damaged, or the log that it was of is lost."""
        self.archive = directory / "archive"
        self.history_home = directory.parent
        """Not on the simulated disk: SQLite's own files are no concern of this simulator's."""
        self.when_segments_go: Callable[[], None] = lambda: None
        self.when_room_is_wanted: Callable[[], None] = lambda: None

    def recordable(self) -> int:
        """The last log sequence that the recorder may take for acknowledged."""
        return int(self.memory.control[JOURNALED])

    @property
    def is_lossy(self) -> bool:
        """Whether a loss of power may take what was acknowledged."""
        return self.profile.level == "memory"

    def observe(self) -> None:
        """Remember what has been published and what may have been acknowledged: to be called after every step."""
        log, known = self.memory.log, len(self.sequenced)
        last = int(broadcast.published(log))
        assert last - known <= len(log.slots), "too much has happened in one step"
        if last > known:
            numbers = np.arange(known + 1, last + 1) & (len(log.slots) - 1)
            self.sequenced = np.concatenate([self.sequenced, log.slots.view(np.ndarray)[numbers]])
        self._has_journal |= self.runs(JOURNAL)
        if self._has_journal:
            self.acknowledged = max(self.acknowledged, int(self.memory.control[JOURNALED]))

    # Life and death.

    def create(self) -> None:
        """New memory over the journal that there is. Raises JournalError."""
        base = last_sequence(self.directory, self.sizes.shards)
        self.memory = venue_memory.private(self.sizes, base)
        self._has_journal = False
        # A time of which the log knows nothing has not been.
        self.bases = [*(before for before in self.bases if before < base), base]

    def missing(self) -> str:
        """The first worker that does not run, in the order in which they start; empty when all do."""
        return next((plan.name for plan in self.description.workers if plan.name not in self.workers), "")

    def start_missing(self, killed_share: int) -> str:
        """Start a worker, or let the standby take its place; in so many of a hundred times it dies on the way."""
        name, dice = self.missing(), self.scheduler.dice
        followed = [plan.name for plan in self.description.workers if plan.is_followed]
        if name in followed and self.standby is not None and self.scheduler.happens(80):
            return self._let_standby_take_over(name, killed_share)
        dies = self.scheduler.happens(killed_share)
        beat, calls = (dice.choice([0, dice.randint(1, 6)]), dice.randint(0, 8)) if dies else (0, -1)
        if self.disk.fails:
            beat = dice.randint(1, 6)  # or it would wait until the disk is well, and nothing else would happen here
        self.disk.arm(calls)
        try:
            self.start(name, beat)
        except (KilledError, CrashError, OSError):
            return f"{name} died on the way"
        finally:
            self.disk.arm(-1)
        return name

    def _let_standby_take_over(self, name: str, killed_share: int) -> str:
        """It dies on the way when it has to wait for readers of events, in so many of a hundred times."""
        standby, dies = self.standby, self.scheduler.happens(killed_share)
        assert standby is not None
        self.standby = None

        def wait() -> None:
            if dies or self.disk.fails:
                raise KilledError
            self.journal.write()
            self.give_way()

        try:
            self.take_over(name, standby, wait)
        except (KilledError, LappedError) as error:
            return f"the standby fails: {type(error).__name__}"
        self.scheduler.count("takeovers by a standby")
        return f"the standby is {name} now"

    def stand_by(self) -> str:
        """A turn of the standby, or the beginning of a new one."""
        if self.standby is None:
            self.standby = Standby(self.memory, self.directory, 1, tell=self.passed_over)
            return "begins"
        try:
            return str(self.standby.step())
        except LappedError:
            self.standby = None
            self.scheduler.count("times that the standby was lapped")
            return "lapped"

    def start_all(self) -> None:
        """New memory and all workers, without anything going wrong. Raises JournalError."""
        self.create()
        while self.missing():
            self.start_missing(0)

    def make_room(self) -> None:
        self.when_room_is_wanted()

    def crash(self, name: str) -> None:
        with self.disk.dead():
            super().crash(name)

    def runs(self, agent: str) -> bool:
        """Whether the agent's worker is alive."""
        return any(worker.plan.has(agent) for worker in self.workers.values())

    def close(self) -> None:
        super().close()
        self.standby = None

    # Snapshots.

    def take_snapshot(self) -> str:
        """A snapshot of what is durable, by a process of its own, which may die on the way."""
        profile, dice = self.profile, self.scheduler.dice
        self.disk.arm(dice.randint(0, 12) if self.scheduler.happens(profile.killed_share) else -1)
        try:
            with snapshot_lock(self.directory):
                until = int(self.memory.control[JOURNALED])
                path = take_snapshot(self.directory, self.sizes, self.passed_over, until=until)
                slowest = min(slowest_shard(self.memory), needed_by_history(self.history_home, profile.has_recorder))
                needed = base_over(self.directory, self.sizes, path, slowest)
                prune_snapshots(self.directory, sequence_of(path), profile.snapshots_kept, 0, needed)
                self._remember_segments()
                if clear_segments(self.directory, profile.segments, self.archive, needed):
                    self.when_segments_go()
        except (NoSnapshotError, CrashError, OSError) as error:
            return type(error).__name__
        finally:
            self.disk.arm(-1)
        self.scheduler.count("snapshots")
        return path.stem

    def _remember_segments(self) -> None:
        """What is cleared away the checkers need all the same."""
        for path in unneeded_segments(self.directory):
            self._cleared[path.name] = path.read_bytes()

    def passed_over(self, text: str) -> None:
        """A start tells that it cannot use a snapshot."""
        assert self.may_lack_snapshots, f"nothing was wrong with the snapshots, and yet: {text}"
        self.scheduler.count("snapshots passed over")

    @contextmanager
    def whole_log(self) -> Iterator[Path]:
        """A directory with all segments that there have been, and no snapshots."""
        with TemporaryDirectory(prefix=SCRATCH_PREFIX, dir=self.disk.root.parent) as scratch:
            for name, content in self._cleared.items():
                (Path(scratch) / name).write_bytes(content)
            for path in list_segments(self.directory):
                shutil.copyfile(path, Path(scratch) / path.name)
            yield Path(scratch)

    def records(self) -> Any:
        """The whole log, with what was cleared away."""
        with self.whole_log() as directory:
            return journal_records(directory, self.sizes.shards)

    # Steps.

    def sequence(self) -> int:
        """A turn of the sequencer."""
        self.scheduler.pass_time()
        self.now_ns = self.scheduler.now_ns
        return self.worker_with(SEQUENCER).sequence(self.now_ns)

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Let the disk know what the journal's kernels sync."""
        sync = frames.sync_frames

        def synced(journal: JournalState) -> int:
            was_well = journal.words[frames.STATUS] != frames.FAILED
            count = int(sync(journal))
            if count and not self.is_lossy:
                self.disk.synced(int(journal.words[frames.DESCRIPTOR]))
            elif was_well and journal.words[frames.STATUS] == frames.FAILED:
                self.disk.not_synced(list_segments(self.directory)[-1])
            return count

        def written(journal: JournalState) -> int:
            frames.write_frame(journal)
            return synced(journal)

        def counted(directory: Path, sizes: Sizes, tell: Tell, fits: Callable[[Heading], bool]) -> Any:
            opened = open_log(directory, sizes, self.passed_over, fits)
            self.scheduler.count("starts from a snapshot", opened[0] is not None)
            return opened

        with (
            self.disk.attached(),
            mock.patch.object(engine, "open_log", counted),
            mock.patch.object(frames, "sync_frames", synced),
            mock.patch.object(frames, "write_journal", written),
            mock.patch.object(writer, "RETRY_NS", 0),
        ):
            yield

    @property
    def journal(self) -> JournalWriter:
        """The writer, which must run."""
        journal = self.worker_with(JOURNAL)._journal
        assert journal is not None
        return journal

    def write(self) -> int:
        """Half a turn of the journal: a frame is written, or what is written is synced."""
        journal = self.journal
        count = self.write_frame() or int(frames.sync_frames(journal.state))
        if not self.scheduler.happens(20):  # or the worker may die before it has come to that
            journal.attend()
        return count

    def write_frame(self) -> int:
        """The first half of a turn of the journal; gives the number of records written. No frame waits for its sync."""
        words = self.journal.state.words
        if words[frames.WRITTEN] != words[frames.DURABLE] or words[frames.STATUS] != frames.OK:
            return 0
        return int(frames.write_frame(self.journal.state))

    @property
    def has_unsynced(self) -> bool:
        """Whether a frame is written and not synced."""
        if not self.runs(JOURNAL):
            return False
        words = self.journal.state.words
        return bool(words[frames.WRITTEN] != words[frames.DURABLE])

    def leave_unsynced(self, send: Callable[[], object]) -> None:
        """Let there be something that is written and not synced; `send()` has a client say something."""
        while self.missing():
            self.start_missing(0)
        for _ in range(_TRIES):
            if self.has_unsynced:
                break
            send()
            self.sequence()
            self.observe()
            self.journal.attend()
            for shard in range(self.sizes.shards):
                self.match(shard)
            self.write_frame()

    def die_writing(self) -> str:
        """The journal's worker dies in the middle of what it does for a turn."""
        name = self.worker_with(JOURNAL).plan.name
        self.disk.arm(self.scheduler.dice.randint(0, 8))
        try:
            self.journal.write()
        except CrashError:
            pass
        finally:
            self.disk.arm(-1)
        self.crash(name)
        return name

    def lose(self, last: int) -> None:
        """The log was found to end at sequence `last`."""
        self.sequenced = self.sequenced[:last].copy()
        self.acknowledged = min(self.acknowledged, last)
