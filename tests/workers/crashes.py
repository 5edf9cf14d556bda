"""Random steps of a stepped venue, with crashes between any two."""

from __future__ import annotations

import random

from shm import ring
from tests.workers.stepped import SteppedVenue, log_end, ring_heads
from tests.workers.traders import Traders


def crash_anywhere(venue: SteppedVenue, dice: random.Random, turns: int, *, crashes: bool = True) -> int:
    """`turns` random steps of everything, then peace; gives how many crashes there were, if there were to be any."""
    traders = Traders(venue, dice.randrange(1 << 32))
    names = [plan.name for plan in venue.description.workers]
    shards = venue.sizes.shards
    count = 0
    for _ in range(turns):
        step = dice.randrange(100 if crashes else 94)
        if step < 30:
            venue.submit(traders.next(dice.randint(1, 12)), dice.randrange(len(venue.ports)))
        elif step < 50:
            venue.sequence()
        elif step < 65:
            venue.write()
        elif step < 85:
            venue.match(dice.randrange(shards))
        elif step < 94:
            venue.read()
        elif step < 96:
            port = dice.randrange(len(venue.ports))
            heads, end = ring_heads(venue.memory), log_end(venue.memory)
            venue.sequence()
            if log_end(venue.memory) > end:
                venue.memory.gateways[port].header[ring.HEAD] = heads[port]
            venue.restart(venue.worker_with("sequencer").plan.name)
            count += 1
        elif step < 99:
            venue.restart(dice.choice(names))
            count += 1
        else:
            venue.restart_cold()
            count += 1
    venue.settle()
    return count
