"""Assets, accounts and contracts that make no sense are errors of the caller."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from tests.ledger.hall import ALICE, BASE, FEE, QUOTE, Hall, contract
from tests.ledger.kernel_ledger import KernelLedger
from tradsys.ledger import definitions
from tradsys.ledger.terms import AccountKind
from tradsys.reference.ledger.fees import Fees


@pytest.mark.parametrize("number", [0, -1, QUOTE])
def test_an_asset_has_a_new_number_from_one(hall: Hall, number: int) -> None:
    with pytest.raises(ValueError, match="asset"):
        hall.ledger.add_asset(number)


@pytest.mark.parametrize(
    ("number", "kind", "fee_class"),
    [(0, AccountKind.CLIENT, 0), (ALICE, AccountKind.CLIENT, 0), (7, AccountKind.NONE, 0), (7, AccountKind.CLIENT, -1)],
)
def test_an_account_has_a_new_number_and_a_kind(hall: Hall, number: int, kind: AccountKind, fee_class: int) -> None:
    with pytest.raises(ValueError, match="account"):
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
    with pytest.raises(ValueError, match=r"unknown|not for fees"):
        hall.ledger.add_contract(2, contract(**fields))


def test_symbols_count_from_one_and_fee_classes_from_zero(hall: Hall) -> None:
    with pytest.raises(ValueError, match="symbol 0"):
        hall.ledger.add_contract(0, contract())
    with pytest.raises(ValueError, match="fee class -1"):
        hall.ledger.set_fees(0, -1, Fees())
    with pytest.raises(ValueError, match="symbol -1"):
        hall.ledger.set_fees(-1, 0, Fees())


def test_what_nobody_has_touched_is_nothing(hall: Hall) -> None:
    assert hall.base(FEE) == (0, 0)
    assert hall.quote(77) == (0, 0)
    assert hall.ledger.reserved(ALICE, BASE) == 0
    assert hall.position(ALICE) == (0, 0, 0)
    assert hall.ledger.total(QUOTE) == 0
    assert hall.ledger.open_holds == 0


GOOD = definitions.Contract(**asdict(contract()))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (GOOD._replace(base=QUOTE), "both are one"),
        (GOOD._replace(lot_value=0), "from 1"),
        (GOOD._replace(numerator=-1), "from 1"),
        (GOOD._replace(divisor=1 << 62), "from 1"),
        (GOOD._replace(lowest_ticks=-1), "from 0"),
        (GOOD._replace(lowest_ticks=11, highest_ticks=10), "from 0"),
    ],
)
def test_the_kernel_refuses_a_contract_that_makes_no_sense(wrong: definitions.Contract, words: str) -> None:
    kernel = KernelLedger()
    Hall(kernel)
    with pytest.raises(ValueError, match=words):
        definitions.add_contract(kernel.ledger, 2, wrong)
    definitions.add_contract(kernel.ledger, 2, GOOD)


@pytest.mark.parametrize("fees", [{"maker": 1_000_001}, {"taker": -1_000_001}, {"minimum": -1}])
def test_the_kernel_refuses_rates_above_the_whole_and_a_negative_minimum(fees: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="a rate is within"):
        definitions.set_fees(KernelLedger().ledger, 0, 0, definitions.Fees(**fees))
