"""The watch over the sums of all assets, while trades and postings go on between its steps."""

from __future__ import annotations

from collections import Counter

from shm.jit import kernel
from tests.book.flow import Flow
from tests.ledger.kernel_ledger import KernelLedger
from tests.ledger.money import OUTSIDE, TRADED, WORLD, Postings, open_accounts
from tests.ledger.settled import SettledShards
from tradsys.ledger.balances import columns_of
from tradsys.ledger.conservation import add_up, begin
from tradsys.ledger.layout import S_ASSET, S_TOTAL, Ledger
from tradsys.ledger.terms import AccountKind, PostingKind

LAST = max(WORLD.accounts)


@kernel
def _add_up(ledger: Ledger, known: int, count: int) -> bool:
    return bool(add_up(ledger, known, count))


def next_sum(ledger: KernelLedger, count: int = 7) -> tuple[int, int]:
    """The next asset whose sum is complete, and the sum."""
    while not _add_up(ledger.ledger, LAST, count):
        pass
    return int(ledger.ledger.summing[S_ASSET]), int(ledger.ledger.summing[S_TOTAL])


def test_a_sum_taken_between_commands_is_0_whatever_happens_meanwhile(seed: int) -> None:
    ledger = KernelLedger()
    open_accounts(ledger)
    shards = SettledShards([ledger])
    flow, postings = Flow(seed, shards.venues, TRADED, live_aimed=150), Postings(seed, shards)
    postings.begin()
    sums: Counter[tuple[int, int]] = Counter()
    for number, _ in enumerate(shards.run(flow, 6000)):
        if number % 5 == 0:
            postings.next()
        if _add_up(ledger.ledger, LAST, 3):
            sums[int(ledger.ledger.summing[S_ASSET]), int(ledger.ledger.summing[S_TOTAL])] += 1
    assert sorted(sums) == [(asset, 0) for asset in sorted(WORLD.assets)]
    assert min(sums.values()) > 20


def test_what_arises_out_of_nothing_is_in_the_sum_of_its_asset() -> None:
    ledger = KernelLedger()
    open_accounts(ledger)
    assert ledger.post(PostingKind.DEPOSIT, 1, OUTSIDE, 3, 2, 500) == 0
    columns = columns_of(ledger.ledger)
    ledger.ledger.balances["held"][3 * columns + 2] += 4
    assert [next_sum(ledger) for _ in WORLD.assets] == [(asset, 4 * (asset == 2)) for asset in sorted(WORLD.assets)]
    ledger.ledger.balances["available"][3 * columns + 2] -= 4
    begin(ledger.ledger)
    assert {next_sum(ledger)[1] for _ in WORLD.assets} == {0}


def test_an_account_that_is_opened_in_the_middle_belongs_to_the_sum() -> None:
    ledger = KernelLedger()
    ledger.add_asset(1)
    for number, kind in ((1, 4), (2, 1)):
        ledger.add_account(number, AccountKind(kind))
    assert not _add_up(ledger.ledger, 2, 1)
    ledger.add_account(3, AccountKind.CLIENT)
    assert ledger.post(PostingKind.DEPOSIT, 1, 1, 3, 1, 10) == 0
    assert not _add_up(ledger.ledger, 3, 1)
    assert _add_up(ledger.ledger, 3, 1)
    assert int(ledger.ledger.summing[S_TOTAL]) == 0


def test_without_assets_nothing_is_summed_up() -> None:
    assert not _add_up(KernelLedger().ledger, 5, 5)
