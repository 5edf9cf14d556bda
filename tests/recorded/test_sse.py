from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from tests.recorded.replay import replay
from tradsys.recorded.check import Check, Counters
from tradsys.recorded.rows import COLUMNS, RecordedFormatError
from tradsys.recorded.sse import AuctionPair, Execution, read_day
from tradsys.records import Kind, MarketState, Side

HEADER = ",".join(COLUMNS)

# A small day: the opening pairs 1 and 2 at 101, order 4 takes 3 and 6 and rests, 7 is cancelled, the close pairs
# 4 and 5.
DAY = [
    "1,09:15:00.000,A,B,1,101,5,0,0",
    "2,09:16:00.000,A,S,2,101,5,0,0",
    "3,09:25:00.010,T,N,0,101,5,1,2",
    "4,09:30:00.000,A,S,3,102,4,0,0",
    "5,09:30:01.000,A,S,6,103,1,0,0",
    "6,09:30:01.000,A,S,7,105,3,0,0",
    "7,09:31:00.000,T,B,0,102,4,4,3",
    "8,09:31:00.000,T,B,0,103,1,4,6",
    "9,09:31:00.000,A,B,4,104,2,0,0",
    "10,10:00:00.000,D,S,7,0,3,0,0",
    "11,14:57:00.000,A,S,5,104,2,0,0",
    "12,15:00:00.100,T,N,0,104,2,4,5",
]


def write(path: Path, rows: list[str], header: str = HEADER) -> Path:
    """A day file of these rows, compressed when its name says so."""
    content = "\n".join([header, *rows]).encode() + b"\n"
    path.write_bytes(lzma.compress(content) if path.suffix == ".xz" else content)
    return path


@pytest.mark.parametrize("name", ["600000.SH.csv", "600000.SH.csv.xz"])
def test_a_day_is_read_into_commands_and_what_they_did(tmp_path: Path, name: str) -> None:
    day = read_day(write(tmp_path / name, DAY))
    assert day.name == "600000.SH"
    assert [(order.order_no, order.side, order.price_ticks, order.quantity_lots) for order in day.orders] == [
        (1, Side.BUY, 101, 5),
        (2, Side.SELL, 101, 5),
        (3, Side.SELL, 102, 4),
        (6, Side.SELL, 103, 1),
        (7, Side.SELL, 105, 3),
        (4, Side.BUY, 104, 7),
        (5, Side.SELL, 104, 2),
    ]
    assert day.orders[5].executions == [Execution(3, 102, 4), Execution(6, 103, 1)]
    assert day.orders[5].rest_lots == 2
    assert [(cancel.order_no, cancel.quantity_lots, cancel.line) for cancel in day.cancels] == [(7, 3, 11)]
    assert [auction.pairs for auction in day.auctions] == [[AuctionPair(1, 2, 101, 5)], [AuctionPair(4, 5, 104, 2)]]
    states = day.commands[day.commands["kind"] == Kind.STATE]["order_type"].tolist()
    assert states == [
        MarketState.OPENING_AUCTION,
        MarketState.CONTINUOUS,
        MarketState.CLOSING_AUCTION,
        MarketState.CLOSED,
    ]
    assert day.lines.tolist() == [2, 2, 3, 4, 5, 6, 7, 8, 11, 12, 12, 13]
    assert day.lowest_ticks <= 101
    assert day.highest_ticks >= 105


def test_an_aggressor_without_a_rest_is_limited_by_its_worst_price(tmp_path: Path) -> None:
    rows = [
        "1,09:30:00.000,A,B,1,101,5,0,0",
        "2,09:30:00.000,A,B,2,99,5,0,0",
        "3,09:30:00.000,T,S,0,101,5,1,3",
        "4,09:30:00.000,T,S,0,99,1,2,3",
        "5,09:30:00.000,T,S,0,99,1,2,4",
    ]
    day = read_day(write(tmp_path / "x.csv", rows))
    aggressors = [(order.order_no, order.price_ticks, order.quantity_lots) for order in day.orders[2:]]
    assert aggressors == [(3, 99, 6), (4, 99, 1)]


def test_a_day_without_auction_trades_still_passes_through_its_phases(tmp_path: Path) -> None:
    rows = ["1,09:15:00.000,A,B,1,101,5,0,0", "2,09:30:00.000,A,S,2,102,5,0,0", "3,14:58:00.000,A,S,3,102,5,0,0"]
    day = read_day(write(tmp_path / "x.csv", rows))
    assert day.commands["kind"].tolist() == [
        Kind.STATE,
        Kind.NEW,
        Kind.STATE,
        Kind.NEW,
        Kind.STATE,
        Kind.NEW,
        Kind.STATE,
    ]
    assert [(auction.price_ticks, auction.volume_lots) for auction in day.auctions] == [(0, 0), (0, 0)]


