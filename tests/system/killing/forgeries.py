"""Lies in a client's notes, each of which the checks must notice: or they would notice nothing else either."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tests.system.killing.checks import Checker, Told
from tests.system.killing.truth import Truth


def assert_noticed(truth: Truth, account: str, told: Told) -> None:
    """None of these lies passes the checks of an account's notes, which are true."""
    lies = (_lost, _doubled, _other_fill, _refused_but_there, _skipped, _repeated, _other_end, _other_money)
    unnoticed = [forge.__name__ for forge in lies if not is_noticed(truth, account, told, forge)]
    assert not unnoticed


def is_noticed(truth: Truth, account: str, told: Told, forge: Callable[[Told], None]) -> bool:
    """Whether the checks find a lie."""
    forged = copy.deepcopy(told)
    forge(forged)
    try:
        Checker(truth, account, forged).check()
    except AssertionError:
        return True
    return False


def _answered(told: Told, op: str, holds: Callable[[Any], bool] = lambda result: True) -> int:
    """A request of the operation that was acknowledged."""
    return next(ask for ask, _ in told.asks(op) if ask in told.results and holds(told.results[ask]))


def _lost(told: Told) -> None:
    """An acknowledged order is not in the log."""
    ask = _answered(told, "place")
    told.asked[ask]["client_order_id"] = 1 << 40


def _doubled(told: Told) -> None:
    """An order was acknowledged twice."""
    ask = _answered(told, "place")
    told.asked[1 << 40] = told.asked[ask]
    told.results[1 << 40] = told.results[ask]


def _other_fill(told: Told) -> None:
    """An acknowledgement told of another quantity."""
    result = told.results[_answered(told, "place", lambda result: result["fills"])]
    result["fills"][0]["quantity"] = "77"


def _refused_but_there(told: Told) -> None:
    """An order was told to be refused, and is in the log."""
    ask = _answered(told, "place")
    del told.results[ask]
    told.refusals[ask] = "insufficient_funds"


def _heard_most(told: Told) -> list[Any]:
    return max(told.heard.values(), key=len)


def _skipped(told: Told) -> None:
    """A report was never heard."""
    messages = _heard_most(told)
    del messages[len(messages) // 2]


def _repeated(told: Told) -> None:
    """A report was heard twice."""
    messages = _heard_most(told)
    messages.insert(len(messages) // 2, messages[len(messages) // 2])


def _other_end(told: Told) -> None:
    """An order that ended was open in the end."""
    assert told.final is not None
    order = copy.deepcopy(told.results[_answered(told, "cancel")])
    told.final["orders"].append(order)


def _other_money(told: Told) -> None:
    """A balance was a cent off."""
    assert told.final is not None
    row = next(row for row in told.final["balances"] if row["asset"] == "USD")
    row["available"] = row["available"][:-1] + ("1" if row["available"][-1] == "0" else "0")
