"""What an account uses of its limits: worked out by hand, and as the reference counts it."""

from __future__ import annotations

import pytest

from tests import factories
from tests.book.instruments import ACCOUNTS
from tests.factories import buy, sell
from tests.ledger.kernel_ledger import SMALL, KernelLedger
from tests.ledger.money import CONTRACTS, WORLD
from tests.risk.comparison import compare
from tests.risk.hall import ALICE, BASE, BOB, CAROL, LOT, QUOTE, RiskHall, contract
from tradsys.ledger.terms import AMOUNT_MAX, PostingKind
from tradsys.reading.usage import Use, usage_of
from tradsys.reasons import Reason
from tradsys.reference.ledger.ledger import Ledger
from tradsys.reference.risk.values import Values
from tradsys.risk.limits import NOT_SET
from tradsys.risk.terms import Limit, Scope

SECOND_NS = 1_000_000_000


class Watched(RiskHall):
    """The kernel's ledger, and what is read of it."""

    def __init__(self) -> None:
        self.kernel = KernelLedger(SMALL)
        super().__init__(self.kernel)

    def use(self, limit: Limit, *, account: int = ALICE, symbol: int = 0, later_ns: int = 0) -> Use:
        """How much of a limit is used, so long after the last command that came."""
        now_ns = int(self.kernel.ledger.accounts[account]["orders_at_ns"]) + later_ns
        usage = usage_of(self.kernel.ledger, account, now_ns)
        (found,) = [use for use in (usage.symbols[symbol] if symbol else usage.whole) if use.limit == limit]
        return found

    def used(self, limit: Limit, *, account: int = ALICE, symbol: int = 0) -> tuple[int | None, int | None]:
        """Figure and per cent."""
        found = self.use(limit, account=account, symbol=symbol)
        return found.used, found.percent

    def owns(self, quote: int, lots: int) -> None:
        """Alice gives away what she has beyond that."""
        self.post(PostingKind.TRANSFER, ALICE, CAROL, QUOTE, 1_000_000 - quote)
        self.post(PostingKind.TRANSFER, ALICE, CAROL, BASE, (1_000 - lots) * LOT)


@pytest.fixture
def hall() -> Watched:
    """A venue with symbol 1, settled: 2 of asset 2 a lot, 1 of asset 1 a tick and lot; nothing is charged."""
    return Watched()


def test_leverage_is_exposure_by_equity(hall: Watched) -> None:
    hall.owns(quote=3_000, lots=0)
    hall.limit(Limit.LEVERAGE, 250)
    assert hall.used(Limit.LEVERAGE) == (0, 0)
    hall.enter(buy(500, 2))
    # 1,000 by 3,000 are 0.333...: 34 hundredths, and 34 of 250 are 13.6 %.
    assert hall.used(Limit.LEVERAGE) == (34, 13)
    hall.enter(buy(500, 13))
    # 7,500 by 3,000: all of it.
    assert hall.used(Limit.LEVERAGE) == (250, 100)
    assert hall.refusal(buy(1, 1)) == Reason.LEVERAGE_LIMIT


def test_who_owns_nothing_uses_all_of_any_leverage(hall: Watched) -> None:
    hall.limit(Limit.LEVERAGE, 0)
    hall.owns(quote=0, lots=1_000)
    assert hall.used(Limit.LEVERAGE) == (0, 0)
    hall.limit(Limit.LEVERAGE, NOT_SET)
    hall.enter(sell(500, 1))
    hall.limit(Limit.LEVERAGE, 0)
    assert hall.used(Limit.LEVERAGE) == (AMOUNT_MAX, 100)
    hall.limit(Limit.LEVERAGE, 1)
    assert hall.used(Limit.LEVERAGE) == (AMOUNT_MAX, AMOUNT_MAX)


