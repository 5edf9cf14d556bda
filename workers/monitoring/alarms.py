"""When a reading becomes an alarm, and when it is over: thresholds with hysteresis, without a clock of their own."""

from __future__ import annotations

from typing import NamedTuple

from tradsys.configuration.monitoring import Threshold, Thresholds
from workers.monitoring.probes import PROBES, Readings


class Alarm(NamedTuple):
    """`looks`: how many looks in a row have spoken for the other state."""

    is_on: bool = False
    looks: int = 0


Alarms = dict[str, Alarm]
"""By the name of the probe."""


def begin() -> Alarms:
    """No alarm at all."""
    return {probe.name: Alarm() for probe in PROBES}


def judge(readings: Readings, thresholds: Thresholds, before: Alarms) -> Alarms:
    """The alarms after one more look."""
    assert readings.keys() == before.keys(), "every alarm has its reading, and every reading its alarm"
    assert before.keys() == set(thresholds.__struct_fields__), "every probe has its thresholds"
    return {name: judge_one(readings[name], getattr(thresholds, name), alarm) for name, alarm in before.items()}


def judge_one(value: int | None, threshold: Threshold, before: Alarm) -> Alarm:
    """One alarm after one more look. What could not be read speaks for no change."""
    assert before.looks >= 0, "looks are counted from 0"
    assert threshold.looks >= 1, "no alarm begins or ends without a look"
    if value is None:
        return Alarm(before.is_on)
    if not _speaks_for_change(value, threshold, is_on=before.is_on):
        return Alarm(before.is_on)
    looks = before.looks + 1
    return Alarm(not before.is_on) if looks >= threshold.looks else Alarm(before.is_on, looks)


def _speaks_for_change(value: int, threshold: Threshold, *, is_on: bool) -> bool:
    assert threshold.enter != threshold.leave, "no reading speaks both for an alarm and for its end"
    more_is_worse = threshold.enter > threshold.leave
    if is_on:
        return value <= threshold.leave if more_is_worse else value >= threshold.leave
    return value >= threshold.enter if more_is_worse else value <= threshold.enter
