from __future__ import annotations

import numpy as np
import pytest

from bench import flows
from bench.shapes import CENTRE_TICKS, DEEP, SHAPES, generate
from tests.recorded.replay import opened, send
from tradsys.records import EventKind, MarketState

NAMES = [*SHAPES, DEEP]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_flow_and_another_seed_another(name: str, seed: int) -> None:
    flow = generate(name, 5_000, seed)
    assert flow.dtype == flows.MESSAGE
    assert len(flow) == 5_000
    assert np.array_equal(flow, generate(name, 5_000, seed))
    assert not np.array_equal(flow, generate(name, 5_000, seed + 1))


@pytest.mark.parametrize("name", NAMES)
def test_every_message_is_sound(name: str, seed: int) -> None:
    flow = generate(name, 20_000, seed)
    assert np.array_equal(flow["sequence"], np.arange(len(flow)))
    assert flow["quantity"].min() >= 1
    assert flow["price_ticks"].min() > 0
    new = flow[flow["type"] == flows.NEW]
    assert len(np.unique(new["order_id"])) == len(new)
    assert not flow["ioc"][flow["type"] != flows.NEW].any()
    first = dict(zip(new["order_id"].tolist(), new["sequence"].tolist(), strict=True))
    later = flow[flow["type"] != flows.NEW]
    assert all(first[order] < sequence for order, sequence in later[["order_id", "sequence"]].tolist())


@pytest.mark.parametrize(("name", "range_ticks"), [("static", 1_500), ("normal", 2_000), ("flash-crash", 38_000)])
def test_prices_range_as_the_scenario_says(name: str, range_ticks: int, seed: int) -> None:
    prices = generate(name, 200_000, seed)["price_ticks"]
    assert 0.9 * range_ticks < int(prices.max()) - int(prices.min()) < 1.1 * range_ticks


def test_the_mix_of_messages_is_that_of_the_recorded_scenario(seed: int) -> None:
    """Of 1,996,097 recorded messages 1,000,000 are new (150,234 immediate), 823,422 cancels, 172,675 modifies."""
    flow = generate("normal", 200_000, seed)
    shares = np.bincount(flow["type"]) / len(flow)
    assert shares == pytest.approx(np.array([1_000_000, 823_422, 172_675]) / 1_996_097, abs=0.01)
    assert flow["ioc"].sum() / len(flow) == pytest.approx(150_234 / 1_996_097, abs=0.01)


def test_the_deep_book_only_fills_and_churns(seed: int) -> None:
    flow = generate(DEEP, 8_000, seed)
    venue = opened(1, 2 * CENTRE_TICKS, CENTRE_TICKS, MarketState.CONTINUOUS)
    kinds = send(venue, flows.commands_of(flow))["kind"]
    assert set(kinds.tolist()) == {EventKind.ACCEPTED, EventKind.CANCELLED, EventKind.AMENDED}
    assert len(venue.orders) == pytest.approx(4_000, abs=100)
