"""Files that change under a venue: what counts, what is told, and what a mistake in them does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
import pytest
import yaml

from tests.conftest import Logged
from tests.workers.running import until
from tradsys.configuration import Configuration, Origin
from tradsys.configuration.changes import Change
from workers.definitions import RefusedDefinitionError
from workers.filewatch import FileWatch
from workers.reload import Reload

SECOND_NS = 1_000_000_000


class Venue:
    """A file, a reload of it, and what core and subscribers were told."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None) -> None:
        self.file = folder / "mine.yaml"
        self.write({"accounts": []})
        self.defined: list[Configuration] = []
        self.told: list[tuple[Configuration, list[Change]]] = []
        self.refusal: Exception | None = None
        self.reload = Reload(Origin("testing", self.file, environ or {}).read(), self._define)
        self.reload.subscribe(lambda configuration, found: self.told.append((configuration, found)))

    def write(self, content: object) -> None:
        self.file.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")

    def changed(self, content: object) -> list[str]:
        """Paths of what differs, when the file with this content has been read."""
        self.write(content)
        self.reload.ask()
        assert self.reload.begin_due(0)
        return [change.path for change in self.adopted()]

    def reads(self, now_ns: int) -> bool:
        """Whether the files are read at this time; then they have been."""
        begun = self.reload.begin_due(now_ns)
        if begun:
            self.adopted()
        return begun

    def adopted(self) -> list[Change]:
        """What differs, when what is being read has been read."""
        found: list[list[Change]] = []

        def is_adopted() -> bool:
            changes = self.reload.adopt_read()
            found.extend([] if changes is None else [changes])
            return bool(found)

        until(is_adopted, "the files to be read")
        return found[0]

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


def test_what_variables_and_credentials_say_is_named_because_it_stays(tmp_path: Path, logged: Logged) -> None:
    (tmp_path / "zoe").write_text("hidden-key")
    variables = {"TRADSYS__GATEWAY__PORT": "9002", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    venue = Venue(tmp_path, variables)
    assert venue.changed({"gateway": {"port": 1}, "accounts": [{"name": "zoe", "keys": ["secret:zoe"]}]})
    (line,) = [line for line in logged.lines("configuration") if "variables" in line]
    assert line["variables"] == ["gateway.port (TRADSYS__GATEWAY__PORT)"]
    assert line["from_systemd"] == ["zoe"]
    assert "hidden-key" not in str(logged.lines())


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
    assert not any(venue.reads(next(now)) for _ in range(3))
    assert venue.reload.adopt_read() is None
    venue.reload.ask()
    assert [venue.reads(next(now)) for _ in range(2)] == [True, False]
    venue.write({"accounts": [{"name": "zoe"}]})
    assert [venue.reads(next(now)) for _ in range(3)] == [False, True, False]


def test_what_is_asked_for_while_files_are_read_is_done_afterwards(venue: Venue) -> None:
    venue.write({"accounts": [{"name": "zoe"}]})
    venue.reload.ask()
    assert venue.reload.begin_due(0)
    venue.write({"accounts": [{"name": "zoe"}, {"name": "yan"}]})
    venue.reload.ask()
    assert not venue.reload.begin_due(0)
    venue.adopted()
    assert venue.reads(0)
    assert [entry.name for entry in venue.told[-1][0].accounts] == ["zoe", "yan"]


def test_a_reader_that_is_killed_changes_nothing_and_is_told(venue: Venue, logged: Logged) -> None:
    venue.file.unlink()
    os.mkfifo(venue.file)  # a file that nobody gets to the end of
    venue.reload.ask()
    assert venue.reload.begin_due(0)
    (reader,) = psutil.Process().children()
    reader.kill()
    assert venue.adopted() == []
    assert venue.told == []
    (line,) = logged.lines("configuration")
    assert (line["level"], line["event"]) == ("error", "the configuration cannot be read; nothing changes")
    assert "status -9" in line["why"]
    venue.file.unlink()
    assert venue.changed({"accounts": [{"name": "zoe"}]}) == ["accounts[zoe]"]


def test_a_reader_that_cannot_be_started_is_tried_again(
    venue: Venue, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue.write({"accounts": [{"name": "zoe"}]})
    venue.reload.ask()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", "/nowhere/python")
        assert not venue.reload.begin_due(0)
    assert "trying again" in logged.lines("configuration")[0]["event"]
    assert venue.reload.begin_due(0)
    assert [change.path for change in venue.adopted()] == ["accounts[zoe]"]


def test_a_reader_that_is_not_done_does_not_outlive_the_venue(venue: Venue) -> None:
    venue.file.unlink()
    os.mkfifo(venue.file)
    venue.reload.ask()
    assert venue.reload.begin_due(0)
    venue.reload.close()
    assert psutil.Process().children() == []


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
