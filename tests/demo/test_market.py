from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tests.factories import symbol
from tradsys.demo.market import Instrument


@given(seed=st.integers(), start=st.integers(-100, 2000))
def test_the_fair_price_stays_away_from_the_ends_of_the_range(seed: int, start: int) -> None:
    instrument = Instrument(symbol(), random.Random(seed), start)
    for _ in range(200):
        instrument.step()
        assert 1 + 249 <= instrument.fair_ticks <= 1000 - 249


def test_the_same_seed_walks_the_same_way(seed: int) -> None:
    one, two = (Instrument(symbol(highest_ticks=10**6, reference_ticks=10**5), random.Random(seed)) for _ in range(2))
    walked = set()
    for _ in range(100):
        one.step()
        two.step()
        assert one.fair_ticks == two.fair_ticks
        walked.add(one.fair_ticks)
    assert len(walked) > 10


def test_prices_are_kept_within_the_range_and_quantities_whole() -> None:
    instrument = Instrument(symbol(), random.Random(1))
    assert instrument.price(5000) == "10.00"
    assert instrument.price(-5) == "0.01"
    assert {instrument.quantity(2) for _ in range(50)} == {"10", "20"}


def test_an_instrument_starts_at_the_last_trade() -> None:
    view = {
        "symbol": "ACME",
        "tick_size": "0.05",
        "lot_size": "1",
        "lowest_price": "0.05",
        "highest_price": "999.95",
        "reference_price": "400.00",
    }
    assert Instrument.from_view(view, random.Random(1), None).fair_ticks == 8000
    assert Instrument.from_view(view, random.Random(1), "402.00").fair_ticks == 8040