def test_concentration_is_a_share_of_the_exposure_that_is_allowed(hall: Watched) -> None:
    hall.ledger.add_contract(2, contract())
    hall.send(factories.define_symbol(2, state=2))
    hall.limit(Limit.CONCENTRATION_BPS, 4_000)
    hall.enter(buy(400, 3))
    assert hall.used(Limit.CONCENTRATION_BPS, symbol=1) == (None, None), "nothing to be a share of"
    hall.limit(Limit.EXPOSURE, 7_000)
    hall.enter(buy(400, 1, symbol=2))
    # 1,200 and 400 of 7,000 are 17.14... % and 5.71... %; of the 40 % allowed 42.8 and 14.3 per cent.
    assert hall.used(Limit.CONCENTRATION_BPS, symbol=1) == (1_715, 42)
    assert hall.used(Limit.CONCENTRATION_BPS, symbol=2) == (572, 14)
    hall.limit(Limit.CONCENTRATION_BPS, 572, symbol=2)
    assert hall.used(Limit.CONCENTRATION_BPS, symbol=2) == (572, 100)
    assert hall.used(Limit.CONCENTRATION_BPS) == (None, None)
    hall.limit(Limit.EXPOSURE, 0)
    assert hall.used(Limit.CONCENTRATION_BPS, symbol=1) == (AMOUNT_MAX, AMOUNT_MAX * 100 // 4_000)


def test_short_is_what_is_owed(hall: Watched) -> None:
    hall.owns(quote=1_000, lots=0)
    hall.limit(Limit.SHORT, 12)
    hall.enter(sell(600, 9))
    assert hall.base(ALICE) == (-18, 18)
    assert hall.used(Limit.SHORT, symbol=1) == (9, 75)
    hall.enter(buy(600, 9, account=BOB))
    assert hall.base(ALICE) == (-18, 0)
    assert hall.used(Limit.SHORT, symbol=1) == (9, 75)
    hall.post(PostingKind.TRANSFER, CAROL, ALICE, BASE, 5)
    # 13 are six lots and a half.
    assert hall.used(Limit.SHORT, symbol=1) == (7, 58)
    hall.post(PostingKind.TRANSFER, CAROL, ALICE, BASE, 100)
    assert hall.used(Limit.SHORT, symbol=1) == (0, 0)


def test_a_rate_tells_how_many_commands_are_left(hall: Watched) -> None:
    hall.limit(Limit.ORDERS_BURST, 8)
    assert hall.use(Limit.ORDERS_BURST) == Use(Limit.ORDERS_BURST, 8, Scope.ACCOUNT)
    hall.limit(Limit.ORDERS_PER_SECOND, 2)
    for _ in range(3):
        hall.enter(buy(400, 1))
    # The log's clock goes 1,000 ns from one to the next, in which 0.000002 of a token flow in.
    assert hall.use(Limit.ORDERS_BURST) == Use(Limit.ORDERS_BURST, 8, Scope.ACCOUNT, used=3, percent=37, left=5)
    assert hall.use(Limit.ORDERS_PER_SECOND)[3:] == (3, 37, 5)
    assert hall.use(Limit.ORDERS_PER_SECOND, later_ns=SECOND_NS)[3:] == (1, 12, 7)
    assert hall.use(Limit.ORDERS_PER_SECOND, later_ns=2 * SECOND_NS)[3:] == (0, 0, 8)
    for _ in range(5):
        hall.enter(buy(400, 1))
    assert hall.use(Limit.ORDERS_PER_SECOND)[3:] == (8, 100, 0)
    assert hall.refusal(buy(400, 1)) == Reason.ORDER_RATE_LIMIT


def test_cancels_have_their_own_rate_and_its_burst_is_one(hall: Watched) -> None:
    order = hall.enter(buy(400, 1))
    hall.limit(Limit.CANCELS_PER_SECOND, 1)
    assert hall.use(Limit.CANCELS_PER_SECOND)[3:] == (0, 0, 1)
    hall.send(factories.cancel(order))
    assert hall.use(Limit.CANCELS_PER_SECOND)[3:] == (1, 100, 0)


def test_per_cent_are_rounded_down_and_a_gain_is_none(hall: Watched) -> None:
    hall.limit(Limit.OPEN_LOTS, 300)
    hall.limit(Limit.DAILY_LOSS, 100)
    hall.limit(Limit.ORDER_LOTS_MAX, 500)
    hall.enter(buy(400, 239))
    assert hall.used(Limit.OPEN_LOTS, symbol=1) == (239, 79)
    assert hall.used(Limit.ORDER_LOTS_MAX, symbol=1) == (None, None)
    hall.limit(Limit.OPEN_LOTS, 0)
    assert hall.used(Limit.OPEN_LOTS, symbol=1) == (239, 100)
    hall.limit(Limit.OPEN_LOTS, NOT_SET)
    hall.trade(450, 2, buyer=ALICE)
    hall.trade(460, 1)
    assert hall.used(Limit.DAILY_LOSS) == (-20, 0)
    hall.trade(405, 1)
    # Two that cost 450 stand at 405.
    assert hall.used(Limit.DAILY_LOSS) == (90, 90)


@pytest.mark.parametrize("shards", [1, 3])
def test_every_figure_is_that_of_the_reference(seed: int, shards: int) -> None:
    kernel = KernelLedger(SMALL._replace(shards=shards, postings=2_000, recent_client_ids=50))
    reference = Ledger(symbols_max=8, clients_remembered=50)
    compare([reference, kernel], seed, 2_000, shards, every=2_000)
    for limit in Limit:
        for ledger in (reference, kernel):
            assert ledger.set_limit(Scope.VENUE, limit, 1) == Reason.NONE
    values = Values()
    for asset in WORLD.assets:
        row = kernel.ledger.assets[asset]
        values.set(asset, int(row["value_numerator"]), int(row["value_divisor"]))
    for account in ACCOUNTS:
        usage = usage_of(kernel.ledger, account, 0)
        whole = {use.limit: use for use in usage.whole}
        counted = reference.usage(account, 1)
        assert whole[Limit.OPEN_ORDERS_TOTAL].used == counted.all_open_orders
        assert whole[Limit.EXPOSURE].used == counted.all_exposure
        assert whole[Limit.DAILY_NOTIONAL].used == counted.day_traded + counted.all_open_value
        assert whole[Limit.DAILY_LOSS].used == -(counted.day_realised + counted.unrealised)
        equity = sum(
            values.of(reference.available(account, asset) + reference.held(account, asset), asset)
            for asset in WORLD.assets
        )
        leverage = whole[Limit.LEVERAGE].used
        assert leverage is not None
        if equity > 0:  # the least that would let pass what there is
            assert (leverage - 1) * equity < counted.all_exposure * 100 <= leverage * equity
        else:
            assert leverage == (AMOUNT_MAX if counted.all_exposure else 0)
        for symbol, uses in usage.symbols.items():
            here, position = reference.usage(account, symbol), reference.position(account, symbol)
            used = {use.limit: use.used for use in uses}
            assert used[Limit.OPEN_ORDERS] == here.open_orders
            assert used[Limit.OPEN_LOTS] == here.open_lots_buy + here.open_lots_sell
            assert used[Limit.OPEN_NOTIONAL] == here.open_notional_buy + here.open_notional_sell
            longest = position.quantity + here.open_lots_buy
            assert used[Limit.POSITION] == max(longest, here.open_lots_sell - position.quantity)
            share, most = used[Limit.CONCENTRATION_BPS], whole[Limit.EXPOSURE].value
            assert share is not None
            if most:
                assert (share - 1) * most < here.exposure * 10_000 <= share * most
            if symbol in CONTRACTS:
                owed, lots = -reference.available(account, CONTRACTS[symbol].base), used[Limit.SHORT]
                assert lots is not None
                assert (lots - 1) * CONTRACTS[symbol].lot_value < max(owed, 0) <= lots * CONTRACTS[symbol].lot_value
