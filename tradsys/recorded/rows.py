"""The rows of an order-by-order day file, read strictly: damage is named with file and line."""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from tradsys.records import PRICE_MAX, QUANTITY_MAX

COLUMNS = ("seq", "time", "event", "side", "order_no", "price", "qty", "buy_no", "sell_no")
NUMBER_MAX = (1 << 63) - 1
_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)\.(\d{3})", re.ASCII)
_INTEGER = re.compile(r"\d{1,19}", re.ASCII)


class RecordedFormatError(ValueError):
    """A recorded file cannot be what it claims to be; the message names file, line and problem."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path}, line {line}: {problem}")
        self.path = path
        self.line = line
        self.problem = problem


class Row(NamedTuple):
    """One event of the exchange; `time_ns` since midnight, `price_ticks` of 0.01, `quantity_lots` of one share."""

    line: int
    sequence: int
    time_ns: int
    event: str
    side: str
    order_no: int
    price_ticks: int
    quantity_lots: int
    buy_no: int
    sell_no: int


def time_ns(text: str) -> int:
    """HH:MM:SS.mmm as nanoseconds since midnight. Raises ValueError."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"time {text!r} is not HH:MM:SS.mmm")
    hours, minutes, seconds, thousandths = map(int, match.groups())
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError(f"time {text!r} does not exist")
    return (((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths) * 1_000_000


def _integer(name: str, text: str, lowest: int, highest: int) -> int:
    if _INTEGER.fullmatch(text) is None:
        raise ValueError(f"{name} {text!r} is not a whole number")
    value = int(text)
    if not lowest <= value <= highest:
        raise ValueError(f"{name} {value} is not within {lowest} to {highest}")
    return value


def parse(line: int, fields: list[str]) -> Row:
    """One row of text as a Row. Raises ValueError saying what is wrong."""
    if len(fields) != len(COLUMNS):
        raise ValueError(f"{len(fields)} columns instead of {len(COLUMNS)}")
    sequence, time, event, side, order_no, price, quantity, buy_no, sell_no = fields
    if event not in {"A", "D", "T"}:
        raise ValueError(f"event {event!r} is none of A, D, T")
    is_trade = event == "T"
    sides = ("B", "S", "N") if is_trade else ("B", "S")
    if side not in sides:
        raise ValueError(f"side {side!r} is none of {', '.join(sides)}")
    return Row(
        line,
        _integer("seq", sequence, 0, NUMBER_MAX),
        time_ns(time),
        event,
        side,
        _integer("order_no", order_no, 0 if is_trade else 1, NUMBER_MAX),
        _integer("price", price, 0 if event == "D" else 1, PRICE_MAX),
        _integer("qty", quantity, 1, QUANTITY_MAX),
        _integer("buy_no", buy_no, 1 if is_trade else 0, NUMBER_MAX),
        _integer("sell_no", sell_no, 1 if is_trade else 0, NUMBER_MAX),
    )


def _open(path: Path) -> IO[str]:
    # A byte that is no ASCII becomes one that no column accepts, so that the error can name its line.
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="ascii", errors="replace", newline=None)
    return path.open(encoding="ascii", errors="replace", newline=None)


def read(path: Path) -> Iterator[Row]:
    """Every row of a `.csv` or `.csv.xz` file in turn.

    Raises RecordedFormatError for damage, OSError when the file cannot be opened.
    """
    number = 0
    before = -1
    try:
        with _open(path) as text:
            for number, content in enumerate(text, 1):
                fields = content.rstrip("\n").split(",")
                if number == 1:
                    if tuple(fields) != COLUMNS:
                        raise ValueError(f"the first line must be {','.join(COLUMNS)}")
                    continue
                row = parse(number, fields)
                if row.sequence <= before:
                    raise ValueError(f"seq {row.sequence} does not come after {before}")
                before = row.sequence
                yield row
    except (lzma.LZMAError, EOFError) as error:
        raise RecordedFormatError(path, number + 1, f"the compressed file is damaged or cut off ({error})") from error
    except ValueError as error:
        raise RecordedFormatError(path, max(number, 1), str(error)) from error
    if number == 0:
        raise RecordedFormatError(path, 1, "the file is empty")
