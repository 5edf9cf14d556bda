"""`tradsys failover`: the standby takes another worker's place, on purpose."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, attached, friendly_errors, print_json
from tradsys.cli.operator import AsJson
from tradsys.errors import InfrastructureError, OperatingError

if TYPE_CHECKING:
    from workers.memory import VenueMemory
    from workers.topology import WorkerPlan
    from workers.venue import Venue

_PATIENCE_SECONDS = 10.0
_NAP_SECONDS = 0.001


class NoStandbyError(OperatingError, InfrastructureError):
    """The venue has no standby, or it is not ready."""

    CODE = "standby_unavailable"


def failover(
    worker: Annotated[
        str | None, typer.Argument(help="Whose place it takes: the engine's, in the sharded topology the sequencer's.")
    ] = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Let the standby take a worker's place: as when that dies, nothing acknowledged is lost.

    Afterwards a new standby is started. Exit status 1 when there is none that is ready.
    """
    with friendly_errors():
        import msgspec

        with attached(data_dir) as (venue, memory):
            told = _hand_over(venue, memory, worker)
        if as_json:
            print_json(msgspec.json.encode(told))
        else:
            from rich.console import Console

            Console().print(
                f"process {told['to']} is the {told['worker']} now, in the place of {told['from']}; "
                f"nobody was for {told['milliseconds']} ms",
                highlight=False,
            )


def _hand_over(venue: Venue, memory: VenueMemory, worker: str | None) -> dict[str, float | str]:
    """Ask the supervisor, and wait until the standby serves. Raises NoStandbyError."""
    from workers.memory import FAILOVER, PID, READY, STATE

    standby = memory.line(_standby(venue).index)
    plan = _followed(venue, worker)
    line = memory.line(plan.index)
    if int(standby[STATE]) != READY:
        raise NoStandbyError("the standby does not know the state yet; tradsys status tells when it is ready")
    before = int(line[PID])
    memory.control[FAILOVER] = plan.index + 1
    deadline = time.monotonic() + _PATIENCE_SECONDS
    gone_ns = 0
    while int(line[PID]) == before or int(line[STATE]) != READY:
        if not gone_ns and int(line[STATE]) != READY:
            gone_ns = time.monotonic_ns()
        if time.monotonic() > deadline:
            raise NoStandbyError(f"nobody has taken its place within {_PATIENCE_SECONDS:g} s; see the log")
        time.sleep(_NAP_SECONDS)
    milliseconds = (time.monotonic_ns() - gone_ns) / 1e6 if gone_ns else 0.0
    return {"worker": plan.name, "from": before, "to": int(line[PID]), "milliseconds": round(milliseconds, 1)}


def _followed(venue: Venue, name: str | None) -> WorkerPlan:
    if name is None:
        return venue.workers[venue.sequencer_index]
    followed = {plan.name: plan for plan in venue.workers if plan.is_followed}
    if name not in followed:
        raise NoStandbyError(f"no standby takes the place of {name}, but of {', '.join(followed)}")
    return followed[name]


def _standby(venue: Venue) -> WorkerPlan:
    for plan in venue.workers:
        if plan.is_standby:
            return plan
    raise NoStandbyError("this venue runs without a standby; set topology.standby to true and start it anew")
