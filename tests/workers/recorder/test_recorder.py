"""The history is what the log says, each record once, whenever the recorder begins, ends or dies."""

from __future__ import annotations

from tests.workers.recorder.conftest import Recorded


def test_the_history_is_that_of_the_log(recorded: Recorded) -> None:
    for _ in range(10):
        recorded.trade()
        recorded.record()
        recorded.assert_right()
    assert recorded.told == []
