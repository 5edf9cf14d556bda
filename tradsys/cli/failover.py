"""`tradsys failover`: the standby takes the engine's place, on purpose."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

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


def failover(data_dir: DataDirectory = DEFAULT_DIRECTORY, as_json: AsJson = False) -> None:
    """Let the standby take the engine's place: as when the engine dies, nothing acknowledged is lost.

    Afterwards a new standby is started. Exit status 1 when there is none that is ready.
    """
    with friendly_errors():
        import msgspec

        with attached(data_dir) as (venue, memory):
            told = _hand_over(venue, memory)
        if as_json:
            print_json(msgspec.json.encode(told))
        else:
            from rich.console import Console

            Console().print(
                f"process {told['to']} is the engine now, in the place of {told['from']}; "
                f"it took no orders for {told['milliseconds']} ms",
                highlight=False,
            )


def _hand_over(venue: Venue, memory: VenueMemory) -> dict[str, float]:
    """Ask the supervisor, and wait until the standby serves. Raises NoStandbyError."""
    from workers.memory import FAILOVER, PID, READY, STATE

    engine = memory.line(venue.sequencer_index)
    standby = memory.line(_standby(venue).index)
    if int(standby[STATE]) != READY:
        raise NoStandbyError("the standby does not know the state yet; tradsys status tells when it is ready")
    before = int(engine[PID])
    memory.control[FAILOVER] = 1
    deadline = time.monotonic() + _PATIENCE_SECONDS
    gone_ns = 0
    while int(engine[PID]) == before or int(engine[STATE]) != READY:
        if not gone_ns and int(engine[STATE]) != READY:
            gone_ns = time.monotonic_ns()
        if time.monotonic() > deadline:
            raise NoStandbyError(f"nothing has taken the engine's place within {_PATIENCE_SECONDS:g} s; see the log")
        time.sleep(_NAP_SECONDS)
    milliseconds = (time.monotonic_ns() - gone_ns) / 1e6 if gone_ns else 0.0
    return {"from": before, "to": int(engine[PID]), "milliseconds": round(milliseconds, 1)}


def _standby(venue: Venue) -> WorkerPlan:
    for plan in venue.workers:
        if plan.is_standby:
            return plan
    raise NoStandbyError("this venue runs without a standby; set topology.standby to true and start it anew")
