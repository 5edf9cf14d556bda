from __future__ import annotations

import logging

import pytest
from structlog.contextvars import bound_contextvars

from tests.conftest import Logged
from tradsys.logging import logger, tell_repetitions
from tradsys.logging.repetition import ALIKE_MAX, INTERVAL_SECONDS, KINDS_MAX, Kind, Repetitions


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """The decision alone: lines in, and counts out."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.counts: list[tuple[str, int, float]] = []
        self.repetitions = Repetitions(
            lambda kind, count, seconds: self.counts.append((kind.event, count, seconds)), self.clock
        )

    def admits(self, event: str, level: int = logging.ERROR, *, worker: str = "", **fields: object) -> bool:
        return self.repetitions.admits(Kind("x", level, event, "", worker), fields)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_line_is_told_once_in_an_interval_and_then_how_often_it_came(bench: Bench) -> None:
    told = [bench.admits("killing", pid=7) for _ in range(42)]
    assert told == [True] + [False] * 41
    bench.clock.now += INTERVAL_SECONDS - 0.1
    bench.repetitions.end_old()
    assert bench.counts == []
    bench.clock.now += 0.1
    bench.repetitions.end_old()
    assert [(event, count, round(seconds)) for event, count, seconds in bench.counts] == [("killing", 41, 10)]
    assert bench.admits("killing", pid=7), "a new interval"


def test_a_count_needs_no_further_line_of_its_kind(bench: Bench) -> None:
    bench.admits("a")
    bench.admits("a")
    bench.clock.now += INTERVAL_SECONDS
    assert bench.admits("b")
    assert [count[:2] for count in bench.counts] == [("a", 1)]


def test_lines_alike_are_told_until_there_are_too_many(bench: Bench) -> None:
    assert [bench.admits("refused", why=number) for number in range(ALIKE_MAX + 5)] == [True] * ALIKE_MAX + [False] * 5
    bench.repetitions.end_all()
    assert [count[:2] for count in bench.counts] == [("refused", 5)]


def test_lines_about_different_workers_and_events_do_not_count_as_one(bench: Bench) -> None:
    assert bench.admits("killing", worker="gateway-0")
    assert bench.admits("killing", worker="gateway-1")
    assert bench.admits("restarting", worker="gateway-0")
    assert bench.admits("killing", logging.WARNING, worker="gateway-0")


def test_information_is_told_again_unless_there_is_too_much_of_it(bench: Bench) -> None:
    told = [bench.admits("ready", logging.INFO) for _ in range(ALIKE_MAX + 1)]
    assert told == [True] * ALIKE_MAX + [False]


def test_what_is_asked_for_by_the_level_debug_is_all_told(bench: Bench) -> None:
    assert all(bench.admits("detail", logging.DEBUG) for _ in range(1000))


def test_memory_is_bounded_and_no_count_is_lost(bench: Bench) -> None:
    for number in range(3 * KINDS_MAX):
        assert bench.admits(f"event {number}")
        assert not bench.admits(f"event {number}")
    assert len(bench.repetitions._intervals) == KINDS_MAX
    bench.repetitions.end_all()
    assert len(bench.counts) == 3 * KINDS_MAX


def _passing(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of this process's log."""
    from tradsys.logging import setup

    clock = Clock()
    monkeypatch.setattr(setup._repetitions, "_clock", clock)
    return clock


def test_the_log_tells_the_count_in_words_and_as_a_number(logged: Logged, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _passing(monkeypatch)
    for _ in range(42):
        logger("supervisor").error("killing a worker", worker="gateway-0", code="x")
    clock.now += 10
    tell_repetitions()
    first, count = logged.lines()
    assert (first["event"], first["worker"]) == ("killing a worker", "gateway-0")
    assert count["event"] == "killing a worker … and 41 more in 10 s"
    assert (count["repeated"], count["worker"], count["code"]) == (41, "gateway-0", "x")
    assert (count["level"], count["logger"]) == ("error", "supervisor")


def test_lines_of_libraries_are_counted_too(logged: Logged, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _passing(monkeypatch)
    for _ in range(3):
        logging.getLogger("library").warning("slow %s", "client")
    clock.now += 10
    tell_repetitions()
    assert [line["event"] for line in logged.lines()] == ["slow client", "slow %s … and 2 more in 10 s"]


def test_another_exception_is_another_line(logged: Logged) -> None:
    for text in ("first", "first", "second"):
        try:
            raise RuntimeError(text)
        except RuntimeError:
            logger("x").exception("failed")
    assert [line["exception"][0]["exc_value"] for line in logged.lines()] == ["first", "second"]


def test_of_many_requests_that_fail_alike_a_few_are_told(logged: Logged) -> None:
    for number in range(2 * ALIKE_MAX):
        with bound_contextvars(request_id=f"r-{number}"):
            logger("x").warning("the same")
    assert [line["request_id"] for line in logged.lines()] == [f"r-{number}" for number in range(ALIKE_MAX)]
