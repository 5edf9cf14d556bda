"""The public matching-engine benchmark's workload, its canonical report stream, and flows of the same kind.

MESSAGE is that benchmark's own record (https://github.com/flash1-dev/matching-engine-benchmark). One symbol; a
modify is a cancel and a new entry, an immediate order's rest is cancelled, a trade prints at the maker's price.
"""

from __future__ import annotations

import hashlib
import lzma
from pathlib import Path
from typing import Any

import numpy as np

from shm.jit import kernel
from tradsys.records import COMMAND, SLOT_BITS, CommandFlag, EventFlag, EventKind, Kind, TimeInForce

MESSAGE = np.dtype(
    [
        ("type", "u1"),  # NEW, CANCEL, MODIFY below
        ("side", "u1"),  # 0 buy, 1 sell
        ("ioc", "u1"),
        ("pad", "u1"),
        ("quantity", "<u4"),
        ("sequence", "<u8"),
        ("order_id", "<u8"),
        ("price_ticks", "<i8"),
        ("reserved", "<i8"),
    ]
)
NEW, CANCEL, MODIFY = 0, 1, 2

HEADER = np.dtype([("magic", "<u8"), ("version", "<u4"), ("count", "<u4")])
MAGIC = int.from_bytes(b"100_WBEM", "little")

REPORT = np.dtype(
    [
        ("kind", "i8"),  # ORDER_ACK and so on below
        ("sequence", "i8"),  # of the message that caused it
        ("side", "i8"),
        ("order_id", "i8"),  # of a trade: the maker
        ("taker_id", "i8"),  # of a trade only
        ("price_ticks", "i8"),
        ("quantity", "i8"),
    ]
)
ORDER_ACK, TRADE, CANCEL_ACK, MODIFY_ACK, CANCEL_REJECT, MODIFY_REJECT = range(6)

NORMAL_SEED23_FILE = "flow/normal_seed23.bin.xz"
NORMAL_SEED23_SHA256 = "e9b2e3926854410b01a035aeb25dd05f1e597c233be8263de9eb49b6713d367e"
NORMAL_SEED23_REPORTS = 2_204_643
NORMAL_SEED23_TRADES = 62_474
"""What the benchmark publishes for scenario "normal", seed 23."""

_LINE_BYTES_MAX = 6 * 21
_CHUNK = 1 << 16


class FlowFormatError(ValueError):
    """A file is not a workload of the benchmark."""


def read_flow(path: Path) -> Any:
    """The messages (MESSAGE array) of a `.bin` or `.bin.xz` workload. Raises FlowFormatError, OSError."""
    try:
        content = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    except lzma.LZMAError as error:
        raise FlowFormatError(f"{path}: the compressed file is damaged ({error})") from error
    if len(content) < HEADER.itemsize:
        raise FlowFormatError(f"{path}: {len(content)} bytes are too few for a header")
    header = np.frombuffer(content, HEADER, 1)[0]
    if header["magic"] != MAGIC:
        raise FlowFormatError(f"{path}: starts with {content[:8]!r}, not with the workload's magic number")
    if header["version"] != 1:
        raise FlowFormatError(f"{path}: version {header['version']} instead of 1")
    expected = HEADER.itemsize + int(header["count"]) * MESSAGE.itemsize
    if len(content) != expected:
        raise FlowFormatError(f"{path}: {len(content)} bytes instead of {expected} for {header['count']} messages")
    return np.frombuffer(content, MESSAGE, offset=HEADER.itemsize)


def commands_of(messages: Any, symbol: int = 1, account: int = 1, first_sequence: int = 1) -> Any:
    """The messages as records.COMMAND, message i with log sequence `first_sequence + i`.

    The flow's order ids become client order ids. `order_id` of cancels and amends is left 0: whoever sends them
    fills in the venue's id, which it knows from ACCEPTED.
    """
    commands = np.zeros(len(messages), COMMAND)
    commands["sequence"] = np.arange(first_sequence, first_sequence + len(messages))
    commands["kind"] = np.array([Kind.NEW, Kind.CANCEL, Kind.AMEND], np.uint8)[messages["type"]]
    commands["side"] = messages["side"]
    commands["time_in_force"] = np.where(messages["ioc"] == 1, TimeInForce.IOC, TimeInForce.GTC)
    amend = (
        CommandFlag.NEW_PRICE | CommandFlag.NEW_QUANTITY | CommandFlag.QUANTITY_IS_LEAVES | CommandFlag.LOSE_PRIORITY
    )
    commands["flags"] = np.where(messages["type"] == MODIFY, int(amend), 0)
    commands["symbol"] = symbol
    commands["account"] = account
    commands["price_ticks"] = messages["price_ticks"]
    commands["quantity_lots"] = messages["quantity"]
    commands["client_order_id"] = messages["order_id"]
    return commands


