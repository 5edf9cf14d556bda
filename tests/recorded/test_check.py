from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.recorded.replay import replay
from tests.recorded.test_sse import DAY, write
from tradsys.reasons import Reason
from tradsys.recorded.check import DIFFERENCES_KEPT, Check, Result
from tradsys.recorded.sse import Day, read_day
from tradsys.records import EventKind


@pytest.fixture
def day(tmp_path: Path) -> Day:
    """A small day with every kind of execution."""
    return read_day(write(tmp_path / "x.csv", DAY))


def check(day: Day, *batches: Any) -> Result:
    """The result of feeding these batches of events."""
    checker = Check(day)
    for batch in batches:
        checker.feed(batch)
    return checker.result()


def place(events: Any, kind: EventKind, which: int = 0) -> int:
    """Where in `events` the which-th of a kind stands."""
    return int(np.flatnonzero(events["kind"] == kind)[which])


def change(of: EventKind, which: int, **fields: int) -> Callable[[Any], Any]:
    def apply(events: Any) -> Any:
        at = place(events, of, which)
        for name, value in fields.items():
            events[name][at] = value
        return events

    return apply


def drop(kind: EventKind, which: int) -> Callable[[Any], Any]:
    return lambda events: np.delete(events, place(events, kind, which))


def double(kind: EventKind, which: int) -> Callable[[Any], Any]:
    def apply(events: Any) -> Any:
        at = place(events, kind, which)
        return np.insert(events, at, events[at])

    return apply


def test_events_may_come_in_any_batches(day: Day) -> None:
    events = replay(day)
    whole = check(day, events)
    assert whole.exact
    assert check(day, *(events[i : i + 1] for i in range(len(events)))) == whole


def test_the_check_keeps_no_view_of_what_it_was_fed(day: Day) -> None:
    events = replay(day)
    checker = Check(day)
    checker.feed(events)
    events["quantity_lots"] = 0
    assert checker.result().exact


@pytest.mark.parametrize(
    ("spoil", "counter", "line", "subject", "expected", "actual"),
    [
        (change(EventKind.TRADE, 1, quantity_lots=3), "aggressive_exact", 8, "order 4, trade 1 of 2",
         "4 at 102 with order 3", "3 at 102 with order 3"),
        (drop(EventKind.TRADE, 2), "trades_exact", 9, "order 4, trade 2 of 2", "1 at 103 with order 6", "nothing"),
        (double(EventKind.TRADE, 2), "aggressive_exact", 10, "order 4, trade 3 of 2", "nothing",
         "1 at 103 with order 6"),
        (change(EventKind.CANCELLED, 0, quantity_lots=2), "cancels_exact", 11,
         "cancel of order 7, quantity taken out", "3", "2"),
        (drop(EventKind.CANCELLED, 0), "cancels_exact", 11, "cancel of order 7, quantity taken out", "3", "nothing"),
        (change(EventKind.STATE, 1, price_ticks=102), "auctions_exact", 4, "auction", "5 at 101", "5 at 102"),
        (change(EventKind.TRADE, 0, quantity_lots=4), "auction_pairs_exact", 4, "auction pair 1 of 1",
         "5 at 101, buyer 1, seller 2", "4 at 101, buyer 1, seller 2"),
        (drop(EventKind.STATE, 3), "auctions_exact", 13, "auction before CLOSED", "1 pairs", "no auction"),
        (change(EventKind.RESTED, 0, quantity_lots=1), "aggressive_exact", 8, "order 4, what went into the book",
         "2", "1"),
    ],
)  # fmt: skip
def test_a_difference_is_counted_and_shown_with_both_sides(
    day: Day, spoil: Callable[[Any], Any], counter: str, line: int, subject: str, expected: str, actual: str
) -> None:
    result = check(day, spoil(replay(day)))
    assert not result.exact
    assert getattr(result.counters, counter) == getattr(result.counters, counter.removesuffix("_exact")) - 1
    (found,) = [one for one in result.differences if one.subject == subject]
    assert (found.line, found.expected, found.actual) == (line, expected, actual)


def test_an_order_accepted_twice_or_refused_is_a_difference(day: Day) -> None:
    events = replay(day)
    assert "accepted 2 times" in {one.actual for one in check(day, double(EventKind.ACCEPTED, 0)(events)).differences}
    refused = change(EventKind.ACCEPTED, 0, kind=EventKind.REJECTED, reason=Reason.PRICE_OUT_OF_RANGE)(events)
    assert "refused: PRICE_OUT_OF_RANGE" in {one.actual for one in check(day, refused).differences}


def test_a_book_shown_crossed_is_counted(day: Day) -> None:
    """Order 7 offers at 105; told as an offer at 103, it stands against the bid of order 4 at 104."""
    crossed = change(EventKind.ACCEPTED, 4, price_ticks=103)(replay(day))
    result = check(day, crossed)
    assert result.counters.crossed_books == 1
    assert not result.exact


def test_only_the_first_ten_differences_are_kept_in_the_order_of_the_file(day: Day) -> None:
    result = check(day, replay(day)[:0])
    assert result.differences_found > DIFFERENCES_KEPT
    assert len(result.differences) == DIFFERENCES_KEPT
    assert result.differences == sorted(result.differences)


def test_counters_of_several_days_add_up(day: Day) -> None:
    counters = check(day, replay(day)).counters
    assert (counters + counters).as_dict() == {name: 2 * value for name, value in counters.as_dict().items()}
