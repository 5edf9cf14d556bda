"""That nothing arises or vanishes, watched while the venue runs: one asset after the other is summed over all accounts.

Accounts are added up a few at a time, between other work. What changes meanwhile in those that have been added already
is added as well, by `own`, through which every change of what an account owns goes. So a sum, once it is complete, is
that of one moment, and it must be 0. (On the way it may wrap around 64 bits.) None of this is the ledger's state: a
replay knows nothing of it.
"""

from __future__ import annotations

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.balances import balance_of
from tradsys.ledger.layout import S_ASSET, S_NEXT, S_TOTAL, W_ASSETS, Ledger


@kernel
def own(ledger: Ledger, account: int, asset: int, available: int, held: int) -> None:
    """Change what an account owns."""
    balance = balance_of(ledger, account, asset)
    balance.available += available
    balance.held += held
    assert balance.held >= 0, "nobody holds less than nothing"
    summing = ledger.summing
    if asset == summing[S_ASSET] and account < summing[S_NEXT]:
        summing[S_TOTAL] += available + held


def begin(ledger: Ledger) -> None:
    """Sum up anew, from the first asset on: when the ledger may have changed otherwise."""
    ledger.summing[:] = 0


@kernel_entry
def add_up(ledger: Ledger, known: int, count: int) -> bool:
    """Add up the next accounts, at most `count` of those numbered up to `known`; True when that completes an asset.

    Then `summing` has the asset and its total until the next call. Without assets nothing is done.
    """
    summing = ledger.summing
    assert count > 0, "a sum goes on"
    assert 0 <= known < len(ledger.accounts), "no more accounts are known than there is room for"
    if ledger.words[W_ASSETS] == 0:
        return False
    if summing[S_ASSET] == 0 or summing[S_NEXT] > known:
        summing[S_ASSET] = summing[S_ASSET] % ledger.words[W_ASSETS] + 1
        summing[S_NEXT] = 1
        summing[S_TOTAL] = 0
    asset, first = signed(summing[S_ASSET]), signed(summing[S_NEXT])
    assert 1 <= asset <= ledger.words[W_ASSETS], "an asset that there is"
    assert 1 <= first <= known + 1, "an account that there is, or none any more"
    last = min(first + count - 1, known)
    for account in range(first, last + 1):
        balance = balance_of(ledger, account, asset)
        summing[S_TOTAL] += balance.available + balance.held
    summing[S_NEXT] = last + 1
    return last == known
