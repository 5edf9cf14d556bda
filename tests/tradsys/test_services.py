"""Services start after what they need and stop before it, whatever goes wrong on the way."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import pairwise

import pytest

from tradsys.configuration import Configuration
from tradsys.services import Health, InvalidTransitionError, Lifecycle, Registry, RegistryError, Report, Service, State
from workers.memory import PHASES


class Noted(Service):
    """Writes down what is done with it."""

    def __init__(self, name: str, needs: list[str], diary: list[tuple[str, str]], fails: str = "") -> None:
        super().__init__(name, needs)
        self.diary = diary
        self.fails = fails
        self.errors: list[Exception] = []

    def note(self, what: str) -> None:
        self.diary.append((what, self.name))
        if self.fails == what:
            raise RuntimeError(f"{self.name} cannot {what}")

    def start(self, report: Report) -> None:
        report(f"starting {self.name}")
        self.note("start")

    def drain(self) -> None:
        self.note("drain")

    def stop(self) -> None:
        self.note("stop")

    def health(self) -> Health:
        return Health("ill" if self.fails else "")

    def metrics(self) -> Mapping[str, float]:
        return {"starts": self.diary.count(("start", self.name))} if self.needs else {}

    def configure(self, configuration: Configuration) -> None:
        assert configuration.environment == "testing"
        self.note("configure")

    def handle_error(self, error: Exception) -> None:
        self.errors.append(error)


def done(diary: list[tuple[str, str]], what: str) -> list[str]:
    return [name for each, name in diary if each == what]


def test_services_start_after_what_they_need_and_stop_before_it(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(50):
        names = [f"service-{number}" for number in range(dice.randint(1, 12))]
        needs = {name: dice.sample(names[:place], dice.randint(0, place)) for place, name in enumerate(names)}
        diary: list[tuple[str, str]] = []
        services = [Noted(name, needs[name], diary) for name in names]
        dice.shuffle(services)
        registry = Registry(services)
        steps: list[str] = []
        registry.start(steps.append)
        started = done(diary, "start")
        assert steps == [f"starting {name}" for name in started]
        registry.stop()
        stopped = done(diary, "stop")
        assert sorted(started) == sorted(stopped) == sorted(names)
        for name in names:
            for need in needs[name]:
                assert started.index(need) < started.index(name)
                assert stopped.index(name) < stopped.index(need)
                assert diary.index(("stop", name)) < diary.index(("drain", need)), "what is needed takes in to the end"
            assert diary.index(("drain", name)) < diary.index(("stop", name))


def test_another_configuration_is_told_to_all_whatever_one_of_them_does_with_it() -> None:
    diary: list[tuple[str, str]] = []
    core = Noted("core", [], diary, fails="configure")
    Registry([Noted("edge", ["core"], diary), core]).configure(Configuration(environment="testing"))
    assert done(diary, "configure") == ["core", "edge"]
    assert [str(error) for error in core.errors] == ["core cannot configure"]


def test_those_that_nobody_needs_drain_together() -> None:
    diary: list[tuple[str, str]] = []
    Registry([Noted("core", [], diary), Noted("b", ["core"], diary), Noted("a", ["core"], diary)]).stop()
    assert diary == [("drain", "b"), ("drain", "a"), ("stop", "b"), ("stop", "a"), ("drain", "core"), ("stop", "core")]


def test_a_failed_start_stops_what_was_started_and_says_why() -> None:
    diary: list[tuple[str, str]] = []
    services = [
        Noted("core", [], diary),
        Noted("gateway", ["core"], diary, fails="start"),
        Noted("demo", ["gateway"], diary),
    ]
    with pytest.raises(RuntimeError, match="gateway cannot start"):
        Registry(services).start()
    assert done(diary, "start") == ["core", "gateway"]
    assert done(diary, "stop") == ["demo", "gateway", "core"]


@pytest.mark.parametrize("fails", ["drain", "stop"])
def test_one_that_fails_does_not_keep_others_from_going_on(fails: str) -> None:
    diary: list[tuple[str, str]] = []
    broken = Noted("broken", ["core"], diary, fails=fails)
    registry = Registry([Noted("core", [], diary), broken, Noted("other", ["core"], diary)])
    registry.start()
    registry.stop()
    assert done(diary, "stop") == ["broken", "other", "core"]
    assert [str(error) for error in broken.errors] == [f"broken cannot {fails}"]


def test_health_and_figures_are_told_by_name() -> None:
    diary: list[tuple[str, str]] = []
    registry = Registry([Noted("core", [], diary), Noted("gateway", ["core"], diary, fails="never")])
    registry.start()
    assert registry.health() == {"core": Health(), "gateway": Health("ill")}
    assert [health.is_well for health in registry.health().values()] == [True, False]
    assert registry.metrics() == {"gateway": {"starts": 1}}


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ({"a": ["b"], "b": ["c"], "c": ["a"]}, "services need each other: "),
        ({"a": ["a"]}, "services need each other: a → a"),
        ({"a": ["nobody"]}, "'a' needs 'nobody', which is no service here"),
    ],
)
def test_services_that_do_not_fit_together_are_refused(needs: dict[str, list[str]], words: str) -> None:
    with pytest.raises(RegistryError) as refused:
        Registry([Noted(name, wanted, []) for name, wanted in needs.items()])
    assert str(refused.value).startswith(words)


def test_a_circle_is_named_in_the_order_of_the_needs() -> None:
    needs = {"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}
    with pytest.raises(RegistryError) as refused:
        Registry([Noted(name, wanted, []) for name, wanted in needs.items()])
    circle = str(refused.value).removeprefix("services need each other: ").split(" → ")
    assert circle[0] == circle[-1]
    assert sorted(circle[1:]) == ["a", "b", "c"]
    assert all(following in needs[name] for name, following in pairwise(circle))


def test_a_name_is_given_once() -> None:
    with pytest.raises(RegistryError, match="two services are called 'a'"):
        Registry([Noted("a", [], []), Noted("a", [], [])])


def test_a_venue_goes_only_from_states_to_those_that_may_follow() -> None:
    entered: list[tuple[State, str]] = []
    venue = Lifecycle(lambda state, why: entered.append((state, why)))
    venue.enter(State.READY)
    venue.enter(State.READY)
    venue.enter(State.DEGRADED, "waiting for gateway-0")
    serving = [venue.takes_orders]
    venue.enter(State.READY)
    venue.enter(State.DRAINING)
    serving.append(venue.takes_orders)
    assert serving == [True, False]
    for state in (State.READY, State.FAILED, State.STARTING):
        with pytest.raises(InvalidTransitionError, match=f"draining cannot become {state}"):
            venue.enter(state)
    venue.enter(State.STOPPED)
    assert entered == [
        (State.READY, ""),
        (State.DEGRADED, "waiting for gateway-0"),
        (State.READY, ""),
        (State.DRAINING, ""),
        (State.STOPPED, ""),
    ]


def test_shared_memory_shows_every_state_of_a_venue_that_has_memory() -> None:
    assert set(PHASES) == set(State) - {State.STOPPED}
