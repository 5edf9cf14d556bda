"""Amounts that move without a trade: each kind, and each refusal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.factories import buy
from tests.ledger.any_ledger import AnyLedger
from tests.ledger.hall import ALICE, BASE, BOB, FEE, HOUSE, OUTSIDE, QUOTE, Hall
from tests.ledger.kernel_ledger import SMALL, KernelLedger
from tradsys.ledger.terms import AMOUNT_MAX, AccountKind, PostingKind
from tradsys.reasons import Reason
from tradsys.reference.ledger.ledger import Ledger

DEPOSIT, RESERVE, WITHDRAW = PostingKind.DEPOSIT, PostingKind.RESERVE, PostingKind.WITHDRAW
RELEASE, TRANSFER, CORRECTION = PostingKind.RELEASE, PostingKind.TRANSFER, PostingKind.CORRECTION


@pytest.fixture
def funded(hall: Hall) -> Hall:
    """Alice has 1,000 of the quote asset."""
    hall.fund(ALICE, quote=1_000)
    return hall


def test_a_deposit_comes_from_outside(funded: Hall) -> None:
    assert funded.quote(ALICE) == (1_000, 0)
    assert funded.quote(OUTSIDE) == (-1_000, 0)
    assert funded.post(DEPOSIT, OUTSIDE, FEE, BASE, 5) == Reason.NONE
    assert funded.base(FEE) == (5, 0)


def test_a_withdrawal_is_reserved_and_then_leaves(funded: Hall) -> None:
    assert funded.post(RESERVE, ALICE, ALICE, QUOTE, 300) == Reason.NONE
    assert funded.quote(ALICE) == (700, 300)
    assert funded.ledger.reserved(ALICE, QUOTE) == 300
    assert funded.post(WITHDRAW, ALICE, OUTSIDE, QUOTE, 200) == Reason.NONE
    assert funded.quote(ALICE) == (700, 100)
    assert funded.ledger.reserved(ALICE, QUOTE) == 100
    assert funded.quote(OUTSIDE) == (-800, 0)


def test_a_release_makes_it_available_again(funded: Hall) -> None:
    funded.post(RESERVE, ALICE, ALICE, QUOTE, 300)
    assert funded.post(RELEASE, ALICE, ALICE, QUOTE, 250) == Reason.NONE
    assert funded.quote(ALICE) == (950, 50)
    assert funded.post(RELEASE, ALICE, ALICE, QUOTE, 51) == Reason.INSUFFICIENT_FUNDS
    assert funded.ledger.reserved(ALICE, QUOTE) == 50


def test_what_orders_hold_can_be_neither_released_nor_withdrawn(funded: Hall) -> None:
    funded.enter(buy(100, 6))
    assert funded.quote(ALICE) == (400, 600)
    assert funded.ledger.reserved(ALICE, QUOTE) == 0
    assert funded.post(RELEASE, ALICE, ALICE, QUOTE, 1) == Reason.INSUFFICIENT_FUNDS
    assert funded.post(WITHDRAW, ALICE, OUTSIDE, QUOTE, 1) == Reason.INSUFFICIENT_FUNDS
    assert funded.post(RESERVE, ALICE, ALICE, QUOTE, 401) == Reason.INSUFFICIENT_FUNDS
    assert funded.post(RESERVE, ALICE, ALICE, QUOTE, 400) == Reason.NONE
    assert funded.quote(ALICE) == (0, 1_000)


def test_a_transfer_goes_from_one_to_another(funded: Hall) -> None:
    assert funded.post(TRANSFER, ALICE, BOB, QUOTE, 300) == Reason.NONE
    assert funded.post(TRANSFER, BOB, HOUSE, QUOTE, 100) == Reason.NONE
    assert funded.post(TRANSFER, HOUSE, FEE, QUOTE, 40) == Reason.NONE
    balances = [funded.quote(account) for account in (ALICE, BOB, HOUSE, FEE)]
    assert balances == [(700, 0), (200, 0), (60, 0), (40, 0)]
    assert funded.post(TRANSFER, ALICE, BOB, QUOTE, 701) == Reason.INSUFFICIENT_FUNDS


def test_a_correction_may_make_anyone_poor(funded: Hall) -> None:
    assert funded.post(CORRECTION, ALICE, BOB, QUOTE, 1_500) == Reason.NONE
    assert funded.quote(ALICE) == (-500, 0)
    assert funded.quote(BOB) == (1_500, 0)
    assert funded.post(TRANSFER, ALICE, BOB, QUOTE, 1) == Reason.INSUFFICIENT_FUNDS
    assert funded.refusal(buy(1, 1)) == Reason.INSUFFICIENT_FUNDS
    assert funded.post(CORRECTION, FEE, OUTSIDE, QUOTE, 7) == Reason.NONE
    assert funded.quote(FEE) == (-7, 0)


@pytest.mark.parametrize(
    ("kind", "source", "target"),
    [
        (DEPOSIT, ALICE, BOB),
        (DEPOSIT, OUTSIDE, OUTSIDE),
        (RESERVE, OUTSIDE, OUTSIDE),
        (RESERVE, ALICE, BOB),
        (WITHDRAW, ALICE, ALICE),
        (WITHDRAW, OUTSIDE, OUTSIDE),
        (RELEASE, ALICE, OUTSIDE),
        (TRANSFER, FEE, ALICE),
        (TRANSFER, OUTSIDE, ALICE),
        (TRANSFER, ALICE, OUTSIDE),
        (TRANSFER, ALICE, ALICE),
        (CORRECTION, ALICE, ALICE),
    ],
)
def test_accounts_of_another_kind_are_refused(funded: Hall, kind: PostingKind, source: int, target: int) -> None:
    assert funded.post(kind, source, target, QUOTE, 1) == Reason.WRONG_ACCOUNT_KIND
    assert funded.quote(ALICE) == (1_000, 0)


def test_the_first_reason_that_applies_is_given(funded: Hall) -> None:
    post = funded.ledger.post
    assert post(0, 100, 77, 78, 9, 0) == Reason.INVALID_POSTING
    assert post(7, 100, ALICE, BOB, QUOTE, 1) == Reason.INVALID_POSTING
    assert post(TRANSFER, 0, ALICE, BOB, QUOTE, 1) == Reason.INVALID_POSTING
    assert post(TRANSFER, -1, ALICE, BOB, QUOTE, 1) == Reason.INVALID_POSTING
    assert post(TRANSFER, 100, ALICE, BOB, QUOTE, 0) == Reason.INVALID_POSTING
    assert post(TRANSFER, 101, ALICE, 77, 9, 1) == Reason.UNKNOWN_ACCOUNT
    assert post(TRANSFER, 102, 77, ALICE, 9, 1) == Reason.UNKNOWN_ACCOUNT
    assert post(TRANSFER, 103, ALICE, ALICE, 9, 1) == Reason.UNKNOWN_ASSET
    assert post(TRANSFER, 104, ALICE, ALICE, QUOTE, AMOUNT_MAX + 1) == Reason.WRONG_ACCOUNT_KIND
    assert post(TRANSFER, 105, ALICE, BOB, QUOTE, AMOUNT_MAX + 1) == Reason.INSUFFICIENT_FUNDS
    assert post(DEPOSIT, 106, OUTSIDE, BOB, BASE, AMOUNT_MAX + 1) == Reason.AMOUNT_TOO_LARGE


def test_the_same_id_gives_the_first_result_and_changes_nothing(funded: Hall) -> None:
    post = funded.ledger.post
    assert post(TRANSFER, 100, ALICE, BOB, QUOTE, 300) == Reason.NONE
    assert post(TRANSFER, 100, ALICE, BOB, QUOTE, 300) == Reason.NONE
    assert post(TRANSFER, 100, ALICE, 77, QUOTE, 0) == Reason.NONE
    assert post(0, 100, 0, 0, 0, 0) == Reason.NONE
    assert funded.quote(BOB) == (300, 0)


def test_a_refused_posting_has_used_its_id_but_not_an_invalid_one(funded: Hall) -> None:
    post = funded.ledger.post
    assert post(TRANSFER, 100, BOB, ALICE, QUOTE, 1) == Reason.INSUFFICIENT_FUNDS
    funded.fund(BOB, quote=1)
    assert post(TRANSFER, 100, BOB, ALICE, QUOTE, 1) == Reason.INSUFFICIENT_FUNDS
    assert post(TRANSFER, 101, BOB, ALICE, QUOTE, 0) == Reason.INVALID_POSTING
    assert post(TRANSFER, 101, BOB, ALICE, QUOTE, 1) == Reason.NONE


def test_no_balance_is_greater_than_the_greatest_nor_less_than_its_negative(hall: Hall) -> None:
    assert hall.post(DEPOSIT, OUTSIDE, ALICE, QUOTE, AMOUNT_MAX) == Reason.NONE
    assert hall.post(DEPOSIT, OUTSIDE, BOB, QUOTE, 1) == Reason.AMOUNT_TOO_LARGE  # what is owed is too much
    assert hall.post(CORRECTION, FEE, HOUSE, QUOTE, AMOUNT_MAX) == Reason.NONE
    assert hall.post(TRANSFER, ALICE, HOUSE, QUOTE, 1) == Reason.AMOUNT_TOO_LARGE
    assert hall.post(RESERVE, ALICE, ALICE, QUOTE, AMOUNT_MAX) == Reason.NONE
    assert hall.post(CORRECTION, HOUSE, ALICE, QUOTE, 1) == Reason.AMOUNT_TOO_LARGE  # what is held counts too
    assert hall.ledger.total(QUOTE) == 0


@pytest.mark.parametrize(
    "make",
    [lambda: Ledger(postings_max=2), lambda: KernelLedger(SMALL._replace(postings=1))],
    ids=["reference", "kernel"],
)
def test_a_full_ledger_refuses_new_ids_and_knows_the_old_ones(make: Callable[[], AnyLedger]) -> None:
    ledger = make()
    ledger.add_asset(QUOTE)
    ledger.add_account(ALICE, AccountKind.CLIENT)
    ledger.add_account(OUTSIDE, AccountKind.OUTSIDE)
    assert ledger.post(DEPOSIT, 1, OUTSIDE, ALICE, QUOTE, 5) == Reason.NONE
    assert ledger.post(DEPOSIT, 2, OUTSIDE, 77, QUOTE, 5) == Reason.UNKNOWN_ACCOUNT
    assert ledger.post(DEPOSIT, 3, OUTSIDE, ALICE, QUOTE, 5) == Reason.LEDGER_FULL
    assert ledger.post(DEPOSIT, 3, OUTSIDE, ALICE, QUOTE, 0) == Reason.INVALID_POSTING
    assert ledger.post(DEPOSIT, 1, OUTSIDE, ALICE, QUOTE, 5) == Reason.NONE
    assert ledger.available(ALICE, QUOTE) == 5
