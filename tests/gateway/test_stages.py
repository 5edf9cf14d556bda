"""What a gateway takes the times of, and counts by reason."""

from __future__ import annotations

from gateway.stages import SAMPLED
from shm.histogram import summary
from tests.gateway.harness import running
from tests.gateway.test_rest import callers
from workers.memory import SAMPLING
from workers.stages import refusals, stages

EDGE = ("gateway", "publish", "answer")


async def test_the_times_of_one_order_in_sixteen_are_taken_from_its_checks_to_its_answer() -> None:
    async with running() as harness, callers(harness) as (alice, _, _):
        before = {name: summary(words)["count"] for name, words in stages(harness.memory).items()}
        for _ in range(2 * SAMPLED):
            await alice.place()
        told = {name: summary(words) for name, words in stages(harness.memory).items()}
        assert [told[name]["count"] - before[name] for name in EDGE] == [2, 2, 2]
        assert told["gateway"]["max"] <= told["answer"]["max"], "the answer comes after what is sent"
        harness.memory.control[SAMPLING] = -1
        for _ in range(2 * SAMPLED):
            await alice.place()
        assert summary(stages(harness.memory)["answer"])["count"] == told["answer"]["count"], "nobody wants them"


async def test_refusals_are_counted_by_their_reason() -> None:
    async with running() as harness, callers(harness) as (alice, bob, _):
        order = await alice.place(side="sell")
        body = {"symbol": "ACME", "side": "buy", "quantity": "10", "price": "100.00", "post_only": True}
        for _ in range(2):
            status, answer = await bob("POST", "/orders", json=body)
            assert (status, answer["error"]["code"]) == (409, "would_cross")
        await alice("DELETE", f"/orders/{order['order_id']}")
        assert {reason.name: count for reason, count in refusals(harness.memory).items()} == {"WOULD_CROSS": 2}
