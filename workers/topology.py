"""Which agents run in which process, on which core, and how they wait when there is nothing to do."""

from __future__ import annotations

import os
from typing import Literal

import msgspec

from tradsys.configuration import Configuration
from workers.memory import WORKERS_MAX, Sizes

SEQUENCER, JOURNAL, GATEWAY, MATCHER, STANDBY = "sequencer", "journal", "gateway", "matcher", "standby"
SHARDED_CORES_MIN = 8
"""From this many cores on, "auto" gives every matcher a core of its own."""

Idle = Literal["spin", "yield", "backoff", "park", "event loop"]


class WorkerPlan(msgspec.Struct, frozen=True):
    """One process of the venue. `index` is its line in the shared worker table and its doorbell."""

    index: int
    name: str
    agents: list[str]
    core: int | None
    idle: Idle

    def shards(self) -> list[int]:
        """The shards that this worker matches."""
        prefix = f"{MATCHER}-"
        return [int(agent.removeprefix(prefix)) for agent in self.agents if agent.startswith(prefix)]

    def has(self, agent: str) -> bool:
        """Whether the agent of this name runs here."""
        return agent in self.agents

    @property
    def is_core(self) -> bool:
        """Whether the venue takes no orders without this worker."""
        return self.has(SEQUENCER) or self.has(JOURNAL) or bool(self.shards())

    @property
    def is_followed(self) -> bool:
        """Whether a standby can take this worker's place: all that it knows follows from the log."""
        return self.is_core and not self.has(JOURNAL)

    @property
    def is_standby(self) -> bool:
        """Whether this worker waits to take the place of another one."""
        return self.has(STANDBY)

    @property
    def is_gateway(self) -> bool:
        """Whether this worker is an edge process with an event loop."""
        return self.name.startswith(GATEWAY)


def usable_cores() -> list[int]:
    """The cores that this process may run on."""
    cores = sorted(os.sched_getaffinity(0))
    assert cores, "this process runs on a core"
    return cores


def sizes(configuration: Configuration) -> Sizes:
    """The shared memory that a configuration asks for."""
    pools = configuration.pools
    return Sizes(
        shards=configuration.topology.shards,
        rings=configuration.gateway.count + configuration.gateway.spare_rings + 1,
        symbols_max=pools.symbols_max,
        accounts_max=pools.accounts_max,
        orders_per_shard=pools.orders_per_shard,
        level_pages_per_shard=pools.level_pages_per_shard,
        directory_entries_per_shard=pools.directory_entries_per_shard,
        log_ring=configuration.rings.log,
        event_ring=configuration.rings.events,
        gateway_ring=configuration.rings.gateway,
        assets_max=pools.assets_max,
        positions_max=pools.positions_max,
        postings_max=pools.postings_max,
        limit_rows_max=pools.limit_rows_max,
        groups_max=pools.groups_max,
        recent_client_ids=pools.recent_client_ids,
        ledgers=2 if configuration.topology.standby else 1,
    )


def control_ring(configuration: Configuration) -> int:
    """The ring of the supervisor's own commands: the one after the gateways', before those of tools."""
    return configuration.gateway.count


def plan(configuration: Configuration, cores: list[int]) -> list[WorkerPlan]:
    """The workers of a venue on these cores; the core's before gateways. What each one needs: see workers.staff."""
    assert cores, "the venue runs somewhere"
    topology = configuration.topology
    kind = topology.kind
    if kind == "auto":
        kind = "sharded" if len(cores) >= SHARDED_CORES_MIN and not topology.standby else "compact"
    matchers = [f"{MATCHER}-{shard}" for shard in range(topology.shards)]
    gateways = [[f"{GATEWAY}-{number}"] for number in range(configuration.gateway.count)]
    if kind == "sharded":
        core_workers = [("journal", [JOURNAL]), ("sequencer", [SEQUENCER])]
        core_workers += [(matcher, [matcher]) for matcher in matchers]
    elif configuration.journal.level == "memory" and not topology.standby:
        # Writing to the page cache is quicker than handing over to another process. Which a standby needs: the journal
        # goes on when the engine dies.
        core_workers = [("engine", [SEQUENCER, JOURNAL, *matchers])]
    else:
        # An fdatasync must not stop the matching.
        core_workers = [("journal", [JOURNAL]), ("engine", [SEQUENCER, *matchers])]
    spare = list(reversed(cores))  # the first core is where interrupts and everybody else's programs tend to be
    workers = []
    for index, (name, agents) in enumerate(core_workers):
        # The journal, which sleeps in the disk, shares a core with the gateways.
        own_core = spare[(index if name != "journal" else len(core_workers)) % len(spare)]
        if kind == "compact":
            own_core = spare[0] if name == "engine" else spare[-1]
        workers.append(_worker(index, name, agents, own_core, configuration, kind, len(cores), len(core_workers)))
    if topology.standby:
        own_core = spare[-1] if kind == "compact" else spare[0]
        workers.append(WorkerPlan(len(workers), STANDBY, [STANDBY], own_core if topology.pin else None, "park"))
    for number, agents in enumerate(gateways):
        index = len(workers)
        edge = spare[len(core_workers) :] or spare[-1:]
        core = edge[number % len(edge)]
        workers.append(WorkerPlan(index, agents[0], agents, core if topology.pin else None, "event loop"))
    assert [worker.index for worker in workers] == list(range(len(workers))), "every worker has a line of its own"
    assert len(workers) <= WORKERS_MAX, "the table has a line for every worker"
    assert len({worker.name for worker in workers}) == len(workers), "every worker has a name of its own"
    assert sum(worker.has(SEQUENCER) for worker in workers) == 1, "the log has one writer"
    assert sum(worker.has(JOURNAL) for worker in workers) == 1, "the log is written to disk once"
    assert sorted(shard for worker in workers for shard in worker.shards()) == list(range(topology.shards)), (
        "every shard has one matcher"
    )
    return workers


def gateways_apart(configuration: Configuration, first: int) -> list[WorkerPlan]:
    """The gateways as services of their own, whose service manager says where they run; lines from `first` on."""
    assert first > 0, "the core's lines come first"
    numbers = range(configuration.gateway.count)
    return [
        WorkerPlan(first + number, f"{GATEWAY}-{number}", [f"{GATEWAY}-{number}"], None, "event loop")
        for number in numbers
    ]


def _worker(
    index: int,
    name: str,
    agents: list[str],
    core: int,
    configuration: Configuration,
    kind: str,
    cores: int,
    core_workers: int,
) -> WorkerPlan:
    assert agents, "a worker has something to do"
    topology = configuration.topology
    idle: Idle
    if topology.idle != "auto":
        idle = topology.idle
    elif name == "journal" or cores <= core_workers:
        idle = "park"  # more workers than cores: whoever spins keeps another from running
    else:
        idle = "backoff" if kind == "compact" else "spin"
    return WorkerPlan(index, name, agents, core if topology.pin else None, idle)
