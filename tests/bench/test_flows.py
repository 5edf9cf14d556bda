from __future__ import annotations

import hashlib
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import flows
from tests.recorded.replay import opened, send
from tradsys.records import MarketState


def messages_of(rows: list[tuple[int, int, int, int, int, int]]) -> Any:
    """Messages from (type, side, ioc, quantity, order id, price), numbered from 0."""
    messages = np.zeros(len(rows), flows.MESSAGE)
    for place, (kind, side, ioc, quantity, order_id, price) in enumerate(rows):
        messages[place] = (kind, side, ioc, 0, quantity, place, order_id, price, 0)
    return messages


def reports_through_the_reference(messages: Any) -> Any:
    """What the reference venue reports for these messages."""
    prices = messages["price_ticks"]
    venue = opened(int(prices.min()) - 1, int(prices.max()) + 1, int(prices[0]), MarketState.CONTINUOUS)
    return flows.reports_of(messages, send(venue, flows.commands_of(messages)), first_sequence=2)


def digest_of(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_every_kind_of_report_has_its_line() -> None:
    new, cancel, modify = flows.NEW, flows.CANCEL, flows.MODIFY
    messages = messages_of(
        [
            (new, 1, 0, 5, 11, 101),
            (new, 1, 0, 5, 12, 102),
            (new, 0, 1, 7, 13, 101),  # takes 11, and the rest of 2 is cancelled
            (modify, 1, 0, 9, 12, 103),
            (new, 0, 0, 4, 14, 100),
            (modify, 0, 0, 3, 14, 103),  # crosses and is filled by 12
            (cancel, 0, 0, 4, 14, 100),  # gone
            (modify, 0, 0, 4, 77, 100),  # never there
            (cancel, 1, 0, 9, 12, 103),
        ]
    )
    lines = [
        "0,0,1,11,101,5",
        "0,1,1,12,102,5",
        "0,2,0,13,101,7",
        "1,2,101,5,11,13",
        "2,2,0,13,101",
        "3,3,1,12,103,9",
        "0,4,0,14,100,4",
        "1,5,103,3,12,14",
        "3,5,0,14,103,3",
        "4,6,14",
        "5,7,77",
        "2,8,1,12,103",
    ]
    assert flows.canonical_sha256(reports_through_the_reference(messages)) == digest_of(lines)


def test_reports_are_sorted_by_message_then_kind_and_stay_in_order_within() -> None:
    reports = np.zeros(4, flows.REPORT)
    reports["kind"] = [flows.MODIFY_ACK, flows.TRADE, flows.TRADE, flows.ORDER_ACK]
    reports["sequence"] = [7, 7, 7, 3]
    reports["order_id"] = [1, 5, 4, -(1 << 62)]
    reports["quantity"] = [10, 20, 30, (1 << 63) - 1]
    reports["price_ticks"] = [0, -1, 9, -10]
    lines = [f"0,3,0,{-(1 << 62)},-10,{(1 << 63) - 1}", "1,7,-1,20,5,0", "1,7,9,30,4,0", "3,7,0,1,0,10"]
    assert flows.canonical_sha256(reports) == digest_of(lines)


def test_the_digest_does_not_depend_on_how_reports_fall_into_chunks(seed: int) -> None:
    dice = np.random.default_rng(seed)
    reports = np.zeros(70_000, flows.REPORT)
    reports["kind"] = flows.CANCEL_REJECT
    reports["sequence"] = np.arange(len(reports))
    reports["order_id"] = dice.integers(0, 1 << 40, len(reports))
    lines = [f"4,{number},{order}" for number, order in enumerate(reports["order_id"].tolist())]
    assert flows.canonical_sha256(reports) == digest_of(lines)


@pytest.mark.parametrize("name", ["flow.bin", "flow.bin.xz"])
def test_a_workload_is_read_back_as_it_was_written(tmp_path: Path, name: str) -> None:
    messages = messages_of([(0, 0, 0, 5, 1, 100), (1, 0, 0, 5, 1, 100)])
    header = np.array([(flows.MAGIC, 1, 2)], flows.HEADER)
    content = header.tobytes() + messages.tobytes()
    path = tmp_path / name
    path.write_bytes(lzma.compress(content) if name.endswith("xz") else content)
    assert np.array_equal(flows.read_flow(path), messages)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"short", "too few for a header"),
        (b"\0" * 16, "magic number"),
        (np.array([(flows.MAGIC, 2, 0)], flows.HEADER).tobytes(), "version 2 instead of 1"),
        (np.array([(flows.MAGIC, 1, 3)], flows.HEADER).tobytes(), "16 bytes instead of 136 for 3 messages"),
    ],
)
def test_a_file_that_is_no_workload_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "flow.bin").write_bytes(content)
    with pytest.raises(flows.FlowFormatError, match=problem):
        flows.read_flow(tmp_path / "flow.bin")
    (tmp_path / "flow.bin.xz").write_bytes(content)
    with pytest.raises(flows.FlowFormatError, match="damaged"):
        flows.read_flow(tmp_path / "flow.bin.xz")


@pytest.mark.soak
def test_the_reference_venue_gives_the_published_hash(data: Path) -> None:
    """About a minute."""
    path = data / flows.NORMAL_SEED23_FILE
    if not path.exists():
        pytest.skip(f"the benchmark's workload is not here: {path}")
    reports = reports_through_the_reference(flows.read_flow(path))
    assert len(reports) == flows.NORMAL_SEED23_REPORTS
    assert int((reports["kind"] == flows.TRADE).sum()) == flows.NORMAL_SEED23_TRADES
    assert flows.canonical_sha256(reports) == flows.NORMAL_SEED23_SHA256
