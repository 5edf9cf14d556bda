"""Records of the log in words: each field of each kind once, as it was filled in."""

from __future__ import annotations

import numpy as np
import pytest

from tests import factories
from tradsys.reading.records import in_words
from tradsys.reasons import Reason
from tradsys.records import COMMAND, CommandFlag, Kind, Link, SelfTrade, Side, TimeInForce, details, entry_word
from tradsys.risk.terms import Limit, Scope
from tradsys.words import word

PLAIN = {"sequence", "time", "kind", "source", "request", "reason"}
NOTHING_MORE = {Kind.NONE, Kind.TICK, Kind.BOOT}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_words_for_what_it_says(kind: Kind) -> None:
    told = in_words(details(kind).view(COMMAND)[0])
    assert told["kind"] == word(kind)
    assert (told.keys() == PLAIN) == (kind in NOTHING_MORE)


def test_a_new_order_says_all_that_it_asks_for() -> None:
    record = factories.buy(250, 40, account=3, symbol=2, client_order_id=9, time_in_force=TimeInForce.IOC)[0]
    record["flags"] = CommandFlag.HIDDEN | SelfTrade.CANCEL_BOTH << 4 | Link.ONE_CANCELS_OTHER << 12
    record["order_id"] = entry_word(-5, 8)
    record["timestamp_ns"] = 1_700_000_000_000_000_001
    assert in_words(record) == {
        "sequence": 0,
        "time": "2023-11-14T22:13:20.000000001Z",
        "kind": "new",
        "source": 0,
        "request": 0,
        "reason": None,
        "symbol": 2,
        "account": 3,
        "side": "buy",
        "order_type": "limit",
        "time_in_force": "ioc",
        "flags": ["hidden"],
        "self_trade": "cancel-both",
        "link": "one-cancels-other",
        "price_ticks": 250,
        "quantity_lots": 40,
        "trigger_ticks": -5,
        "session": 8,
        "client_order_id": 9,
    }


def test_a_refusal_has_its_reason_and_what_has_no_name_stays_a_number() -> None:
    record = details(
        Kind.LIMIT, scope=Scope.ACCOUNT, limit=Limit.EXPOSURE, amount=5, account=4, reason=Reason.LEDGER_FULL
    )
    told = in_words(record.view(COMMAND)[0])
    assert (told["reason"], told["scope"], told["limit"], told["amount"]) == ("ledger-full", "account", "exposure", 5)
    strange = np.zeros(1, COMMAND)
    strange["kind"], strange["side"] = 99, 7
    assert in_words(strange[0])["kind"] == 99
    strange["kind"] = Kind.NEW
    assert in_words(strange[0])["side"] == 7
    assert word(Side.BUY) == "buy"
