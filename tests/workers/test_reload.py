"""Files that change under a venue: what counts, what is told, and what a mistake in them does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.conftest import Logged
from tradsys.configuration import Configuration, Origin
from tradsys.configuration.changes import Change
from workers.definitions import RefusedDefinitionError
from workers.filewatch import FileWatch
from workers.reload import Reload

SECOND_NS = 1_000_000_000


class Venue:
    """A file, a reload of it, and what core and subscribers were told."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "mine.yaml"
        self.write({"accounts": []})
        self.defined: list[Configuration] = []
        self.told: list[tuple[Configuration, list[Change]]] = []
        self.refusal: Exception | None = None
        self.reload = Reload(Origin("testing", self.file, {}).read(), self._define)
        self.reload.subscribe(lambda configuration, found: self.told.append((configuration, found)))

    def write(self, content: object) -> None:
        self.file.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")

    def changed(self, content: object) -> list[str]:
        self.write(content)
        return [change.path for change in self.reload.reload()]

    def _define(self, configuration: Configuration) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.defined.append(configuration)


@pytest.fixture
def venue(tmp_path: Path) -> Venue:
    return Venue(tmp_path)


def test_subscribers_are_told_what_changed_after_the_core_has_it(venue: Venue) -> None:
    content = {"accounts": [{"name": "zoe"}], "logging": {"level": "error"}, "clock": {"tick_ms": 1}}
    assert venue.changed(content) == ["clock.tick_ms", "logging.level", "accounts[zoe]"]
    (defined,) = venue.defined
    assert [entry.name for entry in defined.accounts] == ["zoe"]
    ((counting, found),) = venue.told
    assert (counting.clock.tick_ms, counting.logging.level) == (50, "error")
    assert [change.when for change in found] == ["restart", "live", "core"]


def test_what_needs_a_restart_is_named_until_there_is_one(venue: Venue) -> None:
    content = {"accounts": [], "clock": {"tick_ms": 1}}
    assert venue.changed(content) == ["clock.tick_ms"]
    assert venue.changed(content | {"logging": {"level": "error"}}) == ["clock.tick_ms", "logging.level"]
    assert venue.defined == [], "nothing of this concerns the core"


def test_mistakes_change_nothing_and_are_all_told(venue: Venue, logged: Logged) -> None:
    assert venue.changed({"accounts": [{"name": "zoe"}], "logging": {"level": "loud"}, "x": 1}) == []
    assert venue.changed("accounts: [") == []
    assert (venue.defined, venue.told) == ([], [])
    first, second = logged.lines("configuration")
    assert [line["level"] for line in (first, second)] == ["error", "error"]
    assert [mistake.split(" ")[0] for mistake in first["mistakes"]] == ["x", "logging.level"]
    assert "not valid YAML" in second["mistakes"][0]
    assert venue.changed({"accounts": []}) == []


def test_the_log_names_what_counts_and_what_needs_a_restart_and_no_key(venue: Venue, logged: Logged) -> None:
    accounts = [{"name": "zoe", "keys": ["zoe-key"], "group": 1}]
    venue.changed({"accounts": accounts, "clock": {"tick_ms": 1}})
    venue.changed({"accounts": [{"name": "zoe", "keys": ["other-key"], "group": 2}]})
    told = [(line["event"], line["changes"]) for line in logged.lines("configuration")]
    assert told == [
        ("the configuration was read again", ['accounts[zoe]: not there -> {"name":"zoe","group":1}']),
        ("changes that count with the next start", ["clock.tick_ms: 50 -> 1"]),
        ("the configuration was read again", ["accounts[zoe].keys: [redacted] -> [redacted]"]),
        ("the log's word stays, whatever the configuration says", ["accounts[zoe].group: 1 -> 2"]),
    ]


def test_what_the_core_refuses_does_not_count_and_is_tried_again(venue: Venue) -> None:
    venue.refusal = RefusedDefinitionError("no room")
    assert venue.changed({"accounts": [{"name": "zoe"}]}) == []
    assert venue.told == []
    venue.refusal = None
    assert venue.changed({"accounts": [{"name": "zoe"}]}) == ["accounts[zoe]"]


def test_what_has_room_only_after_a_restart_is_a_mistake_before(venue: Venue) -> None:
    accounts = [{"name": f"a{number}"} for number in range(65)]
    assert venue.changed({"accounts": accounts, "pools": {"accounts_max": 65}}) == []
    assert venue.told == []


def test_the_files_are_read_when_they_have_changed_or_somebody_asks(venue: Venue) -> None:
    now = iter(range(0, 100 * SECOND_NS, SECOND_NS))
    assert not any(venue.reload.due(next(now)) for _ in range(3))
    venue.reload.ask()
    assert [venue.reload.due(next(now)) for _ in range(2)] == [True, False]
    venue.write({"accounts": [{"name": "zoe"}]})
    assert [venue.reload.due(next(now)) for _ in range(3)] == [False, True, False]


def test_a_file_that_is_still_being_written_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "file"
    watch = FileWatch([file])
    looks = []
    for second, act in enumerate(_writing(file)):
        act()
        looks.append(watch.changed(second * SECOND_NS))
    assert looks == [False, False, False, True, False]


def _writing(file: Path) -> list[Callable[[], object]]:
    def nothing() -> None:
        pass

    return [nothing, lambda: file.write_text("a"), lambda: file.write_text("a: 1"), nothing, nothing]


def test_files_are_looked_at_once_a_second(tmp_path: Path) -> None:
    watch = FileWatch([tmp_path / "file"], looks=1)
    assert not watch.changed(0)
    (tmp_path / "file").write_text("a")
    assert [watch.changed(now) for now in (1, SECOND_NS - 1, SECOND_NS, 2 * SECOND_NS)] == [False, False, True, False]
