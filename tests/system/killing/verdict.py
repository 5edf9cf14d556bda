"""The end of a venue's trial: at rest, stopped and started again it must be what its log and its clients say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.system.killing.checks import Checker, Told, check_fleeting, check_local, check_market
from tests.system.killing.crowd import Crowd
from tests.system.killing.market import FLEETING, TRADERS
from tests.system.killing.mortal import MortalVenue
from tests.system.killing.truth import Truth
from tests.workers.recorded_history import assert_history
from tradsys.cli.main import app
from tradsys.client import Client
from tradsys.records import EventKind
from tradsys.reference.messages import records_of
from workers import venue as venues
from workers.journal.reader import FAR
from workers.recorder.database import history_path
from workers.recorder.history import History
from workers.recorder.needed import progress
from workers.recorder.recorder import Recorder
from workers.replica import Replica

runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})


def assert_sound(venue: MortalVenue, crowd: Crowd) -> None:
    """Let the clients finish, stop the venue, check everything that they were told, start it again and check that."""
    _, told = assert_told_the_truth(venue, crowd)
    venue.start()
    for account, notes in told.items():
        assert notes.final is not None
        assert_unchanged(venue.directory, account, notes.final)
    audit(venue.directory)
    venue.stop()


def assert_told_the_truth(venue: MortalVenue, crowd: Crowd) -> tuple[Truth, dict[str, Told]]:
    """Let the clients finish, stop the venue, and check everything that they were told.

    Gives what the log says, and what each account was told.
    """
    crowd.finish()
    audit(venue.directory)
    venue.stop()
    truth = Truth(venue.directory)
    told = {account: Told(crowd.notes / f"{account}.notes") for account in (*TRADERS, FLEETING)}
    for account, notes in told.items():
        Checker(truth, account, notes).check()
    check_fleeting(told[FLEETING])
    check_market(truth, Told(crowd.notes / "watcher.notes"))
    check_local(truth, crowd.notes / "local.notes")
    if venue.description.configuration.history.enabled:
        check_history(truth, venue.directory)
    return truth, told


def check_history(truth: Truth, directory: Path) -> None:
    """What clients were told is in the history, and when the rest is recorded too, it is what the log says."""
    last, path = venues.last(directory), history_path(directory)
    events = [records_of(told) for told in truth.events]
    position = progress(directory).position
    for told in events:
        late = told[told["log_sequence"] > position]
        assert not np.isin(late["kind"], [EventKind.ACCEPTED, EventKind.TRADE]).any(), f"the history ends at {position}"
    history = History(path)
    recorder = Recorder(history, last.journal_directory, last.sizes, lambda: FAR, pytest.fail)
    while not recorder.has_begun or recorder.step(0):
        recorder.step(0)
    recorder.write()
    history.close()
    replica = Replica(last.sizes, last.journal_directory)
    replica.advance()
    assert_history(path, truth.records, events, replica.shards)


def audit(directory: Path) -> None:
    """`tradsys audit balances` finds everything as it must be, and the running venue as its log says."""
    result = runner.invoke(app, ["audit", "balances", "--json", "--data-dir", str(directory)])
    assert "Traceback" not in result.output
    found = json.loads(result.stdout.splitlines()[-1])
    assert (result.exit_code, found["differences"], found["busy"]) == (0, [], 0), found
    assert found["compared"] > 0


def assert_unchanged(directory: Path, account: str, final: dict[str, Any]) -> None:
    """After a new start every gateway tells the account's orders and balances as they were told in the end."""
    for url in venues.addresses(directory).values():
        with Client(url, f"{account}-key") as client:
            assert sorted(map(known, client.orders())) == sorted(map(known, final["orders"]))
            assert client.request("GET", "/v1/balances")["balances"] == final["balances"]


def known(order: dict[str, Any]) -> tuple[Any, ...]:
    """What a gateway knows of an open order whatever it has heard of it."""
    names = ("order_id", "client_order_id", "symbol", "side", "filled", "leaves", "status", "price")
    return tuple(order.get(name) for name in names)