@pytest.mark.parametrize(
    ("line", "row", "problem"),
    [
        (3, "2,09:16:00.000,A,S,2,100,5,0", "8 columns instead of 9"),
        (3, "2,9:16,A,S,2,100,5,0,0", "time '9:16' is not HH:MM:SS.mmm"),
        (3, "2,09:61:00.000,A,S,2,100,5,0,0", "time '09:61:00.000' does not exist"),
        (3, "2,09:16:00.000,X,S,2,100,5,0,0", "event 'X' is none of A, D, T"),
        (3, "2,09:16:00.000,A,N,2,100,5,0,0", "side 'N' is none of B, S"),
        (3, "2,09:16:00.000,A,S,2,1e2,5,0,0", "price '1e2' is not a whole number"),
        (3, "2,09:16:00.000,A,S,2,100,-5,0,0", "qty '-5' is not a whole number"),
        (3, "2,09:16:00.000,A,S,2,100,0,0,0", "qty 0 is not within 1 to"),
        (3, "2,09:16:00.000,A,S,2,99999999999,5,0,0", "price 99999999999 is not within 1 to"),
        (3, "2,09:16:00.000,A,S,2,100,٥,0,0", "is not a whole number"),
        (3, "1,09:16:00.000,A,S,2,100,5,0,0", "seq 1 does not come after 1"),
        (3, "2,09:16:00.000,A,S,1,100,5,0,0", "order 1 enters a second time"),
        (8, "7,09:31:00.000,T,N,0,102,4,4,3", "a trade of a call auction (side N) outside the auctions"),
        (9, "8,09:31:00.000,T,S,0,103,1,6,4", "order 4 trades as a buyer and as a seller"),
        (10, "9,09:31:00.000,A,S,4,104,2,0,0", "order 4 rests on the side that it traded against"),
        (11, "10,10:00:00.000,D,S,77,0,3,0,0", "order 77 is cancelled and never entered"),
        (13, "12,15:00:00.100,T,B,0,104,2,4,5", "a trade with an aggressor outside continuous trading"),
    ],
)
def test_damage_is_named_with_its_line(tmp_path: Path, line: int, row: str, problem: str) -> None:
    rows = list(DAY)
    rows[line - 2] = row
    path = write(tmp_path / "x.csv", rows)
    with pytest.raises(RecordedFormatError) as caught:
        read_day(path)
    assert (caught.value.path, caught.value.line) == (path, line)
    assert problem in caught.value.problem
    assert str(caught.value).startswith(f"{path}, line {line}: ")


def test_a_wrong_header_and_an_empty_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(RecordedFormatError, match="line 1: the first line must be seq,time"):
        read_day(write(tmp_path / "x.csv", DAY, "a,b"))
    (tmp_path / "y.csv").write_bytes(b"")
    with pytest.raises(RecordedFormatError, match="line 1: the file is empty"):
        read_day(tmp_path / "y.csv")
    with pytest.raises(RecordedFormatError, match="line 2: the file has no rows"):
        read_day(write(tmp_path / "z.csv", []))


@pytest.mark.parametrize("damage", ["cut", "garbage"])
def test_a_damaged_compressed_file_is_told(tmp_path: Path, damage: str) -> None:
    path = write(tmp_path / "x.csv.xz", DAY)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"no xz at all")
    with pytest.raises(RecordedFormatError, match="the compressed file is damaged or cut off"):
        read_day(path)


def test_the_small_day_is_reproduced(tmp_path: Path) -> None:
    day = read_day(write(tmp_path / "x.csv", DAY))
    check = Check(day)
    check.feed(replay(day))
    result = check.result()
    assert result.exact, result.differences
    assert result.counters == Counters(8, 1, 1, 2, 2, 1, 1, 2, 2, 2, 2, 0)


# Counted by a plain book: resting at once, aggressive, their trades, cancels, auction pairs.
STOCKS = {
    "600761.SH": (21_828, 15_481, 24_668, 8_816, 92),
    "601825.SH": (5_246, 3_991, 5_340, 1_997, 30),
    "605580.SH": (17_609, 9_274, 16_393, 7_108, 603),
}


@pytest.mark.parametrize("stock", STOCKS)
def test_the_reference_venue_reproduces_a_recorded_day_to_the_last_share(data: Path, stock: str) -> None:
    path = data / "sse" / f"{stock}.csv.xz"
    if not path.exists():
        pytest.skip(f"recorded day is not here: {path}")
    day = read_day(path)
    resting, aggressive, trades, cancels, pairs = STOCKS[stock]
    assert day.inbound == resting + aggressive + cancels
    check = Check(day)
    check.feed(replay(day))
    result = check.result()
    assert result.exact, result.differences
    assert result.counters == Counters(
        day.inbound, aggressive, aggressive, trades, trades, cancels, cancels, 2, 2, pairs, pairs, 0
    )


def test_an_auction_with_several_equally_good_prices_settles_as_the_exchange_does(data: Path) -> None:
    """600761 opens with the same volume and surplus of buyers at 2128, 2129 and 2130; the exchange took 2130."""
    path = data / "sse" / "600761.SH.csv.xz"
    if not path.exists():
        pytest.skip(f"recorded day is not here: {path}")
    assert read_day(path).auctions[0].reference_ticks == 2130
