"""Records that are no orders' business: what a gateway makes of the answers to them."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.results import Recorded
from shm import ring
from shm.arena import new_array
from tests import factories
from tests.gateway.harness import GATEWAY_RING, Harness, configuration
from tradsys.errors import TradingError
from tradsys.reasons import Reason
from tradsys.records import COMMAND, Kind, details
from tradsys.risk.terms import Scope
from tradsys.symbols import Account


@pytest.fixture
def harness() -> Harness:
    """A venue of two shards whose gateway is stepped by hand."""
    return Harness(configuration(topology={"shards": 2}))


def answer_to(harness: Harness, **changed: Any) -> Any:
    """What the gateway answers to a schedule of fees that has other fields by the time it is sequenced."""
    answers: list[Any] = []
    harness.edge.entry.send(details(Kind.FEES), answers.append)
    gateway, record = harness.memory.gateways[GATEWAY_RING], new_array(COMMAND, 1)
    request = int(gateway.header[ring.HEAD])
    assert ring.pop(gateway, record)
    for name, value in changed.items():
        record[name] = value
    harness.engine.execute(record, GATEWAY_RING, request)
    harness.edge.pump()
    (answer,) = answers
    assert harness.edge.entry.waiting == 0
    return answer


def test_a_record_is_answered_by_the_shard_that_says_that_it_stands(harness: Harness) -> None:
    assert answer_to(harness) == Recorded(str(len(harness.engine.log)))


def test_an_account_is_told_of_by_the_first_shard_alone(harness: Harness) -> None:
    answers: list[Any] = []
    harness.edge.entry.send(Account(4, "dave").definition(), answers.append)
    harness.turn()
    assert answers == [Recorded(str(len(harness.engine.log)))]
    assert harness.edge.service.accounts.named("dave").id == 4


def test_a_refusal_by_the_sequencer_comes_from_one_shard_only(harness: Harness) -> None:
    refusal = answer_to(harness, reason=Reason.UNKNOWN_ACCOUNT)
    assert isinstance(refusal, TradingError)
    assert refusal.code == "unknown_account"


def test_a_kill_switch_is_answered_by_every_shard(harness: Harness) -> None:
    harness.send(factories.buy(9000, symbol=1), factories.buy(6_000_000, symbol=2))
    live = sum(len(harness.edge.state.orders.of_account(account)) for account in (1, 2, 3))
    assert answer_to(harness, kind=Kind.KILL, side=Scope.VENUE, order_type=1) == Recorded(
        str(len(harness.engine.log)), live
    )
    assert live > 0


class Listener:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)

    def flush(self) -> None:
        pass


def test_a_refused_record_that_is_no_order_is_no_execution_report(harness: Harness) -> None:
    listener = Listener()
    harness.edge.channels.follow_orders(listener, 1)
    # Where an order has its account a schedule of fees has a rate.
    harness.send(factories.ledger_record(Kind.FEES, maker_rate=1, reason=Reason.INVALID_FEES))
    assert listener.frames == []
    harness.send(factories.buy(500, account=1, reason=Reason.UNKNOWN_ACCOUNT))
    assert len(listener.frames) == 1
