"""Assets, accounts and contracts that make no sense are errors of the caller."""

from __future__ import annotations

import pytest

from tests.ledger.hall import ALICE, BASE, FEE, QUOTE, Hall, contract
from tests.ledger.kernel_ledger import KernelLedger
from tradsys.ledger.terms import AccountKind
from tradsys.reasons import Reason
from tradsys.records import Kind
from tradsys.reference.ledger.fees import Fees


@pytest.mark.parametrize("number", [0, -1])
def test_an_asset_has_a_new_number_from_one(hall: Hall, number: int) -> None:
    with pytest.raises(ValueError, match=r"(?i)asset"):
        hall.ledger.add_asset(number)


@pytest.mark.parametrize(
    ("number", "kind", "fee_class"),
    [(0, AccountKind.CLIENT, 0), (ALICE, AccountKind.CLIENT, 0), (7, AccountKind.NONE, 0), (7, AccountKind.CLIENT, -1)],
)
def test_an_account_has_a_new_number_and_a_kind(hall: Hall, number: int, kind: AccountKind, fee_class: int) -> None:
    with pytest.raises(ValueError, match=r"(?i)account"):
        hall.ledger.add_account(number, kind, fee_class)


@pytest.mark.parametrize(
    "fields",
    [
        {"base": QUOTE},
        {"lot_value": 0},
        {"numerator": 0},
        {"divisor": 0},
        {"lot_value": 1 << 62},
        {"lowest_ticks": -1},
        {"lowest_ticks": 11, "highest_ticks": 10},
        {"highest_ticks": 1 << 31},
    ],
)
def test_a_contract_has_two_assets_positive_numbers_and_no_negative_prices(fields: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"base|from"):
        contract(**fields)


@pytest.mark.parametrize("fields", [{"base": 9}, {"quote": 9}, {"fee_account": ALICE}, {"fee_account": 77}])
def test_a_contract_names_what_there_is(hall: Hall, fields: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"(?i)unknown|not for fees|wrong"):
        hall.ledger.add_contract(2, contract(**fields))


def test_symbols_count_from_one_and_fee_classes_from_zero(hall: Hall) -> None:
    with pytest.raises(ValueError, match=r"symbol\W+0"):
        hall.ledger.add_contract(0, contract())
    with pytest.raises(ValueError, match=r"fee.class\W+-1"):
        hall.ledger.set_fees(0, -1, Fees())
    with pytest.raises(ValueError, match=r"symbol\W+-1"):
        hall.ledger.set_fees(-1, 0, Fees())


def test_what_nobody_has_touched_is_nothing(hall: Hall) -> None:
    assert hall.base(FEE) == (0, 0)
    assert hall.quote(77) == (0, 0)
    assert hall.ledger.reserved(ALICE, BASE) == 0
    assert hall.position(ALICE) == (0, 0, 0)
    assert hall.ledger.total(QUOTE) == 0
    assert hall.ledger.open_holds == 0


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"asset": QUOTE}, Reason.INVALID_CONTRACT),
        ({"asset": 0}, Reason.UNKNOWN_ASSET),
        ({"quote": 77}, Reason.UNKNOWN_ASSET),
        ({"lot_value": 0}, Reason.INVALID_CONTRACT),
        ({"numerator": -1}, Reason.INVALID_CONTRACT),
        ({"divisor": 1 << 62}, Reason.INVALID_CONTRACT),
        ({"symbol": 0}, Reason.UNKNOWN_SYMBOL),
        ({"symbol": 3}, Reason.UNKNOWN_SYMBOL),
        ({"symbol": 1 << 31}, Reason.UNKNOWN_SYMBOL),
        ({"account": ALICE}, Reason.WRONG_ACCOUNT_KIND),
        ({"account": 1 << 31}, Reason.UNKNOWN_ACCOUNT),
    ],
)
def test_the_kernel_refuses_a_contract_that_makes_no_sense(wrong: dict[str, int], reason: Reason) -> None:
    kernel = KernelLedger()
    Hall(kernel)
    kernel.tell(Kind.SYMBOL, symbol=2, lowest_ticks=0, highest_ticks=10)
    good = dict(symbol=2, asset=BASE, quote=QUOTE, account=FEE, lot_value=1, numerator=1, divisor=1)
    assert kernel.tell(Kind.CONTRACT, **(good | wrong)) == reason
    assert kernel.tell(Kind.CONTRACT, **good) == Reason.NONE


def test_the_kernel_refuses_a_contract_of_a_symbol_with_negative_prices() -> None:
    kernel = KernelLedger()
    Hall(kernel)
    kernel.tell(Kind.SYMBOL, symbol=2, lowest_ticks=-1, highest_ticks=10)
    good = dict(symbol=2, asset=BASE, quote=QUOTE, account=FEE, lot_value=1, numerator=1, divisor=1)
    assert kernel.tell(Kind.CONTRACT, **good) == Reason.INVALID_CONTRACT


@pytest.mark.parametrize(
    "fees", [{"maker_rate": 1_000_001}, {"taker_rate": -1_000_001}, {"minimum": -1}, {"fee_class": 8}]
)
def test_the_kernel_refuses_rates_above_the_whole_and_a_negative_minimum(fees: dict[str, int]) -> None:
    assert KernelLedger().tell(Kind.FEES, **fees) == Reason.INVALID_FEES


def test_an_asset_keeps_its_name_and_decimals_and_may_change_its_value() -> None:
    kernel = KernelLedger()
    usd = dict(asset=1, decimals=2, asset_name=b"USD")
    assert kernel.tell(Kind.ASSET, **usd, value_numerator=1, value_divisor=1) == Reason.NONE
    assert kernel.tell(Kind.ASSET, **usd, value_numerator=3, value_divisor=7) == Reason.NONE
    row = kernel.ledger.assets[1]
    assert (row["value_numerator"], row["value_divisor"], row["decimals"]) == (3, 7, 2)
    assert kernel.tell(Kind.ASSET, **(usd | {"decimals": 3}), value_divisor=1) == Reason.INVALID_ASSET
    assert kernel.tell(Kind.ASSET, **(usd | {"asset_name": b"EUR"}), value_divisor=1) == Reason.INVALID_ASSET
    assert kernel.tell(Kind.ASSET, asset=3, value_divisor=1) == Reason.DEFINITION_OUT_OF_ORDER
    assert kernel.tell(Kind.ASSET, asset=2, decimals=19, value_divisor=1) == Reason.INVALID_ASSET
    assert kernel.tell(Kind.ASSET, asset=2, value_divisor=0) == Reason.INVALID_ASSET
    assert kernel.tell(Kind.ASSET, asset=2, value_numerator=10**9 + 1, value_divisor=1) == Reason.INVALID_ASSET
    assert kernel.tell(Kind.ASSET, asset=8, value_divisor=1) == Reason.LEDGER_FULL
