"""Deterministic simulation: a whole venue under one seed, with everything going wrong that may.

One process, one scheduler: every step, every fault, the clock and what a loss of power leaves on disk are drawn from
the seed. So a seed that finds something finds it again:

    python -m tests.simulation SEED          one seed: its profile, its last steps, and what it found
    python -m tests.simulation FIRST COUNT   many, and how often what happened

`make test` runs some hundred seeds, others each time; `make soak` ten thousand (TRADSYS_SEED is the first one,
TRADSYS_SIMULATION_SEEDS the number).

How to read a failing seed. The profile says what is unusual about its venue (rings of 64, three shards, power lost
often). The last lines are steps, oldest first, with what came of them; the assertion at the end says what should have
been true then. What broke it is mostly within the last dozen steps, and mostly a crash between two things that belong
together. Scheduler.TRACE_LINES gives more of them; to look closer, put a breakpoint into Simulator.run at a step.

    scheduler    chance, the clock, the trace       profile    what a seed is about
    disk         what a loss of power leaves        venue      the workers, stepped one by one
    readers      events, as a gateway takes them    clients    who send, repeat, and remember
    recording    orders and trades, in SQL          faults     what goes wrong
    operator     who mends what is damaged          checkers   what must be true
    canaries     planted faults, which must be found
"""
