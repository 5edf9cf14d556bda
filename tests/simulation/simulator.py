"""A whole venue under one seed: first with faults, then in peace, and checked throughout."""

from __future__ import annotations

import tempfile
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.factories import define_account, define_symbol
from tests.simulation import profile as profiles
from tests.simulation.checkers import check_books, check_money, check_rest
from tests.simulation.clients import Client, Desk
from tests.simulation.disk import Disk
from tests.simulation.faults import Faults
from tests.simulation.readers import Reader
from tests.simulation.recording import Recording
from tests.simulation.scheduler import Scheduler, Step
from tests.simulation.venue import SCRATCH_PREFIX, SimulatedVenue
from tests.workers.settled_venue import SETTLED_SYMBOLS, limits, money
from tests.workers.stepped import ACCOUNTS, SYMBOLS
from workers.topology import JOURNAL, SEQUENCER

_ROUNDS_MAX = 2000
"""In peace a venue that has not come to rest after so many rounds never will."""
_MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Outcome:
    """Of one run. `failure`: what was found, None when all was as it must be. `trace`: the last steps."""

    seed: int
    digest: str
    counts: Counter[str]
    profile: str
    trace: list[str]
    failure: str | None


class Simulator:
    """One run."""

    def __init__(self, seed: int, directory: Path, venue: type[SimulatedVenue] = SimulatedVenue) -> None:
        self.scheduler = Scheduler(seed)
        self.dice = self.scheduler.dice
        self.profile = profiles.draw(self.dice)
        self.disk = Disk(directory, self.scheduler)
        self.venue = venue(directory, self.profile, self.scheduler, self.disk)
        numbers = range(self.profile.clients)
        self.readers = [
            Reader(self.venue, number, self.scheduler.happens(self.profile.gating_share)) for number in numbers
        ]
        self.readers.append(Reader(self.venue, self.profile.clients, True))
        with_ids = SETTLED_SYMBOLS if self.profile.is_settled else ()
        self.clients: list[Client] = [Client(reader, self.scheduler, with_ids) for reader in self.readers[:-1]]
        self.desk = Desk(self.readers[-1], self.scheduler, ())
        self.venue.when_room_is_wanted = self._read_everywhere
        self.recording = Recording(self.venue, self.scheduler)
        self.venue.when_segments_go = self.recording.forget
        self.rounds_max = 0
        self.faults = Faults(self.venue, self.disk, self.everybody, self.recording, self.scheduler)

    def outcome(self, failure: str | None) -> Outcome:
        scheduler = self.scheduler
        return Outcome(
            seed=scheduler.seed,
            digest=scheduler.digest,
            counts=scheduler.counts,
            profile=str(self.profile),
            trace=list(scheduler.trace),
            failure=failure,
        )

    @property
    def everybody(self) -> list[Client]:
        return [*self.clients, self.desk]

    def run(self) -> None:
        """Raises whatever is found."""
        self.scheduler.note(str(self.profile))
        self.venue.create()
        self._peace()
        self._define()
        for _ in range(self.profile.steps):
            self.scheduler.run(self._steps())
            self.venue.observe()
        self._peace()
        self.recording.finish()
        check_rest(self.venue, self.readers, self.everybody, self.recording)
        self.scheduler.note_bytes(self.venue.sequenced.tobytes())
        self.scheduler.count("records", len(self.venue.sequenced))
        self.scheduler.count("times that a reader was lapped", sum(reader.times_lapped for reader in self.readers))

    def _define(self) -> None:
        """Accounts and symbols, and money and limits where the seed wants them."""
        wanted = [define_account(number) for number in range(1, ACCOUNTS + 1)]
        wanted += [define_symbol(number) for number in range(1, SYMBOLS + 1)]
        wanted += money() if self.profile.is_settled else []
        wanted += limits() if self.profile.has_limits else []
        for command in wanted:
            while not self.desk.send(command):
                self._round()
        self._peace()
        self.disk.sync_all()  # or, at level memory, the venue could forget what its clients rely on

    # Steps.

    def _steps(self) -> list[Step]:
        """What may happen next."""
        venue, weights = self.venue, dict(self.profile.weights)
        missing = venue.missing()
        if missing:
            weights["crash of all"] //= 4
        runs = {name: venue.runs(agent) for name, agent in (("sequencer", SEQUENCER), ("journal", JOURNAL))}
        steps = [
            Step("client", weights["clients"], lambda: self.dice.choice(self.clients).act()),
            Step("desk", weights["desk"] * self.profile.is_settled, self.desk.act),
            Step("sequencer", weights["sequencer"] * runs["sequencer"], venue.sequence),
            Step("journal", weights["journal"] * runs["journal"], venue.write),
            Step("matcher", weights["matchers"], self._match),
            Step("reader", weights["readers"], self._read),
            Step("start", weights["start"] * bool(missing), self._start),
            Step("clock", weights["clock"], self.scheduler.jump),
            Step("crash", weights["crash of a worker"] * bool(venue.workers), self.faults.crash_one),
            Step("crash of all", weights["crash of all"], self.faults.crash_all),
            Step("crash writing", weights["crash while journaling"] * runs["journal"], self.faults.crash_writing),
            Step("gateway", weights["loss of a gateway"], self.faults.lose_gateway),
            Step("snapshot", weights["snapshot"], venue.take_snapshot),
            Step("standby", weights["standby"], venue.stand_by),
            Step("recorder", weights["recorder"], self.recording.act),
            Step("crash of the recorder", weights["crash of the recorder"], self.recording.crash),
            Step(
                "disk fails",
                weights["failure of the disk"] * (runs["journal"] and not self.disk.fails),
                self.faults.break_disk,
            ),
            Step("disk heals", weights["start"] * self.disk.fails, self.faults.heal),
        ]
        return steps

    def _read_everywhere(self) -> None:
        for client in self.everybody:
            if client.reader.is_open:
                client.read()

    def _match(self) -> str:
        shard = self.dice.randrange(self.profile.sizes.shards)
        count = self.venue.match(shard) if self.venue.runs(f"matcher-{shard}") else 0
        return f"shard {shard}, {count}"

    def _read(self) -> str:
        client = self.dice.choice(self.everybody)
        return f"port {client.reader.number}, {client.read()}"

    def _start(self, in_peace: bool = False) -> str:
        name = self.venue.start_missing(0 if in_peace else self.profile.killed_share)
        if not self.venue.missing():
            check_money(self.venue)
            check_books(self.venue)
            for client in self.everybody:
                if not client.reader.is_open:
                    client.reconnect()
        return name

    # Peace.

    def _round(self) -> int:
        """One turn of everybody, in any order, without faults; gives the work done."""
        venue, work = self.venue, 0
        if venue.missing():
            self._start(in_peace=True)
            venue.observe()
            return 1
        turns = [venue.sequence, venue.write, self.recording.step, *(client.read for client in self.everybody)]
        turns += [lambda shard=shard: venue.match(shard) for shard in range(self.profile.sizes.shards)]  # type: ignore[misc]
        self.dice.shuffle(turns)
        for turn in turns:
            work += turn()
            venue.observe()
        return work + len(venue.sequenced) - venue.acknowledged

    def _peace(self) -> None:
        """Until nothing more happens. Everything sent is answered then."""
        self.faults.heal()
        idle = rounds = 0
        while idle < 3:
            rounds += 1
            assert rounds < _ROUNDS_MAX, "the venue does not come to rest"
            idle = 0 if self._round() else idle + 1
        self.rounds_max = max(self.rounds_max, rounds)
        for client in self.everybody:
            assert not client.waiting, f"port {client.reader.number} waits in vain for {list(client.waiting)}"


def simulate(seed: int, venue: type[SimulatedVenue] = SimulatedVenue) -> Outcome:
    """Run one seed. Never raises for what it finds."""
    place = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix=SCRATCH_PREFIX, dir=place) as directory:
        home = Path(directory).resolve() / "venue"
        home.mkdir()
        simulator = Simulator(seed, home, venue)
        failure = None
        with simulator.venue.attached():
            try:
                simulator.run()
            except Exception:
                failure = traceback.format_exc()
            finally:
                simulator.venue.close()
                simulator.recording.crash()
                for reader in simulator.readers:
                    reader.close()
        simulator.disk.close()
    return simulator.outcome(failure)