def reports_of(messages: Any, events: Any, first_sequence: int = 1) -> Any:
    """The venue's events (records.EVENT) for `commands_of(messages)` as the benchmark's reports (REPORT array)."""
    kind = events["kind"]
    reports = np.zeros(len(events), REPORT)
    reports["kind"] = _report_kinds(events)
    message = events["log_sequence"] - first_sequence
    reports["sequence"] = messages["sequence"][message]
    reports["side"] = events["flags"] & int(EventFlag.SELL)
    reports["price_ticks"] = events["price_ticks"]
    reports["quantity"] = events["quantity_lots"]
    # An order id holds the log sequence of the order's command, and so leads to its message.
    is_trade = kind == EventKind.TRADE
    own = np.where(kind == EventKind.REJECTED, message, (events["order_id"] >> SLOT_BITS) - first_sequence)
    maker = np.where(is_trade, (events["counter_order_id"] >> SLOT_BITS) - first_sequence, own)
    reports["order_id"] = messages["order_id"][maker]
    reports["taker_id"] = np.where(is_trade, messages["order_id"][own], 0)
    return reports[reports["kind"] >= 0]


def _report_kinds(events: Any) -> Any:
    """The report kind of each event, -1 for events that the benchmark does not report."""
    of_event = np.full(256, -1, np.int64)
    of_event[int(EventKind.ACCEPTED)] = ORDER_ACK
    of_event[int(EventKind.TRADE)] = TRADE
    of_event[int(EventKind.CANCELLED)] = CANCEL_ACK
    of_event[int(EventKind.AMENDED)] = MODIFY_ACK
    refused = np.full(256, -1, np.int64)
    refused[int(Kind.CANCEL)] = CANCEL_REJECT
    refused[int(Kind.AMEND)] = MODIFY_REJECT
    is_refusal = events["kind"] == EventKind.REJECTED
    return np.where(is_refusal, refused[events["counter_account"] & 0xFF], of_event[events["kind"]])


def canonical_sha256(reports: Any) -> str:
    """SHA-256 (hexadecimal) of the canonical text of a REPORT array, which may be in any order of messages."""
    order = np.lexsort((reports["kind"], reports["sequence"]))
    digest = hashlib.sha256()
    out = np.empty(_CHUNK * _LINE_BYTES_MAX, np.uint8)
    for start in range(0, len(order), _CHUNK):
        chunk = reports[order[start : start + _CHUNK]]
        # One row of numbers a report: the kernel then needs no record types.
        length = _write_lines(chunk.view(np.int64).reshape(len(chunk), -1), start == 0, out)
        digest.update(out[:length].data)
    return digest.hexdigest()


@kernel
def _write_number(out: Any, length: int, value: int) -> int:
    if value < 0:
        out[length] = 45  # minus
        length += 1
        value = -value
    digits = 1
    rest = value // 10
    while rest > 0:
        digits += 1
        rest //= 10
    for place in range(length + digits - 1, length - 1, -1):
        out[place] = 48 + value % 10
        value //= 10
    return length + digits


@kernel
def _write_field(out: Any, length: int, value: int) -> int:
    out[length] = 44  # comma
    return _write_number(out, length + 1, value)


@kernel
def _write_lines(reports: Any, at_start: bool, out: Any) -> int:
    """Write the rows (columns as in REPORT) as lines joined by newlines; gives the number of bytes."""
    length = 0
    for row in range(len(reports)):
        kind, sequence, side, order_id, taker_id, price, quantity = reports[row]
        if row > 0 or not at_start:
            out[length] = 10  # newline
            length += 1
        length = _write_number(out, length, kind)
        length = _write_field(out, length, sequence)
        if kind == TRADE:
            length = _write_field(out, length, price)
            length = _write_field(out, length, quantity)
            length = _write_field(out, length, order_id)
            length = _write_field(out, length, taker_id)
            continue
        if kind >= CANCEL_REJECT:
            length = _write_field(out, length, order_id)
            continue
        length = _write_field(out, length, side)
        length = _write_field(out, length, order_id)
        length = _write_field(out, length, price)
        if kind != CANCEL_ACK:
            length = _write_field(out, length, quantity)
    return length
