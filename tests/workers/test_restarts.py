from __future__ import annotations

from workers.restarts import RestartLimits, Restarts

SECOND = 1_000_000_000


def test_each_restart_waits_longer_than_the_one_before() -> None:
    restarts = Restarts(RestartLimits())
    assert [restarts.next_delay_ns(0) for _ in range(4)] == [0, SECOND // 10, SECOND // 5, 3 * SECOND // 10]


def test_too_many_restarts_in_the_window_are_refused() -> None:
    restarts = Restarts(RestartLimits(restarts=3, window_ns=60 * SECOND))
    assert all(restarts.next_delay_ns(number * SECOND) is not None for number in range(3))
    assert restarts.next_delay_ns(59 * SECOND) is None


def test_restarts_outside_the_window_are_forgotten() -> None:
    restarts = Restarts(RestartLimits(restarts=3, window_ns=60 * SECOND))
    for number in range(3):
        restarts.next_delay_ns(number * SECOND)
    assert restarts.next_delay_ns(62 * SECOND) == SECOND // 10


def test_no_wait_is_longer_than_the_longest() -> None:
    restarts = Restarts(RestartLimits(restarts=100, step_ns=SECOND, delay_ns_max=5 * SECOND))
    assert max(restarts.next_delay_ns(0) or 0 for _ in range(50)) == 5 * SECOND
