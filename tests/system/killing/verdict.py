"""The end of a venue's trial: at rest, stopped and started again it must be what its log and its clients say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from tests.system.killing.checks import Checker, Told, check_fleeting, check_local, check_market
from tests.system.killing.crowd import Crowd
from tests.system.killing.market import FLEETING, TRADERS
from tests.system.killing.mortal import MortalVenue
from tests.system.killing.truth import Truth
from tradsys.cli.main import app
from tradsys.client import Client
from workers import venue as venues

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
    return truth, told


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
