"""When readings become alarms, look by look."""

from __future__ import annotations

import pytest

from tradsys.configuration.monitoring import Threshold, Thresholds
from workers.monitoring import alarms
from workers.monitoring.alarms import Alarm, judge_one
from workers.monitoring.probes import PROBES

PERCENT = Threshold(enter=90, leave=80, looks=2)
ROOM = Threshold(enter=3, leave=5, looks=1)


def states(threshold: Threshold, values: list[int | None]) -> str:
    """Whether the alarm is on after each of the values: + or -."""
    alarm, told = Alarm(), ""
    for value in values:
        alarm = judge_one(value, threshold, alarm)
        told += "+" if alarm.is_on else "-"
    return told


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([90, 90, 90], "-++"),
        ([89, 89, 89], "---"),
        ([95, 10, 95, 95], "---+"),  # one look alone is no alarm
        ([95, 95, 85, 85, 85], "-++++"),  # between the bounds everything stays as it is
        ([95, 95, 80, 81, 80, 80], "-++++-"),
        ([95, 95, 0, 0, 85, 85], "-++---"),
        ([95, None, 95, 95], "---+"),  # what cannot be read speaks for nothing
        ([95, 95, None, None], "-+++"),
    ],
)
def test_an_alarm_begins_and_ends_at_bounds_of_its_own_after_so_many_looks(
    values: list[int | None], expected: str
) -> None:
    assert states(PERCENT, values) == expected


def test_where_less_is_worse_the_alarm_begins_below() -> None:
    assert states(ROOM, [9, 4, 3, 4, 5, 4]) == "--++--"


def test_every_probe_has_a_threshold_and_every_threshold_a_probe() -> None:
    assert [probe.name for probe in PROBES] == list(Thresholds.__struct_fields__)


def test_all_alarms_are_judged_each_by_its_own_threshold() -> None:
    fine = {probe.name: None if probe.name != "disk_segments" else 100 for probe in PROBES}
    now = alarms.judge({**fine, "imbalance": 1, "disk_segments": 2}, Thresholds(), alarms.begin())
    assert [name for name, alarm in now.items() if alarm.is_on] == ["imbalance"]
    now = alarms.judge({**fine, "imbalance": 0, "disk_segments": 2}, Thresholds(), now)
    assert [name for name, alarm in now.items() if alarm.is_on] == ["disk_segments"]
